"""A report of ratings as files: XLSX for the office, charts as SVG and PNG, slips with QR codes.

pygal draws the charts (pure Python, SVG with confidence intervals), resvg makes PNG of them: both install without root
and without a browser, and together are a tenth of matplotlib. They are loaded only when a file is asked for.
"""

import html
import re
import sys
from collections.abc import Sequence
from typing import Any, Final

from bot.dialogue.wording import rating as wording
from bot.rating_records import Criterion
from bot.rating_reports import GOAL, Line, Report, Share
from bot.workbooks import Cell, Sheet, workbook

NO_AGENCY: Final = "(không ghi cơ quan, hoặc gộp nhiều nơi ít lượt)"
FEW: Final = "chưa đủ 5 lượt chấm"
VERDICTS: Final = {True: "đạt", False: "chưa đạt", None: "chưa đủ cơ sở kết luận"}
BRIEFLY: Final = {True: "đạt", False: "chưa đạt", None: "chưa rõ"}
_FONT: Final = "DejaVu Sans, Noto Sans, Liberation Sans, Arial, sans-serif"
_COLOURS: Final = ("#0b5394", "#38761d", "#9c4a00")
_SCRIPT: Final = re.compile(r"<script\b.*?</script>", re.DOTALL)
HEAD: Final = (
    *("Nhóm", "Lượt đến", "Lượt chấm", "Tỷ lệ chấm (%)"),
    *(f"{name}{what}" for name in wording.NAMES.values() for what in (" (%)", ": từ", ": đến", ": so với 95%")),
)


def title(report: Report) -> str:
    """What the report is about."""
    return f"Mức độ hài lòng {span(report)}"


def span(report: Report) -> str:
    """Its months, as people write them."""
    months = [f"{month[5:]}/{month[:4]}" for month in (report.first, report.last)]
    return f"tháng {months[0]}" if months[0] == months[1] else f"từ tháng {months[0]} đến tháng {months[1]}"


def row(line: Line, said: str = "") -> list[str | int | float | None]:
    """One group as a row under HEAD; rates in percent with one decimal."""
    cells: list[str | int | float | None] = [said or line.name or NO_AGENCY, line.visits]
    if line.hidden:
        return [*cells, FEW, *[None] * (len(HEAD) - 3)]
    cells += [line.ratings, percent(line.response)]
    for share in line.shares.values():
        low, high = share.interval
        if share.rate is None:
            cells += [None, None, None, None]
        else:
            cells += [percent(share.rate), percent(low), percent(high), VERDICTS[share.reached]]
    return cells


def details(line: Line, said: str) -> list[list[str | int | float | None]]:
    """One group with a row for each criterion."""
    return [
        [said, wording.NAMES[criterion], percent(share.rate), *map(percent, share.interval), share.answered,
         VERDICTS[share.reached]]
        for criterion, share in line.shares.items()
        if share.rate is not None
    ]  # fmt: skip


def name(line: Line, by: str) -> str:
    """A group's name as people say it: "Quầy 5", "11/2026"."""
    match by:
        case "counters":
            return wording.counter(line.name)
        case "months":
            return f"{line.name[5:]}/{line.name[:4]}"
    return line.name or NO_AGENCY


def rate(share: float) -> str:
    """0.9512 → "95,1%", 1 → "100%"."""
    return f"{100 * share:.1f}".removesuffix(".0").replace(".", ",") + "%"


def between(share: Share) -> str:
    """The interval of a share as people read it: "53–98%"."""
    low, high = share.interval
    return f"{100 * low:.0f}–{100 * high:.0f}%"


def percent(share: float | None) -> float | None:
    """0.9512 → 95.1."""
    return None if share is None else round(100 * share, 1)


def xlsx(report: Report) -> bytes:
    """A workbook: the whole, agencies, counters, months, comments."""
    said = [(comment.agency or NO_AGENCY, comment.text, "có" if comment.low else "") for comment in report.comments]
    lists: list[tuple[str, Sequence[str], Sequence[Sequence[Cell]]]] = [
        ("Chung", HEAD, [row(report.total, "Toàn Trung tâm")]),
        ("Theo cơ quan", HEAD, [row(line) for line in report.agencies]),
        ("Theo quầy", HEAD, [row(line, name(line, "counters")) for line in report.counters]),
        ("Theo tháng", HEAD, [row(line, name(line, "months")) for line in report.months]),
        ("Góp ý", ("Cơ quan", "Góp ý (đã che số và tên)", "Có điểm 1–2"), said),
    ]
    return workbook(Sheet(name=what, title=title(report), head=head, rows=rows) for what, head, rows in lists)


