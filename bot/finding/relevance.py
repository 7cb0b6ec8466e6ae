"""Whether a find answers: what it has of the question's words, by how much each says, and what it lacks.

A question is about its rare words. A find that lacks the rarest of them is about something else, however near it lies: it is
about making batteries, where recycling them was asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from bot.finding.shelf import GENERIC, Shelf
from bot.understand import Understanding
from knowledge.records import LANGUAGES
from retrieval.documents import Related, document, related
from retrieval.language import HAN
from retrieval.rarity import rarity
from retrieval.retriever import Hit
from retrieval.segment import stem

Tree = Any  # float | [int, float, Tree, Tree]
KINDS = ("listing", "organisation", "person", "event", "programme", "metric", "article")
_LEARNT = Path(__file__).with_name("relevance.json")
_CLOSE = 0.5  # a cosine that speaks for itself, whatever the words
_MOST = 0.9  # a share of the words by weight that speaks for itself, however unlike the field it sounds
_HALF = 0.5  # the same for listings, which answer problems in anyone's words
_LITTLE = 0.3  # what words everyone uses say together: "select"
_PART = 0.7  # what a word counts at most when only parts of it are met: 反应堆 of 核反应堆
_REACHED = frozenset({"contact", "website"})


@dataclass(frozen=True)
class Cover:
    """How much of a question's own words a record has: each word with its rarity, how far it is met, and whether the collection

    knows it at all.
    """

    words: Sequence[str] = ()
    rare: Sequence[float] = ()
    met: Sequence[float] = ()
    known: Sequence[bool] = ()

    @property
    def share(self) -> float:
        """The share of the words that are met; 1 when there is none to meet."""
        return sum(self.met) / len(self.met) if self.met else 1.0

    @property
    def weight(self) -> float:
        """The same, each word counting by its rarity."""
        whole = sum(self.rare)
        return sum(r * m for r, m in zip(self.rare, self.met, strict=True)) / whole if whole else 1.0

    @property
    def said(self) -> float:
        """How much the words that are met say, all together."""
        return sum(r * m for r, m in zip(self.rare, self.met, strict=True))

    @property
    def heaviest(self) -> float:
        """The rarity of the rarest word that is not met."""
        return max((r * (1 - m) for r, m in zip(self.rare, self.met, strict=True)), default=0.0)

    @property
    def unknown(self) -> float:
        """The rarity of the rarest word that nothing in the collection has."""
        return max((r for r, known in zip(self.rare, self.known, strict=True) if not known), default=0.0)


class Relevance:
    """Judges finds by what was learnt from the tuning questions (benchmarks/relevance.py)."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._tokens = lru_cache(maxsize=4096)(self._tokens_of)

    def sure(self, asked: Understanding, hits: Sequence[Hit]) -> float:
        """How sure it is, in log odds, that these finds, best first, answer; 0 and above is sure enough."""
        return -math.inf if self.stray(asked, hits) else learnt().side(self.features(asked, hits))

    def stray(self, asked: Understanding, hits: Sequence[Hit]) -> bool:
        """Whether the finds share nothing with the question but a likeness too faint to count, or are another person's."""
        top, cover = hits[0], self.cover(asked, hits[0].key)
        if top.key in asked.named(top.kind):
            return False
        if not (cover.words or asked.names or asked.aspects or asked.facets.mentions):
            return True  # nothing was said that could be answered
        if top.kind == "person" and {"who", "what"} <= asked.aspects and cover.share < 1:
            return True  # "who is Li Wei" is not answered by another Li
        covers = [self.cover(asked, hit.key) for hit in hits]
        met = any(any(one.met) for one in covers)
        if top.kind == "listing":
            met = max(one.said for one in covers) > _LITTLE
        faint = max(hit.evidence.dense for hit in hits) < _CLOSE or top.evidence.domain < 0
        enough = _HALF if top.kind == "listing" else _MOST
        unsure = not self.shelf.retriever.index.floor.passes(top.evidence) and cover.weight < enough
        if unsure and not self.shelf.named_keys(asked):
            return True  # "write a poem about cats" is of another field, and no record's name is in it
        return bool(cover.words) and not met and faint

    def partakes(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a find has any of the question's words, or is near enough without them, to stand beside an answer."""
        cover = self.cover(asked, hit.key)
        return not cover.words or max(cover.met) >= _HALF or hit.evidence.dense >= _CLOSE

    def cover(self, asked: Understanding, key: str) -> Cover:
        """How the words of a question are covered by a record, in either language."""
        retriever = self.shelf.retriever
        words = tuple(dict.fromkeys([*(asked.topic or asked.content), *asked.singles]))
        have = self._tokens(key)
        return Cover(
            words,
            [rarity(word, retriever.index.segmenter) for word in words],
            [self._met(word, have) for word in words],
            [retriever.knows(word) for word in words],
        )

    def features(self, asked: Understanding, hits: Sequence[Hit]) -> list[float]:
        """What tells an answer from a near miss. Finds shown together are judged by the best of them, and by all."""
        top, covers = hits[0], [self.cover(asked, hit.key) for hit in hits]
        cover = max(covers, key=lambda cover: cover.weight)
        together = replace(covers[0], met=[max(met) for met in zip(*(one.met for one in covers), strict=True)])
        named = any(hit.key in asked.named(hit.kind) and hit.key not in GENERIC for hit in hits)
        others = [key for key in self.shelf.named_keys(asked) if all(key != hit.key for hit in hits)]
        reached = bool(asked.aspects & _REACHED)
        found = {
            "coverage": max(hit.evidence.coverage for hit in hits),
            "share": cover.share,
            "weight": cover.weight,
            "heaviest": cover.heaviest,
            "unknown": cover.unknown,
            "dense": max(hit.evidence.dense for hit in hits),
            "score": top.score,
            "domain": top.evidence.domain,
            "floor": self.shelf.retriever.index.floor.confidence(top.evidence),
            "words": len(cover.words),
            "named": named,
            "others": bool(others) and not named,
            "figures": asked.wants_figures,
            "reached": reached,
            "nobody_named": not asked.names,
            "who": "who" in asked.aspects,
            "told": bool(asked.aspects or asked.names or asked.facets.values("kind")),
            "elsewhere": self.elsewhere(asked, top.key),
            "together": together.weight,
            "together_lacks": together.heaviest,
            "first_share": covers[0].share,
            "first_weight": covers[0].weight,
            "kind": KINDS.index(top.kind) if top.kind in KINDS else -1,
            "listing": top.kind == "listing",
            "article": top.kind == "article",
        }
        return [float(value) for value in found.values()]

    def elsewhere(self, asked: Understanding, key: str) -> bool:
        """Whether the question names a place that the record does not."""
        vocabulary, tokens = self.shelf.vocabulary, self._tokens(key)
        record = self.shelf.kb.get(key)
        segmenter = self.shelf.retriever.index.segmenter
        for place in asked.facets.places:
            country = getattr(record, "country", None)
            own = (country, *vocabulary.wider(country), getattr(record, "city", None), getattr(record, "place", None))
            named = [set(segmenter.tokens(vocabulary.place(place, lang))) for lang in LANGUAGES]
            if place not in own and not any(words and words <= tokens for words in named):
                return True
        return False

    def _met(self, word: str, have: Collection[str]) -> float:
        lexicon = self.shelf.retriever.index.lexicon
        if not HAN.match(word):
            parts = [part for part in word.replace("'", "-").split("-") if part]
            met = [_has(stem(part), lexicon.english.get(stem(part), ()), have) for part in parts]
            return sum(met) / len(met) if met else 0.0
        if _has(word, lexicon.chinese.get(word, ()), have):
            return 1.0
        covered: set[int] = set()
        for size in range(len(word) - 1, 1, -1):
            for at in range(len(word) - size + 1):
                part = word[at : at + size]
                if _has(part, lexicon.chinese.get(part, ()), have):
                    covered.update(range(at, at + size))
        return _PART * len(covered) / len(word)

    def _tokens_of(self, key: str) -> frozenset[str]:
        record = self.shelf.kb.get(key)
        segmenter = self.shelf.retriever.index.segmenter
        texts = [document(record, lang, self.related).findable for lang in LANGUAGES]
        # Characters too: some words of Chinese are one character long.
        return frozenset(token for text in texts for token in segmenter.tokens(text)) | frozenset(HAN.findall(" ".join(texts)))

    @cached_property
    def related(self) -> Related:
        """What is folded into the documents of others, read once."""
        return related(self.shelf.kb)


def _has(word: str, translations: Sequence[Sequence[str]], have: Collection[str]) -> float:
    return float(word in have or any(all(token in have for token in tokens) for tokens in translations if tokens))


@dataclass(frozen=True)
class Trees:
    """Boosted trees: the sum of what each says. A tree is a number, or feature, level, the tree up to it and the one above."""

    trees: Sequence[Tree]
    bias: float = 0.0

    def side(self, features: Sequence[float]) -> float:
        """Log odds for these features."""
        return self.bias + sum(_walk(tree, features) for tree in self.trees)


def _walk(tree: Tree, features: Sequence[float]) -> float:
    while not isinstance(tree, float):
        tree = tree[2] if features[tree[0]] <= tree[1] else tree[3]
    return tree


@cache
def learnt() -> Trees:
    """The trees that were learnt, from relevance.json beside this module."""
    stored = json.loads(_LEARNT.read_text(encoding="utf-8"))
    return Trees(stored["trees"], float(stored["bias"]))
