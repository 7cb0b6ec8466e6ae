"""The index: built once from documents into a folder of its own, then only read.

It points at records by key and holds no text of theirs. A manifest says which records, release and encoder it was made from;
anything else is refused with the command that rebuilds it.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from retrieval import dense, lexicon
from retrieval.dense import DenseStore, Numbers
from retrieval.documents import Document
from retrieval.embed import Embedder, Vectors
from retrieval.errors import IndexMissing, IndexOutOfDate
from retrieval.floor import Floor, Line
from retrieval.language import clean, fold, simplified
from retrieval.lexical import LexicalPool
from retrieval.lexicon import Lexicon
from retrieval.names import NameIndex, load_names
from retrieval.segment import Segmenter, stopwords, write_dictionary

FORMAT = 1
POOLS = ("en", "zh")
Progress = Callable[[str, int, int], None]
_WINDOW, _OVERLAP = 400, 60
_WORD = re.compile(r"[a-z][a-z'-]{3,}")


@dataclass(frozen=True)
class Manifest:
    """What an index was made from, and what was learnt when it was made."""

    fingerprint: str
    embedder: str
    dimension: int
    documents: int
    passages: int
    spread: dict[str, list[float]] = field(default_factory=dict)
    floor: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in ``folder``; :class:`IndexMissing` when there is none."""
        try:
            return cls(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise IndexMissing("there is no index yet: run 'greenask kb build'") from error
        except (TypeError, ValueError) as error:
            raise IndexOutOfDate("the index was made by another release: run 'greenask kb build'") from error

    def check(self, fingerprint: str, embedder: Embedder) -> None:
        """Refuse an index that was made from other records or with another encoder."""
        if self.format != FORMAT:
            raise IndexOutOfDate("the index was made by another release: run 'greenask kb build'")
        if self.embedder != embedder.name or self.dimension != embedder.dimension:
            raise IndexOutOfDate(
                f"the index was made with the encoder {self.embedder!r}, the setting is {embedder.name!r}: "
                "run 'greenask kb build', or set GREENASK_EMBEDDER back"
            )
        if self.fingerprint != fingerprint:
            raise IndexOutOfDate("the knowledge base has changed since the index was made: run 'greenask kb build'")


class Index:
    """An index opened for reading. Its parts load when first used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        table = _read(folder / "documents.json")
        self.keys: list[str] = table["keys"]
        self.languages: list[str] = table["languages"]
        self.segmenter = Segmenter(cache=folder)
        self.floor = _floor(self.manifest.floor)

    @cached_property
    def pools(self) -> dict[str, LexicalPool]:
        """The lexical pools by language."""
        return {pool: LexicalPool(self.folder / f"lexical-{pool}") for pool in POOLS}

    @cached_property
    def dense(self) -> DenseStore:
        """The passage vectors."""
        return DenseStore(self.folder)

    @cached_property
    def centres(self) -> dict[str, Vectors]:
        """The mean vector of each language's passages."""
        return dict(zip(POOLS, np.load(self.folder / "centres.npy"), strict=True))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The bilingual lexicon."""
        return Lexicon(**_read(self.folder / "lexicon.json"))

    @cached_property
    def names(self) -> NameIndex:
        """The names of all records."""
        return load_names(_read(self.folder / "names.json"))

    @cached_property
    def words(self) -> list[str]:
        """English words that occur in the documents, for mending slips."""
        return list(_read(self.folder / "words.json"))

    @cached_property
    def facets(self) -> dict[str, Numbers]:
        """For each facet token the numbers of its documents, ascending."""
        return {token: np.asarray(numbers) for token, numbers in _read(self.folder / "facets.json").items()}

    def allowed(self, facets: Sequence[Sequence[str]]) -> Numbers:
        """The documents that have one token of each group."""
        found: Numbers | None = None
        empty: Numbers = np.zeros(0, dtype=np.int64)
        for group in facets:
            parts = [self.facets[token] for token in group if token in self.facets]
            union = np.unique(np.concatenate(parts)) if parts else empty
            found = union if found is None else np.intersect1d(found, union, assume_unique=True)
        return np.arange(len(self.keys)) if found is None else found


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


@dataclass
class Contents:
    """What an index is to be built from."""

    documents: Sequence[Document]
    fingerprint: str = ""
    pairs: Iterable[tuple[str | None, str | None]] = ()
    names: NameIndex = field(default_factory=NameIndex)


def build(home: Path, contents: Contents, embedder: Embedder, progress: Progress = lambda *_: None) -> Path:
    """Build an index under ``home`` and make it the current one; the one before stays until this one is whole."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "build.lock")
    try:
        with lock.acquire(timeout=0):
            for left in home.glob("building-*"):
                shutil.rmtree(left, ignore_errors=True)
            # A new name each time: Chroma remembers the places it has opened as long as the process lives.
            folder = Path(tempfile.mkdtemp(prefix="building-", dir=home))
            _build(folder, contents, embedder, progress)
            return _swap(home, folder)
    except Timeout as error:
        raise IndexOutOfDate(f"another process is building the index in {home}: wait for it, then ask again") from error


def current(home: Path) -> Path:
    """The folder of the current index under ``home``."""
    pointer = home / "current"
    if not pointer.exists():
        raise IndexMissing("there is no index yet: run 'greenask kb build'")
    return home / pointer.read_text(encoding="utf-8").strip()


def _swap(home: Path, folder: Path) -> Path:
    """Make ``folder`` the current index. The one before stays for those who have it open, until the next build."""
    numbers = [int(path.name.split("-")[1]) for path in home.glob("index-*")]
    before = (home / "current").read_text(encoding="utf-8").strip() if (home / "current").exists() else ""
    name = f"index-{max(numbers, default=0) + 1}"
    folder.chmod(0o755)
    folder.rename(home / name)
    (home / "current.new").write_text(name, encoding="utf-8")
    (home / "current.new").replace(home / "current")
    for old in home.glob("index-*"):
        if old.name not in (name, before):
            shutil.rmtree(old, ignore_errors=True)
    return home / name


def _build(folder: Path, contents: Contents, embedder: Embedder, progress: Progress) -> None:
    documents = contents.documents
    pairs = list(contents.pairs)
    progress("dictionary", 0, 1)
    write_dictionary([zh for _, zh in pairs if zh], folder)
    segmenter = Segmenter(cache=folder)
    known = _build_lexical(folder, documents, segmenter, progress)
    progress("lexicon", 0, 1)
    words = lexicon.build([*lexicon.own_terms(pairs), *lexicon.glossary(), *lexicon.dictionary()], segmenter, known)
    _write(folder / "lexicon.json", {"english": words.english, "chinese": words.chinese})
    _write(folder / "names.json", contents.names.as_dict())
    _write(folder / "words.json", _plain_words(documents))
    _write(
        folder / "documents.json",
        {"keys": [document.key for document in documents], "languages": [document.lang for document in documents]},
    )
    _write(folder / "facets.json", _postings(documents))
    passages = _build_dense(folder, documents, embedder, progress)
    manifest = Manifest(contents.fingerprint, embedder.name, embedder.dimension, len(documents), passages)
    _write(folder / "manifest.json", asdict(manifest))
    progress("floor", 0, 1)
    _write(folder / "manifest.json", asdict(_learn(folder, manifest, embedder)))


def _build_lexical(folder: Path, documents: Sequence[Document], segmenter: Segmenter, progress: Progress) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {pool: set() for pool in POOLS}
    rows: dict[str, list[tuple[int, list[str], Sequence[str]]]] = {pool: [] for pool in POOLS}
    for number, document in enumerate(documents):
        if number % 500 == 0:
            progress("words", number, len(documents))
        # The title counts twice: what a record is called says most about it.
        tokens = segmenter.tokens(document.title) + segmenter.tokens(document.text)
        known[document.lang].update(tokens)
        rows[document.lang].append((number, tokens, document.facets))
    for pool in POOLS:
        LexicalPool.build(folder / f"lexical-{pool}", rows[pool])
    return known


def _build_dense(folder: Path, documents: Sequence[Document], embedder: Embedder, progress: Progress) -> int:
    texts: list[str] = []
    owners: list[int] = []
    for number, document in enumerate(documents):
        views = views_of(document)
        texts += views
        owners += [number] * len(views)
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(texts), 256):
        progress("vectors", start, len(texts))
        vectors[start : start + 256] = embedder.embed(texts[start : start + 256])
    languages = [documents[owner].lang for owner in owners]
    means = dense.centres(vectors, languages, POOLS)
    for pool in POOLS:
        rows = np.flatnonzero(np.asarray(languages) == pool)
        vectors[rows] = dense.centred(vectors[rows], means[pool])
    np.save(folder / "centres.npy", np.stack([means[pool] for pool in POOLS]))
    progress("store", 0, 1)
    dense.build(folder, vectors, np.asarray(owners, dtype=np.int64), languages, POOLS)
    return len(texts)


