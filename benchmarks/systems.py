"""What is measured: GreenAsk, and brute force as the floor. The peers are in modules of their own, as their packages are heavy.

Every system reads the same documents out of the same database, is handed vectors by the same encoder, and keeps what it
makes in a folder of its own.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.encoder import CachedEncoder
from benchmarks.questions import Asked
from bot import bootstrap
from bot.settings import Settings
from knowledge.records import LANGUAGES, Listing
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import PARTS
from retrieval.documents import Document, document, documents, related
from retrieval.retriever import HybridRetriever, Query
from retrieval.views import views_of

DEPTH = 50  # how many documents each leg of a hybrid peer brings
FACETS = ("country", "sector", "kind", "stage")
SYSTEMS = {
    "greenask": "benchmarks.systems:GreenAsk",
    "langchain": "benchmarks.langchain_peer:LangChainEnsemble",
    "haystack": "benchmarks.haystack_peer:HaystackInMemory",
    "haystack-chroma": "benchmarks.haystack_peer:HaystackChroma",
    "numpy": "benchmarks.systems:BruteForce",
}


class PeerMissing(Exception):
    """A system whose packages are not installed."""


@dataclass(frozen=True)
class Place:
    """Where a system works: the folder that is its own, the database to start from, and the stored vectors."""

    folder: Path
    database: Path
    vectors: Path

    def settings(self) -> Settings:
        """Settings by which GreenAsk works in this folder with the stored vectors."""
        return Settings(data_dir=self.folder, embedder=f"benchmarks.encoder:CachedEncoder?folder={self.vectors}")

    def copy_database(self) -> None:
        """Give the system a database of its own, to read and to change."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.database, self.folder / "knowledge.db")

    def open_kb(self) -> KnowledgeBase:
        """The system's own database."""
        return bootstrap.open_kb(self.settings())


class System(Protocol):
    """Something that finds listings. ``find`` gives the keys of at most ten records, best first, having fetched their texts."""

    def build(self) -> None:
        """Make the index from the database."""
        ...

    def open(self) -> None:
        """Do what a new process has to do before the first question."""
        ...

    def find(self, asked: Asked) -> list[str]:
        """The keys of the ten best records."""
        ...

    def change(self, saved: Sequence[Listing], gone: Sequence[str]) -> None:
        """Take listings in (new ones, or others under ids there are) and out, so that the next question sees it."""
        ...


def make_system(name: str, place: Place) -> System:
    """The system of that name; :class:`PeerMissing` says which package it lacks."""
    module, _, kind = SYSTEMS[name].partition(":")
    try:
        made: System = getattr(importlib.import_module(module), kind)(place)
    except ImportError as error:
        raise PeerMissing(f"{name}: {error}; install the bench group: uv pip install --group bench") from error
    return made


def documents_of(kb: KnowledgeBase, listings: Iterable[Listing]) -> list[Document]:
    """The documents of a few listings."""
    linked = related(kb)
    return [document(listing, lang, linked) for listing in listings for lang in LANGUAGES if listing.exactly("name", lang)]


def text_of(item: Document) -> str:
    """The text of a document as the other systems get it: the very text that GreenAsk's vector is made of."""
    return views_of(item).heads[0]


def facets_of(item: Document) -> dict[str, str]:
    """The facets of a document as other systems keep them: one value each."""
    found: dict[str, str] = {}
    for token in item.facets:
        facet, _, value = token.partition(":")
        # The document of a part of a country has the whole as well; its own code is the one the whole does not stand for.
        if facet in FACETS and (facet not in found or found[facet] in PARTS):
            found[facet] = value
    return found


def values_of(facet: str, value: str) -> list[str]:
    """The values by which other systems have to filter to mean the same."""
    return list(PARTS.get(value, (value,))) if facet == "country" else [value]


def distinct(keys: Iterable[str], count: int = 10) -> list[str]:
    """The first keys, each once: a record may have been found in both languages."""
    return list(dict.fromkeys(keys))[:count]


