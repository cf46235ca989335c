"""The month's report as files: DOCX for the Chairman, XLSX for the office. Loaded only when a file is asked for."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from bot.dialogue.wording import review as words
from bot.review_records import Figure, Item, Matter, Verdict
from bot.review_reports import Group, Part, Report
from bot.workbooks import Cell, Sheet, workbook
from knowledge_base.centre import VIETNAM, Centre

Rows = list[list[Cell]]
FIGURES: Final = (
    *("Tiếp nhận", "Yêu cầu bổ sung", "trong đó nhiều lần", "Không tiếp nhận", "Dừng, trả lại"),
    *("Tỷ lệ phải sửa, bổ sung, trả lại (%)", "Có kết quả", "Trễ hẹn", "Tỷ lệ trễ (%)", "Quá hẹn chưa có kết quả"),
    *("Có thư xin lỗi", "Chỉ có tin báo dời hẹn", "Chưa có thư xin lỗi"),
)
ITEMS: Final = (
    *(
        "Mã hồ sơ",
        "Cơ quan",
        "Thủ tục",
        "Việc",
        "Số lần yêu cầu",
        "Số ngày trễ",
        "Xin lỗi theo hồ sơ",
        "Cán bộ rà soát",
    ),
    *("Kết quả rà soát", "Lý do", "Phỏng vấn", "Số lần gọi", "Trả lời phỏng vấn", "Ghi chú"),
)


def title(report: Report) -> str:
    """What the report is about."""
    return f"Rà soát hồ sơ tháng {words.month(report.month)}"


def percent(part: int, whole: int) -> float | None:
    """One decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def figure_row(figure: Figure) -> list[Cell]:
    """A line under FIGURES."""
    return [
        *(figure.received, figure.supplemented, figure.again, figure.refused, figure.stopped),
        *(percent(figure.asked, figure.received), figure.returned, figure.late, percent(figure.late, figure.returned)),
        *(figure.still_open, figure.letters, figure.notices, figure.no_apology),
    ]


def item_row(item: Item) -> list[Cell]:
    """A line under ITEMS."""
    case = item.case
    found = [f"{words.SHORT[question]}: {words.VERDICTS[f.verdict]}" for question, f in item.findings.items()]
    said = [f"{words.SHORT_LINES[line]}: {words.VERDICTS[verdict]}" for line, verdict in item.answers.items()]
    return [
        *(case.code, case.agency or words.NO_AGENCY, case.procedure_name, words.WHAT[case.what], case.times or None),
        *(case.days or None, words.APOLOGIES[case.apology] if case.apology else "", item.officer),
        *("; ".join(found), _whys(item), words.ENDED[item.interview] if item.interview else "chưa xong"),
        *(len(item.tries), "; ".join(said), item.note),
    ]


def _whys(item: Item) -> str:
    return "; ".join(f"{words.SHORT[q]}: {f.why}" for q, f in item.findings.items() if f.why)


def group_head(part: Part) -> list[str]:
    """Head of a list's findings by agency."""
    head = ["Cơ quan", "Trong danh sách", "Được rút", "Đã rà soát", "Có sai sót", "Tỷ lệ sai sót (%)"]
    for question in part.total.findings:
        head += [f"{words.SHORT[question]}: {words.VERDICTS[verdict]}" for verdict in Verdict]
    return head


def group_row(group: Group, name: str = "") -> list[Cell]:
    """A line under `group_head`."""
    cells: list[Cell] = [name or group.name or words.NO_AGENCY, group.listed, group.drawn, group.reviewed]
    cells += [group.faults, percent(group.faults, group.reviewed)]
    return cells + [count for verdicts in group.findings.values() for count in verdicts.values()]


def xlsx(report: Report) -> bytes:
    """A workbook: agencies, procedures, months, and for each list its findings and its dossiers."""
    whole: list[Cell] = ["Toàn Trung tâm", *figure_row(report.total)]
    agencies: Rows = [[f.agency or words.NO_AGENCY, *figure_row(f)] for f in report.agencies]
    procedures: Rows = [
        [f.procedure_name or f.procedure_code, f.procedure_code, f.agency or words.NO_AGENCY, *figure_row(f)]
        for f in report.procedures
    ]
    lists: list[tuple[str, Sequence[str], Rows]] = [
        ("Theo cơ quan", ("Cơ quan", *FIGURES), [whole, *agencies]),
        ("Theo thủ tục", ("Thủ tục", "Mã", "Cơ quan", *FIGURES), procedures),
        ("Các tháng", ("Tháng", *FIGURES), [[words.month(f.month), *figure_row(f)] for f in report.months]),
    ]
    for matter, part in report.parts.items():
        name = "Bổ sung" if matter is Matter.SUPPLEMENT else "Trễ hẹn"
        rows = [group_row(part.total, "Toàn Trung tâm"), *(group_row(group) for group in part.agencies)]
        lists.append((f"{name} - rà soát", group_head(part), rows))
        lists.append((f"{name} - hồ sơ", ITEMS, [item_row(item) for item in part.items]))
    above = title(report) + (" – bản nháp" if report.draft else "")
    return workbook(Sheet(name=name, title=above, head=head, rows=rows) for name, head, rows in lists)


