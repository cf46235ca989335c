"""What is said when a conversation goes to an officer and comes back."""

ASK_NOW = "Bác cần hỏi điều gì ạ? Bác gõ câu hỏi vào đây, trợ lý chuyển ngay cho cán bộ."
ASK_LATER = (
    "Bây giờ ngoài giờ làm việc. Bác cần hỏi điều gì ạ? Bác gõ câu hỏi vào đây; cán bộ sẽ trả lời ngay trong khung chat "
    "này khi làm việc lại. Gửi câu hỏi là bác đồng ý nhận tin trả lời."
)
NO_NUMBERS = "Bác không cần ghi số căn cước hay số điện thoại; số nào có trong câu hỏi sẽ được che đi."
BACK = 'Muốn trợ lý tự động trả lời lại, bác gõ "quay lại".'
WAITING = "Đã chuyển câu hỏi cho cán bộ. Bác đang ở vị trí thứ {place} trong hàng chờ. " + BACK
LATER = "Đã nhận câu hỏi. Cán bộ sẽ trả lời bác ở đây trong giờ làm việc. Trong lúc chờ, bác cứ hỏi trợ lý việc khác."
STILL_WAITING = "Đã chuyển thêm cho cán bộ. Cán bộ chưa vào, mong bác chờ thêm. " + BACK
LEFT = "Trợ lý tự động trả lời bác từ đây ạ. Bác cần hỏi gì thì cứ gõ."
LAPSED = "Cán bộ chưa trả lời được ngay, nên trợ lý tự động trả lời bác từ đây. Câu chưa được trả lời vẫn chờ cán bộ."
MASKED = "Số điện thoại, số giấy tờ bác vừa gõ đã được che, cán bộ không thấy."
LEAVE_PHONE_BUTTON = "Để lại số gọi lại"
LEAVE_PHONE = "Bác gõ số điện thoại để cán bộ gọi lại. Số này chỉ cán bộ thấy và sẽ được xóa cùng cuộc trao đổi."
PHONE_KEPT = "Đã ghi số để cán bộ gọi lại."
NO_PHONE = 'Số này chưa đúng. Bác gõ lại 10 chữ số, bắt đầu bằng 0; không muốn để số nữa thì bác gõ "quay lại".'
NO_TALK = "Hiện không có cuộc trao đổi nào với cán bộ."
