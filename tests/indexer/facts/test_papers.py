import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.facts.distinct import same_line, shortened_label
from indexer.facts.headings import Line, introduces
from indexer.facts.paper_names import NAME, paper_name
from indexer.facts.papers import forms_in, glued_papers, is_remark, papers_in_label, read_papers
from indexer.facts.wording import clean
from knowledge_base.procedure import CaseKind


@pytest.mark.parametrize(
    ("label", "kind", "shown"),
    [
        ("", CaseKind.ALL, ""),
        ("* Giấy tờ phải nộp:", CaseKind.PART, "Giấy tờ phải nộp"),
        ("* Giấy tờ phải xuất trình:", CaseKind.PART, "Giấy tờ phải xuất trình"),
        ("Thành phần hồ sơ gồm:", CaseKind.PART, "Thành phần hồ sơ gồm"),
        ("01 bộ hồ sơ", CaseKind.PART, "01 bộ hồ sơ"),
        ("Hồ sơ của người nhận con nuôi:", CaseKind.PART, "Hồ sơ của người nhận con nuôi"),
        ("a) Trường hợp bị mất:", CaseKind.CASE, "Trường hợp bị mất"),
        ("(1.2) Đối với công trình tôn giáo:", CaseKind.CASE, "Đối với công trình tôn giáo"),
        ("Các giấy tờ phải nộp đối với tàu cá", CaseKind.CASE, "Các giấy tờ phải nộp đối với tàu cá"),
        ("Cấp lại thẻ", CaseKind.CASE, "Cấp lại thẻ"),
    ],
)
def test_headings_of_one_dossier_are_told_from_situations(label: str, kind: CaseKind, shown: str) -> None:
    first = read_papers([(label, [Line("Đơn", 1)]), ("Trường hợp khác", [Line("Đơn", 1)])]).cases[0]
    assert (first.kind, first.label) == (kind, shown)


@pytest.mark.parametrize(
    "text",
    [
        "* Lưu ý: mang bản chính để đối chiếu",
        "Ví dụ: thẻ căn cước",
        "+ Người tiếp nhận có trách nhiệm kiểm tra, đối chiếu",
        "Trường hợp đã có dữ liệu trong cơ sở dữ liệu thì không phải nộp bản giấy",
    ],
)
def test_rules_without_a_count_are_remarks_and_with_a_count_are_papers(text: str) -> None:
    assert is_remark(Line(text), text)
    assert not is_remark(Line(text, 1), text)
    assert not is_remark(Line(text, 0, 0, ("mau.doc",)), text)


@pytest.mark.parametrize(
    "text",
    [
        "Hóa đơn thương mại: 01 bản chụp;",
        "Tờ khai hải quan: 02 bản chính",
        "Trường hợp ủy quyền thì phải có văn bản ủy quyền",
        "Trường hợp không phải là chủ hộ thì phải nộp văn bản đồng ý",
        "Nội dung không rõ ràng",
    ],
)
def test_in_doubt_a_line_without_counts_is_a_paper(text: str) -> None:
    assert not is_remark(Line(text), text)


def test_lines_under_a_remark_heading_are_counted_with_the_case_before() -> None:
    found = read_papers(
        [("Giấy tờ phải nộp", [Line("Đơn", 1)]), ("* Lưu ý:", [Line("Nộp sớm."), Line("Đi đúng giờ.")])]
    )
    (case,) = found.cases
    assert (len(case.papers), case.note_count, case.notes) == (1, 2, ("Nộp sớm.", "Đi đúng giờ."))


def test_a_paper_under_a_remark_heading_stays_a_paper() -> None:
    found = read_papers([("* Lưu ý:", [Line("Thẻ căn cước", 1)])])
    assert [paper.name for paper in found.cases[0].papers] == ["Thẻ căn cước"]


def test_a_bare_heading_in_front_of_its_papers_becomes_their_label() -> None:
    (case,) = read_papers([("", [Line("1. Hồ sơ đề nghị cấp thẻ gồm:"), Line("Đơn", 1)])]).cases
    assert case.label.startswith("Hồ sơ đề nghị cấp thẻ")
    assert len(case.papers) == 1


def test_a_long_line_is_named_by_its_last_whole_sentence_that_fits() -> None:
    line = (
        "- Giấy chứng sinh; nếu không có thì văn bản xác nhận của người làm chứng; "
        + "nội dung giải thích dài dòng " * 12
    )
    name, abridged = paper_name(line)
    assert name == "Giấy chứng sinh; nếu không có thì văn bản xác nhận của người làm chứng"
    assert abridged


