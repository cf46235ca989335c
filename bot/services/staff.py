"""Signing in to the staff console: passwords, codes of a telephone, sessions, and the limits on guessing."""

import base64
import hashlib
import math
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Protocol

import msgspec
import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bot.personal import Hasher
from bot.staff_records import Account, Role, Secret, Session, Stage

LASTS: Final = timedelta(hours=12)
"""A session ends after this time, however much it is used."""
IDLE: Final = timedelta(minutes=45)
"""A session ends after this time without any use."""
HALF_WAY: Final = timedelta(minutes=10)
"""How long the second step of a sign-in may take."""
WINDOW: Final = timedelta(minutes=15)
MOST_BY_LOGIN: Final = 5
MOST_BY_ADDRESS: Final = 30
"""Failed tries within the window. A whole office may share one address, so these are tries at logins that exist, and
a browser in which somebody signed in before is not held up by them."""
MOST_INVENTED: Final = 200
"""Tries of one address at logins that do not exist, after which passwords are not looked at for them."""
DEVICE_LASTS: Final = timedelta(days=180)
"""How long a browser is known after its last sign-in."""
MOST_ON_DEVICE: Final = 8
"""People who share a browser."""
LEAST: Final = 10
"""Characters of the shortest password."""
MOST: Final = 200
_COMMON: Final = (
    *("password", "matkhau", "123456", "qwerty", "abc123", "iloveyou", "admin", "bacgiang", "motcua", "111111"),
    *("hanhchinh", "canbo", "vietnam"),
)
ISSUER: Final = "Một cửa"


class StaffError(ValueError):
    """Something about an account can't be done; the message (Vietnamese) says what to do instead."""


class WrongError(StaffError):
    """Login, password or code are not right; nobody learns which."""


_WRONG: Final = "Tên đăng nhập hoặc mật khẩu không đúng. Anh/chị kiểm tra chữ hoa, chữ thường và bộ gõ."


class Store(Protocol):
    """Where accounts live; see bot.storage.staff."""

    def add(self, *, login: str, name: str, role: Role, agency: str, password: str, by: str) -> Account | None: ...  # noqa: D102
    def find(self, login: str) -> Account | None: ...  # noqa: D102
    def all(self) -> list[Account]: ...  # noqa: D102
    def secret(self, account_id: int) -> Secret: ...  # noqa: D102
    def change(self, account_id: int, **values: Any) -> None: ...  # noqa: D102
    def use_code(self, account_id: int, step: int) -> bool: ...  # noqa: D102
    def open_session(self, token_hash: str, account_id: int, stage: Stage, *, lasts: timedelta) -> None: ...  # noqa: D102
    def session(self, token_hash: str, *, idle: timedelta, touch: bool) -> Session | None: ...  # noqa: D102
    def close_session(self, token_hash: str) -> None: ...  # noqa: D102
    def close_sessions(self, account_id: int, *, but: str = "") -> int: ...  # noqa: D102
    def try_(  # noqa: D102
        self,
        subjects: Mapping[tuple[str, str], int | None],
        window: timedelta,
        *,
        watched: Mapping[tuple[str, str], int] | None = None,
    ) -> timedelta | None: ...
    def tried(self, kind: str, subject: str, window: timedelta) -> int: ...  # noqa: D102
    def forgive(self, *subjects: tuple[str, str]) -> None: ...  # noqa: D102
    def take_back(self, kind: str, subject: str) -> None: ...  # noqa: D102


class SignedIn(msgspec.Struct, frozen=True):
    """The next step of a sign-in: the token for the cookie, and what is still to be done."""

    token: str
    stage: Stage
    account: Account


