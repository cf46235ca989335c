"""Numbers that identify people are taken out of a message before anything else reads it."""

import re
from enum import StrEnum
from typing import Final

from bot.dialogue.people_names import mask_names
from bot.dossier_codes import WRITTEN
from knowledge_base.text import fold, nfc


class Found(StrEnum):
    """Numbers that say who somebody is."""

    IDENTITY = "identity"
    PHONE = "phone"


_NOT_MONEY: Final = r"(?![\d/])(?!\s*(?:đ|d|vn|vnđ|vnd|đồng|dong|triệu|m2)\b)"
_IDENTITY: Final = re.compile(
    r"(?<![\d.,/-])"
    r"(?:0\d{2}(?:[ .-]?\d{3}){3}|0\d{3}([ .-])\d{4}\1\d{4}|(?!\d{4}0{5})\d{9}|\d{10}(?=\D*(?:bhxh|bảo hiểm)))"
    + _NOT_MONEY,
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"(?:(?<=bhxh)|(?<=cmnd)|(?<=cmt)|(?<=chứng minh)|(?<=xã hội)|(?<=bảo hiểm))"
    r"(?P<between>(?:\s*(?:số|của|tôi|em|là|mã|nhân|dân)\b|[\s:.])*)"
    r"(?:\d{10}|\d{3}[ .]\d{3}[ .]\d{3})(?![\d/])",
    re.IGNORECASE,
)
"""Numbers that only their name tells from an amount or a tax number: of social insurance, of the old identity card."""
_PHONE: Final = re.compile(r"(?<![\d.,/-])(?:\(?\+?84\)?|0)[ .-]?(?:2(?:[ .-]?\d){9}|[235789](?:[ .-]?\d){8})(?![\d/])")
_DIGIT: Final = (
    r"(?:không|khong|linh|một|mot|mốt|hai|ba|bốn|bon|tư|tu|năm|nam|lăm|sáu|sau|bảy|bẩy|bay|tám|tam|chín|chin)"
)
_SPELLED: Final = re.compile(rf"\b(?:không|khong)(?:[ ,.-]+{_DIGIT}){{8,11}}\b", re.IGNORECASE)
_WIDE: Final = {0xFF10 + digit: str(digit) for digit in range(10)}


_DOSSIER: Final = re.compile(f"({WRITTEN})", re.IGNORECASE)


def mask(text: str, by: str = " ") -> tuple[str, frozenset[Found]]:
    """The text with `by` for every identity and phone number, and which of them were there.

    A dossier's code stays as it is, though its digits may look like a phone number.
    """
    found: set[Found] = set()
    pieces = _DOSSIER.split(text.translate(_WIDE))
    for position in range(0, len(pieces), 2):
        pieces[position], named = _NAMED.subn(rf"\g<between>{by}", pieces[position])
        if named:
            found.add(Found.IDENTITY)
        for pattern, what in ((_PHONE, Found.PHONE), (_SPELLED, Found.PHONE), (_IDENTITY, Found.IDENTITY)):
            pieces[position], count = pattern.subn(by, pieces[position])
            if count:
                found.add(what)
    return ("".join(pieces) if found else text), frozenset(found)


def conceal(text: str) -> str:
    """The text as it may be kept and shown: every identifying number as dots."""
    return mask(text, "•••")[0]


def conceal_people(text: str) -> str:
    """Like `conceal`, and every dossier's code and name of a person as dots too: for comments that staff read."""
    return mask_names(_DOSSIER.sub("•••", conceal(nfc(text))))


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
