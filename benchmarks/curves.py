"""Draws how far the finder's probabilities can be trusted: `python -m benchmarks.curves OUTSIDE [--to DIR]`.

Reliability: of answers given with about this probability, how many were right? Risk and coverage: when only the surest
share of all messages is answered, how many of those answers are wrong? The own questions were used for fitting, so
their curve is in-sample; the file OUTSIDE was not. Messages that no procedure answers count as wrong when answered.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from indexer.calibrate import examples, judged, own_questions
from indexer.evaluate import DEVELOPMENT
from indexer.phrases import read_out_of_scope, read_phrases
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import StaticEncoder
from knowledge_base.evidence import Material
from knowledge_base.index import material, prepare
from knowledge_base.weights import Weights

IMAGES = Path(__file__).parent.parent / "docs" / "images"
BINS = 6
COLOURS = ("#1f6f8b", "#c0562f")
Floats = NDArray[np.float64]


class Judgements(NamedTuple):
    """Per message, the probability that the first procedure is the one meant, and whether it was."""

    chance: Floats
    right: NDArray[np.bool_]


class Bin(NamedTuple):
    """Mean probability, share right and number of the messages of one bin."""

    said: float
    was: float
    messages: int


def judge(known: Material, weights: Weights, file: Path) -> Judgements:
    """What `weights` say about the single questions of `file`."""
    asked = examples(known, own_questions(file), weights.ours)
    table, _, first, _ = judged(weights.rank, asked)
    in_scope, right = (1 / (1 + np.exp(-model.score(table))) for model in (weights.scope, weights.right))
    return Judgements(np.asarray(in_scope * right, dtype=np.float64), first)


def bins(found: Judgements, count: int = BINS) -> list[Bin]:
    """Bins of equal numbers of messages, by probability."""
    order = np.argsort(found.chance, kind="stable")
    return [
        Bin(float(found.chance[part].mean()), float(found.right[part].mean()), len(part))
        for part in np.array_split(order, count)
    ]


def calibration_error(found: Judgements) -> float:
    """Mean distance between what was said and what was, weighted by messages (equal-count bins)."""
    return sum(abs(b.said - b.was) * b.messages for b in bins(found)) / len(found.chance)


def risk_coverage(found: Judgements) -> tuple[Floats, Floats]:
    """Share of messages answered, surest first, and share of wrong answers among them."""
    wrong = ~found.right[np.argsort(-found.chance, kind="stable")]
    answered = np.arange(1, len(wrong) + 1)
    return answered / len(wrong), np.cumsum(wrong) / answered


def draw_reliability(curves: dict[str, Judgements], file: Path) -> None:
    """The reliability diagram."""
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="probability given", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
    for colour, (name, found) in zip(COLOURS, curves.items(), strict=True):
        axes.plot([b.said for b in bins(found)], [b.was for b in bins(found)], "o-", color=colour, label=name)
    axes.legend(frameon=False, loc="upper left")
    save(figure, file)


def draw_risk_coverage(curves: dict[str, Judgements], file: Path) -> None:
    """The risk-coverage curve."""
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="share of messages answered", ylabel="share of answers wrong", xlim=(0, 1))
    for colour, (name, found) in zip(COLOURS, curves.items(), strict=True):
        axes.plot(*risk_coverage(found), color=colour, label=name)
    axes.set_ylim(0, None)
    axes.legend(frameon=False, loc="upper left")
    save(figure, file)


def save(figure: Figure, file: Path) -> None:
    """Write the same bytes for the same curve."""
    with mpl.rc_context({"svg.hashsalt": file.stem, "svg.fonttype": "none"}):
        figure.savefig(file, metadata={"Date": None})


def report(name: str, found: Judgements) -> str:
    """One line of figures."""
    coverage, risk = risk_coverage(found)
    at = ", ".join(
        f"{share:.0%}: {risk[np.searchsorted(coverage, share - 1e-9)]:.3f}" for share in (0.5, 0.7, 0.8, 0.9)
    )
    brier = float(np.mean((found.chance - found.right) ** 2))
    return (
        f"{name}: {len(found.right)} messages, calibration error {calibration_error(found):.3f}, Brier {brier:.3f}, "
        f"area under risk-coverage {float(risk.mean()):.4f}, wrong when answering {at}; bins "
        + " ".join(f"{b.said:.2f}->{b.was:.2f}" for b in bins(found))
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw both pictures and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outside", type=Path)
    parser.add_argument("--to", type=Path, default=IMAGES)
    given = parser.parse_args(arguments)
    encoder, weights = StaticEncoder(), Weights.read()
    known = material(prepare(list(Catalogue.load()), read_phrases(), read_out_of_scope(), encoder), encoder)
    curves = {
        "own questions (in-sample)": judge(known, weights, DEVELOPMENT),
        "outside questions": judge(known, weights, given.outside),
    }
    for name, found in curves.items():
        print(report(name, found))
    draw_reliability(curves, given.to / "reliability.svg")
    draw_risk_coverage(curves, given.to / "risk-coverage.svg")


if __name__ == "__main__":
    main()
