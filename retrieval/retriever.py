"""Finding: names first, then lexical and dense search in both languages, fused by standardised scores."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from retrieval import dense
from retrieval.embed import Embedder, Vectors
from retrieval.floor import Evidence
from retrieval.index import POOLS, Index, windows
from retrieval.language import HAN, base, clean, detect, fold, simplified
from retrieval.lexical import Clause, LexicalScores
from retrieval.segment import stem, stopwords

CANDIDATES = 200
OWN_WEIGHT, CROSS_WEIGHT = 0.4, 0.25
_EXACT = 20_000


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
    """The language-aware hybrid: each language's documents are ranked against their own kind, then compared."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self.index = index
        self.embedder = embedder
        self._vector = lru_cache(maxsize=256)(self._embed)

    def search(self, query: Query, *, k: int = 10) -> list[Hit]:
        """The ``k`` best records, best first; none when nothing reaches the floor."""
        found = self.find(query, k=k)
        return found.hits if found.passes else []

    def find(self, query: Query, *, k: int = 10, vector: Vectors | None = None) -> Found:
        """The best records whether they reach the floor or not, with the evidence for them.

        ``vector`` is the question's, for callers who have embedded many at once.
        """
        # Traditional characters are folded before anything else, or they would be asked in another voice.
        text = simplified(clean(query.text))
        lang = base(query.lang or detect(text))
        if not text:
            return Found()
        allowed = self.index.allowed(query.facets).tolist() if query.facets else None
        if allowed is not None and not allowed:
            return Found()
        vector = self._vector(text, lang) if vector is None else vector
        lexical = self._lexical(text, query.facets)
        ranked = self._fuse(vector, lang, lexical, allowed)
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

    def _embed(self, text: str, lang: str) -> Vectors:
        # A text longer than the encoder reads is asked in windows, all of them with the same say.
        pieces = self.embedder.embed(windows(text))
        vector: Vectors = dense.centred(pieces.mean(axis=0, keepdims=True), self.index.centres[lang])[0]
        return vector

    def _lexical(self, text: str, facets: Sequence[Sequence[str]]) -> dict[str, LexicalScores]:
        clauses = self.clauses(text)
        return {pool: self.index.pools[pool].search(clauses[pool], k=CANDIDATES, facets=facets) for pool in POOLS}

    def clauses(self, text: str) -> dict[str, list[Clause]]:
        """The question's words for each pool: as they are in their own language, translated in the other."""
        tokens = self.index.segmenter.tokens(text)
        han = [[[token]] for token in dict.fromkeys(tokens) if HAN.match(token)]
        latin = [[[token]] for token in dict.fromkeys(tokens) if not HAN.match(token)]
        to_zh, to_en = self.index.lexicon.translate(text, self.index.segmenter)
        return {"en": [*latin, *to_en], "zh": [*han, *to_zh]}

    def _fuse(self, vector: Vectors, lang: str, lexical: dict[str, LexicalScores], allowed: Sequence[int] | None) -> list[Hit]:
        best: dict[str, Hit] = {}
        for pool in POOLS:
            numbers = self._candidates(vector, pool, lexical[pool], allowed)
            mean, deviation = self.index.manifest.spread.get(f"{lang}-{pool}", (0.0, 1.0))
            weight = OWN_WEIGHT if pool == lang else CROSS_WEIGHT
            for number, similarity in self.index.dense.similarities(vector, numbers).items():
                score = (similarity - mean) / deviation + weight * lexical[pool].standardised(number)
                hit = Hit(self.index.keys[number], score, pool, Evidence(similarity, lexical[pool].coverage(number)))
                best[hit.key] = _merge(best.get(hit.key), hit)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.key))

    def _candidates(self, vector: Vectors, pool: str, lexical: LexicalScores, allowed: Sequence[int] | None) -> list[int]:
        if allowed is not None and len(allowed) <= _EXACT:
            return [number for number in allowed if self.index.languages[number] == pool]
        near = self.index.dense.nearest(vector, pool, k=CANDIDATES)
        found = {*near, *lexical.scores}
        return sorted(found if allowed is None else found & set(allowed))

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
