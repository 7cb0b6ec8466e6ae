"""The question is translated word by word, the documents are not."""

from __future__ import annotations

import pytest

from retrieval import lexicon
from retrieval.lexicon import Lexicon
from retrieval.segment import Segmenter

PAIRS = [
    ("heat", "热"),
    ("heat pump", "热泵"),
    ("pump", "泵"),
    ("biogas", "沼气"),
    ("waste water", "污水"),
    ("sewage", "污水"),
    ("a fine word", "好词"),
    ("dragon", "龙"),
    ("treatment", "处理"),
]
KNOWN = {"en": {"heat", "pump", "bioga", "wast", "water", "treatment"}, "zh": {"热泵", "泵", "热", "沼气", "污水", "处理"}}


@pytest.fixture(scope="module")
def words(segmenter: Segmenter) -> Lexicon:
    """A lexicon of a few words."""
    return lexicon.build(PAIRS, segmenter, KNOWN)


@pytest.mark.parametrize(
    ("question", "clauses"),
    [
        ("heat pumps", [[["热泵"]]]),
        ("a pump", [[["pump"], ["泵"]]]),
        ("Biogas heat-pump", [[["bioga"], ["沼气"]], [["热泵"]]]),
        ("waste water treatment", [[["污水"]], [["treatment"], ["处理"]]]),
    ],
)
def test_english(words: Lexicon, segmenter: Segmenter, question: str, clauses: list[list[list[str]]]) -> None:
    """English words become Chinese ones, the longest known run first; a single word may also stand as it is."""
    to_zh, to_en = words.translate(question, segmenter)
    assert (to_zh, to_en) == (clauses, [])


@pytest.mark.parametrize("question", ["热泵与污水处理", "熱泵與汙水處理", "热泵与污水處理"])
def test_chinese(words: Lexicon, segmenter: Segmenter, question: str) -> None:
    """Chinese words of either script become English stems, the longest known run first, alternatives side by side."""
    to_zh, to_en = words.translate(question, segmenter)
    assert to_zh == []
    assert to_en == [[["heat", "pump"]], [["wast", "water"]], [["treatment"]]]


def test_both(words: Lexicon, segmenter: Segmenter) -> None:
    """In a mixed question each word is translated out of its own language."""
    to_zh, to_en = words.translate("biogas 污水", segmenter)
    assert to_zh == [[["bioga"], ["沼气"]]]
    assert to_en == [[["wast", "water"]]]


def test_names_and_numbers_stand_as_they_are(words: Lexicon, segmenter: Segmenter) -> None:
    """An English word without translation is looked for as it is, since brands and numbers read the same."""
    assert words.translate("SolarLEAF 450", segmenter)[0] == [[["solarleaf"]], [["450"]]]


@pytest.mark.parametrize("question", ["量子热泵", "量子熱泵"])
def test_unknown_words_are_counted(words: Lexicon, segmenter: Segmenter, question: str) -> None:
    """A Chinese word without translation is a clause that nothing matches."""
    assert words.translate(question, segmenter)[1] == [[], [["heat", "pump"]]]


@pytest.mark.parametrize("question", ["the of and", "的在了", "", "？！"])
def test_stop_words(words: Lexicon, segmenter: Segmenter, question: str) -> None:
    """Stop words and punctuation are neither translated nor counted."""
    assert words.translate(question, segmenter) == ([], [])


def test_only_known_vocabulary(words: Lexicon) -> None:
    """Translations are kept only where a word of theirs occurs in the documents."""
    assert "dragon" not in words.english
    assert "龙" not in words.chinese
    assert "好词" not in words.chinese
    assert words.english["sewag"] == [["污水"]]


def test_alternatives(segmenter: Segmenter) -> None:
    """A word with several translations has them side by side, each once."""
    several = lexicon.build(
        [("waste", "废物"), ("waste", "垃圾"), ("Waste", "废物")], segmenter, {"en": {"wast"}, "zh": {"废物", "垃圾"}}
    )
    assert several.english["wast"] == [["废物"], ["垃圾"]]


def test_glossary() -> None:
    """The glossary has terms of the field, folded, in both languages."""
    pairs = set(lexicon.glossary())
    assert ("heat pump", "热泵") in pairs
    assert len(pairs) > 500
    assert all(en and zh and en == en.lower() for en, zh in pairs)


def test_own_terms() -> None:
    """Names that exist in both languages are pairs, others are not."""
    assert list(lexicon.own_terms([("Heat Pump", "熱泵"), ("Only", None), (None, "只有")])) == [("heat pump", "热泵")]
