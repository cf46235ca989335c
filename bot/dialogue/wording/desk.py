"""What is said about the centre itself, and in the passing moments: greeting, thanks, emergencies, numbers sent."""

from datetime import date, datetime, timedelta

from bot.dialogue.privacy import Found
from knowledge_base.centre import VIETNAM, Centre, Hours

_DAYS = {1: "thứ Hai", 2: "thứ Ba", 3: "thứ Tư", 4: "thứ Năm", 5: "thứ Sáu", 6: "thứ Bảy", 7: "Chủ nhật"}

SEARCH_HINT = 'Bạn cứ gõ điều mình cần, có dấu hay không dấu đều được. Ví dụ: "mất bằng lái xe máy", "làm giấy khai sinh cho con".'
TOPICS_BUTTON = "Chọn theo việc trong đời"
AGENCIES_BUTTON = "Chọn theo cơ quan"
HOURS_BUTTON = "Giờ làm việc"
PERSON_BUTTON = "Gặp người thật"
START_BUTTON = "Về đầu trang"


def welcome(centre: Centre) -> tuple[str, ...]:
    """The first page."""
    said = [
        f"Xin chào bạn! Đây là trợ lý tra cứu thủ tục của {centre.name}.",
        f"{SEARCH_HINT} Trợ lý tìm giúp giấy tờ cần nộp, lệ phí, thời gian và nơi nộp, kèm nguồn.",
    ]
    if centre.notice:
        said.append(centre.notice)
    return tuple(said)


def outdated(centre: Centre) -> tuple[str, ...]:
    """For a button or link that leads nowhere any more."""
    return ("Xin lỗi bạn, nút này không còn dùng được. Mời bạn bắt đầu lại từ đây.", *welcome(centre)[1:2])


GREETING = f"Xin chào bạn! Bạn cần làm thủ tục gì ạ? {SEARCH_HINT}"
THANKS = "Cảm ơn bạn đã hỏi. Khi cần thêm gì, bạn cứ nhắn ở đây ạ."
GOODBYE = "Cảm ơn bạn, xin chào và hẹn gặp lại bạn ạ."
YES = "Vâng ạ. Bạn cần hỏi thêm gì thì cứ gõ ở đây."
WRONG = "Xin lỗi bạn, trợ lý nói chưa đúng ý hoặc chưa rõ. Bạn nói thêm giúp: việc gì, cho ai, để làm gì?"
EMPTY = f"Xin lỗi, trợ lý chưa đọc được điều bạn cần. {SEARCH_HINT}"
UNREADABLE = "Xin lỗi, trợ lý chỉ đọc được chữ, chưa xem được ảnh, giọng nói hay tệp. Bạn gõ giúp điều mình cần nhé."
FAILED = "Xin lỗi bạn, máy đang trục trặc nên chưa trả lời được. Bạn thử nhắn lại sau ít phút nhé."
INSULT = "Xin lỗi đã làm bạn chưa hài lòng. Bạn nói giúp đang vướng ở việc gì, trợ lý xin tìm lại; hoặc bạn gặp cán bộ theo cách dưới đây."
WHO = "Đây là trợ lý tự động (máy), không phải người. Mọi câu trả lời về thủ tục đều lấy từ Cổng Dịch vụ công quốc gia, có ghi nguồn và ngày."
NO_SUCH_CHOICE = "Xin lỗi, không có mục số {number}. Bạn chọn từ 1 đến {last}, hoặc gõ điều mình cần."
FIRST_OF_SEVERAL = "Bạn chọn mấy mục một lúc. Trợ lý trả lời mục {first} trước; mục {others} có nút ở dưới."
NO_CHOICES = "Xin lỗi, lúc này chưa có danh sách nào để chọn số. Bạn gõ điều mình cần nhé."
UNKNOWN_CODE = "Xin lỗi, Trung tâm không có thủ tục mã {code}. Bạn xem lại mã, hoặc gõ tên việc cần làm."

REMOVED = (
    "Xin lỗi bạn, thủ tục mã {code} không có trong danh mục của Trung tâm: có thể đã bị bãi bỏ hoặc đổi mã. "
    "Bạn gõ tên việc cần làm, trợ lý tìm giúp."
)

EMERGENCY = (
    "Nếu đang nguy cấp, bạn gọi ngay (miễn phí):\n• 113: công an\n• 114: cháy nổ, cứu nạn\n• 115: cấp cứu y tế",
    "Trợ lý này chỉ tra cứu thủ tục, không gọi cứu giúp được.",
)

STOP = (
    "Vâng, trợ lý dừng ở đây và không gửi tin nào cho bạn nữa.",
    "Khi nào cần, bạn nhắn lại bất cứ lúc nào.",
)


def status(centre: Centre) -> tuple[str, ...]:
    """Where to look up a dossier; the assistant has no dossier data of its own yet."""
    return (
        "Bạn muốn biết hồ sơ đã nộp đến đâu. Trợ lý chưa xem được hồ sơ của từng người, xin lỗi bạn.",
        f"Bạn tra trên Cổng Dịch vụ công quốc gia ({centre.portal}), mục Tra cứu hồ sơ, bằng mã in trên phiếu hẹn; hoặc gọi {phone(centre)}.",
        "Bạn không cần gửi số căn cước hay số điện thoại vào đây.",
    )


