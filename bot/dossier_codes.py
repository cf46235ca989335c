"""Reading dossier codes as people type them, as OCR sees them, and as the QR code of the slip says them.

A code is `<unit>-<yymmdd>-<serial>` since 2018 ("H05.12-260715-0007", "000.00.06.H56-231027-0361"), or the older
form of the province ("BG.TNH01A.150622.39558"). Look-alikes are mended only where digits must stand.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from rapidfuzz.distance import DamerauLevenshtein

LONGEST: Final = 48
SHORTEST_PART: Final = 8
"""Characters without separators of the shortest text that may stand for a code without its prefix."""

_CANONICAL: Final = re.compile(r"(?:\d{3}\.\d\d\.\d\d\.)?[A-Z]\d\d(?:\.[A-Z0-9]{1,4}){0,4}-\d{6}-\d{4,7}")
_OLD_CANONICAL: Final = re.compile(r"[A-Z]{2}\.[A-Z]{3}\d\d[A-Z]\.\d{6}\.[A-Z]?\d{1,6}")
_D: Final = "[0-9OQIL]"
_N: Final = "[0-9OQIL|]"
"""A bar is a one only inside: QR codes separate with it what else stands on the slip."""
_DOT: Final = r"(?:\s*[.,·/-]{1,3}\s*|\s+)"
_DASH: Final = _DOT
"""People put dots, dashes and spaces where they like."""
_SERIAL: Final = rf"{_D}{_N}{{2}}{_D}{{1,4}}"
_LONG: Final = rf"{_N}{{3}}{_DOT}{_N}{{2}}{_DOT}{_N}{{2}}{_DOT}"
_PART: Final = rf"(?:\s*[.,·/]{{1,3}}\s*[A-Z0-9|]{{1,4}}|(?:\s*-{{1,3}}\s*|\s+){_N}{{2,3}}(?=[\s.,·/-]))"
_NEW: Final = re.compile(
    rf"(?<![A-Z0-9.])((?:{_LONG})?[A-Z]{_N}{{2}}{_PART}{{0,4}}){_DASH}({_N}{{6}}){_DASH}({_SERIAL})(?![A-Z0-9])"
)
_OLD: Final = re.compile(
    rf"(?<![A-Z0-9.])([A-Z]{{2}}){_DOT}?([A-Z]{{3}}{_D}{{2}}[A-Z]){_DOT}({_D}{{6}}){_DOT}([A-Z]?{_D}{{1,6}})(?![A-Z0-9])"
)
_UNDIVIDED: Final = re.compile(rf"(?<![A-Z0-9.])([A-Z]{_D}{{2}})\.?({_D}{{10,17}})(?![A-Z0-9])")
"""A code without any dash."""
_PARTIAL: Final = re.compile(
    rf"(?<![A-Z0-9.])(?:({_D}{{2,3}}){_DASH})?({_D}{{6}})(?:\s*-{{1,3}}\s*|\s+)({_SERIAL})(?![A-Z0-9])"
)
_UNIT: Final = (0, 2, 3)
"""Digits of the unit that may stand between the province and the day of a code without any dash."""
_SIGN: Final = "[ .,/_‐-―−⸺⸻-]"
_SEPARATOR: Final = _SIGN + "{1,4}"
_DATE: Final = r"(?:1[4-9]|2\d|3[0-5])(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
WRITTEN: Final = (
    r"[a-zнη][\doilо]{2}(?:[.,][\da-z]{1,4}){0,4}\s*[-‐-―−]{1,3}\s*[\doilо]{6}\s*[-‐-―−]{1,3}\s*[\doilо]{4,7}"
    rf"|[a-z]{{2}}{_SIGN}{{0,4}}[a-z]{{3}}[\doil]{{2}}[a-z]{_SEPARATOR}[\doil]{{6}}{_SEPARATOR}[a-z]?\d{{1,6}}"
    # separated loosely or not at all: then the middle must be a day, which no telephone number is
    rf"|(?<![\da-z])[a-zнη][\doо]{{2}}(?:{_SEPARATOR}\d{{1,3}}){{0,4}}{_SEPARATOR}{_DATE}{_SEPARATOR}\d{{4,7}}(?!\d)"
    rf"|(?<![\da-z])[a-zнη][\doо]{{2}}\.?\d{{0,3}}{_DATE}\d{{4}}(?!\d)"
)
"""A code as it stands in raw text, in any case: what must not be taken for a phone number."""
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−⁃﹘﹣－_~⸺⸻"), "-")
_LETTERS: Final = str.maketrans("АВЕЅІКМНОРСТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIKMHOPCTXYABEZHIKMNOPTYX")
"""Cyrillic and Greek capitals that look like Latin ones."""
_LOOKS_LIKE: Final = str.maketrans("OQIL|", "00111")


def find(text: str) -> str | None:
    """The whole code that a text names, normalised; None without one or with several."""
    return find_and_rest(text)[0]


def find_and_rest(text: str) -> tuple[str | None, str]:
    """The whole code that a text names, and what else stands there, in capitals."""
    upper = _prepared(text)
    torn = re.sub(r"\s", "", upper)
    # also nothing but a code, torn apart: "H05.12-2607 15-00 07"; or without any dash
    ways = [(upper, _all_in), (torn, _all_in), (upper, _undivided)]
    if len(torn) <= LONGEST:
        ways.append((torn, _undivided))
    for whole, read in ways:
        found = list(read(whole))
        if codes := {code for code, _ in found}:
            if len(codes) > 1:
                return None, text
            for _, (begin, end) in reversed(found):
                whole = f"{whole[:begin]} {whole[end:]}"  # noqa: PLW2901 - taken out one by one
            return codes.pop(), whole
    return None, text


def partial(text: str) -> tuple[str | None, str]:
    """The part of a code from its day on, or from the unit before it ("12-260715-0007"), and what else stands there."""
    upper = _prepared(text)
    found = [match for match in _PARTIAL.finditer(upper) if _plausible(match.group(2).translate(_LOOKS_LIKE))]
    if len(found) != 1:
        return None, text
    parts = [part.translate(_LOOKS_LIKE) for part in found[0].groups() if part]
    return "-".join(parts), f"{upper[: found[0].start()]} {upper[found[0].end() :]}"


def find_or_part(text: str) -> str | None:
    """The whole code that a text names, else the part of one."""
    return find(text) or partial(text)[0]


def is_part(text: str) -> bool:
    """Whether a text is part of a code and nothing else."""
    code, rest = partial(text)
    return code is not None and not rest.strip(" .,;|")


def completed(part: str, prefixes: Iterable[str]) -> list[str]:
    """The whole codes that part of one may be, with each prefix ("H05" or "H05.12"); a whole one is itself."""
    if normal(part):
        return [part]
    unit, day = (part[: -len(rest)].rstrip("-"), rest) if (rest := part[part.rindex("-") - 6 :]) else ("", part)
    codes = []
    for prefix in prefixes:
        whole = prefix if not unit or prefix.endswith(f".{unit}") else f"{prefix}.{unit}"
        if code := normal(f"{whole}-{day}"):
            codes.append(code)
    return list(dict.fromkeys(codes))


def normal(code: str) -> str | None:
    """The code that a system sent, normalised; None where it is none. Nothing around it is allowed."""
    upper = re.sub(r"\s", "", _prepared(code, linked=False))
    old = _OLD_CANONICAL.fullmatch(upper)
    if len(upper) > LONGEST or not (_CANONICAL.fullmatch(upper) or old):
        return None
    dated = _dated(upper.split(".")[2] if old else upper.split("-")[1])
    return upper if dated else None


def as_sent(code: str) -> str | None:
    """Like `normal`, also for part of a code as `partial` gives it: what links carry, which anybody may write."""
    found = normal(code)
    return found or (code if partial(code)[0] == code else None)


def among(text: str, codes: Iterable[str]) -> str | None:
    """The one of a few known codes that a text means, though its prefix, separators or one character are wrong.

    Only for codes that the asking person may see: among all codes this would tell which exist.
    """
    typed = _bare(_prepared(text).strip("| "))
    if len(typed) < SHORTEST_PART:
        return None
    known = {code: _bare(code) for code in codes}
    for fits in (
        lambda bare: bare == typed,
        lambda bare: bare.endswith(typed),
        lambda bare: DamerauLevenshtein.distance(bare, typed, score_cutoff=1) <= 1,
    ):
        found = [code for code, bare in known.items() if fits(bare)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def token(code: str) -> str:
    """A code as the payload of a deep link ("d_H05_12-260715-0007"): letters, digits, - and _ only."""
    return "d_" + code.replace(".", "_")


def from_token(payload: str) -> str | None:
    """The code of a deep link's payload; None where it is none."""
    return normal(payload[2:].replace("_", ".")) if payload[:2] in ("d_", "D_") else None


