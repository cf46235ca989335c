"""Builds a snapshot and publishes it. Whatever happens on the way, the snapshot published before goes on serving."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.evaluate import Report, Score, evaluate
from indexer.keeping import FEW, MOST_GONE, too_much_lost
from indexer.linked import Answered, Linked, ask_linked
from indexer.phrases import Phrases, read_out_of_scope
from knowledge_base import index
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import Encoder, StaticEncoder
from knowledge_base.index import Manifest, StaleOrDamaged
from knowledge_base.weights import Weights

TOLERANCE = 0.01
"""How much worse than the serving snapshot one may answer the questions before its publication is refused."""

STAGES = 5
"""Of which a build tells its progress."""
Progress = Callable[[str, int, int], None]


class BuildResult(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` "skipped": nothing to do; "published": serving now; "refused": worse than the one that serves.

    `hit1_before` and `hit1_after` are shares on the questions given, None where not measured; `before` is all that was
    measured of the serving snapshot, `report` of this one. `worse`: what got worse, in words. `linked_before` and
    `linked_after`: how the serving and this snapshot answer what staff linked.
    """

    outcome: Literal["skipped", "published", "refused"]
    snapshot: str
    message: str
    counts: dict[str, int] = {}
    reused_vectors: int = 0
    hit1_before: float | None = None
    hit1_after: float | None = None
    before: Score | None = None
    report: Report | None = None
    worse: str = ""
    linked_before: Answered | None = None
    linked_after: Answered | None = None


def build(
    index_dir: Path,
    *,
    catalogue: Catalogue,
    phrases: Phrases,
    encoder: Encoder,
    progress: Progress = lambda *_: None,
    force: bool = False,
    questions: Path | None = None,
    elsewhere: list[str] | None = None,
    weights: Weights | None = None,
    linked: Sequence[Linked] = (),
) -> BuildResult:
    """Build from these inputs and publish, unless they are served already or answer `questions` worse than now.

    Nor is it published where many procedures would lose all their papers, fees or times.

    `phrases` holds the phrases of `linked` questions already; those are only asked, before and after.
    `force` builds and publishes in any case. `elsewhere` (messages that are not ours) and `weights` default to the
    shipped ones. Two builds at once wait for each other.
    """
    elsewhere = read_out_of_scope() if elsewhere is None else elsewhere
    weights = Weights.read() if weights is None else weights
    said = {code: [*phrases.get(code, []), *catalogue.phrases.get(code, ())] for code in catalogue.codes}
    corpus = _digest(catalogue.content_hash(), said, elsewhere)
    name = _digest(corpus, _fingerprint(encoder), index.vocabulary_hash(), index.FORMAT, weights)[:16]
    with index.alone(index_dir):
        serving = _serving(index_dir)
        if serving is not None and serving.snapshot == name and not force:
            return BuildResult(
                outcome="skipped", snapshot=name, message="Bộ tra cứu đã là mới nhất.", counts=serving.counts
            )
        known = _known_vectors(index_dir, serving, encoder)
        progress("tables", 0, STAGES)
        prepared = index.prepare(list(catalogue), said, elsewhere, encoder, known)
        progress("write", 1, STAGES)
        counts = {
            "procedures": len(catalogue),
            "phrases": sum(map(len, said.values())),
            "elsewhere": len(elsewhere),
            "vectors": len(prepared.texts.phrases),
        }
        content = index.files_of(prepared, catalogue, weights)
        if isinstance(encoder, StaticEncoder):
            content |= {f"encoder/{file}": data for file, data in encoder.files().items()}
        manifest = Manifest(
            format=index.FORMAT,
            snapshot=name,
            model=encoder.name,
            dimension=encoder.dimension,
            vocabulary=index.vocabulary_hash(),
            corpus=corpus,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
            counts=counts,
            files={file: hashlib.sha256(data).hexdigest() for file, data in content.items()},
        )
        folder = _write(index_dir, name, content, manifest)
        progress("check", 2, STAGES)
        result = BuildResult(
            outcome="published",
            snapshot=name,
            message=f"Đã đưa vào dùng bộ tra cứu {name}.",
            counts=counts,
            reused_vectors=len(set(prepared.texts.digests) & known.keys()),
        )
        fresh = index.read_snapshot(folder)
        snapshot = _snapshot_before(index_dir) if serving is not None else None
        before = snapshot.finder if snapshot else None
        lost = _lost(snapshot.catalogue, catalogue) if snapshot else ""
        if linked:
            result = msgspec.structs.replace(
                result,
                linked_before=ask_linked(before, linked) if before else None,
                linked_after=ask_linked(fresh.finder, linked),
            )
        if questions is not None:
            old = evaluate(before, questions).overall if before else None
            progress("compare", 3, STAGES)
            report = evaluate(fresh.finder, questions)
            progress("compare", 4, STAGES)
            worse = "; ".join(filter(None, (lost, _worse(old, report.overall))))
            result = msgspec.structs.replace(
                result,
                before=old,
                report=report,
                worse=worse,
                hit1_after=report.overall.hit1,
                hit1_before=old.hit1 if old else None,
            )
        if (result.worse or lost) and not force:
            worse = result.worse or lost
            return msgspec.structs.replace(
                result,
                outcome="refused",
                worse=worse,
                message=f"Không đưa vào dùng: {worse}. Xem lại thay đổi, hoặc chạy lại với --force.",
            )
        index.publish_pointer(index_dir, name)
        index.forget_old(index_dir, name)
        progress("published", STAGES, STAGES)
        return result


