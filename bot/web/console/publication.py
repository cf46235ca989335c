"""Publishing: what waits, the build as long work, how the index answers before and after, and who published what."""

import logging
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.catalogue_records import Built, LinkedAnswers, Outcome, Publication, Publish, Shares, Wish
from bot.services.editing import Changes, Editing, NewWords, Waiting
from bot.services.questions import linked_phrases
from bot.staff_records import Role
from bot.storage.overrides import OverrideStore, PublicationStore
from bot.storage.questions import QuestionStore
from bot.storage.staff import AuditStore
from bot.web.console.jobs import Progress, found, start
from bot.web.console.page import EVERYBODY, Nav, Problem, Visit, require
from bot.web.console.tables import Column, Table, listed

NAV = Nav("Công bố", "/staff/publish", EVERYBODY, 50, "Đưa lời mới và sửa đổi danh mục vào cho trợ lý dùng.")
router = APIRouter()
log: Final = logging.getLogger(__name__)

Anybody = Annotated[Visit, require(*EVERYBODY)]
Watcher = Annotated[Visit, require(*EVERYBODY, live=True)]
Administrator = Annotated[Visit, require(Role.ADMINISTRATOR)]
WHOLE: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who publishes what residents read; the others publish words only."""
OUTCOMES: Final = {
    Outcome.RUNNING: "đang làm",
    Outcome.PUBLISHED: "đã đưa vào dùng",
    Outcome.SKIPPED: "không có gì mới",
    Outcome.REFUSED: "không đưa vào dùng vì trả lời kém hơn",
    Outcome.FAILED: "bị lỗi, bản cũ vẫn dùng",
    Outcome.DIED: "máy dừng giữa chừng",
}
FIELDS: Final = {
    "name": "tên",
    "plain_name": "tên thường gọi",
    "agency": "cơ quan",
    "counter": "quầy",
    "field": "lĩnh vực",
    "levels": "cấp",
    "audience": "đối tượng",
    "issuer": "cơ quan ban hành",
    "executing": "cơ quan giải quyết",
    "address": "nơi tiếp nhận",
    "channels": "cách nộp",
    "cases": "giấy tờ",
    "fees": "lệ phí",
    "durations": "thời gian",
    "results": "kết quả",
    "legal": "căn cứ pháp lý",
    "decision": "quyết định công bố",
    "topics": "sự kiện trong đời",
    "steps": "các bước",
    "conditions": "điều kiện",
    "has_conditions": "có điều kiện",
    "method_notes": "lưu ý cách nộp",
    "flags": "cảnh báo",
    "notes": "ghi chú",
    "source": "đường dẫn nguồn",
    "record_date": "ngày bản ghi",
}
STEPS: Final = (
    "tính bảng từ của các thủ tục",
    "ghi bản mới",
    "kiểm tra bản mới, hỏi thử bản đang dùng",
    "hỏi thử bản mới",
    "so sánh rồi đưa vào dùng",
)
"""What the build does while so much of it is done."""
MEASURES: Final = (
    ("Trả lời đúng ngay", "hit1"),
    ("Có trong 3 thủ tục đầu", "hit3"),
    ("Bỏ sót câu hỏi về thủ tục", "false_abstention"),
    ("Chắc chắn mà sai", "wrong_sure"),
    ("Nhận ra chuyện ngoài phạm vi", "abstention"),
)


class Measure(msgspec.Struct, frozen=True):
    """One line of the evaluation."""

    name: str
    before: str
    after: str


HISTORY: Final = Table(
    title="Các lần công bố",
    columns=(
        Column("Lúc", lambda each: each.started_at, link=lambda each: f"/staff/publish/{each.id}"),
        Column("Người công bố", lambda each: each.by),
        Column("Gồm", lambda each: "lời của người dân" if each.only_words else "lời và danh mục"),
        Column("Kết quả", lambda each: OUTCOMES[each.outcome]),
        Column("Số thay đổi", lambda each: len(each.changes), number=True),
        Column("Trả lời đúng trước", lambda each: _share(each.result.before, "hit1") if each.result else ""),
        Column("Trả lời đúng sau", lambda each: _share(each.result.after, "hit1") if each.result else ""),
        Column("Lý do vẫn công bố", lambda each: each.why),
    ),
    empty="Chưa có lần công bố nào từ trang này.",
)


WORDS: Final = Table(
    title="Lời chờ công bố",
    columns=(
        Column("Việc", lambda word: "bỏ" if word.forgotten else "thêm"),
        Column("Lời", lambda word: word.text),
        Column("Mã thủ tục", lambda word: word.code),
        Column("Thủ tục", lambda word: word.name),
        Column("Ai", lambda word: word.who),
        Column("Lý do", lambda word: word.why),
    ),
)


def _change(each: Waiting) -> str:
    if each.coming is None:
        return "ẩn"
    if each.served is None:
        return "hiện lại"
    return "sửa " + ", ".join(FIELDS.get(name, name) for name in each.fields)


PROCEDURES: Final = Table(
    title="Sửa đổi chờ công bố",
    columns=(
        Column("Mã thủ tục", lambda each: each.code),
        Column("Thủ tục", lambda each: each.name),
        Column("Việc", _change),
        Column("Ai", lambda each: ", ".join(each.by)),
    ),
)
MEASURED: Final = Table(
    title="Hỏi thử",
    columns=(
        Column("Đo", lambda line: line.name),
        Column("Bản trước", lambda line: line.before or "chưa đo"),
        Column("Bản mới", lambda line: line.after),
    ),
)


@router.get("/publish")
def show(visit: Anybody, bang: str = "") -> Response:
    """What waits, and what was published."""
    if visit.wants_xlsx() and bang == "words":
        return visit.exported(WORDS, listed(changes(visit).words))
    if visit.wants_xlsx() and bang == "procedures":
        return visit.exported(PROCEDURES, listed(changes(visit).procedures))
    store = PublicationStore(visit.console.engine, visit.console.now)
    newest = store.latest(1)
    return visit.table(
        "publish.html",
        HISTORY,
        store.latest,
        changes=changes(visit),
        whole=visit.account.role in WHOLE,
        can=visit.console.publish is not None,
        running=newest[0] if newest and newest[0].outcome is Outcome.RUNNING else None,
        fields=FIELDS,
        manifest=visit.console.guide.snapshot.manifest,
    )


@router.post("/publish")
def publish(visit: Anybody) -> Response:
    """Build and publish; clerks and officers words only."""
    waiting = changes(visit)
    only_words = visit.account.role not in WHOLE
    if only_words and waiting.procedures and not waiting.words:
        raise Problem(409, "Không có lời mới nào chờ công bố", "Sửa đổi danh mục do phụ trách hoặc quản trị công bố.")
    return _begin(visit, waiting, Wish(only_words=only_words), "")


@router.post("/publish/{number}/anyway")
def anyway(visit: Administrator, number: int, why: Annotated[str, Form()] = "") -> Response:
    """Publish what was refused, on an administrator's word."""
    refused = _known(visit, number)
    if refused.outcome is not Outcome.REFUSED:
        raise Problem(409, "Lần công bố này không bị từ chối", "Anh/chị xem lại danh sách các lần công bố.")
    if not why.strip():
        raise Problem(422, "Chưa ghi lý do", "Anh/chị quay lại và ghi vì sao vẫn công bố bản trả lời kém hơn.")
    return _begin(visit, changes(visit), Wish(only_words=refused.only_words, force=True), why.strip())


