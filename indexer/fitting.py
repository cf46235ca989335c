# ruff: noqa: PLC0415  (scikit-learn and scipy are needed for learning only)
"""Fitting the models of `knowledge_base.weights`: which is right, how likely something is, what words tell."""

from collections import Counter
from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from knowledge_base.weights import Linear, Wording

Table = NDArray[np.float64]
Choice = tuple[Table, tuple[int, ...], float]
"""The candidates' table, which of its rows are right, and the example's weight."""


def fit_choice(columns: tuple[str, ...], choices: Sequence[Choice], strength: float) -> Linear:
    """Conditional logit: the right rows against all rows of the same example; no right row, no example."""
    from scipy.optimize import minimize

    used = [choice for choice in choices if choice[1]]
    tables = np.concatenate([table for table, _, _ in used])
    mean, scale = tables.mean(axis=0), np.maximum(tables.std(axis=0), 1e-6)
    scaled = (tables - mean) / scale
    sizes = [len(table) for table, _, _ in used]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    right = np.zeros(len(scaled), dtype=bool)
    for start, (_, rows, _) in zip(starts, used, strict=True):
        right[start + np.array(rows)] = True
    group = np.repeat(np.arange(len(used)), sizes)
    share = np.array([weight for _, _, weight in used])
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
    return _linear(columns, mean, scale, found.x, 0.0)


def fit_chance(columns: tuple[str, ...], table: Table, outcome: NDArray[np.bool_], weights: Table) -> Linear:
    """A logistic model of `outcome`, given as a probability that can be taken at its word."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.3, max_iter=2000).fit((table - mean) / scale, outcome, sample_weight=weights)
    return _linear(columns, mean, scale, model.coef_[0], float(model.intercept_[0]))


def fit_words(
    found: Sequence[Set[str]],
    outcome: NDArray[np.bool_],
    weights: Table | None = None,
    *,
    seen: int,
    strength: float,
    quietest: float,
) -> Wording:
    """A logistic model of `outcome` by which features are found: those found at least `seen` times, without weights
    below `quietest`. `strength` is how far weights may go."""
    from scipy.sparse import csr_array
    from sklearn.linear_model import LogisticRegression

    often = Counter(feature for features in found for feature in features)
    names = sorted(feature for feature, times in often.items() if times >= seen)
    if not names or len(set(outcome.tolist())) < 2:
        return Wording(0.0, {})
    place = {name: column for column, name in enumerate(names)}
    cells = [(row, place[name]) for row, features in enumerate(found) for name in sorted(features) if name in place]
    rows, columns = zip(*cells, strict=True)
    table = csr_array((np.ones(len(cells)), (rows, columns)), shape=(len(found), len(names)))
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(table, outcome, sample_weight=weights)
    kept = {name: round(float(weight), 3) for name, weight in zip(names, fitted.coef_[0], strict=True)}
    loud = {name: weight for name, weight in kept.items() if abs(weight) >= quietest}
    return Wording(round(float(fitted.intercept_[0]), 3), loud)


def _linear(columns: tuple[str, ...], mean: Table, scale: Table, weights: Table, bias: float) -> Linear:
    def short(values: Table) -> tuple[float, ...]:
        return tuple(float(f"{value:.5g}") for value in values)

    return Linear(columns, short(mean), short(scale), short(weights), float(f"{bias:.5g}"))
