"""Looking dossiers up over HTTP: found, unknown, ill, left alone."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.dossier_records import Change
from bot.dossier_sources.igate import FAILURES, Igate, LeftAlone, SourceDown
from tests.bot.dossier_sources.test_shapes import IGATE
from tests.bot.dossiers import HASHER

CODE = "000.00.53.H05-260715-0099"


class Province(ThreadingHTTPServer):
    """A provincial system on loopback that answers what the test says."""

    daemon_threads = True
    answer: tuple[int, bytes] = (200, b"")
    asked = 0
    asked_for = ""
    drips = 0.0


class _Handler(BaseHTTPRequestHandler):
    server: Province

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.asked_for = self.path
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not self.server.drips:
            self.wfile.write(body)
            return
        with contextlib.suppress(OSError):  # nobody reads to the end
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(self.server.drips)

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
    with pytest.raises(LeftAlone):
        igate.look_up(CODE)


def test_an_answer_that_drips_is_given_up(province: Province) -> None:
    """However short the pauses are: the whole answer has its deadline."""
    province.answer, province.drips = (200, json.dumps([IGATE]).encode()), 0.05
    source = Igate(f"http://127.0.0.1:{province.server_port}", HASHER, timeout=5, deadline=0.5)
    began = time.monotonic()
    with pytest.raises(SourceDown, match="TimeoutError"):
        source.look_up(CODE)
    assert time.monotonic() - began < 3
    source.close()


def test_the_path_of_the_look_up_is_a_setting(province: Province) -> None:
    """Provinces have moved it."""
    province.answer = (200, json.dumps([IGATE]).encode())
    source = Igate(f"http://127.0.0.1:{province.server_port}/tra-cuu", HASHER, path="/api/dossier")
    assert source.look_up(CODE) is not None
    assert province.asked_for == f"/tra-cuu/api/dossier?code={CODE}"
    source.close()
