"""Questions without an answer: link to a procedure in residents' own words, mark out of scope, reply, take back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.dialogue.privacy import conceal
from bot.dialogue.wording.notices import TEMPLATES
from bot.question_records import Ending, Occurrence, Question, State
from bot.services.editing import LIKELY, search
from bot.services.guide import Guide
from bot.services.notice_templates import TemplateError
from bot.services.questions import LONGEST_PHRASE, LONGEST_REPLY, QuestionDesk, RefusedError, plain
from bot.staff_records import Role
from bot.storage.questions import QuestionStore
from bot.web.console.agencies import may_edit
from bot.web.console.notices import CHANNELS
from bot.web.console.page import Nav, Problem, Visit, require
from bot.web.console.tables import Column, Table
from knowledge_base.procedure import Procedure

ROLES: Final = (Role.CLERK, Role.OFFICER, Role.SUPERVISOR)
NAV = Nav(
    "Câu chưa trả lời được", "/staff/questions", ROLES, 40, "Gắn câu hỏi của người dân với thủ tục, để trợ lý trả lời."
)
router = APIRouter()

Desk = Annotated[Visit, require(*ROLES)]
Officer = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR)]
Text = Annotated[str, Form()]
OFFERED: Final = 6
"""Candidates of the bot's own finder."""
NAMED: Final = 8
"""Further procedures whose code or name holds the words."""
STATES: Final = {State.OPEN: "chờ xử lý", State.LINKED: "đã gắn thủ tục", State.OUT_OF_SCOPE: "ngoài phạm vi"}
ENDINGS: Final = {
    Ending.NOTHING: "không tìm thấy thủ tục nào",
    Ending.NONE_OF_THESE: "người dân bấm: không phải thủ tục nào trong số này",
    Ending.NOT_THIS: "người dân nói: không phải thủ tục này",
    Ending.WRONG_PICK: "mở một thủ tục rồi quay lại",
    Ending.ASKED_AGAIN: "phải hỏi lại gần như câu cũ",
}
ACTIONS: Final = {
    "link": "gắn với thủ tục",
    "out_of_scope": "đánh dấu ngoài phạm vi",
    "reopen": "mở lại",
    "reply": "trả lời người hỏi",
}
REFUSALS: Final = {
    "procedure": ("Chưa chọn thủ tục", "Anh/chị quay lại, tìm và chọn một thủ tục trong danh sách rồi bấm Gắn."),
    "words": ("Cụm từ chưa dùng được", f"Anh/chị quay lại, ghi lời người dân hay nói, tối đa {LONGEST_PHRASE} ký tự."),
    "empty": ("Chưa có nội dung", "Anh/chị quay lại và viết câu trả lời."),
    "long": ("Câu trả lời quá dài", f"Anh/chị quay lại và viết gọn trong {LONGEST_REPLY} ký tự."),
    "nobody": ("Không có ai chờ trả lời", "Người hỏi đã nhận trả lời, hoặc đã rút yêu cầu."),
    "question": ("Không còn câu hỏi này", "Có thể đã hết hạn lưu. Anh/chị xem lại danh sách."),
    "why": ("Chưa ghi lý do", "Anh/chị quay lại và ghi lý do bằng vài chữ."),
}  # fmt: skip


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A question with what the bot did each time, and does now."""

    question: Question
    times: tuple[Occurrence, ...]
    now: str

    @property
    def channels(self) -> str:
        """Where it was asked."""
        return ", ".join(dict.fromkeys(CHANNELS.get(one.channel, one.channel) for one in self.times))


_COMMON: Final = (
    Column("Câu hỏi", lambda line: line.question.text, link=lambda line: f"/staff/questions/{line.question.id}"),
    Column("Số lần", lambda line: line.question.times, number=True),
    Column("Lần gần nhất", lambda line: line.question.last_at),
    Column("Kênh", lambda line: line.channels),
    Column("Trợ lý đã đưa ra", lambda line: _offered(line.times)),
    Column("Bây giờ trợ lý trả lời", lambda line: line.now),
    Column("Người chờ trả lời", lambda line: line.question.wanted, number=True),
)
OPEN: Final = Table(title="Câu chờ xử lý", columns=_COMMON, empty="Không có câu hỏi nào như vậy.")
QUESTIONS: Final = Table(
    title="Câu chưa trả lời được",
    columns=(
        *_COMMON,
        Column("Tình trạng", lambda line: STATES[line.question.state]),
        Column("Thủ tục đã gắn", lambda line: line.question.code),
        Column("Người xử lý", lambda line: line.question.by),
    ),
    empty="Không có câu hỏi nào như vậy.",
)


@router.get("/questions")
def show(visit: Desk, state: str = State.OPEN, q: str = "") -> Response:
    """Questions in a state, those asked most often first."""
    chosen = State(state) if state in set(State) else None
    desk, store = _desk(visit), QuestionStore(visit.console.engine, visit.console.now)

    def fetch(limit: int, offset: int) -> Sequence[Line]:
        found = desk.listed(chosen, containing=q, limit=limit, offset=offset)
        times = store.occurrences_of([one.id for one in found])
        return [Line(question=one, times=tuple(times[one.id]), now=_now(visit, one)) for one in found]

    counts = desk.counts()
    states = [(state.value, f"{name} ({counts[state]})") for state, name in STATES.items()]
    table = OPEN if chosen is State.OPEN else QUESTIONS
    return visit.table("questions.html", table, fetch, states=[*states, ("all", "tất cả")], chosen=chosen or "all", q=q)


@router.get("/questions/{number}")
def story(visit: Desk, number: int, tim: str = "") -> Response:
    """One question: how it ended each time, procedures that may be meant, what staff did."""
    with _refusals():
        told = _desk(visit).story(number)
    question = told.question
    words = " ".join(tim.split())[:200] or plain(question.text)
    offered = [code for one in told.occurrences for code in one.offered]
    return visit.show(
        "question.html",
        question=question,
        times=[(one, _named(visit.console.guide, one.offered)) for one in told.occurrences],
        decisions=told.decisions,
        candidates=[
            (procedure, certainty, may_edit(visit, procedure))
            for procedure, certainty in candidates(visit.console.guide, words, () if tim.strip() else offered)
        ],
        whole=visit.own_agency is None,
        search=tim,
        linked=visit.console.guide.procedure(question.code) if question.code else None,
        phrase=question.phrase or plain(question.text),
        answers=_now(visit, question),
        states=STATES,
        endings=ENDINGS,
        actions=ACTIONS,
        channels=CHANNELS,
        longest=LONGEST_PHRASE,
        longest_reply=LONGEST_REPLY,
    )


@router.post("/questions/{number}/link")
def link(visit: Desk, number: int, code: Text = "", phrase: Text = "", why: Text = "") -> Response:
    """These words mean this procedure, from the next publication on."""
    with _refusals():
        before = _desk(visit).story(number).question
        _own(visit, before.code, code.strip())
        after = _desk(visit).link(number, code.strip(), by=visit.account.name, why=why, phrase=conceal(phrase))
    visit.audit("Gắn câu hỏi với thủ tục", _subject(after), _state(before), _state(after))
    return visit.go(
        "/staff/questions", f"Đã gắn “{after.phrase}” với thủ tục {after.code}. Công bố thì trợ lý mới dùng."
    )


@router.post("/questions/{number}/out-of-scope")
def out_of_scope(visit: Officer, number: int, why: Text = "") -> Response:
    """No procedure answers it."""
    with _refusals():
        before = _desk(visit).story(number).question
        after = _desk(visit).out_of_scope(number, by=visit.account.name, why=why)
    visit.audit("Đánh dấu câu hỏi ngoài phạm vi", _subject(after), _state(before), _state(after))
    return visit.go("/staff/questions", "Đã đánh dấu. Trong vòng một phút, trợ lý thôi trả lời câu này bằng thủ tục.")


@router.post("/questions/{number}/reopen")
def reopen(visit: Desk, number: int, why: Text = "") -> Response:
    """Take the decision back."""
    with _refusals():
        before = _desk(visit).story(number).question
        _own(visit, before.code)
        if before.state is State.OUT_OF_SCOPE and visit.own_agency is not None:
            raise Problem(
                403, "Câu này do cán bộ một cửa đánh dấu", "Anh/chị báo cán bộ một cửa hoặc phụ trách mở lại."
            )
        after = _desk(visit).reopen(number, by=visit.account.name, why=why)
    visit.audit("Mở lại câu hỏi", _subject(after), _state(before), _state(after))
    return visit.go(f"/staff/questions/{number}", "Đã mở lại. Cụm từ đã gắn được bỏ ở lần công bố tới.")


@router.post("/questions/{number}/reply")
def reply(visit: Desk, number: int, text: Text = "") -> Response:
    """Write to those who agreed to be told."""
    with _refusals():
        desk = _desk(visit)
        told = desk.reply(number, text, by=visit.account.name, kept=conceal(text))
        question = desk.story(number).question
    visit.audit("Trả lời người hỏi", _subject(question), after={"số người": told, "nội dung": conceal(text)})
    return visit.go(f"/staff/questions/{number}", f"Câu trả lời được gửi tới {told} người trong giờ được phép nhắn.")


def candidates(guide: Guide, words: str, offered: Sequence[str] = ()) -> list[tuple[Procedure, float | None]]:
    """What the bot itself finds for these words with its certainty, then procedures with the words in name, code or a
    phrase, then what was `offered` when it was asked.
    """
    found = [match for match in guide.find(words).matches[:OFFERED] if match.probability >= LIKELY]
    certain = {match.code: match.probability for match in found}
    codes = [*certain, *(procedure.code for procedure in search(guide, words)[:NAMED]), *offered[:NAMED]]
    procedures = ((code, guide.catalogue.get(code)) for code in dict.fromkeys(codes))
    return [(procedure, certain.get(code)) for code, procedure in procedures if procedure]


def _desk(visit: Visit) -> QuestionDesk:
    return QuestionDesk(
        QuestionStore(visit.console.engine, visit.console.now),
        procedure=visit.console.guide.procedure,
        outbox=visit.console.outbox,
        templates=TEMPLATES,
        now=visit.console.now,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except RefusedError as refusal:
        status = 404 if refusal.kind == "question" else 422
        raise Problem(
            status, *REFUSALS.get(refusal.kind, ("Chưa làm được", "Anh/chị kiểm tra lại các ô."))
        ) from refusal
    except TemplateError as refusal:
        raise Problem(422, *REFUSALS["long"]) from refusal


def _own(visit: Visit, *codes: str) -> None:
    """What another agency's procedures answer is not a clerk's to change."""
    for code in codes:
        procedure = visit.console.guide.procedure(code) if code else None
        if procedure is not None and not may_edit(visit, procedure):
            raise Problem(403, "Thủ tục của cơ quan khác", "Anh/chị báo cán bộ một cửa hoặc phụ trách gắn câu này.")


def _now(visit: Visit, question: Question) -> str:
    """What the bot answers to the same words at this moment."""
    if question.state is State.OUT_OF_SCOPE:
        return "không trả lời bằng thủ tục"
    found = visit.console.guide.find(plain(question.text))
    names = _named(visit.console.guide, [match.code for match in found.matches[:4]])
    match found.decision:
        case "sure":
            return names[0] if names else ""
        case "several":
            return "hỏi lại: " + " / ".join(names)
    return "chưa trả lời được"


def _named(guide: Guide, codes: Sequence[str]) -> list[str]:
    known = [(code, guide.catalogue.get(code)) for code in codes]
    return [f"{found.plain_name or found.name} ({code})" if found else code for code, found in known]


def _offered(times: Sequence[Occurrence]) -> str:
    return ", ".join(dict.fromkeys(code for one in times for code in one.offered)) or "không có gì"


def _subject(question: Question) -> str:
    return f"câu {question.id}: {question.text}"


def _state(question: Question) -> dict[str, Any]:
    if not question.by:
        return {}  # nobody has decided anything
    said = {"tình trạng": STATES[question.state], "thủ tục": question.code, "cụm từ": question.phrase}
    return {name: value for name, value in {**said, "lý do": question.why}.items() if value}
