"""Looking dossiers up in a provincial system like iGate, over HTTP. For staff and timed jobs only: residents' questions
are answered from what is kept here, so that a question takes as long for a code that exists as for one that does not.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec
import pybreaker

from bot.dossier_codes import normal
from bot.dossier_sources.fields import Made
from bot.dossier_sources.json_shapes import from_record
from bot.personal import Hasher

FAILURES: Final = 5
"""Failures in a row after which the system is left alone for a while."""
REST: Final = 60.0
"""Seconds for which it is left alone; then one look-up tries again."""
LARGEST: Final = 1_000_000
PATH: Final = "/pa/dossier-search/dvc"


class SourceDown(RuntimeError):  # noqa: N818 - it says what happened
    """The system can't be asked about this code now; the message says why. Nothing was changed."""


class LeftAlone(SourceDown):
    """The system has failed so often that it is not asked at all for a while."""


class Igate:
    """Reads one dossier at a time. `timeout` is for connecting and for each read, `deadline` for the whole answer, in
    seconds: a system that sends a byte now and then keeps nobody waiting.
    """

    def __init__(
        self,
        url: str,
        hasher: Hasher,
        *,
        token: str | None = None,
        path: str = PATH,
        timeout: float = 8.0,
        deadline: float | None = None,
        rest: float = REST,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers=headers, timeout=httpx.Timeout(timeout, connect=min(timeout, 3.0))
        )
        self._runner = asyncio.Runner()  # only here can an answer be given up as a whole
        self._path = path
        self._deadline = deadline or 2 * timeout
        self._hasher = hasher
        self._now = now
        self._breaker = pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=rest)

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    def look_up(self, code: str) -> Made | None:
        """What the system says about a code; None where it knows none. Raises SourceDown or LeftAlone."""
        try:
            answer = self._breaker.call(self._ask, code)
        except pybreaker.CircuitBreakerError as error:
            raise LeftAlone(f"left alone for up to {REST:.0f} s after {FAILURES} failures in a row") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            why = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
            raise SourceDown(
                f"the look-up failed ({why or type(error).__name__}): check MOTCUA_IGATE_URL and MOTCUA_IGATE_PATH"
            ) from error
        for record in answer:
            # the search also finds codes that merely contain this one
            if isinstance(record, dict) and normal(str(record.get("code", ""))) == code:
                return from_record(record, self._hasher, self._now())
        return None

    def _ask(self, code: str) -> list[Any]:
        return self._runner.run(self._answer(code))

    async def _answer(self, code: str) -> list[Any]:
        body = b""
        async with asyncio.timeout(self._deadline):
            async with self._client.stream("GET", self._path, params={"code": code}) as response:
                response.raise_for_status()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise ValueError("the answer is too large")
        answer = msgspec.json.decode(body)  # a page instead of JSON is a ValueError: the system is not well
        content = answer.get("content") if isinstance(answer, dict) else answer
        if not isinstance(content, list):
            raise ValueError("the answer has no content")
        return content
