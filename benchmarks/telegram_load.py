"""How the Telegram bot does under load: many chats at once, a few questions each, against a Bot API on this machine.

    python -m benchmarks.telegram_load                    200 chats, 5 questions each, sent within 10 seconds
    python -m benchmarks.telegram_load --per-second 30    at Telegram's own limit of messages

Prints how many were answered, in order and once, and the bot's own time for a question: from its turn to the handing over of
its reply, waiting for a processor included; waiting for its turn and Telegram's limit are not in it. Beside it, the processor's
time to find and compose the answer, and the time from the question to the reply with all waiting. The Bot API is a process of its
own, so that what it costs is not the bot's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

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
_PATIENCE = 600.0  # seconds


@contextmanager
def bot_api() -> Iterator[str]:
    """The Bot API in a process of its own, so that its work is not taken for the bot's; gives its address."""
    command = [sys.executable, "-m", "benchmarks.telegram_api"]
    process = subprocess.Popen(  # noqa: S603  (our own module)
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.communicate()


async def load(settings: Settings, assistant: Assistant, *, chats: int, within: float, per_second: float) -> dict[str, Any]:
    """Let so many chats ask within so many seconds; returns what came of it."""
    with bot_api() as url:
        settings = settings.model_copy(update={"telegram_api_url": url})
        application = make(settings, assistant, per_second=per_second)
        times = _timed(application)
        stop, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(serve_application(application, settings, assistant, stop, lambda _: ready.set()))
        await ready.wait()
        busy = time.process_time()
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await client.post("/begin", json={"questions": QUESTIONS, "chats": chats, "within": within})
            until = time.monotonic() + _PATIENCE
            while times.sent < chats * len(QUESTIONS) and time.monotonic() < until:  # noqa: ASYNC110  (others count it)
                await asyncio.sleep(0.05)
            busy = time.process_time() - busy
            await asyncio.sleep(0.5)  # a reply too many would come now
            result = (await client.get("/result")).json()
        stop.set()
        await running
    return _said(result, chats, times, busy)


@dataclass
class Times:
    """Seconds for each question: of processor to answer it, and from its turn to the handing over of its reply."""

    work: list[float] = field(default_factory=list)
    turn: list[float] = field(default_factory=list)
    sent: int = 0


def _timed(application: Any) -> Times:
    """The times, filled as the application works."""
    times = Times()
    began: dict[int, float] = {}
    post, processor = application.bot_data[NAME].post, application.update_processor
    send, handle, answer = post.send, processor.do_process_update, Answers.answer

    async def sending(to: Any, *arguments: Any, **named: Any) -> Any:
        times.turn.append(time.monotonic() - began[to.chat])
        sent = await send(to, *arguments, **named)
        times.sent += 1
        return sent

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


def _said(result: dict[str, Any], chats: int, times: Times, busy: float) -> dict[str, Any]:
    asked, replies = result["asked"], result["replies"]
    by_chat: dict[int, list[str]] = {}
    for chat, text, _ in replies:
        by_chat.setdefault(chat, []).append(text)
    first = by_chat.get(1, [])
    start = asked[0][1]
    return {
        "chats": chats,
        "questions": chats * len(QUESTIONS),
        "sent_within_s": round(asked[-1][1] - start, 1),
        "answered": len(replies),
        "chats_answered_in_order_and_once": sum(each == first for each in by_chat.values()),
        "all_answered_after_s": round(max(at for *_, at in replies) - start, 1),
        "processor_a_question_ms": round(1000 * busy / len(asked), 1),
        "processor_ms": _percentiles(times.work),
        "own_time_ms": _percentiles(times.turn),
        "reply_after_ms": _percentiles(_waits(asked, replies)),
    }


def _waits(asked: list[Any], replies: list[Any]) -> list[float]:
    """Seconds from each question to its reply, the n-th of a chat being that to its n-th question."""
    left: dict[int, list[float]] = {}
    for chat, at in asked:
        left.setdefault(chat, []).append(at)
    return [at - left[chat].pop(0) for chat, _, at in replies if left.get(chat)]


def table(said: dict[str, Any]) -> str:
    """The result as a table in Markdown."""
    rows = [
        ("questions", f"{said['questions']} of {said['chats']} chats within {said['sent_within_s']} s"),
        ("answered", f"{said['answered']}"),
        ("chats answered in order, each question once", f"{said['chats_answered_in_order_and_once']} of {said['chats']}"),
        ("last reply after", f"{said['all_answered_after_s']} s"),
        ("processor for a question, everything included", f"{said['processor_a_question_ms']} ms"),
    ]
    for key, name in (
        ("processor_ms", "processor to find and compose an answer"),
        ("own_time_ms", "the bot's own time, from a question's turn to handing over the reply"),
        ("reply_after_ms", "from question to reply, all waiting included"),
    ):
        rows.append((name, f"{said[key]['p50']} ms median, {said[key]['p95']} ms p95"))
    return "\n".join(["| what | measured |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def main() -> None:
    """Run it and print the result."""
    parser = argparse.ArgumentParser(description="Load on the Telegram bot")
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--within", type=float, default=10.0, help="seconds in which all questions are sent")
    parser.add_argument("--per-second", type=float, default=1000.0, help="messages a second that the bot may send")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Settings().data_dir / "knowledge.db", folder)
        mine = Settings(data_dir=Path(folder), telegram_token=TOKEN, telegram_per_minute=6000)
        with closing(bootstrap.open_kb(mine)) as kb:
            assistant = Assistant(kb, bootstrap.open_retriever(Settings(), kb), memory=StoredMemory.open(mine, kb))
            said = asyncio.run(
                load(mine, assistant, chats=arguments.chats, within=arguments.within, per_second=arguments.per_second)
            )
    print(json.dumps(said, indent=2) if arguments.json else table(said))


if __name__ == "__main__":
    main()
