"""Procedure codes. A code is text: a spreadsheet that made a number of 1.000050 has lost its last zero."""

import re
import unicodedata
from typing import NamedTuple

from indexer.facts.wording import clean

_CODE = re.compile(r"[0-9A-ZĐ](?:[0-9A-Za-zĐ._/-]{1,38})[0-9A-Za-z]")
_DELETED = re.compile(r"[-_ .]*(?:xoa|xóa|xoá|del|deleted|huy|hủy)$", re.IGNORECASE)
_AS_TEXT = re.compile(r"=\"(.*)\"|'(.+)")  # how spreadsheets mark a number that is to stay text
_FULL = re.compile(r"\d\.\d{6,9}")
_NATIONAL = re.compile(r"\d\.\d{6,9}(?:\.\d{1,3}(?:\.\d{2}\.\d{2}\.[A-ZĐ]\d{2})?)?")  # 1.001193, .02, .000.00.00.H48
_LIKE_NATIONAL = re.compile(r"[\dOoIl][.,]\s?[\dOoIl][\dOoIl.,\s]*")


class Code(NamedTuple):
    """The code to use ("" where the row must be rejected) and what was found wrong with it, if anything."""

    code: str
    reason: str = ""


def read_code(raw: object) -> Code:
    """A procedure's code out of a JSON value or a spreadsheet cell."""
    if isinstance(raw, bool) or raw is None:
        return Code("", "không có mã thủ tục")
    if isinstance(raw, int | float):
        text = repr(raw)
        if _FULL.fullmatch(text) and isinstance(raw, float):
            return Code(text, "ô mã là số, đủ chữ số nên đọc lại được thành chữ")
        return Code(
            "", f"mã {text} là số, có thể đã mất số 0 ở cuối: hãy định dạng cột mã là Văn bản (Text) rồi xuất lại"
        )
    written = clean(raw)
    text = unicodedata.normalize("NFKC", written)
    typed = _AS_TEXT.fullmatch(text)
    if typed:
        text = typed[1] or typed[2]
    if not text:
        return Code("", "không có mã thủ tục")
    if _DELETED.search(text):
        return Code("", f"mã {text[:40]} là bản ghi đã xoá nhưng Cổng vẫn liệt kê")
    if _LIKE_NATIONAL.fullmatch(text) and not _NATIONAL.fullmatch(text) and not re.fullmatch(r"\d\.\d{1,5}", text):
        why = "có chữ cái lẫn vào chữ số" if re.search("[OoIl]", text) else "có dấu chấm, dấu phẩy hoặc dấu cách thừa"
        return Code("", f"mã {text[:40]} {why}: hãy sửa lại cho đúng rồi gửi lại")
    if not _CODE.fullmatch(text) or not any(char.isdigit() for char in text):
        return Code("", f"“{text[:40]}” không phải là mã thủ tục")
    if re.fullmatch(r"\d\.\d{1,5}", text):
        return Code(
            "",
            f"mã {text} thiếu chữ số, có thể đã mất số 0 ở cuối: hãy định dạng cột mã là Văn bản (Text) rồi xuất lại",
        )
    if typed:
        return Code(text, "mã có dấu của bảng tính")
    if text != written:
        return Code(text, "mã viết bằng chữ số rộng, đã đổi thành chữ số thường")
    return Code(text, "mã có dấu cách thừa" if text != raw else "")
