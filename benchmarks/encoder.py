"""One encoder for all systems: the bundled one, with the vectors of texts it has seen kept on disk.

Encoding takes most of a build's time and is the same work whoever asks for it. So it is done and timed once
(:func:`encode`), and each system is handed the same vectors through :class:`CachedEncoder`, a LangChain ``Embeddings``.
A text that is not in the store, such as a question, is encoded on the spot.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from retrieval.embed import UniversalSentenceEncoder
from retrieval.vectors import Vectors

DIMENSION = UniversalSentenceEncoder.dimension
_BATCH, _PART = 256, 4_096
_ROW = DIMENSION * 4

Digests = npt.NDArray[np.uint64]


def digests(texts: Sequence[str]) -> Digests:
    """A number for each text, the same for the same text: 64 bits, so that a million texts have none in common."""
    found = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") for text in texts]
    return np.asarray(found, dtype=np.uint64)


class VectorStore:
    """Vectors of texts in a folder: ``digests.npy`` and ``vectors.f32``, row by row, only ever added to.

    Rows are read from the file as they are wanted and not mapped, so that they do not count as a system's memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._digests: Digests = np.load(folder / "digests.npy") if (folder / "digests.npy").exists() else np.zeros(0, np.uint64)
        self._order = np.argsort(self._digests)
        self._sorted = self._digests[self._order]

    def __len__(self) -> int:
        return len(self._digests)

    def rows(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """The row of each text; -1 where there is none."""
        wanted = digests(texts)
        if not len(self):
            return np.full(len(texts), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self) - 1)
        found: npt.NDArray[np.int64] = np.where(self._sorted[places] == wanted, self._order[places], -1)
        return found

    def read(self, rows: Sequence[int]) -> Vectors:
        """The vectors of these rows."""
        vectors = np.empty((len(rows), DIMENSION), dtype=np.float32)
        with (self.folder / "vectors.f32").open("rb") as file:
            for place, row in enumerate(rows):
                vectors[place] = np.frombuffer(os.pread(file.fileno(), _ROW, row * _ROW), dtype=np.float32)
        return vectors

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Put texts with their vectors behind those there are; a write that was cut short is forgotten."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "vectors.f32"
        path.touch()
        with path.open("r+b") as file:
            file.truncate(len(self) * _ROW)
            file.seek(0, os.SEEK_END)
            file.write(np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        np.save(self.folder / "new.npy", np.concatenate([self._digests, digests(texts)]))
        (self.folder / "new.npy").replace(self.folder / "digests.npy")
        self.__init__(self.folder)  # type: ignore[misc]


class CachedEncoder(Embeddings):
    """The bundled encoder as LangChain knows encoders; texts in the store of ``folder`` are looked up."""

    def __init__(self, folder: str) -> None:
        self._store = VectorStore(Path(folder))
        self._encoder = UniversalSentenceEncoder()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), 512)."""
        rows = self._store.rows(texts)
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        known = np.flatnonzero(rows >= 0)
        if len(known):
            vectors[known] = self._store.read(rows[known].tolist())
        new = np.flatnonzero(rows < 0)
        if len(new):
            vectors[new] = self._encoder.embed([texts[place] for place in new])
        return vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, as LangChain wants them."""
        return self.embed(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question, as LangChain wants it."""
        return self.embed([text])[0].tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Encoding:
    """What encoding took: texts that were new, seconds, processes."""

    texts: int
    seconds: float
    processes: int

    @property
    def rate(self) -> float:
        """Texts a second."""
        return self.texts / self.seconds if self.seconds else 0.0


def encode(texts: Iterable[str], folder: Path, processes: int = 2, progress: Callable[[int], None] = lambda _: None) -> Encoding:
    """Put the vectors of all texts into the store; what is there already is left alone. May be cut short and taken up again."""
    store, done, began = VectorStore(folder), 0, time.perf_counter()
    with _workers(processes) as batched:
        for part in _parts(texts, store):
            batches = [part[start : start + _BATCH] for start in range(0, len(part), _BATCH)]
            store.add(part, np.concatenate(batched(_encode, batches)))
            done += len(part)
            progress(done)
    return Encoding(done, time.perf_counter() - began, processes)


@contextmanager
def _workers(processes: int) -> Iterator[Callable[..., list[Vectors]]]:
    if processes < 2:
        yield lambda work, batches: [work(batch) for batch in batches]
        return
    with get_context("spawn").Pool(processes) as pool:
        yield pool.map


def _parts(texts: Iterable[str], store: VectorStore) -> Iterator[list[str]]:
    """The texts that are not in the store, a part at a time, each once."""
    rest = iter(texts)
    waiting: dict[str, None] = {}
    while chunk := list(islice(rest, _PART)):
        waiting.update(dict.fromkeys(text for text, row in zip(chunk, store.rows(chunk), strict=True) if row < 0))
        while len(waiting) >= _PART:
            part = list(islice(waiting, _PART))
            yield part
            for text in part:
                del waiting[text]
            known: Sequence[int] = store.rows(list(waiting)).tolist() if waiting else []
            waiting = {text: None for text, row in zip(waiting, known, strict=True) if row < 0}
    if waiting:
        yield list(waiting)


@cache
def _encoder() -> UniversalSentenceEncoder:
    return UniversalSentenceEncoder(1)  # its process is one of several


def _encode(texts: list[str]) -> Vectors:
    return _encoder().embed(texts)
