"""Names of long lines: who is exempt, for whom it is and which paper a copy is of are told; nothing joins wrongly."""

import pytest

from indexer.facts.paper_names import NAME, paper_name

LONG = " do cơ quan quản lý nhà nước có thẩm quyền của địa phương nơi thực hiện dự án cấp theo quy định"
COPIES = "Bản sao kèm bản chính để đối chiếu hoặc bản sao điện tử từ sổ gốc hoặc bản sao có chứng thực "


def named(text: str) -> str:
    name, abridged = paper_name(text)
    assert abridged
    assert len(name) <= NAME
    assert not name.endswith("…")
    return name


def test_a_limit_stays_with_the_clause_that_it_closes() -> None:
    name = named(
        f"Thông tin về quyền sử dụng đất{LONG} hoặc bản sao Giấy chứng nhận{LONG} (đối với công ty nước ngoài)"
    )
    assert "… hoặc bản sao Giấy chứng nhận" in name
    assert name.endswith("(đối với công ty nước ngoài)")


@pytest.mark.parametrize(
    "limit",
    [
        "(trong trường hợp việc được giải quyết ở nước ngoài)",
        "đối với tàu cá có chiều dài lớn nhất từ 12 mét trở lên",
        "trong trường hợp người chết chưa có số định danh",
        "trừ trường hợp được miễn giấy phép",
        "(nếu có)",
    ],
)
def test_for_whom_a_paper_is_closes_its_name_also_before_a_further_sentence(limit: str) -> None:
    for behind in ("", ". Biên bản kiểm tra đối với tàu nhỏ"):
        name = named(f"Giấy chứng nhận an toàn{LONG}, được cơ quan đăng kiểm{LONG} {limit}{behind}")
        assert name.startswith("Giấy chứng nhận an toàn")
        assert name.endswith(f"… {limit}")


def test_a_long_limit_is_cut_inside_its_bracket() -> None:
    name = named(f"Giấy xác nhận{LONG} (không áp dụng đối với người{LONG} và người{LONG})")
    assert name.startswith("Giấy xác nhận do cơ quan")
    assert "(không áp dụng đối với người do cơ quan" in name
    assert name.endswith("…)")


def test_a_limit_behind_another_thing_is_not_joined_to_the_paper() -> None:
    text = f"Quy định về trách nhiệm{LONG} với mọi chi phí của hồ sơ{LONG} và nguyên tắc xử lý"
    assert "nhà đầu tư" not in named(f"{text} trong trường hợp nhà đầu tư không được lựa chọn")
    assert "(nếu có)" not in named(f"Đề án, trong đó nêu rõ tiêu chuẩn{LONG}, số lượng{LONG} và phó chủ tịch (nếu có)")


def test_how_a_copy_is_filed_is_no_limit() -> None:
    assert named(
        f"{COPIES}(trường hợp nộp hồ sơ trực tuyến) giấy phép{LONG} (trường hợp nộp hồ sơ trực tiếp)"
    ).endswith("theo quy định")


def test_the_paper_that_is_copied_is_named_and_not_only_its_first_words() -> None:
    name = named(f"{COPIES}{COPIES}Giấy phép hành nghề của luật sư{LONG}")
    assert name.startswith("Bản sao kèm bản chính")
    assert "… Giấy phép hành nghề của luật sư do cơ quan quản lý" in name


def test_if_any_in_front_of_a_list_stays() -> None:
    name = named(
        f"Các tài liệu để minh chứng cơ sở đáp ứng yêu cầu của ngành nghề (nếu có) bao gồm: những thứ{LONG}{LONG}"
    )
    assert name.endswith("của ngành nghề (nếu có)")


def test_a_sentence_of_who_is_exempt_is_not_cut_off_behind_the_name() -> None:
    assert ". Trừ trường hợp khẩn cấp" in named(f"Biên bản họp hội đồng. Trừ trường hợp khẩn cấp{LONG}{LONG}")
