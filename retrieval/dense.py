"""Dense search: centred vectors, one Chroma collection per language, and the same vectors memory-mapped for exact scoring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.embed import Vectors, unit

Numbers = npt.NDArray[np.int64]

_BATCH = 5_000  # Chroma takes at most 5,461 at once


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False, allow_reset=False))


def build(folder: Path, vectors: Vectors, owners: Numbers, languages: Sequence[str], pools: Sequence[str]) -> None:
    """Store passage vectors (already centred, unit length) with the document each belongs to.

    ``owners[i]`` is the document number of passage i, ``languages[i]`` its language.
    """
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "owners.npy", owners)
    client = _client(folder / "chroma")
    spoken = np.asarray(languages)
    for pool in pools:
        collection = client.create_collection(
            f"documents-{pool}",
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": 400}},
        )
        rows = np.flatnonzero(spoken == pool)
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            collection.add(ids=[str(row) for row in part], embeddings=vectors[part])


class DenseStore:
    """Passage vectors of all documents. Similarities are cosines of centred vectors, best passage of each document."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vectors: Vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self._owners: Numbers = np.load(folder / "owners.npy")
        self._collections: dict[str, tuple[Any, int]] = {}
        # Passages of one document lie next to each other: first[doc] : first[doc + 1] are its rows.
        count = int(self._owners[-1]) + 1 if len(self._owners) else 0
        self._first = np.searchsorted(self._owners, np.arange(count + 1))

    def __len__(self) -> int:
        return len(self._owners)

    def nearest(self, vector: Vectors, pool: str, *, k: int) -> list[int]:
        """Documents of a pool with a passage among the ``k`` nearest, as Chroma finds them."""
        collection, size = self._collection(pool)
        size = min(k, size)
        if not size:
            return []
        found = collection.query(query_embeddings=[vector], n_results=size, include=[])
        rows = np.asarray([int(row) for row in found["ids"][0]], dtype=np.int64)
        return list(dict.fromkeys(self._owners[rows].tolist()))

    def similarities(self, vector: Vectors, documents: Sequence[int]) -> dict[int, float]:
        """The exact similarity of each of these documents: its best passage."""
        if not len(documents):
            return {}
        wanted = np.asarray(sorted(documents), dtype=np.int64)
        starts, ends = self._first[wanted], self._first[wanted + 1]
        rows = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        scores = np.asarray(self._vectors[rows]) @ vector
        best = np.maximum.reduceat(scores, np.concatenate([[0], np.cumsum(ends - starts)[:-1]]))
        return dict(zip(wanted.tolist(), best.tolist(), strict=True))

    def sample(self, size: int) -> Vectors:
        """Some passage vectors, evenly spread over all of them."""
        return np.asarray(self._vectors[:: max(1, len(self) // size)][:size])

    def _collection(self, pool: str) -> tuple[Any, int]:
        if not self._collections:
            client = _client(self._folder / "chroma")
            for listed in client.list_collections():
                found = client.get_collection(listed.name, embedding_function=None)
                self._collections[listed.name.removeprefix("documents-")] = (found, found.count())
        return self._collections[pool]


def centres(vectors: Vectors, languages: Sequence[str], pools: Sequence[str]) -> dict[str, Vectors]:
    """The mean vector of each language; what all texts of a language share says nothing about their topic."""
    spoken = np.asarray(languages)
    dimension = vectors.shape[1]
    return {
        pool: vectors[spoken == pool].mean(axis=0) if (spoken == pool).any() else np.zeros(dimension, np.float32)
        for pool in pools
    }


def centred(vectors: Vectors, centre: Vectors) -> Vectors:
    """The vectors without their language's mean, at length one."""
    return unit(vectors - centre)
