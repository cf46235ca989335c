"""The words by which papers, remarks, headings and situations are told apart in the portal's lists of papers."""

import re

REMARK = re.compile(r"^(?:lưu ý|ghi chú|chú ý|chú thích|ví dụ|lưu y|note)(?=[\s:.,;(\d*]|$)", re.IGNORECASE)
SETS = re.compile(r"^(?:\d/\s*)?(?:số lượng(?: bộ)? hồ sơ|số bộ hồ sơ|số lượng\s*:)", re.IGNORECASE)
LIST_FOLLOWS = re.compile(
    r"(?<=[\w)])(?:,? hồ sơ| thì hồ sơ)?,? (?:bao gồm|gồm)(?: có)?(?: các (?:giấy tờ|tài liệu)(?: sau(?: đây)?)?)?$",
    re.IGNORECASE,
)
LIST_INTRODUCED = re.compile(  # the end of a name behind which its list was taken away
    r"(?<=[\w)]),?\s*(?:(?:bao )?gồm(?: có)?|(?:như )?sau(?: đây)?|dưới đây|kèm theo)(?: (?:các|những) giấy tờ)?"
    r"[\s:;,.]*$",
    re.IGNORECASE,
)
ONLY_SETS = re.compile(  # how many sets, in which form; no paper of its own, whatever counts a clerk gave it
    r"(?:\d/\s*)?(?:số lượng(?: bộ)? hồ sơ|số bộ hồ sơ|hồ sơ được lập thành)\b(?:(?!\b(?:gồm|đơn|tờ khai|giấy|"
    r"văn bản|quyết định|phiếu|hợp đồng|báo cáo|mẫu|thẻ|ảnh)\b).)*",
    re.IGNORECASE | re.DOTALL,
)
NONE = re.compile(r"(?:không|chưa)(?: có)?(?: quy định)?(?: cụ thể)?[\s.]*", re.IGNORECASE)
PAPER_NOUNS = (
    "đơn|tờ khai|tờ trình|giấy|bản |các bản|văn bản|hợp đồng|quyết định|chứng|hồ sơ|danh sách|danh mục|báo cáo|phiếu|"
    "thông báo|ảnh|hộ chiếu|thẻ|sổ|biên bản|phương án|dự án|dự thảo|điều lệ|sơ đồ|bảng|tài liệu|các (?:giấy|tài|văn|"
    "chứng|loại)|một trong|công văn|lý lịch|sơ yếu|kế hoạch|đề án|đề cương|mẫu|nghị quyết|hóa đơn|hoá đơn|vận đơn|"
    "bằng|lệnh|thuyết minh|bộ|tờ|phụ lục|catalog|nhãn|01 |02 |03 |hai |ba |file|hình|kết quả|mã số|căn cước|cmnd|cccd|"
    "xác nhận|cam kết|bài|chương trình|nội dung|thiết kế|quy (?:chế|trình)|thông tin|dữ liệu|biểu|séc|tem|thư|"
    "packing|invoice|c/o|hiện vật|video|tác phẩm|số liệu|sách|đĩa|giáo trình|bìa|ủy nhiệm|biên lai|lệ phí|ý kiến"
)
PAPER_START = re.compile(rf"^(?:{PAPER_NOUNS})", re.IGNORECASE)
STRICT_NOUNS = (
    "đơn |tờ khai|tờ trình|giấy |bản (?:sao|chính|gốc|chụp|vẽ|cam|kê|"
    "khai|thuyết|dịch|scan|tóm|công|mô|phôtô|"
    "photo|đăng|đề|tự|xác|thảo|in|án)|văn bản|hợp đồng|quyết định|chứng chỉ|chứng từ|danh sách|danh mục|báo cáo|"
    "phiếu|thông báo|ảnh|hộ chiếu|thẻ |biên bản|phương án|dự thảo|điều lệ|sơ đồ|bảng|tài liệu|công văn|lý lịch|"
    "sơ yếu|kế hoạch|đề án|nghị quyết|hóa đơn|hoá đơn|thuyết minh|căn cước|sổ |văn bằng|"
    "chứng nhận (?:xuất xứ|chất lượng|sức khỏe|sức khoẻ|bồi dưỡng|đăng ký|kiểm dịch|hợp quy|hợp chuẩn|bảo hiểm|"
    "lưu hành|đã)|"
    "kết quả (?:thử|kiểm|xét nghiệm|đánh giá|thẩm|giám định|thực hiện thủ tục|khảo|quan trắc|đấu thầu|phân tích)|"
    "bằng (?:tốt nghiệp|cử nhân|đại học|thạc sĩ|thạc sỹ|tiến sĩ|tiến sỹ|cao đẳng|trung cấp|kỹ sư|bác sĩ|bác sỹ|dược sĩ|"
    "dược sỹ|chuyên|khen|độc quyền|lái|thuyền|máy trưởng|tú tài|sau đại học|cấp)"
)
STRICT_PAPER = re.compile(rf"^(?:\d{{1,2}}\s*(?:\([^()]*\)\s*)?)?(?:{STRICT_NOUNS})", re.IGNORECASE)
ACTS = re.compile(
    r"không phải (?:nộp|xuất trình|tải|chứng thực|thực hiện)|không (?:được )?yêu cầu|không bao gồm|không bắt buộc|"
    r"có trách nhiệm|chịu trách nhiệm|từ chối|chỉ cần|được (?:sử dụng|xác định|miễn|thay thế|lập thành|thực hiện|coi|"
    r"tính|quyền|tra cứu|khai thác)|thực hiện việc nộp|có quyền|có thể|thực hiện theo|hủy bỏ|thì gửi hồ sơ|"
    r"phải bảo đảm|phải đảm bảo|"
    r"phải được|bắt buộc|theo quy định|thì ",
    re.IGNORECASE,
)
ACTOR = re.compile(
    r"^(?:người (?:tiếp nhận|yêu cầu|có yêu cầu|nộp|đi|khai|ủy quyền|có thẩm quyền|đề nghị|thực hiện|dân)|"
    r"cơ quan|cá nhân|"
    r"tổ chức|công chức|cán bộ|công dân|việc|trong (?:thời hạn|thời gian|trường hợp|quá trình|phiếu|đó)|"
    r"nếu|thời hạn|thời gian|"
    r"ủy ban|uỷ ban|ubnd|trung tâm|sau khi|khi |bộ phận|hình thức|cách thức|doanh nghiệp|hộ kinh doanh|"
    r"chủ (?:xe|đầu tư)|"
    r"tất cả|toàn bộ|riêng|ngoài ra|người)",
    re.IGNORECASE,
)
RULE_OF_PAPERS = re.compile(
    r"^(?:giấy tờ do cơ quan|giấy tờ (?:bằng|được lập bằng) tiếng|bản chụp các giấy tờ gửi kèm|"
    r"các (?:giấy tờ|tài liệu|văn bản|loại giấy tờ)"
    r"[^.;:]{0,60}(?:nêu trên|trên|này|nói trên|quy định)\b[^.;:]{0,80}(?:nếu|phải (?:được|là|kèm)|được)|"
    r"đối với (?:các )?giấy tờ (?:nộp|gửi|xuất trình)"
    r"|hồ sơ (?:được|nộp|gửi|phải|lập) |thành phần hồ sơ (?:phải|được|nộp)|mẫu (?:đơn|tờ khai|biểu)[^.;:]{0,60}được)",
    re.IGNORECASE,
)
CONDITION = re.compile(r"^\(?(?:trong )?(?:trường hợp|đối với|nếu|khi)\b", re.IGNORECASE)
DEMANDS = re.compile(
    r"phải (?:có|nộp|kèm|gửi|xuất trình|bổ sung)|kèm theo|gửi kèm|bổ sung|nộp (?:thêm|bản|một|01|giấy|văn|đơn)|gồm|"
    r"còn có|xuất trình (?:bản|giấy|thẻ|một)|cần có|là một trong|\d bản|bản (?:chính|sao)\s*[;.,]?$",
    re.IGNORECASE,
)
EXEMPTS = re.compile(
    r"không (?:phải|cần|được yêu cầu|yêu cầu|bao gồm|bắt buộc)|chỉ cần|có trách nhiệm|từ chối|"
    r"được sử dụng bản điện tử",
    re.IGNORECASE,
)
RULE_AS_LABEL = re.compile(
    r"^\(?(?:trong )?(?:trường hợp|đối với|khi)\b.*\bthì\b.*\bkhông (?:bao gồm|phải (?:nộp|xuất trình))"
    r"|chịu trách nhiệm trước pháp luật",
    re.IGNORECASE,
)
OFFICE_ACTS = re.compile(  # what the office does in that situation is no paper of the applicant's
    r"thì (?:cơ quan (?:đăng ký|tiếp nhận|giải quyết|có thẩm quyền|hải quan)|người tiếp nhận|công chức|"
    r"cán bộ tiếp nhận)"
    r"[^.;]{0,60}?\b(?:yêu cầu|từ chối|hủy bỏ|huỷ bỏ|có trách nhiệm|phải giải thích|hướng dẫn|chỉ cấp)\b",
    re.IGNORECASE,
)
ELECTRONIC_ONLY = re.compile(  # how the papers of an online application look; "phải gửi qua bưu chính" asks for one
    r"^\(?(?:trong )?trường hợp (?:nộp|gửi) hồ sơ trực tuyến(?:,| thì) thành phần hồ sơ "
    r"(?:phải được chứng thực điện tử|là bản)"
    r"(?!.*phải gửi)",
    re.IGNORECASE,
)
EXEMPTED = re.compile(
    r"không (?:phải|cần|được yêu cầu|yêu cầu|bao gồm|bắt buộc)(?:(?!\bthì\b)[^.;])*|đã nộp [^,;.]*|"
    r"đối với (?:hàng hóa|hàng hoá) phải có [^;.]*",  # which goods, not what is to be handed in
    re.IGNORECASE,
)
PART = re.compile(
    r"^(?:(?:các )?(?:loại )?giấy tờ(?:,? tài liệu)?\s*(?:\(|:|gồm|bao gồm|phải|cần|kèm|nộp|xuất trình|sau|"
    r"khác|yêu cầu|$)|thành phần(?: số lượng)?(?: hồ sơ)?(?: (?:gồm|bao gồm|phải|nộp|xuất trình|chính))?\s*|"
    r"(?:hồ sơ )?(?:bao )?gồm|\d{1,2} (?:\([^()]*\) )?bộ(?: hồ sơ)?|số lượng|hồ sơ của (?:người|bên)|"
    r"hồ sơ(?: phải| cần)? (?:nộp|xuất trình)|"
    r"hồ sơ\s*:?$|phải (?:nộp|xuất trình)|xuất trình|nộp |tài liệu (?:nộp|xuất trình|kèm|gửi)|"
    r"người yêu cầu[^:;]{0,40}nộp|nhóm \d|phần \d|khi nộp hồ sơ|bản chính|các giấy tờ)",
    re.IGNORECASE,
)
WHOLE_HEADING = re.compile(
    r"^(?:thành phần(?: số lượng)? hồ sơ|hồ sơ|(?:các )?giấy tờ|\d{1,2} bộ hồ sơ|số lượng hồ sơ)\b.*(?:gồm|:)",
    re.IGNORECASE,
)
FORM = re.compile(
    r"(?:[Mm]ẫu|MẪU)\s*(?:[Ss]ố|đơn|"
    r"tờ khai)?\s*[:.]?\s*(?P<id>(?:[A-ZĐ]{1,6}[-. ]?)?\d{1,3}[A-Za-zĐđ]{0,3}(?:[-./][A-Za-z0-9ĐđĂÂÊÔƠƯ]+){0,4}"
    r"|[A-ZĐ]{2,5}\d{0,3}(?:[-./][A-ZĐ0-9]+){1,3})(?![\w])"
)
FORM_YEAR = re.compile(r"^\d{1,2}/\d{4}$")
EXPLAINS = re.compile(r"\s\(|,?\s(?=theo mẫu|theo quy định tại|ban hành kèm|trong đó)")
STRONG_END = re.compile(r"(?<=[^\d\s.])[.;](?=\s|$)")
THEN = re.compile(r"(?:\b(?:thì|phải có|phải nộp|phải xuất trình|cần có|hồ sơ gồm|gồm)|:)\s", re.IGNORECASE)


