"""What the tests of finding share: the retriever over the starter data, plain jieba, and a small index."""

from __future__ import annotations

from pathlib import Path

import fakes
import pytest

from bot.assistant import Assistant
from knowledge.store import KnowledgeBase
from retrieval.index import Index, current
from retrieval.retriever import HybridRetriever
from retrieval.segment import Segmenter


@pytest.fixture(scope="session")
def retriever(assistant: Assistant) -> HybridRetriever:
    """The retriever over the starter knowledge base."""
    return assistant.retriever


@pytest.fixture(scope="session")
def starter_kb(assistant: Assistant) -> KnowledgeBase:
    """The starter knowledge base."""
    return assistant.kb


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    """jieba with its own dictionary only."""
    return Segmenter()


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a small index has been built, to be read only."""
    home = tmp_path_factory.mktemp("small")
    fakes.build(home, fakes.technologies(), pairs=[("Heat pump", "热泵"), ("Biogas digester", "沼气池")])
    return home


@pytest.fixture(scope="session")
def small_index(small_home: Path) -> Index:
    """A small index, opened."""
    return Index(current(small_home))
