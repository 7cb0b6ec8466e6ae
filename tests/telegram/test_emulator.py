"""The bot against ``telegram-test-api``, an emulator of the Bot API that others wrote, polling and by webhook."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from tests.telegram.bot_api import TOKEN
from tests.telegram.people import Running

FOLDER = Path(__file__).parent / "emulator"
NODE = shutil.which("node")
INSTALLED = (FOLDER / "node_modules" / "telegram-test-api").is_dir()
_BOTS = itertools.count(7_000_000)
PATIENCE = 20.0

pytestmark = pytest.mark.skipif(
    not (NODE and INSTALLED), reason="needs Node and the emulator: npm ci --prefix tests/telegram/emulator"
)


class Emulator:
    """The emulator in a process of its own, and a person who writes through it."""

    def __init__(self) -> None:
        assert NODE
        command = [NODE, str(FOLDER / "server.js"), str(next(_BOTS))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=20)
        self._read = 0

    def close(self) -> None:
        self._http.close()
        self._process.terminate()
        self._process.communicate(timeout=10)

    def _post(self, path: str, data: dict[str, Any]) -> Any:
        return self._http.post(path, json=data).raise_for_status().json()

    def _person(self, lang: str) -> dict[str, Any]:
        return {
            "botToken": TOKEN,
            "date": int(time.time()),
            "from": {"id": 1, "first_name": "Wei", "is_bot": False, "language_code": lang},
            "chat": {"id": 1, "type": "private", "first_name": "Wei"},
        }

    def says(self, text: str, lang: str) -> dict[str, Any]:
        """Send a text or a command; returns the message that comes back."""
        if text.startswith("/"):
            entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
            self._post("/sendCommand", {**self._person(lang), "text": text, "entities": entities})
        else:
            self._post("/sendMessage", {**self._person(lang), "text": text})
        return self._next()

    def presses(self, message: dict[str, Any], label: str, lang: str) -> None:
        """Press a button."""
        data = next(
            one["callback_data"]
            for row in message["message"]["reply_markup"]["inline_keyboard"]
            for one in row
            if label in one["text"]
        )
        person = self._person(lang)
        shown = {"message_id": message["messageId"], "chat": person["chat"], "text": message["message"]["text"]}
        self._post("/sendCallback", {**person, "message": shown, "data": data})

    def sent(self) -> list[dict[str, Any]]:
        """Every message of the bot, as it is now."""
        history = self._post("/getUpdatesHistory", {"token": TOKEN})["result"]
        return [one for one in history if "chat_id" in one.get("message", {})]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            sent = self.sent()
            if len(sent) > self._read:
                self._read += 1
                return sent[self._read - 1]
            time.sleep(0.02)
        raise AssertionError("the bot did not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", params=["polling", "webhook"])
def emulator(request: pytest.FixtureRequest, settings: Settings, own: Assistant) -> Iterator[Emulator]:
    """The emulator with the bot at it, each way that updates may come."""
    emulator = Emulator()
    port = free_port()
    mine: dict[str, Any] = {"telegram_api_url": emulator.url}
    if request.param == "webhook":
        mine |= {"telegram_webhook_url": f"http://127.0.0.1:{port}", "telegram_listen": f"127.0.0.1:{port}"}
    bot = Running(settings.model_copy(update=mine), own, api=None).start()  # type: ignore[arg-type]
    yield emulator
    bot.stop()
    emulator.close()


@pytest.mark.parametrize(
    ("lang", "question", "answer"),
    [("en", "Which partners are in Hong Kong?", "IP Nexus"), ("zh", "香港有哪些合作伙伴？", "香港贸易发展局")],
)
def test_question(emulator: Emulator, lang: str, question: str, answer: str):
    """A question is answered, with HTML and buttons that the emulator understands."""
    reply = emulator.says(question, lang)
    assert answer in reply["message"]["text"]
    assert "<b>" in reply["message"]["text"]
    assert reply["message"]["parse_mode"] == "HTML"
    assert reply["message"]["reply_markup"]["inline_keyboard"]


@pytest.mark.parametrize(
    ("lang", "question", "more"), [("en", "technologies in energy", "More"), ("zh", "能源领域的技术", "更多")]
)
def test_paging(emulator: Emulator, lang: str, question: str, more: str):
    """A page is turned in place."""
    reply = emulator.says(question, lang)
    before, number = reply["message"]["text"], reply["messageId"]
    emulator.presses(reply, more, lang)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        now = next(one for one in emulator.sent() if one["messageId"] == number)
        if now["message"]["text"] != before:
            break
        time.sleep(0.02)
    assert "<b>4. " in now["message"]["text"]


def test_deep_link(emulator: Emulator):
    """A link with a payload opens the event, and a question inside it is answered from it."""
    welcome = emulator.says("/start ev_ev-ciftis-ip-2024", "en")
    assert "You are inside" in welcome["message"]["text"]
    assert "Su Jing" in emulator.says("who is from BOE?", "en")["message"]["text"]
    assert "new conversation" in emulator.says("/new", "en")["message"]["text"]


def test_chart(emulator: Emulator):
    """A statistic comes with a picture."""
    figure = emulator.says("How many technologies from China?", "en")
    assert "12,000" in figure["message"]["text"]
    chart = emulator._next()
    assert int(chart["message"]["file"]) > 10_000
    assert "2025" in chart["message"]["text"]