def views_of(document: Document) -> list[str]:
    """The texts whose vectors stand for a document: its title with the first passage, and every other passage, in windows."""
    whole = " ".join([document.title, *document.passages[:1]])
    views = windows(whole)
    for passage in document.passages[1:]:
        views += windows(passage)
    return [simplified(view) for view in dict.fromkeys(views) if view.strip()] or [document.key]


def windows(text: str) -> list[str]:
    """The text in overlapping pieces short enough for an encoder, cut at white space or punctuation where there is any."""
    text = clean(text)
    pieces = []
    while len(text) > _WINDOW:
        cut = max(text.rfind(mark, _WINDOW // 2, _WINDOW) for mark in " 。；，.;,")
        cut = cut + 1 if cut > 0 else _WINDOW
        pieces.append(text[:cut])
        text = text[max(0, cut - _OVERLAP) :] if len(text) - cut > _OVERLAP else text[cut:]
    return [*pieces, text] if text else pieces


def _plain_words(documents: Sequence[Document]) -> list[str]:
    words: set[str] = set()
    for document in documents:
        if document.lang == "en":
            words.update(_WORD.findall(fold(document.text)))
    return sorted(words - stopwords("en"))


def _postings(documents: Sequence[Document]) -> Mapping[str, list[int]]:
    postings: dict[str, list[int]] = defaultdict(list)
    for number, document in enumerate(documents):
        for token in document.facets:
            postings[token].append(number)
    return postings


def _learn(folder: Path, manifest: Manifest, embedder: Embedder) -> Manifest:
    """Measure how similar questions are to documents in general, and where "nothing fits" begins."""
    from retrieval import calibration

    if not manifest.documents:
        return manifest
    index = Index(folder)
    asked = calibration.questions()
    within = calibration.vectors(index, embedder, asked.within)
    outside = calibration.vectors(index, embedder, asked.outside)
    index.manifest = replace(manifest, spread=calibration.learn_spread(index, within))
    domain, inside, out = calibration.learn_domain(index, within, outside)
    floor = calibration.learn_floor(index, embedder, asked, domain, (within, inside), (outside, out))
    return replace(index.manifest, floor=asdict(floor))


def _floor(stored: Mapping[str, Any]) -> Floor:
    if not stored:
        return Floor()
    return Floor(Line(**stored["domain"]), Line(**stored["answer"]), stored["threshold"])
