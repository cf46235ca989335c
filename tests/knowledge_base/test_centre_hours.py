"""When the counter is open on days that are unlike their weekday."""

from datetime import date, datetime

import msgspec

from knowledge_base.centre import VIETNAM, load_centre


def test_a_saturday_worked_to_make_up_has_hours() -> None:
    """Those of the working day before it; a holiday that is worked has its own, other Saturdays have none."""
    saturday, friday, holiday = date(2026, 12, 5), date(2026, 12, 4), date(2027, 1, 1)
    centre = msgspec.structs.replace(load_centre(), open_on=(saturday, holiday))
    assert centre.hours_on(saturday) == centre.hours_on(friday) != ()
    assert centre.is_open(datetime(2026, 12, 5, 8, tzinfo=VIETNAM))
    assert centre.hours_on(holiday) != ()
    assert centre.hours_on(date(2026, 12, 12)) == ()
    assert load_centre().hours_on(holiday) == ()
