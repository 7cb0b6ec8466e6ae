"""Affinity: how well a question goes with a record, by a measure of likeness learnt from questions and their answers.

The encoder was made to tell what texts in general are like. Which of its directions tell one green technology from its
neighbour, and which only tell a complaint from a description, is learnt by benchmarks/affinity.py: a bilinear form between a
question and the middle of all ways in which a record may be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from retrieval.vectors import Vectors

LEARNT = Path(__file__).with_name("affinity.npz")
_LEAST = 1e-9


@dataclass(frozen=True)
class Affinity:
    """The bilinear form, shape (dimension, dimension); without one, likeness as the encoder sees it."""

    matrix: Vectors | None = None

    @classmethod
    @cache
    def learnt(cls, encoder: str) -> Affinity:
        """The form that was learnt for an encoder, whatever its version; that of no other is of use to it."""
        with np.load(LEARNT) as stored:
            if _family(str(stored["encoder"])) != _family(encoder):
                return cls()
            return cls(stored["codes"].astype(np.float32) * stored["scale"])

    def turned(self, question: Vectors) -> Vectors:
        """A question's vector, turned to where the records that answer it lie; of length one."""
        found = question if self.matrix is None else question @ self.matrix
        return found / max(float(np.linalg.norm(found)), _LEAST)

    def save(self, path: Path, encoder: str) -> None:
        """Write the form (npz), its entries as 8-bit codes, each off by at most 1/254 of the largest."""
        if self.matrix is None:
            raise ValueError("there is no form to write")
        scale = float(np.abs(self.matrix).max()) / 127
        np.savez_compressed(path, codes=np.rint(self.matrix / scale).astype(np.int8), scale=np.float32(scale), encoder=encoder)


def _family(encoder: str) -> str:
    return encoder.split("/", 1)[0]


def to_record(turned: Vectors, views: Vectors) -> tuple[float, float]:
    """How well a turned question goes with the middle of a record's views, and with the nearest of them; -1 to 1."""
    if not len(views):
        return 0.0, 0.0
    units = views / np.maximum(np.linalg.norm(views, axis=1, keepdims=True), _LEAST)
    middle = units.mean(axis=0)
    return float(middle @ turned) / max(float(np.linalg.norm(middle)), _LEAST), float((units @ turned).max())
