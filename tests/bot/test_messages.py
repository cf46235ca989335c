"""Splitting long texts: nothing is lost, nothing is too long, paragraphs stay whole where they can."""

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import length, split

PARAGRAPHS = st.lists(st.text(min_size=1, max_size=400).filter(str.strip), max_size=30).map(tuple)


@given(paragraphs=PARAGRAPHS, limit=st.integers(60, 500))
def test_no_character_is_lost_and_no_message_too_long(paragraphs: tuple[str, ...], limit: int) -> None:
    """Every visible character arrives in its order; every message fits."""
    messages = split(paragraphs, limit)
    assert all(0 < length(message) <= limit for message in messages)
    assert "".join("".join(messages).split()) == "".join("".join(paragraphs).split())


@given(paragraphs=PARAGRAPHS)
def test_a_paragraph_that_fits_is_never_cut(paragraphs: tuple[str, ...]) -> None:
    """Each paragraph is found whole in one message."""
    messages = split(paragraphs, 400 * 2)
    assert all(any(paragraph in message for message in messages) for paragraph in paragraphs)


def test_emoji_count_as_telegram_counts_them() -> None:
    """One emoji is two UTF-16 units: 60 of them do not fit into 100."""
    assert [length(message) for message in split(("👍" * 60,), 100)] == [100, 20]
