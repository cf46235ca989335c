"""What a procedure is: facts of one record of the national portal, with where and when they come from.

Every type is an immutable msgspec Struct, so the same definition reads and writes the catalogue files and
refuses a malformed one. Text is NFC with single spaces. A code is text, never a number.
"""

from enum import StrEnum
from typing import Literal

import msgspec


class Channel(StrEnum):
    """How an application can be handed in."""

    DIRECT = "direct"
    ONLINE = "online"
    POSTAL = "postal"


class FeeKind(StrEnum):
    """What a fee line honestly says. `value: 0` on the portal does not mean free."""

    AMOUNT = "amount"
    """An amount is stated, by the number, by the text or by both."""
    FREE = "free"
    """The text itself says free ("miễn phí", "không thu phí")."""
    ZERO = "zero"
    """The portal states 0 and no text: say that the portal says 0, do not say free."""
    COUNCIL = "council"
    """The People's Council or People's Committee of the province sets the amount; the record names none."""
    REGULATION = "regulation"
    """The text points to a regulation without naming an amount."""
    NOT_STATED = "not_stated"
    """No amount and no usable text."""


class FeeLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the fee table.

    `amounts` are whole units of `currency` in the order in which number and text name them. `text` is the
    record's own short wording (who, for what, per what unit), which is what residents are shown; empty when the
    portal states a bare number. `conflict` is set where the number and the text name different amounts: both are
    told then. `unclear` is a number of the portal that cannot be a fee (1 đồng, "20"): never told as an amount.

    `valid_until` (ISO date) is set where the text names a period. `limited` are those of the amounts that hold until
    that day only; the others are the usual ones, which nobody may call expired. `percent`: until that day this share of
    the usual amounts is levied (50: half). With neither the period is of something that the text alone tells.
    """

    kind: FeeKind
    channel: Channel | None = None
    amounts: tuple[int, ...] = ()
    currency: Literal["VND", "USD", "EUR", ""] = ""
    text: str = ""
    abridged: bool = False
    conflict: bool = False
    valid_until: str = ""
    limited: tuple[int, ...] = ()
    percent: int = 0
    unclear: int = 0


class DurationKind(StrEnum):
    """What a processing time honestly says."""

    STATED = "stated"
    """A number with a unit."""
    TEXT = "text"
    """Words instead of a number ("Không phải trả kết quả cho người nộp thuế")."""
    PLACEHOLDER = "placeholder"
    """Unit OTHER with 0 or 1: filled in only to satisfy the form; never shown as a number."""
    UNIT_UNKNOWN = "unit_unknown"
    """A real number whose unit the record does not give."""
    NOT_STATED = "not_stated"


class DurationUnit(StrEnum):
    """Units of processing times."""

    WORKING_DAY = "working_day"
    DAY = "day"
    HOUR = "hour"
    MONTH = "month"


class Duration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Processing time by one channel (`channel` None: by the execution case, where it differs from the methods)."""

    kind: DurationKind
    channel: Channel | None = None
    value: float | None = None
    unit: DurationUnit | None = None
    text: str = ""
    abridged: bool = False


class Paper(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One paper of the dossier.

    `name` is the paper's name as officially worded, not a paragraph; `abridged` says that the record's line goes
    on (conditions, alternatives) and `detail` holds that whole line where the source may be shown (never in the
    shipped catalogue). `forms` are form numbers or file names. Counts are 0 where the record states none.
    `alternatives` are the papers of which one serves as this paper ("một trong các giấy tờ sau"); `mentions` are
    further papers that the line names without saying for certain that each is needed.
    """

    name: str
    originals: int = 0
    copies: int = 0
    forms: tuple[str, ...] = ()
    abridged: bool = False
    detail: str = ""
    alternatives: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()


class CaseKind(StrEnum):
    """When the papers of a group are needed."""

    ALL = "all"
    """No label: these papers are always needed."""
    PART = "part"
    """A heading inside one dossier ("Giấy tờ phải nộp", "phải xuất trình"): needed together with the other parts."""
    CASE = "case"
    """Only in the situation that the label names."""


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A group of papers. `notes` are remarks found among the papers (prose, not shipped); `note_count` counts them."""

    kind: CaseKind
    label: str = ""
    papers: tuple[Paper, ...] = ()
    note_count: int = 0
    notes: tuple[str, ...] = ()


class LegalDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`number` as cited ("154/2024/NĐ-CP"); `name` only where there is no number or the source may be shown."""

    number: str = ""
    name: str = ""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A remark that an editor added, with who wrote it and when."""

    text: str
    who: str
    when: str
    staff: bool = False
    """Written by the centre's staff at the console: then it is the centre's word, whoever signed it."""


class Flag(StrEnum):
    """What a reader must be warned of."""

    DISTRICT_LEVEL = "district_level"
    """The record still speaks of the district level, abolished on 2025-07-01."""
    AMOUNT_EXPIRED = "amount_expired"
    """A fee line names a period that had ended when the record was read."""
    BROKEN_TEXT = "broken_text"
    """The official text is visibly damaged on the portal itself."""


class Procedure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One administrative procedure at one counter of the centre."""

    code: str
    name: str
    plain_name: str = ""
    """What a clerk would call it, short and unlike its siblings; written by us, not by the record."""
    agency: str
    """Id of the agency whose desk takes it, a key of the centre's settings ("so-tu-phap")."""
    counter: Literal["province", "commune"]
    field: str
    levels: tuple[Literal["ministry", "province", "commune"], ...] = ()
    audience: tuple[str, ...] = ()
    issuer: str = ""
    executing: tuple[str, ...] = ()
    """Agencies that decide, as the record names them."""
    address: str = ""
    """Where applications are received, where the record says so."""
    channels: tuple[Channel, ...] = ()
    cases: tuple[Case, ...] = ()
    fees: tuple[FeeLine, ...] = ()
    durations: tuple[Duration, ...] = ()
    results: tuple[str, ...] = ()
    legal: tuple[LegalDocument, ...] = ()
    decision: str = ""
    topics: tuple[str, ...] = ()
    """Life events under which the portal lists it."""
    steps: tuple[str, ...] = ()
    """Prose, empty in the shipped catalogue; so are `conditions` and `method_notes`."""
    conditions: str = ""
    has_conditions: bool = False
    """The record states conditions, whether or not their text is here."""
    method_notes: tuple[tuple[Channel, str], ...] = ()
    flags: tuple[Flag, ...] = ()
    notes: tuple[Note, ...] = ()
    source: str = ""
    """Link to the record on the national portal."""
    record_date: str = ""
    """ISO date of the record's last change at the source."""

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All papers of all cases, in the record's order."""
        return tuple(paper for case in self.cases for paper in case.papers)
