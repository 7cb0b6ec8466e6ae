"""Journeys: what people come for, from the first message to what they leave with, in Chinese and English."""

from __future__ import annotations

import json

import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from tests.telegram.bot_api import BotApi
from tests.telegram.people import Group, Person, Running, running

VOC = {
    "en": "Our paint shop fails its VOC limit, what can we buy?",
    "zh": "喷漆车间有VOC废气，能用什么设备？",
    "zh-hant": "噴漆車間有VOC廢氣，能用什麼設備？",
}
MORE = {"en": "More", "zh": "更多", "zh-hant": "更多"}
CONTACTS = {"en": "Contacts", "zh": "联系方式", "zh-hant": "聯繫方式"}
LANGUAGES = ["en", "zh", "zh-hant"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_voc(bot: Running, lang: str):
    """An SME asks for a VOC solution, turns the page, and gets contacts and a source with a link."""
    sme = Person(bot, lang)
    (reply,) = sme.says(VOC[lang])
    assert "VOC" in reply.text
    assert reply.text.count("☎") == 3
    assert len([link for link in reply.links if link.startswith("http")]) == 3
    before = reply.text
    assert sme.presses(reply, MORE[lang]) == ([], None)
    assert reply.edits == 1
    assert reply.text != before
    assert "4. " in reply.text
    (contacts,), _ = sme.presses(reply, CONTACTS[lang])
    assert contacts.text.startswith("4. ")
    assert "http" in contacts.text


@pytest.mark.parametrize(
    ("lang", "opening", "speaker"),
    [("en", "who is from BOE?", "Su Jing"), ("zh", "有京东方的人吗？", "苏京"), ("zh-hant", "有京東方的人嗎？", "蘇京")],
)
def test_event(bot: Running, lang: str, opening: str, speaker: str):
    """An attendee scans the event's code and finds the speaker from an organisation."""
    attendee = Person(bot, lang)
    (welcome,) = attendee.says("/start ev_ev-ciftis-ip-2024")
    assert "2024" in welcome.text
    assert len(welcome.labels) == 5
    (found,) = attendee.says(opening)
    assert speaker in found.text
    assert "☎" in found.text or "http" in found.text


@pytest.mark.parametrize(
    ("lang", "question", "first"),
    [("en", "How many technologies from China?", "12,000"), ("zh", "WIPO GREEN有多少项来自中国的技术？", "1.2万")],
)
def test_statistic(bot: Running, lang: str, question: str, first: str):
    """Staff ask for a statistic and get the figure with its date and source, and a chart with the sources in its caption."""
    figure, chart = Person(bot, lang, id=77).says(question)
    assert first in figure.text
    assert "2025" in figure.text
    assert chart.method == "sendPhoto"
    assert chart.file.startswith(b"\x89PNG")
    assert first in chart.text
    assert "2021" in chart.text
    assert chart.links


@pytest.mark.parametrize(("lang", "question"), [("en", "Which partners are in Hong Kong?"), ("zh", "香港有哪些合作伙伴？")])
def test_group(bot: Running, group: Group, lang: str, question: str):
    """In a group the bot answers whoever mentions it, as a reply to their message, and says nothing otherwise."""
    member = group.member(lang)
    assert member.says(question) == []
    (reply,) = member.mentions(question)
    assert "IP Nexus" in reply.text
    assert reply.reply_to is not None


@pytest.mark.parametrize(("lang", "words", "title"), [("en", "heat pump", "heat"), ("zh", "热泵", "泵")])
def test_inline(bot: Running, lang: str, words: str, title: str):
    """Typed after the bot's name in any chat, words offer cards to send, the same to everyone."""
    offered = Person(bot, lang).looks_up(words)
    assert any(title in one["title"].lower() for one in offered["results"])
    assert all(one["input_message_content"]["parse_mode"] == "HTML" for one in offered["results"])
    assert not offered.get("is_personal")
    assert offered["cache_time"] >= 60


@pytest.mark.parametrize(
    ("lang", "follow_up", "kept"), [("en", "the fourth one's contact", "4. "), ("zh", "第四个的联系方式", "4. ")]
)
def test_restart(settings: Settings, own: Assistant, api: BotApi, lang: str, follow_up: str, kept: str):
    """After a restart, buttons of old messages work, and the conversation goes on with the page that was turned to."""
    with running(settings, own, api) as before:
        person = Person(before, lang)
        (reply,) = person.says(VOC[lang])
    with running(settings, own, api) as again:
        person.running = again
        person.presses(reply, MORE[lang])
        assert kept in reply.text
        name = reply.text.split(kept)[1].split("\n")[0].split("（")[0].split(" (")[0]
        (contact,) = person.says(follow_up)
    assert name[:12] in contact.text


@pytest.mark.parametrize(("lang", "yes"), [("en", "Yes, delete"), ("zh", "是，删除")])
def test_delete_my_data(bot: Running, lang: str, yes: str):
    """Who asks for their data gets all of it as a file; after one confirmation it is gone, and old buttons say so."""
    person = Person(bot, lang)
    (reply,) = person.says(VOC[lang])
    (file,) = person.says("/mydata")
    stored = json.loads(file.file)
    assert stored["replies"][0]["question"] == VOC[lang]
    assert stored["question_log"][0]["text"] == VOC[lang]
    assert stored["conversations"]
    assert str(person.id) not in file.file.decode()
    (sure,) = person.says("/deletemydata")
    assert person.presses(sure, yes) == ([], None)
    assert sure.buttons == []
    _, toast = person.presses(reply, MORE[lang])
    assert toast
    (file,) = person.says("/mydata")
    left = json.loads(file.file)
    assert not any(left[name] for name in left if name != "pseudonym")
