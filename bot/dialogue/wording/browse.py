"""What is said while looking through the catalogue without a question."""

TOPICS = {
    "co-con-nho": "Có con nhỏ",
    "hoc-tap": "Học tập",
    "viec-lam": "Việc làm, kinh doanh",
    "cu-tru-va-giay-to-tuy-than": "Cư trú, giấy tờ tùy thân",
    "hon-nhan-va-gia-dinh": "Hôn nhân, gia đình",
    "dien-luc-nha-o-dat-dai": "Nhà đất, điện",
    "phuong-tien-va-nguoi-lai": "Xe cộ, bằng lái",
    "suc-khoe-va-y-te": "Sức khỏe, y tế",
    "huu-tri": "Hưu trí",
    "nguoi-than-qua-doi": "Người thân qua đời",
    "giai-quyet-khieu-kien": "Khiếu nại, tố cáo",
}

CHOOSE_TOPIC = "Bạn đang lo việc gì ạ?"
CHOOSE_AGENCY = "Bạn cần gặp cơ quan nào?"
NEXT = "Xem tiếp"
PREVIOUS = "Xem lại phần trước"


def choose_field(place: str, count: int) -> str:
    """Heads the fields of an agency or a life event."""
    return f"{place} có {count} thủ tục. Bạn chọn lĩnh vực:"


def procedures(field: str, first: int, last: int, total: int) -> str:
    """Heads one page of procedures."""
    shown = f" (từ {first} đến {last} trong {total})" if total > last - first + 1 else ""
    return f"{field}{shown}. Bạn chọn thủ tục:"
