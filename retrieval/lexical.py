"""Lexical search: one BM25 pool per language (tantivy), each with its own statistics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tantivy

from retrieval.vectors import Numbers

# A question's word as alternatives of tokens: [["热泵"]] for a word as asked, [["heat", "pump"], ["calor"]] for translations.
Clause = Sequence[Sequence[str]]
Scores = npt.NDArray[np.float32]

# Pairs of neighbouring Chinese characters say where words were cut differently; they count half.
GRAM_WEIGHT = 0.5
# Words that nearly every document has tell nothing apart; without this their tiny differences would be blown up.
_LEAST_DEVIATION = 0.5
_SAMPLE = 600
_K1, _B = 1.2, 0.75  # as in tantivy
_GRAM = "\x01"  # marks pairs of characters among the tokens of the sample


@dataclass(frozen=True)
class Words:
    """What is counted of a text: its tokens, and its pairs of Chinese characters."""

    tokens: Sequence[str] = ()
    grams: Sequence[str] = ()


@dataclass(frozen=True)
class LexicalScores:
    """BM25 scores of the best documents of one pool, with what the whole pool would score on this question.

    ``documents`` is ascending. ``mean`` and ``deviation`` describe the scores of *all* documents, the zeros included, so that
    scores of different questions and pools can be standardised. ``ceiling`` is what a document with every word of the question
    would reach.
    """

    documents: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    scores: Scores = field(default_factory=lambda: np.zeros(0, np.float32))
    mean: float = 0.0
    deviation: float = 1.0
    ceiling: float = 0.0

    def of(self, documents: Numbers) -> Scores:
        """The scores of these documents; 0 for those that are not among the best."""
        if not len(self.documents):
            return np.zeros(len(documents), np.float32)
        at = np.minimum(np.searchsorted(self.documents, documents), len(self.documents) - 1)
        return np.where(self.documents[at] == documents, self.scores[at], np.float32(0))

    def standardised(self, documents: Numbers) -> Scores:
        """Their scores in deviations above the mean of the pool."""
        return (self.of(documents) - np.float32(self.mean)) / np.float32(self.deviation)

    def coverage(self, documents: Numbers) -> Scores:
        """The share of the question's weight that each has, 0 to 1."""
        return (
            np.minimum(self.of(documents) / np.float32(self.ceiling), 1) if self.ceiling else np.zeros(len(documents), np.float32)
        )


def _schema() -> tantivy.Schema:
    return (
        tantivy.SchemaBuilder()
        .add_unsigned_field("doc", stored=False, indexed=True, fast=True)
        .add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        .add_text_field("grams", tokenizer_name="whitespace", index_option="freq")
        .add_text_field("facets", tokenizer_name="whitespace", index_option="basic")
        .build()
    )


class LexicalWriter:
    """Writes documents into a pool's folder, a new one or one that is there. Nothing is seen before :meth:`commit`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        self._writer = tantivy.Index(self._schema, path=str(folder)).writer(heap_size=64_000_000, num_threads=1)

    def add(self, number: int, words: Words, facets: Iterable[str]) -> None:
        """Take in a document."""
        document = tantivy.Document(text=" ".join(words.tokens), grams=" ".join(words.grams), facets=" ".join(facets))
        document.add_unsigned("doc", number)
        self._writer.add_document(document)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take out documents by their numbers."""
        # Deleting by term matches nothing in a field of unsigned numbers; deleting by query does.
        if gone := list(numbers):
            self._writer.delete_documents_by_query(tantivy.Query.term_set_query(self._schema, "doc", gone))

    def commit(self) -> None:
        """Make everything since the last commit visible, and finish."""
        self._writer.commit()
        self._writer.wait_merging_threads()


