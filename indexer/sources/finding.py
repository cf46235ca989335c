"""What a reader hands back: procedures, and everything it repaired, refused or wants looked at."""

from typing import Literal

import msgspec

from knowledge_base.procedure import Procedure

Action = Literal["repaired", "rejected", "reported"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark about one field of one row. `reported` leaves the record as it is; `row` says where, for a clerk."""

    code: str
    field: str
    reason: str
    action: Action
    row: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one file holds.

    `listing` is set for lists that carry only code, name, agency, issuer, field and link: such a reading never
    erases what the catalogue knows already. `unread` names, for the procedure at a position, the fields of which its
    record tells nothing (a section was missing or could not be read): what was known of them stays.
    """

    procedures: tuple[Procedure, ...] = ()
    findings: tuple[Finding, ...] = ()
    listing: bool = False
    unread: dict[int, tuple[str, ...]] = {}


class SourceRefused(Exception):  # noqa: N818 (it says what happened)
    """The file cannot be read as procedures; the message says in Vietnamese what to do next."""


class Findings:
    """Collects the findings of one row, each reason once a field."""

    def __init__(self, code: str, row: str) -> None:
        self.code = code
        self.row = row
        self._found: dict[Finding, None] = {}

    def add(self, field: str, reason: str, action: Action) -> None:
        """Note `reason` for `field`."""
        self._found.setdefault(Finding(code=self.code, field=field, reason=reason, action=action, row=self.row))

    def all(self) -> tuple[Finding, ...]:
        """What was noted, in order."""
        return tuple(self._found)
