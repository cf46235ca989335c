"""Signing in: passwords, codes, limits, sessions, and what the log keeps of it."""

import re

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from bot.services.guide import Guide
from bot.services.staff import MOST_BY_LOGIN, StaffError, check_password, read_login
from bot.staff_records import Role
from bot.storage.staff import ANYBODY, NOBODY, AuditStore, StaffStore
from bot.storage.staff_tables import staff, staff_sessions
from bot.web.console.page import safe
from tests.bot.dossiers import Clock
from tests.bot.web.console.desk import PASSWORD, Desk, add, build, code_of, sign_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(engine: Engine, guide: Guide, clock: Clock) -> FastAPI:
    return build(engine, guide, clock)


def try_(desk: Desk, login: str, password: str) -> tuple[int, str]:
    desk.get("/staff/sign-in")
    answer = desk.post("/staff/sign-in", {"login": login, "password": password})
    return answer.status_code, answer.text


def test_a_wrong_login_and_a_wrong_password_look_the_same(app: FastAPI) -> None:
    """Nobody learns which logins exist, nor which are disabled."""
    desk = Desk(app)
    account = add(desk, Role.OFFICER)
    blocked = add(desk, Role.CLERK)
    StaffStore(desk.console.engine).change(blocked.id, disabled_at=desk.console.now())
    said = [
        try_(desk, account.login, "sai mật khẩu"),
        try_(desk, "khong.co", PASSWORD),
        try_(desk, blocked.login, PASSWORD),
    ]
    assert {status for status, _ in said} == {422}
    logins = 'officer.an|khong.co|clerk.an|value="[0-9a-f]{64}"|csrf|CSRF-Token.*?}'
    assert len({re.sub(logins, "", text) for _, text in said}) == 1


def test_guessing_is_stopped_and_the_right_password_too(app: FastAPI, clock: Clock) -> None:
    """After five failed tries even the right password waits; a quarter of an hour later it is taken."""
    desk = Desk(app)
    account = add(desk, Role.OFFICER)
    for _ in range(MOST_BY_LOGIN):
        try_(desk, account.login, "sai")
    status, text = try_(desk, account.login, PASSWORD)
    assert (status, "đợi 15 phút" in text) == (422, True)
    clock.passes(minutes=15, seconds=1)
    assert try_(desk, account.login, PASSWORD)[0] == 303


def test_a_stranger_shuts_nobody_out(app: FastAPI) -> None:
    """Sixty invented logins from the office's address, and guesses at a login: who worked here before gets in."""
    officer = sign_in(app, Role.OFFICER)
    officer.post("/staff/sign-out")
    stranger = Desk(app)
    new = add(stranger, Role.SUPERVISOR)
    for number in range(60):
        try_(stranger, f"nguoi.la{number}", "sai")
    for _ in range(MOST_BY_LOGIN + 1):
        try_(stranger, "officer.an", "sai")
    assert try_(officer, "officer.an", PASSWORD)[0] == 303
    assert try_(stranger, new.login, PASSWORD)[0] == 303


def test_a_known_browser_outlasts_the_limit_of_the_address(app: FastAPI) -> None:
    """Tries at many real logins hold up the address, but no browser in which its owner signed in before."""
    officer, stranger = sign_in(app, Role.OFFICER), Desk(app)
    officer.post("/staff/sign-out")
    for number in range(7):
        add(stranger, Role.CLERK, f"clerk.{number}")
        for _ in range(MOST_BY_LOGIN):
            try_(stranger, f"clerk.{number}", "sai")
    add(stranger, Role.CLERK, "clerk.moi")
    assert "đợi" in try_(stranger, "clerk.moi", PASSWORD)[1]
    assert "đợi" in try_(stranger, "khong.co", PASSWORD)[1]  # as with one that exists
    assert try_(officer, "officer.an", PASSWORD)[0] == 303


