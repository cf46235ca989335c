"""A round-robin HTTP proxy on loopback, as it stands in front of several machines.

It looks at each backend's /healthz, and offers a request to another backend only if the connection was refused: one
that broke later may have been handled, so its sender is told 502 and decides. 503 where nobody listens.
"""

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import Self

LIMIT = 1024 * 1024


class Proxy:
    """`with Proxy([port, ...]) as proxy:`; `url` is for the clients, `served` counts the requests of each backend."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.served: Counter[int] = Counter()
        self.broken = 0
        self._down: set[int] = set(ports)
        self._turn = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(200)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def wait_healthy(self, count: int, timeout: float) -> None:
        """Block until so many backends are healthy."""
        self.wait_until(lambda: len(self.ports) - len(self._down) >= count, timeout)

    def wait_until(self, what: Callable[[], object], timeout: float) -> None:
        """Block until `what` holds; it is asked again with every request and every health check."""
        with self._changed:
            held = self._changed.wait_for(lambda: bool(what()), timeout)
        assert held, f"waited {timeout} s; not healthy: {self._down}, requests: {self.served}"

    async def _begin(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=self._socket, limit=LIMIT)
        self._checking = asyncio.create_task(self._check())

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in list(self._writers):  # a task that was cancelled before its first step has closed nothing
            writer.transport.abort()
        await asyncio.sleep(0.1)  # the loop closes aborted transports in its next turns

    async def _check(self) -> None:
        while True:
            for port in self.ports:
                try:
                    async with asyncio.timeout(5):
                        answer = await self._ask(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    healthy = answer.split(b" ", 2)[1:2] == [b"200"]
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    healthy = False
                with self._changed:
                    (self._down.discard if healthy else self._down.add)(port)
                    self._changed.notify_all()
            await asyncio.sleep(0.2)

    async def _ask(self, port: int, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
        try:
            writer.write(request)
            return await reader.readuntil(b"\r\n")
        finally:
            writer.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            request = await self._read(reader)
            if request:
                await self._forward(request, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()
            self._writers.discard(writer)
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        fields = [line.partition(b":") for line in lines]
        length = next((int(value) for name, _, value in fields if name.lower() == b"content-length"), 0)
        kept = [line for line, (name, _, _) in zip(lines, fields, strict=True) if name.lower() != b"connection"]
        return b"\r\n".join([first, *kept, b"Connection: close", b"", b""]) + await reader.readexactly(length)

    async def _forward(self, request: bytes, client: asyncio.StreamWriter) -> None:
        refused: set[int] = set()
        while port := self._next(refused):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
            except OSError:
                refused.add(port)  # nothing was sent: another one may have it
                self._down.add(port)
                continue
            with self._changed:
                self.served[port] += 1
                self._changed.notify_all()
            try:
                await self._pass_on(request, reader, writer, client)
            finally:
                writer.close()
            return
        await self._say(client, b"503 Service Unavailable")

    async def _pass_on(
        self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        passed = 0
        try:
            writer.write(request)
            await writer.drain()
            while data := await reader.read(65536):
                passed += len(data)
                client.write(data)
                await client.drain()
        except ConnectionError:
            if passed:
                client.transport.abort()
                return
        if not passed:
            self.broken += 1
            await self._say(client, b"502 Bad Gateway")

    async def _say(self, client: asyncio.StreamWriter, status: bytes) -> None:
        client.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await client.drain()

    def _next(self, refused: set[int]) -> int | None:
        """Healthy ones in turn; where none is known to be, any that has not refused yet."""
        left = [port for port in self.ports if port not in refused]
        choice = [port for port in left if port not in self._down] or left
        if not choice:
            return None
        self._turn += 1
        return choice[self._turn % len(choice)]
