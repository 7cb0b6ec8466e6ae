"""Messages: questions in private chats, in groups only when the bot is meant, and everything that is no text."""

from __future__ import annotations

import re
from datetime import timedelta

from telegram import Message, MessageEntity, Update

from bot.telegram.answers import Asked
from bot.telegram.channel import Channel, Context, Visitor, aside, visitor_of
from bot.telegram.curating import Curating
from bot.telegram.replies import Replies

_EDITED_WITHIN = timedelta(minutes=10)  # a question is corrected soon, or it is something else by now


class Questions:
    """Answers what people write."""

    def __init__(self, channel: Channel, replies: Replies, curating: Curating) -> None:
        self.channel = channel
        self.replies = replies
        self.curating = curating

    async def text(self, update: Update, _: Context) -> None:
        """A message with text in it."""
        message = update.effective_message
        if message is None or not message.text:
            return
        asked = self._meant(message)
        if asked is None:
            return
        visitor = await visitor_of(self.channel, update)
        if await self.curating.replied(visitor, message):
            return
        if not asked:
            example = visitor.speech.lines("examples")[1]
            said = visitor.say("no_question", bot=self.channel.username, example=visitor.speech.script(example))
            await self.channel.post.send(visitor.to, [said])
            return
        await self.ask(visitor, asked, message=message.message_id)

    async def edited(self, update: Update, _: Context) -> None:
        """A message was edited: a question that has just been asked is answered anew, in the place of the first reply."""
        message = update.edited_message
        if message is None or not message.text or not _just_asked(message):
            return
        asked = self._meant(message)
        if not asked:
            return
        visitor = await visitor_of(self.channel, update)
        before = await aside(self.channel.memory.reply_to, visitor.someone, message.message_id)
        if before is None:  # it was not meant for the bot, or too much, and is now
            await self.text(update, _)
        elif before.question != asked:  # else Telegram has only added a preview to it
            last = await aside(self.channel.memory.is_last, before)
            await self.replies.give_anew(visitor, self._asked(visitor, asked, going_on=last), before, message.message_id)

    async def ask(self, visitor: Visitor, text: str, *, said: str | None = None, message: int | None = None) -> None:
        """Answer a question as part of someone's conversation."""
        await self.replies.give(visitor, self._asked(visitor, text), said=said, message=message)

    def _asked(self, visitor: Visitor, text: str, *, going_on: bool = True) -> Asked:
        session = self.channel.memory.session(visitor.someone) if going_on else None
        return Asked(text, visitor.hint(text), event=visitor.known.event, session=session)

    async def other(self, update: Update, _: Context) -> None:
        """A picture, a voice note, a sticker or a file: what the bot can take."""
        message = update.effective_message
        if message is None or (message.chat.type != "private" and not self._answers_us(message)):
            return
        album = message.media_group_id
        if album is not None and not await aside(self.channel.memory.first_time, f"album:{self.channel.post.bot.id}:{album}"):
            return  # its pictures come one by one
        visitor = await visitor_of(self.channel, update)
        if message.caption and (asked := self._meant(message, message.caption)):
            await self.ask(visitor, asked)
            return
        example = visitor.speech.script(visitor.speech.lines("examples")[0])
        await self.channel.post.send(visitor.to, [visitor.say("takes_text", example=example)])

    async def added(self, update: Update, _: Context) -> None:
        """The bot was taken into a group: it says how it is used there."""
        change = update.my_chat_member
        if change is None or change.chat.type not in ("group", "supergroup"):
            return
        before, after = change.old_chat_member.status, change.new_chat_member.status
        if before in ("left", "kicked") and after in ("member", "administrator"):
            visitor = await visitor_of(self.channel, update)
            await self.channel.post.send(visitor.to, [visitor.say("added", bot=self.channel.username)])

    def _meant(self, message: Message, text: str | None = None) -> str | None:
        """The question in a message, without the mention of the bot; None when a group talks about something else."""
        text = text if text is not None else message.text or ""
        if message.via_bot is not None and message.via_bot.id == self.channel.post.bot.id:
            return None
        bare = self._without_mention(text)
        if message.chat.type == "private" or self._answers_us(message):
            return bare
        if bare == text.strip() and not self._named_without_username(message):
            return None
        # "@bot" in reply to somebody's question asks it for them.
        quoted = message.reply_to_message
        return bare or (quoted.text.strip() if quoted is not None and quoted.text else "")

    def _answers_us(self, message: Message) -> bool:
        replied = message.reply_to_message
        return replied is not None and replied.from_user is not None and replied.from_user.id == self.channel.post.bot.id

    def _without_mention(self, text: str) -> str:
        if not self.channel.username:
            return text.strip()
        mention = rf"(?<![\w@])@{re.escape(self.channel.username)}(?!\w)[,:，：]?"
        return " ".join(re.sub(mention, " ", text, flags=re.IGNORECASE).split(" ")).strip()

    def _named_without_username(self, message: Message) -> bool:
        bot = self.channel.post.bot.id
        return any(
            entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == bot
            for entity in message.entities
        )


def _just_asked(message: Message) -> bool:
    return message.edit_date is not None and message.edit_date - message.date <= _EDITED_WITHIN
