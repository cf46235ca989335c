"""Accounts of the staff, their sessions, the tries to sign in, and the audit log."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.staff_records import Account, Deed, Role, Secret, Session, Stage
from bot.storage.staff_tables import audit, staff, staff_sessions, staff_tries

TRIES_KEPT: Final = timedelta(days=30)
"""How long failed sign-ins can be seen."""
ANONYMOUS_EVERY: Final = timedelta(hours=1)
"""Of the same thing done without an account the log gets a line at most this often."""
NOBODY: Final = "-"
ANYBODY: Final = "*"
"""Whose lines of the log: of nobody signed in, of anybody who was. No login looks like that."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""A session's last use is written down at most this often."""


class StaffStore:
    """Every table of the staff; `now` gives aware moments."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    # --- accounts ---

    def add(self, *, login: str, name: str, role: Role, agency: str, password: str, by: str) -> Account | None:
        """A new account whose password (a hash) must be changed at the first sign-in; None where the login is taken."""
        values = {
            "login": login, "name": name, "role": role.value, "agency": agency, "password": password,
            "must_change": True, "enrolled": False, "code_salt": "", "code_step": 0,
            "created_at": self._now(), "created_by": by,
        }  # fmt: skip
        try:
            with self._engine.begin() as connection:
                return _account(connection.execute(insert(staff).values(**values).returning(staff)).one())
        except IntegrityError:
            return None

    def all(self) -> list[Account]:
        """Everybody, by login."""
        with self._engine.connect() as connection:
            return [_account(row) for row in connection.execute(select(staff).order_by(staff.c.login))]

    def find(self, login: str) -> Account | None:
        """The account with this login."""
        with self._engine.connect() as connection:
            row = connection.execute(select(staff).where(staff.c.login == login)).one_or_none()
        return None if row is None else _account(row)

    def secret(self, account_id: int) -> Secret:
        """What proves that somebody is the owner of an account."""
        columns = select(staff.c.password, staff.c.code_salt, staff.c.code_step)
        with self._engine.connect() as connection:
            row = connection.execute(columns.where(staff.c.id == account_id)).one()
        return Secret(password=row.password, code_salt=row.code_salt, code_step=row.code_step)

    def change(self, account_id: int, **values: Any) -> None:
        """Change columns of an account: name, role, agency, password, must_change, enrolled, code_salt, disabled_at."""
        if isinstance(role := values.get("role"), Role):
            values["role"] = role.value
        with self._engine.begin() as connection:
            connection.execute(update(staff).where(staff.c.id == account_id).values(**values))

    def use_code(self, account_id: int, step: int) -> bool:
        """Take the code of a time step; False where it, or a later one, was used before."""
        fresh = update(staff).where(staff.c.id == account_id, staff.c.code_step < step).values(code_step=step)
        with self._engine.begin() as connection:
            return connection.execute(fresh).rowcount == 1

    # --- sessions ---

    def open_session(self, token_hash: str, account_id: int, stage: Stage, *, lasts: timedelta) -> None:
        """A browser signs in; sessions that ended are cleared away."""
        now = self._now()
        with self._engine.begin() as connection:
            connection.execute(delete(staff_sessions).where(staff_sessions.c.expires_at <= now))
            connection.execute(
                insert(staff_sessions).values(
                    token_hash=token_hash, staff_id=account_id, stage=stage.value, said="[]",
                    created_at=now, seen_at=now, expires_at=now + lasts,
                )
            )  # fmt: skip
            if stage in (Stage.OPEN, Stage.PASSWORD):
                connection.execute(update(staff).where(staff.c.id == account_id).values(last_sign_in_at=now))

    def session(self, token_hash: str, *, idle: timedelta, touch: bool) -> Session | None:
        """The session of a token; None where it ended or its account is disabled. `touch` notes that it is in use."""
        now = self._now()
        query = (
            select(staff, *(column.label(f"s_{column.name}") for column in staff_sessions.c))
            .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
            .where(
                staff_sessions.c.token_hash == token_hash,
                staff_sessions.c.expires_at > now,
                staff_sessions.c.seen_at > now - idle,
                staff.c.disabled_at.is_(None),
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if touch and now - row.s_seen_at > SEEN_EVERY:
            with self._engine.begin() as connection:
                used = update(staff_sessions).where(staff_sessions.c.token_hash == token_hash)
                connection.execute(used.values(seen_at=now))
        return Session(
            token_hash=token_hash,
            account=_account(row),
            stage=Stage(row.s_stage),
            said=msgspec.json.decode(row.s_said, type=tuple[str, ...]),
            created_at=row.s_created_at,
            seen_at=row.s_seen_at,
            expires_at=row.s_expires_at,
        )

    def say(self, token_hash: str, said: tuple[str, ...]) -> None:
        """What the session's next page is to show; () once it was shown."""
        body = msgspec.json.encode(said).decode()
        with self._engine.begin() as connection:
            mine = update(staff_sessions).where(staff_sessions.c.token_hash == token_hash)
            connection.execute(mine.values(said=body))

    def close_session(self, token_hash: str) -> None:
        """Sign one browser out."""
        with self._engine.begin() as connection:
            connection.execute(delete(staff_sessions).where(staff_sessions.c.token_hash == token_hash))

    def close_sessions(self, account_id: int, *, but: str = "") -> int:
        """Sign somebody out everywhere (`but`: a token's hash that stays); how many browsers."""
        mine = (staff_sessions.c.staff_id == account_id) & (staff_sessions.c.token_hash != but)
        with self._engine.begin() as connection:
            return connection.execute(delete(staff_sessions).where(mine)).rowcount

    def count_sessions(self, account_id: int) -> int:
        """In how many browsers somebody is signed in."""
        mine = (staff_sessions.c.staff_id == account_id) & (staff_sessions.c.expires_at > self._now())
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(staff_sessions).where(mine)).scalar_one()

    # --- tries ---

    def try_(
        self,
        subjects: Mapping[tuple[str, str], int | None],
        window: timedelta,
        *,
        watched: Mapping[tuple[str, str], int] | None = None,
    ) -> timedelta | None:
        """Count a try to sign in under each (kind, subject) before it is looked at.

        `subjects` names how many failed tries each may have within the window, None where they are only counted;
        `watched` are those to which this try is not added. Gives how long to wait where there were too many; such a
        try is kept as refused and does not make the waiting longer.
        """
        limits = {subject: most for subject, most in subjects.items() if most is not None}
        limits |= {subject: most - 1 for subject, most in (watched or {}).items()}
        now = self._now()
        with self._engine.begin() as connection:  # written first: tries that come together all see each other
            connection.execute(delete(staff_tries).where(staff_tries.c.at <= now - TRIES_KEPT))
            made = [
                connection.execute(
                    insert(staff_tries).values(kind=kind, subject=subject[:64], refused=False, at=now)
                ).inserted_primary_key[0]  # type: ignore[index]
                for kind, subject in subjects
            ]
        with self._engine.begin() as connection:
            waits: list[timedelta] = []
            for (kind, subject), most in limits.items():
                counted = (
                    select(staff_tries.c.at)
                    .where(staff_tries.c.kind == kind, staff_tries.c.subject == subject[:64])
                    .where(staff_tries.c.refused.is_(False), staff_tries.c.at > now - window)
                    .order_by(staff_tries.c.at.desc(), staff_tries.c.id.desc())
                )
                moments = connection.execute(counted).scalars().all()
                if len(moments) > most:
                    waits.append(moments[most] + window - now)
            if waits:
                connection.execute(update(staff_tries).where(staff_tries.c.id.in_(made)).values(refused=True))
                return max(waits)
        return None

    def tried(self, kind: str, subject: str, window: timedelta) -> int:
        """How many failed tries were counted under a subject within the window."""
        mine = (staff_tries.c.kind == kind) & (staff_tries.c.subject == subject[:64])
        mine &= staff_tries.c.refused.is_(False) & (staff_tries.c.at > self._now() - window)
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(staff_tries).where(mine)).scalar_one()

    def forgive(self, *subjects: tuple[str, str]) -> None:
        """The right password: the failed tries before it count no more."""
        with self._engine.begin() as connection:
            for kind, subject in subjects:
                mine = (staff_tries.c.kind == kind) & (staff_tries.c.subject == subject[:64])
                connection.execute(delete(staff_tries).where(mine))

    def take_back(self, kind: str, subject: str) -> None:
        """The newest try was right: it does not count. The failed ones before it still do."""
        mine = (staff_tries.c.kind == kind) & (staff_tries.c.subject == subject[:64])
        newest = select(func.max(staff_tries.c.id)).where(mine, staff_tries.c.refused.is_(False)).scalar_subquery()
        with self._engine.begin() as connection:
            connection.execute(delete(staff_tries).where(staff_tries.c.id == newest))

    def failed_since(self, since: datetime, login: str | None) -> int:
        """How many sign-ins with this login failed after a moment; None: with logins that nobody has."""
        mine = (staff_tries.c.kind == "login") & (staff_tries.c.at > since)
        known = select(staff.c.login)
        mine &= staff_tries.c.subject.not_in(known) if login is None else staff_tries.c.subject == login[:64]
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(staff_tries).where(mine)).scalar_one()

    def failed(self, since: datetime) -> list[tuple[str, int, int, datetime]]:
        """Failed sign-ins by login, of those that exist: how many, how many of them refused unread, when last."""
        refused = func.sum(staff_tries.c.refused.cast(staff.c.id.type))
        query = (
            select(staff_tries.c.subject, func.count(), refused, func.max(staff_tries.c.at))
            .where(staff_tries.c.kind == "login", staff_tries.c.at >= since)
            .where(staff_tries.c.subject.in_(select(staff.c.login)))
            .group_by(staff_tries.c.subject)
            .order_by(func.count().desc(), staff_tries.c.subject)
        )
        with self._engine.connect() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


