"""Why a row or file of dossiers was left out, in Vietnamese: readers speak to administrators, this page to clerks."""

import re
from typing import Final

_REASONS: Final = (
    (r"is no date of a dossier.*", "ngày không hợp lý, xem lại năm"),
    (r"is no date.*", "không phải ngày; viết như 23/11/2026"),
    (r"is empty: every dossier has a status", "để trống; hồ sơ nào cũng phải có trạng thái"),
    (r"is empty: every dossier has a code", "để trống; hồ sơ nào cũng phải có mã"),
    (r"is no status.*|is no known status.*", "không phải trạng thái; dùng tên hoặc số trong danh mục 10 trạng thái"),
    (r"is no procedure code.*", "không phải mã thủ tục; mã thủ tục như 1.001193"),
    (r"is no amount in đồng", "không phải số tiền bằng đồng"),
    (r"is no dossier code.*", "không phải mã hồ sơ; mã hồ sơ như H05.12-260715-0007"),
    (r"is no phone number.*", "không phải số điện thoại; gồm 10 số bắt đầu bằng 0"),
    (r"is no identity number.*", "không phải số giấy tờ; căn cước gồm 12 số"),
    (r"lies in the future", "ở sau ngày hôm nay"),
    (r"lies before the day of receipt", "ở trước ngày tiếp nhận"),
    (r"is the code of row (\d+) of sheet (.+) again.*", r"trùng mã với dòng \1 của trang tính “\2”; chỉ giữ một dòng"),
    (r"is the code of row (\d+) again.*", r"trùng mã với dòng \1; chỉ giữ một dòng"),
    (r"goes back to an earlier status.*", "lùi về trạng thái trước; chưa báo cho ai, xem lại có phải tệp cũ không"),
    (r"could not be kept.*", "không ghi được vào cơ sở dữ liệu; xem lại các ô của dòng này"),
    (r"has a quotation mark.*was read without.*", "thừa một dấu ngoặc kép; đã đọc bỏ dấu ấy, xem lại dòng này"),
    (r"has a quotation mark.*", "có dấu ngoặc kép mở mà không đóng; bỏ dấu ấy rồi nhập lại"),
    (r"is no row of a table.*", "không đọc được thành dòng của bảng"),
    (r"is a hidden sheet.*", "trang tính ẩn, không đọc"),
    (r"is a sheet without.*", "không thấy dòng tiêu đề nên không đọc"),
    (r"was read as Windows-1258.*", "tệp theo bảng mã Windows-1258 cũ; xem lại họ tên sau khi nhập"),
    (r"is a number of iGate's own.*", "là số riêng của iGate, khác danh mục quốc gia; cần tên trạng thái"),
    (r"is no record of a dossier|has none of the fields.*", "không phải dữ liệu một hồ sơ"),
)
_FILES: Final = (
    ("has no row of headings", "không thấy dòng tiêu đề; cần các cột Mã hồ sơ, Trạng thái và một cột như Ngày hẹn trả"),
    ("is an old .xls", "tệp .xls kiểu cũ; lưu lại thành .xlsx"),
    ("is no readable workbook", "tệp .xlsx bị hỏng; lưu lại thành .xlsx"),
    ("this is no JSON", "tệp .json bị hỏng; xuất lại từ phần mềm"),
    ("is neither UTF-8", "không phải bảng tính hay CSV UTF-8; lưu lại thành .xlsx"),
)


def reason(said: str) -> str:
    """A row's reason; one that is not known here stays as the reader wrote it."""
    for pattern, words in _REASONS:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return found.expand(words)
    return said


def unreadable(said: str) -> str:
    """Why a file can't be read."""
    return next((words for part, words in _FILES if part in said), said)
