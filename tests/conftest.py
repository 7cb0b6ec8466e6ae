"""What tests of every package share: the starter knowledge base, built once, and the assistant over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from filelock import FileLock
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

# Before numpy is imported: one BLAS thread, as the command line has it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bot import bootstrap
from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.settings import Settings
from knowledge.store import KnowledgeBase

POSTGRES = make_url("postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL schema of our own, dropped afterwards."""
    schema = f"knowledge_{uuid4().hex}"
    engine = create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except OperationalError as error:
        engine.dispose()
        pytest.skip(f"PostgreSQL is not reachable at {POSTGRES.host}:{POSTGRES.port}: {error.orig}".splitlines()[0])
    url = POSTGRES.update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the starter knowledge base and its index, to be read only.

    To save its building while working on tests, name a folder to keep it in: GREENASK_TEST_HOME=/tmp/home make test.
    """
    kept = os.environ.get("GREENASK_TEST_HOME")
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the processes of one run share what the first of them builds
        together = together.parent
    folder = Path(kept) if kept else together / "home"
    settings = Settings(data_dir=folder)
    with FileLock(together / "home.lock"), closing(bootstrap.open_kb(settings)) as kb:
        bootstrap.build(settings, kb)
    return folder


@pytest.fixture(scope="session")
def assistant(home: Path) -> Iterator[Assistant]:
    """The assistant over the starter knowledge base."""
    settings = Settings(data_dir=home)
    with closing(bootstrap.open_kb(settings)) as kb:
        yield Assistant(kb, bootstrap.open_retriever(settings, kb))


@pytest.fixture(scope="session")
def conversations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The database in which conversations are kept."""
    path = tmp_path_factory.mktemp("conversations") / "conversations.db"
    with closing(KnowledgeBase.open(f"sqlite:///{path}")) as kb:
        yield kb


@pytest.fixture(scope="session")
def talking(assistant: Assistant, conversations: KnowledgeBase) -> Assistant:
    """The assistant over the starter knowledge base, with a memory."""
    memory = StoredMemory(conversations, lambda: b"key", minutes=60)
    return Assistant(assistant.kb, assistant.retriever, memory=memory)
