"""What the console has built in a process of its own, and whose records it takes; imports are kept for comparing."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from bot.catalogue_records import ImportSummary, Outcome, Wish
from bot.settings import Settings
from bot.storage.database import open_database
from bot.storage.overrides import ImportStore, OverrideStore
from knowledge_base.catalogue import Catalogue, content_of, encode_file
from knowledge_base.overrides import Correct, Hide, Phrase
from motcua import learning, publishing
from motcua.__main__ import cli
from tests.fakes.small_index import build_small, catalogue, save_encoder

SIGNED = {"who": "B", "when": "2026-11-24", "why": "x"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine with five procedures in its folder, of which the index that serves hides one and adds a phrase."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "ubnd-cap-xa.json").write_bytes(encode_file("ubnd-cap-xa", catalogue()))
    empty = tmp_path / "overrides.json"
    empty.write_text('{"overrides": []}')
    for name, value in (
        ("DATABASE_URL", f"sqlite:///{tmp_path / 'motcua.db'}"),
        ("MOTCUA_INDEX_DIR", tmp_path / "index"),
        ("MOTCUA_CATALOGUE_DIR", folder),
        ("MOTCUA_OVERRIDES_FILE", empty),
    ):
        monkeypatch.setenv(name, str(value))
    served = Catalogue.overlaid(
        catalogue(),
        [
            Hide(code="1.000005", origin="staff:1", **SIGNED),
            Phrase(code="1.000001", text="sinh cháu", origin="question:1", **SIGNED),
        ],
    )
    build_small(tmp_path / "index", save_encoder(tmp_path / "encoder"), catalogue=served)
    return Settings()


@pytest.fixture
def engine(settings: Settings) -> Engine:
    """Its database: a corrected name and a new phrase wait."""
    engine = open_database(settings.database_url)
    store = OverrideStore(engine)
    store.add(Correct(code="1.000002", field="name", value="Cấp hộ chiếu", **SIGNED))
    store.add(Phrase(code="1.000002", text="đi Lào", **SIGNED))
    return engine


def test_words_alone_leave_what_residents_read_as_it_is(settings: Settings, engine: Engine) -> None:
    """The hidden one stays hidden, the name stays; the new phrase comes, the one that is no longer linked goes."""
    built = learning._served(settings, learning._from_staff(settings), only_words=True)
    assert built.hidden == ("1.000005",)
    assert built.get("1.000002").name == "Cấp hộ chiếu phổ thông"
    assert built.phrases == {"1.000002": ("đi Lào",)}


def test_all_that_staff_want_is_laid_over_the_served_records(settings: Settings, engine: Engine) -> None:
    """Also where this machine's folder does not hold them: what was hidden and is no longer comes back."""
    built = learning._served(settings, learning._from_staff(settings), only_words=False)
    assert built.hidden == ()
    assert built.get("1.000002").name == "Cấp hộ chiếu"
    assert built.recorded("1.000002").name == "Cấp hộ chiếu phổ thông"
    assert built.all_recorded() == tuple(catalogue())


def test_the_folder_counts_where_it_holds_the_last_import(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one machine always; on several only if the records are those; elsewhere it is told where to index."""
    assert learning._whose(settings) == ("folder", [])
    monkeypatch.setattr("bot.storage.database.open_database", lambda _url: engine)
    many = settings.model_copy(update={"database_url": "postgresql://several/machines"})
    assert learning._whose(many) == ("folder", [])
    store = ImportStore(engine)
    store.add(content_of(catalogue()), ImportSummary(), ())
    assert learning._whose(many) == ("folder", [])
    store.add("of another machine", ImportSummary(), ())
    records, notes = learning._whose(many)
    assert records == "served"
    assert "motcua index" in notes[0]


def test_an_import_into_the_catalogue_is_kept_for_comparing(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    """Before and after of what it changed; one into another folder is nobody's business."""
    before = list(catalogue())
    source = tmp_path / "portal.csv"
    source.write_text("x", "utf-8")
    changed = msgspec.structs.replace(before[0], name="Đăng ký khai sinh lại")
    assert settings.catalogue_dir is not None
    report = learning_report()
    publishing.remember_import(settings, [source], tmp_path / "elsewhere", before, report)
    assert ImportStore(engine).last() is None
    (settings.catalogue_dir / "ubnd-cap-xa.json").write_bytes(encode_file("ubnd-cap-xa", [changed, *before[1:]]))
    publishing.remember_import(settings, [source], settings.catalogue_dir, before, report)
    last = ImportStore(engine).last()
    assert last is not None
    assert (last.summary.sources, last.summary.changed) == (("portal.csv",), 1)
    (change,) = ImportStore(engine).changes(last.id)
    assert (change.before, change.after) == (before[0], changed)


def learning_report() -> object:
    from indexer.catalogue_import import ImportReport

    return ImportReport(sources=1, records=1, in_catalogue=5)


def test_the_command_tells_the_console_in_lines(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress, then the result with what was measured; the process that asked reads nothing else."""
    given: dict[str, object] = {}

    def build(*_where: Path, **arguments: object) -> object:
        from indexer.build import BuildResult

        given.update(arguments)
        arguments["progress"]("tables", 1, 5)  # type: ignore[operator]
        return BuildResult(outcome="refused", snapshot="s", message="m", worse="kém hơn")

    monkeypatch.setattr("indexer.build.build", build)
    monkeypatch.setattr("os.nice", lambda _by: 0)
    result = CliRunner().invoke(cli, ["index", "--lines", "--only-words"])
    assert result.exit_code == 1
    told = [json.loads(line)["motcua"] for line in result.output.splitlines() if line.startswith('{"motcua"')]
    assert told[0] == {"stage": "tables", "done": 1, "total": 5}
    assert told[-1]["result"]["worse"] == "kém hơn"
    assert given["catalogue"].hidden == ("1.000005",)  # type: ignore[attr-defined]


def test_a_build_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise between is kept for the log; signs of life repeat how far it is; a process that dies has failed."""
    lines = [
        "a warning of some library",
        '{"motcua": {"stage": "tables", "done": 2, "total": 5}}',
        '{"motcua": {}}',
        '{"motcua": {"result": {"outcome": "published", "snapshot": "s", "after": {"questions": 3, "hit1": 0.5}}}}',
    ]
    real = subprocess.Popen
    commands: list[list[str]] = []

    def instead(text: str) -> Callable[..., object]:
        def popen(command: list[str], **options: object) -> object:
            commands.append(command)
            return real([sys.executable, "-c", f"print({text!r})"], **options)  # type: ignore[call-overload]

        return popen

    monkeypatch.setattr(subprocess, "Popen", instead("\n".join(lines)))
    heard: list[tuple[int, int]] = []
    built = publishing.in_a_process(Wish(only_words=True), lambda done, total: heard.append((done, total)))
    assert built.outcome is Outcome.PUBLISHED
    assert built.after is not None
    assert built.after.hit1 == 0.5
    assert heard == [(2, 5), (2, 5), (2, 5)]
    assert commands[0][1:5] == ["-m", "motcua", "index", "--lines"]
    assert "--only-words" in commands[0]
    assert "--force" not in commands[0]
    monkeypatch.setattr(subprocess, "Popen", instead("Killed"))
    assert publishing.in_a_process(Wish(), lambda *_: None).outcome is Outcome.FAILED
