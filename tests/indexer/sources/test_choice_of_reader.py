import gzip
import io
import json
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.sources import SourceRefused, read_bytes, read_source
from knowledge_base.procedure import CaseKind, Channel, DurationKind, FeeKind, Procedure
from tests.indexer.sources.records import record

HEADER = ["Mã số", "Tên", "Cơ quan ban hành", "Cơ quan thực hiện", "Lĩnh vực"]


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nDanh sách thủ tục"])
    sheet.merge_cells("A1:E1")
    for row in ([*HEADER], *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def document(*, with_code: bool = True) -> bytes:
    """A document as the portal writes it: labelled paragraphs, tables without a grid."""
    made = docx.Document()
    for line in ["Mã thủ tục: 1.234567"] * with_code + [
        "Tên thủ tục: Cấp thẻ",
        "Cấp thực hiện: Cấp Xã",
        "Cách thức thực hiện:",
    ]:
        made.add_paragraph(line)
    rows = [
        ["Hình thức nộp", "Thời hạn giải quyết", "Phí, lệ phí", "Mô tả"],
        ["Trực tiếp", "03 Ngày làm việc", "Phí : 10.000 Đồng (mỗi thẻ)\nPhí : 0 Đồng", "Nộp tại quầy."],
        ["Trực tuyến", "1 Khác", "", ""],
    ]
    papers = [
        ["Tên giấy tờ", "Mẫu đơn, tờ khai", "Số lượng"],
        ["Tờ khai (Mẫu CT01)", "1.MuCT01.doc", "Bản chính: 1Bản sao: 2"],
        ["Lưu ý: mang theo thẻ", "", "Bản chính: 0\nBản sao: 0"],
    ]
    for title, cells in (("", rows), ("Trường hợp cấp lại", papers)):
        if title:
            made.add_paragraph("Thành phần hồ sơ:")
            made.add_paragraph(title)
        table = made.add_table(len(cells), len(cells[0]))
        for row, texts in zip(table.rows, cells, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
        grid = table._tbl.tblGrid
        table._tbl.remove(grid)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "trống"),
        (b"\xef\xbb\xbf \n", "trống"),
        (b"%PDF-1.3 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "đời cũ"),
        (b"<!DOCTYPE html><html></html>", "trang web"),
        ("# Đăng ký tạm trú\n\n* Mã: 1".encode(), "không nhận ra"),
        (b"PK\x03\x04broken", "hỏng"),
        (b"\x1f\x8bbroken", "hỏng"),
        (b"{broken", "JSON"),
        (document(with_code=False), "biểu mẫu"),
    ],
)
def test_what_is_no_source_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(SourceRefused, match=says) as refused:
        read_bytes(data, "tep.bin")
    assert str(refused.value).startswith("tep.bin: ")
    assert "Hãy" in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="không mở được"):
        read_source(tmp_path / "none.json")


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "danh-sach.doc"
    path.write_bytes(workbook(["1.234567", "Cấp thẻ", "Bộ", "Sở", "Lĩnh vực"]))
    assert read_source(path).procedures[0].code == "1.234567"


def test_an_excel_list_gives_names_agencies_and_fields_only() -> None:
    reading = read_bytes(workbook(["1.000050", " Cấp  thẻ ", "Bộ A", "Sở A\nSở B", "Thử"], [None] * 5), "x")
    assert reading.listing
    assert reading.procedures == (
        Procedure(
            code="1.000050",
            name="Cấp thẻ",
            agency="",
            counter="province",
            field="Thử",
            issuer="Bộ A",
            executing=("Sở A", "Sở B"),
        ),
    )


def test_a_code_that_excel_made_a_number_is_rejected_unless_all_its_digits_are_there() -> None:
    reading = read_bytes(workbook([1.00005, "Mất số 0"], [1.004194, "Còn đủ"], ["1.000001", "Chữ"]), "x")
    assert [found.code for found in reading.procedures] == ["1.004194", "1.000001"]
    assert [(found.action, found.row) for found in reading.findings] == [
        ("rejected", "x, dòng 3"),
        ("repaired", "x, dòng 4"),
    ]


