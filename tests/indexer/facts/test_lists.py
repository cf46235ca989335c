"""Papers inside long lines: every name is told, and nothing becomes a demand that the record does not make."""

import pytest

from indexer.facts.headings import Line
from indexer.facts.lists import Part, parts_of
from indexer.facts.papers import read_papers
from knowledge_base.procedure import CaseKind, Paper

LONG = " theo quy định của pháp luật về việc thử nghiệm trong lĩnh vực quản lý nhà nước của ngành, lĩnh vực đó tại nơi"
VERY = LONG + LONG.replace(" theo", ", theo")


def papers(text: str, originals: int = 1, copies: int = 0) -> tuple[Paper, ...]:
    return read_papers([("", [Line(text, originals, copies)])]).cases[0].papers


@pytest.mark.parametrize(
    "text",
    [
        f"Hồ sơ gồm: (1) Đơn đề nghị{LONG}; (2) Bản sao giấy phép{LONG}; (3) Ảnh màu cỡ 4x6",
        f"Tài liệu bao gồm: (i) Đơn đề nghị{LONG}; (ii) Bản sao giấy phép{LONG}; (iii) Ảnh màu cỡ 4x6",
        f"Thành phần hồ sơ: a) Đơn đề nghị{LONG} b) Bản sao giấy phép{LONG} c) Ảnh màu cỡ 4x6.",
        f"* Thành phần hồ sơ: 1. Đơn đề nghị{LONG}. 2. Bản sao giấy phép{LONG}. 3. Ảnh màu cỡ 4x6.",
        f"Hồ sơ gồm:\n+ Đơn đề nghị{LONG}\n+ Bản sao giấy phép{LONG}\n+ Ảnh màu cỡ 4x6",
        f"Hồ sơ gồm: đơn đề nghị{LONG}; bản sao giấy phép{LONG}; ảnh màu cỡ 4x6.",
        f"Đơn đề nghị{LONG}; Bản sao giấy phép{LONG}; Ảnh màu cỡ 4x6.",
    ],
)
def test_each_paper_of_a_list_inside_a_line_is_a_paper_with_the_lines_counts(text: str) -> None:
    found = papers(text, 1, 2)
    assert [paper.name[:12].casefold() for paper in found] == ["đơn đề nghị ", "bản sao giấy", "ảnh màu cỡ 4"]
    assert {(paper.originals, paper.copies) for paper in found} == {(1, 2)}


def test_the_situation_stays_in_front_of_each_paper() -> None:
    text = f"Trường hợp người dân chưa có thông tin{LONG} thì hồ sơ còn có: Phiếu thu thập thông tin (Mẫu 01)."
    text += " Giấy tờ chứng minh."
    names = [paper.name for paper in papers(text)]
    assert len(names) == 2
    assert all(name.startswith("Trường hợp người dân chưa có thông tin") for name in names)
    assert "Phiếu thu thập thông tin" in names[0]
    assert "Giấy tờ chứng minh" in names[1]


def test_what_only_some_need_is_told_apart_from_the_paper_before_it() -> None:
    text = (
        f"Giấy chứng nhận đăng ký xe{LONG}. Trường hợp xe không thuộc sở hữu của đơn vị phải xuất trình thêm bản sao"
        " một trong các giấy tờ sau: Hợp đồng thuê xe hoặc hợp đồng dịch vụ hoặc hợp đồng hợp tác kinh doanh."
    )
    first, second = papers(text)
    assert first.name.startswith("Giấy chứng nhận đăng ký xe")
    assert first.alternatives == ()
    assert second.name.startswith("Trường hợp xe không thuộc sở hữu")
    assert second.alternatives == ("Hợp đồng thuê xe", "hợp đồng dịch vụ", "hợp đồng hợp tác kinh doanh")


@pytest.mark.parametrize(
    "text",
    [
        f"Bản sao một trong các giấy tờ sau{LONG}: - Hộ chiếu; - Thẻ tạm trú{LONG}; - Giấy xác nhận",
        f"Một trong những giấy tờ{LONG} bao gồm: + Hộ chiếu. + Thẻ tạm trú{LONG}. + Giấy xác nhận.",
        f"Giấy tờ chứng minh{LONG} là một trong các giấy tờ sau: Hộ chiếu; Thẻ tạm trú{LONG}; Giấy xác nhận",
        f"Giấy tờ chứng minh{LONG}: + Hộ chiếu; hoặc\n+ Thẻ tạm trú{LONG}; hoặc\n+ Giấy xác nhận",
    ],
)
def test_alternatives_stay_one_paper_that_names_each_of_them(text: str) -> None:
    (paper,) = papers(text, 0, 1)
    assert [name.split(" theo")[0] for name in paper.alternatives] == ["Hộ chiếu", "Thẻ tạm trú", "Giấy xác nhận"]
    assert not paper.name.endswith(("sau", "gồm"))
    assert paper.copies == 1


