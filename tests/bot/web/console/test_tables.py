"""Lists and spreadsheets."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.web.console.page import detail, download, unnumbered
from bot.web.console.tables import PER_PAGE, Column, Table, every, listed, listing, shown
from bot.workbooks import Cell, Sheet, workbook

NUMBERS = Table(title="Số", columns=(Column("Số", lambda number: number),))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (1234567, "1.234.567"),
        (1234.5, "1.234,5"),
        (True, "có"),
        (date(2026, 9, 2), "02/09/2026"),
        (datetime(2026, 11, 23, 18, 30, tzinfo=UTC), "24/11/2026 01:30"),
        ("<b>", "<b>"),
    ],
)
def test_cells_are_read_by_people(value: Cell, text: str) -> None:
    """Dates and numbers as in Vietnam."""
    assert shown(value) == text


@pytest.mark.parametrize("asked", ["", "0", "-1", "x", "²", "1e9", "9" * 50])
def test_a_strange_page_number_gives_a_page(asked: str) -> None:
    """No fault, no endless offset."""
    assert listing(NUMBERS, listed(range(60)), "/staff/x", {"trang": asked}).page in range(1, 100_001)


def test_pages_hold_everything_once() -> None:
    """Three pages of sixty rows; the filter stays in the addresses."""
    pages = [listing(NUMBERS, listed(range(60)), "/staff/x", {"trang": str(n), "q": "ă&b"}) for n in (1, 2, 3)]
    assert [number for page in pages for number in page.rows] == list(range(60))
    assert [page.previous is None for page in pages] == [True, False, False]
    assert pages[0].next == "/staff/x?q=%C4%83%26b&trang=2"
    assert pages[2].next is None
    assert len(pages[0].rows) == PER_PAGE
    assert list(every(listed(range(2500)), piece=1000)) == list(range(2500))


@given(st.lists(st.text(max_size=60), max_size=8), st.text(max_size=50))
def test_any_text_makes_a_spreadsheet(texts: list[str], title: str) -> None:
    """Every text can be written and comes back as text, never as a formula."""
    body = workbook([Sheet(name=title, head=["a"], rows=[[text] for text in texts], title=title)])
    sheet = load_workbook(BytesIO(body)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows(min_row=2) for cell in row)


@given(st.text(max_size=40))
def test_any_name_makes_a_download(name: str) -> None:
    """No line break gets into a header."""
    value = download(b"", name, "text/plain").headers["content-disposition"]
    assert "\n" not in value
    assert "\r" not in value


def test_the_log_keeps_what_differs_and_no_numbers() -> None:
    """Phone and identity numbers are taken out wherever they stand; a dossier's code stays."""
    said = detail({"a": 1, "b": "gọi 0912 345 678"}, {"a": 1, "b": ["căn cước 024099001234", "H05.12-260715-0007"]})
    assert said == {"before": {"b": "gọi …"}, "after": {"b": ["căn cước …", "H05.12-260715-0007"]}}
    assert unnumbered({"x": {"y": "+84912345678"}}) == {"x": {"y": "…"}}
