"""Lines that a clerk typed as papers although they introduce papers: "Trường hợp …, hồ sơ gồm:".

The portal does not keep the order of lines. Only where numbers or bullets prove that it was kept, a heading is given
the lines behind it; else the group stays one, and the heading is its label or a counted note.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from indexer.facts import paper_words as words
from indexer.facts.wording import at_word, clean, without_bullet


class Line(NamedTuple):
    """A raw line of the portal's list: its text, counts and attached file names; papers of which one serves as it."""

    text: object
    originals: int = 0
    copies: int = 0
    files: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


class Section(NamedTuple):
    """A part of a group: its label ("" for the group's own), its lines, and headings that only became notes.

    `needed_always`: the label names no situation, so it must not be read as one.
    """

    label: str
    lines: list[Line]
    notes: list[str]
    needed_always: bool = False


_LISTS: Final = re.compile(
    r"(?:\b(?:bao )?gồm(?: có)?|\b(?:giấy tờ|tài liệu|văn bản|chứng từ|hồ sơ|quy định|loại|một trong[^:;.]{0,60}|"
    r"cụ thể|như)\s+sau(?: đây)?|\bdưới đây)$",
    re.IGNORECASE,
)
_LISTS_WITH_COLON: Final = re.compile(r"(?:\bkèm theo|\bphải (?:có|nộp|bổ sung)(?: thêm)?)$", re.IGNORECASE)
_LONGEST: Final = 700
_CHOICE: Final = re.compile(r"\bmột trong\b[^:]{0,160}$|\bmột hoặc một số\b[^:]{0,160}$", re.IGNORECASE)
_BESIDES: Final = re.compile(r"\bngoài (?:một trong )?(?:các|những) (?:loại )?giấy tờ\b", re.IGNORECASE)
_LEAD: Final = re.compile(
    r"^(?P<mark>[-–]+|\++|[*•▪]+|\(?(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})[.)]*(?=[\s).])|\(?(?P<letter>[a-zđ])\))\s*"
)
_LETTERS: Final = "abcdđefghijklmnopqrstuvwxyz"
_EDGE: Final = " ;.,:…-–+*"


def introduces(line: Line) -> bool:
    """Whether a line introduces others instead of naming a paper."""
    text = clean(line.text)
    bare = without_bullet(text).rstrip(_EDGE)
    if line.files or not bare or len(bare) > _LONGEST or words.REMARK.match(bare) or re.search(r"[.;]\s", bare):
        return False
    if _LISTS.search(bare):
        return True
    if not text.rstrip(" .;").endswith(":"):
        return False
    if _LISTS_WITH_COLON.search(bare):
        return True
    names_papers = words.STRICT_PAPER.match(bare)
    opens = words.CONDITION.match(bare) or words.WHOLE_HEADING.match(bare) or words.PART.match(bare)
    return opens is not None and names_papers is None


