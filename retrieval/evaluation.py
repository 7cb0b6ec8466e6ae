"""Evaluation: how well a ranker finds, by language of the question and of what it is to find.

What is measured is what serves users: the documents of a data set are indexed and asked for by the same code as records are.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from retrieval.beir import DataSet, Item
from retrieval.build import Contents, build
from retrieval.documents import Document
from retrieval.embed import Embedder
from retrieval.index import Index, Progress
from retrieval.measures import Judged, average_precision, ndcg, recall, reciprocal_rank
from retrieval.retriever import HybridRetriever, Query

LANGUAGES = ("en", "zh")
# The language of the question, then that of the documents.
DIRECTIONS = (("en", "en"), ("zh", "zh"), ("en", "zh"), ("zh", "en"))
DEPTH = 1000
_KEY = "text/"

Values = dict[str, float]


class Ranker(Protocol):
    """Anything that puts the documents of a data set in an order."""

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """Ids of documents, best first: those of one language, or of both when ``pool`` is None."""
        ...


@dataclass(frozen=True)
class Served:
    """The retriever as users have it: a language is asked for by a facet, as a country is."""

    retriever: HybridRetriever

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """Ids of documents, best first."""
        query = Query(question.text, question.lang, ((f"lang:{pool}",),) if pool else ())
        return [hit.key.removeprefix(_KEY) for hit in self.retriever.find(query, k=DEPTH).hits]


@dataclass(frozen=True)
class Measured:
    """What was measured: in each direction, over the documents of one language; ``mixed``, over all of them, by the language

    of the question. A language that a data set does not have is not in it.
    """

    directions: Mapping[str, Values]
    mixed: Mapping[str, Values]

    @property
    def parity_gap(self) -> float | None:
        """How far apart asking in one language and in the other are, over all documents; None when one language is missing."""
        if set(self.mixed) != set(LANGUAGES):
            return None
        return abs(self.mixed["zh"]["map"] - self.mixed["en"]["map"])

    def as_json(self) -> dict[str, Any]:
        """The measures as they are printed for programs."""
        return {"directions": dict(self.directions), "mixed": dict(self.mixed), "parity_gap": self.parity_gap}


def documents(data: DataSet) -> Iterator[Document]:
    """The documents of a data set as an index takes them; without a title, the text is all there is."""
    for item in data.documents:
        yield Document(_KEY + item.id, item.lang, item.title, (item.text,) if item.text else (), (f"lang:{item.lang}",))


@contextmanager
def indexed(data: DataSet, embedder: Embedder, progress: Progress = lambda *_: None) -> Iterator[HybridRetriever]:
    """A retriever over the documents of a data set, its index in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="greenask-eval-", ignore_cleanup_errors=True) as folder:
        path = build(Path(folder), Contents(documents(data), size=len(data.documents)), embedder, progress)
        yield HybridRetriever(Index(path), embedder)


def measure(data: DataSet, ranker: Ranker, asked: Callable[[int, int], None] = lambda *_: None) -> Measured:
    """Ask every question in each direction and over all documents; ``asked`` is told how many of how many are done.

    A question counts where there is something to find for it: in a direction, a relevant document of that language.
    """
    languages = {item.id: item.lang for item in data.documents}
    directions: dict[tuple[str, str], list[Values]] = defaultdict(list)
    mixed: dict[str, list[Values]] = defaultdict(list)
    for number, question in enumerate(data.questions):
        asked(number, len(data.questions))
        judged = data.judgements[question.id]
        for pool in LANGUAGES:
            within = {document: gain for document, gain in judged.items() if languages[document] == pool}
            if any(gain > 0 for gain in within.values()):
                directions[question.lang, pool].append(_in_a_direction(ranker.rank(question, pool), within))
        mixed[question.lang].append(_mixed(ranker.rank(question, None), judged))
    return Measured(
        {f"{lang}-{pool}": _mean(directions[lang, pool]) for lang, pool in DIRECTIONS if (lang, pool) in directions},
        {lang: _mean(mixed[lang]) for lang in LANGUAGES if lang in mixed},
    )


def _in_a_direction(ranked: list[str], judged: Judged) -> Values:
    return {
        "recall@1": recall(ranked, judged, 1),
        "mrr@10": reciprocal_rank(ranked, judged, 10),
        "ndcg@10": ndcg(ranked, judged, 10),
    }


def _mixed(ranked: list[str], judged: Judged) -> Values:
    return {"map": average_precision(ranked, judged), "recall@10": recall(ranked, judged, 10)}


def _mean(values: Iterable[Values]) -> Values:
    rows = list(values)
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
