"""A newly published snapshot is taken up while people are being answered; a damaged one is not."""

import shutil
from pathlib import Path

import pytest

from bot.services import guide as module
from bot.services.guide import Guide, field_key
from indexer.build import build
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import SHIPPED, StaticEncoder
from knowledge_base.index import StaleOrDamaged, current_id

FEW = [procedure for procedure in Catalogue.shipped() if procedure.agency == "cong-ty-dien-luc"]
MORE = [procedure for procedure in Catalogue.shipped() if procedure.agency == "so-dan-toc-ton-giao"]


def publish(folder: Path, *procedures: object) -> None:
    """Publish a small snapshot of these procedures."""
    catalogue = Catalogue(procedures)  # type: ignore[arg-type]
    # forced: a catalogue of other procedures than before is refused otherwise
    result = build(folder, catalogue=catalogue, phrases={}, encoder=StaticEncoder(SHIPPED), elsewhere=[], force=True)
    assert result.outcome == "published"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Guide]:
    """A guide over a small snapshot that looks for a newer one before every answer."""
    monkeypatch.setattr(module, "LOOK_AGAIN_AFTER", -1)
    publish(tmp_path, *FEW)
    return tmp_path, Guide(tmp_path)


def test_a_newer_snapshot_is_taken_up_without_restart(served: tuple[Path, Guide]) -> None:
    """The next question is answered from the new catalogue."""
    folder, guide = served
    assert len(guide.catalogue) == len(FEW)
    publish(folder, *FEW, *MORE)
    assert len(guide.catalogue) == len(FEW) + len(MORE)


def test_a_message_is_read_once_by_each_snapshot(served: tuple[Path, Guide]) -> None:
    """Asking again for the same message gives the same reading; a newer snapshot reads it anew."""
    folder, guide = served
    first = guide.find(FEW[0].name)
    assert guide.find(FEW[0].name) is first
    assert guide.new_topic(MORE[0].name, FEW[0].code) is guide.new_topic(MORE[0].name, FEW[0].code)
    publish(folder, *MORE)
    assert {match.code for match in guide.find(FEW[0].name).matches} <= {procedure.code for procedure in MORE}


def test_a_damaged_newer_snapshot_is_not_taken_up(served: tuple[Path, Guide], caplog: pytest.LogCaptureFixture) -> None:
    """The old one goes on serving, and the log says what to run."""
    folder, guide = served
    publish(folder, *FEW, *MORE)
    vectors = folder / "snapshots" / str(current_id(folder)) / "vectors.faiss"
    content = bytearray(vectors.read_bytes())
    content[-1] ^= 1
    vectors.write_bytes(content)
    assert len(guide.catalogue) == len(FEW)
    assert "motcua index" in caplog.text


def test_the_pointer_may_vanish(served: tuple[Path, Guide]) -> None:
    """Somebody clears the folder: what is in memory goes on serving."""
    folder, guide = served
    shutil.rmtree(folder)
    assert len(guide.catalogue) == len(FEW)


def test_without_an_index_the_start_says_what_to_run(tmp_path: Path) -> None:
    """A fresh clone that was never indexed."""
    with pytest.raises(StaleOrDamaged, match="motcua index"):
        Guide(tmp_path)


def test_fields_are_found_by_a_key_that_survives_spelling(guide: Guide) -> None:
    """The key of a field does not change with marks, case or re-imports."""
    fields = guide.fields("so-tu-phap")
    assert len({field_key(field) for field in fields}) == len(fields)
    assert guide.field("so-tu-phap", field_key(fields[0].upper())) == fields[0]
