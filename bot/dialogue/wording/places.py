"""Where a procedure is handed in: what the record says, and what the centre says, each under its own name.

The record names the place that receives, or only who decides; the centre's list names a desk. They are two sources
and often two buildings, so the record's place comes first and the centre's desk is told as the centre's.
"""

import re
from collections.abc import Iterable

from bot.dialogue.wording import desk, figures
from knowledge_base.centre import Centre
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold

SHORT = 160
"""Characters of a place in a line of the overview; the page of places tells the whole."""

WHOLE = 10_000

_LEAD = re.compile(
    r"(?:^|(?<=\n))[\s+•-]*(?:(?:nộp|gửi)(?: hồ sơ)? )?(?:t?rực tiếp )?(?:tại|đến) (?=\w)", re.IGNORECASE
)
_COMMUNE = re.compile(r"\b(?:uy ban|ubnd|chu tich|mot cua|hanh chinh cong cap xa|phong (?:van hoa|tu phap|kinh te))\b")
_NOT_COMMUNE = re.compile(r"\b(?:cong an|truong (?:mam|tieu|trung|pho)|bien phong|tinh|so|cuc|cang vu|quan su)\b")
_PROVINCE = re.compile(
    r"\b(?:tinh|so|cuc|chi cuc|khu vuc|hanh chinh cong|mot cua|ban quan ly|van phong dang ky|tap doan dien luc|thue"
    r"|bao hiem xa hoi|kho bac|ngan hang|hai quan|phong (?:canh sat|quan ly|xuat nhap)|phan cap|chuyen mon|nha nuoc)\b"
)
_NOT_PROVINCE = re.compile(r"\b(?:cap huyen|cap xa|xa, phuong)\b")
_FACILITY = re.compile(r"\bco so\b|\bbo so\b")  # "cơ sở" is no "Sở"


def counter(procedure: Procedure, centre: Centre) -> str:
    """The desk that takes it by the centre's own list."""
    agency = centre.agency(procedure.agency)
    name = agency.name if agency else procedure.agency
    if procedure.counter == "commune":
        return "bộ phận Một cửa của UBND xã, phường"
    return f"quầy {name}, {centre.name}"


def received(procedure: Procedure) -> str:
    """Where the record says that applications are received; empty where it does not say."""
    found = _LEAD.sub("", procedure.address.strip(), count=1).strip(" +•-.;,")
    return found[:1].upper() + found[1:]


def decided(procedure: Procedure) -> str:
    """Who decides, as the record names them."""
    return "; ".join(name.strip(" .;,") for name in procedure.executing if name.strip(" .;,"))


def short(procedure: Procedure, centre: Centre) -> str:
    """The place in a few sentences, each with whose word it is."""
    return " ".join(_told(procedure, centre, SHORT, brief=True))


def where(procedure: Procedure, centre: Centre) -> tuple[str, ...]:
    """The place, the ways to hand in, and who decides."""
    said = list(_told(procedure, centre, WHOLE, brief=False))
    if procedure.channels:
        ways = "; ".join(figures.CHANNELS[channel].lower() for channel in procedure.channels)
        said.append(f"Các cách nộp theo bản ghi: {ways}.")
    notes = dict(procedure.method_notes)
    said += [
        f"{name}, bản ghi viết: {notes[channel]}" for channel, name in figures.CHANNELS.items() if channel in notes
    ]
    return tuple(said)


def _told(procedure: Procedure, centre: Centre, limit: int, *, brief: bool) -> tuple[str, ...]:
    place, deciding, at_desk = received(procedure), decided(procedure), counter(procedure, centre)
    agency = centre.agency(procedure.agency)
    plain = brief and (bool(place) or (agency is not None and fold(agency.name) == fold(deciding)))
    decides = (
        ""
        if plain or not deciding or fold(deciding) == fold(place)
        else f"Cơ quan giải quyết theo bản ghi: {figures.cut(deciding, limit)}."
    )
    if place:
        first = f"{figures.cut(place, limit)} (theo bản ghi)."
        agrees = _at_counter(procedure, (place,))
    elif deciding and not _at_counter(procedure, procedure.executing):
        first, decides = f"{figures.cut(deciding, limit)} giải quyết việc này, bản ghi không ghi nơi nộp.", ""
        agrees = False
    else:
        first, agrees = "", True
    ours = f"Trung tâm tiếp nhận tại {at_desk}."
    if not agrees:
        ours = f"Danh mục của Trung tâm ghi nơi khác ({at_desk}). Trước khi đi, bạn gọi {desk.phone(centre)} hỏi lại."
    return tuple(filter(None, (first, ours, decides)))


def _at_counter(procedure: Procedure, named: Iterable[str]) -> bool:
    """Whether one of the places or agencies that the record names is plausibly where the centre's list sends people."""
    said = [_FACILITY.sub(" ", fold(name)) for name in named]
    if procedure.counter == "commune":
        return any(_COMMUNE.search(name) and not _NOT_COMMUNE.search(name) for name in said)
    return any(
        _PROVINCE.search(name) and (not _NOT_PROVINCE.search(name) or re.search(r"\b(?:tinh|so)\b", name))
        for name in said
    )
