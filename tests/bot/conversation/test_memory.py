"""What is kept of a conversation, for how long, and what becomes of it when it cannot be read."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.conversation.state import Conversation, Pending
from bot.values import NEEDS_CLARIFICATION, Question
from knowledge.journal import OpenConversation, now

STATE = Conversation(
    "日本有哪些污水处理技术？", "zh", "listings", ("listing/a", "listing/b"), 1, 0, 3, ("listing/b",), "{}的来源",
    (Pending("只看日本的（3）", "日本的", "narrow"), Pending("A", "A?", "meaning", "listing/a", "{}?")),
)  # fmt: skip


def stored(kb) -> list[OpenConversation]:
    """All conversations in the database."""
    with kb.session() as session:
        return list(session.exec(select(OpenConversation)))


def age(kb, minutes: float) -> None:
    """Make every conversation so many minutes older."""
    with kb.session() as session:
        session.exec(update(OpenConversation).values({col(OpenConversation.touched_at): now() - timedelta(minutes=minutes)}))
        session.commit()


def test_a_state_comes_back_as_it_was(memory):
    """What was kept is recalled, under the name of its session only."""
    memory.keep("telegram:1:2", STATE)
    assert memory.recall("telegram:1:2") == STATE
    assert memory.recall("telegram:1:3") is None


def test_processes_share_it(kb, memory):
    """Another process over the same database goes on with the conversation, if it has the same key."""
    memory.keep("s", STATE)
    assert StoredMemory(kb, lambda: b"key", minutes=60).recall("s") == STATE
    assert StoredMemory(kb, lambda: b"another", minutes=60).recall("s") is None


def test_it_is_over_after_its_time(kb, memory):
    """A conversation that was left for longer than the setting says is begun anew; a shorter pause does no harm."""
    memory.keep("s", STATE)
    age(kb, 59)
    assert memory.recall("s") == STATE
    age(kb, 61)
    assert memory.recall("s") is None


def test_what_is_over_is_deleted(kb, memory):
    """Conversations that are over do not stay in the database."""
    memory.keep("old", STATE)
    age(kb, 61)
    StoredMemory(kb, lambda: b"key", minutes=60).keep("new", STATE)
    assert len(stored(kb)) == 1


def test_forgetting(kb, memory):
    """What is forgotten is gone from the database, and other conversations are not."""
    memory.keep("one", STATE)
    memory.keep("two", STATE)
    memory.forget("one")
    assert memory.recall("one") is None
    assert memory.recall("two") == STATE
    assert len(stored(kb)) == 1


def test_nobody_is_named(kb, memory):
    """No name of a session stands in the database, only its keyed hash."""
    memory.keep("telegram:4711:liu-hua", STATE)
    (kept,) = stored(kb)
    assert "4711" not in kept.model_dump_json()
    assert "liu-hua" not in kept.model_dump_json()


@pytest.mark.parametrize("broken", ["", "{", "[]", "3", "null", '{"question": 3}', STATE.dump().replace("listing/a", "listing")])
def test_a_broken_state_is_none(kb, memory, broken, caplog):
    """A state that cannot be read counts as none, and the log says so once."""
    memory.keep("s", STATE)
    with kb.session() as session:
        session.exec(update(OpenConversation).values(state=broken))
        session.commit()
    with caplog.at_level(logging.WARNING, "greenask"):
        assert memory.recall("s") is None
        assert memory.recall("s") is None
    assert len(caplog.records) == 1
    assert "日本" not in caplog.text


@pytest.mark.parametrize(("first", "then"), [("who is Xie Hongxing?", "his contact"), ("谁是解洪兴", "他的联系方式")])
def test_a_broken_database_breaks_no_answer(assistant, kb, memory, first, then):
    """Questions are answered when conversations can be neither read nor written; follow-ups say that they lean on nothing."""
    own = Assistant(assistant.kb, assistant.retriever, memory=memory)
    with kb.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE conversation")
    assert own.answer_now(Question(first, session="s")).cards[0].key == "person/person-xie-hongxing"
    assert own.answer_now(Question(then, session="s")).status == NEEDS_CLARIFICATION


def test_without_a_session_nothing_is_kept(assistant, kb, memory):
    """A question that names no conversation leaves nothing behind."""
    own = Assistant(assistant.kb, assistant.retriever, memory=memory)
    own.answer_now(Question("who is Xie Hongxing?"))
    assert stored(kb) == []


def test_a_very_long_list():
    """Page after page of a list that is longer than what is kept: each begins where the last one ended."""
    state, keys = replace(STATE, listed=(), page=0, skipped=0), tuple(f"listing/{number}" for number in range(200))
    for start in range(0, 200, 5):
        state = state.going_on(len(state.listed), keys[start : start + 5])
        assert state.shown == keys[start : start + 5]
        assert state.skipped + len(state.listed) == start + 5
    assert len(state.listed) == 60
