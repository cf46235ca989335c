"""Rating a visit: which one, three scores, words, thanks; where a score is low an apology and an offer to call back.

No page that holds a score is remembered as a place to go back to: what somebody gave is kept with the rating alone.
"""

from typing import Final

import msgspec

from bot import dossier_codes, visit_codes
from bot.dialogue.flow import Answer, Flow, OutdatedError, Page, Trace, Turn, ask, link, tell, to
from bot.dialogue.flows import desk, dossier
from bot.dialogue.recognise import Kind, kind_of
from bot.dialogue.wording import desk as desk_wording
from bot.dialogue.wording import rating as wording
from bot.messages import Choice
from bot.rating_records import Criterion, Rating
from bot.services.ratings import Closed, Found, Later, Mine
from knowledge_base.text import fold

flow = Flow("rating")

SHOWN: Final = 2
"""Notes of what has changed that follow the thanks."""
LISTED: Final = 10
_TRACE: Final = Trace(decision="smalltalk")
_NOTHING_TO_ADD: Final = frozenset(
    [
        *("khong", "khong co", "khong co gi", "ko", "k", "thoi", "khong a", "da khong"),
        *("khong gop y", "khong gop y them", "bo qua", "het roi"),
    ]
)


@flow.entry("/danhgia", "đánh giá", "chấm điểm", "đánh giá dịch vụ", "tôi muốn đánh giá", "chấm điểm cán bộ")
def start(turn: Turn) -> Answer:
    """Ask which visit."""
    return ask(wording.ASK_VISIT, to(wording.CHANGES_BUTTON, changes), then=code)


@flow.page
def code(turn: Turn) -> Answer:
    """Reads the code of a slip or of a dossier."""
    found = visit_codes.find(turn.text) or dossier_codes.find(turn.text) or visit_codes.normal(turn.text)
    if found is None:
        return ask(wording.NO_VISIT_CODE, to(desk_wording.PERSON_BUTTON, desk.person), then=code)
    return visit(turn, found)


@flow.page
def visit(turn: Turn, ref: str) -> Answer:
    """The first criterion of a visit that has no score yet; else what was said, to be changed."""
    found = turn.ratings.find(turn.contact, ref)
    if not isinstance(found, Mine):
        return _refused(turn, ref, found)
    return _question(ref, Criterion.FACILITIES) if not found.rating.scores else _review(ref, found.rating)


@flow.page
def again(turn: Turn, ref: str, letter: str) -> Answer:
    """One criterion, to change its score."""
    found = turn.ratings.find(turn.contact, ref)
    return _question(ref, _criterion(letter)) if isinstance(found, Mine) else _refused(turn, ref, found)


@flow.page
def gave(turn: Turn, ref: str, letter: str, score: str) -> Answer:
    """Keeps a score and goes on with what is missing."""
    if score not in ("1", "2", "3", "4", "5"):
        raise OutdatedError("no such score")
    found = turn.ratings.give(turn.contact, ref, _criterion(letter), int(score))
    if not isinstance(found, Mine):
        return _refused(turn, ref, found)
    missing = [criterion for criterion in Criterion if criterion not in found.rating.scores]
    if missing:
        return _question(ref, missing[0])
    if found.rating.comment:  # everything was said before; only a score was changed
        return _review(ref, found.rating)
    return _quiet(_asking(wording.ASK_WORDS, to(wording.SKIP_BUTTON, done, ref), then=link(words, ref)), ref)


@flow.page
def words(turn: Turn, ref: str) -> Answer:
    """Reads what somebody adds."""
    said = "" if fold(turn.text).strip(" .!") in _NOTHING_TO_ADD or kind_of(turn.text) in _POLITE else turn.text
    found = turn.ratings.comment(turn.contact, ref, said)
    if not isinstance(found, Mine):
        return _refused(turn, ref, found)
    kept = [wording.kept_words(found.rating.comment)] if said else []
    return _end(turn, ref, found.rating, kept)


@flow.page
def done(turn: Turn, ref: str) -> Answer:
    """Nothing to add."""
    found = turn.ratings.find(turn.contact, ref)
    return _end(turn, ref, found.rating, []) if isinstance(found, Mine) else _refused(turn, ref, found)


@flow.page
def call(turn: Turn, ref: str) -> Answer:
    """Agree to be called: the number is the agreement."""
    return _quiet(_asking(wording.CONSENT, to(wording.NO_CALL_BUTTON, no_call, ref), then=link(phone, ref)), ref)


