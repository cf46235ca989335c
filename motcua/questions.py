"""Questions that the bot did not answer well, for staff: list, link, out-of-scope, reopen, reply, export, purge."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from motcua.logged import write_down

if TYPE_CHECKING:
    from bot.services.questions import QuestionDesk
    from bot.storage.questions import QuestionStore

ENGINE = "motcua.engine"
BY = click.option("--by", required=True, help="Your name.")
WHY = click.option("--why", required=True, help="The reason, in a few words.")


@click.group()
def questions() -> None:
    """Questions without an answer: what they are, and what becomes of them."""


def _open() -> "tuple[QuestionDesk, QuestionStore]":
    from bot.office import open_office, question_desk
    from bot.settings import read_settings
    from knowledge_base.index import open_snapshot
    from knowledge_base.procedure import Procedure

    settings = read_settings()
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    click.get_current_context().meta[ENGINE] = office.engine

    def procedure(code: str) -> Procedure | None:
        return open_snapshot(settings.index_dir).catalogue.get(code)

    return question_desk(office, procedure, settings.questions_days), office.question_store


@questions.command(name="list")
@click.option(
    "--state", type=click.Choice(["open", "linked", "out_of_scope", "all"]), default="open", show_default=True
)
@click.option("--containing", default="", help="Only questions with these words, with or without marks.")
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(state: str, containing: str, limit: int, *, as_json: bool) -> None:
    """The questions in a state, those asked most often first."""
    import msgspec

    from bot.question_records import State
    from knowledge_base.centre import VIETNAM

    desk, _ = _open()
    found = desk.listed(None if state == "all" else State(state), containing=containing, limit=limit)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    click.echo(", ".join(f"{name}: {count}" for name, count in desk.counts().items()))
    for one in found:
        link = f" → {one.code}" if one.code else ""
        waits = f", {one.wanted} wait for a reply" if one.wanted else ""
        when = f"{one.last_at.astimezone(VIETNAM):%d/%m/%Y}"
        click.echo(f"{one.id:>6}  {one.times}×, last {when}{waits}  [{one.state}{link}]  {one.text}")


@questions.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Everything about the question NUMBER: each time it ended badly, and what staff did."""
    from knowledge_base.centre import VIETNAM

    desk, _ = _open()
    with _refusals():
        story = desk.story(number)
    click.echo(f"{story.question.text}  [{story.question.state}]")
    for one in story.occurrences:
        offered = ", ".join(one.offered) or "nothing offered"
        click.echo(f"  {one.at.astimezone(VIETNAM):%d/%m/%Y %H:%M}  {one.channel:<9} {one.ending:<14} {offered}")
    for made in story.decisions:
        what = " ".join(filter(None, [made.action, made.code, f"“{made.phrase}”" if made.phrase else ""]))
        click.echo(f"  {made.at.astimezone(VIETNAM):%d/%m/%Y %H:%M}  {made.by}: {what} ({made.why})")


@questions.command()
@click.argument("number", type=int)
@click.argument("code")
@BY
@WHY
@click.option("--phrase", default="", help="Other words for the index than those of the question.")
def link(number: int, code: str, by: str, why: str, phrase: str) -> None:
    """The question NUMBER means the procedure CODE; the next motcua index learns it."""
    desk, _ = _open()
    with _refusals():
        linked = desk.link(number, code, by=by, why=why, phrase=phrase)
    _note("Gắn câu hỏi với thủ tục", number, by, mã=linked.code)
    click.echo(f"Câu {number} → {linked.code}: “{linked.phrase}”. Chạy motcua index để bot trả lời được.")


@questions.command(name="out-of-scope")
@click.argument("number", type=int)
@BY
@WHY
def out_of_scope(number: int, by: str, why: str) -> None:
    """No procedure answers the question NUMBER."""
    desk, _ = _open()
    with _refusals():
        desk.out_of_scope(number, by=by, why=why)
    _note("Đánh dấu câu hỏi ngoài phạm vi", number, by)
    click.echo(f"Câu {number}: ngoài phạm vi. Bot không trả lời câu này bằng một thủ tục nào nữa.")


@questions.command()
@click.argument("number", type=int)
@BY
@WHY
def reopen(number: int, by: str, why: str) -> None:
    """Take the decision about the question NUMBER back."""
    desk, _ = _open()
    with _refusals():
        desk.reopen(number, by=by, why=why)
    _note("Mở lại câu hỏi", number, by)
    click.echo(f"Câu {number} lại chờ xử lý. Chạy motcua index để bỏ cụm từ đã thêm.")


@questions.command()
@click.argument("number", type=int)
@click.argument("text")
@BY
def reply(number: int, text: str, by: str) -> None:
    """Write TEXT (- reads it from the input) to everybody who asked for a reply to the question NUMBER."""
    from bot.dialogue.privacy import conceal

    desk, _ = _open()
    said = sys.stdin.read() if text == "-" else text
    with _refusals():
        told = desk.reply(number, said, by=by, kept=conceal(said))
    _note("Trả lời người hỏi", number, by, người=told)
    click.echo(f"{told} người sẽ nhận câu trả lời; địa chỉ của họ được xóa sau khi gửi.")


@questions.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write what was linked as a file of overrides, and what is out of scope as a text file beside it."""
    import msgspec

    from bot.services.questions import linked_phrases, out_of_scope_texts

    _, store = _open()
    phrases, elsewhere = linked_phrases(store), out_of_scope_texts(store)
    file.write_bytes(msgspec.json.format(msgspec.json.encode({"overrides": phrases}), indent=1) + b"\n")
    aside = file.with_suffix(".out-of-scope.txt")
    aside.write_text("".join(f"{line}\n" for line in elsewhere), "utf-8")
    click.echo(f"{file}: {len(phrases)}; {aside}: {len(elsewhere)}")


@questions.command()
def purge() -> None:
    """Forget what was kept long enough (MOTCUA_QUESTIONS_DAYS); serving does it by itself every hour it is asked."""
    desk, _ = _open()
    purged = desk.purge()
    write_down(click.get_current_context().meta[ENGINE], "Xóa câu hỏi hết hạn lưu", f"{purged} câu")
    click.echo(f"Đã xóa {purged} câu hỏi.")


def _note(action: str, number: int, by: str, **after: object) -> None:
    write_down(click.get_current_context().meta[ENGINE], action, f"câu {number}", by=by, **after)


@contextmanager
def _refusals() -> Iterator[None]:
    """Shows a refusal as its sentence."""
    from bot.services.notice_templates import TemplateError
    from bot.services.questions import RefusedError

    try:
        yield
    except (RefusedError, TemplateError) as error:
        raise click.ClickException(str(error)) from error
