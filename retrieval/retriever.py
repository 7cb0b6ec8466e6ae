"""Finding: names first, then lexical and dense search in both languages, fused by standardised scores."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval import dense
from retrieval.embed import Embedder, embed_questions
from retrieval.floor import Evidence
from retrieval.index import Index, current
from retrieval.language import HAN, base, clean, detect, fold, simplified
from retrieval.lexical import Clause, LexicalScores
from retrieval.segment import stem, stopwords
from retrieval.tables import POOLS, Mask
from retrieval.vectors import Numbers, Vectors

CANDIDATES, NEIGHBOURS = 200, 100  # documents of a pool that each leg brings: by words, and by meaning
# Tuned on the public sets xquad, sdg and elle: see docs/evaluation.md.
OWN_WEIGHT, CROSS_WEIGHT = 0.7, 0.25
LEVELLING = 0.8
_MOST = 0.5  # share of a pool from which what passes a filter is looked for among the neighbours, rather than compared
_ENOUGH = 10  # neighbours that have to pass it
_SPARE = 20
_BEHIND = slice(5, 20)  # hits that are the measure of how far the best stand out
_DOUBLED = re.compile(r"(.)\1")
_LONG = 8  # letters from which two may be wrong in a word, and not one
_TRANSLATES = 2  # words of a translation at most
_REMEMBERED = 4096  # words and questions whose vectors are kept


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


@dataclass(frozen=True)
class _Ranked:
    """Documents of one pool, best first, column by column."""

    keys: list[str]
    scores: Vectors
    similarities: Vectors
    coverage: Vectors

    def rows(self) -> Iterator[tuple[str, float, float, float]]:
        columns = (self.scores, self.similarities, self.coverage)
        return zip(self.keys, *(column.tolist() for column in columns), strict=True)


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
        self._encoded: dict[str, dict[str, Vectors]] = {}

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
        # Words are looked for while the question is encoded, and the two pools are gone through side by side.
        lexical = self._lexical(text, query.facets, k)
        vector = self._vector(text, lang) if vector is None else vector
        ranked = self._fuse(vector, lang, {pool: scores.result() for pool, scores in lexical.items()}, mask, k)
        if not ranked:
            return Found()
        floor, evidence = self.index.floor, ranked[0].evidence
        return Found(ranked, floor.confidence(evidence), floor.passes(evidence))

    def domain(self, text: str, lang: str) -> float:
        """How much a text sounds like what the collection is about, in log odds; above 0 is inside."""
        return self.index.floor.domain.side(self._vector(simplified(clean(text)), lang))

    def likeness(self, texts: Sequence[str], key: str) -> Vectors:
        """How near each of these texts, a word or a question, is to each document of a record: a row for each text."""
        index = self.index
        numbers = np.array(index.documents.of.get(key, ()), np.int64)
        rows = [index.dense.similarities(vector, numbers) for vector in self.vectors(texts)]
        return np.stack(rows) if rows else np.zeros((0, len(numbers)), np.float32)

    def views(self, key: str) -> list[Vectors]:
        """For each document of a record the vectors under which it may be asked for."""
        index = self.index
        return [index.dense.heads_of(number) for number in index.documents.of.get(key, ())]

    def vectors(self, texts: Sequence[str], encoder: Embedder | None = None) -> list[Vectors]:
        """The vectors of questions as they are compared with documents, each centred on the language it is in.

        ``encoder`` is another one for them, of the same space.
        """
        folded = [simplified(clean(text)) or " " for text in texts]
        raw = self._raw(folded, encoder or self.embedder)
        return [self._centred(vector, base(detect(text))) for vector, text in zip(raw, folded, strict=True)]

    def _vector(self, text: str, lang: str) -> Vectors:
        return self._centred(self._raw([text], self.embedder)[0], lang)

    def _centred(self, vector: Vectors, lang: str) -> Vectors:
        found: Vectors = dense.centred(vector[None], self.index.centres[lang])[0]
        return found

    def _raw(self, texts: Sequence[str], encoder: Embedder) -> list[Vectors]:
        """The vectors of texts as an encoder has them; each is encoded once, as long as it is remembered."""
        encoded = self._encoded.setdefault(encoder.name, {})
        known = {text: vector for text in texts if (vector := encoded.get(text)) is not None}
        if fresh := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= zip(fresh, embed_questions(encoder, fresh), strict=True)
            if len(encoded) > _REMEMBERED:
                encoded.clear()
            encoded.update(known)
        return [known[text] for text in texts]

    def _lexical(self, text: str, facets: Sequence[Sequence[str]], k: int) -> dict[str, Future[LexicalScores]]:
        clauses = self.clauses(text)
        grams = {"zh": self.index.segmenter.grams(text), "en": []}
        depth = max(CANDIDATES, k)
        pools, search = self.index.pools, _threads().submit
        return {pool: search(pools[pool].search, clauses[pool], k=depth, grams=grams[pool], facets=facets) for pool in POOLS}

    def clauses(self, text: str) -> dict[str, list[Clause]]:
        """The question's words for each pool: as they are in their own language, translated in the other."""
        tokens = self.index.segmenter.tokens(text)
        han = [[[token]] for token in dict.fromkeys(tokens) if HAN.match(token)]
        latin = [[[token]] for token in dict.fromkeys(tokens) if not HAN.match(token)]
        to_zh, to_en = self.index.lexicon.translate(text, self.index.segmenter)
        return {"en": [*latin, *to_en], "zh": [*han, *to_zh]}

    def _fuse(self, vector: Vectors, lang: str, lexical: Mapping[str, LexicalScores], mask: Mask | None, k: int) -> list[Hit]:
        """The best ``k`` records of both pools."""
        beside = {pool: _threads().submit(self._rank, vector, lang, pool, lexical[pool], mask, k) for pool in POOLS[1:]}
        ranked = {POOLS[0]: self._rank(vector, lang, POOLS[0], lexical[POOLS[0]], mask, k)}
        ranked |= {pool: found.result() for pool, found in beside.items()}
        top = max((float(pool.scores[0]) for pool in ranked.values() if len(pool.scores)), default=0.0)
        domain = self.index.floor.domain.side(vector)
        best: dict[str, Hit] = {}
        for pool, found in ranked.items():
            # Scores of the other language run lower, however right its documents are. A pool's best comes most of the way up.
            lift = LEVELLING * (top - float(found.scores[0])) if len(found.scores) else 0.0
            for key, score, similarity, share in found.rows():
                hit = Hit(key, score + lift, pool, Evidence(similarity, share, domain))
                other = best.get(key)
                best[key] = hit if other is None else _merge(other, hit)
        return _apart(sorted(best.values(), key=lambda hit: (-hit.score, hit.key)))[:k]

    def _rank(self, vector: Vectors, lang: str, pool: str, lexical: LexicalScores, mask: Mask | None, k: int) -> _Ranked:
        """The documents of one pool by their fused score; so many that ``k`` records come of them."""
        numbers = self._candidates(vector, pool, lexical, mask, max(NEIGHBOURS, k))
        mean, deviation = self.index.manifest.spread.get(f"{lang}-{pool}", (0.0, 1.0))
        weight = OWN_WEIGHT if pool == lang else CROSS_WEIGHT
        similarities = self.index.dense.similarities(vector, numbers)
        scores = (similarities - mean) / deviation + weight * lexical.standardised(numbers)
        order = np.argsort(-scores, kind="stable")[: 2 * k + _SPARE]
        keys = [self.index.documents.keys[number] for number in numbers[order].tolist()]
        return _Ranked(keys, scores[order], similarities[order], lexical.coverage(numbers[order]))

    def _candidates(self, vector: Vectors, pool: str, lexical: LexicalScores, mask: Mask | None, depth: int) -> Numbers:
        dense_, documents = self.index.dense, self.index.documents
        if mask is None:
            return np.union1d(dense_.nearest(vector, pool, k=depth), lexical.documents)
        allowed = mask & (documents.pool_of == POOLS.index(pool))
        count = int(np.count_nonzero(allowed))
        near = np.zeros(0, np.int64)
        if count > _MOST * np.count_nonzero(documents.pool_of == POOLS.index(pool)):
            # Where most pass the filter, neighbours are asked for without it.
            near = dense_.nearest(vector, pool, k=int(depth / _MOST))
            near = near[allowed[near]]
        if len(near) < _ENOUGH:
            near = dense_.nearest_of(vector, pool, allowed, k=depth)
        return np.union1d(near, lexical.documents)

    def mend(self, text: str, *, skip: Sequence[str] = ()) -> str:
        """The text with each English word that no document has replaced by the nearest that one has.

        Words inside ``skip`` (names that were recognised) stay. Unchanged when every word is known.
        """

        kept = {word for name in skip for word in fold(name).split()}
        mended = text
        for word in re.findall(r"[A-Za-z]{5,}", text):
            plain = word.lower()
            if plain in kept or self.knows(plain):
                continue
            if near := self._nearest(plain):
                mended = re.sub(rf"\b{word}\b", near, mended)
        return mended

    def _nearest(self, word: str) -> str | None:
        """The known word of which this one is a slip: it begins alike and differs least; of those, one that differs in doubled

        letters alone, or else the commonest.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        alike = [known for known in self.index.words if known[:1] == word[0]]
        found = process.extract(word, alike, scorer=OSA.distance, score_cutoff=1 if len(word) < _LONG else 2, limit=None)
        least = min((distance for _, distance, _ in found), default=0)
        nearest = [known for known, distance, _ in found if distance == least]
        frequency, single = self.index.pools["en"].frequency, _DOUBLED.sub(r"\1", word)
        return max(nearest, key=lambda known: (_DOUBLED.sub(r"\1", known) == single, frequency(stem(known))), default=None)

    def knows(self, word: str) -> bool:
        """Whether a folded word occurs in the documents, can be translated, or is a mere function word."""
        if word in stopwords("en") or word in stopwords("zh"):
            return True
        if HAN.match(word):
            # What takes many words describes somebody, such as the inventor Tesla, and translates nothing.
            told = any(len(way) <= _TRANSLATES for way in self.index.lexicon.chinese.get(word, ()))
            return told or bool(self.index.pools["zh"].frequency(word))
        # A compound is known by its parts: start-ups.
        tokens = [stem(part) for part in re.findall(r"[^\W_]+", word)]
        return all(self.index.pools["en"].frequency(token) or token in self.index.lexicon.english for token in tokens)

    def _says(self, have: set[str], word: str) -> bool:
        """Whether there is all of a word, as it is or translated: the sea water of 海水淡化 is not desalination."""
        own = self.index.segmenter.tokens(word)
        if word in have or (own and have >= set(own)):
            return True
        clauses = [clause for found in self.index.lexicon.translate(word, self.index.segmenter) for clause in found]
        return bool(clauses) and all(any(have.issuperset(way) for way in clause if way) for clause in clauses)

    def matched(self, text: str, documents: Sequence[str]) -> list[str]:
        """The words of a question, as typed, that these texts have, in the question's language or translated."""
        have = {token for document in documents for token in self.index.segmenter.tokens(document)}
        found = []
        for word in self.index.segmenter.words(text, guessed=False):  # what is said to stand there has to
            if len(word) < 2 or word in stopwords("en") or word in stopwords("zh"):
                continue
            if self._says(have, word):
                found.append(word)
        return list(dict.fromkeys(found))


def _apart(hits: list[Hit]) -> list[Hit]:
    """Hits, best first, with how far each is above those behind the first few."""
    behind = [hit.score for hit in hits[_BEHIND]] or [hit.score for hit in hits[-1:]]
    level = sum(behind) / max(len(behind), 1)
    return [replace(hit, evidence=replace(hit.evidence, standout=hit.score - level)) for hit in hits]


def _merge(one: Hit, other: Hit) -> Hit:
    """Two documents of one record: the better score, and the best of each kind of evidence."""
    winner = one if one.score >= other.score else other
    a, b = one.evidence, other.evidence
    evidence = Evidence(max(a.dense, b.dense), max(a.coverage, b.coverage), a.domain)
    return Hit(winner.key, winner.score, winner.lang, evidence)


@cache
def _threads() -> ThreadPoolExecutor:
    """What goes through the pools: their engines let other threads work meanwhile."""
    return ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="greenask-find")


def _stamp(home: Path | None) -> int:
    """What changes whenever another generation becomes current; a look at the clock of a file, a microsecond a question."""
    if home is None:
        return 0
    try:
        return os.stat(home / "current").st_mtime_ns
    except OSError:  # swapped at this very moment: the next question looks again
        return 0
