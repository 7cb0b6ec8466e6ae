"""The bot as people meet it: the real application with the real python-telegram-bot, against a Bot API on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot import bootstrap
from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.settings import Settings
from tests.telegram.bot_api import TOKEN, BotApi
from tests.telegram.people import Group, Person, Running, running

STAFF = 77


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GREENASK_{name.upper()}", raising=False)


@pytest.fixture(scope="session")
def own(home: Path, assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The assistant over a copy of the database that tests may write to."""
    folder = tmp_path_factory.mktemp("telegram")
    shutil.copy(home / "knowledge.db", folder)
    with closing(bootstrap.open_kb(Settings(data_dir=folder))) as kb:
        memory = StoredMemory.open(Settings(data_dir=folder), kb)
        yield Assistant(kb, assistant.retriever, memory=memory)


@pytest.fixture(scope="session")
def settings(own: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The bot's settings, but for where its Bot API is."""
    folder = Path(str(own.kb.engine.url.database)).parent
    return Settings(
        _env_file=None, data_dir=folder, telegram_token=TOKEN, staff_telegram_ids=frozenset({STAFF}), telegram_per_minute=600
    )


@pytest.fixture(scope="session")
def polling(settings: Settings, own: Assistant) -> Iterator[Running]:
    """A bot that polls, shared by the tests that leave it as it is."""
    api = BotApi()
    try:
        with running(settings, own, api) as bot:
            yield bot
    finally:
        api.close()


@pytest.fixture
def api() -> Iterator[BotApi]:
    """A Bot API of the test's own, for a bot of its own."""
    api = BotApi()
    yield api
    api.close()
    assert api.faults == []


@pytest.fixture
def bot(polling: Running) -> Iterator[Running]:
    """The same; whatever it sends in this test must be to Telegram's liking."""
    polling.api.faults.clear()
    yield polling
    assert polling.api.faults == []


@pytest.fixture
def en(bot: Running) -> Person:
    """Someone whose Telegram speaks English."""
    return Person(bot, "en")


@pytest.fixture
def zh(bot: Running) -> Person:
    """Someone whose Telegram speaks simplified Chinese."""
    return Person(bot, "zh-hans")


@pytest.fixture
def hant(bot: Running) -> Person:
    """Someone whose Telegram speaks traditional Chinese."""
    return Person(bot, "zh-hant")


@pytest.fixture
def staff(bot: Running) -> Person:
    """A member of staff."""
    return Person(bot, "en", id=STAFF)


@pytest.fixture
def group(bot: Running) -> Group:
    """A group that the bot is in."""
    return Group(bot)
