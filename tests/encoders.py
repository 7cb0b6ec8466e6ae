"""A stand-in for the encoder that takes no time to load and little to run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.embed import unit
from retrieval.vectors import Vectors


@dataclass
class WordEncoder:
    """Every longer word or Chinese character is a random direction, a text the sum of its words."""

    name: str = "words/1"
    dimension: int = 64

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        return unit(np.array([self._sum(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension))

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """The same as of any text."""
        return self.embed(texts)

    def _sum(self, text: str) -> Vectors:
        words = re.findall(r"[a-z]{4,}|[\u4e00-\u9fff]", text.lower()) or [text]
        return np.sum([self._direction(word) for word in words], axis=0, dtype=np.float32)

    def _direction(self, word: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
        return np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