@router.get("/publish/{number}")
def one(visit: Anybody, number: int) -> Response:
    """How the index answered before and after."""
    publication = _known(visit, number)
    if visit.wants_xlsx():
        return visit.exported(MEASURED, listed(measures(publication.result)))
    return visit.show(
        "publication.html",
        publication=publication,
        outcome=OUTCOMES[publication.outcome],
        measures=measures(publication.result),
    )


@router.get("/publish/{number}/progress/{job_id}")
def progress(visit: Anybody, number: int, job_id: str) -> Response:
    """How far it is; then what came of it."""
    return visit.show("job.html", job=found(visit, job_id), back=f"/staff/publish/{number}", steps=STEPS)


@router.get("/publish/{number}/progress/{job_id}/live")
def live(visit: Watcher, number: int, job_id: str) -> Response:
    """The progress alone."""
    return visit.part("job_part.html", job=found(visit, job_id), back=f"/staff/publish/{number}", steps=STEPS)


def editing(visit: Visit) -> Editing:
    """What tells apart what is served and what staff want."""
    engine, now = visit.console.engine, visit.console.now
    return Editing(OverrideStore(engine, now), lambda: linked_phrases(QuestionStore(engine, now)))


def changes(visit: Visit) -> Changes:
    """What waits to be published."""
    return editing(visit).changes(visit.console.guide.catalogue)


