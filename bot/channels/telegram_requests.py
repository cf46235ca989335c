"""How requests reach Telegram: by aiohttp, and told apart by whether anything can have been delivered.

python-telegram-bot's own transport (httpx) takes three to five times the processor time, as much as the rest of an
answer together. What is more, it throws requests that never left together with those whose answer was lost.
"""

import re
import ssl
from typing import Any

import aiohttp
import certifi
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData


class FloodError(TelegramError):
    """429: Telegram wants `seconds` of silence. Own class: PTB's RetryAfter warns of its deprecation when raised."""

    def __init__(self, seconds: float) -> None:
        super().__init__("flood control")
        self.seconds = seconds


class NothingSentError(NetworkError):
    """No connection, or Telegram answered that it is down."""


class Requests(BaseRequest):
    """At most `connections` at once; the timeouts in seconds are for connecting (or waiting for a free connection) and
    between two pieces of the answer.
    """

    def __init__(self, connections: int, *, connect_timeout: float, read_timeout: float) -> None:
        self._connections = connections
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Nothing yet: connections are opened when they are needed."""

    async def shutdown(self) -> None:
        """Close all connections."""
        if self._session:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # the certificates that come with us: a small image has none of its own
            trusted = ssl.create_default_context(cafile=certifi.where())
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=trusted)
            self._session = aiohttp.ClientSession(connector=connector, trust_env=True)
        return self._session

    async def do_request(  # noqa: PLR0917 - as the base class has it
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - what we send fits into one packet
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - counts into connect_timeout
    ) -> tuple[int, bytes]:
        """Status and body; raises NothingSentError, FloodError, TimedOut or NetworkError. Sends no files."""
        connecting = connect_timeout if isinstance(connect_timeout, int | float) else self._connect_timeout
        reading = read_timeout if isinstance(read_timeout, int | float) else self._read_timeout
        timeout = aiohttp.ClientTimeout(connect=connecting, sock_connect=connecting, sock_read=reading)
        data = request_data.json_parameters if request_data else None
        try:
            async with self._open().request(method, url, data=data, timeout=timeout) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NothingSentError(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None  # its message may quote the address with the token
        if status == 429:
            found = re.search(rb'"retry_after"\s*:\s*(\d+)', payload) or re.search(rb"retry after (\d+)", payload)
            raise FloodError(float(found[1]) if found else 30)
        if status in (500, 502, 503):  # not 504: a gateway that lost patience does not know what became of it
            raise NothingSentError(f"HTTP {status}")
        return status, payload