class _Letter:
    """A letter in the usual form of Vietnamese offices."""

    def __init__(self) -> None:
        from docx import Document  # noqa: PLC0415 - only when asked for
        from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415
        from docx.shared import Mm, Pt  # noqa: PLC0415

        self.document, self._middle, self._points = Document(), WD_ALIGN_PARAGRAPH.CENTER, Pt
        style = self.document.styles["Normal"]
        style.font.name, style.font.size = "Times New Roman", Pt(13)
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin, section.right_margin = Mm(30), Mm(15)
        section.top_margin = section.bottom_margin = Mm(20)

    def head(self, left: str, right: str) -> None:
        """Who writes, and the state's motto."""
        top = self.document.add_table(rows=1, cols=2)
        for cell, text in zip(top.rows[0].cells, (left, right), strict=True):
            cell.paragraphs[0].add_run(text).bold = True
            cell.paragraphs[0].alignment = self._middle
        self.document.add_paragraph()

    def say(self, text: str, *, bold: bool = False, centred: bool = False, style: str | None = None) -> None:
        """A paragraph."""
        made = self.document.add_paragraph(style=style)
        made.add_run(text).bold = bold
        if centred:
            made.alignment = self._middle

    def points(self, lines: Sequence[str]) -> None:
        """A list."""
        for line in lines:
            self.say(line, style="List Bullet")

    def grid(self, head: Sequence[str], rows: Rows, *, size: int = 10) -> None:
        """A table with lines."""
        table = self.document.add_table(rows=1, cols=len(head), style="Table Grid")
        for cell, text in zip(table.rows[0].cells, head, strict=True):
            cell.paragraphs[0].add_run(text).bold = True
        for row in rows:
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = _said(value)
        for cell in (cell for row in table.rows for cell in row.cells):
            for run in (run for each in cell.paragraphs for run in each.runs):
                run.font.size = self._points(size)
        self.document.add_paragraph()


