"""Other systems hand over dossiers; what can't be kept is refused with field and reason."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.dossier_records import Status
from bot.storage.dossier_links import DossierLinkStore
from bot.storage.dossiers import DossierStore
from bot.web.staff_api import MOST, StaffApi, TokensError, read_tokens
from tests.bot.dossiers import CODE, HASHER

TOKEN = "t" * 24
SENT: dict[str, Any] = {
    "status": 5,
    "status_version": 2,
    "procedure_code": "1.004194.000.00.00.H05",
    "applicant": "NGUYỄN VĂN AN",
    "phone": "+84 900 004 321",
    "missing": ["Bản sao giấy khai sinh"],
    "supplement_reason": "bản nộp bị mờ",
    "supplement_by": "2026-11-30T17:00:00+07:00",
    "timeline": [{"status": 2, "at": "2026-11-16T08:30:00+07:00"}],
}


@pytest.fixture
def store(engine: Engine) -> DossierStore:
    return DossierStore(engine)


@pytest.fixture
def client(store: DossierStore, engine: Engine) -> TestClient:
    app = FastAPI()
    links = DossierLinkStore(engine)
    app.include_router(StaffApi(store, HASHER, read_tokens(f"desk:{TOKEN}"), links=links, bot_name="@mot_bot").router)
    return TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})


def test_put_is_idempotent_by_version(client: TestClient, store: DossierStore) -> None:
    """Created, unchanged, changed, then 409 for an older one and for another content under the same number."""
    url = f"/api/v1/dossiers/{CODE}"
    answers = [
        client.put(url, json=SENT),
        client.put(url, json=SENT),
        client.put(url, json=SENT | {"status": 4, "status_version": 3}),
        client.put(url, json=SENT),
        client.put(url, json=SENT | {"status": 9, "status_version": 3}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 409, 409]
    assert [answer.json()["outcome"] for answer in answers] == ["created", "unchanged", "changed", "stale", "conflict"]
    assert answers[3].json()["errors"][0]["field"] == "status_version"
    kept = store.get(CODE)
    assert kept is not None
    assert (kept.status, kept.applicant, kept.phone_last4) == (Status.PROCESSING, "Nguyễn V. A.", "4321")
    assert kept.procedure_code == "1.004194"
    assert "900004321" not in repr(kept)
    assert client.get("/api/v1/counts").json()["desk unchanged"] == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"status_version": 1}, 422, "status"),
        (SENT | {"status": 11}, 422, "status"),
        (SENT | {"status_version": 0}, 422, "status_version"),
        (SENT | {"phone": "abc"}, 422, "phone"),
        (SENT | {"identity": "12"}, 422, "identity"),
        (SENT | {"procedure_code": "TP1"}, 422, "procedure_code"),
        (SENT | {"due_at": "2026-11-30T17:00:00"}, 422, "due_at"),
        (SENT | {"due_at": "soon"}, 422, "due_at"),
        (SENT | {"due_at": "0001-01-01T00:00:00+07:00"}, 422, "due_at"),
        (SENT | {"due_at": "9999-12-31T23:59:59Z"}, 422, "due_at"),
        (SENT | {"status": "lạ"}, 422, "status"),
        (SENT | {"status_version": 2**63}, 422, "status_version"),
        (SENT | {"timeline": [{"status": 2, "at": ""}]}, 422, "timeline[0].at"),
        (SENT | {"fee_due": -1}, 422, "fee_due"),
        (SENT | {"code": "H05.12-260715-0008"}, 422, "code"),
        (SENT | {"surname": "x"}, 422, "surname"),
        (SENT | {"timeline": [{"status": 2, "at": "2026-11-16T08:30:00"}]}, 422, "timeline[0].at"),
    ],
)
def test_a_refusal_names_field_and_reason(client: TestClient, body: dict[str, Any], status: int, field: str) -> None:
    """Nothing is kept, and the value itself is not repeated."""
    answer = client.put(f"/api/v1/dossiers/{CODE}", json=body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (status, field)
    assert len(error["reason"]) > 10
    assert client.get("/api/v1/counts").json() == {f"refused {status}": 1}


def test_other_refusals(client: TestClient, store: DossierStore) -> None:
    """No token, no JSON, too large, no code."""
    url = f"/api/v1/dossiers/{CODE}"
    for header in ("", "Bearer", "Bearer x", f"Bearer {TOKEN}x"):
        assert client.put(url, json=SENT, headers={"Authorization": header}).status_code == 401
    assert client.get("/api/v1/counts", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert client.put(url, content=b"{").status_code == 400
    assert client.put(url, content=b"\xff\xfe").status_code == 400
    assert client.put(url, content=b" " * 70_000).status_code == 413
    assert client.put("/api/v1/dossiers/abc", json=SENT).json()["errors"][0]["field"] == "code"
    assert not store.any()


def test_a_batch_keeps_what_is_good(client: TestClient) -> None:
    """Each has its own outcome in the order sent."""
    items = [SENT | {"code": CODE}, SENT, SENT | {"code": CODE, "status_version": 3, "status": 4}, 7]
    answers = client.post("/api/v1/dossiers:batch", json=items).json()["dossiers"]
    assert [answer.get("outcome") for answer in answers] == ["created", None, "changed", None]
    assert answers[1]["errors"][0]["field"] == "code"
    assert client.post("/api/v1/dossiers:batch", json=[SENT] * (MOST + 1)).status_code == 413
    assert client.post("/api/v1/dossiers:batch", json=SENT).status_code == 422


def test_what_the_api_changes_is_written_down(store: DossierStore) -> None:
    """A line for a dossier and one for a batch, with the sender; nothing for what was kept already."""
    lines: list[tuple[str, str, str]] = []
    app = FastAPI()
    note = lambda who, what, subject, _detail: lines.append((who, what, subject))  # noqa: E731
    app.include_router(StaffApi(store, HASHER, read_tokens(f"desk:{TOKEN}"), note).router)
    client = TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    one = {"status": 4, "status_version": 1}
    for _ in range(2):
        client.put("/api/v1/dossiers/H05.12-260715-0007", json=one)
    batch = [one | {"code": f"H05.12-260715-000{number}"} for number in (7, 8, 9)]
    client.post("/api/v1/dossiers:batch", json=batch)
    assert lines == [
        ("api desk", "Nhận hồ sơ qua API", "H05.12-260715-0007"),
        ("api desk", "Nhận hồ sơ qua API", "3 hồ sơ"),
    ]


def test_tokens_are_long_and_named() -> None:
    """A short one is refused at the start; none means no API."""
    assert read_tokens(None) == {}
    for setting in ("abc", "desk:short", f":{TOKEN}"):
        with pytest.raises(TokensError, match="MOTCUA_API_TOKENS"):
            read_tokens(setting)


@pytest.mark.parametrize("status", [4, "4", "04", "Đang xử lý", "4 - Đang xử lý"])
def test_a_status_is_a_number_or_its_name(client: TestClient, store: DossierStore, status: int | str) -> None:
    assert client.put(f"/api/v1/dossiers/{CODE}", json=SENT | {"status": status}).status_code == 201
    kept = store.get(CODE)
    assert kept is not None
    assert kept.status is Status.PROCESSING


def test_a_number_that_is_not_sent_stays(client: TestClient, store: DossierStore) -> None:
    """Only null takes it out; other fields that are not sent are empty from then on."""
    url = f"/api/v1/dossiers/{CODE}"
    client.put(url, json=SENT | {"identity": "024099001234"})
    for version, said in enumerate(({}, {"phone": ""}, {"phone": "+84900004321"}), 3):
        client.put(url, json={"status": 4, "status_version": version, **said})
        kept = store.get(CODE)
        assert kept is not None
        assert (kept.phone_last4, kept.identity_last4, kept.applicant) == ("4321", "1234", "")
    client.put(url, json={"status": 4, "status_version": 9, "phone": None, "apology": None, "missing": None})
    kept = store.get(CODE)
    assert kept is not None
    assert (kept.phone_hash, kept.phone_last4, kept.identity_last4) == ("", "", "1234")


def test_what_is_due_on_a_day_is_due_until_its_end(client: TestClient, store: DossierStore) -> None:
    """A day alone, or midnight in Vietnam, which is what systems write for no hour."""
    url = f"/api/v1/dossiers/{CODE}"
    days = ("2026-12-03", "2026-12-03T00:00:00+07:00", "2026-12-02T17:00:00.000+0000", "2026-12-02T17:00:00Z")
    for version, due in enumerate(days, 1):
        assert client.put(url, json={"status": 4, "status_version": version, "due_at": due}).status_code in (200, 201)
        kept = store.get(CODE)
        assert kept is not None
        assert f"{kept.due_at}" == "2026-12-03 23:59:00+07:00"


def test_one_that_cannot_be_stored_loses_no_other(client: TestClient, store: DossierStore) -> None:
    """A version of milliseconds is none of them; a placeholder for a date is told with its field."""
    codes = [f"H05.12-260715-000{number}" for number in range(3)]
    extra: tuple[dict[str, Any], ...] = (
        {},
        {"due_at": "0001-01-01T00:00:00Z"},
        {"status_version": 1_764_756_000_000, "agency": "a\x00b"},
    )
    items = [{"code": code, "status": 4, "status_version": 1, **said} for code, said in zip(codes, extra, strict=True)]
    answers = client.post("/api/v1/dossiers:batch", json=items).json()["dossiers"]
    assert [answer.get("outcome") for answer in answers] == ["created", None, "created"]
    assert answers[1]["errors"][0]["field"] == "due_at"
    assert (answers[2]["status_version"], answers[2]["version"]) == (1_764_756_000_000, 1)
    assert [dossier.code for dossier in store.get_all(codes)] == [codes[0], codes[2]]


def test_a_link_is_made_for_a_dossier_that_is_kept(client: TestClient, engine: Engine) -> None:
    """It opens the web chat and Telegram, and names no dossier."""
    url = f"/api/v1/dossiers/{CODE}"
    assert client.post(f"{url}/link").status_code == 404
    client.put(url, json=SENT)
    answer = client.post(f"{url}/link")
    told = answer.json()
    assert answer.status_code == 201
    assert told["telegram"].startswith("https://t.me/mot_bot?start=l_")
    assert told["path"].removeprefix("/?d=") == told["telegram"].partition("start=l_")[2]
    assert "0007" not in answer.text.replace(told["expires_at"], "")
    assert DossierLinkStore(engine).find(told["path"].removeprefix("/?d="), "anybody") == CODE
    assert client.post(f"{url}/link", headers={"Authorization": ""}).status_code == 401