class GreenAsk:
    """This project, by the entry points that serve its users."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.reopened = 0  # how often
        self._kb: KnowledgeBase | None = None
        self._retriever: HybridRetriever | None = None

    def build(self) -> None:
        """Build the index."""
        bootstrap.build(self.place.settings(), self.kb)

    def open(self) -> None:
        """Open the index."""
        self._retriever = bootstrap.open_retriever(self.place.settings(), self.kb)

    def find(self, asked: Asked) -> list[str]:
        """Find, and fetch the records."""
        if self._retriever is None:
            self.open()
        assert self._retriever is not None
        query = Query(asked.text, asked.lang, tuple((f"{facet}:{value}",) for facet, value in asked.facets))
        hits = self._retriever.find(query, k=10).hits
        return [record.key for record in self.kb.fetch([hit.key for hit in hits])]

    def change(self, saved: Sequence[Listing], gone: Sequence[str]) -> None:
        """Change the database and bring the index up to date."""
        if saved:
            self.kb.save(saved, origin="import")
        if gone:
            self.kb.delete(gone)
        bootstrap.build(self.place.settings(), self.kb)

    def reopen(self) -> None:
        """Open the index anew, for an index that does not notice that it was replaced."""
        self.reopened += 1
        self.open()

    @property
    def kb(self) -> KnowledgeBase:
        """The knowledge base."""
        self._kb = self._kb or self.place.open_kb()
        return self._kb


@dataclass(frozen=True)
class Column:
    """One value of each document, as the place of its name in ``names``."""

    names: list[str]
    codes: Any

    @classmethod
    def of(cls, values: Sequence[str]) -> Column:
        """A column of these values."""
        names, codes = np.unique(values, return_inverse=True)
        return cls(names.tolist(), codes)

    def among(self, values: Sequence[str]) -> Any:
        """Which documents have one of the values."""
        return np.asarray([name in values for name in self.names])[self.codes]


class BruteForce:
    """The floor: one matrix, one product, no words. Finds by meaning alone and misses nothing that vectors can tell."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.encoder = CachedEncoder(str(place.vectors))
        self._keys: list[str] = []
        self._matrix = np.zeros((0, 512), dtype=np.float32)
        self._facets: dict[str, Column] = {}
        self._kb: KnowledgeBase | None = None

    def build(self) -> None:
        """Stack the vectors and write them down."""
        kb = self.place.open_kb()
        found = list(documents(kb))
        parts = [
            self.encoder.embed([text_of(item) for item in found[start : start + 4096]]) for start in range(0, len(found), 4096)
        ]
        self._take([item.key for item in found], np.concatenate(parts), [facets_of(item) for item in found])
        np.save(self.place.folder / "matrix.npy", self._matrix)
        (self.place.folder / "keys.json").write_text(
            json.dumps([self._keys, {facet: [column.names, column.codes.tolist()] for facet, column in self._facets.items()}]),
            encoding="utf-8",
        )

    def open(self) -> None:
        """Read the matrix."""
        self._matrix = np.load(self.place.folder / "matrix.npy")
        self._keys, facets = json.loads((self.place.folder / "keys.json").read_text(encoding="utf-8"))
        self._facets = {facet: Column(names, np.asarray(codes)) for facet, (names, codes) in facets.items()}
        self._kb = self.place.open_kb()

    def find(self, asked: Asked) -> list[str]:
        """Score everything."""
        scores = self._matrix @ self.encoder.embed([asked.text])[0]
        for facet, value in asked.facets:
            scores[~self._facets[facet].among(values_of(facet, value))] = -2.0
        best = np.argpartition(-scores, min(DEPTH, len(scores) - 1))[:DEPTH]
        best = best[np.argsort(-scores[best])]
        assert self._kb is not None
        keys = distinct(self._keys[place] for place in best if scores[place] > -2.0)
        return [record.key for record in self._kb.fetch(keys)]

    def change(self, saved: Sequence[Listing], gone: Sequence[str]) -> None:
        """Copy the matrix with the changes."""
        assert self._kb is not None
        out = {*gone, *(listing.key for listing in saved)}
        kept = np.asarray([place for place, key in enumerate(self._keys) if key not in out])
        found = documents_of(self._kb, saved)
        rows = [{facet: column.names[column.codes[place]] for facet, column in self._facets.items()} for place in kept]
        new = self.encoder.embed([text_of(item) for item in found]) if found else np.zeros((0, 512), dtype=np.float32)
        self._take(
            [*(self._keys[place] for place in kept), *(item.key for item in found)],
            np.concatenate([self._matrix[kept], new]),
            [*rows, *map(facets_of, found)],
        )
        if saved:
            self._kb.save(saved, origin="import")
        if gone:
            self._kb.delete(gone)

    def _take(self, keys: list[str], matrix: Any, rows: Sequence[dict[str, str]]) -> None:
        self._keys, self._matrix = keys, matrix
        self._facets = {facet: Column.of([row.get(facet, "") for row in rows]) for facet in FACETS}


def in_batches(items: Sequence[Any], size: int, take: Callable[[Sequence[Any]], object]) -> None:
    """Hand items on a batch at a time."""
    for start in range(0, len(items), size):
        take(items[start : start + size])
