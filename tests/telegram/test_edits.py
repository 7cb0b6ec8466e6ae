"""A question that is corrected is answered anew, where its first reply stands."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram.memory import CHANNEL
from knowledge.journal import LoggedQuestion
from tests.telegram.bot_api import BotApi, Sent
from tests.telegram.people import Group, Person, Running, running

HONG_KONG = {"en": "Which partners are in Hong Kong?", "zh-hans": "香港有哪些合作伙伴？"}
BEIJING = {"en": "Which partners are in Beijing?", "zh-hans": "北京有哪些合作伙伴？"}
FIGURES = "How many technologies from China?"


def ask(person: Person, text: str, **content: Any) -> tuple[dict[str, Any], list[Sent]]:
    """What someone said, as Telegram has it, and what came back."""
    said = person.message(text=text, **content)
    return said, person.does({"message": said})


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_in_place(bot: Running, lang: str) -> None:
    """The reply changes in place, its buttons with it, and the conversation goes on from there."""
    person = Person(bot, lang)
    said, (reply,) = ask(person, BEIJING[lang])
    assert "IP Nexus" not in reply.text
    assert person.edits(said, HONG_KONG[lang]) == []
    assert (reply.edits, "IP Nexus" in reply.text) == (1, True)
    (sources,), _ = person.presses(reply, "Sources" if lang == "en" else "来源")
    assert sources.links
    (more,) = person.says("the second one's contact" if lang == "en" else "第二个的联系方式")
    assert "Commercialization" in more.text or "联系" in more.text
    assert person.edits(said, BEIJING[lang]) == []
    assert (reply.edits, "IP Nexus" in reply.text) == (2, False)


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_first_wording_is_not_kept(bot: Running, lang: str) -> None:
    """What was taken back by an edit is not in the question log any more; what it says now is, once."""
    person = Person(bot, lang)
    said, _ = ask(person, BEIJING[lang])
    person.edits(said, HONG_KONG[lang])
    conversation = bot.channel.log.pseudonym(CHANNEL, str(person.id))
    with bot.channel.assistant.kb.session() as session:
        logged = session.exec(select(LoggedQuestion.text).where(LoggedQuestion.conversation == conversation)).all()
    assert list(logged) == [HONG_KONG[lang]]


def test_late(en: Person) -> None:
    """An edit that comes long after the question is not answered."""
    said, (reply,) = ask(en, BEIJING["en"])
    assert en.edits(said, HONG_KONG["en"], after=3600) == []
    assert reply.edits == 0


def test_the_same_words(en: Person) -> None:
    """When Telegram only adds a preview to a message, nothing is answered again."""
    said, (reply,) = ask(en, BEIJING["en"])
    before = len(en.api.calls)
    assert en.edits(said, BEIJING["en"]) == []
    assert reply.edits == 0
    assert [method for method, _ in en.api.calls[before:] if method != "getUpdates"] == []


def test_an_earlier_question(en: Person) -> None:
    """When something else was asked since, the earlier reply changes, and the conversation stays where it is."""
    said, (reply,) = ask(en, BEIJING["en"])
    en.says("Who is Liu Hua?")
    en.edits(said, HONG_KONG["en"])
    assert "IP Nexus" in reply.text
    assert "Liu Hua" in en.says("when did he speak?")[0].text


def test_chart(en: Person) -> None:
    """A chart goes with the figures that it belonged to, and comes with new ones."""
    said, (reply, chart) = ask(en, FIGURES)
    assert chart.method == "sendPhoto"
    en.edits(said, HONG_KONG["en"])
    assert chart not in en.api.sent
    (again,) = en.edits(said, FIGURES)
    assert again.method == "sendPhoto"
    assert "12,000" in reply.text


def test_reply_is_gone(en: Person) -> None:
    """When the reply was deleted, the new one comes as a message."""
    said, (reply,) = ask(en, BEIJING["en"])
    en.api.sent.remove(reply)
    (again,) = en.edits(said, HONG_KONG["en"])
    assert "IP Nexus" in again.text
    en.api.faults.clear()


def test_group(group: Group) -> None:
    """In a group, a mention that is added later asks the question; what is not meant for the bot is nobody's business."""
    member, other = group.member(), group.member()
    said, nothing = ask(member, HONG_KONG["en"])
    assert nothing == []
    (reply,) = member.edits(said, "@greenask_test_bot " + HONG_KONG["en"])
    assert "IP Nexus" in reply.text
    assert reply.reply_to == said["message_id"]
    assert member.edits(said, "@greenask_test_bot " + BEIJING["en"]) == []
    assert reply.edits == 1
    talk, _ = ask(other, "nice weather")
    assert other.edits(talk, "nice weather, isn't it") == []


def test_after_a_restart(settings: Settings, own: Assistant, api: BotApi) -> None:
    """The reply is found after a restart, too."""
    with running(settings, own, api) as bot:
        person = Person(bot)
        said, (reply,) = ask(person, BEIJING["en"])
    with running(settings, own, api) as bot:
        person.running = bot
        assert person.edits(said, HONG_KONG["en"]) == []
    assert "IP Nexus" in reply.text


def test_longer_and_shorter(bot: Running, en: Person) -> None:
    """A reply of several messages takes the place of one of fewer or more: what is missing is sent, what is left over deleted."""
    import asyncio

    from bot.telegram.post import Address

    (reply,) = en.says("/help")
    post, to = bot.channel.post, Address(en.id)

    def put(before: list[int], messages: list[str]) -> list[int]:
        return asyncio.run_coroutine_threadsafe(post.replace(to, before, messages, None), bot._loop).result(10)

    three = put([reply.id], ["one", "two", "three"])
    assert [sent.text for sent in en.api.sent if sent.chat == en.id] == ["one", "two", "three"]
    assert put(three, ["four"]) == three[:1]
    assert [sent.text for sent in en.api.sent if sent.chat == en.id] == ["four"]
