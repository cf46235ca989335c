"""The assistant in a terminal: what a resident reads, with choices as numbers."""

import textwrap
import uuid
from typing import TextIO

from bot.channels import Receive, Sent
from bot.messages import Contact, Incoming, Reply

_wrap = textwrap.TextWrapper(width=100, break_long_words=False, break_on_hyphens=False)


def render(reply: Reply) -> str:
    """The reply as plain text: paragraphs wrapped to a readable width, choices numbered."""
    parts = []
    for paragraph in reply.paragraphs:
        lines = paragraph.removeprefix("# ").split("\n")
        parts.append("\n".join(_wrap.fill(line) for line in lines))
    if reply.choices:
        parts.append("\n".join(f"  [{number}] {choice.label}" for number, choice in enumerate(reply.choices, 1)))
    return "\n\n".join(parts)


class Terminal:
    """One conversation over a pair of text streams."""

    def __init__(self, receive: Receive, read: TextIO, write: TextIO, contact: Contact, *, sent: Sent) -> None:
        self._receive = receive
        self._read = read
        self._write = write
        self._contact = contact
        self._sent = sent

    async def run(self, opening: str | None = "/start") -> None:
        """Talk until the input ends or "thoát" is typed; begins as if `opening` had been typed, if given."""
        line = self._next() if opening is None else opening
        while line is not None:
            incoming = Incoming(contact=self._contact, message_id=uuid.uuid4().hex, text=line)
            reply = await self._receive(incoming)
            if reply is not None:
                self._write.write("\n" + render(reply) + "\n")
                await self._sent(incoming)
            line = self._next()

    def _next(self) -> str | None:
        self._write.write("\n> ")
        self._write.flush()
        line = self._read.readline()
        if not line or line.strip().lower() in ("thoát", "thoat", "exit", "quit"):
            return None
        return line.rstrip("\n")
