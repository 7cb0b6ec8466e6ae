"""The rewriter: one question that stands alone, of a long message or of a follow-up that leans on what was said before.

What the model makes of it is used only when it brings nothing in: no name, number, place or facet that the person has not said,
and few words beside theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.guard import Evidence, check
from bot.model.chat import Chat, Request
from bot.model.given import LINK, MAIL, PHONE
from bot.model.grounding import Grounding, foreign
from bot.model.health import ModelFailed
from bot.model.plain import commands, plain, question
from bot.model.prompting import fenced, instructions
from bot.model.reading import read
from bot.speech import Speech
from knowledge.vocabulary import Vocabulary, load
from retrieval.facets import FacetReader
from retrieval.language import base, detect, fold, simplified

JOB = "rewrite"
LONGEST = 300  # characters of a question
SUPPORT = 0.5  # share of its words that were said before
CONTEXT, LINE = 8, 400  # lines of a conversation, and characters of one, that are sent
FACETS = ("kind", "sector", "stage", "country", "role")
_TABLES = {"kind": "kinds", "sector": "sectors", "stage": "stages", "role": "roles"}


class Rewritten(BaseModel):
    """What the model is to send: the question, and what narrows it, by ids of the vocabularies."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    question: str = Field(min_length=2, max_length=LONGEST)
    kind: list[str] = Field(default_factory=list, max_length=4)
    sector: list[str] = Field(default_factory=list, max_length=4)
    stage: list[str] = Field(default_factory=list, max_length=4)
    country: list[str] = Field(default_factory=list, max_length=4)
    role: list[str] = Field(default_factory=list, max_length=4)


class QuestionRewriter:
    """Rewrites with a chat model, and checks what it wrote."""

    def __init__(self, chat: Chat, grounding: Grounding) -> None:
        self._chat = chat
        self._grounding = grounding
        self._facets = FacetReader()
        self._words: Vocabulary = load()

    def rewrite(self, text: str, context: Sequence[str], who: str | None = None) -> str | None:
        """The question in the language of ``text``; None when the model fails, brings something in or changes nothing."""
        try:
            found = read(Rewritten, self._chat.whole(self.request(text, context, who), self._chat.deadline()))
        except ModelFailed as error:
            if error.kind in ("empty", "garbled"):
                self._chat.health.failed(error.kind, error.detail)
            return None
        said = [text, *context]
        short = simplified(plain(found.question)) if base(detect(text)) == "zh" else plain(found.question)
        if self.brought_in(short, said) is not None:
            return None
        full = self._narrowed(short, found, said)
        return None if fold(full) == fold(" ".join(text.split())) else full

    def request(self, text: str, context: Sequence[str], who: str | None = None) -> Request:
        """What the model is sent: the message and the latest of what went before, the vocabularies' ids among the rules."""
        rules = instructions(JOB, detect(text)).replace("{vocabulary}", self._vocabulary())
        before = "\n".join(question(line, LINE) for line in context[-CONTEXT:])
        parts = [("conversation", before)] if before else []
        return Request(JOB, rules, fenced([*parts, ("message", question(text, 4000))]), who, most=400, schema=schema())

    def brought_in(self, short: str, said: Sequence[str]) -> str | None:
        """What a question has that nobody said; None when there is nothing."""
        text = " · ".join(" ".join(line.split()) for line in said)
        cited = self._grounding.naming.heard(text)
        checks: tuple[Callable[[], str | None], ...] = (
            lambda: short if not 2 <= len(short) <= LONGEST or commands(short) else None,
            lambda: short if base(detect(short)) != base(detect(said[0])) else foreign(short, detect(said[0]), cited),
            lambda: next((found[0] for pattern in (MAIL, LINK, PHONE) for found in pattern.finditer(short)), None),
            lambda: next(iter(check(short, Evidence.allowed(*said))), None),
            lambda: self._grounding.naming.strange(short, cited),
            lambda: short if self._grounding.support(short, cited.said) < SUPPORT else None,
        )
        return next((what for look in checks if (what := look()) is not None), None)

    def _narrowed(self, short: str, found: Rewritten, said: Sequence[str]) -> str:
        """The question with the facets it lacks, in words: those of the vocabularies that the person has spoken of."""
        spoken, there = self._facets.read(" ".join(said)), self._facets.read(short)
        speech = Speech(detect(said[0]))
        missing = [
            self._label(facet, value, speech.base)
            for facet in FACETS
            for value in getattr(found, facet)
            if value in spoken.values(facet) and value not in there.values(facet)
        ]
        return speech.say("with_note", text=short, note=speech.join(list(dict.fromkeys(missing)))) if missing else short

    def _label(self, facet: str, value: str, lang: str) -> str:
        return self._words.place(value, lang) if facet == "country" else self._words.label(_TABLES[facet], value, lang) or value

    def _vocabulary(self) -> str:
        tables: Mapping[str, Mapping[str, Any]] = {facet: getattr(self._words, table) for facet, table in _TABLES.items()}
        return "\n".join(f"{facet}: {', '.join(table)}" for facet, table in tables.items())


def schema() -> dict[str, Any]:
    """The JSON schema of :class:`Rewritten` as strict servers want it: every field named, none beside them."""
    lists = {name: {"type": "array", "items": {"type": "string"}} for name in FACETS}
    return {
        "type": "object",
        "properties": {"question": {"type": "string"}, **lists},
        "required": ["question", *FACETS],
        "additionalProperties": False,
    }
