"""A question's way through the channel: answered, put on a screen with its buttons, sent, drawn, remembered, logged."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from telegram import InlineKeyboardMarkup
from telegram.constants import ChatAction

from bot import deep_links as links
from bot.speech import Speech
from bot.telegram import buttons, page
from bot.telegram.answers import Answers, Asked
from bot.telegram.channel import Channel, Visitor, aside
from bot.telegram.memory import CHANNEL, new_key
from bot.telegram.preview import Preview
from bot.understand import TALK
from bot.values import Answer, Question, Text
from bot.writing import Hear, unheard
from knowledge.chats import RememberedReply

_THREADS = 8  # that answer without asking the model, or wait for it
_SHARED = 120  # characters of a question that a shared link quotes


@dataclass(frozen=True)
class Made:
    """A reply that was sent: its key, whether its question is logged, the message that asked, and those it is made of.

    ``before`` is the one that was under this key, where its question was edited.
    """

    key: str
    logged: bool
    message: int | None
    messages: list[int]
    before: RememberedReply | None = None


class Replies:
    """Gives replies, and gives them again when a button asks for another part of them."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.answers = Answers(channel.assistant)
        settings = channel.settings
        self._threads = ThreadPoolExecutor(_THREADS + settings.model_concurrency, "answering") if settings.model else None

    async def answer(self, asked: Asked, hear: Hear = unheard) -> Answer:
        """The answer, worked out in a thread. Those that wait for a language model have threads of their own: /help goes by."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.answers.answer, asked, hear)

    async def give(
        self, visitor: Visitor, asked: Asked, *, said: str | None = None, log: bool = True, message: int | None = None
    ) -> None:
        """Answer and send. ``said`` is put above the reply: what a button asked in the person's place. ``message`` is the one
        that asked, if it may be edited."""
        channel, key = self.channel, new_key()
        async with channel.post.busy(visitor.to), Preview(channel.post, visitor.to) as preview:
            asked = await aside(self.answers.standing, self._of(visitor, asked))
            answer = await self.answer(asked, preview.hear)
            sheets = page.screen(_without_examples(answer))
        if said:
            sheets = page.pages([f"<i>{page.escape(visitor.say('asked_again', text=said))}</i>", *sheets])
        sent = await channel.post.send(visitor.to, sheets, self.under(answer, key))
        await self._keep(visitor, asked, answer, Made(key, log, message, sent))

    async def give_anew(self, visitor: Visitor, asked: Asked, before: RememberedReply, message: int) -> None:
        """Answer a question that was edited, in the place of the reply it had."""
        post = self.channel.post
        async with post.busy(visitor.to):
            asked = await aside(self.answers.standing, self._of(visitor, asked))
            answer = await self.answer(asked)
        sent = await post.replace(
            visitor.to, before.messages, page.screen(_without_examples(answer)), self.under(answer, before.key)
        )
        if before.picture is not None:
            await post.delete(visitor.to.chat, [before.picture])
        await self._keep(visitor, asked, answer, Made(before.key, True, message, sent, before))

    def _of(self, visitor: Visitor, asked: Asked) -> Asked:
        return replace(asked, user=self.channel.memory.person(visitor.someone.user))

    async def _keep(self, visitor: Visitor, asked: Asked, answer: Answer, made: Made) -> None:
        await aside(self._remember, visitor, asked, answer, made)
        picture = await self._draw(visitor, answer, asked)
        if picture is not None:
            await aside(self.channel.memory.pictured, made.key, picture)

    def under(self, answer: Answer, key: str) -> InlineKeyboardMarkup | None:
        """The buttons of a reply; small talk has questions to try instead."""
        if _is_talk(answer):
            return buttons.keyboard(examples(Speech(answer.lang, "telegram")))
        text = answer.resolved or answer.question
        share = None
        if self.channel.username and not answer.question.startswith("overview/"):
            link = links.url(self.channel.username, links.payload(links.QUESTION, key))
            share = links.shared(link, page.shortened(text, _SHARED))
        return buttons.under(answer, key, share=share, logged=self.channel.log.enabled and answer.route != "overview")

    async def _draw(self, visitor: Visitor, answer: Answer, asked: Asked) -> int | None:
        """The chart after the figures, its sources in the caption; returns the number of its message."""
        if not answer.figures:
            return None
        async with self.channel.post.busy(visitor.to, ChatAction.UPLOAD_PHOTO):
            chart = await aside(self.answers.chart, answer, asked)
        if chart is None:
            return None
        return await self.channel.post.picture(replace(visitor.to, reply_to=None), chart.data, caption(answer))

    def _remember(self, visitor: Visitor, asked: Asked, answer: Answer, made: Made) -> None:
        entry = None
        if made.logged:
            question, first = Question(asked.text, answer.lang), made.before.entry if made.before else None
            entry = self.channel.log.record(question, answer, CHANNEL, str(visitor.someone.user), instead_of=first)
        reply = RememberedReply(
            key=made.key,
            question=asked.text,
            resolved=answer.resolved,
            lang=answer.lang,
            status=answer.status,
            event=asked.event,
            entry=entry,
            about=list(asked.about),
            choices=[{"label": one.label, "ask": one.ask} for one in answer.choices],
            asked_in=self.channel.memory.message(visitor.someone, made.message) if made.message is not None else None,
            messages=made.messages,
        )
        keep = self.channel.memory.change if made.before else self.channel.memory.keep
        keep(reply, visitor.someone)


def _is_talk(answer: Answer) -> bool:
    return answer.route in TALK or answer.route == "empty"


def _without_examples(answer: Answer) -> Answer:
    """Small talk without its questions to try, since its buttons are such."""
    if not _is_talk(answer):
        return answer
    return replace(answer, blocks=tuple(one for one in answer.blocks if not isinstance(one, Text) or one.role != "step"))


def caption(answer: Answer) -> str:
    """What is under a chart: what it shows, and whose figures they are, as of when."""
    speech = Speech(answer.lang)
    labels = dict.fromkeys(figure.label for figure in answer.figures)
    lines = [f"<b>{page.escape(speech.script(speech.say('semicolon').join(labels)))}</b>"]
    for figure in answer.figures:
        if figure.source:
            value = page.escape(speech.script(figure.shown))
            cited = page.source(speech, replace(figure.source, date=figure.as_of))
            lines.append(speech.say("labelled", label=value, text="\x00").replace("\x00", cited))
    while len(lines) > 1 and page.units("\n".join(lines)) > page.CAPTION:
        lines.pop()
    return page.pages(["\n".join(lines)], page.CAPTION)[0]


def examples(speech: Speech) -> buttons.Rows:
    """Questions to try, a button each."""
    return [
        [buttons.button(speech.script(page.shortened(text, 60)), buttons.EXAMPLE, speech.lang, number)]
        for number, text in enumerate(speech.lines("examples"))
    ]
