"""Answers as a person and as a program read them, for every record there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot import render
from bot.assistant import Assistant
from bot.compose.articles import article_blocks
from bot.compose.events import event_blocks
from bot.compose.figures import metric_blocks
from bot.compose.listings import listing_blocks
from bot.compose.organisations import organisation_blocks
from bot.compose.page import Page
from bot.compose.people import person_blocks
from bot.compose.programmes import programme_blocks
from bot.measures_asked import MeasureAsked
from bot.values import ANSWERED, STATUSES, Answer, Block, Card, Cited, Figure, Question, Text
from knowledge.records import Article, Event, Listing, Metric, Organisation, Person, Programme, Record, Statistic
from retrieval.language import HAN, simplified, traditional

LANGUAGES = ("en", "zh", "zh-Hant")
CONTRACT = Path(__file__).parents[2] / "docs" / "json-contract.md"
INSIDE = re.compile(r"\.(?:csv|txt|yaml|jsonl?|db|py)\b|\bseed(?:ed)?\b|\bscrap(?:e|ed|er|ing)\b", re.IGNORECASE)
TYPES = {
    "string": str,
    "number": (int, float),
    "string or null": (str, type(None)),
    "source or null": (dict, type(None)),
}
Rendered = Mapping[tuple[str, str], Answer]


def _blocks(page: Page, record: Record) -> list[Block]:
    """The reply about one record, all of it."""
    if isinstance(record, Listing):
        return listing_blocks(page, [record], why={}, scores={})
    if isinstance(record, Organisation):
        return organisation_blocks(page, record, frozenset())
    if isinstance(record, Person):
        return person_blocks(page, record, frozenset({"said"}))
    if isinstance(record, Event):
        return event_blocks(page, record, frozenset({"agenda", "results", "contact"}))
    if isinstance(record, Programme):
        return programme_blocks(page, record, frozenset({"eligibility", "join", "cost", "contact"}))
    if isinstance(record, Metric):
        return metric_blocks(page, record, page.kb.all(Statistic, metric=record.id), MeasureAsked("conflict"))
    assert isinstance(record, Article)
    return article_blocks(page, record)


@pytest.fixture(scope="module")
def answers(assistant: Assistant) -> Rendered:
    """The reply about every record, in every language and script."""
    kinds = (Listing, Organisation, Person, Event, Programme, Metric, Article)
    records = [record for kind in kinds for record in assistant.kb.all(kind)]
    found = {}
    for lang in ("en", "zh"):
        page = Page(assistant.kb, lang)
        for record in records:
            found[record.key, lang] = Answer(record.key, lang, ANSWERED, tuple(_blocks(page, record)))
    return found | {
        (key, "zh-Hant"): Answer(key, "zh-Hant", ANSWERED, answer.blocks) for (key, lang), answer in found.items() if lang == "zh"
    }


@pytest.fixture(scope="module")
def texts(answers: Rendered) -> Mapping[tuple[str, str], str]:
    """The same, as a person reads them."""
    return {place: render.text(answer) for place, answer in answers.items()}


def test_every_card_is_complete(answers, texts):
    """A reader sees the name of every card in both languages, its contact and its sources."""
    for (key, lang), answer in answers.items():
        said = simplified(texts[key, lang]) if lang == "zh-Hant" else texts[key, lang]
        for card in answer.cards:
            parts = [card.title, card.original, card.contact, *(text for _, text in card.lines)]
            parts += [part for source in card.sources[:3] for part in (source.title, source.url) if part]
            missing = [part for part in parts if part and (simplified(part) if lang == "zh-Hant" else part) not in said]
            assert not missing, (key, lang)
            assert card.contact or card.kind in ("event", "article"), (key, lang)


def test_every_figure_is_complete(answers, texts):
    """A reader sees the value with its qualifier, the scope, the date or that there is none, and the source of every figure."""
    for (key, lang), answer in answers.items():
        if lang == "zh-Hant":
            continue
        for figure in answer.figures:
            said = texts[key, lang]
            assert figure.shown in said, (key, lang)
            assert figure.scope in said, (key, lang)
            assert figure.source is not None, (key, lang)
            assert figure.source.title in said, (key, lang)
            if figure.as_of is None:
                assert {"en": "date not stated", "zh": "日期未注明"}[lang] in said, (key, lang)


def test_nothing_from_behind_the_scenes(texts):
    """No reply speaks of files, of how the data were gathered, or of records by their keys."""
    wrong = {}
    for place, said in texts.items():
        without_links = re.sub(r"https?://[^\s，。；）]+", "", said)
        if found := INSIDE.search(without_links):
            wrong[place] = without_links[max(0, found.start() - 40) : found.end() + 20]
    assert not wrong
    assert not [place for place, said in texts.items() if re.search(r"[:,(] None\b|\{\w*\}|\b(?:src|seed)-\d", said)]


def test_no_source_file_is_linked(texts):
    """No link in any reply leads to a data file or a code host."""
    links = {link for said in texts.values() for link in re.findall(r"https?://[^\s，。；）]+", said)}
    assert links
    assert not [link for link in links if re.search(r"github|gitee|huggingface|\.(?:csv|txt|jsonl?)(?:$|[?#])", link)]


def test_traditional(texts):
    """A reply in traditional Chinese has no simplified character in it, and says the same as the simplified one."""
    for (key, lang), said in texts.items():
        if lang == "zh-Hant":
            assert traditional(simplified(said)) == said, key
            assert simplified(said).count("\n") == texts[key, "zh"].count("\n"), key


def test_simplified(texts):
    """A reply in simplified Chinese has no traditional character in it."""
    wrong = {}
    for (key, lang), said in texts.items():
        if lang == "zh" and simplified(said) != said:
            wrong[key] = "".join(a for a, b in zip(said, simplified(said), strict=False) if a != b)
    assert not wrong


def test_english_labels(texts):
    """A reply in English is in English, with Chinese only where a name has no other form or stands beside its own."""
    mixed = {}
    for (key, lang), said in texts.items():
        if lang == "en":
            bare = re.sub(r"https?://\S+", "", said)
            while (shorter := re.sub(r"[(（][^()（）]*[)）]|“[^”]*”|《[^》]*》", "", bare)) != bare:
                bare = shorter
            if len(HAN.findall(bare)) > 0.2 * max(1, len(re.findall(r"[A-Za-z]", bare))):
                mixed[key] = bare
    assert not mixed


def test_layout():
    """Blocks follow each other in reading order, steps and the lines of a card are set in."""
    card = Card(
        "event/a", "event", "Camp", "营", (("When", "2021"),), "a site", (Cited("News", "Paper", "2021-04", "https://x.example"),)
    )
    figure = Figure("kilns", "Kilns", 3, "about", "kilns", "worldwide", "2024", "about 3 kilns", "a note", Cited("Ledger"))
    answer = Answer("?", "en", ANSWERED, (Text("Here.", "lead"), card, figure, Text("Next.", "step")))
    assert render.text(answer).splitlines() == [
        "Here.",
        "",
        "■ Camp (营)",
        "  When: 2021",
        "  Contact: a site",
        "  Source: News, Paper, April 2021, https://x.example",
        "• about 3 kilns – worldwide, as of 2024",
        "  a note",
        "  Source: Ledger",
        "  Next.",
    ]


def _contract() -> Iterator[tuple[str, dict[str, str]]]:
    """The tables of the contract: heading, and the type of each field."""
    for part in CONTRACT.read_text(encoding="utf-8").split("\n## Many questions")[0].split("\n##")[1:]:
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", part, re.MULTILINE)
        if rows:
            yield part.split("\n")[0].strip("# "), dict(rows)


CONTRACTS = dict(_contract())


def _check(values: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    assert list(values) == [name for name in fields if name != "session" or "session" in values]
    for name, value in values.items():
        if not fields[name].startswith("array"):
            assert isinstance(value, TYPES[fields[name]]), name
            assert not isinstance(value, bool), name


@pytest.mark.parametrize(
    "text",
    [
        "who is Xie Hongxing?",
        "解洪兴是谁",
        "解洪興是誰",
        "how many partners does WIPO GREEN have?",
        "WIPO GREEN有多少合作伙伴？",
        "2024年的活動",
        "solar pumps for irrigation",
        "the weather tomorrow",
        "",
    ],
)
def test_contract(assistant, text):
    """The JSON of an answer has exactly the fields of the contract, of the types it says, and survives a round trip."""
    said = render.as_json(assistant.answer_now(Question(text)))
    assert json.loads(json.dumps(said, ensure_ascii=False)) == said
    _check(said, CONTRACTS["Fields"])
    assert said["question"] == text
    assert said["lang"] in LANGUAGES
    assert said["status"] in STATUSES
    assert said["text"] == render.text(assistant.answer_now(Question(text)))
    for item in said["items"]:
        _check(item, CONTRACTS["An item"])
    for figure in said["figures"]:
        _check(figure, CONTRACTS["A figure"])
    sources = [source for item in said["items"] for source in item["sources"]]
    for source in sources + [figure["source"] for figure in said["figures"] if figure["source"]]:
        _check(source, CONTRACTS["A source"])


def test_contract_of_all(answers):
    """Items and figures of every record there is keep to the contract."""
    for (key, lang), answer in answers.items():
        said = render.as_json(answer)
        for item in said["items"]:
            _check(item, CONTRACTS["An item"])
            assert item["name"] or not key, (key, lang)
            assert item["sources"], (key, lang)
        for figure in said["figures"]:
            _check(figure, CONTRACTS["A figure"])
            assert not isinstance(figure["value"], float) or figure["value"] % 1, (key, lang)


def test_contract_names_the_session(assistant):
    """The conversation comes back in the JSON when the question named one, and else there is no such field."""
    assert render.as_json(assistant.answer_now(Question("hello", session="visitor-7")))["session"] == "visitor-7"
    assert "session" not in render.as_json(assistant.answer_now(Question("hello")))


def test_contract_in_traditional(answers):
    """In traditional Chinese the name and the text are traditional, and name_zh stays as it is on record."""
    said = {lang: render.as_json(answers["organisation/bcaa", lang]) for lang in ("zh", "zh-Hant")}
    plain, other = said["zh"]["items"][0], said["zh-Hant"]["items"][0]
    assert (plain["name"], plain["name_zh"]) == ("中关村创蓝清洁空气产业联盟", "中关村创蓝清洁空气产业联盟")
    assert (other["name"], other["name_zh"]) == ("中關村創藍清潔空氣產業聯盟", "中关村创蓝清洁空气产业联盟")
    assert "聯繫方式" in said["zh-Hant"]["text"]


def test_contract_is_all_in_traditional(answers):
    """In traditional Chinese, what the JSON says of contacts, sources and figures is in traditional characters too."""
    for (key, lang), answer in answers.items():
        if lang == "zh-Hant":
            said = render.as_json(answer)
            for item in said["items"]:
                for shown in (item["contact"] or "", *(source["title"] for source in item["sources"])):
                    assert traditional(simplified(shown)) == shown, key
            for figure in said["figures"]:
                for shown in (figure["label"], figure["unit"], figure["scope"]):
                    assert traditional(simplified(shown)) == shown, key
