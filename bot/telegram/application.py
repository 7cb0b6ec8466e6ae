"""The application: settings and an assistant in, python-telegram-bot with its handlers out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram import LinkPreviewOptions
from telegram.constants import UpdateType
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    Defaults,
    InlineQueryHandler,
    MessageHandler,
    filters,
)
from telegram.request import HTTPXRequest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.staff.identity import Staff
from bot.staff.log import QuestionLog
from bot.telegram.channel import NAME, Channel
from bot.telegram.commands import Commands
from bot.telegram.curating import Curating
from bot.telegram.doorkeeper import Doorkeeper
from bot.telegram.flood import Flood, OwnFlood, SharedFlood
from bot.telegram.inline import Inline
from bot.telegram.memory import CHANNEL, Memory
from bot.telegram.order import AT_ONCE, InOrder
from bot.telegram.own_data import OwnData
from bot.telegram.post import Pace, Post
from bot.telegram.pressing import Pressing
from bot.telegram.questions import Questions
from bot.telegram.replies import Replies
from bot.telegram.trouble import Line, Trouble
from bot.telegram.turns import Turns
from knowledge.store import KnowledgeBase

App = Application[Any, Any, Any, Any, Any, Any]
UPDATES = [
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.INLINE_QUERY,
    UpdateType.MY_CHAT_MEMBER,
]
TELEGRAM = "https://api.telegram.org"
_RETRIES = 5
_TYPED = 6  # times what one may write, since every letter typed after the bot's name may ask
# Each request looks at every line that is open. A reply needs two: one to type, one to send.
_CONNECTIONS = 2 * AT_ONCE


def make(settings: Settings, assistant: Assistant, *, pause: float = 1.0, per_second: float = 30) -> App:
    """The application, its handlers in place. ``per_second`` is how many messages Telegram takes from one bot."""
    assert settings.telegram_token is not None
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    url = (settings.telegram_api_url or TELEGRAM).rstrip("/")
    channel_log = QuestionLog.open(settings, assistant.kb)
    memory = Memory(assistant.kb, channel_log, retention_days=settings.telegram_retention_days)
    gate = Doorkeeper()
    turns, flood, typing = _limits(settings, assistant.kb, channel_log)
    lines = (
        HTTPXRequest(_CONNECTIONS, read_timeout=30, write_timeout=30, connect_timeout=10, pool_timeout=60, proxy=proxy),
        Line(2, read_timeout=40, connect_timeout=10, pool_timeout=10, proxy=proxy),
    )
    application = (
        Application.builder()
        .token(settings.telegram_token.get_secret_value())
        .base_url(f"{url}/bot")
        .base_file_url(f"{url}/file/bot")
        .request(lines[0])
        .get_updates_request(lines[1])
        .rate_limiter(Pace(overall_max_rate=per_second, max_retries=_RETRIES))
        .concurrent_updates(InOrder(gate))
        .defaults(Defaults(link_preview_options=LinkPreviewOptions(is_disabled=True)))
        .build()
    )
    channel = Channel(
        settings,
        assistant,
        memory,
        channel_log,
        Staff.of(settings),
        Post(application.bot, pause),
        flood,
        typing,
        turns,
        application,
        lines,
    )
    gate.channel = channel
    application.bot_data[NAME] = channel
    _handle(application, channel)
    return application


def _limits(settings: Settings, kb: KnowledgeBase, log: QuestionLog) -> tuple[Turns | None, Flood, Flood]:
    """Turns and limits in the database where there may be several processes, which is with a webhook; else in this one."""
    often, oftener = settings.telegram_per_minute, _TYPED * settings.telegram_per_minute
    if not settings.telegram_webhook_url:
        return None, OwnFlood(often), OwnFlood(oftener)

    def pseudonym(what: str) -> Callable[[str], str]:
        return lambda name: log.pseudonym(CHANNEL, f"{what}:{name}")

    return Turns(kb), SharedFlood(kb, pseudonym("sent"), often), SharedFlood(kb, pseudonym("typed"), oftener)


def _handle(application: App, channel: Channel) -> None:
    """Every update finds its handler here."""
    replies, curating = Replies(channel), Curating(channel)
    questions = Questions(channel, replies, curating)
    commands, own = Commands(channel, replies, questions), OwnData(channel)
    pressing = Pressing(channel, replies, questions, commands, own)
    inline = Inline(channel, replies)
    new = filters.UpdateType.MESSAGE
    for name, handler in (
        ("start", commands.start),
        ("help", commands.help),
        ("language", commands.language),
        ("technologies", commands.technologies),
        ("partners", commands.partners),
        ("events", commands.events),
        ("stats", commands.stats),
        ("sources", commands.sources),
        ("new", commands.new),
        ("feedback", commands.feedback),
        ("privacy", own.privacy),
        ("mydata", own.send),
        ("deletemydata", own.delete),
        ("usage", curating.usage),
        ("curate", curating.curate),
    ):
        application.add_handler(CommandHandler(name, handler, new))
    application.add_handler(MessageHandler(new & filters.TEXT & ~filters.COMMAND, questions.text))
    edited = filters.UpdateType.EDITED_MESSAGE
    application.add_handler(MessageHandler(edited & filters.TEXT & ~filters.COMMAND, questions.edited))
    application.add_handler(MessageHandler(new & ~filters.TEXT & ~filters.StatusUpdate.ALL, questions.other))
    application.add_handler(MessageHandler(new & filters.COMMAND & filters.ChatType.PRIVATE, commands.help))
    application.add_handler(CallbackQueryHandler(pressing.pressed))
    application.add_handler(InlineQueryHandler(inline.query))
    application.add_handler(ChatMemberHandler(questions.added, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_error_handler(Trouble(channel).caught)
