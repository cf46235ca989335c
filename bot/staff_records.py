"""Staff: who may sign in, as what, and what each of them did. Frozen records."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Role(StrEnum):
    """What somebody may do in the console; docs/roles.md lists it page by page."""

    CLERK = "clerk"
    """Works on the dossiers of one agency."""
    OFFICER = "officer"
    """Works at the counters of the one-stop shop, on all dossiers."""
    SUPERVISOR = "supervisor"
    """Answers for the one-stop shop: approves announcements, reads reports and the log."""
    ADMINISTRATOR = "administrator"
    """Keeps accounts and settings; sees no dossiers."""


class Stage(StrEnum):
    """How far a sign-in has come; only the last one opens pages."""

    CODE = "code"
    """The password was right; the code of the telephone is still to come."""
    ENROL = "enrol"
    """The password was right; an administrator must set up the codes first."""
    PASSWORD = "password"  # noqa: S105 - the name of a stage
    """Signed in with a password that somebody else gave: it must be changed first."""
    OPEN = "open"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the staff.

    agency: id of the clerk's agency in the centre's settings, "" for other roles. must_change: the password was given
    by somebody else. enrolled: codes of a telephone are set up. disabled_at: since when nobody may sign in with it.
    """

    id: int
    login: str
    name: str
    role: Role
    agency: str
    must_change: bool
    enrolled: bool
    disabled_at: datetime | None
    created_at: datetime
    created_by: str
    last_sign_in_at: datetime | None


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What proves who somebody is. code_salt: the codes' secret is made of it and the centre's key; code_step: the
    time step of the last code that was used.
    """

    password: str
    code_salt: str
    code_step: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser. said: messages to show on its next page."""

    token_hash: str
    account: Account
    stage: Stage
    said: tuple[str, ...]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audit log. login: "" where nobody was signed in. detail: before and after where it matters."""

    id: int
    at: datetime
    login: str
    action: str
    subject: str
    detail: dict[str, Any]
