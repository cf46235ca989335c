"""docs/dossiers-api.md says what the API does: its examples are sent, its tables compared."""

import json
import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.dossier_records import Outcome, Status
from bot.dossier_sources.values import status
from bot.storage.dossiers import DossierStore
from bot.web.staff_api import Sent, StaffApi, read_tokens
from tests.bot.dossiers import HASHER

DOCUMENT = (Path(__file__).parents[3] / "docs" / "dossiers-api.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"\*\*(?P<method>PUT|POST) (?P<path>/\S+)\*\* gives \*\*(?P<status>\d+)\*\*\s+"
    r"```json\n(?P<sent>.*?)```\s+```json\n(?P<told>.*?)```",
    re.DOTALL,
)
TOKEN = "t" * 24


def test_the_examples_are_answered_as_they_say(engine: Engine) -> None:
    """One after the other, from an empty database."""
    app = FastAPI()
    app.include_router(StaffApi(DossierStore(engine), HASHER, read_tokens(f"desk:{TOKEN}")).router)
    client = TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    examples = list(EXAMPLE.finditer(DOCUMENT))
    assert len(examples) == DOCUMENT.count("** gives **") >= 7
    for example in examples:
        answer = client.request(example["method"], example["path"], content=example["sent"])
        assert (answer.status_code, answer.json()) == (int(example["status"]), json.loads(example["told"]))


def test_every_field_status_and_outcome_is_described() -> None:
    """And every status's name is one that the API takes."""
    fields = DOCUMENT.partition("## Fields")[2].partition("**Dates**")[0]
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", fields, re.MULTILINE)))) == set(
        Sent.__struct_fields__
    )
    rows = re.findall(
        r"^\| (\d+) \| (\D+?) \|", DOCUMENT.partition("## Statuses")[2].partition("## Answers")[0], re.MULTILINE
    )
    assert {int(number): status(name) for number, name in rows} == {int(each): each for each in Status}
    assert set(Outcome) <= set(re.findall(r"`(\w+)`", DOCUMENT.partition("## Answers")[2]))