def _worse(before: Score | None, after: Score) -> str:
    """What is worse than in the serving snapshot, as words; empty where nothing is.

    Not only the first candidate counts: phrases may silence what was answered, or make wrong answers certain.
    """
    if before is None:
        return ""
    better = ((before.hit1, after.hit1, "trả lời đúng"),)
    fewer = (
        (before.false_abstention, after.false_abstention, "bỏ sót câu hỏi"),
        (before.wrong_sure, after.wrong_sure, "chắc chắn mà sai"),
    )
    compared = [(old, new, said, (old or 0) - (new or 0)) for old, new, said in better]
    compared += [(old, new, said, (new or 0) - (old or 0)) for old, new, said in fewer]
    # of few certain answers one more mistake is a large share, and still one
    one = 1 / max((after.sure or 0) * after.questions, 1)
    return "; ".join(
        f"{said} {new or 0:.1%}, kém bản đang dùng ({old or 0:.1%})"
        for old, new, said, loss in compared
        if loss > (max(TOLERANCE, one) if (old, new) == (before.wrong_sure, after.wrong_sure) else TOLERANCE)
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def _fingerprint(encoder: Encoder) -> str:
    if isinstance(encoder, StaticEncoder):
        return _digest(*(hashlib.sha256(data).hexdigest() for _, data in sorted(encoder.files().items())))
    return f"{encoder.name}/{encoder.dimension}"


def _serving(index_dir: Path) -> Manifest | None:
    """The manifest of the published snapshot if it could be served as it is."""
    name = index.current_id(index_dir)
    if name is None:
        return None
    try:
        folder = index_dir / "snapshots" / name
        manifest = index.read_manifest(folder)
        index.read_files(folder, manifest)
    except StaleOrDamaged:
        return None
    return manifest if manifest.vocabulary == index.vocabulary_hash() else None


def _snapshot_before(index_dir: Path) -> index.Snapshot | None:
    """What serves now; None where this version of the program cannot read it and so cannot compare."""
    try:
        return index.open_snapshot(index_dir)
    except StaleOrDamaged:
        return None


def _lost(serving: Catalogue, new: Catalogue) -> str:
    """Which procedures' papers, fees or times would be gone, or that many procedures would; "" where little is."""
    before, after = ({found.code: found for found in each} for each in (serving, new))
    gone = before.keys() - after.keys()
    said = [too_much_lost(before, after)]
    if len(gone) > max(FEW, MOST_GONE * len(before)):
        said.append(f"thiếu {len(gone)} trên {len(before)} thủ tục đang dùng")
    return "; ".join(filter(None, said))


def _known_vectors(index_dir: Path, serving: Manifest | None, encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    """Vectors of the serving snapshot where they were made by this very encoder."""
    if serving is None or serving.dimension != encoder.dimension:
        return {}
    folder = index_dir / "snapshots" / serving.snapshot
    if isinstance(encoder, StaticEncoder):
        names = [f"encoder/{file}" for file in encoder.files()]
        made_by = [hashlib.sha256(data).hexdigest() for data in encoder.files().values()]
        same = [serving.files.get(name) for name in names] == made_by
    else:
        same = serving.model == encoder.name
    return index.vectors_by_digest(folder, serving) if same else {}


def _write(index_dir: Path, name: str, content: dict[str, bytes], manifest: Manifest) -> Path:
    """Write all files aside, force them to disk, then give the folder its name in one step."""
    aside, folder = index_dir / "snapshots" / f".{name}.new", index_dir / "snapshots" / name
    for file, data in {**content, "manifest.json": msgspec.json.encode(manifest)}.items():
        _write_through(aside / file, data)
    if folder.exists():
        if index.current_id(index_dir) == name and index.intact(folder):
            shutil.rmtree(aside)
            return folder
        doomed = index_dir / "snapshots" / f".{name}.old.new"
        folder.replace(doomed)
        shutil.rmtree(doomed)
    aside.replace(folder)
    index.sync_folder(folder.parent)
    return folder


def _write_through(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
