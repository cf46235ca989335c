"""kill -9 in the middle of a turn: the resident still gets the answer, once.

The whole assistant runs as a process (`motcua serve`) against the fake Bot API.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.telegram import TOKEN, FakeTelegram

CHAT = 4711
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """The Bot API with one resident."""
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def start(telegram: FakeTelegram, database_url: str, index_dir: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the assistant as a process; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        env = os.environ | {
            "DATABASE_URL": database_url,
            "MOTCUA_INDEX_DIR": str(index_dir),
            "MOTCUA_PORT": str(port),
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_BASE_URL": telegram.base_url,
        }
        command = [sys.executable, "-m", "motcua", "serve"]
        process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    """No chance to clean up."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def answers(telegram: FakeTelegram) -> list[str]:
    """What the resident has read."""
    return [message.text for message in telegram.messages(CHAT)]


def test_killed_while_sending(telegram: FakeTelegram, start: Start) -> None:
    """The answer was decided and saved, but Telegram never accepted it: the next process sends it, once."""
    process = start()
    telegram.fault("sendMessage", hang=True)
    telegram.user_sends(CHAT, "1.004194")
    telegram.wait_for_calls("sendMessage", 1, timeout=60)
    kill(process)
    telegram.release()
    assert answers(telegram) == []
    start()
    telegram.wait_for_messages(CHAT, 1, timeout=60)
    telegram.user_sends(CHAT, "xin chào")
    telegram.wait_for_messages(CHAT, 2, timeout=60)
    read = answers(telegram)
    assert "Đăng ký tạm trú" in read[0]
    assert "Xin chào" in read[1]
    assert len(read) == 2


def test_killed_while_idle_loses_nothing(telegram: FakeTelegram, start: Start) -> None:
    """What was written while no process ran is answered by the next one, with the topic kept from before."""
    process = start()
    telegram.user_sends(CHAT, "mất bằng lái xe, cấp lại giấy phép lái xe 3.000348")
    telegram.wait_for_messages(CHAT, 1, timeout=60)
    telegram.wait_until(lambda: telegram.pending() == 0, timeout=60)
    kill(process)
    telegram.user_sends(CHAT, "thế hết bao nhiêu tiền?")
    start()
    telegram.wait_for_messages(CHAT, 2, timeout=60)
    assert "135.000 đồng" in answers(telegram)[1]
    assert len(answers(telegram)) == 2
