"""The monthly review: the month's lists from the timelines, the draw, its sharing out, and what officers record.

Months are those of Vietnam. A dossier counts in the month of each event: asked to be supplemented, handed back, its
result ready (the first of DONE and RETURNED, so that nobody is late because a resident came later). Late is a result
after the *day* on the receipt slip (`due_at`); a later date with an apology makes it no less late, only apologised for.
A dossier due in a month without a result at its end is on that month's list as still open.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from bot.dossier_records import Dossier, Status, Step, day_of, in_vietnam
from bot.review_records import (
    QUESTIONS,
    SCRIPT,
    Apology,
    Case,
    Draw,
    Ended,
    Figure,
    Finding,
    Item,
    Letter,
    Line,
    Matter,
    Question,
    Try,
    Verdict,
    What,
)
from knowledge_base.centre import VIETNAM

HANDED_BACK: Final = {Status.REFUSED: What.REFUSED, Status.STOPPED: What.STOPPED}
ASKED: Final = frozenset({Status.SUPPLEMENT, *HANDED_BACK})
READY: Final = frozenset({Status.DONE, Status.RETURNED})
ENDED: Final = READY | {Status.REFUSED, Status.WITHDRAWN, Status.STOPPED}
LONGEST_WHY: Final = 500
LONGEST_NOTE: Final = 1000
LONGEST_NUMBER: Final = 60
NO_LETTERS: Final[Mapping[str, Letter]] = {}


class RefusedError(ValueError):
    """This can't be done; the message (Vietnamese, for staff) says what to do instead."""


class Events(msgspec.Struct, frozen=True):
    """What a dossier counts for: the months in which it was received and ready, and its cases by month and list."""

    received: str | None
    ready: str | None
    cases: dict[tuple[str, Matter], Case]


def month_of(at: datetime) -> str:
    """The month in Vietnam, "2026-11"."""
    return f"{in_vietnam(at):%Y-%m}"


def end_of(month: str) -> datetime:
    """The moment at which the month is over in Vietnam; ValueError where it is no month."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=VIETNAM)
    return (first + timedelta(days=32)).replace(day=1)


def begin_of(month: str) -> datetime:
    """The month's first moment in Vietnam."""
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=VIETNAM)


