"""The call list: dossiers whose people no channel reached, so that a clerk rings them up."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, delete, select

from bot.messages import Contact
from bot.notice_records import Call, NewNotice, Notice, NoticeState, Why
from bot.storage.contacts import fresh, is_contact
from bot.storage.database import insert_missing
from bot.storage.notice_rows import new_row
from bot.storage.notice_rows import why as read_why
from bot.storage.tables import calls, consents, contacts, notices

UNDER_WAY: Final = (NoticeState.PENDING.value, NoticeState.SENDING.value, NoticeState.SENT.value)


class CallList:
    """One line a dossier, with the newest thing that its people don't know."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Call]:
        """Everybody to ring up, longest waiting first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(calls).order_by(calls.c.since, calls.c.dossier_code)).all()
        return [
            Call(
                dossier_code=row.dossier_code,
                kind=row.kind,
                reason=row.reason,
                since=row.since,
                why=read_why(row.why),
            )
            for row in rows
        ]

    def done(self, dossier_code: str) -> bool:
        """Somebody rang them up; whether the dossier was on the list."""
        with self._engine.begin() as connection:
            return connection.execute(delete(calls).where(calls.c.dossier_code == dossier_code)).rowcount > 0


def reached(connection: Connection, dossier_codes: Collection[str]) -> None:
    """Somebody of these dossiers was reached: no call is needed any more."""
    if dossier_codes:
        connection.execute(delete(calls).where(calls.c.dossier_code.in_(dossier_codes)))


def fallen_through(connection: Connection, notice: Notice, reason: str, why: Why, now: datetime) -> None:
    """A notice of a dossier did not reach its contact: it goes to the next one who consented to it, or onto the list.

    Whoever follows a dossier has shown its code and digits; so the next contact is that person elsewhere, or family.
    """
    if notice.dossier_code is None or _elsewhere(connection, notice, now):
        return
    connection.execute(delete(calls).where(calls.c.dossier_code == notice.dossier_code))
    line = {"dossier_code": notice.dossier_code, "kind": notice.kind, "reason": reason[:300], "since": now}
    line["why"] = why.value
    insert_missing(connection, calls, [line])


def _elsewhere(connection: Connection, notice: Notice, now: datetime) -> bool:
    on_its_way = select(notices.c.id).where(
        notices.c.dossier_code == notice.dossier_code,
        notices.c.dossier_version >= notice.dossier_version,
        notices.c.state.in_(UNDER_WAY),
    )
    if connection.execute(on_its_way.limit(1)).first():
        return True
    agreeing = (
        select(consents.c.channel, consents.c.contact_id)
        .where(consents.c.scope == notice.scope, consents.c.withdrawn_at.is_(None))
        .order_by(consents.c.given_at.desc())
    )
    for channel, contact_id in connection.execute(agreeing).all():
        other = Contact(channel, contact_id)
        gone = select(contacts.c.channel).where(is_contact(other), contacts.c.reachable.is_(False))
        if other == notice.contact or connection.execute(gone).first():
            continue
        if _send_to(connection, notice, other, now):
            return True
    return False


def _send_to(connection: Connection, notice: Notice, other: Contact, now: datetime) -> bool:
    """A copy for another contact; False where that one has had this notice and it did not arrive either."""
    insert_missing(connection, contacts, [fresh(other)])
    copy = NewNotice(
        key=f"{notice.dossier_code}:{notice.dossier_version}:{other}",
        contact=other,
        kind=notice.kind,
        template=notice.template,
        template_version=notice.template_version,
        fields=notice.fields,
        scope=notice.scope,
        dossier_code=notice.dossier_code,
        dossier_version=notice.dossier_version,
    )
    return insert_missing(connection, notices, [new_row(copy, now)]) > 0
