"""The API with which other systems hand over dossiers: one by `PUT`, many by `:batch`.

A dossier is sent whole; `status_version` counts the sender's changes, so the same one sent again changes nothing and an
older one is refused. Numbers and names are masked and hashed before anything is kept. The format is described in
docs/dossiers-api.md.
"""

import hmac
import logging
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Never

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from msgspec import UNSET, UnsetType
from starlette.concurrency import run_in_threadpool

from bot.dossier_codes import normal
from bot.dossier_records import Change, Kept, Outcome, Step
from bot.dossier_sources import values
from bot.personal import Hasher, Number, mask_name
from bot.settings import SettingsError
from bot.storage.dossier_links import DossierLinkStore
from bot.storage.dossiers import DossierStore

log: Final = logging.getLogger(__name__)

LARGEST: Final = 64_000
LARGEST_BATCH: Final = 4_000_000
MOST: Final = 1000
"""Dossiers of one batch."""
LEAST_TOKEN: Final = 20
HIGHEST_VERSION: Final = 2**63 - 1
Note = Callable[[str, str, str, dict[str, Any]], None]
"""Writes a line of the audit log: who, what, on what, detail."""
_WRITTEN: Final = (Outcome.CREATED, Outcome.CHANGED)
_HTTP: Final = {
    Outcome.CREATED: 201,
    Outcome.CHANGED: 200,
    Outcome.UNCHANGED: 200,
    Outcome.STALE: 409,
    Outcome.CONFLICT: 409,
    Outcome.FAILED: 422,
}
_REFUSED: Final = {
    Outcome.STALE: ("status_version", "is older than the one kept: send the newest state with a higher number"),
    Outcome.CONFLICT: ("status_version", "is already kept with another content: raise the number with every change"),
    Outcome.FAILED: ("", "one of the values can't be stored: look for signs that no text holds"),
}


class TokensError(SettingsError):
    """MOTCUA_API_TOKENS can't be used; the message says what to mend."""


class SentStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the timeline as it is sent."""

    status: int | str
    at: str
    note: str | None = None


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dossier as it is sent. A phone or identity number that is not sent stays as it is kept; null takes it out."""

    status: int | str
    status_version: int
    code: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    agency: str | None = None
    applicant: str | None = None
    phone: str | UnsetType | None = UNSET
    identity: str | UnsetType | None = UNSET
    timeline: tuple[SentStep, ...] | None = None
    received_at: str | None = None
    due_at: str | None = None
    due_moved_to: str | None = None
    apology: str | None = None
    missing: tuple[str, ...] | None = None
    supplement_reason: str | None = None
    supplement_by: str | None = None
    fee_due: int | None = None
    result: str | None = None
    place: str | None = None
    updated_at: str | None = None


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
        self,
        store: DossierStore,
        hasher: Hasher,
        tokens: dict[str, str],
        note: Note = lambda *_: None,
        *,
        links: DossierLinkStore | None = None,
        bot_name: str = "",
    ) -> None:
        self._store = store
        self._note = note
        self._links = links
        self._bot_name = bot_name.removeprefix("@")
        self._hasher = hasher
        self._tokens = tokens
        self.counts: Counter[str] = Counter()
        self.router = APIRouter(prefix="/api/v1")
        self.router.add_api_route("/dossiers:batch", self.batch, methods=["POST"])
        self.router.add_api_route("/dossiers/{code}", self.put, methods=["PUT"])
        if links is not None:
            self.router.add_api_route("/dossiers/{code}/link", self.link, methods=["POST"])
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
        return JSONResponse(_told(kept), status_code=_HTTP[kept.outcome])

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
                changes.append((position, self._change(sent, sent.code or "")))
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

    async def link(self, code: str, request: Request) -> JSONResponse:
        """A new link that opens the look-up of one dossier without naming it."""
        assert self._links is not None
        try:
            sender = self._sender(request)
            found = normal(code)
            if found is None or await run_in_threadpool(self._store.get, found) is None:
                raise Refused(404, "code", "is no dossier that is kept here: hand it over first")
        except Refused as refused:
            self.counts[f"refused {refused.status}"] += 1
            return JSONResponse({"errors": [refused.error]}, status_code=refused.status)
        token, ends = await run_in_threadpool(self._links.make, found)
        self.counts[f"{sender} links"] += 1
        return JSONResponse({"expires_at": f"{ends.isoformat()}", **link_to(token, self._bot_name)}, status_code=201)

    async def told(self, request: Request) -> JSONResponse:
        """What this process was sent since it started."""
        try:
            self._sender(request)
        except Refused as refused:
            return JSONResponse({"errors": [refused.error]}, status_code=refused.status)
        return JSONResponse(dict(self.counts))

    def _sender(self, request: Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode() if scheme.lower() == "bearer" else b""
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
        if not 1 <= sent.status_version <= HIGHEST_VERSION:
            raise Refused(422, "status_version", "counts the changes from 1; milliseconds since 1970 will do too")
        if sent.fee_due is not None and not 0 <= sent.fee_due < HIGHEST_FEE:
            raise Refused(422, "fee_due", "is an amount in đồng, 0 or more")
        steps = tuple(
            Step(
                _valid(f"timeline[{number}].status", values.status, step.status),
                _moment(f"timeline[{number}].at", step.at) or _missing(f"timeline[{number}].at"),
                values.text(step.note),
            )
            for number, step in enumerate(sent.timeline or ())
        )
        dues: dict[str, Any] = {name: _moment(name, getattr(sent, name), end_of_day=True) for name in _DUE}
        texts: dict[str, Any] = {name: values.text(getattr(sent, name)) for name in _TEXTS}
        return Change(
            code=found,
            status=_valid("status", values.status, sent.status),
            status_version=sent.status_version,
            procedure_code=_valid("procedure_code", values.procedure_code, sent.procedure_code),
            applicant=mask_name(values.text(sent.applicant)),
            timeline=steps or UNSET,
            missing=tuple(filter(None, map(values.text, sent.missing or ()))),
            fee_due=sent.fee_due,
            updated_at=_moment("updated_at", sent.updated_at) or UNSET,
            received_at=_moment("received_at", sent.received_at),
            **dues,
            **texts,
            **self._number("phone", values.phone, sent.phone),
            **self._number("identity", values.identity, sent.identity),
        )

    def _number(
        self, field: str, read: Callable[[object, Hasher], Number], sent: str | UnsetType | None
    ) -> dict[str, Any]:
        if sent is UNSET or sent == "":
            return {}
        number = _valid(field, lambda text: read(text, self._hasher), sent)
        return {f"{field}_hash": number.hash, f"{field}_last4": number.last4}


def link_to(token: str, bot_name: str) -> dict[str, str]:
    """Where a link's token is opened: in the web chat, by its path, and on Telegram."""
    telegram = {"telegram": f"https://t.me/{bot_name}?start=l_{token}"} if bot_name else {}
    return {"path": f"/?d={token}", **telegram}


_TEXTS: Final = ("procedure_name", "agency", "apology", "supplement_reason", "result", "place")
_DUE: Final = ("due_at", "due_moved_to", "supplement_by")
HIGHEST_FEE: Final = 10**12
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ZONED: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|z|[+-]\d\d:?\d\d)")


def _moment(field: str, text: str | None, *, end_of_day: bool = False) -> datetime | None:
    """A moment with its zone, or a day; days until which something is due end at their end."""
    if not (text or "").strip():
        return None
    written = text.strip() if text else ""
    if not (_ZONED.fullmatch(written) or _DAY.fullmatch(written)):
        reason = "is no ISO 8601 date" if not re.match(_DAY, written) else "has no zone"
        raise Refused(422, field, f"{reason}: write e.g. 2026-07-15T08:30:00+07:00, or a day like 2026-07-15")
    found: datetime | None = _valid(field, lambda raw: values.moment(raw, end_of_day=end_of_day), written)
    return found


def _missing(field: str) -> Never:
    raise Refused(422, field, "is missing: every step has its moment")


def _valid(field: str, read: Any, raw: object) -> Any:
    try:
        return read(raw)
    except ValueError as problem:
        raise Refused(422, field, str(problem)) from None


def _told(kept: Kept) -> dict[str, Any]:
    """What became of it; `version` is our own count, by which delivery receipts name the change."""
    dossier = kept.dossier
    said: dict[str, Any] = {"code": dossier.code, "outcome": kept.outcome, "status_version": dossier.sender_version}
    said["version"] = dossier.status_version
    if refusal := _REFUSED.get(kept.outcome):
        said["errors"] = [{"field": refusal[0], "reason": refusal[1]}]
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