@flow.page
def phone(turn: Turn, ref: str) -> Answer:
    """Reads the number to call."""
    if fold(turn.text).strip(" .!") in _NOTHING_TO_ADD:
        return no_call(turn, ref)
    try:
        kept = turn.ratings.ask_call(turn.contact, ref, turn.text)
    except ValueError:
        again_asked = _asking(wording.NO_PHONE, to(wording.NO_CALL_BUTTON, no_call, ref), then=link(phone, ref))
        return _quiet(again_asked, ref)
    if not kept:
        return _refused(turn, ref, turn.ratings.find(turn.contact, ref))
    return _quiet(tell((wording.CALLED, *_thanks(turn)), *_after(ref), trace=_TRACE), ref)


@flow.page
def no_call(turn: Turn, ref: str) -> Answer:
    """No call wanted."""
    return _quiet(tell(_thanks(turn), *_after(ref), trace=_TRACE), ref)


@flow.entry("trung tâm đã thay đổi gì", "điều chúng tôi đã thay đổi", "đã thay đổi gì")
def changes(turn: Turn) -> Answer:
    """What the centre has changed after what people said."""
    said = wording.changes(turn.ratings.changes(LISTED)) or (wording.NO_CHANGES,)
    return tell(said, to(desk_wording.START_BUTTON, desk.start), trace=_TRACE)


def token(payload: str) -> str | None:
    """The link of a slip's QR code ("r_7K49XQ2PT"); None where the payload is none."""
    found = visit_codes.from_token(payload)
    return link(visit, found) if found else None


def reads_numbers(expects: str | None) -> bool:
    """Whether this form asked for a phone number, so that nobody is told that it was not needed."""
    return (expects or "").partition(":")[0] == phone.name


def waits_in_vain(expects: str, text: str) -> bool:
    """Whether a form of this flow waits for something that this text surely is not: the number of a choice."""
    reads: tuple[Page[...], ...] = (code, words, phone)
    return expects.partition(":")[0] in {page.name for page in reads} and text.strip() in ("1", "2")


_POLITE: Final = (Kind.THANKS, Kind.GOODBYE, Kind.YES)


def _question(ref: str, criterion: Criterion) -> Answer:
    # in the order of the scores, so that a typed "4" is 4 points
    scores = [
        Choice(label, link(gave, ref, criterion.value, str(score)), "item") for score, label in wording.SCORES.items()
    ]
    return _quiet(tell(wording.question(criterion), *scores, trace=_TRACE), ref)


def _review(ref: str, rating: Rating) -> Answer:
    ways = [to(f"Sửa: {name}", again, ref, criterion.value) for criterion, name in wording.NAMES.items()]
    return _quiet(tell(wording.summary(rating), *ways, to(wording.SKIP_BUTTON, done, ref), trace=_TRACE), ref)


def _end(turn: Turn, ref: str, rating: Rating, kept: list[str]) -> Answer:
    if rating.low:
        ways = (to(wording.CALL_BUTTON, call, ref), to(wording.NO_CALL_BUTTON, no_call, ref))
        return _quiet(tell((*kept, wording.SORRY), *ways, trace=_TRACE), ref)
    return _quiet(tell((*kept, *_thanks(turn)), *_after(ref), trace=_TRACE), ref)


def _thanks(turn: Turn) -> tuple[str, ...]:
    return (wording.THANKS, *wording.changes(turn.ratings.changes(SHOWN)))


def _after(ref: str) -> tuple[Choice, ...]:
    return (to(wording.REVIEW_BUTTON, visit, ref), to(desk_wording.START_BUTTON, desk.start))


def _refused(turn: Turn, ref: str, found: Found) -> Answer:
    if isinstance(found, Later):
        person = to(desk_wording.PERSON_BUTTON, desk.person)
        return tell(wording.later(found.seconds, turn.centre), person, trace=_TRACE, remember=False)
    if isinstance(found, Closed):
        return tell(wording.CLOSED, to(wording.CHANGES_BUTTON, changes), trace=_TRACE, remember=False)
    if of_dossier := dossier_codes.normal(ref):
        said = wording.NOT_OPEN.format(code=of_dossier)
        return tell(said, to(wording.OPEN_BUTTON, dossier.show, of_dossier), trace=_TRACE, remember=False)
    return ask(wording.UNKNOWN, to(desk_wording.PERSON_BUTTON, desk.person), then=code)


def _criterion(letter: str) -> Criterion:
    try:
        return Criterion(letter)
    except ValueError:
        raise OutdatedError("no such criterion") from None


def _asking(said: str | tuple[str, ...], *choices: Choice, then: str) -> Answer:
    return msgspec.structs.replace(tell(said, *choices, trace=_TRACE), then=then)


def _quiet(answer: Answer, ref: str) -> Answer:
    """Going back leads to the visit, not to a link that holds a score."""
    return msgspec.structs.replace(answer, here=link(visit, ref))
