"""Beside the one record of an answer stand those that may have been meant as well."""

from __future__ import annotations

import pytest

from bot import render
from bot.speech import Speech
from bot.values import Question


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("joint master's at Tongji", "tongji"),
        ("清华硕士项目是谁签的字", "person-jiang-peixue"),
        ("清華碩士項目是誰簽的字", "person-jiang-peixue"),
    ],
)
def test_what_may_be_meant_is_shown_beside(assistant, text: str, wanted: str):
    """A record that fits nearly as well as the one that leads is a card under a line that says so."""
    answer = assistant.answer_now(Question(text))
    assert wanted in [card.id for card in answer.cards[1:3]]
    speech = Speech(answer.lang)
    assert speech.script(speech.say("beside")) in render.text(answer)


@pytest.mark.parametrize("text", ["Haier", "海尔", "海爾", "who is Daren Tang", "邓鸿森是谁"])
def test_a_card_that_was_asked_for_stands_alone(assistant, text: str):
    """What is asked for by its name has nothing beside it."""
    assert len(assistant.answer_now(Question(text)).cards) == 1


@pytest.mark.parametrize("text", ["how much energy does my mobile app use?", "想测一下我们的App有多耗电"])
def test_how_much_of_ones_own_is_no_statistic(assistant, text: str):
    """Who asks how much something of theirs uses wants a tool that tells, and no figure."""
    assert "tech-si-greenspector-1" in [card.id for card in assistant.answer_now(Question(text)).cards[:3]]


@pytest.mark.parametrize("text", ["any events in South America", "南美有什么活动", "南美有什麼活動"])
def test_a_region_is_all_of_its_countries(assistant, text: str):
    """What is in a country is in its region."""
    cards = assistant.answer_now(Question(text)).cards
    assert {card.kind for card in cards} == {"event"}
    assert "ev-cuncumen" in [card.id for card in cards]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("用风筝拉船省油", "tech-si-kite-traction-for-motor-ships"),
        ("鱼塘没拉电，鱼老浮头缺氧咋办", "tech-wg-149553"),
        ("battery that still works at minus 30", "tech-x-catl-naxtra"),
    ],
)
def test_everyday_words(assistant, text: str, wanted: str):
    """Everyday words find what the field has another word for."""
    assert wanted in [card.id for card in assistant.answer_now(Question(text)).cards[:3]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2023年日本交流会上的日本特许厅长官", "person-koichi-hamano"),
        ("the lady from the Nanjing IP office", "person-he-huaying"),
        ("南京知識產權局來的是誰", "person-he-huaying"),
    ],
)
def test_who_is_asked_for_by_a_post_is_a_person(assistant, text: str, wanted: str):
    """Somebody of a body is not the body itself."""
    assert assistant.answer_now(Question(text)).cards[0].id == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("what kind of partners does WIPO GREEN have", "fact-010"),
        ("the IP clinic for green firms in June 2021", "ev-green-clinic-2021"),
        ("重庆的加速项目是什么", "chongqing-project"),
        ("Where was the Japanese partner networking event held in 2023?", "ev-japan-networking-2023"),
    ],
)
def test_what_was_asked_comes_before_what_it_names(assistant, text: str, wanted: str):
    """A name in a question does not stand for all that the question says."""
    assert wanted in [card.id for card in assistant.answer_now(Question(text)).cards[:3]]


@pytest.mark.parametrize(
    "text", ["which prosecutor spoke about the AI industry?", "哪位检察官谈了保护人工智能产业", "哪位檢察官談了保護人工智能產業"]
)
def test_other_answers_stand_beside(assistant, text: str):
    """What would be an answer itself stands beside the one that is given."""
    cards = [card.id for card in assistant.answer_now(Question(text)).cards]
    assert cards[0] == "person-du-miao"
    assert "fact-032" in cards[1:3]
