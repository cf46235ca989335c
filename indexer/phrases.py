"""Residents' phrases: how people ask for each procedure, as files by agency, and what they ask that is not ours."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from knowledge_base.overrides import OverrideProblem, Phrase, lay_over
from knowledge_base.procedure import Procedure
from knowledge_base.text import nfc

DATA = Path(__file__).parent.parent / "knowledge_base" / "data"
PHRASES = DATA / "phrases"
OUT_OF_SCOPE = DATA / "questions" / "out_of_scope.txt"

Phrases = dict[str, list[str]]


class BadPhrases(Exception):  # noqa: N818 - says what is the matter
    """A phrase file cannot be used; the message names the file and what to correct."""


def read_phrases(folder: Path = PHRASES) -> Phrases:
    """All phrases by procedure code. A code in two files, or a file that is not {code: [phrase]}, is an error."""
    phrases: Phrases = {}
    for file in sorted(folder.glob("*.json")):
        try:
            found = msgspec.json.decode(file.read_bytes(), type=dict[str, list[str]])
        except msgspec.DecodeError as error:
            raise BadPhrases(f"{file}: expected {{code: [phrase, ...]}}; correct the file ({error})") from error
        twice = phrases.keys() & found.keys()
        if twice:
            raise BadPhrases(f"{file}: {min(twice)} is in another phrase file too; keep it in one")
        phrases |= {code: list(dict.fromkeys(map(nfc, lines))) for code, lines in found.items()}
    return phrases


def read_out_of_scope(file: Path = OUT_OF_SCOPE) -> list[str]:
    """Messages that no procedure answers, one a line; lines that start with # are comments."""
    lines = map(nfc, file.read_text(encoding="utf-8").splitlines()) if file.exists() else []
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def with_linked(
    phrases: Phrases, procedures: Iterable[Procedure], linked: Sequence[Phrase]
) -> tuple[Phrases, tuple[OverrideProblem, ...]]:
    """The phrases with those that staff linked, and the links that lead nowhere any more."""
    overlay = lay_over(procedures, linked)
    merged = {code: list(lines) for code, lines in phrases.items()}
    for code, lines in overlay.phrases.items():
        merged[code] = list(dict.fromkeys([*merged.get(code, ()), *map(nfc, lines)]))
    return merged, overlay.problems
