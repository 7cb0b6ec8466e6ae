"""Finding: names first, then lexical and dense search in both languages, fused by standardised scores."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval import dense
from retrieval.embed import Embedder, embed_question
from retrieval.floor import Evidence
from retrieval.index import Index, current
from retrieval.language import HAN, base, clean, detect, fold, simplified
from retrieval.lexical import Clause, LexicalScores
from retrieval.segment import stem, stopwords
from retrieval.tables import POOLS, Mask
from retrieval.vectors import Numbers, Vectors

CANDIDATES = 200
# Tuned on the public sets xquad, sdg and elle: see docs/evaluation.md.
OWN_WEIGHT, CROSS_WEIGHT = 0.7, 0.25
LEVELLING = 0.8
_EXACT = 20_000  # documents that are scored one by one rather than looked for among the neighbours
_WIDEST = 2_000
_SPARE = 20


@dataclass(frozen=True)
class Query:
    """What is looked for. ``facets`` are groups of tokens such as ``(("country:JP",), ("kind:need", "kind:expert"))``: a

    record needs one token of every group. ``lang`` is told from the text when it is not given.
    """

    text: str
    lang: str | None = None
    facets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Hit:
    """A record found: its score (in deviations above chance, dense plus weighted lexical), the language of the document that

    won, and the evidence over both.
    """

    key: str
    score: float
    lang: str
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def kind(self) -> str:
        """The kind of record."""
        return self.key.split("/", 1)[0]


@dataclass(frozen=True)
class Found:
    """The hits of a question, best first, and how sure it is that the best of them answers it."""

    hits: list[Hit] = field(default_factory=list)
    confidence: float = 0.0
    passes: bool = False

    @property
    def evidence(self) -> Evidence:
        """What speaks for the best hit."""
        return self.hits[0].evidence if self.hits else Evidence()


class Retriever(Protocol):
    """Anything that finds records for a query."""

    def search(self, query: Query, *, k: int = 10) -> list[Hit]:
        """The ``k`` best records, best first; none when nothing reaches the floor."""
        ...


class HybridRetriever:
    """The language-aware hybrid: each language's documents are ranked against their own kind, then compared.

    With a ``home`` it reads the current generation there, and follows when another one becomes current.
    """

    def __init__(self, index: Index, embedder: Embedder, *, home: Path | None = None) -> None:
        self.index = index
        self.embedder = embedder
        self._home = home
        self._seen = _stamp(home)
        self._raw = lru_cache(maxsize=256)(self._embed)

    def follow(self) -> None:
        """Go over to the generation that is current now, if there is a new one."""
        if self._home is None or (stamp := _stamp(self._home)) == self._seen:
            return
        folder = current(self._home)
        if folder != self.index.folder:
            fresh = self.index.successor(folder)
            fresh.manifest.check_maker(self.embedder, server=self.index.manifest.server)
            self.index = fresh
        self._seen = stamp

    def search(self, query: Query, *, k: int = 10) -> list[Hit]:
        """The ``k`` best records, best first; none when nothing reaches the floor."""
        found = self.find(query, k=k)
        return found.hits if found.passes else []

    def find(self, query: Query, *, k: int = 10, vector: Vectors | None = None) -> Found:
        """The best records whether they reach the floor or not, with the evidence for them.

        ``vector`` is the question's, centred, for callers who have embedded many at once.
        """
        self.follow()
        # Another question may go over to a new generation meanwhile; this one is answered from one.
        return copy(self)._find(query, k, vector)

    def _find(self, query: Query, k: int, vector: Vectors | None) -> Found:
        # Traditional characters are folded before anything else, or they would be asked in another voice.
        text = simplified(clean(query.text))
        lang = base(query.lang or detect(text))
        mask = self.index.mask(query.facets)
        if not text or (mask is not None and not mask.any()):
            return Found()
        vector = self._vector(text, lang) if vector is None else vector
        ranked = self._fuse(vector, lang, self._lexical(text, query.facets, k), mask, k)
        if not ranked:
            return Found()
        floor = self.index.floor
        domain = floor.domain.side(vector)
        ranked = [replace(hit, evidence=replace(hit.evidence, domain=domain)) for hit in ranked[:k]]
        evidence = ranked[0].evidence
        return Found(ranked, floor.confidence(evidence), floor.passes(evidence))

    def domain(self, text: str, lang: str) -> float:
        """How much a text sounds like what the collection is about, in log odds; above 0 is inside."""
        return self.index.floor.domain.side(self._vector(simplified(clean(text)), lang))

    def _embed(self, text: str) -> Vectors:
        return embed_question(self.embedder, text)

    def _vector(self, text: str, lang: str) -> Vectors:
        vector: Vectors = dense.centred(self._raw(text)[None], self.index.centres[lang])[0]
        return vector

    def _lexical(self, text: str, facets: Sequence[Sequence[str]], k: int) -> dict[str, LexicalScores]:
        clauses = self.clauses(text)
        grams = {"zh": self.index.segmenter.grams(text), "en": []}
        depth = max(CANDIDATES, k)
        return {pool: self.index.pools[pool].search(clauses[pool], k=depth, grams=grams[pool], facets=facets) for pool in POOLS}

    def clauses(self, text: str) -> dict[str, list[Clause]]:
        """The question's words for each pool: as they are in their own language, translated in the other."""
        tokens = self.index.segmenter.tokens(text)
        han = [[[token]] for token in dict.fromkeys(tokens) if HAN.match(token)]
        latin = [[[token]] for token in dict.fromkeys(tokens) if not HAN.match(token)]
        to_zh, to_en = self.index.lexicon.translate(text, self.index.segmenter)
        return {"en": [*latin, *to_en], "zh": [*han, *to_zh]}

    def _fuse(self, vector: Vectors, lang: str, lexical: Mapping[str, LexicalScores], mask: Mask | None, k: int) -> list[Hit]:
        ranked = [self._rank(vector, lang, pool, lexical[pool], mask, k) for pool in POOLS]
        best: dict[str, Hit] = {}
        top = max((hits[0].score for hits in ranked if hits), default=0.0)
        for hits in ranked:
            # Scores of the other language run lower, however right its documents are. A pool's best comes most of the way up.
            lift = LEVELLING * (top - hits[0].score) if hits else 0.0
            for hit in hits:
                lifted = replace(hit, score=hit.score + lift)
                best[hit.key] = _merge(best.get(hit.key), lifted)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.key))

    def _rank(self, vector: Vectors, lang: str, pool: str, lexical: LexicalScores, mask: Mask | None, k: int) -> list[Hit]:
        """The documents of one pool by their fused score, best first; so many that ``k`` records come of them."""
        numbers = self._candidates(vector, pool, lexical, mask, max(CANDIDATES, k))
        if not len(numbers):
            return []
        mean, deviation = self.index.manifest.spread.get(f"{lang}-{pool}", (0.0, 1.0))
        weight = OWN_WEIGHT if pool == lang else CROSS_WEIGHT
        similarities = self.index.dense.similarities(vector, numbers)
        scores = (similarities - mean) / deviation + weight * lexical.standardised(numbers)
        coverage = lexical.coverage(numbers)
        order = np.argsort(-scores, kind="stable")[: 2 * k + _SPARE]
        keys = self.index.documents.keys
        return [
            Hit(keys[number], score, pool, Evidence(similarity, share))
            for number, score, similarity, share in zip(
                numbers[order].tolist(),
                scores[order].tolist(),
                similarities[order].tolist(),
                coverage[order].tolist(),
                strict=True,
            )
        ]

    def _candidates(self, vector: Vectors, pool: str, lexical: LexicalScores, mask: Mask | None, depth: int) -> Numbers:
        if mask is None:
            return np.union1d(self.index.dense.nearest(vector, pool, k=depth), lexical.documents)
        allowed = np.flatnonzero(mask & (self.index.documents.pool_of == POOLS.index(pool)))
        if len(allowed) <= _EXACT:
            return allowed
        # Neighbours are asked for without the filter, so many more that enough of them pass it.
        wider = int(depth * len(self.index.documents) / (2 * len(allowed))) + 1
        near = self.index.dense.nearest(vector, pool, k=min(wider, _WIDEST))
        found = np.union1d(near, lexical.documents)
        return found[mask[found]]

    def mend(self, text: str, *, skip: Sequence[str] = ()) -> str:
        """The text with each English word that no document has replaced by the nearest that one has.

        Words inside ``skip`` (names that were recognised) stay. Unchanged when every word is known.
        """
        from rapidfuzz import fuzz, process

        kept = {word for name in skip for word in fold(name).split()}
        mended = text
        for word in re.findall(r"[A-Za-z]{5,}", text):
            plain = word.lower()
            if plain in kept or self.knows(plain):
                continue
            near = process.extractOne(plain, self.index.words, scorer=fuzz.ratio, score_cutoff=83)
            if near and near[0][0] == plain[0]:
                mended = re.sub(rf"\b{word}\b", near[0], mended)
        return mended

    def knows(self, word: str) -> bool:
        """Whether a folded word occurs in the documents, can be translated, or is a mere function word."""
        if word in stopwords("en") or word in stopwords("zh"):
            return True
        if HAN.match(word):
            return bool(self.index.pools["zh"].frequency(word)) or word in self.index.lexicon.chinese
        # A compound is known by its parts: start-ups.
        tokens = [stem(part) for part in re.findall(r"[^\W_]+", word)]
        return all(self.index.pools["en"].frequency(token) or token in self.index.lexicon.english for token in tokens)

    def matched(self, text: str, documents: Sequence[str]) -> list[str]:
        """The words of a question, as typed, that these texts have, in the question's language or translated."""
        have = {token for document in documents for token in self.index.segmenter.tokens(document)}
        found = []
        for word in self.index.segmenter.words(text):
            if len(word) < 2 or word in stopwords("en") or word in stopwords("zh"):
                continue
            clauses = self.clauses(word)
            if any(have.issuperset(tokens) for clause in (*clauses["en"], *clauses["zh"]) for tokens in clause if tokens):
                found.append(word)
        return list(dict.fromkeys(found))


def _merge(one: Hit | None, other: Hit) -> Hit:
    """Two documents of one record: the better score, and the best of each kind of evidence."""
    if one is None:
        return other
    winner = one if one.score >= other.score else other
    evidence = Evidence(max(one.evidence.dense, other.evidence.dense), max(one.evidence.coverage, other.evidence.coverage))
    return Hit(winner.key, winner.score, winner.lang, evidence)


def _stamp(home: Path | None) -> int:
    """What changes whenever another generation becomes current; a look at the clock of a file, a microsecond a question."""
    if home is None:
        return 0
    try:
        return os.stat(home / "current").st_mtime_ns
    except OSError:  # swapped at this very moment: the next question looks again
        return 0
