"""A real server that speaks Anthropic's protocol: the lead is streamed, and whatever goes wrong leaves the composed answer."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.model.jobs import Jobs
from bot.settings import Settings
from bot.values import Question
from tests.bot.model.test_server import ASKED, FAULTS, KEY, SAID, lead

NAME = "anthropic:claude-haiku-4-5"


@pytest.fixture
def served(llmock, model_kb, assistant, home) -> Iterator[Callable[..., Assistant]]:
    """The assistant with the model of the mock server, its time limit eight seconds unless told."""
    opened: list[Jobs] = []

    def served_(**limits) -> Assistant:
        given = {"model_timeout": 8, "model_tokens_a_user": 0, **limits}
        url = SecretStr(llmock.base_url("anthropic"))
        jobs = Jobs.open(
            Settings(data_dir=home, model=NAME, model_url=url, model_key=SecretStr(KEY), **given), model_kb, assistant.retriever
        )
        opened.append(jobs)
        jobs.chat.loaded()
        return Assistant(model_kb, assistant.retriever, writer=jobs.writer, rewriter=jobs.rewriter)

    yield served_
    for jobs in opened:
        jobs.chat.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lead_is_the_models(lang, llmock, served):
    """What the server streams is the lead, sentence by sentence; no tool and no name of a conversation is sent."""
    llmock.reply(SAID[lang], times=None)
    heard: list[str] = []
    over = served()
    answer = over.answer_now(Question(ASKED[lang], session="telegram-4711"), heard.append)
    assert "Tonny Xie" in lead(answer)
    assert len(heard) == 2
    sent = llmock.last_request
    body = json.dumps(sent.body, ensure_ascii=False)
    assert sent.body["stream"]
    assert "tools" not in sent.body
    assert "GreenAsk" in json.dumps(sent.body["system"]) or "绿问" in json.dumps(sent.body["system"], ensure_ascii=False)
    assert [message["role"] for message in sent.body["messages"]] == ["user"]
    assert "4711" not in body
    assert KEY not in body


def test_one_after_the_other(llmock, served):
    """A second assistant in the same process, with an event loop of its own, is served as well as the first."""
    llmock.reply(SAID["en"], times=None)
    for _ in range(2):
        assert "Tonny Xie" in lead(served().answer_now(Question(ASKED["en"])))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault, llmock, served, caplog):
    """Whatever the server does wrong, the composed answer comes within the time limit, and the log says why without our key."""
    FAULTS[fault](llmock)
    over = served(model_timeout=1)
    composed = Assistant(over.kb, over.retriever).answer_now(Question(ASKED["en"]))
    start = time.monotonic()
    with caplog.at_level(logging.WARNING, "greenask"):
        answer = over.answer_now(Question(ASKED["en"]))
    assert time.monotonic() - start < 4
    assert replace(answer, took_ms=0) == replace(composed, took_ms=0)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert KEY not in told[0]


def test_ten_megabytes(llmock, served):
    """Of ten megabytes a fraction is read."""
    llmock.reply("water " * 1_700_000, times=None)
    over = served()
    start = time.monotonic()
    assert "Tonny" not in lead(over.answer_now(Question(ASKED["en"])))
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    ("message", "short"),
    [
        (
            "Hello there, I hope this finds you well. I run a small shop with my brother and we have been here for many years, "
            "and every day we throw away far too much of what we could not sell before it expires. "
            "Which technology against food waste is there from Israel?",
            "Which technology against food waste is there from Israel?",
        ),
        (
            "你好，打扰了。我和弟弟开了一家小店已经很多年，每天都有不少东西过了保质期只好扔掉，实在可惜，我们一直在想办法，也问过很多人，"
            "都没有结果。请问以色列有没有减少食物浪费的技术？",
            "以色列有没有减少食物浪费的技术？",
        ),
    ],
    ids=["en", "zh"],
)
def test_a_long_message(message, short, llmock, served):
    """A long message is made one question, from a reply with words around its JSON."""
    llmock.reply(f"Here it is:\n```json\n{json.dumps({'question': short}, ensure_ascii=False)}\n```", times=1)
    llmock.reply("", times=None)
    answer = served().answer_now(Question(message))
    assert answer.resolved == short
    assert "tech-si-wasteless" in {card.id for card in answer.cards}
