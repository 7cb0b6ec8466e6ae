"""Vectors on disk: unit vectors as 8-bit codes, memory-mapped, for exact scores of whichever rows are asked for.

A code is a component divided by its row's largest and rounded to 1/127 of it; a cosine from codes is off by about 0.0005, a
hundredth of what sets neighbours apart. 512 dimensions take 516 bytes a row instead of 2,048.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

Codes = npt.NDArray[np.int8]

CODES, SCALES, SKETCHES = "codes.i8", "scales.f32", "sketches.i8"
SKETCH = 64  # directions of a sketch
_CHUNK = 4_096
_MANY = 8_000  # rows from which sketches say which are compared
_WIDER = 10  # times as many as are wanted


class Sketches(Protocol):
    """How vectors are sketched."""

    def codes(self, vectors: Vectors) -> Codes:
        """The sketches of vectors."""
        ...

    def weights(self, vector: Vectors) -> Vectors:
        """What sketches are multiplied with to come near to their vectors' product with this one."""
        ...


class VectorFile:
    """The first ``rows`` vectors of a folder. Rows that were appended later are not seen.

    ``sketcher`` is the one they were written with, if they were.
    """

    def __init__(self, folder: Path, rows: int, dimension: int, sketcher: Sketches | None = None) -> None:
        self._codes: Codes = np.zeros((0, dimension), np.int8)
        self._sketcher = sketcher
        self._sketches: Codes | None = None
        if rows and sketcher is not None:
            flat = np.memmap(folder / SKETCHES, np.int8, "r")
            self._sketches = flat[: rows * SKETCH].reshape(rows, SKETCH)
        if rows:
            self._codes = np.memmap(folder / CODES, np.int8, "r", shape=(rows, dimension))
        self._scales = np.fromfile(folder / SCALES, np.float32, rows) if rows else np.zeros(0, np.float32)

    def __len__(self) -> int:
        return len(self._scales)

    def take(self, rows: Numbers | slice) -> Vectors:
        """These rows as vectors, shape (rows, dimension)."""
        return np.asarray(self._codes[rows], dtype=np.float32) * self._scales[rows, None]

    def best(self, rows: Numbers, vector: Vectors, k: int) -> Numbers:
        """The ``k`` of these rows that are nearest to a vector, in no order; of very many rows, those whose sketches are near."""
        if len(rows) > _MANY and self._sketches is not None and self._sketcher is not None:
            weights = self._sketcher.weights(vector)
            near = np.concatenate([self._sketches[part].astype(np.float32) @ weights for part in _parts(rows)])
            rows = rows[_highest(near, _WIDER * k)]
        return rows[_highest(self.dot(rows, vector), k)] if len(rows) > k else rows

    def dot(self, rows: Numbers, vector: Vectors) -> Vectors:
        """The product of each of these rows with a vector."""
        if not len(rows):
            return np.zeros(0, np.float32)
        products = np.concatenate([self._codes[part].astype(np.float32) @ vector for part in _parts(rows)])
        return products * self._scales[rows]


def _parts(rows: Numbers) -> Iterable[Numbers]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def _highest(scores: Vectors, k: int) -> Numbers:
    """Where the ``k`` highest scores are, in no order."""
    found: Numbers = np.argpartition(-scores, k)[:k] if len(scores) > k else np.arange(len(scores))
    return found


def write(folder: Path, batches: Iterable[Vectors], *, at: int, dimension: int, sketcher: Sketches | None = None) -> int:
    """Write vectors from row ``at`` on, over whatever a broken-off write left there; returns how many rows there are then."""
    sizes = {CODES: dimension, SCALES: 4, **({SKETCHES: SKETCH} if sketcher else {})}
    with ExitStack() as opened:
        files = {}
        for name, size in sizes.items():
            (folder / name).touch()
            files[name] = opened.enter_context((folder / name).open("r+b"))
            files[name].seek(at * size)
        for batch in batches:
            largest = np.maximum(np.abs(batch).max(axis=1), 1e-9) / 127
            files[CODES].write(np.rint(batch / largest[:, None]).astype(np.int8).tobytes())
            files[SCALES].write(largest.astype(np.float32).tobytes())
            if sketcher:
                files[SKETCHES].write(sketcher.codes(batch).tobytes())
            at += len(batch)
        for file in files.values():
            file.truncate()
    return at
