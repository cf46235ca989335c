"""Words of the monthly review: what officers are asked, what they say on the telephone, and the report's headings."""

from bot.review_records import Apology, Ended, Line, Matter, Question, Verdict, What

MATTERS = {
    Matter.SUPPLEMENT: "Hồ sơ phải sửa, bổ sung, trả lại",
    Matter.LATE: "Hồ sơ trả kết quả trễ hẹn",
}
WHAT = {
    What.SUPPLEMENT: "Yêu cầu bổ sung, sửa",
    What.REFUSED: "Không tiếp nhận",
    What.STOPPED: "Dừng xử lý, trả lại",
    What.RETURNED_LATE: "Có kết quả sau ngày hẹn",
    What.STILL_OPEN: "Quá hẹn, cuối tháng chưa có kết quả",
}
APOLOGIES = {
    Apology.LETTER: "có thư xin lỗi",
    Apology.NOTICE: "chỉ có tin báo dời hẹn",
    Apology.MISSING: "chưa có thư xin lỗi",
}
QUESTIONS = {
    Question.LAWFUL: "Yêu cầu có đúng quy định không? (giấy tờ nằm trong thành phần hồ sơ của thủ tục)",
    Question.COMPLETE: "Yêu cầu có nêu đủ mọi thứ phải sửa, bổ sung trong một văn bản không?",
    Question.ONCE: "Có phải chỉ yêu cầu một lần không?",
    Question.JUSTIFIED: "Lý do trễ có chính đáng và ghi trong hồ sơ không?",
    Question.APOLOGISED: "Có thư xin lỗi gửi người nộp trước khi quá hẹn, ghi ngày hẹn mới không?",
}
SHORT = {
    Question.LAWFUL: "Đúng quy định",
    Question.COMPLETE: "Nêu đủ trong một lần",
    Question.ONCE: "Chỉ yêu cầu một lần",
    Question.JUSTIFIED: "Lý do trễ chính đáng",
    Question.APOLOGISED: "Xin lỗi đúng lúc",
}
VERDICTS = {Verdict.YES: "có", Verdict.NO: "không", Verdict.UNKNOWN: "chưa xác định được"}
ENDED = {
    Ended.ANSWERED: "Đã phỏng vấn",
    Ended.NO_ANSWER: "Không nghe máy",
    Ended.DECLINED: "Không muốn trả lời",
    Ended.WRONG_NUMBER: "Sai số, không có số",
}
LINES = {
    Line.TOLD: "Cán bộ có báo cho bác bằng văn bản, tin nhắn hay gọi điện không ạ?",
    Line.CLEAR: "Lời báo có nói rõ thiếu giấy gì, sửa chỗ nào không ạ?",
    Line.ONE_TRIP: "Có phải bác chỉ phải đi lại thêm nhiều nhất một lần không ạ?",
    Line.NEW_DATE: "Bác có được xin lỗi và hẹn ngày mới trước khi tới ngày hẹn không ạ?",
    Line.NOTHING_EXTRA: "Có phải không ai đòi thêm giấy tờ hay khoản tiền nào ngoài phiếu hướng dẫn không ạ?",
}
SHORT_LINES = {
    Line.TOLD: "Được báo",
    Line.CLEAR: "Được nói rõ",
    Line.ONE_TRIP: "Đi lại nhiều nhất một lần",
    Line.NEW_DATE: "Được xin lỗi, hẹn ngày mới trước",
    Line.NOTHING_EXTRA: "Không bị đòi thêm giấy, tiền",
}
GREETING = {
    Matter.SUPPLEMENT: "Dạ, cháu gọi từ {centre}. Trong tháng {month} bác có hồ sơ {procedure}, mã {code}, phải sửa hoặc bổ sung giấy tờ. Trung tâm rà lại xem yêu cầu ấy có đúng không. Bác cho cháu hỏi bốn câu ngắn, chừng hai phút, được không ạ?",
    Matter.LATE: "Dạ, cháu gọi từ {centre}. Hồ sơ {procedure} của bác, mã {code}, tháng {month} bị trễ hẹn. Trung tâm xin lỗi bác. Bác cho cháu hỏi bốn câu ngắn, chừng hai phút, để Trung tâm sửa, được không ạ?",
}
GOODBYE = "Cháu cảm ơn bác. Trung tâm ghi lại để nhắc cơ quan giải quyết, không ghi tên bác vào báo cáo. Bác cần gì thêm, bác gọi {hotline} ạ."
DECLINES = "Nếu bác không tiện: “Dạ, cháu xin lỗi đã làm phiền. Cháu chào bác ạ.” Không hỏi thêm."
NO_AGENCY = "(không ghi cơ quan)"


def month(text: str) -> str:
    """2026-11 → 11/2026."""
    return f"{text[5:]}/{text[:4]}"
