"""The centre's own settings: who it is, where, when it is open, which agencies sit there.

Read from a TOML file; the shipped one is Bắc Giang's centre. `to_confirm` names the settings that still hold a
default which residents would see, so that `motcua doctor` can say so.
"""

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import holidays
import msgspec

from knowledge_base.text import fold

SHIPPED: Final = Path(__file__).parent / "data" / "centre.toml"
VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stretch of opening time; `days` are 1 (Monday) to 7."""

    days: tuple[int, ...]
    opens: time
    closes: time


class Agency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the agencies whose procedures the centre takes."""

    id: str
    name: str
    kind: Literal["department", "central", "company", "commune"]


class Centre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about the centre that residents can ask for."""

    name: str
    province: str
    address: str
    hotline: str
    hotline_name: str
    hours: tuple[Hours, ...]
    agencies: tuple[Agency, ...]
    dossier_prefixes: tuple[str, ...]
    notice: str = ""
    portal: str = "https://dichvucong.gov.vn"
    closed_on: tuple[date, ...] = ()
    """Days closed beyond the public holidays."""
    open_on: tuple[date, ...] = ()
    """Public holidays or weekend days on which the centre works after all, with the hours of that day of the week, else
    of the working day before it.
    """
    to_confirm: tuple[str, ...] = ()

    def agency(self, agency_id: str) -> Agency | None:
        """The agency with this id, None where the centre has no such agency."""
        return next((agency for agency in self.agencies if agency.id == agency_id), None)

    def agency_name(self, text: str) -> str:
        """The name of the agency that this text names in any spelling or by its id; other texts as they are."""
        said = fold(text)
        found = (agency.name for agency in self.agencies if said in (fold(agency.name), agency.id))
        return next(found, " ".join(text.split()))

    def is_open(self, at: datetime) -> bool:
        """Whether the counter is open at this moment (an aware datetime)."""
        local = at.astimezone(VIETNAM)
        return any(stretch.opens <= local.time() < stretch.closes for stretch in self.hours_on(local.date()))

    def hours_on(self, day: date) -> tuple[Hours, ...]:
        """The opening stretches of one day, empty on holidays and days off."""
        if day in self.closed_on:
            return ()
        if day not in self.open_on:
            if day in holidays.country_holidays("VN", years=day.year):
                return ()
            return self._hours_of(day.isoweekday())
        # a Saturday worked to make up for another day has the hours of the working day before it
        before = ((day.isoweekday() - back - 1) % 7 + 1 for back in range(7))
        return next(filter(None, map(self._hours_of, before)), ())

    def _hours_of(self, weekday: int) -> tuple[Hours, ...]:
        return tuple(stretch for stretch in self.hours if weekday in stretch.days)


class CentreError(ValueError):
    """The settings file can't be used; the message says what to mend."""


def load_centre(path: Path = SHIPPED) -> Centre:
    """Read a centre's settings; raises CentreError with the setting to mend."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert(raw, Centre, strict=False)
    except FileNotFoundError:
        raise CentreError(f"{path} is missing: copy {SHIPPED} there and edit it, or unset MOTCUA_CENTRE_FILE") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise CentreError(f"{path} can't be read: {error}. Mend that line; {SHIPPED} shows the form") from error
