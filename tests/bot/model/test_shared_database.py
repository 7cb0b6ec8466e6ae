"""One PostgreSQL for several processes: conversations, tokens, written leads and the question log."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.model.grounding import Grounding
from bot.model.ledger import Ledger, Spent
from bot.model.writer import LeadWriter
from bot.staff.log import QuestionLog
from bot.values import NEEDS_CLARIFICATION, NOT_FOUND, Answer, Question, Text
from knowledge import starter
from knowledge.journal import LoggedQuestion, ModelUse, OpenConversation, Wish, now
from knowledge.records import Person
from knowledge.store import KnowledgeBase

ASKED = {"en": ("who is Xie Hongxing?", "his contact"), "zh": ("解洪兴是谁？", "他的联系方式")}
SAID = {
    "en": "Xie Hongxing is the director of the Bluetech Clean Air Alliance [1]. He is known in English reports as Tonny Xie [1].",
    "zh": "解洪兴是中关村创蓝清洁空气产业联盟主任[1]。英文报道中也称他为Tonny Xie[1]。",
}
XIE = "person/person-xie-hongxing"


@pytest.fixture
def shared(postgres_url: str) -> Iterator[KnowledgeBase]:
    """The starter records in PostgreSQL."""
    with closing(KnowledgeBase.open(postgres_url)) as kb:
        kb.save(starter.records(), origin="starter")
        yield kb


def lead(answer: Answer) -> str:
    return next(block.text for block in answer.blocks if isinstance(block, Text) and block.role == "lead")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_conversation_with_a_model(lang, shared, postgres_url, assistant, chat):
    """A lead is written and booked, the follow-up understood by another process, for this person only, until it is over."""
    ledger = Ledger(shared, a_day=100_000, a_user=50_000)
    writer = LeadWriter(chat(SAID[lang], ledger=ledger), shared, Grounding(assistant.retriever))
    here = Assistant(shared, assistant.retriever, memory=StoredMemory(shared, lambda: b"key", minutes=60), writer=writer)
    question, follow_up = ASKED[lang]
    assert "Tonny Xie" in lead(here.answer_now(Question(question, session="anna")))
    with closing(KnowledgeBase.open(postgres_url)) as other_kb:
        memory = StoredMemory(other_kb, lambda: b"key", minutes=60)
        there = Assistant(other_kb, assistant.retriever, memory=memory)
        assert there.answer_now(Question(follow_up, session="anna")).cards[0].key == XIE
        assert there.answer_now(Question(follow_up, session="ben")).status == NEEDS_CLARIFICATION
        with other_kb.session() as session:
            touched = {col(OpenConversation.touched_at): now() - timedelta(minutes=61)}
            session.exec(update(OpenConversation).values(touched))
            session.commit()
        assert there.answer_now(Question(follow_up, session="anna")).status == NEEDS_CLARIFICATION
        there.answer_now(Question(question, session="anna"))
        there.forget("anna")
        assert memory.recall("anna") is None
    with shared.session() as session:
        (used,) = session.exec(select(ModelUse))
    assert used.requests == 1
    assert used.tokens_in > 0


def test_leads_fall_with_the_records(shared, assistant, chat):
    """A lead that was written once is not asked for again, until a record changes."""
    made = chat(SAID["en"], "", "")
    over = Assistant(shared, assistant.retriever, writer=LeadWriter(made, shared, Grounding(assistant.retriever)))
    first = lead(over.answer_now(Question(ASKED["en"][0])))
    assert lead(over.answer_now(Question(ASKED["en"][0]))) == first
    (xie,) = shared.fetch([XIE])
    assert isinstance(xie, Person)
    shared.save([Person(**{**xie.model_dump(), "note_en": "He moved on."})], origin="import")
    assert lead(over.answer_now(Question(ASKED["en"][0]))) != first


def test_tokens_of_several_processes(shared, postgres_url):
    """Processes that take tokens at the same moment never take more than the day or the conversation has."""
    today = datetime.date(2033, 3, 3)
    with closing(KnowledgeBase.open(postgres_url)) as other:
        ledgers = [Ledger(kb, a_day=5_000, a_user=3_000, today=lambda: today) for kb in (shared, other)]
        with ThreadPoolExecutor(8) as pool:
            took = list(pool.map(lambda turn: ledgers[turn % 2].take("anna" if turn % 4 < 2 else "ben", 500), range(40)))
        assert sum(took) == 10
        ledgers[0].settle("anna", 500, Spent("m", "write", 40, 10))
        assert not ledgers[1].take("ben", 500)
        assert ledgers[1].take("anna", 400) or ledgers[1].take("ben", 400)


def test_the_question_log(shared):
    """Questions, feedback, wishes, opting out and forgetting work as they do in a file."""
    log = QuestionLog(shared, lambda: b"key", retention_days=30)
    asked = Question("谁能治理VOC？")
    number = log.record(asked, Answer(asked.text, "zh", NOT_FOUND, (), route="silence"), "telegram", "anna")
    assert number is not None
    assert log.feedback(number, "down", "没用", conversation=("telegram", "anna"))
    assert log.wish(Answer(asked.text, "zh", NOT_FOUND, ()), "telegram", "anna")
    with shared.session() as session:
        (entry,) = session.exec(select(LoggedQuestion))
        assert (entry.text, entry.feedback, entry.conversation) == (asked.text, "down", log.pseudonym("telegram", "anna"))
    assert log.opt_out("telegram", "anna")
    assert log.record(asked, Answer(asked.text, "zh", NOT_FOUND, ()), "telegram", "anna") is None
    assert log.record(asked, Answer(asked.text, "zh", NOT_FOUND, ()), "telegram", "ben") is not None
    with shared.session() as session:
        session.exec(update(LoggedQuestion).values({col(LoggedQuestion.asked_at): now() - timedelta(days=31)}))
        session.commit()
    log.purge()
    with shared.session() as session:
        assert list(session.exec(select(LoggedQuestion))) == []
        assert list(session.exec(select(Wish))) == []
