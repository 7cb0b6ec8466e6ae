"""The dialogues of all channels, held with the bot by people of their own language."""

from __future__ import annotations

import pytest
from sqlmodel import col, update

from bot.speech import Speech
from knowledge.journal import OpenConversation, now
from knowledge.records import KINDS
from retrieval.language import base
from tests.dialogues.dialogues import Dialogue, load, misses
from tests.telegram.people import Person, Running

LANGUAGES = {"en": "en", "zh": "zh-hans", "zh-Hant": "zh-hant"}
HELD = load()


@pytest.mark.parametrize("dialogue", HELD, ids=map(str, HELD))
def test_dialogue(dialogue: Dialogue, bot: Running) -> None:
    """Every turn of a dialogue is answered with the record that belongs first, and says what it must.

    A screen shows fewer of a list than other channels do, so the last of its records and its end come later.
    """
    people: dict[str, Person] = {}
    wrong = []
    for whole in dialogue.turns:
        # Another conversation is that of another person.
        person = people.setdefault(str(whole.get("session", "")), Person(bot, LANGUAGES[dialogue.lang]))
        if whole.get("expired"):
            with bot.assistant.kb.session() as session:
                session.exec(update(OpenConversation).values({col(OpenConversation.touched_at): now().replace(year=2020)}))
                session.commit()
        sent = person.says(dialogue.said(whole))
        turn = {key: wanted for key, wanted in whole.items() if key != "items"}
        if turn.get("route") == "exhausted":
            assert sent
            continue
        read = "\n".join(text for message in sent for text in (message.text, *message.labels))
        lang = turn.get("lang", dialogue.lang)

        def name(id_: str, lang: str = lang) -> str:
            (record,) = bot.assistant.kb.fetch([f"{kind}/{id_}" for kind in KINDS])
            return Speech(lang).script(record.name(base(lang)))

        wrong += [f"{dialogue.said(turn)!r}: {each}\n{read[:600]}" for each in misses(dialogue, turn, read, name)]
    assert not wrong, "\n".join(wrong)
