# ruff: noqa: PLC0415  (scikit-learn and scipy are needed for learning only)
"""Fitting the linear models of `knowledge_base.weights`: which of several is right, and how likely something is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_base.weights import Linear

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


def _linear(columns: tuple[str, ...], mean: Table, scale: Table, weights: Table, bias: float) -> Linear:
    def short(values: Table) -> tuple[float, ...]:
        return tuple(float(f"{value:.5g}") for value in values)

    return Linear(columns, short(mean), short(scale), short(weights), float(f"{bias:.5g}"))
