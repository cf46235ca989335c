"""Papers that a line names besides its own: in a later sentence, or behind the place where its name was cut.

The record does not always say for certain that they are needed, so they are told as mentioned and never as demanded.
"""

import re
from itertools import pairwise
from typing import Final

from indexer.facts import paper_words as words
from indexer.facts.paper_names import NAME, says_only_how
from indexer.facts.wording import balanced

UPPER: Final = "A-ZĐÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
CONTENT: Final = re.compile(
    r"nội dung|thông tin|nêu rõ|trong đó|các trường hợp|điều kiện|yêu cầu (?:sau|về)|tiêu chí|quy định sau|"
    r"chi tiết (?:sau|về)|các mục|bảo đảm|đảm bảo|thể hiện|mô tả|ghi rõ|các (?:bước|phần|quy định)\b",
    re.IGNORECASE,
)
SENTENCE_ITEM: Final = re.compile(rf"(?<=[.;:])\s+(?:[-+•*]\s+)?(?=[{UPPER}])")
_SAYS_OF_IT: Final = re.compile(  # a sentence about a paper that was named before, or an appendix of a circular
    r"\b(?:này|nêu trên|nói trên|phải|cần có|quy định là|không bắt buộc|được quy định|ban hành kèm theo Nghị định số|"
    r"do Ủy ban nhân dân cấp xã xác nhận về|thì)\b|:$",
    re.IGNORECASE,
)
_DEMANDS: Final = re.compile(  # "thì phải có cam kết của …", "cần bổ sung giấy tờ chứng minh …"
    r"(?:(?<!không )(?:\bphải|\bcần)(?: được)?|\bthì(?:(?! không\b| có thể\b| được\b) \w+){0,6}?)"
    r" (?:có|nộp|gửi|kèm|kèm theo|xuất trình|bổ sung)(?: thêm)?(?: kèm| kèm theo)?(?: các| một trong các)?"
    rf" (?P<paper>(?:\d{{1,2}} )?(?:{words.STRICT_NOUNS}|cam kết|văn bằng|các (?:giấy|tài liệu|văn bản)).*)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_DEMANDED: Final = re.compile(
    r"\bthì\b.{0,40}\bkhông (?:phải|cần|yêu cầu) (?:nộp|xuất trình)|đối với (?:hàng hóa|hàng hoá) phải có",
    re.IGNORECASE,
)
_BY_LAW: Final = re.compile(r",? theo (?:đúng )?quy định.*", re.IGNORECASE | re.DOTALL)
_NAMED_BEFORE: Final = re.compile(
    r"^.{0,40}\b(?:(?:nêu|nói) trên|tại điểm này|(?:giấy tờ|văn bản|tài liệu) (?:đó|này))\b"
)
_JOINED: Final = re.compile(  # not the decree with which a form was issued, and not the original for comparing
    r"(?<!ban hành)\s(?:và|kèm theo|cùng với)\s+"
    r"(?!(?:các )?văn bản (?:hướng dẫn|quy phạm|pháp luật)|(?:nghị quyết|quyết định|thông tư) (?:số|này|\d)|đơn vị|"
    r"(?:01 )?bản (?:chính|gốc)[^.;]{0,30}? (?:để|nhằm) đối chiếu)"
    rf"(?P<paper>(?:\d{{1,2}} )?(?:{words.STRICT_NOUNS}|các (?:giấy tờ|tài liệu|văn bản|chứng từ)(?! sau)).*)",
    re.IGNORECASE | re.DOTALL,
)
_GLUED: Final = re.compile(rf"\s[-–+•]\s(?=(?:\d{{1,2}} )?(?:{words.STRICT_NOUNS}))", re.IGNORECASE)
_SEEN: Final = 25
"""So many letters of a paper's name must be left in a cut name for the paper to be told there."""
_EDGE: Final = " ;,.:–-+*/"


def named_in_sentences(text: str) -> tuple[str, ...]:
    """Papers that begin a later sentence of the wording, save in rules and in what one paper tells; and demands."""
    told = SENTENCE_ITEM.split(text)
    named = []
    for before, sentence in pairwise(told):
        if CONTENT.search(before) and not words.CONDITION.match(before):
            break
        begins = words.STRICT_PAPER.match(sentence) and len(sentence) > 12 and not _SAYS_OF_IT.search(sentence)
        if begins or _demands(sentence):
            named.append(sentence.strip(_EDGE))
    return tuple(named)


def joined_behind_the_cut(line: str, name: str) -> tuple[str, ...]:
    """The papers that "và" or "kèm theo" joins to the one of a line whose `name` ends before them."""
    end = words.STRONG_END.search(line)
    sentence = line[: end.start()] if end else line
    found: dict[str, None] = {}
    at = 0
    while joined := _JOINED.search(sentence, at):
        at = joined.start("paper")
        paper = joined["paper"]
        if CONTENT.search(sentence, 0, at) or words.EXEMPTS.search(sentence, 0, at):
            break
        told = paper[:_SEEN] in name or says_only_how(paper) or sentence[:at].endswith("giấy tờ và ")
        if not told and balanced(sentence[:at]):
            found.setdefault(paper.strip(_EDGE))
            break  # what follows is part of what is mentioned
    return tuple(found)


def demands_in(text: str) -> tuple[str, ...]:
    """The sentences of a wording that demand a paper in some situation."""
    return tuple(sentence.strip(_EDGE) for sentence in SENTENCE_ITEM.split(text) if _demands(sentence))


def each_mentioned(found: tuple[str, ...]) -> tuple[str, ...]:
    """Mentions one by one: what a bullet joins is separated, and what closes another mention is told there."""
    pieces = [piece.strip(_EDGE) for text in found for piece in _GLUED.split(text)]
    told = dict.fromkeys(pieces)
    shown = [text for text in told if len(text) <= NAME]
    return tuple(one for one in told if not any(other != one and other.endswith(one) for other in shown))


def _demands(sentence: str) -> bool:
    if not words.CONDITION.match(sentence) or words.OFFICE_ACTS.search(sentence):
        return False
    demanded = None if _NOT_DEMANDED.search(sentence) else _DEMANDS.search(sentence)
    paper = _BY_LAW.sub("", demanded["paper"]) if demanded else ""
    return bool(paper) and not says_only_how(paper) and not _NAMED_BEFORE.match(paper)
