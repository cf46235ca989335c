"""Every shape of dossier data is read by what it holds; all values are invented."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from openpyxl import Workbook

from bot.dossier_records import Change, Status
from bot.dossier_sources import Bad, Good, Unreadable, read
from bot.dossier_sources.json_shapes import from_record
from bot.dossier_sources.values import identity, moment, phone
from bot.dossier_sources.values import status as status_of
from knowledge_base.centre import VIETNAM
from tests.bot.dossiers import HASHER

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
DVCQG = {
    "MaHoSo": "H05.12-260715-0007",
    "MaTTHC": "1.001193",
    "TenTTHC": "Đăng ký khai sinh",
    "ChuHoSo": "NGUYỄN VĂN AN",
    "SoDienThoai": "0900000001",
    "NgayTiepNhan": "20260715083015",
    "NgayHenTra": "20260716170000",
    "TrangThaiHoSo": "4",
    "NgayTra": "",
    "DonViXuLy": "UBND phường Thử",
}
IGATE = {
    "code": "000.00.53.H05-260715-0099",
    "applicant": {"data": {"fullname": "TRẦN THỊ BÉ", "phoneNumber": "+84900000002", "identityNumber": "000000000000"}},
    "procedure": {"code": "1.001612.000.00.00.H05", "translate": {"languageId": 228, "name": "Hộ kinh doanh"}},
    "dossierStatus": {"id": 2, "name": "Đang xử lý"},
    "acceptedDate": "2026-07-15T18:30:00.000+0000",
    "appointmentDate": "2026-07-18T10:00:00.000+0000",
    "dueDate": None,
}
FLAT = {
    "dossierNo": "H29.801-260601-0001",
    "dossierStatusName": "Đã trả kết quả",
    "procedureName": "Chứng thực",
    "acceptedDate": "01/06/2026 08:12:00",
    "appointmentDate": "",
    "lastModifiedDate": "01/06/2026 09:40:00",
}


def change_of(tmp_path: Path, content: Any) -> Change:
    """The only row of a JSON file, a good one."""
    path = tmp_path / "data.bin"  # the name says nothing
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    (row,) = read(path, HASHER, NOW)
    assert isinstance(row, Good), row
    return row.change


def test_the_national_synchronisation(tmp_path: Path) -> None:
    """Times are local; the name is masked, the phone hashed."""
    change = change_of(tmp_path, DVCQG)
    assert (change.code, change.status, change.procedure_code) == (DVCQG["MaHoSo"], Status.PROCESSING, "1.001193")
    assert change.received_at == datetime(2026, 7, 15, 8, 30, 15, tzinfo=VIETNAM)
    assert change.applicant == "Nguyễn V. A."
    assert change.phone_last4 == "0001"
    assert "0900000001" not in repr(change)


def test_igate_search(tmp_path: Path) -> None:
    """+0000 is UTC: received on the 16th at 01:30 here. Its status is read by name; a zero identity is none."""
    for content in (IGATE, [IGATE], {"content": [IGATE]}):
        change = change_of(tmp_path, content)
        assert change.received_at == datetime(2026, 7, 16, 1, 30, tzinfo=VIETNAM)
        assert (change.status, change.procedure_code) == (Status.PROCESSING, "1.001612")
        assert change.procedure_name == "Hộ kinh doanh"
        assert change.phone_hash == HASHER.phone("0900000002").hash
        assert not change.identity_hash
    stored = IGATE | {"procedure": {"translate": [{"languageId": 46, "name": "x"}, {"languageId": 228, "name": "y"}]}}
    assert change_of(tmp_path, stored).procedure_name == "y"


def test_the_flat_export(tmp_path: Path) -> None:
    """An empty appointment is no due date; JSON lines are read too."""
    change = change_of(tmp_path, FLAT)
    assert (change.status, change.due_at) == (Status.RETURNED, None)
    path = tmp_path / "lines"
    path.write_text("\n".join([json.dumps(FLAT), "{broken", json.dumps(DVCQG)]), "utf-8")
    assert [type(row) for row in read(path, HASHER, NOW)] == [Good, Bad, Good]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Vietnamese headings, any delimiter; a due day without an hour ends that day."""
    path = tmp_path / "export"
    lines = [
        ["Mã hồ sơ", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả", "Số điện thoại"],
        ["H05.12-260715-0007", "Yêu cầu bổ sung giấy tờ", "15/07/2026 08:30", "18/07/2026", "0900 000 001"],
    ]
    path.write_text("\n".join(delimiter.join(line) for line in lines), encoding)
    (row,) = read(path, HASHER, NOW)
    assert isinstance(row, Good)
    assert row.number == 2
    assert row.change.status is Status.SUPPLEMENT
    assert row.change.due_at == datetime(2026, 7, 18, 23, 59, tzinfo=VIETNAM)


def test_the_list_print_out(tmp_path: Path) -> None:
    """Eleven columns, a heading in two rows, a row of column numbers; no status: the day of return tells."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["SỔ THEO DÕI HỒ SƠ"])
    upper = ["TT", "Mã hồ sơ", "Tên TTHC", "Số lượng hồ sơ", "Tên cá nhân, tổ chức", "Địa chỉ, số điện thoại"]
    sheet.append([*upper, "Cơ quan chủ trì giải quyết", "Ngày, tháng, năm", None, None, "Ghi chú"])
    sheet.append([None] * 7 + ["Nhận hồ sơ", "Hẹn trả kết quả", "Trả kết quả"])
    sheet.append(list(range(1, 12)))
    who = ["Lê Văn Cò", "Tổ 1, phường Thử, 0900000003", "Sở Thử"]
    sheet.append([1, "BG.TNH01A.150909.39859 ", "Cấp phép", 1, *who, datetime(2026, 9, 9), "11/09/2026", None])  # noqa: DTZ001
    sheet.append([2, "H05.12-260910-0002", "Cấp phép", 1, *who, "10/09/2026", "", "12/09/2026 09:00"])
    path = tmp_path / "list"
    book.save(path)
    first, second = read(path, HASHER, NOW)
    assert isinstance(first, Good)
    assert isinstance(second, Good)
    assert (first.number, first.change.code, first.change.status) == (5, "BG.TNH01A.150909.39859", UNSET)
    assert (first.change.phone_last4, first.change.applicant) == ("0003", "Lê V. C.")
    assert second.change.status is Status.RETURNED


@pytest.mark.parametrize("content", [b"", b"hello", b"a,b,c\n1,2,3", b"{", b"\xd0\xcf\x11\xe0", b"PK\x03\x04broken"])
def test_what_has_no_known_shape_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    """A file is refused as a whole, with what to do."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        list(read(path, HASHER, NOW))


def test_moments() -> None:
    """Three forms, one moment; what is none is refused."""
    same = datetime(2026, 7, 15, 1, 30, 15, tzinfo=UTC)
    for raw in ("20260715083015", "2026-07-15T01:30:15.000+0000", "15/07/2026 08:30:15", "2026-07-15T08:30:15"):
        assert moment(raw) == same
    assert moment("") is None
    for raw in ("31/02/2026", "tomorrow", "15-07", "01/01/0001"):
        with pytest.raises(ValueError, match="date"):
            moment(raw)


def test_statuses_are_known_by_number_and_name() -> None:
    """The national ten; supplements that are the desk's own task are no task of the resident."""
    assert status_of(" 10 ") is Status.RETURNED
    assert status_of("YÊU CẦU CÔNG DÂN BỔ SUNG") is Status.SUPPLEMENT
    assert status_of("Yêu cầu một cửa bổ sung") is Status.PROCESSING
    for raw in ("", None, "11", "lạ"):
        with pytest.raises(ValueError, match="status"):
            status_of(raw)


def test_more_ways_to_write_a_moment() -> None:
    """The hour before the day, dashes and dots, half days, what a spreadsheet or a program keeps of a date."""
    same = datetime(2026, 12, 3, 17, tzinfo=VIETNAM)
    serial = 46359 + 17 / 24
    half = "03/12/2026 5:00 PM"
    for raw in ("17:00 03/12/2026", "03-12-2026 17:00", "3.12.2026 17:00:00.000", half, serial, str(serial)):
        assert moment(raw) == same, raw
    for raw in (int(same.timestamp() * 1000), 20261203170000, 20261203170000.0, "2026-12-03 17:00"):
        assert moment(raw) == same, raw


@pytest.mark.parametrize(
    "raw",
    ["30/11/2026", "30/11/2026 00:00:00", "20261130000000", "2026-11-30", "2026-11-29T17:00:00Z", 46356, "46356"],
)
def test_a_day_without_an_hour_ends_at_its_end(raw: object) -> None:
    """Where something is due then; midnight is what spreadsheets and systems write for no hour."""
    assert moment(raw, end_of_day=True) == datetime(2026, 11, 30, 23, 59, tzinfo=VIETNAM)
    assert moment(datetime(2026, 11, 30), end_of_day=True) == datetime(2026, 11, 30, 23, 59, tzinfo=VIETNAM)  # noqa: DTZ001


@pytest.mark.parametrize(
    "raw",
    ["0001-01-01T00:00:00+08:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.000+0000", "99991231235959", 2958465],
)
def test_placeholders_for_dates_are_no_dates(raw: object) -> None:
    """Not even where no zone can hold them."""
    with pytest.raises(ValueError, match="date"):
        moment(raw)
    made = from_record(IGATE | {"appointmentDate": raw}, HASHER, NOW)
    assert isinstance(made, Bad)
    assert made.problems[0].column == "appointmentDate"


def test_due_on_the_day_of_receipt_is_no_mistake(tmp_path: Path) -> None:
    """Received at 08:30, due "today"; yesterday is a mistake."""
    today = DVCQG | {"NgayTiepNhan": "20260715083000", "NgayHenTra": "20260715000000"}
    assert change_of(tmp_path, today).due_at == datetime(2026, 7, 15, 23, 59, tzinfo=VIETNAM)
    assert isinstance(from_record(today | {"NgayHenTra": "20260714170000"}, HASHER, NOW), Bad)


def test_the_day_of_return_is_no_time_of_the_source(tmp_path: Path) -> None:
    """It says since when the status is so; a day alone says no time at all."""
    change = change_of(tmp_path, DVCQG | {"TrangThaiHoSo": "10", "NgayTra": "20260716093000"})
    assert change.status_at == datetime(2026, 7, 16, 9, 30, tzinfo=VIETNAM)
    assert change.updated_at is UNSET
    assert change_of(tmp_path, FLAT).updated_at == datetime(2026, 6, 1, 9, 40, tzinfo=VIETNAM)
    assert change_of(tmp_path, FLAT | {"lastModifiedDate": "01/06/2026"}).updated_at is UNSET


def test_igate_s_due_date_moves_only_to_a_later_day(tmp_path: Path) -> None:
    """The same or an earlier one is none; alone it is the date."""
    appointment = datetime(2026, 7, 18, 17, tzinfo=VIETNAM)
    for due in ("2026-07-18T10:00:00.000+0000", "2026-07-17T10:00:00.000+0000", None):
        change = change_of(tmp_path, IGATE | {"dueDate": due})
        assert (change.due_at, change.due_moved_to) == (appointment, UNSET)
    assert change_of(tmp_path, IGATE | {"dueDate": "2026-07-20T10:00:00.000+0000"}).due_moved_to is not UNSET
    alone = change_of(tmp_path, IGATE | {"appointmentDate": None, "dueDate": "2026-07-18T10:00:00.000+0000"})
    assert (alone.due_at, alone.due_moved_to) == (appointment, UNSET)
    same = change_of(tmp_path, DVCQG | {"NgayHenTraMoi": DVCQG["NgayHenTra"]})
    assert same.due_moved_to is UNSET


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"dossierStatus": 4, "dossierTaskStatus": {"name": "Đã trả kết quả"}}, Status.RETURNED),
        ({"dossierStatus": 4, "statusCurrentTask": "Đang xử lý"}, Status.PROCESSING),
        ({"dossierStatus": {"id": 2, "name": "Đang xử lý"}, "statusCurrentTask": "Thụ lý"}, Status.PROCESSING),
        ({"dossierStatus": 2, "dossierTaskStatus": {"name": "Đang xử lý"}}, Status.PROCESSING),
        ({"dossierStatus": "Đã trả kết quả"}, Status.RETURNED),
    ],
)  # fmt: skip
def test_igate_names_its_status(said: dict[str, Any], status: Status, tmp_path: Path) -> None:
    """By any of its names; the name of a task refuses nothing."""
    assert change_of(tmp_path, IGATE | said).status is status


