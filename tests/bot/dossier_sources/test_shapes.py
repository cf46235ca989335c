"""Every shape of dossier data is read by what it holds; all values are invented."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from bot.dossier_records import Change, Status
from bot.dossier_sources import Bad, Good, Unreadable, read
from bot.dossier_sources.fields import moment
from bot.dossier_sources.fields import status as status_of
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
    assert (first.number, first.change.code, first.change.status) == (5, "BG.TNH01A.150909.39859", Status.PROCESSING)
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
