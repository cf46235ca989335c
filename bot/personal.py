"""Personal data as it may be kept: names masked, numbers as keyed hashes and last four digits."""

import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

import msgspec

KEY_FILE: Final = Path("var/hash.key")
LEAST_KEY: Final = 16
"""Bytes of the shortest usable key."""


class KeyFileError(ValueError):
    """The key of the hashes can't be used; the message says what to mend."""


class Number(msgspec.Struct, frozen=True):
    """A phone or identity number as it may be kept."""

    hash: str = ""
    last4: str = ""


class Hasher:
    """Keyed hashes (HMAC-SHA256): the same number gives the same hash, and nobody without the key can try numbers."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, kind: str, text: str) -> str:
        """64 hexadecimal digits; `kind` keeps a phone and an identity number of the same digits apart."""
        return hmac.digest(self._key, f"{kind}|{text}".encode(), "sha256").hex()

    def phone(self, text: str) -> Number:
        """A phone number in any usual form; raises ValueError where it is none, an empty one gives an empty Number."""
        digits = re.sub(r"[\s.()-]", "", text)
        if not digits or _is_filler(digits):
            return Number()
        digits = re.sub(r"^(\+?84|0084)(?=\d{9}$)", "0", digits)
        if not re.fullmatch(r"0\d{9,10}", digits):
            raise ValueError("is no phone number: 10 digits that begin with 0, or +84 and 9 digits")
        return Number(self.hash("phone", digits), digits[-4:])

    def identity(self, text: str) -> Number:
        """An identity, passport or tax number; raises ValueError where it is none."""
        number = re.sub(r"[\s.-]", "", text).upper()
        if not number or _is_filler(number):
            return Number()
        if not re.fullmatch(r"[A-Z]{0,2}\d{7,13}", number):
            raise ValueError("is no identity number: 9 or 12 digits, or a passport or tax number")
        return Number(self.hash("identity", number), number[-4:])


def mask_name(name: str) -> str:
    """NGUYỄN VĂN AN → Nguyễn V. A."""
    words = name.split()
    if not words:
        return ""
    return " ".join([words[0].capitalize(), *(f"{word[0].upper()}." for word in words[1:])])


def read_key(setting: str | None, path: Path = KEY_FILE) -> bytes:
    """The key from the setting, else from the file, which is made once, readable by its owner only."""
    if setting:
        if len(setting.encode()) < LEAST_KEY:
            raise KeyFileError(f"MOTCUA_HASH_KEY is too short: use at least {LEAST_KEY} characters")
        return setting.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # written whole under another name, then linked: a process that starts at the same moment reads all of it or none
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text("utf-8").strip().encode()
    if len(key) < LEAST_KEY:
        raise KeyFileError(f"{path} is damaged: restore it from the backup; a new key makes old hashes useless")
    return key


def _is_filler(digits: str) -> bool:
    """Zeros typed where a system insists on a number."""
    return len(set(digits.lstrip("+"))) == 1
