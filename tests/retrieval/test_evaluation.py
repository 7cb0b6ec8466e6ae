"""Evaluation indexes and asks as the product does, counts what there is to find, and stands beside simple baselines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import jieba
import numpy as np
import pytest
from encoders import WordEncoder
from fakes import TECHNOLOGIES

from retrieval import calibration, lexicon
from retrieval.baselines import DenseAlone, PooledBM25, ReciprocalRankFusion, baselines
from retrieval.beir import DataSet, Item
from retrieval.calibration import Questions
from retrieval.embed import unit
from retrieval.evaluation import Measured, Served, indexed, measure
from retrieval.retriever import HybridRetriever, Query
from retrieval.segment import Segmenter

DOCUMENTS = tuple(
    Item(f"{lang} {id_}/<b>", lang, text)
    for id_, _, _, about, about_zh, _ in TECHNOLOGIES
    for lang, text in (("en", about), ("zh", about_zh))
)
QUESTIONS = tuple(
    Item(f"{lang}-{id_}", lang, text)
    for id_, lang, text in [
        ("heat-pump", "en", "what warms a school?"),
        ("heat-pump", "zh", "怎樣為學校供暖"),
        ("digester", "en", "turn manure into cooking gas"),
        ("digester", "zh", "粪便变成燃气"),
        ("filter", "en", "river water to drink"),
        ("filter", "zh", "饮用河水"),
    ]
)


def judged(*languages: str) -> dict[str, dict[str, float]]:
    """For each question its technology's documents in these languages."""
    return {q.id: {f"{lang} {q.id[3:]}/<b>": 1.0 for lang in languages} for q in QUESTIONS}


