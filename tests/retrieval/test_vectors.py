"""Vectors as codes: nearly exact, and appended to without disturbing who reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval import vectors
from retrieval.embed import unit
from retrieval.vectors import VectorFile

DIMENSION = 512


def some(seed: int, count: int, dimension: int = DIMENSION) -> np.ndarray:
    """Unit vectors, random but for a direction they share, as those of one language do."""
    chance = np.random.default_rng(seed)
    return unit((chance.standard_normal((count, dimension)) + chance.standard_normal(dimension)).astype(np.float32))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_products_are_kept(tmp_path: Path, seed: int, count: int) -> None:
    """The product of a stored vector with any other is within 0.002 of what it was."""
    stored, question = some(seed, count), some(seed + 1, 1)[0]
    assert vectors.write(tmp_path, [stored], at=0, dimension=DIMENSION) == count
    opened = VectorFile(tmp_path, count, DIMENSION)
    rows = np.random.default_rng(seed).permutation(count)
    assert np.abs(opened.dot(rows, question) - stored[rows] @ question).max() < 0.002
    assert np.abs(opened.dot(rows, stored[0]) - stored[rows] @ stored[0]).max() < 0.002
    assert opened.take(rows) == pytest.approx(stored[rows], abs=0.002)


def test_more_rows_than_are_scored_at_once(tmp_path: Path) -> None:
    """However many rows are asked for, in whatever order and how often, each gets its own score."""
    stored, question = some(1, 700, 16), some(2, 1, 16)[0]
    vectors.write(tmp_path, [stored[:300], stored[300:]], at=0, dimension=16)
    rows = np.random.default_rng(3).integers(0, 700, size=10_000)
    assert VectorFile(tmp_path, 700, 16).dot(rows, question) == pytest.approx(stored[rows] @ question, abs=5e-3)


def test_over_what_was_broken_off(tmp_path: Path) -> None:
    """Rows are appended over whatever a broken-off write left behind, half a row or many."""
    stored, lost, fresh = some(1, 10), some(2, 30), some(3, 5)
    vectors.write(tmp_path, [stored], at=0, dimension=DIMENSION)
    vectors.write(tmp_path, [lost], at=10, dimension=DIMENSION)
    with (tmp_path / "codes.i8").open("ab") as file:
        file.write(b"\1" * 100)
    assert vectors.write(tmp_path, [fresh[:2], fresh[2:]], at=10, dimension=DIMENSION) == 15
    opened = VectorFile(tmp_path, 15, DIMENSION)
    assert opened.take(slice(None)) == pytest.approx(np.vstack([stored, fresh]), abs=0.002)
    assert (tmp_path / "codes.i8").stat().st_size == 15 * DIMENSION
    assert (tmp_path / "scales.f32").stat().st_size == 15 * 4


def test_readers_are_not_disturbed(tmp_path: Path) -> None:
    """Who has the file open keeps seeing the rows there were, the same bytes, while others are appended."""
    stored = some(1, 10)
    vectors.write(tmp_path, [stored], at=0, dimension=DIMENSION)
    before = VectorFile(tmp_path, 10, DIMENSION)
    seen = before.take(slice(None)).copy()
    vectors.write(tmp_path, [some(2, 5)], at=10, dimension=DIMENSION)
    assert len(before) == len(before.take(slice(None))) == 10
    assert np.array_equal(before.take(slice(None)), seen)
    assert len(VectorFile(tmp_path, 15, DIMENSION)) == 15


def test_nothing(tmp_path: Path) -> None:
    """A file of no vectors is opened like any other, also when there is no file."""
    for _ in range(2):
        opened = VectorFile(tmp_path, 0, DIMENSION)
        assert len(opened) == 0
        assert opened.dot(np.zeros(0, np.int64), np.zeros(DIMENSION, np.float32)).shape == (0,)
        assert vectors.write(tmp_path, [], at=0, dimension=DIMENSION) == 0


def test_a_zero_vector(tmp_path: Path) -> None:
    """A vector of zeros stays one."""
    vectors.write(tmp_path, [np.zeros((1, 4), np.float32)], at=0, dimension=4)
    assert VectorFile(tmp_path, 1, 4).take(slice(None)).tolist() == [[0, 0, 0, 0]]
