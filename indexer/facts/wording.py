"""Official wording made readable: NFC, single spaces, no remains of Word, HTML or a wrong keyboard.

Nothing here changes what a text says. A text is only ever shortened at the end of a sentence, a clause or a word.
"""

import html
import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_PRIVATE_BULLET = re.compile("(?:(?<=\n)|^)[^\\S\n]*[\ue000-\uf8ff]")
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd]")
_TAG = re.compile(
    r"</?(?:p|br|b|i|u|a|ul|ol|li|div|span|strong|em|table|tbody|tr|td|th|h[1-6]|font|sup|sub|img|hr)\b"
    r"[^<>]{0,500}>",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK_TAG = re.compile(r"<(?:br|/p|/li|/div|/tr|/h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_CYRILLIC = str.maketrans("АВЕКМНОРСТХУІЅЈаеорсухіѕји", "ABEKMHOPCTXYISJaeopcyxisju")
_HAS_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[A-Za-z0-9\u00c0-\u024f\u1e00-\u1eff]")
_ELLIPSES = re.compile(r"…(?:\s?[….])+")
_NOTHING = frozenset({"không có thông tin", "chưa có thông tin", "null", "none", "undefined", "n/a"})

_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[\"“(+*–-]|[^\W\d_]|\d)")
_WHOLE_SENTENCE = re.compile(
    r"(?<=[.!?])\s+(?=[^\W\d_]|[-+*(“\"])|(?<=[;.])\s+(?=[-+*]\s)|(?<=;)\s+(?=(?:đối với|trường hợp|riêng)\b)",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"""^(?:
        [\s\-–—+*•●▪■◦✓➢⁕⃰_·.,;:)\]!…]+        # bullets and leftover punctuation
      | \(?(?:\d{1,2}(?:\.\d{1,2}){0,4}|[a-zđA-H]|[ivx]{1,4}|[IVX]{1,4}|\*)[.)]+(?=\s|[^\d\s])\s*   # 1. 1.2. a) (i) IV.
      | \((?:\d{1,2}(?:\.\d{1,2}){0,3}|[a-zđ]|[ivx]{1,4}|\*{1,3})\)\s*                        # (1) (1.2) (*)
      | \d{1,2}(?:\.\d{1,2}){1,4}\s+(?!(?:triệu|nghìn|ngàn|tỷ|tỉ|đồng|usd|ngày|giờ|tháng)\b)(?=[^\W\d])  # 1.2 Name
      | \d{1,2}\s?\)\s*                                                                      # 3 )
    )""",
    re.VERBOSE,
)


def repair_letters(text: str) -> str:
    """`Ð` becomes `Đ`; Cyrillic look-alikes inside a Latin word become Latin."""
    text = text.replace("Ð", "Đ").replace("ð", "đ")
    if not _HAS_CYRILLIC.search(text):
        return text
    return "".join(
        part.translate(_CYRILLIC) if _HAS_CYRILLIC.search(part) and _LATIN.search(part) else part
        for part in re.split(r"(\s+)", text)
    )


def clean_lines(value: object) -> list[str]:
    """The non-empty lines of a raw value, each NFC with single spaces; an empty list for anything but text."""
    if not isinstance(value, str) or not value:
        return []
    text = value.encode("utf-8", "replace").decode("utf-8", "replace")  # lone surrogates would break every writer
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = _TAG.sub(" ", _BREAK_TAG.sub("\n", _SCRIPT.sub(" ", text)))
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))
    text = _PRIVATE.sub(" ", _PRIVATE_BULLET.sub("- ", text))
    text = repair_letters(unicodedata.normalize("NFC", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    found = [_ELLIPSES.sub("…", line) for line in lines if line]
    return [] if len(found) == 1 and found[0].rstrip(". ").casefold() in _NOTHING else found


def clean(value: object) -> str:
    """A raw value as one line of text; "" for anything but text and for "Không có thông tin"."""
    return " ".join(clean_lines(value))


def without_bullet(text: str) -> str:
    """`text` without the bullets and numbering in front of it ("- ", "(1.2) ", "a) ")."""
    while text:
        shorter = _BULLET.sub("", text, count=1)
        if shorter == text or not shorter:
            break
        text = shorter
    return text.strip()


def sentences(text: str) -> list[str]:
    """`text` cut after full stops and semicolons; joined by a space the parts give `text` again."""
    return [part for part in _SENTENCE.split(text) if part]


def whole_sentences(text: str) -> list[str]:
    """`text` cut after full stops and between the items of a list: an enumeration keeps its members together."""
    return [part for part in _WHOLE_SENTENCE.split(text) if part]


def at_word(text: str, limit: int) -> str:
    """The longest head of `text` within `limit` characters that ends between words, closed by an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rfind(" ")
    head = head[:cut] if cut > limit // 2 else head
    return head.rstrip(" ,;:(-–+….") + "…"


def balanced(text: str) -> bool:
    """Whether every bracket and quotation of `text` is closed."""
    return text.count("(") == text.count(")") and text.count("“") == text.count("”")


def within(text: str, limit: int) -> tuple[str, bool]:
    """`text` in at most `limit` characters, cut at the end of a sentence where one fits; and whether it was cut."""
    if len(text) <= limit:
        return text, False
    kept = ""
    for sentence in sentences(text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > limit:
            break
        kept = longer
    return (kept or at_word(text, limit)), True


def looks_damaged(text: str) -> list[str]:
    """Which repairs `clean` makes in `text`, in words for a report."""
    found = []
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            found.append("chữ chưa chuẩn hoá NFC")
        if "Ð" in text or "ð" in text:
            found.append("chữ Ð (U+00D0) thay cho Đ")
        if _HAS_CYRILLIC.search(text):
            found.append("chữ cái Kirin lẫn trong chữ Latinh")
        if _INVISIBLE.search(text):
            found.append("ký tự ẩn (gạch nối mềm, ký tự rộng bằng không)")
        if _PRIVATE.search(text):
            found.append("ký tự riêng của Word hoặc ký tự hỏng")
        if "\u00a0" in text:
            found.append("dấu cách không ngắt")
    if "<" in text and _TAG.search(text):
        found.append("thẻ HTML còn sót")
    return found
