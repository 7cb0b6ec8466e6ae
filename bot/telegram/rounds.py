"""What the channel does by itself: tells people of answers they waited for, and forgets what is too old."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace

from telegram.error import Forbidden, TelegramError

from bot.speech import Speech
from bot.telegram import page
from bot.telegram.channel import Channel, aside
from bot.telegram.memory import CHANNEL
from bot.telegram.post import Address
from bot.values import Answer, Question, Text
from knowledge.journal import Wish

_EVERY = 60.0  # seconds
_PURGE_EVERY = 24 * 60  # rounds

log = logging.getLogger("greenask.telegram")


class Rounds:
    """Goes its round once a minute."""

    def __init__(self, channel: Channel, every: float = _EVERY) -> None:
        self.channel = channel
        self._every = every

    async def run(self) -> None:
        """Go round until cancelled; what fails in one round is tried in the next."""
        number = 0
        while True:
            with contextlib.suppress(TelegramError):
                await self._quietly(number)
            number += 1
            await asyncio.sleep(self._every)

    async def _quietly(self, number: int) -> None:
        try:
            if number % _PURGE_EVERY == 0:
                await aside(self.purge)
            await self.tell()
        except TelegramError:
            raise
        except Exception:
            log.exception("a round of the Telegram channel failed; the next one follows")

    def purge(self) -> None:
        """Forget what the retention does not allow."""
        for session in self.channel.memory.purge():
            self.channel.assistant.forget(session)

    async def tell(self) -> None:
        """Send each answer that staff gave by now to whoever asked to be told."""
        for wish in await aside(self.channel.log.wishes, CHANNEL):
            answer = await aside(self.channel.assistant.curated, Question(wish.text, wish.lang))
            if answer is None or not wish.address:
                continue
            # Of several replicas one tells.
            mark = f"news:{wish.id}:{wish.made_at.isoformat()}"
            if not await aside(self.channel.memory.first_time, mark):
                continue
            try:
                await self._tell(wish, answer)
            except Forbidden:
                log.info("someone who wanted to be told has left")
            except TelegramError:
                await aside(self.channel.memory.not_done, mark)
                raise
            await aside(self.channel.log.told, wish)

    async def _tell(self, wish: Wish, answer: Answer) -> None:
        speech = Speech(wish.lang, "telegram")
        news = Text(speech.say("news", question=wish.text), "note")
        told = replace(answer, blocks=(news, *answer.blocks))
        await self.channel.post.send(Address(int(wish.address or 0)), page.screen(told))
