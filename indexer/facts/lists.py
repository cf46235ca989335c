"""The papers inside one long line: what a clerk typed as a list into it, and lists of which one paper suffices.

A line is separated only where every item certainly is a paper. Of a list of alternatives the line stays one paper that
names each of them; where it is not certain what a list means, the papers that it names are told as mentioned. So no
name of a paper is lost, and none becomes a demand that the record does not make.
"""

import re
from typing import Final, NamedTuple

from indexer.facts import paper_words as words
from indexer.facts.choices import ITEM, either, is_paper
from indexer.facts.mentions import CONTENT, SENTENCE_ITEM, UPPER, demands_in, named_in_sentences
from indexer.facts.wording import at_word, balanced, clean_lines, without_bullet


class Part(NamedTuple):
    """One paper of a line: its wording, papers of which one serves as it, and papers that it names besides."""

    text: str
    alternatives: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()


class _List(NamedTuple):
    head: str
    items: list[str]
    marked: bool


class _Mark(NamedTuple):
    start: int
    end: int
    kind: str
    value: int


_MARK: Final = re.compile(
    r"(?:^|\n|(?<=[;:.,…)])\s|(?<=gồm)\s|(?<=sau)\s|(?<=đây)\s)\s*"
    r"(?P<mark>\+{1,3}|[-–]{1,2}|[•*▪]|\((?:\d{1,2}(?:\.\d{1,2})*|[ivx]{1,4}|[a-zđ])\)|\d{1,2}[.)]|[a-zđ]\))"
    r"\s?(?=(?:\d{1,2}\s*(?:\([^()]*\)\s*)?)?[^\W\d])"
    rf"|(?<!điểm)(?<!khoản)(?<!tiết)(?<!mục)(?<!và)(?<!hoặc)(?<![,a-zđ]\))\s(?P<letter>[a-zđ]\d{{0,2}}\)|\([ivx]{{1,4}}\))\s(?=[{UPPER}])"
)
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_LETTERS: Final = "abcdđeghiklmnopqrstuvxy"
_CHOICE: Final = re.compile(
    r"\b(?:một trong|một hoặc (?:một số|nhiều)|một số trong)(?: (?:các|những|số|hai|ba|bốn))?(?: (?:loại|thứ))*"
    r" (?:giấy|tài liệu|văn bản|văn bằng|chứng|bản |quyết định|thành phần|hồ sơ|hợp đồng|tư liệu|loại|minh chứng|"
    r"căn cứ|bằng|thông tin|dữ liệu|mẫu|(?P<case>trường hợp)|sau)",
    re.IGNORECASE,
)
_CHOICE_LIST: Final = re.compile(r"\b(?:một trong|một hoặc một số|một số trong)\b[^:]{0,160}:\s*(?=\S)", re.IGNORECASE)
_AGAIN: Final = re.compile(
    r"\b(?:đề nghị|đăng ký|xin)\b.{0,40}\b(?:cấp lại|cấp đổi|đổi|thu hồi|gia hạn)\b", re.IGNORECASE
)
_ISSUED: Final = re.compile(r"\W*(?:giấy chứng nhận|giấy phép|chứng chỉ|thẻ)\b", re.IGNORECASE)
"""What somebody asks to be issued again is named behind the request, and is no paper that is handed in."""
_BESIDES: Final = re.compile(
    r"\W*ngoài (?:một trong )?(?:các|những) (?:loại )?giấy tờ\b[^,;]{0,60}\b(?:nêu|nói) trên", re.IGNORECASE
)
"""Begins what is handed in besides the alternatives before it."""
_OR: Final = re.compile(r"\bhoặc\s*[;.,:]*$|^hoặc\b", re.IGNORECASE)
_ATTACHED: Final = re.compile(r"(?:kèm theo|gửi kèm|cùng với)(?: (?:các|những))?(?: \w+){0,5}$", re.IGNORECASE)
_GENERIC: Final = re.compile(
    r"^(?:\W*(?:\d{1,2} )?(?:thành phần|bộ)?\s*(?:hồ sơ|tài liệu|(?:các )?giấy tờ)?(?: kèm theo)?,?\s*(?:bao gồm|gồm)?"
    r"(?: có)?(?: các (?:giấy tờ|tài liệu))?(?: sau(?: đây)?)?\W*)$",
    re.IGNORECASE,
)
_DEMANDS: Final = r"(?:còn có|phải có|có thêm|nộp thêm|bổ sung|(?:bao )?gồm)(?: thêm)?(?: có)?"
_THEN_OTHER: Final = re.compile(  # not over the mark of a list's next item: what follows it is no part of the situation
    r"(?<=[.;])\s*(?=Trường hợp\b(?:(?!;\s+(?:[-–+•*]|\(?\w{1,2}\)))[^:.]){10,400}?"
    rf"(?:\bmột trong\b[^:.]{{0,100}}:|\b{_DEMANDS}(?: các giấy tờ(?: sau(?: đây)?)?)?(?::\s|\s(?=[{UPPER}]))))"
)
_OPENS: Final = re.compile(rf"(?s)(.*?(?::|\b(?:bao )?gồm(?: có)?:?|\b(?:còn|phải) có(?=\s[{UPPER}])))\s+(.*)")
_OPENS_LAST: Final = re.compile(r"(?s)(.*(?::|\b(?:bao )?gồm(?: có)?:?))\s+(.*)")
_SENTENCE_END: Final = re.compile(r"[^\d\s][.;]\s")
_RULE: Final = re.compile(
    r"^(?:Đối với|Trường hợp|Nếu|Việc)\b.*\b(?:phải được|không phải|không cần|không bắt buộc)\b", re.DOTALL
)
_MANNER_ONLY: Final = re.compile(
    r"^(?:\d{1,2} )?bản (?:chụp|sao|chính|gốc)\b(?!\s(?:tờ|giấy|quyết|văn|hợp|chứng|thẻ|hóa|hoá|báo|bảng|biên|phiếu|"
    r"đơn|hộ|sổ|danh|bằng|thông|tài|kế|sơ|điều|nghị|các|lý|hồ|căn)\b)",
    re.IGNORECASE,
)
_SAID_BY_CAPITALS: Final = re.compile(rf",\s+(?=[{UPPER}])|;\s+|\s+hoặc\s+(?=\S)")
_IF_ANY: Final = re.compile(r"\(nếu có\)\W*$", re.IGNORECASE)
_SEVERAL_OF_ONE: Final = re.compile(r"[,;]\s+|\s+hoặc\s+")
_MOSTLY: Final = 0.6
"""So many of the pieces between semicolons must be papers to be told as alternatives of their own."""
_EDGE: Final = " ;,.:–-+*/"


