"""Questions and the catalogue in the console: who may do what, what it changes, and when residents see it."""

import json
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, select

from bot.catalogue_records import Built, ImportSummary, LinkedAnswers, Outcome, RecordChange, Shares, Wish
from bot.dialogue.anonymous import key_of
from bot.messages import Contact
from bot.question_records import Ending, State
from bot.services.guide import Guide
from bot.services.questions import linked_phrases
from bot.staff_records import Deed, Role
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.overrides import ImportStore, OverrideStore, PublicationStore
from bot.storage.questions import QuestionStore
from bot.storage.staff import AuditStore
from bot.storage.tables import notices
from knowledge_base.catalogue import Catalogue
from knowledge_base.overrides import Phrase
from knowledge_base.procedure import FeeKind, FeeLine, Procedure
from tests.bot.web.console.desk import Desk, build, sign_in
from tests.fakes.small_index import build_small, catalogue, save_encoder

BIRTH, PASSPORT = "1.000001", "1.000002"
ASKED = "thằng cu nhà em ra đời hôm kia"


class Centre:
    """A console over a small catalogue, whose builds run in this process."""

    def __init__(self, folder: Path) -> None:
        self.engine: Engine = open_database("sqlite://")
        self.folder, self.encoder = folder, save_encoder(folder / "encoder")
        fee = FeeLine(kind=FeeKind.AMOUNT, amounts=(8_000,), currency="VND")
        self.records = [
            msgspec.structs.replace(each, agency="so-tu-phap", fees=(fee,)) if each.code == BIRTH else each
            for each in catalogue()
        ]
        self.worse, self.breaks = "", False
        self.wishes: list[Wish] = []
        self.index(())
        self.guide = Guide(folder / "index")
        self.app = build(self.engine, self.guide, publish=self.publish)

    def index(self, overrides: Any) -> Any:
        return build_small(self.folder / "index", self.encoder, catalogue=Catalogue.overlaid(self.records, overrides))

    def publish(self, wish: Wish, progress: Callable[[int, int], None]) -> Built:
        """As `motcua index` does it."""
        self.wishes.append(wish)
        progress(1, 2)
        if self.breaks:
            raise OSError("no space left on the disk")
        before, after = Shares(questions=10, hit1=0.9), Shares(questions=10, hit1=0.5 if self.worse else 0.9)
        if self.worse and not wish.force:
            return Built(outcome=Outcome.REFUSED, worse=self.worse, before=before, after=after)
        wanted = [edit.override for edit in OverrideStore(self.engine).active()]
        linked = linked_phrases(QuestionStore(self.engine))
        if wish.only_words:
            wanted = [each for each in wanted if isinstance(each, Phrase)]
        built = self.index([*wanted, *linked])
        answers = LinkedAnswers(questions=len(linked), right=len(linked), among=0, wrong=0, nothing=0)
        return Built(outcome=Outcome(built.outcome), before=before, after=after, linked_after=answers)

    def keep(self, text: str = ASKED) -> int:
        """Somebody asks and gets no answer; the number of the question."""
        store = QuestionStore(self.engine)
        store.keep(key=key_of(text), text=text, message=text, channel="telegram", offered=(), ending=Ending.NOTHING)
        return next(one.id for one in store.listed() if one.text == text)

    def deeds(self) -> list[Deed]:
        return AuditStore(self.engine).find(limit=100)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.services.guide.LOOK_AGAIN_AFTER", -1.0)
        yield Centre(tmp_path_factory.mktemp("centre"))


@pytest.fixture(scope="module")
def people(centre: Centre) -> dict[Role, Desk]:
    return {role: sign_in(centre.app, role) for role in Role}


def publish(desk: Desk, path: str = "/staff/publish", **data: str) -> tuple[int, str]:
    """Press the button and wait until the work has ended: its number and its report."""
    answer = desk.post(path, data)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    number = int(address.split("/")[3])
    for thread in threading.enumerate():
        if thread.name == f"job-{address.rsplit('/', 1)[1]}":
            thread.join(60)
    return number, desk.get(address).text


