"""What every composer needs: the reader's language, the vocabularies, and records' names, texts, sources and contacts in it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bot.speech import Speech
from bot.values import Card, Cited
from knowledge.dates import PartialDate
from knowledge.records import Listing, Organisation, Record, Source
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import Vocabulary, load

PROGRAMME_DESK = "programme/wipo-green"


def today() -> datetime.date:
    """The day it is, in universal time."""
    return datetime.datetime.now(tz=datetime.UTC).date()


@dataclass
class Page:
    """One reply in the making. ``lang`` is en, zh or zh-Hant; texts are fetched in its base language.

    ``used`` are the records it has quoted so far: what the reply rests on.
    """

    kb: KnowledgeBase
    lang: str
    vocabulary: Vocabulary = field(default_factory=load)
    today: datetime.date = field(default_factory=today)
    used: dict[str, Record] = field(default_factory=dict)

    @cached_property
    def speech(self) -> Speech:
        """The messages of this reply's language."""
        return Speech(self.lang)

    @property
    def base(self) -> str:
        """The language of the records: en or zh."""
        return self.speech.base

    def say(self, key: str, **values: object) -> str:
        """A message in the reader's language."""
        return self.speech.say(key, **values)

    def name(self, record: Record) -> str:
        """The name a reader of this language sees first."""
        self.used[record.key] = record
        return record.name(self.base)

    def original(self, record: Record) -> str | None:
        """The name in the other language, when there is one that differs."""
        other = record.exactly("name", "zh" if self.base == "en" else "en")
        return other if other and other != self.name(record) else None

    def both(self, record: Record) -> str:
        """The name with the original in brackets."""
        original = self.original(record)
        return self.say("name_and_original", name=self.name(record), original=original) if original else self.name(record)

    def text(self, record: Record, field_: str) -> str | None:
        """A text of the record in the reader's language, or in the other when that is all there is."""
        self.used[record.key] = record
        text = record.text(field_, self.base)
        return self.say("machine_made", text=text) if text and record.is_machine_made(field_, self.base) else text

    def date(self, text: str | None) -> str:
        """A date as the reader writes it."""
        return PartialDate.parse(text).spoken(self.base) if text else ""

    def label(self, vocabulary: str, id_: str | None) -> str | None:
        """The name of a sector, stage, kind or role."""
        return self.vocabulary.label(vocabulary, id_, self.base)

    def place(self, country: str | None, city: str | None = None) -> str:
        """City and country as one phrase; a city state is named once."""
        names = [self.vocabulary.place(place, self.base) for place in (city, country) if place]
        if len(names) == 2 and names[0] in names[1]:
            names = names[1:]
        return ", ".join(names) if self.base == "en" else "".join(reversed(names))

    def cited(self, record: Record) -> tuple[Cited, ...]:
        """The record's sources as a reader may see them."""
        self.used[record.key] = record
        found = self.kb.fetch([f"source/{id_}" for id_ in record.sources])
        return tuple(self._cite(source, record) for source in found if isinstance(source, Source))

    def _cite(self, source: Source, record: Record) -> Cited:
        url = source.url
        if source.restricted:
            own = getattr(record, "listing_url", None) or getattr(record, "website", None)
            url = own if isinstance(record, Listing) and own else source.public_url
        return Cited(self.name(source), self.text(source, "publisher"), source.date, url)

    def contact(self, record: Record) -> str:
        """How to reach whoever is behind a record: what the sources give, or where to turn when they give nothing."""
        direct = self.text(record, "contact")
        behind = self._behind(record)
        if not direct and behind is not None and behind.key != record.key:
            reached = self.text(behind, "contact")
            if reached:
                return self.say("contact_through", name=self.name(behind), contact=reached)
        if direct:
            return direct
        links = [getattr(record, name, None) for name in ("website", "listing_url")]
        links.append(behind.website if behind else None)
        found = next((link for link in links if link), None)
        if found:
            return self.say("contact_by_link", link=found)
        return self.say("contact_by_desk", link=self.desk)

    def _behind(self, record: Record) -> Organisation | None:
        if isinstance(record, Organisation):
            return record
        id_ = getattr(record, "organisation", None)
        found = self.kb.fetch([f"organisation/{id_}"]) if id_ else []
        self.used.update((one.key, one) for one in found)
        return found[0] if found and isinstance(found[0], Organisation) else None

    @cached_property
    def desk(self) -> str:
        """Where to turn when nobody else is on record: the programme's own site."""
        found = self.kb.fetch([PROGRAMME_DESK])
        self.used.update((record.key, record) for record in found)
        return str(getattr(found[0], "website", "")) if found else ""

    def organisation_name(self, part: Mapping[str, Any]) -> str | None:
        """The name of an organisation given by id, or spelt out in the record."""
        id_ = part.get("organisation")
        if id_:
            found = self.kb.fetch([f"organisation/{id_}"])
            return self.name(found[0]) if found else None
        name = part.get("name")
        return str(name.get(self.base) or name.get("en") or name.get("zh") or "") if isinstance(name, Mapping) else None

    def card(
        self,
        record: Record,
        lines: Iterable[tuple[str, str | None]],
        *,
        kind: str,
        score: float = 0.0,
        contact: bool = True,
    ) -> Card:
        """A card for the record with the lines that have something to say; a line is (label key, text)."""
        return Card(
            key=record.key,
            kind=kind,
            title=self.name(record),
            original=self.original(record),
            translated=record.is_translated("name", self.base),
            lines=tuple((self.say(key), text) for key, text in lines if text),
            contact=self.contact(record) if contact else None,
            sources=self.cited(record),
            name_en=record.exactly("name", "en"),
            name_zh=record.exactly("name", "zh"),
            score=score,
        )
