"""What passes between a channel and the conversation. Imports nothing of ours.

A channel turns whatever its supplier sends into an `Incoming`, hands it over, and renders the `Reply` that comes
back. Neither side knows anything else of the other.
"""

from typing import Literal

import msgspec


class Contact(msgspec.Struct, frozen=True):
    """A person on one channel; `id` is the channel's own identifier of the chat, as text."""

    channel: str
    id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.id}"


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person did.

    `message_id` is the supplier's id, unique within the contact: the same id twice is a redelivery.
    Exactly one of `text` (typed, any Unicode form), `pressed` (the `link` of a Choice) or `other` (something we
    cannot read: "photo", "voice", "sticker", "location", "file", "contact" (somebody's telephone number)) is set.
    """

    contact: Contact
    message_id: str
    text: str | None = None
    pressed: str | None = None
    other: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """A button. `label` is for people; `link` names a page with its arguments and is at most 64 bytes of ASCII.

    A link stays valid for years, survives restarts and is user input like any text. `style` "item" marks the
    rows of a list (long labels, one a line); "action" what one does next (short labels, may share a row).
    """

    label: str
    link: str
    style: Literal["item", "action"] = "action"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What to say: paragraphs of plain text, then choices.

    `paragraphs` are the units between which a channel may split a long text; one paragraph (a paper, say) is
    never cut as long as it alone fits into a message. No markup: a channel that can, shows the first line of a
    paragraph that starts with "# " in bold and drops the "# "; the others just drop it.
    `replaces` allows a channel that can to edit the message whose button was pressed instead of sending a new
    one (a ticked checklist); others send it anew.
    """

    paragraphs: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    replaces: bool = False


def split(paragraphs: tuple[str, ...], limit: int, gap: str = "\n\n") -> list[str]:
    """Pack paragraphs into messages of at most `limit` characters, cutting between paragraphs.

    A paragraph longer than `limit` is cut at line ends, then at spaces, then anywhere: nothing is ever dropped.
    Lengths are counted in UTF-16 code units, the stricter way in which Telegram counts.
    """
    messages: list[str] = []
    current = ""
    for paragraph in paragraphs:
        for piece in _pieces(paragraph, limit):
            joined = current + gap + piece if current else piece
            if length(joined) <= limit:
                current = joined
            else:
                messages.append(current)
                current = piece
    if current:
        messages.append(current)
    return messages


def length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def _pieces(paragraph: str, limit: int) -> list[str]:
    pieces = []
    while length(paragraph) > limit:
        window = paragraph.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
        cut = max(window.rfind("\n"), 0) or max(window.rfind(" "), 0) or len(window)
        pieces.append(paragraph[:cut].rstrip())
        paragraph = paragraph[cut:].lstrip()
    if paragraph:
        pieces.append(paragraph)
    return pieces
