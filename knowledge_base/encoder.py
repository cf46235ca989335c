"""From text to vectors. The shipped encoder is a table of learnt vectors and needs neither torch nor a network."""

from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from knowledge_base.text import Word, words

Vectors = NDArray[np.float32]
FILES = ("config_sentence_transformers.json", "model.safetensors", "modules.json", "tokenizer.json")
SHIPPED = Path(__file__).parent / "data" / "encoder"
TENSOR = "embedding.weight"
WORDS_KEPT = 8192
"""Words whose vectors are kept at hand: half a kilobyte each."""
_SIGN_AND_DIGITS = np.int32(-0x70002000)  # 0x8fffe000: where sign and digits of a half-precision number end up


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


class _Tensor(msgspec.Struct):
    dtype: Literal["F16", "F32"]
    shape: tuple[int, int]
    data_offsets: tuple[int, int]


class _Tensors(msgspec.Struct):
    table: _Tensor = msgspec.field(name=TENSOR)


def _mapped(file: Path) -> NDArray[np.float16 | np.float32]:
    """The table in a safetensors file (length of the header, header, data), left where it is."""
    with file.open("rb") as stream:
        header = int.from_bytes(stream.read(8), "little")
        tensor = msgspec.json.decode(stream.read(header), type=_Tensors).table
    kind = {"F16": np.float16, "F32": np.float32}[tensor.dtype]
    return np.memmap(file, dtype=kind, mode="r", offset=8 + header + tensor.data_offsets[0], shape=tensor.shape)


class _TokenizerModel(msgspec.Struct):
    vocab: dict[str, int]


class _TokenizerFile(msgspec.Struct):
    model: _TokenizerModel


class StaticEncoder:
    """Mean of learnt feature vectors, read from a sentence-transformers StaticEmbedding folder.

    `mapped` leaves the vectors in their file, of which only what is used comes into memory; the file must not be
    written to meanwhile (those of a snapshot never are).
    """

    def __init__(self, folder: Path = SHIPPED, *, mapped: bool = False) -> None:
        self._folder = folder
        try:
            tokenizer = msgspec.json.decode((folder / "tokenizer.json").read_bytes(), type=_TokenizerFile)
            table = _mapped(folder / "model.safetensors") if mapped else load_file(folder / "model.safetensors")[TENSOR]
        except (OSError, msgspec.DecodeError, KeyError, ValueError) as error:
            raise EncoderMissing(f"No encoder in {folder}: run `motcua train` ({error})") from error
        self._rows = tokenizer.model.vocab
        # a plain view: every look into numpy's own mapped arrays costs some microseconds more
        self._table: NDArray[np.float16 | np.float32] = np.asarray(table)
        self.name = f"static:{self._table.shape[0]}x{self._table.shape[1]}"
        self.dimension = int(self._table.shape[1])
        self._vector_of = lru_cache(maxsize=WORDS_KEPT)(self._vector_of_word)

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
        vector: Vectors = self.encode_parts(sequence, [(0, len(sequence))])[0]
        return vector

    def encode_parts(self, sequence: list[Word], parts: list[tuple[int, int]]) -> Vectors:
        """One normalised row for each part of a text whose words are read already; a part is its first word's place and
        the place behind its last."""
        result = np.zeros((len(parts), self.dimension), dtype=np.float32)
        if not sequence:
            return result
        single = np.array([self._vector_of(word) for word in sequence])
        known = [
            (place, row)
            for place, (first, second) in enumerate(pairwise(sequence))
            if (row := self._rows.get(f"p{first.folded}_{second.folded}")) is not None
        ]
        places = [place for place, _ in known]
        pairs = _widened(self._table[[row for _, row in known]]) if known else result[:0]
        for number, (begin, end) in enumerate(parts):
            result[number] = np.add.reduce(single[begin:end], axis=0)
            inside = pairs[bisect_left(places, begin) : bisect_left(places, end - 1)]
            if len(inside):
                result[number] += np.add.reduce(inside, axis=0)
        lengths = np.sqrt(np.einsum("ij,ij->i", result, result))
        result /= np.maximum(lengths, 1e-9)[:, None]
        return result

    def _vector_of_word(self, word: Word) -> Vectors:
        rows = [row for feature in _features_of(word) if (row := self._rows.get(feature)) is not None]
        return np.asarray(_widened(self._table[rows]).sum(axis=0), dtype=np.float32)


def _widened(table: NDArray[np.float16 | np.float32]) -> Vectors:
    """Half-precision numbers as single ones, by moving their bits: numpy's own conversion is five times slower."""
    if table.dtype != np.float16:
        return table.astype(np.float32)
    bits = table.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= _SIGN_AND_DIGITS
    single: Vectors = bits.view(np.float32)
    single *= np.float32(2.0**112)  # the distance between the two ways of counting exponents
    return single


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
