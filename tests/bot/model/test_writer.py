"""The lead of an answer as LangChain's fake models write it: checked, streamed, cached, within a budget, never in the way."""

from __future__ import annotations

import asyncio
import datetime
import logging
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage

from bot.model.cache import Leads
from bot.model.given import Giver
from bot.model.health import AGAIN, REST, Health
from bot.model.ledger import Ledger, Spent
from bot.model.sentences import sentences, split
from bot.model.writer import LeadWriter
from bot.values import Answer, Question, Text
from bot.writing import unheard
from knowledge.journal import ModelAllowance

ASKED = {"en": "who is Xie Hongxing?", "zh": "解洪兴是谁？"}
SAID = {
    "en": "Xie Hongxing is director of the Bluetech Clean Air Alliance [1]. "
    "He was awarded a prize [1]. Reports call him Tonny Xie [1].",
    "zh": "解洪兴是中关村创蓝清洁空气产业联盟主任[1]。他曾获大奖[1]。英文报道中也用Tonny Xie这一名字[1]。",
}


def lead(answer: Answer) -> str:
    return next(block.text for block in answer.blocks if isinstance(block, Text) and block.role == "lead")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("model", ["letters", "words"])
def test_lead(lang, model, chat, assistant_with, assistant):
    """What the records bear out is the lead, what they do not is left out; cards stay, and a line says what was cited."""
    made = (
        FakeListChatModel(responses=[SAID[lang]])
        if model == "letters"
        else GenericFakeChatModel(messages=iter([AIMessage(SAID[lang])]))
    )
    heard: list[str] = []
    answer = assistant_with(chat(model=made)).answer_now(Question(ASKED[lang]), heard.append)
    assert len(heard) == 2
    assert "Tonny Xie" in lead(answer)
    assert "prize" not in lead(answer)
    assert "奖" not in lead(answer)
    assert answer.cards == assistant.answer_now(Question(ASKED[lang])).cards
    assert any(isinstance(block, Text) and block.role == "note" and "[1]" in block.text for block in answer.blocks)


def test_stream(chat, assistant_with):
    """A stream gives each checked sentence as it is written, then the answer that has them all."""

    async def read() -> list[Any]:
        return [part async for part in assistant_with(chat(SAID["en"])).stream(Question(ASKED["en"]))]

    *said, answer = asyncio.run(read())
    assert len(said) == 2
    assert lead(answer) == " ".join(said)


def test_stream_without_a_model(assistant):
    """Without a model a stream gives the answer alone."""

    async def read() -> list[Any]:
        return [part async for part in assistant.stream(Question(ASKED["en"]))]

    (answer,) = asyncio.run(read())
    assert isinstance(answer, Answer)


def test_a_listener_who_leaves(chat, assistant_with):
    """Whoever stops listening in the middle gets no error, and the writing ends."""

    async def read() -> str:
        parts = assistant_with(chat(SAID["en"])).stream(Question(ASKED["en"]))
        first = await anext(parts)
        await parts.aclose()
        return first

    assert "director" in asyncio.run(read())


def test_traditional_stream(chat, assistant_with):
    """Sentences of a stream are in the reader's script."""
    heard: list[str] = []
    assistant_with(chat(SAID["zh"])).answer_now(Question("解洪興是誰？"), heard.append)
    assert "聯盟" in heard[0]


@pytest.mark.parametrize(
    "question",
    ["how many technologies does WIPO GREEN list?", "thanks", "contact of Xie Hongxing", "cake recipe", "联系解洪兴", "你好"],
)
def test_left_alone(question, chat, assistant_with, assistant):
    """Figures, contacts, talk and silence are told as they were composed; the model is not even asked."""
    asked = chat(model=GenericFakeChatModel(messages=iter([])))
    answer = assistant_with(asked).answer_now(Question(question))
    assert replace(answer, took_ms=0) == replace(assistant.answer_now(Question(question)), took_ms=0)
    assert asked._model is None


def test_cache(chat, model_kb, grounding, drafts_of):
    """The same question of the same records is asked once; another one, other records or a changed knowledge base ask again."""
    (draft,) = drafts_of([Question(ASKED["en"])])
    model = chat(SAID["en"], "", "", "")
    leads = Leads()
    writer = LeadWriter(model, model_kb, grounding, leads)
    first = writer.write(draft, "anna", unheard)
    assert writer.write(draft, "ben", unheard) == first
    other = replace(draft, asked=replace(draft.asked, text="who is this Xie Hongxing"))
    assert writer.write(other, None, unheard) == draft.answer
    assert len(leads) == 1
    fingerprint = model_kb.fingerprint
    model_kb.remember("fingerprint", "another")
    try:
        assert writer.write(draft, None, unheard) == draft.answer
        assert len(leads) == 0
    finally:
        model_kb.remember("fingerprint", fingerprint)


def test_cache_is_bounded():
    """The cache holds so many leads and no more."""
    leads = Leads(2)
    for number in range(5):
        leads.put("f", str(number), ())
    assert len(leads) == 2
    assert leads.get("f", "4") == ()


def test_prompt(chat, model_kb, grounding, drafts_of):
    """A prompt holds the question and the found records between fences that differ each time, and no contact of anybody."""
    (draft,) = drafts_of([Question("solar power for a village without grid, write to me at anna@example.com")])
    writer = LeadWriter(chat(), model_kb, grounding)
    given = Giver(model_kb).given(draft.found, "en")
    one, other = (writer.request(draft, given).text for _ in range(2))
    assert one != other
    for each in draft.found:
        assert each.name("en") in one
    assert "@" not in one.split("record 1>>")[1]
    assert "http" not in one.split("record 1>>")[1]


