"""The name of a paper: a long official line in at most 180 characters, ended where it can be ended.

Who is exempt, for whom it is and which paper a copy is of stay in the name; how the copy is made may be left out.
"""

import re

from indexer.facts import paper_words as words
from indexer.facts.wording import at_word, balanced, without_bullet

NAME = 180
_MANNER = 60
"""So much of a long "bản sao … hoặc bản sao …" stays in front of the paper that is copied."""
_NUMBERED = re.compile(r"^(?:/\s+|\d{1,2},\s+)(?=[^\W\d])")  # "/ Tờ trình", "1, Văn bản"
_TOLD_INSIDE = re.compile(r"\b(?:trong đó|nêu rõ|thể hiện|nội dung (?:sau|chính|gồm|bao gồm))\b", re.IGNORECASE)
_LISTED = re.compile(r"\s[+•]\s")
_WAY_OF_FILING = re.compile(r"\b(?:nộp|gửi)(?: hồ sơ)? (?:trực tiếp|trực tuyến|qua|tại)\b", re.IGNORECASE)
_EXEMPT = re.compile(r"\btrừ (?:trường hợp|người|khi)\b", re.IGNORECASE)
_JOINS = re.compile(r";|\s(?:và|hoặc)\s")
_ANYBODY = 25
"""A shorter "đối với dự án" says nothing without the words that follow it."""
_THEN_EXEMPT = re.compile(r"[.;]\s+\(?trừ\b", re.IGNORECASE)
_SHORT_PAPER = re.compile(r"hộ chiếu|\bthẻ\b|căn cước", re.IGNORECASE)
_BY_WHOM = re.compile(r"\s(?=theo quy định|(?:đã )?(?:được|do) (?:cơ quan|cấp)|của cơ quan)")
_HANGING = re.compile(r",?\s(?:hoặc|và)…$")
_IF_ANY = re.compile(r"\(nếu có\)", re.IGNORECASE)
_NO_WORD = re.compile(r"[\W\d_]+")


def paper_name(text: str) -> tuple[str, bool]:
    """The name of the paper in at most 180 characters, never cut inside a word; and whether the line goes on."""
    name, abridged = _shortened(_bare(text), NAME)
    if not name:
        return text[:NAME].strip(), False
    paper = words.OBJECT.search(_bare(text)) if abridged and words.COPY.match(name) else None
    if not paper or not (says_only_how(name) or _cut_inside(name, paper)):
        return name, abridged
    room = NAME - _MANNER - 2
    copied, _ = _shortened(paper["paper"], room)
    if paper["paper"][len(copied) :].startswith(";"):  # the next paper that is copied in the same way
        copied = at_word(paper["paper"], room).removesuffix("…")
    manner = at_word(paper.string[: paper.start("paper")], _MANNER).removesuffix("…").rstrip(" :")
    return f"{manner}… {copied}", True


def _cut_inside(name: str, paper: re.Match[str]) -> bool:
    """Whether a long manner ("bản sao … hoặc bản sao …") leaves of the paper's own name only its first words."""
    starts, cut = paper.start("paper"), name.find("…")
    if not says_only_how(paper.string[:starts]):
        return False
    return starts > 80 and (cut if cut >= 0 else len(name)) - starts < min(len(paper["paper"]), 60)


def says_only_how(text: str) -> bool:
    """Whether a text names no paper, only how a copy is made and handed in."""
    return len(_NO_WORD.sub("", words.MANNER.sub("", text))) < 8 and not _SHORT_PAPER.search(text)


def _bare(text: str) -> str:
    return _NUMBERED.sub("", without_bullet(text).rstrip(" ;,.:–-+*/")).lstrip('“"')


