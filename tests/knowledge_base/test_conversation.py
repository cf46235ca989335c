"""How a later turn of a conversation is read."""

import pytest

from knowledge_base.conversation import read_context, wording_of
from knowledge_base.encoder import StaticEncoder
from knowledge_base.evidence import Material
from knowledge_base.index import material, prepare
from knowledge_base.weights import AWAY_FEATURES, CONTEXT_FEATURES, LOUDEST, UNTRAINED, Wording
from tests.fakes.small_index import ELSEWHERE, NAMES, PHRASES, catalogue, save_encoder

LICENCE = list(NAMES).index("1.000004")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Material:
    encoder = StaticEncoder(save_encoder(tmp_path_factory.mktemp("encoder")))
    return material(prepare(list(catalogue()), PHRASES, ELSEWHERE, encoder), encoder)


def test_what_was_said_before_and_what_the_topic_is_about_are_masked(known: Material) -> None:
    """ "B" and "T" stand for them, beside the words themselves; the turn's beginning and end are seen."""
    found = wording_of(known, "thế bằng ô tô mất thì sao", LICENCE, "mất bằng lái xe máy")
    assert {"the", "thi sao", "sao >", "< the", "~the B", "~B thi", "~sao >"} <= set(found)
    assert "~bang" not in found


def test_every_reading_has_a_row_for_every_candidate(known: Material) -> None:
    """The topic is one of them, and what counts for the topic is nought for the others."""
    context = read_context(known, UNTRAINED, "còn làm hộ chiếu đi nước ngoài", LICENCE, "mất bằng lái xe máy")
    assert context is not None
    assert context.table.shape == (len(context.candidates), len(CONTEXT_FEATURES))
    assert context.away.shape == (len(AWAY_FEATURES),)
    home = context.table[:, CONTEXT_FEATURES.index("home")]
    assert context.candidates[home == 1].tolist() == [LICENCE]
    assert not context.table[home == 0, CONTEXT_FEATURES.index("home") :].any()


def test_a_turn_without_a_known_word_is_not_read(known: Material) -> None:
    """Nothing speaks for anything."""
    assert read_context(known, UNTRAINED, "qqqq zzzz", LICENCE) is None


def test_wording_shouts_no_louder_than_the_evidence(known: Material) -> None:
    """However many words point one way."""
    wording = Wording(1.0, dict.fromkeys(map(str, range(50)), 2.0))
    assert wording.log_odds([*map(str, range(50))]) == LOUDEST
    assert wording.log_odds([]) == 1.0
    assert wording.log_odds(["1", "1"]) == 3.0
