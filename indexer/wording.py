# ruff: noqa: S311  (drawing examples is no cryptography)
"""Learns by which words a message is told to be one for us: residents' phrases, and messages nobody here answers."""

import random
from collections.abc import Iterable, Sequence

import numpy as np

from indexer.fitting import fit_words
from indexer.noise import noisy
from knowledge_base.text import words
from knowledge_base.weights import Wording, grams

SEEN, STRENGTH, QUIETEST = 3, 1.0, 0.2
"""In how many messages a word or a pair must occur to be weighed, how far weights may go, and which are kept."""
TYPED_BADLY = 3
"""One phrase in so many is shown a second time as it may be typed; messages that are not ours are few: each, twice."""


def fit_ours(phrases: Iterable[str], elsewhere: Sequence[str], seed: int) -> Wording:
    """Log-odds that a message is for us. `phrases`: what residents say to us, first and later turns; they count as much
    together as the other messages."""
    rng = random.Random(seed)
    ours = list(phrases)
    ours += [noisy(line, rng) for line in ours[::TYPED_BADLY]]
    others = [*elsewhere, *(noisy(line, rng) for line in elsewhere for _ in range(2))]
    found = [frozenset(heard(line)) for line in (*ours, *others)]
    outcome = np.repeat([True, False], [len(ours), len(others)])
    share = [len(found) / 2 / max(len(side), 1) for side in (ours, others)]
    return fit_words(
        found, outcome, np.where(outcome, share[0], share[1]), seen=SEEN, strength=STRENGTH, quietest=QUIETEST
    )


def heard(message: str) -> list[str]:
    """The features of a message for `fit_ours`."""
    return grams([word.folded for word in words(message)])
