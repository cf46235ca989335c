"""The month's report as a workbook for the office, and how its figures are written; the letter: review_letter."""

from collections.abc import Sequence
from typing import Any, Final

from bot.dialogue.wording import review as words
from bot.review_records import Draw, Figure, Item, Matter, Verdict
from bot.review_reports import Group, Part, Report
from bot.workbooks import Cell, Sheet, workbook
from knowledge_base.centre import VIETNAM

Rows = list[list[Cell]]
FIGURES: Final = (
    *("Tiếp nhận", "Yêu cầu bổ sung", "trong đó nhiều lần", "Không tiếp nhận", "Dừng, trả lại"),
    *("Tỷ lệ phải sửa, bổ sung, trả lại (%) (a)", "Có kết quả", "Trễ hẹn"),
    *("Tỷ lệ trễ (%) (b)", "Quá hẹn chưa có kết quả"),
    *("Có thư xin lỗi", "Chỉ có tin báo dời hẹn", "Chưa có thư xin lỗi"),
)
SHARES: Final = (
    "(a) trên số hồ sơ tiếp nhận trong tháng, cộng số tiếp nhận trước nhưng phải sửa, trả lại trong tháng; "
    "(b) trên số hồ sơ có kết quả trong tháng, không tính hồ sơ quá hẹn còn chưa có kết quả."
)
"""What the rates are shares of."""
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
        *(percent(figure.asked, figure.base), figure.returned, figure.late, percent(figure.late, figure.returned)),
        *(figure.still_open, figure.letters, figure.notices, figure.no_apology),
    ]


def said(value: Any) -> str:
    """As people write it: 1.234 and 4,5."""
    match value:
        case None:
            return "–"
        case int():
            return f"{value:,}".replace(",", ".")
        case float():
            return f"{value:.1f}".replace(".", ",")
    return str(value)


def item_row(item: Item) -> list[Cell]:
    """A line under ITEMS."""
    case = item.case
    apology = words.APOLOGIES[case.apology] if case.apology else ""
    found = [f"{words.SHORT[question]}: {words.VERDICTS[f.verdict]}" for question, f in item.findings.items()]
    answers = [f"{words.SHORT_LINES[line]}: {words.VERDICTS[verdict]}" for line, verdict in item.answers.items()]
    return [
        *(case.code, case.agency or words.NO_AGENCY, case.procedure_name, words.WHAT[case.what], case.times or None),
        *(case.days or None, ": ".join(filter(None, (apology, case.letter))), item.officer),
        *("; ".join(found), whys(item), words.ENDED[item.interview] if item.interview else "chưa xong"),
        *(len(item.tries), "; ".join(answers), item.note),
    ]


def whys(item: Item) -> str:
    """The reasons of an item's findings."""
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
    lists.append(("Ghi chú", ("Cách tính, cách rút",), [[line] for line in (SHARES, *how_drawn(report))]))
    return workbook(Sheet(name=name, title=above, head=head, rows=rows) for name, head, rows in lists)


def how_drawn(report: Report) -> list[str]:
    """How each list was drawn, every time, and what is still to be done before the report is final."""
    lines = []
    for matter, part in report.parts.items():
        draws = [*part.replaced, part.draw]
        lines += [f"{words.MATTERS[matter]}: {_drawn(draw)}" for draw in draws]
        if part.replaced:
            lines.append(f"{words.MATTERS[matter]}: đã rút {len(draws)} lần, báo cáo dùng lần sau cùng.")
    lines += [f"Bản nháp: chưa rút {words.MATTERS[matter].lower()}." for matter in report.undrawn]
    return lines + [f"Bản nháp: chưa chốt {words.MATTERS[matter].lower()}." for matter in report.unclosed]


def _drawn(draw: Draw) -> str:
    who = "do người rút tự gõ, không phải máy chọn" if draw.seed_typed else "do máy chọn ngẫu nhiên lúc rút"
    size = "tất cả" if draw.size is None else f"ngẫu nhiên {said(draw.size)} hồ sơ"
    at = f"{draw.drawn_at.astimezone(VIETNAM):%d/%m/%Y}"
    line = f"lần {draw.number}, ngày {at}: rút {size}, hạt giống “{draw.seed}” {who}"
    return line + (f"; lý do rút lại: {draw.why}." if draw.why else ".")
