"""Lists: one definition makes the table on the page, the cards on a telephone, the pagination and the spreadsheet."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from bot.dossier_records import in_vietnam
from bot.workbooks import Cell

R = TypeVar("R")
Fetch = Callable[[int, int], Sequence[R]]
"""Rows by (limit, offset)."""

PER_PAGE: Final = 25
MOST_EXPORTED: Final = 100_000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Column(msgspec.Struct, frozen=True):
    """title; value: what the row shows; link: where it leads on the page; number: aligned to the right."""

    title: str
    value: Callable[[Any], Cell]
    link: Callable[[Any], str | None] | None = None
    number: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """title: caption and name of the spreadsheet; empty: what is said where there are no rows."""

    title: str
    columns: tuple[Column, ...]
    empty: str = "Chưa có gì ở đây."


class Listing(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One page of a table; the addresses are None where there is no such page."""

    table: Table
    rows: Sequence[R]
    page: int
    previous: str | None
    next: str | None
    export: str


def listed(rows: Iterable[R]) -> Fetch[R]:
    """Rows that are all at hand."""
    all_rows = list(rows)
    return lambda limit, offset: all_rows[offset : offset + limit]


def listing(table: Table, fetch: Fetch[R], path: str, query: dict[str, str]) -> Listing[R]:
    """The page that the query asks for ("trang", from 1); the query's other parts stay in the addresses."""
    given = query.get("trang", "1")
    page = min(max(int(given), 1), 100_000) if given.isdecimal() and given.isascii() else 1
    kept = {name: value for name, value in query.items() if name not in ("trang", "tai") and value}
    rows = fetch(PER_PAGE + 1, (page - 1) * PER_PAGE)

    def address(**more: str) -> str:
        return f"{path}?{urlencode(kept | more)}"

    return Listing(
        table=table,
        rows=rows[:PER_PAGE],
        page=page,
        previous=address(trang=str(page - 1)) if page > 1 else None,
        next=address(trang=str(page + 1)) if len(rows) > PER_PAGE else None,
        export=address(tai="xlsx"),
    )


def every(fetch: Fetch[R], piece: int = 1000) -> Iterator[R]:
    """All rows, up to what a spreadsheet may hold."""
    for offset in range(0, MOST_EXPORTED, piece):
        rows = fetch(piece, offset)
        yield from rows
        if len(rows) < piece:
            return


def shown(value: Cell) -> str:
    """A cell as people read it: dates as in Vietnam, thousands with dots."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{in_vietnam(value):%d/%m/%Y %H:%M}"
        case date():
            return f"{value:%d/%m/%Y}"
        case bool():
            return "có" if value else "không"
        case int():
            return f"{value:,}".replace(",", ".")
        case float():
            return f"{value:,.1f}".translate(str.maketrans(",.", ".,"))
    return value