def test_a_situation_too_long_to_fit_keeps_what_it_demands() -> None:
    line = (
        "Trường hợp "
        + "người nộp hồ sơ ở nơi khác và chưa có dữ liệu " * 5
        + "thì phải có giấy xác nhận của cơ quan quản lý"
    )
    name, abridged = paper_name(line)
    assert "…" in name
    assert name.endswith("thì phải có giấy xác nhận của cơ quan quản lý")
    assert abridged


def test_papers_that_a_clerk_typed_into_the_heading_are_not_lost() -> None:
    (case,) = read_papers([("Đơn đăng ký theo Mẫu số 18. - Giấy chứng nhận đã cấp", [Line("Hợp đồng", 1)])]).cases
    assert [paper.name for paper in case.papers][-1] == "Hợp đồng"
    assert case.papers[0].name.startswith("Đơn đăng ký theo Mẫu số 18")


def test_who_is_exempt_is_never_cut_off() -> None:
    line = (
        "Giấy khám sức khỏe do cơ sở đủ tiêu chuẩn cấp "
        + "theo đúng quy định hiện hành " * 6
        + "(trừ người có giấy phép hạng A1)"
    )
    name, abridged = paper_name(line)
    assert name.startswith("Giấy khám sức khỏe do cơ sở đủ tiêu chuẩn cấp")
    assert name.endswith("… (trừ người có giấy phép hạng A1)")
    assert len(name) <= NAME
    assert abridged


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Tờ khai (Mẫu CT01 ban hành kèm theo Thông tư số 53/2025/TT-BCA)", ("Mẫu CT01",)),
        ("Đơn theo Mẫu số 02/ĐK-TCT", ("Mẫu số 02/ĐK-TCT",)),
        ("mẫu NA6 đối với tổ chức; mẫu NA7 đối với cá nhân", ("Mẫu NA6", "Mẫu NA7")),
        ("theo mẫu quy định", ()),
    ],
)
def test_form_numbers_are_read_from_the_text(text: str, forms: tuple[str, ...]) -> None:
    assert forms_in(text) == forms


def test_papers_glued_into_one_line_are_separated_where_each_is_certainly_a_paper() -> None:
    text = "Hồ sơ gồm:\n- Đơn đề nghị;\n- Bản sao giấy khai sinh;\n+ 02 ảnh cỡ 3x4."
    assert [clean(part) for part in glued_papers(text)] == [
        "- Đơn đề nghị;",
        "- Bản sao giấy khai sinh;",
        "+ 02 ảnh cỡ 3x4.",
    ]
    (case,) = read_papers([("", [Line(text, 1)])]).cases
    assert [(paper.name, paper.originals) for paper in case.papers] == [
        ("Đơn đề nghị", 1),
        ("Bản sao giấy khai sinh", 1),
        ("02 ảnh cỡ 3x4", 1),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Một trong các giấy tờ:\n- Giấy khai sinh;\n- Giấy chứng sinh",
        "Bản thuyết minh nêu:\n- Tên cơ sở;\n- Địa chỉ",
        "Hồ sơ gồm:\n- Giấy khai sinh hoặc\n- Giấy chứng sinh",
        "Đơn đề nghị",
    ],
)
def test_alternatives_and_contents_of_one_paper_are_not_separated(text: str) -> None:
    assert glued_papers(text) == []


def test_a_situation_stays_in_front_of_each_separated_paper() -> None:
    text = "Trường hợp mất con dấu: - Văn bản đề nghị; - Giấy chứng nhận đã cấp."
    assert glued_papers(text) == [
        "Trường hợp mất con dấu: Văn bản đề nghị;",
        "Trường hợp mất con dấu: Giấy chứng nhận đã cấp.",
    ]


WORDS = st.text(alphabet="Đơn tờ khai giấy trường hợp thì phải lưu ý:;.,-+()“” 0123\n…", max_size=400)