def svg(report: Report, by: str = "agencies") -> str:
    """A chart of the shares with their intervals, by "agencies", "counters" or "months", and the goal as a line."""
    import pygal  # noqa: PLC0415 - only when asked for
    from pygal.style import Style  # noqa: PLC0415

    _without_plugins()

    groups: dict[str, tuple[Line, ...]] = {
        "agencies": report.agencies,
        "counters": report.counters,
        "months": report.months,
    }
    lines = [("Chung", report.total), *((name(line, by), line) for line in groups[by] if not line.hidden)]
    style = Style(
        background="white",
        plot_background="white",
        foreground="#1b1b1b",
        foreground_strong="#1b1b1b",
        foreground_subtle="#767676",
        colors=_COLOURS,
        value_colors=("white",) * len(_COLOURS),
        font_family=_FONT,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        title_font_size=20,
        value_font_size=11,
        opacity="1",
    )
    chart = pygal.Bar(
        style=style,
        js=(),
        title=title(report),
        y_title="Chấm 4 và 5 điểm (%)",
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        range=(0, 100),
        width=max(760, 150 * len(lines)),
        height=460,
        print_values=True,
        value_formatter=lambda value: f"{value:.1f}".replace(".", ","),
        disable_xml_declaration=True,
        x_label_rotation=20 if len(lines) > 4 else 0,
        truncate_label=28,
        explicit_size=True,
        show_y_guides=True,
    )
    chart.x_labels = [name for name, _ in lines]
    for criterion, called in wording.NAMES.items():
        chart.add(called, [_bar(line, criterion) for _, line in lines])
    goal = 100 * GOAL
    chart.y_labels = [
        *({"label": f"{at}", "value": at} for at in (0, 20, 40, 60, 80)),
        {"label": f"mục tiêu {goal:.0f}", "value": goal},
    ]
    chart.y_labels_major = [goal]
    # pygal writes its settings into the picture as a script, which nothing here needs
    return _SCRIPT.sub("", str(chart.render(is_unicode=True)))


def png(drawn: str) -> bytes:
    """A chart as a picture, with the fonts of this machine (Debian: fonts-dejavu-core)."""
    import resvg_py  # noqa: PLC0415 - only when asked for

    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2, background="white"))


def slips(codes: Sequence[str], counter: str, address: str, centre: str) -> str:
    """A printable page of slips, eight on A4: a QR code of `address` + the code, and the code in words."""
    import segno  # noqa: PLC0415 - only when asked for

    place, cards = html.escape(f"{centre} – {wording.counter(counter)}"), []
    for code in codes:
        picture = segno.make(f"{address}{code.removeprefix('DG-').replace('-', '')}", error="m", micro=False)
        drawn = picture.svg_inline(scale=4, border=2)
        cards.append(
            f"<section>{drawn}<div><h2>Mời bạn chấm điểm</h2><p>{place}</p>"
            "<p>Quét mã, hoặc gõ mã này cho trợ lý:</p>"
            f"<p class=code>{code}</p><p>Không ghi tên. Dùng một lần.</p></div></section>"
        )
    return _SHEET.replace("@@", "".join(cards))


_SHEET: Final = """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Phiếu đánh giá</title><style>
@page { size: A4; margin: 8mm } body { margin: 0; font: 11pt sans-serif; display: grid; grid-template-columns: 1fr 1fr }
section { display: flex; gap: 3mm; align-items: center; height: 68mm; break-inside: avoid; border: 1px dashed #767676 }
h2 { font-size: 13pt; margin: 0 } p { margin: 1.5mm 0 } svg { width: 42mm; height: 42mm; flex: none }
.code { font: bold 14pt monospace; white-space: nowrap }
</style></head><body>@@</body></html>
"""


def _without_plugins() -> None:
    """Take pygal's finder of plugins out of the imports: it is of the old kind, and Python warns at each import."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]


def _bar(line: Line, criterion: Criterion) -> dict[str, Any] | None:
    share = line.shares[criterion]
    if share.rate is None:
        return None
    low, high = share.interval
    return {"value": 100 * share.rate, "ci": {"low": 100 * low, "high": 100 * high}}
