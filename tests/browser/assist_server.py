"""The volunteers' page as a process: `python -m tests.browser.assist_server PORT DATABASE INDEX`."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from bot.channels.webchat import STATIC
from bot.services.guide import Guide
from bot.storage.database import open_database
from bot.web.assist import AssistPages
from knowledge_base.centre import load_centre
from tests.bot.volunteers import assisting


def main() -> None:
    """Serve until SIGTERM."""
    port, database, index = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC))
    pages = AssistPages(assisting(open_database(database)), Guide(index), load_centre(), "motcua_bot")
    app.include_router(pages.router)
    uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
