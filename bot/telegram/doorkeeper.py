"""Lets an update in once, when it is its chat's turn, and only so many of one person."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from telegram import Message, Update

from bot.telegram.channel import Channel, aside, visitor_of
from bot.telegram.flood import Verdict
from bot.telegram.memory import CHANNEL
from bot.telegram.turns import Ticket

log = logging.getLogger("greenask.telegram")


class Doorkeeper:
    """The gate of the channel. When the database fails it lets in: an answer out of turn is better than none."""

    channel: Channel

    @classmethod
    def of(cls, channel: Channel) -> Doorkeeper:
        """The gate of this channel."""
        found = cls()
        found.channel = channel
        return found

    async def arrived(self, update: Update) -> bool:
        """Write down an update before it is accepted; False when it was before. Only where several processes share chats."""
        turns = self.channel.turns
        return turns is None or await self._asked(aside(turns.arrive, self._ticket(update)))

    async def first_time(self, update: Update) -> bool:
        """Whether no process has taken this update up."""
        if self.channel.turns is not None:
            return True  # it was written down when it arrived
        return await self._asked(aside(self.channel.memory.first_time, self._name(update)))

    async def begins(self, update: Update) -> bool:
        """Whether it is this update's turn in its chat, wherever the others are."""
        turns = self.channel.turns
        return turns is None or await self._asked(aside(turns.begin, self._ticket(update)))

    async def ended(self, update: Update) -> None:
        """The next one of the chat may begin."""
        if self.channel.turns is not None:
            await self._asked(aside(self.channel.turns.end, self._ticket(update)))

    async def passes(self, update: Update) -> bool:
        """Whether the update is answered; the first one too many gets a note instead."""
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None or self.channel.is_staff(user.id):
            return True
        message = update.message or update.edited_message
        if message is not None and chat.type != "private" and not self._meant(message):
            return True
        verdict = await self._counted(user.id, chat.id)
        if verdict is Verdict.NOTE:
            visitor = await visitor_of(self.channel, update)
            try:
                await self.channel.post.send(visitor.to, [visitor.say("slow_down")])
            except Exception:
                log.exception("a note about too many messages could not be sent")
        if verdict is not Verdict.FINE and update.callback_query is not None:
            await self.channel.post.acknowledge(update.callback_query.id)
        return verdict is Verdict.FINE

    async def _counted(self, user: int, chat: int) -> Verdict:
        try:
            return await self.channel.flood.take(user, chat)
        except Exception:
            log.exception("the database does not say how much somebody has sent; they are answered")
            return Verdict.FINE

    async def _asked(self, asking: Awaitable[bool | None]) -> bool:
        try:
            return await asking is not False
        except Exception:
            log.exception("the database does not say whose turn it is; the update is answered")
            return True

    def _name(self, update: Update) -> str:
        return f"{self.channel.post.bot.id}:{update.update_id}"

    def _ticket(self, update: Update) -> Ticket:
        where = update.effective_chat or update.effective_user
        chat = f"turn:{self.channel.post.bot.id}:{where.id if where else 0}"
        return Ticket(self._name(update), update.update_id, self.channel.log.pseudonym(CHANNEL, chat))

    def _meant(self, message: Message) -> bool:
        """Whether a message in a group may be for the bot at all; what people say to each other is not counted."""
        text, replied = message.text or "", message.reply_to_message
        ours = replied is not None and replied.from_user is not None and replied.from_user.id == self.channel.post.bot.id
        return ours or text.startswith("/") or f"@{self.channel.username}".lower() in text.lower()
