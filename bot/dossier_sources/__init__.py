"""Reading what other systems say about dossiers. The shape is chosen by what a file holds, never by its name.

Every reader gives rows: a Change, or the reasons why the row can't be used. A bad row loses no other; what was not read
at all is told too.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot.dossier_sources.fields import Bad, Good, Problem, Row, Skipped, Unreadable
from bot.dossier_sources.json_shapes import read_json
from bot.dossier_sources.sheets import read_csv, read_xlsx
from bot.dossier_sources.texts import decoded
from bot.personal import Hasher

__all__ = ["Bad", "Good", "Problem", "Row", "Skipped", "Unreadable", "read"]


def read(path: Path, hasher: Hasher, now: datetime) -> Iterator[Row]:
    """The rows of a file, numbered as in the file; raises Unreadable with what to do where it has no known shape."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} can't be opened ({error.strerror}): check the name and the rights") from error
    if data.startswith(b"PK\x03\x04"):
        return read_xlsx(data, path, hasher, now)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"{path} is an old .xls workbook, or one with a password: save it as plain .xlsx")
    text, guess = decoded(data, path)
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return read_json(text.lstrip("\ufeff"), hasher, now)
    return read_csv(text, path, hasher, now, guess)
