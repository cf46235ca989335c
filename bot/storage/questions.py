"""Questions that were not answered well: kept, decided on, forgotten."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Row, Select, String, cast, delete, func, insert, literal, select, update

from bot.messages import Contact
from bot.notice_records import NewNotice, NoticeState
from bot.question_records import Decision, Ending, Occurrence, Question, State
from bot.storage.consents import consenting
from bot.storage.database import insert_missing
from bot.storage.notices import Outbox
from bot.storage.questions_tables import question_decisions, question_occurrences, questions
from bot.storage.tables import consents, notices

SCOPE: Final = "question:"
"""Agreeing to a reply is the consent of scope "question:<id>"; that row is the only place with the address."""
_DELIVERED: Final = (NoticeState.PENDING.value, NoticeState.SENDING.value)


class QuestionStore:
    """The list of questions; safe to use from several processes."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def keep(self, *, key: str, text: str, message: str, channel: str, offered: Sequence[str], ending: Ending) -> bool:
        """Count a question that ended badly; False where this `message` (a hash) was counted before."""
        now = self._now()
        row = {
            "hash": hash_of(key), "key": key, "text": text, "state": State.OPEN.value, "times": 0,
            "first_at": now, "last_at": now, "code": "", "phrase": "", "decided_by": "", "why": "",
        }  # fmt: skip
        with self._engine.begin() as connection:
            insert_missing(connection, questions, [row])
            number = connection.execute(select(questions.c.id).where(questions.c.hash == row["hash"])).scalar_one()
            occurrence = {
                "message": message, "question_id": number, "at": now, "channel": channel,
                "offered": msgspec.json.encode(list(offered)).decode(), "ending": ending.value,
            }  # fmt: skip
            if insert_missing(connection, question_occurrences, [occurrence]) != 1:
                return False
            counted = update(questions).where(questions.c.id == number)
            connection.execute(counted.values(times=questions.c.times + 1, last_at=now))
        return True

    def get(self, number: int) -> Question | None:
        """One question."""
        with self._engine.connect() as connection:
            row = connection.execute(_listed().where(questions.c.id == number)).one_or_none()
        return None if row is None else _question(row)

    def number_of(self, hash_start: str) -> int | None:
        """The question whose hash begins so (a link has no room for all of it); None where there is none."""
        if not hash_start.isalnum():
            return None
        query = select(questions.c.id).where(questions.c.hash.startswith(hash_start, autoescape=True)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def listed(
        self, state: State | None = None, *, containing: str = "", limit: int = 50, offset: int = 0
    ) -> list[Question]:
        """Questions, those asked most often first; `containing` is compared with the folded words."""
        query = _listed().order_by(questions.c.times.desc(), questions.c.last_at.desc(), questions.c.id)
        if state is not None:
            query = query.where(questions.c.state == state.value)
        if containing:
            query = query.where(questions.c.key.contains(containing, autoescape=True))
        with self._engine.connect() as connection:
            return [_question(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def all(self, state: State) -> list[Question]:
        """Every question in a state, in the order of their decision."""
        query = _listed().where(questions.c.state == state.value).order_by(questions.c.decided_at, questions.c.id)
        with self._engine.connect() as connection:
            return [_question(row) for row in connection.execute(query)]

    def counts(self) -> dict[State, int]:
        """How many questions are in each state."""
        query = select(questions.c.state, func.count()).group_by(questions.c.state)
        with self._engine.connect() as connection:
            found = {State(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def occurrences(self, number: int) -> list[Occurrence]:
        """Each time that a question ended badly, oldest first."""
        kept = question_occurrences.c
        query = select(question_occurrences).where(kept.question_id == number).order_by(kept.at, kept.message)
        with self._engine.connect() as connection:
            return [_occurrence(row) for row in connection.execute(query)]

    def occurrences_of(self, numbers: Sequence[int]) -> dict[int, list[Occurrence]]:
        """The same for several questions at once."""
        kept = question_occurrences.c
        query = select(question_occurrences).where(kept.question_id.in_(numbers)).order_by(kept.at, kept.message)
        found: dict[int, list[Occurrence]] = {number: [] for number in numbers}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                found[row.question_id].append(_occurrence(row))
        return found

    def first_occurrences(self) -> dict[int, Occurrence]:
        """By question, what came of it when it was asked first."""
        query = select(question_occurrences).order_by(question_occurrences.c.at.desc())
        with self._engine.connect() as connection:
            return {row.question_id: _occurrence(row) for row in connection.execute(query)}

    # --- staff ---

    def decide(self, number: int, decision: Decision, state: State | None) -> bool:
        """Write down a decision, and with `state` what it changes; False where there is no such question."""
        new = {
            "state": state.value if state else "", "code": decision.code, "phrase": decision.phrase,
            "decided_by": decision.by, "decided_at": decision.at, "why": decision.why,
        }  # fmt: skip
        with self._engine.begin() as connection:
            known = select(questions.c.id).where(questions.c.id == number)
            if connection.execute(known).one_or_none() is None:
                return False
            if state is not None:
                connection.execute(update(questions).where(questions.c.id == number).values(**new))
            connection.execute(
                insert(question_decisions).values(
                    question_id=number,
                    action=decision.action,
                    decided_by=decision.by,
                    at=decision.at,
                    why=decision.why,
                    code=decision.code,
                    phrase=decision.phrase,
                )
            )
        return True

    def decisions(self, number: int) -> list[Decision]:
        """What staff did with a question, oldest first."""
        made = question_decisions.c
        query = select(question_decisions).where(made.question_id == number).order_by(made.id)
        with self._engine.connect() as connection:
            return [
                Decision(row.action, row.decided_by, row.at, row.why, row.code, row.phrase)
                for row in connection.execute(query)
            ]

    def reply(self, number: int, outbox: Outbox, make: Callable[[Contact], NewNotice], decision: Decision) -> int:
        """Queue a reply to everybody who wants one, in one transaction with the decision; how many were new."""
        with self._engine.begin() as connection:
            people = [consent.contact for consent in consenting(connection, [f"{SCOPE}{number}"])]
            new = [make(contact) for contact in people]
            added = outbox.add(connection, new) if new else 0
            if added:
                connection.execute(
                    insert(question_decisions).values(
                        question_id=number,
                        action=decision.action,
                        decided_by=decision.by,
                        at=decision.at,
                        why=decision.why,
                        code=decision.code,
                        phrase=decision.phrase,
                    )
                )
        return added

    # --- forgetting ---

    def forget_addresses(self, older_than: datetime) -> int:
        """Erase the addresses of those who got their reply, or gave theirs before `older_than`; how many.

        A reply that is still on its way keeps its address. The sent replies go too: they name the person.
        """
        ours = consents.c.scope.startswith(SCOPE, autoescape=True)
        same = (
            (notices.c.channel == consents.c.channel)
            & (notices.c.contact_id == consents.c.contact_id)
            & (notices.c.scope == consents.c.scope)
        )
        on_its_way = select(notices.c.id).where(same, notices.c.state.in_(_DELIVERED)).exists()
        replied = select(notices.c.id).where(same, notices.c.state.not_in(_DELIVERED)).exists()
        closed = notices.c.scope.startswith(SCOPE, autoescape=True) & notices.c.state.not_in(_DELIVERED)
        gone = (
            ours & ~on_its_way & (replied | (consents.c.given_at < older_than) | consents.c.withdrawn_at.is_not(None))
        )
        with self._engine.begin() as connection:
            erased = connection.execute(delete(consents).where(gone)).rowcount
            connection.execute(delete(notices).where(closed))
        return erased

    def purge(self, before: datetime) -> int:
        """Forget what was asked before; how many questions went. Decided ones stay, without when they were asked."""
        wanted = (
            select(consents.c.scope)
            .where(consents.c.scope == literal(SCOPE) + cast(questions.c.id, String), consents.c.withdrawn_at.is_(None))
            .exists()
        )
        old = (questions.c.state == State.OPEN.value) & (questions.c.last_at < before) & ~wanted
        with self._engine.begin() as connection:
            connection.execute(delete(question_occurrences).where(question_occurrences.c.at < before))
            return connection.execute(delete(questions).where(old)).rowcount


def hash_of(key: str) -> str:
    """Under which a key is unique, whatever its length."""
    return hashlib.sha256(key.encode()).hexdigest()


def _listed() -> Select[Any]:
    scope = literal(SCOPE) + cast(questions.c.id, String)
    wanted = select(func.count()).where(consents.c.scope == scope, consents.c.withdrawn_at.is_(None))
    return select(questions, wanted.scalar_subquery().label("wanted"))


def _question(row: Row[Any]) -> Question:
    return Question(
        id=row.id, key=row.key, text=row.text, state=State(row.state), times=row.times, first_at=row.first_at,
        last_at=row.last_at, code=row.code, phrase=row.phrase, by=row.decided_by, decided_at=row.decided_at,
        why=row.why, wanted=row.wanted,
    )  # fmt: skip


def _occurrence(row: Row[Any]) -> Occurrence:
    return Occurrence(row.at, row.channel, tuple(msgspec.json.decode(row.offered, type=list[str])), Ending(row.ending))