def test_a_question_is_linked_in_other_words_and_taken_back(centre: Centre, people: dict[Role, Desk]) -> None:
    """Search, link with an edited phrase, reopen: each is in the log with before and after; nothing is lost."""
    number, clerk = centre.keep(), people[Role.CLERK]
    page = clerk.get(f"/staff/questions/{number}?tim=khai sinh").text
    assert f'value="{BIRTH}"' in page
    data = {"code": BIRTH, "phrase": "con trai mới ra đời", "why": "dân hỏi"}
    assert clerk.post(f"/staff/questions/{number}/link", data).status_code == 303
    question = QuestionStore(centre.engine).get(number)
    assert question is not None
    assert (question.state, question.code, question.phrase) == (State.LINKED, BIRTH, "con trai mới ra đời")
    assert "con trai mới ra đời" in clerk.get("/staff/publish").text
    assert clerk.post(f"/staff/questions/{number}/reopen", {"why": "nhầm"}).status_code == 303
    linked, reopened = reversed(centre.deeds()[:2])
    assert (linked.action, reopened.action) == ("Gắn câu hỏi với thủ tục", "Mở lại câu hỏi")
    assert linked.detail["after"] == {"tình trạng": "đã gắn thủ tục", "thủ tục": BIRTH, "cụm từ": "con trai mới ra đời",
                                      "lý do": "dân hỏi"}  # fmt: skip
    assert ASKED in linked.subject


@pytest.mark.parametrize(
    ("path", "data", "refusal"),
    [
        ("{n}/link", {"code": "9.999999", "why": "x"}, (422, "Chưa chọn thủ tục")),
        ("{n}/link", {"code": BIRTH, "why": " "}, (422, "Chưa ghi lý do")),
        ("{n}/link", {"code": BIRTH, "why": "x", "phrase": "à" * 300}, (422, "Cụm từ chưa dùng được")),
        ("{n}/reply", {"text": "Chào bác"}, (422, "Không có ai chờ")),
        ("{n}/reply", {"text": ""}, (422, "Chưa có nội dung")),
        ("99999/link", {"code": BIRTH, "why": "x"}, (404, "Không còn câu hỏi này")),
        ("{n}/out-of-scope", {}, (422, "Chưa ghi lý do")),
    ],
)
def test_what_cannot_be_done_with_a_question_is_a_sentence(
    centre: Centre, people: dict[Role, Desk], path: str, data: dict[str, str], refusal: tuple[int, str]
) -> None:
    """In Vietnamese, with what to do; nothing is written."""
    before = len(centre.deeds())
    answer = people[Role.OFFICER].post("/staff/questions/" + path.format(n=centre.keep()), data)
    status, said = refusal
    assert (answer.status_code, said in answer.text) == (status, True)
    assert len(centre.deeds()) == before


def test_what_waits_and_what_was_measured_are_spreadsheets(centre: Centre, people: dict[Role, Desk]) -> None:
    """Words, procedures, and the health of the machine, each with a line in the log."""
    for path in ("publish?tai=xlsx&bang=words", "publish?tai=xlsx&bang=procedures", "health?tai=xlsx"):
        answer = people[Role.SUPERVISOR].get(f"/staff/{path}")
        assert load_workbook(BytesIO(answer.content)).active is not None, path
        assert centre.deeds()[0].action == "Tải bảng tính"


def test_who_asked_is_told_without_being_known(centre: Centre, people: dict[Role, Desk]) -> None:
    """The reply goes as it was written to whoever consented; what is kept of it has no number in it."""
    number = centre.keep("trâu ăn lúa thì kiện ai")
    ConsentStore(centre.engine).give(Contact("telegram", "77"), f"question:{number}", "1")
    assert "Trả lời 1 người đang chờ" in people[Role.OFFICER].get(f"/staff/questions/{number}").text
    data = {"text": "Bác gọi số 0204 3854 117 nhé"}
    assert people[Role.OFFICER].post(f"/staff/questions/{number}/reply", data).status_code == 303
    with centre.engine.connect() as connection:
        row = connection.execute(select(notices).where(notices.c.scope == f"question:{number}")).one()
    assert "0204 3854 117" in str(row)
    assert "Bác gọi số ••• nhé" in people[Role.OFFICER].get(f"/staff/questions/{number}").text
    assert centre.deeds()[0].detail["after"]["số người"] == 1
    assert "3854" not in json.dumps(centre.deeds()[0].detail)
    mark = {"why": "việc dân sự"}
    assert people[Role.OFFICER].post(f"/staff/questions/{number}/out-of-scope", mark).status_code == 303
    assert "không trả lời bằng thủ tục" in people[Role.OFFICER].get("/staff/questions?state=out_of_scope").text


