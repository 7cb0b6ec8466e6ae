"""Running the bot: reach Telegram, poll or listen, and stop without leaving anything half said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from telegram import Bot
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.assistant import Assistant
from bot.errors import BotError
from bot.posters import USERNAME
from bot.settings import Settings
from bot.shell import Shell
from bot.telegram import webhook
from bot.telegram.application import TELEGRAM, UPDATES, App, make
from bot.telegram.channel import NAME, Channel, aside
from bot.telegram.face import present
from bot.telegram.rounds import Rounds
from bot.telegram.trouble import drop_log, keep_log
from bot.values import Question

_SLOWEST = 60.0  # seconds between two tries to reach Telegram
_POLL = 10  # seconds that Telegram may keep a request for updates open
_FAREWELL = 5.0  # seconds to wait for the line on which updates are fetched

log = logging.getLogger("greenask.telegram")


class TokenRefused(BotError):
    """Telegram does not know the token."""


Ready = Callable[[Channel], None]


class Beside:
    """The bot in a thread of its own, beside a chat in the terminal; both ask the same assistant."""

    def __init__(self, settings: Settings, assistant: Assistant) -> None:
        self._handlers = keep_log(settings, shown=False)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(settings, assistant), name="telegram", daemon=True)
        self._thread.start()

    def _run(self, settings: Settings, assistant: Assistant) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(serve(settings, assistant, self._stop))
        except TokenRefused:
            log.error("Telegram does not know GREENASK_TELEGRAM_TOKEN; the bot does not run")
        except Exception:
            log.exception("the Telegram bot has stopped; the chat goes on without it")
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def stop(self) -> None:
        """Let it finish what it is writing, and end it."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        drop_log(self._handlers)


def run(shell: Shell, assistant: Assistant, ready: Ready) -> None:
    """Run the bot in the foreground until a signal ends it. ``ready`` is called when it can be written to."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop.set)
        await serve(shell.settings, assistant, stop, ready)

    handlers = keep_log(shell.settings, shown=True)
    try:
        asyncio.run(main())
    finally:
        drop_log(handlers)


async def serve(settings: Settings, assistant: Assistant, stop: asyncio.Event, ready: Ready = lambda _: None) -> None:
    """Run the bot until ``stop`` is set; replies that are being written then are sent before this returns."""
    await serve_application(make(settings, assistant), settings, assistant, stop, ready)


async def serve_application(
    application: App, settings: Settings, assistant: Assistant, stop: asyncio.Event, ready: Ready
) -> None:
    """The same with an application that was made already."""
    if not await _initialised(application, stop):
        return
    channel: Channel = application.bot_data[NAME]
    channel.username = application.bot.username
    await aside(assistant.kb.remember, USERNAME, channel.username)
    try:
        # The first answer loads dictionaries and the encoder: nobody should wait for that.
        await asyncio.gather(present(channel, application.bot), assistant.answer(Question("solar 太阳能")))
        await application.start()
        async with _beside(channel.turns.hold() if channel.turns else None):
            async with _receiving(application, settings), _beside(Rounds(channel).run()):
                ready(channel)
                await stop.wait()
            # Answers what was received, waits for what is being written.
            await application.stop()
    finally:
        await application.shutdown()


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None] | None) -> AsyncIterator[None]:
    """Work that goes on meanwhile, if there is any."""
    task = asyncio.create_task(work) if work is not None else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


def asked_for_name(settings: Settings) -> tuple[str | None, str]:
    """Ask Telegram once who the token belongs to: the bot's user name, or None and what went wrong."""
    assert settings.telegram_token is not None
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    url = f"{(settings.telegram_api_url or TELEGRAM).rstrip('/')}/bot"

    async def ask() -> str:
        async with Bot(settings.telegram_token.get_secret_value(), url, request=HTTPXRequest(proxy=proxy)) as bot:  # type: ignore[union-attr]
            return bot.username

    try:
        return asyncio.run(ask()), ""
    except TelegramError as error:
        return None, type(error).__name__


async def _initialised(application: App, stop: asyncio.Event) -> bool:
    """Reach Telegram, however long it takes; False when stopped before."""
    pause, said = 1.0, False
    while not stop.is_set():
        try:
            await application.initialize()
        except InvalidToken:
            await _put_away(application)
            raise TokenRefused from None
        except (NetworkError, RetryAfter, Conflict) as error:
            if not said:
                log.warning("Telegram cannot be reached: %s. Trying again until it can", type(error).__name__)
                said = True
            wait = error._retry_after.total_seconds() if isinstance(error, RetryAfter) else pause
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            pause = min(_SLOWEST, 2 * pause)
        else:
            if said:
                log.warning("Telegram can be reached again")
            return True
    await _put_away(application)
    return False


async def _put_away(application: App) -> None:
    """Close the lines of an application that was never ready; by itself it would leave them open."""
    channel: Channel = application.bot_data[NAME]
    for line in channel.lines:
        await line.shutdown()


@contextlib.asynccontextmanager
async def _receiving(application: App, settings: Settings) -> AsyncIterator[None]:
    """Updates come in, by webhook where one is set, else by polling."""
    receiving = _listening if settings.telegram_webhook_url else _polling
    async with receiving(application, settings):
        yield


@contextlib.asynccontextmanager
async def _polling(application: App, _: Settings) -> AsyncIterator[None]:
    updater = application.updater
    assert updater is not None
    # What goes wrong is seen and logged by the line itself.
    await updater.start_polling(timeout=_POLL, bootstrap_retries=-1, allowed_updates=UPDATES, error_callback=lambda _: None)
    try:
        yield
    finally:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(updater.stop(), _FAREWELL)


@contextlib.asynccontextmanager
async def _listening(application: App, settings: Settings) -> AsyncIterator[None]:
    assert settings.telegram_token is not None
    assert settings.telegram_webhook_url is not None
    token = settings.telegram_token.get_secret_value()
    host, port = settings.telegram_address
    server = webhook.server(webhook.face(application, token), host, port)
    serving = asyncio.create_task(server.serve())
    try:
        await _hook(application, settings.telegram_webhook_url.rstrip("/") + webhook.path(token), webhook.secret(token))
        yield
    finally:
        # The webhook stays set: other replicas go on, and Telegram keeps what comes meanwhile.
        server.should_exit = True
        await serving


async def _hook(application: App, url: str, secret: str) -> None:
    pause = 1.0
    while True:
        try:
            await application.bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATES, max_connections=40)
        except (NetworkError, RetryAfter) as error:
            if type(error) not in (NetworkError, RetryAfter):
                raise
            log.warning("the webhook could not be set (%s); trying again", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(_SLOWEST, 2 * pause)
        else:
            return
