"""A glossary of one's own helps at once, in both directions, and says where it cannot be read."""

from __future__ import annotations

from pathlib import Path

import fakes
import pytest
from encoders import WordEncoder

from retrieval import glossary
from retrieval.errors import GlossaryBroken
from retrieval.index import Index
from retrieval.retriever import HybridRetriever


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three technologies."""
    return fakes.build(tmp_path_factory.mktemp("glossary"), fakes.technologies())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A glossary with a word that no dictionary has, in each language, for what the documents call otherwise."""
    path = tmp_path / "own.csv"
    path.write_text("en,zh\nwarmth lifter; WL,热泵；熱泵\nheat pump,升温宝\n", encoding="utf-8-sig")
    return path


def test_words_of_a_glossary(written: Path) -> None:
    """Every word for a thing in one language goes with every one in the other, once folded to simplified characters."""
    assert set(glossary.read(written)) == {("warmth lifter", "热泵"), ("wl", "热泵"), ("heat pump", "升温宝")}


@pytest.mark.parametrize(
    ("question", "pool", "tokens"),
    [("a warmth lifter", "zh", ["热泵"]), ("升温宝", "en", ["heat", "pump"]), ("升溫寶", "en", ["heat", "pump"])],
)
def test_questions_are_translated_with_it(folder: Path, written: Path, question: str, pool: str, tokens: list[str]) -> None:
    """A question is translated with the glossary's words, without a new index; without the glossary it is not."""
    with_it = HybridRetriever(Index(folder, glossary=glossary.read(written)), WordEncoder())
    assert tokens in [way for clause in with_it.clauses(question)[pool] for way in clause]
    without = HybridRetriever(Index(folder), WordEncoder())
    assert tokens not in [way for clause in without.clauses(question)[pool] for way in clause]


def test_its_words_come_first(folder: Path, tmp_path: Path) -> None:
    """What the glossary says a word means counts before what the dictionary says, which stays."""
    path = tmp_path / "own.csv"
    path.write_text("zh,en\n热泵,membrane filter\n", encoding="utf-8")
    entry = Index(folder, glossary=glossary.read(path)).lexicon.chinese["热泵"]
    assert entry == [["membran", "filter"], ["heat", "pump"]]
    assert Index(folder).lexicon.chinese["热泵"] == [["heat", "pump"]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("term,译文\nheat,热\n", "line 1"),
        ("", "line 1"),
        ("en,zh\nheat pump,\n", "line 2"),
        ("en,zh\na,热\n热泵,热泵\n", "line 3"),
        ("en,zh\nheat,warm\n", "line 2"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, place: str) -> None:
    """A glossary with wrong columns or a term in one language only is refused with its line."""
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GlossaryBroken, match=place):
        glossary.read(path)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_bytes(b"\xff\xfe\x00")])
def test_no_such_file(tmp_path: Path, make) -> None:
    """A glossary that is not there, or is no text, is named with the setting to change."""
    make(tmp_path / "own.csv")
    with pytest.raises(GlossaryBroken, match="GREENASK_GLOSSARY"):
        glossary.read(tmp_path / "own.csv")
