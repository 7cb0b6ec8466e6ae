"""How many records this knowledge base holds: of a kind, in a place, sector or stage, about something."""

from __future__ import annotations

from collections.abc import Sequence

from bot.finding.shelf import GENERIC, TABLES, Finding, Shelf, first
from bot.understand import Understanding
from knowledge.counts import Words, count
from knowledge.records import split_key
from retrieval.language import HAN
from retrieval.segment import stem


class Held:
    """Answers that are counts of our own records, made by the database."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def counted(self, asked: Understanding) -> Finding | None:
        """How many records this knowledge base holds that fit all the question says."""
        kind = self._kind(asked)
        if "how_many" not in asked.aspects or kind is None:
            return None
        words = self._words(asked)
        ours = {"need", "expert", "person"} & set(asked.facets.values("kind")) and not asked.names and not words
        if "held" not in asked.aspects and not ours:
            return None
        table = TABLES.get(kind, "listing")
        number = count(self.shelf.kb, table, equals=self._equals(asked, kind, table), about=[self._ways(word) for word in words])
        if number is None:
            return None
        quoted = [f"“{word}”" for word in words]
        named = [record.name(asked.base) for record in self.shelf.fetch(self._named(asked))]
        return Finding("count", count=number, scope=(kind, *self._places(asked), *named, *quoted))

    def own(self, asked: Understanding) -> Finding | None:
        """The count of our own records that fit the places and kind of a question which asked for a figure nobody published."""
        kind = self._kind(asked) or ("organisation" if asked.facets.values("role") else None)
        if kind is None or self._words(asked):
            return None
        table = TABLES.get(kind, "listing")
        number = count(self.shelf.kb, table, equals=self._equals(asked, kind, table))
        return Finding("count", count=number, scope=(kind, *self._places(asked))) if number else None

    def _kind(self, asked: Understanding) -> str | None:
        kinds = asked.facets.values("kind")
        kind = first(kind for kind in kinds if kind in TABLES and kind not in ("statistic", "listing"))
        if "listing" in kinds and kind in (None, "technology"):
            return "listing"
        return kind

    def _equals(self, asked: Understanding, kind: str, table: str) -> dict[str, Sequence[str]]:
        facets = asked.facets
        equals: dict[str, Sequence[str]] = {}
        spans = {(m.start, m.end) for m in facets.mentions if m.facet == "country"}
        cities = [m.value for m in facets.mentions if m.facet == "city" and (m.start, m.end) not in spans]
        if cities:
            equals["city"] = cities
        elif countries := facets.values("country"):
            equals["country"] = [part for code in countries for part in self.shelf.vocabulary.parts(code)]
        if table == "listing" and kind != "listing":
            equals["kind"] = (kind,)
        if stages := facets.values("stage"):
            equals["stage"] = stages
        if sectors := [sector for sector in facets.values("sector") if self._is_name(asked, sector)]:
            equals["sector"] = sectors
        if table == "organisation" and (roles := facets.values("role")):
            equals["roles"] = roles
        if years := facets.values("year"):
            equals["start"] = years
        if named := self._named(asked):
            equals["organisations" if table == "event" else "organisation"] = [split_key(key)[1] for key in named]
        return equals

    def _named(self, asked: Understanding) -> list[str]:
        return [key for key in asked.named("organisation") if key not in GENERIC]

    def _is_name(self, asked: Understanding, sector: str) -> bool:
        """Whether a sector was named, and not merely something in it: water, not wastewater."""
        term = self.shelf.vocabulary.sectors[sector]
        names = {name.lower() for name in term.names.values()} | {
            part for name in term.names.values() for part in name.lower().split()
        }
        return any(m.facet == "sector" and m.value == sector and m.words in names for m in asked.facets.mentions)

    def _words(self, asked: Understanding) -> list[str]:
        """What the records are to speak of: the question's own words, without those that are fields of a record."""
        sectors = {m.words for m in asked.facets.mentions if m.facet == "sector" and self._is_name(asked, m.value)}
        taken = {word for words in sectors for word in (words, *words.split())}
        return [word for word in asked.topic if word not in taken and not any(word in words for words in sectors)]

    def _ways(self, word: str) -> Words:
        """A word and the translations of all of it; what its parts mean is another thing."""
        index = self.shelf.retriever.index
        clauses = [clause for found in index.lexicon.translate(word, index.segmenter) for clause in found]
        translated = clauses[0] if len(clauses) == 1 else []
        own = word if HAN.search(word) else stem(word)
        return [[own], *(tokens for tokens in translated if tokens and tokens != [own])]

    def _places(self, asked: Understanding) -> list[str]:
        lang, facets = asked.base, asked.facets
        said = [self.shelf.vocabulary.place(place, lang) for place in facets.values("country") or facets.values("city")]
        said += [
            self.shelf.vocabulary.label("sectors", sector, lang) or sector
            for sector in facets.values("sector")
            if self._is_name(asked, sector)
        ]
        said += [m.words for m in facets.mentions if m.facet == "stage"][:1]
        roles = [self.shelf.vocabulary.label("roles", role, lang) or role for role in facets.values("role")]
        return list(dict.fromkeys([*said, *roles, *facets.values("year")]))
