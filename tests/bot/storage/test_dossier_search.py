"""Staff find dossiers, each only those that are theirs."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.dossier_records import Status
from bot.storage.dossier_search import AgencyDossiers, DossierSearch
from bot.storage.dossiers import DossierStore
from tests.bot.dossiers import Clock, change

JUSTICE = AgencyDossiers(("so tu phap", "so-tu-phap"), ("2.000635",))


@pytest.fixture
def search(engine: Engine) -> DossierSearch:
    now = Clock()
    store = DossierStore(engine, now=now)
    late, later = now() - timedelta(days=1), now() + timedelta(days=3)
    store.upsert_all(
        [
            change("H05.12-260715-0001", agency="Sở Tư pháp", applicant="Nguyễn V. A.", due_at=late),
            change("H05.12-260715-0002", agency="Sở Tư pháp tỉnh Bắc Giang", applicant="Trần T. Đ.", due_at=late,
                   due_moved_to=later),
            change("H05.12-260715-0003", agency="", procedure_code="2.000635", applicant="Lê H."),
            change("H05.12-260715-0004", agency="Sở Nội vụ", procedure_code="2.000635", applicant="Nguyễn T. B."),
            change("H05.12-260715-0005", Status.RETURNED, agency="Sở Nội vụ", applicant="100% A_B", due_at=late),
        ]
    )  # fmt: skip
    return DossierSearch(engine, now)


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({}, "12345"),
        ({"text": "nguyen"}, "14"),
        ({"text": "TRẦN t. đ"}, "2"),
        ({"text": "0715-0003"}, "3"),
        ({"text": "100%"}, "5"),
        ({"text": "_"}, "5"),
        ({"status": Status.RETURNED}, "5"),
        ({"under_way": True}, "1234"),
        ({"late": True}, "1"),
        ({"agency": JUSTICE}, "123"),
        ({"seen_by": JUSTICE}, "123"),
        ({"seen_by": JUSTICE, "text": "nguyen"}, "1"),
        ({"seen_by": AgencyDossiers((), ())}, ""),
    ],
)
def test_dossiers_are_found(search: DossierSearch, which: dict[str, Any], found: str) -> None:
    """By code or masked name without marks, status, lateness, agency; a moved date counts; % and _ are plain signs."""
    assert "".join(sorted(dossier.code[-1] for dossier in search.find(limit=50, **which))) == found
    assert search.count(**which) == len(found)


def test_another_agencys_dossier_is_not_there(search: DossierSearch) -> None:
    """A clerk who types its code learns nothing."""
    assert search.get("H05.12-260715-0001", seen_by=JUSTICE) is not None
    assert search.get("H05.12-260715-0004", seen_by=JUSTICE) is None
    assert search.get("H05.12-260715-0004", seen_by=None) is not None


def test_pages_neither_repeat_nor_lose(search: DossierSearch) -> None:
    """Three pages of two hold all five once."""
    pages = [search.find(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert sorted(dossier.code[-1] for page in pages for dossier in page) == list("12345")
