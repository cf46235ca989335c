"""What is said about one procedure, field by field from its record. No sentence here states a fact of its own."""

import re
from collections.abc import Iterator
from datetime import date

import msgspec

from bot.dialogue.wording import fees as fee_wording
from bot.dialogue.wording import figures, places
from knowledge_base.centre import Centre
from knowledge_base.facets import Facet
from knowledge_base.procedure import Case, CaseKind, Channel, Duration, DurationKind, Flag, Note, Paper, Procedure
from knowledge_base.text import fold

LONG_NAME = 60
"""Official names longer than this are preceded by the plain one."""
_CONDITIONAL = re.compile(
    r"^\W*(?:(?:đối với|trong) )?(?:trường hợp|nếu|khi)\b|^\W*đối với\b|\bnếu (?:có|cần)\b|\btrong trường hợp\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?:gồm|sau|sau đây|dưới đây|như|là|:)\W*$", re.IGNORECASE)
"""How a paper's name ends whose continuation is the next one."""
_MADE_BY_FORM = re.compile(
    r"^\W*(?:tờ khai|đơn|giấy đề nghị|giấy yêu cầu|phiếu|bản khai|bản đăng ký|văn bản đề nghị|công văn đề nghị)\b"
    r"|\btheo mẫu\b|\bmẫu số\b",
    re.IGNORECASE,
)
"""Papers that one fills in or writes oneself, though the record brings no form along."""
NO_INFORMATION = "Bản ghi chưa có thông tin này."

TITLES = {
    Facet.DOCUMENTS: "Giấy tờ cần nộp",
    Facet.FEE: "Phí, lệ phí",
    Facet.DURATION: "Thời gian giải quyết",
    Facet.WHERE: "Nơi nộp hồ sơ",
    Facet.ONLINE: "Nộp qua mạng",
    Facet.FORM: "Mẫu đơn, tờ khai",
    Facet.STEPS: "Cách làm",
    Facet.RESULT: "Kết quả nhận được",
    Facet.CONDITIONS: "Điều kiện",
    Facet.AUDIENCE: "Ai được làm",
    Facet.LEGAL: "Căn cứ pháp lý",
}

BUTTONS = {
    Facet.DOCUMENTS: "Giấy tờ cần nộp",
    Facet.FEE: "Lệ phí",
    Facet.DURATION: "Bao lâu có",
    Facet.WHERE: "Nộp ở đâu",
    Facet.ONLINE: "Nộp qua mạng",
    Facet.FORM: "Mẫu đơn",
    Facet.STEPS: "Cách làm",
    Facet.RESULT: "Kết quả",
    Facet.CONDITIONS: "Điều kiện",
    Facet.AUDIENCE: "Ai được làm",
    Facet.LEGAL: "Căn cứ pháp lý",
}
CHECKLIST_BUTTON = "Đánh dấu giấy đã có"
OTHER_BUTTON = "Không phải thủ tục này"
MORE_BUTTON = "Xem mục khác"
CASE_TIME = "Theo quy trình giải quyết: "
OTHER_PAPERS = "▪ Giấy tờ khác (bản ghi không ghi tên nhóm):"
ALL_DOCUMENTS_BUTTON = "Xem đủ mọi trường hợp"


def heading(procedure: Procedure) -> str:
    """The name and the code, as the first thing of every answer; long official names after the plain one."""
    if procedure.plain_name and (len(procedure.name) > LONG_NAME or procedure.name.isupper()):
        return f"# {procedure.plain_name}\nTên đầy đủ: {procedure.name}\nMã thủ tục: {procedure.code}"
    return f"# {procedure.name}\nMã thủ tục: {procedure.code}"


def source(procedure: Procedure) -> str:
    """Where the answer comes from and as of when."""
    dated = f", bản ghi ngày {figures.day(procedure.record_date)}" if procedure.record_date else ""
    link = f"\n{procedure.source}" if procedure.source else ""
    return f"Nguồn: Cổng Dịch vụ công quốc gia{dated}.{link}"


def warnings(procedure: Procedure) -> tuple[str, ...]:
    """What a reader of this record must be told before relying on it."""
    said = []
    if Flag.DISTRICT_LEVEL in procedure.flags:
        said.append(
            "Lưu ý: bản ghi còn nhắc tới cấp huyện, mà cấp huyện không còn từ 01/7/2025. Bạn hỏi lại cán bộ nơi nộp."
        )
    if Flag.BROKEN_TEXT in procedure.flags:
        said.append("Lưu ý: nội dung trên Cổng của thủ tục này đang bị lỗi chữ. Bạn hỏi lại cán bộ trước khi đi nộp.")
    return tuple(said)


