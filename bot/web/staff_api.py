"""The API with which other systems hand over dossiers: one by `PUT`, many by `:batch`.

A dossier is sent whole; `status_version` counts the sender's changes, so the same one sent again changes nothing and an
older one is refused. Numbers and names are masked and hashed before anything is kept.
"""

import hmac
import logging
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from bot.dossier_codes import normal
from bot.dossier_records import Change, Kept, Outcome, Status, Step
from bot.dossier_sources.fields import procedure_code
from bot.personal import Hasher, mask_name
from bot.settings import SettingsError
from bot.storage.dossiers import DossierStore

log: Final = logging.getLogger(__name__)

LARGEST: Final = 64_000
LARGEST_BATCH: Final = 4_000_000
MOST: Final = 1000
"""Dossiers of one batch."""
LEAST_TOKEN: Final = 20
Note = Callable[[str, str, str, dict[str, Any]], None]
"""Writes a line of the audit log: who, what, on what, detail."""
_WRITTEN: Final = (Outcome.CREATED, Outcome.CHANGED)
_HTTP: Final = {Outcome.CREATED: 201, Outcome.CHANGED: 200, Outcome.UNCHANGED: 200}
_REFUSED: Final = {
    Outcome.STALE: "is older than the one kept: send the newest state with a higher number",
    Outcome.CONFLICT: "is already kept with another content: raise the number with every change",
}


class TokensError(SettingsError):
    """MOTCUA_API_TOKENS can't be used; the message says what to mend."""


class SentStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the timeline as it is sent."""

    status: Status
    at: datetime
    note: str = ""


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dossier as it is sent; datetimes are ISO 8601 with a zone."""

    status: Status
    status_version: int
    code: str = ""
    procedure_code: str = ""
    procedure_name: str = ""
    agency: str = ""
    applicant: str = ""
    phone: str = ""
    identity: str = ""
    timeline: tuple[SentStep, ...] = ()
    received_at: datetime | None = None
    due_at: datetime | None = None
    due_moved_to: datetime | None = None
    apology: str = ""
    missing: tuple[str, ...] = ()
    supplement_reason: str = ""
    supplement_by: datetime | None = None
    fee_due: int | None = None
    result: str = ""
    place: str = ""
    updated_at: datetime | None = None


class Refused(Exception):  # noqa: N818 - it says what happened
    """What was sent can't be kept: HTTP status, field, reason."""

    def __init__(self, status: int, field: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = {"field": field, "reason": reason}


def read_tokens(setting: str | None) -> dict[str, str]:
    """Sender → token from "name:token,name:token"; raises TokensError."""
    tokens: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in (setting or "").split(","))):
        name, _, token = entry.partition(":")
        if not name or len(token) < LEAST_TOKEN:
            raise TokensError(f"MOTCUA_API_TOKENS: write name:token, the token with {LEAST_TOKEN} characters or more")
        tokens[name] = token
    return tokens


