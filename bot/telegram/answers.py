"""What a reply is made from: a question, records or an overview, inside an event or not. Asked again, it is the same reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot import charts
from bot.assistant import Assistant
from bot.event_guide import EventGuide
from bot.overviews import KIND, overview
from bot.values import Answer, Question
from knowledge.chats import RememberedReply
from knowledge.records import split_key

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

    def answer(self, asked: Asked) -> Answer:
        """The reply. Inside an event it is asked of the event first."""
        if asked.about:
            return self._about(asked)
        if asked.event:
            found = self.guide.answer(asked.event, Question(asked.text, asked.lang))
            if found is not None:
                return _from(found, asked.skip)
        return self.assistant.answer_now(Question(asked.text, asked.lang, asked.session, asked.skip))

    def _about(self, asked: Asked) -> Answer:
        kb, lang = self.assistant.kb, asked.lang or "en"
        kind, name = split_key(asked.about[0])
        if kind == KIND:
            return overview(kb, name, lang, skip=asked.skip)
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
    """The answer without the first ``skip`` cards."""
    left = set(map(id, answer.cards[:skip]))
    return replace(answer, blocks=tuple(block for block in answer.blocks if id(block) not in left)) if left else answer


def keys(answer: Answer) -> Sequence[str]:
    """The keys of the records an answer shows."""
    return [card.key for card in answer.cards]
