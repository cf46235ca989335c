"""An officer at the console, for the conversations in which one takes part."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from bot.deliver import Deliverer, DeliverySettings, Send
from bot.dialogue.wording.notices import TEMPLATES
from bot.handover_records import By
from bot.messages import Contact
from bot.services.handover import KeptHandovers
from bot.storage.handovers import HandoverStore
from bot.storage.notices import Outbox
from knowledge_base.centre import VIETNAM
from tests.bot.dossiers import Clock
from tests.bot.people import Resident

LOGIN = "an"


def desk(engine: Engine, clock: Clock) -> KeptHandovers:
    """The talks of the database, as the application keeps them."""
    return KeptHandovers(HandoverStore(engine, clock), Outbox(engine, clock), TEMPLATES, now=clock)


def attend(engine: Engine, clock: Clock, resident: Resident, line: str) -> bool:
    """Do what a "!" line says of the officer or of time; False where it speaks of something else."""
    office = desk(engine, clock)
    what, _, rest = line.partition(" ")
    if what == "clock":
        clock.at = datetime.strptime(rest, "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)
        office.tidy()
        _deliver(engine, clock, resident)
        return True
    if what != "officer":
        return False
    act, _, text = rest.partition(" ")
    (number,) = [talk.id for talk in office.store.listed()]
    done: dict[str, Callable[[], bool]] = {
        "takes": lambda: bool(office.store.take(number, LOGIN)),
        "reads": lambda: text in [said.text for said in office.store.said(number) if said.by is By.RESIDENT],
        "says": lambda: office.say(number, LOGIN, text),
        "closes": lambda: office.close(number, LOGIN, office.store.get(number).last),
    }
    assert done[act](), f"!{line}: {[said.text for said in office.store.said(number)]}"
    if act in ("says", "closes"):
        _deliver(engine, clock, resident)
    return True


def _deliver(engine: Engine, clock: Clock, resident: Resident) -> None:
    """Have everything that is due arrive."""

    clock.passes(seconds=2)  # nobody gets two messages within a second

    async def deliver(contact: Contact, send: Send) -> None:
        settings = DeliverySettings(quiet_hours=False)
        await Deliverer(Outbox(engine, clock), {contact.channel: send}, TEMPLATES, settings, now=clock).drain()

    resident.hears(deliver)
