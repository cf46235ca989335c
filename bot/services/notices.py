"""Which notice a change of a dossier makes, and announcements with the second person's word.

Free of database and channels: the outbox and the announcements' store are given. `connection` is the open transaction
of whoever changes a dossier; it is only handed on.
"""

import logging
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from bot.dossier_records import UNDER_WAY, Dossier, Status, dossier_scope, in_vietnam
from bot.messages import Contact, Reply, length
from bot.notice_records import Bulk, BulkState, Kind, NewNotice, NoticeState
from bot.services.notice_templates import Template, TemplateError, Templates, checked, clean, newest, render, shorten

log: Final = logging.getLogger(__name__)

KINDS: Final = {
    Status.RECEIVED: Kind.RECEIVED,
    Status.SUPPLEMENT: Kind.SUPPLEMENT,
    Status.FEE_DUE: Kind.FEE_DUE,
    Status.DONE: Kind.READY,
    Status.RETURNED: Kind.RETURNED,
    Status.REFUSED: Kind.CHANGED,
    Status.PROCESSING: Kind.CHANGED,
    Status.WITHDRAWN: Kind.CHANGED,
    Status.STOPPED: Kind.CHANGED,
}
"""REGISTERED is missing: it is what the person has just done, no news."""


TO_DO: Final = (Kind.SUPPLEMENT, Kind.FEE_DUE)
"""The person has to act. While that is so every notice says it, with the new date where there is one: of several
notices that wait only the newest is sent, and a "please wait longer" must not take the place of "please bring a paper".
"""


class Counter(msgspec.Struct, frozen=True):
    """Where people go and ask: the centre's place, its hours as a sentence, its telephone with whose it is."""

    place: str
    hours: str
    phone: str


class Words(msgspec.Struct, frozen=True):
    """What a notice says where the record is silent; see bot.dialogue.wording.notices."""

    statuses: Mapping[int, str]
    no_name: str
    no_papers: str
    more_papers: str
    no_amount: str
    amount: str
    no_date: str
    elsewhere: str


class Outbox(Protocol):
    """Where notices wait; see bot.storage.notices."""

    def add(self, connection: Any, new: Sequence[NewNotice]) -> int:
        """Put notices in, within the caller's transaction; how many were new."""


