"""Encoders: the learnt table, and any sentence-transformers model."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.encoder import EncoderMissing, SentenceTransformersEncoder, StaticEncoder, feature_text
from knowledge_base.text import words
from tests.fakes.small_index import save_encoder


def test_vectors_have_length_one_and_unknown_text_is_zero(tmp_path: Path) -> None:
    """One normalised row per text, zeros where nothing is known."""
    encoder = StaticEncoder(save_encoder(tmp_path))
    vectors = encoder.encode(["mất bằng lái xe máy", "qqqq zzzz"])
    assert vectors.shape == (2, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert not vectors[1].any()


def test_a_missing_encoder_says_what_to_run(tmp_path: Path) -> None:
    """The message names the command that makes one."""
    with pytest.raises(EncoderMissing, match="motcua train"):
        StaticEncoder(tmp_path)


def test_serving_imports_neither_torch_nor_sentence_transformers() -> None:
    """The packages that answer start without them, and importing knowledge_base does not load faiss."""
    program = (
        "import sys, knowledge_base; assert 'faiss' not in sys.modules;"
        "import knowledge_base.index, knowledge_base.finder;"
        "assert not {'torch', 'sentence_transformers', 'sklearn', 'scipy'} & sys.modules.keys(), sys.modules.keys()"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.filterwarnings("ignore")
def test_a_sentence_transformers_folder_gives_the_same_interface(tmp_path: Path) -> None:
    """A static model trained and saved by sentence-transformers loads in both ways and gives the same vectors."""
    pytest.importorskip("sentence_transformers")
    from indexer.train import train
    from tests.fakes.small_index import PHRASES, catalogue

    train(list(catalogue()), PHRASES, tmp_path / "model", steps=3, dimension=16)
    ours, theirs = StaticEncoder(tmp_path / "model"), SentenceTransformersEncoder(str(tmp_path / "model"))
    assert ours.dimension == theirs.dimension == 16
    text = "con mới sinh ra xã làm giấy gì"
    assert np.allclose(ours.encode([text]), theirs.encode([feature_text(text)]), atol=5e-3)
    assert theirs.encode([]).shape == (0, 16)


def test_a_part_of_a_text_has_the_vector_that_it_has_alone(tmp_path: Path) -> None:
    """Words and pairs inside the part count, the pair over its edge does not."""
    encoder = StaticEncoder(save_encoder(tmp_path / "encoder"))
    sequence = words("mất bằng lái xe máy làm giấy khai sinh cho con")
    parts = [(0, len(sequence)), (0, 5), (5, len(sequence)), (3, 4)]
    vectors = encoder.encode_parts(sequence, parts)
    for vector, (begin, end) in zip(vectors, parts, strict=True):
        assert np.allclose(vector, encoder.encode_words(sequence[begin:end]), atol=1e-6)
    assert not encoder.encode_parts([], [(0, 0)]).any()
