"""Names of people in what residents write about a visit: taken out, so that a comment points at nobody.

A name is known by what stands before it ("chị Lan", "tên là Hùng", "cán bộ Hạnh") or by a family name ("Nguyễn Văn A").
Typed without capitals, only the usual given names count, and only behind a form of address. Taking out a word too many
costs little; leaving a name costs somebody's peace.
"""

import re
from typing import Final

_CALLED: Final = (
    r"anh|chị|chi|cô|chú|ông|bà|cậu|dì|mợ|thầy|đồng chí|đ/c|cán bộ|can bo|nhân viên|nhan vien|công chức|lãnh đạo"
    r"|trưởng phòng|giám đốc|tên là|ten la|tên|em|bạn|bác"
)
_NOT_AFTER: Final = (
    r"(?!\s*(?:Trung tâm|Công an|Ủy ban|Bộ|Sở|Phòng|Quầy|UBND|CCCD|VNeID|Zalo|Bắc Giang|Bắc Ninh|Hà Nội)(?!\w))"
)
_UPPER: Final = "A-ZÀ-ÃÈ-ÊÌÍÒ-ÕÙÚÝĂĐĨŨƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ"
_WORD: Final = rf"[{_UPPER}][^\W\d_{_UPPER}]*\.?(?!\w)"
_FAMILY: Final = (
    "Nguyễn|Nguyen|Trần|Tran|Lê|Phạm|Pham|Hoàng|Hoang|Huỳnh|Huynh|Phan|Vũ|Võ|Đặng|Dang|Bùi|Bui|Đỗ|Hồ|Ngô|Ngo|Dương|Duong"
    "|Lý|Đào|Đinh|Dinh|Trịnh|Trinh|Lương|Luong|Tô|Thân|Giáp|Hà|Cao|Mai|Trương|Truong|Chu|Đoàn|Tạ|Quách|Vi|Nông|Lục|Tống"
)
_GIVEN: Final = (
    "lan|hoa|hương|hằng|hà|hải|hùng|dũng|tuấn|minh|linh|trang|thảo|thủy|thuỷ|thúy|thuý|mai|nga|nhung|ngọc|phương|quỳnh|yến"
    "|vân|loan|oanh|hạnh|hiền|huệ|huế|cúc|đức|cường|long|sơn|thắng|tùng|tú|kiên|hiếu|hoàng|huy|khánh|lâm|nghĩa|phong|phúc|quý"
    "|thịnh|vinh|vũ|xuân|dung|giang|châu|duy|hưng|hoàn|luyến|lý|liên|liễu|ly|my|hồng|thơm|tuyết|tuyến|toản|uyên|vy|trâm"
)
_BY_ADDRESS: Final = re.compile(
    rf"(?<!\w)(?P<called>(?i:{_CALLED}))(?P<gap>\s+){_NOT_AFTER}"
    rf"(?:{_WORD}(?:\s+{_WORD}){{0,3}}|(?i:{_GIVEN})(?!\w)(?!\s+(?:gương|hoét)))"
)
_BY_FAMILY: Final = re.compile(rf"(?<!\w)(?:{_FAMILY})(?:\s+{_WORD}){{1,3}}")
_FAMILY_LOW: Final = re.compile(
    rf"(?<!\w)(?:{_FAMILY})\s+(?:văn|thị|van|thi|đức|hữu|quang|ngọc|thanh|minh)\s+\w+", re.IGNORECASE
)


def mask_names(text: str, by: str = "•••") -> str:
    """The text with `by` for every name of a person that can be known as one."""
    masked = _BY_ADDRESS.sub(rf"\g<called>\g<gap>{by}", text)
    masked = _BY_FAMILY.sub(by, masked)
    return _FAMILY_LOW.sub(by, masked)
