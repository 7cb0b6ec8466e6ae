"""Whether a find answers: what it has of the question's words, by how much each says, and what it lacks.

A question is about its rare words. A find that lacks the rarest of them is about something else, however near it lies: it is
about making batteries, where recycling them was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from bot.finding.affinity import Affinity, Likeness, to_record
from bot.finding.shelf import GENERIC, TABLES, Shelf
from bot.finding.trees import learnt
from bot.understand import Understanding
from knowledge.records import LANGUAGES, Record
from retrieval.documents import Document, Related, document, related
from retrieval.language import HAN
from retrieval.rarity import rarity
from retrieval.retriever import Hit
from retrieval.segment import stem

KINDS = ("listing", "organisation", "person", "event", "programme", "metric", "article")
_CLOSE = 0.5  # a cosine that speaks for itself, whatever the words
_MOST = 0.9  # a share of the words by weight that speaks for itself, however unlike the field it sounds
_HALF = 0.5  # the same for listings, which answer problems in anyone's words
_SEVERAL, _ALL = 2, 0.9  # words by which a listing says all that is asked; of so few, the share that one document has
_LITTLE = 0.3  # what words everyone uses say together: "select"
_PART = 0.7  # what a word counts at most when only parts of it are met: 反应堆 of 核反应堆
_REACHED = frozenset({"contact", "website"})
_LIKE = 0.4  # a word this near to what a record says, by meaning, is as good as said there
_NOT_MET = 0.5  # below this a word is not met
_NEAR = 0.6  # how near a question without words is taken to be, and one that lacks none
_LETTERS = {"en": 1.0, "zh": 0.4}  # a character of Chinese says as much as two and a half letters
_DATED = frozenset({"event", "article"})
_STRANGE = -4.5  # people found by body or event are believed unless they are this far from the question
_TOLD = 0.15  # share of a question's words, by weight, that a figure has at least
_NUMERAL = re.compile(r"two|three|four|five|six|seven|eight|nine|ten|hundred|[一二两三四五六七八九十百千万]+[家个位项届座]?")
_ASPECTS = ("how_many", "cost", "contact", "where", "when")


@dataclass(frozen=True)
class Cover:
    """How much of a question's own words a record has: each word with its rarity, how far it is met, whether the collection

    knows it at all, and how like the record it is by meaning, on average and at most over the record's languages.
    """

    words: Sequence[str] = ()
    rare: Sequence[float] = ()
    met: Sequence[float] = ()
    known: Sequence[bool] = ()
    like: Sequence[float] = ()
    likest: Sequence[float] = ()
    whole: float = 0.0  # how like the record the question itself is

    @property
    def share(self) -> float:
        """The share of the words that are met; 1 when there is none to meet."""
        return sum(self.met) / len(self.met) if self.met else 1.0

    @property
    def weight(self) -> float:
        """The same, each word counting by its rarity."""
        return self._weighed(self.met)

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

    @property
    def meant(self) -> Mapping[str, float]:
        """What the record has of the words by their meaning; more speaks for it."""
        soft = [max(met, min(1.0, max(0.0, like / _LIKE))) for met, like in zip(self.met, self.like, strict=True)]
        lacking = [like for met, like in zip(self.met, self.like, strict=True) if met < _NOT_MET]
        return {
            "like": self._weighed(self.like),
            "likest": self._weighed(self.likest),
            "soft": self._weighed(soft),
            "least_like": min(self.like, default=_NEAR),
            "least_lacking": min(lacking, default=_NEAR),
            "soft_heaviest": -max((r * (1 - s) for r, s in zip(self.rare, soft, strict=True)), default=0.0),
            "whole": self.whole,
        }

    def _weighed(self, values: Sequence[float]) -> float:
        whole = sum(self.rare)
        return sum(r * value for r, value in zip(self.rare, values, strict=True)) / whole if whole else 1.0


class Relevance:
    """Judges finds by what was learnt from the tuning questions (benchmarks/relevance.py)."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.affinity = Affinity.learnt(shelf.retriever.embedder.name)
        self._tokens = lru_cache(maxsize=4096)(self._tokens_of)
        self._said = lru_cache(maxsize=4096)(self._said_by)

    def sure(self, asked: Understanding, hit: Hit) -> float:
        """How sure it is, in log odds, that a find answers; 0 and above is sure enough."""
        return -math.inf if self.stray(asked, hit) else learnt("answers").side(asked.base, self.features(asked, hit))

    def stray(self, asked: Understanding, hit: Hit) -> bool:
        """Whether nothing was said that could be answered, or the find is of another year or another person."""
        cover = self.cover(asked, hit.key)
        if hit.kind in _DATED and self.otherwise_dated(asked, hit.key):
            return True
        if hit.key in asked.named(hit.kind):
            return False
        if not (cover.words or asked.names or asked.aspects or asked.facets.mentions):
            return True
        # "who is Li Wei" is not answered by another Li
        return hit.kind == "person" and {"who", "what"} <= asked.aspects and len(cover.words) == 1 and cover.share < 1

    def strangers(self, asked: Understanding, people: Sequence[Hit]) -> bool:
        """Whether people of a body or an event are others than the one who is asked for: nobody there is of Tesla."""
        if not asked.topic or not people:
            return False
        if self.stray(asked, people[0]):
            return min(self.cover(asked, hit.key).unknown for hit in people) >= _HALF
        return self.sure(asked, people[0]) < _STRANGE

    def counts(self, asked: Understanding, records: Sequence[Record]) -> bool:
        """Whether figures count what is asked for: none that has no word of it does, numbers apart."""
        return not records or any(_told(self.cover(asked, record.key)) for record in records)

    def otherwise_dated(self, asked: Understanding, key: str) -> bool:
        """Whether the question names years, and the record none of them."""
        years = {year[:4] for year in asked.facets.values("year")}
        return bool(years) and not years & self._tokens(key)

    def _faint(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a find shares nothing with the question but a likeness too faint to count."""
        cover, evidence = self.cover(asked, hit.key), hit.evidence
        if hit.key in asked.named(hit.kind):
            return False
        met = cover.said > _LITTLE if hit.kind == "listing" else any(cover.met)
        faint = evidence.dense < _CLOSE or evidence.domain < 0
        enough = _HALF if hit.kind == "listing" else _MOST
        unsure = not self.shelf.retriever.index.floor.passes(evidence) and cover.weight < enough
        if unsure and not self.shelf.named_keys(asked):
            return True  # "write a poem about cats" is of another field, and no record's name is in it
        return bool(cover.words) and not met and faint

    def told(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a find itself says all that is asked, in several words: nothing else has to speak for it."""
        cover = self.cover(asked, hit.key, said=True)
        many = len(cover.words) > _SEVERAL or (len(cover.words) == _SEVERAL and hit.evidence.coverage >= _ALL)
        return many and min(cover.met) >= 1 and not self.stray(asked, hit)

    def partakes(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a find has any of the question's words, or is near enough without them, to stand beside an answer."""
        cover = self.cover(asked, hit.key)
        return not cover.words or max(cover.met) >= _HALF or hit.evidence.dense >= _CLOSE

    def cover(self, asked: Understanding, key: str, *, said: bool = False) -> Cover:
        """How the words of a question are covered by a record, in either language; ``said``: by what it says itself."""
        retriever = self.shelf.retriever
        words = tuple(dict.fromkeys([*(asked.topic or asked.content), *asked.singles]))
        have = self._said(key) if said else self._tokens(key)
        return Cover(
            words,
            [rarity(word, retriever.index.segmenter) for word in words],
            [self._met(word, have) for word in words],
            [retriever.knows(word) for word in words],
        )

    def features(self, asked: Understanding, hit: Hit) -> dict[str, float]:
        """What tells an answer from a near miss, by name."""
        cover, evidence = self._meant(asked, hit), hit.evidence
        named = hit.key in asked.named(hit.kind) and hit.key not in GENERIC
        others = [key for key in self.shelf.named_keys(asked) if key != hit.key]
        kinds = {TABLES[kind] for kind in asked.facets.values("kind") if kind in TABLES}
        found = {
            "share": cover.share,
            "weight": cover.weight,
            "heaviest": cover.heaviest,
            "unknown": cover.unknown,
            "lacks": sum(met < _NOT_MET for met in cover.met),
            **cover.meant,
            **vars(self.affinities(asked, [hit])[0]),
            **vars(evidence),
            "floor": self.shelf.retriever.index.floor.confidence(evidence),
            "faint": self._faint(asked, hit),
            "named": named,
            "others": bool(others) and not named,
            "elsewhere": self.elsewhere(asked, hit.key),
            "kind": KINDS.index(hit.kind) if hit.kind in KINDS else -1,
            "of_kind": hit.kind in kinds,
            "of_another": bool(kinds) and hit.kind not in kinds,
            "listing": hit.kind == "listing",
            "article": hit.kind == "article",
            **_asked(asked, len(cover.words)),
        }
        return {name: float(value) for name, value in found.items()}

    def affinities(self, asked: Understanding, hits: Sequence[Hit]) -> list[Likeness]:
        """How well a question goes with each find; listings are narrowed to the places it names, which say no more then."""
        retriever = self.shelf.retriever
        texts = {hit.key: asked.unplaced if hit.kind == "listing" else asked.text for hit in hits}
        every = dict.fromkeys(texts.values())
        turned = dict(zip(every, map(self.affinity.turned, retriever.vectors([*every], self.affinity.encoder)), strict=True))
        return [to_record(turned[texts[hit.key]], retriever.views(hit.key)) for hit in hits]

    def _meant(self, asked: Understanding, hit: Hit) -> Cover:
        """How the words of a question are covered by a find, and how like it they are."""
        cover = self.cover(asked, hit.key)
        like = self.shelf.retriever.likeness([asked.text, *cover.words], hit.key)
        if not like.size:  # the index was built anew meanwhile, without it
            return replace(cover, like=[0.0] * len(cover.words), likest=[0.0] * len(cover.words))
        mean, most = like.mean(axis=1).tolist(), like.max(axis=1).tolist()
        return replace(cover, like=mean[1:], likest=most[1:], whole=mean[0])

    def elsewhere(self, asked: Understanding, key: str) -> bool:
        """Whether the question names a place that the record does not."""
        if not asked.facets.places:
            return False
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
        return self._tokens_in([each.findable for each in self._documents(key)])

    def _said_by(self, key: str) -> frozenset[str]:
        return self._tokens_in([each.text for each in self._documents(key)])

    def _documents(self, key: str) -> list[Document]:
        record = self.shelf.kb.get(key)
        return [document(record, lang, self.related) for lang in LANGUAGES]

    def _tokens_in(self, texts: Sequence[str]) -> frozenset[str]:
        segmenter = self.shelf.retriever.index.segmenter
        # Characters too: some words of Chinese are one character long.
        return frozenset(token for text in texts for token in segmenter.tokens(text)) | frozenset(HAN.findall(" ".join(texts)))

    @cached_property
    def related(self) -> Related:
        """What is folded into the documents of others, read once."""
        return related(self.shelf.kb)


def _has(word: str, translations: Sequence[Sequence[str]], have: Collection[str]) -> float:
    return float(word in have or any(all(token in have for token in tokens) for tokens in translations if tokens))


def _told(cover: Cover) -> bool:
    """Whether enough of the words is met, where there is one that says something."""
    words = [(r, m) for word, r, m in zip(cover.words, cover.rare, cover.met, strict=True) if not _NUMERAL.fullmatch(word)]
    lacking = max((r * (1 - m) for r, m in words), default=0.0)
    return lacking <= _LITTLE or sum(r * m for r, m in words) >= _TOLD * sum(r for r, _ in words)


def _asked(asked: Understanding, words: int) -> Mapping[str, float]:
    """What the question alone says."""
    return {
        "words": words,
        "length": len(asked.text) / _LETTERS[asked.base],
        "figures": asked.wants_figures,
        "reached": bool(asked.aspects & _REACHED),
        "nobody_named": not asked.names,
        "who": "who" in asked.aspects,
        "told": bool(asked.aspects or asked.names or asked.facets.values("kind")),
        **{aspect: aspect in asked.aspects for aspect in _ASPECTS},
    }
