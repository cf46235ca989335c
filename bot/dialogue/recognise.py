"""What a message is besides a question about a procedure.

Everything here works on folded text (lower case, no tone marks), so it hears the same in every form of typing.
The sayings and patterns are in `recognise.toml`.
"""

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Final

from knowledge_base.text import fold, nfc


class Kind(StrEnum):
    """What a message can be besides a question."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    YES = "yes"
    WRONG = "wrong"
    WHO = "who"
    HUMAN = "human"
    STATUS = "status"
    HOURS = "hours"
    CONTACT = "contact"
    EMERGENCY = "emergency"
    DANGER = "danger"
    INSULT = "insult"
    COMPLAINT = "complaint"
    EMPTY = "empty"


HINTS: Final = (Kind.DANGER, Kind.INSULT)
"""Kinds that count only where the message is not plainly a question about a procedure."""

_SPOKEN: Final = tomllib.loads(Path(__file__).with_name("recognise.toml").read_text("utf-8"))
_PARTICLES: Final = frozenset(_SPOKEN["particles"].split())
_CALLS: Final = frozenset(_SPOKEN["calls"].split())
_HOMOGRAPHS: Final = re.compile(rf"\b({'|'.join(_SPOKEN['homographs'].split())})\b")
_SAYINGS: Final = tuple(
    (re.compile(rf"\b{saying}\b"), Kind(kind))
    for saying, kind in sorted(
        ((saying, kind) for kind, sayings in _SPOKEN["sayings"].items() for saying in sayings),
        key=lambda pair: -len(pair[0]),  # "không phải" before "không"
    )
)
_FIRST: Final = (
    *(Kind.EMERGENCY, Kind.COMPLAINT, Kind.HUMAN, Kind.WHO, Kind.STATUS, Kind.HOURS, Kind.CONTACT, Kind.GREETING),
)
"""Kinds known by patterns before anything else, in this order."""
_RANK: Final = [Kind(kind) for kind in _SPOKEN["sayings"]]
_PATTERNS: Final = {
    Kind(kind): tuple(re.compile(pattern) for pattern in patterns) for kind, patterns in _SPOKEN["patterns"].items()
}
# Who writes of permits and allowances is neither in danger at this moment nor swearing.
_ADMINISTRATIVE: Final = re.compile(
    r"giay phep|thu tuc|chung nhan|dang k[iy]|cap phep|ho so|tro cap|ho tro|che do|boi thuong|bao hiem|xin giay"
    r"|mai tang|khai tu|lam lai|cap lai|xac nhan"
)
_LETTERS: Final = re.compile(r"[^\W_]")


def kind_of(text: str) -> Kind | None:
    """The kind of a message that is no question about a procedure, None where it may be one.

    HINTS are to be doubted: a question asked angrily or about an accident is still a question (see the core).
    """
    # a homograph keeps its meaning by a digit: "cựu chiến binh" does not cry for help ("cứu")
    folded = fold(_HOMOGRAPHS.sub(r"\g<1>9", nfc(text).lower()))
    if not _LETTERS.search(folded):
        return Kind.EMPTY
    for kind in _FIRST:
        if any(pattern.search(folded) for pattern in _PATTERNS[kind]):
            return kind
    saying = _saying(folded)
    if saying is not None:
        return saying
    if _ADMINISTRATIVE.search(folded):
        return None
    return next((kind for kind in HINTS if any(pattern.search(folded) for pattern in _PATTERNS[kind])), None)


def only_insults(text: str) -> bool:
    """Whether nothing is left of a text but particles once its insults are taken out."""
    rest = fold(text)
    for pattern in _PATTERNS[Kind.INSULT]:
        rest = pattern.sub(" ", rest)
    return _PARTICLES.issuperset(re.sub(r"[^\w\s]", " ", rest).split())


_NOT: Final = re.compile(r"\b(ko|k|kg|hok|hong|khum|hem)\b(?= (phai|dung|hieu|can|sai)\b)")


def _saying(folded: str) -> Kind | None:
    """Greeting, thanks, ... where nothing else is said; of several ("chào em, cảm ơn nhé") the last one counts."""
    words = re.sub(r"[^\w\s]", " ", folded).split()
    if not words or len(words) > 14:
        return None
    rest, heard = _NOT.sub("khong", " ".join(words)), []
    for pattern, kind in _SAYINGS:
        if pattern.search(rest):
            heard.append(kind)
            rest = pattern.sub(" ", rest)
    if not heard:
        return Kind.GREETING if len(words) <= 2 and _CALLS.issuperset(words) else None
    if not _PARTICLES.issuperset(rest.split()):
        return None
    return max(heard, key=_RANK.index)


class Request(StrEnum):
    """What a person asks about the messages and data of their own."""

    STOP = "stop"
    ERASE = "erase"


def _whole(pattern: str) -> re.Pattern[str]:
    """The pattern as a whole message, with words around it that change nothing."""
    before, after = ("|".join(_SPOKEN["requests"][side].split()) for side in ("before", "after"))
    return re.compile(rf"(?:(?:{before}) )*(?:{pattern})(?: (?:{after}))*")


_NOT_STOPPING: Final = re.compile(rf"\b({'|'.join(_SPOKEN['not_stopping'].split())})\b")
_REQUESTS: Final = {
    Request(name): tuple(map(_whole, _SPOKEN["requests"][name])) for name in (Request.STOP, Request.ERASE)
}


def means_other_than_stop(text: str) -> bool:
    """Whether a word's marks tell that "dung" is not "dừng" ("đúng", "dùng")."""
    return _NOT_STOPPING.search(nfc(text).lower()) is not None


