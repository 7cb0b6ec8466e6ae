"""Buttons: pages in place, details, contacts, sources, choices, feedback, the other language. They work on old messages, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from telegram import CallbackQuery, Message, Update

from bot.speech import Speech
from bot.staff.log import DOWN, UP
from bot.telegram import buttons, page
from bot.telegram.answers import Asked
from bot.telegram.buttons import Pressed
from bot.telegram.channel import Channel, Context, Visitor, aside, visitor_of
from bot.telegram.commands import Commands
from bot.telegram.memory import CHANNEL
from bot.telegram.own_data import OwnData
from bot.telegram.questions import Questions
from bot.telegram.replies import Replies
from bot.values import NARROW, Answer, Choice
from knowledge.chats import RememberedReply

Press = Callable[[Visitor, RememberedReply, Pressed, CallbackQuery], Awaitable[str | None]]


class Pressing:
    """Does what a button says. Every press is acknowledged, or Telegram shows it as waiting."""

    def __init__(self, channel: Channel, replies: Replies, questions: Questions, commands: Commands, own: OwnData) -> None:
        self.channel, self.replies, self.questions, self.commands, self.own = channel, replies, questions, commands, own
        self._of_a_reply: Mapping[str, Press] = {
            buttons.PAGE: self._page,
            buttons.DETAIL: self._detail,
            buttons.CONTACT: self._contacts,
            buttons.SOURCES: self._sources,
            buttons.CHOICE: self._choice,
            buttons.OTHER: self._other_language,
            buttons.UP: self._rate,
            buttons.DOWN: self._rate,
            buttons.TELL: self._tell,
        }

    async def pressed(self, update: Update, _: Context) -> None:
        """A button was pressed."""
        query = update.callback_query
        if query is None or not isinstance(query.data, str):
            return
        visitor = await visitor_of(self.channel, update)
        if not isinstance(query.message, Message):
            await self.channel.post.acknowledge(query.id, visitor.say("expired"))
            return
        pressed = Pressed.read(query.data)
        toast: str | None = None
        try:
            toast = await self._do(visitor, pressed, query)
        finally:
            await self.channel.post.acknowledge(query.id, toast)

    async def _do(self, visitor: Visitor, pressed: Pressed, query: CallbackQuery) -> str | None:
        if pressed.verb in self._of_a_reply:
            reply = await aside(self.channel.memory.recall, pressed.key)
            if reply is None:
                return visitor.say("expired")
            return await self._of_a_reply[pressed.verb](visitor, reply, pressed, query)
        if pressed.verb == buttons.EXAMPLE:
            await self._example(visitor, pressed)
            return None
        if pressed.verb in (buttons.DELETE, buttons.LOGGING):
            return await self.own.pressed(visitor, pressed, query)
        return await self.commands.pressed(visitor, pressed, query)

    async def _example(self, visitor: Visitor, pressed: Pressed) -> None:
        lines = Speech(pressed.key if pressed.key in ("en", "zh", "zh-Hant") else visitor.lang, "telegram").lines("examples")
        number = int(pressed.argument) if pressed.argument.isdecimal() else 0
        text = lines[number % len(lines)]
        await self.questions.ask(visitor, text, said=text)

    async def _again(self, visitor: Visitor, reply: RememberedReply, skip: int, *, turned: bool = False) -> Answer:
        """The answer that a reply gave, from a place on. A page that its asker turns is what they go on talking about."""
        asked = replace(Asked.again(reply, skip=skip), user=self.channel.memory.person(visitor.someone.user))
        if turned and await aside(self._is_own, visitor, reply):
            asked = replace(asked, session=self.channel.memory.session(visitor.someone))
        return await self.replies.answer(asked)

    async def _page(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, query: CallbackQuery) -> str | None:
        answer = await self._again(visitor, reply, pressed.number, turned=True)
        if not answer.cards:
            return visitor.say("nothing_more")
        if not answer.choices:  # what narrows the list does so on each of its pages
            kept = tuple(Choice(one["label"], one["ask"], NARROW) for one in reply.choices)
            answer = replace(answer, choices=kept)
        # A screen is one message: three cards in short, cut where they are long.
        shown, under = page.screen(answer)[:1], self.replies.under(answer, reply.key)
        assert query.message is not None
        await self.channel.post.replace(visitor.to, [query.message.message_id], shown, under)
        return None

    async def _detail(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, _: CallbackQuery) -> str | None:
        skip, __, number = pressed.argument.partition(".")
        answer = await self._again(visitor, reply, Pressed("", "", skip).number)
        cards = answer.cards[Pressed("", "", number).number :]
        if not cards:
            return visitor.say("expired")
        await self.channel.post.send(visitor.to, page.pages([page.full(Speech(answer.lang), cards[0])]))
        return None

    async def _contacts(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, _: CallbackQuery) -> str | None:
        return await self._sent(visitor, page.contacts(await self._again(visitor, reply, pressed.number)), "no_contacts")

    async def _sources(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, _: CallbackQuery) -> str | None:
        return await self._sent(visitor, page.sources(await self._again(visitor, reply, pressed.number)), "no_sources")

    async def _sent(self, visitor: Visitor, sheets: list[str], otherwise: str) -> str | None:
        if not sheets:
            return visitor.say(otherwise)
        await self.channel.post.send(visitor.to, sheets)
        return None

    async def _choice(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, _: CallbackQuery) -> str | None:
        number = int(pressed.argument) if pressed.argument.isdecimal() else -1
        if not 0 <= number < len(reply.choices):
            return visitor.say("expired")
        choice = reply.choices[number]
        await self.questions.ask(visitor, choice["ask"], said=choice["label"])
        return None

    async def _other_language(self, visitor: Visitor, reply: RememberedReply, _: Pressed, __: CallbackQuery) -> str | None:
        lang = Speech(reply.lang, "telegram").say("other_lang")
        if lang == "zh" and visitor.lang == "zh-Hant":
            lang = visitor.lang
        await self.replies.give(visitor, Asked.again(reply, lang=lang), log=False)
        return None

    async def _rate(self, visitor: Visitor, reply: RememberedReply, pressed: Pressed, _: CallbackQuery) -> str | None:
        if not await aside(self._is_own, visitor, reply):
            return visitor.say("not_yours")
        verdict = UP if pressed.verb == buttons.UP else DOWN
        noted = reply.entry is not None and await aside(
            self.channel.log.feedback,
            reply.entry,
            verdict,
            reply.note,
            conversation=(CHANNEL, str(visitor.someone.user)),
        )
        return visitor.say(f"thanks_{verdict}" if noted else "not_logged")

    async def _tell(self, visitor: Visitor, reply: RememberedReply, _: Pressed, __: CallbackQuery) -> str | None:
        if not await aside(self._is_own, visitor, reply):
            return visitor.say("not_yours")
        answer = Answer(reply.question, reply.lang, reply.status)
        user, chat = str(visitor.someone.user), str(visitor.someone.chat)
        done = await aside(self.channel.log.wish, answer, CHANNEL, user, chat)
        return visitor.say("will_tell" if done else "not_logged")

    def _is_own(self, visitor: Visitor, reply: RememberedReply) -> bool:
        return reply.person == self.channel.memory.person(visitor.someone.user)
