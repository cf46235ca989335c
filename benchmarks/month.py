"""A month of the centre, lived through by the real services, then every report compared with a plain recount.

    python -m benchmarks.month [--dossiers 3000] [--database URL] [--out FOLDER]

Dossiers of 21 agencies come in, are asked for more, are late, are apologised for, are returned; people rate; volunteers
help; questions are asked. The recount uses the simulation's own list, nothing of the code that makes the reports.
Exit status 1 where one figure differs.
"""

import argparse
import hashlib
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from docx import Document
from openpyxl import load_workbook
from sqlalchemy import Engine

from bot import rating_files, review_files, review_letter, volunteer_reports
from bot.dialogue.privacy import conceal_people
from bot.dossier_records import Change, Status
from bot.messages import Contact
from bot.overview_records import Overview, Parts
from bot.personal import Hasher
from bot.rating_records import Criterion
from bot.rating_reports import LEAST
from bot.rating_reports import report as rating_report
from bot.review_records import QUESTIONS, SCRIPT, Ended, Finding, Matter, Verdict
from bot.review_reports import of_month
from bot.services.assistance import Joined, KeptAssistance
from bot.services.dossiers import KeptDossiers
from bot.services.overview import overview, public
from bot.services.ratings import KeptRatings, Mine
from bot.services.review import ReviewDesk
from bot.storage.asked import AskedStore
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.ratings import RatingStore
from bot.storage.reviews import ReviewStore
from bot.storage.staff import StaffStore
from bot.storage.volunteers import VolunteerStore
from bot.volunteer_records import Outcome
from bot.web.figures import counted
from knowledge_base.catalogue import Catalogue
from knowledge_base.centre import SHIPPED, VIETNAM, load_centre

MONTH: Final = "2026-10"
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
WEEK: Final = (date(2026, 10, 26), date(2026, 11, 1))
RECEIVED_UNTIL: Final = 24
SEED: Final = "a seed that everybody saw"
OFFICERS: Final = ("mot.cua.an", "mot.cua.binh", "mot.cua.chi")
APOLOGY: Final = "Trung tâm xin lỗi vì chậm trả kết quả."


@dataclass
class Life:
    """One dossier as the simulation decided it. Days are days of October; an end after the 31st is not lived."""

    code: str
    agency: str
    procedure: str
    received: int
    due: int
    end: int | None
    asked: int | None = None
    apology: bool = False


@dataclass
class Told:
    """What really happened, by the simulation's own list."""

    lives: list[Life]
    ratings: list[tuple[str, dict[Criterion, int]]] = field(default_factory=list)
    cases: list[tuple[str, str, str, int, Outcome]] = field(default_factory=list)
    """Nickname, unit, procedure, minutes, how it ended."""
    questions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: int = 0
    drawn: list[str] = field(default_factory=list)

    @property
    def supplemented(self) -> list[Life]:
        """Those that were asked for more."""
        return [life for life in self.lives if life.asked is not None]

    @property
    def returned(self) -> list[Life]:
        """Those with a result within the month."""
        return [life for life in self.lives if life.end is not None]

    @property
    def late(self) -> list[Life]:
        """Those with a result after the day on the slip."""
        return [life for life in self.lives if life.end is not None and life.end > life.due]

    @property
    def still_open(self) -> list[Life]:
        """Those due within the month and open at its end."""
        return [life for life in self.lives if life.end is None and life.due < LAST.day]