def _prepared(text: str, *, linked: bool = True) -> str:
    """Upper case, plain letters, digits and dashes, nothing invisible; QR codes of slips hold links."""
    plain = unicodedata.normalize("NFKC", unquote(text) if linked else text).upper()
    visible = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return visible.translate(_DASHES).translate(_LETTERS)


def _all_in(upper: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The codes in a text and where they stand."""
    for match in _OLD.finditer(upper):
        unit, kind, day, serial = match.groups()
        if serial[0] not in "OQL":  # "I4" was filed online
            serial = serial[0] + serial[1:].translate(_LOOKS_LIKE)
        mended = f"{kind[:3]}{kind[3:5].translate(_LOOKS_LIKE)}{kind[5]}"
        code = f"{unit}.{mended}.{day.translate(_LOOKS_LIKE)}.{serial}"
        if normal(code) == code:
            yield code, match.span()
    for match in _NEW.finditer(upper):
        unit, day, serial = match.groups()
        parts = [part for part in re.split(r"[\s.,·/-]+", unit) if part]
        mended = ".".join(_mended(part) for part in parts)
        code = f"{mended}-{day.translate(_LOOKS_LIKE)}-{serial.translate(_LOOKS_LIKE)}"
        if normal(code) == code:
            yield code, match.span()


def _undivided(upper: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Codes without any dash, each where it can be divided in one way only."""
    for match in _UNDIVIDED.finditer(upper):
        province, digits = _mended(match.group(1)), match.group(2).translate(_LOOKS_LIKE)
        ways = [
            f"{province}{'.' if unit else ''}{digits[:unit]}-{digits[unit : unit + 6]}-{digits[unit + 6 :]}"
            for unit in _UNIT
            if _plausible(digits[unit : unit + 6]) and 4 <= len(digits) - unit - 6 <= 7
        ]
        if len(ways) == 1 and normal(ways[0]):
            yield ways[0], match.span()


def _mended(part: str) -> str:
    """Look-alikes to digits, except the letter of a province or ministry ("HO5" → "H05")."""
    digits = part.translate(_LOOKS_LIKE)
    if digits.isdigit():
        return digits
    return part[0] + part[1:].translate(_LOOKS_LIKE) if part[1:].translate(_LOOKS_LIKE).isdigit() else part


def _plausible(yymmdd: str) -> bool:
    """Whether six digits are surely a day: of the years in which such codes were given."""
    return re.fullmatch(_DATE, yymmdd) is not None


def _dated(yymmdd: str) -> bool:
    return "01" <= yymmdd[2:4] <= "12" and "01" <= yymmdd[4:6] <= "31"


def _bare(code: str) -> str:
    return re.sub(r"[^A-Z0-9|]", "", code).translate(_LOOKS_LIKE)
