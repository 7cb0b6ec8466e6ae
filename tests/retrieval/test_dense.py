"""Dense search: Chroma finds what comparing with everything finds, and takes up a filling that was broken off."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from retrieval import dense, vectors
from retrieval.dense import WHOLE_WEIGHT, DenseStore, VectorStore
from retrieval.embed import unit
from retrieval.tables import POOLS, Documents
from retrieval.vectors import VectorFile

OPEN = Path("/proc/self/fd")
DIMENSION = 16
BASED = 48  # documents that are in Chroma; the rest came later


def table(sizes: list[int]) -> Documents:
    """Documents with so many views each, by turns in two languages."""
    documents = Documents()
    for number, size in enumerate(sizes):
        documents.add(f"listing/{number}", POOLS[number % 2], number, size, size)
    return documents


@pytest.fixture(scope="module")
def documents() -> Documents:
    """60 documents of one to three views."""
    return table(np.random.default_rng(3).integers(1, 4, size=60).tolist())


@pytest.fixture(scope="module")
def views(documents: Documents) -> np.ndarray:
    """Their vectors."""
    return unit(np.random.default_rng(4).standard_normal((documents.rows, DIMENSION)).astype(np.float32))


@pytest.fixture(scope="module")
def folder(documents: Documents, views: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors, stored: all as codes, those of the first documents in Chroma."""
    folder = tmp_path_factory.mktemp("dense")
    vectors.write(folder, [views], at=0, dimension=DIMENSION)
    based = int(documents.starts[BASED])
    first = table(np.diff(documents.starts)[:BASED].tolist())
    dense.fill(VectorStore(folder / "chroma", "test"), first, VectorFile(folder, based, DIMENSION))
    return folder


@pytest.fixture(scope="module")
def store(documents: Documents, folder: Path) -> DenseStore:
    """The vectors, opened."""
    held = VectorStore(folder / "chroma", "test")
    return DenseStore(lambda: held, VectorFile(folder, documents.rows, DIMENSION), documents, based=int(documents.starts[BASED]))


@pytest.fixture(scope="module")
def questions() -> np.ndarray:
    """Vectors of ten questions."""
    return unit(np.random.default_rng(5).standard_normal((10, DIMENSION)).astype(np.float32))


@pytest.mark.parametrize("pool", POOLS)
def test_nearest(store: DenseStore, documents: Documents, views: np.ndarray, questions: np.ndarray, pool: str) -> None:
    """Of each language the documents with the nearest views are found, those in Chroma and those that came since."""
    rows = np.flatnonzero(documents.pool_of[documents.owners] == POOLS.index(pool))
    for question in questions:
        best = rows[np.argsort(-(views[rows] @ question))[:12]]
        found = store.nearest(question, pool, k=12)
        assert set(documents.owners[best]) <= set(found)
        assert {POOLS[number] for number in documents.pool_of[found]} == {pool}
        assert found.tolist() == sorted(set(found.tolist()))


def test_the_newest_are_found(store: DenseStore, documents: Documents, views: np.ndarray) -> None:
    """A view that is not in Chroma yet is found by its own vector, among only one neighbour."""
    for row in range(int(documents.starts[BASED]), documents.rows):
        number = documents.owners[row]
        assert number in store.nearest(views[row], POOLS[documents.pool_of[number]], k=1)


def test_more_than_there_is(store: DenseStore, questions: np.ndarray) -> None:
    """Asking for more than there is gives every document of the language."""
    assert store.nearest(questions[0], "zh", k=10_000).tolist() == list(range(1, 60, 2))