SMALL = DataSet("small", DOCUMENTS, QUESTIONS, judged("en", "zh"))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """An index takes a second: a dictionary of a few words, a handful of sample questions."""
    asked = Questions({"en": ["pump", "gas"], "zh": ["供暖", "燃气"]}, {"en": ["love", "football"], "zh": ["情诗", "球赛"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jieba, "get_module_res", lambda *_: io.BytesIO("学校 100 n\n供暖 100 n\n河水 50 n\n".encode()))
        patch.setattr(lexicon, "dictionary", lambda: iter(()))
        patch.setattr(calibration, "questions", lambda: asked)
        yield


@pytest.fixture(scope="module")
def retriever() -> Iterator[HybridRetriever]:
    """The retriever over the small set."""
    with indexed(SMALL, WordEncoder()) as opened:
        yield opened


@dataclass
class Fixed:
    """Ranks every question the same way."""

    order: list[str]

    def rank(self, question: Item, pool: str | None) -> list[str]:
        """The order, as far as it is of the pool."""
        return [id_ for id_ in self.order if pool is None or id_.startswith(pool)]


def test_untitled_documents_are_found(retriever: HybridRetriever) -> None:
    """A document without a title is found by its text, in its own language, under its own id."""
    for question in QUESTIONS:
        assert Served(retriever).rank(question, question.lang)[0] == f"{question.lang} {question.id[3:]}/<b>"
    assert len(retriever.index.dense) == len(DOCUMENTS)


def test_served_as_users_are(retriever: HybridRetriever) -> None:
    """The ranking is that of the retriever itself, narrowed by a facet or not."""
    for question in QUESTIONS:
        found = [hit.key for hit in retriever.find(Query(question.text), k=1000).hits]
        assert [f"text/{id_}" for id_ in Served(retriever).rank(question, None)] == found
        for pool in ("en", "zh"):
            ranked = Served(retriever).rank(question, pool)
            assert ranked
            assert all(id_.startswith(pool) for id_ in ranked)


def test_index_is_gone() -> None:
    """The index of an evaluation leaves nothing behind."""
    with indexed(SMALL, WordEncoder()) as retriever:
        folder = retriever.index.folder
        assert folder.is_dir()
    assert not folder.parent.exists()


def test_small_set(retriever: HybridRetriever) -> None:
    """Over a set that both languages know, everything is reported, in one order."""
    report = measure(SMALL, Served(retriever)).as_json()
    assert list(report) == ["directions", "mixed", "parity_gap"]
    assert list(report["directions"]) == ["en-en", "zh-zh", "en-zh", "zh-en"]
    assert all(list(values) == ["recall@1", "mrr@10", "ndcg@10"] for values in report["directions"].values())
    assert report["directions"]["en-en"] == report["directions"]["zh-zh"] == {"recall@1": 1, "mrr@10": 1, "ndcg@10": 1}
    assert {lang: list(values) for lang, values in report["mixed"].items()} == {
        "en": ["map", "recall@10"],
        "zh": ["map", "recall@10"],
    }


def test_by_hand() -> None:
    """Each direction sees the documents and judgements of its own language; the mixed pool sees all."""
    order = ["en filter/<b>", "zh digester/<b>", "en heat-pump/<b>", "zh heat-pump/<b>"]
    data = replace(SMALL, questions=QUESTIONS[:2])
    report = measure(data, Fixed(order))
    discounted = 1 / np.log2(3)
    for direction in ("en-en", "zh-zh", "en-zh", "zh-en"):
        assert report.directions[direction] == pytest.approx({"recall@1": 0, "mrr@10": 0.5, "ndcg@10": discounted})
    assert report.mixed["en"] == pytest.approx({"map": (1 / 3 + 2 / 4) / 2, "recall@10": 1})
    assert report.parity_gap == 0


def test_grades() -> None:
    """A document judged 0 is not relevant, and a better grade is worth more."""
    judgements = {"en-filter": {"en heat-pump/<b>": 0.0, "en digester/<b>": 1.0, "en filter/<b>": 3.0}}
    data = DataSet("graded", DOCUMENTS, (QUESTIONS[4],), judgements)
    report = measure(data, Fixed(["en heat-pump/<b>", "en digester/<b>", "en filter/<b>"]))
    assert report.directions["en-en"]["mrr@10"] == 0.5
    gained, best = 1 / np.log2(3) + 3 / 2, 3 + 1 / np.log2(3)
    assert report.directions["en-en"]["ndcg@10"] == pytest.approx(gained / best)
    assert report.mixed["en"]["map"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_parity_gap() -> None:
    """The parity gap is how far the two languages are apart over all documents, whichever is ahead."""
    ahead = Measured({}, {"en": {"map": 0.9}, "zh": {"map": 0.7}})
    behind = Measured({}, {"en": {"map": 0.7}, "zh": {"map": 0.9}})
    assert ahead.parity_gap == behind.parity_gap == pytest.approx(0.2)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_language(lang: str) -> None:
    """A set in one language reports that language, and no parity gap."""
    documents = tuple(item for item in DOCUMENTS if item.lang == lang)
    questions = tuple(item for item in QUESTIONS if item.lang == lang)
    data = DataSet("one", documents, questions, judged(lang))
    with indexed(data, WordEncoder()) as retriever:
        report = measure(data, Served(retriever)).as_json()
    assert list(report["directions"]) == [f"{lang}-{lang}"]
    assert report["directions"][f"{lang}-{lang}"]["mrr@10"] == 1
    assert list(report["mixed"]) == [lang]
    assert report["parity_gap"] is None


def test_one_direction() -> None:
    """Where the answers are in one language only, both languages are asked and the directions to the other are left out."""
    data = replace(SMALL, judgements=judged("zh"))
    report = measure(data, Fixed([item.id for item in DOCUMENTS]))
    assert list(report.directions) == ["zh-zh", "en-zh"]
    assert list(report.mixed) == ["en", "zh"]


def test_progress(retriever: HybridRetriever) -> None:
    """Whoever waits is told how many questions are done."""
    told: list[tuple[int, int]] = []
    measure(SMALL, Served(retriever), lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(6)]


# Baselines


def test_pooled_bm25(segmenter: Segmenter) -> None:
    """Pooled BM25 finds what shares a word, in either language, and nothing else."""
    bm25 = PooledBM25(SMALL, segmenter)
    mixed = Item("q", "en", "学校 warms")
    assert set(bm25.rank(mixed, None)) == {"en heat-pump/<b>", "zh heat-pump/<b>"}
    assert bm25.rank(mixed, "zh") == ["zh heat-pump/<b>"]
    assert bm25.rank(Item("q", "en", "the of"), None) == bm25.rank(Item("q", "en", "football"), None) == []


def test_pooled_bm25_prefers_rare_words(segmenter: Segmenter) -> None:
    """A word that few documents have counts more than one that many have, over both languages together."""
    texts = ["pump steel", "pump", "pump 学校", "水泥"]
    data = DataSet("rare", tuple(Item(str(n), "zh" if n == 3 else "en", text) for n, text in enumerate(texts)), (), {})
    assert PooledBM25(data, segmenter).rank(Item("q", "en", "pump steel"), None)[0] == "0"
    assert PooledBM25(data, segmenter).rank(Item("q", "zh", "pump 学校"), "en")[0] == "2"


def test_dense_alone() -> None:
    """Dense search alone compares the mean of a text's windows with the question, uncentred, and orders every document."""
    encoder = WordEncoder()
    long = "turns manure into cooking gas. " * 40
    data = DataSet("dense", (*DOCUMENTS, Item("long", "en", long)), QUESTIONS, {})
    dense = DenseAlone(data, encoder)
    question = QUESTIONS[2]
    plain = unit(encoder.embed([item.text for item in DOCUMENTS])) @ encoder.embed([question.text])[0]
    expected = [DOCUMENTS[number].id for number in np.argsort(-plain, kind="stable")]
    assert [id_ for id_ in dense.rank(question, None) if id_ != "long"] == expected
    assert set(dense.rank(question, None)[:2]) == {"long", "en digester/<b>"}
    assert set(dense.rank(question, "zh")) == {item.id for item in DOCUMENTS if item.lang == "zh"}


def test_reciprocal_rank_fusion() -> None:
    """Fusion adds 1 / (60 + rank): second in both legs is better than first in one of them alone."""
    fused = ReciprocalRankFusion((Fixed(["a", "b"]), Fixed(["c", "b"])))
    assert fused.rank(QUESTIONS[0], None) == ["b", "a", "c"]


def test_baselines(segmenter: Segmenter) -> None:
    """The three baselines have their names, and each one ranks."""
    named = baselines(SMALL, segmenter, WordEncoder())
    assert list(named) == ["bm25", "dense", "rrf"]
    for ranker in named.values():
        assert measure(SMALL, ranker).directions["en-en"]["recall@1"] == 1