class Notices:
    """Turns changes of dossiers into notices to their followers."""

    def __init__(
        self,
        outbox: Outbox,
        followers: Callable[[Any, str], Iterable[Contact]],
        templates: Templates,
        *,
        words: Words,
        counter: Counter,
    ) -> None:
        self._outbox, self._followers, self._templates = outbox, followers, templates
        self._words, self._counter = words, counter

    def on_change(self, connection: Any, dossier: Dossier, before: Dossier | None) -> None:
        """The hook of the dossier store: queue what this change means to its followers."""
        kind = kind_of(dossier, before)
        if kind is None:
            return
        scope = dossier_scope(dossier.code)
        people = list(self._followers(connection, scope))
        if not people:
            return
        template = newest(self._templates, kind)
        try:
            fields = checked(template, self._fields(template, dossier, before))
        except TemplateError as error:
            # must not undo the change itself; a test keeps every template wide enough for any record
            log.error("no notice could be made of a dossier's change: %s", error)
            return
        self._outbox.add(
            connection,
            [
                NewNotice(
                    key=f"{dossier.code}:{dossier.status_version}:{contact}",
                    contact=contact,
                    kind=kind,
                    template=template.id,
                    template_version=template.version,
                    fields=fields,
                    scope=scope,
                    dossier_code=dossier.code,
                    dossier_version=dossier.status_version,
                )
                for contact in people
            ],
        )

    def _fields(self, template: Template, dossier: Dossier, before: Dossier | None) -> dict[str, str]:
        words, counter = self._words, self._counter
        was_due = before.due if before else dossier.due_at
        amount = f"{dossier.fee_due:,}".replace(",", ".") if dossier.fee_due else ""
        limits = {name: field.limit for name, field in template.fields.items()}
        known = {
            "code": dossier.code,
            "procedure": clean(dossier.procedure_name) or words.no_name,
            "procedure_code": dossier.procedure_code or "",
            "place": clean(dossier.place) or counter.place,
            "hours": words.elsewhere if clean(dossier.place) not in ("", counter.place) else counter.hours,
            "phone": counter.phone,
            "due": _date(dossier.due) or (words.no_date if template.id == Kind.DELAYED else ""),
            "was_due": _date(was_due) if was_due != dossier.due else "",
            "moved": _date(dossier.due_moved_to) if dossier.status in UNDER_WAY else "",
            "apology": dossier.apology,
            "papers": self._papers(dossier.missing, limits.get("papers", 0)),
            "reason": dossier.supplement_reason,
            "by": _date(dossier.supplement_by),
            "amount": words.amount.format(amount=amount) if amount else words.no_amount,
            "result": dossier.result,
            "status": words.statuses.get(dossier.status, ""),
            "note": dossier.timeline[-1].note if dossier.timeline else "",
        }
        return {name: shorten(" ".join(clean(known[name]).split()) if name != "papers" else known[name], limit)
                for name, limit in limits.items()}  # fmt: skip

    def _papers(self, missing: tuple[str, ...], limit: int) -> str:
        """As many whole papers as fit, and how many more there are."""
        missing = tuple(paper for paper in (" ".join(clean(text).split()) for text in missing) if paper)
        if not missing:
            return f"• {self._words.no_papers}"
        lines: list[str] = []
        for position, paper in enumerate(missing):
            rest = f"• {self._words.more_papers.format(count=len(missing) - position)}"
            line = f"• {shorten(paper, 200)}"
            after = f"• {self._words.more_papers.format(count=len(missing) - position - 1)}"
            last = position == len(missing) - 1
            if length("\n".join([*lines, line] if last else [*lines, line, after])) > limit:
                return "\n".join([*lines, rest])
            lines.append(line)
        return "\n".join(lines)


def kind_of(dossier: Dossier, before: Dossier | None) -> Kind | None:
    """What the change means to people; None where it is no news to them."""
    moved = dossier.due_moved_to is not None and (before is None or before.due_moved_to != dossier.due_moved_to)
    status_changed = before is None or before.status != dossier.status
    kind = KINDS.get(dossier.status)
    if moved and kind in TO_DO:
        return kind
    if moved and dossier.status in UNDER_WAY and (not status_changed or kind in (None, Kind.CHANGED)):
        return Kind.DELAYED
    if status_changed:
        return kind
    assert before is not None
    if dossier.status == Status.SUPPLEMENT and _asked(dossier) != _asked(before):
        return kind
    if dossier.status == Status.FEE_DUE and dossier.fee_due != before.fee_due:
        return kind
    return None


def _asked(dossier: Dossier) -> tuple[object, ...]:
    return dossier.missing, dossier.supplement_reason, dossier.supplement_by


def _date(at: datetime | None) -> str:
    return f"{in_vietnam(at):%d/%m/%Y}" if at else ""


class RefusedError(ValueError):
    """Staff asked for something that must not be done; the message says what to do instead."""


class Bulks(Protocol):
    """Where announcements are kept; see bot.storage.bulks."""

    def draft(self, *, scope: str, template: str, template_version: int, fields: dict[str, str], by: str) -> Bulk:
        """Keep a draft."""

    def get(self, bulk_id: int) -> Bulk | None:
        """One announcement."""

    def audience(self, scope: str) -> dict[str, tuple[int, int]]:
        """Per channel: how many consent, and how many of them can't be reached."""

    def approve(self, bulk_id: int, by: str) -> bool:
        """The second person's word."""

    def queue_some(self, bulk_id: int) -> int:
        """Queue the next notices; 0 where there are none."""

    def stop(self, bulk_id: int, by: str) -> int | None:
        """Send nothing more; how many were taken out of the queue."""


class Preview(msgspec.Struct, frozen=True):
    """What an announcement will be: its text, and per channel how many follow and how many of them are out of reach."""

    bulk: Bulk
    reply: Reply
    audience: dict[str, tuple[int, int]]


