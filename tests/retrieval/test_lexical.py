"""BM25 per language, and the scores of chance to compare with."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from retrieval import calibration
from retrieval.lexical import LexicalPool
from retrieval.retriever import HybridRetriever

WORDS = ["pump", "heat", "water", "waste", "solar", "wind", "热泵", "污水", "太阳能"]


def reference(documents: list[list[str]], question: list[str]) -> list[float]:
    """BM25 as in the textbook (k1 = 1.2, b = 0.75)."""
    average = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for word in question:
        have = sum(word in document for document in documents)
        weight = math.log(1 + (len(documents) - have + 0.5) / (have + 0.5))
        for number, document in enumerate(documents):
            count = Counter(document)[word]
            scores[number] += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(document) / average))
    return scores


@pytest.fixture(scope="module")
def documents() -> list[list[str]]:
    """Random documents of up to 30 words."""
    chance = np.random.default_rng(7)
    odds = np.arange(1, len(WORDS) + 1) / sum(range(1, len(WORDS) + 1))
    return [chance.choice(WORDS, size=chance.integers(1, 30), p=odds).tolist() for _ in range(120)]


@pytest.fixture(scope="module")
def pool(documents: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> LexicalPool:
    """The random documents, searchable; every third is of kind a, every fifth from a place."""
    folder = tmp_path_factory.mktemp("lexical") / "pool"
    rows = [
        (n, tokens, [f"kind:{'a' if n % 3 == 0 else 'b'}", *(["place:p"] if n % 5 == 0 else [])])
        for n, tokens in enumerate(documents)
    ]
    return LexicalPool.build(folder, rows)


@pytest.mark.parametrize("question", [["pump"], ["heat", "water"], ["污水", "太阳能", "热泵"], ["wind", "太阳能"]])
def test_scores_are_bm25(pool: LexicalPool, documents: list[list[str]], question: list[str]) -> None:
    """Scores are those of BM25, and documents without any of the words are not found."""
    expected = reference(documents, question)
    found = pool.search([[[word]] for word in question], k=1000).scores
    assert found == pytest.approx({n: score for n, score in enumerate(expected) if score}, rel=1e-4)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_best_k(pool: LexicalPool, documents: list[list[str]]) -> None:
    """Of all matches the k best are returned."""
    best = sorted(reference(documents, ["heat", "pump"]), reverse=True)[:5]
    assert list(pool.search([[["heat"]], [["pump"]]], k=5).scores.values()) == pytest.approx(best, rel=1e-4)


def test_the_best_alternative_counts_once(pool: LexicalPool, documents: list[list[str]]) -> None:
    """Alternatives of one word count as the best of them, not as their sum."""
    one, other = reference(documents, ["热泵"]), reference(documents, ["污水", "pump"])
    found = pool.search([[["热泵"], ["污水", "pump"]]], k=1000).scores
    assert found == pytest.approx({n: max(pair) for n, pair in enumerate(zip(one, other, strict=True)) if max(pair)}, rel=1e-4)


def test_facets_narrow(pool: LexicalPool) -> None:
    """Facets of one group widen, groups narrow, and neither changes a score."""
    everything = pool.search([[["solar"]]], k=1000).scores

    def narrowed(*groups: tuple[str, ...]) -> dict[int, float]:
        return pool.search([[["solar"]]], k=1000, facets=groups).scores

    assert narrowed(("kind:a",)) == pytest.approx({n: s for n, s in everything.items() if n % 3 == 0})
    assert narrowed(("kind:a", "kind:b")) == pytest.approx(everything)
    assert narrowed(("kind:a",), ("place:p",)) == pytest.approx({n: s for n, s in everything.items() if n % 15 == 0})
    assert narrowed(("kind:c",)) == {}


def test_coverage(pool: LexicalPool) -> None:
    """Coverage is a share of the question: 0 without its words, never above 1, lower when a word is in no document."""
    known, partly = pool.search([[["wind"]]], k=1000), pool.search([[["wind"]], [["quantum"]]], k=1000)
    best = max(known.scores, key=known.scores.__getitem__)
    absent = next(n for n in range(120) if n not in known.scores)
    assert known.coverage(absent) == 0.0
    assert 0 < partly.coverage(best) < known.coverage(best) <= 1
    assert max(map(known.coverage, known.scores)) <= 1


@pytest.mark.parametrize("clauses", [[], [[]], [[["quantum"]]], [[["quantum"], ["foam"]], []]])
def test_nothing_known(pool: LexicalPool, clauses: list[list[list[str]]]) -> None:
    """A question without a known word finds nothing, and every document is at the mean."""
    found = pool.search(clauses, k=10)
    assert found.scores == {}
    assert found.standardised(0) == found.coverage(0) == 0.0


def test_frequency_and_weight(pool: LexicalPool, documents: list[list[str]]) -> None:
    """The number of documents with a word is exact, and rarer words weigh more."""
    frequencies = {word: sum(word in document for document in documents) for word in WORDS}
    assert {word: pool.frequency(word) for word in WORDS} == frequencies
    assert len(pool) == len(documents)
    by_weight = sorted(WORDS, key=pool.weight, reverse=True)
    assert [frequencies[word] for word in by_weight] == sorted(frequencies.values())
    assert pool.weight("quantum") == 0.0


def test_common_words_do_not_blow_up(tmp_path: Path) -> None:
    """A word that every document has sets none apart by more than a deviation or two."""
    pool = LexicalPool.build(tmp_path / "pool", [(n, ["green"] * (1 + n % 4) + ["word"] * (n % 7), []) for n in range(200)])
    found = pool.search([[["green"]]], k=200)
    assert len(found.scores) == 200
    assert max(abs(found.standardised(n)) for n in range(200)) < 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_scores_of_chance(retriever: HybridRetriever, lang: str) -> None:
    """On real questions and documents of one language, mean and deviation are mostly estimated within a factor of two."""
    pool = retriever.index.pools[lang]
    good = []
    for question in calibration.questions().within[lang][:60]:
        found = pool.search(retriever.clauses(question)[lang], k=len(pool))
        if not found.scores:
            continue
        scores = np.zeros(len(pool))
        scores[: len(found.scores)] = list(found.scores.values())
        ratios = np.array([found.mean / scores.mean(), found.deviation / scores.std()])
        good.append(bool(((ratios > 0.5) & (ratios < 2)).all()))
    assert len(good) > 50
    assert np.mean(good) > 0.8
