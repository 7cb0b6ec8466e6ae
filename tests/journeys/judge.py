"""Journeys: questions as people ask them, and what makes a reply right.

A file holds a list of journeys, each with these fields:

id         names the journey; unique in its file
kind       what sort of question it is: one of KINDS
ask        the question in each language or form: en, zh, zh-Hant, typo, mixed, pinyin
status     the status of a right answer, or a list of those that will do
items      ids of records; one of them is among the first three cards
not_items  ids of records that are on no card
says       phrases in the reply, by its language (en, zh) or for both (any); "a|b" means either
never      phrases that are not in the reply, the same way; "a|b" means neither
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot import render
from bot.values import STATUSES, Answer
from knowledge import starter
from retrieval.language import HAN, HANT, base, detect, simplified, traditional

HERE = Path(__file__).parent
LANGUAGES = ("en", "zh", "zh-Hant")
FORMS = (*LANGUAGES, "typo", "mixed", "pinyin")
KINDS = (
    "technology", "need", "provider", "partner", "organisation", "person", "event", "programme", "statistic", "fact",
    "contact", "greeting", "thanks", "capability", "off_topic", "no_match", "hostile",
)  # fmt: skip
SHOWN = 3
_FIELDS = frozenset({"id", "kind", "ask", "status", "items", "not_items", "says", "never"})
_NEEDED = frozenset({"id", "kind", "ask", "status"})
_READERS = ("any", "en", "zh")


class BadJourney(ValueError):
    """A file of journeys that does not follow the format; the message says which journey, and what about it."""


@dataclass(frozen=True)
class Journey:
    """One thing to find out, asked in several languages, and how to tell a right answer."""

    id: str
    kind: str
    ask: Mapping[str, str]
    status: Sequence[str]
    items: Sequence[str] = ()
    not_items: Sequence[str] = ()
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    never: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """What its share is counted under: a kind of its own where silence or safety is the point, else ``answered``."""
        return self.kind if self.kind in ("off_topic", "no_match", "hostile") else "answered"


def judge(journey: Journey, lang: str, answer: Answer) -> list[str]:
    """What is wrong with the answer to this journey's question in ``lang``; nothing when it is right."""
    text, ids = render.text(answer), [card.id for card in answer.cards]
    wrong = [] if answer.status in journey.status else [f"status {answer.status}"]
    if journey.items and not set(ids[:SHOWN]) & set(journey.items):
        wrong.append(f"items {ids[:SHOWN]}, wanted one of {list(journey.items[:SHOWN])}")
    wrong += [f"shows {id_}" for id_ in journey.not_items if id_ in ids]
    reader = base(answer.lang)
    wrong += [f"does not say {phrase}" for phrase in _phrases(journey.says, reader) if not _says(text, phrase)]
    wrong += [f"says {phrase}" for phrase in _phrases(journey.never, reader) if _says(text, phrase)]
    return wrong if lang in journey.ask else [*wrong, f"not asked in {lang}"]


def spoken(journey: Journey, lang: str, answer: Answer) -> list[str]:
    """What is wrong with the language and script of a reply to this journey's question in ``lang``."""
    text, expected = render.text(answer), _language(journey.ask[lang], lang)
    wrong = [f"answered in {answer.lang}, asked in {expected}"]
    if answer.lang == expected or journey.kind == "hostile":  # SQL with a word of Chinese is in no language.
        wrong = []
    if not text.strip():
        wrong.append("says nothing")
    elif not HAN.search(text) and answer.lang != "en":
        wrong.append("is not in Chinese")
    elif answer.lang == "en" and _han_share(text) > 0.3:
        wrong.append("is mostly Chinese")
    elif answer.lang == "zh" and simplified(text) != text:
        wrong.append("is not all in simplified characters")
    elif answer.lang == HANT and traditional(simplified(text)) != text:
        wrong.append("is not all in traditional characters")
    return wrong


def load(path: Path) -> list[Journey]:
    """The journeys of a file, all of them checked."""
    rows = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(rows, list) or not rows:
        raise BadJourney(f"{path.name} holds no list of journeys")
    journeys = [_journey(row, f"{path.name}, journey {number}") for number, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for journey in journeys:
        if journey.id in seen:
            raise BadJourney(f"{path.name} has two journeys {journey.id!r}")
        seen.add(journey.id)
    return journeys


def _journey(row: Any, place: str) -> Journey:
    if not isinstance(row, Mapping):
        raise BadJourney(f"{place} is not a mapping of fields")
    place = f"{place} ({row.get('id', 'no id')})"
    _only(place, "fields", row, _FIELDS)
    if missing := sorted(_NEEDED - set(row)):
        raise BadJourney(f"{place} lacks {', '.join(missing)}")
    _only(place, "kinds", [row["kind"]], KINDS)
    _only(place, "languages", row["ask"], FORMS)
    status = [row["status"]] if isinstance(row["status"], str) else row["status"]
    _only(place, "statuses", status, STATUSES)
    if not row["ask"] or not all(isinstance(question, str) for question in row["ask"].values()):
        raise BadJourney(f"{place} asks nothing, or something that is not text")
    for name in ("items", "not_items"):
        _only(place, f"records in {name}", row.get(name, []), record_ids())
    for name in ("says", "never"):
        said = row.get(name, {})
        _only(place, f"languages in {name}", said, _READERS)
        if not all(isinstance(one, str) and all(one.split("|")) for phrases in said.values() for one in phrases):
            raise BadJourney(f"{place} has a phrase in {name} that is empty or not text")
    return Journey(**{**row, "status": status})


def _language(question: str, lang: str) -> str:
    if not HAN.search(question):
        return "en"
    if lang == HANT and simplified(question) == question:
        return "zh"  # Nothing in it is written differently in traditional characters.
    return lang if lang in LANGUAGES else detect(question)


def _only(place: str, what: str, values: Collection[str], known: Collection[str]) -> None:
    if unknown := [str(value) for value in values if value not in known]:
        raise BadJourney(f"{place} has unknown {what}: {', '.join(unknown)}")


@cache
def record_ids() -> frozenset[str]:
    """The ids of all starter records that a card may show."""
    return frozenset(record.id for record in starter.records())


def _phrases(by_reader: Mapping[str, Sequence[str]], reader: str) -> list[str]:
    return [*by_reader.get("any", ()), *by_reader.get(reader, ())]


def _says(text: str, phrase: str) -> bool:
    texts = (text.lower(), simplified(text).lower())
    return any(one.lower() in text for one in phrase.split("|") for text in texts)


def _han_share(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    return len(HAN.findall(text)) / max(1, len(letters))
