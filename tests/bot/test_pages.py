"""What the assistant says about a procedure is its record: complete, honest, within every channel's limits."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from bot.dialogue.flow import Answer, Turn
from bot.dialogue.flows import procedure as flow
from bot.dialogue.pages import all_pages
from bot.dialogue.wording import fees as fee_wording
from bot.dialogue.wording import figures, places
from bot.dialogue.wording import procedure as wording
from bot.messages import Contact, length, split
from bot.services.guide import Guide
from knowledge_base.catalogue import Catalogue
from knowledge_base.centre import load_centre
from knowledge_base.facets import Facet
from knowledge_base.procedure import (
    Case,
    CaseKind,
    Channel,
    Duration,
    DurationKind,
    DurationUnit,
    FeeKind,
    FeeLine,
    Flag,
    Note,
    Paper,
    Procedure,
)

CENTRE = load_centre()
TODAY = date(2026, 11, 23)
CATALOGUE = Catalogue.shipped()
LIMITS = {"telegram": 4096, "zalo": 2000, "web chat": 100_000}

BARE = Procedure(code="1.000001", name="Đăng ký thử", agency="so-tu-phap", counter="province", field="Thử")


def turn(guide: Guide, ticks: dict[str, tuple[int, ...]] | None = None) -> Turn:
    """A turn of somebody who just came in."""
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)
    return Turn(contact=Contact("test", "1"), text="", guide=guide, centre=CENTRE, now=now, ticks=ticks or {})


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_no_paper_of_any_procedure_is_lost(guide: Guide, limit: int) -> None:
    """Every paper of all 2,040 procedures is in the messages of the documents page, whole and in one piece.

    Only a paper whose alternatives are more than one message holds goes on in the next, between them.
    """
    assert len(CATALOGUE) == 2040
    for procedure in CATALOGUE:
        answer = flow.documents(turn(guide), procedure.code)
        messages = split(answer.reply.paragraphs, limit)
        assert all(length(message) <= limit for message in messages), procedure.code
        for paper in procedure.papers:
            whole = wording.paper_line(paper)
            for line in [whole] if length(whole) <= limit else whole.split("\n"):
                assert any(line in message for message in messages), (procedure.code, line)


def test_every_case_page_and_checklist_shows_all_its_papers(guide: Guide) -> None:
    """Whichever way a person takes (a case, the checklist page by page), every paper of that way is shown."""
    for procedure in CATALOGUE:
        shown = set()
        for position, case in enumerate(procedure.cases):
            text = "\n".join(flow.case(turn(guide), procedure.code, str(position)).reply.paragraphs)
            assert all(wording.paper_line(paper) in text for paper in case.papers), (procedure.code, position)
            shown |= walk_checklist(guide, procedure, str(position) if case.kind is CaseKind.CASE else "")
        missing = [paper.name for paper in procedure.papers if wording.paper_line(paper) not in " ".join(shown)]
        assert not missing, (procedure.code, missing)


def walk_checklist(guide: Guide, procedure: Procedure, position: str) -> set[str]:
    """All lines of a checklist, page after page."""
    lines: set[str] = set()
    answer: Answer = flow.checklist(turn(guide), procedure.code, position)
    if not any(choice.link.startswith("procedure.tick") for choice in answer.reply.choices):
        answer = flow.checklist(turn(guide), procedure.code, "c")
    for page in range(60):
        answer_page = flow.checklist(turn(guide), procedure.code, _position(answer), str(page))
        if not set(answer_page.reply.paragraphs) - lines:
            break
        lines |= set(answer_page.reply.paragraphs)
    return lines


def _position(answer: Answer) -> str:
    ticks = [choice.link.split(":")[2] for choice in answer.reply.choices if choice.link.startswith("procedure.tick")]
    return ticks[0] if ticks else ""


def test_every_answer_names_its_source_and_date(guide: Guide) -> None:
    """Each page about a procedure ends with the portal's link and the record's date."""
    for procedure in CATALOGUE:
        for name, messages in all_pages(guide, CENTRE, procedure).items():
            text = "\n".join(messages)
            if name == "checklist" and procedure.source not in text:
                continue  # the question which case one belongs to states no fact
            assert procedure.source in text, (procedure.code, name)
            assert figures.day(procedure.record_date) in text, (procedure.code, name)


def test_every_button_fits_every_channel(guide: Guide) -> None:
    """Links are at most 64 bytes, labels never empty."""
    for procedure in CATALOGUE:
        answers = [flow.show(turn(guide), procedure.code, facet.value) for facet in Facet]
        answers += [flow.checklist(turn(guide), procedure.code), flow.more(turn(guide), procedure.code)]
        for answer in answers:
            for choice in answer.reply.choices:
                assert 0 < len(choice.link.encode()) <= 64
                assert choice.label.strip()


FEES = [
    (FeeLine(kind=FeeKind.AMOUNT, amounts=(135000,), currency="VND"), "135.000 đồng"),
    (
        FeeLine(kind=FeeKind.AMOUNT, amounts=(155,), currency="USD", text="Thẻ trên 02 năm: 155 USD/thẻ."),
        "Thẻ trên 02 năm: 155 USD/thẻ.",
    ),
    (FeeLine(kind=FeeKind.AMOUNT, amounts=(50000,), currency="VND", text="một bản"), "50.000 đồng – một bản"),
    (FeeLine(kind=FeeKind.AMOUNT, amounts=(25,)), "không nêu đơn vị tiền"),
    (
        FeeLine(kind=FeeKind.AMOUNT, amounts=(5000, 7000), currency="VND", text="thu 7.000 đồng", conflict=True),
        "không khớp",
    ),
    (FeeLine(kind=FeeKind.FREE, text="Không thu phí"), "Không thu phí"),
    (FeeLine(kind=FeeKind.ZERO), "Cổng Dịch vụ công ghi 0 đồng"),
    (FeeLine(kind=FeeKind.COUNCIL, text="Do HĐND tỉnh quyết định"), "do tỉnh quy định"),
    (FeeLine(kind=FeeKind.REGULATION, text="Theo Thông tư 60/2023/TT-BTC"), "không nêu số tiền"),
    (FeeLine(kind=FeeKind.NOT_STATED), "Chưa có thông tin"),
    (FeeLine(kind=FeeKind.AMOUNT, amounts=(115000,), currency="VND", valid_until="2025-12-31"), "hết hạn"),
]


@pytest.mark.parametrize(("line", "said"), FEES)
def test_a_fee_is_said_as_honestly_as_it_is_known(line: FeeLine, said: str) -> None:
    """Each kind has its own words; only FREE may say that nothing is collected."""
    text = figures.fee(line, TODAY)
    assert said in text
    if line.kind is not FeeKind.FREE:
        assert "miễn phí" not in text.lower()
        assert "không thu" not in text.lower()


def test_zero_is_never_called_free(guide: Guide) -> None:
    """Over the whole catalogue: "miễn phí" stands in a fee answer only where the record's own text has it."""
    for procedure in CATALOGUE:
        said = " ".join(fee_wording.fees(procedure, TODAY)).lower()
        recorded = " ".join(line.text for line in procedure.fees).lower()
        if "miễn phí" not in recorded and not any(line.kind is FeeKind.FREE for line in procedure.fees):
            assert "miễn phí" not in said.replace("không viết rõ là miễn phí", ""), procedure.code


