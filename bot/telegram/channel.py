"""What every handler shares: the assistant, what is remembered, the question log, who is staff, and the post."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from telegram import Message, Update, User
from telegram.ext import Application, ContextTypes
from telegram.request import BaseRequest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.speech import Speech
from bot.staff.identity import TELEGRAM, Staff
from bot.staff.log import QuestionLog
from bot.telegram.flood import Flood
from bot.telegram.memory import Known, Memory, Someone
from bot.telegram.post import Address, Post
from bot.telegram.turns import Turns
from retrieval.language import EN, HANT, ZH, base, detect, parse, traditional

T = TypeVar("T")
Context = ContextTypes.DEFAULT_TYPE
NAME = "channel"
_FEW = 2  # words: "heat pump" may be a name in a Chinese question, "which heat pumps are there" may not
_ANONYMOUS = 1087968824  # Telegram's name for admins who hide behind their group


@dataclass
class Channel:
    """The Telegram channel at work. ``username`` is the bot's own, known once Telegram has been reached.

    ``flood`` counts what is to be answered, ``typing`` what is offered while people type after the bot's name. ``turns`` are
    those of processes that share a database; there may be several with a webhook only.
    """

    settings: Settings
    assistant: Assistant
    memory: Memory
    log: QuestionLog
    staff: Staff
    post: Post
    flood: Flood
    typing: Flood
    turns: Turns | None
    application: Application[Any, Any, Any, Any, Any, Any]
    lines: tuple[BaseRequest, ...]
    username: str = ""

    def busy(self) -> bool:
        """Whether updates are being answered or wait to be."""
        return self.application.update_processor.current_concurrent_updates > 0 or not self.application.update_queue.empty()

    def is_staff(self, user: int) -> bool:
        """Whether a user is staff."""
        return self.staff.is_staff(TELEGRAM, user)


@dataclass(frozen=True)
class Visitor:
    """Who sent an update, from where, in which language they read, and what is remembered of them."""

    someone: Someone
    lang: str
    known: Known
    to: Address
    private: bool

    def say(self, key: str, **values: object) -> str:
        """A message in the reader's language and script."""
        speech = self.speech
        return speech.script(speech.say(key, **values))

    @property
    def speech(self) -> Speech:
        """The channel's words in the reader's language."""
        return Speech(self.lang, "telegram")

    def hint(self, text: str) -> str | None:
        """The language to answer a question in, where its words alone do not tell; None where they do.

        A language that was chosen always counts.
        """
        if self.known.lang:
            return self.known.lang
        if not re.search(r"[^\W\d_]", text):
            return self.lang
        found = detect(text)
        if base(found) == ZH:
            # What is written alike in both scripts is answered in the reader's.
            return HANT if self.lang == HANT and traditional(text) == text else None
        return self.lang if base(self.lang) == ZH and len(text.split()) <= _FEW else None


def channel_of(context: Context) -> Channel:
    """The channel that the application works for."""
    found: Channel = context.application.bot_data[NAME]
    return found


async def aside(do: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What waits for the database or the assistant, in a thread of its own."""
    return await asyncio.to_thread(do, *arguments, **named)


def language_of(user: User | None) -> str:
    """The language a user's Telegram speaks, as one of ours; English where it is none of them."""
    return parse(user.language_code) or EN if user is not None and user.language_code else EN


async def visitor_of(channel: Channel, update: Update) -> Visitor:
    """Who sent this update."""
    message = update.effective_message
    user, chat = update.effective_user, update.effective_chat
    # Who writes in the name of a group or a channel is told apart by that.
    sender = message.sender_chat if isinstance(message, Message) and (user is None or user.id == _ANONYMOUS) else None
    id_ = sender.id if sender else user.id if user else 0
    someone = Someone(chat.id if chat else id_, id_)
    known = await aside(channel.memory.known, someone)
    private = chat is None or chat.type == "private"
    pressed = update.callback_query is not None
    to = Address.of(message, threaded=not pressed) if isinstance(message, Message) else Address(someone.chat)
    return Visitor(someone, known.lang or language_of(user), known, to, private)
