"""Conversations as people have them, in every channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from channels import CHANNELS, Channel
from dialogues import Dialogue, judge, load, misses
from sqlmodel import col, update

from bot.assistant import Assistant
from bot.speech import Speech
from knowledge.journal import OpenConversation, now
from knowledge.records import KINDS
from knowledge.store import KnowledgeBase
from retrieval.language import base

DIALOGUES = load()


HELD = [(channel, dialogue) for channel in CHANNELS for dialogue in DIALOGUES]


def test_there_are_many():
    """There are sixty dialogues and more, of three to six turns, as many in Chinese as in English within a few."""
    assert len(DIALOGUES) >= 60
    assert all(3 <= len(dialogue.turns) <= 6 for dialogue in DIALOGUES)
    count = {lang: sum(dialogue.lang == lang for dialogue in DIALOGUES) for lang in ("en", "zh", "zh-Hant")}
    assert abs(count["en"] - count["zh"]) <= 5
    assert count["zh-Hant"] >= 8


@pytest.mark.parametrize(("made", "dialogue"), HELD, ids=[f"{made.name}-{dialogue}" for made, dialogue in HELD])
def test_dialogue(
    made: Callable[[Assistant, pytest.MonkeyPatch], Channel],
    dialogue: Dialogue,
    talking: Assistant,
    conversations: KnowledgeBase,
    monkeypatch: pytest.MonkeyPatch,
):
    """Every turn of a dialogue gets what it wants, whichever the channel."""
    channel = made(talking, monkeypatch)

    def prepare(turn: Mapping[str, Any]) -> None:
        if turn.get("expired"):
            with conversations.session() as session:
                session.exec(update(OpenConversation).values({col(OpenConversation.touched_at): now().replace(year=2020)}))
                session.commit()

    wrong, seen = [], set()
    replies = channel.hold(dialogue, prepare)
    for turn, reply in zip(dialogue.turns, replies, strict=True):
        lang = turn.get("lang", dialogue.lang)

        def name(id_: str, lang: str = lang) -> str:
            (record,) = talking.kb.fetch([f"{kind}/{id_}" for kind in KINDS])
            return Speech(lang).script(record.name(base(lang)))

        if reply.json is not None:
            found = list(judge(dialogue, turn, reply.json, seen))
            seen |= {item["id"] for item in reply.json["items"]}
        else:
            found = list(misses(dialogue, turn, reply.text, name))
        wrong += [f"{dialogue.said(turn)!r}: {each}" for each in found]
    assert not wrong, "\n".join(wrong)
