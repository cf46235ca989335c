"""Draws of the monthly review and what officers recorded in them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.dossier_records import UNDER_WAY, Dossier
from bot.notice_records import Kind, NoticeState
from bot.review_records import Case, Draw, Figure, Finding, Item, Letter, Line, Matter, Question, Try, Verdict
from bot.storage.database import insert_missing, reading
from bot.storage.reviews_tables import apologies, review_draws, review_items
from bot.storage.tables import dossiers, notices

PIECE: Final = 1000
_OPEN: Final = review_draws.c.closed_at.is_(None) & review_draws.c.replaced_at.is_(None)


class ReviewStore:
    """Any number of processes may share it. A draw that is closed or replaced can't be written into."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    # --- what the lists are made of ---

    def dossiers(self, since: datetime) -> Iterator[Dossier]:
        """Every dossier that changed since then or still awaits a result, piece by piece."""
        open_ones = dossiers.c.status.in_([int(status) for status in UNDER_WAY])
        query = select(dossiers.c.code, dossiers.c.body).where(or_(dossiers.c.updated_at >= since, open_ones))
        last = ""
        while True:
            # by the primary key: no transaction stays open while they are read
            piece = query.where(dossiers.c.code > last).order_by(dossiers.c.code).limit(PIECE)
            with reading(self._engine).connect() as connection:
                rows = connection.execute(piece).all()
            for row in rows:
                yield msgspec.json.decode(row.body, type=Dossier)
            if len(rows) < PIECE:
                return
            last = rows[-1].code

    def told(self) -> set[str]:
        """Codes of the dossiers whose new date reached somebody."""
        query = (
            select(notices.c.dossier_code)
            .where(notices.c.kind == Kind.DELAYED.value, notices.c.state == NoticeState.SENT.value)
            .distinct()
        )
        with reading(self._engine).connect() as connection:
            return {code for code in connection.execute(query).scalars() if code}

    # --- letters of apology ---

    def letters(self) -> dict[str, Letter]:
        """The recorded letters, by the code of their dossier."""
        with reading(self._engine).connect() as connection:
            return {row.dossier_code: _letter(row) for row in connection.execute(select(apologies))}

    def record_letter(self, code: str, letter: Letter) -> Letter | None:
        """Keep a letter; the one that stood there before."""
        values = {
            "number": letter.number,
            "sent_on": letter.sent_on.isoformat(),
            "recorded_by": letter.by,
            "recorded_at": letter.at,
        }
        mine = apologies.c.dossier_code == code
        with self._engine.begin() as connection:
            if insert_missing(connection, apologies, [{"dossier_code": code, **values}]):
                return None
            before = connection.execute(select(apologies).where(mine)).one()
            # a correction counts from when the letter was recorded first
            corrected = {name: value for name, value in values.items() if name != "recorded_at"}
            connection.execute(update(apologies).where(mine).values(**corrected))
            return _letter(before)

    # --- draws ---

    def draws(self, month: str = "", matter: Matter | None = None) -> list[Draw]:
        """The draws, newest month first, of each list the newest draw first."""
        query = select(review_draws)
        if month:
            query = query.where(review_draws.c.month == month)
        if matter:
            query = query.where(review_draws.c.matter == matter.value)
        query = query.order_by(review_draws.c.month.desc(), review_draws.c.matter.desc(), review_draws.c.number.desc())
        with self._engine.connect() as connection:
            return [_draw(row) for row in connection.execute(query)]

    def draw(self, draw_id: int) -> Draw | None:
        """One draw."""
        with self._engine.connect() as connection:
            row = connection.execute(select(review_draws).where(review_draws.c.id == draw_id)).one_or_none()
        return None if row is None else _draw(row)

    def add(self, draw: Draw, items: Sequence[Item], replaces: int | None = None) -> Draw | None:
        """Keep a draw with its items, in the place of an open one where `replaces` names it; None: too late."""
        names = [name for name in Draw.__struct_fields__ if name not in ("id", "figures", "matter")]
        row = {name: getattr(draw, name) for name in names}
        row |= {"matter": draw.matter.value, "figures": _json(draw.figures)}
        try:
            with self._engine.begin() as connection:
                if replaces is not None:
                    old = update(review_draws).where(review_draws.c.id == replaces, _OPEN)
                    done = connection.execute(old.values(replaced_by=draw.drawn_by, replaced_at=draw.drawn_at))
                    if done.rowcount != 1:
                        return None
                made = connection.execute(insert(review_draws).values(**row)).inserted_primary_key
                assert made is not None
                connection.execute(insert(review_items), [_row(item, made[0]) for item in items])
        except IntegrityError:  # two at once: the other one was first
            return None
        return msgspec.structs.replace(draw, id=made[0])

    def close(self, draw_id: int, by: str) -> bool:
        """False where it is not open any more."""
        which = update(review_draws).where(review_draws.c.id == draw_id, _OPEN)
        with self._engine.begin() as connection:
            return connection.execute(which.values(closed_by=by, closed_at=self._now())).rowcount == 1

    # --- items ---

    def items(self, draw_id: int, officer: str = "", *, drawn: bool = True) -> list[Item]:
        """Those that were drawn (or all), by agency and code; of one officer where named."""
        query = select(review_items).where(review_items.c.draw_id == draw_id)
        if drawn:
            query = query.where(review_items.c.drawn)
        if officer:
            query = query.where(review_items.c.officer == officer)
        with self._engine.connect() as connection:
            found = [_item(row) for row in connection.execute(query)]
        return sorted(found, key=lambda item: (item.case.agency, item.case.code))

    def item(self, item_id: int) -> Item | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(review_items).where(review_items.c.id == item_id)).one_or_none()
        return None if row is None else _item(row)

    def left(self, officer: str) -> int:
        """How many dossiers of open draws this officer has still to review."""
        query = (
            select(review_items.c.id)
            .join(review_draws, review_draws.c.id == review_items.c.draw_id)
            .where(review_items.c.officer == officer, review_items.c.reviewed_at.is_(None), _OPEN)
        )
        with self._engine.connect() as connection:
            return len(connection.execute(query).all())

    def change(self, item: Item, version: int) -> bool:
        """Keep an item's new state; False where its version is another one, or its draw is not open."""
        is_open = select(review_draws.c.id).where(review_draws.c.id == item.draw_id, _OPEN)
        which = (review_items.c.id == item.id) & (review_items.c.version == version)
        new = {
            name: value
            for name, value in _row(item, item.draw_id).items()
            if name not in ("draw_id", "dossier_code", "case", "drawn")
        }
        with self._engine.begin() as connection:
            # the draw's row is held, so that nobody closes it in between
            if connection.execute(is_open.with_for_update()).first() is None:
                return False
            return connection.execute(update(review_items).where(which).values(**new)).rowcount == 1


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _row(item: Item, draw_id: int) -> dict[str, Any]:
    return {
        "draw_id": draw_id,
        "dossier_code": item.case.code,
        "case": _json(item.case),
        "drawn": item.drawn,
        "officer": item.officer,
        "version": item.version,
        "findings": _json(item.findings),
        "reviewed_by": item.reviewed_by,
        "reviewed_at": item.reviewed_at,
        "tries": _json(item.tries),
        "answers": _json(item.answers),
        "note": item.note,
    }


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        draw_id=row.draw_id,
        case=msgspec.json.decode(row.case, type=Case),
        drawn=row.drawn,
        officer=row.officer,
        version=row.version,
        findings=msgspec.json.decode(row.findings, type=dict[Question, Finding]),
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        tries=msgspec.json.decode(row.tries, type=tuple[Try, ...]),
        answers=msgspec.json.decode(row.answers, type=dict[Line, Verdict]),
        note=row.note,
    )


def _letter(row: Row[Any]) -> Letter:
    return Letter(number=row.number, sent_on=date.fromisoformat(row.sent_on), by=row.recorded_by, at=row.recorded_at)


def _draw(row: Row[Any]) -> Draw:
    said = {name: getattr(row, name) for name in Draw.__struct_fields__ if name not in ("matter", "figures")}
    figures = msgspec.json.decode(row.figures, type=tuple[Figure, ...])
    return Draw(matter=Matter(row.matter), figures=figures, **said)
