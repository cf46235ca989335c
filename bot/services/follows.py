"""Following a procedure or an agency: agreeing to be told when staff announce something about it."""

from typing import Final, Protocol

from bot.dossier_records import Consent
from bot.messages import Contact

CONSENT_VERSION: Final = "1"
CONSENT_VERSION_WEB: Final = "1w"
"""Versions of the sentences with which residents agree (wording.news.CONSENT and CONSENT_ON_WEB)."""
SUBJECTS: Final = ("procedure", "agency")
MOST_FOLLOWED: Final = 50


def subject_scope(kind: str, name: str) -> str:
    """The consent scope of a procedure ("procedure", code) or an agency ("agency", id)."""
    return f"{kind}:{name}"


def consent_version(contact: Contact) -> str:
    """Which sentence people of this channel agree to: on the web page news waits until it is opened again."""
    return CONSENT_VERSION_WEB if contact.channel == "web" else CONSENT_VERSION


class Follows(Protocol):
    """What pages ask."""

    def follow(self, contact: Contact, kind: str, name: str) -> bool:
        """Agree to be told; False where this person follows as many as anybody may."""

    def unfollow(self, contact: Contact, kind: str, name: str) -> None:
        """No more announcements about it."""

    def following(self, contact: Contact) -> list[tuple[str, str]]:
        """What this person follows, as (kind, name), oldest first."""


class Consents(Protocol):
    """Where consents live; see bot.storage.consents."""

    def give(self, contact: Contact, scope: str, text_version: str) -> Consent: ...  # noqa: D102
    def withdraw(self, contact: Contact, scope: str) -> bool: ...  # noqa: D102
    def of(self, contact: Contact) -> list[Consent]: ...  # noqa: D102


class KeptFollows:
    """Consents of the database. "dừng" and erasing end them with all the others (bot.services.dossiers)."""

    def __init__(self, consents: Consents) -> None:
        self._consents = consents

    def follow(self, contact: Contact, kind: str, name: str) -> bool:
        """See Follows."""
        followed = self.following(contact)
        if (kind, name) not in followed and len(followed) >= MOST_FOLLOWED:
            return False
        self._consents.give(contact, subject_scope(kind, name), consent_version(contact))
        return True

    def unfollow(self, contact: Contact, kind: str, name: str) -> None:
        """See Follows."""
        self._consents.withdraw(contact, subject_scope(kind, name))

    def following(self, contact: Contact) -> list[tuple[str, str]]:
        """See Follows."""
        scopes = (consent.scope.partition(":") for consent in self._consents.of(contact))
        return [(kind, name) for kind, _, name in scopes if kind in SUBJECTS]


class NoFollows:
    """Where nothing is announced."""

    def follow(self, _contact: Contact, _kind: str, _name: str) -> bool:
        """See Follows."""
        return False

    def unfollow(self, _contact: Contact, _kind: str, _name: str) -> None:
        """See Follows."""

    def following(self, _contact: Contact) -> list[tuple[str, str]]:
        """See Follows."""
        return []