def request_in(text: str) -> Request | None:
    """What a person asks about messages and data of their own, in whatever words; None where it is anything else."""
    if means_other_than_stop(text):
        return None
    folded = " ".join(re.sub(r"[^\w\s]", " ", fold(text)).split())
    if len(folded.split()) > 16:
        return None
    return next((request for request, found in _REQUESTS.items() if any(p.fullmatch(folded) for p in found)), None)


_NUMBER: Final = re.compile(
    r"^(?:chon |lay |cho toi )?(?:so|chon|cau|muc|cai|phuong an|thu|y)?\s*(?:so|thu)?\s*[\[(#]?(\d{1,3})\s*[.)\]]?$"
)
_EMERGENCY_NUMBERS: Final = (113, 114, 115)
_SPELLED: Final = {
    "mot": 1,
    "nhat": 1,
    "hai": 2,
    "ba": 3,
    "bon": 4,
    "tu": 4,
    "nam": 5,
    "sau": 6,
    "bay": 7,
    "tam": 8,
    "chin": 9,
    "muoi": 10,
}
_SPELLED_NUMBER: Final = re.compile(rf"^(?:so|chon|cai|muc|phuong an|y)?\s*(?:so|thu)?\s*({'|'.join(_SPELLED)})$")


LAST: Final = -1
"""Picked as a number: the last choice, however many there are."""
_SEVERAL: Final = re.compile(r"\s*(?:,|;|\+|&|/|\bva\b|\bvoi\b|\bca\b)\s*(?:ca\b)?\s*")
_SOFTENERS: Final = re.compile(r"\b(a|ay|do|nhe|nha|di|em|oi|da)\b")


def picked_numbers(text: str) -> tuple[int, ...]:
    """The numbers of choices in the order named ("1 và 3", "cả 2, 4"); empty where there is anything else."""
    parts = [part for part in _SEVERAL.split(fold(text)) if part.strip()]
    numbers = [picked_number(part) for part in parts] if len(parts) <= 6 else []
    named = tuple(dict.fromkeys(number for number in numbers if number is not None))
    return named if numbers and None not in numbers else ()


def picked_number(text: str) -> int | None:
    """The number of a choice: "2", "số 2", "chọn 2.", "cái thứ hai"; None where the message is no bare number."""
    folded = " ".join(_SOFTENERS.sub(" ", fold(text)).split())
    if re.fullmatch(r"(chon |lay )?(cai |muc |y |so )?(sau |o )?cuoi( cung)?", folded):
        return LAST
    if re.fullmatch(r"(chon |lay )?(cai |muc |y |so )?dau( tien)?", folded):
        return 1
    if match := _NUMBER.match(folded):
        number = int(match.group(1))
        return None if number in _EMERGENCY_NUMBERS else number
    if match := _SPELLED_NUMBER.match(folded):
        return _SPELLED[match.group(1)]
    return None


_CODE: Final = re.compile(r"(?<![\d.])(\d\.\d{6})(?:\.\d{2}|\.000\.00\.00\.[A-Za-z]\d\d)?(?![\d])")
_CODE_BARE: Final = re.compile(r"^(\d)(\d{6})$")
_CODE_LOOSE: Final = re.compile(r"(?:^|\bp[_ ])(\d)[ _.,-](\d{6})(?!\d)")