@pytest.mark.parametrize("said", [2, {"id": 2}, "2", {"id": 2, "name": None}])
def test_a_number_of_igate_s_own_list_is_no_status(said: object) -> None:
    """It would read as another status of the national list."""
    for task in (None, "Chuyên viên thụ lý"):
        made = from_record(IGATE | {"dossierStatus": said, "statusCurrentTask": task}, HASHER, NOW)
        assert isinstance(made, Bad)
        assert "iGate's own list" in made.problems[0].reason


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("4 - Đang xử lý", Status.PROCESSING),
        ("2. Đang xử lý", Status.PROCESSING),  # a number of another list
        ("04", Status.PROCESSING),
        (4.0, Status.PROCESSING),
        ("Chờ bổ sung", Status.SUPPLEMENT),
        ("Có kết quả", Status.DONE),
        ("waiting", Status.SUPPLEMENT),
        ("releasing", Status.DONE),
        ("done", Status.RETURNED),
        ("Denied", Status.REFUSED),
    ],
)
def test_statuses_as_systems_write_them(raw: object, status: Status) -> None:
    assert status_of(raw) is status


@pytest.mark.parametrize("wrap", [["data"], ["result"], ["items"], ["data", "content"]])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_wrapped_lists_in_any_unicode(tmp_path: Path, wrap: list[str], encoding: str) -> None:
    """Systems wrap the list; programs of Windows write UTF-16."""
    content: Any = [DVCQG, FLAT]
    for name in reversed(wrap):
        content = {"total": 2, name: content}
    (tmp_path / "x").write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    assert [type(row) for row in read(tmp_path / "x", HASHER, NOW)] == [Good, Good]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (900004321, "0900004321"),
        (900004321.0, "0900004321"),
        ("900004321", "0900004321"),
        ("900004321.0", "0900004321"),
        (84900004321, "0900004321"),
        ("0900004321; 0911111111", "0900004321"),
        ("0900 004 321 / 0911111111", "0900004321"),
        ("không có", ""),
        ("", ""),
    ],
)
def test_telephone_numbers_as_spreadsheets_leave_them(written: object, number: str) -> None:
    """The leading zero comes back; of two numbers the first counts."""
    assert phone(written, HASHER) == HASHER.phone(number)


def test_identity_numbers_get_their_zero_back() -> None:
    for written in (24099001234, "24099001234", "024099001234", 24099001234.0):
        assert identity(written, HASHER) == HASHER.identity("024099001234")
    assert identity("không có", HASHER) == HASHER.identity("")


def test_a_bad_number_costs_no_dossier(tmp_path: Path) -> None:
    """Kept without it, with a warning that does not repeat it."""
    path = tmp_path / "x"
    path.write_text(json.dumps(DVCQG | {"SoDienThoai": "0900 ABC"}), "utf-8")
    (row,) = read(path, HASHER, NOW)
    assert isinstance(row, Good)
    assert [problem.column for problem in row.warnings] == ["SoDienThoai"]
    assert row.change.phone_hash is UNSET
    assert "ABC" not in repr(row)
