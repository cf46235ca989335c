"""Reading dossier codes as people type them, as OCR sees them, and as the QR code of the slip says them.

A code is `<unit>-<yymmdd>-<serial>` since 2018 ("H05.12-260715-0007", "000.00.06.H56-231027-0361"), or the older
form of the province ("BG.TNH01A.150622.39558"). Look-alikes are mended only where digits must stand.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from rapidfuzz.distance import DamerauLevenshtein

LONGEST: Final = 48
SHORTEST_PART: Final = 8
"""Characters without separators of the shortest text that may stand for a code without its prefix."""

_CANONICAL: Final = re.compile(r"(?:\d{3}\.\d\d\.\d\d\.)?[A-Z]\d\d(?:\.[A-Z0-9]{1,4}){0,4}-\d{6}-\d{4,7}")
_OLD: Final = re.compile(
    r"(?<![A-Z0-9.])([A-Z]{2})\s*\.\s*([A-Z]{3}\d\d[A-Z])\s*\.\s*(\d{6})\s*\.\s*([A-Z]?\d{1,6})(?![A-Z0-9])"
)
_N: Final = "[0-9OQIL|]"
_DOT: Final = r"(?:\s*[.,·-]\s*|\s+)"
_DASH: Final = _DOT
"""People put dots, dashes and spaces where they like."""
_LONG: Final = rf"{_N}{{3}}{_DOT}{_N}{{2}}{_DOT}{_N}{{2}}{_DOT}"
_PART: Final = rf"(?:\s*[.,·]\s*[A-Z0-9|]{{1,4}}|(?:\s*-\s*|\s+){_N}{{2,3}}(?=[\s.,·-]))"
_NEW: Final = re.compile(
    rf"(?<![A-Z0-9.|])((?:{_LONG})?[A-Z]{_N}{{2}}{_PART}{{0,4}}){_DASH}({_N}{{6}}){_DASH}({_N}{{4,7}})(?![A-Z0-9|])"
)
WRITTEN: Final = (
    r"[a-z][\doil]{2}(?:[.,][\da-z]{1,4}){0,4}\s*[-‐-―−]\s*[\doil]{6}\s*[-‐-―−]\s*[\doil]{4,7}"
    r"|[a-z]{2}\.[a-z]{3}\d\d[a-z]\.\d{6}\.[a-z]?\d{1,6}"
    # separated loosely: then the middle must be a day, which no telephone number is
    r"|(?<![\da-z])[a-z]\d\d(?:[ .,-]{1,3}\d{1,3}){0,4}[ .,-]{1,3}"
    r"(?:1[4-9]|2\d|3[0-5])(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ .,-]{1,3}\d{4,7}(?!\d)"
)
"""A code as it stands in raw text, in any case: what must not be taken for a phone number."""
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−⁃﹘﹣－_~"), "-")
_LOOKS_LIKE: Final = str.maketrans("OQIL|", "00111")


def find(text: str) -> str | None:
    """The whole code that a text names, normalised; None without one or with several."""
    upper = _prepared(text)
    found = {code for code in _all_in(upper) if code}
    if not found:
        # nothing but a code, torn apart: "H05.12-2607 15-00 07"
        found = {code for code in _all_in(re.sub(r"\s", "", upper)) if code}
    return found.pop() if len(found) == 1 else None


def normal(code: str) -> str | None:
    """The code that a system sent, normalised; None where it is none. Nothing around it is allowed."""
    upper = re.sub(r"\s", "", unicodedata.normalize("NFKC", code).upper().translate(_DASHES))
    old = _OLD.fullmatch(upper)
    if len(upper) > LONGEST or not (_CANONICAL.fullmatch(upper) or old):
        return None
    dated = _dated(upper.split(".")[2] if old else upper.split("-")[1])
    return upper if dated else None


def among(text: str, codes: Iterable[str]) -> str | None:
    """The one of a few known codes that a text means, though its prefix, separators or one character are wrong.

    Only for codes that the asking person may see: among all codes this would tell which exist.
    """
    typed = _bare(_prepared(text))
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


def _prepared(text: str) -> str:
    """Upper case, plain digits and dashes; QR codes of slips hold links."""
    return unicodedata.normalize("NFKC", unquote(text)).upper().translate(_DASHES).replace("\u200b", "")


def _all_in(upper: str) -> Iterable[str]:
    for match in _OLD.finditer(upper):
        if _dated(match.group(3)):
            yield ".".join(match.groups())
    for match in _NEW.finditer(upper):
        unit, day, serial = match.groups()
        parts = [part for part in re.split(r"[\s.,·-]+", unit) if part]
        mended = ".".join(_mended(part) for part in parts)
        code = f"{mended}-{day.translate(_LOOKS_LIKE)}-{serial.translate(_LOOKS_LIKE)}"
        if _CANONICAL.fullmatch(code) and _dated(code.split("-")[1]) and len(code) <= LONGEST:
            yield code


def _mended(part: str) -> str:
    """Look-alikes to digits, except the letter of a province or ministry ("HO5" → "H05")."""
    digits = part.translate(_LOOKS_LIKE)
    if digits.isdigit():
        return digits
    return part[0] + part[1:].translate(_LOOKS_LIKE) if part[1:].translate(_LOOKS_LIKE).isdigit() else part


def _dated(yymmdd: str) -> bool:
    return "01" <= yymmdd[2:4] <= "12" and "01" <= yymmdd[4:6] <= "31"


def _bare(code: str) -> str:
    return re.sub(r"[^A-Z0-9|]", "", code).translate(_LOOKS_LIKE)
