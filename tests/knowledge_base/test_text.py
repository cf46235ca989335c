"""How text is read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.text import clauses, fold, is_syllable, nfc, sound, spans, terms, untelex, words


def folded(text: str) -> list[str]:
    return [word.folded for word in words(text)]


def test_fold_drops_marks_case_emoji_and_doubled_spaces() -> None:
    """Folded text is what somebody without a Vietnamese keyboard types."""
    assert fold("  Đăng  KÝ\tthường trú 👍🏽 ") == "dang ky thuong tru"


def test_nfc_composes_and_keeps_case() -> None:
    """Decomposed input becomes the stored form."""
    assert nfc(unicodedata.normalize("NFD", "Giấy  phép")) == "Giấy phép"


def test_clauses_end_at_marks_that_a_space_follows() -> None:
    """Amounts, dates and codes are not taken apart; empty clauses are none."""
    read = [
        [word.folded for word in clause] for clause in clauses("Mất bằng lái, phí 1.500.000đ?  Làm ngày 2.3, ... ở đâu")
    ]
    assert read == [["mat", "bang", "lai"], ["phi", "1.500.000", "d"], ["lam", "ngay", "2.3"], ["o", "dau"]]
    assert clauses(" . , ") == []


@given(st.lists(st.sampled_from(["mat", "bang", "lai", "o", "dau", "giay", "phep"]), max_size=12), st.data())
def test_clauses_hold_all_words_in_their_order(said: list[str], data: st.DataObject) -> None:
    """Wherever marks stand between them."""
    marks = [data.draw(st.sampled_from([" ", ", ", ". ", "? ", "\n", " ; "])) for _ in said]
    text = "".join(word + mark for word, mark in zip(said, marks, strict=True))
    assert [word.folded for clause in clauses(text) for word in clause] == said


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ddawng kys", "đăng ký"),
        ("giaays tờ", "giấy tờ"),
        ("đongs trươcs bạ", "đóng trước bạ"),
        ("laamf hooj chieesu", "làm hộ chiếu"),
        ("nuowsc ngoaif", "nước ngoài"),
    ],
)
def test_telex_slips_read_as_the_words_meant(typed: str, meant: str) -> None:
    """Keys that the input method did not turn into marks are turned here."""
    assert folded(typed) == folded(meant)


@pytest.mark.parametrize("word", ["gas", "test", "bus", "form", "karaoke"])
def test_foreign_words_are_no_telex_slips(word: str) -> None:
    """Words that people use as they are stay as they are."""
    assert untelex(word) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ko đc", "không được"),
        ("mất gplx", "mất giấy phép lái xe"),
        ("cần j", "cần gì"),
        ("hết bn", "hết bao nhiêu"),
        ("rút bhxh", "rút bảo hiểm xã hội"),
        ("cấp nại", "cấp lại"),
        ("trog xã hàh chíh mag nhữg jì", "trong xã hành chính mang những gì"),
        ("đktt", "đăng ký cư trú"),
    ],
)
def test_unambiguous_shorthand_is_expanded(typed: str, meant: str) -> None:
    """Shorthand with one meaning is read as that meaning."""
    assert folded(typed) == folded(meant)


@pytest.mark.parametrize("word", ["ck", "h", "m", "ca", "tt"])
def test_ambiguous_shorthand_is_left_alone(word: str) -> None:
    """What may mean two things is not decided here."""
    assert folded(word) == [word]


def test_codes_and_document_numbers_stay_whole() -> None:
    """A code, a legal number and an amount are one token each."""
    assert spans("1.004194 theo 154/2024/NĐ-CP, 1.500.000đ") == ["1.004194", "theo", "154/2024/nđ-cp", "1.500.000", "đ"]


def test_spelling_variants_are_one_word() -> None:
    """Old and new placing of the tone, i and y, NFC and NFD are the same word with the same marks."""
    assert words("hoà") == words("hòa")
    assert words("kỹ") == words("kĩ")
    assert words(unicodedata.normalize("NFD", "giấy phép")) == words("giấy phép")


def test_marks_count_only_where_typed() -> None:
    """ "thẻ" and "thế" differ, "the" fits both and claims no marks."""
    assert words("thẻ") != words("thế")
    assert words("the")[0] == (words("thẻ")[0].folded, "")
    assert not [term for term in terms(words("the can cuoc")) if term.startswith("m")]


def test_northern_mix_ups_sound_the_same() -> None:
    """l and n, tr and ch, s and x, d, gi and r are written for each other; ng and nh are not."""
    assert sound("nam") == sound("lam")
    assert sound("tro") == sound("cho")
    assert sound("so") == sound("xo")
    assert sound("giay") == sound("day") == sound("ray")
    assert sound("nha") != sound("la")


def test_syllables_are_told_from_other_letters() -> None:
    """Vietnamese spelling is strict enough to know a slip."""
    assert all(map(is_syllable, ["nghieng", "quyen", "giay", "uy", "khuyu", "o"]))
    assert not any(map(is_syllable, ["ddang", "giaays", "qwerty", "form", "xz"]))


@given(st.text(max_size=200))
def test_any_text_is_read_without_error_and_alike_in_every_form(text: str) -> None:
    """No input raises, and case and Unicode form do not change what is read."""
    assert all(word.folded for word in words(text))
    assert fold(fold(text)) == fold(text)
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
