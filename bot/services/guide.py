"""The way to procedures: which one is meant, what its record says, what there is to browse.

Holds the published snapshot and takes up a newer one by itself, between two questions: whoever is being answered
keeps the snapshot with which the answer began.
"""

import ctypes
import hashlib
import logging
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

from knowledge_base.catalogue import Catalogue
from knowledge_base.facets import Facet, asked
from knowledge_base.finder import Found
from knowledge_base.index import Snapshot, StaleOrDamaged, current_id, open_snapshot
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold

log: Final = logging.getLogger(__name__)

LOOK_AGAIN_AFTER: Final = 2.0
"""Seconds between two looks at the pointer of the published snapshot."""

READINGS_KEPT: Final = 16
"""One turn asks for the reading of its message several times. Kept in memory only, and only for as long as sixteen
other messages take."""


class _Readings:
    """The last readings of messages by one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.find = lru_cache(maxsize=READINGS_KEPT)(snapshot.finder.find)
        self.in_context = lru_cache(maxsize=READINGS_KEPT)(snapshot.finder.in_context)


class Guide:
    """Answers "which procedure is this?" from the published snapshot; safe to share between threads."""

    def __init__(self, index_dir: Path) -> None:
        """Open the published snapshot; raises StaleOrDamaged with what to run."""
        self._index_dir = index_dir
        self._snapshot = open_snapshot(index_dir)
        self._readings = _Readings(self._snapshot)
        _give_back()
        self._id = current_id(index_dir)
        self._looked = time.monotonic()
        self._lock = threading.Lock()

    @property
    def snapshot(self) -> Snapshot:
        """The newest published snapshot that could be opened."""
        if time.monotonic() - self._looked > LOOK_AGAIN_AFTER and self._lock.acquire(blocking=False):
            try:
                self._take_up_newer()
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._snapshot

    def _take_up_newer(self) -> None:
        newest = current_id(self._index_dir)
        if newest is None or newest == self._id:
            return
        try:
            self._snapshot = open_snapshot(self._index_dir)
        except StaleOrDamaged as refusal:
            # the old snapshot goes on serving; the reason is told once per published id
            log.warning("the published index %s is not taken up: %s", newest, refusal)
        else:
            log.info("index %s taken up", newest)
            _give_back()
        self._id = newest

    def _read_by(self, snapshot: Snapshot) -> _Readings:
        readings = self._readings
        if readings.snapshot is not snapshot:
            readings = self._readings = _Readings(snapshot)
        return readings

    @property
    def catalogue(self) -> Catalogue:
        """The procedures of the current snapshot."""
        return self.snapshot.catalogue

    def find(self, question: str) -> Found:
        """Which procedures the question may mean, with probabilities and a decision."""
        return self._read_by(self.snapshot).find(question)

    def new_topic(self, question: str, topic: str, before: str = "") -> Found | None:
        """What else the question is about; None where it goes on about `topic`, a code, to which the question `before`
        had led."""
        return self._read_by(self.snapshot).in_context(question, topic, before)

    def asked(self, question: str) -> tuple[Facet, ...]:
        """What the question wants to know, most likely first."""
        return asked(question)

    def procedure(self, code: str) -> Procedure | None:
        """The procedure with this code, read tolerantly; None where the centre has none."""
        return self.catalogue.get(code)

    def fields(self, agency: str) -> list[str]:
        """The fields in which an agency has procedures, in alphabetical order."""
        return sorted({procedure.field for procedure in self.catalogue.by_agency(agency)}, key=fold)

    def in_field(self, agency: str, field: str) -> list[Procedure]:
        """The procedures of one field of an agency, by name."""
        return sorted((p for p in self.catalogue.by_agency(agency) if p.field == field), key=lambda p: fold(p.name))

    def field(self, agency: str, key: str) -> str | None:
        """The field that `field_key` gave this key."""
        return next((field for field in self.fields(agency) if field_key(field) == key), None)


def _give_back() -> None:
    """Return memory that opening a snapshot left free to the system, where the C library can (some 10 MB)."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        log.debug("this system's C library gives memory back by itself")


def field_key(field: str) -> str:
    """A short key of a field for links: it survives re-imports, other spellings of marks and case."""
    return hashlib.sha256(fold(field).encode()).hexdigest()[:8]
