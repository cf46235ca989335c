"""Whether the words of a line name a paper, and which papers "hoặc" joins in one that stands for several."""

import re
from typing import Final

from indexer.facts import paper_words as words
from indexer.facts.paper_names import NAME, says_only_how
from indexer.facts.wording import balanced, without_bullet

ITEM: Final = re.compile(
    r"^(?:văn bằng|bằng (?!văn)|hồ sơ |trích lục|bản |các (?:giấy tờ|tài liệu|văn bản|chứng từ)|mẫu (?:đơn|hộ tịch|tờ)|"
    r"chứng minh|hình ảnh|tờ |bộ (?:chứng|hồ)|bảo lãnh|giấy\w|một trong|di chúc|sao kê|đĩa|tập |cam kết)",
    re.IGNORECASE,
)
_EITHER: Final = re.compile(r",?\s+hoặc\s+")
_HOLDS_FOR_ALL: Final = re.compile(
    rf"\b(?:đối với|trường hợp|nếu|trừ|có (?!liên quan|thẩm quyền)|để|chứng minh|thể hiện|xác nhận)\b|"
    rf"\b(?:kèm theo|cùng)\s(?:{words.STRICT_NOUNS})",
    re.IGNORECASE,
)
_AND_ANOTHER: Final = re.compile(rf"\bvà\s(?:{words.STRICT_NOUNS})", re.IGNORECASE)
_SECOND_NOUN: Final = re.compile(rf"\s(?:{words.STRICT_NOUNS})", re.IGNORECASE)
_COPIED: Final = re.compile(r"^bản (?:chính|sao|chụp|gốc)(?: có chứng thực)?\s+", re.IGNORECASE)


def is_paper(text: str) -> bool:
    """Whether a text names a paper, also behind the situation in which it is needed."""
    bare = without_bullet(text.strip())
    if words.CONDITION.match(bare):
        then = words.THEN.search(bare)
        return bool(then and is_paper(bare[then.end() :]))
    return bool(words.STRICT_PAPER.match(bare) or ITEM.match(bare))


def either(item: str) -> list[str]:
    """The papers that "hoặc" joins in an alternative too long to be shown whole; [item] where it is one.

    "Giấy xác nhận của đơn hoặc giấy phép" may speak of one paper: behind a second noun only a copy or the same kind of
    paper certainly begins another alternative. What the last one is for, or what comes with it, may hold for all.
    """
    pieces: list[str] = []
    start = 0
    for found in _EITHER.finditer(item) if len(item) > NAME else ():
        before, after = item[start : found.start()], item[found.end() :]
        if not (balanced(item[: found.start()]) and is_paper(before) and words.STRICT_PAPER.match(after)):
            continue
        if (
            says_only_how(before)
            or says_only_how(after.split(" hoặc ")[0])
            or (
                _SECOND_NOUN.search(_COPIED.sub("", before), 12)
                and not words.COPY.match(after)
                and before.split()[:2] != after.split()[:2]
            )
        ):
            continue
        pieces.append(before)
        start = found.end()
    together = _AND_ANOTHER.search(item) or _HOLDS_FOR_ALL.search(item, start)
    return [item] if together else [*pieces, item[start:]]
