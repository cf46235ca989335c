"""A checklist on its way to somebody's own phone: procedure, case and ticks in the link itself, sealed and dated.

Nothing of it is stored, so nothing has to be erased, and nobody can make one without the centre's key.
"""

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.personal import Hasher
from bot.volunteer_records import Handed

LASTS: Final = timedelta(days=14)
PREFIX: Final = "v_"
LONGEST: Final = 62
"""Characters: Telegram takes 64 with the prefix."""
SEAL: Final = 12
MOST_PAPERS: Final = 144
"""Papers whose ticks find room; the longest list of one case has fewer."""
_HOUR: Final = 3600


def seal(hasher: Hasher, procedure: str, position: str, ticks: tuple[int, ...], now: datetime) -> str:
    """The link's token: letters, digits, - and _. It is good for LASTS, counted from the full hour."""
    head = f"{procedure}|{position}".encode()
    assert len(head) < 20
    bits = sum(1 << tick for tick in set(ticks) if 0 <= tick < MOST_PAPERS)
    until = int((now + LASTS).timestamp()) // _HOUR
    marks = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    body = bytes([len(head)]) + head + until.to_bytes(3, "big") + marks
    return base64.urlsafe_b64encode(body + _sealed(hasher, body)).decode().rstrip("=")


def unseal(hasher: Hasher, token: str, now: datetime) -> Handed | None:
    """What a token says; None where it is none of ours or has expired. User input."""
    if not token.isascii() or not 20 <= len(token) <= LONGEST:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, sealed = raw[:-SEAL], raw[-SEAL:]
    if not hmac.compare_digest(sealed, _sealed(hasher, body)):
        return None
    length = body[0]
    head, until, marks = body[1 : 1 + length], body[1 + length : 4 + length], body[4 + length :]
    expires_at = datetime.fromtimestamp(int.from_bytes(until, "big") * _HOUR, UTC)
    procedure, _, position = head.decode().partition("|")
    bits = int.from_bytes(marks, "little")
    ticks = tuple(number for number in range(bits.bit_length()) if bits >> number & 1)
    if expires_at <= now:
        return None
    return Handed(procedure=procedure, position=position, ticks=ticks, expires_at=expires_at)


def _sealed(hasher: Hasher, body: bytes) -> bytes:
    return bytes.fromhex(hasher.hash("checklist", body.hex()))[:SEAL]
