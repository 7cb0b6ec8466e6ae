"""What goes in and what comes out: a question, and an answer made of blocks, each with its sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ANSWERED = "answered"
NOT_FOUND = "not_found"
OUT_OF_SCOPE = "out_of_scope"
NEEDS_CLARIFICATION = "needs_clarification"
STATUSES = (ANSWERED, NOT_FOUND, OUT_OF_SCOPE, NEEDS_CLARIFICATION)


@dataclass(frozen=True)
class Question:
    """What a person typed. ``lang`` is a hint such as ``zh-Hant``; ``session`` names the conversation it belongs to.

    ``user`` names who asks, whose conversations share what a model may use; where nobody is named, a conversation stands for one.
    ``skip`` leaves out that many of the best finds: the next page of an answer that was given before. ``take`` is how many of
    a list fit on the reader's screen, 0 where that is no matter.
    """

    text: str
    lang: str | None = None
    session: str | None = None
    skip: int = 0
    take: int = 0
    user: str | None = None

    @property
    def who(self) -> str | None:
        """Whose tokens a model uses up for it."""
        return self.user or self.session


@dataclass(frozen=True)
class Cited:
    """A source as a reader sees it."""

    title: str
    publisher: str | None = None
    date: str | None = None
    url: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The source in the JSON contract."""
        return {"title": self.title, "publisher": self.publisher, "date": self.date, "url": self.url}


@dataclass(frozen=True)
class Text:
    """A paragraph. ``role`` is lead, body, note or step.

    ``derived`` holds the numbers in it that no record says, because they were worked out: counts, differences.
    """

    text: str
    role: str = "body"
    derived: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Card:
    """One record to look at: its name in the reader's language, the original beside it, labelled lines, contact, sources.

    ``translated`` says that the name is our translation, which no source has.
    """

    key: str
    kind: str
    title: str
    original: str | None = None
    lines: tuple[tuple[str, str], ...] = ()
    contact: str | None = None
    sources: tuple[Cited, ...] = ()
    name_en: str | None = None
    name_zh: str | None = None
    score: float = 0.0
    translated: bool = False

    @property
    def id(self) -> str:
        """The record's id without its kind."""
        return self.key.split("/", 1)[1]

    def as_dict(self) -> dict[str, Any]:
        """The card in the JSON contract."""
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.title,
            "name_en": self.name_en,
            "name_zh": self.name_zh,
            "score": round(self.score, 3),
            "contact": self.contact,
            "sources": [source.as_dict() for source in self.sources],
        }


@dataclass(frozen=True)
class Figure:
    """One figure of the statistics ledger, with everything needed to quote it. ``shown`` is how it reads in a sentence.

    Figures compare only within one ``group`` of a metric. An ``earlier`` one is told in a line. ``kind`` is count, share, rank or
    year.
    """

    metric: str
    label: str
    value: float
    qualifier: str
    unit: str
    scope: str
    as_of: str | None
    shown: str
    note: str | None = None
    source: Cited | None = None
    group: str | None = None
    earlier: bool = False
    kind: str = "count"

    def as_dict(self) -> dict[str, Any]:
        """The figure in the JSON contract; whole numbers without a fraction."""
        value = int(self.value) if self.value == int(self.value) else self.value
        return {
            "metric": self.metric,
            "label": self.label,
            "value": value,
            "qualifier": self.qualifier,
            "unit": self.unit,
            "scope": self.scope,
            "as_of": self.as_of,
            "group": self.group,
            "source": self.source.as_dict() if self.source else None,
        }


@dataclass(frozen=True)
class Table:
    """Records side by side, a column each; a row is a label and what it says of each of them."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    def as_dict(self) -> dict[str, Any]:
        """The table in the JSON contract."""
        columns = [
            {"id": key.split("/", 1)[1], "kind": key.split("/", 1)[0], "name": name}
            for key, name in zip(self.keys, self.names, strict=True)
        ]
        return {"columns": columns, "rows": [{"label": label, "cells": list(cells)} for label, cells in self.rows]}


Block = Text | Card | Figure | Table

MEANING, NARROW, WIDEN, SPELLING = "meaning", "narrow", "widen", "spelling"


@dataclass(frozen=True)
class Choice:
    """A way of going on that a reply offers: what it is called, the question that asks for it, and what picking it does.

    ``kind`` is MEANING (which of several was meant), NARROW or WIDEN (the same with a facet more or less) or SPELLING.
    """

    label: str
    ask: str
    kind: str = MEANING

    def as_dict(self) -> dict[str, Any]:
        """The choice in the JSON contract."""
        return {"label": self.label, "ask": self.ask, "kind": self.kind}


@dataclass(frozen=True)
class Explained:
    """How a question was understood and answered; values as they were read, names with their keys.

    ``how`` says what the conversation made of it, ``scores`` are those of what is shown, by key.
    """

    how: str
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    facets: tuple[tuple[str, str], ...] = ()
    aspects: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Answer:
    """The reply to one question: blocks in reading order, and what they rest on. ``route`` says by which way it was found.

    ``resolved`` is the question that was answered, where the conversation made another one of what was typed. ``skip`` finds
    were shown before, ``more`` wait behind those shown; ``choices`` are ways of going on.
    """

    question: str
    lang: str
    status: str
    blocks: tuple[Block, ...] = ()
    took_ms: float = 0.0
    session: str | None = field(default=None, compare=False)
    route: str = field(default="", compare=False)
    resolved: str | None = field(default=None, compare=False)
    skip: int = 0
    more: int = 0
    choices: tuple[Choice, ...] = ()
    explained: Explained | None = field(default=None, compare=False)

    @property
    def cards(self) -> list[Card]:
        """The records shown."""
        return [block for block in self.blocks if isinstance(block, Card)]

    @property
    def figures(self) -> list[Figure]:
        """The figures shown."""
        return [block for block in self.blocks if isinstance(block, Figure)]

    @property
    def table(self) -> Table | None:
        """The comparison shown, if there is one."""
        return next((block for block in self.blocks if isinstance(block, Table)), None)
