"""Why a record fits is told by words that mean something, and ways to go on are offered only where they lead somewhere."""

from __future__ import annotations

import re

import pytest

from bot.values import OUT_OF_SCOPE, Question


@pytest.mark.parametrize(
    ("question", "label", "never"),
    [
        ("toilets that work without water", "Why it fits", {"without", "work", "works"}),
        ("a pump that uses solar power", "Why it fits", {"uses", "that"}),
        ("可以使用太阳能的水泵", "匹配理由", {"可以", "使用"}),
        ("可以使用太陽能的水泵", "匹配理由", {"可以", "使用"}),
    ],
)
def test_joining_words_are_no_reason(assistant, question, label, never):
    """Words that only join others are not named among the reasons, and those that mean something are."""
    answer = assistant.answer_now(Question(question))
    reasons = [text for card in answer.cards for said, text in card.lines if said == label]
    assert reasons
    named = {word for text in reasons for word in re.findall(r"“([^”]+)”", text)}
    assert named
    assert not named & never


@pytest.mark.parametrize("question", ["cake recipe from France", "法国蛋糕怎么做", "法國蛋糕怎麼做", "football in Germany"])
def test_a_place_makes_nothing_ours(assistant, question):
    """A question that is none of our business stays so when it names a country: nothing wider is offered."""
    answer = assistant.answer_now(Question(question))
    assert answer.status == OUT_OF_SCOPE
    assert answer.choices == ()


@pytest.mark.parametrize(("question", "label"), [("tidal power from Mongolia", "any country"), ("蒙古国的风电技术", "不限国家")])
def test_what_is_ours_can_be_widened(assistant, question, label):
    """Where a country leaves nothing of what we look up, the same without it is offered."""
    assert label in {choice.label for choice in assistant.answer_now(Question(question)).choices}