class Clock:
    """The simulated time."""

    def __init__(self) -> None:
        self.at = datetime(2026, 10, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Now."""
        return self.at


def at(day: int, hour: int = 2) -> datetime:
    """An hour (UTC) of a day of October, which may be beyond the 31st."""
    return datetime(2026, 10, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def decide(chance: random.Random, catalogue: Catalogue, dossiers: int) -> list[Life]:
    """The lives of all dossiers: one in 25 is asked for more, some are late, half of those with an apology."""
    centre = load_centre(SHIPPED)
    by_agency = {agency.name: [p.code for p in catalogue.by_agency(agency.id)] for agency in centre.agencies}
    names = [name for name, codes in by_agency.items() if codes]
    asked = set(chance.sample(range(dossiers), round(dossiers * 0.04)))
    lives = []
    for number in range(dossiers):
        agency = names[number % len(names)]
        received = chance.randint(1, RECEIVED_UNTIL)
        due = received + chance.choice((1, 3, 5, 10, 15))
        late = chance.random() < 0.08
        end = due + chance.randint(1, 12) if late else chance.randint(received + (2 if number in asked else 0), due + 2)
        end = end if late else max(min(end, due), received + (2 if number in asked else 0))
        lives.append(
            Life(
                code=f"H05.12-2610{received:02}-{number:04}",
                agency=agency,
                procedure=chance.choice(by_agency[agency]),
                received=received,
                due=due,
                end=end if end <= LAST.day else None,
                asked=received + 1 if number in asked else None,
                apology=end > due and chance.random() < 0.5,
            )
        )
    return lives


def live(engine: Engine, clock: Clock, told: Told, chance: random.Random, ratings: int) -> None:
    """Day by day: what comes in, what is asked for, what is returned, who rates."""
    hasher = Hasher(b"a key of the simulation")
    store = DossierStore(engine, now=clock)
    desk = KeptRatings(
        RatingStore(engine, clock),
        KeptDossiers(store, ConsentStore(engine, now=clock), hasher, now=clock),
        hasher,
        mask=conceal_people,
        now=clock,
    )
    ended = [life for life in told.lives if life.end is not None]
    rated = {life.code for life in chance.sample(ended, ratings)}
    for day in range(1, LAST.day + 1):
        clock.at = at(day)
        store.upsert_all(
            change(life, Status.PROCESSING, clock(), hasher) for life in told.lives if life.received == day
        )
        clock.at = at(day, 3)
        store.upsert_all(
            change(life, Status.SUPPLEMENT, clock(), hasher, missing=("Bản chính giấy tờ",), supplement_reason="Thiếu")
            for life in told.lives
            if life.asked == day
        )
        clock.at = at(day, 4)
        returned = [life for life in ended if life.end == day]
        store.upsert_all(
            change(life, Status.RETURNED, clock(), hasher, apology=APOLOGY if life.apology else "") for life in returned
        )
        for life in returned:
            if life.code in rated:
                told.ratings.append((life.agency, rate(desk, store, life.code, chance)))
    clock.at = at(31, 5)
    store.upsert_all(
        change(life, Status.PROCESSING, clock(), hasher, apology=APOLOGY)
        for life in told.lives
        if life.end is None and life.apology
    )


def change(life: Life, status: Status, now: datetime, hasher: Hasher, **said: Any) -> Change:
    """What the source reports of a dossier."""
    phone = hasher.phone("0900004321")
    return Change(
        code=life.code, status=status, procedure_code=life.procedure, procedure_name=life.procedure, agency=life.agency,
        applicant="Nguyễn V. A.", phone_hash=phone.hash, phone_last4=phone.last4, received_at=at(life.received),
        due_at=at(life.due, 9), updated_at=now, **said,
    )  # fmt: skip


def rate(desk: KeptRatings, store: DossierStore, code: str, chance: random.Random) -> dict[Criterion, int]:
    """One person who opened this dossier rates the visit; two criteria may be left out."""
    person, scores = Contact("web", f"rates {code}"), dict[Criterion, int]()
    store.opened(person, code)
    for place, criterion in enumerate(Criterion):
        if place == 0 or chance.random() < 0.95:
            scores[criterion] = chance.choice([1, 2, 3, 4, 4, 5, 5, 5, 5, 5])
            given = desk.give(person, code, criterion, scores[criterion])
            if not isinstance(given, Mine):
                raise SystemExit(f"the rating of {code} was refused: {given}")
    return scores


def help_people(
    engine: Engine, clock: Clock, told: Told, chance: random.Random, *, volunteers: int, cases: int
) -> None:
    """Volunteers join by a code and help, two cases open at a time."""
    hasher = Hasher(b"a key of the simulation")
    dossiers = KeptDossiers(DossierStore(engine, now=clock), ConsentStore(engine, now=clock), hasher, now=clock)
    desk = KeptAssistance(VolunteerStore(engine, clock), StaffStore(engine, now=clock), dossiers, hasher, now=clock)
    procedures = [life.procedure for life in told.lives[:40]]
    for number in range(volunteers):
        clock.at = at(1 + number % 28, 1)
        nickname, unit = f"Bạn {number + 1}", f"Đoàn xã {number % 4 + 1}"
        _, code = desk.make_code(nickname, unit, 30, "quan.tri")
        joined = desk.sit(f"phone {number}", code, nickname)
        if not isinstance(joined, Joined):
            raise SystemExit(f"volunteer {number} could not join: {joined}")
        for case in range(1, cases + 1):
            minutes, outcome = chance.randint(2, 9), chance.choice([each for each in Outcome if each != Outcome.LEFT])
            procedure = chance.choice(procedures)
            desk.open(joined.seat, case, procedure, "")
            clock.at += timedelta(minutes=minutes)
            if not desk.close(Contact("assist", f"phone {number}"), joined.seat, case, outcome):
                raise SystemExit(f"case {case} of volunteer {number} could not be closed")
            told.cases.append((nickname, unit, procedure, minutes, outcome))


def ask(engine: Engine, clock: Clock, told: Told, chance: random.Random, questions: int) -> None:
    """Questions of the last week, counted as the running application counts them."""
    store = AskedStore(engine, clock)
    for _ in range(questions):
        clock.at = datetime(2026, 10, 26, 2, tzinfo=UTC) + timedelta(days=chance.randrange(7))
        decision = chance.choice(["sure"] * 8 + ["several"] * 2 + ["nothing"])
        procedure = chance.choice(told.lives[:12]).procedure if decision == "sure" else ""
        facet = chance.choice(["documents", "fee", "duration", "where"])
        store.count(procedure=procedure, facet=facet, decision=decision, channel="web")
        told.questions[procedure, facet, decision] += 1


def review(engine: Engine, clock: Clock, told: Told, size: int) -> ReviewDesk:
    """The supplement list is drawn, looked through, half of the senders called, and closed."""
    store = ReviewStore(engine, clock)
    desk = ReviewDesk(store, mask=conceal_people, now=clock)
    matter = Matter.SUPPLEMENT
    draw = desk.draw(MONTH, matter, officers=OFFICERS, by="phu.trach", size=size, seed=SEED)
    for place, item in enumerate(store.items(draw.id)):
        findings = dict.fromkeys(QUESTIONS[matter], Finding(Verdict.YES))
        if place % 5 == 0:
            findings[QUESTIONS[matter][0]] = Finding(Verdict.NO, "giấy này không có trong danh mục")
            told.faults += 1
        seen = desk.record(item, matter, findings, by=item.officer)
        if place % 2 == 0:
            desk.call(seen, matter, Ended.ANSWERED, dict.fromkeys(SCRIPT[matter], Verdict.YES), by=item.officer)
        told.drawn.append(item.case.code)
    desk.close(draw, by="phu.trach")
    return desk


class Sheet:
    """Figures side by side: of the reports, and counted again."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any, Any]] = []

    def same(self, what: str, told: Any, again: Any) -> None:
        """Note one figure."""
        self.lines.append((what, told, again))

    @property
    def differing(self) -> list[tuple[str, Any, Any]]:
        """Where the two do not agree."""
        return [line for line in self.lines if line[1] != line[2]]


def compare(engine: Engine, clock: Clock, told: Told, desk: ReviewDesk, catalogue: Catalogue, out: Path) -> Sheet:  # noqa: PLR0917
    """Every report against the plain list; the files are written to `out` and read back."""
    sheet = Sheet()
    compare_review(sheet, told, desk, ReviewStore(engine, clock), out)
    compare_ratings(sheet, told, RatingStore(engine, clock), clock, out)
    compare_volunteers(sheet, told, VolunteerStore(engine, clock), out)
    compare_page(sheet, told, counted(engine, clock, WEEK, MONTH, (FIRST, LAST)), catalogue)
    return sheet


def compare_review(sheet: Sheet, told: Told, desk: ReviewDesk, store: ReviewStore, out: Path) -> None:
    """The Chairman's report: figures by agency, the sample, the findings, the letter."""
    lives, month = told.lives, of_month(desk, store, MONTH)
    made = {
        "received": lives,
        "supplemented": told.supplemented,
        "returned": told.returned,
        "late": told.late,
        "still_open": told.still_open,
        "no_apology": [life for life in [*told.late, *told.still_open] if not life.apology],
    }
    by_agency = {figure.agency: figure for figure in month.agencies}
    for column, those in made.items():
        sheet.same(f"review, {column}", getattr(month.total, column), len(those))
        for agency, count in Counter(life.agency for life in those).items():
            sheet.same(f"review, {column}, {agency}", getattr(by_agency[agency], column), count)
    part = month.parts[Matter.SUPPLEMENT]
    ranked = sorted(told.supplemented, key=lambda life: hashlib.sha256(f"{SEED}|{life.code}".encode()).hexdigest())
    expected = sorted(life.code for life in ranked[: len(told.drawn)])
    sheet.same("review, the drawn ones", sorted(told.drawn), expected)
    sheet.same("review, dossiers with a fault", part.total.faults, told.faults)
    sheet.same("review, interviews", part.total.interviews.get(Ended.ANSWERED, 0), (len(told.drawn) + 1) // 2)
    letter = review_letter.docx(month, load_centre(SHIPPED), LAST)
    (out / "review.docx").write_bytes(letter)
    (out / "review.xlsx").write_bytes(review_files.xlsx(month))
    words = "\n".join(paragraph.text for paragraph in Document(BytesIO(letter)).paragraphs)
    sheet.same("letter to the Chairman, the received", words.count(f"{len(lives):,}".replace(",", ".")) > 0, again=True)
    sheet.same("letter to the Chairman, telephone numbers", words.count("0900004321"), 0)


def compare_ratings(sheet: Sheet, told: Told, store: RatingStore, clock: Clock, out: Path) -> None:
    """Satisfaction by criterion and agency, and its workbook."""
    rated = rating_report(store.ratings(MONTH, MONTH), store.visits(MONTH, MONTH), MONTH, MONTH, clock())
    sheet.same("ratings, visits", rated.total.visits, len(told.returned))
    sheet.same("ratings, given", rated.total.ratings, len(told.ratings))
    for criterion in Criterion:
        scores = [given[criterion] for _, given in told.ratings if criterion in given]
        share = rated.total.shares[criterion]
        satisfied = sum(score >= 4 for score in scores)
        sheet.same(f"ratings, {criterion.name.lower()}", (share.satisfied, share.answered), (satisfied, len(scores)))
    for line in rated.agencies:
        if line.name:  # up to four of an agency are told with those of others, without its name
            own = sum(agency == line.name for agency, _ in told.ratings)
            sheet.same(f"ratings, {line.name}", 0 <= own - line.ratings < LEAST, again=True)
    (out / "ratings.xlsx").write_bytes(rating_files.xlsx(rated))
    whole = [cell.value for cell in load_workbook(out / "ratings.xlsx")["Chung"][3]]
    sheet.same("ratings workbook, visits and ratings", whole[1:3], [len(told.returned), len(told.ratings)])


def compare_volunteers(sheet: Sheet, told: Told, store: VolunteerStore, out: Path) -> None:
    """The youth union's report."""
    helped = volunteer_reports.report(store.counts(*volunteer_reports.days(MONTH)), MONTH, str)
    sheet.same("volunteers, cases", helped.total.cases, len(told.cases))
    sheet.same("volunteers, minutes", helped.total.minutes, sum(case[3] for case in told.cases))
    sheet.same("volunteers, outcomes", helped.total.outcomes, dict(Counter(case[4] for case in told.cases)))
    per_person = Counter(case[0] for case in told.cases)
    sheet.same("volunteers, each", {x.name: x.cases for x in helped.groups["volunteers"]}, dict(per_person))
    (out / "volunteers.xlsx").write_bytes(volunteer_reports.xlsx(helped))


def compare_page(sheet: Sheet, told: Told, parts: Parts, catalogue: Catalogue) -> None:
    """The director's page, and what everybody may read of it."""
    page = overview(parts, *WEEK, MONTH, name=lambda code: _name(catalogue, code))
    typed = Counter[str]()
    for (_, _, decision), number in told.questions.items():
        typed[decision] += number
    answers = (page.answered, page.several, page.nothing)
    sheet.same("page, questions", page.questions, sum(typed.values()))
    sheet.same("page, sure, several, nothing", answers, (typed["sure"], typed["several"], typed["nothing"]))
    sheet.same("page, late", page.total.late, len(told.late))
    sheet.same("page, helped", page.helped, len(told.cases))
    received = {line.name: line.received for line in page.agencies}
    sheet.same("page, agencies", received, dict(Counter(life.agency for life in told.lives)))
    compare_public(sheet, public(page), page)


def compare_public(sheet: Sheet, shown: Overview, page: Overview) -> None:
    """Every figure that everybody may read is the director's, and none is small."""
    columns = ("received", "asked", "returned", "late", "still_open", "no_apology")
    small = changed = 0
    for mine, theirs in zip([*shown.agencies, shown.total], [*page.agencies, page.total], strict=True):
        for column in columns:
            number = getattr(mine, column)
            small += number is not None and 0 < number < LEAST
            changed += number is not None and number != getattr(theirs, column)
    sheet.same("public page, small numbers", small, 0)
    sheet.same("public page, other numbers than the director's", changed, 0)


def _name(catalogue: Catalogue, code: str) -> str:
    known = catalogue.get(code)
    return known.name if known else code


def simulate(
    engine: Engine, catalogue: Catalogue, out: Path, *, dossiers: int = 3000, volunteers: int = 15, seed: int = 20261001
) -> Sheet:
    """The whole month at a size: ratings, requests, cases and questions follow from the number of dossiers."""
    chance, clock = random.Random(seed), Clock()
    told = Told(decide(chance, catalogue, dossiers))
    live(engine, clock, told, chance, ratings=dossiers * 4 // 15)
    help_people(engine, clock, told, chance, volunteers=volunteers, cases=max(2, dossiers // 150))
    ask(engine, clock, told, chance, questions=dossiers // 2)
    clock.at = datetime(2026, 11, 3, 2, tzinfo=UTC)
    desk = review(engine, clock, told, size=max(2, dossiers // 50))
    return compare(engine, clock, told, desk, catalogue, out)


def main() -> int:
    """Simulate, compare, print."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--dossiers", type=int, default=3000)
    reader.add_argument("--database", default="sqlite:///var/month.db", help="an empty database")
    reader.add_argument("--out", type=Path, default=Path("var/month"))
    chosen = reader.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    engine = open_database(chosen.database)
    sheet = simulate(engine, Catalogue.load(), chosen.out, dossiers=chosen.dossiers)
    for what, told, again in sheet.lines:
        if what.count(",") < 2 and not isinstance(told, (dict, list)):
            sys.stdout.write(f"{what:60} {told!s:>14} {again!s:>14}\n")
    sys.stdout.write(
        f"{len(sheet.lines)} figures, {len(sheet.differing)} differ, {time.monotonic() - began:.0f} s; "
        f"files in {chosen.out}, {datetime.now(VIETNAM):%d/%m/%Y}\n"
    )
    for what, told, again in sheet.differing:
        sys.stdout.write(f"DIFFERS {what}: {told} told, {again} counted again\n")
    return 1 if sheet.differing else 0


if __name__ == "__main__":
    sys.exit(main())