def test_a_clerk_decides_for_the_own_agency_only(centre: Centre, people: dict[Role, Desk]) -> None:
    """Another agency's procedure is neither learnt nor forgotten by a clerk; out of scope is for officers."""
    clerk, officer = people[Role.CLERK], people[Role.OFFICER]
    number = centre.keep("làm sao cho con vào lớp một trái tuyến")
    foreign = next(each.code for each in centre.records if each.agency != "so-tu-phap")
    path = f"/staff/questions/{number}"
    assert clerk.post(f"{path}/link", {"code": foreign, "phrase": "cho con vào lớp một", "why": "x"}).status_code == 403
    assert clerk.post(f"{path}/out-of-scope", {"why": "x"}).status_code == 403
    assert "ngoài phạm vi" not in clerk.get(path).text
    assert "của cơ quan khác" in clerk.get(f"{path}?tim={foreign}").text
    assert (
        officer.post(f"{path}/link", {"code": foreign, "phrase": "cho con vào lớp một", "why": "x"}).status_code == 303
    )
    assert clerk.post(f"{path}/link", {"code": BIRTH, "phrase": "cho con vào lớp một", "why": "x"}).status_code == 403
    assert clerk.post(f"{path}/reopen", {"why": "x"}).status_code == 403
    assert officer.post(f"{path}/out-of-scope", {"why": "x"}).status_code == 303
    assert clerk.post(f"{path}/reopen", {"why": "x"}).status_code == 403
    assert officer.post(f"{path}/reopen", {"why": "x"}).status_code == 303
    lost = clerk.post(f"{path}/link", {"code": BIRTH, "phrase": "cho con vào lớp một", "why": ""})
    assert lost.status_code == 422
    assert "cho con vào lớp một</textarea>" in lost.text


def test_the_list_is_a_spreadsheet_too(centre: Centre, people: dict[Role, Desk]) -> None:
    """Words, how often, channel, what was offered and what the bot answers now."""
    centre.keep()
    sheet = load_workbook(BytesIO(people[Role.CLERK].get("/staff/questions?tai=xlsx").content)).active
    assert sheet is not None
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    asked = next(row for row in rows if row[0] == ASKED)
    assert dict(zip(head, asked, strict=True))["Kênh"] == "Telegram"
    assert asked[head.index("Trợ lý đã đưa ra")] == "không có gì"


def test_a_correction_waits_until_it_is_published(centre: Centre, people: dict[Role, Desk]) -> None:
    """A clerk writes the new fee with its reason; residents read it once a supervisor has published, not before."""
    clerk, supervisor = people[Role.CLERK], people[Role.SUPERVISOR]
    form = clerk.get(f"/staff/catalogue/{BIRTH}/correct/fees").text
    assert "mọi cách: 8.000 đồng" in form
    data = {"value": "trực tiếp: 5.000 đồng", "why": "Nghị quyết 12/2026/NQ-HĐND"}
    assert clerk.post(f"/staff/catalogue/{BIRTH}/correct/fees", data).status_code == 303
    page = clerk.get(f"/staff/catalogue/{BIRTH}").text
    assert page.index("8.000 đồng") < page.index("5.000 đồng")
    assert "Nghị quyết 12/2026/NQ-HĐND" in page
    assert centre.guide.catalogue.get(BIRTH).fees[0].amounts == (8_000,)  # type: ignore[union-attr]
    number, report = publish(supervisor)
    assert "Đã công bố" in report
    assert centre.guide.catalogue.get(BIRTH).fees[0].amounts == (5_000,)  # type: ignore[union-attr]
    assert "Không có thay đổi nào đang chờ" in supervisor.get("/staff/publish").text
    assert f"{BIRTH} Đăng ký khai sinh: sửa lệ phí (Người clerk)" in supervisor.get(f"/staff/publish/{number}").text
    edit = OverrideStore(centre.engine).of(BIRTH)[-1]
    taken_back = clerk.post(f"/staff/catalogue/{BIRTH}/withdraw/{edit.id}", {"why": "gõ nhầm"})
    assert taken_back.status_code == 303
    assert "rút lại sửa đổi" in supervisor.get("/staff/publish").text
    publish(supervisor)
    assert centre.guide.catalogue.get(BIRTH).fees[0].amounts == (8_000,)  # type: ignore[union-attr]
    assert "gõ nhầm" in clerk.get("/staff/catalogue/history").text


