"""Vectors on disk: unit vectors as 8-bit codes, memory-mapped, for exact scores of whichever rows are asked for.

A code is a component divided by its row's largest and rounded to 1/127 of it; a cosine from codes is off by about 0.0005, a
hundredth of what sets neighbours apart. 512 dimensions take 516 bytes a row instead of 2,048.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

_CODES, _SCALES = "codes.i8", "scales.f32"
_CHUNK = 4_096


class VectorFile:
    """The first ``rows`` vectors of a folder. Rows that were appended later are not seen."""

    def __init__(self, folder: Path, rows: int, dimension: int) -> None:
        self._codes: npt.NDArray[np.int8] = np.zeros((0, dimension), np.int8)
        if rows:
            self._codes = np.memmap(folder / _CODES, np.int8, "r", shape=(rows, dimension))
        self._scales = np.fromfile(folder / _SCALES, np.float32, rows) if rows else np.zeros(0, np.float32)

    def __len__(self) -> int:
        return len(self._scales)

    def take(self, rows: Numbers | slice) -> Vectors:
        """These rows as vectors, shape (rows, dimension)."""
        return np.asarray(self._codes[rows], dtype=np.float32) * self._scales[rows, None]

    def dot(self, rows: Numbers, vector: Vectors) -> Vectors:
        """The product of each of these rows with a vector."""
        products = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            products[start : start + _CHUNK] = self._codes[some].astype(np.float32) @ vector
        return products * self._scales[rows]


def write(folder: Path, batches: Iterable[Vectors], *, at: int, dimension: int) -> int:
    """Write vectors from row ``at`` on, over whatever a broken-off write left there; returns how many rows there are then."""
    for name in (_CODES, _SCALES):
        (folder / name).touch()
    with (folder / _CODES).open("r+b") as codes, (folder / _SCALES).open("r+b") as scales:
        codes.seek(at * dimension)
        scales.seek(at * 4)
        for batch in batches:
            largest = np.maximum(np.abs(batch).max(axis=1), 1e-9) / 127
            codes.write(np.rint(batch / largest[:, None]).astype(np.int8).tobytes())
            scales.write(largest.astype(np.float32).tobytes())
            at += len(batch)
        codes.truncate()
        scales.truncate()
    return at
