"""A small Bot API for the load on the Telegram bot, in a process of its own: it asks at a steady pace and keeps what is replied.

python -m benchmarks.telegram_api    prints its port; POST /begin starts the questions, GET /result says what came of them
"""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

BOT = {"id": 1234567, "is_bot": True, "first_name": "G", "username": "greenask_load_bot"}


class Api:
    """As much of the Bot API as a question needs."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.asked: list[tuple[int, float]] = []
        self.replies: list[tuple[int, str, float]] = []
        self.numbers = itertools.count(1)
        self.came = asyncio.Event()
        self.asking: asyncio.Task[None] | None = None

    async def receive(self, request: Request) -> JSONResponse:
        """Answer one call."""
        data = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        return JSONResponse({"ok": True, "result": await self._result(request.path_params["method"], data)})

    async def _result(self, method: str, data: dict[str, str]) -> Any:
        if method == "getMe":
            return BOT
        if method == "getUpdates":
            return await self._fetched(int(data.get("offset", 0)))
        if method in ("sendMessage", "sendPhoto"):
            self.replies.append((int(data["chat_id"]), data.get("text", ""), time.monotonic()))
            chat = {"id": int(data["chat_id"]), "type": "private"}
            return {"message_id": next(self.numbers), "date": 1, "chat": chat, "text": "x"}
        return True

    async def _fetched(self, offset: int) -> list[dict[str, Any]]:
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        if not self.updates:
            self.came.clear()
            try:
                await asyncio.wait_for(self.came.wait(), 5)
            except TimeoutError:
                return []
        return self.updates[:100]

    def put(self, chat: int, text: str) -> None:
        """A question from a chat."""
        number = next(self.numbers)
        person = {"id": chat, "is_bot": False, "first_name": "P", "language_code": "en"}
        message = {"message_id": number, "date": 1, "from": person, "chat": {"id": chat, "type": "private"}, "text": text}
        self.updates.append({"update_id": number, "message": message})
        self.asked.append((chat, time.monotonic()))
        self.came.set()

    async def begin(self, request: Request) -> JSONResponse:
        """Let each chat ask each question, all of them within so many seconds."""
        wanted = await request.json()
        self.asking = asyncio.create_task(self._ask(wanted["questions"], wanted["chats"], wanted["within"]))
        return JSONResponse({})

    async def _ask(self, questions: list[str], chats: int, within: float) -> None:
        began, pace = time.monotonic(), within / (chats * len(questions))
        for number, (question, chat) in enumerate(itertools.product(questions, range(1, chats + 1)), 1):
            self.put(chat, question)
            pause = began + pace * number - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)

    async def result(self, _: Request) -> JSONResponse:
        """When which chat asked, and what was replied to it when."""
        return JSONResponse({"asked": self.asked, "replies": self.replies})


async def main() -> None:
    """Serve until stopped."""
    api = Api()
    routes = [
        Route("/begin", api.begin, methods=["POST"]),
        Route("/result", api.result),
        Route("/bot{token}/{method}", api.receive, methods=["POST", "GET"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), "127.0.0.1", 0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(main())
