"""What a snapshot holds beside the tables: vectors, searched exactly or by cells."""

import math

import faiss
import numpy as np
import pytest

from knowledge_base import index
from knowledge_base.index import vector_index


def directions(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Unit vectors around twenty centres, as phrases around procedures."""
    chance = np.random.default_rng(3)
    centres = chance.standard_normal((20, 16))
    vectors = centres[np.arange(count) % 20] + 0.3 * chance.standard_normal((count, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_few_vectors_are_all_compared() -> None:
    """Below EXACT_BELOW there are no cells."""
    assert not isinstance(vector_index(directions(200)), faiss.IndexIVF)


@pytest.mark.parametrize("many", [1_000, 3_000])
def test_many_vectors_are_searched_by_cells(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Cells miss few of the truly nearest, in a small index and in a large one."""
    monkeypatch.setattr(index, "EXACT_BELOW", 500)
    monkeypatch.setattr(index, "MANY", 2_000)
    vectors = directions(many)
    cells = vector_index(vectors)
    assert isinstance(cells, faiss.IndexIVF)
    assert cells.nlist == index.CELLS * math.isqrt(many)
    asked = vectors[:50]
    found = cells.search(asked, 10)[1]
    true = np.argsort(-(asked @ vectors.T), axis=1)[:, :10]
    shared = np.mean([len(np.intersect1d(mine, theirs)) for mine, theirs in zip(found, true, strict=True)])
    assert shared >= 9
