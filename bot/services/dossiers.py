"""Asking for the status of a dossier, following it, and forgetting the person who asked."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from bot import dossier_codes
from bot.dossier_records import Consent, Dossier, dossier_scope
from bot.messages import Contact
from bot.personal import Hasher

OPEN_FOR: Final = timedelta(hours=12)
"""How long a dossier stays open to whom has shown the right digits; who follows it needs none."""
MOST_FOLLOWED: Final = 50


class Shown(msgspec.Struct, frozen=True):
    """The digits were right."""

    dossier: Dossier


class Wrong(msgspec.Struct, frozen=True):
    """No such dossier, or other digits: nobody learns which."""


class Wait(msgspec.Struct, frozen=True):
    """Too many wrong tries, of this person or at this dossier."""

    seconds: int


class Erased(msgspec.Struct, frozen=True):
    """Everything kept about a person is erased; `counted_for`: seconds for which the count of wrong tries stays."""

    counted_for: int


class Dossiers(Protocol):
    """What pages ask."""

    def any(self) -> bool:
        """Whether the centre has handed over any dossiers at all."""

    def read_code(self, contact: Contact, text: str) -> tuple[str | None, str]:
        """The code that a text means and what else stands there: a whole code, part of one that this person may see,
        or part of one that the centre's prefixes complete when the digits are looked at.
        """

    def resembling(self, contact: Contact, code: str) -> str | None:
        """A code one slip away that this person may see; None for that code itself."""

    def look_up(self, contact: Contact, code: str, digits: str) -> Shown | Wrong | Wait:
        """Open a dossier with the last four digits of the phone or identity number; the code may lack its prefix."""

    def linked(self, contact: Contact, token: str) -> str | None:
        """The code behind the token of a link; None for one that has ended or that somebody else has used."""

    def used(self, contact: Contact, token: str) -> None:
        """This person has shown the right digits: the link is theirs alone."""

    def view(self, contact: Contact, code: str) -> Dossier | None:
        """A dossier that this person follows or has just opened."""

    def follow(self, contact: Contact, code: str, text_version: str) -> bool:
        """Agree to be told of changes; False where this person follows as many as anybody may."""

    def unfollow(self, contact: Contact, code: str) -> None:
        """No more notices about a dossier."""

    def follows(self, contact: Contact, code: str) -> bool:
        """Whether this person is told of changes."""

    def following(self, contact: Contact) -> list[Dossier]:
        """What this person follows, by code."""

    def stop(self, contact: Contact) -> int:
        """No more notices at all; how many agreements ended."""

    def erase(self, contact: Contact) -> Erased:
        """Erase everything about this person but the session, which ends with the answer."""


class Store(Protocol):
    """Where dossiers live; see bot.storage.dossiers."""

    def any(self) -> bool: ...  # noqa: D102
    def get(self, code: str) -> Dossier | None: ...  # noqa: D102
    def get_all(self, codes: list[str]) -> list[Dossier]: ...  # noqa: D102
    def check_among(  # noqa: D102
        self, person: str, contact: Contact, codes: Sequence[str], digits: str
    ) -> str | timedelta | None: ...
    def forget_right(self, code: str) -> None: ...  # noqa: D102
    def opened(self, contact: Contact, code: str) -> None: ...  # noqa: D102
    def visible(self, contact: Contact) -> dict[str, datetime | None]: ...  # noqa: D102
    def erase(self, contact: Contact, person: str) -> timedelta: ...  # noqa: D102


class Consents(Protocol):
    """Where consents live; see bot.storage.consents."""

    def give(self, contact: Contact, scope: str, text_version: str) -> Consent: ...  # noqa: D102
    def withdraw(self, contact: Contact, scope: str) -> bool: ...  # noqa: D102
    def withdraw_all(self, contact: Contact) -> int: ...  # noqa: D102
    def erase(self, contact: Contact) -> int: ...  # noqa: D102


class Links(Protocol):
    """Where links to dossiers live; see bot.storage.dossier_links."""

    def find(self, token: str, person: str) -> str | None: ...  # noqa: D102
    def use(self, token: str, person: str) -> None: ...  # noqa: D102
    def erase(self, person: str) -> None: ...  # noqa: D102


class KeptDossiers:
    """Dossiers of the database. `prefixes` complete codes that were typed without one; `erasers` erase what else is
    kept about a contact (transcript, notices).
    """

    def __init__(
        self,
        store: Store,
        consents: Consents,
        hasher: Hasher,
        *,
        links: Links | None = None,
        prefixes: Sequence[str] = (),
        erasers: Sequence[Callable[[Contact], object]] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._consents = consents
        self._hasher = hasher
        self._links = links
        self._prefixes = tuple(prefixes)
        self._erasers = tuple(erasers)
        self._now = now

    def any(self) -> bool:
        """See Dossiers."""
        return self._store.any()

    def read_code(self, contact: Contact, text: str) -> tuple[str | None, str]:
        """See Dossiers."""
        code, rest = dossier_codes.find_and_rest(text)
        if code is None:
            code, rest = dossier_codes.among(text, self._store.visible(contact)), ""
        return (code, rest) if code else dossier_codes.partial(text)

    def resembling(self, contact: Contact, code: str) -> str | None:
        """See Dossiers."""
        visible = self._store.visible(contact)
        return None if code in visible else dossier_codes.among(code, visible)

    def look_up(self, contact: Contact, code: str, digits: str) -> Shown | Wrong | Wait:
        """See Dossiers."""
        found = self._checked(contact, code, digits)
        if isinstance(found, Shown):
            self._store.opened(contact, found.dossier.code)
        return found

    def glance(self, contact: Contact, code: str, digits: str) -> Shown | Wrong | Wait:
        """Like `look_up`, under the same limits, for who stands beside the person: nothing is opened or kept."""
        found = self._checked(contact, code, digits)
        if isinstance(found, Shown):
            for each in dossier_codes.completed(code, self._prefixes):
                self._store.forget_right(each)
        return found

    def _checked(self, contact: Contact, code: str, digits: str) -> Shown | Wrong | Wait:
        codes = dossier_codes.completed(code, self._prefixes)
        checked = self._store.check_among(self._person(contact), contact, codes, digits)
        if isinstance(checked, timedelta):
            return Wait(max(1, math.ceil(checked.total_seconds())))
        dossier = self._store.get(checked) if checked else None
        return Shown(dossier) if dossier else Wrong()

    def linked(self, contact: Contact, token: str) -> str | None:
        """See Dossiers."""
        return self._links.find(token, self._person(contact)) if self._links else None

    def used(self, contact: Contact, token: str) -> None:
        """See Dossiers."""
        if self._links:
            self._links.use(token, self._person(contact))

    def view(self, contact: Contact, code: str) -> Dossier | None:
        """See Dossiers."""
        visible = self._store.visible(contact)
        if code not in visible:
            return None
        opened = visible[code]
        return None if opened is not None and self._now() - opened > OPEN_FOR else self._store.get(code)

    def follow(self, contact: Contact, code: str, text_version: str) -> bool:
        """See Dossiers."""
        followed = self._followed(contact)
        if code not in followed and len(followed) >= MOST_FOLLOWED:
            return False
        self._consents.give(contact, dossier_scope(code), text_version)
        return True

    def unfollow(self, contact: Contact, code: str) -> None:
        """See Dossiers."""
        self._consents.withdraw(contact, dossier_scope(code))

    def follows(self, contact: Contact, code: str) -> bool:
        """See Dossiers."""
        return code in self._followed(contact)

    def following(self, contact: Contact) -> list[Dossier]:
        """See Dossiers."""
        return self._store.get_all(self._followed(contact))

    def stop(self, contact: Contact) -> int:
        """See Dossiers."""
        return self._consents.withdraw_all(contact)

    def erase(self, contact: Contact) -> Erased:
        """See Dossiers."""
        self._consents.erase(contact)
        counted = self._store.erase(contact, self._person(contact))
        if self._links:
            self._links.erase(self._person(contact))
        for eraser in self._erasers:
            eraser(contact)
        return Erased(math.ceil(counted.total_seconds()))

    def _followed(self, contact: Contact) -> list[str]:
        return [code for code, opened in self._store.visible(contact).items() if opened is None]

    def _person(self, contact: Contact) -> str:
        return self._hasher.hash("contact", str(contact))


class NoDossiers:
    """Where the centre has handed over none."""

    def any(self) -> bool:
        """See Dossiers."""
        return False

    def read_code(self, _contact: Contact, text: str) -> tuple[str | None, str]:
        """See Dossiers."""
        return dossier_codes.find_and_rest(text)

    def resembling(self, _contact: Contact, _code: str) -> str | None:
        """See Dossiers."""
        return None

    def look_up(self, _contact: Contact, _code: str, _digits: str) -> Shown | Wrong | Wait:
        """See Dossiers."""
        return Wrong()

    def linked(self, _contact: Contact, _token: str) -> str | None:
        """See Dossiers."""
        return None

    def used(self, _contact: Contact, _token: str) -> None:
        """See Dossiers."""

    def view(self, _contact: Contact, _code: str) -> Dossier | None:
        """See Dossiers."""
        return None

    def follow(self, _contact: Contact, _code: str, _text_version: str) -> bool:
        """See Dossiers."""
        return False

    def unfollow(self, _contact: Contact, _code: str) -> None:
        """See Dossiers."""

    def follows(self, _contact: Contact, _code: str) -> bool:
        """See Dossiers."""
        return False

    def following(self, _contact: Contact) -> list[Dossier]:
        """See Dossiers."""
        return []

    def stop(self, _contact: Contact) -> int:
        """See Dossiers."""
        return 0

    def erase(self, _contact: Contact) -> Erased:
        """See Dossiers."""
        return Erased(0)