def measures(built: Built | None) -> list[Measure]:
    """The evaluation in lines."""
    if built is None or built.after is None:
        return []
    lines = [Measure(name, _share(built.before, field), _share(built.after, field)) for name, field in MEASURES]
    if built.linked_after and built.linked_after.questions:
        lines.append(Measure("Câu cán bộ đã gắn", _linked(built.linked_before), _linked(built.linked_after)))
    return [line for line in lines if line.after]


def said(changed: Changes, *, only_words: bool) -> list[str]:
    """What waits, a line each, for the history."""
    return [
        *(_word(word) for word in changed.words),
        *(_procedure(each) for each in changed.procedures if not only_words),
    ]


def _word(word: NewWords) -> str:
    return f"{'bỏ' if word.forgotten else 'thêm'} lời “{word.text}” cho {word.code} {word.name} ({word.who})"


def _procedure(each: Waiting) -> str:
    return f"{each.code} {each.name}: {_change(each)} ({', '.join(each.by) or 'rút lại sửa đổi'})"


def _begin(visit: Visit, waiting: Changes, wish: Wish, why: str) -> Response:
    build = visit.console.publish
    if build is None:
        raise Problem(409, "Không công bố được từ máy này", "Nhờ quản trị viên chạy motcua index.")
    lines = said(waiting, only_words=wish.only_words)
    store = PublicationStore(visit.console.engine, visit.console.now)
    publication = store.start(by=visit.account.name, only_words=wish.only_words, why=why, changes=lines)
    if publication is None:
        raise Problem(409, "Đang có người công bố", "Anh/chị đợi lần đó xong rồi làm lại; chưa có gì bị mất.")
    visit.audit(
        "Bắt đầu công bố", f"lần {publication.id}", after={"thay đổi": lines, **({"lý do": why} if why else {})}
    )
    log, login = AuditStore(visit.console.engine, visit.console.now), visit.account.login

    def work(progress: Progress) -> list[str]:
        def hear(done: int, total: int) -> None:
            store.hear(publication.id)
            progress(done, total)

        built = _built(build, wish, hear)
        store.finish(publication.id, built)
        told = reported(built)
        log.add(login, "Công bố bộ tra cứu", f"lần {publication.id}", {"after": {"kết quả": " ".join(told)}})
        return told

    return start(visit, "Công bố", work, f"/staff/publish/{publication.id}/progress/")


def _built(build: Publish, wish: Wish, progress: Progress) -> Built:
    try:
        return build(wish, progress)
    except Exception as error:  # its end is written down, whatever it was
        log.exception("the index was not built")
        return Built(outcome=Outcome.FAILED, message=type(error).__name__)


def reported(built: Built) -> list[str]:
    """The end of the work in lines."""
    worse = built.worse.replace(".", ",")
    first = {
        Outcome.PUBLISHED: "Đã công bố. Trợ lý dùng bản mới trong vòng một phút.",
        Outcome.SKIPPED: "Không có gì mới: bản đang dùng đã gồm mọi thay đổi.",
        Outcome.REFUSED: f"Không đưa vào dùng, vì bản mới trả lời kém hơn: {worse}. Bản cũ vẫn dùng.",
    }.get(built.outcome, "Bị lỗi giữa chừng. Bản cũ vẫn dùng; làm lại vẫn lỗi thì báo quản trị viên.")
    lines = [f"{line.name}: {line.before or 'chưa đo'} → {line.after}" for line in measures(built)]
    return [first, *lines, *built.notes]


def _known(visit: Visit, number: int) -> Publication:
    publication = PublicationStore(visit.console.engine, visit.console.now).get(number)
    if publication is None:
        raise Problem(404, "Không có lần công bố này", "Anh/chị xem lại danh sách.")
    return publication


def _share(shares: Shares | None, field: str) -> str:
    value = getattr(shares, field) if shares else None
    return "" if value is None else f"{value * 100:.1f}%".replace(".", ",")


def _linked(answers: LinkedAnswers | None) -> str:
    return f"đúng {answers.right} trên {answers.questions}" if answers else ""
