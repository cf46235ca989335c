"""From text to vectors. The shipped encoder is a table of learnt vectors and needs neither torch nor a network."""

from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from knowledge_base.text import Word, words

Vectors = NDArray[np.float32]
FILES = ("config_sentence_transformers.json", "model.safetensors", "modules.json", "tokenizer.json")
SHIPPED = Path(__file__).parent / "data" / "encoder"


class Encoder(Protocol):
    """`encode` gives one L2-normalised float32 row per text (a row of zeros for a text with nothing known in it)."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode(self, texts: list[str]) -> Vectors: ...


class EncoderMissing(Exception):
    """There is no usable encoder where one was expected; the message says what to run."""


def features(sequence: list[Word]) -> list[str]:
    """What the static encoder sees: syllables, pairs of them, typed marks, and the letter triples of every syllable."""
    found = []
    previous = None
    for word in sequence:
        found.append("w" + word.folded)
        if word.marked:
            found.append("m" + word.marked)
        if previous is not None:
            found.append(f"p{previous.folded}_{word.folded}")
        padded = f"<{word.folded}>"
        found.extend("c" + padded[start : start + 3] for start in range(len(padded) - 2))
        previous = word
    return found


def feature_text(text: str) -> str:
    """`features` as one line: what sentence-transformers is given when the shipped folder is loaded there."""
    return " ".join(features(words(text)))


class _TokenizerModel(msgspec.Struct):
    vocab: dict[str, int]


class _TokenizerFile(msgspec.Struct):
    model: _TokenizerModel


class StaticEncoder:
    """Mean of learnt feature vectors, read from a sentence-transformers StaticEmbedding folder."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        self._folder = folder
        try:
            tokenizer = msgspec.json.decode((folder / "tokenizer.json").read_bytes(), type=_TokenizerFile)
            tensors = load_file(folder / "model.safetensors")
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise EncoderMissing(f"No encoder in {folder}: run `motcua train` ({error})") from error
        self._rows = tokenizer.model.vocab
        self._table: NDArray[np.float16 | np.float32] = tensors["embedding.weight"]
        self.name = f"static:{self._table.shape[0]}x{self._table.shape[1]}"
        self.dimension = int(self._table.shape[1])

    def files(self) -> dict[str, bytes]:
        """The folder's files by name: enough to load the encoder here or in sentence-transformers."""
        return {name: (self._folder / name).read_bytes() for name in FILES}

    def encode(self, texts: list[str]) -> Vectors:
        result = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for position, text in enumerate(texts):
            result[position] = self.encode_features(features(words(text)))
        return result

    def encode_features(self, found: list[str]) -> Vectors:
        """The vector of a text whose features are known already (one row, not a matrix)."""
        rows = [row for feature in found if (row := self._rows.get(feature)) is not None]
        if not rows:
            return np.zeros(self.dimension, dtype=np.float32)
        mean: Vectors = self._table[rows].astype(np.float32).sum(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-9)


class SentenceTransformersEncoder:
    """Any sentence-transformers model, by hub name or folder. Slow to start: torch is imported here and only here."""

    def __init__(self, name_or_folder: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(name_or_folder, device="cpu")
        self.name = f"sentence-transformers:{Path(name_or_folder).name}"
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)

    def encode(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(texts, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)
