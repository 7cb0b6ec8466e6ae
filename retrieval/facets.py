"""Facets: what a question narrows by – place, sector, stage, kind, role, year – and the words that said so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from knowledge.vocabulary import Vocabulary, load
from retrieval.language import HAN, fold

_YEAR = re.compile(r"(?<![\d.,])((?:19|20)\d{2})(?:\s*年|(?![\d.,]*\d))(?:\s*-?\s*(1[0-2]|0?[1-9])\s*月)?")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b(?:\s+\d{{1,2}})?,?\s+((?:19|20)\d{{2}})")
_CAPITALS = re.compile(r"\b(?:US|U\.S\.(?:A\.)?)(?![A-Za-z])")
# 日企 is a Japanese company, but 近日企业 is not.
_TAILS = {"日企": "业", "美企": "业", "英企": "业", "德企": "业", "港企": "业", "法企": "业", "韩企": "业"}


@dataclass(frozen=True)
class Mention:
    """A facet value met in the text, with the words that said so and where they stand in the folded text."""

    facet: str  # country | city | sector | stage | kind | role | year
    value: str
    words: str
    start: int
    end: int


@dataclass(frozen=True)
class Facets:
    """All mentions of a question, in the order of the text."""

    mentions: tuple[Mention, ...] = ()
    folded: str = ""

    def values(self, facet: str) -> list[str]:
        """The values of one facet, each once."""
        return list(dict.fromkeys(mention.value for mention in self.mentions if mention.facet == facet))

    def first(self, facet: str) -> str | None:
        """The first value of a facet, if any."""
        return next(iter(self.values(facet)), None)

    @property
    def places(self) -> list[str]:
        """Countries and cities."""
        return self.values("country") + self.values("city")

    def without(self, *facets: str) -> str:
        """The folded text with the words of these facets blanked out."""
        text = self.folded
        for mention in self.mentions:
            if mention.facet in facets:
                text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
        return text


@dataclass(frozen=True)
class FacetReader:
    """Finds facets in questions by the vocabularies' words, the longest first."""

    vocabulary: Vocabulary = field(default_factory=load)

    def read(self, text: str) -> Facets:
        """The facets of a question in either language."""
        folded = fold(text)
        taken: list[Mention] = []
        for mention in sorted(self._mentions(text, folded), key=lambda m: (m.start - m.end, m.start)):
            # Words that mean several values (a stage, a role and a kind) count for each of them.
            if all(_apart(mention, other) or _same(mention, other) for other in taken):
                taken.append(mention)
        return Facets(tuple(sorted(taken, key=lambda m: (m.start, m.facet))), folded)

    def _mentions(self, text: str, folded: str) -> Iterator[Mention]:
        for match in self._pattern.finditer(folded):
            word = match.group()
            tail = _TAILS.get(word)
            if tail and folded[match.end() : match.end() + 1] == tail:
                continue
            for facet, value in self._values[word]:
                yield Mention(facet, value, word, match.start(), match.end())
        # "US" is a country only in capitals, "us" is not; see _CAPITALS.
        if len(text) == len(folded):
            for match in _CAPITALS.finditer(text):
                yield Mention("country", "US", match.group(), match.start(), match.end())
        for match in _YEAR.finditer(folded):
            month = f"-{int(match[2]):02d}" if match[2] else ""
            yield Mention("year", match[1] + month, match.group(), match.start(), match.end())
        for match in _MONTH.finditer(folded):
            month = f"{_MONTHS.index(match[1]) + 1:02d}"
            yield Mention("year", f"{match[2]}-{month}", match.group(), match.start(), match.end())

    @cached_property
    def _values(self) -> Mapping[str, list[tuple[str, str]]]:
        words: dict[str, list[tuple[str, str]]] = {}
        tables = (
            ("country", self.vocabulary.countries),
            ("country", self.vocabulary.regions),
            ("city", self.vocabulary.cities),
            ("sector", self.vocabulary.sectors),
            ("stage", self.vocabulary.stages),
            ("kind", self.vocabulary.kinds),
            ("role", self.vocabulary.roles),
        )
        for facet, terms in tables:
            for value, term in terms.items():
                # A kind's name is a label ("Need"); only the listed words mean it in a question ("we need" does not).
                spellings = term.words["en"] + term.words["zh"] if facet == "kind" else term.spellings()
                for word in _folded(spellings):
                    found = words.setdefault(word, [])
                    if (facet, value) not in found:
                        found.append((facet, value))
        return words

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted(self._values, key=len, reverse=True)
        return re.compile("|".join(_bounded(word) for word in words))


def _folded(spellings: Iterable[str]) -> set[str]:
    return {word for spelling in spellings if len(word := fold(spelling).strip()) > 1}


def _bounded(word: str) -> str:
    pattern = re.escape(word).replace(r"\ ", r"\s+")
    left = "" if HAN.match(word[0]) else r"(?<![a-z0-9])"
    right = "" if HAN.match(word[-1]) else r"(?![a-z0-9])"
    return left + pattern + right


def _apart(one: Mention, other: Mention) -> bool:
    return one.end <= other.start or one.start >= other.end


def _same(one: Mention, other: Mention) -> bool:
    return (one.start, one.end) == (other.start, other.end)
