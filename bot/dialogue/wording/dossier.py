"""What is said about a dossier: where it is, what to do next, when and where the result is."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from bot.dialogue.wording.desk import phone, place
from bot.dialogue.wording.figures import money
from bot.dossier_records import UNDER_WAY, Dossier, Status, day_of, in_vietnam
from knowledge_base.centre import Centre

TIMELINE_BUTTON = "Xem từng bước"
FOLLOW_BUTTON = "Báo tôi khi có thay đổi"
UNFOLLOW_BUTTON = "Thôi báo hồ sơ này"
ANOTHER_BUTTON = "Tra hồ sơ khác"
AGAIN_BUTTON = "Nhập lại"
BACK_BUTTON = "Về hồ sơ này"
MINE_BUTTON = "Hồ sơ tôi theo dõi"
CHECKLIST_BUTTON = "Giấy tờ của thủ tục"
RATE_BUTTON = "Chấm điểm lần này"
ERASE_BUTTON = "Đồng ý xóa"
KEEP_BUTTON = "Không xóa"

CONSENT = (
    "Bấm “Báo tôi khi có thay đổi” là bạn đồng ý để Trung tâm nhắn tin ở đây về hồ sơ này. Muốn thôi, bạn gõ “dừng”."
)
"""Version CONSENT_VERSION of bot.dossier_records: a change of this sentence needs a new one."""

CONSENT_ON_WEB = (
    "Trang này không nhắn được cho bạn khi đã đóng. Muốn được báo chắc chắn, bạn theo dõi hồ sơ trên Telegram hoặc Zalo. "
    "Bấm “Báo tôi khi có thay đổi” là bạn đồng ý để tin về hồ sơ này hiện ở đây khi bạn mở lại đúng trang này, "
    "trong vòng 12 giờ kể từ lần nhắn cuối. Muốn thôi, bạn gõ “dừng”."
)
"""Version CONSENT_VERSION_WEB."""

ASK_CODE = (
    "Bạn gõ mã hồ sơ in trên phiếu hẹn, ví dụ H05.12-260715-0007.",
    "Viết thường hay viết hoa, có dấu cách đều được.",
)
ASK_DIGITS = (
    "Hồ sơ {code}.",
    "Để giữ kín hồ sơ, bạn gõ 4 số cuối của số điện thoại hoặc số căn cước ghi trên phiếu hẹn.",
)
ASK_LINKED = (
    "Bạn đang mở hồ sơ ghi trên phiếu hẹn.",
    "Để giữ kín hồ sơ, bạn gõ 4 số cuối của số điện thoại hoặc số căn cước ghi trên phiếu hẹn.",
)
LINK_ENDED = "Đường liên kết này đã hết hạn hoặc đã có người dùng. Bạn gõ giúp mã hồ sơ in trên phiếu hẹn, ví dụ H05.12-260715-0007."
NO_CODE = "Xin lỗi, trợ lý chưa đọc được mã hồ sơ trong tin này. Mã nằm ở góc trên phiếu hẹn, ví dụ H05.12-260715-0007; bạn gõ lại giúp cả mã. Không còn phiếu hẹn, bạn gặp cán bộ giúp."
NO_DIGITS = "Bạn chỉ cần gõ đúng 4 chữ số cuối, ví dụ 0123."
WRONG = "Mã hồ sơ và 4 số này không khớp. Bạn xem lại phiếu hẹn giúp: cả mã hồ sơ, cả 4 số cuối."
WHOLE_NUMBER = "Lần sau bạn chỉ cần gõ 4 số cuối; bạn nên xóa tin nhắn có cả số đi cho an toàn."
ASKED_AGAIN = "Để giữ kín hồ sơ, bạn cho xin lại 4 số cuối."
FOLLOWED = "Đã ghi nhận. Khi hồ sơ {code} có thay đổi, trợ lý nhắn cho bạn ở đây, từ 7 giờ đến 21 giờ."
FOLLOWED_ON_WEB = "Đã ghi nhận. Hồ sơ {code} có thay đổi thì tin hiện ở đây khi bạn mở lại đúng trang này, trong vòng 12 giờ kể từ lần nhắn cuối. Quá giờ đó, Trung tâm báo cho bạn cách khác hoặc gọi điện."
TOO_MANY = "Bạn đang theo dõi nhiều hồ sơ quá. Bạn bớt đi một hồ sơ rồi thêm lại giúp."
UNFOLLOWED = "Vâng, trợ lý không báo về hồ sơ {code} nữa."
NOTHING_FOLLOWED = "Bạn chưa theo dõi hồ sơ nào. Bạn tra một hồ sơ rồi bấm “Báo tôi khi có thay đổi”."
FOLLOWING = "Bạn đang theo dõi {count} hồ sơ. Gõ “dừng” để thôi nhận mọi tin báo."
ERASE = (
    "Bạn muốn xóa mọi dữ liệu của bạn ở đây?",
    "Sẽ xóa: cuộc trò chuyện đang nhớ, các hồ sơ đang theo dõi và đã mở, sự đồng ý nhận tin, tin báo đã gửi và chờ gửi, số lần nhập sai, điểm bạn chấm trong 24 giờ qua, số điện thoại để gọi lại, nội dung đã nói trên trang web. Hồ sơ bạn nộp ở Trung tâm không mất.",
)
ERASED = "Đã xóa: cuộc trò chuyện đang nhớ, các hồ sơ đang theo dõi và đã mở, sự đồng ý nhận tin, tin báo đã gửi và chờ gửi, số lần nhập sai, điểm bạn chấm trong 24 giờ qua, số điện thoại để gọi lại, nội dung đã nói trên trang web."
ERASED_REST = "Chỉ giữ dấu của tin này (để không trả lời hai lần). Tin đã gửi trong máy của bạn thì bạn tự xóa."
STILL_COUNTED = "Số lần nhập sai còn giữ thêm {minutes} phút, không kèm tên bạn, để chống dò mã; sau đó tự xóa."
NOT_ERASED = "Vâng, không xóa gì cả."

_STATUS = {
    Status.REGISTERED: "mới đăng ký, chưa được tiếp nhận",
    Status.RECEIVED: "đã được tiếp nhận",
    Status.REFUSED: "không được tiếp nhận",
    Status.PROCESSING: "đang được xử lý",
    Status.SUPPLEMENT: "đang chờ bạn bổ sung giấy tờ",
    Status.FEE_DUE: "đang chờ bạn nộp phí",
    Status.WITHDRAWN: "đã được rút theo yêu cầu của người nộp",
    Status.STOPPED: "đã dừng xử lý",
    Status.DONE: "đã có kết quả",
    Status.RETURNED: "đã trả kết quả",
}


def page(dossier: Dossier, centre: Centre, now: datetime) -> tuple[str, ...]:
    """Where it is, what to do, when and where the result is."""
    name = f" ({dossier.procedure_name})" if dossier.procedure_name else ""
    said = [f"# Hồ sơ {dossier.code}{name}", where(dossier)]
    if late := _late(dossier, centre, now):
        said.append(late)
    said.append(_next(dossier, centre))
    if when := _when(dossier, centre, now):
        said.append(when)
    said.append(f"Cập nhật lúc {moment(dossier.updated_at)}.")
    return tuple(said)


def where(dossier: Dossier) -> str:
    """Where it is, in one sentence."""
    at = f" tại {dossier.agency}" if dossier.agency and dossier.status in UNDER_WAY | {Status.STOPPED} else ""
    return f"Hồ sơ {_STATUS[dossier.status]}{at}."


def row(dossier: Dossier) -> str:
    """One line of a list."""
    name = f" – {dossier.procedure_name}" if dossier.procedure_name else ""
    return f"{dossier.code}{name}: {_STATUS[dossier.status]}"


def timeline(dossier: Dossier) -> tuple[str, ...]:
    """Every step, oldest first."""
    steps = [
        f"• {moment(step.at)}: {_STATUS[step.status]}" + (f" – {step.note}" if step.note else "")
        for step in sorted(dossier.timeline, key=lambda step: step.at)
    ]
    return (f"# Hồ sơ {dossier.code}: từng bước", *steps)


def wait(seconds: int, centre: Centre) -> tuple[str, ...]:
    """Too many wrong tries."""
    minutes = -(-seconds // 60)
    return (
        f"Đã có nhiều lần nhập chưa khớp. Để giữ kín hồ sơ, bạn chờ khoảng {minutes} phút rồi thử lại giúp.",
        f"Cần gấp, bạn gọi {phone(centre)} hoặc hỏi tại quầy, mang theo phiếu hẹn.",
    )


def _next(dossier: Dossier, centre: Centre) -> str:
    match dossier.status:
        case Status.SUPPLEMENT:
            said = "Bạn cần bổ sung"
            said += ":\n" + "\n".join(f"• {paper}" for paper in dossier.missing) if dossier.missing else " giấy tờ."
            if dossier.supplement_reason:
                said += f"\nLý do: {dossier.supplement_reason}"
            if dossier.supplement_by:
                said += f"\nHạn bổ sung: {moment(dossier.supplement_by)}."
            return said + f"\nBạn nộp tại {place(centre)}, mang theo phiếu hẹn."
        case Status.FEE_DUE:
            amount = money(dossier.fee_due, "VND") if dossier.fee_due else "khoản phí ghi trên thông báo"
            return f"Bạn cần nộp {amount} thì hồ sơ mới được xử lý tiếp."
        case Status.DONE:
            what = f"Kết quả: {dossier.result}. " if dossier.result else ""
            spot = dossier.place or place(centre)
            return f"{what}Bạn đến {spot} nhận kết quả, mang theo phiếu hẹn và giấy tờ tùy thân."
        case Status.RETURNED:
            return "Kết quả đã trao, bạn không phải làm gì thêm."
        case Status.REFUSED | Status.STOPPED:
            reason = f"Lý do: {dossier.supplement_reason}. " if dossier.supplement_reason else ""
            return f"{reason}Bạn gọi {phone(centre)} để được hướng dẫn."
        case Status.WITHDRAWN:
            return "Muốn làm lại, bạn nộp hồ sơ mới."
        case _:
            return "Bạn chưa phải làm gì, chỉ cần chờ."


def _late(dossier: Dossier, centre: Centre, now: datetime) -> str | None:
    if dossier.status not in UNDER_WAY:
        return None
    if dossier.due is not None and dossier.due < now:
        return f"Hồ sơ đã quá ngày hẹn, Trung tâm xin lỗi bạn. Bạn gọi {phone(centre)} để hỏi, nói mã hồ sơ."
    if dossier.due_moved_to is not None:
        return f"Trung tâm xin lỗi bạn vì phải dời ngày hẹn.{f' Lý do: {dossier.apology}' if dossier.apology else ''}"
    return None


def _when(dossier: Dossier, centre: Centre, now: datetime) -> str | None:
    if dossier.status not in UNDER_WAY:
        return None
    if dossier.due is None:
        return "Phiếu hẹn không ghi ngày trả kết quả."
    spot = dossier.place or place(centre)
    if dossier.due < now:
        return f"Ngày hẹn là {moment(dossier.due)}; kết quả nhận tại {spot}."
    return f"Ngày hẹn trả kết quả: {moment(dossier.due)} ({_left(dossier.due, centre, now)}), tại {spot}."


def _left(due: datetime, centre: Centre, now: datetime) -> str:
    today, last = day_of(now), day_of(due)
    if today == last:
        return "hôm nay"
    days = working_days(centre, today, last)
    return f"còn {days} ngày làm việc" if days else "chưa có ngày làm việc nào từ nay đến đó"


@lru_cache(maxsize=4096)
def working_days(centre: Centre, today: date, last: date) -> int:
    """Days on which the counter is open, after `today` and up to `last`; at most a year is counted."""
    span = min((last - today).days, 366)
    return sum(bool(centre.hours_on(today + timedelta(days=day))) for day in range(1, span + 1))


def moment(at: datetime) -> str:
    """15/07/2026 17:00; the day alone where the hour was not given."""
    local = in_vietnam(at)
    return f"{local:%d/%m/%Y}" if local.time() in (time(0), time(23, 59)) else f"{local:%d/%m/%Y %H:%M}"
