"""The index: what finding reads. It points at records by key and holds no text of theirs.

    index/
    ├── current            the name of the generation that is read
    ├── generation-N/      tables, words, vector codes; never changed once it is current
    ├── base-M/            what many generations share: Chroma's store, jieba's dictionary, what was learnt
    └── encodings/         the vectors of all texts ever encoded here

A manifest says which records, release and encoder a generation was made from; anything else is refused with the command that
rebuilds it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from retrieval import lexicon
from retrieval.dense import DenseStore, VectorStore
from retrieval.errors import IndexMissing, IndexOutOfDate
from retrieval.floor import Floor, Line
from retrieval.lexical import LexicalPool, Sample
from retrieval.lexicon import Lexicon, Pair
from retrieval.names import NameIndex
from retrieval.segment import Segmenter
from retrieval.sketch import Sketcher
from retrieval.tables import POOLS, Documents, Facets, Mask
from retrieval.vectors import Numbers, VectorFile, Vectors

FORMAT = 7
Progress = Callable[[str, int, int], None]
_MASKS = 64  # combinations of facets that are remembered
_REBUILD = "run 'greenask kb build'"


class Maker(Protocol):
    """What an index must know of the encoder it was made with."""

    name: str
    dimension: int


@dataclass(frozen=True)
class Manifest:
    """What an index was made from, and what was learnt when it was made.

    The first ``built`` documents and ``based`` of the ``rows`` of vectors are those of the last build: they are in the Chroma
    store of ``base``. ``server`` says that the store is a server's.
    """

    fingerprint: str
    embedder: str
    dimension: int
    documents: int
    rows: int
    base: str
    built: int
    based: int
    server: bool = False
    spread: dict[str, list[float]] = field(default_factory=dict)
    floor: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in ``folder``; :class:`IndexMissing` when there is none."""
        try:
            return cls(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise IndexMissing(f"there is no index yet: {_REBUILD}") from error
        except (TypeError, ValueError) as error:
            raise IndexOutOfDate(f"the index was made by another release: {_REBUILD}") from error

    def check(self, fingerprint: str, embedder: Maker, *, server: bool = False) -> None:
        """Refuse an index that was made from other records, with another encoder or for another store."""
        self.check_maker(embedder, server=server)
        if self.fingerprint != fingerprint:
            raise IndexOutOfDate(f"the knowledge base has changed since the index was made: {_REBUILD}")

    def check_maker(self, embedder: Maker, *, server: bool = False) -> None:
        """Refuse an index that this release with this encoder and store could not go on from."""
        if self.format != FORMAT:
            raise IndexOutOfDate(f"the index was made by another release: {_REBUILD}")
        if self.embedder != embedder.name or self.dimension != embedder.dimension:
            raise IndexOutOfDate(
                f"the index was made with the encoder {self.embedder!r}, the setting is {embedder.name!r}: "
                f"{_REBUILD}, or set GREENASK_EMBEDDER back"
            )
        if self.server != server:
            now, then = ("a Chroma server", "the embedded store") if server else ("the embedded store", "a Chroma server")
            raise IndexOutOfDate(f"the index is in {then}, the setting says {now}: {_REBUILD}, or set GREENASK_CHROMA_URL back")


class Index:
    """A generation opened for reading. Its parts load when first used.

    ``chroma_url`` is the server when the store is one; ``glossary`` holds further translations, which count before others.
    """

    def __init__(self, folder: Path, chroma_url: str | None = None, glossary: Sequence[Pair] = ()) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        self.base = folder.parent / self.manifest.base
        self.documents = Documents.load(folder)
        self.floor = _floor(self.manifest.floor)
        self._chroma_url = chroma_url
        self._glossary = glossary
        self._masks: dict[tuple[tuple[str, ...], ...], Mask] = {}

    def successor(self, folder: Path) -> Index:
        """Another generation; what costs most to load is taken over where the base is the same."""
        fresh = Index(folder, self._chroma_url, self._glossary)
        if fresh.base == self.base:
            for name in ("segmenter", "store", "centres", "dictionary", "samples"):
                if name in self.__dict__:
                    fresh.__dict__[name] = self.__dict__[name]
        return fresh

    @cached_property
    def segmenter(self) -> Segmenter:
        """jieba with the terms of the knowledge base."""
        return Segmenter(cache=self.base)

    @cached_property
    def pools(self) -> dict[str, LexicalPool]:
        """The lexical pools by language."""
        return {pool: LexicalPool(self.folder / f"lexical-{pool}", self.samples[pool]) for pool in POOLS}

    @cached_property
    def samples(self) -> dict[str, Sample]:
        """Some documents of each pool, by which the scores of chance are known."""
        return {pool: Sample.load(self.base / f"sample-{pool}.npz") for pool in POOLS}

    @cached_property
    def dense(self) -> DenseStore:
        """The vectors."""
        vectors = VectorFile(self.folder, self.manifest.rows, self.manifest.dimension, Sketcher.load(self.base / "sketcher.npz"))
        return DenseStore(lambda: self.store, vectors, self.documents, self.manifest.based)

    @cached_property
    def store(self) -> VectorStore:
        """The Chroma store of the base."""
        return VectorStore(self.base / "chroma", store_name(self.base), self._chroma_url)

    @cached_property
    def centres(self) -> dict[str, Vectors]:
        """What is subtracted from the questions of each language."""
        return dict(zip(POOLS, np.load(self.base / "centres.npy")[1], strict=True))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The bilingual lexicon."""
        learnt = self.learnt
        found = learnt.joined(self.dictionary) if learnt else self.dictionary
        return found.led_by(self._own_terms()) if self._glossary else found

    def _own_terms(self) -> Lexicon:
        """The glossary, as far as its words occur in the documents."""
        tokens = {token for en, zh in self._glossary for text in (en, zh) for token in self.segmenter.tokens(text)}
        known = {pool: {token for token in tokens if self.pools[pool].frequency(token)} for pool in POOLS}
        return lexicon.build(self._glossary, self.segmenter, known)

    @cached_property
    def dictionary(self) -> Lexicon:
        """The lexicon as of the base."""
        return Lexicon(**read_json(self.base / "lexicon.json"))

    @property
    def learnt(self) -> Lexicon | None:
        """What has come to the lexicon since."""
        path = self.folder / "lexicon.json"
        return Lexicon(**read_json(path)) if path.exists() else None

    @cached_property
    def names(self) -> NameIndex:
        """The names of all records."""
        return NameIndex.open(self.folder)

    @cached_property
    def words(self) -> list[str]:
        """English words that occur in the documents, for mending slips."""
        return (self.folder / "words.txt").read_text(encoding="utf-8").split("\n")

    @cached_property
    def facets(self) -> Facets:
        """Which documents have which facet."""
        return Facets.load(self.folder)

    def mask(self, facets: Sequence[Sequence[str]] = ()) -> Mask | None:
        """Which documents count and have one facet token of each group; None when all do."""
        if not facets:
            return self.documents.alive if self.documents.dead else None
        groups = tuple(tuple(group) for group in facets)
        if groups not in self._masks:
            if len(self._masks) >= _MASKS:
                self._masks.clear()
            self._masks[groups] = self.facets.mask(groups, len(self.documents)) & self.documents.alive
        return self._masks[groups]

    def allowed(self, facets: Sequence[Sequence[str]]) -> Numbers:
        """The numbers of those documents."""
        mask = self.mask(facets)
        return np.arange(len(self.documents)) if mask is None else np.flatnonzero(mask)

    def keys(self, facets: Sequence[Sequence[str]]) -> list[str]:
        """The keys of the records with one facet token of each group."""
        return list(dict.fromkeys(self.documents.keys[number] for number in self.allowed(facets).tolist()))


def store_name(base: Path) -> str:
    """What the collections of a base are called: its name and, as servers are shared, a mark of its own."""
    mark = (base / "mark").read_text(encoding="utf-8") if (base / "mark").exists() else "x"
    return f"greenask-{mark}-{base.name}"


def read_json(path: Path) -> Any:
    """The data in a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Write data to a JSON file."""
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def read_records(folder: Path) -> list[str]:
    """Key and digest of each record a generation was made from."""
    text = (folder / "records.txt").read_text(encoding="utf-8")
    return text.split("\n") if text else []


def write_records(folder: Path, records: Iterable[str]) -> None:
    """Write key and digest of each record a generation is made from."""
    (folder / "records.txt").write_text("\n".join(records), encoding="utf-8")


def current(home: Path) -> Path:
    """The folder of the generation that is read under ``home``."""
    pointer = home / "current"
    if not pointer.exists():
        raise IndexMissing(f"there is no index yet: {_REBUILD}")
    return home / pointer.read_text(encoding="utf-8").strip()


def next_number(home: Path, kind: str) -> int:
    """The number for the next folder of a kind."""
    return max((int(path.name.split("-")[1]) for path in home.glob(f"{kind}-*")), default=0) + 1


def make_current(home: Path, folder: Path) -> list[str]:
    """Have ``folder`` read from now on. The generation before stays for those who have it open, until the next one.

    Returns the bases that went with the generations that were cleared away.
    """
    before = (home / "current").read_text(encoding="utf-8").strip() if (home / "current").exists() else ""
    (home / "current.new").write_text(folder.name, encoding="utf-8")
    (home / "current.new").replace(home / "current")
    kept = {folder.name, before}
    for old in home.glob("generation-*"):
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
    used = {read_json(path)["base"] for path in home.glob("generation-*/manifest.json")}
    gone = []
    for old in home.glob("base-*"):
        if old.name not in used:
            gone.append(store_name(old))
            shutil.rmtree(old, ignore_errors=True)
    return gone


def _floor(stored: dict[str, Any]) -> Floor:
    if not stored:
        return Floor()
    return Floor(Line(**stored["domain"]), Line(**stored["answer"]), stored["threshold"])
