"""Training the encoder."""

from pathlib import Path

import numpy as np
import pytest

from indexer import train as training
from indexer.train import train
from knowledge_base.encoder import StaticEncoder
from tests.fakes.small_index import PHRASES, catalogue


class Stopped(Exception):  # noqa: N818 - what happens, not an error
    """The power goes out."""


def trained(folder: Path, **options: object) -> StaticEncoder:
    train(list(catalogue()), PHRASES, folder, steps=12, dimension=16, **options)  # type: ignore[arg-type]
    return StaticEncoder(folder)


def test_a_phrase_comes_closer_to_its_procedure_than_to_others(tmp_path: Path) -> None:
    """A few steps on five procedures already tell most of them apart."""
    encoder = trained(tmp_path)
    names = encoder.encode([procedure.name for procedure in catalogue()])
    asked = encoder.encode([lines[0] for lines in PHRASES.values()])
    assert sum((asked @ names.T).argmax(axis=1) == np.arange(5)) >= 4


def test_an_interrupted_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after a checkpoint and started again, it does the remaining steps only and ends at the same vectors."""
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 4)
    whole = trained(tmp_path / "whole")

    def stop(stage: str, done: int, total: int) -> None:
        if done == 9:
            raise Stopped

    with pytest.raises(Stopped):
        trained(tmp_path / "parts", checkpoints=tmp_path / "checkpoints", progress=stop)
    steps: list[int] = []
    resumed = trained(
        tmp_path / "parts", checkpoints=tmp_path / "checkpoints", progress=lambda _, done, total: steps.append(done)
    )
    assert steps == [9, 10, 11, 12]
    texts = [line for lines in PHRASES.values() for line in lines]
    assert np.allclose(resumed.encode(texts), whole.encode(texts), atol=2e-3)
    assert not list((tmp_path / "checkpoints").iterdir())
