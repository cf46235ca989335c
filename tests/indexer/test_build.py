"""Building and publishing a snapshot."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import StaticEncoder
from knowledge_base.index import StaleOrDamaged, current_id, open_snapshot
from knowledge_base.procedure import Case, CaseKind, Paper
from tests.fakes.small_index import NAMES, PHRASES, build_small, catalogue, save_encoder

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return save_encoder(tmp_path / "encoder")


def test_nothing_is_served_before_the_first_build(tmp_path: Path) -> None:
    """An empty folder has no current snapshot, and opening it says what to run."""
    assert current_id(tmp_path) is None
    with pytest.raises(StaleOrDamaged, match="motcua index"):
        open_snapshot(tmp_path)


def test_a_built_snapshot_is_served_and_finds(tmp_path: Path, encoder: Path) -> None:
    """What was built answers, with the catalogue it was built from."""
    result = build_small(tmp_path / "index", encoder)
    snapshot = open_snapshot(tmp_path / "index")
    assert result.outcome == "published"
    assert current_id(tmp_path / "index") == result.snapshot == snapshot.manifest.snapshot
    assert snapshot.catalogue.codes == tuple(NAMES)
    assert snapshot.finder.find("toi mat bang lai xe may").matches[0].code == "1.000004"


def test_unchanged_inputs_are_skipped(tmp_path: Path, encoder: Path) -> None:
    """The second build of the same inputs does nothing; with force it builds again."""
    first = build_small(tmp_path / "index", encoder)
    assert build_small(tmp_path / "index", encoder).outcome == "skipped"
    again = build_small(tmp_path / "index", encoder, force=True)
    assert (again.outcome, again.snapshot) == ("published", first.snapshot)
    assert open_snapshot(tmp_path / "index").finder.find("đăng ký kết hôn").matches[0].code == "1.000005"


def test_vectors_of_unchanged_phrases_are_used_again(tmp_path: Path, encoder: Path) -> None:
    """Only a new phrase is encoded when the encoder is the same."""
    encoded: list[str] = []

    class Counting(StaticEncoder):
        def encode(self, texts: list[str]):  # type: ignore[no-untyped-def]
            encoded.extend(texts)
            return super().encode(texts)

    build_small(tmp_path / "index", encoder)
    more = PHRASES | {"1.000001": [*PHRASES["1.000001"], "cháu bé chưa có giấy tờ gì"]}
    result = build_small(tmp_path / "index", encoder, phrases=more, encoder=Counting(encoder))
    assert encoded == ["cháu bé chưa có giấy tờ gì"]
    assert result.reused_vectors > 0


def test_an_index_that_answers_worse_is_refused(tmp_path: Path, encoder: Path) -> None:
    """The old snapshot goes on serving, the figures are told, and force publishes all the same."""
    questions = tmp_path / "questions.jsonl"
    asked = {"id": "1", "style": "plain", "question": "mất bằng lái xe máy", "codes": ["1.000004"], "asks": "general"}
    questions.write_text(json.dumps(asked), encoding="utf-8")
    first = build_small(tmp_path / "index", encoder, questions=questions)
    without = catalogue({code: name for code, name in NAMES.items() if code != "1.000004"})
    worse = build_small(tmp_path / "index", encoder, catalogue=without, questions=questions)
    assert (worse.outcome, worse.hit1_before, worse.hit1_after) == ("refused", 1.0, 0.0)
    assert current_id(tmp_path / "index") == first.snapshot
    forced = build_small(tmp_path / "index", encoder, catalogue=without, questions=questions, force=True)
    assert current_id(tmp_path / "index") == forced.snapshot


def test_only_the_last_three_snapshots_are_kept(tmp_path: Path, encoder: Path) -> None:
    """Older ones are removed after a publication, the serving one never."""
    for number in range(5):
        build_small(tmp_path / "index", encoder, phrases=PHRASES | {"1.000001": [f"khai sinh cháu thứ {number}"]})
    kept = [folder.name for folder in (tmp_path / "index" / "snapshots").iterdir()]
    assert len(kept) == 3
    assert current_id(tmp_path / "index") in kept


@pytest.mark.parametrize(
    "file", ["catalogue.json", "vectors.faiss", "lexicon.npz", "texts.json", "encoder/model.safetensors"]
)
def test_a_flipped_byte_or_a_missing_file_is_refused_and_repaired(tmp_path: Path, encoder: Path, file: str) -> None:
    """Opening names the file and what to run; the next build repairs it."""
    index = tmp_path / "index"
    name = build_small(index, encoder).snapshot
    path = index / "snapshots" / name / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StaleOrDamaged, match=f"{file}.*motcua index"):
        open_snapshot(index)
    path.unlink()
    with pytest.raises(StaleOrDamaged, match=f"{file}.*motcua index"):
        open_snapshot(index)
    assert build_small(index, encoder).outcome == "published"
    assert open_snapshot(index).manifest.snapshot == name


@pytest.mark.parametrize(
    ("change", "said"),
    [({"format": 99}, "99"), ({"vocabulary": "other"}, "từ vựng"), ({"files": 3}, "hỏng")],
)
def test_a_snapshot_of_another_make_is_refused(
    tmp_path: Path, encoder: Path, change: dict[str, object], said: str
) -> None:
    """Another format, another vocabulary or a broken manifest each give a sentence that says what to run."""
    index = tmp_path / "index"
    manifest = index / "snapshots" / build_small(index, encoder).snapshot / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(StaleOrDamaged, match=f"{said}.*motcua index"):
        open_snapshot(index)


@pytest.mark.parametrize("older", ["fewer columns", "no such model"])
def test_a_snapshot_of_an_older_version_is_refused_and_built_anew(tmp_path: Path, encoder: Path, older: str) -> None:
    """Weights for evidence that this version gathers no more: what to run is said, and running it mends all."""
    index = tmp_path / "index"
    folder = index / "snapshots" / build_small(index, encoder).snapshot
    weights = json.loads((folder / "finder.json").read_text(encoding="utf-8"))
    if older == "fewer columns":
        weights["rank"] = {key: (value[:-1] if key != "bias" else value) for key, value in weights["rank"].items()}
    else:
        del weights["away"]
    old = json.dumps(weights).encode()
    (folder / "finder.json").write_bytes(old)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["finder.json"] = hashlib.sha256(old).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(StaleOrDamaged, match=r"phiên bản khác.*motcua index"):
        open_snapshot(index)
    assert build_small(index, encoder, phrases=PHRASES | {"1.000002": ["xin sổ đi xa"]}).outcome == "published"
    assert open_snapshot(index).finder.find("đăng ký kết hôn").matches[0].code == "1.000005"


KILLED = """
import os, signal, sys
from pathlib import Path
from indexer import build as building
from tests.fakes.small_index import build_small, PHRASES
where, index, encoder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
module, name, after = where.split(":")
target = {"os": os, "building": building, "index": building.index}[module]
real, left = getattr(target, name), [int(after)]
def dying(*arguments, **named):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(*arguments, **named)
setattr(target, name, dying)
build_small(index, encoder, phrases=PHRASES | {"1.000002": ["xin sổ đi nước ngoài"]})
"""


@pytest.mark.parametrize(
    "where",
    ["os:fsync:0", "os:fsync:3", "building:_write:0", "os:replace:0", "index:publish_pointer:0", "os:replace:1"],
)
def test_killed_at_any_point_the_old_snapshot_serves_and_the_next_build_succeeds(
    tmp_path: Path, encoder: Path, where: str
) -> None:
    """kill -9 while writing, naming or publishing loses nothing."""
    index = tmp_path / "index"
    before = build_small(index, encoder).snapshot
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, where, str(index), str(encoder)],
        check=False,
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert open_snapshot(index).manifest.snapshot == before
    changed = PHRASES | {"1.000002": ["xin sổ đi nước ngoài"]}
    after = build_small(index, encoder, phrases=changed)
    assert after.outcome == "published"
    assert open_snapshot(index).manifest.snapshot == after.snapshot != before
    assert not list((index / "snapshots").glob(".*"))


def test_an_index_without_the_papers_that_serve_is_refused(tmp_path: Path, encoder: Path) -> None:
    """Also where no questions are asked; force publishes all the same."""
    paper = Case(kind=CaseKind.ALL, papers=(Paper(name="Đơn"),))
    full = Catalogue([replace(found, cases=(paper,)) for found in catalogue()])
    first = build_small(tmp_path / "index", encoder, catalogue=full)
    result = build_small(tmp_path / "index", encoder)
    assert result.outcome == "refused"
    assert "mất hết giấy tờ" in result.message
    assert current_id(tmp_path / "index") == first.snapshot
    assert build_small(tmp_path / "index", encoder, force=True).outcome == "published"
