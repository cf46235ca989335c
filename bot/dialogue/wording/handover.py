"""What is said when a conversation goes to an officer and comes back."""

ASK_NOW = "Bạn cần hỏi điều gì ạ? Bạn gõ câu hỏi vào đây, trợ lý chuyển ngay cho cán bộ."
ASK_LATER = (
    "Bây giờ ngoài giờ làm việc. Bạn cần hỏi điều gì ạ? Bạn gõ câu hỏi vào đây; cán bộ sẽ trả lời ngay trong khung chat "
    "này khi làm việc lại. Gửi câu hỏi là bạn đồng ý nhận tin trả lời."
)
NO_NUMBERS = "Bạn không cần ghi số căn cước hay số điện thoại; số nào có trong câu hỏi sẽ được che đi."
BACK = 'Muốn trợ lý tự động trả lời lại, bạn gõ "quay lại".'
WAITING = "Đã chuyển câu hỏi cho cán bộ. Bạn đang ở vị trí thứ {place} trong hàng chờ. " + BACK
LATER = "Đã nhận câu hỏi. Cán bộ sẽ trả lời bạn ở đây trong giờ làm việc. Trong lúc chờ, bạn cứ hỏi trợ lý việc khác."
STILL_WAITING = "Đã chuyển thêm cho cán bộ. Cán bộ chưa vào, mong bạn chờ thêm. " + BACK
LEFT = "Trợ lý tự động trả lời bạn từ đây ạ. Bạn cần hỏi gì thì cứ gõ."
LAPSED = "Cán bộ chưa trả lời được ngay, nên trợ lý tự động trả lời bạn từ đây. Câu chưa được trả lời vẫn chờ cán bộ."
BACK_BUTTON = "Về trợ lý tự động"
PHOTO = "[ảnh]"
OTHER = "[tin không phải chữ]"
PRESSED = "[bấm nút: {label}]"
OLD_BUTTON = "một nút trong tin cũ"
NOT_READABLE = (
    "Cán bộ chỉ đọc được chữ, và biết là bạn vừa gửi thứ khác. Bạn viết bằng chữ giúp ạ: giấy tên gì, cần hỏi điều gì."
)
WITH_OFFICER = (
    "Cán bộ đang trao đổi với bạn và đã thấy điều bạn vừa chọn. Muốn trợ lý tự động trả lời, bạn bấm nút dưới."
)
MASKED = "Số điện thoại, số giấy tờ bạn vừa gõ đã được che, cán bộ không thấy."
LEAVE_PHONE_BUTTON = "Để lại số gọi lại"
LEAVE_PHONE = "Bạn gõ số điện thoại để cán bộ gọi lại. Số này chỉ cán bộ thấy và sẽ được xóa cùng cuộc trao đổi."
PHONE_KEPT = "Đã ghi số để cán bộ gọi lại."
NO_PHONE = 'Số này chưa đúng. Bạn gõ lại 10 chữ số, bắt đầu bằng 0; không muốn để số nữa thì bạn gõ "quay lại".'
NO_TALK = "Hiện không có cuộc trao đổi nào với cán bộ."
