"""The webhook: Telegram posts updates to a path that nobody guesses, with a secret that is checked; ``/health`` says we live."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application

from bot.telegram.channel import NAME
from bot.telegram.doorkeeper import Doorkeeper

LARGEST = 1_000_000  # bytes of an update
_HEADER = "X-Telegram-Bot-Api-Secret-Token"

log = logging.getLogger("greenask.telegram")


def path(token: str) -> str:
    """The path that updates come to: the same in every replica, and not to be guessed without the token."""
    return f"/telegram/{_derived(token, 'path')}"


def secret(token: str) -> str:
    """What Telegram must send along, to show that it is Telegram."""
    return _derived(token, "secret")


def _derived(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), f"greenask webhook {purpose}".encode(), hashlib.sha256).hexdigest()


def face(application: Application[Any, Any, Any, Any, Any, Any], token: str) -> Starlette:
    """The web application. An update is written down before it is accepted, since Telegram then sends the chat's next one."""
    door = Doorkeeper.of(application.bot_data[NAME])

    async def receive(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get(_HEADER, "").encode(), secret(token).encode()):
            return Response(status_code=403)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return Response(status_code=413)
        try:
            update = Update.de_json(json.loads(body), application.bot)
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("a webhook request was no update")
            return Response(status_code=400)
        if await door.arrived(update):
            await application.update_queue.put(update)
        return Response()

    async def health(_: Request) -> Response:
        well = application.running
        return JSONResponse({"ok": well}, status_code=200 if well else 503)

    return Starlette(routes=[Route(path(token), receive, methods=["POST"]), Route("/health", health, methods=["GET", "HEAD"])])


class Server(uvicorn.Server):
    """uvicorn without its own signals: whoever runs it stops it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def server(app: Starlette, host: str, port: int) -> Server:
    """The server, quiet: its lines would have the path in them. Behind a proxy on this machine, the proxy's word counts."""
    return Server(
        uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, proxy_headers=True, lifespan="off")
    )
