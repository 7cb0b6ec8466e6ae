"""The bot against ``telemelya``, a second emulator that others wrote; it knows webhooks only."""

from __future__ import annotations

import itertools
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram import webhook
from tests.telegram.bot_api import TOKEN
from tests.telegram.people import Running
from tests.telegram.test_emulator import free_port

EMULATOR = Path(__file__).parent / "emulator"
# It has an environment of its own, since its packages do not go with ours.
PYTHON = EMULATOR / ".venv" / "bin" / "python"
PATIENCE = 20.0
_CHATS = itertools.count(31_000)

pytestmark = pytest.mark.skipif(
    not (EMULATOR / ".venv" / "ready").exists(),
    reason="telemelya is not installed; 'bash tests/telegram/emulator/telemelya' does",
)


class Telemelya:
    """The emulator, and a person with a chat and a session of their own."""

    def __init__(self, url: str) -> None:
        self.chat = next(_CHATS)
        headers = {"Authorization": "Bearer any", "X-Test-Session": str(uuid.uuid4())}
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=PATIENCE)
        self._read = 0

    def does(self, **update: Any) -> dict[str, Any]:
        """Send something, and read the next call of the bot that shows."""
        said = {"chat_id": self.chat, **update}
        self._http.post("/api/v1/test/send_update", params={"bot_token": TOKEN}, json=said).raise_for_status()
        return self.next()

    def close(self) -> None:
        self._http.close()

    def next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            calls = self._http.get("/api/v1/test/responses").raise_for_status().json()["responses"]
            shown = [call for call in calls if call["method"] not in ("sendChatAction", "answerCallbackQuery")]
            if len(shown) > self._read:
                self._read += 1
                return shown[self._read - 1]
            time.sleep(0.02)
        raise AssertionError("the bot did not answer")


@pytest.fixture(scope="module")
def url(settings: Settings, own: Assistant) -> Iterator[str]:
    """Where the emulator is, with the bot at it."""
    process = subprocess.Popen(
        [str(PYTHON), str(EMULATOR / "telemelya_server.py"), webhook.secret(TOKEN)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    port = free_port()
    mine = {
        "telegram_api_url": url, "telegram_webhook_url": f"http://127.0.0.1:{port}", "telegram_listen": f"127.0.0.1:{port}",
    }  # fmt: skip
    bot = Running(settings.model_copy(update=mine), own, api=None).start()  # type: ignore[arg-type]
    yield url
    bot.stop()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def person(url: str) -> Iterator[Telemelya]:
    """Someone who writes to the bot."""
    person = Telemelya(url)
    yield person
    person.close()


@pytest.mark.parametrize(
    ("question", "answer"), [("Which partners are in Hong Kong?", "IP Nexus"), ("香港有哪些合作伙伴？", "香港贸易发展局")]
)
def test_question(person: Telemelya, question: str, answer: str):
    """A question is answered."""
    reply = person.does(text=question)
    assert answer in reply["text"]
    assert reply["reply_markup"]["inline_keyboard"]


def test_paging(person: Telemelya):
    """A page is turned in place."""
    reply = person.does(text="technologies in energy")
    more = next(one["callback_data"] for row in reply["reply_markup"]["inline_keyboard"] for one in row if "More" in one["text"])
    edited = person.does(callback_data=more, callback_message_id=reply["message_id"])
    assert edited["method"] == "editMessageText"
    assert "<b>4. " in edited["text"]


def test_command(person: Telemelya):
    """A command with a payload opens an event."""
    assert "You are inside" in person.does(command="/start ev_ev-ciftis-ip-2024")["text"]


def test_chart(person: Telemelya):
    """A statistic comes with a picture."""
    assert "12,000" in person.does(text="How many technologies from China?")["text"]
    assert person.next()["method"] == "sendPhoto"
