"""From text to vectors. The shipped encoder is a table of learnt vectors and needs neither torch nor a network."""

from functools import lru_cache
from itertools import pairwise
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
    def name(self) -> str:
        """Kind and size or origin; a snapshot made with another name does not fit."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: list[str]) -> Vectors:
        """One row per text."""
        ...


class EncoderMissing(Exception):  # noqa: N818 - says what is the matter
    """There is no usable encoder where one was expected; the message says what to run."""


@lru_cache(maxsize=50_000)
def _features_of(word: Word) -> tuple[str, ...]:
    padded = f"<{word.folded}>"
    triples = ["c" + padded[start : start + 3] for start in range(len(padded) - 2)]
    return ("w" + word.folded, *(["m" + word.marked] if word.marked else []), *triples)


def features(sequence: list[Word]) -> list[str]:
    """What the static encoder sees: syllables, pairs of them, typed marks, and the letter triples of every syllable."""
    found = [feature for word in sequence for feature in _features_of(word)]
    found.extend(f"p{first.folded}_{second.folded}" for first, second in pairwise(sequence))
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
        self._rows_of = lru_cache(maxsize=20_000)(self._rows_of_word)

    def files(self) -> dict[str, bytes]:
        """The folder's files by name: enough to load the encoder here or in sentence-transformers."""
        return {name: (self._folder / name).read_bytes() for name in FILES}

    def encode(self, texts: list[str]) -> Vectors:
        """One normalised row per text; zeros where nothing in it is known."""
        result = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for position, text in enumerate(texts):
            result[position] = self.encode_words(words(text))
        return result

    def encode_words(self, sequence: list[Word]) -> Vectors:
        """The vector of a text whose words are read already (one row, not a matrix)."""
        rows = [row for word in sequence for row in self._rows_of(word)]
        known = self._rows
        for first, second in pairwise(sequence):
            row = known.get(f"p{first.folded}_{second.folded}")
            if row is not None:
                rows.append(row)
        if not rows:
            return np.zeros(self.dimension, dtype=np.float32)
        total: Vectors = self._table[rows].astype(np.float32).sum(axis=0)
        return total / max(float(np.sqrt(total.dot(total))), 1e-9)

    def _rows_of_word(self, word: Word) -> tuple[int, ...]:
        return tuple(row for feature in _features_of(word) if (row := self._rows.get(feature)) is not None)


class SentenceTransformersEncoder:
    """Any sentence-transformers model, by hub name or folder. Slow to start: torch is imported here and only here."""

    def __init__(self, name_or_folder: str) -> None:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - serving must not need it

        self._model = SentenceTransformer(name_or_folder, device="cpu")
        self.name = f"sentence-transformers:{Path(name_or_folder).name}"
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)

    def encode(self, texts: list[str]) -> Vectors:
        """One normalised row per text."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(texts, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)
