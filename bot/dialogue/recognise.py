"""What a message is besides a question about a procedure.

Everything here works on folded text (lower case, no tone marks), so it hears the same in every form of typing.
Patterns are narrow on purpose: a greeting in front of a question is not a greeting.
"""

import re
from enum import StrEnum
from typing import Final

from knowledge_base.text import fold


class Kind(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    YES = "yes"
    WHO = "who"
    HUMAN = "human"
    STATUS = "status"
    HOURS = "hours"
    CONTACT = "contact"
    EMERGENCY = "emergency"
    INSULT = "insult"
    EMPTY = "empty"


# Words that only colour a sentence: addressing, softening, hesitating.
_PARTICLES: Final = frozenset(
    "a ak ah oi oie ad adm admin shop ban em anh chi co chu bac ong ba chau minh toi con e c mn moi nguoi ca nha nhe nhen nhe "
    "nghe vang da day do nay nao vay the ha h hi hihi haha he rat nhieu lam qua thoi roi la voi va thi ma nua duoc dc "
    "trung tam hanh chinh cong chatbot bot motcua may sep minh cac buoi sang trua chieu toi ngay khoe tot lanh vui ve "
    "truoc nhieu nhiu lun luon luon nhi ne ni kinh gui cho hoi di kha ha hen".split()
)

_SAYINGS: Final = {
    Kind.GREETING: ("xin chao", "chao", "hello", "helo", "hi", "alo", "a lo", "hey", "hallo", "kinh chao"),
    Kind.THANKS: ("xin cam on", "cam on", "cam ta", "da ta", "thank you", "thanks", "thank", "tks", "thks", "camon", "cam un"),
    Kind.GOODBYE: ("tam biet", "bye bye", "bye", "bai bai", "hen gap lai"),
    Kind.YES: ("ok", "oke", "okie", "okay", "okela", "vang a", "da vang", "dung roi", "dong y", "hieu roi", "ro roi", "biet roi"),
}

_PATTERNS: Final = {
    Kind.WHO: (
        r"\b(ban|em|ad|may|day|ben nay|ban nay) la (ai|gi|nguoi|bot|may|robot|con gi)\b",
        r"\b(nguoi|bot|robot) hay (la )?(may|bot|nguoi|robot)\b",
        r"^(ai day|ai do|ai vay|ai the|bot a|co ai (o do|day|khong)|ban ten gi|ten ban la gi|ban lam duoc gi|biet lam gi).{0,12}$",
    ),
    Kind.HUMAN: (
        r"\b(gap|noi chuyen voi|chat voi|noi voi|ket noi voi|noi may voi) (1 |mot )?(can bo|nhan vien|nguoi that|nguoi truc|tu van vien|"
        r"dien thoai vien|tong dai vien|ai do|con nguoi|lanh dao|nguoi)( .{0,25})?$",
        r"^(cho |xin |can |muon )?(toi |em |minh |chau )?(duoc )?(gap|goi) (nguoi|can bo|nhan vien|tong dai).{0,20}$",
        r"\b(khong muon|dung co|chan) (noi|chat|noi chuyen) (voi )?(may|bot|robot)\b",
        r"\bgoi (lai )?(dien )?(thoai )?cho (toi|em|minh|bac|chau)( voi| nhe| di| duoc khong)?$",
    ),
    Kind.STATUS: (
        r"\bho so .{0,60}\b(den dau|toi dau|xong chua|the nao roi|ra sao roi|duyet chua|chua thay|chua co|giai quyet chua|chua duoc|"
        r"bao gio (thi )?(co|xong|tra|lay)|khi nao (thi )?(co|xong|tra|lay)|nop .{0,30}(tuan|thang|ngay|hom) .{0,30}(chua|roi))\b",
        r"\b(nop|gui) .{0,40}(tuan|thang|ngay|hom|lau) .{0,30}(chua thay|chua co (ket qua|gi)|van chua|ma chua)\b",
        r"\b(tra cuu|kiem tra|theo doi|xem|check) (giup |ho |lai |dum )?(\w+ )?(tinh trang |trang thai |tien do |ket qua )?(ma )?ho so"
        r"( (da nop|cua (toi|em|minh|nha|chau|bac|me|bo|con)|dang (xu ly|giai quyet)).*|$)",
        r"\b(tinh trang|trang thai|tien do) (xu ly |giai quyet )?ho so( (da nop|cua (toi|em|minh|nha)).*|$)",
        r"\bma ho so\b.{0,60}$",
        r"\b[a-z]\d{2}(\.\d+)*[- ]\d{6}[- ]\d{4,7}\b",
        r"\b000\.\d\d\.\d\d\.[a-z]\d\d-\d{6}-\d{4}\b",
        r"\b(phieu hen|giay hen)\b.{0,60}\b(mat|chua|qua han|tre|den ngay|qua ngay|ma)\b",
    ),
    Kind.HOURS: (
        r"\b(trung tam|hanh chinh cong|mot cua|bo phan mot cua|trung tam hanh chinh)\b.{0,40}\b(lam viec|mo cua|dong cua|nghi)\b",
        r"\b(lam viec|mo cua|dong cua)\b.{0,30}\b(may gio|gio nao|thu 7|thu bay|chu nhat|ngay nao|den may gio|khong|le|tet)\b.{0,25}$",
        r"^(gio|lich|thoi gian) (lam viec|mo cua|hanh chinh).{0,40}$",
        r"\b(thu 7|thu bay|t7|chu nhat|cn)\b.{0,25}\b(co )?(lam viec|lam khong|mo cua|di lam)\b",
    ),
    Kind.CONTACT: (
        r"^(cho |xin )?.{0,20}\b(hotline|duong day nong|tong dai)\b.{0,30}$",
        r"\b(so dien thoai|sdt|so may|dia chi)\b.{0,15}\b(trung tam|mot cua|hanh chinh cong)\b",
        r"\b(trung tam|hanh chinh cong)\b.{0,30}\b(o dau|cho nao|dia chi|so dien thoai|sdt)\b",
    ),
    Kind.EMERGENCY: (
        r"\b(dang chay|chay nha|nha chay|chay lon|chay roi|boc chay|hoa hoan)\b(?!.{0,30}(phong chay|giay|thu tuc|ho so))",
        r"\b(cap cuu|cuu (toi|em|voi|chau)|cuu cuu|sap chet|bat tinh|ngung tho|khong tho duoc|chay mau nhieu|dot quy|co giat|"
        r"duoi nuoc|ngo doc|dien giat)\b(?!.{0,25}(giay phep|thu tuc|cap phep|dich vu|chung chi|xe cap cuu))",
        r"\b(tu tu|khong muon song|muon chet|tu van)\b(?! (thu tuc|ve|giup|cho|ho|tieng|viec|va|an))",
        r"\b(dang bi|vua bi|bi) (danh dap|hanh hung|cuop|dam|chem|bat coc|xam hai|hiep dam|truy sat)\b",
        r"\b(sot (cao|39|40|41)\b.*(do|vien)|kho tho|dau nguc du doi)\b",
    ),
    Kind.INSULT: (
        r"\b(dit me|dm may|dmm|dcm|vcl|vkl|vai lon|cai lon|con cac|cai lol|dau buoi|oc cho|do cho|thang cho|con cho|ngu (vay|the|nhu|qua|si|vl|lol)|"
        r"do ngu|lu ngu|mat day|khon nan|lua dao|me may|clgt|cmm|vo dung|may ngu|bot ngu|cut di|cut me|an hai|lao toet)\b",
    ),
}
_COMPILED: Final = {kind: tuple(re.compile(p) for p in patterns) for kind, patterns in _PATTERNS.items()}
# "tự tử" and "tư vấn" fold to different words, "tự vẫn" and "tư vấn" to the same: marks decide where they were typed.
_ADVICE: Final = re.compile(r"tư vấn", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[^\W_]")


def kind_of(text: str) -> Kind | None:
    """The kind of a message that is no question about a procedure, None where it may be one.

    INSULT is only a hint: a question asked angrily is still a question (see the core).
    """
    folded = fold(text)
    if not _LETTERS.search(folded):
        return Kind.EMPTY
    for kind in (Kind.EMERGENCY, Kind.HUMAN, Kind.WHO, Kind.STATUS, Kind.HOURS, Kind.CONTACT):
        if kind is Kind.EMERGENCY and _ADVICE.search(text):
            continue
        if any(pattern.search(folded) for pattern in _COMPILED[kind]):
            return kind
    saying = _saying(folded)
    if saying is not None:
        return saying
    if any(pattern.search(folded) for pattern in _COMPILED[Kind.INSULT]):
        return Kind.INSULT
    return None


def _saying(folded: str) -> Kind | None:
    """Greeting, thanks, ... where nothing else is said; of several ("chào em, cảm ơn nhé") the last one counts."""
    words = re.sub(r"[^\w\s]", " ", folded).split()
    if not words or len(words) > 14:
        return None
    rest, heard = " ".join(words), []
    for kind, sayings in _SAYINGS.items():
        for saying in sorted(sayings, key=len, reverse=True):
            pattern = re.compile(rf"\b{saying}\b")
            if pattern.search(rest):
                heard.append(kind)
                rest = pattern.sub(" ", rest)
    if any(word not in _PARTICLES for word in rest.split()):
        return None
    if not heard:
        return Kind.GREETING if len(words) <= 2 else None
    return max(heard, key=lambda kind: list(_SAYINGS).index(kind))


class Found(StrEnum):
    IDENTITY = "identity"
    PHONE = "phone"


_PROTECTED: Final = re.compile(r"\b\d\.\d{6}\b")  # a procedure code is not a person
_IDENTITY: Final = re.compile(r"(?<![\d.,/-])(?:0\d{2}(?:[ .-]?\d{3}){3}|\d{9}|\d{10}(?=\D*(?:bhxh|bảo hiểm)))(?![\d/])")
_PHONE: Final = re.compile(r"(?<![\d.,/-])(?:\+?84|0)[ .-]?[235789](?:[ .-]?\d){8}(?![\d/])")


def mask(text: str) -> tuple[str, frozenset[Found]]:
    """The text without identity and phone numbers, and which of them were there. Only the masked text goes on."""
    found: set[Found] = set()
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    text = _PROTECTED.sub(keep, text)
    for pattern, what in ((_PHONE, Found.PHONE), (_IDENTITY, Found.IDENTITY)):
        text, count = pattern.subn(" ", text)
        if count:
            found.add(what)
    for position, original in enumerate(kept):
        text = text.replace(f"\x00{position}\x00", original)
    return text, frozenset(found)


_NUMBER: Final = re.compile(r"^(?:so|chon|cau|muc|cai|phuong an|thu|y)?\s*(?:so|thu)?\s*(\d{1,3})\s*[.)]?$")
_SPELLED: Final = {"mot": 1, "nhat": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10}
_SPELLED_NUMBER: Final = re.compile(rf"^(?:so|chon|cai|muc|phuong an|y)?\s*(?:so|thu)?\s*({'|'.join(_SPELLED)})$")


def picked_number(text: str) -> int | None:
    """The number of a choice: "2", "số 2", "chọn 2.", "cái thứ hai"; None where the message is no bare number."""
    folded = re.sub(r"\b(a|nhe|nha|di|em|oi|dau tien)\b", " ", fold(text)).strip()
    folded = re.sub(r"\s+", " ", folded)
    if match := _NUMBER.match(folded):
        return int(match.group(1))
    if match := _SPELLED_NUMBER.match(folded):
        return _SPELLED[match.group(1)]
    return None


_CODE: Final = re.compile(r"(?<![\d.])(\d{1,2}\.\d{6})(?:\.\d{2}|\.000\.00\.00\.[A-Za-z]\d\d)?(?![\d])")
_CODE_LOOSE: Final = re.compile(r"(?:^|\bp[_ ])(\d)[ _.,-](\d{6})(?!\d)")


def code_in(text: str) -> str | None:
    """A procedure's code in the text, also written "1_004194" or "p_1_004194" or "1 004194"; None without one."""
    if match := _CODE.search(text):
        return match.group(1)
    if match := _CODE_LOOSE.search(text.strip()):
        return f"{match.group(1)}.{match.group(2)}"
    return None
