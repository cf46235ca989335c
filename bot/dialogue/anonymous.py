"""A question as it may be kept for months: nothing in it says who asked."""

import re
from typing import Final

from bot.dialogue.privacy import conceal_people
from knowledge_base.text import fold, nfc

MASK: Final = "•••"
LONGEST: Final = 300
"""Characters of a question that are kept; what is longer tells a life rather than asks."""

_ADDRESS: Final = re.compile(r"\S+@\S+|https?://\S+|www\.\S+", re.IGNORECASE)
_PLATE: Final = re.compile(r"\b\d{2}[A-ZĐ]\d?[ -]?\d{3}\.?\d{2}\b", re.IGNORECASE)
_DIGITS: Final = re.compile(r"(?<![\d.])(?!\d\.\d{6}(?!\d))\d(?:[ .-]?\d){6,}(?!\d)")
"""Seven digits and more, but not a procedure's code."""


def anonymous(text: str) -> str:
    """The text with dots for numbers of people, dossiers and cars, for addresses and for names."""
    said = conceal_people(_ADDRESS.sub(MASK, " ".join(nfc(text).split())))
    for pattern in (_PLATE, _DIGITS):
        said = pattern.sub(MASK, said)
    return said[:LONGEST].strip()


def key_of(text: str) -> str:
    """The key under which equal questions are counted: the folded words of what is kept."""
    return " ".join(re.findall(r"\w+", fold(anonymous(text))))
