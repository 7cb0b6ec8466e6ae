"""What a reply is made from: a question, records or an overview, inside an event or not. Asked again, it is the same reply."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import charts
from bot.assistant import Assistant
from bot.event_guide import EventGuide
from bot.overviews import KIND, overview
from bot.speech import Speech
from bot.telegram.page import CARDS
from bot.values import ANSWERED, NOT_FOUND, Answer, Card, Question, Text
from bot.writing import Hear, unheard
from knowledge.chats import RememberedReply
from knowledge.records import split_key
from retrieval.language import detect

_SERIES = 2


@dataclass(frozen=True)
class Asked:
    """What is to be answered: a question in words, or else records or an overview by their keys."""

    text: str
    lang: str | None = None
    about: tuple[str, ...] = ()
    event: str | None = None
    session: str | None = None
    skip: int = 0
    take: int = CARDS
    user: str | None = None

    @classmethod
    def again(cls, reply: RememberedReply, *, lang: str | None = None, skip: int = 0) -> Asked:
        """What a reply that was remembered answered."""
        text = reply.resolved or reply.question
        return cls(text, lang or reply.lang, tuple(reply.about), reply.event, skip=skip)


class Answers:
    """Answers what was asked, in the calling thread."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.guide = EventGuide(assistant.kb, assistant.retriever)

    def standing(self, asked: Asked) -> Asked:
        """What is asked, "more" being said of a list that the assistant has not made: an event's, or an overview."""
        if asked.session is None or asked.about:
            return asked
        going_on = self.assistant.going_on(Question(asked.text, asked.lang, asked.session))
        if going_on is None:
            return asked
        text, shown = going_on
        lang = asked.lang or detect(asked.text)
        if text.startswith(f"{KIND}/"):
            return replace(asked, text=text, lang=lang, about=(text,), skip=shown)
        if asked.event and self.guide.answer(asked.event, Question(text, lang)) is not None:
            return replace(asked, text=text, lang=lang, skip=shown)
        return asked

    def answer(self, asked: Asked, hear: Hear = unheard) -> Answer:
        """The reply. Inside an event it is asked of the event first. ``hear`` is told each sentence that a model writes."""
        if asked.about:
            return self._about(asked)
        if asked.event:
            found = self.guide.answer(asked.event, Question(asked.text, asked.lang))
            if found is not None:
                shown = self._wider(found, asked) or _from(found, asked.skip)
                self.assistant.heard(Question(asked.text, shown.lang, asked.session, asked.skip), shown)
                return shown
        question = Question(asked.text, asked.lang, asked.session, asked.skip, asked.take, asked.user)
        return self.assistant.answer_now(question, hear)

    def _wider(self, found: Answer, asked: Asked) -> Answer | None:
        """Where nobody of the event has to do with a topic, what the whole knowledge base has of it, if it has anything."""
        if found.status != NOT_FOUND or not found.resolved:
            return None
        wider = self.assistant.answer_now(Question(found.resolved, found.lang, None, asked.skip, CARDS, asked.user))
        if wider.status != ANSWERED:
            return replace(found, resolved=None)
        above = () if asked.skip else (*found.blocks, Text(Speech(found.lang).say("guide_wider")))
        return replace(wider, question=found.question, blocks=(*above, *wider.blocks), choices=())

    def _about(self, asked: Asked) -> Answer:
        kb, lang = self.assistant.kb, asked.lang or "en"
        kind, name = split_key(asked.about[0])
        if kind == KIND:
            shown = _from(overview(kb, name, lang), asked.skip)
            self.assistant.heard(Question(asked.text, lang, asked.session, asked.skip), shown)
            return shown
        if kind == "metric":
            found = self.assistant.figures_of(name, lang)
            if found is not None:
                return replace(found, question=asked.text)
        if kind == "event" and asked.event:
            part = self.guide.part(asked.event, asked.text, lang)
            if part is not None:
                return _from(part, asked.skip)
        return replace(self.assistant.about(asked.about, lang), question=asked.text)

    def chart(self, answer: Answer, asked: Asked) -> charts.Chart | None:
        """The chart of an answer's figures, where there are several that a chart can show."""
        if len([one for one in answer.figures if one.kind != "year"]) < _SERIES or not charts.drawable(answer):
            return None
        if not charts.can_write(answer.lang):
            answer = self.answer(replace(asked, lang="en", session=None))
        return charts.draw(answer)


def _from(answer: Answer, skip: int) -> Answer:
    """The part of a long list that fits on a screen."""
    cards = answer.cards
    shown = {id(card) for card in cards[skip : skip + CARDS]}
    blocks = tuple(block for block in answer.blocks if not isinstance(block, Card) or id(block) in shown)
    return replace(answer, blocks=blocks, skip=skip, more=max(0, len(cards) - skip - CARDS))
