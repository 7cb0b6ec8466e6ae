"""A model that lies: none of what it makes up reaches a reply, and honest sentences do."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from lies import Lie, lies
from twists import twists

from bot import render
from bot.model.cache import Leads
from bot.model.given import unreached
from bot.model.grounding import Checked
from bot.model.sentences import split
from bot.model.writer import LeadWriter
from bot.values import Question, Text
from bot.writing import unheard
from knowledge.records import Article, Event, Listing, Organisation, Person, Programme

QUESTIONS = {
    "en": [
        "our village has no grid, how can we get electricity from the sun?",
        "treating wastewater from industry",
        "who is Xie Hongxing?",
        "technology against food waste",
        "events in Chengdu",
        "battery storage from China",
    ],
    "zh": [
        "我们村没通电，想用太阳能供电，有什么设备？",
        "污水处理技术",
        "解洪兴是谁？",
        "减少食物浪费的技术",
        "成都有哪些活动？",
        "中国的储能电池技术",
    ],
}
HONEST = yaml.safe_load((Path(__file__).parent / "honest.yaml").read_text(encoding="utf-8"))
TWISTED = yaml.safe_load((Path(__file__).parent / "twisted.yaml").read_text(encoding="utf-8"))
MOST_REMOVED = 0.05
SEED = 20


@pytest.fixture(scope="module")
def told(drafts_of, giver, model_kb):
    """Drafts in both languages, with lies about the records of each."""
    rng = random.Random(SEED)
    strangers = rng.sample([*model_kb.all(Person), *model_kb.all(Organisation)], 30)
    found = []
    for lang, questions in QUESTIONS.items():
        for draft in drafts_of([Question(question) for question in questions]):
            assert draft.found, draft.asked.text
            given = giver.given(draft.found[:3], lang)
            others = giver.given(rng.sample(strangers, 4), lang)
            made = list(lies(given, lang, rng, others))
            found.append((draft, given, rng.sample(made, min(26, len(made)))))
    return found


def test_there_are_enough(told):
    """Over 200 lies are told, in both languages, of every kind that matters."""
    every = [lie for _, _, made in told for lie in made]
    assert len(every) > 200
    assert min(Counter(lie.lang for lie in every).values()) > 80
    kinds = {lie.kind for lie in every}
    assert {
        "made-up person",
        "made-up body",
        "made-up reach",
        "made-up figure",
        "made-up date",
        "made-up place",
        "made-up claim",
        "altered number",
        "false citation",
        "another's person",
        "unrelated",
    } <= kinds


def test_no_lie_is_said(told, chat, model_kb, grounding):
    """No lie reaches the reply: first it leaves the composed answer, behind a true sentence it is left out."""
    leaked: list[Lie] = []
    for draft, given, made in told:
        true = _true(given, draft.asked.lang, grounding)
        asked, honest = [made[start : start + 3] for start in range(0, len(made), 3)], "".join(split(true))
        said = [" ".join([true, *(lie.text for lie in some)]) for some in asked]
        writer = LeadWriter(chat(*said, made[0].text), model_kb, grounding, Leads(0))
        for some in asked:
            answer = writer.write(draft, None, unheard)
            lead = next(block.text for block in answer.blocks if isinstance(block, Text) and block.role == "lead")
            assert answer != draft.answer
            leaked += some if len(split(lead)) > 1 and lead != honest else []
        assert writer.write(draft, None, unheard) == draft.answer
    assert leaked == []


def _true(given, lang, grounding) -> str:
    """A true sentence about the first of these records that has one."""
    for each in given:
        for name in ("summary", "title", "theme"):
            text = each.record.exactly(name, lang) if hasattr(each.record, f"{name}_{lang}") else None
            for sentence in split(text or ""):
                said = sentence.rstrip(".。") + (f" [{each.number}]." if lang == "en" else f"[{each.number}]。")
                if isinstance(grounding.judge(said, given, lang), Checked):
                    return said
    record = given[0].record
    name, title = record.name(lang), record.text("title", lang)
    return f"{name} is {title} [1]." if lang == "en" else f"{name}担任{title}[1]。"


def test_lies_in_bulk(giver, grounding, model_kb):
    """Of many hundreds more lies about records of every kind none is taken for true."""
    rng = random.Random(SEED + 1)
    records = [record for table in (Listing, Organisation, Person, Event, Programme) for record in model_kb.all(table)]
    leaked, count = [], 0
    for _ in range(12):
        some, others = rng.sample(records, 2), rng.sample(records, 5)
        for lang in ("en", "zh"):
            given = giver.given(some, lang)
            for lie in lies(given, lang, rng, giver.given(others, lang)):
                count += 1
                if isinstance(grounding.judge(lie.text, given, lang), Checked):
                    leaked.append(lie)
    assert count > 700
    assert leaked == []


def test_twists_in_bulk(giver, grounding, model_kb):
    """Of hundreds of sentences that turn their record's own words round, at most one in twenty-five is taken for true."""
    rng = random.Random(SEED + 2)
    listings = model_kb.all(Listing)
    others = [record for table in (Organisation, Event, Programme, Article) for record in model_kb.all(table)]
    leaked: list[Lie] = []
    told: Counter[tuple[str, str]] = Counter()
    for turn in range(40):
        some = rng.sample(others if turn % 3 == 0 else listings, 2)
        for lang in ("en", "zh"):
            given = giver.given(some, lang)
            for lie in twists(given, lang, grounding.naming.names):
                told[lie.kind, lang] += 1
                if isinstance(grounding.judge(lie.text, given, lang), Checked):
                    leaked.append(lie)
    print(f"{len(leaked)} of {sum(told.values())} twists let through; {dict(told)}")
    assert sum(count for (_, lang), count in told.items() if lang == "en") > 150
    assert sum(count for (_, lang), count in told.items() if lang == "zh") > 100
    assert {"negated", "affirmed", "absolute", "turned", "stage", "another's provider", "another's place"} <= {k for k, _ in told}
    assert len(leaked) <= 0.04 * sum(told.values()), leaked


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_twisted_words(lang, giver, grounding, model_kb):
    """Of sentences that somebody wrote to say the wrong thing in a record's own words none is taken for true."""
    leaked, count = [], 0
    for block in TWISTED:
        given = giver.given(model_kb.fetch(block["records"]), lang)
        assert len(given) == len(block["records"])
        for sentence in block[lang]:
            count += 1
            if isinstance(grounding.judge(sentence, given, lang), Checked):
                leaked.append(sentence)
    assert count >= 25
    assert leaked == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_honest_words(lang, giver, grounding, model_kb):
    """Of sentences that say in other words what records say, at most one in twenty is left out."""
    removed, count = [], 0
    for block in HONEST:
        given = giver.given(model_kb.fetch(block["records"]), lang)
        assert len(given) == len(block["records"])
        for sentence in block[lang]:
            count += 1
            found = grounding.judge(sentence, given, lang)
            if not isinstance(found, Checked):
                removed.append((sentence, found))
    assert count > 40
    print(f"{lang}: {len(removed)} of {count} honest paraphrases removed")
    assert len(removed) <= MOST_REMOVED * count, removed


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_record_texts(lang, giver, grounding, model_kb):
    """Of sentences that stand in records word for word, at most one in fifty is left out."""
    rng = random.Random(SEED)
    records = [record for table in (Listing, Organisation, Event, Programme, Article) for record in model_kb.all(table)]
    removed, count = [], 0
    for record in rng.sample(records, 60):
        given = giver.given([record], lang)
        for name in ("summary", "answer", "note", "theme", "how_to_join", "cost"):
            text = record.exactly(name, lang) if hasattr(record, f"{name}_{lang}") else None
            for sentence in split(text or ""):
                if len(sentence) < 15 or unreached(sentence) != sentence or "DOI" in sentence:
                    continue
                count += 1
                said = sentence.rstrip(".。") + (" [1]." if lang == "en" else "[1]。")
                found = grounding.judge(said, given, lang)
                if not isinstance(found, Checked):
                    removed.append((said, found))
    assert count > 60
    print(f"{lang}: {len(removed)} of {count} sentences of records removed")
    assert len(removed) <= 0.02 * count, removed


def test_traditional_readers(told, chat, model_kb, grounding):
    """A reader of traditional Chinese gets a checked lead in their script, whichever script the model wrote."""
    draft, given, _ = next(each for each in told if each[0].asked.lang == "zh" and each[0].answer.route == "listings")
    true = _true(given, "zh", grounding)
    asked = replace(draft, asked=replace(draft.asked, lang="zh-Hant"), answer=replace(draft.answer, lang="zh-Hant"))
    heard: list[str] = []
    answer = LeadWriter(chat(true), model_kb, grounding).write(asked, None, heard.append)
    assert answer != asked.answer
    assert heard
    assert heard[0] in render.text(answer)
