"""What a new record may not take away: facts that it does not tell, and those of too many procedures at once."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from indexer.sources.finding import Finding
from knowledge_base.procedure import Flag, Procedure

MOST_GONE: Final = 0.1
"""More than this share of the catalogue missing from a "complete" export: the export is taken for cut off."""
MOST_LOST: Final = 0.01
"""Of the procedures that had papers (fees, times) in the catalogue so many may lose all of them at once ..."""
MOST_LOST_OF_READ: Final = 0.1
"""... and so many of those that the sources name: a small export must not empty everything that it names."""
FEW: Final = 2
"""So many may always: single records do change."""
_SECTIONS: Final = {"cases": "giấy tờ", "fees": "phí, lệ phí", "durations": "thời gian"}


class Record(NamedTuple):
    """A procedure as a source tells it, and the fields of which the source tells nothing."""

    procedure: Procedure
    unread: tuple[str, ...] = ()

    def over(self, known: Procedure) -> Procedure:
        """This record over what was known: what it does not tell stays."""
        kept = {name: getattr(known, name) for name in self.unread}
        flags = self.procedure.flags
        if self.unread and Flag.DISTRICT_LEVEL in known.flags and Flag.DISTRICT_LEVEL not in flags:
            kept["flags"] = (Flag.DISTRICT_LEVEL, *flags)  # the part that spoke of it may be one of those that stay
        return replace(self.procedure, **kept) if kept else self.procedure

    def completed(self, older: "Record") -> "Record":
        """This record, what it does not tell taken from another one of the same procedure."""
        return Record(self.over(older.procedure), tuple(name for name in self.unread if name in older.unread))


def _has(procedure: Procedure, section: str) -> bool:
    return bool(procedure.papers) if section == "cases" else bool(getattr(procedure, section))


def emptied(before: Mapping[str, Procedure], after: Mapping[str, Procedure]) -> dict[str, list[str]]:
    """By section the codes of the procedures that had something there and have nothing left."""
    both = sorted(before.keys() & after.keys())
    return {
        section: [code for code in both if _has(before[code], section) and not _has(after[code], section)]
        for section in _SECTIONS
    }


def too_much_lost(
    before: Mapping[str, Procedure], after: Mapping[str, Procedure], read: Iterable[str] | None = None
) -> str:
    """Which sections too many procedures would lose, in words; "" where the loss is small.

    `read` are the codes that the sources name; None: all.
    """
    named = before.keys() if read is None else before.keys() & set(read)
    said = []
    for section, codes in emptied(before, after).items():
        whole = sum(_has(found, section) for found in before.values())
        concerned = sum(_has(before[code], section) for code in named)
        allowed = max(FEW, min(MOST_LOST * whole, MOST_LOST_OF_READ * concerned))
        if len(codes) > allowed:
            examples = ", ".join(codes[:5]) + ("…" if len(codes) > 5 else "")
            said.append(f"{len(codes)} trên {whole} thủ tục sẽ mất hết {_SECTIONS[section]} ({examples})")
    return "; ".join(said)


def loss_findings(before: Mapping[str, Procedure], after: Mapping[str, Procedure]) -> list[Finding]:
    """A finding for every procedure that lost all of a section, for an editor to look at."""
    return [
        Finding(
            code=code,
            field="papers" if section == "cases" else section,
            reason=f"trước có {_SECTIONS[section]}, bản ghi mới không còn",
            action="reported",
        )
        for section, codes in emptied(before, after).items()
        for code in codes
    ]