def test_budget(model_kb, chat, assistant_with, assistant, caplog):
    """A conversation that has used up its tokens gets composed answers, another one the model's; the log says so once."""
    today = datetime.date(2031, 5, 1)
    ledger = Ledger(model_kb, a_user=5000, today=lambda: today)
    ledger.settle("anna", 0, Spent("m", "write", 4900, 50))
    over = assistant_with(chat(SAID["en"], ledger=ledger))
    with caplog.at_level(logging.WARNING, "greenask"):
        for _ in range(2):
            answer = over.answer_now(Question(ASKED["en"], session="anna"))
            assert lead(answer) == lead(assistant.answer_now(Question(ASKED["en"])))
    assert len([record for record in caplog.records if "tokens today" in record.getMessage()]) == 1
    assert "Tonny" in lead(over.answer_now(Question(ASKED["en"], session="ben")))


def test_one_budget_for_all_of_a_user(model_kb, chat, assistant_with, assistant):
    """Whoever begins a new conversation has no new tokens by it; without a name a conversation stands for a user."""
    ledger = Ledger(model_kb, a_user=5000, today=lambda: datetime.date(2031, 5, 2))
    ledger.settle("carl", 0, Spent("m", "write", 4900, 50))
    over = assistant_with(chat(SAID["en"], ledger=ledger))
    composed = lead(assistant.answer_now(Question(ASKED["en"])))
    for session in ("first", "second", None):
        assert lead(over.answer_now(Question(ASKED["en"], session=session, user="carl"))) == composed
    assert lead(over.answer_now(Question(ASKED["en"], session="first"))) != composed


def test_ledger(model_kb):
    """What was reserved and not used is given back, both limits hold, and the next day begins at nothing."""
    day = [datetime.date(2032, 1, 1)]
    ledger = Ledger(model_kb, a_day=1000, a_user=600, today=lambda: day[0])
    assert ledger.take("a", 500)
    assert not ledger.take("a", 200)
    ledger.settle("a", 500, Spent("m", "write", 100, 20))
    assert ledger.take("a", 400)
    assert ledger.take("b", 400)
    assert not ledger.take("c", 400)
    assert not ledger.take(None, 400)
    day[0] = datetime.date(2032, 1, 2)
    assert ledger.take("a", 600)
    with model_kb.session() as session:
        assert session.get(ModelAllowance, ("2032-01-01", "a")) is None


def test_occupied(chat, assistant_with, assistant):
    """With every place taken a question waits for a second at most and is answered as composed."""
    busy = chat(SAID["en"], concurrency=1)
    assert busy._places.acquire()
    start = time.monotonic()
    answer = assistant_with(busy).answer_now(Question(ASKED["en"]))
    assert time.monotonic() - start < 4
    assert lead(answer) == lead(assistant.answer_now(Question(ASKED["en"])))


def test_a_model_that_breaks_off(chat, assistant_with):
    """Sentences that were shown before the model broke off stay."""
    breaking = FakeListChatModel(responses=[SAID["en"]], error_on_chunk_number=len(SAID["en"]) - 3)
    assert lead(assistant_with(chat(model=breaking)).answer_now(Question(ASKED["en"]))).count("[1]") == 1


def test_health(caplog):
    """The same failure is logged once an hour; after three in a row the model rests for half a minute."""
    now = [0.0]
    health = Health(lambda: now[0])
    with caplog.at_level(logging.WARNING, "greenask"):
        for _ in range(3):
            health.failed("slow")
        assert health.resting
        now[0] += REST
        assert not health.resting
        now[0] += AGAIN
        health.failed("slow")
    assert len(caplog.records) == 2


def test_nothing_is_imported():
    """The assistant without a model imports neither LangChain's chat models nor anything of ours for models."""
    heavy = ("langchain", "langchain_openai", "openai", "ollama", "anthropic")
    found = f"[name for name in sys.modules if name.split('.')[0] in {heavy} or name.startswith('bot.model')]"
    command = f"import sys, bot.assistant, bot.bootstrap; print({found})"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SENTENCES = st.lists(
    st.sampled_from(
        [
            "It costs 3.5 USD [1].",
            "Acme Co. Ltd. of the U.S. makes it [2][3].",
            "它可处理废水[1]。",
            "据3.5版说明（见图），能耗低[2]！",
            "Is it so [1]?",
            "Use e.g. sand (approx. 2 kg) [1].",
        ]
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(said=SENTENCES, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_sentences(said, sizes):
    """However a text is cut into pieces, its sentences are the same, citations and all, and none is lost."""
    text, pieces, place, turn = " ".join(said), [], 0, 0
    while place < len(text):
        pieces.append(text[place : place + sizes[turn % len(sizes)]])
        place, turn = place + sizes[turn % len(sizes)], turn + 1
    assert list(sentences(pieces)) == said
    assert split(text) == said


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text(text):
    """No text breaks the reading of sentences."""
    assert all(each.strip() for each in sentences(list(text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [("<think>It is [1]. No.</think>It works [1].", ["It works [1]."]), ("One [1]. And an unfinished", ["One [1]."])],
)
def test_thoughts(text, said):
    """What a model thinks aloud is no sentence, and neither is one that does not end."""
    assert list(sentences(list(text))) == said


def test_faults_of_ours(chat, model_kb, grounding, drafts_of):
    """A fault in the writer itself costs nobody an answer."""
    (draft,) = drafts_of([Question(ASKED["en"])])
    writer = LeadWriter(chat(SAID["en"]), model_kb, grounding)
    broken = replace(draft, found=(None,))  # type: ignore[arg-type]
    assert writer.write(broken, None, unheard) == draft.answer
