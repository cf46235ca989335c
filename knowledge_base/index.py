"""A snapshot: everything needed for answering, built once, read-only, checked when opened. Only file with faiss.

<index_dir>/current                 the name of the serving snapshot; replaced by one rename
<index_dir>/snapshots/<name>/       manifest.json and the files it lists with their sha256
"""

import fcntl
import hashlib
import io
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import faiss
import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.catalogue import Catalogue, CatalogueError
from knowledge_base.encoder import Encoder, EncoderMissing, SentenceTransformersEncoder, StaticEncoder, Vectors
from knowledge_base.evidence import Material
from knowledge_base.finder import Finder
from knowledge_base.lexicon import Lexicon, Scores
from knowledge_base.procedure import Procedure
from knowledge_base.text import VOCABULARY, spans, terms, words
from knowledge_base.weights import Weights

FORMAT = 4
EXACT_BELOW = 4_800
"""Up to this many vectors all are compared: that takes no longer than choosing cells would."""
CELLS = 4
"""Cells for each step of the square root of the number of vectors: the vectors compared grow with the root only. Many
small cells, of which few are looked into, found more of the nearest in the same time than 96 large ones. Not a graph
(HNSW): its links (32 to a side) would add half as much memory again to half-precision vectors. Figures are in
docs/finding.md."""
VISITED, MANY_VISITED = 24, 48
"""How many cells a search looks into, and from MANY vectors on."""
MANY = 50_000
COMMON = 2_500
"""Words that the finder makes itself familiar with when a snapshot is opened: nine tenths of all that phrases hold."""
KEPT = 3
"""How many snapshots stay on a disk, the serving one among them."""
REBUILD = "Hãy chạy `motcua index` để dựng lại."


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is and what must be in it. `built` is an ISO time in UTC, `files` maps names to sha256."""

    format: int
    snapshot: str
    model: str
    dimension: int
    vocabulary: str
    corpus: str
    built: str
    counts: dict[str, int]
    files: dict[str, str]


class StaleOrDamaged(Exception):  # noqa: N818 - says what is the matter
    """The snapshot cannot be used; the message says why and what to run."""


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """The small tables of a snapshot as they are stored. `digests` name the phrase behind each vector; they are kept
    in a file of their own, which answering does not read."""

    codes: list[str]
    commune: list[int]
    fields: list[str]
    titles: list[str]
    phrases: list[str]
    owner: list[int]
    digests: list[str] = []
    common: list[str] = []
    """The words that phrases have most often, as they are written: what the finder makes itself familiar with."""


@dataclass(frozen=True)
class Snapshot:
    """An opened snapshot: what it is, what it says about procedures, and the finder over it."""

    manifest: Manifest
    catalogue: Catalogue
    finder: Finder


@dataclass(frozen=True)
class Prepared:
    """A snapshot's content in memory: what `build` writes and what calibration works on without writing."""

    texts: Texts
    lexicon: Lexicon
    vectors: Vectors
    prototypes: Vectors


