"""Stand-ins that make building an index take a second: an encoder that hashes words, a jieba of a few words."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import jieba
import pytest
from encoders import WordEncoder

from retrieval import calibration, lexicon
from retrieval.build import Contents
from retrieval.build import build as build_index
from retrieval.calibration import Questions
from retrieval.documents import Document
from retrieval.embed import Embedder
from retrieval.index import Progress
from retrieval.name_table import Name
from retrieval.names import NameIndex
from retrieval.vectors import Vectors

TECHNOLOGIES = [
    ("heat-pump", "Heat pump", "热泵", "warms a school with little electricity", "用很少的电为学校供暖", "JP"),
    ("digester", "Biogas digester", "沼气池", "turns manure into cooking gas", "把粪便变成炊事燃气", "CN"),
    ("filter", "Membrane filter", "膜过滤器", "makes river water fit to drink", "让河水可以饮用", "JP"),
]


class BrokenEncoder(WordEncoder):
    """An encoder whose server has gone away."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Never returns."""
        raise ConnectionError(f"could not embed {len(texts)} texts")


def technologies(count: int = len(TECHNOLOGIES)) -> list[Document]:
    """Some technologies, each in both languages."""
    return [
        Document(f"listing/{id_}", lang, title, (text,), ("kind:technology", f"country:{country}", f"only:{id_}"))
        for id_, en, zh, about, about_zh, country in TECHNOLOGIES[:count]
        for lang, title, text in (("en", en, about), ("zh", zh, about_zh))
    ]


def build(
    home: Path,
    documents: Sequence[Document],
    *,
    embedder: Embedder | None = None,
    fingerprint: str = "records-1",
    pairs: Iterable[tuple[str, str]] = (),
    progress: Progress = lambda *_: None,
    chroma_url: str | None = None,
) -> Path:
    """An index under ``home``, from a dictionary of a few words and a handful of sample questions."""
    names = NameIndex([Name("heat pump", "listing/heat-pump", "plain", "Heat pump")])
    contents = Contents(documents, fingerprint, list(pairs), names, len(documents))
    questions = Questions(
        {"en": ["pump for a school", "gas from manure"], "zh": ["学校供暖", "粪便变燃气"]},
        {"en": ["love poem", "football result"], "zh": ["情诗", "球赛结果"]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jieba, "get_module_res", lambda *_: io.BytesIO("学校 100 n\n沼气 100 n\n过滤器 50 n\n".encode()))
        patch.setattr(lexicon, "dictionary", lambda: iter(()))
        patch.setattr(calibration, "questions", lambda: questions)
        return build_index(home, contents, embedder or WordEncoder(), progress, chroma_url=chroma_url)