class Sample:
    """Some documents of a pool in memory, on which any question's scores of chance can be worked out exactly.

    Words of one question tend to stand together, so their scores cannot be worked out from document frequencies alone.
    """

    def __init__(self, size: int, postings: dict[str, tuple[Numbers, Scores]]) -> None:
        self.size = size
        self._postings = postings

    def scores(self, token: str) -> tuple[Numbers, Scores] | None:
        """The documents of the sample with a token, and what BM25 gives for it per unit of its weight."""
        return self._postings.get(token)

    def save(self, path: Path) -> None:
        """Write the sample to ``path`` (npz) and its tokens beside it."""
        path.with_suffix(".txt").write_text("\n".join(self._postings), encoding="utf-8")
        documents = [documents for documents, _ in self._postings.values()]
        shares = [shares for _, shares in self._postings.values()]
        np.savez(
            path,
            size=self.size,
            ends=np.cumsum([len(part) for part in documents], dtype=np.int64),
            documents=np.concatenate(documents) if documents else np.zeros(0, np.int64),
            shares=np.concatenate(shares) if shares else np.zeros(0, np.float32),
        )

    @classmethod
    def load(cls, path: Path) -> Sample:
        """Read a sample."""
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        with np.load(path) as stored:
            ends = stored["ends"][:-1]
            parts = zip(np.split(stored["documents"], ends), np.split(stored["shares"], ends), strict=True) if text else ()
            return cls(int(stored["size"]), dict(zip(text.split("\n") if text else (), parts, strict=True)))


class Sampler:
    """Draws an even sample from documents that go by, each as likely as any other (reservoir sampling, seeded)."""

    def __init__(self) -> None:
        self._chance = np.random.default_rng(20)
        self._drawn: list[Words] = []
        self._seen = 0
        self._lengths = [0, 0]

    def add(self, words: Words) -> None:
        """Let a document go by."""
        self._lengths[0] += len(words.tokens)
        self._lengths[1] += len(words.grams)
        self._seen += 1
        if len(self._drawn) < _SAMPLE:
            self._drawn.append(words)
        elif (place := int(self._chance.integers(self._seen))) < _SAMPLE:
            self._drawn[place] = words

    def sample(self) -> Sample:
        """What was drawn."""
        found: dict[str, tuple[list[int], list[float]]] = {}
        for number, words in enumerate(self._drawn):
            for token, share in self._shares(words):
                documents, shares = found.setdefault(token, ([], []))
                documents.append(number)
                shares.append(share)
        postings = {token: (np.array(d, np.int64), np.array(s, np.float32)) for token, (d, s) in found.items()}
        return Sample(len(self._drawn), postings)

    def _shares(self, words: Words) -> Iterator[tuple[str, float]]:
        for mark, tokens, total in zip(("", _GRAM), (words.tokens, words.grams), self._lengths, strict=True):
            average = total / max(self._seen, 1) or 1.0
            for token, count in Counter(tokens).items():
                yield mark + token, count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * len(tokens) / average))


