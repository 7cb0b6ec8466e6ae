"""A journal to write into, and the command line on a data folder of the test's own with the index of all tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from bot import bootstrap
from bot.assistant import Assistant
from bot.settings import Settings
from bot.shell import Shell
from bot.staff.log import QuestionLog
from knowledge.journal import LoggedQuestion, now
from knowledge.store import KnowledgeBase

Put = Callable[..., int]


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A knowledge base in a file, empty."""
    kb = KnowledgeBase.open(f"sqlite:///{tmp_path / 'journal.db'}")
    yield kb
    kb.close()


@pytest.fixture
def full_kb(home: Path, tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A copy of the built knowledge base, to be changed."""
    shutil.copy(home / "knowledge.db", tmp_path / "full.db")
    kb = KnowledgeBase.open(f"sqlite:///{tmp_path / 'full.db'}")
    yield kb
    kb.close()


@pytest.fixture
def question_log(kb: KnowledgeBase) -> QuestionLog:
    """A question log over the empty knowledge base."""
    return QuestionLog(kb, lambda: b"key", retention_days=30)


@pytest.fixture
def put(kb: KnowledgeBase) -> Put:
    """Puts an entry into the log as it stands, however old; returns its number."""

    def put_(text: str = "q", *, days_ago: float = 0, at: datetime | None = None, **fields) -> int:
        given = {"channel": "chat", "conversation": "c", "lang": "en", "status": "not_found", "kind": "silence", **fields}
        entry = LoggedQuestion(text=text, asked_at=at or now() - timedelta(days=days_ago), **given)
        with Session(kb.engine) as session:
            session.add(entry)
            session.commit()
            return entry.id

    return put_


@pytest.fixture
def desk_home(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path, assistant: Assistant) -> Path:
    """The command works on a copy of the built database, questions are logged, and the index is open already."""
    folder = tmp_path / "desk"
    folder.mkdir()
    shutil.copy(home / "knowledge.db", folder / "knowledge.db")
    monkeypatch.setenv("GREENASK_DATA_DIR", str(folder))
    monkeypatch.setenv("GREENASK_LOG_QUESTIONS", "yes")

    def opened(self: Shell, *, build: bool = True) -> Assistant:
        return Assistant(bootstrap.open_kb(Settings()), assistant.retriever)

    monkeypatch.setattr(Shell, "assistant", opened)
    return folder
