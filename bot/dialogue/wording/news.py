"""What is said about being told of news: announcements of the centre about a procedure or an agency."""

FOLLOW_BUTTON = "Báo tôi khi có tin mới"
AGREE_BUTTON = "Đồng ý nhận tin"
UNFOLLOW_BUTTON = "Thôi nhận tin này"
PROCEDURE_BUTTON = "Về thủ tục"
AGENCY_BUTTON = "Về cơ quan"

CONSENT = (
    "Khi Trung tâm có tin mới về {about} (đổi giấy tờ, lệ phí, nơi nộp, lịch nghỉ…), trợ lý nhắn cho bạn ở đây, "
    "từ 7 giờ đến 21 giờ. Bấm “Đồng ý nhận tin” là bạn đồng ý. Muốn thôi, bạn gõ “dừng” hoặc /cuatoi."
)
"""Version CONSENT_VERSION of bot.services.follows: a change of this sentence needs a new one."""

CONSENT_ON_WEB = (
    "Trang này không nhắn được cho bạn khi đã đóng: tin chỉ hiện ra nếu bạn mở lại đúng trang này, trên máy này, "
    "trong vòng 12 giờ kể từ lần nhắn cuối. Muốn được báo chắc chắn, bạn nhắn trợ lý trên Telegram hoặc Zalo.\n"
    "Bạn vẫn muốn thấy ở đây tin mới về {about} thì bấm “Đồng ý nhận tin”. Muốn thôi, bạn gõ “dừng” hoặc /cuatoi."
)
"""Version CONSENT_VERSION_WEB."""

AGREED = "Đã ghi nhận. Có tin mới về {about}, trợ lý báo bạn."
ENDED = "Vâng, trợ lý không báo tin về {about} nữa."
FOLLOWED = "Bạn đang nhận tin mới về {about}. Muốn thôi, bạn bấm nút dưới đây hoặc gõ “dừng”."
TOO_MANY = "Bạn đang nhận tin về nhiều mục quá. Bạn bớt đi một mục ở /cuatoi rồi thêm lại giúp."
ROW = "Tin mới: {about}"
LIST = "Bạn nhận tin mới về {count} thủ tục, cơ quan; bấm vào một mục để thôi."
GONE = "mục này (không còn trong danh mục)"


def procedure(name: str) -> str:
    """A procedure, as it stands in the sentences above."""
    return f"thủ tục {name}"
