"""Building an index from documents, and bringing one up to date with those that changed.

A build can be broken off at any moment and taken up again: texts that were encoded stay encoded, vectors that are in Chroma stay
there, and the generation that is read stays whole until the new one takes its place.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from retrieval import calibration, dense, lexicon, vectors
from retrieval.dense import VectorStore
from retrieval.documents import Document
from retrieval.embed import Embedder
from retrieval.encodings import Encoder, Encodings, digest
from retrieval.errors import IndexOutOfDate
from retrieval.index import (
    FORMAT,
    Index,
    Manifest,
    Progress,
    current,
    make_current,
    next_number,
    read_json,
    store_name,
    write_json,
    write_records,
)
from retrieval.language import fold
from retrieval.lexical import LexicalWriter, Sampler, Words
from retrieval.name_table import NAMES, Name, amend
from retrieval.names import NameIndex
from retrieval.segment import Segmenter, stopwords, write_dictionary
from retrieval.sketch import Sketcher
from retrieval.tables import POOLS, Documents, Facets
from retrieval.vectors import CODES, SCALES, SKETCHES, VectorFile, Vectors
from retrieval.views import views_of

_WORD = re.compile(r"[a-z][a-z'-]{3,}")
# Tuned on the public sets xquad, sdg and elle: see docs/evaluation.md.
ASKED_SHARE = 0.85
_FEW = 20
_CHUNK = 2_000
_ROWS = 8_192
_SKETCHED = 4_000  # documents from which the directions of sketches are learnt
_MANY = 5_000  # documents from which jieba's fast twin pays


def _silent(*_: object) -> None:
    return


@dataclass
class Contents:
    """What an index is to be built from. ``documents`` may be a stream; ``size`` is about how many there are,
    ``records`` the states of all records, from which later changes are told.
    """

    documents: Iterable[Document]
    fingerprint: str = ""
    pairs: Iterable[tuple[str | None, str | None]] = ()
    names: NameIndex = field(default_factory=NameIndex)
    size: int = 0
    records: Sequence[str] = ()


@dataclass
class Update:
    """What changed since an index was made: ``stale`` records lose their documents, ``documents`` are taken in."""

    stale: Sequence[str]
    documents: Sequence[Document]
    fingerprint: str
    pairs: Sequence[tuple[str | None, str | None]] = ()
    names: Sequence[Name] = ()
    records: Sequence[str] = ()


def build(
    home: Path, contents: Contents, embedder: Embedder, progress: Progress = _silent, *, chroma_url: str | None = None
) -> Path:
    """Build an index under ``home`` and make it the current one."""
    with _locked(home):
        base = _base(home, contents.fingerprint, embedder, chroma_url)
        folder = _fresh(home)
        if chroma_url:  # a server that does not answer is told of now, not after hours of encoding
            _store(base, chroma_url)
        builder = _Builder(folder, base, Encodings(home / "encodings", embedder), progress)
        builder.read(contents)
        manifest = builder.embed(contents.fingerprint, chroma_url)
        write_json(folder / "manifest.json", asdict(manifest))
        progress("floor", 0, 1)
        # Learning opens the generation where it will be.
        folder = folder.rename(home / f"generation-{next_number(home, 'generation')}")
        write_json(folder / "manifest.json", asdict(_learn(folder, builder.encodings, chroma_url)))
        (base / "plan.json").unlink()
        _clear(home, folder, base, chroma_url)
        return folder


def update(home: Path, change: Update, embedder: Embedder, *, chroma_url: str | None = None) -> Path:
    """Make a new generation in which the changed documents stand in for the stale ones, and make it the current one.

    Nothing is rebuilt: words and codes are added to links of the old files, and the new vectors are compared one by one until the
    next build puts them into Chroma.
    """
    with _locked(home):
        before = Index(current(home), chroma_url)
        before.manifest.check_maker(embedder, server=chroma_url is not None)
        folder = _fresh(home)
        _link(before.folder, folder)
        manifest = _changed(folder, before, change, Encodings(home / "encodings", embedder))
        write_json(folder / "manifest.json", asdict(manifest))
        folder = folder.rename(home / f"generation-{next_number(home, 'generation')}")
        _clear(home, folder, before.base, chroma_url)
        return folder


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / "build.lock").acquire(timeout=0):
            yield
    except Timeout as error:
        raise IndexOutOfDate(f"another process is building the index in {home}: wait for it, then ask again") from error


def _fresh(home: Path) -> Path:
    folder = home / "building"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _base(home: Path, fingerprint: str, embedder: Embedder, chroma_url: str | None) -> Path:
    """The base to build on: one that was broken off on the way to the same index, or a new one."""
    said = f"{FORMAT}\0{fingerprint}\0{embedder.name}\0{chroma_url}"
    plan = hashlib.blake2b(said.encode(), digest_size=16).hexdigest() if fingerprint else secrets.token_hex(16)
    # A number that was used is not used again: a process that opened what was there would go on with it.
    number = next_number(home, "base")
    for left in home.glob("base-*"):
        if (left / "plan.json").exists():
            if read_json(left / "plan.json") == plan:
                return left
            if chroma_url:
                _store(left, chroma_url).drop([store_name(left)])
            shutil.rmtree(left)
    base = home / f"base-{number}"
    base.mkdir()
    (base / "mark").write_text(secrets.token_hex(4), encoding="utf-8")
    write_json(base / "plan.json", plan)
    return base


def _clear(home: Path, folder: Path, base: Path, chroma_url: str | None) -> None:
    gone = make_current(home, folder)
    if gone and chroma_url:
        _store(base, chroma_url).drop(gone)


def _store(base: Path, chroma_url: str | None) -> VectorStore:
    return VectorStore(base / "chroma", store_name(base), chroma_url)


class _Builder:
    """The steps of a build, and what they hand on."""

    def __init__(self, folder: Path, base: Path, encodings: Encodings, progress: Progress) -> None:
        self.folder = folder
        self.base = base
        self.encodings = encodings
        self.progress = progress
        self.documents = Documents()
        self.views: list[bytes] = []

    def read(self, contents: Contents) -> None:
        """One pass over the documents: words into the pools, facets into the postings, texts to the encoder."""
        pairs = list(contents.pairs)
        self.progress("dictionary", 0, 1)
        write_dictionary([zh for _, zh in pairs if zh], self.base)
        segmenter = Segmenter(cache=self.base, fast=contents.size >= _MANY)
        known: dict[str, set[str]] = {pool: set() for pool in POOLS}
        plain: set[str] = set()
        writers = {pool: LexicalWriter(self.folder / f"lexical-{pool}") for pool in POOLS}
        samplers = {pool: Sampler() for pool in POOLS}
        facets = Facets()
        encoder = Encoder(
            self.encodings,
            processes=os.cpu_count() or 1,
            expected=contents.size,
            done=lambda count: self.progress("vectors", count, max(contents.size, count)),
        )
        # Words are counted while other processes encode; one process does the one after the other.
        with encoder:
            stream = iter(contents.documents)
            while chunk := list(islice(stream, _CHUNK)):
                for document in chunk:
                    words = words_of(document, segmenter)
                    number = self._note(document, encoder)
                    writers[document.lang].add(number, words, document.facets)
                    samplers[document.lang].add(words)
                    known[document.lang].update(words.tokens)
                    facets.add(number, document.facets)
                    plain |= plain_words(document)
                self.progress("words", len(self.documents), max(contents.size, len(self.documents)))
        for pool in POOLS:
            writers[pool].commit()
            samplers[pool].sample().save(self.base / f"sample-{pool}.npz")
        self.documents.save(self.folder)
        facets.save(self.folder)
        contents.names.save(self.folder)
        write_records(self.folder, contents.records)
        (self.folder / "words.txt").write_text("\n".join(sorted(plain)), encoding="utf-8")
        self.progress("lexicon", 0, 1)
        words_known = lexicon.build([*lexicon.own_terms(pairs), *lexicon.glossary(), *lexicon.dictionary()], segmenter, known)
        write_json(self.base / "lexicon.json", vars(words_known))

    def _note(self, document: Document, encoder: Encoder) -> int:
        views = views_of(document)
        encoder.want(views.all)
        self.views += map(digest, views.all)
        return self.documents.add(document.key, document.lang, document.digest(), len(views.heads), len(views.all))

    def embed(self, fingerprint: str, chroma_url: str | None) -> Manifest:
        """The vectors of all views, centred, as codes and in Chroma."""
        documents, embedder = self.documents, self.encodings.embedder
        rows = self.encodings.rows(self.views)
        wholes = rows[documents.starts[:-1]]
        spoken = [POOLS[number] for number in documents.pool_of]
        asked = calibration.question_vectors(self.encodings)
        counts = {pool: spoken.count(pool) for pool in POOLS}
        centres = _centres(_means(self.encodings, wholes, spoken), asked, counts)
        np.save(self.base / "centres.npy", centres)
        pool_of_row = documents.pool_of[documents.owners]

        def batches() -> Iterator[Vectors]:
            for start in range(0, len(rows), _ROWS):
                raw = self.encodings.vectors(rows[start : start + _ROWS])
                yield dense.centred(raw, centres[0][pool_of_row[start : start + _ROWS]])

        sketcher = self._sketcher(wholes, centres[0], pool_of_row[documents.starts[:-1]])
        count = vectors.write(self.folder, batches(), at=0, dimension=embedder.dimension, sketcher=sketcher)
        store = _store(self.base, chroma_url)
        codes = VectorFile(self.folder, count, embedder.dimension)
        heads = sum(documents.heads)
        dense.fill(store, documents, codes, lambda done: self.progress("store", done, heads))
        self.encodings.keep(set(self.views) | calibration.question_digests())
        return Manifest(
            fingerprint,
            embedder.name,
            embedder.dimension,
            documents=len(documents),
            rows=count,
            base=self.base.name,
            built=len(documents),
            based=count,
            server=chroma_url is not None,
        )

    def _sketcher(self, wholes: Any, centres: Vectors, pools: Any) -> Sketcher:
        """How to sketch vectors, learnt from some of them."""
        some = slice(None, None, max(1, len(wholes) // _SKETCHED))
        raw = self.encodings.vectors(wholes[some])
        sketcher = Sketcher.learn(dense.centred(raw, centres[pools[some]]))
        sketcher.save(self.base / "sketcher.npz")
        return sketcher


def words_of(document: Document, segmenter: Segmenter) -> Words:
    """What is counted of a document. The title counts twice: what a record is called says most about it."""
    twice = f"{document.title}\n{document.findable}"
    return Words(segmenter.tokens(twice), segmenter.grams(twice))


def plain_words(document: Document) -> set[str]:
    """The English words of a document as they are spelt, for mending slips."""
    return set(_WORD.findall(fold(document.findable))) - stopwords("en") if document.lang == "en" else set()


def _means(encodings: Encodings, wholes: Any, spoken: Sequence[str]) -> dict[str, Vectors]:
    totals = {pool: np.zeros(encodings.embedder.dimension) for pool in POOLS}
    pools = np.asarray(spoken)
    for pool in POOLS:
        mine = wholes[pools == pool] if len(wholes) else wholes
        for start in range(0, len(mine), _ROWS):
            totals[pool] += encodings.vectors(mine[start : start + _ROWS]).sum(axis=0, dtype=np.float64)
        totals[pool] /= max(len(mine), 1)
    return {pool: total.astype(np.float32) for pool, total in totals.items()}


def _centres(means: Mapping[str, Vectors], asked: Mapping[str, Vectors], counts: Mapping[str, int]) -> Vectors:
    """The centres of documents and of questions, shape (2, pools, dimension).

    The mean of a few documents is mostly their own topics, so it is drawn towards what is asked in general. Questions are not
    written as documents are: they are centred on sample questions, drawn a little towards the documents.
    """
    centres = np.zeros((2, len(POOLS), len(means[POOLS[0]])), np.float32)
    for place, pool in enumerate(POOLS):
        general = asked[pool].mean(axis=0)
        trust = counts[pool] / (counts[pool] + _FEW)
        centres[0, place] = trust * means[pool] + (1 - trust) * general
        centres[1, place] = ASKED_SHARE * general + (1 - ASKED_SHARE) * centres[0, place]
    return centres


def _learn(folder: Path, encodings: Encodings, chroma_url: str | None) -> Manifest:
    """Measure how similar questions are to documents in general, and where "nothing fits" begins."""
    index = Index(folder, chroma_url)
    if not index.manifest.documents:
        return index.manifest
    index.manifest = replace(index.manifest, spread=calibration.learn_spread(index, encodings))
    return replace(index.manifest, floor=asdict(calibration.learn_floor(index, encodings)))


def _link(before: Path, folder: Path) -> None:
    """The files that grow, as links: their old part is never written again, and tantivy replaces what it changes."""
    for pool in POOLS:
        (folder / f"lexical-{pool}").mkdir()
    for path in (*before.glob("lexical-*/*"), *(before / name for name in (CODES, SCALES, SKETCHES, NAMES))):
        if path.suffix != ".lock":
            target = folder / path.relative_to(before)
            try:
                os.link(path, target)
            except OSError:  # a file system without links
                shutil.copy2(path, target)


def _changed(folder: Path, before: Index, change: Update, encodings: Encodings) -> Manifest:
    """Everything in ``folder`` that the change touches; returns its manifest."""
    documents = before.documents
    living = documents.living(change.stale)
    stale = {number for key in change.stale for number in living.get(key, ())}
    writers = {pool: LexicalWriter(folder / f"lexical-{pool}") for pool in POOLS}
    for writer in writers.values():
        writer.remove(stale)
    documents.dead |= stale
    views = [views_of(document) for document in change.documents]
    raw = encodings.of([view for part in views for view in part.all])
    centres = dict(zip(POOLS, np.load(before.base / "centres.npy")[0], strict=True))
    spoken = [document.lang for document, part in zip(change.documents, views, strict=True) for _ in part.all]
    count = before.manifest.rows
    if views:
        fresh = dense.centred(raw, np.stack([centres[lang] for lang in spoken]))
        sketcher = Sketcher.load(before.base / "sketcher.npz")
        count = vectors.write(folder, [fresh], at=count, dimension=encodings.embedder.dimension, sketcher=sketcher)
    known: dict[str, set[str]] = {pool: set() for pool in POOLS}
    plain = set(before.words)
    segmenter = Segmenter(cache=before.base, fast=len(change.documents) >= _MANY)
    for document, part in zip(change.documents, views, strict=True):
        words = words_of(document, segmenter)
        number = documents.add(document.key, document.lang, document.digest(), len(part.heads), len(part.all))
        writers[document.lang].add(number, words, document.facets)
        before.facets.add(number, document.facets)
        known[document.lang].update(words.tokens)
        plain |= plain_words(document)
    for writer in writers.values():
        writer.commit()
    documents.save(folder)
    before.facets.save(folder)
    write_records(folder, change.records)
    (folder / "words.txt").write_text("\n".join(sorted(plain)), encoding="utf-8")
    amend(before.folder, folder, stale=change.stale, names=change.names)
    _save_lexicon(folder, before, change, segmenter, known)
    alive = len(documents) - len(documents.dead)
    return replace(before.manifest, fingerprint=change.fingerprint, documents=alive, rows=count)


def _save_lexicon(folder: Path, before: Index, change: Update, segmenter: Segmenter, known: Mapping[str, set[str]]) -> None:
    """What the lexicon has learnt since the base was made."""
    added = lexicon.build(lexicon.own_terms(change.pairs), segmenter, known)
    learnt = added.joined(before.learnt) if before.learnt else added
    write_json(folder / "lexicon.json", vars(learnt))
