"""What is said around rating a visit, in the order in which people read it."""

from datetime import date, datetime

from bot.rating_records import ChangeNote, Criterion, Rating
from knowledge_base.centre import VIETNAM, Centre

SKIP_BUTTON = "Không góp ý thêm"
CALL_BUTTON = "Gọi lại cho tôi"
NO_CALL_BUTTON = "Không cần gọi"
REVIEW_BUTTON = "Xem, sửa điểm"
OPEN_BUTTON = "Mở hồ sơ này"
CHANGES_BUTTON = "Trung tâm đã thay đổi gì"

ASK_VISIT = (
    "Mời bạn chấm điểm lần đến Trung tâm vừa rồi. Trung tâm không ghi tên bạn, cán bộ ở quầy không biết ai chấm.",
    "Bạn gõ mã trên phiếu đánh giá (ví dụ DG-7K4-9XQ-2PT), hoặc mã hồ sơ đã trả kết quả.",
)
NO_VISIT_CODE = "Xin lỗi, trợ lý chưa đọc được mã trong tin này. Bạn gõ lại giúp mã trên phiếu đánh giá, ví dụ DG-7K4-9XQ-2PT. Không có phiếu, bạn gõ mã hồ sơ đã trả kết quả."
UNKNOWN = "Xin lỗi, mã phiếu này không đúng, đã hết hạn hoặc chưa dùng được. Bạn xem lại từng chữ, từng số trên phiếu rồi gõ lại giúp."
NOT_OPEN = "Để chấm điểm cho hồ sơ {code}, hồ sơ phải trả kết quả rồi và bạn cần mở hồ sơ bằng 4 số cuối."
CLOSED = "Lần này đã được chấm điểm rồi. Mỗi lần chỉ chấm một lần; trong 24 giờ chỉ người đã chấm xem và sửa được, trên chính máy hoặc kênh đã chấm. Cảm ơn bạn đã dành thời gian."

QUESTIONS = {
    Criterion.FACILITIES: "Cơ sở vật chất: chỗ ngồi, bảng chỉ dẫn, máy lấy số, vệ sinh",
    Criterion.CONVENIENCE: "Sự thuận tiện: hướng dẫn dễ hiểu, chờ không lâu, không phải đi lại nhiều lần",
    Criterion.ATTITUDE: "Thái độ của cán bộ: lịch sự, tận tình",
}
NAMES = {
    Criterion.FACILITIES: "Cơ sở vật chất",
    Criterion.CONVENIENCE: "Sự thuận tiện",
    Criterion.ATTITUDE: "Thái độ của cán bộ",
}
SCORES = {
    1: "1 – Rất không hài lòng",
    2: "2 – Không hài lòng",
    3: "3 – Bình thường",
    4: "4 – Hài lòng",
    5: "5 – Rất hài lòng",
}

ASK_WORDS = (
    "Cảm ơn bạn. Bạn muốn góp ý thêm điều gì thì gõ vào đây, hoặc bấm “Không góp ý thêm”.",
    "Bạn không cần ghi tên, số điện thoại hay tên cán bộ.",
)
SORRY = "Trung tâm xin lỗi vì đã làm bạn chưa hài lòng. Bạn có muốn người phụ trách gọi lại để nghe bạn nói không?"
CONSENT = "Bạn gõ số điện thoại là đồng ý để người phụ trách gọi lại về lần này. Số được giữ riêng, không kèm điểm bạn chấm, cán bộ ở quầy không thấy; xóa ngay sau khi gọi, chậm nhất sau 30 ngày."
NO_PHONE = "Xin lỗi, trợ lý chưa đọc được số điện thoại. Bạn gõ giúp 10 số, ví dụ 0912 345 678."
CALLED = "Đã ghi số. Người phụ trách sẽ gọi cho bạn trong giờ làm việc. Muốn bỏ, bạn gõ “xóa dữ liệu của tôi”."
CALLED_WEB = "Đã ghi số. Người phụ trách sẽ gọi cho bạn trong giờ làm việc. Cảm ơn bạn."
THANKS = "Cảm ơn bạn đã chấm điểm. Trong 24 giờ bạn còn sửa được."
NO_CHANGES = "Hiện chưa có thông báo nào về việc Trung tâm đã thay đổi theo góp ý."
CHANGED = "Nhờ góp ý của bà con, Trung tâm đã thay đổi:"


def question(criterion: Criterion) -> str:
    """One criterion; the scores are on the buttons."""
    number = list(Criterion).index(criterion) + 1
    return f"{number}/{len(Criterion)}. {QUESTIONS[criterion]}. Bạn chấm mấy điểm, từ 1 đến 5?"


def summary(rating: Rating) -> tuple[str, ...]:
    """What this person has said so far."""
    lines = [
        f"• {name}: {rating.scores[criterion]} điểm" if criterion in rating.scores else f"• {name}: chưa chấm"
        for criterion, name in NAMES.items()
    ]
    said = ["# Điểm bạn đã chấm", "\n".join(lines)]
    if rating.comment:
        said.append(f"Góp ý: “{rating.comment}”")
    return tuple(said)


def counter(name: str) -> str:
    """A counter as people call it: "5" and "Quầy 5" are both "Quầy 5"."""
    return name if name.lower().startswith("quầy") else f"Quầy {name}"


def kept_words(comment: str) -> str:
    """The comment as it is kept, without numbers and names."""
    return f"Đã ghi góp ý: “{comment}”" if comment else "Đã bỏ góp ý."


def changes(notes: list[ChangeNote]) -> tuple[str, ...]:
    """What the centre has changed, with dates; nothing where nothing is published."""
    return (CHANGED, *(f"• {_day(note.published_at)}: {note.text}" for note in notes)) if notes else ()


def later(seconds: int, centre: Centre) -> str:
    """Too many wrong codes."""
    return f"Đã có nhiều lần gõ mã chưa đúng. Bạn chờ khoảng {-(-seconds // 60)} phút rồi thử lại, hoặc hỏi cán bộ tại {centre.name}."


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(VIETNAM) if at else date.min:%d/%m/%Y}"