def vocabulary_hash() -> str:
    """Changes with the shipped vocabulary, which decides how questions and phrases are read."""
    digest = hashlib.sha256()
    for file in sorted(VOCABULARY.glob("*.json")):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def prepare(
    procedures: Sequence[Procedure],
    phrases: dict[str, list[str]],
    elsewhere: Sequence[str],
    encoder: Encoder,
    known: dict[str, NDArray[np.float32]] | None = None,
) -> Prepared:
    """Tables and vectors for finding `procedures`; vectors in `known` (by digest of their text) are not made again."""
    said: list[str] = []
    owner: list[int] = []
    for number, procedure in enumerate(procedures):
        mine = [procedure.name, *phrases.get(procedure.code, [])]
        said += mine
        owner += [number] * len(mine)
    aside = list(elsewhere) or ["?"]
    said += aside
    owner += [len(procedures)] * len(aside)
    read = [words(text) for text in said]
    found = [terms(sequence) for sequence in read]
    titles = [words(procedure.name) for procedure in procedures]
    wholes: list[list[str]] = [[] for _ in procedures]
    for number, mine_terms in zip(owner, found, strict=True):
        if number < len(procedures):
            wholes[number] += mine_terms
    for number, procedure in enumerate(procedures):
        papers = " ; ".join(paper.name for paper in procedure.papers[:8])
        official = " ; ".join([procedure.field, *procedure.results[:2], papers])[:800]
        wholes[number] += [term for term in terms(words(official)) if term[0] in "wp"]
    lexicon = Lexicon.build(
        {"phrases": found, "titles": [terms(title) for title in titles], "wholes": wholes}, weigh_by="phrases"
    )
    digests = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in said]
    known = known or {}
    missing = [position for position, digest in enumerate(digests) if digest not in known]
    fresh = encoder.encode([said[position] for position in missing])
    vectors = np.zeros((len(said), encoder.dimension), dtype=np.float32)
    if missing:
        vectors[missing] = fresh
    for position, digest in enumerate(digests):
        if digest in known:
            vectors[position] = known[digest]
    sums = np.zeros((len(procedures) + 1, encoder.dimension), dtype=np.float32)
    np.add.at(sums, np.array(owner), vectors)
    prototypes = sums[:-1] / np.maximum(np.linalg.norm(sums[:-1], axis=1, keepdims=True), 1e-9)
    texts = Texts(
        codes=[procedure.code for procedure in procedures],
        commune=[int(procedure.counter == "commune") for procedure in procedures],
        fields=[procedure.field for procedure in procedures],
        titles=[" ".join(word.folded for word in title) for title in titles],
        phrases=[" ".join(word.folded for word in sequence) for sequence in read],
        owner=owner,
        digests=digests,
        common=[token for token, _ in Counter(token for text in said for token in spans(text)).most_common(COMMON)],
    )
    return Prepared(texts, lexicon, vectors, prototypes.astype(np.float32))


def vector_index(vectors: Vectors) -> faiss.Index:
    """Search by inner product over half-precision vectors: exact for few, over the nearest cells for many."""
    width, count = vectors.shape[1], len(vectors)
    index: faiss.Index
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    if count < EXACT_BELOW:
        index = faiss.IndexScalarQuantizer(width, half, product)
    else:
        cells = faiss.index_factory(width, f"IVF{CELLS * math.isqrt(count)},SQfp16", product)
        assert isinstance(cells, faiss.IndexIVF)
        cells.nprobe = MANY_VISITED if count > MANY else VISITED
        cells.cp.min_points_per_centroid = 8  # cells are meant to be small
        cells.cp.max_points_per_centroid = 64  # enough for means, and a quarter of the time
        cells.make_direct_map()
        index = cells
    index.train(vectors)
    index.add(vectors)
    return index


def material(prepared: Prepared, encoder: Encoder, index: faiss.Index | None = None) -> Material:
    """What the finder works on."""
    faiss.omp_set_num_threads(1)
    searched = index if index is not None else vector_index(prepared.vectors)

    def nearest(vector: Vectors, count: int) -> tuple[Scores, NDArray[np.int64]]:
        similarities, numbers = searched.search(vector[None, :], min(count, searched.ntotal))
        return similarities[0], numbers[0]

    inner_products = getattr(faiss, "fvec_inner_products_ny")  # noqa: B009 - not in the package's stubs
    prototypes = np.ascontiguousarray(prepared.prototypes, dtype=np.float32)
    place = faiss.swig_ptr(prototypes)

    def likeness(vector: Vectors) -> Scores:
        # one vector against all, in this thread: BLAS would wake others for it, which costs more than the products
        asked, products = np.ascontiguousarray(vector, dtype=np.float32), np.empty(len(prototypes), dtype=np.float32)
        inner_products(faiss.swig_ptr(products), faiss.swig_ptr(asked), place, *prototypes.shape[::-1])
        return products

    texts = prepared.texts
    return Material(
        codes=texts.codes,
        fields=texts.fields,
        commune=np.array(texts.commune, dtype=np.float32),
        titles=texts.titles,
        phrases=texts.phrases,
        owner=np.array(texts.owner, dtype=np.int32),
        lexicon=prepared.lexicon,
        encoder=encoder,
        prototypes=prototypes,
        likeness=likeness,
        nearest=nearest,
    )


