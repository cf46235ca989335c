"""Evidence from words."""

import numpy as np
import pytest

from knowledge_base.lexicon import Lexicon
from knowledge_base.text import terms, words

PHRASES = ["mất bằng lái xe", "làm hộ chiếu đi nước ngoài", "đổi bằng lái xe hết hạn"]


@pytest.fixture
def lexicon() -> Lexicon:
    return Lexicon.build({"phrases": [terms(words(phrase)) for phrase in PHRASES]}, weigh_by="phrases")


def scores(lexicon: Lexicon, question: str) -> list[float]:
    rows, _ = lexicon.rows(lexicon.read_words(words(question)))
    return [float(score) * lexicon.postings.step for score in lexicon.postings.score(rows)["phrases"]]


def test_the_phrase_with_the_rarer_words_scores_highest(lexicon: Lexicon) -> None:
    """Sharing "mất" and "bằng lái" says more than sharing "bằng lái" alone; sharing nothing says nothing."""
    found = scores(lexicon, "mat bang lai")
    assert found[0] > found[2] > found[1] == 0


def test_marks_that_were_typed_count_and_others_cost_nothing(lexicon: Lexicon) -> None:
    """The marked question scores more where marks agree; the unmarked one still scores."""
    assert scores(lexicon, "hộ chiếu")[1] > scores(lexicon, "ho chieu")[1] > 0


def test_a_question_without_known_words_scores_nothing(lexicon: Lexicon) -> None:
    """No rows give zeros, one for every phrase."""
    assert scores(lexicon, "") == [0, 0, 0]


def test_unknown_spellings_become_the_known_word_nearby(lexicon: Lexicon) -> None:
    """One slip is mended, two words typed as one are taken apart, a word like no other is kept."""
    read = [word.folded for word in lexicon.read_words(words("chieuu banglai zqjwfv"))]
    assert read == ["chieu", "bang", "lai", "zqjwfv"]


def test_what_was_never_seen_weighs_most(lexicon: Lexicon) -> None:
    """A rare syllable tells more than a common one, an unknown one at least as much as any."""
    assert lexicon.weight("xe") < lexicon.weight("chieu") <= lexicon.weight("khonggap")
    assert lexicon.weigh(["xe", "chieu"]) == pytest.approx(lexicon.weight("xe") + lexicon.weight("chieu"))


def test_arrays_bring_the_lexicon_back(lexicon: Lexicon) -> None:
    """What is read from arrays scores to the bit as what was built."""
    again = Lexicon.read(lexicon.arrays())
    for question in PHRASES:
        assert np.array_equal(scores(again, question), scores(lexicon, question))


def test_common_terms_written_out_score_the_same(lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a common term's row is written out for all documents changes the time, and the scores by no more than
    the rounding to sixteen bits: some thousandths of scores that are several."""
    monkeypatch.setattr("knowledge_base.lexicon.SPREAD_OUT", 0)
    from_postings = Lexicon.read(lexicon.arrays())
    for question in [*PHRASES, "xe xe xe", "lam bang"]:
        assert scores(from_postings, question) == pytest.approx(scores(lexicon, question), abs=0.01)


def test_a_pair_counts_only_in_its_order(lexicon: Lexicon) -> None:
    """ "bằng lái" is a pair of the material, "lái bằng" is two syllables."""
    assert scores(lexicon, "bang lai")[0] > scores(lexicon, "lai bang")[0] > 0


def test_bags_are_the_distinct_syllables_of_each_phrase(lexicon: Lexicon) -> None:
    """Each phrase has its own syllables, by the numbers that `number` gives."""
    starts, bags = lexicon.bags("phrases")
    for place, phrase in enumerate(PHRASES):
        numbers = {lexicon.number(word.folded) for word in words(phrase)}
        assert set(bags[starts[place] : starts[place + 1]].tolist()) == numbers
    assert lexicon.number("khonggap") == -1
    assert lexicon.syllable_weights[lexicon.number("xe")] == pytest.approx(lexicon.weight("xe"))
