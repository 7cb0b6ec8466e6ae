"""The translator: the language that an imported record lacks, made by the model and marked so that somebody reviews it.

A translation is taken only when it has every number, address and link of the original and no other, is in the right language and
of a length that can be. Names of people and bodies are not translated: nobody may be called what only a machine calls them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import RootModel

from bot.guard import Evidence, check
from bot.model.chat import Chat, Request
from bot.model.given import LINK, MAIL, PHONE
from bot.model.grounding import foreign
from bot.model.health import ModelFailed
from bot.model.naming import heard_words
from bot.model.plain import commands, plain
from bot.model.prompting import fenced, instructions
from bot.model.quantities import quantities
from bot.model.reading import read
from knowledge.records import LANGUAGES, MACHINE, Article, Event, Listing, Organisation, Programme, Record
from retrieval.language import simplified

JOB = "translate"
FIELDS = (
    "name", "summary", "answer", "note", "ip", "eligibility", "how_to_join", "cost", "status", "theme", "attendance", "audience",
)  # fmt: skip
_NAMED = (Listing, Event, Programme, Article)  # whose names say what they are
KINDS = (*_NAMED, Organisation)
_LONGEST = 6000  # characters of all texts of one record
_RATIO = {"en": (1.2, 9.0), "zh": (0.12, 1.6)}  # how long a translation into this language may be, for each character
_GIVE_UP = ("budget", "refused", "unreachable", "resting")


class Texts(RootModel[dict[str, str]]):
    """Texts by the name of their field."""


@dataclass
class Translated:
    """What became of the records that lacked a language."""

    records: list[Record] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: int = 0


class Translator:
    """Translates records with a chat model."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def all(self, records: Iterable[Record], progress: Callable[[int], None] = lambda _: None) -> Translated:
        """Translate what lacks a language; when the model is of no use any more, the rest is left."""
        done = Translated()
        waiting = [record for record in records if list(lacking(record))]
        for number, record in enumerate(waiting, 1):
            try:
                translated = self.translate(record)
            except ModelFailed as error:
                if error.kind in _GIVE_UP:
                    done.left = len(waiting) - number + 1
                    return done
                translated = None
            if translated is None:
                done.failed.append(record.key)
            else:
                done.records.append(translated)
            progress(number)
        return done

    def translate(self, record: Record) -> Record | None:
        """The record with what it lacked, marked; None when nothing that the model sent can be taken."""
        found = type(record).model_validate(record.model_dump())
        for lang in LANGUAGES:
            texts = {name: text for name, to, text in lacking(record) if to == lang}
            if not texts:
                continue
            for name, said in self._asked(texts, lang).items():
                if name in texts and well(texts[name], said, lang):
                    setattr(found, f"{name}_{lang}", said)
                    found.translated = [*found.translated, f"{name}.{lang}{MACHINE}"]
        return found if found.translated != record.translated else None

    def request(self, texts: Mapping[str, str], lang: str) -> Request:
        """What the model is sent."""
        material = json.dumps(texts, ensure_ascii=False, indent=1)
        most = min(4000, 200 + 2 * sum(map(len, texts.values())))
        return Request(JOB, instructions(JOB, lang), fenced([("texts", material)]), most=most, schema=schema(texts))

    def _asked(self, texts: Mapping[str, str], lang: str) -> Mapping[str, str]:
        sent = self._chat.whole(self.request(texts, lang), self._chat.deadline())
        try:
            found = read(Texts, sent).root
        except ModelFailed as error:
            self._chat.health.failed(error.kind, error.detail)
            raise
        return {name: simplified(plain(text)) if lang == "zh" else plain(text) for name, text in found.items()}


def schema(texts: Iterable[str]) -> dict[str, Any]:
    """The JSON schema of a reply: the same fields, each a text."""
    names = list(texts)
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def lacking(record: Record) -> Iterator[tuple[str, str, str]]:
    """Field, language that is missing, and the text in the other one; nothing of a text that speaks to a model."""
    if not isinstance(record, KINDS):
        return
    size = 0
    for name in FIELDS:
        if name == "name" and not isinstance(record, _NAMED):
            continue
        for lang in LANGUAGES:
            text = record.exactly(name, "zh" if lang == "en" else "en") if hasattr(record, f"{name}_{lang}") else None
            size += len(text or "")
            if text and not record.exactly(name, lang) and size <= _LONGEST and not commands(text):
                yield name, lang, text


def well(text: str, said: str, lang: str) -> bool:
    """Whether a translation into ``lang`` says the numbers, addresses and names of the text, and no others."""
    low, high = _RATIO[lang]
    if not said or commands(said) or not low * len(text) - 4 <= len(said) <= high * len(text) + 12:
        return False
    if foreign(said, lang, heard_words(text)) is not None:
        return False
    for one, other in ((text, said), (said, text)):
        if check(one, Evidence.of(other)):
            return False
    units = [sorted((number, unit) for number, unit in quantities(each)) for each in (text, said)]
    reached = [{found[0] for pattern in (MAIL, LINK, PHONE) for found in pattern.finditer(each)} for each in (text, said)]
    if units[0] != units[1] or reached[0] != reached[1]:
        return False
    # What is written in Latin letters in Chinese is a name or an abbreviation, and stays as it is.
    latin = re.findall(r"[A-Za-z][A-Za-z0-9&.-]{2,}", text if lang == "en" else said)
    return all(word.lower().rstrip(".") in (said if lang == "en" else text).lower() for word in latin)
