"""People who write to the bot in tests: they say something, press a button, and read what comes back."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram.channel import Channel
from bot.telegram.run import serve
from tests.telegram.bot_api import BOT, BotApi, Sent

_IDS = itertools.count(1_000)
PATIENCE = 20.0  # seconds


class Running:
    """The real application in a thread of its own, against a Bot API."""

    def __init__(self, settings: Settings, assistant: Assistant, api: BotApi) -> None:
        self.settings, self.assistant, self.api = settings, assistant, api
        self.channel: Channel
        self.error: BaseException | None = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, *, wait: bool = True) -> Running:
        self._thread.start()
        if wait:
            assert self._ready.wait(PATIENCE), self.error
            if self.error:
                raise self.error
        return self

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        def ready(channel: Channel) -> None:
            self.channel = channel
            channel.post._pause = 0.05
            self._ready.set()

        try:
            self._loop.run_until_complete(serve(self.settings, self.assistant, self._stop, ready))
        except BaseException as error:  # noqa: BLE001  (the test reads it)
            self.error = error
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def settled(self) -> None:
        """Wait until the bot has nothing to do any more."""
        until, quiet = time.monotonic() + PATIENCE, 0
        while quiet < 3:
            assert time.monotonic() < until, "the bot is still busy"
            busy = self.api.waiting or self.channel.busy()
            quiet = 0 if busy else quiet + 1
            time.sleep(0.004)


@dataclass
class Person:
    """Someone with a chat of their own."""

    running: Running
    language: str = "en"
    id: int = field(default_factory=lambda: next(_IDS))
    name: str = "Wei"

    @property
    def api(self) -> BotApi:
        return self.running.api

    @property
    def user(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}

    @property
    def chat(self) -> dict[str, Any]:
        return {"id": self.id, "type": "private", "first_name": self.name}

    def message(self, **content: Any) -> dict[str, Any]:
        """A message of theirs as an update has it."""
        said = {"message_id": self.api.next_message(), "date": 1_790_000_000, "from": self.user, "chat": self.chat, **content}
        text = said.get("text", "")
        if text.startswith("/"):
            length = len(text.split()[0])
            said["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return said

    def says(self, text: str, **content: Any) -> list[Sent]:
        """Send a text, and read every message that comes back."""
        return self.does({"message": self.message(text=text, **content)})

    def sends(self, **content: Any) -> list[Sent]:
        """Send something that is no text."""
        return self.does({"message": self.message(**content)})

    def edits(self, said: dict[str, Any], text: str, after: int = 60) -> list[Sent]:
        """Change a message of theirs, so many seconds after it was sent; returns what comes that is new."""
        return self.does({"edited_message": {**said, "text": text, "edit_date": said["date"] + after}})

    def does(self, update: dict[str, Any]) -> list[Sent]:
        before = len(self.api.sent)
        self.api.put(update)
        self.running.settled()
        return [sent for sent in self.api.sent[before:] if sent.chat == self.chat["id"]]

    def presses(self, message: Sent, label: str) -> tuple[list[Sent], str | None]:
        """Press the button with this label under a message; returns new messages, and what was shown for a moment."""
        return self.presses_data(message, message.button(label)["callback_data"])

    def presses_data(self, message: Sent, data: str) -> tuple[list[Sent], str | None]:
        id_ = str(next(_IDS))
        query = {"id": id_, "from": self.user, "chat_instance": "1", "data": data, "message": self.api.message_of(message)}
        sent = self.does({"callback_query": query})
        assert id_ in self.api.answers, "the button still waits"
        return sent, self.api.answers[id_].get("text")

    def looks_up(self, text: str, offset: str = "") -> dict[str, Any]:
        """Type after the bot's name in another chat; returns what was offered."""
        id_ = str(next(_IDS))
        self.does({"inline_query": {"id": id_, "from": self.user, "query": text, "offset": offset}})
        return self.api.answers[id_]


@dataclass
class Group:
    """A group, and its members."""

    running: Running
    id: int = field(default_factory=lambda: -1_000_000 - next(_IDS))

    def member(self, language: str = "en", name: str = "Lin") -> Member:
        return Member(self.running, language, name=name, group=self)


@dataclass
class Member(Person):
    """Someone who writes into a group."""

    group: Group = None  # type: ignore[assignment]

    @property
    def chat(self) -> dict[str, Any]:
        return {"id": self.group.id, "type": "supergroup", "title": "Group"}

    def mentions(self, text: str) -> list[Sent]:
        return self.says(f"@{BOT['username']} {text}")

    def replies(self, message: Sent, text: str) -> list[Sent]:
        return self.says(text, reply_to_message=self.api.message_of(message))


@contextmanager
def running(settings: Settings, assistant: Assistant, api: BotApi) -> Iterator[Running]:
    """The bot, for as long as the block lasts."""
    bot = Running(settings.model_copy(update={"telegram_api_url": api.url}), assistant, api).start()
    try:
        yield bot
    finally:
        bot.stop()