class LexicalPool:
    """The documents of one language, searchable by their words and narrowed by facets."""

    def __init__(self, folder: Path, sample: Sample | None = None) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher = self._index.searcher()
        self._sample = sample or Sample(0, {})

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def frequency(self, token: str, field: str = "text") -> int:
        """In how many documents a token occurs."""
        return int(self._searcher.doc_freq(field, token))

    def weight(self, token: str, field: str = "text") -> float:
        """The inverse document frequency of a token as BM25 counts it; 0 when no document has it."""
        count = self.frequency(token, field)
        return math.log(1 + max(len(self) - count + 0.5, 0.5) / (count + 0.5)) if count else 0.0

    def search(
        self, clauses: Sequence[Clause], *, k: int, grams: Sequence[str] = (), facets: Sequence[Sequence[str]] = ()
    ) -> LexicalScores:
        """The ``k`` best documents for the clauses; of each clause only the best alternative counts. ``grams`` add to it.

        ``facets`` are groups of alternatives: a document needs one of each group.
        """
        weights = {token: self.weight(token) for clause in clauses for tokens in clause for token in tokens}
        heard = [[tokens for tokens in clause if any(map(weights.__getitem__, tokens))] for clause in clauses]
        known = [alternatives for alternatives in heard if alternatives]
        pairs = {gram: weight for gram in dict.fromkeys(grams) if (weight := self.weight(gram, "grams"))}
        missing = (len(clauses) - len(known)) * math.log(1 + (len(self) + 0.5) / 0.5)
        if not known:
            return LexicalScores(ceiling=missing)
        found = self._searcher.search(self._query(known, pairs, facets), limit=k, count=False).hits
        numbers = np.array(self._searcher.fast_field_values("doc", [address for _, address in found]), np.int64)
        order = np.argsort(numbers)
        scores = np.array([score for score, _ in found], np.float32)
        mean, deviation = self._spread(known, pairs, weights)
        # The best documents alone spread the scores by so much, whether the sample has them or, as the newest, has not.
        mean = max(mean, float(scores.sum()) / len(self))
        deviation = max(deviation, math.sqrt(max(float((scores**2).sum()) / len(self) - mean**2, 0.0)))
        best = sum(max(sum(map(weights.__getitem__, tokens)) for tokens in alternatives) for alternatives in known)
        ceiling = best + GRAM_WEIGHT * sum(pairs.values()) + missing
        return LexicalScores(numbers[order], scores[order], mean, deviation, ceiling)

    def _query(
        self, known: Sequence[Sequence[Sequence[str]]], pairs: Iterable[str], facets: Sequence[Sequence[str]]
    ) -> tantivy.Query:
        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        parts = [(should, self._any(alternatives)) for alternatives in known]
        # Side by side with the words, not in a query of their own: in a union of mere terms the engine skips what cannot be among
        # the best.
        terms = (tantivy.Query.term_query(self._schema, "grams", gram, "freq") for gram in pairs)
        parts += [(should, tantivy.Query.boost_query(term, GRAM_WEIGHT)) for term in terms]
        query = tantivy.Query.boolean_query(parts)
        if not facets:
            return query
        groups = [tantivy.Query.term_set_query(self._schema, "facets", list(group)) for group in facets]
        return tantivy.Query.boolean_query(
            [(must, query), *((must, tantivy.Query.const_score_query(group, 0.0)) for group in groups)]
        )

    def _any(self, alternatives: Sequence[Sequence[str]]) -> tantivy.Query:
        each = [self._all(tokens) for tokens in alternatives]
        return each[0] if len(each) == 1 else tantivy.Query.disjunction_max_query(each)

    def _all(self, tokens: Sequence[str]) -> tantivy.Query:
        terms = [tantivy.Query.term_query(self._schema, "text", token, "freq") for token in tokens]
        if len(terms) == 1:
            return terms[0]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])

    def _spread(
        self, known: Sequence[Sequence[Sequence[str]]], pairs: dict[str, float], weights: dict[str, float]
    ) -> tuple[float, float]:
        """Mean and deviation of the scores over the whole pool, as they are on its sample."""
        total = np.zeros(max(self._sample.size, 1), np.float32)
        for alternatives in known:
            total += self._clause(alternatives, weights)
        for gram, weight in pairs.items():
            if found := self._sample.scores(_GRAM + gram):
                total[found[0]] += np.float32(GRAM_WEIGHT * weight) * found[1]
        return float(total.mean()), max(float(total.std()), _LEAST_DEVIATION)

    def _clause(self, alternatives: Sequence[Sequence[str]], weights: dict[str, float]) -> Scores:
        best = np.zeros(max(self._sample.size, 1), np.float32)
        for tokens in alternatives:
            one = np.zeros_like(best)
            for token in tokens:
                if found := self._sample.scores(token):
                    one[found[0]] += np.float32(weights[token]) * found[1]
            np.maximum(best, one, out=best)
        return best