def test_a_placeholder_duration_is_never_a_number() -> None:
    """Unit OTHER with value 1 says nothing."""
    times = (Duration(kind=DurationKind.PLACEHOLDER, value=1, channel=Channel.DIRECT),)
    said = " ".join(wording.durations(msgspec.structs.replace(BARE, durations=times)))
    assert "chưa nêu" in said
    assert "1" not in said


def test_differing_durations_are_all_told() -> None:
    """7 without a unit by channel and 12 working days by case: both are said, and that they differ."""
    times = (
        Duration(kind=DurationKind.UNIT_UNKNOWN, value=7, channel=Channel.DIRECT),
        Duration(kind=DurationKind.STATED, value=12, unit=DurationUnit.WORKING_DAY),
    )
    said = " ".join(wording.durations(msgspec.structs.replace(BARE, durations=times)))
    assert "12 ngày làm việc" in said
    assert "số 7" in said
    assert "hỏi lại cán bộ" in said


def test_half_days_are_written_the_vietnamese_way() -> None:
    """3.5 is 3,5."""
    time = Duration(kind=DurationKind.STATED, value=3.5, unit=DurationUnit.DAY)
    assert figures.duration(time) == "3,5 ngày"


def test_warnings_are_said() -> None:
    """The district level, broken text and the editors' notes reach the resident."""
    note = Note(text="Mang theo bản chính.", who="Chị Hoa", when="2026-11-01")
    procedure = msgspec.structs.replace(BARE, flags=(Flag.DISTRICT_LEVEL, Flag.BROKEN_TEXT), notes=(note,))
    said = " ".join((*wording.warnings(procedure), *wording.remarks(procedure)))
    assert "cấp huyện không còn" in said
    assert "lỗi chữ" in said
    assert "Mang theo bản chính." in said


