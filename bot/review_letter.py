"""The month's report as a letter to the Chairman (DOCX), in the usual form of Vietnamese offices."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Final

from bot.dialogue.wording import review as words
from bot.review_files import FIGURES, SHARES, Rows, figure_row, how_drawn, percent, said, whys
from bot.review_records import Figure, Verdict
from bot.review_reports import Group, Part, Report
from bot.workbooks import Cell
from knowledge_base.centre import Centre

AGENCY_TABLES: Final = (
    ("a) Phải sửa, bổ sung, trả lại", (0, 1, 2, 3, 4, 5)),
    ("b) Trễ hẹn và thư xin lỗi", (6, 7, 8, 9, 10, 11, 12)),
)
"""Columns of FIGURES: all of them, in two tables that fit the page."""
TREND: Final = (0, 5, 6, 8, 9, 10, 12)
NO_TREND: Final = "Chưa có số liệu của tháng nào trước để so sánh."


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

    def foot(self, left: str, right: str) -> None:
        """Who gets it, and who signs."""
        self.document.add_paragraph()
        bottom = self.document.add_table(rows=1, cols=2)
        bottom.rows[0].cells[0].paragraphs[0].add_run(left).font.size = self._points(11)
        sign = bottom.rows[0].cells[1].paragraphs[0]
        sign.add_run(right).bold = True
        sign.alignment = self._middle

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
                cell.text = said(value)
        for cell in (cell for row in table.rows for cell in row.cells):
            for run in (run for each in cell.paragraphs for run in each.runs):
                run.font.size = self._points(size)
        self.document.add_paragraph()


def docx(report: Report, centre: Centre, day: date) -> bytes:
    """The report as a letter to the Chairman of the province. Number and day of signing are left to be filled in."""
    letter, month = _Letter(), words.month(report.month)
    letter.head(
        f"ỦY BAN NHÂN DÂN TỈNH {centre.province.upper()}\n{centre.name.upper()}\n\nSố:        /BC-PVHCC",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập – Tự do – Hạnh phúc\n\n"
        f"{centre.province}, ngày      tháng {day:%m} năm {day:%Y}",
    )
    letter.say("BÁO CÁO" + (" (BẢN NHÁP, CHƯA CHỐT)" if report.draft else ""), bold=True, centred=True)
    about = f"Kết quả rà soát hồ sơ phải sửa, bổ sung, trả lại và trả kết quả trễ hẹn tháng {month}"
    letter.say(about, bold=True, centred=True)
    letter.say(f"Kính gửi: Chủ tịch Ủy ban nhân dân tỉnh {centre.province}", centred=True)
    for line in (line for line in how_drawn(report) if line.startswith("Bản nháp")):
        letter.say(line, bold=True)
    letter.say("1. Tình hình chung", bold=True)
    letter.points(_general(report))
    letter.say("2. Theo cơ quan", bold=True)
    for what, columns in AGENCY_TABLES:
        letter.say(what)
        rows: Rows = [["Toàn Trung tâm", *_at(report.total, columns)]]
        rows += [[f.agency or words.NO_AGENCY, *_at(f, columns)] for f in report.agencies]
        letter.grid(["Cơ quan", *(FIGURES[n] for n in columns)], rows, size=9)
    letter.say(SHARES)
    letter.say("3. So với các tháng trước", bold=True)
    if len(report.months) > 1:
        months: Rows = [[words.month(f.month), *_at(f, TREND)] for f in report.months]
        letter.grid(["Tháng", *(FIGURES[n] for n in TREND)], months, size=9)
    else:
        letter.say(NO_TREND)
    number = 4
    for part in report.parts.values():
        letter.say(f"{number}. {words.MATTERS[part.draw.matter]}: kết quả rà soát", bold=True)
        _about(letter, part)
        number += 1
    letter.say(f"{number}. Cách rút danh sách", bold=True)
    letter.points(how_drawn(report) or ["Tháng này không có danh sách nào phải rút."])
    letter.say(f"{number + 1}. Kiến nghị", bold=True)
    letter.say("…" * 60)
    letter.foot("Nơi nhận:\n- Như trên;\n- Các cơ quan có tên trong báo cáo;\n- Lưu: VT.", "GIÁM ĐỐC")
    file = BytesIO()
    letter.document.save(file)
    return file.getvalue()


def _at(figure: Figure, columns: Sequence[int]) -> list[Cell]:
    row = figure_row(figure)
    return [row[n] for n in columns]


def _about(letter: _Letter, part: Part) -> None:
    letter.points(_found(part))
    head = ["Cơ quan", "Danh sách", "Rút", "Đã rà", "Có sai sót"]
    head += [f"{words.SHORT[question]}: không" for question in part.total.findings]
    rows = [_short(part.total, "Toàn Trung tâm"), *(_short(group) for group in part.agencies if group.drawn)]
    letter.grid(head, rows)
    faults: Rows = [
        [item.case.code, item.case.agency or words.NO_AGENCY, item.case.procedure_name, whys(item)]
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
        f"Tiếp nhận {said(total.received)} hồ sơ. Phải sửa, bổ sung hoặc trả lại {said(total.asked)} hồ sơ"
        f"{_of(total.asked, total.base)}: bổ sung {said(total.supplemented)} (nhiều lần: {said(total.again)}), "
        f"không tiếp nhận hoặc dừng, trả lại {said(back)}."
    )
    returned = (
        f"Có kết quả {said(total.returned)} hồ sơ, trễ hẹn {said(total.late)}{_of(total.late, total.returned)}; "
        f"cuối tháng còn {said(total.still_open)} hồ sơ đến hạn trong tháng mà chưa có kết quả."
    )
    apologies = (
        f"Trong {said(late)} hồ sơ trễ: {said(total.letters)} có thư xin lỗi, "
        f"{said(total.notices)} chỉ có tin báo dời hẹn, {said(total.no_apology)} chưa có thư xin lỗi."
    )
    lines = [asked, returned, apologies]
    if len(report.months) > 1:
        last = report.months[-2]
        rate = said(percent(last.asked, last.base))
        lines.append(
            f"Tháng {words.month(last.month)}: phải sửa, bổ sung, trả lại {rate}%, "
            f"trễ hẹn {said(percent(last.late, last.returned))}%."
        )
    else:
        lines.append(NO_TREND)
    return lines


def _found(part: Part) -> list[str]:
    total = part.total
    how = "rút tất cả" if part.draw.size is None else f"rút ngẫu nhiên {said(total.drawn)} hồ sơ"
    lines = [f"Danh sách có {said(total.listed)} hồ sơ, {how}. Đã rà soát {said(total.reviewed)}."]
    for question, verdicts in total.findings.items():
        told = ", ".join(f"{words.VERDICTS[verdict]} {count}" for verdict, count in verdicts.items())
        lines.append(f"{words.SHORT[question]}: {told}.")
    if total.reviewed:
        line = f"Có sai sót: {total.faults}/{total.reviewed} hồ sơ ({said(percent(total.faults, total.reviewed))}%)"
        if total.drawn < total.listed:
            low, high = total.interval
            line += f"; khoảng tin cậy 95% cho cả danh sách: {said(round(100 * low, 1))}–{said(round(100 * high, 1))}%"
        lines.append(line + ".")
    calls = ", ".join(f"{words.ENDED[how].lower()} {count}" for how, count in total.interviews.items())
    lines.append(
        f"Phỏng vấn người nộp: {calls or 'chưa có'}; {total.calls} lần gọi, còn {total.to_call} người chưa xong."
    )
    for asked, verdicts in total.answers.items():
        if sum(verdicts.values()):
            told = ", ".join(f"{words.VERDICTS[verdict]} {count}" for verdict, count in verdicts.items())
            lines.append(f"Người nộp trả lời – {words.SHORT_LINES[asked].lower()}: {told}.")
    return lines


def _short(group: Group, name: str = "") -> list[Cell]:
    nos = [verdicts[Verdict.NO] for verdicts in group.findings.values()]
    cells: list[Cell] = [name or group.name or words.NO_AGENCY, group.listed, group.drawn, group.reviewed, group.faults]
    return [*cells, *nos]


def _of(part: int, whole: int) -> str:
    share = percent(part, whole)
    return "" if share is None else f" ({said(share)}%)"
