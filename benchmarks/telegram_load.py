"""How the Telegram bot does under load: many chats at once, a few questions each, against a Bot API on this machine.

    python -m benchmarks.telegram_load                    200 chats, 5 questions each, sent within 10 seconds
    python -m benchmarks.telegram_load --per-second 30    at Telegram's own limit of messages

Prints how many were answered, in order and once, and the bot's own time for a question: from its turn to the handing over of
its reply, waiting for a processor included; waiting for its turn and Telegram's limit are not in it. Beside it, the processor's
time to find and compose the answer, and the time from the question to the reply with all waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import shutil
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot import bootstrap
from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.settings import Settings
from bot.telegram.answers import Answers, Asked
from bot.telegram.application import make
from bot.telegram.channel import NAME
from bot.telegram.run import serve_application
from bot.values import Answer
from bot.writing import Hear, unheard

TOKEN = "1234567:load-token-of-nobody"  # noqa: S105  (of no bot at all)
QUESTIONS = (
    "Our paint shop has VOC fumes, what can we buy?",
    "Which partners are in Hong Kong?",
    "污水处理有哪些技术？",
    "Who is Liu Hua?",
    "还有吗",
)


class Api:
    """As much of the Bot API as a question needs."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.asked: list[tuple[int, float]] = []
        self.replies: list[tuple[int, str, float]] = []
        self.numbers = itertools.count(1)
        self.came = asyncio.Event()

    async def receive(self, request: Request) -> JSONResponse:
        """Answer one call."""
        from urllib.parse import parse_qs

        data = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        return JSONResponse({"ok": True, "result": await self._result(request.path_params["method"], data)})

    async def _result(self, method: str, data: dict[str, str]) -> Any:
        if method == "getMe":
            return {"id": 1234567, "is_bot": True, "first_name": "G", "username": "greenask_load_bot"}
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


async def load(settings: Settings, assistant: Assistant, *, chats: int, within: float, per_second: float) -> dict[str, Any]:
    """Let so many chats ask within so many seconds; returns what came of it."""
    api = Api()
    app = Starlette(routes=[Route("/bot{token}/{method}", api.receive, methods=["POST", "GET"])])
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings = settings.model_copy(update={"telegram_api_url": f"http://127.0.0.1:{port}"})
    application = make(settings, assistant, per_second=per_second)
    times = _timed(application)
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(serve_application(application, settings, assistant, stop, lambda _: ready.set()))
    await ready.wait()
    began = time.monotonic()
    for number, (question, chat) in enumerate(itertools.product(QUESTIONS, range(1, chats + 1))):
        api.put(chat, question)
        pause = began + within * (number + 1) / (chats * len(QUESTIONS)) - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
    sent = time.monotonic() - began
    until = time.monotonic() + 600
    while len(api.replies) < chats * len(QUESTIONS) and time.monotonic() < until:  # noqa: ASYNC110  (as above)
        await asyncio.sleep(0.05)
    took = time.monotonic() - began
    await asyncio.sleep(0.5)  # a reply too many would come now
    stop.set()
    await running
    server.should_exit = True
    await serving
    return _said(api, chats, times, sent, took)


@dataclass
class Times:
    """Seconds for each question: of processor to answer it, and from its turn to the handing over of its reply."""

    work: list[float] = field(default_factory=list)
    turn: list[float] = field(default_factory=list)


def _timed(application: Any) -> Times:
    """The times, filled as the application works."""
    times = Times()
    began: dict[int, float] = {}
    post, processor = application.bot_data[NAME].post, application.update_processor
    send, handle, answer = post.send, processor.do_process_update, Answers.answer

    async def sending(to: Any, *arguments: Any, **named: Any) -> Any:
        times.turn.append(time.monotonic() - began[to.chat])
        return await send(to, *arguments, **named)

    async def handling(update: Any, coroutine: Any) -> None:
        async def timed() -> None:
            began[update.effective_chat.id] = time.monotonic()
            await coroutine

        await handle(update, timed())

    def answering(answers: Answers, asked: Asked, hear: Hear = unheard) -> Answer:
        start = time.thread_time()
        try:
            return answer(answers, asked, hear)
        finally:
            times.work.append(time.thread_time() - start)

    post.send, processor.do_process_update = sending, handling
    Answers.answer = answering  # type: ignore[method-assign]
    return times


def _percentiles(times: list[float]) -> dict[str, int]:
    ordered = sorted(times)
    return {f"p{share}": round(1000 * ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]) for share in (50, 95)}


def _said(api: Api, chats: int, times: Times, sent: float, took: float) -> dict[str, Any]:
    by_chat: dict[int, list[str]] = {}
    for chat, text, _ in api.replies:
        by_chat.setdefault(chat, []).append(text)
    first = by_chat.get(1, [])
    return {
        "chats": chats,
        "questions": chats * len(QUESTIONS),
        "sent_within_s": round(sent, 1),
        "answered": len(api.replies),
        "chats_answered_in_order_and_once": sum(replies == first for replies in by_chat.values()),
        "all_answered_after_s": round(took, 1),
        "processor_ms": _percentiles(times.work),
        "own_time_ms": _percentiles(times.turn),
        "reply_after_ms": _percentiles(_waits(api)),
    }


def _waits(api: Api) -> list[float]:
    """Seconds from each question to its reply, the n-th of a chat being that to its n-th question."""
    asked: dict[int, list[float]] = {}
    for chat, at in api.asked:
        asked.setdefault(chat, []).append(at)
    return [at - asked[chat].pop(0) for chat, _, at in api.replies if asked.get(chat)]


def main() -> None:
    """Run it and print the result."""
    parser = argparse.ArgumentParser(description="Load on the Telegram bot")
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--within", type=float, default=10.0, help="seconds in which all questions are sent")
    parser.add_argument("--per-second", type=float, default=1000.0, help="messages a second that the bot may send")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Settings().data_dir / "knowledge.db", folder)
        mine = Settings(data_dir=Path(folder), telegram_token=TOKEN, telegram_per_minute=6000)
        with closing(bootstrap.open_kb(mine)) as kb:
            assistant = Assistant(kb, bootstrap.open_retriever(Settings(), kb), memory=StoredMemory.open(mine, kb))
            said = asyncio.run(
                load(mine, assistant, chats=arguments.chats, within=arguments.within, per_second=arguments.per_second)
            )
    print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
