"""Learning how to weigh evidence."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from indexer.calibrate import (
    Judgement,
    calibrate,
    held_out,
    kept_aside,
    questions_from,
    save,
    thresholds,
)
from indexer.fitting import fit_choice
from knowledge_base.encoder import StaticEncoder
from knowledge_base.weights import Weights
from tests.fakes.small_index import ELSEWHERE, MANY, NAMES, catalogue, save_encoder


def judgement(right: list[float], first: list[bool], ours: list[bool], in_scope: list[float]) -> Judgement:
    truth = np.array(first)
    own = np.ones(len(ours), dtype=bool)
    return Judgement(np.array(ours), own, truth, truth, np.array(in_scope), np.array(in_scope) / 2, np.array(right))


def test_the_column_that_tells_right_from_wrong_gets_the_weight() -> None:
    """Conditional logit finds it; examples without a right row change nothing."""
    draw = np.random.default_rng(1)
    choices = []
    for _ in range(60):
        table = draw.normal(size=(4, 2))
        choices.append((table, (int(table[:, 0].argmax()),), 1.0))
    learnt = fit_choice(("tells", "noise"), choices, 1e-3)
    assert learnt.weights[0] > 5 * abs(learnt.weights[1])
    assert fit_choice(("tells", "noise"), [*choices, (draw.normal(size=(4, 2)), (), 1.0)], 1e-3) == learnt


def test_thresholds_lie_between_right_and_wrong() -> None:
    """Sure starts above the wrong ones; what is not ours is turned away, what is ours is not."""
    nothing_below, asked_from, sure_from = thresholds(
        judgement(
            right=[0.9] * 40 + [0.6] * 10 + [0.5] * 10,
            first=[True] * 40 + [False] * 20,
            ours=[True] * 50 + [False] * 10,
            in_scope=[0.9] * 50 + [0.3] * 10,
        )
    )
    assert 0.3 <= nothing_below <= 0.9
    assert asked_from > 0.15
    assert 0.6 <= sure_from <= 0.9


def test_held_out_phrases_are_about_a_fifth_and_always_the_same() -> None:
    """The choice depends on the text alone."""
    texts = [f"câu số {number}" for number in range(2000)]
    assert 0.15 < np.mean([held_out(text) for text in texts]) < 0.25
    assert 0.45 < np.mean([kept_aside(text) for text in texts]) < 0.55
    found = questions_from(MANY, ELSEWHERE, 7)
    assert found == questions_from(MANY, ELSEWHERE, 7)
    assert sum(bool(codes) for _, codes in found) == sum(held_out(line) for lines in MANY.values() for line in lines)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    lines = [
        {"id": f"{code}-{number}", "style": "plain", "question": line, "codes": [code], "asks": "general"}
        for code, own in MANY.items()
        for number, line in enumerate(own[:6])
    ]
    # a question labelled with another procedure: somebody must be wrong for the chance of being right to be learnt
    lines += [{**line, "id": f"odd-{line['id']}", "codes": ["1.000005"]} for line in lines[:12]]
    lines += [
        {"id": f"oos-{number}", "style": "oos", "question": line, "codes": [], "asks": "general"}
        for number, line in enumerate([*ELSEWHERE, "mai có nắng không", "bóng đá mấy giờ", "vàng lên giá chưa"])
    ]
    file = tmp_path / "own.jsonl"
    file.write_bytes(msgspec.json.Encoder().encode_lines(lines))
    return file


def test_weights_learnt_are_those_that_are_read(tmp_path: Path, questions: Path) -> None:
    """From tiny data to a file that the finder accepts, with a judgement by cross-validation."""
    follow_ups = tmp_path / "turns.jsonl"
    turn = {"id": "t", "style": "followup", "codes": ["1.000002"], "asks": "general", "topic": "1.000001"}
    follow_ups.write_bytes(msgspec.json.Encoder().encode_lines([{**turn, "turns": ["khai sinh", "còn làm hộ chiếu"]}]))
    encoder = StaticEncoder(save_encoder(tmp_path / "encoder"))
    weights, judged = calibrate(
        list(catalogue()), MANY, ELSEWHERE, shipped=encoder, held=encoder, questions=questions, follow_ups=follow_ups
    )
    save(weights, tmp_path / "finder.json")
    assert Weights.read(tmp_path / "finder.json") == weights
    assert len(judged.questions.ours) >= len(NAMES) * 6
    assert "cross-validated" in str(judged)