@given(st.lists(st.tuples(WORDS, st.lists(st.tuples(WORDS, st.integers(0, 2)), max_size=4)), max_size=4))
def test_no_line_is_ever_lost(groups: list[tuple[str, list[tuple[str, int]]]]) -> None:
    """Each line is a paper, a counted remark or a label; every counted line that introduces no others is a paper.

    Only a line that stands twice in one group with the same counts is told once, and groups of one label are one.
    """
    groups = [
        (f"{label} {number}", list({same_line(text): (text, count) for text, count in lines}.values()))
        for number, (label, lines) in enumerate(groups)
    ]
    raw = [(label, [Line(text, count) for text, count in lines]) for label, lines in groups]
    found = read_papers(raw)
    papers = [paper for case in found.cases for paper in case.papers]
    lines = sum(len(each) for _, each in raw)
    headings = sum(introduces(line) for _, each in raw for line in each)
    assert len(papers) + sum(case.note_count for case in found.cases) >= lines - len(raw) - headings
    assert len(papers) >= sum(line.originals > 0 and not introduces(line) for _, each in raw for line in each)
    assert all(paper.name and len(paper.name) <= NAME + 2 for paper in papers)
    assert all(paper.detail for paper in papers if paper.abridged)


def test_papers_typed_behind_a_situation_in_the_heading_are_papers_of_that_situation() -> None:
    label = (
        "(1) Đối với trường hợp tặng cho: - Đơn đăng ký theo Mẫu số 18. - Giấy chứng nhận đã cấp. - Số lượng: 01 bộ."
    )
    (case,) = read_papers([(label, [Line("Đơn đề nghị", 1)])]).cases
    assert (case.kind, case.label) == (CaseKind.CASE, "Đối với trường hợp tặng cho")
    assert [paper.name for paper in case.papers] == [
        "Đơn đăng ký theo Mẫu số 18",
        "Giấy chứng nhận đã cấp",
        "Đơn đề nghị",
    ]
    assert case.note_count == 1


def test_alternatives_inside_a_heading_stay_one_paper() -> None:
    choice = "- Một trong các văn bản sau: + Biên bản hòa giải. + Quyết định."
    head, items = papers_in_label(f"Trường hợp tranh chấp: - Đơn theo mẫu. {choice} - Bản vẽ.")
    assert head == "Trường hợp tranh chấp:"
    assert len(items) == 3
    assert items[1].endswith("+ Biên bản hòa giải. + Quyết định.")


@pytest.mark.parametrize(
    "label",
    [
        "Trường hợp mất giấy: Đối với tổ chức; đối với cá nhân",
        "* Lưu ý: - Giấy tờ phải rõ. - Giấy tờ phải còn hạn.",
        "Trường hợp ủy quyền: - Trường hợp ủy quyền cho cá nhân, hồ sơ gồm:",
    ],
)
def test_a_heading_of_situations_holds_no_papers(label: str) -> None:
    assert papers_in_label(label)[1] == []


def test_papers_that_stand_in_the_heading_and_in_the_list_are_told_once() -> None:
    label = "- Tờ khai hàng hóa theo mẫu; - Hóa đơn thương mại: 01 bản chính;"
    lines = [Line("Hóa đơn thương mại: 01 bản chính", 1), Line("Tờ khai hàng hóa theo mẫu", 1)]
    (case,) = read_papers([(label, lines)]).cases
    assert len(case.papers) == 2


def test_papers_under_a_rule_are_needed_whatever_the_rule_says() -> None:
    label = "Trường hợp khai thác được thông tin trong cơ sở dữ liệu thì hồ sơ không bao gồm bản sao các giấy tờ này"
    (case,) = read_papers([(label, [Line("Văn bản thông báo", 1)])]).cases
    assert (case.kind, case.label, case.note_count) == (CaseKind.ALL, "", 1)


@pytest.mark.parametrize(
    "text",
    [
        "Trường hợp không khai thác được thông tin thì cơ quan đăng ký hộ tịch yêu cầu xuất trình bản chính giấy tờ",
        "Trường hợp nộp hồ sơ trực tuyến thì thành phần hồ sơ phải được chứng thực điện tử theo quy định",
        "2/ Số lượng hồ sơ: 01 (bộ)",
    ],
)
def test_what_the_office_does_is_no_paper(text: str) -> None:
    assert is_remark(Line(text), text)


def test_a_paper_that_an_online_application_sends_by_post_stays_a_paper() -> None:
    text = "Trường hợp nộp hồ sơ trực tuyến thì hộ chiếu phải gửi qua bưu chính; giấy khác phải được chứng thực"
    assert not is_remark(Line(text), text)


