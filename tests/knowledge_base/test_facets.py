"""Which part of a procedure a question asks about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.facets import Facet, asked


@pytest.mark.parametrize(
    ("question", "facet"),
    [
        ("đổi thẻ thì cầm theo giấy tờ gì", Facet.DOCUMENTS),
        ("doi the thi cam theo giay to gi", Facet.DOCUMENTS),
        ("ho so gom nhung gi", Facet.DOCUMENTS),
        ("làm lại sổ tốn bao nhiêu tiền", Facet.FEE),
        ("le phi het bn", Facet.FEE),
        ("có mất tiền không ạ", Facet.FEE),
        ("bao lâu thì xong", Facet.DURATION),
        ("may ngay lay dc", Facet.DURATION),
        ("nộp ở đâu", Facet.WHERE),
        ("den cho nao de lam", Facet.WHERE),
        ("làm qua mạng được không", Facet.ONLINE),
        ("lam online dc ko", Facet.ONLINE),
        ("cần điều kiện gì", Facet.CONDITIONS),
        ("nhà tôi có được hưởng không", Facet.CONDITIONS),
        ("mẫu đơn lấy ở đâu", Facet.FORM),
        ("các bước thực hiện thế nào", Facet.STEPS),
        ("theo nghị định nào", Facet.LEGAL),
        ("mất căn cước", Facet.GENERAL),
        ("", Facet.GENERAL),
    ],
)
def test_the_asked_facet_comes_first(question: str, facet: Facet) -> None:
    """Marked, unmarked and short ways of asking are understood."""
    assert asked(question)[0] is facet


def test_several_facets_are_all_told() -> None:
    """Who asks for papers and fee gets both."""
    assert {Facet.DOCUMENTS, Facet.FEE} <= set(asked("cần giấy tờ gì và hết bao nhiêu tiền"))


@given(st.text(max_size=200))
def test_every_message_has_a_facet(message: str) -> None:
    """No input raises, and general never stands beside another facet."""
    facets = asked(message)
    assert facets
    assert facets == (Facet.GENERAL,) or Facet.GENERAL not in facets