def test_alternatives_inside_alternatives_keep_how_they_are_copied() -> None:
    text = f"Một trong các giấy tờ sau{LONG}: - Giấy X; "
    text += "- Bản sao của một trong các giấy tờ sau: lý lịch cán bộ; sổ bảo hiểm."
    (paper,) = papers(text)
    assert paper.alternatives == ("Giấy X", "Bản sao của lý lịch cán bộ", "Bản sao của sổ bảo hiểm")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            f"Quyết định phê duyệt{VERY}; văn bản thông báo kết quả; báo cáo thẩm tra (nếu có)",
            "báo cáo thẩm tra (nếu có)",
        ),
        (f"Giấy chứng nhận an toàn{VERY}. Biên bản kiểm tra đối với tàu nhỏ", "Biên bản kiểm tra đối với tàu nhỏ"),
        (f"Giấy tờ cá nhân{VERY} như: Hộ chiếu; Thẻ căn cước; Giấy khai sinh", "Giấy khai sinh"),
    ],
)
def test_where_it_is_not_certain_what_a_line_demands_its_papers_are_mentioned(text: str, named: str) -> None:
    (paper,) = papers(text)
    assert named in paper.mentions


@pytest.mark.parametrize(
    "text",
    [
        f"Đề án{LONG}, trong đó nêu rõ: a) Sự cần thiết; b) Kế hoạch kinh doanh; c) Phương án tài chính",
        f"Văn bản ủy quyền{LONG}. Văn bản ủy quyền này phải được chứng thực.",
        f"Chứng minh thư do cơ quan cấp{LONG}: 01 bản chụp từ bản chính; hoặc 01 bản chụp có xác nhận của cơ quan",
        f"Tờ khai thuế{LONG} (áp dụng cho cá nhân; tổ chức) mẫu số 01 theo Phụ lục I - Danh mục hồ sơ khai thuế",
    ],
)
def test_what_one_paper_tells_and_how_it_is_copied_are_no_papers(text: str) -> None:
    (paper,) = papers(text)
    assert paper.alternatives == ()
    assert not any(name.startswith(("Văn bản ủy quyền này", "01 bản", "Danh mục")) for name in paper.mentions)


def test_numbers_of_articles_are_no_list() -> None:
    text = f"Bản sao giấy phép{LONG} tại điểm a) khoản 2, điểm b) khoản 3 Điều 5 của Nghị định"
    assert parts_of(text) == [Part(text)]


def test_a_heading_with_one_paper_behind_it_names_the_paper() -> None:
    (paper,) = papers(f"3.2. Hồ sơ đề nghị cấp lại giấy phép vận chuyển{LONG} bao gồm: Giấy đề nghị cấp lại.")
    assert "Giấy đề nghị cấp lại" in paper.name


def test_a_choice_of_other_things_is_no_choice_of_papers() -> None:
    text = (
        f"Giấy tờ chứng minh đủ thiết bị để thực hiện một trong các công đoạn{LONG}: - Giấy chứng nhận; - Hợp đồng thuê"
    )
    assert all(paper.alternatives == () for paper in papers(text))


def test_what_a_heading_of_papers_lists_is_a_paper_whatever_its_name() -> None:
    text = f"Tài liệu gồm: (1) Văn bản giải trình{VERY}; (2) Tiến độ dự án; (3) Phương án"
    names = [paper.name for paper in papers(text)]
    assert names[1:] == ["Tiến độ dự án", "Phương án"]


def test_of_several_sentences_none_is_taken_for_the_situation_of_a_list() -> None:
    text = f"Nếu là cán bộ{LONG} thì phải được đồng ý. Nếu là người đã đi làm thì có: Sổ lao động, Sổ bảo hiểm xã hội"
    assert not any(": Sổ" in paper.name for paper in papers(text))


def section(*lines: Line, label: str = "") -> list[tuple[CaseKind, str, list[str]]]:
    cases = read_papers([(label, lines)]).cases
    return [(case.kind, case.label, [paper.name for paper in case.papers]) for case in cases]


def test_a_heading_is_no_paper_also_with_a_count() -> None:
    lines = [Line("Hồ sơ đề nghị cấp thẻ gồm:", 1), Line("Đơn", 1), Line("Ảnh", 2)]
    assert section(*lines) == [(CaseKind.PART, "Hồ sơ đề nghị cấp thẻ gồm", ["Đơn", "Ảnh"])]


