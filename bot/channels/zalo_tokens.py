"""Zalo's tokens: the access token lives 25 h, the refresh token works once and brings the next pair.

A refresh token that was used without its successor being saved is lost, and an administrator of the Official Account
must consent again. So one process at a time refreshes, and saves the new pair before anybody uses it.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import httpx
import msgspec

from bot.channels import TryLater
from bot.channels.zalo_errors import NeedsOperator

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=90)
"""Longer than a refresh can take (`timeout`, twice): who holds it longer has died."""
SHORT_BREAK: Final = timedelta(minutes=1)
CONSENT: Final = "an administrator of the Official Account must give consent again (see docs/operating.md, Zalo)"


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of tokens; `version` counts the pairs of this account."""

    access: str
    refresh: str
    obtained_at: datetime
    expires_at: datetime
    version: int

    def __repr__(self) -> str:
        return f"Tokens(version={self.version}, expires_at={self.expires_at:%Y-%m-%d %H:%M})"


class Pair(Protocol):
    """A pair as the store gives it back."""

    @property
    def access(self) -> str:
        """The access token."""

    @property
    def refresh(self) -> str:
        """The refresh token."""

    @property
    def obtained_at(self) -> datetime:
        """When Zalo gave it."""

    @property
    def expires_at(self) -> datetime:
        """When the access token ends."""

    @property
    def version(self) -> int:
        """Counts the pairs of this account, from 1."""


class TokenStore(Protocol):
    """Where the pair lives, for all processes. Called in threads."""

    def load(self) -> Pair | None:
        """The newest pair."""

    def save(self, *, access: str, refresh: str, obtained_at: datetime, expires_at: datetime, version: int) -> bool:
        """Keep the successor of version - 1; False where there already is another one."""

    def lock(self, holder: str, lease: timedelta) -> bool:
        """Whether the holder alone may refresh now, for as long as the lease."""

    def unlock(self, holder: str) -> None:
        """End the lease if it is still this holder's."""


