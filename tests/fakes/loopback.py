"""An HTTP server on loopback for fakes of suppliers: it stumbles on request, and everything can be waited for."""

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


@dataclass
class Fault:
    """What happens to the next `times` calls of a method instead of (or, with `accept`, after) doing them.

    `error` is a code of the supplier's own, in its usual answer; `status` an HTTP status with a page of a gateway.
    The first `after` calls that would match are spared.
    """

    method: str
    error: int | None = None
    status: int = 0
    hang: bool = False
    reset: bool = False
    accept: bool = False
    garbage: bool = False
    to: str | None = None
    times: int = 1
    after: int = 0


@dataclass
class Call:
    """One request as it arrived."""

    method: str
    params: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class Loopback:
    """One supplier's world; `calls` holds every request in order of arrival. Methods are safe from any thread."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._changed = threading.Condition(threading.RLock())
        self._faults: list[Fault] = []
        # With the protocol named, asyncio switches Nagle's algorithm off: 40 ms less for every call.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(200)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    # --- life ---

    def __enter__(self) -> Self:
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="critical", lifespan="off", http="h11", ws="none"))
        self._server.config.timeout_graceful_shutdown = 1
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(20), "the fake did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._loop.call_soon_threadsafe(self._released.set)
        self._thread.join(20)
        self._socket.close()

    async def _serve(self) -> None:
        self._loop, self._released = asyncio.get_running_loop(), asyncio.Event()
        beside = asyncio.create_task(self.beside())
        self._loop.call_soon(self._ready.set)  # the socket listens already: the kernel keeps early connections
        await self._server.serve(sockets=[self._socket])
        beside.cancel()
        await asyncio.wait([beside])

    async def beside(self) -> None:
        """What the supplier does by itself, webhooks for instance."""

    # --- for tests ---

    def fault(self, method: str, **what: Any) -> None:
        """The next call(s) of `method` go wrong, see `Fault`."""
        with self._changed:
            self._faults.append(Fault(method, **what))

    def release(self) -> None:
        """Let the hanging calls end."""
        self._loop.call_soon_threadsafe(self._released.set)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The parameters of the calls of a method so far."""
        with self._changed:
            return [call.params for call in self.calls if call.method == method]

    def wait_until(self, what: Callable[[], object], timeout: float = 20) -> None:
        """Block until `what` holds; it's asked again after everything that happens here."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(what()), timeout), (
                f"waited {timeout} s; last calls: {self.calls[-20:]}"
            )

    # --- inside ---

    async def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Do the call: HTTP status, JSON, headers."""
        raise NotImplementedError

    def failure(self, error: int) -> tuple[int, dict[str, Any]]:
        """The supplier's usual answer for an error code of its own."""
        raise NotImplementedError

    async def read(self, request: Request) -> Call:
        """The call that a request is."""
        raise NotImplementedError

    def recipient(self, call: Call) -> str | None:
        """For whom the call is; faults can be for one person."""
        raise NotImplementedError

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application, bare so that `send` still leads to the connection that a fault resets."""
        call = await self.read(Request(scope, receive))
        with self._changed:
            self.calls.append(call)
            fault = self._fault(call)
            self._changed.notify_all()
        response: Response
        if fault is None or fault.accept:
            status, answer, headers = await self.answer(call)
            response = JSONResponse(answer, status, headers)
        if fault:
            if fault.hang:
                await self._released.wait()
            if fault.reset or fault.hang:
                send.__self__.transport.abort()
                return
            if fault.garbage:
                response = Response("<html>?</html>", fault.status or 200)
            elif fault.error is not None:
                status, answer = self.failure(fault.error)
                response = JSONResponse(answer, status)
            else:
                response = Response(f"<html><h1>{fault.status}</h1></html>", fault.status)
        await response(scope, receive, send)
        with self._changed:
            self._changed.notify_all()

    def _fault(self, call: Call) -> Fault | None:
        for fault in self._faults:
            if fault.method == call.method and fault.times > 0 and fault.to in (None, self.recipient(call)):
                if fault.after:
                    fault.after -= 1
                    return None
                fault.times -= 1
                return fault
        return None