class StaffApi:
    """The routes; `counts` tells by sender and outcome what this process was sent; `note` writes the audit log."""

    def __init__(
        self, store: DossierStore, hasher: Hasher, tokens: dict[str, str], note: Note = lambda *_: None
    ) -> None:
        self._store = store
        self._note = note
        self._hasher = hasher
        self._tokens = tokens
        self.counts: Counter[str] = Counter()
        self.router = APIRouter(prefix="/api/v1")
        self.router.add_api_route("/dossiers:batch", self.batch, methods=["POST"])
        self.router.add_api_route("/dossiers/{code}", self.put, methods=["PUT"])
        self.router.add_api_route("/counts", self.told, methods=["GET"])

    async def put(self, code: str, request: Request) -> JSONResponse:
        """Keep one dossier."""
        try:
            sender = self._sender(request)
            sent = _decoded(await _body(request, LARGEST), Sent)
            change = self._change(sent, code)
        except Refused as refused:
            self.counts[f"refused {refused.status}"] += 1
            return JSONResponse({"errors": [refused.error]}, status_code=refused.status)
        kept = await run_in_threadpool(self._store.upsert, change)
        self.counts[f"{sender} {kept.outcome}"] += 1
        if kept.outcome in _WRITTEN:
            after = {"after": {"kết quả": str(kept.outcome)}}
            await run_in_threadpool(self._note, f"api {sender}", "Nhận hồ sơ qua API", change.code, after)
        return JSONResponse(_told(kept), status_code=_HTTP.get(kept.outcome, 409))

    async def batch(self, request: Request) -> JSONResponse:
        """Keep many; each has its own outcome, and a bad one loses no other."""
        try:
            sender = self._sender(request)
            items = _decoded(await _body(request, LARGEST_BATCH), list[msgspec.Raw])
            if len(items) > MOST:
                raise Refused(413, "", f"has {len(items)} dossiers: send at most {MOST} at once")
        except Refused as refused:
            self.counts[f"refused {refused.status}"] += 1
            return JSONResponse({"errors": [refused.error]}, status_code=refused.status)
        answers: list[dict[str, Any]] = []
        changes: list[tuple[int, Change]] = []
        for position, item in enumerate(items):
            try:
                sent = _decoded(bytes(item), Sent)
                changes.append((position, self._change(sent, sent.code)))
                answers.append({})
            except Refused as refused:
                self.counts[f"refused {refused.status}"] += 1
                answers.append({"position": position, "errors": [refused.error]})
        outcomes = await run_in_threadpool(self._store.upsert_all, [change for _, change in changes])
        for (position, _), kept in zip(changes, outcomes, strict=True):
            self.counts[f"{sender} {kept.outcome}"] += 1
            answers[position] = {"position": position, **_told(kept)}
        written = Counter(str(kept.outcome) for kept in outcomes if kept.outcome in _WRITTEN)
        if written:
            after = {"after": dict(written)}
            await run_in_threadpool(self._note, f"api {sender}", "Nhận hồ sơ qua API", f"{len(items)} hồ sơ", after)
        return JSONResponse({"dossiers": answers})

    async def told(self, request: Request) -> JSONResponse:
        """What this process was sent since it started."""
        try:
            self._sender(request)
        except Refused as refused:
            return JSONResponse({"errors": [refused.error]}, status_code=refused.status)
        return JSONResponse(dict(self.counts))

    def _sender(self, request: Request) -> str:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        # every token is compared, so that the time tells nothing
        known = [name for name, token in self._tokens.items() if hmac.compare_digest(token.encode(), given)]
        if not known:
            raise Refused(401, "Authorization", "send Authorization: Bearer with a token of MOTCUA_API_TOKENS")
        return known[0]

    def _change(self, sent: Sent, code: str) -> Change:
        found = normal(code)
        if found is None:
            raise Refused(422, "code", "is no dossier code: it reads like H05.12-260715-0007")
        if sent.code and normal(sent.code) != found:
            raise Refused(422, "code", "differs from the code of the address")
        if sent.status_version < 1:
            raise Refused(422, "status_version", "counts the changes from 1")
        if sent.fee_due is not None and sent.fee_due < 0:
            raise Refused(422, "fee_due", "is an amount in đồng, 0 or more")
        _zoned(sent)
        phone = _valid("phone", self._hasher.phone, sent.phone)
        identity = _valid("identity", self._hasher.identity, sent.identity)
        steps = tuple(Step(step.status, step.at, step.note) for step in sent.timeline)
        return Change(
            code=found,
            procedure_code=_valid("procedure_code", procedure_code, sent.procedure_code),
            applicant=mask_name(sent.applicant),
            phone_hash=phone.hash,
            phone_last4=phone.last4,
            identity_hash=identity.hash,
            identity_last4=identity.last4,
            timeline=steps or msgspec.UNSET,
            updated_at=sent.updated_at or msgspec.UNSET,
            **{name: getattr(sent, name) for name in _AS_SENT},
        )


_AS_SENT: Final = (
    *("status", "status_version", "procedure_name", "agency", "received_at", "due_at", "due_moved_to", "apology"),
    *("missing", "supplement_reason", "supplement_by", "fee_due", "result", "place"),
)


def _zoned(sent: Sent) -> None:
    moments = [(name, getattr(sent, name)) for name in Sent.__struct_fields__]
    moments += [(f"timeline[{number}].at", step.at) for number, step in enumerate(sent.timeline)]
    for name, value in moments:
        if isinstance(value, datetime) and value.tzinfo is None:
            raise Refused(422, name, "has no zone: write e.g. 2026-07-15T08:30:00+07:00")


def _valid(field: str, read: Any, text: str) -> Any:
    try:
        return read(text)
    except ValueError as problem:
        raise Refused(422, field, str(problem)) from None


def _told(kept: Kept) -> dict[str, Any]:
    dossier = kept.dossier
    said: dict[str, Any] = {"code": dossier.code, "outcome": kept.outcome, "status_version": dossier.status_version}
    if reason := _REFUSED.get(kept.outcome):
        said["errors"] = [{"field": "status_version", "reason": reason}]
    return said


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        reason, _, path = str(problem).partition(" - at `$")
        field = path.strip("`.")
        if not field and (named := re.search(r"field `(\w+)`", reason)):
            field = named.group(1)
        raise Refused(422, field, reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "", "is no JSON") from None


async def _body(request: Request, largest: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise Refused(413, "", f"is larger than {largest} bytes")
    return bytes(body)
