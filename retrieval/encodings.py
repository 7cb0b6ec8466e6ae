"""Encodings: every text that was ever encoded here, with its vector, so that no build encodes it twice.

One append-only file for each encoder. A row is the digest of the text and its vector in half precision; a row that was cut
short by a kill is dropped when the file is next opened. That is what makes a build resumable at any moment. A file beside it has
the digests alone and is made again when it is not as long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread

import numpy as np

from retrieval.embed import Embedder, embed_whole
from retrieval.vectors import Numbers, Vectors
from retrieval.workers import Worker

_DIGEST = 16
_BATCH = 64
_ASKED = "\0?"
MANY = 4_000  # texts from which a second process pays: each takes over a second to start


def digest(text: str, *, asked: bool = False) -> bytes:
    """What tells texts apart, and questions from texts."""
    text = _ASKED + text if asked else text
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST).digest()


class Encodings:
    """The encodings of one encoder in a folder. One process writes; the index keeps its builders apart."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.embedder = embedder
        self._path = folder / f"{hashlib.blake2b(embedder.name.encode(), digest_size=8).hexdigest()}-{embedder.dimension}.f16"
        self._kind = np.dtype([("digest", f"S{_DIGEST}"), ("vector", np.float16, (embedder.dimension,))])
        self._path.touch()
        whole = self._path.stat().st_size // self._kind.itemsize
        with self._path.open("r+b") as file:
            file.truncate(whole * self._kind.itemsize)
        self._at = {key: row for row, key in enumerate(self._digests(whole))}
        self._lock = Lock()

    def _digests(self, rows: int) -> list[bytes]:
        """The digests of the first rows. They also stand in a file beside, which is read a hundred times sooner."""
        beside = self._path.with_suffix(".keys")
        kept = beside.read_bytes() if beside.exists() else b""
        if len(kept) != rows * _DIGEST:
            kept = np.memmap(self._path, self._kind, "r", shape=(rows,))["digest"].tobytes() if rows else b""
            beside.write_bytes(kept)
        return [kept[at : at + _DIGEST] for at in range(0, len(kept), _DIGEST)]

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: object) -> bool:
        """Whether the text with this digest is encoded."""
        return key in self._at

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep the vectors of these texts."""
        keys = [digest(text) for text in texts]
        rows = np.zeros(len(texts), self._kind)
        rows["digest"] = keys
        rows["vector"] = vectors
        with self._lock, self._path.open("ab") as file:
            start = file.tell() // self._kind.itemsize
            file.write(rows.tobytes())
            file.flush()
            with self._path.with_suffix(".keys").open("ab") as beside:
                beside.write(rows["digest"].tobytes())
            self._at.update((key, start + number) for number, key in enumerate(keys))

    def rows(self, digests: Iterable[bytes]) -> Numbers:
        """Where the texts with these digests are kept."""
        return np.fromiter((self._at[key] for key in digests), np.int64)

    def vectors(self, rows: Numbers) -> Vectors:
        """The vectors in these rows, shape (rows, dimension)."""
        if not len(rows):
            return np.zeros((0, self.embedder.dimension), np.float32)
        stored = np.memmap(self._path, self._kind, "r")
        return np.asarray(stored[rows]["vector"], dtype=np.float32)

    def of(self, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts; those that are not kept yet are encoded first."""
        with Encoder(self) as encoder:
            encoder.want(texts)
        return self.vectors(self.rows(map(digest, texts)))

    def of_questions(self, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts asked as questions; those that are not kept yet are encoded first."""
        marked = [_ASKED + text for text in texts]
        missing = [number for number, text in enumerate(marked) if digest(text) not in self]
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            self.add([marked[n] for n in part], self.embedder.embed_questions([texts[n] for n in part]))
        return self.vectors(self.rows(map(digest, marked)))

    def keep(self, digests: set[bytes]) -> None:
        """Forget all others, when they have come to be more than these."""
        if len(self) <= 2 * len(digests) + MANY:
            return
        stored = np.memmap(self._path, self._kind, "r")
        rows = np.sort(np.fromiter((row for key, row in self._at.items() if key in digests), np.int64))
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            for start in range(0, len(rows), MANY):
                file.write(stored[rows[start : start + MANY]].tobytes())
        del stored
        self._path.with_suffix(".keys").unlink(missing_ok=True)
        fresh.replace(self._path)
        old = {row: key for key, row in self._at.items()}
        self._at = {old[row]: number for number, row in enumerate(rows.tolist())}


class Encoder:
    """Encodes texts as they come, a batch at a time; in as many processes as the machine has cores when there are many.

    Leave the ``with`` block to wait for the last of them. ``expected`` is how many texts are likely to come.
    """

    def __init__(self, kept: Encodings, *, processes: int = 1, expected: int = 0, done: Callable[[int], None] = lambda _: None):
        self._kept = kept
        self._done = done
        self._waiting: dict[bytes, str] = {}
        self._count = 0
        self._failed: list[BaseException] = []
        self._queue: Queue[list[str] | None] = Queue(maxsize=4)
        spec = getattr(kept.embedder, "spec", None)
        several = spec is not None and processes > 1 and expected >= MANY
        self._threads = [Thread(target=self._work, args=(spec,), daemon=True) for _ in range(processes)] if several else []

    def __enter__(self) -> Encoder:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._hand_on(list(self._waiting.values()))
            else:
                self._forget()
        finally:
            # Also when one process has failed, or the others would wait for more.
            for _thread in self._threads:
                self._queue.put(None)
            for thread in self._threads:
                thread.join()
        if kind is None:
            self._raise()

    def _forget(self) -> None:
        with suppress(Empty):
            while True:
                self._queue.get_nowait()

    def want(self, texts: Iterable[str]) -> None:
        """Have these texts encoded, those that are not already."""
        for text in texts:
            key = digest(text)
            if key not in self._kept:
                self._waiting[key] = text
            if len(self._waiting) >= _BATCH:
                self._hand_on(list(self._waiting.values()))
                self._waiting = {}

    def _hand_on(self, texts: list[str]) -> None:
        self._raise()
        if self._threads and texts:
            self._queue.put(texts)
        elif texts:
            self._store(texts, embed_whole(self._kept.embedder, texts))

    def _store(self, texts: list[str], vectors: Vectors) -> None:
        self._kept.add(texts, vectors)
        self._count += len(texts)
        self._done(self._count)

    def _work(self, spec: str) -> None:
        try:
            with Worker(spec) as worker:
                while texts := self._queue.get():
                    self._store(texts, worker.embed(texts))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits, and raised there
            self._failed.append(error)
            while self._queue.get():
                pass

    def _raise(self) -> None:
        if self._failed:
            raise self._failed[0]
