"""Everything that is learnt, in one call: encoder, an encoder that never saw the held-out phrases, facets, weights."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from indexer import asked, calibrate
from indexer.phrases import Phrases, read_out_of_scope
from indexer.train import STEPS, Progress, train
from knowledge_base import facets, finder
from knowledge_base.encoder import SHIPPED, StaticEncoder
from knowledge_base.procedure import Procedure


def learn_all(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    *,
    folder: Path = SHIPPED,
    weights_file: Path = finder.LEARNT,
    facets_file: Path = facets.LEARNT,
    steps: int = STEPS,
    seed: int = 7,
    checkpoints: Path | None = None,
    progress: Progress = lambda *_: None,
) -> calibrate.Judged:
    """Train, calibrate and save; about fifteen minutes on two cores. With `checkpoints`, an interrupted run goes on.

    Returns how the finder does on the project's own questions by cross-validation.
    """
    all_seen = _inside(checkpoints, "all")
    train(procedures, phrases, folder, steps=steps, seed=seed, checkpoints=all_seen, progress=progress)
    seen = {code: [line for line in lines if not calibrate.held_out(line)] for code, lines in phrases.items()}
    with tempfile.TemporaryDirectory() as aside:
        train(
            procedures, seen, Path(aside), steps=steps, seed=seed, checkpoints=_inside(checkpoints, "held"),
            progress=lambda _, done, total: progress("train held", done, total),
        )  # fmt: skip
        weights, judged = calibrate.calibrate(
            procedures, phrases, read_out_of_scope(), shipped=StaticEncoder(folder), held=StaticEncoder(Path(aside)),
            seed=seed, progress=progress,
        )  # fmt: skip
    calibrate.save(weights, weights_file)
    asked.save(asked.learn_facets(phrases), facets_file)
    return judged


def _inside(checkpoints: Path | None, name: str) -> Path | None:
    return checkpoints / name if checkpoints else None