class Staff:
    """Accounts and sign-ins.

    hasher: keyed hashes; the secret of a telephone's codes is made with it, so that who reads the database alone can't
    make codes. passwords: how passwords are hashed; tests use a fast one.
    """

    def __init__(
        self,
        store: Store,
        hasher: Hasher,
        *,
        passwords: PasswordHasher | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._hasher, self._now = store, hasher, now
        self._passwords = passwords or PasswordHasher()

    # --- signing in ---

    def sign_in(self, login: str, password: str, address: str, device: str = "") -> SignedIn:
        """The first step; raises StaffError with what to do. device: what the browser kept of earlier sign-ins."""
        login = read_login(login)
        account = self._store.find(login)
        known = account is not None and self._knows(device, account)
        self._count(login, address, exists=account is not None, known=known)
        if account is None and self._store.tried("invented", self._address(address), WINDOW) > MOST_INVENTED:
            raise WrongError(_WRONG)  # in the same words, or a flood would tell which logins exist
        usable = account is not None and account.disabled_at is None
        # a login that does not exist costs the same time as one that does
        kept = self._store.secret(account.id).password if account else self._nobody
        right = self._verify(kept, password)
        if not right or not usable or account is None:
            raise WrongError(_WRONG)
        self._take_back(login, address, known=known)
        if self._passwords.check_needs_rehash(kept):
            self._store.change(account.id, password=self._passwords.hash(normal(password)))
        if account.enrolled:
            return self._open(account, Stage.CODE)
        if account.role == Role.ADMINISTRATOR:
            return self._open(account, Stage.ENROL)
        return self._finished(account)

    def code(self, token: str, typed: str, address: str, device: str = "") -> SignedIn:
        """The second step: the code that the telephone shows. Also ends the setting up of codes. Raises StaffError."""
        session = self.session(token)
        if session is None or session.stage not in (Stage.CODE, Stage.ENROL):
            raise StaffError("Lượt đăng nhập đã hết hạn. Anh/chị đăng nhập lại từ đầu.")
        account = session.account
        known = self._knows(device, account)
        self._count(account.login, address, known=known)
        if not self._take_code(account, typed):
            raise WrongError("Mã không đúng hoặc đã dùng. Anh/chị chờ mã mới trên điện thoại rồi gõ lại đủ 6 số.")
        if session.stage is Stage.ENROL:
            self._store.change(account.id, enrolled=True)
        self._store.close_session(session.token_hash)
        self._take_back(account.login, address, known=known)
        return self._finished(account)

    def _finished(self, account: Account) -> SignedIn:
        self._store.forgive(("login", account.login), ("device", account.login))
        return self._open(account, Stage.PASSWORD if account.must_change else Stage.OPEN)

    def _open(self, account: Account, stage: Stage) -> SignedIn:
        token = new_token()
        lasts = LASTS if stage is Stage.OPEN else HALF_WAY
        self._store.open_session(token_hash(token), account.id, stage, lasts=lasts)
        return SignedIn(token, stage, account)

    def session(self, token: str, *, touch: bool = True) -> Session | None:
        """The session of a cookie's token; `touch=False` where a page asks by itself, without anybody there."""
        return self._store.session(token_hash(token), idle=IDLE, touch=touch) if token else None

    def sign_out(self, token: str) -> None:
        """End this session."""
        self._store.close_session(token_hash(token))

    def sign_out_everywhere(self, account: Account) -> int:
        """End all sessions of somebody; how many there were."""
        return self._store.close_sessions(account.id)

    def device(self, account: Account, kept: str = "") -> str:
        """What a browser keeps, so that it is known when this person signs in there again; with what it `kept` before.

        A new password ends it. Tries from a known browser are counted by themselves: strangers who guess, at this login
        or from the same address, keep nobody out who has worked there before.
        """
        others = [each for each in kept.split(".") if each.partition("-")[0] != str(account.id)]
        until = int((self._now() + DEVICE_LASTS).timestamp())
        return ".".join([f"{account.id}-{until}-{self._signature(account, until)}", *others][:MOST_ON_DEVICE])

    def _knows(self, kept: str, account: Account) -> bool:
        for each in kept.split(".")[:MOST_ON_DEVICE]:
            owner, _, rest = each.partition("-")
            until, _, signature = rest.partition("-")
            if owner == str(account.id) and until.isascii() and until.isdecimal() and len(until) < 16:
                fresh = int(until) > self._now().timestamp()
                right = self._signature(account, int(until))
                return fresh and secrets.compare_digest(right.encode(), signature.encode())
        return False

    def _signature(self, account: Account, until: int) -> str:
        password = self._store.secret(account.id).password
        return self._hasher.hash("device", f"{account.id}|{until}|{password}")

    def _count(self, login: str, address: str, *, exists: bool = True, known: bool = False) -> None:
        subjects: dict[tuple[str, str], int | None] = {("login", login): None if known else MOST_BY_LOGIN}
        watched: dict[tuple[str, str], int] = {}
        if known:
            subjects["device", login] = MOST_BY_LOGIN
        elif exists:
            subjects["address", self._address(address)] = MOST_BY_ADDRESS
        else:  # whoever invents logins shuts nobody out
            subjects["invented", self._address(address)] = None
            watched["address", self._address(address)] = MOST_BY_ADDRESS
        if wait := self._store.try_(subjects, WINDOW, watched=watched):
            minutes = max(1, math.ceil(wait.total_seconds() / 60))
            raise StaffError(
                f"Đã thử sai nhiều lần. Anh/chị đợi {minutes} phút rồi thử lại, hoặc nhờ quản trị đặt lại mật khẩu."
            )

    def _take_back(self, login: str, address: str, *, known: bool) -> None:
        """The try just counted was right."""
        self._store.take_back("login", login)
        if known:
            self._store.take_back("device", login)
        else:
            self._store.take_back("address", self._address(address))

    def _address(self, address: str) -> str:
        return self._hasher.hash("address", address)

    @cached_property
    def _nobody(self) -> str:
        return self._passwords.hash(secrets.token_hex(16))

    def _verify(self, kept: str, password: str) -> bool:
        if len(password) > MOST:
            return False
        try:
            return self._passwords.verify(kept, normal(password))
        except (VerifyMismatchError, InvalidHashError):
            return False

    # --- codes of a telephone ---

    def enrolment(self, account: Account) -> tuple[str, str]:
        """The secret to type and the address for the QR code with which a telephone is set up."""
        if account.enrolled:
            raise StaffError("Tài khoản này đã cài mã xác thực. Muốn cài lại, anh/chị nhờ quản trị viên đặt lại.")
        salt = self._store.secret(account.id).code_salt
        if not salt:
            salt = secrets.token_hex(16)
            self._store.change(account.id, code_salt=salt)
            salt = self._store.secret(account.id).code_salt
        secret = self._secret(account, salt)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=ISSUER)

    def _secret(self, account: Account, salt: str) -> str:
        digest = bytes.fromhex(self._hasher.hash("totp", f"{account.id}|{salt}"))
        return base64.b32encode(digest[:20]).decode()

    def _take_code(self, account: Account, typed: str) -> bool:
        typed = "".join(typed.split())
        secret = self._store.secret(account.id)
        if not secret.code_salt:
            return False
        totp = pyotp.TOTP(self._secret(account, secret.code_salt))
        now = int(self._now().timestamp())
        # the clock of a telephone may be half a minute off
        for step in range(now // totp.interval - 1, now // totp.interval + 2):
            if secrets.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
                return self._store.use_code(account.id, step)
        return False

    # --- accounts ---

    def add(self, *, login: str, name: str, role: Role, agency: str = "", by: str) -> tuple[Account, str]:
        """A new account and the password for the first sign-in; raises StaffError."""
        login, name = read_login(login), " ".join(normal(name).split())
        if not name:
            raise StaffError("Anh/chị gõ họ tên của cán bộ.")
        if role == Role.CLERK and not agency:
            raise StaffError("Cán bộ của cơ quan phải có cơ quan: anh/chị chọn cơ quan.")
        password = new_password()
        account = self._store.add(
            login=login,
            name=name[:100],
            role=role,
            agency=agency if role == Role.CLERK else "",
            password=self._passwords.hash(password),
            by=by,
        )
        if account is None:
            raise StaffError(f"Tên đăng nhập {login} đã có người dùng. Anh/chị chọn tên khác.")
        return account, password

    def reset(self, account: Account) -> str:
        """A new password for the first sign-in; codes are set up anew, all sessions end, failed tries are forgiven."""
        password = new_password()
        self._store.change(
            account.id,
            password=self._passwords.hash(password),
            must_change=True,
            enrolled=False,
            code_salt=secrets.token_hex(16),
            code_step=0,
        )
        self._store.close_sessions(account.id)
        self._store.forgive(("login", account.login), ("device", account.login))
        return password

    def disable(self, account: Account) -> None:
        """Nobody signs in with it any more; raises StaffError for the last administrator."""
        self._keep_one_administrator(account)
        self._store.change(account.id, disabled_at=self._now())
        self._store.close_sessions(account.id)

    def enable(self, account: Account) -> None:
        """It may be used again."""
        self._store.change(account.id, disabled_at=None)

    def assign(self, account: Account, role: Role, agency: str) -> None:
        """Another role or agency; its sessions end, so that nothing of the old role stays open."""
        if role == Role.CLERK and not agency:
            raise StaffError("Cán bộ của cơ quan phải có cơ quan: anh/chị chọn cơ quan.")
        if role != Role.ADMINISTRATOR:
            self._keep_one_administrator(account)
        self._store.change(account.id, role=role, agency=agency if role == Role.CLERK else "")
        self._store.close_sessions(account.id)

    def _keep_one_administrator(self, account: Account) -> None:
        others = [
            other
            for other in self._store.all()
            if other.role == Role.ADMINISTRATOR and other.disabled_at is None and other.id != account.id
        ]
        if account.role == Role.ADMINISTRATOR and account.disabled_at is None and not others:
            raise StaffError("Đây là quản trị viên cuối cùng: anh/chị tạo quản trị viên khác trước đã.")

    def change_password(
        self, token: str, old: str, new: str, again: str, *, address: str, device: str = ""
    ) -> SignedIn:
        """One's own password; all other sessions end. Gives the new session. Raises StaffError."""
        session = self.session(token)
        if session is None or session.stage not in (Stage.PASSWORD, Stage.OPEN):
            raise StaffError("Lượt đăng nhập đã hết hạn. Anh/chị đăng nhập lại từ đầu.")
        account = session.account
        known = self._knows(device, account)
        self._count(account.login, address, known=known)
        if not self._verify(self._store.secret(account.id).password, old):
            raise WrongError("Mật khẩu đang dùng không đúng. Anh/chị gõ lại.")
        self._take_back(account.login, address, known=known)
        self._store.forgive(("login", account.login), ("device", account.login))
        if normal(new) != normal(again):
            raise StaffError("Hai lần gõ mật khẩu mới không giống nhau. Anh/chị gõ lại.")
        if normal(new) == normal(old):
            raise StaffError("Mật khẩu mới phải khác mật khẩu đang dùng.")
        check_password(new, account.login)
        self._store.change(account.id, password=self._passwords.hash(normal(new)), must_change=False)
        self._store.close_sessions(account.id)
        return self._open(account, Stage.OPEN)


def new_token() -> str:
    """What a cookie holds; nobody can guess it."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """What the forms of a session must send back; made of its token, which no other page can read."""
    return hashlib.sha256(f"csrf|{token}".encode()).hexdigest()


def normal(text: str) -> str:
    """As typed on any keyboard."""
    return unicodedata.normalize("NFC", text)


def read_login(text: str) -> str:
    """A login: 3 to 40 letters, digits, dots and hyphens, in lower case; raises StaffError."""
    login = normal(text).strip().lower()
    if not (3 <= len(login) <= 40 and all(char.isascii() and (char.isalnum() or char in ".-_") for char in login)):
        raise StaffError("Tên đăng nhập gồm 3 đến 40 chữ không dấu, số, dấu chấm hoặc gạch ngang, ví dụ nguyen.lan.")
    return login


def check_password(password: str, login: str) -> None:
    """Raises StaffError where a password is too easy to guess."""
    password = normal(password)
    letters = password.lower()
    for stem in _COMMON:
        letters = letters.replace(stem, "")
    if len(password) < LEAST:
        raise StaffError(f"Mật khẩu cần ít nhất {LEAST} ký tự. Gợi ý: ghép vài từ không liên quan với nhau.")
    if len(password) > MOST:
        raise StaffError(f"Mật khẩu dài quá {MOST} ký tự. Anh/chị rút ngắn lại.")
    if len(set(password)) < 5 or password.isdigit() or len(letters) < LEAST // 2:
        raise StaffError("Mật khẩu này dễ đoán quá. Gợi ý: ghép vài từ không liên quan với nhau.")
    if login in password.lower():
        raise StaffError("Mật khẩu không được chứa tên đăng nhập.")


def new_password() -> str:
    """A password to be told once and changed at the first sign-in; without letters that look alike."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))
