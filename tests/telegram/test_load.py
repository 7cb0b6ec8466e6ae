"""Many chats at once."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.telegram_load import QUESTIONS, load
from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram.answers import Answers


def test_load(settings: Settings, own: Assistant, monkeypatch: pytest.MonkeyPatch):
    """Questions of many chats, sent within a second, are all answered: in order in each chat, none twice."""
    monkeypatch.setattr(Answers, "answer", Answers.answer)  # the load times it; afterwards it is as before
    mine = settings.model_copy(update={"telegram_per_minute": 6000})
    chats = 10
    said = asyncio.run(load(mine, own, chats=chats, within=1, per_second=1000))
    assert said["answered"] == said["questions"] == chats * len(QUESTIONS)
    assert said["chats_answered_in_order_and_once"] == chats
    assert said["own_time_ms"]["p95"] > 0
