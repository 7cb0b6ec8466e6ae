"""A server that others wrote and that speaks Ollama's protocol: streamed leads, structured replies, and what servers do wrong."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.model.jobs import Jobs
from bot.settings import Settings
from bot.values import Question
from tests.bot.model.test_anthropic import test_a_long_message as long_message
from tests.bot.model.test_server import ASKED, SAID, lead

FOLDER = Path(__file__).parent / "emulator"
SERVER = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
NODE = shutil.which("node")
MODEL = "qwen3:8b"
LONG = next(mark for mark in long_message.pytestmark if mark.name == "parametrize").args[1]

pytestmark = pytest.mark.skipif(
    not (NODE and SERVER.is_file()),
    reason="needs Node and the server: npm ci --prefix tests/bot/model/emulator --ignore-scripts",
)


@dataclass(frozen=True)
class Ollama:
    """The server, and what it was asked."""

    url: str

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for a reply, as the server read them."""
        with urllib.request.urlopen(f"{self.url}/__aimock/journal") as reply:
            entries = json.load(reply)
        return [entry["body"] for entry in entries if entry["path"] == "/api/chat"]


@pytest.fixture
def ollama(tmp_path: Path) -> Iterator[Callable[..., Ollama]]:
    """Starts the server with what it is to reply, and options of its own for what goes wrong."""
    running: list[subprocess.Popen[bytes]] = []

    def ollama_(response: dict[str, Any], *options: str) -> Ollama:
        fixtures = tmp_path / f"replies-{len(running)}.json"
        fixtures.write_text(json.dumps({"fixtures": [{"match": {"endpoint": "chat"}, "response": response}]}), encoding="utf-8")
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [str(NODE), str(SERVER), "-p", str(port), "-f", str(fixtures), "--log-level", "silent", *options]
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        running.append(subprocess.Popen(command, cwd=tmp_path, env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(200):
            with closing(socket.socket()) as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    return Ollama(f"http://127.0.0.1:{port}")
            time.sleep(0.05)
        raise AssertionError("the server does not listen")

    yield ollama_
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def served(model_kb, assistant, home) -> Iterator[Callable[..., Assistant]]:
    """The assistant with a model at this server, its time limit eight seconds unless told."""
    opened: list[Jobs] = []

    def served_(server: Ollama, **limits: Any) -> Assistant:
        given = {"model_timeout": 8, "model_tokens_a_user": 0, **limits}
        settings = Settings(data_dir=home, model=f"ollama:{MODEL}", model_url=SecretStr(server.url), **given)
        jobs = Jobs.open(settings, model_kb, assistant.retriever)
        opened.append(jobs)
        jobs.chat.loaded()
        return Assistant(model_kb, assistant.retriever, writer=jobs.writer, rewriter=jobs.rewriter)

    yield served_
    for jobs in opened:
        jobs.chat.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lead_is_the_models(lang, ollama, served):
    """What the server streams, some letters at a time, is the lead: a sentence is heard long before the last one is written."""
    server = ollama({"content": SAID[lang]}, "-c", "4", "-l", "30")
    heard: list[float] = []
    answer = served(server).answer_now(Question(ASKED[lang], session="telegram-4711"), lambda _: heard.append(time.monotonic()))
    assert "Tonny Xie" in lead(answer)
    assert len(heard) == 2
    assert heard[1] - heard[0] > 0.15
    (asked,) = server.asked
    assert asked["model"] == MODEL
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert not asked.get("tools")
    assert "4711" not in json.dumps(asked)


@pytest.mark.parametrize(("message", "short"), LONG, ids=["en", "zh"])
def test_a_long_message(message, short, ollama, served):
    """A long message is made one question by a structured reply; the lead, which is none here, stays the composed one."""
    server = ollama({"content": json.dumps({"question": short, "country": ["IL"]}, ensure_ascii=False)})
    answer = served(server).answer_now(Question(message))
    assert answer.resolved == short
    assert "tech-si-wasteless" in {card.id for card in answer.cards}
    assert "{" not in lead(answer)


FAULTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "fault": ({"error": {"message": "boom", "type": "server_error"}, "status": 500}, ()),
    "overloaded": ({"error": {"message": "busy", "type": "server_busy"}, "status": 503}, ()),
    "rate limit": ({"content": SAID["en"]}, ("--chaos-ratelimit", "1")),
    "no such model": ({"error": {"message": "model not found, try pulling it", "type": "not_found"}, "status": 404}, ()),
    "silence": ({"content": SAID["en"]}, ("--chaos-latency", "5000")),
    "too slow": ({"content": SAID["en"]}, ("-c", "2", "-l", "400")),
    "dropped": ({"content": SAID["en"]}, ("--chaos-disconnect", "1")),
    "malformed": ({"content": SAID["en"]}, ("--chaos-malformed", "1")),
    "empty": ({"content": ""}, ()),
    "rubbish": ({"content": "asdf )(*& 99999 {}{}[[[ <b>"}, ()),
    "another language": ({"content": "Xie Hongxing est le directeur de l'alliance pour un air propre [1]."}, ()),
    "ten megabytes": ({"content": "water " * 1_700_000}, ("-c", "2000")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault, ollama, served, caplog):
    """Whatever the server does wrong, the composed answer comes within the time limit, and the log says why, once."""
    response, options = FAULTS[fault]
    over = served(ollama(response, *options), model_timeout=1 if fault != "ten megabytes" else 4)
    composed = Assistant(over.kb, over.retriever).answer_now(Question(ASKED["en"]))
    start = time.monotonic()
    with caplog.at_level(logging.WARNING, "greenask"):
        answer = over.answer_now(Question(ASKED["en"]))
    assert time.monotonic() - start < 5
    assert replace(answer, took_ms=0) == replace(composed, took_ms=0)
    assert len(caplog.records) == 1