def files_of(prepared: Prepared, catalogue: Catalogue, weights: Weights) -> dict[str, bytes]:
    """The content of a snapshot's files, without manifest and encoder."""
    lexicon, vectors = io.BytesIO(), vector_index(prepared.vectors)
    np.savez(lexicon, allow_pickle=False, **prepared.lexicon.arrays())
    prototypes = io.BytesIO()
    np.save(prototypes, prepared.prototypes.astype(np.float16))
    return {
        "catalogue.json": catalogue.to_bytes(),
        "texts.json": msgspec.json.encode(msgspec.structs.replace(prepared.texts, digests=[])),
        "digests.json": msgspec.json.encode(prepared.texts.digests),
        "lexicon.npz": lexicon.getvalue(),
        "prototypes.npy": prototypes.getvalue(),
        "vectors.faiss": faiss.serialize_index(vectors).tobytes(),
        "finder.json": msgspec.json.encode(weights),
    }


def current_id(index_dir: Path) -> str | None:
    """The name of the snapshot that is served from `index_dir`; None where nothing was ever published."""
    try:
        return (index_dir / "current").read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def publish_pointer(index_dir: Path, name: str) -> None:
    """Let the complete snapshot `name` serve, in one rename: a reader sees the old name or the new one."""
    aside = index_dir / "current.new"
    with aside.open("wb") as stream:
        stream.write(name.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(index_dir / "current")
    sync_folder(index_dir)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone(index_dir: Path) -> Iterator[None]:
    """One builder or fetcher at a time on one disk; what one that died left half written is cleared away."""
    (index_dir / "snapshots").mkdir(parents=True, exist_ok=True)
    with (index_dir / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in (index_dir / "snapshots").glob(".*.new"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


def forget_old(index_dir: Path, serving: str) -> None:
    """Remove all but the last KEPT snapshots; damaged ones go first, the serving one never."""
    others = [folder for folder in (index_dir / "snapshots").iterdir() if folder.is_dir() and folder.name != serving]
    others.sort(key=lambda folder: folder.stat().st_mtime_ns if intact(folder) else 0, reverse=True)
    for folder in others[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def intact(folder: Path) -> bool:
    """Whether every file of a snapshot is what its manifest says."""
    try:
        read_files(folder, read_manifest(folder))
    except StaleOrDamaged:
        return False
    return True


def read_manifest(folder: Path) -> Manifest:
    """The manifest of one snapshot; StaleOrDamaged where it cannot be read or is of another format."""
    try:
        raw = (folder / "manifest.json").read_bytes()
        found = msgspec.json.decode(raw, type=dict[str, object]).get("format")
        if found != FORMAT:
            raise StaleOrDamaged(f"Bộ tra cứu {folder.name} thuộc định dạng {found}, cần {FORMAT}. {REBUILD}")
        return msgspec.json.decode(raw, type=Manifest)
    except FileNotFoundError as error:
        raise StaleOrDamaged(f"Bộ tra cứu {folder.name} thiếu tệp manifest.json. {REBUILD}") from error
    except msgspec.DecodeError as error:
        raise StaleOrDamaged(f"Tệp manifest.json của bộ tra cứu {folder.name} bị hỏng. {REBUILD}") from error


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file that the manifest lists with its sha256; StaleOrDamaged where one is missing or differs."""
    for name, expected in manifest.files.items():
        try:
            with (folder / name).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise StaleOrDamaged(f"Bộ tra cứu {folder.name} thiếu tệp {name}. {REBUILD}") from error
        if found != expected:
            raise StaleOrDamaged(f"Tệp {name} của bộ tra cứu {folder.name} bị hỏng. {REBUILD}")


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Every file that the manifest lists, checked."""
    check_files(folder, manifest)
    return {name: (folder / name).read_bytes() for name in manifest.files}


def open_snapshot(index_dir: Path) -> Snapshot:
    """The published snapshot, every file checked. Raises StaleOrDamaged with a sentence that says what to run."""
    name = current_id(index_dir)
    if name is None:
        raise StaleOrDamaged(f"Chưa có bộ tra cứu nào trong {index_dir}. {REBUILD}")
    return read_snapshot(index_dir / "snapshots" / name)


def read_snapshot(folder: Path) -> Snapshot:
    """The snapshot in `folder`, published or not."""
    manifest = read_manifest(folder)
    if manifest.vocabulary != vocabulary_hash():
        raise StaleOrDamaged(f"Bộ tra cứu {folder.name} dựng với bảng từ vựng khác. {REBUILD}")
    check_files(folder, manifest)
    try:
        return _read(folder, manifest)
    except (msgspec.DecodeError, CatalogueError, KeyError, ValueError) as error:
        # the files are whole, so another version of the program wrote them
        raise StaleOrDamaged(
            f"Bộ tra cứu {folder.name} dựng bằng phiên bản khác của chương trình. {REBUILD}"
        ) from error


def _read(folder: Path, manifest: Manifest) -> Snapshot:
    # one file after the other, none held as a whole beside what is made of it: a server that takes up a newer snapshot
    # has two of them in memory for a moment
    catalogue = Catalogue.from_bytes((folder / "catalogue.json").read_bytes())
    texts = msgspec.json.decode((folder / "texts.json").read_bytes(), type=Texts)
    with np.load(folder / "lexicon.npz", allow_pickle=False) as arrays:
        lexicon = Lexicon.read({key: arrays[key] for key in arrays.files})
    prototypes = np.load(folder / "prototypes.npy", allow_pickle=False).astype(np.float32)
    index = faiss.read_index(str(folder / "vectors.faiss"))
    encoder = _encoder(folder, manifest)
    prepared = Prepared(texts, lexicon, np.zeros((0, manifest.dimension), dtype=np.float32), prototypes)
    weights = msgspec.json.decode((folder / "finder.json").read_bytes(), type=Weights)
    if not weights.fit():
        raise ValueError("weights for other evidence")
    finder = Finder(material(prepared, encoder, index), weights)
    finder.warm(texts.common)
    return Snapshot(manifest, catalogue, finder)


def _encoder(folder: Path, manifest: Manifest) -> Encoder:
    if manifest.model.startswith("static:"):
        try:
            return StaticEncoder(folder / "encoder", mapped=True)
        except EncoderMissing as error:
            raise StaleOrDamaged(f"Bộ tra cứu {folder.name} thiếu bộ mã hóa câu. {REBUILD}") from error
    encoder = SentenceTransformersEncoder(manifest.model.removeprefix("sentence-transformers:"))
    if encoder.dimension != manifest.dimension:
        raise StaleOrDamaged(f"Mô hình {manifest.model} không còn khớp với bộ tra cứu {folder.name}. {REBUILD}")
    return encoder


def vectors_by_digest(folder: Path, manifest: Manifest) -> dict[str, NDArray[np.float32]]:
    """The vectors of a snapshot by the digest of their text, to be used again when the encoder is the same."""
    check_files(folder, manifest)
    digests = msgspec.json.decode((folder / "digests.json").read_bytes(), type=list[str])
    index = faiss.read_index(str(folder / "vectors.faiss"))
    return dict(zip(digests, index.reconstruct_n(0, index.ntotal), strict=True))
