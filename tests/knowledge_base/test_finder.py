"""Finding the procedure a resident means, on a small index."""

import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base.finder import BARE, LIKELY, LIKELY_BARE, Finder
from knowledge_base.index import open_snapshot
from knowledge_base.weights import UNTRAINED
from tests.fakes.small_index import NAMES, PHRASES, build_small, catalogue, save_encoder


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    folder: Path = tmp_path_factory.mktemp("small")
    build_small(folder / "index", save_encoder(folder / "encoder"))
    return open_snapshot(folder / "index").finder


@pytest.mark.parametrize(("code", "phrase"), [(code, lines[0]) for code, lines in PHRASES.items()])
def test_a_resident_is_understood_with_and_without_marks(finder: Finder, code: str, phrase: str) -> None:
    """The same procedure comes first for marked, unmarked, decomposed and capital spelling."""
    unmarked = "".join(c for c in unicodedata.normalize("NFD", phrase) if not unicodedata.combining(c)).replace(
        "đ", "d"
    )
    for typed in (phrase, unmarked, phrase.upper(), unicodedata.normalize("NFD", phrase)):
        assert finder.find(typed).matches[0].code == code


def test_spelling_of_spaces_emoji_case_and_unicode_form_changes_nothing(finder: Finder) -> None:
    """Such variants give the very same answer."""
    asked = "mất bằng lái xe máy"
    variants = (asked.upper(), unicodedata.normalize("NFD", asked), asked.replace(" ", "  "), f"👍 {asked} 🙏🏽")
    assert all(finder.find(variant) == finder.find(asked) for variant in variants)


@pytest.mark.parametrize(("code", "phrase"), [(code, line) for code, lines in PHRASES.items() for line in lines])
def test_a_phrase_asked_word_for_word_is_answered(finder: Finder, code: str, phrase: str) -> None:
    """What staff linked to a procedure is answered with it the next time, whatever the weights say."""
    owners = [owner for owner, lines in PHRASES.items() if phrase in lines]
    found = finder.find(phrase)
    assert found.matches[0].code in owners
    assert len(owners) > 1 or " " not in phrase or found.decision == "sure"
    assert code in owners


def test_a_code_settles_the_question(finder: Finder) -> None:
    """Whoever names a code gets that procedure and no other; an unknown code settles nothing."""
    found = finder.find("1.000003 hết bao nhiêu tiền")
    assert (found.decision, [match.code for match in found.matches]) == ("sure", ["1.000003"])
    assert finder.find("9.999999").decision != "sure"


@pytest.mark.parametrize("message", ["", "   ", "👍👍👍", "...", "zzzz qqqq", "你好"])
def test_a_message_without_a_known_word_finds_nothing(finder: Finder, message: str) -> None:
    """No evidence at all is never a procedure."""
    assert finder.find(message).decision == "nothing"


def test_what_is_asked_elsewhere_is_answered_with_nothing(finder: Finder) -> None:
    """Messages known not to be ours find no procedure, though candidates can still be looked at."""
    found = finder.find("ngày mai trời có mưa không")
    assert found.decision == "nothing"


def test_what_is_known_to_be_asked_elsewhere_stays_so_word_for_word(finder: Finder) -> None:
    """With and without marks, also in the middle of a conversation, whatever the weights say."""
    for asked in ("Ngày mai trời có mưa không?", "ngay mai troi co mua khong"):
        turn = finder.in_context(asked, "1.000004")
        assert turn is not None
        assert (finder.find(asked).decision, turn.decision) == ("nothing", "nothing")


def test_matches_are_ranked_and_limited(finder: Finder) -> None:
    """Best first, probabilities between 0 and 1 that do not add up to more than 1, at most `limit`."""
    found = finder.find("đăng ký", limit=3)
    chances = [match.probability for match in found.matches]
    assert len(chances) <= 3
    assert chances == sorted(chances, reverse=True)
    assert 0 <= sum(chances) <= 1.001
    assert {match.code for match in found.matches} <= set(NAMES)


@pytest.mark.parametrize(
    "turn", ["thế hết bao nhiêu tiền?", "nop o dau", "mấy ngày thì xong ạ", "làm online được không"]
)
def test_a_bare_question_goes_on_about_the_topic(finder: Finder, turn: str) -> None:
    """Words that only ask say nothing about another procedure."""
    assert finder.in_context(turn, "1.000004") is None


def test_naming_another_procedure_changes_the_topic(finder: Finder) -> None:
    """However short: what names another procedure is about that one; naming the topic again is not a change."""
    moved = finder.in_context("còn làm hộ chiếu đi nước ngoài", "1.000004")
    assert moved is not None
    assert moved.matches[0].code == "1.000002"
    assert finder.in_context("mất bằng lái xe máy", "1.000004") is None
    by_code = finder.in_context("1.000001", "1.000004")
    assert by_code is not None
    assert by_code.matches[0].code == "1.000001"


def test_nothing_is_answered_alone_that_is_not_likelier_than_all_others(finder: Finder) -> None:
    """Whatever else speaks for it; much likelier where a message only names a thing."""
    asked = [*NAMES.values(), "giấy phép", "đăng ký", "làm giấy", "cấp lại", "xin giấy phép"]
    sure = [(text, found) for text in asked if (found := finder.find(text)).decision == "sure"]
    assert sure
    for text, found in sure:
        assert found.matches[0].probability >= (LIKELY if len(text.split()) > BARE else LIKELY_BARE)


@pytest.mark.parametrize(("ending", "decision"), [("thực hiện tại cấp xã", "several"), ("ở nước ngoài", "nothing")])
def test_the_levels_of_one_matter_are_doubted_together(tmp_path: Path, ending: str, decision: str) -> None:
    """Each of two levels has half the chance: what is too little for one is enough to ask which of them is meant."""
    lost = "Trình báo mất hộ chiếu"
    names = {
        "1.000001": f"{lost} thực hiện tại cấp tỉnh",
        "1.000002": f"{lost} {ending}",
        "1.000003": "Đăng ký kết hôn",
    }
    said = {code: ["mất hộ chiếu", "hộ chiếu rơi mất"] for code in list(names)[:2]}
    in_doubt = msgspec.structs.replace(UNTRAINED.scope, weights=(0.0,) * len(UNTRAINED.scope.weights), bias=0.2)
    weights = msgspec.structs.replace(UNTRAINED, scope=in_doubt, nothing_below=0.99)
    encoder = save_encoder(tmp_path / "encoder")
    build_small(tmp_path / "index", encoder, catalogue=catalogue(names), phrases=said, weights=weights)
    found = open_snapshot(tmp_path / "index").finder.find("bị mất hộ chiếu")
    assert found.matches[0].probability < weights.asked_from
    assert found.decision == decision


def test_familiar_words_change_no_answer(finder: Finder, tmp_path: Path) -> None:
    """They are only read sooner."""
    build_small(tmp_path / "index", save_encoder(tmp_path / "encoder"))
    fresh = open_snapshot(tmp_path / "index").finder
    fresh.warm(["mất", "bằng", "lái", "ngày", "mai", "👍", ""] * 20)
    assert all(fresh.find(phrase) == finder.find(phrase) for lines in PHRASES.values() for phrase in lines)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_no_message_raises(finder: Finder, message: str) -> None:
    """Whatever is sent is decided somehow."""
    assert finder.find(message).decision in ("sure", "several", "nothing")
    finder.in_context(message, "1.000001")
