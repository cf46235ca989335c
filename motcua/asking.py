"""Asking the assistant from the command line: one question, a file of them, a conversation, a whole procedure."""

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import click


def answered(receiver: Any, contact: Any, number: int, question: str) -> dict[str, Any]:
    """One question through the same dialogue and storage as every channel, as a record for measuring."""
    from bot.messages import Incoming

    incoming = Incoming(contact=contact, message_id=str(number), text=question)
    began = time.perf_counter()
    answer = receiver.answer(incoming)
    took = (time.perf_counter() - began) * 1000
    receiver.sent(incoming)
    trace = answer.trace
    return {
        "decision": trace.decision,
        "codes": list(trace.codes[:10]),
        "asks": list(trace.asks),
        "text": "\n\n".join(paragraph.removeprefix("# ") for paragraph in answer.reply.paragraphs),
        "choices": [choice.label for choice in answer.reply.choices],
        "scores": trace.scores,
        "ms": round(took, 3),
    }


@click.command()
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="Add decision and scores.")
@click.option(
    "--batch",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="IN.jsonl OUT.jsonl",
    help="Answer a file of questions.",
)
def ask(question: str | None, *, as_json: bool, batch: tuple[Path, Path] | None) -> None:
    """Print the answer as a resident reads it."""
    from bot.app import build_core
    from bot.channels.terminal import render
    from bot.messages import Contact, Incoming
    from bot.settings import read_settings
    from bot.storage.database import IN_MEMORY

    if batch is None and question is None:
        raise click.UsageError('give a question, e.g. motcua ask "mất bằng lái xe máy", or --batch IN.jsonl OUT.jsonl')
    core = build_core(read_settings(), IN_MEMORY)
    if batch is not None:
        _batch(core.receiver, *batch)
        return
    assert question is not None
    contact = Contact("ask", uuid.uuid4().hex)
    if as_json:
        click.echo(json.dumps(answered(core.receiver, contact, 1, question), ensure_ascii=False, indent=1))
        return
    reply = core.receiver.receive(Incoming(contact=contact, message_id="1", text=question))
    assert reply is not None
    click.echo(render(reply))


def _batch(receiver: Any, questions: Path, answers: Path) -> None:
    from knowledge_base.json_lines import json_lines, whole

    if not questions.is_file():
        raise click.ClickException(f"there is no file {questions}: check its name")
    if answers.exists() and answers.samefile(questions):
        raise click.ClickException(
            f"{answers} would be written over while it is read: give another name for the answers"
        )
    refused = 0
    try:
        out = answers.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"{answers} cannot be written: {error.strerror}") from error
    with out:
        for line in json_lines(questions):
            turns, problem = ([], line.problem) if line.problem else _turns(line.value)
            if problem:
                click.echo(f"line {line.number}: {problem}; skipped", err=True)
                refused += 1
                continue
            record = _record(receiver, line.value, [whole(turn) for turn in turns])
            try:
                written = json.dumps(record, ensure_ascii=False)
                written.encode()
            except UnicodeEncodeError:  # an id with half a character, given back as it came
                written = json.dumps(record)
            out.write(written + "\n")
    if refused:
        raise click.ClickException(f"{refused} lines were skipped, all others answered")


def _turns(row: Any) -> tuple[list[str], str]:
    """What a row asks, or what is wrong with it."""
    expected = 'expected {"id", "question"} or {"id", "turns": [...]}'
    if not isinstance(row, dict):
        return [], f"{type(row).__name__} instead of an object; {expected}"
    turns = row.get("turns")
    if turns in (None, []):  # written so beside a question by programs that fill every field
        turns = [row.get("question")]
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        return [], f"no question in text; {expected}"
    return turns, ""


def _record(receiver: Any, row: dict[str, Any], turns: list[str]) -> dict[str, Any]:
    """The answers of one new person; `scores` are for a single question only."""
    from bot.messages import Contact

    contact = Contact("ask", uuid.uuid4().hex)
    said = [answered(receiver, contact, position, turn) for position, turn in enumerate(turns)]
    for each in said:
        del each["scores"]
    return {"id": row.get("id"), **said[-1]} | ({"turns": said} if row.get("turns") else {})


@click.command()
def chat() -> None:
    """Talk to the assistant in the terminal; "thoát" ends it."""
    from bot.app import Threaded, build_core
    from bot.channels.terminal import Terminal
    from bot.messages import Contact
    from bot.settings import read_settings

    core = build_core(read_settings())
    threaded = Threaded(core.receiver, workers=1)
    click.echo('Gõ câu hỏi rồi Enter; gõ số để chọn; "thoát" để dừng.')
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    # every run is a new person: nothing of yesterday's talk on a shared machine comes back
    contact = Contact("terminal", uuid.uuid4().hex)
    try:
        asyncio.run(Terminal(threaded.receive, sys.stdin, sys.stdout, contact, sent=threaded.sent).run())
    except KeyboardInterrupt:
        click.echo()


@click.command()
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="Every procedure of the catalogue, one line each.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(code: str | None, *, everything: bool, as_json: bool) -> None:
    """Print every page that the bot can say about a procedure, as residents read it."""
    from bot.app import build_core
    from bot.dialogue.pages import all_pages
    from bot.settings import read_settings
    from bot.storage.database import IN_MEMORY

    if not everything and code is None:
        raise click.UsageError("give a procedure's code, e.g. motcua show 1.004194, or --all")
    core = build_core(read_settings(), IN_MEMORY)
    if everything:
        chosen = sorted(core.guide.catalogue, key=lambda procedure: procedure.code)
    else:
        assert code is not None
        procedure = core.guide.procedure(code)
        if procedure is None:
            raise click.ClickException(f"the catalogue has no procedure {code}: check the code, e.g. with motcua ask")
        chosen = [procedure]
    for procedure in chosen:
        pages = all_pages(core.guide, core.centre, procedure)
        record = {
            "code": procedure.code,
            "name": procedure.name,
            "pages": pages,
            "source": procedure.source,
            "record_date": procedure.record_date,
        }
        if as_json:
            click.echo(json.dumps(record, ensure_ascii=False, indent=None if everything else 1))
            continue
        for page, messages in pages.items():
            click.echo(f"\n=== {procedure.code} {page} ===\n" + "\n---\n".join(messages))
