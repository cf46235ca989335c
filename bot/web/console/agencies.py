"""Agencies: whose dossiers somebody sees."""

from bot.staff_records import Account, Role
from bot.storage.dossier_search import AgencyDossiers
from bot.web.console.page import Console, Visit
from knowledge_base.centre import Centre
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold


def dossiers_of(console: Console, agency_id: str) -> AgencyDossiers:
    """What makes a dossier one of this agency's; an id that the centre does not have gives nothing."""
    agency = console.centre.agency(agency_id)
    if agency is None:
        return AgencyDossiers((), ())
    codes = tuple(procedure.code for procedure in console.guide.catalogue.by_agency(agency_id))
    return AgencyDossiers((fold(agency.name), fold(agency.id)), codes)


def seen_by(visit: Visit) -> AgencyDossiers | None:
    """The dossiers that this person may see: a clerk those of one agency, others all (None)."""
    if visit.account.role is Role.CLERK:
        return dossiers_of(visit.console, visit.account.agency)
    return None


def named(centre: Centre, text: str) -> str:
    """An agency's id, or "agency:" and its id, as people call it; any other text as it is."""
    agency = centre.agency(text.removeprefix("agency:")) if text else None
    return agency.name if agency else text


def may_edit(visit: Visit, procedure: Procedure) -> bool:
    """Whether somebody may change what the bot says of a procedure: a clerk what the own agency's desk takes."""
    return visit.own_agency in (None, procedure.agency)


def agency_name(console: Console, account: Account) -> str:
    """The agency of an account as people call it."""
    agency = console.centre.agency(account.agency) if account.agency else None
    return agency.name if agency else account.agency