def complaint(centre: Centre, now: datetime, *, police: bool) -> tuple[str, ...]:
    """Regret, whom to tell, and that the procedures below are about the police only."""
    said = [
        "Rất tiếc vì bạn bị đối xử như vậy. Trợ lý là máy, không xử lý khiếu nại được, nhưng xin chỉ chỗ để bạn nói.",
        *person(centre, now),
        "Bạn ghi lại ngày giờ, nơi xảy ra, tên hoặc số quầy của người đó và sự việc, để khi phản ánh nói cho rõ.",
    ]
    if police:
        said.append("Danh mục của Trung tâm chỉ có thủ tục khiếu nại, tố cáo đối với công an, ở nút dưới đây.")
    return tuple(said)


def person(centre: Centre, now: datetime) -> tuple[str, ...]:
    """How to reach a human being."""
    state = "Bây giờ quầy đang mở cửa." if centre.is_open(now) else "Bây giờ quầy đang đóng cửa."
    return (f"Bạn gặp cán bộ bằng cách gọi {phone(centre)}, hoặc đến {place(centre)}.", f"{state}\n{hours(centre)}")


def contact(centre: Centre, now: datetime) -> tuple[str, ...]:
    """Name, place, telephone, hours."""
    address = centre.address or "Trung tâm chưa nhập địa chỉ vào đây, bạn gọi số dưới để hỏi đường"
    return (
        f"{centre.name}\nĐịa chỉ: {address}.",
        f"Điện thoại: {phone(centre)}",
        opening(centre, now),
    )


def phone(centre: Centre) -> str:
    """The hotline with whose it is."""
    return f"{centre.hotline} ({centre.hotline_name})"


def place(centre: Centre) -> str:
    """The centre with its address where it has entered one."""
    return f"{centre.name}, {centre.address}" if centre.address else centre.name


def opening(centre: Centre, now: datetime) -> str:
    """Whether the counter is open today, and the week's hours."""
    today = centre.hours_on(now.astimezone(VIETNAM).date())
    said = f"Hôm nay quầy làm việc {_stretches(today)}." if today else "Hôm nay quầy nghỉ."
    return f"{said}\n{hours(centre)}"


LONGEST_CLOSED = 60
"""Days in which the next working day is looked for."""


def opening_on(centre: Centre, day: date, now: datetime) -> str:
    """Whether the counter is open on one day, when next if it is not, and the week's hours."""
    today = now.astimezone(VIETNAM).date()
    near = {today: "Hôm nay, ", today + timedelta(days=1): "Ngày mai, "}.get(day, "")
    name = f"{near}{_dated(day)}"
    stretches = centre.hours_on(day)
    if stretches:
        said = f"{name}: quầy làm việc {_stretches(stretches)}."
    else:
        feast = any(day.isoweekday() in each.days for each in centre.hours)
        said = f"{name}: quầy nghỉ{' lễ' if feast else ''}."
        later = (day + timedelta(days=ahead) for ahead in range(1, LONGEST_CLOSED))
        if again := next((each for each in later if centre.hours_on(each)), None):
            said += f" Làm việc lại: {_dated(again)}."
        if feast:
            said += " Lịch nghỉ lễ có thể đổi, gần ngày bạn hỏi lại."
    return f"{said[:1].upper()}{said[1:]}\n{hours(centre)}"


def _dated(day: date) -> str:
    return f"{_DAYS[day.isoweekday()]} {day:%d/%m/%Y}"


def hours(centre: Centre) -> str:
    """The week's hours; a default that the centre has not confirmed is called one."""
    by_days: dict[tuple[int, ...], list[Hours]] = {}
    for stretch in centre.hours:
        by_days.setdefault(stretch.days, []).append(stretch)
    lines = [f"{_span(days)}: {_stretches(tuple(stretches))}" for days, stretches in by_days.items()]
    said = "Giờ làm việc: " + "; ".join(lines) + ". Nghỉ các ngày lễ, Tết."
    if "hours" in centre.to_confirm:
        said += " (Đây là giờ hành chính thông thường, Trung tâm chưa xác nhận; bạn gọi trước khi đi.)"
    return said


def _stretches(stretches: tuple[Hours, ...]) -> str:
    return " và ".join(f"{s.opens:%H:%M}–{s.closes:%H:%M}" for s in stretches)


def _span(days: tuple[int, ...]) -> str:
    consecutive = len(days) > 2 and days == tuple(range(days[0], days[-1] + 1))
    return f"{_DAYS[days[0]]} đến {_DAYS[days[-1]]}" if consecutive else ", ".join(_DAYS[day] for day in days)


def privacy(found: frozenset[Found]) -> str:
    """Notices a number that was not needed."""
    what = {Found.IDENTITY: "số căn cước", Found.PHONE: "số điện thoại"}
    named = " và ".join(what[kind] for kind in Found if kind in found)
    return f"Bạn vừa gửi {named}, không cần đâu ạ. Trợ lý không lưu số này; bạn nên xóa tin nhắn ấy đi cho an toàn."
