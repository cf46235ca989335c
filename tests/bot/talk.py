"""Plays the conversations of `tests/conversations` against anything that one can talk to.

The language is described in `tests/conversations/README.md`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parent.parent / "conversations"
CONVERSATIONS = sorted(FOLDER.glob("*.txt"))
WITH_OFFICER = sorted((FOLDER / "officer").glob("*.txt"))
"""Those in which an officer takes part: only where somebody can be written to unasked, and at the hour they name."""


class Person(Protocol):
    """A resident in front of one channel."""

    def types(self, text: str) -> None:
        """Send typed text and wait for the answer."""

    def tells(self, text: str) -> None:
        """Send typed text that is for an officer, and wait until it is dealt with; nothing is to be read then."""

    def presses(self, label: str) -> None:
        """Press the newest button that begins with this label and wait for the answer."""

    def reads(self) -> str:
        """The text of the last answer."""

    def buttons(self) -> list[str]:
        """The labels of the last answer."""


def play(path: Path, person: Person, restart: Callable[[], None], arrange: Callable[[str], object]) -> None:
    """Play one conversation; a failed expectation names file and line, and shows what was read.

    `arrange` does what stands after "!", but for a restart.
    """
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        where = f"{path.name}:{number}: {line}"
        if not line or line.startswith("# "):
            continue
        if line == "!restart":
            restart()
        elif line.startswith("!"):
            arrange(line[1:])
        elif line.startswith(">> "):
            person.presses(line[3:])
        elif line.startswith(">| "):
            person.tells(line[3:])
            assert not person.reads(), _failure(where, person)
        elif line.startswith("> "):
            person.types(line[2:])
        elif line.startswith("<! "):
            assert _plain(line[3:]) not in _plain(person.reads()), _failure(where, person)
        elif line.startswith("< "):
            assert _plain(line[2:]) in _plain(person.reads()), _failure(where, person)
        elif line.startswith("[!"):
            assert not _offered(line[2:-1], person), _failure(where, person)
        elif line.startswith("["):
            assert _offered(line[1:-1], person), _failure(where, person)
        else:
            raise ValueError(f"{where}: not a line of a conversation, see tests/conversations/README.md")


def _offered(label: str, person: Person) -> bool:
    return any(_plain(button).startswith(_plain(label)) for button in person.buttons())


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _failure(where: str, person: Person) -> str:
    return f"{where}\n--- was read:\n{person.reads()}\n--- buttons: {person.buttons()}"
