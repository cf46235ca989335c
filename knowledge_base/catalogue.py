"""All procedures of the centre, by code, agency, field and life event, with the editors' overrides laid over them.

A catalogue is a folder with one JSON file per agency, or one block of bytes inside a snapshot.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from knowledge_base.overrides import Override, OverrideProblem, lay_over, read_overrides
from knowledge_base.procedure import Procedure

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "catalogue"
"""The catalogue that comes with the project: facts only, no procedure prose."""
SHIPPED_OVERRIDES = DATA / "overrides.json"
PLAIN_NAMES = DATA / "plain_names.json"
"""What a clerk would call each procedure, by code: written for this project, it survives every import."""
FORMAT = 1
_LOOSE_CODE = re.compile(r"(\d)[.,]?\s?(\d{6,9})(?:\.[0-9A-Za-z.]*)?")


class CatalogueError(ValueError):
    """A catalogue file cannot be used; the message names the file and what to do."""


class AgencyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a catalogue folder: the procedures of one agency, sorted by code."""

    format: int
    agency: str
    procedures: tuple[Procedure, ...]


class _Packed(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    procedures: tuple[Procedure, ...]
    phrases: dict[str, tuple[str, ...]] = {}
    recorded: tuple[Procedure, ...] = ()
    overrides: tuple[Override, ...] = ()


_FILE = msgspec.json.Decoder(AgencyFile)
_PACKED = msgspec.json.Decoder(_Packed)
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Catalogue:
    """Procedures by code. Immutable; safe to share between threads.

    `phrases` are residents' phrases that editors added, by code. `problems` are the overrides that could not be
    applied or whose record has changed since they were written: an editor must look at them. `overrides` are all that
    were laid over the record; what the record itself says is kept beside, for the next ones to be laid over it.
    """

    def __init__(
        self,
        procedures: Iterable[Procedure],
        *,
        phrases: Mapping[str, tuple[str, ...]] | None = None,
        problems: tuple[OverrideProblem, ...] = (),
        recorded: Iterable[Procedure] = (),
        overrides: Iterable[Override] = (),
    ) -> None:
        self._by_code = {procedure.code: procedure for procedure in sorted(procedures, key=lambda found: found.code)}
        self.phrases: Mapping[str, tuple[str, ...]] = dict(phrases or {})
        self.problems = problems
        self.overrides = tuple(overrides)
        self._recorded = {procedure.code: procedure for procedure in sorted(recorded, key=lambda found: found.code)}

    @classmethod
    def load(
        cls,
        folder: Path = SHIPPED,
        overrides: Path | None = None,
        plain_names: Path | None = None,
        staff: Iterable[Override] = (),
    ) -> "Catalogue":
        """The catalogue in `folder` with the overrides of the file `overrides` (None: none), then those of staff.

        Procedures without a plain name of their own get the one in the file `plain_names`.

        Raises CatalogueError naming the file that is missing, malformed or of another format.
        """
        names = read_plain_names(plain_names) if plain_names else {}
        named = (
            found if found.plain_name else msgspec.structs.replace(found, plain_name=names.get(found.code, ""))
            for found in read_folder(folder)
        )
        return cls.overlaid(named, [*(read_overrides(overrides) if overrides else ()), *staff])

    @classmethod
    def overlaid(cls, recorded: Iterable[Procedure], overrides: Iterable[Override | OverrideProblem]) -> "Catalogue":
        """What the record says, with overrides laid over it in their order."""
        recorded, entries = tuple(recorded), tuple(overrides)
        laid = lay_over(recorded, entries)
        now = {procedure.code: procedure for procedure in laid.procedures}
        return cls(
            laid.procedures,
            phrases=laid.phrases,
            problems=laid.problems,
            recorded=(procedure for procedure in recorded if now.get(procedure.code) != procedure),
            overrides=(entry for entry in entries if not isinstance(entry, OverrideProblem)),
        )

    @classmethod
    def shipped(cls) -> "Catalogue":
        """The project's own catalogue with its overrides."""
        return cls.load(SHIPPED, SHIPPED_OVERRIDES, PLAIN_NAMES)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Catalogue":
        """The catalogue that `to_bytes` wrote; overrides are already in it."""
        try:
            packed = _PACKED.decode(data)
        except msgspec.DecodeError as error:
            raise CatalogueError(
                f"The snapshot's catalogue cannot be read ({error}). Build the snapshot again."
            ) from error
        _check_format(packed.format, "the snapshot")
        return cls(packed.procedures, phrases=packed.phrases, recorded=packed.recorded, overrides=packed.overrides)

    def to_bytes(self) -> bytes:
        """All procedures in one block; the same catalogue always gives the same bytes."""
        return _ENCODER.encode(
            _Packed(
                format=FORMAT,
                procedures=tuple(self),
                phrases=dict(self.phrases),
                recorded=tuple(self._recorded.values()),
                overrides=self.overrides,
            )
        )

    def content_hash(self) -> str:
        """SHA-256 (hex) of `to_bytes`."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def __len__(self) -> int:
        return len(self._by_code)

    def __iter__(self) -> Iterator[Procedure]:
        return iter(self._by_code.values())

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self.get(code) is not None

    def get(self, code: str) -> Procedure | None:
        """The procedure with this code, as people and other systems write it; None where there is none.

        " 1.004194 ", "1004194", "1.001612.000.00.00.H48" and the case code "1.001193.02" are understood.
        """
        code = unicodedata.normalize("NFC", code).strip()
        if code in self._by_code:
            return self._by_code[code]
        loose = _LOOSE_CODE.fullmatch(code)
        return self._by_code.get(f"{loose[1]}.{loose[2]}") if loose else None

    def recorded(self, code: str) -> Procedure | None:
        """What the record says without any override, also of a hidden procedure; None for an unknown code."""
        return self._recorded.get(code) or self.get(code)

    def all_recorded(self) -> tuple[Procedure, ...]:
        """Every procedure as its record says it, the hidden ones among them."""
        return tuple((self._by_code | self._recorded).values())

    @property
    def hidden(self) -> tuple[str, ...]:
        """Codes of the procedures that an override hides."""
        return tuple(code for code in self._recorded if code not in self._by_code)

    def by_agency(self, agency: str) -> tuple[Procedure, ...]:
        """The procedures whose dossiers the agency's desk takes."""
        return self._by_agency.get(agency, ())

    def by_field(self, field: str) -> tuple[Procedure, ...]:
        """The procedures of a field, by its official name."""
        return self._by_field.get(field, ())

    def by_topic(self, topic: str) -> tuple[Procedure, ...]:
        """The procedures listed under a life event."""
        return self._by_topic.get(topic, ())

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, sorted."""
        return tuple(self._by_code)

    @property
    def agencies(self) -> tuple[str, ...]:
        """Ids of the agencies, sorted."""
        return tuple(self._by_agency)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, sorted."""
        return tuple(self._by_field)

    @property
    def topics(self) -> tuple[str, ...]:
        """Life events, sorted."""
        return tuple(self._by_topic)

    @cached_property
    def _by_agency(self) -> dict[str, tuple[Procedure, ...]]:
        return _grouped((procedure.agency, procedure) for procedure in self)

    @cached_property
    def _by_field(self) -> dict[str, tuple[Procedure, ...]]:
        return _grouped((procedure.field, procedure) for procedure in self)

    @cached_property
    def _by_topic(self) -> dict[str, tuple[Procedure, ...]]:
        return _grouped((topic, procedure) for procedure in self for topic in procedure.topics)


def _grouped(pairs: Iterable[tuple[str, Procedure]]) -> dict[str, tuple[Procedure, ...]]:
    groups: dict[str, list[Procedure]] = {}
    for key, procedure in pairs:
        groups.setdefault(key, []).append(procedure)
    return {key: tuple(groups[key]) for key in sorted(groups)}


def read_folder(folder: Path) -> tuple[Procedure, ...]:
    """The procedures of all files of a catalogue folder, as recorded."""
    if not folder.is_dir():
        raise CatalogueError(f"There is no catalogue folder {folder}. Import one, or correct the setting.")
    found: list[Procedure] = []
    for path in sorted(folder.glob("*.json")):
        try:
            file = _FILE.decode(path.read_bytes())
        except msgspec.DecodeError as error:
            raise CatalogueError(f"{path}: {error}. Import the catalogue again, or restore the file.") from error
        _check_format(file.format, str(path))
        found.extend(file.procedures)
    codes = {procedure.code for procedure in found}
    if len(codes) < len(found):
        seen: set[str] = set()
        twice = sorted({found_.code for found_ in found if found_.code in seen or seen.add(found_.code)})  # type: ignore[func-returns-value]
        raise CatalogueError(f"{folder}: {', '.join(twice[:5])} stand in two files. Delete one of the two.")
    return tuple(found)


def content_of(procedures: Iterable[Procedure]) -> str:
    """SHA-256 (hex) of these records, whatever their order: equal on two machines where the records are."""
    digest = hashlib.sha256()
    for procedure in sorted(procedures, key=lambda found: found.code):
        digest.update(_ENCODER.encode(procedure))
    return digest.hexdigest()


def read_plain_names(path: Path) -> dict[str, str]:
    """Plain names by code; raises CatalogueError where the file is not {code: name}."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise CatalogueError(f"{path}: expected {{code: name}}; restore or correct the file ({error})") from error


def encode_file(agency: str, procedures: Iterable[Procedure]) -> bytes:
    """The bytes of one agency's file: sorted by code, one value a line, so that a diff can be read."""
    ordered = tuple(sorted(procedures, key=lambda procedure: procedure.code))
    packed = _ENCODER.encode(AgencyFile(format=FORMAT, agency=agency, procedures=ordered))
    return msgspec.json.format(packed, indent=1) + b"\n"


def _check_format(found: int, where: str) -> None:
    if found != FORMAT:
        raise CatalogueError(f"{where} has catalogue format {found}, this version reads {FORMAT}. Import it again.")
