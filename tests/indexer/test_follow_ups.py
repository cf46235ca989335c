"""Learning what later turns of a conversation are about."""

import numpy as np
import pytest

from indexer.follow_ups import LATER_TURN, Turn, choices_of, cross_followed, fit_follow_up, fit_wording, made_turns
from knowledge_base.conversation import wording_of
from knowledge_base.encoder import StaticEncoder
from knowledge_base.evidence import Material
from knowledge_base.index import material, prepare
from knowledge_base.weights import CONTEXT_FEATURES, UNTRAINED
from tests.fakes.small_index import ELSEWHERE, MANY, NAMES, PHRASES, catalogue, save_encoder


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Material:
    encoder = StaticEncoder(save_encoder(tmp_path_factory.mktemp("encoder")))
    return material(prepare(list(catalogue()), MANY, ELSEWHERE, encoder), encoder)


def talks() -> list[Turn]:
    """Sixty turns that go on, worded "… thì sao", and as many that move, worded "giờ muốn …"."""
    codes, found = list(NAMES), []
    for number in range(60):
        topic, other = codes[number % 5], codes[(number + 1 + number % 4) % 5]
        before, said = PHRASES[topic][0], PHRASES[other][number % 2]
        found.append(Turn(topic, f"nếu ông {number % 7} tuổi thì sao", frozenset({topic}), LATER_TURN, before))
        found.append(Turn(topic, f"thôi giờ muốn {said}", frozenset({other}), LATER_TURN, before))
    return found


def test_made_turns_go_on_or_move() -> None:
    """A bare question belongs to the topic, a phrase of another procedure does not."""
    turns = made_turns(MANY, seed=7, count=60)
    assert any(not turn.moves and turn.codes == {turn.topic} for turn in turns)
    assert any(turn.moves for turn in turns)


def test_wording_tells_who_goes_on_also_of_answers_that_it_has_not_seen(known: Material) -> None:
    """By the words around what is asked, not by what is asked."""
    turns = talks()
    wording, said = fit_wording(known, turns)
    place = {code: number for number, code in enumerate(known.codes)}
    for text, goes_on in (("nếu bà 8 tuổi thì sao", True), ("thôi giờ muốn sang chuyện khác", False)):
        heard = wording.log_odds(wording_of(known, text, place["1.000003"], "xin phép xây nhà ba tầng"))
        assert (heard > 0) is goes_on
    assert all((sound > 0) is not turn.moves for turn, sound in zip(turns, said, strict=True))


def test_a_few_turns_teach_nothing_about_wording(known: Material) -> None:
    """Every turn sounds alike then."""
    wording, said = fit_wording(known, talks()[:20])
    assert (wording.weights, said) == ({}, [0.0] * 20)


def test_later_turns_are_ranked_by_what_was_learnt_of_others(known: Material) -> None:
    """Turns judged by a model fitted without them; how a turn sounds can be told from outside."""
    turns = talks()
    wording, said = fit_wording(known, turns)
    choices = choices_of(known, UNTRAINED, turns, said)
    sounds = CONTEXT_FEATURES.index("home.wording")
    assert [float(np.abs(table[:, sounds]).max()) for table, _, _ in choices] == [abs(sound) for sound in said]
    assert fit_follow_up(choices).columns == CONTEXT_FEATURES
    assert cross_followed(choices, []) > 0.9
    assert not choices_of(known, UNTRAINED, [turns[0]._replace(topic="9.999999")])
    assert wording.weights


def test_moving_weighs_more_than_going_on(known: Material) -> None:
    """Who is held at the old procedure is answered wrongly; made turns weigh alike."""
    going_on, moving = talks()[:2]
    weights = [weight for _, _, weight in choices_of(known, UNTRAINED, [going_on, moving])]
    assert weights[0] < weights[1]


def test_the_shipped_turns_name_procedures_that_are_shipped() -> None:
    """Topics and answers of every written turn are in the catalogue."""
    from indexer.evaluate import FOLLOW_UPS, LATER, read_questions
    from knowledge_base.catalogue import Catalogue

    codes = set(Catalogue.shipped().codes)
    questions = [*read_questions(LATER), *read_questions(FOLLOW_UPS)]
    assert questions
    assert {code for question in questions for code in (question.topic, *question.codes) if code} <= codes
