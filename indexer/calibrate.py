"""Learns how to weigh the evidence, from phrases that the index has not seen.

One phrase in five is kept out of index and encoder; typed badly, it must still find its procedure. From that come
three logistic models (rank, in scope, right) and two thresholds, chosen by what each kind of mistake costs.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.noise import noisy
from indexer.phrases import Phrases
from knowledge_base.encoder import Encoder
from knowledge_base.evidence import FEATURES, SCOPE_FEATURES, Evidence, Material, gather
from knowledge_base.finder import LEARNT, Linear, Weights, scope_row
from knowledge_base.index import material, prepare
from knowledge_base.procedure import Procedure

Progress = Callable[[str, int, int], None]
Table = NDArray[np.float64]

WRONG_SURE, NEEDLESS_QUESTION, LOST, TURNED_AWAY, ANSWERED_ANYWAY = 5.0, 1.0, 2.0, 3.0, 9.0
"""Costs: a wrong procedure told as certain; asked back although the first was right; asked back without the right one
among three; a question of ours answered with nothing; a message that is not ours answered with a procedure."""
EVERYDAY, OFTEN = 4.0, float(np.log1p(10))
"""Weight of examples for procedures that ordinary people need, known by having ten or more phrases in the index."""
ELSEWHERE_SHARE = 0.15
"""How many messages are not for us, as far as thresholds go."""


@dataclass(frozen=True)
class Example:
    """One question with its evidence; `right` are the candidates' positions that answer it, empty out of scope."""

    evidence: Evidence
    right: tuple[int, ...]
    ours: bool
    weight: float = 1.0
    """How many such questions really arrive: what ordinary people need is asked more often."""


def held_out(text: str) -> bool:
    """Whether a phrase is kept for calibration: the same fifth of all phrases every time."""
    return hashlib.sha256(text.encode()).digest()[0] % 5 == 0


def examples(
    held: Material, questions: Sequence[tuple[str, frozenset[str]]], progress: Progress = lambda *_: None
) -> list[Example]:
    """Evidence for (question, accepted codes); questions about which nothing is known are left out."""
    number = {code: position for position, code in enumerate(held.codes)}
    result = []
    for done, (question, codes) in enumerate(questions):
        evidence = gather(held, question)
        if evidence is not None:
            wanted = {number[code] for code in codes if code in number}
            right = tuple(p for p, candidate in enumerate(evidence.candidates.tolist()) if candidate in wanted)
            often = max((float(held.often[owner]) for owner in wanted), default=0.0)
            result.append(Example(evidence, right, bool(codes), EVERYDAY if often >= OFTEN else 1.0))
        if done % 200 == 0:
            progress("calibrate", done, len(questions))
    return result


def fit_rank(chosen: Sequence[Example], strength: float = 1e-3) -> Linear:
    """Weights under which the right candidates are likeliest among all candidates (conditional logit)."""
    from scipy.optimize import minimize

    used = [example for example in chosen if example.right]
    tables = np.concatenate([example.evidence.table for example in used])
    mean, scale = tables.mean(axis=0), np.maximum(tables.std(axis=0), 1e-6)
    scaled = (tables - mean) / scale
    sizes = [len(example.evidence.table) for example in used]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    right = np.zeros(len(scaled), dtype=bool)
    for start, example in zip(starts, used, strict=True):
        right[start + np.array(example.right)] = True
    group = np.repeat(np.arange(len(used)), sizes)
    share = np.array([example.weight for example in used])
    share /= share.sum()

    def loss(weights: Table) -> tuple[float, Table]:
        scores = scaled @ weights
        scores -= np.maximum.reduceat(scores, starts)[group]
        chances = np.exp(scores)
        everything = np.add.reduceat(chances, starts)
        correct = np.maximum(np.add.reduceat(np.where(right, chances, 0), starts), 1e-12)
        value = -(share * np.log(correct / everything)).sum() + strength * float(weights @ weights)
        pull = chances / everything[group] - np.where(right, chances, 0) / correct[group]
        return float(value), scaled.T @ (pull * share[group]) + 2 * strength * weights

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return _linear(FEATURES, mean, scale, found.x, 0.0)


