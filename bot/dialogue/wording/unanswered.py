"""What is said about questions that have no answer yet: that they are kept, what for, and the reply by consent."""

from knowledge_base.centre import Centre

KEPT = "Câu hỏi nào trợ lý chưa trả lời được thì được giữ lại, không kèm tên hay số của bạn, để cán bộ bổ sung."
TELL_ME = 'Trợ lý nhắn lại cho bạn khi có câu trả lời được không ạ? Bạn bấm "Nhắn lại cho tôi" thì trợ lý giữ địa chỉ trò chuyện này, rồi xóa sau khi trả lời hoặc sau 30 ngày.'
TELL_ME_BUTTON = "Nhắn lại cho tôi"
PRIVACY_BUTTON = "Trợ lý giữ những gì?"
NOTED = 'Vâng, khi có câu trả lời trợ lý sẽ nhắn bạn ở đây. Bạn đổi ý thì gõ "dừng" hoặc "xóa dữ liệu của tôi".'
NOTED_ON_WEB = 'Vâng. Câu trả lời hiện ở đây nếu bạn mở lại đúng trang này trong vòng 12 giờ kể từ lần nhắn cuối. Lâu hơn thì trang này không báo được: bạn hỏi lại giúp trên Telegram hoặc Zalo. Bạn đổi ý thì gõ "dừng".'
NOT_KEPT = "Xin lỗi bạn, câu hỏi này không còn được giữ. Bạn gõ lại câu hỏi giúp nhé."


def privacy(centre: Centre, days: int) -> tuple[str, ...]:
    """What is kept, for how long, and how to have it erased."""
    said = [
        f"Trợ lý của {centre.name} không hỏi tên, số căn cước hay số điện thoại để tra cứu thủ tục.",
        "Cuộc trò chuyện chỉ được nhớ để trả lời bạn cho liền mạch.",
    ]
    if days:
        said.append(
            f"{KEPT} Tên, số giấy tờ, số điện thoại, mã hồ sơ được che đi trước khi giữ; sau {days} ngày thì xóa."
        )
        said.append(
            "Chỉ khi bạn bấm Nhắn lại cho tôi, trợ lý mới giữ địa chỉ trò chuyện để trả lời, nhiều nhất 30 ngày."
        )
    said.append('Muốn xóa hết, bạn gõ "xóa dữ liệu của tôi".')
    return tuple(said)
