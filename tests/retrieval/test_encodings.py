"""Encodings: no text is encoded twice, whatever happened to the process before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from encoders import WordEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval import encodings
from retrieval.embed import unit
from retrieval.encodings import Encoder, Encodings, digest

TEXTS = ["a heat pump for the school", "biogas from manure", "学校的热泵", "粪便变成燃气"]


@dataclass
class Counting(WordEncoder):
    """Notes what it is asked to encode; questions are encoded in another voice."""

    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors."""
        self.asked += texts
        return super().embed(texts)

    def embed_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Other unit vectors."""
        return -self.embed(texts)


def half(vectors: np.ndarray) -> np.ndarray:
    """The vectors in half precision."""
    return vectors.astype(np.float16).astype(np.float32)


def test_encoded_once(tmp_path: Path) -> None:
    """A text is encoded once, whoever asks for it, how often, and after how many restarts."""
    first, second = Counting(), Counting()
    found = Encodings(tmp_path, first).of([*TEXTS[:2], *TEXTS[:2]])
    kept = Encodings(tmp_path, second)
    assert np.array_equal(kept.of(TEXTS)[:2], found[:2])
    kept.of(list(reversed(TEXTS)))
    assert (first.asked, second.asked) == (TEXTS[:2], TEXTS[2:])
    assert len(kept) == len(TEXTS)
    assert [digest(text) in kept for text in (*TEXTS, "something else", "别的")] == [True] * 4 + [False] * 2


def test_vectors_are_what_was_put_in(tmp_path: Path) -> None:
    """What is kept is what the encoder said, in half precision, in the order it is asked for."""
    kept, encoder = Encodings(tmp_path, Counting()), WordEncoder()
    for order in (TEXTS, TEXTS[::-1], TEXTS[1:] + TEXTS[:3]):
        assert np.array_equal(kept.of(order), half(encoder.embed(order)))
    assert kept.of([]).shape == (0, 64)


def test_questions_are_kept_apart(tmp_path: Path) -> None:
    """The same words as a question and as a text are two encodings."""
    encoder = Counting()
    kept = Encodings(tmp_path, encoder)
    for _ in range(2):
        assert np.array_equal(kept.of_questions(TEXTS), -kept.of(TEXTS))
    assert len(kept) == len(encoder.asked) == 2 * len(TEXTS)
    assert digest(TEXTS[0]) != digest(TEXTS[0], asked=True)


@pytest.mark.parametrize("other", [Counting(name="words/2"), Counting(dimension=32)])
def test_encoders_are_kept_apart(tmp_path: Path, other: Counting) -> None:
    """What one encoder said is not taken for what another would say."""
    Encodings(tmp_path, Counting()).of(TEXTS)
    assert Encodings(tmp_path, other).of(TEXTS).shape == (4, other.dimension)
    assert other.asked == TEXTS
    assert len(Encodings(tmp_path, Counting())) == 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the encodings of a few texts."""
    folder = tmp_path_factory.mktemp("encodings")
    Encodings(folder, WordEncoder()).of(TEXTS)
    return folder


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 4 * (16 + 128)))
def test_cut_at_any_byte(whole: Path, tmp_path: Path, cut: int) -> None:
    """A file that was cut at any byte opens again; at most the row that was being written is encoded anew."""
    shutil.rmtree(tmp_path / "cut", ignore_errors=True)
    shutil.copytree(whole, tmp_path / "cut")
    (path,) = (tmp_path / "cut").glob("*.f16")
    with path.open("r+b") as file:
        file.truncate(cut)
    left, encoder = cut // (16 + 128), Counting()
    kept = Encodings(tmp_path / "cut", encoder)
    assert [digest(text) in kept for text in TEXTS] == [number < left for number in range(len(TEXTS))]
    assert np.array_equal(kept.of(TEXTS), half(WordEncoder().embed(TEXTS)))
    assert encoder.asked == TEXTS[left:]
    assert path.stat().st_size == whole.joinpath(path.name).stat().st_size


def test_forgetting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encodings that are no longer wanted are forgotten once they are many; those that are stay as they were."""
    monkeypatch.setattr(encodings, "MANY", 1)
    encoder = Counting()
    kept = Encodings(tmp_path, encoder)
    vectors = kept.of(TEXTS)
    kept.of_questions(TEXTS[:1])
    kept.keep(set(map(digest, TEXTS)))
    assert len(kept) == 5, "few enough to be kept"
    kept.keep({digest(TEXTS[2])})
    for each in (kept, Encodings(tmp_path, encoder)):
        assert (len(each), digest(TEXTS[2]) in each, digest(TEXTS[0]) in each) == (1, True, False)
        assert np.array_equal(each.of([TEXTS[2]]), vectors[2:3])
    encoder.asked.clear()
    assert np.array_equal(kept.of(TEXTS), vectors)
    assert encoder.asked == [*TEXTS[:2], TEXTS[3]]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".f16", ".keys"]


@given(st.lists(st.text(max_size=20), unique=True, max_size=8))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text(tmp_path: Path, texts: list[str]) -> None:
    """Any text at all has its own encoding, also an empty one and one that no file could be written in."""
    chance = np.random.default_rng(len(texts))
    vectors = unit(chance.standard_normal((len(texts), 8)).astype(np.float32)).reshape(-1, 8)
    shutil.rmtree(tmp_path / "any", ignore_errors=True)
    encoder = WordEncoder(dimension=8)
    Encodings(tmp_path / "any", encoder).add(texts, vectors)
    again = Encodings(tmp_path / "any", encoder)
    assert np.array_equal(again.vectors(again.rows(map(digest, texts))), half(vectors))


def test_progress(tmp_path: Path) -> None:
    """Whoever waits is told how many texts have been encoded, and only those."""
    kept, told = Encodings(tmp_path, WordEncoder()), []
    texts = [f"text {number}" for number in range(150)]
    kept.of(texts[:10])
    with Encoder(kept, done=told.append) as encoder:
        encoder.want(texts)
    assert told == [64, 128, 140]


def test_a_broken_off_encoding(tmp_path: Path) -> None:
    """What was encoded before something went wrong stays encoded."""
    kept = Encodings(tmp_path, WordEncoder())

    def hundred() -> Iterator[str]:
        yield from (f"text {number}" for number in range(100))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Encoder(kept) as encoder:
        encoder.want(hundred())
    assert len(Encodings(tmp_path, WordEncoder())) == 64
