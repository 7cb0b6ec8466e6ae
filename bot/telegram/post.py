"""Sending: formatted where Telegram takes it and plain where it does not, again when nothing went out, never twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from telegram import Bot, InlineKeyboardMarkup, InlineQueryResult, Message, ReplyParameters
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import AIORateLimiter

from bot.telegram import page

T = TypeVar("T")

TRIES = 4
_TYPING_LASTS = 4.5  # seconds
_GLANCE = 60  # characters that are read at a glance
_DRAFT = 5.0  # seconds to wait for Telegram to take a draft
_SAME = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message to delete not found", "message can't be deleted")
_LATE = ("query is too old", "query_id_invalid")

log = logging.getLogger("greenask.telegram")


@dataclass(frozen=True)
class Address:
    """Where a reply goes: a chat, the thread in it, and the message it answers."""

    chat: int
    reply_to: int | None = None
    thread: int | None = None

    @classmethod
    def of(cls, message: Message, *, threaded: bool = True) -> Address:
        """To the chat of a message; in a group as a reply to it."""
        thread = message.message_thread_id if message.is_topic_message else None
        alone = message.chat.type == "private" or not threaded
        return cls(message.chat_id, None if alone else message.message_id, thread)

    @property
    def parameters(self) -> dict[str, Any]:
        """The same as Telegram's methods take it."""
        quoted = ReplyParameters(self.reply_to, allow_sending_without_reply=True) if self.reply_to else None
        return {"chat_id": self.chat, "message_thread_id": self.thread, "reply_parameters": quoted}


class Pace(AIORateLimiter):
    """Telegram's limits on messages; that somebody types is no message, and a draft that is late is not worth waiting for."""

    async def process_request(self, callback: Any, args: Any, kwargs: Any, endpoint: str, data: Any, rate_limit_args: Any) -> Any:
        """Wait until this request may go out."""
        if endpoint in ("sendChatAction", "sendMessageDraft"):
            return await callback(*args, **kwargs)
        return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


