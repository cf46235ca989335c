"""From sources to a published index: import, train, index, evaluate."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.termui import progressbar

from motcua.publishing import remember_import, tell_result, telling_lines


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress function (stage, done, total) that draws one bar per stage on the terminal."""
    stages: dict[str, Any] = {}

    def finish() -> None:
        for bar in stages.values():
            bar.render_finish()
        stages.clear()

    def show(stage: str, done: int, total: int) -> None:
        if quiet:
            return
        if stage not in stages:
            finish()
            stages[stage] = progressbar(length=total, label=f"{stage:<10}", file=sys.stderr)
            stages[stage].render_progress()
        stages[stage].update(done - stages[stage].pos)

    try:
        yield show
    finally:
        finish()


def _encoder(name: str | None) -> Any:
    """The configured encoder; the shipped one by default, which needs no torch."""
    from knowledge_base.encoder import SHIPPED, SentenceTransformersEncoder, StaticEncoder

    return SentenceTransformersEncoder(name) if name else StaticEncoder(SHIPPED)


def _catalogue(settings: Any, staff: Sequence[Any] = ()) -> Any:
    """This machine's records with the overrides of the file, then those of staff."""
    from knowledge_base.catalogue import PLAIN_NAMES, SHIPPED, SHIPPED_OVERRIDES, Catalogue

    folder, overrides = settings.catalogue_dir or SHIPPED, settings.overrides_file or SHIPPED_OVERRIDES
    return Catalogue.load(folder, overrides, PLAIN_NAMES, staff=staff)


def _served(settings: Any, staff: "FromStaff", *, only_words: bool) -> Any:
    """The records of the index that serves, with what staff lay over them now; `only_words`: new phrases alone."""
    from knowledge_base.catalogue import Catalogue
    from knowledge_base.index import open_snapshot
    from knowledge_base.overrides import Phrase

    _fetch(settings)
    served = open_snapshot(settings.index_dir).catalogue
    if only_words:
        kept = [entry for entry in served.overrides if not (entry.origin and isinstance(entry, Phrase))]
        return Catalogue.overlaid(served.all_recorded(), [*kept, *staff.phrases, *staff.words])
    kept = [entry for entry in served.overrides if not entry.origin]
    return Catalogue.overlaid(served.all_recorded(), [*kept, *staff.overrides, *staff.phrases])


def _fetch(settings: Any) -> None:
    """Have what another machine published last, where several share a database."""
    from sqlalchemy import make_url

    from bot.storage.database import open_database
    from bot.storage.snapshots import SnapshotStore

    if make_url(settings.database_url).get_backend_name() == "postgresql":
        engine = open_database(settings.database_url)
        SnapshotStore(engine).fetch(settings.index_dir)
        engine.dispose()


class FromStaff(NamedTuple):
    """What staff made of unanswered questions: phrases, messages that are not ours, and the questions themselves; and
    what they lay over the records."""

    phrases: list[Any]
    elsewhere: list[str]
    linked: list[Any]
    overrides: list[Any]

    @property
    def words(self) -> list[Any]:
        """Of the overrides those that only teach words."""
        from knowledge_base.overrides import Phrase

        return [entry for entry in self.overrides if isinstance(entry, Phrase)]


def _from_staff(settings: Any) -> FromStaff:
    from sqlalchemy import make_url

    from bot.question_records import State
    from bot.services.questions import linked_phrases, out_of_scope_texts, plain
    from bot.storage.database import open_database
    from bot.storage.overrides import OverrideStore
    from bot.storage.questions import QuestionStore
    from indexer.linked import Linked

    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return FromStaff([], [], [], [])  # nobody has asked anything yet; an index needs no database
    engine = open_database(settings.database_url)
    store = QuestionStore(engine)
    first = store.first_occurrences()
    linked = [
        Linked(plain(question.text), question.code, first[question.id].offered if question.id in first else ())
        for question in store.all(State.LINKED)
    ]
    overrides = [edit.override for edit in OverrideStore(engine).active()]
    found = FromStaff(linked_phrases(store), out_of_scope_texts(store), linked, overrides)
    engine.dispose()
    return found


