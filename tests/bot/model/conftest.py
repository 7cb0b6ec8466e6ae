"""A chat model that says what a test tells it to, and the assistant that asks it, on a database of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from bot import bootstrap
from bot.assistant import Assistant
from bot.model.chat import Chat
from bot.model.given import Giver
from bot.model.grounding import Grounding
from bot.model.health import Health
from bot.model.ledger import Ledger
from bot.model.writer import LeadWriter
from bot.settings import Settings
from bot.writing import Draft
from knowledge.store import KnowledgeBase

Ask = Callable[..., Chat]


class Says(FakeListChatModel):
    """LangChain's fake model, which says each reply in one piece rather than by the letter."""

    async def _astream(self, messages: Any, stop: Any = None, run_manager: Any = None, **options: Any) -> Any:
        yield ChatGenerationChunk(message=AIMessageChunk(content=self._call(messages)))


@pytest.fixture(scope="session")
def model_kb(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """A copy of the built database, into which tokens may be booked."""
    folder = tmp_path_factory.mktemp("model")
    shutil.copy(home / "knowledge.db", folder / "knowledge.db")
    with closing(bootstrap.open_kb(Settings(data_dir=folder))) as kb:
        yield kb


@pytest.fixture(scope="session")
def grounding(assistant: Assistant) -> Grounding:
    """What judges sentences, over the index of all tests."""
    return Grounding(assistant.retriever)


@pytest.fixture(scope="session")
def giver(model_kb: KnowledgeBase) -> Giver:
    """What makes of records what a model is given."""
    return Giver(model_kb)


@pytest.fixture
def chat(model_kb: KnowledgeBase) -> Iterator[Ask]:
    """Makes a chat with a model, or with replies that are given one after the other."""
    made: list[Chat] = []

    def chat_(*said: str, model: BaseChatModel | None = None, health: Health | None = None, **limits: Any) -> Chat:
        replies = model or Says(responses=list(said) or [""])
        ledger = limits.pop("ledger", None) or Ledger(model_kb)
        made.append(Chat("fake:model", lambda: replies, ledger, health=health, **limits))
        return made[-1]

    yield chat_
    for each in made:
        each.close()


@pytest.fixture
def assistant_with(model_kb: KnowledgeBase, assistant: Assistant, grounding: Grounding) -> Callable[[Chat], Assistant]:
    """The assistant whose leads this chat writes."""
    return lambda chat: Assistant(model_kb, assistant.retriever, writer=LeadWriter(chat, model_kb, grounding))


class Drafts:
    """A writer that writes nothing and keeps the drafts it was handed."""

    def __init__(self) -> None:
        self.taken: list[Draft] = []

    def write(self, draft: Draft, who: str | None, hear: object) -> Any:
        """The answer as it was composed."""
        self.taken.append(draft)
        return draft.answer


@pytest.fixture(scope="session")
def drafts_of(model_kb: KnowledgeBase, assistant: Assistant) -> Callable[[Sequence[Any]], list[Draft]]:
    """The drafts of the answers to questions."""

    def drafts_(questions: Sequence[Any]) -> list[Draft]:
        writer = Drafts()
        over = Assistant(model_kb, assistant.retriever, writer=writer)
        for question in questions:
            over.answer_now(question)
        return writer.taken

    return drafts_