def test_what_a_browser_keeps_is_worth_nothing_for_guessing(app: FastAPI) -> None:
    """Five tries from a known browser; the cookie of one login does not help with another; a new password ends it."""
    officer = sign_in(app, Role.OFFICER)
    officer.post("/staff/sign-out")
    for _ in range(MOST_BY_LOGIN):
        try_(officer, "officer.an", "sai")
    assert "đợi" in try_(officer, "officer.an", PASSWORD)[1]
    staff, store = officer.console.staff, StaffStore(officer.console.engine)
    account = store.find("officer.an")
    other = add(officer, Role.CLERK)
    assert account
    kept = officer.client.cookies["motcua_device"]
    assert staff._knows(kept, account)
    assert not staff._knows(kept, other)
    assert not staff._knows(kept.replace(f"{account.id}-", f"{other.id}-", 1), other)
    assert staff._knows(staff.device(other, kept), account)  # two people at one machine
    store.change(account.id, password="x")
    assert not staff._knows(kept, account)
    assert not staff._knows("1-2-3.4--.é-é-é", account)


def test_failed_sign_ins_do_not_flood_the_log(app: FastAPI, engine: Engine, clock: Clock) -> None:
    """A line an hour for a login, one for all that do not exist, and they can be left out."""
    desk = sign_in(app, Role.OFFICER)
    supervisor = sign_in(app, Role.SUPERVISOR)
    for number in range(20):
        try_(desk, f"nguoi.la{number}", "sai")
        try_(desk, "officer.an", "sai")
        clock.passes(seconds=1)
    log = AuditStore(engine, clock)
    assert sorted(deed.subject for deed in log.find(action="Đăng nhập không được")) == ["(tên không có)", "officer.an"]
    clock.passes(minutes=61)
    try_(desk, "nguoi.la", "sai")
    assert log.find(action="Đăng nhập không được")[0].detail == {"after": {"số lần từ dòng trước": 20}}
    assert {deed.login for deed in log.find(login=NOBODY)} == {""}
    assert "" not in {deed.login for deed in log.find(login=ANYBODY)}
    try_(supervisor, "supervisor.an", PASSWORD)
    assert "(tên không có)" not in supervisor.get("/staff/audit?who=*").text
    assert "Với tên đăng nhập không có: 21 lần" in supervisor.get("/staff/health").text


def test_the_database_holds_neither_password_nor_token(app: FastAPI, engine: Engine) -> None:
    """Only an argon2 hash and the hash of the token."""
    desk = sign_in(app, Role.OFFICER)
    token = desk.client.cookies["motcua_staff"]
    with engine.connect() as connection:
        everything = "".join(repr(connection.execute(table.select()).all()) for table in (staff, staff_sessions))
    assert PASSWORD not in everything
    assert token not in everything
    assert "$argon2id$" in everything


