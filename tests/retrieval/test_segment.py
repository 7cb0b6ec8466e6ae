"""How texts are cut into the words that are counted."""

from __future__ import annotations

from pathlib import Path

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.store import KnowledgeBase
from retrieval.documents import documents
from retrieval.language import traditional
from retrieval.retriever import HybridRetriever
from retrieval.segment import Segmenter, stem, stopwords, write_dictionary

TERM = "沼气提纯膜"


@pytest.fixture(scope="module")
def own() -> Segmenter:
    """jieba with a term of ours."""
    return Segmenter([TERM])


@pytest.fixture(scope="module")
def reference() -> jieba.Tokenizer:
    """jieba as it comes."""
    return jieba.Tokenizer()


@pytest.mark.parametrize("text", [f"{TERM}设备", traditional(f"{TERM}设备")])
def test_terms_are_kept_whole(own: Segmenter, segmenter: Segmenter, text: str) -> None:
    """A term of the knowledge base is one word, in either script, where jieba alone would cut it up."""
    assert own.words(text) == [TERM, "设备"]
    assert TERM not in segmenter.words(text)


def test_search_mode_cuts_further(own: Segmenter) -> None:
    """A term is found whole and by its parts."""
    assert {TERM, "沼气", "提纯", "设备"} <= set(own.tokens(f"{TERM}设备"))


def test_a_dictionary_in_a_folder(own: Segmenter, tmp_path: Path) -> None:
    """A dictionary written to a folder cuts like the same terms in memory; texts that are no Chinese terms stay out of it."""
    write_dictionary([TERM, "VOC治理", "膜", "heat pump"], tmp_path)
    stored = Segmenter(cache=tmp_path)
    for text in (f"{TERM}设备", "VOC治理设备", "污水处理厂的余热"):
        assert stored.tokens(text) == own.tokens(text)
    assert (tmp_path / "jieba.dict").read_text(encoding="utf-8").split() == [TERM]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("running pumps", ["run", "pump"]),
        ("Technologies technology", ["technolog", "technolog"]),
        ("photovoltaic photovoltaics", ["photovolta", "photovolta"]),
        ("CO₂ and H2O", ["co2", "h2o"]),
        ("café", ["café"]),
        ("解洪兴speaks", ["解洪兴", "speak"]),
    ],
)
def test_words_become_stems(segmenter: Segmenter, text: str, tokens: list[str]) -> None:
    """English words are counted by their stem; formulas, accents and words glued to Chinese are kept as words."""
    assert segmenter.tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("VOC治理设备", ["voc", "治理", "设备"]), ("CO2捕集", ["co2", "捕集"]), ("PM2.5监测", ["pm25", "pm2", "5", "监测"])],
)
def test_chinese_after_latin(segmenter: Segmenter, text: str, tokens: list[str]) -> None:
    """Chinese that follows a Latin word or a number without a space is cut like any other."""
    assert segmenter.tokens(text) == tokens
    assert segmenter.tokens(traditional(text)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("PM2.5", {"pm25", "pm2", "5"}),
        ("ＰＭ２．５", {"pm25", "pm2", "5"}),
        ("R&D", {"rd", "r", "d"}),
        ("co-op", {"coop", "co", "op"}),
        ("E-waste", {"ewaste", "e", "wast"}),
    ],
)
def test_joined_words(segmenter: Segmenter, text: str, tokens: set[str]) -> None:
    """Words joined by a point, a hyphen or an ampersand are findable whole and in parts."""
    assert set(segmenter.tokens(text)) == tokens


@pytest.mark.parametrize("text", ["the of and in", "的 了 在", "喺 the 的"])
def test_stop_words_are_dropped(segmenter: Segmenter, text: str) -> None:
    """Words that say nothing about the topic are not counted, but stay in the plain list of words."""
    assert not set(segmenter.tokens(text)) & (stopwords("en") | stopwords("zh"))
    assert len(segmenter.words(text)) == len(text.split())


@pytest.mark.parametrize("text", ["污水处理", "城市污水处理厂的余热回收热泵系统", "挥发性有机物治理与监测"])
def test_scripts_are_cut_alike(segmenter: Segmenter, text: str) -> None:
    """Traditional characters give the same words as simplified ones."""
    assert segmenter.tokens(traditional(text)) == segmenter.tokens(text)


_PHRASES = [
    "城市",
    "污水",
    "处理厂",
    "的",
    "余热",
    "回收",
    "热泵",
    "系统",
    "与",
    "监测",
    "光伏",
    "发电",
    "在",
    "农村",
    "一",
    "碳",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(_PHRASES), max_size=12).map("".join))
def test_chinese_is_cut_as_jieba_cuts(segmenter: Segmenter, reference: jieba.Tokenizer, text: str) -> None:
    """Without terms of ours, Chinese is cut as jieba cuts it, in both modes."""
    assert segmenter.words(text) == reference.lcut(text)
    assert segmenter.tokens(text) == [word for word in reference.lcut_for_search(text) if word not in stopwords("zh")]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_cut(segmenter: Segmenter, text: str) -> None:
    """Any text at all is cut into words without white space."""
    assert not any(word != "".join(word.split()) or not word for word in segmenter.words(text) + segmenter.tokens(text))


def test_words_with_digits_are_not_stemmed() -> None:
    """Stems are for English words; what has digits or accents stays as it is."""
    assert [stem(word) for word in ("h2s", "zürichs", "wastes")] == ["h2s", "zürichs", "wast"]


def test_the_fast_twin(retriever: HybridRetriever, starter_kb: KnowledgeBase) -> None:
    """rjieba cuts every text of the starter knowledge base, and each term of its dictionary, into the tokens of jieba."""
    folder = retriever.index.base
    fast, plain = Segmenter(cache=folder, fast=True), Segmenter(cache=folder)
    texts = [document.text for document in documents(starter_kb)]
    terms = (folder / "jieba.dict").read_text(encoding="utf-8").split()
    assert len(texts) > 1000
    assert len(terms) > 1000
    assert [text for text in (*texts, *terms) if fast.tokens(text) != plain.tokens(text)] == []


@pytest.mark.parametrize(
    "text", [f"{TERM}设备", traditional(f"{TERM}设备"), "VOC治理设备", "2,000吨/日的PM2.5监测", "running pumps"]
)
def test_the_fast_twin_with_terms_in_memory(own: Segmenter, text: str) -> None:
    """rjieba keeps terms of ours whole as jieba does, in either script, beside Latin words and numbers."""
    assert Segmenter([TERM], fast=True).tokens(text) == own.tokens(text)


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("热泵系统", ["热泵", "泵系", "系统"]),
        ("熱泵系統", ["热泵", "泵系", "系统"]),
        ("VOC治理和PM2.5监测", ["治理", "理和", "监测"]),
        ("热", []),
        ("heat pump", []),
        ("", []),
    ],
)
def test_grams(text: str, grams: list[str]) -> None:
    """Pairs of neighbouring characters are counted of Chinese runs only, in either script alike, and not over their ends."""
    assert Segmenter.grams(text) == grams
