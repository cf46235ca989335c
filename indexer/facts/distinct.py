"""Labels and names that stay within their limits and are still told apart.

Official lines of one dossier often begin alike for hundreds of characters. Cut at the same place they would read the
same, so those that would are given their common beginning and then the words by which they differ.
"""

import re
from collections.abc import Sequence

from indexer.facts.wording import at_word, balanced

_STRONG_END = re.compile(r"(?<=[^\d\s])[.;:]\s|\s(?=\((?!s\)))|,?\s(?=thì\b)")
_COMMA = re.compile(r"(?<=[^\W\d_]{3}),\s")  # not inside "điểm a, b, c khoản 1, 2"
_LONG_ENOUGH = 60
_HEAD = 80
_SITUATION = 88
_LIST_BEGINS = re.compile(r"(?:,?\s(?:thì )?(?:thành phần )?hồ sơ)?,?\s(?:bao )?gồm\b|:\s", re.IGNORECASE)
_LETTERS = re.compile(r"\W+")


def shortened_label(label: str, limit: int) -> str:
    """A label in at most `limit` characters, ended with its last clause that fits; an ellipsis says that it goes on."""
    if len(label) <= limit:
        return label
    for clause, least in ((_STRONG_END, limit // 2), (_COMMA, limit * 4 // 5), (_STRONG_END, _LONG_ENOUGH)):
        ends = [found.start() for found in clause.finditer(label, 0, limit - 1)]
        whole = [label[:end].rstrip(" ;:,.–-") for end in ends if end >= least and balanced(label[:end])]
        if whole:
            return f"{whole[-1]}…"
    return at_word(label, limit)


def same_line(text: str) -> str:
    """A key that is equal for lines that differ in bullets, spaces, punctuation and capitals only."""
    return _LETTERS.sub("", text).casefold()


def told_apart(names: Sequence[str], wholes: Sequence[str], limit: int) -> list[str]:
    """`names` (shortened `wholes`), where those that are equal although their wholes differ show the difference."""
    result = list(names)
    for name in {name for name in names if name and names.count(name) > 1}:
        alike = [position for position, other in enumerate(names) if other == name]
        different = {same_line(wholes[position]): wholes[position] for position in alike}
        if len(different) < 2:
            continue
        shared = _shared_words(list(different.values()))
        for position in alike:
            rest = " ".join(wholes[position].split()[shared:]).strip(" ;,.:–-")
            if rest:
                head = " ".join(wholes[position].split()[:shared]).rstrip(" ;,.:–-")
                if not head.startswith(name) or len(name) > limit - _LONG_ENOUGH:
                    head = at_word(head, min(_HEAD, limit // 2)).removesuffix("…")
                else:  # the name is whole: what follows it is another sentence of the line
                    head = name
                tail = at_word(rest, limit - len(head) - 2).removesuffix("…").rstrip(" ;,.:–-(")
                result[position] = f"{head}… {tail}"
    return result


def situations_told_apart(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    """`names` ("situation…: paper") whose situations were cut to read alike although those of their `lines` differ."""
    result = list(names)
    shown = [name.partition("…: ")[0] if "…: " in name else "" for name in names]
    for head in {head for head in shown if len(head) > _LONG_ENOUGH}:
        alike = [position for position, other in enumerate(shown) if other == head]
        wholes = [_situation_in(lines[position], head) for position in alike]
        if not all(wholes):
            continue
        for position, situation in zip(alike, told_apart([head] * len(alike), wholes, _SITUATION), strict=True):
            if situation != head:
                result[position] = f"{situation}: {names[position].partition('…: ')[2]}"
    return result


def _situation_in(line: str, head: str) -> str:
    """The whole situation that begins with `head` in an official line; "" where it is not there or does not end."""
    start = line.find(head)
    end = _LIST_BEGINS.search(line, start + len(head)) if start >= 0 else None
    return line[start : end.start()] if end else ""


def _shared_words(texts: list[str]) -> int:
    count = 0
    for words in zip(*(text.split() for text in texts), strict=False):
        if len({same_line(word) for word in words}) > 1:
            break
        count += 1
    return count
