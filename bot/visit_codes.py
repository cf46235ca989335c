"""One-time visit codes of printed slips: "DG-7K4-9XQ-2PT". Random, and read as tolerantly as people type.

No vowel, no D and no W stands in a code: Vietnamese typing programs (telex, VNI) leave what is left alone, and no word
comes out by chance. O, I and L are taken for the digits they look like.
"""

import re
import secrets
import unicodedata
from typing import Final

ALPHABET: Final = "0123456789BCFGHJKMNPQRSTVXZ"
LENGTH: Final = 9
"""27^9 are 7.6 million million codes: ten thousand open ones are hit once in 760 million tries."""
_SIGN: Final = rf"[{ALPHABET}OIL]"
_GAP: Final = r"[\s.\-·:/]*"
_BODY: Final = rf"{_SIGN}(?:{_GAP}{_SIGN}){{{LENGTH - 1}}}"
_NAMED: Final = re.compile(rf"(?<![A-Z0-9])DG{_GAP}({_BODY})(?![A-Z0-9])")
_ALONE: Final = re.compile(rf"\s*(?:DG)?{_GAP}({_BODY})\s*[.!]?\s*")
_LOOKS_LIKE: Final = str.maketrans("OIL", "011")
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−⁃﹘﹣－_~"), "-")


def new() -> str:
    """A fresh code."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"DG-{body[:3]}-{body[3:6]}-{body[6:]}"


def find(text: str) -> str | None:
    """The code that a text names with its DG; None without one or with several."""
    found = {_written(match[1]) for match in _NAMED.finditer(_prepared(text))}
    return found.pop() if len(found) == 1 else None


def normal(text: str) -> str | None:
    """The code that a text consists of, with or without DG; None where it is none."""
    match = _ALONE.fullmatch(_prepared(text))
    return _written(match[1]) if match else None


def token(code: str) -> str:
    """A code as the payload of a deep link: "r_7K49XQ2PT"."""
    return "r_" + bare(code)


def from_token(payload: str) -> str | None:
    """The code of a deep link's payload; None where it is none."""
    return normal(payload[2:]) if payload[:2] in ("r_", "R_") else None


def _prepared(text: str) -> str:
    upper = unicodedata.normalize("NFKD", text).upper().replace("Đ", "D").translate(_DASHES)
    return "".join(sign for sign in upper if not unicodedata.combining(sign) and sign != "\u200b")


def _written(body: str) -> str:
    bare = re.sub(r"[^A-Z0-9]", "", body).translate(_LOOKS_LIKE)
    return f"DG-{bare[:3]}-{bare[3:6]}-{bare[6:]}"


def bare(code: str) -> str:
    """A code as it stands in addresses: "7K49XQ2PT"."""
    return code.removeprefix("DG").replace("-", "")
