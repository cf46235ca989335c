"""Visit codes: random, and read as people type them."""

from hypothesis import given
from hypothesis import strategies as st

from bot.visit_codes import ALPHABET, find, from_token, new, normal, token

CODES = st.text(ALPHABET, min_size=9, max_size=9).map(lambda body: f"DG-{body[:3]}-{body[3:6]}-{body[6:]}")
MIXED = st.tuples(CODES, st.sampled_from([" ", "-", ".", "–", "", " - "]), st.booleans())


@given(MIXED)
def test_separators_and_case_do_not_matter(typed: tuple[str, str, bool]) -> None:
    code, gap, upper = typed
    said = code.replace("-", gap)
    said = said if upper else said.lower()
    assert normal(said) == code
    assert find(f"mã phiếu {said} của tôi") == code
    assert normal(said[2:]) == code, "DG may be left out where nothing but the code is expected"


def test_look_alikes_are_digits() -> None:
    """O, I and L stand in no code, so they can only be 0, 1 and 1."""
    assert normal("đg-O0I-lL1-234") == "DG-001-111-234"


def test_a_code_in_a_sentence_needs_its_dg() -> None:
    """Any nine signs in a question are no code; two codes are none either."""
    assert find("số 123456789 là gì") is None
    assert find("DG-123-456-789 hay DG-123-456-788") is None
    assert normal("DG-123-456-78") is None


@given(CODES)
def test_the_qr_code_brings_the_code_back(code: str) -> None:
    assert from_token(token(code)) == code


def test_codes_differ() -> None:
    assert len({new() for _ in range(2000)}) == 2000
    assert all(normal(code) == code for code in (new() for _ in range(200)))


@given(st.text(max_size=60))
def test_any_text_is_read_without_trouble(text: str) -> None:
    for read in (normal, find, from_token):
        found = read(text)
        assert found is None or normal(found) == found