def codes_in(text: str) -> tuple[str, ...]:
    """Every procedure code that is written out in full in the text, in the order written."""
    return tuple(dict.fromkeys(match.group(1) for match in _CODE.finditer(text)))


def code_in(text: str) -> str | None:
    """A procedure's code in the text, also written "1_004194" or "p_1_004194" or "1 004194"; None without one."""
    if match := _CODE.search(text):
        return match.group(1)
    if match := _CODE_BARE.match(text.strip()):
        return f"{match.group(1)}.{match.group(2)}"
    if match := _CODE_LOOSE.search(text.strip()):
        return f"{match.group(1)}.{match.group(2)}"
    return None


_MISSING: Final = re.compile(_SPOKEN["missing"].strip())


def asks_what_is_missing(text: str) -> bool:
    """Whether a text asks which papers of a list are not there yet ("còn thiếu gì nữa không em")."""
    return _MISSING.fullmatch(" ".join(re.sub(r"[^\w\s]", " ", fold(text)).split())) is not None


_CORRECTING: Final = re.compile(_SPOKEN["correcting"])
_NOT_CORRECTING: Final = re.compile(_SPOKEN["not_correcting"])


def corrects(text: str) -> bool:
    """Whether a text puts right what was said before, asking nothing by itself ("à nhầm, cháu vào lớp 6 cơ")."""
    plain = nfc(text).lower().strip(" .!?,…")
    return _CORRECTING.search(fold(plain)) is not None and _NOT_CORRECTING.search(plain) is None


_MARKUP: Final = re.compile(r"<[^<>]{0,200}>")
_JOINERS: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")


def cleaned(text: str) -> str:
    """`text` as a person sees it: no marks of direction, no characters without width, no HTML."""
    return _MARKUP.sub(" ", _JOINERS.sub("", text))


_OPENERS: Final = frozenset(_SPOKEN["openers"].split())
_NAMES: Final = frozenset(_SPOKEN["names"].split())
_EDGE: Final = ".,!;:~-…"


LEFT_WORDS: Final = 4
"""Fewer words than this say too little once names are taken out."""


def without_names(text: str) -> str:
    """`text` without names of people and places, known by their capitals; the text itself where all would go."""
    words = text.split()
    if sum(word[:1].isupper() for word in words) * 2 > len(words):
        return text  # typed in capitals: they say nothing
    kept = words[:1] + [word for word in words[1:] if not word[:1].isupper() or word.isupper()]
    return " ".join(kept) if len(kept) >= LEFT_WORDS else text


def question_in(text: str) -> str:
    """`text` without the greeting, the calling and the thanks around the question; all of it where nothing is left.

    Only what surely is politeness goes: "dạ" and "chào em," do, "em" in "em muốn …" stays.
    """
    words = text.split()
    begin = 0
    while begin < len(words):
        taken = _polite(words[begin:])
        if not taken:
            break
        begin += taken
    end = len(words)
    for back in range(1, min(7, len(words) - begin)):
        if [fold(word).strip(_EDGE) for word in words[-back:]][:2] in (["cam", "on"], ["cam", "ta"], ["xin", "cam"]):
            end = len(words) - back
    kept = " ".join(words[begin:end]).rstrip(" ,;")
    return kept if _LETTERS.search(fold(kept)) else text


def _polite(words: list[str]) -> int:
    """How many words at the start are a greeting, thanks or a call ("ad ơi")."""
    folded = [fold(word).strip(_EDGE) for word in words[:8]]
    if len(folded) > 1 and folded[0] in _NAMES and folded[1] == "oi":
        return 2
    size = 2 if " ".join(folded[:2]) in ("xin chao", "kinh chao", "cam on", "cam ta", "a lo") else 0
    if words[0].lower().strip(_EDGE) in ("dạ", "vâng", "ừ"):
        return 1  # "dạ em …": who goes on speaking is no part of it
    if not size and folded[0] in _OPENERS:
        size = 1
    if not size:
        return 0
    stopped = words[size - 1][-1] in _EDGE
    while not stopped and size < len(folded) and folded[size] in _NAMES:
        size += 1
        stopped = words[size - 1][-1] in _EDGE
    return size