class Progress(msgspec.Struct, frozen=True):
    """How far an announcement is: queued so far, and how many notices are in each state."""

    bulk: Bulk
    states: dict[NoticeState, int]

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        waiting = self.states.get(NoticeState.PENDING, 0) + self.states.get(NoticeState.SENDING, 0)
        return self.bulk.state in (BulkState.QUEUED, BulkState.STOPPED) and not waiting


class Announcements:
    """Free announcements to the followers of a procedure or an agency: preview, second person, run, stop.

    about: the name of what a scope means ("procedure:1.001193"), None where there is no such thing.
    counts: notices of an announcement by state.
    """

    def __init__(
        self,
        bulks: Bulks,
        templates: Templates,
        *,
        about: Callable[[str], str | None],
        counts: Callable[[int], dict[NoticeState, int]],
    ) -> None:
        self._bulks, self._templates, self._about, self._counts = bulks, templates, about, counts

    def draft(self, scope: str, *, title: str, text: str, by: str) -> Preview:
        """Keep a draft and show it; raises RefusedError or TemplateError with what to mend."""
        if not _person(by):
            raise RefusedError("say who makes this announcement: give your name")
        about = self._about(scope)
        if about is None:
            raise RefusedError(f"{scope!r} is nothing that people follow: give procedure:CODE or agency:ID")
        template = newest(self._templates, Kind.ANNOUNCEMENT)
        fields = checked(
            template, {"title": title, "text": text, "about": shorten(about, template.fields["about"].limit)}
        )
        bulk = self._bulks.draft(
            scope=scope, template=template.id, template_version=template.version, fields=fields, by=by.strip()
        )
        return self.preview(bulk.id)

    def preview(self, bulk_id: int) -> Preview:
        """How it will look and whom it will reach, counted now."""
        bulk = self._known(bulk_id)
        template = self._templates[bulk.template, bulk.template_version]
        return Preview(bulk, render(template, bulk.fields), self._bulks.audience(bulk.scope))

    def approve(self, bulk_id: int, by: str) -> Bulk:
        """A second person agrees; raises RefusedError for the same person, or where there is no draft any more."""
        bulk = self._known(bulk_id)
        if not _person(by):
            raise RefusedError("say who approves: give your name")
        if _person(by) == _person(bulk.made_by):
            raise RefusedError(f"{bulk.made_by} made this announcement: somebody else must approve it")
        if not self._bulks.approve(bulk_id, by.strip()):
            raise RefusedError(f"announcement {bulk_id} is {self._known(bulk_id).state}, not a draft: make a new one")
        return self._known(bulk_id)

    def queue(self, bulk_id: int) -> Iterator[int]:
        """Queue an approved announcement, piece by piece, giving the size of each; may be taken up again."""
        if (bulk := self._known(bulk_id)).state == BulkState.DRAFT:
            raise RefusedError(f"announcement {bulk_id} is a draft by {bulk.made_by}: somebody else must approve it")
        while size := self._bulks.queue_some(bulk_id):
            yield size

    def stop(self, bulk_id: int, by: str) -> int:
        """Stop it; how many were taken out of the queue. What has left can't be called back."""
        self._known(bulk_id)
        if not _person(by):
            raise RefusedError("say who stops it: give your name")
        taken = self._bulks.stop(bulk_id, by.strip())
        if taken is None:
            raise RefusedError(f"announcement {bulk_id} was stopped before")
        return taken

    def progress(self, bulk_id: int) -> Progress:
        """How far it is."""
        return Progress(self._known(bulk_id), self._counts(bulk_id))

    def _known(self, bulk_id: int) -> Bulk:
        bulk = self._bulks.get(bulk_id)
        if bulk is None:
            raise RefusedError(f"there is no announcement {bulk_id}: see motcua notices list")
        return bulk


def _person(name: str) -> str:
    """A name for comparing: "Nguyễn  Văn An" and "nguyen van an" are one person."""
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(letter for letter in letters if letter.isalnum())
