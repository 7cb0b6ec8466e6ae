"""A real server that speaks OpenAI's protocol, and everything that servers do wrong."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.model.jobs import Jobs
from bot.settings import Settings
from bot.values import Question

ASKED = {"en": "who is Xie Hongxing?", "zh": "解洪兴是谁？"}
SAID = {
    "en": "Xie Hongxing is the director of the Bluetech Clean Air Alliance [1]. He is known in English reports as Tonny Xie [1].",
    "zh": "解洪兴是中关村创蓝清洁空气产业联盟主任[1]。英文报道中也称他为Tonny Xie[1]。",
}
KEY = "sk-very-secret-key"


@pytest.fixture
def served(llmock, model_kb, assistant, home) -> Iterator[Callable[..., Assistant]]:
    """The assistant with the model of the mock server, its time limit three seconds unless told."""
    opened: list[Jobs] = []

    def served_(**limits) -> Assistant:
        given = {"model_timeout": 3, "model_tokens_a_user": 0, **limits}
        settings = Settings(
            data_dir=home, model="openai:mock-model", model_url=SecretStr(llmock.base_url()), model_key=SecretStr(KEY), **given
        )
        jobs = Jobs.open(settings, model_kb, assistant.retriever)
        opened.append(jobs)
        # The library takes seconds to load, which is not what is timed here.
        jobs.chat.loaded()
        return Assistant(model_kb, assistant.retriever, writer=jobs.writer, rewriter=jobs.rewriter)

    yield served_
    for jobs in opened:
        jobs.chat.close()


def lead(answer) -> str:
    return next(block.text for block in answer.blocks if getattr(block, "role", "") == "lead")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lead_is_the_models(lang, llmock, served):
    """What the server streams is the lead; the card, its contact and its sources are as they were composed."""
    llmock.reply(SAID[lang], times=None)
    heard: list[str] = []
    over = served()
    answer = over.answer_now(Question(ASKED[lang]), heard.append)
    composed = Assistant(over.kb, over.retriever).answer_now(Question(ASKED[lang]))
    assert "Tonny Xie" in lead(answer)
    assert len(heard) == 2
    assert answer.cards == composed.cards
    assert lead(answer) == ("" if lang == "zh" else " ").join(heard)


def test_what_is_sent(llmock, served):
    """The server gets our instructions and the records between fences, the key in a header, and no tools."""
    llmock.reply(SAID["en"], times=None)
    served().answer_now(Question(ASKED["en"], session="telegram-4711"))
    sent = llmock.last_request
    body = json.dumps(sent.body, ensure_ascii=False)
    assert sent.body["stream"]
    assert "tools" not in sent.body
    assert "Xie Hongxing" in body
    assert "4711" not in body
    assert KEY not in body
    assert [message["role"] for message in sent.body["messages"]] == ["system", "user"]


FAULTS = {
    "server error": lambda mock: mock.outage(status=500),
    "overloaded": lambda mock: mock.outage(status=503),
    "rate limit": lambda mock: mock.rate_limit(times=None, retry_after=0.1),
    "wrong key": lambda mock: mock.fail(401, times=None),
    "no such model": lambda mock: mock.fail(404, times=None),
    "too long": lambda mock: mock.context_overflow(times=None),
    "no first token": lambda mock: mock.slow_first_token(4, times=None),
    "silence": lambda mock: mock.delay(4, times=None),
    "stall": lambda mock: mock.stall(after_chunks=1, seconds=4, times=None),
    "dropped": lambda mock: mock.disconnect(after_chunks=1, times=None),
    "malformed": lambda mock: mock.corrupt(after_chunks=1, times=None),
    "cut short": lambda mock: mock.truncate(after_chunks=1, times=None),
    "tool call": lambda mock: mock.call_tool("delete_everything", {"sure": True}, times=None),
    "empty": lambda mock: mock.reply("", times=None),
    "rubbish": lambda mock: mock.reply("asdf )(*& \x00\u202e 99999 {}{}[[[ <b>", times=None),
    "another language": lambda mock: mock.reply(
        "Xie Hongxing est le directeur de l'alliance pour un air propre [1].", times=None
    ),
    "markup": lambda mock: mock.reply("# Answer\n\n![x](http://evil.example/x.png) [click](http://evil.example)", times=None),
}


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
    assert "Xie" not in told[0]


def test_a_passing_fault_is_tried_again(llmock, served):
    """One refusal for want of room is tried again within the same question."""
    llmock.rate_limit(times=1, retry_after=0.1)
    llmock.reply(SAID["en"], times=None)
    answer = served(model_timeout=8).answer_now(Question(ASKED["en"]))
    assert "Tonny Xie" in lead(answer)
    assert len(llmock.requests) == 2


def test_a_wrong_key_is_not_tried_again(llmock, served):
    """A key that is refused stays refused: it is sent once."""
    llmock.fail(401, times=None)
    served().answer_now(Question(ASKED["en"]))
    assert len(llmock.requests) == 1


def test_ten_megabytes(llmock, served):
    """Of ten megabytes a fraction is read, and the answer is the composed one."""
    llmock.reply("water " * 1_700_000, times=None)
    over = served(model_timeout=10)
    answer = over.answer_now(Question(ASKED["en"]))
    assert "Tonny Xie" not in lead(answer)
    assert len(lead(answer)) < 500


def test_nobody_there(served, model_kb, assistant, home, unused_port):
    """With no server at the address the composed answer comes, and after three questions the model rests."""
    settings = Settings(
        data_dir=home,
        model="openai:mock",
        model_url=SecretStr(f"http://127.0.0.1:{unused_port}/v1"),
        model_timeout=5,
        model_tokens_a_user=0,
    )
    jobs = Jobs.open(settings, model_kb, assistant.retriever)
    with closing(jobs.chat):
        over = Assistant(model_kb, assistant.retriever, writer=jobs.writer)
        for _ in range(3):
            over.answer_now(Question(ASKED["en"]))
        assert jobs.chat.health.resting
        start = time.monotonic()
        over.answer_now(Question(ASKED["en"]))
        assert time.monotonic() - start < 1


@pytest.fixture
def unused_port() -> int:
    """A port at which nobody listens."""
    import socket

    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_tokens_are_booked(llmock, served, model_kb):
    """What the server counted stands in the ledger, by model and job."""
    before = _used(model_kb)
    llmock.reply(SAID["en"], times=None)
    served().answer_now(Question(ASKED["en"]))
    after = _used(model_kb)
    assert after[0] > before[0] + 100
    assert after[1] > before[1]


def _used(kb) -> tuple[int, int]:
    from sqlmodel import select

    from knowledge.journal import ModelUse

    with kb.session() as session:
        found = [row for row in session.exec(select(ModelUse)) if row.model == "openai:mock-model"]
    return sum(row.tokens_in for row in found), sum(row.tokens_out for row in found)


def test_schemas_are_asked_for(llmock, served):
    """A long message is rewritten by a reply that keeps to a schema; a server that knows none is asked without."""
    message = (
        "Hello there, I hope this finds you well. I run a small shop with my brother and we have been here for many years, "
        "and every day we throw away far too much of what we could not sell before it expires. "
        "Which technology against food waste is there from Israel?"
    )
    reply = json.dumps({"question": "Which technology against food waste is there from Israel?", "country": ["IL"]})
    llmock.fail(400, times=1)
    llmock.reply(reply, times=1)
    llmock.reply("", times=None)
    answer = served(model_timeout=8).answer_now(Question(message))
    assert answer.resolved == "Which technology against food waste is there from Israel?"
    assert "response_format" in llmock.requests[0].body
    assert "response_format" not in llmock.requests[1].body
    assert "tech-si-wasteless" in {card.id for card in answer.cards}
