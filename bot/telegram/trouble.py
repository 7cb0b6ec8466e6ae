"""When something goes wrong: people read a line with a reference, the log has the details, and the token is in neither."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from telegram import Update
from telegram.error import ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from bot.settings import Settings
from bot.shell import masked
from bot.speech import Speech
from bot.telegram.channel import Channel, Context, language_of
from bot.telegram.post import Address

# A token as Telegram makes them, whole or in a URL.
_TOKEN = re.compile(r"\b\d{5,12}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
_LOGGERS = ("greenask.telegram", "httpx", "httpcore", "telegram", "uvicorn")

log = logging.getLogger("greenask.telegram")


class Masking(logging.Formatter):
    """Lines of the log without secrets, tracebacks included."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._settings = settings

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return _TOKEN.sub("***", masked(super().format(record), self._settings))


def keep_log(settings: Settings, *, shown: bool) -> list[logging.Handler]:
    """Send what the channel and the libraries under it log to the log file, masked; returns what was added.

    Where nobody chats at this terminal it is ``shown`` on standard error, too.

    The libraries name every URL they ask for, and the token is part of it: they are kept to warnings.
    """
    from logging.handlers import RotatingFileHandler

    from bot.shell import LOG

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / LOG
    handlers: list[logging.Handler] = [
        RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", errors="replace")
    ]
    if shown:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(Masking(settings))
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers += handlers
        logger.setLevel(logging.INFO if name.startswith("greenask") else logging.WARNING)
        # Beyond this, handlers would write what is not masked.
        logger.propagate = False
    return handlers


def drop_log(handlers: list[logging.Handler]) -> None:
    """Undo :func:`keep_log`."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for handler in handlers:
            logger.removeHandler(handler)
        logger.propagate = True
    for handler in handlers:
        handler.close()


class Line(HTTPXRequest):
    """The line on which updates are fetched. That Telegram cannot be reached is logged once, and that it can be again."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.down: str | None = None

    async def do_request(self, *arguments: Any, **named: Any) -> tuple[int, bytes]:
        """Ask Telegram, and see how it is."""
        try:
            code, payload = await super().do_request(*arguments, **named)
        except TimedOut:
            self._see("no answer in time")
            raise
        except NetworkError as error:
            self._see(type(error.__cause__ or error).__name__)
            raise
        if code == 409:
            self._see("another bot fetches the updates of this token (409); stop it, or use a webhook for several")
        elif code >= 429:
            self._see(f"status {code}")
        else:
            self._see(None)
        return code, payload

    def _see(self, reason: str | None) -> None:
        if reason is not None and self.down is None:
            log.warning("Telegram cannot be reached: %s. Trying again until it can", reason)
        elif reason is None and self.down is not None:
            log.warning("Telegram can be reached again")
        self.down = reason


class Trouble:
    """The one error handler."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def caught(self, update: object, context: Context) -> None:
        """Log what failed, and say so to whoever waits."""
        error = context.error
        if isinstance(error, Forbidden):
            log.info("a chat has blocked the bot, or taken it out")
            return
        if isinstance(error, ChatMigrated):
            log.info("a group has become a supergroup; the next message goes there")
            return
        if isinstance(error, NetworkError | RetryAfter) and type(error).__name__ in ("NetworkError", "TimedOut", "RetryAfter"):
            log.warning("a reply could not be delivered: %s", type(error).__name__)
            return
        reference = secrets.token_hex(4)
        log.error("reference %s", reference, exc_info=error)
        if isinstance(update, Update):
            await self._say(update, reference)

    async def _say(self, update: Update, reference: str) -> None:
        if update.effective_chat is None:
            return
        speech = Speech(language_of(update.effective_user), "telegram")
        said = speech.script(speech.say("trouble", reference=reference))
        message = update.effective_message
        to = Address.of(message) if hasattr(message, "message_thread_id") else Address(update.effective_chat.id)  # type: ignore[arg-type]
        try:
            await self.channel.post.send(to, [said])
        except TelegramError as error:
            log.warning("reference %s could not be told: %s", reference, type(error).__name__)