def test_headings_whose_order_is_proved_by_numbers_have_their_papers() -> None:
    lines = [
        Line("1. Hồ sơ đăng ký gồm:", 1), Line("a) Đơn đăng ký", 1), Line("b) Giấy phép", 1),
        Line("2. Đối với lần đầu, hồ sơ gồm:", 1), Line("a) Đơn đề nghị", 1), Line("b) Bảng kê", 1),
    ]  # fmt: skip
    assert section(*lines) == [
        (CaseKind.PART, "Hồ sơ đăng ký gồm", ["Đơn đăng ký", "Giấy phép"]),
        (CaseKind.CASE, "Đối với lần đầu, hồ sơ gồm", ["Đơn đề nghị", "Bảng kê"]),
    ]


def test_headings_of_lines_out_of_order_are_given_no_papers() -> None:
    """Nobody knows which papers they introduce, so all papers stay needed and the headings are counted as notes."""
    lines = [
        Line("b) Bảng kê", 1), Line("2. Đối với lần đầu, hồ sơ gồm:"), Line("a) Đơn đề nghị", 1),
        Line("1. Đối với lần sau, hồ sơ gồm:", 1),
    ]  # fmt: skip
    (case,) = read_papers([("", lines)]).cases
    assert (case.kind, [paper.name for paper in case.papers], case.note_count) == (
        CaseKind.ALL,
        ["Bảng kê", "Đơn đề nghị"],
        2,
    )


def test_a_condition_with_its_paper_is_no_heading() -> None:
    """A form behind "… thì phải có giấy chứng tử kèm theo" must not become a paper of that situation only."""
    lines = [
        Line("Trường hợp người thuê đã mất thì phải có giấy chứng tử kèm theo.", 1),
        Line("- Đơn đề nghị mua nhà", 1),
        Line("- Hợp đồng thuê nhà", 1),
    ]
    ((kind, _, names),) = section(*lines)
    assert kind is CaseKind.ALL
    assert len(names) == 3


def test_lines_behind_a_choice_are_its_alternatives() -> None:
    lines = [
        Line("(1) Đơn đề nghị", 1), Line("(2) Hộ chiếu", 1),
        Line("(3) Giấy tờ chứng minh là một trong các giấy tờ sau:"),
        Line("+ Văn bằng", 1), Line("+ Giấy phép lái tàu", 1), Line("(4) Ảnh", 1),
    ]  # fmt: skip
    (case,) = read_papers([("", lines)]).cases
    assert [paper.name for paper in case.papers] == [
        "Đơn đề nghị", "Hộ chiếu", "Giấy tờ chứng minh là một trong các giấy tờ", "Ảnh",
    ]  # fmt: skip
    assert (case.papers[2].alternatives, case.papers[2].originals) == (("Văn bằng", "Giấy phép lái tàu"), 1)


def test_inside_a_situation_a_further_one_stands_in_front_of_its_papers() -> None:
    lines = [
        Line("- Đơn", 1), Line("- Đối với tổ chức, hồ sơ gồm:"),
        Line("+ Quyết định thành lập", 1), Line("+ Điều lệ", 1),
    ]  # fmt: skip
    cases = read_papers([("Trường hợp cấp lại", lines), ("Trường hợp cấp mới", [Line("Đơn", 1)])]).cases
    assert [paper.name for paper in cases[0].papers] == [
        "Đơn", "Đối với tổ chức: Quyết định thành lập", "Đối với tổ chức: Điều lệ",
    ]  # fmt: skip


def test_a_condition_inside_an_alternative_does_not_take_the_next_alternative_with_it() -> None:
    text = (
        f"Giấy tờ chứng minh: Bản sao một trong các giấy tờ sau: - Bằng tốt nghiệp{LONG}. Trường hợp văn bằng không ghi"
        " ngôn ngữ, cần bổ sung giấy tờ chứng minh; - Một trong các chứng chỉ gồm: Chứng chỉ bậc 4; chứng chỉ bậc 5"
    )
    (paper,) = papers(text)
    assert paper.alternatives[1:] == ("Chứng chỉ bậc 4", "chứng chỉ bậc 5")


