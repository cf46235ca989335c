"""Numbers of legal documents as they are cited: "154/2024/NĐ-CP", "66.7/2025/NQ-CP", "38/2019/QH14"."""

import re

from indexer.facts.wording import clean
from knowledge_base.procedure import LegalDocument

NUMBER = re.compile(
    r"\d{1,5}(?:\.\d{1,2})?\s?/\s?(?:19|20)\d{2}\s?/\s?[A-ZĐ]{1,10}\d{0,2}(?:\s?-\s?[A-ZĐ][A-ZĐa-z0-9]{0,9})*"
    r"|\d{1,5}\s?/\s?(?:QĐ|NĐ|TT|NQ|CT|VBHN|TTLT|KH|HD|CV|TB)(?:\s?-\s?[A-ZĐ][A-ZĐa-z0-9]{0,9})+"
)
_LAW = re.compile(r"(?<![\w/])(\d{1,3})\s?/\s?((?:19|20)\d{2})\s?-\s?(QH\d{1,2}|(?:NĐ|TT|NQ)-[A-ZĐ]{2,8})")


def number_in(text: str) -> str:
    """The first legal number in cleaned `text` without inner spaces, or ""."""
    text = _LAW.sub(r"\1/\2/\3", text)
    found = NUMBER.search(text) or NUMBER.search(text.upper())
    return re.sub(r"\s", "", found.group(0)) if found else ""


def read_legal(code: object, name: object) -> LegalDocument | None:
    """The document cited by a row of the legal basis; None where the row names nothing."""
    number, title = clean(code), clean(name)
    cited = number_in(number) or number_in(title)
    if cited:
        return LegalDocument(number=cited, name=title)
    if not (title or number):
        return None
    return LegalDocument(name=title or number)


def read_decision(value: object) -> str:
    """The number of the decision that announced the procedure ("163/QĐ-BTP")."""
    text = clean(value)
    return number_in(text) or text.rstrip(" .;,")[:80]
