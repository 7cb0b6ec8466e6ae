"""Likeness: when two questions, in one language or in both, are the same question.

Vectors say how near they are; names, places, years and numbers must agree, since nearness tells neither 2019 from 2021 nor
the first panel from the second. The bars were measured on parallel questions (docs/decisions, "When two questions are one").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.understand import Understander, Understanding
from bot.values import Question
from retrieval.language import base, clean, detect, fold
from retrieval.names import normalise
from retrieval.retriever import HybridRetriever
from retrieval.segment import stopwords
from retrieval.vectors import Vectors

# Cosines of centred vectors from which questions stand in one row of the queue, in one language and across the two.
NEAR, NEAR_ACROSS = 0.75, 0.48
# The same for giving one the curated answer of the other, and the share of words they must have in common.
SAME, SAME_ACROSS = 0.85, 0.75
WORDS, WORDS_ACROSS = 0.67, 0.34

_NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)\s*(万|亿|k\b|thousand\b|million\b|billion\b)?")
_TIMES = {"万": 1e4, "亿": 1e8, "k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b|第([一二三四五六七八九十])(?!方)|(首)[届次个家批场]")
# Aspects that say what is wanted; the others only frame a sentence.
_FRAMES = frozenset({"what", "list", "held", "latest"})


@dataclass(frozen=True)
class Meant:
    """A question as it is compared: its text, its language, its vector."""

    text: str
    lang: str
    vector: Vectors
    likeness: Likeness

    @cached_property
    def spelling(self) -> str:
        """The question without punctuation, case and script; equal spellings are one question."""
        return spelling(self.text)

    @cached_property
    def asked(self) -> Understanding:
        """What the question says."""
        return self.likeness.understander.read(Question(self.text, self.lang))

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Its numbers and ordinals."""
        folded = fold(self.text)
        found = {float(digits.replace(",", "")) * _TIMES.get(unit_, 1) for digits, unit_ in _NUMBER.findall(folded)}
        for english, chinese, first in _ORDINAL.findall(folded):
            place = _ORDINALS.index(english) + 1 if english else 1 if first else "一二三四五六七八九十".index(chinese) + 1
            found.add(place + 0.5)  # no count is a rank
        return frozenset(found)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words, function words left out."""
        tokens = self.likeness.retriever.index.segmenter.tokens(fold(self.text))
        return frozenset(token for token in tokens if token not in stopwords("en") and token not in stopwords("zh"))

    @property
    def stands_alone(self) -> bool:
        """Whether it says what it is about: "and in Japan?" does not."""
        about = {mention.facet for mention in self.asked.facets.mentions} - {"country", "city", "year"}
        return bool(self.asked.content or self.asked.names or about)

    @property
    def wants(self) -> frozenset[str]:
        """What it is after: a contact, a date, a cost."""
        return self.asked.aspects - _FRAMES


class Likeness:
    """Reads questions for comparison, and compares them."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self.retriever = retriever
        self.understander = Understander(retriever)

    def read(self, texts: Sequence[str]) -> list[Meant]:
        """The questions, ready to be compared; all of them are embedded at once."""
        vectors = self.retriever.vectors(texts)
        return [Meant(text, base(detect(text)), vector, self) for text, vector in zip(texts, vectors, strict=True)]

    def near(self, one: Meant, other: Meant) -> float:
        """How near two questions are that may stand in one row of the queue; 0 when they may not."""
        if one.spelling == other.spelling:
            return 1.0
        cosine = float(one.vector @ other.vector)
        return cosine if cosine >= (NEAR if one.lang == other.lang else NEAR_ACROSS) and _agree(one, other) else 0.0

    def same(self, one: Meant, other: Meant) -> float:
        """How near two questions are that surely have the same answer; 0 when that is not sure."""
        if one.spelling == other.spelling:
            return 1.0
        alike = one.lang == other.lang
        cosine = float(one.vector @ other.vector)
        if cosine < (SAME if alike else SAME_ACROSS) or not _agree(one, other):
            return 0.0
        if not (one.stands_alone and other.stands_alone):
            return 0.0
        if alike:
            sure = one.wants == other.wants and _shared(one.words, other.words) >= WORDS
        else:
            sure = min(self._translated(one, other), self._translated(other, one)) >= WORDS_ACROSS
        return cosine if sure else 0.0

    def _translated(self, one: Meant, other: Meant) -> float:
        """The share of a question's words that the other has in its own language."""
        text = " ".join(one.asked.content)
        words = {word for word in self.retriever.index.segmenter.words(text) if len(word) > 1}
        return len(self.retriever.matched(text, [other.text])) / len(words) if words else 1.0


def spelling(text: str) -> str:
    """A text without punctuation, case and script; one made of signs only stays as it is."""
    return normalise(text) or clean(text)


def _agree(one: Meant, other: Meant) -> bool:
    """Whether two questions name the same, in the same places and years, with the same numbers, and want nothing different."""
    if one.numbers != other.numbers:
        return False
    facets = (one.asked.facets, other.asked.facets)
    if any(set(facets[0].values(facet)) != set(facets[1].values(facet)) for facet in ("country", "city", "year")):
        return False
    for facet in ("kind", "role", "stage"):
        mine, yours = (set(each.values(facet)) for each in facets)
        if mine and yours and not mine & yours:
            return False
    names = [[set(name.keys) for name in each.asked.names] for each in (one, other)]
    if not (_all_among(*names) and _all_among(*reversed(names))):
        return False
    return not (one.wants and other.wants) or bool(one.wants & other.wants)


def _all_among(some: Sequence[set[str]], others: Sequence[set[str]]) -> bool:
    return all(any(name & other for other in others) for name in some)


def _shared(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some | others) if some | others else 0.0
