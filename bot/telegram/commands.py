"""Commands that show something: the welcome with its deep links, overviews, languages, feedback."""

from __future__ import annotations

from telegram import CallbackQuery, Update

from bot import deep_links as links
from bot.event_guide import INTRODUCTION, PARTS
from bot.overviews import EVENTS, FIGURES, KIND, PARTNERS, SECTOR, SOURCES, headline_metrics, sectors
from bot.speech import Speech
from bot.telegram import buttons, page
from bot.telegram.answers import Asked
from bot.telegram.buttons import Pressed
from bot.telegram.channel import Channel, Context, Visitor, aside, visitor_of
from bot.telegram.questions import Questions
from bot.telegram.replies import Replies, examples
from knowledge.vocabulary import load
from retrieval.language import EN, HANT, ZH, base

_NATIVE = ((ZH, "简体中文"), (HANT, "繁體中文"), (EN, "English"))
_AUTO = "auto"
_LEAVE = "leave"


class Commands:
    """Answers commands that anyone may give."""

    def __init__(self, channel: Channel, replies: Replies, questions: Questions) -> None:
        self.channel, self.replies, self.questions = channel, replies, questions

    async def start(self, update: Update, context: Context) -> None:
        """The welcome, or what a deep link opens."""
        visitor = await visitor_of(self.channel, update)
        if not context.args:
            await self._welcome(visitor)
            return
        found = await aside(links.opened, context.args[0], self.channel.assistant.kb)
        if found is None:
            await self.channel.post.send(visitor.to, [visitor.say("link_unknown")])
            await self._welcome(visitor)
        elif found.kind == links.EVENT:
            await self._enter(visitor, found.id)
        elif found.kind == links.ORGANISATION:
            key = f"organisation/{found.id}"
            asked = Asked((await aside(self.channel.assistant.kb.get, key)).name(base(visitor.lang)), visitor.lang, (key,))
            await self.replies.give(visitor, asked, log=False)
        else:
            await self._shared(visitor, found.id)

    async def _welcome(self, visitor: Visitor) -> None:
        lines = [page.escape(visitor.say("welcome")), page.escape(visitor.say("welcome_try"))]
        await self.channel.post.send(visitor.to, ["\n\n".join(lines)], buttons.keyboard(examples(visitor.speech)))

    async def _enter(self, visitor: Visitor, event: str) -> None:
        await aside(self.channel.memory.enter, visitor.someone, event)
        await self._event_part(visitor, event, INTRODUCTION)

    async def _event_part(self, visitor: Visitor, event: str, part: str) -> None:
        if part != INTRODUCTION:
            asked = Asked(part, visitor.lang, (f"event/{event}",), event=event)
            await self.replies.give(visitor, asked, log=False)
            return
        answer = await aside(self.replies.answers.guide.part, event, part, visitor.lang)
        if answer is None:
            await self.channel.post.send(visitor.to, [visitor.say("link_unknown")])
            return
        parts = [buttons.button(visitor.say(f"button_{name}"), buttons.EVENT, name) for name in PARTS]
        leave = [buttons.button(visitor.say("button_leave"), buttons.EVENT, _LEAVE)]
        await self.channel.post.send(visitor.to, page.screen(answer), buttons.keyboard([*buttons.in_rows(parts, 2), leave]))

    async def _shared(self, visitor: Visitor, key: str) -> None:
        reply = await aside(self.channel.memory.recall, key)
        if reply is None:
            await self.channel.post.send(visitor.to, [visitor.say("link_expired")], buttons.keyboard(examples(visitor.speech)))
            return
        lang = visitor.known.lang or (visitor.lang if base(visitor.lang) != base(reply.lang) and reply.kept else reply.lang)
        await self.replies.give(visitor, Asked.again(reply, lang=lang), said=reply.resolved or reply.question, log=False)

    async def help(self, update: Update, _: Context) -> None:
        """How to ask, and every command."""
        visitor = await visitor_of(self.channel, update)
        commands = dict(visitor.speech.names("commands"))
        if self.channel.is_staff(visitor.someone.user):
            commands |= visitor.speech.names("staff_commands")
        listed = "\n".join(f"/{name} – {page.escape(visitor.speech.script(said))}" for name, said in commands.items())
        parts = [visitor.say("help"), visitor.say("help_group", bot=self.channel.username)]
        await self.channel.post.send(visitor.to, page.pages([*map(page.escape, parts), listed]))

    async def language(self, update: Update, _: Context) -> None:
        """Which language to speak."""
        visitor = await visitor_of(self.channel, update)
        chosen = [buttons.button(label, buttons.LANGUAGE, lang) for lang, label in _NATIVE]
        auto = [buttons.button(visitor.say("language_auto"), buttons.LANGUAGE, _AUTO)]
        await self.channel.post.send(visitor.to, [visitor.say("language_which")], buttons.keyboard([chosen, auto]))

    async def technologies(self, update: Update, _: Context) -> None:
        """The sectors, to choose one."""
        visitor = await visitor_of(self.channel, update)
        counted = await aside(sectors, self.channel.assistant.kb)
        each = []
        for sector, number in counted:
            label = visitor.say("sector_button", name=self._sector(sector, visitor.lang), n=number)
            each.append(buttons.button(label, buttons.SECTOR, sector))
        lead = visitor.say("sectors_lead", n=sum(number for _, number in counted), sectors=len(counted))
        await self.channel.post.send(visitor.to, [lead], buttons.keyboard(buttons.in_rows(each, 2)))

    def _sector(self, sector: str, lang: str) -> str:
        return load().label("sectors", sector, base(lang)) or sector

    async def partners(self, update: Update, _: Context) -> None:
        """All partners."""
        await self._overview(update, PARTNERS)

    async def events(self, update: Update, _: Context) -> None:
        """All events."""
        await self._overview(update, EVENTS)

    async def sources(self, update: Update, _: Context) -> None:
        """Where answers come from."""
        await self._overview(update, SOURCES)

    async def _overview(self, update: Update, name: str) -> None:
        visitor = await visitor_of(self.channel, update)
        key = f"{KIND}/{name}"
        session = self.channel.memory.session(visitor.someone)
        await self.replies.give(visitor, Asked(key, visitor.lang, (key,), session=session), log=False)

    async def stats(self, update: Update, context: Context) -> None:
        """The figures that are asked for most, or those of what follows the command."""
        visitor = await visitor_of(self.channel, update)
        if context.args:
            await self.questions.ask(visitor, " ".join(context.args))
            return
        answers, kb = self.replies.answers, self.channel.assistant.kb
        answer = await aside(answers.answer, Asked(FIGURES, visitor.lang, (f"{KIND}/{FIGURES}",)))
        metrics = await aside(headline_metrics, kb)
        each = []
        for metric in metrics:
            name = visitor.speech.script(page.shortened(metric.name(base(visitor.lang)), 48))
            each.append([buttons.button(name, buttons.METRIC, metric.id)])
        await self.channel.post.send(visitor.to, page.screen(answer), buttons.keyboard(each))

    async def new(self, update: Update, _: Context) -> None:
        """A new conversation."""
        visitor = await visitor_of(self.channel, update)
        await aside(self.channel.assistant.forget, self.channel.memory.session(visitor.someone))
        await aside(self.channel.memory.enter, visitor.someone, None)
        await self.channel.post.send(visitor.to, [visitor.say("new_done")])

    async def feedback(self, update: Update, context: Context) -> None:
        """A note about the last answer; whether it was good is asked back."""
        visitor = await visitor_of(self.channel, update)
        note = " ".join(context.args or ())
        reply = await aside(self.channel.memory.last, visitor.someone.user)
        if not self.channel.log.enabled:
            said, markup = visitor.say("not_logged"), None
        elif reply is None:
            said, markup = visitor.say("feedback_none"), None
        elif not note:
            said, markup = visitor.say("feedback_how"), None
        else:
            reply.note = note
            await aside(self.channel.memory.change, reply)
            said = visitor.say("feedback_which", question=page.shortened(reply.question, 200))
            markup = buttons.keyboard(
                [[buttons.button("👍", buttons.UP, reply.key), buttons.button("👎", buttons.DOWN, reply.key)]]
            )
        await self.channel.post.send(visitor.to, [page.escape(said)], markup)

    async def pressed(self, visitor: Visitor, pressed: Pressed, _: CallbackQuery) -> str | None:
        """A button of one of these commands."""
        if pressed.verb == buttons.LANGUAGE:
            return await self._chosen(visitor, pressed.key)
        if pressed.verb == buttons.SECTOR:
            name = self._sector(pressed.key, visitor.lang)
            text = visitor.speech.say("sector_ask", name=name)
            session = self.channel.memory.session(visitor.someone)
            asked = Asked(text, visitor.lang, (f"{KIND}/{SECTOR}.{pressed.key}",), session=session)
            await self.replies.give(visitor, asked, said=text, log=False)
        elif pressed.verb == buttons.METRIC:
            asked = Asked(pressed.key, visitor.lang, (f"metric/{pressed.key}",))
            await self.replies.give(visitor, asked, log=False)
        elif pressed.verb == buttons.EVENT:
            return await self._of_event(visitor, pressed.key)
        else:
            return visitor.say("expired")
        return None

    async def _of_event(self, visitor: Visitor, part: str) -> str | None:
        if part == _LEAVE:
            await aside(self.channel.memory.enter, visitor.someone, None)
            return visitor.say("left_event")
        if visitor.known.event is None:
            return visitor.say("expired")
        await self._event_part(visitor, visitor.known.event, part)
        return None

    async def _chosen(self, visitor: Visitor, lang: str) -> str | None:
        chosen = None if lang == _AUTO else lang
        if chosen not in (None, ZH, HANT, EN):
            return visitor.say("expired")
        await aside(self.channel.memory.choose_language, visitor.someone.user, chosen)
        speech = Speech(chosen or visitor.lang, "telegram")
        said = speech.script(speech.say("language_done" if chosen else "language_auto_done"))
        if chosen == HANT:
            said = said.replace("简体", "繁體").replace("簡體", "繁體")
        await self.channel.post.send(visitor.to, [said])
        return None
