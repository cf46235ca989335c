"""What a resident reads of a dossier: how long it takes, what is late, what is due; and what stays hidden."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.dialogue.wording.dossier import page, working_days
from bot.dossier_records import Dossier, Status
from bot.personal import mask_name
from knowledge_base.centre import VIETNAM, Centre, load_centre

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=VIETNAM)  # a Monday


@pytest.fixture(scope="module")
def centre() -> Centre:
    """The shipped centre: Monday to Friday."""
    return load_centre()


def dossier(status: Status = Status.PROCESSING, **said: Any) -> Dossier:
    """A dossier in this state."""
    usual: dict[str, Any] = {
        "code": "H05.12-261109-0007",
        "status_version": 2,
        "updated_at": datetime(2026, 11, 13, tzinfo=UTC),
    }
    return Dossier(status=status, **usual | said)


def read(centre: Centre, status: Status = Status.PROCESSING, **said: Any) -> str:
    """What is read at NOW."""
    return "\n".join(page(dossier(status, **said), centre, NOW))


@pytest.mark.parametrize(
    ("today", "last", "days"),
    [
        (date(2026, 11, 16), date(2026, 11, 17), 1),
        (date(2026, 11, 16), date(2026, 11, 20), 4),
        (date(2026, 11, 20), date(2026, 11, 23), 1),  # over a weekend
        (date(2026, 11, 20), date(2026, 11, 22), 0),
        (date(2026, 12, 31), date(2027, 1, 4), 1),  # New Year's Day is a holiday
        (date(2026, 4, 29), date(2026, 5, 4), 1),  # 30 April and 1 May
        (date(2026, 8, 31), date(2026, 9, 3), 1),  # National Day, two days
        (date(2026, 11, 24), date(2026, 11, 23), 0),
    ],
)
def test_days_are_counted_on_which_the_counter_is_open(centre: Centre, today: date, last: date, days: int) -> None:
    """From tomorrow to the last day; Saturdays, Sundays and public holidays of Vietnam do not count."""
    assert working_days(centre, today, last) == days


def test_tet_does_not_count(centre: Centre) -> None:
    """The week of the lunar new year has hardly a working day."""
    assert working_days(centre, date(2026, 2, 13), date(2026, 2, 20)) == 0


def test_what_is_under_way_says_how_many_days_are_left(centre: Centre) -> None:
    """The day in Vietnam counts, not in Greenwich."""
    friday = datetime(2026, 11, 20, 17, 0, tzinfo=VIETNAM)
    assert "còn 4 ngày làm việc" in read(centre, due_at=friday)
    assert "hôm nay" in read(centre, due_at=datetime(2026, 11, 16, 17, 0, tzinfo=VIETNAM))
    one = page(
        dossier(due_at=datetime(2026, 11, 17, 17, 0, tzinfo=VIETNAM)), centre, datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
    )
    assert "còn 1 ngày làm việc" in "\n".join(one)
    assert "không ghi ngày trả kết quả" in read(centre)


def test_what_is_late_begins_with_an_apology_and_whom_to_call(centre: Centre) -> None:
    """Before anything about waiting; a dossier that is done is late no more."""
    friday = datetime(2026, 11, 13, 17, 0, tzinfo=VIETNAM)
    said = read(centre, due_at=friday)
    assert "đã quá ngày hẹn, Trung tâm xin lỗi bạn" in said
    assert "18001096" in said
    assert said.index("xin lỗi") < said.index("Ngày hẹn là 13/11/2026")
    assert "xin lỗi" not in read(centre, Status.DONE, due_at=friday)


def test_a_moved_date_says_sorry_and_why(centre: Centre) -> None:
    """The new date counts; without a reason none is invented."""
    old, new = datetime(2026, 11, 13, tzinfo=VIETNAM), datetime(2026, 11, 23, tzinfo=VIETNAM)
    said = read(centre, due_at=old, due_moved_to=new, apology="Phải xin ý kiến Sở.")
    assert "xin lỗi bạn vì phải dời ngày hẹn. Lý do: Phải xin ý kiến Sở." in said
    assert "Ngày hẹn trả kết quả: 23/11/2026 (còn 5 ngày làm việc)" in said
    assert "quá ngày hẹn" not in said
    assert "Lý do" not in read(centre, due_at=old, due_moved_to=new)


def test_a_fee_due_is_named_or_not_invented(centre: Centre) -> None:
    """The amount as the record says it; without one the notification is pointed to."""
    assert "Bạn cần nộp 150.000 đồng" in read(centre, Status.FEE_DUE, fee_due=150_000)
    unnamed = read(centre, Status.FEE_DUE)
    assert "khoản phí ghi trên thông báo" in unnamed
    assert " 0 đồng" not in unnamed


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("NGUYỄN VĂN AN", "Nguyễn V. A."),
        ("trần  thị   bé", "Trần T. B."),
        ("Đặng Đình Ấn", "Đặng Đ. Ấ."),
        ("", ""),
        ("   ", ""),
    ],
)
def test_of_a_name_the_family_name_and_initials_stay(name: str, masked: str) -> None:
    """Whoever knows the person recognises it; whoever does not learns little."""
    assert mask_name(name) == masked