@click.command()
@click.option(
    "--force",
    is_flag=True,
    help="Build anew and publish even if it answers the development questions worse or many papers or fees are gone.",
)
@click.option(
    "--questions", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Other questions to check with."
)
@click.option("--quiet", is_flag=True, help="Say nothing where nothing had to be done.")
@click.option(
    "--records",
    type=click.Choice(["folder", "imported", "served"]),
    default="folder",
    show_default=True,
    help="Whose records: this machine's folder; the same if it holds the last import, else as served; as served.",
)
@click.option("--only-words", is_flag=True, help="Take only new phrases; the records and their corrections as served.")
@click.option("--lines", is_flag=True, help="Progress and result as JSON, a line each, for a program.")
def index(*, force: bool, questions: Path | None, quiet: bool, records: str, only_words: bool, lines: bool) -> None:
    """Build the search index and publish it; running bots take it up by themselves."""
    from bot.settings import read_settings
    from indexer.build import build
    from indexer.evaluate import DEVELOPMENT
    from indexer.phrases import read_out_of_scope, read_phrases

    settings = read_settings()
    staff, notes = _from_staff(settings), list[str]()
    if records == "imported" and not only_words:
        records, notes = _whose(settings)
    if only_words or records == "served":
        catalogue = _served(settings, staff, only_words=only_words)
    else:
        catalogue = _catalogue(settings, [*staff.overrides, *staff.phrases])
    for problem in catalogue.problems:
        click.echo(f"override: {problem}", err=True)
    with telling_lines() if lines else progress_bars(quiet=False) as progress:
        result = build(
            settings.index_dir,
            catalogue=catalogue,
            phrases=read_phrases(),
            elsewhere=[*read_out_of_scope(), *staff.elsewhere],
            linked=staff.linked,
            encoder=_encoder(settings.encoder),
            progress=progress,
            force=force,
            questions=questions or DEVELOPMENT,
        )
        if result.outcome != "refused":
            shared = _share(settings)
    if lines:
        tell_result(result, notes)
    elif not (quiet and result.outcome == "skipped"):
        click.echo(result.message)
        if result.linked_after:
            click.echo(f"questions linked by staff, before: {result.linked_before or 'no index'}")
            click.echo(f"questions linked by staff, now:    {result.linked_after}")
    if result.outcome == "refused":
        raise click.exceptions.Exit(1)
    if shared and not lines:
        click.echo("Các máy khác sẽ nhận bộ tra cứu này trong vòng một phút.")


def _whose(settings: Any) -> tuple[str, list[str]]:
    """Whether this machine's folder holds the records of the last import; elsewhere those that serve are taken."""
    from sqlalchemy import make_url

    from bot.storage.database import open_database
    from bot.storage.overrides import ImportStore
    from knowledge_base.catalogue import SHIPPED, content_of, read_folder
    from knowledge_base.centre import VIETNAM

    if make_url(settings.database_url).get_backend_name() != "postgresql":
        return "folder", []  # one machine: what lies here is the catalogue
    engine = open_database(settings.database_url)
    last = ImportStore(engine).last()
    engine.dispose()
    if last is None or last.content == content_of(read_folder(settings.catalogue_dir or SHIPPED)):
        return "folder", []
    day = f"{last.at.astimezone(VIETNAM):%d/%m/%Y}"
    return "served", [f"Bản nhập danh mục ngày {day} nằm ở máy khác: nếu chưa dùng, chạy motcua index ở máy đó."]