def test_a_name_says_which_paper_and_not_only_how_it_is_copied() -> None:
    line = (
        "Bản sao từ sổ gốc hoặc bản sao có chứng thực hoặc bản sao và xuất trình bản chính để đối chiếu "
        "(trường hợp nộp hồ sơ trực tiếp); bản sao có chứng thực (trường hợp nộp hồ sơ qua bưu chính hoặc trực tuyến) "
        "các quyết định tặng giải thưởng văn học"
    )
    name, abridged = paper_name(line)
    assert name.endswith("… các quyết định tặng giải thưởng văn học")
    assert len(name) <= NAME
    assert abridged


def test_no_name_ends_with_the_mark_that_the_page_adds() -> None:
    name, abridged = paper_name("Giấy " + "xác nhận của cơ quan quản lý " * 20)
    assert not name.endswith("…")
    assert abridged
    assert paper_name("Đơn đăng ký của hộ……") == ("Đơn đăng ký của hộ", True)


def test_glued_papers_need_not_all_start_alike() -> None:
    text = "- Bản khai của thân nhân;\n- Giấy chứng tử;\n- Hồ sơ của người có công."
    assert len(glued_papers(text)) == 3
    by_situation = "Báo cáo theo:\n- Mẫu số 16 đối với cơ sở mới;\n- Mẫu số 17 đối với cơ sở cũ."
    assert glued_papers(by_situation) == []


def test_a_form_number_keeps_its_letters() -> None:
    assert forms_in("Đơn theo Mẫu số 01.TĂCN Phụ lục I") == ("Mẫu số 01.TĂCN",)
    assert forms_in("Đơn theo Mẫu số 02.Trường hợp khác") == ("Mẫu số 02",)


def test_a_line_that_stands_twice_is_told_once_unless_its_counts_differ() -> None:
    (case,) = read_papers([("", [Line("- Đơn đề nghị;", 1), Line("Đơn đề nghị", 1), Line("Đơn đề nghị", 0, 1)])]).cases
    assert [(paper.name, paper.originals, paper.copies) for paper in case.papers] == [
        ("Đơn đề nghị", 1, 0),
        ("Đơn đề nghị", 0, 1),
    ]


def test_a_line_under_another_heading_is_not_the_same_line() -> None:
    lines = [Line("Người mua nộp:"), Line("Giấy ủy quyền", 1), Line("Người bán nộp:"), Line("Giấy ủy quyền", 1)]
    (case,) = read_papers([("", lines)]).cases
    assert [paper.name for paper in case.papers].count("Giấy ủy quyền") == 2


def test_papers_that_begin_alike_are_named_by_what_differs() -> None:
    manner = "Bản sao có chứng thực nếu nộp qua mạng, qua bưu chính hoặc qua cổng thông tin một cửa, hoặc bản sao kèm"
    manner += " bản chính để đối chiếu nếu nộp trực tiếp tại nơi tiếp nhận của cơ quan có thẩm quyền cấp phép cho"
    (case,) = read_papers([("", [Line(f"{manner} lô hàng xuất", 0, 1), Line(f"{manner} lô hàng nhập", 0, 1)])]).cases
    names = [paper.name for paper in case.papers]
    assert names[0].endswith("… xuất")
    assert names[1].endswith("… nhập")
    assert all(paper.abridged for paper in case.papers)


def test_a_long_label_ends_with_a_clause() -> None:
    label = "Trường hợp tổ chức đề nghị cấp lại giấy phép do bị mất, bị hỏng hoặc thay đổi nội dung đã ghi trên giấy"
    shown = shortened_label(
        f"{label} phép đã được cấp trước đó (theo quy định tại khoản 1 Điều 2 {'và nghị định ' * 9})", 200
    )
    assert shown == f"{label} phép đã được cấp trước đó…"
    assert shortened_label("Trường hợp cấp mới", 200) == "Trường hợp cấp mới"


def test_cases_with_one_label_are_told_apart() -> None:
    """By the words behind the cut."""
    long = "Trường hợp cấp lại giấy phép theo quy định của pháp luật về hoạt động của tổ chức " * 3
    groups = [(f"{long} do mất", [Line("Đơn", 1)]), (f"{long} do hỏng", [Line("Đơn", 1)])]
    first, second = (case.label for case in read_papers(groups).cases)
    assert first.endswith("… mất")
    assert second.endswith("… hỏng")


