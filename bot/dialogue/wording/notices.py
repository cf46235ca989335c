"""The notices that reach people without a question before, word by word.

A template whose text or fields change gets a new version beside the old one, which notices in the queue still name.
No name, telephone or identity number stands in a notice: only the dossier's code and where it is.
"""

from typing import Final

from msgspec.structs import replace

from bot.dialogue.wording import desk
from bot.messages import Choice
from bot.notice_records import Why
from bot.services.notice_templates import Field, Parameter, Template, Templates
from bot.services.notices import Counter, Words
from knowledge_base.centre import Centre

_CODE: Final = {"code": Field(60), "procedure": Field(150)}
_CENTRE: Final = {"place": Field(150), "hours": Field(200), "phone": Field(80)}
_STATUS_BUTTON: Final = Choice("Tra cứu hồ sơ", "desk.status")
_DOSSIER_BUTTON: Final = Choice("Xem hồ sơ này", "dossier.show:{code}")
"""Whoever follows the dossier sees it at once; anybody else is asked for the four digits."""
_SLIP: Final = "theo phiếu hẹn"
"""Zalo refuses empty parameters; a date may be missing."""
_MOVED: Final = "Ngày hẹn trả kết quả dời sang {moved}, Trung tâm xin lỗi bạn."
_STOP: Final = 'Nhắn "dừng" nếu bạn không muốn nhận tin nữa.'
_PARAMETERS: Final = {
    "ma_ho_so": Parameter("code", "code"),
    "thu_tuc": Parameter("procedure", "name", cut=True),
}