def remarks(procedure: Procedure) -> tuple[str, ...]:
    """What editors added, with who says so: only what the centre wrote is the centre's word."""
    return tuple(f"Ghi chú của {_writer(note)} ({figures.day(note.when)}): {note.text}" for note in procedure.notes)


def _writer(note: Note) -> str:
    return "Trung tâm" if note.staff or fold(note.who).startswith("trung tam") else note.who


def facet(procedure: Procedure, wanted: Facet, centre: Centre, today: date) -> tuple[str, ...]:
    """The paragraphs that answer one asked thing, without heading and source."""
    match wanted:
        case Facet.DOCUMENTS:
            body = documents(procedure)
        case Facet.FEE:
            body = fee_wording.fees(procedure, today)
        case Facet.DURATION:
            body = durations(procedure)
        case Facet.WHERE:
            body = places.where(procedure, centre)
        case Facet.ONLINE:
            body = (online(procedure, centre),)
        case Facet.FORM:
            body = forms(procedure)
        case Facet.STEPS:
            body = steps(procedure, centre, today)
        case Facet.RESULT:
            body = (_listed(procedure.results),)
        case Facet.CONDITIONS:
            body = conditions(procedure)
        case Facet.AUDIENCE:
            body = (_listed(procedure.audience),)
        case Facet.LEGAL:
            body = legal(procedure)
        case Facet.GENERAL:
            return overview(procedure, centre, today)
    return (f"# {TITLES[wanted]}\n{body[0]}", *body[1:])


def overview(procedure: Procedure, centre: Centre, today: date) -> tuple[str, ...]:
    """The short answer where nothing particular was asked: each thing in a line."""
    lines = [
        f"• Giấy tờ: {count_documents(procedure)}.",
        f"• Lệ phí: {fee_wording.short(procedure, today)}.",
        f"• Thời gian: {_short_duration(procedure)}.",
        f"• Nơi nộp: {places.short(procedure, centre)}",
    ]
    if procedure.results:
        lines.append(f"• Kết quả: {figures.cut('; '.join(procedure.results), 160)}.".replace("….", "…"))
    return ("\n".join(lines),)


def count_documents(procedure: Procedure) -> str:
    """How many papers, and in how many situations they differ."""
    if not procedure.papers:
        return "bản ghi chưa liệt kê giấy tờ"
    always = sum(len(case.papers) for case in procedure.cases if case.kind is not CaseKind.CASE)
    cases = [case for case in procedure.cases if case.kind is CaseKind.CASE and case.papers]
    if not cases:
        return f"{always} loại"
    if not always:
        return f"tùy {len(cases)} trường hợp" if len(cases) > 1 else f"{len(cases[0].papers)} loại"
    return f"{always} loại chung, thêm giấy tờ riêng của {len(cases)} trường hợp"


def choose_case(procedure: Procedure) -> str:
    """Stands above the cases where their papers are too many to be sent at once."""
    count = count_documents(procedure)
    return f"# {TITLES[Facet.DOCUMENTS]}\n{count[:1].upper()}{count[1:]}. Bạn chọn trường hợp của mình:"


def documents(procedure: Procedure) -> tuple[str, ...]:
    """Every paper of every case, one paragraph each, numbered within its case."""
    if not procedure.papers:
        return ("Bản ghi chưa liệt kê giấy tờ nào. Bạn hỏi cán bộ nơi nộp trước khi chuẩn bị.",)
    said: list[str] = []
    for case in procedure.cases:
        paragraphs = list(case_documents(case))
        if paragraphs and said and not case.label:
            paragraphs[0] = f"{OTHER_PAPERS}\n{paragraphs[0]}"
        said += paragraphs
    return (*said, *notes(procedure))


def case_documents(case: Case) -> Iterator[str]:
    """The papers of one case: its label with the first paper, then a paragraph per paper."""
    label = case_label(case)
    for position, paper in enumerate((case.papers[n] for n in reading_order(case.papers)), 1):
        said = f"{position}. {paper_line(paper)}"
        yield f"{label}\n{said}" if label and position == 1 else said


def case_label(case: Case) -> str:
    """When these papers are needed, as a line of its own; empty for papers that are always needed."""
    if not case.label:
        return ""
    return f"▪ {case.label}:"


def case_choice(case: Case, *, among_same: bool) -> str:
    """A case as a choice; where the record gives several cases one label, its papers tell them apart."""
    label = case.label or TITLES[Facet.DOCUMENTS]
    return f"{label} ({len(case.papers)} giấy tờ, có {figures.cut(case.papers[0].name, 60)})" if among_same else label