def parts_of(raw: object) -> list[Part]:
    """The papers of a line; a single part where it is one paper."""
    text = "\n".join(clean_lines(raw)) if isinstance(raw, str) else ""
    return [_with_further_sentences(part) for part in _parts(text)] if text else [Part("")]


def _with_further_sentences(part: Part) -> Part:
    named = named_in_sentences(part.text)
    named += tuple(demand for each in part.alternatives for demand in demands_in(each) if demand not in each[:60])
    return part._replace(mentions=tuple(dict.fromkeys((*part.mentions, *named))))


def _parts(text: str) -> list[Part]:
    other = _THEN_OTHER.search(text)
    if other and is_paper(text[: other.start()]) and balanced(text[: other.start()]):
        return [*_parts(text[: other.start()]), *_parts(text[other.end() :])]
    found = _list_in(text)
    if found is None:
        return [_unmarked(text)]
    head = without_bullet(found.head).strip(_EDGE + "(\n")
    choice = _CHOICE.search(head[-200:])
    if not choice and (_issued_again(found) or (head and all(map(_is_manner, found.items)))):
        return [Part(text)]
    if choice or any(_OR.search(item.strip(_EDGE)) for item in found.items):
        if head and (not choice or not choice["case"] or all(map(is_paper, found.items))):
            besides = [item for item in found.items if _BESIDES.match(item)]
            items = [item for item in found.items if item not in besides]
            mostly = sum(map(is_paper, items)) >= _MOSTLY * len(items)
            items = items if found.marked or mostly else ["; ".join(items)]
            return [Part(head, tuple(_flat(items))), *(Part(without_bullet(item)) for item in besides)]
        return [Part(text, mentions=_named(found.items))]
    if CONTENT.search(head[-45:]) or head.endswith(" như"):
        return [Part(text, mentions=_named(found.items) if _certain(found) else ())]
    if not _certain(found) or _SENTENCE_END.search(head):  # of several sentences nobody knows which introduces it
        return [_unmarked_choice(text, (*_named(_split_outside_brackets(found.head)), *_named(found.items)))]
    parts: list[Part] = []
    situation = ""
    if head and is_paper(head) and (_ATTACHED.search(head) or found.head.rstrip()[-1:] in ".;"):
        parts.append(Part(_ATTACHED.sub("", head).rstrip(_EDGE + "(")))
    elif head and not _GENERIC.match(head):
        situation = _situation(head)
    for item in found.items:
        if _RULE.match(without_bullet(item)):
            continue
        for part in _parts(item):
            said = without_bullet(part.text)
            parts.append(part._replace(text=f"{situation}: {said}" if situation else said))
    return parts