def test_the_cookie_is_out_of_reach(app: FastAPI) -> None:
    """HttpOnly and SameSite; Secure everywhere but on this machine; a new token at the sign-in."""
    desk = Desk(app)
    account = add(desk, Role.OFFICER)
    before = desk.get("/staff/sign-in").cookies["motcua_staff"]
    answer = desk.post("/staff/sign-in", {"login": account.login, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert answer.cookies["motcua_staff"] != before
    elsewhere = desk.client.get("https://motcua.example.vn/staff/sign-in").headers["set-cookie"]
    assert "Secure" in elsewhere


def test_an_administrator_needs_a_telephone(app: FastAPI, clock: Clock) -> None:
    """Without codes no page opens; a code works once; the next sign-in asks for one."""
    desk = sign_in(app, Role.ADMINISTRATOR)
    account = StaffStore(desk.console.engine).find("administrator.an")
    assert account is not None
    other = Desk(app)
    other.get("/staff/sign-in")
    answer = other.post("/staff/sign-in", {"login": account.login, "password": PASSWORD})
    assert answer.headers["location"] == "/staff/code"
    assert other.get("/staff/accounts").headers["location"] == "/staff/code"
    used = code_of(desk, account)
    assert other.post("/staff/code", {"code": used}).status_code == 422
    assert other.post("/staff/code", {"code": "000000"}).status_code == 422
    clock.passes(seconds=30)
    code = code_of(desk, account)
    assert other.post("/staff/code", {"code": f"{code[:3]} {code[3:]}"}).headers["location"] == "/staff/"
    assert other.get("/staff/enrol").status_code == 303  # the secret is never shown again


def test_codes_can_not_be_guessed(app: FastAPI, clock: Clock) -> None:
    """Who knows the password has five tries at the code, not a million."""
    sign_in(app, Role.ADMINISTRATOR)
    clock.passes(minutes=16)
    desk = Desk(app)
    desk.get("/staff/sign-in")
    desk.post("/staff/sign-in", {"login": "administrator.an", "password": PASSWORD})
    said = [desk.post("/staff/code", {"code": f"{n:06}"}).text for n in range(8)]
    assert ["Đã thử sai nhiều lần" in text for text in said] == [False] * 5 + [True] * 3


def test_a_given_password_must_be_changed_first(app: FastAPI) -> None:
    """Until then every page leads to the form; afterwards the old password is worth nothing."""
    desk = Desk(app)
    account, first = desk.console.staff.add(login="moi.vao", name="Mới Vào", role=Role.OFFICER, by="test")
    assert try_(desk, account.login, first)[0] == 303
    assert desk.get("/staff/dossiers").headers["location"] == "/staff/password"
    form = {"old": first, "new": PASSWORD, "again": PASSWORD}
    assert desk.post("/staff/password", form | {"again": "khác"}).status_code == 422
    assert desk.post("/staff/password", form | {"old": "sai"}).status_code == 422
    assert desk.post("/staff/password", form).headers["location"] == "/staff/"
    assert desk.get("/staff/dossiers").status_code == 200
    assert try_(Desk(app), account.login, first)[0] == 422
    assert try_(Desk(app), account.login, PASSWORD)[0] == 303


def test_a_new_password_ends_the_other_sessions(app: FastAPI) -> None:
    """The browser in which it is changed stays signed in."""
    here = sign_in(app, Role.OFFICER)
    there = Desk(app)
    try_(there, "officer.an", PASSWORD)
    assert there.get("/staff/").status_code == 200
    new = "mèo trèo cây cau 3"
    assert here.post("/staff/password", {"old": PASSWORD, "new": new, "again": new}).status_code == 303
    assert here.get("/staff/").status_code == 200
    assert there.get("/staff/").status_code == 303


def test_signing_out(app: FastAPI) -> None:
    """Here, then everywhere; the old cookie is worth nothing."""
    here = sign_in(app, Role.OFFICER)
    token = here.client.cookies["motcua_staff"]
    assert here.post("/staff/sign-out").status_code == 303
    here.client.cookies.set("motcua_staff", token, domain="localhost.local", path="/staff")
    assert here.get("/staff/").status_code == 303
    first, second = Desk(app), Desk(app)
    try_(first, "officer.an", PASSWORD)
    try_(second, "officer.an", PASSWORD)
    assert first.post("/staff/sign-out-everywhere").status_code == 303
    assert second.get("/staff/").status_code == 303


def test_a_session_ends_after_a_rest(app: FastAPI, clock: Clock) -> None:
    """Forty-five minutes, whatever the page polls by itself."""
    desk = sign_in(app, Role.OFFICER)
    for _ in range(3):
        clock.passes(minutes=16)
        answer = desk.get("/staff/counters", headers={"HX-Request": "true"})
    assert answer.status_code == 286  # it asks no more
    assert answer.headers["HX-Retarget"] == "#problem"
    assert "Đăng nhập lại" in answer.text
    assert "<nav" not in answer.text
    assert desk.get("/staff/calls").headers["location"] == "/staff/sign-in?next=/staff/calls"


def test_what_was_typed_outlives_the_session(app: FastAPI, clock: Clock) -> None:
    """A form that comes too late is shown again, with the way back to its page; no password is."""
    desk = sign_in(app, Role.OFFICER)
    clock.passes(hours=1)
    page = {"Referer": "http://localhost/staff/dossiers/H05?q=1"}
    typed = {"reason": "Bản sao <mờ> quá", "by": "2026-12-02", "old": "mật khẩu cũ"}
    answer = desk.post("/staff/dossiers/H05/supplement", typed, headers=page)
    assert answer.status_code == 401
    assert "Bản sao &lt;mờ&gt; quá" in answer.text
    assert "mật khẩu cũ" not in answer.text
    assert 'href="/staff/sign-in?next=/staff/dossiers/H05%3Fq%3D1"' in answer.text
    elsewhere = desk.post("/staff/calls/1/done", headers={"Referer": "https://example.com//staff/"})
    assert 'href="/staff/sign-in"' in elsewhere.text
    here = {"HX-Request": "true", "HX-Current-URL": "http://localhost/staff/handover/7"}
    assert "?next=/staff/handover/7" in desk.get("/staff/handover/7/live", headers=here).text


@pytest.mark.parametrize(
    ("path", "ok"),
    [
        ("/staff/dossiers", True),
        ("https://example.com/staff/", False),
        ("//example.com/staff/", False),
        ("/staff//example.com", False),
        ("/staff/\\example.com", False),
        ("/staff/sign-out", False),
        ("/other", False),
        ("", False),
    ],
)
def test_after_signing_in_one_stays_here(path: str, ok: bool) -> None:
    """The address to come back to leads nowhere else."""
    assert safe(path) is ok


def test_one_comes_back_to_the_page_one_wanted(app: FastAPI) -> None:
    """A link to a dossier survives the sign-in."""
    desk = Desk(app)
    account = add(desk, Role.OFFICER)
    desk.get("/staff/sign-in?next=/staff/calls")
    answer = desk.post("/staff/sign-in", {"login": account.login, "password": PASSWORD})
    assert answer.headers["location"] == "/staff/calls"


def test_the_log_tells_of_sign_ins_without_secrets(app: FastAPI, engine: Engine) -> None:
    """Successes and failures; a password typed into the wrong field is not kept."""
    desk = sign_in(app, Role.OFFICER)
    try_(desk, "mật khẩu của tôi là 123", "x")
    try_(desk, "officer.an", "sai")
    deeds = AuditStore(engine).find()
    told = [(deed.login, deed.action, deed.subject) for deed in deeds]
    assert told == [
        ("", "Đăng nhập không được", "officer.an"),
        ("", "Đăng nhập không được", "(tên không có)"),
        ("officer.an", "Đăng nhập", "officer.an"),
    ]


@pytest.mark.parametrize(
    "password", ["ngắn 1", "1234567890123", "aaaaaaaaaaaa", "matkhau123", "password1234", "lan.nguyen-2026", "x" * 201]
)
def test_easy_passwords_are_refused(password: str) -> None:
    """Too short, digits only, one letter, the most common ones, the login, endless."""
    with pytest.raises(StaffError):
        check_password(password, "lan.nguyen")


def test_a_sentence_is_a_password() -> None:
    """No demands for signs and capitals."""
    check_password("con trâu gặm cỏ", "lan.nguyen")


@pytest.mark.parametrize("login", ["", "ab", "a" * 41, "tên có dấu", "a b c", "<script>", "a/b"])
def test_a_login_is_plain(login: str) -> None:
    """Letters without marks, digits, dots, hyphens."""
    with pytest.raises(StaffError):
        read_login(login)


def test_strange_requests_get_an_answer(app: FastAPI) -> None:
    """No form, a wrong form, a body without length: a page that says what to do, never a fault."""
    desk = sign_in(app, Role.OFFICER)
    assert desk.client.post("/staff/sign-in", content=b"\xff\xfe").status_code == 403
    assert desk.post("/staff/dossiers/H05/status", {"version": "x"}).status_code == 422
    assert desk.get("/staff/notices/abc").status_code == 422
    assert desk.get("/staff/dossiers?trang=-3&status=%00").status_code == 200
    assert desk.get("/staff/dossiers?q=%00").status_code in (200, 422)
    assert desk.get(f"/staff/notices/{10**30}").status_code in (404, 422)
    assert desk.client.request("DELETE", "/staff/dossiers").status_code == 405


def test_every_answer_forbids_what_pages_do_not_need(app: FastAPI) -> None:
    """Strict CSP, no framing, no cache; static files may be kept."""
    desk = sign_in(app, Role.OFFICER)
    for path in ("/staff/", "/staff/sign-in", "/staff/nowhere"):
        headers = desk.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
    assert "immutable" in desk.get("/staff/static/htmx.min.js?v=1").headers["cache-control"]
