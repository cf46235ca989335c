"""From the bytes of a text file to its text, whichever program wrote it."""

import unicodedata
from pathlib import Path
from typing import Final

from bot.dossier_sources.fields import Unreadable

LOOKED_AT: Final = 4000
"""Bytes from whose zeros an UTF-16 file without its mark is known."""


def decoded(data: bytes, path: Path) -> tuple[str, str]:
    """The text, and a word about how it was read where that is a guess; raises Unreadable."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), ""
        if order := _unmarked(data):
            return data.decode(order), ""
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    try:
        # Windows' old Vietnamese table, in which marks follow their letters
        return unicodedata.normalize("NFC", data.decode("cp1258")), "was read as Windows-1258: check the names"
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is neither UTF-8 nor UTF-16: save it as CSV UTF-8") from None


def _unmarked(data: bytes) -> str:
    """The byte order of UTF-16 without its mark: every other byte of plain letters is zero."""
    start = data[: LOOKED_AT // 2 * 2]
    half = len(start) // 2
    if half and start[1::2].count(0) > half // 3 and not start[::2].count(0):
        return "utf-16-le"
    if half and start[::2].count(0) > half // 3 and not start[1::2].count(0):
        return "utf-16-be"
    return ""
