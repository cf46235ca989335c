"""Handovers: every step is one conditional update, so a message has exactly one who answers it."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, select, update

from bot.handover_records import By, Handover, Said, State
from bot.messages import Contact
from bot.notice_records import NewNotice
from bot.storage.database import insert_missing
from bot.storage.handovers_tables import handover_messages, handovers
from bot.storage.notices import Outbox
from bot.storage.tables import consents, notices

TEXT_VERSION: Final = "1"
OPEN: Final = (State.WAITING.value, State.TALKING.value)
Make = Callable[[Handover, int], NewNotice]
"""The notice to a handover's resident; the number makes its key exist once."""
Tell = Callable[[Connection, Handover], object]
"""Queues a notice about a handover within the caller's transaction."""


class HandoverStore:
    """Handovers of any number of processes on one database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    # --- the resident ---

    def open(self, contact: Contact, *, agency: str, topic: str, page: str, text: str, later: bool) -> Handover:
        """Put a question into a queue; the same person's open one is given back as it is. Asking is consenting."""
        now, slot = self._now(), f"{'later' if later else 'live'}|{contact}"
        row = {
            "slot": slot, "channel": contact.channel, "contact_id": contact.id, "agency": agency,
            "state": State.WAITING.value, "later": later, "topic": topic, "page": page[:64], "phone": "",
            "officer": "", "created_at": now, "stirred_at": now, "last": 0,
        }  # fmt: skip
        with self._engine.begin() as connection:
            new = insert_missing(connection, handovers, [row])
            found = _handover(connection.execute(select(handovers).where(handovers.c.slot == slot)).one())
            if new or later:
                self._append(connection, found.id, By.RESIDENT, text, key=f"asked|{text}"[:128])
            if not new and later:  # asked anew: it is kept as long as a new question
                waits = (handovers.c.id == found.id) & (handovers.c.state == State.WAITING.value)
                connection.execute(update(handovers).where(waits).values(stirred_at=now))
            consent = {
                "channel": contact.channel, "contact_id": contact.id, "scope": f"handover:{found.id}",
                "text_version": TEXT_VERSION, "given_at": now, "withdrawn_at": None,
            }  # fmt: skip
            insert_missing(connection, consents, [consent])
        return found

    def current(self, contact: Contact) -> Handover | None:
        """The talk during which the assistant is silent towards this person."""
        with self._engine.connect() as connection:
            row = connection.execute(select(handovers).where(_live(contact))).one_or_none()
        return _handover(row) if row else None

    def add(self, contact: Contact, key: str, text: str) -> bool:
        """Hand a message to the officer; False where no talk is under way (any more): the assistant answers.

        The same key again gives the same outcome, also after the talk has ended.
        """
        with self._engine.begin() as connection:
            mine = (handovers.c.channel == contact.channel) & (handovers.c.contact_id == contact.id)
            # the row is locked by the update before it is looked whether the message is there
            taken = connection.execute(update(handovers).where(_live(contact)).values(last=handovers.c.last)).rowcount
            query = select(handover_messages.c.number).join(handovers).where(mine, handover_messages.c.key == key)
            if connection.execute(query).first():
                return True
            if not taken:
                return False
            handover_id = connection.execute(select(handovers.c.id).where(_live(contact))).scalar_one()
            self._append(connection, handover_id, By.RESIDENT, text, key=key)
            # a sign of life while an officer is there; whoever waits in vain does not wait longer for writing more
            talking = _live(contact) & (handovers.c.state == State.TALKING.value)
            connection.execute(update(handovers).where(talking).values(stirred_at=self._now()))
        return True

    def place(self, handover: Handover) -> int:
        """The place in the agency's queue, from 1."""
        ahead = select(func.count()).where(
            handovers.c.agency == handover.agency, handovers.c.state == State.WAITING.value,
            ~handovers.c.later, handovers.c.id <= handover.id,
        )  # fmt: skip
        with self._engine.connect() as connection:
            return max(connection.execute(ahead).scalar_one(), 1)

    def leave(self, contact: Contact) -> bool:
        """The resident ends the talk; whether there was one."""
        return self._update(_live(contact), state=State.CLOSED.value, slot=None)

    def leave_phone(self, contact: Contact, phone: str) -> bool:
        """Keep a number for a call back, which the resident has chosen to leave."""
        return self._update(_live(contact), phone=phone[:20])

    def erase(self, contact: Contact) -> int:
        """Erase a person's talks; how many."""
        mine = (handovers.c.channel == contact.channel) & (handovers.c.contact_id == contact.id)
        with self._engine.begin() as connection:
            return self._delete(connection, mine)

    # --- the officer ---

    def get(self, handover_id: int) -> Handover | None:
        """One handover."""
        with self._engine.connect() as connection:
            row = connection.execute(select(handovers).where(handovers.c.id == handover_id)).one_or_none()
        return _handover(row) if row else None

    def listed(
        self, agency: str | None = None, *, closed: bool = False, limit: int | None = None, offset: int = 0
    ) -> list[Handover]:
        """Those of one agency or of all (None): who waits first, live ones before later ones, the longest waiting
        first. closed: those that are over instead, the newest first.
        """
        if closed:
            query = select(handovers).where(handovers.c.state == State.CLOSED.value).order_by(handovers.c.id.desc())
        else:
            taken = handovers.c.state == State.TALKING.value
            query = (
                select(handovers).where(handovers.c.state.in_(OPEN)).order_by(taken, handovers.c.later, handovers.c.id)
            )
        if agency is not None:
            query = query.where(handovers.c.agency == agency)
        with self._engine.connect() as connection:
            return [_handover(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def waiting(self, agency: str | None = None) -> tuple[int, int]:
        """How many nobody has taken: who waits now, and questions for later."""
        query = select(handovers.c.later, func.count()).where(handovers.c.state == State.WAITING.value)
        if agency is not None:
            query = query.where(handovers.c.agency == agency)
        with self._engine.connect() as connection:
            counted = {bool(row[0]): row[1] for row in connection.execute(query.group_by(handovers.c.later))}
        return counted.get(False, 0), counted.get(True, 0)

    def asked(self, ids: Collection[int]) -> dict[int, str]:
        """What each of these began with."""
        first = handover_messages.c.handover_id.in_(ids) & (handover_messages.c.number == 1)
        with self._engine.connect() as connection:
            return {row.handover_id: row.text for row in connection.execute(select(handover_messages).where(first))}

    def said(self, handover_id: int) -> list[Said]:
        """What was said, in order."""
        query = select(handover_messages).where(handover_messages.c.handover_id == handover_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(handover_messages.c.number)).all()
        return [Said(number=row.number, by=By(row.by), text=row.text, at=row.at) for row in rows]

    def take(self, handover_id: int, officer: str) -> bool:
        """One officer takes it; False for all others."""
        waits = (handovers.c.id == handover_id) & (handovers.c.state == State.WAITING.value)
        return self._update(waits, state=State.TALKING.value, officer=officer, stirred_at=self._now())

    def take_over(self, handover_id: int, officer: str) -> bool:
        """Somebody else goes on with what an officer has taken."""
        taken = (handovers.c.id == handover_id) & (handovers.c.state == State.TALKING.value)
        return self._update(taken & (handovers.c.officer != officer), officer=officer, stirred_at=self._now())

    def put_back(self, handover_id: int, officer: str) -> bool:
        """Back into the queue, for whoever takes it next; False: not theirs (any more)."""
        mine = _talking(handover_id, officer)
        return self._update(mine, state=State.WAITING.value, officer="", stirred_at=self._now())

    def stir(self, handover_id: int, officer: str) -> bool:
        """The officer is writing: a sign of life."""
        return self._update(_talking(handover_id, officer), stirred_at=self._now())

    def say(self, handover_id: int, officer: str, text: str, outbox: Outbox, make: Make, *, key: str = "") -> bool:
        """Write to the resident; a question for later is closed by its answer. False: not theirs (any more).

        text: as it is kept; the notice holds what is sent. The same key again sends nothing more.
        """
        with self._engine.begin() as connection:
            mine = _talking(handover_id, officer)
            # the row is locked by the update before it is looked whether the message is there
            this = handovers.c.id == handover_id
            connection.execute(update(handovers).where(this).values(last=handovers.c.last))
            same = select(handover_messages.c.number).where(handover_messages.c.handover_id == handover_id)
            if key and connection.execute(same.where(handover_messages.c.key == key)).first():
                return True
            if not connection.execute(update(handovers).where(mine).values(stirred_at=self._now())).rowcount:
                return False
            number = self._append(connection, handover_id, By.OFFICER, text, key=key)
            found = _handover(connection.execute(select(handovers).where(handovers.c.id == handover_id)).one())
            outbox.add(connection, [make(found, number)])
            if found.later:
                connection.execute(update(handovers).where(mine).values(state=State.CLOSED.value, slot=None))
        return True

    def close(self, handover_id: int, officer: str, seen: int, outbox: Outbox, make: Make) -> bool:
        """End the talk, if nothing was said after the message `seen`; the assistant answers from then on."""
        mine = _talking(handover_id, officer) & (handovers.c.last == seen)
        with self._engine.begin() as connection:
            closing = update(handovers).where(mine).values(state=State.CLOSED.value, slot=None, stirred_at=self._now())
            if not connection.execute(closing).rowcount:
                return False
            found = _handover(connection.execute(select(handovers).where(handovers.c.id == handover_id)).one())
            if not found.later:
                outbox.add(connection, [make(found, found.last + 1)])
        return True

    # --- time ---

    def lapse(
        self,
        before: datetime,
        contact: Contact | None = None,
        *,
        unanswered: datetime | None = None,
        tell: Tell = lambda *_: None,
    ) -> int:
        """End the talks in which nobody has stirred since, or in which the resident has written before `unanswered`
        and no officer after that; how many this call ended.

        `tell` queues what the resident hears, in the transaction that ends the talk. A question still without an
        answer stays in the queue, to be answered later.
        """
        idle = handovers.c.stirred_at < before
        if unanswered:
            message = handover_messages.alias()
            answers = select(message.c.number).where(
                message.c.handover_id == handovers.c.id, message.c.by == By.OFFICER.value,
                message.c.number > handover_messages.c.number,
            )  # fmt: skip
            left = select(handover_messages.c.number).where(
                handover_messages.c.handover_id == handovers.c.id, handover_messages.c.by == By.RESIDENT.value,
                handover_messages.c.at < unanswered, ~answers.exists(),
            )  # fmt: skip
            idle |= left.exists()
        idle &= handovers.c.state.in_(OPEN) & ~handovers.c.later
        if contact:
            idle &= _live(contact)
        ended = 0
        with self._engine.connect() as connection:
            found = [_handover(row) for row in connection.execute(select(handovers).where(idle))]
        for one in found:
            last = self.said(one.id)[-1:]
            still = idle & (handovers.c.id == one.id) & (handovers.c.last == one.last)
            if last and last[0].by is By.RESIDENT:
                slot = f"later|{one.contact}|{one.id}"
                after = {"later": True, "state": State.WAITING.value, "officer": "", "slot": slot}
            else:
                after = {"state": State.CLOSED.value, "slot": None}
            with self._engine.begin() as connection:
                if connection.execute(update(handovers).where(still).values(**after)).rowcount:
                    tell(connection, one)
                    ended += 1
        return ended

    def release(self, before: datetime) -> int:
        """Put the questions for later back into the queue whose officer has not stirred since; how many."""
        idle = handovers.c.later & (handovers.c.state == State.TALKING.value) & (handovers.c.stirred_at < before)
        with self._engine.begin() as connection:
            return connection.execute(
                update(handovers).where(idle).values(state=State.WAITING.value, officer="")
            ).rowcount

    def purge(self, before: datetime) -> int:
        """Erase the closed talks that nobody has touched since, and questions for later that found no answer, with
        their notices; how many.
        """
        with self._engine.begin() as connection:
            over = (handovers.c.state == State.CLOSED.value) | handovers.c.later
            return self._delete(connection, over & (handovers.c.stirred_at < before))

    # ---

    def _append(self, connection: Connection, handover_id: int, by: By, text: str, key: str = "") -> int:
        this = handovers.c.id == handover_id
        connection.execute(update(handovers).where(this).values(last=handovers.c.last + 1))
        number: int = connection.execute(select(handovers.c.last).where(this)).scalar_one()
        row = {"handover_id": handover_id, "number": number, "key": key or f"officer|{number}"}
        row |= {"by": by.value, "text": text.replace("\0", ""), "at": self._now()}
        insert_missing(connection, handover_messages, [row])
        return number

    def _update(self, which: ColumnElement[bool], **values: Any) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(update(handovers).where(which).values(**values)).rowcount == 1

    def _delete(self, connection: Connection, which: ColumnElement[bool]) -> int:
        ids = connection.execute(select(handovers.c.id).where(which)).scalars().all()
        scopes = [f"handover:{each}" for each in ids]
        connection.execute(delete(notices).where(notices.c.scope.in_(scopes)))
        connection.execute(delete(consents).where(consents.c.scope.in_(scopes)))
        connection.execute(delete(handover_messages).where(handover_messages.c.handover_id.in_(ids)))
        return connection.execute(delete(handovers).where(handovers.c.id.in_(ids))).rowcount


def _live(contact: Contact) -> ColumnElement[bool]:
    return handovers.c.slot == f"live|{contact}"


def _talking(handover_id: int, officer: str) -> ColumnElement[bool]:
    return (
        (handovers.c.id == handover_id) & (handovers.c.officer == officer) & (handovers.c.state == State.TALKING.value)
    )


def _handover(row: Row[Any]) -> Handover:
    return Handover(
        id=row.id, contact=Contact(row.channel, row.contact_id), agency=row.agency, state=State(row.state),
        later=row.later, topic=row.topic, page=row.page, phone=row.phone, officer=row.officer,
        created_at=row.created_at, stirred_at=row.stirred_at, last=row.last,
    )  # fmt: skip
