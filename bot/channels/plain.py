"""Replies as plain text, for channels without mark-up: choices become a numbered list to answer from."""

import unicodedata

from bot.messages import Choice, Reply, split

CHOOSE = "Nhắn số để chọn:"


def numbered(reply: Reply, limit: int) -> list[str]:
    """The messages of a reply, each at most `limit` UTF-16 units; the choices stand at the end as "[1] …".

    Every choice is listed, also where buttons are sent beside the text: the number always works.
    """
    paragraphs = [_clean(paragraph).removeprefix("# ") for paragraph in reply.paragraphs]
    if reply.choices:
        paragraphs.append(menu(reply.choices))
    return split(tuple(paragraph for paragraph in paragraphs if paragraph.strip()), limit)


def menu(choices: tuple[Choice, ...]) -> str:
    """The numbered list of the choices."""
    lines = (f"[{number}] {' '.join(_clean(choice.label).split())}" for number, choice in enumerate(choices, 1))
    return "\n".join((CHOOSE, *lines))


def _clean(text: str) -> str:
    """Whole characters only, composed: suppliers count and refuse by code units."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", whole).replace("\0", "")
