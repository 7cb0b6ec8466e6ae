"""Vectors are made once and handed to every system alike."""

from __future__ import annotations

import numpy as np
import pytest
from standins import WideEncoder

from benchmarks import encoder
from benchmarks.encoder import CachedEncoder, VectorStore, encode

TEXTS = ["heat pump for a school", "学校用的热泵", "membrane filter"]


class CountingEncoder(WideEncoder):
    """Remembers what it was asked to encode."""

    asked: list[str]

    def __init__(self, threads: int = 1) -> None:
        super().__init__()
        CountingEncoder.asked = []

    def embed(self, texts):
        """Note the texts, then encode them."""
        CountingEncoder.asked += texts
        return super().embed(texts)


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    monkeypatch.setattr(encoder, "UniversalSentenceEncoder", CountingEncoder)
    encoder._encoder.cache_clear()
    yield
    encoder._encoder.cache_clear()


def test_a_text_is_encoded_once(tmp_path):
    """What is in the store is not encoded again, however often it is asked for."""
    assert encode([*TEXTS, *TEXTS], tmp_path, processes=1).texts == len(TEXTS)
    assert CountingEncoder.asked == TEXTS
    assert encode([*TEXTS, "biogas"], tmp_path, processes=1).texts == 1
    assert CountingEncoder.asked[len(TEXTS) :] == ["biogas"]


def test_stored_vectors_are_the_encoder_s(tmp_path):
    """A stored vector is what the encoder says, in the order asked; a text that is not stored is encoded on the spot."""
    encode(TEXTS, tmp_path, processes=1)
    cached = CachedEncoder(str(tmp_path))
    wanted = ["沼气池", TEXTS[2], TEXTS[0]]
    assert np.allclose(cached.embed(wanted), WideEncoder().embed(wanted))
    assert CountingEncoder.asked == ["沼气池"]
    assert cached.embed_query(TEXTS[1]) == cached.embed_documents([TEXTS[1]])[0]


def test_a_write_cut_short_is_forgotten(tmp_path):
    """Vectors written without their digests, as when a run is killed, do no harm to those that come after."""
    encode(TEXTS, tmp_path, processes=1)
    with (tmp_path / "vectors.f32").open("ab") as file:
        file.write(b"half a vector")
    encode(["biogas"], tmp_path, processes=1)
    assert len(VectorStore(tmp_path)) == len(TEXTS) + 1
    assert np.allclose(CachedEncoder(str(tmp_path)).embed(["biogas"]), WideEncoder().embed(["biogas"]))
