"""How text is read: one spelling for every way of typing Vietnamese.

Residents type with and without tone marks, in composed or decomposed Unicode, with telex slips, shorthand and the
northern mix-ups of l and n. Everything that compares text (lexical tables, encoder, facets) goes through `words`,
so that a question and a phrase that mean the same look the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

VOCABULARY = Path(__file__).parent / "data" / "vocabulary"

CODE = re.compile(r"(?<![\d.])\d\.\d{6}(?!\d)")
"""A procedure code as the national portal writes it ("1.004194")."""

_PROTECTED = re.compile(
    r"(?<![\d.])\d\.\d{6}(?!\d)"  # procedure code
    r"|\d+/(?:\d{4}/)?[a-zđ]+(?:-[a-zđ0-9]+)+"  # number of a legal document or a form
    r"|\d+(?:[.,/x-]\d+)+"  # amounts, dates, sizes
    r"|[^\W_]+"
)
_INITIAL = "(?:ngh|ng|nh|gh|gi|kh|ch|th|tr|ph|qu|b|c|d|g|h|k|l|m|n|p|r|s|t|v|x)?"
_RHYME = (
    "(?:uye(?:n|t)|uy(?:a|ch|nh|t|n|p|u)?|uo(?:c|i|m|n|ng|p|t|u)?|ue(?:ch|nh)?|ua(?:ch|n|ng|nh|t|y)?|"
    "u(?:c|i|m|n|ng|p|t|u)?|ye(?:m|n|ng|t|u)|y(?:t)?|ie(?:c|m|n|ng|p|t|u)|i(?:a|ch|m|n|nh|p|t|u|ec|em|en|eng|ep|et|eu)?|"
    "oa(?:c|ch|i|m|n|ng|nh|o|p|t|y)?|oe(?:c|m|n|o|t|ng)?|o(?:c|i|m|n|ng|p|t)?|"
    "e(?:c|ch|m|n|ng|nh|o|p|t|u)?|a(?:c|ch|i|m|n|ng|nh|o|p|t|u|y)?)"
)
_SYLLABLE = re.compile(_INITIAL + _RHYME + r"\Z")
_TONES = {"\u0300": "1", "\u0301": "2", "\u0303": "3", "\u0309": "4", "\u0323": "5"}
_CLAUSE_END = re.compile(r"[,;.?!] |\n")
_CLIPPED = re.compile(r"(?<=\w[aeiouy])([gh])\Z")
"""Young people leave out the n of ng and nh; "ah" and "oh" are no such words."""
_REPEATED = re.compile(r"([^\W\d])\1{2,}")
_SOUND = (("ngh", "ng"), ("gh", "g"), ("tr", "ch"), ("gi", "d"), ("r", "d"), ("x", "s"), ("n", "l"))
_KEPT = {"ng", "nh"}


class Word(NamedTuple):
    """One syllable: folded ("lam"), and with its marks as a key ("lam1"), which is empty if none were typed."""

    folded: str
    marked: str


def nfc(text: str) -> str:
    """`text` in composed Unicode with single spaces, the form in which everything is stored."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """`text` in lower case without marks ("Đăng ký" gives "dang ky"), emoji and control characters, single spaces."""
    kept = []
    # lower case after taking letters apart too: some fancy capitals become plain ones only then
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.lower()).lower()):
        category = unicodedata.category(char)
        if category == "Mn" or category in ("Cf", "Cs", "Co", "Cn"):
            continue
        kept.append(" " if category in ("So", "Sk", "Cc") else "d" if char == "đ" else char)
    return " ".join("".join(kept).split())


def is_syllable(folded: str) -> bool:
    """Whether a folded word can be a Vietnamese syllable by its spelling."""
    return _SYLLABLE.match(folded) is not None


@cache
def _shorthand() -> dict[tuple[str, ...], tuple[str, ...]]:
    table = msgspec.json.decode((VOCABULARY / "shorthand.json").read_bytes(), type=dict[str, str])
    return {tuple(nfc(key).split()): tuple(nfc(value).split()) for key, value in table.items()}


@cache
def _longest_shorthand() -> dict[str, int]:
    """How many tokens the longest shorthand has that begins with a token; most tokens begin none."""
    longest: dict[str, int] = {}
    for key in _shorthand():
        longest[key[0]] = max(len(key), longest.get(key[0], 0))
    return longest


@cache
def _foreign() -> frozenset[str]:
    return frozenset(msgspec.json.decode((VOCABULARY / "protected.json").read_bytes(), type=list[str]))


def spans(text: str) -> list[str]:
    """Lower-case tokens with marks; codes, legal numbers, form numbers and amounts stay whole."""
    return _tokens(_lowered(text))


def _lowered(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).lower().replace("ð", "đ"))


@lru_cache(maxsize=50_000)
def _once(token: str) -> str:
    """`token` with letters that are written three times and more written once."""
    return _REPEATED.sub(r"\1", token)


def _tokens(lowered: str) -> list[str]:
    return list(map(_once, _PROTECTED.findall(lowered)))


def _expand(tokens: list[str]) -> Iterable[str]:
    table, longest, position = _shorthand(), _longest_shorthand(), 0
    while position < len(tokens):
        for size in range(min(longest.get(tokens[position], 0), len(tokens) - position), 0, -1):
            meaning = table.get(tuple(tokens[position : position + size]))
            if meaning is not None:
                yield from meaning
                position += size
                break
        else:
            yield tokens[position]
            position += 1


def untelex(folded: str) -> str:
    """The syllable behind a telex slip or a clipped ending ("ddawng" gives "dang", "giaays" gives "giay", "trog" gives
    "trong"); `folded` itself if none."""
    if not folded.isalpha() or not folded.isascii() or is_syllable(folded) or folded in _foreign():
        return folded
    clipped = _CLIPPED.sub(r"n\1", folded)
    if clipped != folded and is_syllable(clipped):
        return clipped
    plain = folded.replace("dd", "d")
    plain = re.sub(r"aa|ee|oo", lambda m: m.group()[0], plain)
    plain = re.sub(r"(?<=[aou])w", "", plain)
    plain = re.sub(r"(?<=[^aou])w|\Aw", "u", plain)
    slipped = plain != folded
    if is_syllable(plain):
        return plain
    bare = re.sub(r"[sfrxj]+\Z", "", plain)
    if is_syllable(bare) and len(bare) > 1:
        return bare
    if slipped:
        bare = re.sub(r"(?<=[aeiouy])[sfrxj]", "", plain)
        bare = re.sub(r"aa|ee|oo|dd", lambda m: m.group()[0], bare)
        if is_syllable(bare):
            return bare
    bare = re.sub(r"([aeiou])(ng|nh|ch|[ctpmn])?([aeo])(?=[sfrxj]?\Z)", _late_hat, plain)
    bare = re.sub(r"(?<=[a-z])[sfrxjw]+\Z", "", bare)
    return bare if is_syllable(bare) and len(bare) > 1 else folded


def _late_hat(match: re.Match[str]) -> str:
    vowel, tail, hat = match.groups()
    return vowel + (tail or "") if vowel == hat else match.group()


def _marked(token: str) -> str:
    shape, tone = [], ""
    for char in unicodedata.normalize("NFD", token):
        if char in _TONES:
            tone = _TONES[char]
        else:
            shape.append(char)
    return _last_i(unicodedata.normalize("NFC", "".join(shape))) + tone


def _last_i(token: str) -> str:
    # "ký" and "kí", "lý" and "lí" are one word in two spellings; "uy" and "ay" are not touched
    if len(token) > 1 and token[-1] == "y" and token[-2] not in "aâeuo":
        return token[:-1] + "i"
    return token


@lru_cache(maxsize=50_000)
def _word(token: str) -> Word:
    if token.isascii() and not token.isalpha():
        return Word(token, "")
    folded = fold(token)
    plain = untelex(folded)
    marked = "" if token.isascii() or plain != folded else _marked(token)
    return Word(_last_i(plain), marked)


def words(text: str) -> list[Word]:
    """The syllables of `text`, shorthand expanded and telex slips undone; punctuation and emoji are dropped."""
    return _read(_lowered(text))


def _read(lowered: str) -> list[Word]:
    return [word for token in _expand(_tokens(lowered)) if (word := _word(token)).folded]


def clauses(text: str) -> list[list[Word]]:
    """The words of each clause of `text` that has any; shorthand does not reach over a comma."""
    return [found for part in _CLAUSE_END.split(_lowered(text)) if (found := _read(part))]


@lru_cache(maxsize=50_000)
def sound(folded: str) -> str:
    """How a syllable sounds in the north, where l/n, ch/tr, s/x and d/gi/r are mixed up in writing."""
    if folded[:2] in _KEPT and folded[:3] != "ngh":
        return folded
    for initial, heard in _SOUND:
        if folded.startswith(initial):
            return heard + folded[len(initial) :]
    return folded


def terms(sequence: list[Word]) -> list[str]:
    """What the lexical tables count: "w" syllables, "p" pairs, "m" syllables and pairs whose marks were typed, "s"
    pairs by sound. The first letter names the kind."""
    found = []
    previous = None
    for word in sequence:
        found.append("w" + word.folded)
        if word.marked:
            found.append("m" + word.marked)
        if previous is not None:
            found.append(f"p{previous.folded} {word.folded}")
            found.append(f"s{sound(previous.folded)} {sound(word.folded)}")
            if previous.marked and word.marked:
                found.append(f"m{previous.marked} {word.marked}")
        previous = word
    return found