def _share(settings: Any) -> bool:
    """Hand the published index to the other machines, where they share a database; whether it was news to them."""
    from sqlalchemy import make_url

    if make_url(settings.database_url).get_backend_name() != "postgresql":
        return False
    from bot.storage.database import open_database
    from bot.storage.snapshots import SnapshotStore

    engine = open_database(settings.database_url)
    published = SnapshotStore(engine).publish(settings.index_dir)
    engine.dispose()
    return published


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="Catalogue folder; default MOTCUA_CATALOGUE_DIR."
)
@click.option(
    "--centre",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV code,counter,agency for new procedures.",
)
@click.option("--keep-prose", is_flag=True, help="Keep steps, conditions and remarks (the centre's own export).")
@click.option(
    "--complete", is_flag=True, help="The sources are a full export: what is missing there has left the portal."
)
@click.option("--allow-loss", is_flag=True, help="Write even if many procedures lose all their papers, fees or times.")
@click.option("--dry-run", is_flag=True, help="Only report.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(
    sources: tuple[Path, ...],
    *,
    into: Path | None,
    centre: Path | None,
    keep_prose: bool,
    complete: bool,
    allow_loss: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import procedures from the portal's JSON, Excel, CSV or Word exports and say what changed."""
    from bot.settings import read_settings
    from indexer.catalogue_import import run_import
    from knowledge_base.catalogue import SHIPPED, read_folder
    from knowledge_base.centre import VIETNAM

    folder = into or read_settings().catalogue_dir or SHIPPED
    before = read_folder(folder) if folder.is_dir() and not dry_run else ()
    report = run_import(
        sources,
        folder,
        centre=centre,
        keep_prose=keep_prose,
        today=datetime.now(VIETNAM).date(),
        write=not dry_run,
        complete=complete,
        allow_loss=allow_loss,
    )
    click.echo(report.as_json().decode() if as_json else str(report))
    if report.written:
        remember_import(read_settings(), sources, folder, before, report)
    if report.refused:
        raise click.exceptions.Exit(1)
    if not as_json and report.written:
        click.echo("Chạy `motcua index` để bot dùng danh mục mới.")


@click.command()
@click.option("--steps", type=int, help="Training steps; the default takes some minutes on two cores.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the model; default: the shipped one."
)
@click.option(
    "--checkpoints", type=click.Path(file_okay=False, path_type=Path), default=Path("var/training"), show_default=True,
    help="Where an interrupted run goes on from.",
)  # fmt: skip
def train(*, steps: int | None, seed: int, out: Path | None, checkpoints: Path) -> None:
    """Learn everything anew from the residents' phrases: encoder, facets, weights. An interrupted run goes on."""
    from bot.settings import read_settings
    from indexer.learning import learn_all
    from indexer.phrases import read_out_of_scope, read_phrases, with_linked
    from indexer.train import STEPS
    from knowledge_base.encoder import SHIPPED
    from knowledge_base.facets import LEARNT as FACETS
    from knowledge_base.weights import LEARNT as WEIGHTS

    settings = read_settings()
    procedures, staff = list(_catalogue(settings)), _from_staff(settings)
    with progress_bars(quiet=False) as progress:
        judged = learn_all(
            procedures,
            with_linked(read_phrases(), procedures, staff.phrases)[0],
            elsewhere=[*read_out_of_scope(), *staff.elsewhere],
            folder=out or SHIPPED,
            steps=steps or STEPS,
            seed=seed,
            checkpoints=checkpoints,
            progress=progress,
            weights_file=out / "finder.json" if out else WEIGHTS,
            facets_file=out / "facets.json" if out else FACETS,
        )
    click.echo(str(judged))
    click.echo(f"The encoder is in {out or SHIPPED}. Run motcua index.")


@click.command()
@click.argument("questions", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--finder", "finder_only", is_flag=True, help="Judge the finder alone instead of what residents get.")
def evaluate(questions: Path | None, *, as_json: bool, finder_only: bool) -> None:
    """Ask a file of labelled questions and report how many were answered rightly, by style; then what staff linked."""
    from bot.settings import read_settings
    from indexer.evaluate import DEVELOPMENT, Answered, answer, judge, read_lines
    from indexer.linked import report_linked
    from knowledge_base.facets import asked
    from knowledge_base.index import open_snapshot

    labelled, problems = read_lines(questions or DEVELOPMENT)
    for problem in problems:
        click.echo(problem, err=True)
    if not labelled:
        raise click.ClickException(f"{questions} holds no labelled question: see docs/finding.md for the format")
    settings = read_settings()
    finder, staff = open_snapshot(settings.index_dir).finder, _from_staff(settings)

    def by_finder(question: Any) -> Answered:
        found, last = answer(finder, question)
        return Answered(found.decision, tuple(match.code for match in found.matches), asked(last)[0])

    report = judge(labelled, by_finder if finder_only else _by_dialogue(settings))
    linked = report_linked(finder, staff.linked, staff.elsewhere) if staff.linked or staff.elsewhere else None
    if problems:
        click.echo(f"{len(problems)} lines were left out, {len(labelled)} questions were asked", err=True)
    if as_json:
        import msgspec

        both = msgspec.to_builtins(report) | ({"linked": msgspec.to_builtins(linked)} if linked else {})
        click.echo(msgspec.json.encode(both).decode())
        return
    click.echo(str(report))
    if linked:
        click.echo(f"\n{linked}")


def _by_dialogue(settings: Any) -> Callable[[Any], Any]:
    """Asks as a resident does, each question as a new person."""
    import uuid

    from bot.app import build_core
    from bot.messages import Contact
    from bot.storage.database import IN_MEMORY
    from indexer.evaluate import Answered
    from motcua.asking import answered

    receiver = build_core(settings, IN_MEMORY).receiver

    def ask(question: Any) -> Answered:
        person = Contact("ask", uuid.uuid4().hex)
        turns = question.turns or (question.question,)
        said = [answered(receiver, person, number, turn) for number, turn in enumerate(turns)][-1]
        return Answered(said["decision"], tuple(said["codes"]), next(iter(said["asks"]), ""))

    return ask