def test_a_clerk_publishes_words_and_nothing_else(centre: Centre, people: dict[Role, Desk]) -> None:
    """What waits of the catalogue goes on waiting for the supervisor; without new words there is nothing to do."""
    clerk, supervisor = people[Role.CLERK], people[Role.SUPERVISOR]
    note = {"text": "Thứ bảy quầy nghỉ.", "why": "lịch mới"}
    assert clerk.post(f"/staff/catalogue/{BIRTH}/note", note).status_code == 303
    refused = clerk.post("/staff/publish")
    assert (refused.status_code, "do phụ trách" in refused.text) == (409, True)
    assert (
        clerk.post(f"/staff/catalogue/{BIRTH}/phrase", {"text": "bé mới đẻ làm giấy", "why": "hay hỏi"}).status_code
        == 303
    )
    publish(clerk)
    assert centre.wishes[-1].only_words
    served = centre.guide.catalogue
    assert served.phrases[BIRTH] == ("bé mới đẻ làm giấy",)
    assert served.get(BIRTH).notes == ()  # type: ignore[union-attr]
    publish(supervisor)
    assert [each.text for each in centre.guide.catalogue.get(BIRTH).notes] == ["Thứ bảy quầy nghỉ."]  # type: ignore[union-attr]


def test_hiding_is_for_the_supervisor_and_can_be_undone(centre: Centre, people: dict[Role, Desk]) -> None:
    """Hidden it is found in the console only; shown again it is back as its record says."""
    clerk, supervisor = people[Role.OFFICER], people[Role.SUPERVISOR]
    assert clerk.post(f"/staff/catalogue/{PASSPORT}/hide", {"why": "x"}).status_code == 403
    assert supervisor.post(f"/staff/catalogue/{PASSPORT}/hide", {"why": "chuyển về Bộ"}).status_code == 303
    assert supervisor.post(f"/staff/catalogue/{PASSPORT}/hide", {"why": "lần nữa"}).status_code == 409
    publish(supervisor)
    assert centre.guide.procedure(PASSPORT) is None
    assert "đang ẩn với người dân" in clerk.get(f"/staff/catalogue/{PASSPORT}").text
    assert PASSPORT in clerk.get("/staff/catalogue?only=hidden").text
    (edit,) = [edit for edit in OverrideStore(centre.engine).of(PASSPORT) if edit.active]
    assert clerk.post(f"/staff/catalogue/{PASSPORT}/withdraw/{edit.id}", {"why": "x"}).status_code == 403
    assert supervisor.post(f"/staff/catalogue/{PASSPORT}/withdraw/{edit.id}", {"why": "về lại"}).status_code == 303
    publish(supervisor)
    assert centre.guide.procedure(PASSPORT) == centre.records[1]


def test_a_clerk_corrects_the_own_agency_only(centre: Centre, people: dict[Role, Desk]) -> None:
    """Another agency's procedure can be read; it is refused in words, whatever the form sends."""
    clerk = people[Role.CLERK]
    assert "chỉ xem được" in clerk.get(f"/staff/catalogue/{PASSPORT}").text
    for path in ("note", "warn", "phrase", "correct/name"):
        assert clerk.post(f"/staff/catalogue/{PASSPORT}/{path}", {"why": "x", "text": "abcd"}).status_code == 403
    assert OverrideStore(centre.engine).of(PASSPORT)[-1].override.who != "Người clerk"


def test_a_worse_index_needs_an_administrators_word_and_reason(centre: Centre, people: dict[Role, Desk]) -> None:
    """Refused with the figures; the clerk can't, the administrator must say why, and the reason stays."""
    clerk, administrator = people[Role.CLERK], people[Role.ADMINISTRATOR]
    clerk.post(f"/staff/catalogue/{BIRTH}/phrase", {"text": "giấy cho bé đỏ hỏn", "why": "hay hỏi"})
    centre.worse = "trả lời đúng 50.0%, kém bản đang dùng (90.0%)"
    number, report = publish(clerk)
    assert "Không đưa vào dùng" in report
    assert "90,0% → 50,0%" in report
    page = clerk.get(f"/staff/publish/{number}").text
    assert "Vẫn công bố" not in page
    assert "bé đỏ hỏn" not in str(centre.guide.catalogue.phrases)
    assert clerk.post(f"/staff/publish/{number}/anyway", {"why": "x"}).status_code == 403
    assert administrator.post(f"/staff/publish/{number}/anyway", {"why": " "}).status_code == 422
    forced, report = publish(administrator, f"/staff/publish/{number}/anyway", why="Câu thử đã cũ")
    centre.worse = ""
    assert "Đã công bố" in report
    assert centre.wishes[-1] == Wish(only_words=True, force=True)
    assert "giấy cho bé đỏ hỏn" in centre.guide.catalogue.phrases[BIRTH]
    assert "Câu thử đã cũ" in clerk.get(f"/staff/publish/{forced}").text
    assert administrator.post(f"/staff/publish/{forced}/anyway", {"why": "x"}).status_code == 409
    assert [deed.action for deed in centre.deeds()[:2]] == ["Công bố bộ tra cứu", "Bắt đầu công bố"]


