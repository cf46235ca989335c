"""Everything that is learnt, in one call: encoder, one that never saw held-out phrases nor turns, facets, weights.

Nothing that serves is touched before all of it is learnt: an encoder with the weights of another one answers badly.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from indexer import asked, calibrate
from indexer.evaluate import DEVELOPMENT, FOLLOW_UPS, LATER, read_questions
from indexer.phrases import Phrases, read_out_of_scope
from indexer.train import DIMENSION, STEPS, Progress, descriptions, train
from knowledge_base import facets, weights
from knowledge_base.encoder import SHIPPED, StaticEncoder
from knowledge_base.procedure import Procedure

FINISHED = "finished"


def learn_all(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    *,
    elsewhere: Sequence[str] | None = None,
    folder: Path = SHIPPED,
    weights_file: Path = weights.LEARNT,
    facets_file: Path = facets.LEARNT,
    questions: Path = DEVELOPMENT,
    follow_ups: Path = FOLLOW_UPS,
    later: Path | None = LATER,
    steps: int = STEPS,
    dimension: int = DIMENSION,
    seed: int = 7,
    checkpoints: Path | None = None,
    progress: Progress = lambda *_: None,
) -> calibrate.Judged:
    """Train, calibrate, then save everything; about fifteen minutes on two cores.

    With `checkpoints`, an interrupted run of the same inputs goes on where it stopped, in whichever stage that was;
    a run of other inputs begins anew. `elsewhere` are the messages that are not ours, the shipped ones by default.
    Returns how the finder does on the project's own questions by cross-validation.
    """
    elsewhere = read_out_of_scope() if elsewhere is None else elsewhere
    seen = {code: [line for line in lines if not calibrate.held_out(line)] for code, lines in phrases.items()}
    turns = read_questions(later) if later else []
    told = [(turn.topic, turn.turns, turn.codes) for turn in turns]
    inputs = (
        sorted(phrases.items()),
        told,
        [descriptions(procedure) for procedure in procedures],
        steps,
        dimension,
        seed,
    )
    with _workshop(checkpoints, hashlib.sha256(msgspec.json.encode(inputs)).hexdigest()[:16]) as work:
        for name, stage, lines, talks in (("all", "train", phrases, turns), ("held", "train held", seen, [])):
            if (work / name / FINISHED).exists():
                continue
            train(
                procedures, lines, work / name, later=talks, steps=steps, dimension=dimension, seed=seed,
                checkpoints=work / f"{name}.steps", progress=_staged(progress, stage),
            )  # fmt: skip
            (work / name / FINISHED).touch()
        learnt_weights, judged = calibrate.calibrate(
            procedures, phrases, elsewhere, shipped=StaticEncoder(work / "all"), held=StaticEncoder(work / "held"),
            questions=questions, follow_ups=follow_ups, later=turns, seed=seed, progress=progress,
        )  # fmt: skip
        progress("facets", 0, 1)
        learnt = asked.learn_facets(phrases, questions)
        progress("facets", 1, 1)
        shutil.copytree(work / "all", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(FINISHED))
        calibrate.save(learnt_weights, weights_file)
        asked.save(learnt, facets_file)
    return judged


@contextmanager
def _workshop(checkpoints: Path | None, inputs: str) -> Iterator[Path]:
    """A folder for what is half learnt from these inputs; it goes when everything is learnt, and stays otherwise."""
    if checkpoints is None:
        with tempfile.TemporaryDirectory() as aside:
            yield Path(aside)
        return
    work = checkpoints / inputs
    work.mkdir(parents=True, exist_ok=True)
    yield work
    shutil.rmtree(work)
    if not any(checkpoints.iterdir()):
        checkpoints.rmdir()


def _staged(progress: Progress, stage: str) -> Progress:
    return lambda _, done, total: progress(stage, done, total)
