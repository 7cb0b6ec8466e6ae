"""The LangChain face of the retriever."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bot import bootstrap
from bot.settings import Settings
from retrieval.langchain import GreenAskRetriever


@pytest.mark.parametrize(("question", "word"), [("waterless toilet", "toilet"), ("免冲水厕所", "厕所")])
def test_documents(home: Path, question: str, word: str) -> None:
    """A LangChain chain gets documents in the question's language, each with its key, names and sources."""
    settings = Settings(data_dir=home)
    with closing(bootstrap.open_kb(settings)) as kb:
        retriever = GreenAskRetriever(retriever=bootstrap.open_retriever(settings, kb), kb=kb, k=3)
        found = retriever.invoke(question)
        assert 1 <= len(found) <= 3
        assert any(word in document.page_content.lower() for document in found)
        assert all(document.metadata["sources"] and document.metadata["key"] == document.id for document in found)


def test_silence(home: Path) -> None:
    """A chain gets no documents for a question outside the field."""
    settings = Settings(data_dir=home)
    with closing(bootstrap.open_kb(settings)) as kb:
        retriever = GreenAskRetriever(retriever=bootstrap.open_retriever(settings, kb), kb=kb)
        assert retriever.invoke("what is a good recipe for pancakes?") == []
