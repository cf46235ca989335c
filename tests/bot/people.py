"""Residents in front of each channel, for the conversations: they type, press and read as on the real thing."""

import asyncio
import hashlib
import html
import os
import re
import socket
import threading
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, TextIO, TypeVar

import httpx
import uvicorn
from sqlalchemy import Engine
from starlette.applications import Starlette

from bot.app import Threaded
from bot.channels import NotYetSeen
from bot.channels.telegram import Telegram, TelegramSettings
from bot.channels.terminal import Terminal
from bot.channels.webchat import COOKIE, WebChat
from bot.deliver import Send
from bot.dialogue.privacy import conceal
from bot.messages import Contact, Reply
from bot.notice_records import TemplateData
from bot.receive import Receiver
from bot.storage.transcripts import TranscriptStore
from tests.bot.talk import Person
from tests.fakes.telegram import TOKEN, FakeTelegram

Result = TypeVar("Result")
NewProcess = Callable[[], tuple[Receiver, Engine]]
"""Builds a receiver on the same database: what a new process does."""


Deliver = Callable[[Contact, Send], Coroutine[Any, Any, None]]
"""Delivers what is due to a contact, in the loop of the channel."""


class Resident(Person, Protocol):
    """A person whose assistant can be stopped and started anew; for kill -9 see test_kill.py."""

    @property
    def contact(self) -> Contact:
        """Who they are to the office."""

    def hears(self, deliver: Deliver) -> None:
        """Get what is sent unasked: it is what was read last."""

    def restart(self) -> None:
        """One process ends and another one takes over."""

    def leave(self) -> None:
        """End the conversation."""


class Background:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run in the loop and wait for the result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def stop(self) -> None:
        """Stop the loop; whatever still runs in it is dropped, as when a process dies."""

        async def cancel() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def _pipe() -> tuple[TextIO, TextIO]:
    """The two ends of a pipe: to read from, to write to."""
    read, write = os.pipe()
    return os.fdopen(read, encoding="utf-8"), os.fdopen(write, "w", encoding="utf-8")


class AtTerminal:
    """Types into a terminal and reads what it prints."""

    def __init__(self, new_process: NewProcess) -> None:
        self._new_process = new_process
        self.contact = Contact("terminal", "somebody")
        self._start()

    def _start(self) -> None:
        read, self._typed = _pipe()
        self._printed, write = _pipe()
        threaded = Threaded(self._new_process()[0], workers=1)
        terminal = Terminal(threaded.receive, read, write, self.contact, sent=threaded.sent)

        def talk() -> None:
            with read, write:
                asyncio.run(terminal.run(opening=None))

        self._thread = threading.Thread(target=talk, daemon=True)
        self._thread.start()
        self._answer = ""
        self._until_prompt()

    def types(self, text: str) -> None:
        self._typed.write(text + "\n")
        self._typed.flush()
        self._answer = self._until_prompt()

    def tells(self, text: str) -> None:
        self.types(text)

    def hears(self, deliver: Deliver) -> None:
        raise NotImplementedError("nobody is written to unasked in a terminal")

    def _until_prompt(self) -> str:
        said = ""
        while not said.endswith("\n> "):
            character = self._printed.read(1)
            assert character, f"the terminal has gone; it said last: {said[-500:]}"
            said += character
        return said[: -len("\n> ")]

    def presses(self, label: str) -> None:
        number = next(n for n, button in enumerate(self.buttons(), 1) if button.startswith(label))
        self.types(str(number))

    def reads(self) -> str:
        return re.split(r"\n  \[1\] ", self._answer)[0]

    def buttons(self) -> list[str]:
        return re.findall(r"^  \[\d+\] (.*)$", self._answer, re.MULTILINE)

    def restart(self) -> None:
        answer = self._answer
        self.leave()
        self._start()
        self._answer = answer

    def leave(self) -> None:
        self._typed.close()
        self._thread.join()
        self._printed.close()


