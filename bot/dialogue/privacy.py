"""Numbers that identify people are taken out of a message before anything else reads it."""

import re
from enum import StrEnum
from typing import Final

from knowledge_base.text import fold


class Found(StrEnum):
    """Numbers that say who somebody is."""

    IDENTITY = "identity"
    PHONE = "phone"


_PROTECTED: Final = re.compile(r"\b\d\.\d{6}\b")  # a procedure code is not a person
_IDENTITY: Final = re.compile(
    r"(?<![\d.,/-])(?:0\d{2}(?:[ .-]?\d{3}){3}|\d{9}|\d{10}(?=\D*(?:bhxh|bảo hiểm)))(?![\d/])"
)
_PHONE: Final = re.compile(r"(?<![\d.,/-])(?:\+?84|0)[ .-]?[235789](?:[ .-]?\d){8}(?![\d/])")


def mask(text: str) -> tuple[str, frozenset[Found]]:
    """The text without identity and phone numbers, and which of them were there. Only the masked text goes on."""
    found: set[Found] = set()
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    text = _PROTECTED.sub(keep, text)
    for pattern, what in ((_PHONE, Found.PHONE), (_IDENTITY, Found.IDENTITY)):
        text, count = pattern.subn(" ", text)
        if count:
            found.add(what)
    for position, original in enumerate(kept):
        text = text.replace(f"\x00{position}\x00", original)
    return text, frozenset(found)


_AROUND: Final = frozenset(
    "so can cuoc cong dan cccd cmnd cmt chung minh thu nhan dien thoai dt sdt didong di dong dinh danh ca ma bhxh "
    "bao hiem xa hoi cua toi em minh chau bac la day do nay a ah nhe va ten gui ad anh chi oi xin day".split()  # noqa: SIM905
)


def says_only_number(masked: str) -> bool:
    """Whether nothing but the words around a number is left ("số căn cước của tôi là ...")."""
    words = re.findall(r"\w+", fold(masked))
    return all(word in _AROUND for word in words)