_ALL: Final = (
    Template(
        id="received",
        version=1,
        fields=_CODE | {"due": Field(40, optional=True)},
        paragraphs=(
            "# Hồ sơ đã được tiếp nhận",
            "Trung tâm đã nhận hồ sơ {code} của bạn: {procedure}.",
            "Ngày hẹn trả kết quả: {due}. Có thay đổi, trợ lý sẽ báo bạn.",
            _STOP,
        ),
        choices=(_STATUS_BUTTON,),
        parameters=_PARAMETERS | {"ngay_hen": Parameter("due", "label", cut=True, empty=_SLIP)},
    ),
    Template(
        id="supplement",
        version=1,
        fields=_CODE
        | _CENTRE
        | {
            "papers": Field(550),
            "reason": Field(200, optional=True),
            "by": Field(40, optional=True),
            "procedure_code": Field(30, optional=True),
        },
        paragraphs=(
            "# Hồ sơ cần bổ sung giấy tờ",
            "Hồ sơ {code} ({procedure}) chưa giải quyết tiếp được vì còn thiếu:\n{papers}",
            "Lý do: {reason}",
            "Bạn bổ sung trước hết ngày {by} giúp nhé.",
            "Cách nộp: mang giấy tờ cùng phiếu hẹn đến {place}. {hours}\nNếu đã nộp trực tuyến, bạn bổ sung trên Cổng Dịch vụ công quốc gia. Cần hỏi, gọi {phone}.",
            _STOP,
        ),
        choices=(Choice("Danh sách giấy tờ", "procedure.checklist:{procedure_code}"), _STATUS_BUTTON),
        parameters=_PARAMETERS
        | {"giay_to": Parameter("papers", "address", cut=True), "han": Parameter("by", "label", cut=True, empty=_SLIP)},
    ),
    Template(
        id="fee_due",
        version=1,
        fields=_CODE | _CENTRE | {"amount": Field(40)},
        paragraphs=(
            "# Hồ sơ chờ nộp tiền",
            "Hồ sơ {code} ({procedure}) cần nộp {amount} thì mới giải quyết tiếp.",
            "Bạn nộp trên Cổng Dịch vụ công quốc gia bằng mã hồ sơ, hoặc tại {place}. {hours}",
            "Trung tâm không gửi đường dẫn đòi chuyển tiền qua tin nhắn. Nếu nghi ngờ, bạn gọi {phone}.",
            _STOP,
        ),
        choices=(_STATUS_BUTTON,),
        parameters=_PARAMETERS | {"so_tien": Parameter("amount", "label", cut=True)},
    ),
    Template(
        id="delayed",
        version=1,
        fields=_CODE
        | {
            "due": Field(40),
            "was_due": Field(40, optional=True),
            "apology": Field(400, optional=True),
            "phone": Field(80),
        },
        paragraphs=(
            "# Xin lỗi bạn, hồ sơ bị trễ hẹn",
            "Hồ sơ {code} ({procedure}) chưa xong đúng hẹn. Trung tâm thành thật xin lỗi bạn.",
            "Ngày hẹn trước: {was_due}.",
            "Ngày hẹn mới: {due}. Bạn chưa cần đến trước ngày này.",
            "Lý do: {apology}",
            "Cần hỏi thêm, bạn gọi {phone}.",
            _STOP,
        ),
        choices=(_STATUS_BUTTON,),
        parameters=_PARAMETERS | {"ngay_hen_moi": Parameter("due", "label", cut=True, empty=_SLIP)},
    ),
    Template(
        id="ready",
        version=1,
        fields=_CODE | _CENTRE | {"result": Field(200, optional=True)},
        paragraphs=(
            "# Hồ sơ đã có kết quả",
            "Hồ sơ {code} ({procedure}) đã giải quyết xong, mời bạn đến nhận.",
            "Kết quả: {result}",
            "Nơi nhận: {place}. {hours}",
            "Bạn mang theo phiếu hẹn và căn cước. Người nhận thay mang thêm giấy ủy quyền.",
            "Cần hỏi thêm, bạn gọi {phone}.",
            _STOP,
        ),
        choices=(_STATUS_BUTTON,),
        parameters=_PARAMETERS | {"noi_nhan": Parameter("place", "address", cut=True)},
    ),
    Template(
        id="returned",
        version=1,
        fields=_CODE | {"phone": Field(80)},
        paragraphs=(
            "# Hồ sơ đã trả kết quả",
            "Kết quả của hồ sơ {code} ({procedure}) đã được trao. Nếu bạn chưa nhận được, xin gọi ngay {phone}.",
            "Bạn có hài lòng không? Mời bạn chấm điểm và góp ý tại quầy hoặc qua số {phone}, để lần sau Trung tâm phục vụ tốt hơn. Cảm ơn bạn.",
            _STOP,
        ),
        parameters=_PARAMETERS,
    ),
    Template(
        id="returned",
        version=2,
        fields=_CODE | {"phone": Field(80)},
        paragraphs=(
            "# Hồ sơ đã trả kết quả",
            "Kết quả của hồ sơ {code} ({procedure}) đã được trao. Nếu bạn chưa nhận được, xin gọi ngay {phone}.",
            "Bạn có hài lòng không? Mời bạn bấm Chấm điểm: ba câu, chưa đến một phút. Trung tâm không ghi tên bạn. Cảm ơn bạn.",
            _STOP,
        ),
        choices=(Choice("Chấm điểm", "rating.visit:{code}"),),
        parameters=_PARAMETERS,
    ),
    Template(
        id="changed",
        version=1,
        fields=_CODE | {"status": Field(100), "note": Field(300, optional=True), "phone": Field(80)},
        paragraphs=(
            "# Hồ sơ có thay đổi",
            "Hồ sơ {code} ({procedure}): {status}.",
            "{note}",
            "Cần hỏi thêm, bạn gọi {phone}.",
            _STOP,
        ),
        choices=(_STATUS_BUTTON,),
        parameters=_PARAMETERS | {"trang_thai": Parameter("status", "status", cut=True, empty="có thay đổi")},
    ),
    Template(
        id="announcement",
        version=1,
        fields={"title": Field(120), "text": Field(1400), "about": Field(150)},
        paragraphs=(
            "# {title}",
            "{text}",
            "Bạn nhận tin này vì đang theo dõi {about}.",
            _STOP,
        ),
        parameters={
            "tieu_de": Parameter("title", "name", cut=True),
            "noi_dung": Parameter("text", "address", cut=True),
        },
    ),
    Template(
        id="answer",
        version=1,
        fields={"question": Field(200), "text": Field(1000), "procedure_code": Field(30, optional=True)},
        paragraphs=(
            "# Câu trả lời cho bạn",
            "Bạn đã hỏi: “{question}”",
            "{text}",
            "Bạn nhận tin này vì đã nhờ trợ lý nhắn lại. Trợ lý không giữ địa chỉ này nữa.",
        ),
        choices=(Choice("Xem thủ tục", "procedure.show:{procedure_code}"),),
        parameters={
            "cau_hoi": Parameter("question", "name", cut=True),
            "tra_loi": Parameter("text", "address", cut=True),
        },
    ),
    Template(
        id="handover",
        version=1,
        fields={"question": Field(200, optional=True), "text": Field(1000)},
        paragraphs=("Bạn đã hỏi: “{question}”", "Cán bộ trả lời:\n{text}"),
    ),
    Template(
        id="handover_end",
        version=1,
        fields={},
        paragraphs=("Cuộc trao đổi với cán bộ đã kết thúc. Trợ lý tự động trả lời bạn từ đây ạ.",),
    ),
)

