"""telemelya as a process: its Bot API over a database in memory, and what it lacks for a webhook put in beside it.

Usage: telemelya_server.py SECRET. Prints the port it listens on.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
import fakeredis
import uvicorn
from fastapi import FastAPI, Request, Response
from telemelya.server import bot_api, control_api
from telemelya.server.media import media_manager
from telemelya.server.state import state_manager

SECRET = sys.argv[1]
app = FastAPI()
hooks: dict[str, str] = {}
files: dict[str, bytes] = {}
port = 0


@app.post("/bot{token}/setWebhook")
async def set_webhook(token: str, request: Request) -> dict[str, Any]:
    """Updates go by way of this process: the emulator sends no secret along."""
    hooks[token] = str((await request.form())["url"])
    await state_manager.set_webhook(token, f"http://127.0.0.1:{port}/forward/{token}")
    return {"ok": True, "result": True}


@app.post("/forward/{token}")
async def forward(token: str, request: Request) -> Response:
    """An update on its way to the bot."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(hooks[token], data=await request.body(), headers=headers) as answer,
    ):
        return Response(status_code=answer.status)


async def upload(session_id: str, file_id: str, filename: str, data: bytes, content_type: str = "") -> str:
    """Keep a picture in memory."""
    files[file_id] = data
    return file_id


app.include_router(bot_api.router)
app.include_router(control_api.router)


async def main() -> None:
    """Serve until stopped."""
    global port
    state_manager._redis = fakeredis.FakeAsyncRedis(decode_responses=True)
    media_manager.upload = upload  # type: ignore[method-assign]
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(port, flush=True)
    await serving


asyncio.run(main())
