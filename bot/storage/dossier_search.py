"""Searching dossiers for the staff: by code, masked name, agency, status and date."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, func, or_, select

from bot.dossier_records import UNDER_WAY, Dossier, Status
from bot.storage.tables import dossiers
from knowledge_base.text import fold


class AgencyDossiers(msgspec.Struct, frozen=True):
    """What makes a dossier one of an agency's: it names the agency (`names`, folded; more words may follow), or it
    names none and its procedure is one of the agency's.
    """

    names: tuple[str, ...]
    procedures: tuple[str, ...]


class DossierSearch:
    """Read only. `seen_by` confines every question to one agency's dossiers; None: all."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def get(self, code: str, *, seen_by: AgencyDossiers | None) -> Dossier | None:
        """One dossier, where it may be seen."""
        query = select(dossiers.c.body).where(dossiers.c.code == code, *_confined(seen_by))
        with self._engine.connect() as connection:
            body = connection.execute(query).scalar_one_or_none()
        return None if body is None else msgspec.json.decode(body, type=Dossier)

    def find(self, *, limit: int, offset: int = 0, **which: Any) -> list[Dossier]:
        """Dossiers, last changed first; `which` as in `count`."""
        query = (
            select(dossiers.c.body)
            .where(*self._where(**which))
            .order_by(dossiers.c.updated_at.desc(), dossiers.c.code)
            .limit(limit)
            .offset(offset)
        )
        with self._engine.connect() as connection:
            return [msgspec.json.decode(body, type=Dossier) for body in connection.execute(query).scalars()]

    def count(self, **which: Any) -> int:
        """How many dossiers are like this; see `_where`."""
        query = select(func.count()).select_from(dossiers).where(*self._where(**which))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def _where(
        self,
        *,
        text: str = "",
        status: Status | None = None,
        under_way: bool = False,
        late: bool = False,
        agency: AgencyDossiers | None = None,
        seen_by: AgencyDossiers | None = None,
    ) -> list[ColumnElement[bool]]:
        """text: part of the code or of the masked name, with or without marks. late: due before now, no result yet."""
        which = [*_confined(seen_by), *_confined(agency)]
        if text := " ".join(text.split()):
            code = dossiers.c.code.icontains(text.upper().replace(" ", ""), autoescape=True)
            which.append(or_(code, dossiers.c.applicant.contains(fold(text), autoescape=True)))
        if status:
            which.append(dossiers.c.status == int(status))
        if under_way or late:
            which.append(dossiers.c.status.in_([int(each) for each in UNDER_WAY]))
        if late:
            which.append(dossiers.c.due_at < self._now())
        return which


def _confined(to: AgencyDossiers | None) -> list[ColumnElement[bool]]:
    if to is None:
        return []
    named = [dossiers.c.agency.startswith(name, autoescape=True) for name in to.names]
    of_procedure = and_(dossiers.c.agency == "", dossiers.c.procedure_code.in_(to.procedures))
    return [or_(of_procedure, *named)]