def paper_line(paper: Paper) -> str:
    """A paper's name, how many, which form."""
    counts = [f"{paper.originals} bản chính"] if paper.originals else []
    counts += [f"{paper.copies} bản sao"] if paper.copies else []
    said = short_name(paper)
    if paper.detail:
        said = f"{paper.name}\n{paper.detail}" if not paper.detail.startswith(paper.name) else paper.detail
    said += f" ({', '.join(counts)})" if counts else ""
    missing_forms = [form for form in paper.forms if not _names_form(said, form)]
    if missing_forms:
        # Behind an abridged name a form may belong to what was left out: say no more than that the record names it.
        title = "bản ghi có nhắc" if paper.abridged else "mẫu"
        said += f" [{title}: {', '.join(missing_forms)}]"
    return said if paper.detail else said + _named_below(paper)


def _named_below(paper: Paper) -> str:
    """The papers of which one serves as this one, and those that the record's line names besides."""
    lists = ((paper.alternatives, "Một trong các giấy tờ:"), (paper.mentions, "Bản ghi còn nhắc tới:"))
    return "".join(
        f"\n{title}\n" + "\n".join(f"– {name}{' …' * _may_go_on(name)}" for name in names)
        for names, title in lists
        if names
    )


def _may_go_on(name: str) -> bool:
    """Whether a name may have been cut: names have at most 180 characters."""
    return len(name) > 165 and name[-1] not in ").;…"


def conditional(paper: Paper) -> bool:
    """Whether the paper's own words say that it is needed in some situations only."""
    return _CONDITIONAL.search(f"{paper.name} {paper.detail}") is not None


def reading_order(papers: tuple[Paper, ...]) -> tuple[int, ...]:
    """The places of the papers as they are read: first what everybody needs, unless one paper leads to the next."""
    if any(_GOES_ON.search(paper.name) for paper in papers):
        return tuple(range(len(papers)))
    return tuple(sorted(range(len(papers)), key=lambda place: conditional(papers[place])))


def short_name(paper: Paper) -> str:
    """The paper's name, with a mark where the record's line goes on and the whole line is not here."""
    closed = "…" in paper.name and paper.name.endswith(")")
    return paper.name + (" …" if paper.abridged and not paper.detail and not closed else "")


def _names_form(said: str, form: str) -> bool:
    spoken = said.casefold()
    return form.casefold() in spoken or form.casefold().replace("mẫu số ", "mẫu ") in spoken


def notes(procedure: Procedure) -> tuple[str, ...]:
    """The remarks among the papers, or how many there are to read at the source."""
    texts = tuple(note for case in procedure.cases for note in case.notes)
    if texts:
        return ("Lưu ý trong bản ghi:\n" + texts[0], *texts[1:])
    count = sum(case.note_count for case in procedure.cases)
    abridged = any(paper.abridged for paper in procedure.papers)
    said = []
    if count:
        said.append(f"bản ghi còn {count} lưu ý về giấy tờ")
    if abridged:
        said.append('giấy nào có dấu "…" thì bản ghi còn nói kỹ hơn')
    return (f"{'; '.join(said).capitalize()}: bạn xem ở đường dẫn bên dưới.",) if said else ()


def durations(procedure: Procedure) -> tuple[str, ...]:
    """Every processing time; channels with the same time share a line, cases that say otherwise have their own."""
    told = _told(procedure)
    if not told:
        return ("Bản ghi chưa nêu thời gian giải quyết cụ thể. Bạn hỏi cán bộ khi nộp.",)
    by_text: dict[str, list[Channel]] = {}
    for time in told:
        channels = by_text.setdefault(figures.duration(time), [])
        if time.channel and time.channel not in channels:
            channels.append(time.channel)
    if len(by_text) == 1:
        return (_sentence(next(iter(by_text))),)
    said = tuple(f"• {figures.channel_names(channels) or CASE_TIME}{text}" for text, channels in by_text.items())
    if any(time.channel is None for time in told) and any(time.channel for time in told):
        said += ("Các chỗ trong bản ghi ghi khác nhau, bạn hỏi lại cán bộ khi nộp.",)
    elif len({time.channel for time in told}) < len({(time.channel, time.value, time.unit) for time in told}):
        said += ("Bản ghi nêu nhiều mức thời gian, tùy trường hợp của hồ sơ. Bạn hỏi cán bộ khi nộp.",)
    return said