ITEM = re.compile(r"^(?:[-–+•*]|\(?\d{1,2}[.)]|\(?[a-zđ]\))\s*(?=\D|\d{1,2}\s)")
ITEM_START = re.compile(
    r"(?<=[;:.])\s+(?=[-–+•*]\s?(?:\d{1,2}\s)?[^\W\d]|\(?\d{1,2}[.)]\s[^\W\d]|\(?[a-zđ]\)\s[^\W\d])"
)
LIST_AND_FIRST = re.compile(r"^(.*?\b(?:hồ sơ )?(?:bao )?gồm:?)\s+(\S.*[;.])$", re.IGNORECASE)
HEAD = re.compile(
    r"^(?:hồ sơ|thành phần|số lượng|(?:các )?(?:loại )?(?:giấy tờ|tài liệu)|bao gồm|gồm|trường hợp|đối với|"
    r"\d{1,2} bộ|bản (?:sao|chính)[^:]{0,90}(?:các|những) (?:loại )?giấy tờ)",
    re.IGNORECASE,
)
SITUATION = re.compile(r"trường hợp|đối với|\bkhi\b|\bnếu\b|^bản (?:sao|chính)", re.IGNORECASE)
UNSPLIT = re.compile(r"\s[+•]\s")
CHOICE = re.compile(r"một trong|hoặc\s*[;.,:]?$|^hoặc|nội dung|thông tin sau|thay thế", re.IGNORECASE)
_LIMITS = "trừ|ngoại trừ|nếu|đối với|không áp dụng|áp dụng|dùng cho|chỉ|(?:trong )?trường hợp"
LIMITED_TO = re.compile(  # who is exempt or for whom it is: said last, and too important to be cut off
    rf",?\s+(\((?:{_LIMITS})\b[^()]{{0,250}}\)|"
    r"(?:trừ (?:trường hợp|người)|(?:trong|đối với(?: các| những)?) trường hợp(?! (?:này|đó)\b)|"
    r"đối với (?:các |những )?(?:người|cá nhân|tổ chức|doanh nghiệp|hộ|tàu|xe|phương tiện|cơ sở|công trình|dự án|"
    r"hàng))\b[^().;:]{0,95})$",
    re.IGNORECASE,
)
LIMIT_NEXT = re.compile(rf"\s\((?:{_LIMITS})\b[^()]*\)", re.IGNORECASE)
CLAUSE = re.compile(  # where the next paper of a sentence begins, with the word that joins it
    rf",?\s+(?=(?:hoặc|và|và/hoặc|kèm theo|cùng)\s+(?:\d{{1,2}} )?"
    rf"(?!(?:các )?văn bản (?:hướng dẫn|quy phạm))(?:{STRICT_NOUNS}|các (?:giấy|tài liệu|văn bản|chứng từ)))|"
    rf"(?<!giấy tờ)[;,/]\s*(?=(?:{STRICT_NOUNS}))",
    re.IGNORECASE,
)
PAPER_AS_LABEL = re.compile(r"[Mm]ẫu (?:số )?[\dA-Z]|;| [-+] ")  # a clerk typed the papers into the heading

