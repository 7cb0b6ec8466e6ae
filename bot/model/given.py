"""What the model is given: records by number, as short texts, and what each of them vouches for.

Contacts are not among it. A sentence of a record that speaks to a model is neither given nor evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.guard import Evidence, said_by
from bot.model.plain import material
from bot.speech import Speech
from knowledge.dates import PartialDate
from knowledge.records import (
    Appearance,
    Article,
    Event,
    Listing,
    Organisation,
    Person,
    Programme,
    Record,
    Source,
)
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import load
from retrieval.facets import FacetReader
from retrieval.language import HAN, fold

MOST = 8  # records of one request
_KEPT = 1000  # records of which is remembered what they vouch for
LONG = 1200  # characters of one text of a record

# What can be reached, wherever it is written.
MAIL = re.compile(
    r"[A-Za-z0-9_.+%-]+\s?(?:[@＠]|[(\[{]at[)\]}]|\sat\s(?=\S+\s?(?:dot|[(\[]dot[)\]])))\s?[A-Za-z0-9-]+(?:\s?(?:\.|[(\[{]dot[)\]}]|\sdot\s)\s?[A-Za-z0-9-]+)+",
    re.I,
)
LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,12}://|www\.)[^\s，。；、）)】\]”\"'<>]+|(?<![a-z0-9@.-])(?:[a-z0-9-]+\.)+(?:com|cn|org|net|io|ru|int|edu|gov|info|biz|co|app|dev"
    r"|ai|me|uk|de|jp|fr|hk|tw|sg|in|us|eu|xyz|top|site|online|link|click)(?:/[^\s，。；、）)】\]”\"'<>]*)?(?![a-z0-9@])",
    re.I,
)
PHONE = re.compile(
    r"(?<![A-Za-z0-9.,])(?!(?:19|20)\d\d\s?[-–—/.]\s?(?:\d{1,2}[-/.]\d{1,2}|(?:19|20)\d\d)(?!\d))"
    r"(?:\+\s?\d(?:[ ()./-]?\d){6,}|\(?\d{2,5}\)?[ -]\d{3,5}[ -]?\d{3,5}(?:[ -]?\d{1,5})?|1[3-9]\d{9}|0\d{9,11})(?![A-Za-z0-9%])"
)

# The texts of each kind of record that are given, with the labels they have in answers.
_FIELDS: dict[type[Record], tuple[tuple[str, str], ...]] = {
    Listing: (("about", "summary"), ("ip", "ip"), ("note", "note")),
    Organisation: (("about", "summary"), ("note", "note")),
    Person: (("role", "title"), ("note", "note")),
    Event: (("theme", "theme"), ("attendance", "attendance"), ("audience", "audience"), ("about", "summary")),
    Appearance: (("role", "role"), ("about", "topic")),
    Programme: (
        ("about", "summary"), ("eligibility", "eligibility"), ("how_to_join", "how_to_join"), ("cost", "cost"),
        ("status", "status"), ("note", "note"),
    ),
    Article: (("about", "answer"),),
}  # fmt: skip
_REACHED = ("contact_en", "contact_zh", "website", "listing_url", "url", "public_url")


@dataclass(frozen=True)
class _Voucher:
    """What a record vouches for, in whichever language it is given."""

    said: str
    reached: str
    keys: frozenset[str]
    places: frozenset[str]
    evidence: Evidence
    linked: tuple[Record, ...]


@dataclass(frozen=True)
class Given:
    """One record as the model reads it, and what it vouches for."""

    number: int
    record: Record
    text: str
    voucher: _Voucher = field(repr=False)

    @property
    def said(self) -> str:
        """All that it says, folded, in both languages."""
        return self.voucher.said

    @property
    def reached(self) -> str:
        """How whoever is behind it is reached, folded."""
        return self.voucher.reached

    @property
    def keys(self) -> frozenset[str]:
        """The records it is or names."""
        return self.voucher.keys

    @property
    def places(self) -> frozenset[str]:
        """The countries and cities it speaks of."""
        return self.voucher.places

    @property
    def evidence(self) -> Evidence:
        """The numbers that it says."""
        return self.voucher.evidence

    @property
    def digest(self) -> str:
        """What tells this record as it is now from any other."""
        return f"{self.record.key}:{self.record.digest or self.record.fingerprint()}"


_FACETS = FacetReader()


class Giver:
    """Makes texts of records. ``kb`` has the names of what they point at."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._vocabulary = load()
        self._known: dict[str, _Voucher] = {}
        self._fingerprint = ""

    def given(self, records: Sequence[Record], lang: str) -> list[Given]:
        """The records, numbered from one, for a reader of this language."""
        speech = Speech(lang, "model")
        if (fingerprint := self._kb.fingerprint) != self._fingerprint or len(self._known) > _KEPT:
            self._known, self._fingerprint = {}, fingerprint
        return [self._given(number, record, speech) for number, record in enumerate(records[:MOST], 1)]

    def _given(self, number: int, record: Record, speech: Speech) -> Given:
        known = self._known.get(record.key)
        if known is None:
            known = self._known[record.key] = self._voucher(record)
        lines = [unreached(material(line, LONG)) for line in self._lines(record, speech, known.linked)]
        return Given(number, record, "\n".join(line for line in lines if line), known)

    def _voucher(self, record: Record) -> _Voucher:
        linked = self._linked(record)
        texts = [material(text, 10_000) for text in (*said_by(record), *self._spelt(record, linked))]
        texts = [text for text in texts if text]
        reached = " ".join(str(getattr(each, name, None) or "") for each in (record, *linked) for name in _REACHED)
        keys = frozenset([record.key, *(each.key for each in linked)])
        return _Voucher(fold("\n".join(texts)), fold(reached), keys, _places(texts), Evidence.of(*texts), tuple(linked))

    def _linked(self, record: Record) -> list[Record]:
        """The records that this one names by id."""
        keys = [f"source/{id_}" for id_ in record.sources[:2]]
        for kind in ("organisation", "person", "event"):
            if id_ := getattr(record, kind, None):
                keys.append(f"{kind}/{id_}")
        if isinstance(record, Event):
            keys += [f"organisation/{part['organisation']}" for part in record.organisations if part.get("organisation")]
        if isinstance(record, Programme):
            keys += [f"organisation/{id_}" for id_ in record.organisations]
            keys += [f"programme/{record.parent}"] if record.parent else []
        return self._kb.fetch(list(dict.fromkeys(keys)))

    def _lines(self, record: Record, speech: Speech, linked: Sequence[Record]) -> Iterator[str]:
        base, labels = speech.base, speech.names("labels")
        other = record.exactly("name", "zh" if base == "en" else "en")
        name = record.name(base)
        label = self._vocabulary.label("kinds", getattr(record, "kind", record.KIND), base) or record.KIND
        yield f"{label}: {name}" + (f" ({other})" if other and other != name else "")
        for key, text in self._facts(record, base, linked):
            if text:
                yield f"{labels[key]}: {text}"
        for key, name_ in _FIELDS.get(type(record), ()):
            if text := record.text(name_, base):
                yield f"{labels[key]}: {text}"
        for key in ("sessions", "outcomes"):
            said = [entry.get(base) or next(iter(entry.values()), "") for entry in getattr(record, key, ())]
            if said:
                yield f"{labels[key]}: {'; '.join(said)}"
        sources = [each for each in linked if isinstance(each, Source)]
        if sources:
            dated = f", {PartialDate.parse(sources[0].date).spoken(base)}" if sources[0].date else ""
            yield f"{labels['source']}: {sources[0].text('publisher', base) or sources[0].name(base)}{dated}"

    def _facts(self, record: Record, base: str, linked: Sequence[Record]) -> Iterator[tuple[str, str | None]]:
        yield "provider", record.text("provider", base)
        places = [self._vocabulary.place(place, base) for name in ("city", "country") if (place := getattr(record, name, None))]
        yield "place", ", ".join(dict.fromkeys(places))
        stage = record.text("stage_note", base) or self._vocabulary.label("stages", getattr(record, "stage", None), base)
        trl = getattr(record, "trl", None)
        yield "stage", " ".join(part for part in (stage, trl and f"TRL {trl}") if part)
        yield "sector", self._vocabulary.label("sectors", getattr(record, "sector", None), base)
        yield "roles", ", ".join(self._vocabulary.label("roles", role, base) or role for role in getattr(record, "roles", ()))
        begin, end = getattr(record, "start", None), getattr(record, "end", None)
        dates = dict.fromkeys(PartialDate.parse(date).spoken(base) for date in (begin, end) if date)
        yield "when", " – ".join(dates)
        for key, kind in (("person", "person"), ("event", "event"), ("organisations", "organisation")):
            yield key, ", ".join(self._told(each, base) for each in linked if kind == each.KIND)
        if isinstance(record, Person) and record.as_of:
            yield "dated", PartialDate.parse(record.as_of).spoken(base)

    def _told(self, record: Record, base: str) -> str:
        date = getattr(record, "start", None)
        return record.name(base) + (f" ({PartialDate.parse(date).spoken(base)})" if date else "")

    def _spelt(self, record: Record, linked: Iterable[Record]) -> Iterator[str]:
        """What the record says by codes and ids, in words of both languages."""
        words = self._vocabulary
        for base in ("en", "zh"):
            yield from (words.place(place, base) for name in ("country", "city") if (place := getattr(record, name, None)))
            for table, name in (("stages", "stage"), ("sectors", "sector"), ("kinds", "kind")):
                yield words.label(table, getattr(record, name, None), base) or ""
            yield from (words.label("roles", role, base) or "" for role in getattr(record, "roles", ()))
            for each in linked:
                yield each.name(base)
                yield each.text("publisher", base) or ""
        for each in linked:
            yield from (str(alias) for alias in getattr(each, "aliases", ()))
            yield from (date for name in ("start", "end", "date") if (date := getattr(each, name, None)))
        if trl := getattr(record, "trl", None):
            yield f"TRL {trl}"


def _places(texts: Iterable[str]) -> frozenset[str]:
    # Read as written: US is a country, us is not.
    mentions = (mention for text in texts for mention in _FACETS.read(text).mentions)
    return frozenset(mention.value for mention in mentions if mention.facet in ("country", "city"))


def unreached(text: str) -> str:
    """The text without e-mail addresses, links and telephone numbers: they are sent to no model."""
    for pattern in (MAIL, LINK, PHONE):
        text = pattern.sub("", text)
    return re.sub(r"\s{2,}", " ", text).strip()


def spaced(text: str) -> str:
    """The text without spaces between Chinese characters, as names are compared."""
    return re.sub(rf"(?<={HAN.pattern})\s+(?={HAN.pattern})", "", text)