def _issued_again(found: _List) -> bool:
    """Whether one request names several things that are to be issued again."""
    first, *others = found.items
    return not found.marked and bool(others) and bool(_AGAIN.search(first)) and all(map(_ISSUED.match, others))


def _unmarked(text: str) -> Part:
    """A line without a list; behind a long heading ("Hồ sơ … bao gồm:") stands the one paper that it is about."""
    opened = _OPENS.match(text)
    if opened is None or _CHOICE.search(opened[1]) or not balanced(opened[1]) or CONTENT.search(opened[1][-45:]):
        return _unmarked_choice(text)
    head, rest = without_bullet(opened[1]).strip(_EDGE), without_bullet(opened[2])
    if len(head) < 60 or _SENTENCE_END.search(head) or not words.STRICT_PAPER.match(rest) or _MANNER_ONLY.match(rest):
        return _unmarked_choice(text)
    if words.STRICT_PAPER.match(head):
        return _unmarked_choice(text, (rest.strip(_EDGE),))
    return Part(f"{_situation(head)}: {rest}")


def _situation(head: str) -> str:
    """What stands in front of the papers of a list: the situation that its heading names, and "(nếu có)"."""
    general, colon, last = head.rpartition(": ")
    if colon and words.CONDITION.match(without_bullet(last)) and not words.SITUATION.search(general):
        head = without_bullet(last)  # "Hồ sơ bao gồm: 1.1. Đối với …, hồ sơ gồm"
    if_any = _IF_ANY.search(head)
    whole = words.LIST_FOLLOWS.sub("", head)
    return f"{at_word(whole, 78)} (nếu có)" if if_any and len(whole) > 88 else at_word(whole, 88)


def _unmarked_choice(text: str, mentions: tuple[str, ...] = ()) -> Part:
    """A line that ends in alternatives without marks ("một trong các giấy tờ sau: A, B hoặc C")."""
    choice = _CHOICE_LIST.search(text)
    if not choice or not balanced(text[: choice.end()]):
        return Part(text, mentions=mentions)
    first, *others = re.split(rf"(?<=\.)\s+(?=[{UPPER}])", text[choice.end() :].strip(_EDGE), maxsplit=1)
    rest = first if others and not is_paper(others[0]) else text[choice.end() :].strip(_EDGE)
    named = [rest]
    for splits in (_SAID_BY_CAPITALS, _SEVERAL_OF_ONE):
        pieces = [without_bullet(part).strip(_EDGE) for part in splits.split(rest) if part.strip(_EDGE)]
        if len(pieces) > len(named) and all(is_paper(part) and balanced(part) for part in pieces):
            named = pieces
    named = named if len(named) > 1 else either(rest)
    return Part(text[: choice.end()].rstrip(_EDGE), tuple(named) if is_paper(named[0]) else (), mentions)


def _list_in(text: str) -> _List | None:
    """The outermost list of a text: what introduces it, and its items; None where there is none."""
    marks = _marks(text)
    if marks and marks[0].start == 0 and sum(mark.kind == marks[0].kind for mark in marks) == 1:
        marks = marks[1:]  # the bullet of the line itself
    if marks:
        top = [mark for mark in marks if mark.kind == marks[0].kind]
        ends = [mark.start for mark in top[1:]] + [len(text)]
        items = [text[mark.end : end].strip() for mark, end in zip(top, ends, strict=True)]
        if len(items) > 1 or text[: top[0].start].rstrip().endswith(":"):
            return _List(text[: top[0].start].strip(), [item for item in items if item.strip(_EDGE)], marked=True)
    pieces = _split_outside_brackets(text)
    if len(pieces) < 2:
        return _sentences_as_items(text)
    last = _OPENS_LAST.match(pieces[0])
    opened = last if last and words.STRICT_PAPER.match(last[2]) else _OPENS.match(pieces[0])
    if opened and balanced(opened[1]):
        return _List(opened[1], [opened[2], *pieces[1:]], marked=False)
    return _List("", pieces, marked=False)


def _sentences_as_items(text: str) -> _List | None:
    """ "Trường hợp … thì hồ sơ còn có: Phiếu …. Giấy tờ …": each sentence behind the colon is a paper."""
    head, colon, rest = text.partition(": ")
    items = SENTENCE_ITEM.split(rest)
    if not colon or len(items) < 2 or not words.CONDITION.match(without_bullet(head)):
        return None
    certain = all(words.STRICT_PAPER.match(item) and not re.search(r"\b(?:này|phải được)\b", item) for item in items)
    return _List(f"{head}:", items, marked=True) if certain else None