def docx(report: Report, centre: Centre) -> bytes:
    """The report as a letter to the Chairman of the province."""
    letter = _Letter()
    letter.head(centre.name.upper(), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập – Tự do – Hạnh phúc")
    month = words.month(report.month)
    letter.say("BÁO CÁO" + (" (BẢN NHÁP, CHƯA CHỐT)" if report.draft else ""), bold=True, centred=True)
    about = f"Kết quả rà soát hồ sơ phải sửa, bổ sung, trả lại và trả kết quả trễ hẹn tháng {month}"
    letter.say(about, bold=True, centred=True)
    letter.say(f"Kính gửi: Chủ tịch Ủy ban nhân dân tỉnh {centre.province}", centred=True)
    letter.say("1. Tình hình chung", bold=True)
    letter.points(_general(report))
    letter.say("2. Theo cơ quan", bold=True)
    short = (0, 1, 3, 4, 5, 6, 7, 8, 12)
    rows: Rows = [["Toàn Trung tâm", *(figure_row(report.total)[n] for n in short)]]
    rows += [[f.agency or words.NO_AGENCY, *(figure_row(f)[n] for n in short)] for f in report.agencies]
    letter.grid(["Cơ quan", *(FIGURES[n] for n in short)], rows, size=9)
    number = 3
    if len(report.months) > 1:
        letter.say("3. So với các tháng trước", bold=True)
        kept = (0, 5, 6, 8, 9, 12)
        months: Rows = [[words.month(f.month), *(figure_row(f)[n] for n in kept)] for f in report.months]
        letter.grid(["Tháng", *(FIGURES[n] for n in kept)], months)
        number = 4
    for part in report.parts.values():
        letter.say(f"{number}. {words.MATTERS[part.draw.matter]}: kết quả rà soát", bold=True)
        _about(letter, part)
        number += 1
    letter.say(f"{number}. Kiến nghị", bold=True)
    letter.say("…" * 60)
    letter.say("GIÁM ĐỐC", bold=True, centred=True)
    file = BytesIO()
    letter.document.save(file)
    return file.getvalue()


def _about(letter: _Letter, part: Part) -> None:
    letter.points(_found(part))
    head = ["Cơ quan", "Danh sách", "Rút", "Đã rà", "Có sai sót"]
    head += [f"{words.SHORT[question]}: không" for question in part.total.findings]
    rows = [_short(part.total, "Toàn Trung tâm"), *(_short(group) for group in part.agencies if group.drawn)]
    letter.grid(head, rows)
    faults: Rows = [
        [item.case.code, item.case.agency or words.NO_AGENCY, item.case.procedure_name, _whys(item)]
        for item in part.items
        if any(finding.verdict is Verdict.NO for finding in item.findings.values())
    ]
    if faults:
        letter.say("Các hồ sơ có sai sót:")
        letter.grid(["Mã hồ sơ", "Cơ quan", "Thủ tục", "Sai sót và lý do"], faults)


def _general(report: Report) -> list[str]:
    total = report.total
    back, late = total.refused + total.stopped, total.late + total.still_open
    asked = (
        f"Tiếp nhận {_said(total.received)} hồ sơ. Phải sửa, bổ sung hoặc trả lại {_said(total.asked)} hồ sơ"
        f"{_of(total.asked, total.received)}: bổ sung {_said(total.supplemented)} (nhiều lần: {_said(total.again)}), "
        f"không tiếp nhận hoặc dừng, trả lại {_said(back)}."
    )
    returned = (
        f"Có kết quả {_said(total.returned)} hồ sơ, trễ hẹn {_said(total.late)}{_of(total.late, total.returned)}; "
        f"cuối tháng còn {_said(total.still_open)} hồ sơ đến hạn trong tháng mà chưa có kết quả."
    )
    apologies = (
        f"Trong {_said(late)} hồ sơ trễ: {_said(total.letters)} có thư xin lỗi, "
        f"{_said(total.notices)} chỉ có tin báo dời hẹn, {_said(total.no_apology)} chưa có thư xin lỗi."
    )
    lines = [asked, returned, apologies]
    if len(report.months) > 1:
        last = report.months[-2]
        rate = _said(percent(last.asked, last.received))
        lines.append(
            f"Tháng {words.month(last.month)}: phải sửa, bổ sung, trả lại {rate}%, "
            f"trễ hẹn {_said(percent(last.late, last.returned))}%."
        )
    return lines


def _found(part: Part) -> list[str]:
    draw, total = part.draw, part.total
    if draw.size is None:
        how = "rút tất cả"
    else:
        how = f"rút ngẫu nhiên {total.drawn} hồ sơ, hạt giống “{draw.seed}” (SHA-256 của “hạt giống|mã” nhỏ nhất)"
    drawn_at = f"{draw.drawn_at.astimezone(VIETNAM):%d/%m/%Y}"
    lines = [f"Danh sách có {total.listed} hồ sơ, {how}, ngày {drawn_at}. Đã rà soát {total.reviewed}."]
    if part.replaced:
        lines.append(f"Đây là lần rút thứ {draw.number}; lý do rút lại: {draw.why}.")
    for question, verdicts in total.findings.items():
        said = ", ".join(f"{words.VERDICTS[verdict]} {count}" for verdict, count in verdicts.items())
        lines.append(f"{words.SHORT[question]}: {said}.")
    if total.reviewed:
        line = f"Có sai sót: {total.faults}/{total.reviewed} hồ sơ ({_said(percent(total.faults, total.reviewed))}%)"
        if total.drawn < total.listed:
            low, high = total.interval
            line += (
                f"; khoảng tin cậy 95% cho cả danh sách: {_said(round(100 * low, 1))}–{_said(round(100 * high, 1))}%"
            )
        lines.append(line + ".")
    calls = ", ".join(f"{words.ENDED[how].lower()} {count}" for how, count in total.interviews.items())
    lines.append(
        f"Phỏng vấn người nộp: {calls or 'chưa có'}; {total.calls} lần gọi, còn {total.to_call} người chưa xong."
    )
    for asked, verdicts in total.answers.items():
        if sum(verdicts.values()):
            said = ", ".join(f"{words.VERDICTS[verdict]} {count}" for verdict, count in verdicts.items())
            lines.append(f"Người nộp trả lời – {words.SHORT_LINES[asked].lower()}: {said}.")
    return lines


def _short(group: Group, name: str = "") -> list[Cell]:
    nos = [verdicts[Verdict.NO] for verdicts in group.findings.values()]
    cells: list[Cell] = [name or group.name or words.NO_AGENCY, group.listed, group.drawn, group.reviewed, group.faults]
    return [*cells, *nos]


def _of(part: int, whole: int) -> str:
    share = percent(part, whole)
    return "" if share is None else f" ({_said(share)}%)"


def _said(value: Any) -> str:
    """As people write it: 1.234 and 4,5."""
    match value:
        case None:
            return "–"
        case int():
            return f"{value:,}".replace(",", ".")
        case float():
            return f"{value:.1f}".replace(".", ",")
    return str(value)
