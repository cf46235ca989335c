"""What is said to volunteers who help people on the spot, and to the person who takes a checklist home."""

from bot.volunteer_records import Case, Outcome
from knowledge_base.procedure import Procedure

ASK_CODE = "Bạn gõ mã tình nguyện do Trung tâm cấp, ví dụ TN-7K4-9XQ-2PT."
REFUSED = "Mã này không đúng hoặc đã hết hạn. Bạn xem lại từng chữ, hoặc hỏi cán bộ đã cấp mã."
NO_SEAT = "Bạn chưa vào phần tình nguyện, hoặc mã đã hết hạn. Gõ /tinhnguyen rồi mã do Trung tâm cấp."
WELCOME = "Chào {nickname} ({unit}). Mỗi bà con là một ca, không ghi tên."
NO_CASES = "Bạn chưa có ca nào đang mở."
CASES = "Các ca đang mở: {count}. Bấm để chuyển ca."
NEW = "Người mới"
LEAVE = "Nghỉ, rời phần tình nguyện"
LEFT = "Bạn đã rời phần tình nguyện. Mọi ca đang mở đã được đóng và xóa. Cảm ơn bạn!"
ASK_ERRAND = "Bà con cần làm việc gì? Gõ vài chữ, ví dụ: đăng ký tạm trú."
FOUND = "Có phải thủ tục này không?"
NOT_FOUND = "Chưa tìm ra thủ tục. Gõ lại bằng lời khác giúp, hoặc đưa bà con tới quầy hướng dẫn."
CHOOSE_CASE = "Giấy tờ tùy trường hợp. Bà con thuộc trường hợp nào?"
NO_PAPERS = "Bản ghi chưa liệt kê giấy tờ nào để đánh dấu. Hỏi cán bộ tại quầy."
GONE = "Ca này đã đóng."
CLOSED = "Đã đóng ca và xóa sạch. Gõ /tinhnguyen để xem các ca còn mở."
ALL_CASES = "Các ca khác"
SHOW_CASE = "Về ca này"
OTHER_PROCEDURE = "Thủ tục khác"
DOSSIER = "Tra hồ sơ đã nộp"
HAND_OVER = "Chuyển sang máy bà con"
CLOSE = "Đóng ca"
ASK_DOSSIER = "Gõ mã hồ sơ trên phiếu hẹn của bà con."
ASK_DIGITS = "Hồ sơ {code}. Bà con tự đọc 4 số cuối của số điện thoại hoặc căn cước trên phiếu hẹn, bạn gõ giúp."
DOSSIER_NOT_KEPT = "Kết quả tra không được lưu vào ca."
HOW_CLOSED = "Ca này kết thúc thế nào?"
HANDED = "Gửi bà con địa chỉ này, hoặc cho bà con quét mã QR ở trang /assist. Dùng được 14 ngày."
HANDED_HERE = "Bà con quét mã này bằng điện thoại, hoặc bạn gửi địa chỉ dưới đây. Dùng được 14 ngày."
HANDED_NO_ADDRESS = "Bà con nhắn cho trợ lý dòng dưới đây là mở được danh sách này. Dùng được 14 ngày."
TAKEN = "Danh sách giấy tờ tình nguyện viên đã soạn cùng bạn."
EXPIRED = "Đường dẫn này không đúng hoặc đã quá 14 ngày. Bạn hỏi lại tên thủ tục, trợ lý mở danh sách mới."

OUTCOMES = {
    Outcome.DONE: "Xong việc",
    Outcome.PAPERS: "Còn thiếu giấy tờ",
    Outcome.COUNTER: "Đưa tới quầy",
    Outcome.OTHER: "Khác",
    Outcome.LEFT: "Bỏ ngỏ quá một ngày",
}


def label(case: Case, procedure: Procedure | None, total: int) -> str:
    """One case among others: its number, the procedure, how far it is."""
    if procedure is None:
        return f"Ca {case.number} · chưa chọn thủ tục"
    done = f" ({len(case.ticks)}/{total})" if total else ""
    return f"Ca {case.number} · {procedure.plain_name or procedure.name}{done}"


def heading(case: Case, procedure: Procedure, of_case: str, total: int) -> str:
    """Heads the papers of a case."""
    where = f"\nTrường hợp: {of_case}" if of_case else ""
    done = sum(1 for tick in case.ticks if tick < total)
    return f"# Ca {case.number}: {procedure.plain_name or procedure.name}{where}\nĐã có {done} trên {total} giấy tờ."