_FIRST: Final = {template.id: template for template in _ALL if template.version == 1}


def _second(kind: str, *paragraphs: str, papers: int | None = None) -> Template:
    """The second version of a notice about a dossier: its button leads straight to the dossier."""
    first = _FIRST[kind]
    fields = first.fields | ({"papers": Field(papers)} if papers else {})
    said = first.paragraphs
    if paragraphs:
        fields |= {"moved": Field(40, optional=True)}
        said = (*said[:2], *paragraphs, *said[2:])
    choices = tuple(_DOSSIER_BUTTON if choice is _STATUS_BUTTON else choice for choice in first.choices)
    return replace(first, version=2, fields=fields, paragraphs=said, choices=choices)


_NOW: Final = (
    _second("received"),
    _second("supplement", _MOVED, papers=480),
    _second("fee_due", _MOVED),
    _second("delayed"),
    _second("ready"),
    _second("changed", _MOVED),
)

TEMPLATES: Final[Templates] = {(template.id, template.version): template for template in (*_ALL, *_NOW)}

WORDS: Final = Words(
    # the statuses of the national list that have no template of their own
    statuses={
        3: "không được tiếp nhận",
        4: "đang được giải quyết",
        7: "đã được rút theo yêu cầu",
        8: "đã dừng giải quyết",
    },
    no_name="thủ tục ghi trên phiếu hẹn",
    no_papers="chưa ghi rõ giấy tờ nào, bạn gọi số dưới đây để hỏi",
    more_papers="và {count} giấy tờ khác, bạn bấm Xem hồ sơ này để xem đủ",
    no_amount="phí, lệ phí (chưa ghi số tiền)",
    amount="{amount} đồng",
    no_date="chưa định, bạn gọi số dưới đây để hỏi",
    elsewhere="Bạn gọi trước để hỏi giờ làm việc.",
)


def counter(centre: Centre) -> Counter:
    """Where people go and ask, in the words of the desk."""
    return Counter(desk.place(centre), desk.hours(centre), desk.phone(centre))


REASONS: Final = {
    "received": "đã tiếp nhận hồ sơ",
    "supplement": "cần bổ sung giấy tờ",
    "fee_due": "cần nộp tiền",
    "delayed": "trễ hẹn, có ngày hẹn mới",
    "ready": "đã có kết quả",
    "returned": "đã trả kết quả",
    "changed": "hồ sơ có thay đổi",
    "answer": "trả lời câu đã hỏi",
    "handover": "cán bộ trả lời",
    "handover_end": "kết thúc trao đổi với cán bộ",
}
"""What the call is about, for the clerk's list."""

WHYS: Final = {
    Why.NONE: "không gửi được tin",
    Why.GONE: "người này đã chặn trợ lý, rời kênh hoặc không mở lại trang web",
    Why.SILENT: "lâu không nhắn trên Zalo nên Zalo không cho gửi",
    Why.IN_VAIN: "đã thử nhiều lần, kênh nhắn tin chưa nhận",
    Why.SPENT: "kênh nhắn tin đã hết số tin được gửi trong tháng",
    Why.MISTAKE: "kênh nhắn tin không nhận tin này",
}
"""Why somebody has to be rung up, for the clerk's list."""