def _marks(text: str) -> list[_Mark]:
    whole = balanced(text)
    found: list[_Mark] = []
    for match in _MARK.finditer(text):
        group = "mark" if match["mark"] else "letter"
        mark = match[group]
        before = text[: match.start(group)]
        if whole and before.count("(") != before.count(")"):
            continue
        value, kind = 0, mark.replace("–", "-")
        bare = mark.strip("().")
        if bare.isdigit():
            value, kind = int(bare), mark.replace(bare, "n")
        elif bare in _ROMAN and mark.startswith("("):
            value, kind = _ROMAN[bare], "(r)"
        elif len(bare) == 1 and bare in _LETTERS:
            value, kind = _LETTERS.index(bare) + 1, mark.replace(bare, "a")
        elif bare[1:].isdigit():
            value, kind = int(bare[1:]), "an)"
        elif mark.startswith("("):
            value, kind = 0, "(n.n)"
        found.append(_Mark(match.start(group), match.end(), kind, value))
    return [mark for mark in found if not mark.value or _in_sequence(mark, found)]


def _in_sequence(mark: _Mark, marks: list[_Mark]) -> bool:
    """Whether a number or letter counts: it has a neighbour ("khoản 2) …" has none)."""
    same = {other.value for other in marks if other.kind == mark.kind}
    return bool({mark.value - 1, mark.value + 1} & same)


def _split_outside_brackets(text: str) -> list[str]:
    whole = balanced(text)
    pieces, start = [], 0
    for found in re.finditer(r";\s+", text):
        if not whole or balanced(text[start : found.start()]):
            pieces.append(text[start : found.start()])
            start = found.end()
    return [piece for piece in [*pieces, text[start:]] if piece.strip(_EDGE)]


def _certain(found: _List) -> bool:
    """Whether every item certainly is a paper of its own."""
    items = [bare for item in found.items if not _RULE.match(bare := without_bullet(item))]
    if not items or any(len(item) > 1500 for item in items) or (len(items) < 2 and not found.head):
        return False
    if not found.marked:
        introduced = bool(found.head) or all(item[:1].isupper() or item[:1].isdigit() for item in items)
        return introduced and all(words.STRICT_PAPER.match(item) for item in items)
    if found.head and _GENERIC.match(without_bullet(found.head)):  # "Tài liệu gồm:" lists papers whatever their names
        mostly = sum(map(is_paper, items)) >= _MOSTLY * len(items)
        return mostly and not any(words.ACTOR.match(item) or words.CONDITION.match(item) for item in items)
    return bool(words.STRICT_PAPER.match(items[0]) or ITEM.match(items[0])) and all(map(is_paper, items))


def _is_manner(item: str) -> bool:
    """Whether an item only tells how the copy of the paper before it is made."""
    return bool(_MANNER_ONLY.match(_OR.sub("", item.strip(_EDGE)).strip())) and not _CHOICE.search(item)


def _flat(items: list[str]) -> list[str]:
    """The alternatives of a list, those of lists inside it too."""
    found: dict[str, None] = {}
    for item in items:
        bare = _OR.sub("", without_bullet(item).strip(_EDGE)).strip(_EDGE)
        inner = _list_in(item)
        choice = _CHOICE.search(inner.head) if inner else None
        if inner and (inner.marked or choice):
            copied = without_bullet(inner.head[: choice.start()]).strip() if choice else ""
            manner = f"{copied} " if copied and len(copied) <= 60 and words.COPY.match(copied) else ""
            for each in _flat(inner.items):
                found.setdefault(f"{manner}{each}")
            continue
        opened = _OPENS.match(bare) if len(bare) > 180 else None
        pieces = [without_bullet(piece).strip(_EDGE) for piece in _split_outside_brackets(bare)]
        if len(pieces) > 1 and all(map(is_paper, pieces)):
            named = pieces
        elif opened and _opens_a_paper(opened) and not words.CONDITION.match(bare):
            named = [opened[1].strip(_EDGE), opened[2]]
        else:
            named = either(bare)
        for each in filter(None, named):
            found.setdefault(each)
    return list(found)


def _opens_a_paper(opened: re.Match[str]) -> bool:
    return words.STRICT_PAPER.match(opened[2]) is not None and balanced(opened[1])


def _named(items: list[str]) -> tuple[str, ...]:
    """The items that certainly name a paper, those of lists inside them too."""
    found: dict[str, None] = {}
    for item in items:
        inner = _list_in(item)
        for each in _named(inner.items) if inner else ():
            found.setdefault(each)
        bare = without_bullet(inner.head if inner else item).strip(_EDGE)
        if (words.STRICT_PAPER.match(bare) or (words.CONDITION.match(bare) and is_paper(bare))) and len(bare) > 12:
            found.setdefault(bare)
    return tuple(found)
