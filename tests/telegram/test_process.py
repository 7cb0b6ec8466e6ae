"""The bot as a process, and beside the chat."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.assistant import Assistant
from bot.cli import main
from bot.settings import Settings
from bot.telegram.run import Beside
from tests.telegram.bot_api import NAME, TOKEN, BotApi
from tests.telegram.people import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own, its index shared."""
    shutil.copy(home / "knowledge.db", tmp_path)
    (tmp_path / "index").symlink_to(home / "index")
    return tmp_path


def message(number: int, text: str) -> dict[str, object]:
    person = {"id": 900_000 + number, "is_bot": False, "first_name": "P", "language_code": "en"}
    chat = {"id": 900_000 + number, "type": "private"}
    return {"message": {"message_id": number, "date": 1, "from": person, "chat": chat, "text": text}}


def wait_for(api: BotApi, count: int) -> None:
    until = time.monotonic() + 2 * PATIENCE
    while len(api.sent) < count and time.monotonic() < until:
        time.sleep(0.02)
    assert len(api.sent) >= count


def test_sigterm(folder: Path, api: BotApi):
    """``greenask telegram`` says where the bot is; SIGTERM ends it when its replies are sent, and the token shows nowhere."""
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GREENASK_DATA_DIR": str(folder), "GREENASK_TELEGRAM_TOKEN": TOKEN,
        "GREENASK_TELEGRAM_API_URL": api.url, "GREENASK_LOG_LEVEL": "DEBUG", "LC_ALL": "C.UTF-8", "NO_PROXY": "*",
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "bot.cli", "telegram", "--no-build"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    api.put(message(1, "Which partners are in Hong Kong?"))
    wait_for(api, 1)
    api.delay["sendMessage"] = 0.5
    for number in (2, 3):
        api.put(message(number, "Which partners are in Hong Kong?"))
    until = time.monotonic() + PATIENCE
    while api.waiting and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert len(api.sent) == 3
    assert f"https://t.me/{NAME}" in output
    assert TOKEN.split(":")[1] not in output + (folder / "greenask.log").read_text()


def test_beside(settings: Settings, own: Assistant, api: BotApi):
    """Beside the chat, the bot answers with the same assistant, and ends with it."""
    bot = Beside(settings.model_copy(update={"telegram_api_url": api.url}), own)
    api.put(message(4, "/help"))
    wait_for(api, 1)
    bot.stop()
    polls = api.polls
    time.sleep(0.3)
    assert api.polls == polls


@pytest.mark.parametrize(("lang", "said"), [("en", "@BotFather"), ("zh", "@BotFather")])
def test_no_token(monkeypatch: pytest.MonkeyPatch, folder: Path, lang: str, said: str):
    """Without a token the command says where one comes from."""
    monkeypatch.setenv("GREENASK_DATA_DIR", str(folder))
    monkeypatch.setenv("GREENASK_LANG", lang)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["telegram"])
    assert result.exit_code == 3
    assert said in result.output


@pytest.mark.parametrize("token", ["nonsense", "123:", "123456789", "123 456:abcdefghijklmnop"])
def test_no_token_at_all(monkeypatch: pytest.MonkeyPatch, folder: Path, token: str):
    """What is no token is refused before Telegram is asked, and not shown."""
    monkeypatch.setenv("GREENASK_DATA_DIR", str(folder))
    monkeypatch.setenv("GREENASK_TELEGRAM_TOKEN", token)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["telegram"])
    assert result.exit_code == 2
    assert token not in result.output.replace("123456789:ABC", "")


def test_doctor(monkeypatch: pytest.MonkeyPatch, folder: Path, api: BotApi):
    """The doctor asks Telegram about the token only when told to look deep, and says whose it is."""
    monkeypatch.setenv("GREENASK_DATA_DIR", str(folder))
    monkeypatch.setenv("GREENASK_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("GREENASK_TELEGRAM_API_URL", api.url)
    monkeypatch.chdir(folder)
    shallow = CliRunner().invoke(main, ["doctor"])
    assert api.calls == []
    assert TOKEN not in shallow.output
    assert f"https://t.me/{NAME}" in CliRunner().invoke(main, ["doctor", "--deep"]).output
    api.fail("getMe", 502)
    failed = CliRunner().invoke(main, ["doctor", "--deep"])
    assert failed.exit_code == 3
    assert "NetworkError" in failed.output


def test_only_by_that_command():
    """Telegram's library is loaded by the commands of the bot and by no other."""
    command = (
        "import sys, bot.cli, bot.assistant, bot.terminal; print([m for m in ('telegram', 'starlette') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
