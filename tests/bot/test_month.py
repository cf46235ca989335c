"""A month lived through by the real services: every report says what happened."""

from pathlib import Path

from benchmarks.month import simulate
from bot.services.guide import Guide
from bot.storage.database import open_database


def test_every_report_of_a_month_agrees_with_a_plain_recount(guide: Guide, tmp_path: Path) -> None:
    """300 dossiers of all agencies, 80 ratings, 12 requests for more, 15 volunteers; the full size is a benchmark."""
    engine = open_database("sqlite://")
    sheet = simulate(engine, guide.catalogue, tmp_path, dossiers=300)
    engine.dispose()
    assert sheet.differing == []
    assert len(sheet.lines) > 100
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["ratings.xlsx", "review.docx", "review.xlsx", "volunteers.xlsx"]