def _told(procedure: Procedure) -> list[Duration]:
    """The processing times that tell something: placeholders are left out, and so is a text that only names it."""
    name = fold(procedure.name)
    times = [
        msgspec.structs.replace(time, text="") if time.kind is DurationKind.STATED and fold(time.text) == name else time
        for time in procedure.durations
    ]
    by_case = {time.value for time in times if time.kind is DurationKind.STATED and time.channel is None}
    return [
        time
        for time in times
        if time.kind not in (DurationKind.PLACEHOLDER, DurationKind.NOT_STATED)
        and not (time.kind is DurationKind.UNIT_UNKNOWN and time.value in by_case)  # the case knows its unit
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(" .") + "."


def online(procedure: Procedure, centre: Centre) -> str:
    """Whether it can be handed in through the net, as the record says."""
    if Channel.ONLINE in procedure.channels:
        return f"Có. Thủ tục này nộp trực tuyến được trên Cổng Dịch vụ công quốc gia: {centre.portal}"
    if procedure.channels:
        others = "; ".join(figures.CHANNELS[channel].lower() for channel in procedure.channels)
        return f"Bản ghi không nêu cách nộp trực tuyến, chỉ nêu: {others}."
    return "Bản ghi chưa nêu các cách nộp. Bạn hỏi cán bộ nơi nộp."


def forms(procedure: Procedure) -> tuple[str, ...]:
    """The papers that come with a form, with its number or file."""
    with_form = [paper for paper in procedure.papers if paper.forms]
    by_form = [paper for paper in procedure.papers if not paper.forms and _MADE_BY_FORM.search(paper.name)]
    said = [f"• {short_name(paper)}: {', '.join(paper.forms)}" for paper in _distinct(with_form)]
    if said:
        said.append("Mẫu tải về ở đường dẫn bên dưới, hoặc xin tại nơi nộp.")
    if by_form:
        said.append("Bản ghi không kèm mẫu cho giấy sau, bạn hỏi xin mẫu tại nơi nộp:")
        said += [f"• {short_name(paper)}" for paper in _distinct(by_form)]
    return tuple(said) or ("Bản ghi không kèm mẫu đơn nào.",)


def _distinct(papers: list[Paper]) -> list[Paper]:
    return list({(paper.name, paper.forms): paper for paper in papers}.values())


def steps(procedure: Procedure, centre: Centre, today: date) -> tuple[str, ...]:
    """The record's own steps where they are here, otherwise the way that its facts describe."""
    if procedure.steps:
        return procedure.steps
    ways = "; ".join(figures.CHANNELS[channel].lower() for channel in procedure.channels) or "hỏi cán bộ cách nộp"
    return (
        f"1. Chuẩn bị giấy tờ: {count_documents(procedure)}.",
        f"2. Nộp hồ sơ: {ways}. Nơi nộp: {places.short(procedure, centre)}",
        f"3. Lệ phí: {fee_wording.short(procedure, today)}.",
        f"4. Nhận kết quả. Thời gian: {_short_duration(procedure)}.",
        "Các bước đầy đủ: bạn xem ở đường dẫn bên dưới.",
    )


def conditions(procedure: Procedure) -> tuple[str, ...]:
    """The conditions, or whether the record has any, together with who may apply."""
    said = []
    if procedure.conditions:
        said.append(procedure.conditions)
    elif procedure.has_conditions:
        said.append("Bản ghi có nêu điều kiện. Bạn xem ở đường dẫn bên dưới, hoặc hỏi cán bộ nơi nộp.")
    else:
        said.append("Bản ghi không nêu điều kiện riêng. Bạn kể trường hợp của mình với cán bộ nơi nộp để chắc chắn.")
    if procedure.audience:
        said.append(f"Đối tượng được làm: {', '.join(procedure.audience)}.")
    return tuple(said)


def legal(procedure: Procedure) -> tuple[str, ...]:
    """The legal documents by number."""
    if not procedure.legal:
        return (NO_INFORMATION,)
    lines = [
        f"• {' – '.join(part for part in (document.number, document.name) if part)}" for document in procedure.legal
    ]
    return (lines[0], *lines[1:])


def _listed(values: tuple[str, ...]) -> str:
    return "\n".join(f"• {value}" for value in values) if values else NO_INFORMATION


def _short_duration(procedure: Procedure) -> str:
    told = _told(procedure)
    said = list(dict.fromkeys(figures.duration(time) for time in told))
    if not said:
        return "bản ghi chưa nêu cụ thể"
    if len(said) == 1 and len(said[0]) <= 160:
        return said[0].rstrip(" .")
    stated = tuple(dict.fromkeys(figures.stated(time) for time in told if time.kind is DurationKind.STATED))
    if len(stated) == 1 and all(time.kind is DurationKind.STATED for time in told):
        return f"{stated[0]}, bản ghi còn nêu thời gian khác, xem mục Thời gian"
    if len(stated) == len(said) <= 3:
        return " hoặc ".join(stated) + ", tùy cách nộp hoặc trường hợp"
    return "tùy trường hợp, xem mục Thời gian"
