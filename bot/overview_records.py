"""The director's page: figures of a week and a month, without a person in them. Frozen records."""

from collections.abc import Sequence
from datetime import date

import msgspec

from bot.rating_reports import Line as RatingLine
from bot.review_records import Figure
from bot.volunteer_records import Count


class Asked(msgspec.Struct, frozen=True):
    """How often something was asked. decision: sure, several, nothing, pressed (a button), status, human."""

    procedure: str
    facet: str
    decision: str
    count: int


class Named(msgspec.Struct, frozen=True):
    """A count with its name; None: too few to be shown."""

    name: str
    count: int | None


class AgencyLine(msgspec.Struct, frozen=True):
    """An agency's month; None: too few to be shown."""

    name: str
    received: int | None
    asked: int | None
    returned: int | None
    late: int | None
    still_open: int | None
    no_apology: int | None


class UnitLine(msgspec.Struct, frozen=True):
    """A volunteers' unit: people helped, minutes together."""

    name: str
    helped: int | None
    minutes: int | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. first, last: the week's days. month: of dossiers, ratings and volunteers."""

    first: date
    last: date
    month: str
    questions: int | None
    """Typed questions; what was only pressed is counted in `procedures` and `facets`."""
    answered: int | None
    several: int | None
    nothing: int | None
    procedures: tuple[Named, ...]
    facets: tuple[Named, ...]
    endings: tuple[Named, ...]
    ratings: RatingLine
    agencies: tuple[AgencyLine, ...]
    total: AgencyLine
    delivery: tuple[Named, ...]
    units: tuple[UnitLine, ...]
    helped: int | None
    minutes: int | None


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is made of, as the stores count it."""

    asked: Sequence[Asked]
    endings: dict[str, int]
    delivery: dict[str, int]
    figures: Sequence[Figure]
    ratings: RatingLine
    helped: Sequence[Count]
