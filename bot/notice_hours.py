"""The hours in which nobody is to be disturbed: notices leave from 07:00 to 21:00 in Vietnam."""

from datetime import datetime, time, timedelta
from typing import Final

from knowledge_base.centre import VIETNAM

MORNING: Final = time(7, 0)
EVENING: Final = time(21, 0)
RELEASE: Final = time(7, 5)
JITTER: Final = timedelta(minutes=20)
"""What waited over night leaves within this time after the release, not all in one second."""


def is_quiet(at: datetime) -> bool:
    """Whether this moment lies in the quiet hours."""
    return not MORNING <= at.astimezone(VIETNAM).time() < EVENING


def next_morning(at: datetime, chance: float) -> datetime:
    """The first release after this moment; `chance`, from 0 to 1, spreads the notices over the jitter."""
    local = at.astimezone(VIETNAM)
    release = datetime.combine(local.date(), RELEASE, VIETNAM)
    if local >= release:
        release += timedelta(days=1)
    return release + JITTER * chance