def test_groups_with_the_same_label_are_one() -> None:
    """Nobody could choose between them: what either names is needed, a paper of both once."""
    groups = [
        ("Trường hợp cấp lại", [Line("Đơn", 1), Line("Ảnh", 1)]),
        ("Trường hợp cấp mới", [Line("Đơn", 1)]),
        ("- Trường hợp cấp lại:", [Line("Đơn", 1), Line("Giấy cũ", 1)]),
    ]
    again, new = read_papers(groups).cases
    assert (again.kind, again.label) == (CaseKind.CASE, "Trường hợp cấp lại")
    assert [paper.name for paper in again.papers] == ["Đơn", "Ảnh", "Giấy cũ"]
    assert new.label == "Trường hợp cấp mới"


def test_the_papers_behind_a_situation_with_a_letter_are_separated() -> None:
    text = "a) Đối với công ty đã niêm yết: + Đơn đề nghị chấp thuận. + Bản sao văn bản cấp mã số. + Bảng kê cổ phần."
    assert glued_papers(text) == [
        "Đối với công ty đã niêm yết: Đơn đề nghị chấp thuận.",
        "Đối với công ty đã niêm yết: Bản sao văn bản cấp mã số.",
        "Đối với công ty đã niêm yết: Bảng kê cổ phần.",
    ]


def test_the_second_paper_of_a_line_is_named_too() -> None:
    name, abridged = paper_name(
        "Giấy đăng ký giám định; Giấy đăng ký kiểm tra nhà nước về chất lượng " + "hàng hóa " * 20
    )
    assert name.startswith("Giấy đăng ký giám định; Giấy đăng ký kiểm tra nhà nước")
    assert abridged


@pytest.mark.parametrize(
    "text", ["/ Tờ trình đề nghị", "1, Tờ trình đề nghị", "! Tờ trình đề nghị", "… Tờ trình đề nghị"]
)
def test_leftover_marks_are_no_part_of_a_name(text: str) -> None:
    assert paper_name(text) == ("Tờ trình đề nghị", False)


def test_groups_without_a_label_are_given_none_by_their_wording() -> None:
    cases = read_papers([("Lưu ý:", [Line("Nộp sớm.")]), ("", [Line("Đơn", 1)])]).cases
    assert [case.label for case in cases] == ["", ""]


@pytest.mark.parametrize(
    "text", ["Số lượng hồ sơ: 01 (một) bộ.", "Số lượng hồ sơ: 02 bộ, trong đó có 01 bộ gốc", "Không có."]
)
def test_the_number_of_sets_is_no_paper_also_with_a_count(text: str) -> None:
    (case,) = read_papers([("", [Line("Đơn đề nghị", 1), Line(text, 1)])]).cases
    assert ([paper.name for paper in case.papers], case.notes) == (["Đơn đề nghị"], (text,))


def test_a_number_of_sets_that_names_papers_or_has_a_form_stays_a_paper() -> None:
    lines = [Line("Số lượng hồ sơ: 01 bộ gồm đơn và giấy phép", 1), Line("Số lượng hồ sơ: 01 bộ", 1, 0, ("mẫu.doc",))]
    assert len(read_papers([("", lines)]).cases[0].papers) == 2


def test_a_demand_inside_a_remark_is_a_paper_too() -> None:
    text = (
        "Người ủy quyền chịu trách nhiệm trước pháp luật. Trường hợp chưa có tài khoản thì hồ sơ phải kèm theo bản sao"
    )
    (case,) = read_papers([("", [Line("Đơn", 1), Line(f"{text} hộ chiếu của người ủy quyền.")])]).cases
    assert [paper.name for paper in case.papers] == [
        "Đơn",
        "Trường hợp chưa có tài khoản thì hồ sơ phải kèm theo bản sao hộ chiếu của người ủy quyền",
    ]
    assert case.note_count == 1


def test_who_need_not_hand_in_a_licence_for_goods_that_need_one_is_a_remark() -> None:
    text = "Đối với hàng hóa phải có giấy phép nhập khẩu; nếu cơ quan đó gửi qua Cổng, người khai không phải nộp"
    assert is_remark(Line(text), text)


def test_diplomas_and_results_are_papers_of_their_own() -> None:
    text = "chứng nhận chất lượng do tổ chức nước ngoài cấp; (2) chứng nhận xuất xứ; tài liệu kỹ thuật của vật liệu"
    long = f"(1) {text} theo quy định của pháp luật về chất lượng sản phẩm, hàng hóa và quy chuẩn kỹ thuật hiện hành"
    assert len(read_papers([("", [Line(long, 1)])]).cases[0].papers) == 2
