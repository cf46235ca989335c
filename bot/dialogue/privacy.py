"""Numbers that identify people are taken out of a message before anything else reads it."""

import re
from enum import StrEnum
from typing import Final

from knowledge_base.text import fold


class Found(StrEnum):
    """Numbers that say who somebody is."""

    IDENTITY = "identity"
    PHONE = "phone"


_NOT_MONEY: Final = r"(?![\d/])(?!\s*(?:đ|d|vn|đồng|dong|triệu|m2)\b)"
_IDENTITY: Final = re.compile(
    r"(?<![\d.,/-])(?:0\d{2}(?:[ .-]?\d{3}){3}|\d{9}|\d{10}(?=\D*(?:bhxh|bảo hiểm)))" + _NOT_MONEY, re.IGNORECASE
)
_PHONE: Final = re.compile(r"(?<![\d.,/-])(?:\+?84|0)[ .-]?[235789](?:[ .-]?\d){8}(?![\d/])")


def mask(text: str, by: str = " ") -> tuple[str, frozenset[Found]]:
    """The text with `by` for every identity and phone number, and which of them were there."""
    found: set[Found] = set()
    for pattern, what in ((_PHONE, Found.PHONE), (_IDENTITY, Found.IDENTITY)):
        text, count = pattern.subn(by, text)
        if count:
            found.add(what)
    return text, frozenset(found)


def conceal(text: str) -> str:
    """The text as it may be kept and shown: every identifying number as dots."""
    return mask(text, "•••")[0]


_AROUND: Final = frozenset(
    [
        "so",
        "can",
        "cuoc",
        "cong",
        "dan",
        "cccd",
        "cmnd",
        "cmt",
        "chung",
        "minh",
        "thu",
        "nhan",
        "dien",
        "thoai",
        "dt",
        "sdt",
        "didong",
        "di",
        "dong",
        "dinh",
        "danh",
        "ca",
        "ma",
        "bhxh",
        "bao",
        "hiem",
        "xa",
        "hoi",
        "cua",
        "toi",
        "em",
        "minh",
        "chau",
        "bac",
        "la",
        "day",
        "do",
        "nay",
        "a",
        "ah",
        "nhe",
        "va",
        "ten",
        "gui",
        "ad",
        "anh",
        "chi",
        "oi",
        "xin",
        "day",
    ]
)


def says_only_number(masked: str) -> bool:
    """Whether nothing but the words around a number is left ("số căn cước của tôi là ...")."""
    words = re.findall(r"\w+", fold(masked))
    return all(word in _AROUND for word in words)
