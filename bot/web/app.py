"""The ASGI application: mounts the channels' routes and tells whether this process can serve."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from bot.channels.webchat import STATIC, WebChat
from bot.services.guide import Guide

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Hook = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
LARGEST_HOOK: Final = 1_000_000
"""Bytes of a supplier's webhook; theirs have some thousand."""


def web_app(
    lifespan: Lifespan, webchat: WebChat, hooks: Mapping[str, Hook], *, guide: Guide, engine: Engine
) -> FastAPI:
    """The application with all its routes; `hooks` are the suppliers' webhooks by path."""
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.router.routes.extend(webchat.routes())

    for path, hook in hooks.items():
        app.add_api_route(path, _webhook(hook), methods=["POST"])

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


def _webhook(hook: Hook) -> Callable[[Request], Awaitable[Response]]:
    async def webhook(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_HOOK:
                return Response(status_code=413)
        return Response(status_code=await hook(bytes(body), request.headers))

    return webhook


class _Static(StaticFiles):
    """Static files that browsers must not guess the type of."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _reach(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
