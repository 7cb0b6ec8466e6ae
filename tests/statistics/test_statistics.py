"""Questions about figures: every figure on record can be asked for, and nothing is worked out that the sources do not bear."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import bootstrap, render
from bot.assistant import Assistant
from bot.settings import Settings
from bot.values import Answer, Question
from knowledge.counts import count
from knowledge.dates import PartialDate
from knowledge.starter import DATA, read_yaml
from retrieval.language import base, simplified

QUESTIONS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text(encoding="utf-8"))
ASKED = [(row, lang) for row in QUESTIONS for lang in row["ask"]]
METRICS: list[dict[str, Any]] = read_yaml(DATA / "statistics.yaml")
FIGURES = [(metric, figure) for metric in METRICS for figure in metric["figures"]]


@pytest.fixture(scope="module")
def ask(home: Path) -> Iterator[Any]:
    """The assistant on a day that stays the same."""
    settings = Settings(data_dir=home)
    with closing(bootstrap.open_kb(settings)) as kb:
        assistant = Assistant(kb, bootstrap.open_retriever(settings, kb), lambda: datetime.date(2026, 11, 22))
        yield lambda text: assistant.answer_now(Question(text))


def _wrong(row: dict[str, Any], lang: str, answer: Answer) -> list[str]:
    text = render.text(answer)
    text += simplified(text)
    wrong = []
    status = row.get("status", "answered")
    if answer.status not in (status if isinstance(status, list) else [status]):
        wrong.append(f"status {answer.status}")
    shown = [(figure.metric, figure.value, figure.as_of) for figure in answer.figures]
    if "first" in row and shown[:1] != [tuple(row["first"])]:
        wrong.append(f"first {shown[:1]}")
    wrong += [f"no figure {one}" for one in row.get("figures", ()) if tuple(one) not in {(m, v) for m, v, _ in shown}]
    for name, wanted in (("says", True), ("never", False)):
        phrases = [*row.get(name, {}).get("any", ()), *row.get(name, {}).get(base(lang), ())]
        wrong += [f"{name} {phrase}" for phrase in phrases if any(each in text for each in phrase.split("|")) is not wanted]
    return wrong


@pytest.mark.parametrize(("row", "lang"), ASKED, ids=[f"{row['id']}-{lang}" for row, lang in ASKED])
def test_question(ask, row, lang):
    """The reply holds the figure asked for, says what must be said, and nothing that must not."""
    answer = ask(row["ask"][lang])
    assert answer.lang == lang
    assert _wrong(row, lang, answer) == [], render.text(answer)


def test_enough_questions():
    """There are more than eighty questions, every one of them in both languages, and some in traditional characters."""
    assert len(ASKED) > 100
    assert all({"en", "zh"} <= set(row["ask"]) for row in QUESTIONS)
    assert sum("zh-Hant" in row["ask"] for row in QUESTIONS) >= 8
    assert len({row["id"] for row in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure(ask, lang):
    """Asked for its metric, every figure on record is in the reply, in either language."""
    lost = []
    for metric in METRICS:
        name = metric["label"][lang]
        answer = ask(f"{name}?" if lang == "en" else f"{name}是多少？")
        shown = {(figure.metric, figure.value, figure.as_of) for figure in answer.figures}
        wanted = {(metric["id"], float(figure["value"]), figure.get("as_of")) for figure in metric["figures"]}
        lost += sorted(map(str, wanted - shown))
    assert lost == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure_at_its_date(ask, lang):
    """Asked for its metric as of its date, every figure on record comes first, in either language."""
    other = []
    for metric, figure in FIGURES:
        if not figure.get("as_of"):
            continue
        name, date = metric["label"][lang], PartialDate.parse(figure["as_of"]).spoken(lang)
        answer = ask(f"{name}, as of {date}" if lang == "en" else f"截至{date}，{name}是多少？")
        first = [(one.metric, one.value) for one in answer.figures[:1]]
        if first != [(metric["id"], float(figure["value"]))]:
            other.append((metric["id"], date, first))
    assert other == []


def test_all_of_the_ledger():
    """The promise above is about the whole ledger, not about a part of it."""
    assert len(METRICS) >= 107
    assert len(FIGURES) >= 136


@pytest.mark.parametrize(
    ("question", "equals"),
    [
        ("How many events in Beijing do you hold?", {"city": ["Beijing"]}),
        ("你们库里有多少场北京的活动？", {"city": ["Beijing"]}),
        ("How many events do you hold?", {}),
    ],
)
def test_counts_are_those_of_the_database(ask, assistant, question, equals):
    """The number of records that a reply gives is that of the database, not that of the hits shown."""
    number = count(assistant.kb, "event", equals=equals)
    said = render.text(ask(question))
    assert number
    assert re.search(rf"(?<!\d){number}(?!\d)", said), said
