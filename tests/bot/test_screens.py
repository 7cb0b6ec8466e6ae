"""Lists in parts of the size of a screen, and overviews."""

from __future__ import annotations

import pytest

from bot.assistant import Assistant
from bot.overviews import EVENTS, FIGURES, PARTNERS, SECTOR, SOURCES, overview, sectors
from bot.values import Question
from retrieval.language import HAN

LISTS = [
    "Our paint shop has VOC fumes, what can we buy?",
    "喷漆车间有VOC废气，能用什么设备？",
    "technologies in energy",
    "partners",
    "合作伙伴",
    "Which partners are in Hong Kong?",
]


@pytest.mark.parametrize("question", LISTS)
@pytest.mark.parametrize("take", [2, 3])
def test_parts(assistant: Assistant, question: str, take: int):
    """The parts of a list have all of it, each record once, and say how many wait behind."""
    first = assistant.answer_now(Question(question, take=take))
    total = len(first.cards) + first.more
    seen = [card.key for card in first.cards]
    while len(seen) < min(total, 20):
        part = assistant.answer_now(Question(question, skip=len(seen), take=take))
        assert part.skip == len(seen)
        assert 0 < len(part.cards) <= take
        seen += [card.key for card in part.cards]
        assert part.more == total - len(seen)
    assert len(set(seen)) == len(seen)
    assert total >= len(assistant.answer_now(Question(question)).cards)


@pytest.mark.parametrize(("question", "lead"), [("partners", "16"), ("合作伙伴", "16")])
def test_count(assistant: Assistant, question: str, lead: str):
    """The lead counts the whole list, not the part of it that is shown."""
    answer = assistant.answer_now(Question(question, take=3))
    assert lead in answer.blocks[0].text
    assert len(answer.cards) == 3


def test_one_is_no_list(assistant: Assistant):
    """What is no list comes whole, whatever fits on a screen."""
    for question in ("Who is Liu Hua?", "How many technologies from China?", "When was the IP Acceleration Camp?"):
        whole, part = assistant.answer_now(Question(question)), assistant.answer_now(Question(question, take=1))
        assert part.blocks == whole.blocks
        assert part.more == whole.more


@pytest.mark.parametrize("name", [EVENTS, PARTNERS, SOURCES, FIGURES, f"{SECTOR}.energy"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_overviews(assistant: Assistant, name: str, lang: str):
    """An overview counts what there is, in the reader's language."""
    answer = overview(assistant.kb, name, lang)
    lead = answer.blocks[0].text
    assert bool(HAN.search(lead)) == (lang == "zh")
    assert len(answer.blocks) > 3


def test_every_sector(assistant: Assistant):
    """Every sector that has technologies is counted, and its overview has as many cards."""
    for sector, number in sectors(assistant.kb):
        assert len(overview(assistant.kb, f"{SECTOR}.{sector}", "en").cards) == number
