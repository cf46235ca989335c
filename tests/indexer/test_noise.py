"""Residents' typing, imitated."""

import random

from hypothesis import given
from hypothesis import strategies as st

from indexer.noise import mixed_up, noisy, slip, telex, unmarked
from knowledge_base.text import words

PHRASE = "đăng ký khai sinh cho con mới đẻ"


def test_the_same_state_gives_the_same_typing() -> None:
    """Training and calibration can be repeated to the letter."""
    assert [noisy(PHRASE, random.Random(5)) for _ in range(3)] == [noisy(PHRASE, random.Random(5))] * 3


def test_typing_varies() -> None:
    """One phrase arrives in many ways, some without marks."""
    ways = {noisy(PHRASE, random.Random(seed)) for seed in range(60)}
    assert len(ways) > 40
    assert any(way.isascii() for way in ways)


def test_telex_slips_are_undone_by_reading() -> None:
    """What `telex` types is read as the word that was meant."""
    for word in ("đăng", "giấy", "hộ", "được", "cưới"):
        for seed in range(6):
            assert [read.folded for read in words(telex(word, random.Random(seed)))] == [unmarked(word)]


def test_northern_mix_ups_keep_the_rest_of_the_word() -> None:
    """Only the initial changes, and only where ears mix it up."""
    assert mixed_up("làm", random.Random(1)) == "nàm"
    assert mixed_up("khai", random.Random(1)) == "khai"


@given(st.text(max_size=40), st.integers(0, 1000))
def test_no_text_raises(text: str, seed: int) -> None:
    """Whatever is in a phrase file can be typed badly; a slip changes the length by one at most."""
    noisy(text, random.Random(seed))
    assert abs(len(slip("thuong", random.Random(seed))) - len("thuong")) <= 1
