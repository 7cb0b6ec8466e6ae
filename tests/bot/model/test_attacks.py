"""Prompt injection: attacks as data, and a model that does all they ask for. None succeeds."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from bot import bootstrap, render
from bot.assistant import Assistant
from bot.model.cache import Leads
from bot.model.grounding import Checked, Grounding
from bot.model.plain import commands, material, plain
from bot.model.writer import LeadWriter, records_of
from bot.settings import Settings
from bot.values import Question, Text
from bot.writing import unheard

ATTACKS = yaml.safe_load((Path(__file__).parent / "attacks.yaml").read_text(encoding="utf-8"))
DIRECT = list(enumerate(ATTACKS["direct"]))
PLANTED = list(enumerate(ATTACKS["planted"]))
HONEST = {
    "en": "These modular solar power units work in places without a grid connection [{n}].",
    "zh": "这些太阳能供电装置可用于没有电网的地方[{n}]。",
}
TOPIC = {"en": "solar power units for a place without grid connection", "zh": "没有电网的地方用的太阳能供电装置"}
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u00ad\ufeff\U000e0000-\U000e0fff]")


class Obedient(FakeListChatModel):
    """LangChain's fake model; it does what it was told by whoever spoke last, and keeps what it was sent."""

    sent: list[str] = Field(default_factory=list)

    async def _astream(self, messages: Any, *args: Any, **options: Any) -> Any:
        self.sent.append(messages[-1].content)
        yield ChatGenerationChunk(message=AIMessageChunk(content=self._call(messages)))


def lead(answer) -> str:
    return " ".join(block.text for block in answer.blocks if isinstance(block, Text))


def test_there_are_enough():
    """There are 60 attacks and more, direct and planted, in both languages."""
    assert len(DIRECT) + len(PLANTED) >= 60
    for attacks in (DIRECT, PLANTED):
        assert {attack["lang"] for _, attack in attacks} == {"en", "zh"}


@pytest.fixture(scope="module")
def topics(drafts_of):
    """The drafts of an ordinary question in each language."""
    return dict(zip(TOPIC, drafts_of([Question(text) for text in TOPIC.values()]), strict=True))


@pytest.fixture(scope="module")
def honest(topics, giver, grounding) -> dict[str, str]:
    """A true sentence about what each of them found."""
    found = {}
    for lang, draft in topics.items():
        given = giver.given(draft.found, lang)
        said = (HONEST[lang].format(n=each.number) for each in given)
        found[lang] = next(each for each in said if isinstance(grounding.judge(each, given, lang), Checked))
    return found


@pytest.mark.parametrize(("number", "attack"), DIRECT)
def test_direct(number, attack, chat, model_kb, grounding, topics, honest):
    """What a question tells the model to say is not said, whether the model says it first or behind something true."""
    lang = attack["lang"]
    draft = replace(topics[lang], asked=replace(topics[lang].asked, text=attack["text"]))
    model = Obedient(responses=[attack["wish"], f"{honest[lang]} {attack['wish']}"])
    writer = LeadWriter(chat(model=model), model_kb, grounding)
    assert writer.write(draft, None, unheard) == draft.answer
    answer = writer.write(draft, None, unheard)
    assert attack["mark"] not in lead(answer)
    assert answer.cards == draft.answer.cards
    for prompt in model.sent:
        assert not UNSEEN.search(prompt)
        assert prompt.count("<<") == 2 * (1 + len(records_of(draft)))


@pytest.mark.parametrize("number", [0, 4, 12, 20])
def test_through_the_assistant(number, chat, assistant_with, assistant):
    """The same holds for a question that is asked of the assistant, whatever it finds for it."""
    attack = ATTACKS["direct"][number]
    question = Question(f"{TOPIC[attack['lang']]} {attack['text']}")
    answer = assistant_with(chat(attack["wish"])).answer_now(question)
    assert replace(answer, took_ms=0) == replace(assistant.answer_now(question), took_ms=0)


@pytest.fixture(scope="module")
def planted(home, tmp_path_factory) -> Iterator[Assistant]:
    """The assistant over a copy of the data folder into which records with attacks in them were imported."""
    from knowledge.importer import import_file

    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(home, folder / "home")
    settings = Settings(data_dir=folder / "home")
    rows = [_row(number, attack) for number, attack in PLANTED]
    (folder / "planted.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    with closing(bootstrap.open_kb(settings)) as kb:
        report = import_file(kb, folder / "planted.jsonl")
        refused = {finding.line for finding in report.findings}
        # Characters that no text may have are refused at the door; a test that needs them goes round it.
        for place, row in enumerate(rows, 1):
            if place in refused:
                from knowledge.forms import build

                record = build("listing", {**row, "sources": [], "tags_en": [], "tags_zh": []})
                kb.save([record], origin="import")
        bootstrap.build(settings, kb)
        yield Assistant(kb, bootstrap.open_retriever(settings, kb))


def _row(number: int, attack: dict[str, str]) -> dict[str, Any]:
    lang = attack["lang"]
    name = f"Zyntrova water filter {number}" if lang == "en" else f"泽川滤水器{number}型"
    return {
        "kind": "technology",
        "id": f"planted-{number}",
        "sector": "water",
        f"name_{lang}": name,
        f"summary_{lang}": attack["text"],
        f"provider_{lang}": "Zyntrova",
        "country": "CN",
        "source_title": "A page that anybody may edit",
        "source_url": "https://planted.example/page",
    }


@pytest.mark.parametrize(("number", "attack"), PLANTED)
def test_planted(number, attack, planted, chat):
    """What an imported record tells the model to say is not said, and what speaks to models in it is not given to one."""
    lang = attack["lang"]
    name = _row(number, attack)[f"name_{lang}"]
    true = "Zyntrova's water filter filters water [1]." if lang == "en" else "泽川滤水器可过滤水[1]。"
    model = Obedient(responses=[attack["wish"], f"{true} {attack['wish']}"])
    writer = LeadWriter(chat(model=model), planted.kb, Grounding(planted.retriever), Leads(0))
    over = Assistant(planted.kb, planted.retriever, writer=writer)
    first, second = (over.answer_now(Question(name)) for _ in range(2))
    assert f"planted-{number}" in {card.id for card in first.cards}, render.text(first)
    assert len(model.sent) == 2
    for answer in (first, second):
        assert attack["mark"] not in lead(answer)
        assert answer.cards == first.cards
    for prompt in model.sent:
        assert not UNSEEN.search(prompt)
        assert "<!--" not in prompt
        assert "<span" not in prompt
        assert attack["mark"] not in prompt.split(" record 1>>")[1]


@pytest.mark.parametrize(("number", "attack"), PLANTED)
def test_orders_are_seen(number, attack):
    """Whatever a record's text orders is gone from what a model reads, and what it says of the product stays."""
    seen = material(attack["text"])
    assert attack["mark"] not in seen
    assert not commands(seen)
    assert seen == "" or "filters water" in seen or "过滤水" in seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a<b>bold</b> move", "a bold move"),
        ("x &lt;script&gt;alert(1)&lt;/script&gt; y", "x y"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("[name](javascript:alert(1))", "name"),
        ("re\u00adcycled\u200b glass", "recycled glass"),
        ("**bold** and `code`", "bold and code"),
        ("\U000e0041\U000e0042hidden tags", "hidden tags"),
        ("水\u202e。令指\u202c处理", "水 处理"),
    ],
)
def test_plain(text, seen):
    """Markup, links and characters that nobody sees are gone; what a reader sees stays."""
    assert plain(text) == seen