def _shortened(bare: str, limit: int) -> tuple[str, bool]:
    if len(bare) <= limit:
        return bare.rstrip(" .…"), bare.endswith("…")  # the mark of a cut name is set where the name is shown
    conditional = words.CONDITION.match(bare) is not None
    then = next((found for found in words.THEN.finditer(bare) if balanced(bare[: found.start()])), None)
    situation = bare[: then.end()] if conditional and then else ""
    if not conditional or len(situation) <= limit - 80:
        limited = _with_its_limit(bare[len(situation) :], limit - len(situation))
        if limited:
            return situation + limited, True
    ends = [found.start() for found in words.STRONG_END.finditer(bare, 0, limit + 1)]
    heads = [bare[:end] for end in ends if end >= 12 and balanced(bare[:end])]
    rest = bare[len(heads[-1]) :] if heads and len(heads[-1]) <= limit - 60 else ""
    if rest.startswith(";") and words.STRICT_PAPER.match(rest[1:].strip()):
        return at_word(bare, limit).removesuffix("…"), True  # the next paper is part of the line, so it is named too
    if _THEN_EXEMPT.match(rest):  # the sentence behind the name says who need not hand it in
        return at_word(bare, limit).removesuffix("…"), True
    if heads and not (conditional and not words.THEN.search(heads[-1])):
        return heads[-1].rstrip(" ;,.:"), True
    if conditional and then and then.end() > limit - 60:
        said, demand = bare[: then.start()].strip(), bare[then.start() :].strip()
        if demand.startswith(":"):
            demand = without_bullet(demand)
            return f"{at_word(said, 88)}: {_with_its_limit(demand, 90) or at_word(demand, 88).removesuffix('…')}", True
        return f"{at_word(said, 88)} {_with_its_limit(demand, 90) or at_word(demand, 88).removesuffix('…')}", True
    clauses = [found.start() for found in words.EXPLAINS.finditer(bare, 0, limit + 1)]
    whole = [end for end in clauses if end >= 60 and balanced(bare[:end]) and not _names_paper(bare, end, limit)]
    if whole and not conditional:
        return bare[: _behind_limit(bare, whole[-1], limit)].rstrip(" ;,.:–-"), True
    return at_word(bare, limit).removesuffix("…"), True  # `abridged` says that it goes on


def _with_its_limit(bare: str, room: int) -> str:
    """A line shortened in front of the words that say for whom it is; "" where none close its first sentence.

    They stay with the clause that they close: in "A hoặc B (đối với tổ chức)" they may hold for B alone.
    """
    end = words.STRONG_END.search(bare)
    line = bare[: end.start()] if end else bare
    limited = words.LIMITED_TO.search(line)
    if not limited or (end and len(line) <= room) or _LISTED.search(line) or not balanced(line[: limited.start()]):
        return ""
    before, limit = line[: limited.start(1)].rstrip(), limited[1]
    bracketed = limit.startswith("(")
    if not bracketed:
        who = words.EXPLAINS.split(limit)[0]  # the numbers of forms and decrees behind it say nothing of for whom
        limit = who if len(who) > _ANYBODY else limit
    if _WAY_OF_FILING.search(limit) or (_IF_ANY.match(limit) and _TOLD_INSIDE.search(before)):
        return ""  # how a copy is made for which way of filing, or the last thing that the paper tells
    last = max((found.end() for found in words.CLAUSE.finditer(before) if balanced(before[: found.end()])), default=0)
    limit = _cut_limit(limit, max(room * 3 // 5, room - len(before) - 1))
    head = at_word(before, room - len(limit) - 1)
    if _EXEMPT.search(before, len(head) - 20):
        return ""
    bare_limit = not bracketed and not _EXEMPT.match(limit)
    if len(before) <= len(head) or (
        last < len(head) - 25 and not (bare_limit and _JOINS.search(before, len(head) - 1))
    ):
        return f"{head} {limit}"
    if bare_limit or ": " in before or says_only_how(before[last:]):
        return ""
    limit = _cut_limit(limit, room // 3)
    room -= len(limit) + 2
    clause = before[last:]
    noun = _BY_WHOM.split(clause)[0]
    only_how = "bản sao" in noun and says_only_how(noun)
    clause = at_word(clause if noun == clause or only_how else f"{noun}…", room * 3 // 5)
    head = _HANGING.sub("…", at_word(before[:last].rstrip(), room - len(clause)))
    return f"{head} {clause} {limit}"


def _cut_limit(limit: str, room: int) -> str:
    if len(limit) <= room:
        return limit
    return f"{at_word(limit, room - 1)})" if limit.startswith("(") else at_word(limit, room).removesuffix("…")


def _names_paper(bare: str, end: int, room: int) -> bool:
    """Whether a bracket behind a heading is followed by the paper itself ("… (nếu có): Giấy chứng nhận …")."""
    end = _behind_limit(bare, end, room)
    return bare.startswith(": ", end) and words.STRICT_PAPER.match(bare[end + 2 :]) is not None


def _behind_limit(bare: str, end: int, room: int) -> int:
    """`end`, or the end of the bracket behind it where that says for whom the paper is ("(nếu có)") and still fits."""
    limit = words.LIMIT_NEXT.match(bare, end)
    return limit.end() if limit and limit.end() <= room else end
