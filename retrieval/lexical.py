"""Lexical search: one BM25 pool per language (tantivy), each with its own statistics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tantivy

# A question's word as alternatives of tokens: [["热泵"]] for a word as asked, [["heat", "pump"], ["calor"]] for translations.
Clause = Sequence[Sequence[str]]


# How much scores of documents that have a word differ by its count and their length, as a share of the squared weight.
_DISPERSION = 0.3
# Words that nearly every document has tell nothing apart; without this their tiny differences would be blown up.
_LEAST_DEVIATION = 0.5


@dataclass(frozen=True)
class LexicalScores:
    """BM25 scores of the best documents of one pool, with what the whole pool would score on this question.

    ``mean`` and ``deviation`` describe the scores of *all* documents, the zeros included, so that scores of different
    questions and pools can be standardised. ``ceiling`` is what a document with every word of the question would reach.
    """

    scores: dict[int, float] = field(default_factory=dict)
    mean: float = 0.0
    deviation: float = 1.0
    ceiling: float = 0.0

    def standardised(self, doc: int) -> float:
        """The score of ``doc`` in deviations above the mean of its pool."""
        return (self.scores.get(doc, 0.0) - self.mean) / self.deviation

    def coverage(self, doc: int) -> float:
        """The share of the question's weight that ``doc`` has, 0 to 1."""
        return min(1.0, self.scores.get(doc, 0.0) / self.ceiling) if self.ceiling else 0.0


def _schema() -> tantivy.Schema:
    return (
        tantivy.SchemaBuilder()
        .add_unsigned_field("doc", stored=False, indexed=True, fast=True)
        .add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        .add_text_field("facets", tokenizer_name="whitespace", index_option="basic")
        .build()
    )


class LexicalPool:
    """The documents of one language, searchable by their tokens and narrowed by facets."""

    def __init__(self, folder: Path) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher = self._index.searcher()

    @classmethod
    def build(cls, folder: Path, documents: Iterable[tuple[int, Sequence[str], Sequence[str]]]) -> LexicalPool:
        """Write a pool from (document number, tokens, facet tokens) triples."""
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for number, tokens, facets in documents:
            document = tantivy.Document(text=" ".join(tokens), facets=" ".join(facets))
            document.add_unsigned("doc", number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return cls(folder)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def frequency(self, token: str) -> int:
        """In how many documents a token occurs."""
        return int(self._searcher.doc_freq("text", token))

    def weight(self, token: str) -> float:
        """The inverse document frequency of a token as BM25 counts it; 0 when no document has it."""
        count = self.frequency(token)
        return math.log(1 + (len(self) - count + 0.5) / (count + 0.5)) if count else 0.0

    def search(self, clauses: Sequence[Clause], *, k: int, facets: Sequence[Sequence[str]] = ()) -> LexicalScores:
        """The ``k`` best documents for the clauses; of each clause only the best alternative counts.

        ``facets`` are groups of alternatives: a document needs one of each group.
        """
        known = [alternatives for clause in clauses if (alternatives := self._known(clause))]
        if not known:
            return LexicalScores(ceiling=self._missing(clauses))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._any(alternatives)) for alternatives in known])
        if facets:
            must = [(tantivy.Occur.Must, tantivy.Query.term_set_query(self._schema, "facets", list(group))) for group in facets]
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), *((occur, tantivy.Query.const_score_query(q, 0.0)) for occur, q in must)]
            )
        found = self._searcher.search(query, limit=k, count=False).hits
        numbers = self._searcher.fast_field_values("doc", [address for _, address in found])
        mean, deviation = self._spread(known)
        return LexicalScores(
            {int(number or 0): float(score) for number, (score, _) in zip(numbers, found, strict=True)},
            mean,
            deviation,
            sum(max(self._worth(tokens) for tokens in alternatives) for alternatives in known) + self._missing(clauses),
        )

    def _known(self, clause: Clause) -> list[Sequence[str]]:
        return [tokens for tokens in clause if any(self.frequency(token) for token in tokens)]

    def _worth(self, tokens: Sequence[str]) -> float:
        # What a document of average length that has each token once scores: the sum of the weights.
        return sum(self.weight(token) for token in tokens)

    def _missing(self, clauses: Sequence[Clause]) -> float:
        """The weight of words that no document has: as rare as a word can be."""
        rarest = math.log(1 + (len(self) + 0.5) / 0.5)
        return sum(rarest for clause in clauses if not self._known(clause))

    def _any(self, alternatives: Sequence[Sequence[str]]) -> tantivy.Query:
        each = [self._all(tokens) for tokens in alternatives]
        return each[0] if len(each) == 1 else tantivy.Query.disjunction_max_query(each)

    def _all(self, tokens: Sequence[str]) -> tantivy.Query:
        terms = [tantivy.Query.term_query(self._schema, "text", token, "freq") for token in tokens]
        if len(terms) == 1:
            return terms[0]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])

    def _spread(self, known: Sequence[Sequence[Sequence[str]]]) -> tuple[float, float]:
        """Mean and deviation of the scores over the whole pool, estimated from document frequencies.

        A clause hits a share p of the documents with about its weight w, more or less by how often and in how long a text it
        stands; taking clauses as independent, the mean is the sum of p·w and the variance that of p·w²·(1 + d) - p²·w².
        """
        total = max(len(self), 1)
        mean = variance = 0.0
        for alternatives in known:
            best = max(alternatives, key=self._worth)
            share = min(1.0, sum(self.frequency(token) for token in best) / total)
            worth = self._worth(best) / max(1, len(best)) ** 0.5
            mean += share * worth
            variance += share * worth * worth * (1 + _DISPERSION - share)
        return mean, max(variance**0.5, _LEAST_DEVIATION)
