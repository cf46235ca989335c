"""Files of residents' phrases."""

from pathlib import Path

import pytest

from indexer.phrases import BadPhrases, read_out_of_scope, read_phrases


def test_phrases_are_composed_and_said_once(tmp_path: Path) -> None:
    """Decomposed text is composed, spaces are single, repeated lines are dropped, order is kept."""
    (tmp_path / "a.json").write_text('{"1.000001": ["ba\\u0300  nội", "bà nội", "ông"]}', encoding="utf-8")
    assert read_phrases(tmp_path) == {"1.000001": ["bà nội", "ông"]}


def test_a_code_in_two_files_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Nobody can say which file would win."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('{"1.000001": ["x"]}', encoding="utf-8")
    with pytest.raises(BadPhrases, match=r"b\.json.*1\.000001"):
        read_phrases(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"1.000001": "x"}', "{"])
def test_another_shape_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    """Damaged files are told, not skipped."""
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadPhrases, match=r"a\.json"):
        read_phrases(tmp_path)


def test_messages_that_are_not_ours_leave_out_comments(tmp_path: Path) -> None:
    """Lines with # explain; a missing file means there are none."""
    (tmp_path / "x.txt").write_text("# chit-chat\nchào em\n\nchào em\n", encoding="utf-8")
    assert read_out_of_scope(tmp_path / "x.txt") == ["chào em"]
    assert read_out_of_scope(tmp_path / "none.txt") == []


def test_shipped_files_can_be_read() -> None:
    """Every phrase file of the project is in order, and there are messages that are not ours."""
    phrases = read_phrases()
    assert len(phrases) > 2000
    assert all(lines for lines in phrases.values())
    assert len(read_out_of_scope()) > 300