def test_similarities(store: DenseStore, documents: Documents, views: np.ndarray, questions: np.ndarray) -> None:
    """A document is as similar as its best view, with a share for its first, the whole."""
    asked = np.array([41, 3, 0, 59])
    for question in questions:
        scores = views @ question
        parts = [scores[documents.owners == number] for number in asked]
        expected = [(max(part) + WHOLE_WEIGHT * part[0]) / (1 + WHOLE_WEIGHT) for part in parts]
        assert store.similarities(question, asked) == pytest.approx(expected, abs=5e-3)
    assert store.similarities(questions[0], np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("pool", [None, *POOLS])
def test_sample(store: DenseStore, documents: Documents, views: np.ndarray, pool: str | None) -> None:
    """A sample is of stored vectors of the language asked for, no larger than asked."""
    mine = views if pool is None else views[documents.pool_of[documents.owners] == POOLS.index(pool)]
    found = store.sample(10, pool)
    assert len(found) == 10
    assert (found @ mine.T).max(axis=1) == pytest.approx(np.ones(10), abs=5e-3)
    assert len(store.sample(10_000, pool)) == len(mine)


def test_filling_is_taken_up(tmp_path: Path, documents: Documents, views: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filling that is broken off leaves whole batches, and the next puts in only what is missing."""
    monkeypatch.setattr(dense, "_BATCH", 10)
    vectors.write(tmp_path, [views], at=0, dimension=DIMENSION)
    codes = VectorFile(tmp_path, documents.rows, DIMENSION)
    store = VectorStore(tmp_path / "chroma", "test")

    def stop(done: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dense.fill(store, documents, codes, stop)
    before = {pool: store.collection(pool, create=True).count() for pool in POOLS}
    assert 20 <= sum(before.values()) < documents.rows
    told: list[int] = []
    dense.fill(store, documents, codes, told.append)
    mine = {pool: int((documents.pool_of[documents.owners] == number).sum()) for number, pool in enumerate(POOLS)}
    assert {pool: store.collection(pool).count() for pool in POOLS} == mine
    assert len(told) == sum(-(-(mine[pool] - before[pool]) // 10) for pool in POOLS)
    for number, pool in enumerate(POOLS):
        rows = np.flatnonzero(documents.pool_of[documents.owners] == number)
        stored = store.collection(pool).get(ids=[str(row) for row in rows], include=["embeddings"])
        kept = dict(zip(stored["ids"], stored["embeddings"], strict=True))
        assert np.array([kept[str(row)] for row in rows]) == pytest.approx(codes.take(rows), abs=1e-3)


@pytest.mark.skipif(not OPEN.is_dir(), reason="open files are listed in /proc")
def test_files_are_closed(tmp_path: Path, documents: Documents, views: np.ndarray) -> None:
    """A store that nobody has any more leaves none of its files open, also where the same one was opened twice."""
    vectors.write(tmp_path, [views], at=0, dimension=DIMENSION)
    codes = VectorFile(tmp_path, documents.rows, DIMENSION)
    store = VectorStore(tmp_path / "chroma", "test")
    dense.fill(store, documents, codes)
    again = opened(tmp_path, documents)
    del store
    gc.collect()
    assert len(again.nearest(views[0], POOLS[0], k=5)) >= 1
    assert open_under(tmp_path / "chroma")
    del again
    gc.collect()
    assert not open_under(tmp_path / "chroma")


def opened(folder: Path, documents: Documents) -> DenseStore:
    """All documents, in a store that nobody else has."""
    held = VectorStore(folder / "chroma", "test")
    return DenseStore(lambda: held, VectorFile(folder, documents.rows, DIMENSION), documents, based=documents.rows)


def open_under(folder: Path) -> list[str]:
    """The files in a folder that this process has open."""
    found = []
    for descriptor in OPEN.iterdir():
        with suppress(OSError):  # the one that lists them is gone
            found.append(os.readlink(descriptor))
    return [name for name in found if name.startswith(str(folder))]


def test_centring() -> None:
    """Without the mean of their language, translations that lay apart come together."""
    chance = np.random.default_rng(5)
    topics, accents = chance.standard_normal((20, DIMENSION)), 3 * chance.standard_normal((2, DIMENSION))
    found = unit(np.vstack([topics + accents[0], topics + accents[1]]).astype(np.float32))
    en, zh = (dense.centred(part, part.mean(axis=0)) for part in (found[:20], found[20:]))
    assert np.linalg.norm(en, axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    assert np.argmax(en @ zh.T, axis=1).tolist() == list(range(20))
    assert (en * zh).sum(axis=1).mean() > (found[:20] * found[20:]).sum(axis=1).mean() + 0.3


@pytest.mark.parametrize(("spoken", "silent"), [("en", "zh"), ("zh", "en")])
def test_a_language_without_documents(tmp_path: Path, questions: np.ndarray, spoken: str, silent: str) -> None:
    """A language that has no documents has no finds."""
    two = unit(np.ones((2, DIMENSION), dtype=np.float32))
    documents = Documents()
    for number in range(2):
        documents.add(f"listing/{number}", spoken, number, 1, 1)
    vectors.write(tmp_path, [two], at=0, dimension=DIMENSION)
    codes, held = VectorFile(tmp_path, 2, DIMENSION), VectorStore(tmp_path / "chroma", "test")
    dense.fill(held, documents, codes)
    found = DenseStore(lambda: held, codes, documents, based=2)
    assert found.nearest(questions[0], silent, k=5).tolist() == []
    assert found.nearest(questions[0], spoken, k=5).tolist() == [0, 1]
