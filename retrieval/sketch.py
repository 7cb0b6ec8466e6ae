"""Sketches: what vectors say in the few directions in which they differ most, an eighth of their size.

Where tens of thousands of vectors pass a filter, sketches tell which few of them are worth comparing in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.vectors import SKETCH, Codes, Vectors

_REACH = 4  # standard deviations of a direction that a code spans


@dataclass(frozen=True)
class Sketcher:
    """Directions, shape (dimension, SKETCH), and for each how many steps of a code make one."""

    directions: Vectors
    steps: Vectors

    @classmethod
    def learn(cls, vectors: Vectors) -> Sketcher:
        """The principal directions of these vectors, as they stand (they are centred by language before)."""
        if not len(vectors):
            return cls(np.eye(vectors.shape[1], SKETCH, dtype=np.float32), np.full(SKETCH, 127, np.float32))
        _, found = np.linalg.eigh(vectors.T @ vectors / len(vectors))
        directions = np.zeros((vectors.shape[1], SKETCH), np.float32)
        leading = found[:, ::-1][:, :SKETCH]
        directions[:, : leading.shape[1]] = leading
        spread = np.maximum((vectors @ directions).std(axis=0), 1e-6)
        return cls(directions, (127 / (_REACH * spread)).astype(np.float32))

    def codes(self, vectors: Vectors) -> Codes:
        """Their sketches, shape (len(vectors), SKETCH)."""
        steps: npt.NDArray[np.float32] = np.rint(vectors @ self.directions * self.steps)
        return np.clip(steps, -127, 127).astype(np.int8)

    def weights(self, vector: Vectors) -> Vectors:
        """What the codes of others are multiplied with to come near to their product with this vector."""
        found: Vectors = (vector @ self.directions / self.steps).astype(np.float32)
        return found

    def save(self, path: Path) -> None:
        """Write the directions to ``path`` (npz)."""
        np.savez(path, directions=self.directions, steps=self.steps)

    @classmethod
    def load(cls, path: Path) -> Sketcher:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            return cls(stored["directions"], stored["steps"])
