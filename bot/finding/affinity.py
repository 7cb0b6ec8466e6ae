"""Affinity: how well a question goes with a record, by a measure of likeness learnt from questions and their answers.

The encoder was made to tell what texts in general are like. Which words of a question tell one green technology from its
neighbour, and which only tell a complaint from a description, is learnt by benchmarks/affinity.py: the upper layers of the
encoder, which make one vector of the sum of a text's words, are taught to lay a question, through a matrix behind them, where the
records that answer it lie. The records' own vectors stay as they are in the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embed import Embedder, UniversalSentenceEncoder
from retrieval.vectors import Vectors

SHARPNESS = 25.0  # of the softmax that the affinity is learnt by
LEARNT = Path(__file__).with_name("affinity.npz")
_LEAST = 1e-9
_FEW = 3
_MATRIX, _CODES, _SCALES = "matrix", "_codes", "_scales"


@dataclass(frozen=True)
class Affinity:
    """What was learnt; without it, likeness as the encoder sees it.

    ``upper`` are the encoder's upper layers by their names there, ``matrix`` turns what they give, shape (dimension, dimension),
    and ``none`` is the likeness that a question has with "nothing answers this".
    """

    matrix: Vectors | None = None
    none: float = 0.5
    upper: Mapping[str, Vectors] = field(default_factory=dict)

    @classmethod
    @cache
    def learnt(cls, encoder: str) -> Affinity:
        """What was learnt for an encoder, whatever its version; that of no other is of use to it."""
        with np.load(LEARNT) as stored:
            if _family(str(stored["encoder"])) != _family(encoder):
                return cls()
            names = [name.removesuffix(_CODES) for name in stored.files if name.endswith(_CODES)]
            layers = {name: stored[name + _CODES].astype(np.float32) * stored[name + _SCALES] for name in names}
            return cls(layers.pop(_MATRIX), float(stored["none"]), layers)

    @cached_property
    def encoder(self) -> Embedder | None:
        """The encoder of questions; None when it is the one that the records were encoded with."""
        return UniversalSentenceEncoder(threads=1, upper=self.upper) if self.upper else None

    def turned(self, question: Vectors) -> Vectors:
        """A question's vector, centred, turned to where the records that answer it lie; of length one."""
        found = question if self.matrix is None else question @ self.matrix
        return found / max(float(np.linalg.norm(found)), _LEAST)

    def chances(self, likenesses: Vectors) -> Vectors:
        """The share of each of these records in what they, and nothing, have of the likeness."""
        powers = np.exp(SHARPNESS * (np.append(likenesses, self.none) - max(1.0, self.none)))
        found: Vectors = (powers / powers.sum())[:-1]
        return found

    def save(self, path: Path, encoder: str) -> None:
        """Write it (npz): layers and matrix as 8-bit codes, each off by 1/254 of the largest of its column at most."""
        if self.matrix is None:
            raise ValueError("nothing was learnt that could be written")
        stored: dict[str, Any] = {}
        for name, layer in {**self.upper, _MATRIX: self.matrix}.items():
            scales = np.maximum(np.abs(layer).max(axis=0), _LEAST) / 127
            stored |= {name + _CODES: np.rint(layer / scales).astype(np.int8), name + _SCALES: scales.astype(np.float32)}
        np.savez_compressed(path, none=np.float32(self.none), encoder=encoder, **stored)


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