def sections(label: str, lines: Sequence[Line], *, situation: bool) -> list[Section]:
    """The lines of a group without its headings. `situation`: the group's label names a situation."""
    heads = {at for at, line in enumerate(lines) if introduces(line)}
    if not heads or len(heads) == len(lines):
        return [Section("", list(lines), [])]
    kept = _order_is_kept(lines, heads)
    only = sum(not _CHOICE.search(without_bullet(clean(lines[at].text)).rstrip(_EDGE)) for at in heads) == 1
    base = Section("", [], [])
    found = [base]
    under: Section | None = None
    prefix = ""
    inside = ""
    at = 0
    gathered = [] if kept else _lower_alternatives(lines, heads)
    while at < len(lines):
        if at in gathered:
            at += 1
            continue
        line, mark = lines[at], _mark(lines[at])
        bare = without_bullet(clean(line.text)).rstrip(_EDGE)
        if at not in heads:
            if (under or prefix) and inside and mark != inside:
                under, prefix = None, ""
            text = f"{prefix}: {without_bullet(clean(line.text))}" if prefix else line.text
            (under or base).lines.append(line._replace(text=text))
            at += 1
            continue
        below = _below(lines, heads, at) if kept else [lines[place] for place in gathered]
        under, prefix, inside = None, "", _mark(lines[at + 1]) if below and kept else ""
        conditional = bool(words.SITUATION.search(bare))
        if _CHOICE.search(bare) or (words.STRICT_PAPER.match(bare) and not below):
            chosen = below if _CHOICE.search(bare) and len(below) > 1 else []
            named = tuple(without_bullet(clean(each.text)).rstrip(_EDGE) for each in chosen)
            counted = line if line.originals or line.copies or not chosen else chosen[0]
            base.lines.append(line._replace(originals=counted.originals, copies=counted.copies, alternatives=named))
            at += len(chosen) if kept else 0
        elif below and not situation:
            under = Section(bare, [], [], needed_always=not conditional)
            found.append(under)
        elif below and conditional:
            prefix = at_word(words.LIST_FOLLOWS.sub("", bare), 88)
        elif not label and not base.label and only and (not conditional or at == 0):
            base = found[0] = base._replace(label=bare, needed_always=not conditional)
        else:
            base.notes.append(clean(line.text))
        at += 1
    return [section for section in found if section.lines or section.notes or section is base]


def _lower_alternatives(lines: Sequence[Line], heads: set[int]) -> list[int]:
    """The places of the lines below the one choice of a shuffled group: those with "+", where the others have none."""
    (head,) = heads if len(heads) == 1 else (-1,)
    if (
        head < 0
        or _mark(lines[head]) == "+"
        or not _CHOICE.search(without_bullet(clean(lines[head].text)).rstrip(_EDGE))
    ):
        return []
    found = [at for at, line in enumerate(lines) if _mark(line) == "+" and not _BESIDES.search(clean(line.text))]
    of_another = any(words.CONDITION.match(text) and "nêu trên" not in text for text in _bare_texts(lines, found))
    return found if len(found) > 1 and not of_another else []


def _bare_texts(lines: Sequence[Line], places: Sequence[int]) -> list[str]:
    return [without_bullet(clean(lines[at].text)) for at in places]


def _below(lines: Sequence[Line], heads: set[int], head: int) -> list[Line]:
    """The lines that belong to a heading: those of another bullet, up to the next heading or line of its own bullet."""
    own = _mark(lines[head])
    following: list[Line] = []
    for at in range(head + 1, len(lines)):
        mark = _mark(lines[at])
        if at in heads or mark == own or (following and mark != _mark(following[0])):
            break
        following.append(lines[at])
    return following


def _mark(line: Line) -> str:
    """What kind of bullet a line has: "-", "+", "n", "n.n", "a" or ""."""
    lead = _LEAD.match(clean(line.text))
    if lead is None:
        return ""
    if lead["number"]:
        return ".".join("n" for _ in lead["number"].split("."))
    return "a" if lead["letter"] else lead["mark"][0].replace("–", "-")


def _order_is_kept(lines: Sequence[Line], heads: set[int]) -> bool:
    """Whether numbers only rise, or the lower bullets all stand behind a heading with a higher one."""
    last: dict[str, tuple[int, ...]] = {}
    risen = 0
    for at, line in enumerate(lines):
        lead = _LEAD.match(clean(line.text))
        if lead is None or not (lead["number"] or lead["letter"]):
            continue
        value = tuple(map(int, lead["number"].split("."))) if lead["number"] else (_LETTERS.index(lead["letter"]),)
        mark = _mark(line)
        if mark in last and value < last[mark]:
            return False
        risen += mark in last and value > last[mark]
        last[mark] = value
        if at in heads:
            last = {kind: number for kind, number in last.items() if kind == mark}
    if risen:
        return risen >= 2
    marks = [_mark(line) for line in lines]
    upper = {marks[at] for at in heads}
    lower = {marks[at + 1] for at in heads if at + 1 < len(lines)} - upper
    first = min(heads)
    return "" not in upper | lower and len(lower) == 1 and not any(mark in lower for mark in marks[:first])