def test_a_record_that_says_nothing_is_answered_with_not_stated() -> None:
    """No papers, fee, time, channel, result: each is said to be missing, nothing is made up."""
    for facet in Facet:
        text = " ".join(wording.facet(BARE, facet, CENTRE, TODAY))
        assert "None" not in text
        assert text.strip()
    assert "chưa liệt kê" in " ".join(wording.documents(BARE))
    assert "chưa nêu" in " ".join(fee_wording.fees(BARE, TODAY))
    assert "chưa nêu" in wording.online(BARE, CENTRE)


def test_the_checklist_covers_common_papers_and_the_chosen_case(guide: Guide) -> None:
    """Papers always needed plus those of the case, not those of the other case."""
    procedure = msgspec.structs.replace(
        BARE,
        cases=(
            Case(kind=CaseKind.ALL, papers=(Paper(name="Tờ khai", originals=1),)),
            Case(kind=CaseKind.CASE, label="Trường hợp A", papers=(Paper(name="Giấy A"),)),
            Case(kind=CaseKind.CASE, label="Trường hợp B", papers=(Paper(name="Giấy B"),)),
        ),
    )
    papers = flow.paper_list(procedure, "1")
    assert papers is not None
    assert [paper.name for paper in papers.papers] == ["Tờ khai", "Giấy A"]
    assert flow.paper_list(procedure, "") is None
    common = flow.paper_list(procedure, "c")
    assert common is not None
    assert [paper.name for paper in common.papers] == ["Tờ khai"]


def test_a_mark_of_abridging_is_set_once_and_never_behind_a_closed_name() -> None:
    assert wording.paper_line(Paper(name="Giấy xác nhận của cơ quan", abridged=True)) == "Giấy xác nhận của cơ quan …"
    closed = Paper(name="Giấy khám sức khỏe… (trừ hạng A1)", abridged=True)
    assert wording.paper_line(closed) == "Giấy khám sức khỏe… (trừ hạng A1)"
    for procedure in CATALOGUE:
        for paper in procedure.papers:
            assert not paper.name.endswith("…"), procedure.code
            assert "… …" not in wording.paper_line(paper), procedure.code


def test_a_form_behind_an_abridged_name_is_only_said_to_be_named() -> None:
    """The form may belong to what was left out, so the page does not call it this paper's form."""
    abridged = Paper(name="Phiếu xác nhận", forms=("Mẫu DC01",), abridged=True)
    assert wording.paper_line(abridged).endswith("[bản ghi có nhắc: Mẫu DC01]")
    assert wording.paper_line(Paper(name="Đơn (mẫu 1)", forms=("Mẫu số 1",))) == "Đơn (mẫu 1)"
    assert wording.paper_line(Paper(name="Đơn", forms=("don.docx",))) == "Đơn [mẫu: don.docx]"


def test_an_amount_is_told_even_where_another_number_contains_its_digits() -> None:
    line = FeeLine(kind=FeeKind.AMOUNT, amounts=(5000,), currency="VND", text="Hộ có thu nhập 15.000 đồng")
    assert figures.fee(line, TODAY).startswith("5.000 đồng – ")
    assert figures.fee(msgspec.structs.replace(line, text="/trang"), TODAY) == "5.000 đồng/trang"


def test_the_same_fee_typed_twice_is_told_once() -> None:
    lines = (
        FeeLine(kind=FeeKind.AMOUNT, channel=Channel.DIRECT, amounts=(5000,), currency="VND", text="5.000 đồng/tờ."),
        FeeLine(kind=FeeKind.AMOUNT, channel=Channel.ONLINE, amounts=(5000,), currency="VND", text="(5.000 đồng/tờ)"),
    )
    both = msgspec.structs.replace(BARE, fees=lines, channels=(Channel.DIRECT, Channel.ONLINE))
    assert fee_wording.fees(both, TODAY) == ("• 5.000 đồng/tờ.",)


def test_a_number_without_unit_is_left_out_where_the_case_knows_the_unit() -> None:
    unknown = Duration(kind=DurationKind.UNIT_UNKNOWN, channel=Channel.DIRECT, value=3)
    known = Duration(kind=DurationKind.STATED, value=3, unit=DurationUnit.WORKING_DAY)
    times = msgspec.structs.replace(BARE, durations=(unknown, known))
    assert wording.durations(times) == ("3 ngày làm việc.",)


def test_several_times_of_one_channel_are_said_to_depend_on_the_case() -> None:
    times = tuple(
        Duration(kind=DurationKind.STATED, channel=Channel.DIRECT, value=value, unit=DurationUnit.DAY)
        for value in (2, 7)
    )
    said = wording.durations(msgspec.structs.replace(BARE, durations=times))
    assert said[:2] == ("• Nộp trực tiếp: 2 ngày", "• Nộp trực tiếp: 7 ngày")
    assert "nhiều mức" in said[-1]