def test_a_build_that_breaks_leaves_everything_as_it_was(centre: Centre, people: dict[Role, Desk]) -> None:
    """It is told, written down, and the next one may begin; two at once do not."""
    supervisor, store = people[Role.SUPERVISOR], PublicationStore(centre.engine)
    centre.breaks = True
    served = centre.guide.snapshot.manifest.snapshot
    number, report = publish(supervisor)
    centre.breaks = False
    assert "Bản cũ vẫn dùng" in report
    ended = store.get(number)
    assert ended is not None
    assert ended.outcome is Outcome.FAILED
    assert centre.guide.snapshot.manifest.snapshot == served
    running = store.start(by="Người khác", only_words=False, why="", changes=())
    assert running is not None
    assert "Đang có người công bố" in supervisor.post("/staff/publish").text
    store.finish(running.id, Built(outcome=Outcome.SKIPPED))


def test_the_last_import_is_compared_as_residents_read_it(centre: Centre, people: dict[Role, Desk]) -> None:
    """Before and after, page by page; what staff corrected and the portal has changed since is named."""
    officer, (birth, passport, *_) = people[Role.OFFICER], centre.records
    assert "Chưa nhập dữ liệu lần nào" in officer.get("/staff/catalogue-import").text
    cheaper: Procedure = msgspec.structs.replace(
        birth, fees=(msgspec.structs.replace(birth.fees[0], amounts=(9_000,)),)
    )
    changes = [
        RecordChange(code=BIRTH, before=cheaper, after=birth),
        RecordChange(code=PASSPORT, before=None, after=passport),
    ]
    ImportStore(centre.engine).add(
        "content", ImportSummary(records=2, in_catalogue=5, new=(PASSPORT,), changed=1), changes
    )
    page = officer.get("/staff/catalogue-import").text
    assert "sửa lệ phí" in page
    change = officer.get(f"/staff/catalogue-import/{BIRTH}").text
    assert change.index("9.000 đồng") < change.index("8.000 đồng")
    assert "Căn cứ pháp lý" not in change, "only pages that read differently"
    assert officer.get(f"/staff/catalogue-import/{PASSPORT}").status_code == 200
    assert officer.get("/staff/catalogue-import/1.000005").status_code == 404
    assert (
        officer.post(f"/staff/catalogue/{BIRTH}/correct/address", {"value": "Quầy 5", "why": "dời quầy"}).status_code
        == 303
    )
    edit = OverrideStore(centre.engine).of(BIRTH)[-1]
    stale = msgspec.structs.replace(edit.override, seen="0" * 16)
    OverrideStore(centre.engine).add(stale)
    assert "đã đổi trên Cổng" in officer.get("/staff/catalogue").text
    assert "Bản ghi trên Cổng đã đổi sau khi sửa" in officer.get(f"/staff/catalogue/{BIRTH}").text


def test_procedures_are_found_by_code_name_and_phrase(centre: Centre, people: dict[Role, Desk]) -> None:
    """With or without marks; the list comes as a spreadsheet."""
    administrator = people[Role.ADMINISTRATOR]
    for words in (BIRTH, "dang ky khai sinh", "con moi sinh ra xa"):
        assert f"/staff/catalogue/{BIRTH}" in administrator.get(f"/staff/catalogue?q={words}").text, words
    assert "Không có thủ tục nào như vậy" in administrator.get("/staff/catalogue?q=zzzz").text
    sheet = load_workbook(BytesIO(administrator.get("/staff/catalogue?tai=xlsx").content)).active
    assert sheet is not None
    assert sheet.max_row == 1 + len(centre.records)
