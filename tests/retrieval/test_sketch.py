"""Sketches: an eighth of a vector says which of many vectors are worth comparing in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval import vectors
from retrieval.embed import unit
from retrieval.sketch import Sketcher
from retrieval.vectors import SKETCH, VectorFile

DIMENSION, ROWS = 256, 12_000


@pytest.fixture(scope="module")
def stored() -> np.ndarray:
    """Many vectors that, like those of texts, differ in some directions more than in others."""
    chance = np.random.default_rng(7)
    return unit((chance.standard_normal((ROWS, DIMENSION)) / np.arange(1, DIMENSION + 1) ** 0.5).astype(np.float32))


@pytest.fixture(scope="module")
def opened(stored: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> VectorFile:
    """These vectors on disk, with sketches learnt from some of them."""
    folder = tmp_path_factory.mktemp("vectors")
    Sketcher.learn(stored[::5]).save(folder / "sketcher.npz")
    sketcher = Sketcher.load(folder / "sketcher.npz")
    vectors.write(folder, [stored[:7_000]], at=0, dimension=DIMENSION, sketcher=sketcher)
    vectors.write(folder, [stored[7_000:]], at=7_000, dimension=DIMENSION, sketcher=sketcher)
    return VectorFile(folder, ROWS, DIMENSION, sketcher)


def test_the_best_of_very_many(stored: np.ndarray, opened: VectorFile) -> None:
    """Of more rows than are compared in full, nearly all of the nearest are found, whichever rows are asked for."""
    chance = np.random.default_rng(11)
    rows = chance.permutation(ROWS)[:10_000]
    shares = []
    for question in unit((stored[:20] + 0.05 * chance.standard_normal((20, DIMENSION))).astype(np.float32)):
        best = rows[np.argsort(-(stored[rows] @ question))[:100]]
        found = opened.best(rows, question, 100)
        assert len(found) == 100
        shares.append(len(set(best.tolist()) & set(found.tolist())) / 100)
    assert np.mean(shares) > 0.97


def test_the_best_of_some(stored: np.ndarray, opened: VectorFile) -> None:
    """Of fewer rows exactly the nearest are found, and all of them where no more are there than wanted."""
    rows = np.arange(0, ROWS, 4)
    best = rows[np.argsort(-(stored[rows] @ stored[1]))[:10]]
    assert len(set(best.tolist()) & set(opened.best(rows, stored[1], 10).tolist())) >= 9  # codes round: the tenth may differ
    assert opened.best(rows[:5], stored[1], 10).tolist() == rows[:5].tolist()
    assert opened.best(rows[:0], stored[1], 10).tolist() == []


@pytest.mark.parametrize("dimension", [16, 300])
def test_few_to_learn_from(tmp_path: Path, dimension: int) -> None:
    """Sketches are made of vectors of any size, learnt from few or from none."""
    some = unit(np.random.default_rng(3).standard_normal((3, dimension)).astype(np.float32))
    for sketcher in (Sketcher.learn(some), Sketcher.learn(some[:0])):
        assert sketcher.codes(some).shape == (3, SKETCH)
        assert np.isfinite(sketcher.weights(some[0])).all()
