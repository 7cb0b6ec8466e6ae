"""Dense search: centred vectors, nearest ones by Chroma (one collection per language), exact similarities from the codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from weakref import finalize

import numpy as np

from retrieval.embed import unit
from retrieval.errors import StoreUnreachable
from retrieval.tables import POOLS, Documents, Mask
from retrieval.vectors import Numbers, VectorFile, Vectors

_BATCH = 5_000  # Chroma takes at most 5,461 at once
# A close graph is walked in less time than a thin one is searched widely: see decision 4 in docs/decisions.
_GRAPH = {"space": "cosine", "max_neighbors": 48, "ef_construction": 400, "ef_search": 350}
WHOLE_WEIGHT = 0.3  # what the whole says beside the view that fits best


class VectorStore:
    """The Chroma store that holds an index's vectors: embedded in ``folder``, or the server at ``url``.

    ``name`` sets the collections of one index apart from those of others on the same server.
    """

    def __init__(self, folder: Path, name: str, url: str | None = None) -> None:
        self._name = name
        self._shown = _without_password(url) if url else str(folder)
        self._client = self.reach(lambda: _server(url) if url else _embedded(folder))
        if not url:
            # Chroma keeps the files of a client open that is not closed, and a bot goes over to new indexes for months.
            finalize(self, self._client.close)

    def collection(self, pool: str, *, create: bool = False) -> Any:
        """The collection of a pool."""
        name = f"{self._name}-{pool}"
        if not create:
            return self.reach(lambda: self._client.get_collection(name, embedding_function=None))
        configuration = {"hnsw": _GRAPH}
        return self.reach(
            lambda: self._client.get_or_create_collection(name, embedding_function=None, configuration=configuration)
        )

    def drop(self, names: Sequence[str]) -> None:
        """Remove the collections of other indexes by their names, those that are there."""
        there = {listed.name for listed in self.reach(self._client.list_collections)}
        for name in (f"{name}-{pool}" for name in names for pool in POOLS):
            if name in there:
                self.reach(partial(self._client.delete_collection, name))

    def reach(self, ask: Callable[[], Any]) -> Any:
        """What the store answers; :class:`StoreUnreachable` when it does not, at whatever moment it went."""
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        try:
            return ask()
        except NotFoundError as error:
            raise StoreUnreachable(
                f"the Chroma store at {self._shown} does not have this index: run 'greenask kb build --force', "
                "or set GREENASK_CHROMA_URL back"
            ) from error
        except (ChromaError, httpx.HTTPError) as error:
            raise StoreUnreachable(f"the Chroma store at {self._shown} failed: {error}; start it again") from error


def _embedded(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False, allow_reset=False))


def _server(url: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=Settings(anonymized_telemetry=False),
        )
        client.heartbeat()
    except ValueError as error:  # how Chroma's client says that there is no server
        shown = _without_password(url)
        raise StoreUnreachable(f"no Chroma server answers at {shown}: start it, or unset GREENASK_CHROMA_URL") from error
    return client


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else f"{parts.scheme}://{parts.hostname}"


def fill(store: VectorStore, documents: Documents, vectors: VectorFile, done: Callable[[int], None] = lambda _: None) -> None:
    """Put the vector of every head into the collection of its pool, both at once.

    What is there from a time that was broken off is not put again.
    """
    counts = dict.fromkeys(POOLS, 0)
    stop = Event()

    def one(pool: str) -> None:
        collection = store.collection(pool, create=True)
        rows = documents.head_rows(pool)
        # Batches are whole or not there, and rows go in in their order.
        counts[pool] = store.reach(collection.count)
        for part in _parts(rows[counts[pool] :]):
            if stop.is_set():
                return
            store.reach(partial(collection.add, ids=[str(row) for row in part], embeddings=vectors.take(part)))
            counts[pool] += len(part)
            done(sum(counts.values()))

    with ThreadPoolExecutor(len(POOLS)) as threads:
        running = [threads.submit(one, pool) for pool in POOLS]
        try:
            for each in running:
                each.result()
        except BaseException:
            stop.set()  # Ctrl-C is heard here only; the others end after the batch they are at
            raise


def _parts(rows: Numbers) -> Iterator[Numbers]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


class DenseStore:
    """Vectors of all documents. Similarities are cosines of centred vectors: the view that fits best, and the whole a little.

    The first ``based`` rows are in Chroma; those that came since are few and are compared one by one.
    """

    def __init__(self, store: Callable[[], VectorStore], vectors: VectorFile, documents: Documents, based: int) -> None:
        self._store = store
        self._vectors = vectors
        self._documents = documents
        self._based = based
        self._collections: dict[str, tuple[Any, int]] = {}
        self._head_rows: dict[str, tuple[Numbers, Numbers]] = {}
        fresh = np.arange(based, len(vectors))
        self._fresh = {pool: fresh[documents.pool_of[documents.owners[fresh]] == number] for number, pool in enumerate(POOLS)}

    def __len__(self) -> int:
        return len(self._vectors)

    def nearest(self, vector: Vectors, pool: str, *, k: int) -> Numbers:
        """Documents of a pool with a view among the ``k`` nearest, in no order; some may be dead."""
        collection, size = self._collection(pool)
        rows = self._fresh[pool]
        rows = self._vectors.best(rows, vector, k)
        if size:
            asked = partial(collection.query, query_embeddings=[vector], n_results=min(k, size), include=[])
            found = self._store().reach(asked)
            rows = np.concatenate([np.array(found["ids"][0], dtype=np.int64), rows])
        return np.unique(self._documents.owners[rows])

    def nearest_of(self, vector: Vectors, pool: str, allowed: Mask, *, k: int) -> Numbers:
        """The ``k`` nearest of the allowed documents, by their heads."""
        rows, owners = self._heads(pool)
        best = self._vectors.best(rows[allowed[owners]], vector, k)
        return np.unique(self._documents.owners[best])

    def _heads(self, pool: str) -> tuple[Numbers, Numbers]:
        if pool not in self._head_rows:
            rows = self._documents.head_rows(pool)
            self._head_rows[pool] = (rows, self._documents.owners[rows])
        return self._head_rows[pool]

    def similarities(self, vector: Vectors, documents: Numbers) -> Vectors:
        """The exact similarity of each of these documents."""
        if not len(documents):
            return np.zeros(0, np.float32)
        starts, ends = self._documents.starts[documents], self._documents.starts[documents + 1]
        sizes = ends - starts
        first = np.cumsum(sizes) - sizes
        rows = np.arange(sizes.sum()) + np.repeat(starts - first, sizes)
        scores = self._vectors.dot(rows, vector)
        found: Vectors = (np.maximum.reduceat(scores, first) + WHOLE_WEIGHT * scores[first]) / (1 + WHOLE_WEIGHT)
        return found

    def take(self, rows: Numbers) -> Vectors:
        """These rows."""
        return self._vectors.take(rows)

    def heads_of(self, document: int) -> Vectors:
        """The vectors of a document's heads."""
        start = int(self._documents.starts[document])
        return self._vectors.take(slice(start, start + self._documents.heads[document]))

    def sample(self, size: int, pool: str | None = None) -> Vectors:
        """Some vectors, of one pool or of all, evenly spread over them."""
        rows = np.arange(len(self))
        if pool is not None:
            rows = rows[self._documents.pool_of[self._documents.owners] == POOLS.index(pool)]
        return self._vectors.take(rows[:: max(1, len(rows) // size)][:size])

    def _collection(self, pool: str) -> tuple[Any, int]:
        if pool not in self._collections:
            if not self._based:
                return None, 0
            store = self._store()
            found = store.collection(pool)
            self._collections[pool] = (found, store.reach(found.count))
        return self._collections[pool]


def centred(vectors: Vectors, centre: Vectors) -> Vectors:
    """The vectors without their language's mean, at length one."""
    return unit(vectors - centre)
