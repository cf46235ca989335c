"""What a question asks about a procedure: papers, fee, how long, where, and so on."""

import re
from enum import StrEnum

from knowledge_base.text import words


class Facet(StrEnum):
    """A part of a procedure that residents ask for; GENERAL where they name none."""

    DOCUMENTS = "documents"
    FEE = "fee"
    DURATION = "duration"
    WHERE = "where"
    ONLINE = "online"
    CONDITIONS = "conditions"
    FORM = "form"
    STEPS = "steps"
    RESULT = "result"
    LEGAL = "legal"
    AUDIENCE = "audience"
    GENERAL = "general"


_LOST = r"(?:mat|roi|hong|rach|cu|het han)"
_PAPER = r"(?:giai to|giay to|giay|ho so|thu|tai lieu|loai giay)"
_CUES: tuple[tuple[Facet, float, str], ...] = (
    (Facet.FORM, 3.5, r"\b(?:mau|bieu mau)(?: (?:don|so|to|giay|phieu|van ban|bieu|ho so|de nghi|dang ki|khai))+\b"),
    (Facet.FORM, 3.2, r"\b(?:mau|bieu mau) (?:nao|gi|o dau|lay|tai|xin)\b|\b(?:lay|tai|xin|cho xin|dung|theo|can|viet) (?:cai )?(?:mau|bieu mau)\b"),
    (Facet.FORM, 3.0, r"\b(?:don|to khai|phieu) (?:\w+ ){0,5}?(?:viet (?:the nao|nhu the nao|ra sao|sao)|mau nao|lay o dau|tai o dau|tai ve)\b"),
    (Facet.FORM, 2.0, r"\bto khai so may\b|\bmau (?:don|so|to)\b|\bform\b|\bfile (?:don|mau)\b"),
    (Facet.ONLINE, 3.4, r"\b(?:qua mang|truc tuyen|tren mang|tren vneid|qua vneid|cong dich vu cong|o nha nop|nop tu xa|tren dien thoai|qua app|tren app|qua internet|cong thong tin)\b"),
    (Facet.ONLINE, 2.4, r"\b(?:co )?phai (?:den|di|ra|len) (?:tan noi|truc tiep)\b|\bkhong can (?:den|ra|di)\b|\b(?:gui|nop) qua (?:buu dien|zalo|thu dien tu)\b"),
    (Facet.FEE, 3.3, r"\b(?:bao nhieu|may) (?:le )?(?:tien|phi|dong|nghin|ngan|trieu)\b|\b(?:le phi|chi phi|phi to|muc phi|muc thu|muc le phi|gia ca|ton kem|an phi)\b"),
    (Facet.FEE, 3.0, r"\b(?:co|phai|bi|ko|khong) (?:phai )?(?:mat|ton|dong|nop|tra|thu) (?:them )?(?:tien|phi|dong nao|xu nao|le phi)\b|\b(?:duoc|co) mien phi (?:khong|chua)\b|\bmat phi\b|\bton phi\b|\bmat tien khong\b"),
    (Facet.FEE, 2.6, r"\b(?:het|mat|ton|tra|nop|thu) (?:khoang |tam |tong |tat ca )?bao nhieu\b(?! (?:ngay|lau|thoi|hom|thang|tuan|gio|giay|ban|bo))|\bphi (?:\w+ ){0,6}bao nhieu\b|\bgia bao nhieu\b|\bbao nhieu (?:mot|1) (?:ban|trang|lan|quyen|bo|xe|cai)\b|\bmay tien\b|\bmay phan tram\b|\b(?:nop|tra|phi|ba|thue) (?:\w+ )?bao nhieu\Z|\bbao tien\b"),
    (Facet.DURATION, 3.4, r"\b(?:bao lau|bao nhieu (?:ngay|lau|hom|tuan|thang|thoi gian|gio)|may (?:ngay|hom|tuan|thang|bua|gio)|mat lau|co lau|lau khong|co nhanh|nhanh khong)\b"),
    (Facet.DURATION, 3.0, r"\b(?:thoi (?:han|gian) (?:giai quyet|xu li|tra|lam|cap|cho|tham dinh|thuc hien|nop|bao|xet)|bao gio (?:co|xong|lay|duoc|tra|thi|moi|nhan)|khi nao (?:co|xong|lay|duoc|tra|thi|nhan)|lau nhat|lich hen|truoc may|hen tra)\b"),
    (Facet.DURATION, 1.6, r"\bthoi (?:han|gian)\b|(?<!chua )(?<!chua co )(?<!chua lam )\bbao gio\b|\bkhi nao\b|\btrong vong\b"),
    (Facet.CONDITIONS, 3.2, r"\b(?:(?<!du )(?<!nhan )dieu kien|tieu chuan|tieu chi|yeu cau (?:gi|nao|ra sao|the nao|doi voi)|doi hoi|du tuoi|can dat|bao nhieu tuoi|may tuoi|toi thieu|it nhat|bat buoc|quy dinh the nao)\b"),
    (Facet.CONDITIONS, 2.5, r"\b(?:co|da|chua|lieu) (?:\w+ ){0,7}?duoc (?:\w+ ){0,5}?(?:khong|chua)\b|\bco (?:\w+ ){0,6}(?:duoc|dc) (?:huong|lam|cap|xin|nhan|di|mua|mo|tach|vay|ho tro|dang ki|phep)\b|\bduoc (?:khong|chua|ko)\b|\bco duoc\b|\bduoc phep\b|\bduoc huong (?:khong|gi)\b"),
    (Facet.CONDITIONS, 2.5, r"\bco (?:phai|can|bi) (?:\w+ ){0,8}?khong\b|\bco phai\b|\bkhong phai lam\b|\bphai (?:xin phep|dang ki|bao|khai|lam) (?:\w+ ){0,4}khong\b"),
    (Facet.CONDITIONS, 2.0, r"\bco (?:\w+ ){0,4}(?:khac|sao|van de|anh huong) (?:gi )?(?:khong)?\b|\bthi sao\b|\bbao nhieu met\b|\bthe nao thi duoc\b|\bco duoc khong\b|\b(?:co|den) (?:\w+ ){0,8}cho (?:\w+ )?khong\b|\bmay met\b|\bduoc (?:nghi|huong|tinh|ho tro) (?:may|bao nhieu)\b"),
    (Facet.WHERE, 3.0, r"\b(?:o dau|cho nao|noi nao|den dau|ra dau|di dau|tai dau|dau nhi|dau vay|gap ai|hoi ai|bao ai|co quan nao|so nao|phong nao|ben nao|quay nao|cua nao|don vi nao|xa nao|nop dau|lam dau|cho ai|voi ai|len dau|ve dau)\b"),
    (Facet.WHERE, 2.4, r"\b(?:nop|lam|xin|dang ki|den|ra|len|ve|gui) (?:\w+ ){0,3}(?:dau|cho nao|noi nao)\b|\bdia chi (?:nao|o dau|chinh xac)\b|\Anoi (?:tiep nhan|nop|nhan)\b|\b(?:xa|phuong|huyen|tinh|so|cong an) hay (?:\w+ ){0,3}(?:xa|phuong|tinh|so|cong an)\b|\bai (?:cap|lam|giai quyet|nhan|xac nhan|duyet)\b"),
    (Facet.DOCUMENTS, 3.0, rf"\b{_PAPER} (?:\w+ ){{0,2}}?(?:gi|nao)\b|\b(?:ho so|giay to) (?:\w+ ){{0,14}}?(?:gom|bao gom|can|co nhung|nhung gi|ra sao)\b|\bthanh phan (?:ho so|giay to)\b"),
    (Facet.DOCUMENTS, 2.9, r"\b(?:can|mang|nop|chuan bi|dem|gom|co|kem|xuat trinh|cam) (?:\w+ ){0,2}?(?:nhung |cac |theo |them |lai )*(?:gi|nhung gi|giay gi|loai nao)\b(?! ko)"),
    (Facet.DOCUMENTS, 1.8, r"\Aho so\b"),
    (Facet.DOCUMENTS, 2.2, r"\bgiay to\b(?! xe)|\bthanh phan\b|\bnhung giay\b|\bcan gi\b|\bnhung gi\b|\bho so\b(?= (?:gom|gi|nao|the nao|ra sao|can))|\bmay bo\b|\bbo ho so\b|\bcan (?:chup|photo|ban goc|ban sao)\b"),
    (Facet.LEGAL, 3.0, r"\b(?:can cu phap li|nghi dinh nao|luat nao|thong tu nao|theo quy dinh nao|van ban nao|co so phap li|quyet dinh nao|theo luat)\b"),
    (Facet.RESULT, 2.6, r"\b(?:ket qua (?:la gi|nhan duoc|gom)|nhan duoc (?:giay )?gi|duoc cap (?:giay )?gi|co gia tri bao lau|hieu luc bao lau)\b"),
    (Facet.AUDIENCE, 2.6, r"\b(?:doi tuong nao|nhung ai|ai duoc|ai co the|ai phai|danh cho ai|ap dung cho ai|ai la nguoi)\b"),
    (Facet.STEPS, 2.3, r"\b(?:cac buoc|trinh tu|quy trinh|tung buoc|bat dau tu dau|lam (?:nhung )?gi truoc|cach (?:lam|nop|dang ki|xin|khai|thuc hien)|thuc hien the nao|nhu nao|kieu gi|kieu nao)\b"),
    (Facet.STEPS, 2.0, r"\b(?:lam|xin|dang ki|doi|cap|nop|khai|bao|xu li|mo|sang ten|chuyen|giai quyet|huong|nhan|tinh|xoa|rut|thi)(?: \w+){0,12}? (?:the nao|nhu the nao|ra sao|lam sao|thi sao|sao)\b|\b(?:phai )?lam (?:sao|gi|the nao)\b|\bphai (?:lam )?(?:sao|gi)\b|\bhuong dan\b|\bthi lam\b|\bxin giay gi\b|\b(?:sua|xu li|tinh|khai|doi|xin) sao\b|\bthe nao\b|\bra sao\b"),
    (Facet.STEPS, 1.0, r"\bthu tuc (?:\w+ ){0,12}(?:the nao|ra sao|gi)\b|\blam giup\b|\bchi (?:giup|cach|em|toi)\b"),
)  # fmt: skip
_COMPILED = tuple((facet, weight, re.compile(pattern)) for facet, weight, pattern in _CUES)


def asked(question: str) -> tuple[Facet, ...]:
    """The facets that `question` asks about, the most likely first; (GENERAL,) where it names none."""
    text = " ".join(word.folded for word in words(question))
    scores: dict[Facet, float] = {}
    for facet, weight, pattern in _COMPILED:
        last = None
        for last in pattern.finditer(text):
            pass
        if last is not None:
            # of two cues the later one is the question, the earlier one mostly the story
            scores[facet] = max(scores.get(facet, 0.0), weight + 1.2 * last.end() / max(len(text), 1))
    if Facet.FORM in scores and Facet.WHERE in scores:
        # where to get a form is a question about the form
        scores[Facet.FORM] += 1.5
    return tuple(sorted(scores, key=lambda facet: -scores[facet])) or (Facet.GENERAL,)