class Post:
    """Sends messages, pictures and files. ``draft_pause`` is how many seconds there are between two drafts of a message."""

    def __init__(self, bot: Bot, pause: float = 1.0, draft_pause: float = 1.0) -> None:
        self.bot = bot
        self.draft_pause = draft_pause
        self._pause = pause
        self._drafts_from = float("-inf")  # the time from which on drafts may be sent

    async def send(self, to: Address, messages: Sequence[str], buttons: InlineKeyboardMarkup | None = None) -> list[int]:
        """Send messages one after another, the buttons under the last; returns their numbers."""
        sent = []
        for number, text in enumerate(messages, 1):
            markup = buttons if number == len(messages) else None
            message = await self._sent(
                to,
                lambda at, text, mode, markup=markup: self.bot.send_message(  # type: ignore[misc]
                    text=text, parse_mode=mode, reply_markup=markup, **at.parameters
                ),
                text,
                page.LIMIT,
            )
            if message is not None:
                sent.append(message.message_id)
        return sent

    async def edit(self, chat: int, message: int, text: str, buttons: InlineKeyboardMarkup | None) -> bool:
        """Put other words into a message that was sent; False when it is not there any more."""
        try:
            await self._formatted(
                lambda text, mode: self.bot.edit_message_text(
                    text=text, parse_mode=mode, reply_markup=buttons, chat_id=chat, message_id=message
                ),
                text,
                page.LIMIT,
                repeatable=True,
            )
        except BadRequest as error:
            if not _says(error, *_GONE):
                raise
            return False
        return True

    async def replace(
        self, to: Address, before: Sequence[int], messages: Sequence[str], buttons: InlineKeyboardMarkup | None
    ) -> list[int]:
        """Put a reply in the place of an earlier one, message by message; returns the numbers of what is there now."""
        kept: list[int] = []
        for number, text in zip(before, messages, strict=False):
            if not await self.edit(to.chat, number, text, buttons if len(kept) + 1 == len(messages) else None):
                break
            kept.append(number)
        await self.delete(to.chat, before[len(kept) :])
        return kept + await self.send(to, messages[len(kept) :], buttons)

    async def delete(self, chat: int, messages: Sequence[int]) -> None:
        """Take messages away, as far as they are there and Telegram lets us."""
        for message in messages:
            try:
                await self.persistently(lambda message=message: self.bot.delete_message(chat, message), repeatable=True)  # type: ignore[misc]
            except BadRequest as error:
                if not _says(error, *_GONE):
                    raise

    async def acknowledge(self, query: str, toast: str | None = None) -> None:
        """Tell Telegram that a press of a button was seen. When it comes too late, there is nobody to tell."""
        # Telegram takes 200 characters; one that is worth reading twice stands in a window.
        text, alert = toast[:200] if toast else None, bool(toast and len(toast) > _GLANCE)
        await self._in_time(lambda: self.bot.answer_callback_query(query, text=text, show_alert=alert))

    async def offer(self, query: str, results: Sequence[InlineQueryResult], **how: Any) -> None:
        """Offer results to someone who types; they may be typing something else by now."""
        await self._in_time(lambda: self.bot.answer_inline_query(query, results, **how))

    async def _in_time(self, answer: Callable[[], Awaitable[bool]]) -> None:
        try:
            await self.persistently(answer, repeatable=True)
        except BadRequest as error:
            if not _says(error, *_LATE):
                raise

    async def picture(self, to: Address, data: bytes, caption: str) -> int | None:
        """Send a picture with a caption; returns its number."""
        sent = await self._sent(
            to,
            lambda at, text, mode: self.bot.send_photo(
                photo=data, filename="chart.png", caption=text, parse_mode=mode, **at.parameters
            ),
            caption,
            page.CAPTION,
        )
        return sent.message_id if sent is not None else None

    async def file(self, to: Address, name: str, data: bytes, caption: str) -> None:
        """Send a file with a caption."""
        await self._sent(
            to,
            lambda at, text, mode: self.bot.send_document(
                document=data, filename=name, caption=text, parse_mode=mode, **at.parameters
            ),
            caption,
            page.CAPTION,
        )

    async def draft(self, to: Address, number: int, text: str) -> bool:
        """Show what is being written, in a private chat; False when there is no use in going on.

        A server that knows no drafts is not asked again, one that has had too many is left alone for as long as it says.
        """
        if to.chat < 0 or time.monotonic() < self._drafts_from:
            return False
        try:
            await self.bot.send_message_draft(
                to.chat, number, text, message_thread_id=to.thread, parse_mode=ParseMode.HTML, read_timeout=_DRAFT
            )
        except RetryAfter as error:
            self._drafts_from = time.monotonic() + error._retry_after.total_seconds()
        except (BadRequest, InvalidToken) as error:  # an unknown method is to the library as an unknown token
            self._drafts_from = float("inf")
            log.info("no drafts of replies here (%s)", type(error).__name__)
        except TelegramError as error:
            log.debug("a draft did not go out: %s", type(error).__name__)
        else:
            return True
        return False

    async def _sent(
        self, to: Address, send: Callable[[Address, str, str | None], Awaitable[Message]], text: str, limit: int
    ) -> Message | None:
        """Send to a chat, or to what it has become: a group that turns into a supergroup has another number from then on."""
        try:
            return await self._formatted(lambda text, mode: send(to, text, mode), text, limit)
        except ChatMigrated as moved:
            there = Address(moved.new_chat_id)
            return await self._formatted(lambda text, mode: send(there, text, mode), text, limit)

    async def _formatted(
        self, send: Callable[[str, str | None], Awaitable[T]], text: str, limit: int, *, repeatable: bool = False
    ) -> T | None:
        """Send HTML; where Telegram does not take it, the same as plain text rather than nothing."""
        try:
            return await self.persistently(lambda: send(text, ParseMode.HTML), repeatable=repeatable)
        except BadRequest as error:
            if _says(error, _SAME):
                return None
            if not _says(error, "parse", "entit", "too long"):
                raise
            log.warning("Telegram did not take a message's formatting (%s); it was sent plain", error.message)
        bare = page.plain(text)
        while page.units(bare) > limit:
            bare = bare[: limit - (page.units(bare) - len(bare)) - 2].rstrip() + "…"
        return await self.persistently(lambda: send(bare, None), repeatable=repeatable)

    async def persistently(self, send: Callable[[], Awaitable[T]], *, repeatable: bool = False) -> T:
        """Try again, a little later each time, as long as it is certain that nothing went out.

        What is ``repeatable`` (the same edit twice is one) is tried again in any case.
        """
        for number in range(1, TRIES + 1):
            try:
                return await send()
            except NetworkError as error:
                again = not isinstance(error, BadRequest) if repeatable else _unsent(error)
                if number == TRIES or not again:
                    raise
            await asyncio.sleep(self._pause * 2 ** (number - 1))
        raise AssertionError("unreachable")

    @contextlib.asynccontextmanager
    async def busy(self, to: Address, action: str = ChatAction.TYPING) -> AsyncIterator[None]:
        """Show at once, and for as long as it takes, that an answer is coming."""
        done = asyncio.Event()
        showing = asyncio.create_task(self._show(to, action, done))
        try:
            yield
        finally:
            done.set()
            await asyncio.wait({showing}, timeout=2)

    async def _show(self, to: Address, action: str, done: asyncio.Event) -> None:
        while not done.is_set():
            try:
                await self.bot.send_chat_action(to.chat, action, message_thread_id=to.thread)
            except TelegramError as error:
                log.debug("a chat action did not go out: %s", type(error).__name__)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(done.wait(), _TYPING_LASTS)


def _says(error: BadRequest, *phrases: str) -> bool:
    said = str(error).lower()
    return any(phrase in said for phrase in phrases)


def _unsent(error: NetworkError) -> bool:
    """Whether a request surely came to nothing. After a timeout while reading the message may be there already."""
    if isinstance(error, BadRequest | ChatMigrated):
        return False
    if isinstance(error, TimedOut):
        return isinstance(error.__cause__, httpx.ConnectTimeout | httpx.PoolTimeout)
    return not isinstance(error.__cause__, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError)