def before(month: str, count: int = 1) -> str:
    """The month so many months earlier."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{number // 12}-{number % 12 + 1:02}"


def events(
    dossier: Dossier, now: datetime, told: Collection[str] = (), letters: Mapping[str, Letter] = NO_LETTERS
) -> Events:
    """What happened to a dossier, by month.

    told: codes of dossiers whose new date reached somebody by a notice. letters: of apology, by code.
    """
    steps = sorted(dossier.timeline, key=lambda step: step.at)
    first = dossier.received_at or next((step.at for step in steps if step.status is Status.RECEIVED), None)
    ready = next((step.at for step in steps if step.status in READY), None)
    cases: dict[tuple[str, Matter], Case] = {}
    for month in dict.fromkeys(month_of(step.at) for step in steps if step.status in ASKED):
        cases[month, Matter.SUPPLEMENT] = _asked(dossier, steps, month)
    letter = letters.get(dossier.code)
    for month, case in _late(dossier, steps, ready, now, told):
        cases[month, Matter.LATE] = with_letter(case, letter) if letter else case
    return Events(month_of(first) if first else None, month_of(ready) if ready else None, cases)


def _asked(dossier: Dossier, steps: Sequence[Step], month: str) -> Case:
    mine = [step for step in steps if step.status in ASKED and month_of(step.at) == month]
    back = [step for step in mine if step.status in HANDED_BACK]
    requests = [step for step in steps if step.status is Status.SUPPLEMENT and month_of(step.at) <= month]
    note = next((step.note for step in reversed(back or mine) if step.note), "")
    return Case(
        what=HANDED_BACK[back[-1].status] if back else What.SUPPLEMENT,
        at=mine[0].at,
        times=len(requests),
        missing=dossier.missing,
        reason=note or dossier.supplement_reason,
        **_about(dossier),
    )


def _late(
    dossier: Dossier, steps: Sequence[Step], ready: datetime | None, now: datetime, told: Collection[str]
) -> Iterator[tuple[str, Case]]:
    if dossier.due_at is None:
        return
    due = _day(dossier.due_at)
    said: dict[str, Any] = {"due": dossier.due_at, "moved": dossier.due_moved_to, **_about(dossier)}
    if dossier.apology.strip():
        said["apology"] = Apology.LETTER
    else:
        said["apology"] = Apology.NOTICE if dossier.code in told else Apology.MISSING
    ended = next((step.at for step in steps if step.status in ENDED), None)
    month = month_of(dossier.due_at)
    last = min(end_of(month) - timedelta(seconds=1), now)
    if _day(last) > due and (ended is None or ended > last):
        yield month, Case(what=What.STILL_OPEN, at=dossier.due_at, days=(_day(last) - due).days, **said)
    if ready is not None and _day(ready) > due:
        yield month_of(ready), Case(what=What.RETURNED_LATE, at=ready, days=(_day(ready) - due).days, **said)


def with_letter(case: Case, letter: Letter) -> Case:
    """The same with its letter of apology."""
    return msgspec.structs.replace(case, apology=Apology.LETTER, letter=f"{letter.number} {letter.sent_on:%d/%m/%Y}")


def _about(dossier: Dossier) -> dict[str, Any]:
    return {
        "code": dossier.code,
        "agency": dossier.agency,
        "procedure_code": dossier.procedure_code or "",
        "procedure_name": dossier.procedure_name,
        "applicant": dossier.applicant,
        "last4": dossier.phone_last4,
    }


def _day(at: datetime) -> date:
    return day_of(at)


class Lists(msgspec.Struct, frozen=True):
    """Everything of some months: cases by month and list, in the order of their codes, and counts."""

    cases: dict[tuple[str, Matter], list[Case]]
    figures: tuple[Figure, ...]

    def of(self, month: str) -> tuple[Figure, ...]:
        """The counts of one month."""
        return tuple(figure for figure in self.figures if figure.month == month)


def lists(  # noqa: PLR0917 - see ReviewDesk.lists
    dossiers: Iterable[Dossier],
    first: str,
    last: str,
    now: datetime,
    told: Collection[str] = (),
    letters: Mapping[str, Letter] = NO_LETTERS,
) -> Lists:
    """One pass over the dossiers, for the months from `first` to `last`."""
    cases: dict[tuple[str, Matter], list[Case]] = {}
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    names: dict[str, str] = {}
    for dossier in dossiers:
        known = events(dossier, now, told, letters)
        procedure = dossier.procedure_code or ""
        names.setdefault(procedure, dossier.procedure_name)

        def count(month: str, *what: str, agency: str = dossier.agency, procedure: str = procedure) -> None:
            if first <= month <= last:
                counts.setdefault((month, agency, procedure), Counter()).update(what)

        if known.received:
            count(known.received, "received")
        asked = {month for month, matter in known.cases if matter is Matter.SUPPLEMENT}
        for month in asked | ({known.received} if known.received else set()):
            count(month, "handled")
        if known.ready:
            count(known.ready, "returned")
        for (month, matter), case in known.cases.items():
            count(month, *_counted(case))
            if first <= month <= last:
                cases.setdefault((month, matter), []).append(case)
    for each in cases.values():
        each.sort(key=lambda case: case.code)
    figures = tuple(
        Figure(month=month, agency=agency, procedure_code=code, procedure_name=names[code], **dict(counted))
        for (month, agency, code), counted in sorted(counts.items())
    )
    return Lists(cases, figures)


_APOLOGIES: Final = {Apology.LETTER: "letters", Apology.NOTICE: "notices", Apology.MISSING: "no_apology"}


def _counted(case: Case) -> tuple[str, ...]:
    """The columns of `Figure` in which a case counts."""
    match case.what:
        case What.SUPPLEMENT:
            return ("supplemented", "again") if case.times > 1 else ("supplemented",)
        case What.REFUSED:
            return ("refused",)
        case What.STOPPED:
            return ("stopped",)
        case What.RETURNED_LATE:
            assert case.apology
            return ("late", _APOLOGIES[case.apology])
        case What.STILL_OPEN:
            assert case.apology
            return ("still_open", _APOLOGIES[case.apology])


def summed(figures: Iterable[Figure], by: Callable[[Figure], str] = lambda _: "") -> dict[str, Figure]:
    """Counts added up by agency, procedure or month, in the order of those; "" holds all by default."""
    sums: dict[str, Counter[str]] = {}
    example: dict[str, Figure] = {}
    for figure in figures:
        group = by(figure)
        example.setdefault(group, figure)
        numbers = msgspec.structs.asdict(figure).items()
        sums.setdefault(group, Counter()).update({name: value for name, value in numbers if isinstance(value, int)})
    return {group: msgspec.structs.replace(example[group], **dict(sums[group])) for group in sorted(sums)}


def sample(cases: Sequence[Case], size: int | None, seed: str) -> list[Case]:
    """All, or the `size` cases whose SHA-256 of "seed|code" is least: anybody can check it with any tool."""
    if size is None or size >= len(cases):
        return list(cases)
    return sorted(sorted(cases, key=lambda case: rank(case, seed))[:size], key=lambda case: case.code)


def rank(case: Case, seed: str) -> str:
    """The place of a case in the draw."""
    return hashlib.sha256(f"{seed}|{case.code}".encode()).hexdigest()


def shared(cases: Sequence[Case], officers: Sequence[str], seed: str) -> dict[str, str]:
    """Officer by code: dealt out in turn, agency by agency, so that numbers differ by one at most."""
    dealt = sorted(cases, key=lambda case: (case.agency, rank(case, seed)))
    return {case.code: officers[place % len(officers)] for place, case in enumerate(dealt)}


class Store(Protocol):
    """Where reviews live; see bot.storage.reviews."""

    def dossiers(self, since: datetime) -> Iterable[Dossier]: ...  # noqa: D102
    def told(self) -> set[str]: ...  # noqa: D102
    def draws(self, month: str = "", matter: Matter | None = None) -> Sequence[Draw]: ...  # noqa: D102
    def draw(self, draw_id: int) -> Draw | None: ...  # noqa: D102
    def add(self, draw: Draw, items: Sequence[Item], replaces: int | None = None) -> Draw | None: ...  # noqa: D102
    def items(self, draw_id: int, officer: str = "", *, drawn: bool = True) -> Sequence[Item]: ...  # noqa: D102
    def item(self, item_id: int) -> Item | None: ...  # noqa: D102
    def change(self, item: Item, version: int) -> bool: ...  # noqa: D102
    def close(self, draw_id: int, by: str) -> bool: ...  # noqa: D102
    def letters(self) -> dict[str, Letter]: ...  # noqa: D102
    def record_letter(self, code: str, letter: Letter) -> Letter | None: ...  # noqa: D102


class ReviewDesk:
    """What supervisors and officers do. mask: takes numbers and names out of free words before they are kept."""

    def __init__(
        self,
        store: Store,
        *,
        mask: Callable[[str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._mask, self._now = store, mask, now

    def lists(self, first: str, last: str) -> Lists:
        """The lists and counts of some months as the dossiers tell them now."""
        return lists(
            self._store.dossiers(begin_of(first)), first, last, self._now(), self._store.told(), self._store.letters()
        )

    def current(self, month: str, matter: Matter) -> Draw | None:
        """The draw of a month that counts."""
        return next((draw for draw in self._store.draws(month, matter) if draw.replaced_at is None), None)

    def draw(
        self, month: str, matter: Matter, *, officers: Sequence[str], by: str, size: int | None = None, seed: str = ""
    ) -> Draw:
        """Draw a month's list once and share it out."""
        if self.current(month, matter):
            raise RefusedError("Danh sách tháng này đã rút rồi. Muốn rút lại phải nêu lý do, trước khi chốt.")
        return self._drawn(month, matter, officers=officers, by=by, size=size, seed=seed)

    def redraw(
        self, old: Draw, *, officers: Sequence[str], by: str, why: str, size: int | None = None, seed: str = ""
    ) -> Draw:
        """Replace an open draw by another one, for a reason that the report tells; what was found in it stays kept."""
        if old.closed_at:
            raise RefusedError("Tháng này đã chốt, không rút lại được nữa.")
        why = " ".join(why.split())[:300]
        if not why:
            raise RefusedError("Anh/chị ghi lý do rút lại; báo cáo sẽ nêu lý do này.")
        return self._drawn(old.month, old.matter, officers=officers, by=by, size=size, seed=seed, old=old, why=why)

    def _drawn(
        self,
        month: str,
        matter: Matter,
        *,
        officers: Sequence[str],
        by: str,
        size: int | None,
        seed: str,
        old: Draw | None = None,
        why: str = "",
    ) -> Draw:
        now = self._now()
        if end_of(month) > now:
            raise RefusedError("Tháng chưa hết, danh sách còn thay đổi. Anh/chị rút từ ngày 1 tháng sau.")
        if size is not None and size < 1:
            raise RefusedError("Số hồ sơ rút phải từ 1 trở lên; để trống là rút tất cả.")
        who = sorted(set(officers))
        if not who:
            raise RefusedError("Anh/chị chọn ít nhất một cán bộ rà soát.")
        typed = seed.strip()[:64]
        seed = typed or secrets.token_hex(8)
        found = self.lists(month, month)
        cases = found.cases.get((month, matter), [])
        if not cases:
            raise RefusedError("Tháng này không có hồ sơ nào thuộc danh sách, không cần rút.")
        drawn = sample(cases, size, seed)
        officer = shared(drawn, who, seed)
        made = Draw(
            month=month,
            matter=matter,
            number=old.number + 1 if old else 1,
            seed=seed,
            seed_typed=bool(typed),
            size=size,
            figures=found.of(month),
            drawn_by=by,
            drawn_at=now,
            why=why,
        )
        items = [
            Item(id=0, draw_id=0, case=case, drawn=case.code in officer, officer=officer.get(case.code, ""))
            for case in cases
        ]
        kept = self._store.add(made, items, old.id if old else None)
        if kept is None:
            raise RefusedError("Người khác vừa rút hoặc chốt danh sách này. Anh/chị tải lại trang.")
        return kept

    def assign(self, item: Item, officer: str) -> Item:
        """Give a dossier to another officer."""
        if not item.drawn or not officer:
            raise RefusedError("Hồ sơ này không nằm trong số được rút.")
        return self._change(item, officer=officer)

    def record(self, item: Item, matter: Matter, findings: Mapping[Question, Finding], *, by: str) -> Item:
        """Keep what an officer found; every question needs its answer, a no or a cannot tell its reason."""
        clean: dict[Question, Finding] = {}
        for question in QUESTIONS[matter]:
            finding = findings.get(question)
            if finding is None:
                raise RefusedError("Anh/chị trả lời đủ các câu; chưa rõ thì chọn “chưa xác định được”.")
            why = self._mask(" ".join(finding.why.split()))[:LONGEST_WHY]
            if finding.verdict is not Verdict.YES and not why:
                raise RefusedError("Câu trả lời “không” hoặc “chưa xác định được” cần ghi lý do.")
            clean[question] = Finding(finding.verdict, why)
        return self._change(item, findings=clean, reviewed_by=by, reviewed_at=self._now())

    def call(
        self, item: Item, matter: Matter, ended: Ended, answers: Mapping[Line, Verdict], *, by: str, note: str = ""
    ) -> Item:
        """Keep a call: how it ended and, where the sender answered, what was said."""
        if item.interview is not None:
            raise RefusedError("Cuộc phỏng vấn này đã kết thúc.")
        said: dict[Line, Verdict] = {}
        if ended is Ended.ANSWERED:
            said = {line: answers[line] for line in SCRIPT[matter] if line in answers}
            if len(said) < len(SCRIPT[matter]):
                raise RefusedError("Anh/chị ghi đủ câu trả lời; người nộp không nhớ thì chọn “chưa xác định được”.")
        words = self._mask(" ".join(note.split()))[:LONGEST_NOTE]
        tries = (*item.tries, Try(self._now(), by, ended))
        return self._change(item, tries=tries, answers=said, note=words or item.note)

    def take_back_call(self, item: Item, *, by: str, always: bool = False) -> Item:
        """Take the last call out, with what was answered: somebody mis-tapped. Who made it may on the same day, a
        supervisor always.
        """
        if not item.tries:
            raise RefusedError("Hồ sơ này chưa ghi cuộc gọi nào.")
        last = item.tries[-1]
        if not always and (last.by != by or _day(last.at) != _day(self._now())):
            raise RefusedError("Chỉ người đã ghi sửa được, trong ngày. Anh/chị nhờ phụ trách.")
        return self._change(item, tries=item.tries[:-1], answers={}, note="" if item.answers else item.note)

    def record_letter(self, code: str, number: str, sent_on: date, *, by: str) -> Letter | None:
        """Keep number and day of a letter of apology; what was recorded before, None for the first time."""
        number = " ".join(number.split())[:LONGEST_NUMBER]
        if not number:
            raise RefusedError("Anh/chị ghi số của thư xin lỗi; thư không có số thì ghi “không số”.")
        if sent_on > _day(self._now()):
            raise RefusedError("Ngày gửi thư không thể sau hôm nay.")
        return self._store.record_letter(code, Letter(number=number, sent_on=sent_on, by=by, at=self._now()))

    def close(self, draw: Draw, *, by: str) -> None:
        """Nothing of a closed draw changes any more."""
        left = sum(not item.reviewed for item in self._store.items(draw.id))
        if left:
            raise RefusedError(f"Còn {left} hồ sơ chưa rà soát. Anh/chị rà soát hết rồi mới chốt được.")
        if not self._store.close(draw.id, by):
            raise RefusedError("Danh sách này đã chốt hoặc đã rút lại. Anh/chị tải lại trang.")

    def _change(self, item: Item, **values: Any) -> Item:
        changed = msgspec.structs.replace(item, version=item.version + 1, **values)
        if not self._store.change(changed, item.version):
            raise RefusedError("Người khác vừa ghi vào hồ sơ này, hoặc danh sách đã chốt. Anh/chị tải lại trang.")
        return changed
