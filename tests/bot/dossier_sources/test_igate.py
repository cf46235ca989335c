"""Looking dossiers up over HTTP: found, unknown, ill, left alone."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.dossier_records import Change
from bot.dossier_sources.igate import FAILURES, Igate, SourceDown
from tests.bot.dossier_sources.test_shapes import IGATE
from tests.bot.dossiers import HASHER

CODE = "000.00.53.H05-260715-0099"


class Province(ThreadingHTTPServer):
    """A provincial system on loopback that answers what the test says."""

    daemon_threads = True
    answer: tuple[int, bytes] = (200, b"")
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Province

    def do_GET(self) -> None:
        self.server.asked += 1
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def province() -> Iterator[Province]:
    server = Province(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def igate(province: Province) -> Iterator[Igate]:
    source = Igate(f"http://127.0.0.1:{province.server_port}", HASHER, timeout=5)
    yield source
    source.close()


def test_only_the_code_itself_is_taken(province: Province, igate: Igate) -> None:
    """The search also finds longer codes; a code that is not there is unknown."""
    other = IGATE | {"code": CODE + "1"}
    province.answer = (200, json.dumps({"content": [other, IGATE]}).encode())
    found = igate.look_up(CODE)
    assert isinstance(found, Change)
    assert found.code == CODE
    province.answer = (200, json.dumps({"content": [other]}).encode())
    assert igate.look_up(CODE) is None


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, b"{}"), (200, b" " * 1_100_000)])
def test_an_ill_system_is_left_alone(province: Province, igate: Igate, answer: tuple[int, bytes]) -> None:
    """After five failures in a row it is not asked any more for a while."""
    province.answer = answer
    for _ in range(FAILURES + 3):
        with pytest.raises(SourceDown):
            igate.look_up(CODE)
    assert province.asked == FAILURES
