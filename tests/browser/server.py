"""The web chat with a scripted conversation, as a process: `python -m tests.browser.server PORT DATABASE PATIENCE`."""

import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from bot.channels.webchat import STATIC, WebChat
from bot.messages import Choice, Incoming, Reply
from bot.storage.database import open_database
from bot.storage.transcripts import TranscriptStore

PAPERS = ("Tờ khai đăng ký khai sinh", "Giấy chứng sinh", "Giấy chứng nhận kết hôn của cha mẹ (nếu có)")
CENTRE = "Trung tâm Phục vụ hành chính công tỉnh Bắc Giang"


def checklist(ticked: frozenset[int], *, replaces: bool) -> Reply:
    """The papers with marks; each button says which mark its own paper will have, as the assistant's do."""
    choices = [
        Choice(f"{'✅' if n in ticked else '⬜'} {n + 1}. {paper}", f"list.tick:{n}:{int(n not in ticked)}", "item")
        for n, paper in enumerate(PAPERS)
    ]
    said = f"# Giấy tờ cần nộp\nĐã có {len(ticked)} trên {len(PAPERS)} giấy tờ. Bấm vào giấy bạn đã có."
    return Reply(paragraphs=(said,), choices=(*choices, Choice("Lệ phí", "fee.show")), replaces=replaces)


def answer(incoming: Incoming, ticks: dict[str, frozenset[int]]) -> Reply:
    """What the scripted assistant says; it remembers the ticks of each visitor."""
    if incoming.pressed:
        page, *arguments = incoming.pressed.split(":")
        if page == "list.show":
            return checklist(frozenset(), replaces=False)
        if page == "list.tick":
            paper, state = map(int, arguments)
            before = ticks.get(incoming.contact.id, frozenset()) - {paper}
            ticks[incoming.contact.id] = before | {paper} if state else before
            return checklist(ticks[incoming.contact.id], replaces=True)
        return Reply(paragraphs=("Lệ phí: 8.000 đồng.", "Nguồn: https://dichvucong.gov.vn/p?a=1&b=2."))
    text = incoming.text or ""
    if text == "/start":
        return Reply(
            paragraphs=(
                "Xin chào bạn! Tôi là trợ lý tra cứu thủ tục.",
                "Bạn hỏi bằng lời của mình, ví dụ: làm khai sinh cho con cần giấy tờ gì?",
            ),
            choices=(Choice("Chọn theo việc trong đời", "browse.events"), Choice("Giờ làm việc", "desk.hours")),
        )
    if text.startswith("/start p_"):
        return Reply(paragraphs=(f"# Thủ tục {text[9:].replace('_', '.')}\nMở từ mã QR.",))
    if "khai sinh" in text:
        return Reply(
            paragraphs=(
                "# Đăng ký khai sinh (1.001193)\nỦy ban nhân dân cấp xã giải quyết.",
                "Thời gian: ngay trong ngày làm việc.\nNếu nhận hồ sơ sau 15 giờ: ngày làm việc tiếp theo.",
                "Nguồn: https://dichvucong.gov.vn/thu-tuc/1.001193 (bản ghi ngày 01/11/2026).",
            ),
            choices=(
                Choice("Đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con", "procedure.show:1.000689", "item"),
                Choice("Giấy tờ cần nộp", "list.show"),
                Choice("Lệ phí", "fee.show"),
                Choice("Nộp ở đâu", "where.show"),
            ),
        )
    return Reply(paragraphs=(f"Bạn hỏi: {text}",))


def build(database: str, patience: Path) -> Starlette:
    """The application; while the file `patience` exists, answers are held back."""

    ticks: dict[str, frozenset[int]] = {}

    def turn(incoming: Incoming) -> Reply:
        while patience.exists():
            time.sleep(0.02)
        return answer(incoming, ticks)

    async def receive(incoming: Incoming) -> Reply:
        return await run_in_threadpool(turn, incoming)

    async def sent(incoming: Incoming) -> None:
        pass

    webchat = WebChat(receive, TranscriptStore(open_database(database)), sent=sent, centre_name=CENTRE)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with webchat.running():
            yield

    return Starlette(routes=[Mount("/static", StaticFiles(directory=STATIC)), *webchat.routes()], lifespan=lifespan)


def main() -> None:
    """Serve until SIGTERM."""
    port, database, patience = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    uvicorn.run(build(database, patience), port=port, log_level="warning", timeout_graceful_shutdown=2)


def reachable(port: int, within: float = 20) -> None:
    """Wait until somebody listens on the port."""
    until = time.monotonic() + within
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main()