COPY = re.compile(r"^(?:\d{1,2} )?bản (?:sao|chính|chụp|gốc)\b", re.IGNORECASE)
MANNER = re.compile(  # how a copy is made and handed in; a name of nothing else does not say which paper
    r"\b(?:bản|sao|chính|chụp|gốc|từ|sổ|hoặc|có|được|chứng|thực|công|kèm|theo|xuất|trình|để|đối|chiếu|trường|hợp|"
    r"nộp|hồ|sơ|trực|tiếp|tuyến|qua|đường|bưu|điện|tử|và|với|gửi|hệ|thống|dịch|vụ|ích|môi|cấp|mang|cổng|mạng|trên|hình|thức|thì|"
    r"các|của|là|cơ|quan|thẩm|quyền|tệp|tin|quy|định)\b",
    re.IGNORECASE,
)
OBJECT = re.compile(
    r"(?:\)|:|\bđối chiếu|\bbản chính|\bsổ gốc|\bchứng thực|\bcủa)\s*:?\s+"
    r"(?P<paper>(?:(?:các|những|một trong(?: các| những)?)\s+)?"
    r"(?:giấy|quyết định|văn bản|hợp đồng|văn bằng|bằng|chứng chỉ|thẻ|tài liệu|báo cáo|sổ|hộ chiếu|phiếu|đơn|biên bản|"
    r"danh sách|điều lệ|nghị quyết|căn cước|chứng từ|hóa đơn|hoá đơn|thư)\b(?! gốc).*)",
    re.IGNORECASE,
)
