"""What commands change stands in the audit log beside what is done in the console."""

from typing import Any

import click
from sqlalchemy import Engine


def write_down(engine: Engine, action: str, subject: object = "", *, by: str = "", **after: Any) -> None:
    """A line of the audit log for the command that runs; `by` is the name that was given with it."""
    from bot.storage.staff import AuditStore

    told = ({"người ra lệnh": by} if by else {}) | after
    group = " ".join(["motcua", *click.get_current_context().command_path.split()[1:-1]])
    AuditStore(engine).add(group, action, str(subject), {"after": told} if told else {})