def test_papers_without_a_heading_do_not_run_on_under_the_heading_before() -> None:
    part = Case(kind=CaseKind.PART, label="Giấy tờ phải nộp", papers=(Paper(name="Đơn"),))
    rest = Case(kind=CaseKind.ALL, papers=(Paper(name="Tờ khai"),))
    said = wording.documents(msgspec.structs.replace(BARE, cases=(part, rest)))
    assert said == ("▪ Giấy tờ phải nộp:\n1. Đơn", "▪ Giấy tờ khác (bản ghi không ghi tên nhóm):\n1. Tờ khai")


def test_a_word_instead_of_a_time_is_told_as_the_words_of_the_record() -> None:
    assert figures.duration(Duration(kind=DurationKind.TEXT, text="Không")) == "bản ghi viết “Không”"


def test_a_time_that_the_description_states_otherwise_is_told_both_ways() -> None:
    """Nobody can know which of the two holds, so neither is left out."""
    same = Duration(
        kind=DurationKind.STATED, channel=Channel.DIRECT, value=7, unit=DurationUnit.DAY, text="07 ngày làm việc"
    )
    assert wording.durations(msgspec.structs.replace(BARE, durations=(same,))) == (
        "7 ngày (phần mô tả ghi 07 ngày làm việc).",
    )
    other = msgspec.structs.replace(same, text="10 ngày")
    said = wording.durations(msgspec.structs.replace(BARE, durations=(other,)))[0]
    assert said == "7 ngày (phần mô tả ghi 10 ngày; các chỗ trong bản ghi ghi khác nhau)."


def test_several_times_of_a_description_are_told_in_its_own_sentences() -> None:
    """The overview says that there are others; the page says which holds for whom."""
    told = "Cấp biển số: không quá 02 ngày. Cấp biển số trúng đấu giá: không quá 07 ngày."
    time = Duration(kind=DurationKind.STATED, channel=Channel.DIRECT, value=2, unit=DurationUnit.DAY, text=told)
    procedure = msgspec.structs.replace(BARE, durations=(time,))
    assert wording.durations(procedure) == (f"2 ngày. Phần mô tả ghi: {told}",)
    long = msgspec.structs.replace(time, text=told * 3, abridged=True)
    procedure = msgspec.structs.replace(BARE, durations=(long,))
    assert wording.durations(procedure)[0].endswith(" ….")
    assert "2 ngày, bản ghi còn nêu thời gian khác" in wording.overview(procedure, CENTRE, TODAY)[0]


def test_an_amount_lowered_for_a_period_is_told_with_the_full_one() -> None:
    text = "áp dụng mức phí 400.000 đồng/hồ sơ đến hết ngày 31/12/2026"
    line = FeeLine(kind=FeeKind.AMOUNT, amounts=(800000, 400000), currency="VND", text=text, valid_until="2026-12-31")
    assert figures.fee(line, TODAY) == f"800.000 đồng – {text}"


def test_a_time_that_only_repeats_the_name_is_told_without_it() -> None:
    days = (5.0, 2.0)
    times = tuple(
        Duration(kind=DurationKind.STATED, value=each, unit=DurationUnit.DAY, text="ĐĂNG KÝ THỬ") for each in days
    )
    said = " ".join(wording.durations(msgspec.structs.replace(BARE, durations=times)))
    assert "5 ngày" in said
    assert "đăng ký thử" not in said.lower()


def test_an_address_ends_with_one_full_stop() -> None:
    procedure = msgspec.structs.replace(BARE, address="Số 1 phố Một.", executing=("Sở Một.", "Sở Hai"))
    said = " ".join(places.where(procedure, CENTRE))
    assert "Số 1 phố Một (theo bản ghi). " in said
    assert "Sở Một; Sở Hai." in said
    assert ".." not in said


def test_channels_are_named_in_one_order() -> None:
    lines = tuple(
        FeeLine(kind=FeeKind.AMOUNT, channel=channel, amounts=(5000,), currency="VND", text=text)
        for text in ("5.000 đồng/tờ", "5.000 đồng/quyển")
        for channel in (Channel.POSTAL, Channel.DIRECT)
    )
    said = fee_wording.fees(msgspec.structs.replace(BARE, fees=lines, channels=tuple(Channel)), TODAY)
    assert said[0] == "• Nộp trực tiếp, Nộp qua bưu điện: 5.000 đồng/tờ"
