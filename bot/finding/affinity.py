"""Affinity: how well a question goes with a record, by a measure of likeness learnt from questions and their answers.

The encoder was made to tell what texts in general are like. Which of its directions tell one green technology from its
neighbour, and which only tell a complaint from a description, is learnt by benchmarks/affinity.py: a bilinear form between a
question and the middle of all ways in which a record may be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from retrieval.vectors import Vectors

SHARPNESS = 25.0  # of the softmax that the form is learnt by
LEARNT = Path(__file__).with_name("affinity.npz")
_LEAST = 1e-9
_FEW = 3


@dataclass(frozen=True)
class Affinity:
    """The bilinear form, shape (dimension, dimension); without one, likeness as the encoder sees it.

    ``none`` is the likeness that a question has with "nothing answers this".
    """

    matrix: Vectors | None = None
    none: float = 0.5

    @classmethod
    @cache
    def learnt(cls, encoder: str) -> Affinity:
        """The form that was learnt for an encoder, whatever its version; that of no other is of use to it."""
        with np.load(LEARNT) as stored:
            if _family(str(stored["encoder"])) != _family(encoder):
                return cls()
            return cls(stored["codes"].astype(np.float32) * stored["scale"], float(stored["none"]))

    def turned(self, question: Vectors) -> Vectors:
        """A question's vector, turned to where the records that answer it lie; of length one."""
        found = question if self.matrix is None else question @ self.matrix
        return found / max(float(np.linalg.norm(found)), _LEAST)

    def chances(self, likenesses: Vectors) -> Vectors:
        """The share of each of these records in what they, and nothing, have of the likeness."""
        powers = np.exp(SHARPNESS * (np.append(likenesses, self.none) - max(1.0, self.none)))
        found: Vectors = (powers / powers.sum())[:-1]
        return found

    def save(self, path: Path, encoder: str) -> None:
        """Write the form (npz), its entries as 8-bit codes, each off by at most 1/254 of the largest."""
        if self.matrix is None:
            raise ValueError("there is no form to write")
        scale = float(np.abs(self.matrix).max()) / 127
        codes = np.rint(self.matrix / scale).astype(np.int8)
        np.savez_compressed(path, codes=codes, scale=np.float32(scale), none=np.float32(self.none), encoder=encoder)


def _family(encoder: str) -> str:
    return encoder.split("/", 1)[0]


@dataclass(frozen=True)
class Likeness:
    """How well a question goes with the views of a record, each between -1 and 1: with the middle of them all, with the nearest,

    with the middle of the nearest few, and, over its documents (one in each language), with the nearest of each on average.
    """

    middle: float = 0.0
    nearest: float = 0.0
    few: float = 0.0
    each: float = 0.0


def to_record(turned: Vectors, views: Sequence[Vectors]) -> Likeness:
    """How well a turned question goes with a record: ``views`` are those of each of its documents."""
    if not any(map(len, views)):
        return Likeness()
    units = [view / np.maximum(np.linalg.norm(view, axis=1, keepdims=True), _LEAST) for view in views if len(view)]
    middle = np.concatenate(units).mean(axis=0)
    near = [unit @ turned for unit in units]
    best = np.sort(np.concatenate(near))[::-1]
    return Likeness(
        float(middle @ turned) / max(float(np.linalg.norm(middle)), _LEAST),
        float(best[0]),
        float(best[:_FEW].mean()),
        float(np.mean([one.max() for one in near])),
    )
