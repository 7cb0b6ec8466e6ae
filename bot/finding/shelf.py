"""What every rule of finding leans on: the records, the index, and how a question narrows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.measures_asked import MeasureAsked
from bot.understand import Understanding
from knowledge.records import Event, Record
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import Vocabulary, load
from retrieval.retriever import HybridRetriever

T = TypeVar("T")
Groups = Sequence[tuple[str, ...]]

SHOWN = 5  # cards in one reply
LISTED = 12  # people, bodies or events of one reply, whose cards are short
# Everything here is about these; naming them says little about what is asked.
GENERIC = frozenset({"organisation/wipo", "organisation/wipo-green", "programme/wipo-green", "programme/wipo-green-database"})
# The table that holds each kind of record a question may speak of.
TABLES = {
    "listing": "listing", "technology": "listing", "need": "listing", "expert": "listing", "organisation": "organisation",
    "person": "person", "event": "event", "programme": "programme", "statistic": "metric",
}  # fmt: skip


LISTS = frozenset({"listings", "organisations", "people", "events"})


@dataclass(frozen=True)
class Finding:
    """What was found. ``route`` says how it is to be told; ``records`` come best first; ``scores`` by key.

    ``found`` are the keys of all that fits, where the records are a page of it that begins after ``skip`` of them;
    ``why`` holds for each key the words of the question that the record has, where it was searched for;
    ``near`` are records whose names are spelt nearly like something in the question; ``lacking`` are words of it that the
    ``choices`` of a silence, though nearest, do not speak of; ``beside`` are records that fit nearly as well as the one of an
    answer, ``sure`` the keys of those that would have been answers themselves.
    """

    route: str
    records: tuple[Record, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    scope: tuple[str, ...] = ()
    count: int = 0
    event: Event | None = None
    measure: MeasureAsked | None = None
    choices: tuple[Record, ...] = ()
    own: tuple[str, ...] = ()
    confidence: float = 1.0
    found: tuple[str, ...] = ()
    skip: int = 0
    near: tuple[Record, ...] = ()
    lacking: tuple[str, ...] = ()
    why: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: tuple[Record, ...] = ()
    sure: tuple[str, ...] = ()

    def page(self, skip: int, take: int) -> Finding:
        """The part of a list that fits on a screen: ``take`` of its records, after the first ``skip``."""
        if not take or self.route not in LISTS or (len(self.records) <= take and not skip):
            return self
        if self.found:
            return replace(self, records=self.records[:take])
        keys = tuple(record.key for record in self.records)
        return replace(self, records=self.records[skip : skip + take], found=keys, skip=skip)

    @property
    def more(self) -> int:
        """How many wait behind the records."""
        return max(len(self.found) - self.skip - len(self.records), 0)


class Shelf:
    """The records and the index, read by facets and by key."""

    def __init__(self, kb: KnowledgeBase, retriever: HybridRetriever) -> None:
        self.kb = kb
        self.retriever = retriever
        self.vocabulary: Vocabulary = load()

    def narrowed(self, asked: Understanding, *, sector: bool = False) -> list[tuple[str, ...]]:
        """Facet groups for the places, stages, years and, if told, sectors of a question."""
        groups: list[tuple[str, ...]] = []
        countries, cities = asked.facets.values("country"), asked.facets.values("city")
        spans = {(m.start, m.end) for m in asked.facets.mentions if m.facet == "country"}
        # A city state is a country and a city under one name: the country is the wider reading.
        cities = [
            m.value for m in asked.facets.mentions if m.facet == "city" and (m.start, m.end) not in spans and m.value in cities
        ]
        if cities:
            groups.append(tuple(f"city:{city.replace(' ', '_')}" for city in dict.fromkeys(cities)))
        elif countries:
            groups.append(tuple(f"country:{code}" for code in countries))
        for facet in ("stage", "sector") if sector else ("stage",):
            if values := asked.facets.values(facet):
                groups.append(tuple(f"{facet}:{value}" for value in values))
        if years := asked.facets.values("year"):
            groups.append(tuple(f"year:{year[:4]}" for year in years))
        return groups

    def scope(self, asked: Understanding) -> tuple[str, ...]:
        """The facets of a question in words, for saying what a list was narrowed to."""
        lang = asked.base
        words = [self.vocabulary.place(place, lang) for place in asked.facets.values("country") or asked.facets.values("city")]
        words += [
            self.vocabulary.label("sectors", value, lang) or value
            for value in asked.facets.values("sector")
            if self.only_sector(asked)
        ]
        stages = asked.facets.values("stage")
        words += [m.words for m in asked.facets.mentions if m.facet == "stage" and m.value == stages[0]]
        return tuple(dict.fromkeys([*words, *asked.facets.values("year")]))

    def only_sector(self, asked: Understanding) -> str | None:
        """The sector, when its name is all that is left to search for: "water technologies", not "污水处理技术"."""
        for mention in asked.facets.mentions:
            if mention.facet == "sector" and "".join(asked.content) in (mention.words, mention.words.replace(" ", "")):
                return mention.value
        return None

    def named_keys(self, asked: Understanding) -> list[str]:
        """What the question names, apart from what everything here is about."""
        keys = asked.named("person", "organisation", "event", "programme", "metric", "listing")
        return [key for key in keys if key not in GENERIC]

    def keys(self, groups: Sequence[tuple[str, ...]]) -> list[str]:
        """The keys of the records that have one token of every group."""
        return self.retriever.index.keys(groups)

    def about(self, key: str) -> list[str]:
        """The keys of the articles about a record."""
        return self.retriever.index.keys(((f"about:{key}",),))

    def fetch(self, keys: Sequence[str]) -> tuple[Record, ...]:
        """The records with these keys, in that order."""
        return tuple(self.kb.fetch(keys))


def first(items: Iterable[T]) -> T | None:
    """The first of them, if there is one."""
    return next(iter(items), None)
