"""How the bot presents itself in Telegram: commands per language, description and short description."""

from __future__ import annotations

import hashlib
import json
import logging

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.speech import Speech
from bot.telegram.channel import Channel, aside

# Telegram tells languages by two letters; "" is for everyone whose language is none of the others.
_LANGUAGES = (("", "en"), ("en", "en"), ("zh", "zh"))
_NOTE = "telegram_face"

log = logging.getLogger("greenask.telegram")


async def present(channel: Channel, bot: Bot) -> None:
    """Set what has changed since it was set last: Telegram does not like to be told the same at each start."""
    staff = sorted(channel.settings.staff_telegram_ids)
    mark = f"{bot.id}:{_digest(staff)}"
    if await aside(channel.assistant.kb.note, _NOTE) == mark:
        return
    try:
        for code, lang in _LANGUAGES:
            await _speak(bot, code, lang)
    except TelegramError as error:
        log.warning(
            "the command menu and the description could not be set (%s); the next start tries again", type(error).__name__
        )
        return
    for id_ in staff:
        await _for_staff(bot, id_)
    await aside(channel.assistant.kb.remember, _NOTE, mark)


async def _speak(bot: Bot, code: str, lang: str) -> None:
    speech = Speech(lang, "telegram")
    await bot.set_my_commands(_commands(speech.names("commands").items()), language_code=code)
    await bot.set_my_description(speech.say("about"), language_code=code)
    await bot.set_my_short_description(speech.say("about_short"), language_code=code)


async def _for_staff(bot: Bot, id_: int) -> None:
    """The menu of one member of staff; Telegram knows only those who have written to the bot before."""
    for code, lang in _LANGUAGES:
        speech = Speech(lang, "telegram")
        every = [*speech.names("commands").items(), *speech.names("staff_commands").items()]
        try:
            await bot.set_my_commands(_commands(every), scope=BotCommandScopeChat(id_), language_code=code)
        except TelegramError:
            log.info("a member of staff has not written to the bot yet, so their menu has no staff commands")
            return


def _commands(named: object) -> list[BotCommand]:
    return [BotCommand(name, said) for name, said in named]  # type: ignore[attr-defined]


def _digest(staff: list[int]) -> str:
    said = [[dict(Speech(lang, "telegram").names("commands")), Speech(lang, "telegram").say("about")] for _, lang in _LANGUAGES]
    return hashlib.blake2b(json.dumps([said, staff]).encode(), digest_size=8).hexdigest()