def test_lower_lines_of_a_shuffled_group_are_the_alternatives_of_its_one_choice() -> None:
    lines = [
        Line("+ Giấy chứng nhận quyền sử dụng đất", 0, 1), Line("- Đơn đề nghị", 1),
        Line("- Trường hợp diện tích thay đổi thì phải có một trong các giấy tờ sau:"),
        Line("+ Hợp đồng thuê đất", 0, 1),
        Line("+ Trường hợp thuê nhà thì ngoài một trong các giấy tờ nêu trên bổ sung hợp đồng thuê", 0, 1),
    ]  # fmt: skip
    (case,) = read_papers([("", lines)]).cases
    order, choice, besides = case.papers
    assert order.name == "Đơn đề nghị"
    assert choice.alternatives == ("Giấy chứng nhận quyền sử dụng đất", "Hợp đồng thuê đất")
    assert besides.name.startswith("Trường hợp thuê nhà thì ngoài một trong")


def test_lower_lines_that_name_another_situation_are_not_gathered() -> None:
    lines = [
        Line("+ Trường hợp sinh ở nước ngoài thì nộp giấy chứng sinh", 1), Line("- Tờ khai", 1),
        Line("- Chứng cứ gồm một trong các giấy tờ sau:"), Line("+ Văn bản của cơ quan y tế", 1),
    ]  # fmt: skip
    (case,) = read_papers([("", lines)]).cases
    assert not any(paper.alternatives for paper in case.papers)


def test_copies_joined_by_or_in_a_long_alternative_are_told_one_by_one() -> None:
    text = (
        "Tài liệu là một trong các tài liệu sau: bản chính đánh giá sơ bộ tác động môi trường hoặc báo cáo đánh giá tác"
        " động môi trường hoặc bản sao quyết định phê duyệt báo cáo kèm theo báo cáo hoặc bản sao giấy phép môi trường"
        " theo quy định của pháp luật"
    )
    (paper,) = papers(text)
    assert [name[:20] for name in paper.alternatives] == [
        "bản chính đánh giá s", "báo cáo đánh giá tác", "bản sao quyết định p", "bản sao giấy phép mô",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f"Quyết định thành lập{LONG} hoặc giấy phép{LONG} và thẻ căn cước hoặc hộ chiếu",
        f"Hợp đồng bảo đảm{LONG} hoặc văn bản khác{LONG} có thông tin về việc được miễn phí",
        f"Giấy chứng nhận{LONG} hoặc quyết định{LONG} đối với trường hợp sử dụng đa mục đích",
    ],
)
def test_what_may_hold_for_every_alternative_keeps_them_together(text: str) -> None:
    (paper,) = papers(f"Một trong các giấy tờ sau: + {text}; + Giấy xác nhận của cơ quan quản lý")
    assert len(paper.alternatives) == 2


def test_situations_cut_alike_show_what_differs() -> None:
    head = "Đối với thương nhân đề nghị sửa đổi, bổ sung văn bản chấp thuận tự chứng nhận trong trường hợp thay đổi"
    lines = [
        Line(f"1.{number}. {head} {what}, hồ sơ gồm: - Đơn đề nghị cấp văn bản; - Bản sao cam kết của nhà sản xuất", 1)
        for number, what in ((1, "mặt hàng đăng ký"), (2, "người có thẩm quyền ký"))
    ]
    (case,) = read_papers([("", lines)]).cases
    orders = [paper.name for paper in case.papers if paper.name.endswith("Đơn đề nghị cấp văn bản")]
    assert ["… mặt hàng đăng ký: " in orders[0], "… người có thẩm quyền ký: " in orders[1]] == [True, True]


def test_a_general_heading_in_front_of_a_situation_is_left_out() -> None:
    text = f"Hồ sơ đề nghị cấp bao gồm: 1.1. Đối với người cấp lại, hồ sơ gồm: - Đơn đề nghị{LONG}; - Danh sách{LONG}"
    assert [paper.name[:30] for paper in papers(text)] == [
        "Đối với người cấp lại: Đơn đề ", "Đối với người cấp lại: Danh sá",
    ]  # fmt: skip


def test_if_any_behind_a_long_heading_stays_in_front_of_its_paper() -> None:
    head = (
        "Ngoài các tài liệu trên, tổ chức, cá nhân đề nghị xác nhận nộp bản sao có chứng thực các giấy tờ sau (nếu có)"
    )
    (paper,) = papers(f"{head}: Giấy chứng nhận đăng ký đầu tư{LONG}")
    assert "… (nếu có): Giấy chứng nhận" in paper.name


def test_a_situation_inside_an_alternative_stays_in_front_of_its_paper() -> None:
    items = [f"Đối với {who}{LONG}: Quyết định phê duyệt{LONG}" for who in ("rừng trồng", "rừng tự nhiên")]
    (paper,) = papers(f"Một trong các giấy tờ sau: + {items[0]}; + {items[1]}")
    assert [name[:7] for name in paper.alternatives] == ["Đối với", "Đối với"]
    assert all("Quyết định phê duyệt" in name for name in paper.alternatives)
