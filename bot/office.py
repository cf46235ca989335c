"""The office behind the conversation: dossiers, consents and notices on the database, with their wiring.

What staff commands and delivery stand on too; it opens no index and talks to no supplier.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Engine

from bot.dialogue.anonymous import key_of
from bot.dialogue.privacy import conceal_people
from bot.dialogue.wording.notices import TEMPLATES, WORDS, counter
from bot.messages import Contact
from bot.notice_records import UNASKED
from bot.personal import Hasher, read_key
from bot.services.assistance import KeptAssistance
from bot.services.dossiers import KeptDossiers
from bot.services.follows import KeptFollows
from bot.services.handover import REPLIES_ON, KeptHandovers
from bot.services.notices import Announcements, Notices
from bot.services.questions import KeptQuestions, QuestionDesk
from bot.services.ratings import KeptRatings
from bot.settings import Settings
from bot.storage.bulks import BulkStore
from bot.storage.consents import ConsentStore, consenting
from bot.storage.contacts import ContactStore
from bot.storage.database import open_database
from bot.storage.dossier_links import DossierLinkStore
from bot.storage.dossiers import DossierStore
from bot.storage.handovers import HandoverStore
from bot.storage.notices import Outbox
from bot.storage.questions import QuestionStore
from bot.storage.ratings import RatingStore
from bot.storage.staff import StaffStore
from bot.storage.transcripts import CHANNEL as WEB
from bot.storage.transcripts import TranscriptStore
from bot.storage.volunteers import VolunteerStore
from knowledge_base.centre import Centre, load_centre
from knowledge_base.procedure import Procedure


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """The stores of one database, wired to each other. `enquiries` is what residents do with their dossiers."""

    centre: Centre
    engine: Engine
    hasher: Hasher
    dossiers: DossierStore
    links: DossierLinkStore
    enquiries: KeptDossiers
    follows: KeptFollows
    ratings: KeptRatings
    rating_store: RatingStore
    question_store: QuestionStore
    questions: KeptQuestions
    handovers: KeptHandovers
    assistance: KeptAssistance
    contacts: ContactStore
    outbox: Outbox
    transcripts: TranscriptStore


def open_office(settings: Settings, database_url: str | None = None) -> Office:
    """The office on the database of the settings; raises DatabaseError, KeyFileError or CentreError."""
    centre = load_centre(settings.centre_file)
    engine = open_database(database_url or settings.database_url)
    key = settings.hash_key.get_secret_value() if settings.hash_key else None
    outbox = Outbox(engine, receipts=settings.receipt_url is not None)
    notices = Notices(outbox, _followers, TEMPLATES, words=WORDS, counter=counter(centre))
    store = DossierStore(engine, notices.on_change)
    transcripts, hasher = TranscriptStore(engine), Hasher(read_key(key))

    def erase_transcript(contact: Contact) -> None:
        if contact.channel == WEB:
            transcripts.clear(contact.id)

    consents, question_store = ConsentStore(engine), QuestionStore(engine)
    # what else is kept about a contact has its eraser here
    rating_store, handover_store = RatingStore(engine), HandoverStore(engine)
    erasers: list[Callable[[Contact], object]] = [erase_transcript, handover_store.erase, outbox.erase]
    erasers.append(lambda who: ratings.erase(who))  # noqa: PLW0108 - made below
    volunteer_store = VolunteerStore(engine)
    erasers.append(volunteer_store.erase)
    links = DossierLinkStore(engine)
    enquiries = KeptDossiers(store, consents, hasher, links=links, prefixes=centre.dossier_prefixes, erasers=erasers)
    ratings = KeptRatings(rating_store, enquiries, hasher, mask=conceal_people)
    return Office(
        centre=centre,
        engine=engine,
        hasher=hasher,
        dossiers=store,
        links=links,
        enquiries=enquiries,
        follows=KeptFollows(consents),
        ratings=ratings,
        rating_store=rating_store,
        question_store=question_store,
        questions=KeptQuestions(question_store, consents, hasher, key_of=key_of, days=settings.questions_days),
        handovers=KeptHandovers(
            handover_store,
            outbox,
            TEMPLATES,
            minutes=settings.handover_minutes,
            days=settings.handover_days,
            replies_on=REPLIES_ON if settings.handover else (),
        ),
        assistance=KeptAssistance(volunteer_store, StaffStore(engine), enquiries, hasher, forget=erase_transcript),
        contacts=ContactStore(engine),
        outbox=outbox,
        transcripts=transcripts,
    )


def _followers(connection: Any, scope: str) -> list[Contact]:
    people = (consent.contact for consent in consenting(connection, [scope]))
    return [contact for contact in people if contact.channel not in UNASKED]


def announcements(office: Office, procedure: Callable[[str], Procedure | None]) -> Announcements:
    """Announcements to the followers of an agency, or of a procedure found by its code."""

    def about(scope: str) -> str | None:
        kind, _, name = scope.partition(":")
        if kind == "agency":
            agency = office.centre.agency(name)
            return agency.name if agency else None
        found = procedure(name) if kind == "procedure" else None
        return f"thủ tục {found.name}" if found and found.code == name else None

    return Announcements(BulkStore(office.engine, office.outbox), TEMPLATES, about=about, counts=office.outbox.counts)


def question_desk(office: Office, procedure: Callable[[str], Procedure | None], days: int) -> QuestionDesk:
    """What staff do with unanswered questions, which are kept for so many days."""
    return QuestionDesk(
        office.question_store, procedure=procedure, outbox=office.outbox, templates=TEMPLATES, days=days
    )