def test_an_excel_file_without_headers_is_refused() -> None:
    book = openpyxl.Workbook()
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(SourceRefused, match="hàng tiêu đề"):
        read_bytes(out.getvalue(), "x")


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_csv_with_byte_order_mark_quotes_and_bad_rows_loses_no_good_row(delimiter: str) -> None:
    rows = [
        ["Mã số", "Tên", "Cơ quan ban hành", "Cơ quan thực hiện", "Lĩnh vực", "URL"],
        ["1.000001", '"Cấp, đổi; thẻ"', "Bộ", "Sở", "Thử", "https://dichvucong.gov.vn/x"],
        ["", "Không mã", "", "", "", ""],
        ["1.000002", "Thu hồi thẻ"],
    ]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows)
    reading = read_bytes(text.encode(), "x")
    assert [found.name for found in reading.procedures] == ["Cấp, đổi; thẻ", "Thu hồi thẻ"]
    assert reading.procedures[0].source == "https://dichvucong.gov.vn/x"
    assert [found.row for found in reading.findings] == ["x, dòng 3"]


def test_the_portals_doc_is_read_without_a_table_grid() -> None:
    (found,) = read_bytes(document(), "x").procedures
    assert (found.code, found.name, found.levels, found.counter) == ("1.234567", "Cấp thẻ", ("commune",), "commune")
    assert [(line.kind, line.channel, line.amounts) for line in found.fees] == [
        (FeeKind.AMOUNT, Channel.DIRECT, (10000,)),
        (FeeKind.ZERO, Channel.DIRECT, ()),
    ]
    assert [(told.kind, told.channel) for told in found.durations] == [
        (DurationKind.STATED, Channel.DIRECT),
        (DurationKind.PLACEHOLDER, Channel.ONLINE),
    ]
    (case,) = found.cases
    assert (case.kind, case.label, case.note_count) == (CaseKind.CASE, "Trường hợp cấp lại", 1)
    assert [(paper.originals, paper.copies, paper.forms) for paper in case.papers] == [(1, 2, ("Mẫu CT01",))]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        st.integers(0, 400).map(json.dumps(record()).encode().__getitem__).map(lambda byte: bytes([byte])),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        reading = read_bytes(data, "x")
    except SourceRefused:
        return
    assert reading.procedures or reading.findings


def test_a_code_marked_as_text_by_a_spreadsheet_is_read() -> None:
    reading = read_bytes('Mã số,Tên\n"=""1.000050""",A\n\'1.000051,B\n'.encode(), "x.csv")
    assert [found.code for found in reading.procedures] == ["1.000050", "1.000051"]


def test_a_list_moved_to_the_right_and_down_under_merged_titles_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    empty: list[list[Any]] = [[]] * 25
    for row in (*empty, [None, None, *HEADER], [None, None, "1.000001", "Tên", "A", "B\nC", "D"]):
        sheet.append(row)
    sheet.merge_cells("A1:G20")
    sheet.cell(28, 3, 1.00005)
    sheet.cell(28, 4, "Mã là số")
    out = io.BytesIO()
    book.save(out)
    reading = read_bytes(out.getvalue(), "danh-sach.doc")
    assert [(found.code, found.executing) for found in reading.procedures] == [("1.000001", ("B", "C"))]
    assert [(found.field, found.action) for found in reading.findings] == [("code", "rejected")]


CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.dates() | st.text(max_size=30)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=6))
def test_any_cells_of_a_spreadsheet_lose_no_good_row(rows: list[list[object]]) -> None:
    readable = [[_cell(cell) for cell in row] for row in rows]
    reading = read_bytes(workbook(*readable, ["1.000001", "Dòng đúng"]), "x.xlsx")
    assert "1.000001" in [found.code for found in reading.procedures]
    assert all(found.field and found.reason and found.row for found in reading.findings)


def _cell(value: object) -> object:
    """What a spreadsheet can hold: no control characters, no formula."""
    text = "".join(char for char in value if char.isprintable()) if isinstance(value, str) else value
    return f" {text}" if isinstance(text, str) and text.startswith("=") else text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 4000), st.sampled_from(["xlsx", "docx", "json", "gz"]))
def test_a_damaged_file_is_read_or_refused(noise: bytes, position: int, kind: str) -> None:
    """Whatever bytes a broken upload changed, the answer is a reading or a sentence for the clerk."""
    whole = GOOD[kind]
    damaged = whole[: position % len(whole)] + noise
    try:
        reading = read_bytes(damaged, "tệp")
    except SourceRefused as refused:
        said = str(refused)
    else:
        said = "Hãy" if reading.procedures or reading.findings else ""
    assert "Hãy" in said


