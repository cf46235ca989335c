"""The ASGI application: mounts the channels' routes and tells whether this process can serve."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from bot.channels.telegram import Telegram
from bot.channels.webchat import STATIC, WebChat
from bot.services.guide import Guide

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def web_app(
    lifespan: Lifespan, webchat: WebChat, telegram: Telegram | None, telegram_path: str, *, guide: Guide, engine: Engine
) -> FastAPI:
    """The application with all its routes."""
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.router.routes.extend(webchat.routes())

    if telegram is not None:

        @app.post(telegram_path)
        async def telegram_webhook(request: Request) -> Response:
            secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
            return Response(status_code=await telegram.handle_webhook(await request.body(), secret))

    @app.get("/healthz")
    async def health() -> JSONResponse:
        """200 while this process can answer: database reachable, snapshot loaded."""
        try:
            await run_in_threadpool(_reach, engine)
        except SQLAlchemyError:
            return JSONResponse({"database": "unreachable"}, status_code=503)
        manifest = guide.snapshot.manifest
        return JSONResponse(
            {"database": "ok", "procedures": len(guide.catalogue), "index": manifest.snapshot, "built": manifest.built}
        )

    return app


class _Static(StaticFiles):
    """Static files that browsers must not guess the type of."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _reach(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
