"""Papers that a line names besides its own are told as mentioned; rules about the paper itself are not."""

import pytest

from indexer.facts.headings import Line
from indexer.facts.papers import read_papers

LONG = " do cơ quan quản lý nhà nước có thẩm quyền của địa phương nơi thực hiện dự án cấp theo quy định của pháp luật"


def mentions(text: str) -> tuple[str, ...]:
    (paper,) = read_papers([("", [Line(text, 1)])]).cases[0].papers
    return paper.mentions


@pytest.mark.parametrize(
    "demand",
    [
        "Trường hợp bị mất thì phải có cam kết của người đề nghị",
        "Trường hợp chưa ghi ngôn ngữ, cần bổ sung giấy tờ chứng minh ngôn ngữ",
        "Nếu đã phẫu thuật thì phải kèm theo phiếu phẫu thuật hoặc giấy ra viện",
        "Trường hợp con từ đủ 18 tuổi phải có thêm giấy xác nhận của nhà trường",
        "Trường hợp người đó đã có quốc tịch thì nộp bản sao hộ chiếu",
    ],
)
def test_what_a_later_sentence_demands_of_some_is_mentioned(demand: str) -> None:
    assert mentions(f"Bản gốc chứng chỉ{LONG}. {demand}. Việc này do cơ quan đó quyết định{LONG}") == (demand,)


@pytest.mark.parametrize(
    "rule",
    [
        "Trường hợp đã có dữ liệu thì không phải nộp bản sao giấy phép",
        "Trường hợp gửi qua bưu chính thì nộp bản sao các giấy tờ nêu trên",
        "Trường hợp nộp trực tuyến thì nộp bản sao điện tử",
        "Trường hợp bản sao không có chứng thực thì phải xuất trình bản chính để đối chiếu",
    ],
)
def test_how_papers_are_handed_in_and_who_is_exempt_is_no_further_paper(rule: str) -> None:
    assert mentions(f"Bản gốc chứng chỉ{LONG}. {rule}. Việc này do cơ quan đó quyết định{LONG}") == ()


def test_a_demand_behind_one_of_several_alternatives_is_mentioned() -> None:
    demand = "Trường hợp văn bằng không ghi ngôn ngữ, cần bổ sung giấy tờ chứng minh ngôn ngữ"
    text = f"Bản sao một trong các giấy tờ sau: - Bằng tốt nghiệp{LONG}. {demand}; - Một trong các chứng chỉ{LONG}"
    assert mentions(text) == (demand,)


@pytest.mark.parametrize("word", ["và", "kèm theo"])
def test_a_paper_joined_behind_the_place_where_the_name_is_cut_is_mentioned(word: str) -> None:
    text = f"Biểu báo cáo kinh nghiệm{LONG} với các công việc{LONG} {word} ảnh chụp hiện trạng công trình"
    assert mentions(text) == ("ảnh chụp hiện trạng công trình",)


def test_a_decree_an_original_for_comparing_and_what_a_plan_tells_are_not_joined_papers() -> None:
    for text in (
        f"Đơn đề nghị{LONG} và theo mẫu{LONG} ban hành kèm theo Quyết định số 5 và các văn bản hướng dẫn",
        f"Bản sao giấy phép{LONG} và của dự án{LONG} kèm theo bản chính để đối chiếu",
        f"Đề án, trong đó nêu rõ mục tiêu{LONG} và dự kiến{LONG} và danh sách thành viên",
    ):
        assert mentions(text) == ()


def test_mentions_joined_by_a_bullet_are_told_one_by_one_and_none_twice() -> None:
    text = f"01 bản chính văn bản cử đi{LONG}. - Trường hợp vợ, chồng: + Văn bản đồng ý. + Giấy khai sinh của con"
    found = mentions(f"{text}. - Hộ chiếu còn giá trị sử dụng - 01 bản chụp thư mời (nếu có).")
    assert found[-2:] == ("Hộ chiếu còn giá trị sử dụng", "01 bản chụp thư mời (nếu có)")
    named = mentions(
        f"Bản khai của người có bằng khen{LONG}: Trường hợp đã từ trần: Bản khai của thân nhân kèm biên bản."
    )
    assert sum("Bản khai của thân nhân" in name for name in named) == 1
