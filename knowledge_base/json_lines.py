"""Files of JSON, one value a line, as people and scripts write them: a bad line costs the others nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Line(NamedTuple):
    """One line: its value, or the problem with it."""

    number: int
    value: Any
    problem: str = ""


def json_lines(file: Path) -> Iterator[Line]:
    """Every line that is not blank; a byte order mark and Windows' line ends are no problem."""
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield Line(number, json.loads(text))
            except UnicodeDecodeError as error:
                yield Line(number, None, f"not UTF-8 (byte {error.start + 1}); save the file as UTF-8")
            except RecursionError:
                yield Line(number, None, "JSON that is nested too deeply")
            except ValueError as error:  # also a number with thousands of digits
                yield Line(number, None, f"not JSON ({error})")


def whole(text: str) -> str:
    """`text` with halves of characters ("\\\\ud83d" alone) replaced: they can be neither stored nor written."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
