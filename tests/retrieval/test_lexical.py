"""BM25 per language, and the scores of chance to compare with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval import calibration, lexical
from retrieval.lexical import GRAM_WEIGHT, LexicalPool, LexicalScores, LexicalWriter, Sample, Sampler, Words
from retrieval.retriever import HybridRetriever

WORDS = ["pump", "heat", "water", "waste", "solar", "wind", "热泵", "污水", "太阳能"]


Row = tuple[int, Words, Sequence[str]]


def built(folder: Path, rows: Iterable[Row]) -> LexicalPool:
    """A pool of these documents with its sample."""
    writer, sampler = LexicalWriter(folder), Sampler()
    for number, words, facets in rows:
        writer.add(number, words, facets)
        sampler.add(words)
    writer.commit()
    return LexicalPool(folder, sampler.sample())


def scored(found: LexicalScores) -> dict[int, float]:
    """The scores by document."""
    return dict(zip(found.documents.tolist(), found.scores.tolist(), strict=True))


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
def rows(documents: list[list[str]]) -> list[Row]:
    """The random documents as they are written; every third is of kind a, every fifth from a place."""
    return [
        (n, Words(tokens), [f"kind:{'a' if n % 3 == 0 else 'b'}", *(["place:p"] if n % 5 == 0 else [])])
        for n, tokens in enumerate(documents)
    ]


@pytest.fixture(scope="module")
def pool(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> LexicalPool:
    """The random documents, searchable."""
    return built(tmp_path_factory.mktemp("lexical") / "pool", rows)


@pytest.mark.parametrize("question", [["pump"], ["heat", "water"], ["污水", "太阳能", "热泵"], ["wind", "太阳能"]])
def test_scores_are_bm25(pool: LexicalPool, documents: list[list[str]], question: list[str]) -> None:
    """Scores are those of BM25, and documents without any of the words are not found."""
    expected = reference(documents, question)
    found = pool.search([[[word]] for word in question], k=1000)
    assert scored(found) == pytest.approx({n: score for n, score in enumerate(expected) if score}, rel=1e-4)
    assert found.documents.tolist() == sorted(found.documents.tolist())
    assert found.of(np.arange(120)) == pytest.approx(expected, rel=1e-4)


def test_the_best_k(pool: LexicalPool, documents: list[list[str]]) -> None:
    """Of all matches the k best are returned."""
    best = sorted(reference(documents, ["heat", "pump"]), reverse=True)[:5]
    found = pool.search([[["heat"]], [["pump"]]], k=5)
    assert sorted(found.scores.tolist(), reverse=True) == pytest.approx(best, rel=1e-4)


def test_the_best_alternative_counts_once(pool: LexicalPool, documents: list[list[str]]) -> None:
    """Alternatives of one word count as the best of them, not as their sum."""
    one, other = reference(documents, ["热泵"]), reference(documents, ["污水", "pump"])
    found = scored(pool.search([[["热泵"], ["污水", "pump"]]], k=1000))
    assert found == pytest.approx({n: max(pair) for n, pair in enumerate(zip(one, other, strict=True)) if max(pair)}, rel=1e-4)


def test_grams_count_half(tmp_path: Path) -> None:
    """Pairs of characters add half of what BM25 gives them, and alone find nothing."""
    words = [["热泵"], ["热", "泵机"], ["水泵"], ["污水"], ["热泵", "污水"]]
    grams = [["热泵"], ["热泵", "泵机"], ["水泵"], ["污水"], ["热泵", "泵污", "污水"]]
    pool = built(tmp_path / "pool", [(n, Words(w, g), []) for n, (w, g) in enumerate(zip(words, grams, strict=True))])
    by_words, by_grams = reference(words, ["热泵"]), reference(grams, ["热泵"])
    assert GRAM_WEIGHT == 0.5
    expected = [word + GRAM_WEIGHT * gram for word, gram in zip(by_words, by_grams, strict=True)]
    found = pool.search([[["热泵"]]], k=10, grams=["热泵"])
    assert found.of(np.arange(5)) == pytest.approx(expected, rel=1e-4)
    # Cut differently, a text has none of the words of the question, and yet its pairs.
    assert found.of(np.array([1]))[0] > 0
    assert pool.search([[["热泵机"]]], k=10, grams=["热泵", "泵机"]).scores.tolist() == []


def test_facets_narrow(pool: LexicalPool) -> None:
    """Facets of one group widen, groups narrow, and neither changes a score."""
    everything = scored(pool.search([[["solar"]]], k=1000))

    def narrowed(*groups: tuple[str, ...]) -> dict[int, float]:
        return scored(pool.search([[["solar"]]], k=1000, facets=groups))

    assert narrowed(("kind:a",)) == pytest.approx({n: s for n, s in everything.items() if n % 3 == 0})
    assert narrowed(("kind:a", "kind:b")) == pytest.approx(everything)
    assert narrowed(("kind:a",), ("place:p",)) == pytest.approx({n: s for n, s in everything.items() if n % 15 == 0})
    assert narrowed(("kind:c",)) == {}


def test_coverage(pool: LexicalPool) -> None:
    """Coverage is a share of the question: 0 without its words, never above 1, lower when a word is in no document."""
    known, partly = pool.search([[["wind"]]], k=1000), pool.search([[["wind"]], [["quantum"]]], k=1000)
    best = known.documents[[np.argmax(known.scores)]]
    absent = np.setdiff1d(np.arange(120), known.documents)
    assert known.coverage(absent).tolist() == [0.0] * len(absent) != []
    assert 0 < partly.coverage(best)[0] < known.coverage(best)[0] <= 1
    assert known.coverage(known.documents).max() <= 1


@pytest.mark.parametrize("clauses", [[], [[]], [[["quantum"]]], [[["quantum"], ["foam"]], []]])
def test_nothing_known(pool: LexicalPool, clauses: list[list[list[str]]]) -> None:
    """A question without a known word finds nothing, and every document is at the mean."""
    found = pool.search(clauses, k=10)
    assert scored(found) == {}
    some = np.arange(3)
    assert found.standardised(some).tolist() == found.coverage(some).tolist() == [0.0] * 3


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
    pool = built(tmp_path / "pool", [(n, Words(["green"] * (1 + n % 4) + ["word"] * (n % 7)), []) for n in range(200)])
    found = pool.search([[["green"]]], k=200)
    assert len(found.scores) == 200
    assert np.abs(found.standardised(np.arange(200))).max() < 2


QUESTIONS = [[["heat"]], [["water"], ["pump", "solar"]], [["污水"], ["太阳能"]]]


@pytest.mark.parametrize("clause", QUESTIONS)
def test_a_sample_of_everything(pool: LexicalPool, clause: list[list[str]]) -> None:
    """On a sample that is the whole pool, mean and deviation are those of the scores of all documents."""
    found = pool.search([clause, [["wind"]]], k=1000)
    scores = found.of(np.arange(120))
    assert found.mean == pytest.approx(scores.mean(), rel=1e-3)
    assert found.deviation == pytest.approx(max(scores.std(), 0.5), rel=1e-3)


@pytest.mark.parametrize("clause", QUESTIONS)
def test_a_sample_of_some(tmp_path: Path, clause: list[list[str]]) -> None:
    """A sample of a third of the pool tells its mean and deviation to within a seventh."""
    chance = np.random.default_rng(11)
    rows = [(n, Words(chance.choice(WORDS, size=chance.integers(1, 12)).tolist()), []) for n in range(3 * lexical._SAMPLE)]
    pool = built(tmp_path / "pool", rows)
    found = pool.search([clause, [["wind"]]], k=len(rows))
    scores = found.of(np.arange(len(rows)))
    assert found.mean == pytest.approx(scores.mean(), rel=1 / 7)
    assert found.deviation == pytest.approx(scores.std(), rel=1 / 7)


def test_a_sample_is_kept(pool: LexicalPool, tmp_path: Path) -> None:
    """A sample that is written and read again is the same; so is one of nothing."""
    writer = Sampler()
    writer.add(Words(["热泵", "pump"], ["热泵"]))
    writer.add(Words(["pump"] * 3))
    for sample in (writer.sample(), Sampler().sample()):
        sample.save(tmp_path / "sample.npz")
        again = Sample.load(tmp_path / "sample.npz")
        assert again.size == sample.size
        for token in ("热泵", "pump", "\x01热泵", "solar"):
            one, other = sample.scores(token), again.scores(token)
            assert (one is None) == (other is None)
            assert one is None or all(map(np.array_equal, one, other or ()))


def test_brought_up_to_date(rows: list[Row], tmp_path: Path) -> None:
    """A pool to which documents were added, and from which others were taken, finds as one that was built at once."""
    writer = LexicalWriter(tmp_path / "grown")
    for row in rows[:60]:
        writer.add(*row)
    writer.commit()
    for part in (rows[60:90], rows[90:]):
        writer = LexicalWriter(tmp_path / "grown")
        writer.remove(number - 60 for number, *_ in part)
        for row in part:
            writer.add(*row)
        writer.commit()
    grown, whole = LexicalPool(tmp_path / "grown"), built(tmp_path / "whole", rows[60:])
    assert len(grown) == len(whole) == 60
    for word in WORDS:
        one, other = grown.search([[[word]]], k=1000), whole.search([[[word]]], k=1000)
        assert one.documents.tolist() == other.documents.tolist()
        # What was taken out counts in the statistics until tantivy merges its segments.
        assert one.scores == pytest.approx(other.scores, rel=0.1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_scores_of_chance(retriever: HybridRetriever, lang: str) -> None:
    """On real questions and documents of one language, mean and deviation are mostly estimated within a fifth."""
    pool = retriever.index.pools[lang]
    good = []
    for question in calibration.questions().within[lang][:60]:
        grams = retriever.index.segmenter.grams(question) if lang == "zh" else []
        found = pool.search(retriever.clauses(question)[lang], k=len(pool), grams=grams)
        if not len(found.scores):
            continue
        scores = np.zeros(len(pool))
        scores[: len(found.scores)] = found.scores
        ratios = np.array([found.mean / scores.mean(), found.deviation / scores.std()])
        good.append(bool((np.abs(ratios - 1) < 0.2).all()))
    assert len(good) > 50
    assert np.mean(good) > 0.8
