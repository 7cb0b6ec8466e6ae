"""What people would otherwise use, with the same texts, words and encoder: pooled BM25, dense search alone, RRF of the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from retrieval.beir import DataSet, Item
from retrieval.embed import Embedder, embed_questions, embed_whole
from retrieval.evaluation import DEPTH, Ranker
from retrieval.index import Progress
from retrieval.language import clean, simplified
from retrieval.segment import Segmenter
from retrieval.vectors import Vectors

NAMES = ("bm25", "dense", "rrf")
_BATCH = 256
_RRF_K = 60


class PooledBM25:
    """One BM25 pool over the documents of both languages, in memory; words are cut as the product cuts them."""

    def __init__(self, data: DataSet, segmenter: Segmenter) -> None:
        import tantivy

        self._tantivy: Any = tantivy
        self._segmenter = segmenter
        self._schema = (
            tantivy.SchemaBuilder()
            .add_text_field("text", tokenizer_name="whitespace", index_option="freq")
            .add_text_field("lang", tokenizer_name="raw", index_option="basic")
            .add_unsigned_field("number", stored=False, indexed=True, fast=True)
            .build()
        )
        index = tantivy.Index(self._schema)
        writer = index.writer(num_threads=1)
        for number, item in enumerate(data.documents):
            tokens = segmenter.tokens(f"{item.title}\n{item.text}")
            document = tantivy.Document(text=" ".join(tokens), lang=item.lang)
            document.add_unsigned("number", number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._ids = [item.id for item in data.documents]

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """Ids of documents that share a word with the question, best first."""
        terms = [self._term("text", token) for token in dict.fromkeys(self._segmenter.tokens(question.text))]
        if not terms:
            return []
        query, occur = self._tantivy.Query, self._tantivy.Occur
        wanted = query.boolean_query([(occur.Should, term) for term in terms])
        if pool:
            within = query.const_score_query(self._term("lang", pool), 0.0)
            wanted = query.boolean_query([(occur.Must, wanted), (occur.Must, within)])
        found = self._searcher.search(wanted, limit=DEPTH, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in found])
        return [self._ids[int(number or 0)] for number in numbers]

    def _term(self, field: str, token: str) -> Any:
        return self._tantivy.Query.term_query(self._schema, field, token, "freq" if field == "text" else "basic")


class DenseAlone:
    """The whole text as the mean of its windows' vectors, as the encoder gives them, compared by cosine with every document."""

    def __init__(self, data: DataSet, embedder: Embedder, progress: Progress = lambda *_: None) -> None:
        self._embedder = embedder
        self._ids = np.array([item.id for item in data.documents], dtype=object)
        self._languages = np.array([item.lang for item in data.documents])
        self._vectors = _whole([f"{item.title} {item.text}" for item in data.documents], embedder, progress)
        self._scores = lru_cache(maxsize=16)(self._compare)

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """Ids of documents, best first."""
        rows = np.flatnonzero(self._languages == pool) if pool else np.arange(len(self._ids))
        best = rows[np.argsort(-self._scores(question.text)[rows], kind="stable")[:DEPTH]]
        return [str(id_) for id_ in self._ids[best]]

    def _compare(self, text: str) -> Vectors:
        scores: Vectors = self._vectors @ embed_questions(self._embedder, [simplified(clean(text)) or " "])[0]
        return scores


@dataclass(frozen=True)
class ReciprocalRankFusion:
    """The ranks of several rankers joined: a document scores the sum of 1 / (60 + rank) (Cormack, Clarke and Büttcher 2009)."""

    legs: Sequence[Ranker]

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """Ids of documents that any leg found, best first."""
        scores: dict[str, float] = defaultdict(float)
        for leg in self.legs:
            for rank, document in enumerate(leg.rank(question, pool), 1):
                scores[document] += 1 / (_RRF_K + rank)
        return sorted(scores, key=lambda document: (-scores[document], document))[:DEPTH]


def baselines(
    data: DataSet, segmenter: Segmenter, embedder: Embedder, progress: Progress = lambda *_: None
) -> Mapping[str, Ranker]:
    """The baselines over a data set, by name."""
    bm25, dense = PooledBM25(data, segmenter), DenseAlone(data, embedder, progress)
    return dict(zip(NAMES, (bm25, dense, ReciprocalRankFusion((bm25, dense))), strict=True))


def _whole(texts: Sequence[str], embedder: Embedder, progress: Progress = lambda *_: None) -> Vectors:
    """A vector for each text: the mean over its windows."""
    # Folded to simplified characters as the product does, or the baselines would be asked in another voice.
    folded = [simplified(clean(text)) or " " for text in texts]
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        progress("baseline_vectors", start, len(texts))
        vectors[start : start + _BATCH] = embed_whole(embedder, folded[start : start + _BATCH])
    return vectors
