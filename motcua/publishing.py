"""Between the console and the indexer: a build as a process of its own, told as lines; and imports kept for comparing.

Only here do both meet: the console is given `in_a_process`, and knows no more than that somebody builds.
"""

import json
import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bot.catalogue_records import Built, Wish
    from knowledge_base.procedure import Procedure

log: Final = logging.getLogger(__name__)

ALIVE_EVERY: Final = 5.0
"""Seconds between two signs of life of a build."""
KEPT_LINES: Final = 30
"""Of what a failed build said, for the log."""
NICENESS: Final = 10
"""A build on a machine that serves leaves residents the first turn at the processor."""


def in_a_process(wish: "Wish", progress: Callable[[int, int], None]) -> "Built":
    """`motcua index` with the settings of this process; what it told at its end. It outlives a stop of the server."""
    from bot.catalogue_records import Built, Outcome

    command = [sys.executable, "-m", "motcua", "index", "--lines", "--records", "imported"]
    command += ["--only-words"] * wish.only_words + ["--force"] * wish.force
    said: deque[str] = deque(maxlen=KEPT_LINES)
    result: Built | None = None
    done, total = 0, 0
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            told = _read(line)
            if told is None:
                said.append(line.rstrip())
                continue
            if "result" in told:
                import msgspec

                result = msgspec.convert(told["result"], Built)
            done, total = told.get("done", done), told.get("total", total)
            progress(done, total)
    if result is None:
        log.error("the index was not built (exit %s):\n%s", process.returncode, "\n".join(said))
        return Built(outcome=Outcome.FAILED, message=said[-1] if said else "")
    return result


def _read(line: str) -> dict[str, Any] | None:
    if not line.startswith('{"motcua"'):
        return None
    try:
        told = json.loads(line)["motcua"]
    except (ValueError, KeyError):
        return None
    return told if isinstance(told, dict) else None


def _tell(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"motcua": told}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def telling_lines() -> Iterator[Callable[[str, int, int], None]]:
    """A progress function (stage, done, total) that writes lines for `in_a_process`, and a sign of life between."""
    import os

    os.nice(NICENESS)
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(ALIVE_EVERY):
            _tell({})

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield lambda stage, done, total: _tell({"stage": stage, "done": done, "total": total})
    finally:
        ended.set()
        thread.join()


def tell_result(result: Any, notes: Sequence[str]) -> None:
    """The last line: what became of the build."""
    import msgspec

    told = msgspec.to_builtins(result)
    report = told.pop("report") or {}
    told["after"] = report.get("styles", {}).get("all")
    _tell({"result": {**told, "notes": list(notes)}})


def remember_import(
    settings: Any, sources: Sequence[Path], folder: Path, before: Sequence["Procedure"], report: Any
) -> None:
    """Keep what an import into the catalogue that serves has changed; the console compares with it."""
    from collections import Counter

    from bot.catalogue_records import ImportSummary, RecordChange
    from bot.storage.database import open_database
    from bot.storage.overrides import ImportStore
    from knowledge_base.catalogue import SHIPPED, content_of, read_folder

    if folder.resolve() != (settings.catalogue_dir or SHIPPED).resolve():
        return
    old = {procedure.code: procedure for procedure in before}
    new = {procedure.code: procedure for procedure in read_folder(folder)}
    changes = [
        RecordChange(code=code, before=old.get(code), after=new.get(code))
        for code in sorted(old.keys() | new.keys())
        if old.get(code) != new.get(code)
    ]
    summary = ImportSummary(
        sources=tuple(path.name for path in sources),
        records=report.records,
        in_catalogue=report.in_catalogue,
        new=report.new,
        gone=report.gone,
        changed=sum(1 for change in changes if change.before and change.after),
        unassigned=report.unassigned,
        findings=dict(Counter(found.action for found in report.findings)),
    )
    engine = open_database(settings.database_url)
    ImportStore(engine).add(content_of(new.values()), summary, changes)
    engine.dispose()
