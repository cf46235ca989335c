"""`motcua`: one command for the bot and the indexer. Each subcommand imports what it needs when it runs."""

import logging
import sys

import click

from motcua.asking import ask, chat, show
from motcua.doctor import doctor
from motcua.dossiers import dossiers
from motcua.learning import evaluate, import_, index, train
from motcua.notices import notices
from motcua.questions import questions
from motcua.ratings import ratings
from motcua.review import review
from motcua.serving import qr, serve
from motcua.staff import staff
from motcua.volunteers import volunteers
from motcua.zalo import zalo


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua")
def cli() -> None:
    """The assistant of a provincial one-stop shop for administrative procedures."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # the token of the Telegram bot is part of the URL that httpx would log
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


COMMANDS = (
    *(serve, chat, ask, show, qr, doctor),
    *(index, import_, train, evaluate, questions),
    *(dossiers, notices, ratings, review, zalo, staff, volunteers),
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command; an error that says what to do is shown as that sentence, without a traceback."""
    from bot.personal import KeyFileError
    from bot.settings import SettingsError
    from bot.storage.database import DatabaseError
    from knowledge_base.centre import CentreError
    from knowledge_base.encoder import EncoderMissing
    from knowledge_base.index import StaleOrDamaged

    try:
        cli()
    except (SettingsError, KeyFileError, DatabaseError, CentreError, EncoderMissing, StaleOrDamaged) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