class AuditStore:
    """Who did what, when, on what. Lines are added and read, never changed."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def add(self, login: str, action: str, subject: str, detail: dict[str, Any]) -> None:
        """Write a line."""
        with self._engine.begin() as connection:
            self.add_within(connection, login, action, subject, detail)

    def add_within(self, connection: Connection, login: str, action: str, subject: str, detail: dict[str, Any]) -> None:
        """Write a line in the transaction of the deed."""
        body = msgspec.json.encode(detail).decode()
        row = {"login": login[:64], "action": action[:100], "subject": subject[:160], "detail": body}
        connection.execute(insert(audit).values(at=self._now(), **row))

    def add_hourly(self, action: str, subject: str, counted: Callable[[datetime], int]) -> None:
        """Write down what anybody may do without an account, at most once an hour for a subject.

        `counted` tells how often it happened since a moment; a line says so for what came after the line before it.
        """
        now = self._now()
        same = (audit.c.login == "") & (audit.c.action == action[:100]) & (audit.c.subject == subject[:160])
        newest = select(func.max(audit.c.at)).where(same)
        with self._engine.connect() as connection:
            before = connection.execute(newest).scalar_one_or_none()
        if before is not None and now - before < ANONYMOUS_EVERY:
            return
        times = counted(before) if before else 1
        self.add("", action, subject, {"after": {"số lần từ dòng trước": times}} if times > 1 else {})

    def find(
        self,
        *,
        login: str = "",
        action: str = "",
        subject: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Deed]:
        """Lines, newest first; `subject` may be a part of one, `until` is excluded.

        login: NOBODY for what was done without an account, ANYBODY for everything else.
        """
        query = select(audit).order_by(audit.c.id.desc()).limit(limit).offset(offset)
        if login == ANYBODY:
            query = query.where(audit.c.login != "")
        elif login:
            query = query.where(audit.c.login == ("" if login == NOBODY else login))
        if action:
            query = query.where(audit.c.action == action)
        if subject:
            query = query.where(audit.c.subject.icontains(subject, autoescape=True))
        if since:
            query = query.where(audit.c.at >= since)
        if until:
            query = query.where(audit.c.at < until)
        with self._engine.connect() as connection:
            return [
                Deed(
                    id=row.id,
                    at=row.at,
                    login=row.login,
                    action=row.action,
                    subject=row.subject,
                    detail=msgspec.json.decode(row.detail),
                )
                for row in connection.execute(query)
            ]

    def actions(self) -> list[str]:
        """What has been done so far, for choosing."""
        with self._engine.connect() as connection:
            return list(connection.execute(select(audit.c.action).distinct().order_by(audit.c.action)).scalars())


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        agency=row.agency,
        must_change=row.must_change,
        enrolled=row.enrolled,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
        created_by=row.created_by,
        last_sign_in_at=row.last_sign_in_at,
    )
