"""A scraped portal page: a JSON object of section texts whose table cells ran together without separators.

"Trực tuyến120,000 VNĐ" is a time of 1 and a fee of 20,000, so no amount, no count and no paper is taken from such text.
Only what stands between unmistakable words is read; the rest is reported, and the reading never erases known facts.
"""

import re
from typing import Any, TypeGuard

from indexer.facts.codes import read_code
from indexer.facts.durations import read_duration
from indexer.facts.legal import read_decision
from indexer.facts.wording import clean, clean_lines, without_bullet
from indexer.sources.finding import Finding, Findings
from indexer.sources.levels import audience_in, levels_in
from knowledge_base.procedure import Channel, Duration, Procedure

_LINK = re.compile(r"https://dichvucong\.gov\.vn/\S{1,300}")
_PAGE_END = re.compile(r"Từ khóa(?=Không có thông tin|[^\s])|Chọn cơ quan thực hiện")
_RESULT_CODE = re.compile(r"Mã:\s*[A-ZĐ0-9.-]*\d")  # ends with a digit; the next result follows at once
_WAYS = {"Trực tiếp": Channel.DIRECT, "Trực tuyến": Channel.ONLINE, "Dịch vụ bưu chính": Channel.POSTAL}
_UNITS = {"Ngày làm việc": "WORKING_DAY", "Ngày": "DAY", "Giờ": "HOUR", "Tháng": "MONTH"}
_TIME = re.compile(r"(Trực tiếp|Trực tuyến|Dịch vụ bưu chính)\s?(\d{1,3}(?:[.,]\d)?)\s?(Ngày làm việc|Ngày|Giờ|Tháng)")
UNREAD = "trang chép lại bị dính chữ giữa các ô bảng: không đọc giấy tờ, phí, căn cứ pháp lý, hãy nhập bản ghi JSON"


def is_page(record: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is a scraped page rather than a record of the portal's own API."""
    return isinstance(record, dict) and {"ma_thu_tuc", "ten_thu_tuc"} <= record.keys()


def read_page(record: dict[str, Any], row: str) -> tuple[Procedure | None, tuple[Finding, ...]]:
    """What a scraped page says for certain; None where it has no usable code or name. Never raises."""
    code, reason = read_code(record.get("ma_thu_tuc"))
    findings = Findings(code or clean(str(record.get("ma_thu_tuc") or ""))[:60], row)
    name = clean(record.get("ten_thu_tuc"))
    if not code or not name:
        findings.add("name" if code else "code", reason or "thủ tục không có tên", "rejected")
        return None, findings.all()
    if reason:
        findings.add("code", reason, "repaired")
    findings.add("papers", UNREAD, "reported")
    levels = levels_in(clean(record.get("cap_thuc_hien")))
    conditions = "\n".join(clean_lines(record.get("yeu_cau_dieu_kien")))
    link = _LINK.fullmatch(clean(record.get("detail_url")))
    agency = clean(record.get("co_quan_thuc_hien")) or clean(record.get("co_quan_co_tham_quyen"))
    durations = times_in(clean(record.get("cach_thuc_thuc_hien")))
    return Procedure(
        code=code,
        name=name,
        agency="",
        counter="commune" if levels == ("commune",) else "province",
        field=clean(record.get("linh_vuc")),
        levels=levels,
        audience=audience_in(clean(record.get("doi_tuong_thuc_hien"))),
        executing=(agency,) if agency else (),
        address=clean(record.get("dia_chi_tiep_nhan")),
        channels=tuple(dict.fromkeys(found.channel for found in durations if found.channel)),
        durations=durations,
        results=results_in(clean(record.get("ket_qua_xu_ly"))),
        decision=read_decision(record.get("so_quyet_dinh")),
        steps=tuple(clean_lines(record.get("trinh_tu_thuc_hien"))),
        conditions=conditions,
        has_conditions=bool(conditions),
        source=link[0] if link else "",
    ), findings.all()


def results_in(text: str) -> tuple[str, ...]:
    """The results of a page, between their codes ("Mã: KQ.G19.000448") and before the foot of the page."""
    foot = _PAGE_END.search(text)
    parts = _RESULT_CODE.split(text[: foot.start()] if foot else text)
    return tuple(dict.fromkeys(name for part in parts if (name := without_bullet(clean(part)).rstrip(" ;.,"))))


def times_in(text: str) -> tuple[Duration, ...]:
    """Processing times by channel, only where a number stands between the channel and the name of a unit."""
    found = (
        read_duration(value.replace(",", "."), _UNITS[unit], "", _WAYS[way]) for way, value, unit in _TIME.findall(text)
    )
    return tuple(dict.fromkeys(found))