class OnTelegram:
    """Writes to the bot through the fake Bot API; the bot polls it."""

    CHAT = 4711

    def __init__(self, new_process: NewProcess) -> None:
        self._new_process = new_process
        self.contact = Contact("telegram", str(self.CHAT))
        self._telegram = FakeTelegram()
        self._telegram.__enter__()
        self._start()

    def _start(self) -> None:
        self._background = Background()
        threaded = Threaded(self._new_process()[0], workers=2)
        settings = TelegramSettings(token=TOKEN, base_url=self._telegram.base_url, chat_burst=1000, poll_timeout=1)
        self._channel = Telegram(settings, threaded.receive, sent=threaded.sent)
        self._background.run(self._channel.start())

    def types(self, text: str) -> None:
        self._answered_after(lambda: self._telegram.user_sends(self.CHAT, text))

    def presses(self, label: str) -> None:
        button = next(button for button in self.buttons() if button.startswith(label))
        self._answered_after(lambda: self._telegram.user_taps(self.CHAT, button))

    def tells(self, text: str) -> None:
        before = len(self._telegram.messages(self.CHAT))
        self._telegram.user_sends(self.CHAT, text)
        self._telegram.wait_until(lambda: self._telegram.pending() == 0)
        self._new = self._telegram.messages(self.CHAT)[before:]

    def hears(self, deliver: Deliver) -> None:
        async def send(contact: Contact, reply: Reply, _data: TemplateData) -> str:
            return await self._channel.send(contact, reply)

        before = len(self._telegram.messages(self.CHAT))
        self._background.run(deliver(self.contact, send))
        self._new = self._telegram.messages(self.CHAT)[before:]

    def _answered_after(self, act: Callable[[], object]) -> None:
        said = self._said()
        before = len(self._telegram.messages(self.CHAT))
        act()
        self._telegram.wait_until(lambda: self._said() > said and self._telegram.pending() == 0)
        # an edited message is the answer itself; otherwise the answer is everything that is new
        self._new = self._telegram.messages(self.CHAT)[before:] or self._telegram.messages(self.CHAT)[-1:]

    def _said(self) -> int:
        return len(self._telegram.called("sendMessage")) + len(self._telegram.called("editMessageText"))

    def reads(self) -> str:
        return "\n".join(message.text for message in self._new)

    def buttons(self) -> list[str]:
        messages = self._telegram.messages(self.CHAT)
        return messages[-1].labels if messages else []

    def restart(self) -> None:
        self._stop()
        self._start()

    def leave(self) -> None:
        self._stop()
        self._telegram.__exit__()

    def _stop(self) -> None:
        self._background.run(self._channel.stop())
        self._background.stop()


class InWebChat:
    """Posts to the web chat as its page does, over HTTP."""

    def __init__(self, new_process: NewProcess) -> None:
        self._new_process = new_process
        self._page = httpx.Client(timeout=30)
        self._html = ""
        self._start()
        self._page.get(self._url + "/").raise_for_status()

    def _start(self) -> None:
        self._background = Background()
        receiver, engine = self._new_process()
        threaded = Threaded(receiver, workers=2)
        self._webchat = WebChat(
            threaded.receive,
            TranscriptStore(engine),
            sent=threaded.sent,
            centre_name="Trung tâm",
            conceal=conceal,
            messages_per_minute=1000,
            look_every=0.01,
        )
        app = Starlette(routes=self._webchat.routes())
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        listening = socket.create_server(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._serving = asyncio.run_coroutine_threadsafe(self._server.serve([listening]), self._background.loop)

    def types(self, text: str) -> None:
        self._post({"text": text})

    def tells(self, text: str) -> None:
        self._post({"text": text})

    @property
    def contact(self) -> Contact:
        """The cookie is the browser's secret; the visitor is known by its digest."""
        return Contact("web", hashlib.sha256(self._page.cookies[COOKIE].encode()).hexdigest())

    def hears(self, deliver: Deliver) -> None:
        async def send(contact: Contact, reply: Reply, data: TemplateData) -> str:
            with suppress(NotYetSeen):
                await self._webchat.send(contact, reply, data.reference)
            await asyncio.to_thread(self._page.get, self._url + "/")  # the page is opened again
            await self._webchat.send(contact, reply, data.reference)
            return ""

        before = self._turns_shown()
        self._background.run(deliver(self.contact, send))
        self._html = "".join(turn for number, turn in self._turns_shown().items() if number not in before)

    def _turns_shown(self) -> dict[str, str]:
        turns = self._page.get(self._url + "/").text.split('<div class="turn" data-number="')[1:]
        return {turn.partition('"')[0]: turn for turn in turns}

    def presses(self, label: str) -> None:
        number, link = next(value.split(" ", 1) for value, button in self._choices() if button.startswith(label))
        self._post({"pressed": link, "on": int(number)})

    def _post(self, message: dict[str, object]) -> None:
        origin = {"Origin": self._url}
        answer = self._page.post(self._url + "/chat/messages", json={"id": uuid.uuid4().hex, **message}, headers=origin)
        answer.raise_for_status()
        self._html = answer.json()["exchanges"][0]["html"]

    def reads(self) -> str:
        articles = " ".join(re.findall(r"<article[^>]*>(.*?)</article>", self._html, re.DOTALL))
        return html.unescape(re.sub(r"<[^>]+>", " ", articles)).strip()

    def _choices(self) -> list[tuple[str, str]]:
        found = re.findall(r'name="pressed" value="([^"]*)">([^<]*)</button>', self._html)
        return [(html.unescape(value), html.unescape(label)) for value, label in found]

    def buttons(self) -> list[str]:
        return [label for _, label in self._choices()]

    def restart(self) -> None:
        self._stop()
        self._start()

    def leave(self) -> None:
        self._stop()
        self._page.close()

    def _stop(self) -> None:
        self._server.should_exit = True
        self._serving.result(30)
        self._background.stop()
