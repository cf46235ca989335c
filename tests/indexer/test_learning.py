"""Everything that is learnt, in one call, on five procedures."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from indexer import train as training
from indexer.learning import learn_all
from indexer.phrases import Phrases
from knowledge_base.encoder import StaticEncoder
from knowledge_base.facets import Facet, FacetModel
from knowledge_base.weights import UNTRAINED, Weights
from tests.fakes.small_index import ELSEWHERE, MANY, NAMES, PHRASES, catalogue

STEPS = 8


class Killed(Exception):  # noqa: N818 - what happens, not an error
    """The power goes out."""


class Course:
    """One course of learning into a folder, with the stages it went through."""

    def __init__(self, folder: Path, checkpoints: Path | None = None, stop: tuple[str, int] | None = None) -> None:
        self.folder, self.stages = folder, list[tuple[str, int]]()
        self._checkpoints, self._stop = checkpoints, stop

    def runs(self, questions: Path, follow_ups: Path, phrases: Phrases = MANY) -> None:
        self.folder.mkdir(exist_ok=True)
        learn_all(
            list(catalogue()),
            phrases,
            elsewhere=ELSEWHERE * 3,
            folder=self.folder / "encoder",
            weights_file=self.folder / "finder.json",
            facets_file=self.folder / "facets.json",
            questions=questions,
            follow_ups=follow_ups,
            steps=STEPS,
            dimension=16,
            checkpoints=self._checkpoints,
            progress=self._seen,
        )

    def _seen(self, stage: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.stages.append((stage, done))
        if (stage, done) == self._stop:
            raise Killed

    def learnt(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file()}


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """Own questions, one for each procedure and facet, some not ours; and follow-ups."""
    facets = [facet.value for facet in Facet]
    lines = [
        {"id": f"{code}-{number}", "style": "plain", "question": line, "codes": [code], "asks": facets[number % 12]}
        for code, said in MANY.items()
        for number, line in enumerate(said)
    ]
    lines += [
        {"id": f"x{number}", "style": "oos", "question": line, "codes": [], "asks": "general"}
        for number, line in enumerate(ELSEWHERE)
    ]
    # what even a good finder gets wrong: the words of one procedure, meant for the next
    lines += [
        {"id": f"h{code}-{number}", "style": "hard", "question": line, "codes": [other], "asks": "general"}
        for code, other in zip(NAMES, [*NAMES][1:], strict=False)
        for number, line in enumerate(MANY[code][:4])
    ]
    turns = [
        {"id": f"t{code}", "style": "follow", "turns": [PHRASES[code][0], "thế hết bao nhiêu tiền"], "codes": [code],
         "asks": "fee"}
        for code in NAMES
    ]  # fmt: skip
    questions, follow_ups = tmp_path / "own.jsonl", tmp_path / "turns.jsonl"
    questions.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    follow_ups.write_text("\n".join(map(json.dumps, turns)), "utf-8")
    return questions, follow_ups


def test_the_whole_course_ends_with_everything_that_serving_reads(tmp_path: Path, own: tuple[Path, Path]) -> None:
    """Encoder, weights and facets, each readable by what serves with it; nothing half learnt is left over."""
    course = Course(tmp_path / "out", tmp_path / "checkpoints")
    course.runs(*own)
    assert [stage for stage, done in course.stages if done == 1] == ["train", "train held", "facets"]
    assert StaticEncoder(course.folder / "encoder").dimension == 16
    weights = Weights.read(course.folder / "finder.json")
    assert weights != UNTRAINED
    assert msgspec.json.decode((course.folder / "facets.json").read_bytes(), type=FacetModel).weights
    assert not (tmp_path / "checkpoints").exists()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the encoders is not learnt anew for each interruption: it has no checkpoints of its own."""

    def calibrate(
        *_: object, shipped: StaticEncoder, progress: Callable[[str, int, int], None], **__: object
    ) -> object:
        progress("calibrate", 0, 1)
        assert shipped.dimension == 16
        return UNTRAINED, None

    def learn_facets(*_: object) -> FacetModel:
        return FacetModel((Facet.GENERAL,), (0.0,), {})

    monkeypatch.setattr("indexer.calibrate.calibrate", calibrate)
    monkeypatch.setattr("indexer.asked.learn_facets", learn_facets)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("stop", [("train", 6), ("train held", 1), ("train held", 7), ("calibrate", 0), ("facets", 0)])
def test_a_course_interrupted_anywhere_goes_on_and_ends_the_same(
    tmp_path: Path, own: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, stop: tuple[str, int]
) -> None:
    """What was finished is not done again, what serves was not touched, and the result is the same to the byte."""
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 2)
    whole = Course(tmp_path / "whole")
    whole.runs(*own)
    broken = Course(tmp_path / "parts", tmp_path / "checkpoints", stop)
    with pytest.raises(Killed):
        broken.runs(*own)
    assert broken.learnt() == {}
    rest = Course(tmp_path / "parts", tmp_path / "checkpoints")
    rest.runs(*own)
    trained = [stage for stage in rest.stages if stage[0].startswith("train")]
    done_before = [stage for stage in broken.stages if stage[0].startswith("train")]
    assert len(trained) < 2 * STEPS
    assert len(trained) + len(done_before) <= 2 * STEPS + 2
    assert rest.learnt() == whole.learnt()


@pytest.mark.usefixtures("quick")
def test_another_course_does_not_go_on_with_the_work_of_this_one(tmp_path: Path, own: tuple[Path, Path]) -> None:
    """New phrases are learnt from the beginning."""
    with pytest.raises(Killed):
        Course(tmp_path / "one", tmp_path / "checkpoints", ("train held", 1)).runs(*own)
    other = Course(tmp_path / "two", tmp_path / "checkpoints")
    other.runs(*own, phrases=MANY | {"1.000001": [*MANY["1.000001"], "nhập tên cho em bé mới chào đời"]})
    assert len([stage for stage in other.stages if stage[0].startswith("train")]) == 2 * STEPS
