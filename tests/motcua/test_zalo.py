"""`motcua zalo`: the first consent, and what is wrong with it."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from motcua.__main__ import cli
from tests.fakes.zalo import APP_ID, APP_SECRET, OA_ID, WEBHOOK_KEY, FakeZalo

Run = Callable[..., Result]


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    """The Official Account."""
    with FakeZalo() as fake:
        yield fake


@pytest.fixture
def run(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zalo: FakeZalo) -> Run:
    """Runs `motcua` with the account's settings."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'motcua.db'}",
        "MOTCUA_INDEX_DIR": str(index_dir),
        "ZALO_APP_ID": APP_ID,
        "ZALO_APP_SECRET": APP_SECRET,
        "ZALO_OA_ID": OA_ID,
        "ZALO_OA_SECRET_KEY": WEBHOOK_KEY,
        "ZALO_OAUTH_URL": zalo.url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_the_challenge_belongs_to_the_verifier(run: Run) -> None:
    """SHA-256 in base64 without padding, as OAuth wants it; new ones each time."""
    lines = dict(line.split(":") for line in run("zalo", "challenge").output.splitlines()[:2])
    challenge, verifier = lines["code challenge"].strip(), lines["code verifier"].strip()
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
    assert challenge == digest.rstrip("=")
    assert 43 <= len(verifier) <= 128
    assert verifier not in run("zalo", "challenge").output


def test_consent_once_and_doctor_is_content(run: Run) -> None:
    """Before: what to run, exit 1. The address of the browser is enough. After: until when the token lives."""
    before = run("doctor")
    assert before.exit_code == 1
    assert "motcua zalo consent" in before.output
    assert run("zalo", "status").exit_code == 1
    address = f"https://motcua.example.vn/?oa_id={OA_ID}&code=code-1"
    given = run("zalo", "consent", address, "--verifier", "verifier-1")
    assert given.exit_code == 0
    assert "pair 1" in run("zalo", "status").output
    after = run("doctor")
    assert after.exit_code == 0
    assert "[ok]   Zalo: access token until" in after.output
    assert "access-" not in after.output + given.output


@pytest.mark.parametrize(
    ("code", "verifier", "said"),
    [
        ("stale", "verifier-1", "open the link again"),
        ("code-1", "another", "open the link again"),
        ("https://motcua.example.vn/?oa_id=1&code=code-1", "verifier-1", "ZALO_OA_ID"),
        ("https://motcua.example.vn/?error=denied", "verifier-1", "code="),
    ],
)
def test_a_consent_that_fails_says_what_to_do(run: Run, code: str, verifier: str, said: str) -> None:
    """One sentence, exit 1, nothing kept."""
    result = run("zalo", "consent", code, "--verifier", verifier)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: ")
    assert said in result.output
    assert run("zalo", "status").exit_code == 1


def test_without_settings_the_missing_ones_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a set-up is refused wherever settings are read."""
    monkeypatch.delenv("ZALO_APP_SECRET")
    assert "ZALO_APP_SECRET" in run("doctor").output
    for name in ("ZALO_APP_ID", "ZALO_OA_ID", "ZALO_OA_SECRET_KEY"):
        monkeypatch.delenv(name)
    assert "ZALO_OA_SECRET_KEY" in run("zalo", "consent", "x", "--verifier", "y").output
