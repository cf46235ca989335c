"""A headless Chromium, servers as processes of their own, and a guard that nothing is loaded from elsewhere."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.browser.server import reachable

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[2]


class Server:
    """One process of the web chat."""

    def __init__(self, database: str, patience: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._patience = patience
        self._command = [sys.executable, "-m", "tests.browser.server", str(self.port), database, str(patience)]
        self.start()

    def start(self) -> None:
        """Start, or start again on the same port."""
        self._process = subprocess.Popen(self._command, cwd=ROOT)
        reachable(self.port)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile answers are looked for and not found."""
        self._patience.touch()
        try:
            yield
        finally:
            self._patience.unlink()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop and wait for the end."""
        self._process.send_signal(how)
        self._process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Skips where there is no Chromium; in continuous integration that is a failure."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("no chromium here: apt-get install chromium (make browser)")
    # ends with the module: while it lasts, no asyncio test can run in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database for all processes of the module."""
    return f"sqlite:///{tmp_path_factory.mktemp('browser') / 'chat.db'}"


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that stays up."""
    server = Server(database, tmp_path_factory.mktemp("patience") / "patience")
    yield server
    server.stop()


@pytest.fixture
def other_server(database: str, tmp_path: Path) -> Iterator[Server]:
    """Another process with the same database; may be stopped and started."""
    server = Server(database, tmp_path / "patience")
    yield server
    server.stop()


Visit = Callable[..., BrowserContext]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visit]:
    """Makes visitors with a browser of their own. A request to any other host, or an error in the console, fails."""
    foreign: list[str] = []
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def watch(request: Request) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            foreign.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        # what a browser says by itself about a server that is down or refuses is expected
        if message.type == "error" and "Failed to load resource" not in message.text:
            errors.append(message.text)

    def visit(**options: Any) -> BrowserContext:
        # while a page glides, a click that was aimed at a button may come down beside it
        context = browser.new_context(locale="vi-VN", **{"reduced_motion": "reduce", **options})
        context.set_default_timeout(10_000)
        context.on("request", watch)
        context.on("console", listen)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield visit
    for context in contexts:
        context.close()
    assert foreign == []
    assert errors == []


@pytest.fixture
def page(visitor: Visit, server: Server) -> Page:
    """A new visitor on the page, on a small telephone."""
    page = visitor(viewport={"width": 360, "height": 740}).new_page()
    page.goto(server.url)
    return page


OLD = """
delete AbortSignal.timeout; delete AbortSignal.any;
delete Array.prototype.at; delete Array.prototype.findLast; delete String.prototype.replaceAll; delete Object.hasOwn;
delete window.structuredClone; delete Crypto.prototype.randomUUID; delete SubmitEvent.prototype.submitter;
delete Element.prototype.replaceChildren; delete CSS.escape; delete Promise.any;
"""
"""What a telephone of 2019 lacks of what our scripts could be tempted to use."""
