"""A memory to write into, and a copy of the knowledge base to be changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.conversation.memory import StoredMemory
from knowledge.store import KnowledgeBase


@pytest.fixture(params=["sqlite", "postgres"])
def kb(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KnowledgeBase]:
    """An empty knowledge base, in a file and in PostgreSQL."""
    path = f"sqlite:///{tmp_path / 'conversations.db'}"
    kb = KnowledgeBase.open(path if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield kb
    kb.close()


@pytest.fixture
def memory(kb: KnowledgeBase) -> StoredMemory:
    """A memory over the empty knowledge base."""
    return StoredMemory(kb, lambda: b"key", minutes=60)


@pytest.fixture
def full_kb(home: Path, tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A copy of the built knowledge base, to be changed."""
    shutil.copy(home / "knowledge.db", tmp_path / "full.db")
    kb = KnowledgeBase.open(f"sqlite:///{tmp_path / 'full.db'}")
    yield kb
    kb.close()
