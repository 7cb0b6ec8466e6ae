"""Dense search: Chroma finds what comparing with everything finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval import dense
from retrieval.dense import DenseStore
from retrieval.embed import unit

POOLS = ("en", "zh")
DIMENSION = 16


@pytest.fixture(scope="module")
def passages() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vectors of 60 documents with one to three passages, by turns in two languages."""
    chance = np.random.default_rng(3)
    owners = np.repeat(np.arange(60), chance.integers(1, 4, size=60))
    vectors = unit(chance.standard_normal((len(owners), DIMENSION)).astype(np.float32))
    return vectors, owners, [POOLS[owner % 2] for owner in owners]


@pytest.fixture(scope="module")
def store(passages: tuple[np.ndarray, np.ndarray, list[str]], tmp_path_factory: pytest.TempPathFactory) -> DenseStore:
    """The vectors, stored."""
    folder = tmp_path_factory.mktemp("dense")
    dense.build(folder, *passages, POOLS)
    return DenseStore(folder)


@pytest.fixture(scope="module")
def questions() -> np.ndarray:
    """Vectors of ten questions."""
    return unit(np.random.default_rng(4).standard_normal((10, DIMENSION)).astype(np.float32))


@pytest.mark.parametrize("pool", POOLS)
def test_nearest(store: DenseStore, passages: tuple, questions: np.ndarray, pool: str) -> None:
    """The nearest passages of a language are those with the largest cosine, and their documents come each once."""
    vectors, owners, languages = passages
    rows = np.flatnonzero(np.asarray(languages) == pool)
    for question in questions:
        order = rows[np.argsort(-(vectors[rows] @ question))]
        assert store.nearest(question, pool, k=12) == list(dict.fromkeys(owners[order[:12]].tolist()))


def test_more_than_there_is(store: DenseStore, questions: np.ndarray) -> None:
    """Asking for more than there is gives every document of the language."""
    assert sorted(store.nearest(questions[0], "zh", k=10_000)) == list(range(1, 60, 2))


def test_similarities(store: DenseStore, passages: tuple, questions: np.ndarray) -> None:
    """A document is as similar as its best passage."""
    vectors, owners, _ = passages
    for question in questions:
        scores = vectors @ question
        best = {n: max(scores[owners == n]) for n in (41, 3, 0, 59)}
        assert store.similarities(question, [41, 3, 0, 59]) == pytest.approx(best, abs=1e-6)
    assert store.similarities(questions[0], []) == {}


def test_sample(store: DenseStore, passages: tuple) -> None:
    """A sample is of stored passages, no larger than asked."""
    stored = {tuple(vector) for vector in passages[0]}
    found = store.sample(10)
    assert len(found) == 10
    assert {tuple(vector) for vector in found} <= stored
    assert len(store.sample(10_000)) == len(store) == len(passages[0])


def test_centring() -> None:
    """Without the mean of their language, translations that lay apart come together."""
    chance = np.random.default_rng(5)
    topics, accents = chance.standard_normal((20, DIMENSION)), 3 * chance.standard_normal((2, DIMENSION))
    vectors = unit(np.vstack([topics + accents[0], topics + accents[1]]).astype(np.float32))
    languages = ["en"] * 20 + ["zh"] * 20
    means = dense.centres(vectors, languages, POOLS)
    assert means["en"] == pytest.approx(vectors[:20].mean(axis=0), abs=1e-6)
    en, zh = (dense.centred(part, means[pool]) for part, pool in ((vectors[:20], "en"), (vectors[20:], "zh")))
    assert np.linalg.norm(en, axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    assert np.argmax(en @ zh.T, axis=1).tolist() == list(range(20))
    assert (en * zh).sum(axis=1).mean() > (vectors[:20] * vectors[20:]).sum(axis=1).mean() + 0.3


def test_a_language_without_documents(tmp_path: Path, questions: np.ndarray) -> None:
    """A language that has no documents has a centre of zeros and no finds."""
    vectors = unit(np.ones((2, DIMENSION), dtype=np.float32))
    assert not dense.centres(vectors, ["en", "en"], POOLS)["zh"].any()
    dense.build(tmp_path, vectors, np.arange(2), ["en", "en"], POOLS)
    assert DenseStore(tmp_path).nearest(questions[0], "zh", k=5) == []