GOOD = {
    "xlsx": workbook(["1.000001", "Tên"]),
    "docx": document(),
    "json": json.dumps([record("1.000001"), record("1.000002")]).encode(),
    "gz": gzip.compress(json.dumps(record("1.000001")).encode()),
}


def _renamed(old: str, new: str) -> bytes:
    made = docx.Document(io.BytesIO(document()))
    for table in made.element.body.iter(qn("w:tbl")):
        for text in table.iter(qn("w:t")):
            text.text = new if text.text == old else text.text
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("old", "new", "unread"),
    [
        ("Tên giấy tờ", "Cột 1", {"cases"}),
        ("Hình thức nộp", "Cột 1", {"fees", "durations", "channels"}),
        ("Phí, lệ phí", "Cột 3", {"fees"}),
    ],
)
def test_a_table_of_a_document_that_is_not_recognised_is_reported_as_unread(
    old: str, new: str, unread: set[str]
) -> None:
    reading = read_bytes(_renamed(old, new), "x.doc")
    assert unread <= set(reading.unread[0])
    assert any("không thấy phần này" in found.reason for found in reading.findings)


def test_a_table_of_a_document_is_read_by_its_titles() -> None:
    (found,) = read_bytes(_renamed("Tên giấy tờ", "Tên các giấy tờ"), "x.doc").procedures
    assert found.papers[0].name == "Tờ khai (Mẫu CT01)"


@pytest.mark.parametrize(
    "header",
    [
        "Mã số TTHC,Tên thủ tục",
        "Mã thủ tục hành chính,Tên thủ tục hành chính",
        "MÃ SỐ,TÊN THỦ TỤC HÀNH CHÍNH (TTHC)",
        '"Mã\nsố","Tên thủ tục\n(TTHC)"',
        "Mã hồ sơ TTHC,Tên TTHC",
    ],
)
def test_titles_of_columns_are_known_by_what_they_name(header: str) -> None:
    (found,) = read_bytes(f"{header}\n1.000001,Cấp thẻ\n".encode(), "x.csv").procedures
    assert (found.code, found.name) == ("1.000001", "Cấp thẻ")


def test_other_codes_and_names_are_not_those_of_procedures() -> None:
    with pytest.raises(SourceRefused):
        read_bytes("Mã cơ quan,Tên cơ quan\n1.000001,Sở\n".encode(), "x.csv")


@pytest.mark.parametrize("closed", ["", '"'])
def test_a_quote_that_is_not_closed_swallows_no_row(closed: str) -> None:
    """Also where a later row closes it."""
    text = f'Mã số,Tên\n1.000001,A\n1.000002,"B\n1.000003,C\n1.000004,D{closed}\n1.000005,"E, F"\n'
    reading = read_bytes(text.encode(), "x.csv")
    assert [(found.code, found.name) for found in reading.procedures] == [
        ("1.000001", "A"), ("1.000002", "B"), ("1.000003", "C"), ("1.000004", "D"), ("1.000005", "E, F"),
    ]  # fmt: skip
    assert any("ngoặc kép" in found.reason and found.row == "x.csv, dòng 3" for found in reading.findings)


def test_a_cell_over_several_lines_is_no_broken_quote() -> None:
    reading = read_bytes('Mã số,Tên\n1.000001,"A\nB"\n1.000002,C\n'.encode(), "x.csv")
    assert [found.name for found in reading.procedures] == ["A B", "C"]
    assert reading.findings == ()


@pytest.mark.parametrize("pattern", ['{{"result":{{"content":[{0}]}}}}', '{{"data":{{"total":1,"items":[{0}]}}}}'])
def test_records_are_found_inside_the_wrappers_of_an_api(pattern: str) -> None:
    (found,) = read_bytes(pattern.format(json.dumps(record("1.000001"))).encode(), "x.json").procedures
    assert (found.code, len(found.papers)) == ("1.000001", 1)


@pytest.mark.parametrize(("between", "indent"), [("", None), ("\n", None), (" ", 1), ("", 1)])
def test_records_that_follow_each_other_are_read(between: str, indent: int | None) -> None:
    text = between.join(json.dumps(record(code), indent=indent) for code in ("1.000001", "1.000002"))
    assert [found.code for found in read_bytes(text.encode(), "x.json").procedures] == ["1.000001", "1.000002"]


def test_rich_text_is_refused_by_its_name() -> None:
    with pytest.raises(SourceRefused, match="RTF"):
        read_bytes(b"{\\rtf1 abc}", "x.doc")