class TokenKeeper:
    """Knows the valid access token, and renews it once for everybody who finds it stale."""

    def __init__(
        self,
        store: TokenStore,
        client: httpx.AsyncClient,
        *,
        url: str,
        app_id: str,
        app_secret: str,
        refresh_after: timedelta,
        timeout: float,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._client, self._url, self._now = store, client, url, now
        self._app_id, self._app_secret, self._timeout = app_id, app_secret, timeout
        self._refresh_after = refresh_after
        self._holder = uuid.uuid4().hex
        self._one = asyncio.Lock()
        self._current: Tokens | None = None
        self._unsaved: Tokens | None = None
        self._refused: Tokens | None = None  # its refresh token is dead
        self._not_before: datetime | None = None
        self._refreshing: asyncio.Task[Tokens] | None = None

    async def current(self) -> Tokens:
        """The pair to use; renewed when it is old. Raises NeedsOperator or TryLater where there is none that works."""
        tokens = self._current
        if tokens is None:
            tokens = self._current = await self._load()
        now = self._now()
        if now < tokens.obtained_at + self._refresh_after:
            return tokens
        if now < tokens.expires_at and self._not_before and now < self._not_before:
            return tokens
        try:
            return await self.renewed(tokens, urgent=False)
        except TryLater as error:
            if now >= tokens.expires_at:
                raise
            # It still works for some hours; asking again with every message would help nobody.
            log.error("Zalo's token is used on until %s: %s", tokens.expires_at, error.reason)
            return tokens

    async def renewed(self, stale: Tokens, *, urgent: bool = True) -> Tokens:
        """The pair after `stale`. However many ask at once, in however many processes: one request to Zalo.

        Not `urgent` (`stale` still works): whoever waited while another's request failed does not ask again at once.
        """
        async with self._one:
            if self._current and self._current.version > stale.version:
                return self._current
            if not urgent and self._not_before and self._now() < self._not_before:
                return stale
            for _ in range(int(LEASE.total_seconds() * 2 / 0.1)):
                stored = await self._load()
                if stored.version > stale.version:  # another process, or an operator
                    self._current = stored
                    return stored
                if self._refused and self._refused.version == stored.version:
                    raise NeedsOperator(900, f"Zalo refused the refresh token: {CONSENT}")
                if await asyncio.to_thread(self._store.lock, self._holder, LEASE):
                    break
                await asyncio.sleep(0.1)
            else:
                raise TryLater(30, "another process has been refreshing Zalo's token for too long")
            # Shielded: who gives up waiting must not lose the pair that is under way.
            self._refreshing = asyncio.create_task(self._refresh(stale))
            try:
                return await asyncio.shield(self._refreshing)
            except TryLater:
                self._not_before = self._now() + SHORT_BREAK  # before the next one in the queue looks
                raise

    async def consent(self, code: str, verifier: str) -> None:
        """Exchange the code of an administrator's consent (valid 10 minutes, once) for the first pair, and save it."""
        stored = await asyncio.to_thread(self._store.load)
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        await self._save(await self._ask(form, stored.version + 1 if stored else 1))

    async def _load(self) -> Tokens:
        if self._unsaved:
            await self._save(self._unsaved)
        stored = await asyncio.to_thread(self._store.load)
        if stored is None:
            raise NeedsOperator(900, f"there are no tokens for Zalo: {CONSENT}")
        return _tokens(stored)

    async def _refresh(self, stale: Tokens) -> Tokens:
        try:
            stored = await self._load()  # between the look and the lock somebody may have finished
            if stored.version > stale.version:
                self._current = stored
                return stored
            form = {"grant_type": "refresh_token", "refresh_token": stored.refresh}
            try:
                fresh = await self._ask(form, stored.version + 1)
            except NeedsOperator:
                self._refused = stored
                raise
            await self._save(fresh)
            assert self._current
            return self._current
        finally:
            await asyncio.to_thread(self._store.unlock, self._holder)

    async def _save(self, tokens: Tokens) -> None:
        self._unsaved = tokens
        for attempt in range(5):
            try:
                saved = await asyncio.to_thread(partial(self._store.save, **msgspec.structs.asdict(tokens)))
                break
            except Exception as error:  # noqa: BLE001
                log.critical("Zalo's new tokens could not be saved (%s); trying on.", type(error).__name__)
                await asyncio.sleep(0.2 * attempt)
        else:
            raise TryLater(30, "Zalo's new tokens can't be saved: look after the database, and don't restart")
        self._unsaved = None
        self._current = tokens if saved else await self._load()

    async def _ask(self, form: dict[str, str], version: int) -> Tokens:
        try:
            response = await self._client.post(
                self._url,
                data={"app_id": self._app_id, **form},
                headers={"secret_key": self._app_secret},
                timeout=self._timeout,
            )
        except httpx.HTTPError as error:
            raise TryLater(30, f"Zalo's token service does not answer ({type(error).__name__})") from None
        if response.status_code >= 500 or response.status_code == 429:
            raise TryLater(30, f"Zalo's token service is down (HTTP {response.status_code})")
        answer = _object(response.content)
        if answer is None:
            raise TryLater(30, f"Zalo's token service is not understood (HTTP {response.status_code})")
        try:
            now = self._now()
            return Tokens(
                access=_text(answer["access_token"]),
                refresh=_text(answer["refresh_token"]),
                obtained_at=now,
                expires_at=now + timedelta(seconds=int(answer.get("expires_in", 90000))),
                version=version,
            )
        except (ValueError, KeyError, TypeError):
            code = answer.get("error")
        if code == -32:
            raise TryLater(30, "Zalo's token service: too many requests")
        log.critical("Zalo refused to renew the token (error %s): %s.", code, CONSENT)
        raise NeedsOperator(900, f"Zalo refused the refresh token (error {code}): {CONSENT}")


def _tokens(pair: Pair) -> Tokens:
    return Tokens(
        access=pair.access,
        refresh=pair.refresh,
        obtained_at=pair.obtained_at,
        expires_at=pair.expires_at,
        version=pair.version,
    )


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