def fit_chance(columns: tuple[str, ...], table: Table, outcome: NDArray[np.bool_], weights: Table) -> Linear:
    """A logistic model of `outcome`, given as a probability that can be taken at its word."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.3, max_iter=2000).fit((table - mean) / scale, outcome, sample_weight=weights)
    return _linear(columns, mean, scale, model.coef_[0], float(model.intercept_[0]))


def _linear(columns: tuple[str, ...], mean: Table, scale: Table, weights: Table, bias: float) -> Linear:
    def short(values: Table) -> tuple[float, ...]:
        return tuple(float(f"{value:.5g}") for value in values)

    return Linear(columns, short(mean), short(scale), short(weights), float(f"{bias:.5g}"))


def judged(rank: Linear, chosen: Sequence[Example]) -> tuple[Table, NDArray[np.bool_], NDArray[np.bool_]]:
    """Scope columns of every example, whether the first candidate is right, and whether one of the first three is."""
    rows, first, three = [], [], []
    for example in chosen:
        scores = rank.score(example.evidence.table)
        order = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[order] - scores[order[0]])
        rows.append(scope_row(example.evidence, order, chances / chances.sum()))
        first.append(int(order[0]) in example.right)
        three.append(bool(set(order[:3].tolist()) & set(example.right)))
    return np.array(rows), np.array(first), np.array(three)


def thresholds(
    ours: NDArray[np.bool_], first: NDArray[np.bool_], three: NDArray[np.bool_], in_scope: Table, right: Table
) -> tuple[float, float]:
    """`nothing_below` and `sure_from` with the least cost over the examples."""
    weight = np.where(ours, (1 - ELSEWHERE_SHARE) / max(ours.sum(), 1), ELSEWHERE_SHARE / max((~ours).sum(), 1))
    best = (np.inf, 0.5, 0.8)
    for nothing_below in np.arange(0.05, 0.96, 0.01):
        silent = in_scope < nothing_below
        for sure_from in np.arange(0.4, 0.96, 0.01):
            sure = ~silent & (right >= sure_from)
            asked = ~silent & ~sure
            cost = np.where(
                ours,
                silent * TURNED_AWAY + (sure & ~first) * WRONG_SURE
                + (asked & first) * NEEDLESS_QUESTION + (asked & ~three) * LOST,
                ~silent * ANSWERED_ANYWAY,
            )  # fmt: skip
            best = min(best, (float((cost * weight).sum()), float(nothing_below), float(sure_from)))
    return round(best[1], 2), round(best[2], 2)


def learn(chosen: Sequence[Example]) -> Weights:
    """All weights from examples of both kinds."""
    rank = fit_rank(chosen)
    table, first, three = judged(rank, chosen)
    ours = np.array([example.ours for example in chosen])
    balance = np.array([example.weight for example in chosen])
    balance[~ours] = 0.35 * balance[ours].sum() / max((~ours).sum(), 1)
    scope = fit_chance(SCOPE_FEATURES, table, ours, balance)
    right = fit_chance(SCOPE_FEATURES, table[ours], first[ours], balance[ours])
    in_scope, is_right = (1 / (1 + np.exp(-model.score(table))) for model in (scope, right))
    nothing_below, sure_from = thresholds(ours, first, three, in_scope, is_right)
    return Weights(rank, scope, right, nothing_below, sure_from)


def questions_from(phrases: Phrases, elsewhere: Sequence[str], seed: int) -> list[tuple[str, frozenset[str]]]:
    """Held-out phrases typed well and badly with their code, and held-out messages that are not ours."""
    rng = random.Random(seed)
    found = []
    for code, lines in phrases.items():
        for line in filter(held_out, lines):
            found.append((line if rng.random() < 0.4 else noisy(line, rng), frozenset({code})))
    for line in filter(held_out, elsewhere):
        found += [(line, frozenset[str]()), (noisy(line, rng), frozenset[str]())]
    return found


def calibrate(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    elsewhere: Sequence[str],
    encoder: Encoder,
    *,
    seed: int = 7,
    progress: Progress = lambda *_: None,
) -> Weights:
    """Weights for `procedures`. `encoder` must have been trained without the held-out phrases."""
    kept = {code: [line for line in lines if not held_out(line)] for code, lines in phrases.items()}
    aside = [line for line in elsewhere if not held_out(line)]
    held = material(prepare(procedures, kept, aside, encoder), encoder)
    return learn(examples(held, questions_from(phrases, elsewhere, seed), progress))


def save(weights: Weights, file: Path = LEARNT) -> None:
    """Write `weights` where the finder reads them, readable in a diff."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
