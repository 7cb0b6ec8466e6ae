"""Inside an event."""

from __future__ import annotations

import pytest

from tests.telegram.people import Person, Running

EVENT = "/start ev_ev-ciftis-ip-2024"


@pytest.fixture(params=["en", "zh"])
def attendee(request: pytest.FixtureRequest, bot: Running) -> Person:
    """Someone inside the event."""
    person = Person(bot, request.param)
    person.says(EVENT)
    return person


def says(person: Person, en: str, zh: str) -> str:
    (reply,) = person.says(en if person.language == "en" else zh)
    return reply.text


def test_agenda(attendee: Person):
    """The agenda is a list of what was on."""
    assert says(attendee, "What is on the agenda?", "议程是什么？").count("• ") >= 7


def test_by_name(attendee: Person):
    """A speaker is found by name, with their part in this event."""
    text = says(attendee, "Who is Sacha Wunsch-Vincent?", "沙夏·文森特是谁？")
    assert "Wunsch-Vincent" in text


def test_by_role(attendee: Person):
    """A speaker is found by what they are or do."""
    text = says(attendee, "who spoke for a court?", "哪位法院的嘉宾发言了？")
    assert "Du Changhui" in text or "杜长辉" in text


def test_by_organisation(attendee: Person):
    """A speaker is found by organisation, a part of a larger one included."""
    text = says(attendee, "who came from Tsinghua University?", "清华大学来了谁？")
    assert "Hong Yan" in text or "洪燕" in text


def test_nobody(attendee: Person):
    """Where nobody came from a body, that is said."""
    text = says(attendee, "who came from Huawei?", "有华为的人吗？")
    assert "Nobody of" in text or "库中没有" in text


def test_speakers(attendee: Person):
    """All who took part are listed, in pages."""
    text = says(attendee, "who took part?", "有哪些嘉宾？")
    assert "13" in text


def test_partners(attendee: Person):
    """Organisations that took part are listed with who hosted."""
    assert "13" in says(attendee, "which organisations took part?", "有哪些机构参加？")


def test_figures(attendee: Person):
    """The event's figures are those of its own sources, with date and source."""
    text = says(attendee, "What are the figures of this event?", "这次活动的数字有哪些？")
    assert "100" in text
    assert "2024" in text


def test_whom_to_talk_to(attendee: Person):
    """Whom to talk to about a topic are those who have to do with it on record."""
    text = says(attendee, "who should I talk to about courts?", "法院方面找谁聊？")
    assert "Du Changhui" in text or "杜长辉" in text


def test_nobody_to_talk_to(attendee: Person):
    """Where nobody has to do with a topic, that is said, and the whole knowledge base answers."""
    text = says(attendee, "who should I talk to about heat pumps?", "热泵方面找谁聊？")
    assert "Nobody of" in text or "有关的人" in text


def test_beyond(attendee: Person):
    """Questions that have nothing to do with the event are answered from the whole knowledge base."""
    assert "VOC" in says(attendee, "Our paint shop has VOC fumes, what can we buy?", "喷漆车间有VOC废气，能用什么设备？")


def test_follow_up(attendee: Person):
    """What the event's guide listed can be gone on from."""
    first = says(attendee, "who should I talk to about patents?", "专利方面找谁聊？")
    name = first.split("2. ")[1].split("\n")[0].split(" (")[0].split("（")[0]
    assert name in says(attendee, "the second one's contact", "第二个的联系方式")


def test_more(attendee: Person):
    """More of what the event's guide listed comes from the event, and goes on being counted."""
    says(attendee, "who took part?", "有哪些嘉宾？")
    text = says(attendee, "more", "还有吗")
    assert "4. " in text
    assert "13" in text
    assert "7. " in says(attendee, "more", "还有吗")
    name = text.split("5. ")[1].split("\n")[0].split(" (")[0].split("（")[0]
    assert name in says(attendee, "the fifth one", "第五个")


def test_buttons(bot: Running, en: Person):
    """The event's parts are one press away, until it is left."""
    (welcome,) = en.says(EVENT)
    for label in ("Agenda", "Speakers", "Who took part", "Figures"):
        (reply,), _ = en.presses(welcome, label)
        assert "CIFTIS" in reply.text, label
    _, toast = en.presses(welcome, "Leave")
    assert "left the event" in (toast or "")
    _, toast = en.presses(welcome, "Agenda")
    assert toast


def test_traditional(hant: Person):
    """The same in traditional characters."""
    (welcome,) = hant.says(EVENT)
    assert "您已進入活動" in welcome.text
    assert "蘇京" in hant.says("有京東方的人嗎？")[0].text


@pytest.mark.parametrize("event", ["ev-ip-camp-2021", "ev-chengdu-2024", "ev-cuncumen", "ev-cop22-exhibition-2016"])
def test_any_event(en: Person, event: str):
    """Every part of every event has something to say, if only that nothing is on record."""
    (welcome,) = en.says(f"/start ev_{event}")
    for label in ("Agenda", "Speakers", "Who took part", "Figures"):
        (reply,), _ = en.presses(welcome, label)
        assert reply.text.strip()


def test_someone_who_was_not_there(en: Person):
    """Inside an event, a person who was not at it is known from the whole knowledge base."""
    en.says("/start ev_ev-ciftis-ip-2024")
    (reply,) = en.says("Who is Edward Kwakwa?")
    assert reply.text.startswith("Edward Kwakwa")


def test_beyond_the_event(en: Person):
    """A list from the whole knowledge base is paged inside an event as it is outside."""
    en.says("/start ev_ev-ciftis-ip-2024")
    (reply,) = en.says("who should I talk to about wastewater?")
    assert "From the whole knowledge base" in reply.text
    en.presses(reply, "More")
    assert "4. " in reply.text
    assert "From the whole" not in reply.text
    assert "7. " in en.says("more")[0].text
