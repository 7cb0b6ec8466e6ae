"""What is stored of people: they may see it, delete it, and not be logged."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlmodel import select

from bot.telegram.memory import Memory, Someone, new_key
from bot.telegram.rounds import Rounds
from knowledge.chats import RememberedReply, SeenUpdate, TelegramPlace
from knowledge.journal import LoggedQuestion, OpenConversation, now
from tests.telegram.people import Group, Person, Running

PAINT = "Our paint shop has VOC fumes, what can we buy?"


def test_no_names(bot: Running):
    """Nothing that is stored has a user's or a chat's number in it."""
    person = Person(bot, id=555_123_987)
    person.says(PAINT)
    person.says("/language")
    person.says("/start ev_ev-ciftis-ip-2024")
    with bot.assistant.kb.session() as session:
        for table in (RememberedReply, TelegramPlace, SeenUpdate, LoggedQuestion, OpenConversation):
            for row in session.exec(select(table)):
                assert "555123987" not in row.model_dump_json(), table


def test_in_a_group(group: Group):
    """In a group nobody's data are shown, and nobody deletes those of another."""
    one, other = group.member(), group.member()
    assert "private" in one.says("/mydata")[0].text
    (sure,) = one.says("/deletemydata")
    _, toast = other.presses(sure, "Yes, delete")
    assert toast == "This is for whoever asked."
    one.presses(sure, "Keep")
    assert sure.text == "Nothing was deleted."


def test_all_chats(bot: Running, group: Group):
    """Deleting takes what is stored of someone in groups, too, and nothing of others."""
    member, other = group.member(), group.member()
    member.mentions(PAINT)
    other.mentions(PAINT)
    private = Person(bot, id=member.id)
    private.says("heat pump")
    (sure,) = private.says("/deletemydata")
    private.presses(sure, "Yes, delete")
    left = bot.channel.memory.everything(member.id)
    assert not any(left[name] for name in left if name != "pseudonym")
    assert bot.channel.memory.everything(other.id)["replies"]
    (reply,) = member.mentions("the second one's contact")
    assert "nothing in this conversation" in reply.text


def test_not_logged(en: Person):
    """Who does not want to be logged is not, and what was logged is gone; it can be turned on again."""
    memory = en.running.channel.memory
    en.says(PAINT)
    (privacy,) = en.says("/privacy")
    _, toast = en.presses(privacy, "Do not log")
    assert "deleted" in (toast or "")
    (reply,) = en.says("heat pump")
    assert memory.everything(en.id)["question_log"] == []
    _, toast = en.presses(reply, "👍")
    assert "not logged" in (toast or "")
    en.presses(privacy, "again")
    en.says("heat pump")
    assert len(memory.everything(en.id)["question_log"]) == 1


def test_retention(bot: Running, en: Person):
    """What is older than the retention is forgotten, the conversation with it; what stands on posters stays."""
    en.says(PAINT)
    memory, kb = bot.channel.memory, bot.assistant.kb
    poster = RememberedReply(key=new_key(), question="q", lang="en", kept=True, made_at=now() - timedelta(days=400))
    memory.change(poster)
    memory.purge()
    assert memory.everything(en.id)["replies"]
    short = Memory(kb, bot.channel.log, retention_days=1)
    with kb.session() as session:
        for table in (RememberedReply, TelegramPlace):
            for row in session.exec(select(table).where(table.person == memory.person(en.id))):
                for name in ("made_at", "last_at"):
                    if hasattr(row, name):
                        setattr(row, name, now() - timedelta(days=2))
                session.add(row)
        session.commit()
    assert short.purge() == [memory.session(Someone(en.id, en.id))]
    assert memory.everything(en.id)["replies"] == []
    assert memory.recall(poster.key) is not None
    Rounds(bot.channel).purge()


def test_mydata_is_whole(en: Person):
    """The file has the questions, replies, choices, event and conversation of who asks for it."""
    (which,) = en.says("/language")
    en.presses(which, "English")
    en.says("/start ev_ev-ciftis-ip-2024")
    en.says(PAINT)
    (file,) = en.says("/mydata")
    stored = json.loads(file.file)
    assert stored["language"][0]["lang"] == "en"
    assert stored["chats"][0]["event"] == "ev-ciftis-ip-2024"
    assert stored["replies"][0]["question"] == PAINT
    assert stored["conversations"][0]["question"]
