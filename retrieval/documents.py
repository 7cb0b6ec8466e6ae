"""Documents: what is indexed, one record in one language.

A document's passages are the views under which the record may be asked for: its name and summary, each way its question is
put, each thing a person spoke about. The best passage speaks for the document.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.dates import PartialDate
from knowledge.records import (
    LANGUAGES,
    Appearance,
    Article,
    Event,
    Listing,
    Metric,
    Organisation,
    Person,
    Programme,
    Record,
    Statistic,
)
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import Vocabulary, load
from retrieval import spoken

FOUND: tuple[type[Record], ...] = (Listing, Organisation, Person, Event, Programme, Metric, Article)


@dataclass(frozen=True)
class Document:
    """One record in one language. ``facets`` are tokens like ``country:CN`` by which a search can be narrowed.

    ``passages`` are found by their words and by their meaning, ``asides`` by their words alone: who provides a thing and where is
    said by names, and would cost every listing a vector of its own. ``problems`` are what people say who look for it: found by
    both, and nothing that the record says itself.
    """

    key: str
    lang: str
    title: str
    passages: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    asides: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything the document says, its title first."""
        return "\n".join((self.title, *self.passages, *self.asides))

    @property
    def findable(self) -> str:
        """Everything it is found by: what it says, and what people say who look for it."""
        return "\n".join((self.text, *self.problems))

    def digest(self) -> int:
        """64 bits that change whenever the document does."""
        said = "\0".join((self.lang, self.title, *self.passages, "\1", *self.asides, "\1", *self.facets, "\1", *self.problems))
        return int.from_bytes(hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).digest(), "big")


@dataclass
class Related:
    """Rows that are folded into the documents of others."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    appearances: dict[str, list[Appearance]] = field(default_factory=dict)
    attended: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, list[Statistic]] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=load)


def documents(kb: KnowledgeBase) -> Iterator[Document]:
    """A document for each language of every record a question can lead to."""
    linked = related(kb)
    for table in FOUND:
        for record in kb.each(table):
            yield from of(record, linked)


def of(record: Record, linked: Related) -> Iterator[Document]:
    """The documents of one record."""
    for lang in LANGUAGES:
        if speaks(record, lang):
            yield document(record, lang, linked)


def related(kb: KnowledgeBase) -> Related:
    """The rows that are folded into the documents of others, read once."""
    appearances: dict[str, list[Appearance]] = defaultdict(list)
    for appearance in kb.all(Appearance):
        appearances[appearance.person].append(appearance)
    events = {event.id: event for event in kb.all(Event)}
    attended: dict[str, list[str]] = defaultdict(list)
    for part in (part for parts in appearances.values() for part in parts if part.organisation):
        attended[str(part.organisation)].append(part.event)
    for event in events.values():
        for body in event.organisations:
            attended[str(body.get("organisation", ""))].append(event.id)
    figures: dict[str, list[Statistic]] = defaultdict(list)
    for figure in kb.all(Statistic):
        figures[figure.metric].append(figure)
    organisations = {organisation.id: organisation for organisation in kb.all(Organisation)}
    return Related(organisations, events, appearances, attended, figures)


def speaks(record: Record, lang: str) -> bool:
    """Whether a record has any text in a language, what is said by those who look for it included."""
    return any(getattr(record, field, None) for field in type(record).model_fields if field.endswith(f"_{lang}"))


def document(record: Record, lang: str, related: Related) -> Document:
    """The document of ``record`` in ``lang``; texts the record lacks in that language are left to the other document."""
    passages, facets = _PARTS_OF[record.KIND](record, lang, related)
    asides: Sequence[str] = ()
    problems: Sequence[str] = ()
    if isinstance(record, Listing):
        asides, problems = _asides(record, lang, related), record.problems_zh if lang == "zh" else record.problems_en
    elif isinstance(record, Organisation | Person | Event | Programme):
        problems = [*_also_said(record, lang, related), *(record.sought_zh if lang == "zh" else record.sought_en)]
    return Document(record.key, lang, record.name(lang), *map(_kept, (passages, facets, asides, problems)))


def _also_said(record: Record, lang: str, related: Related) -> list[str]:
    """What people say for someone's title and parts, or for an event, with where it is."""
    if isinstance(record, Event):
        place = related.vocabulary.place(record.city, lang) if record.city else None
        said = spoken.also("events", [record.name_en, record.name_zh], lang)
        return [_join([place, (record.start or "")[:4], *said], lang)] if said else []
    if not isinstance(record, Person):
        return []
    where = related.organisations.get(record.organisation or "")
    home = where.name(lang) if where else record.exactly("organisation_name", lang)
    parts = related.appearances.get(record.id, ())
    titles = spoken.also("titles", [record.title_en, record.title_zh], lang)
    roles = spoken.also("parts", [role for part in parts for role in (part.role_en, part.role_zh)], lang)
    return [_join([home, *words], lang) for words in (titles, roles) if words]


def _kept(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in parts if part))


def _listing(record: Listing, lang: str, _: Related) -> tuple[list[str], list[str]]:
    tags = record.tags_zh if lang == "zh" else record.tags_en
    about = _join([record.exactly("summary", lang), "，".join(tags) if lang == "zh" else ", ".join(tags)], lang)
    facets = [
        "type:listing",
        f"kind:{record.kind}",
        f"sector:{record.sector}",
        f"stage:{record.stage}" if record.stage else "",
        f"organisation:{record.organisation}" if record.organisation else "",
        *_place_facets(record.country, record.city),
        *(_year_facets(record.listed_date)),
    ]
    return [about], facets


def _asides(record: Listing, lang: str, related: Related) -> list[str]:
    words = related.vocabulary
    provider = [
        record.exactly("provider", lang),
        words.place(record.country, lang) if record.country else None,
        words.label("sectors", record.sector, lang),
    ]
    return [_join(provider, lang), record.exactly("ip", lang) or ""]


def _organisation(record: Organisation, lang: str, related: Related) -> tuple[list[str], list[str]]:
    words = related.vocabulary
    roles = [words.label("roles", role, lang) for role in record.roles]
    places = [words.place(place, lang) for place in (record.country, record.city) if place]
    about = _join([record.exactly("summary", lang), *roles, *places], lang)
    facets = ["type:organisation", "kind:organisation", *(f"role:{role}" for role in record.roles)]
    facets += [f"event:{event}" for event in related.attended.get(record.id, ())]
    return [about, " ".join(record.aliases)], [*facets, *_place_facets(record.country, record.city)]


def _person(record: Person, lang: str, related: Related) -> tuple[list[str], list[str]]:
    where = related.organisations.get(record.organisation or "")
    home = where.name(lang) if where else record.exactly("organisation_name", lang)
    passages = [_join([record.name(lang), home, record.exactly("title", lang), " ".join(record.aliases)], lang)]
    facets = ["type:person", "kind:person", f"organisation:{record.organisation}" if record.organisation else ""]
    if where:
        facets += _place_facets(where.country, where.city)
    for part in related.appearances.get(record.id, ()):
        event = related.events.get(part.event)
        said = [
            record.name(lang),
            part.exactly("role", lang),
            part.exactly("topic", lang),
            event.name(lang) if event else None,
        ]
        passages.append(_join(said, lang))
        facets.append(f"event:{part.event}")
    return passages, facets


def _event(record: Event, lang: str, related: Related) -> tuple[list[str], list[str]]:
    words = related.vocabulary
    place = words.place(record.city, lang) if record.city else None
    when = PartialDate.parse(record.start).spoken(lang) if record.start else record.exactly("date_note", lang)
    hosts = [_organisation_name(part, lang, related) for part in record.organisations]
    passages = [
        _join([record.exactly("summary", lang), when, place], lang),
        _join([record.exactly("theme", lang), record.exactly("series", lang)], lang),
        _join([*hosts, record.exactly("audience", lang), record.exactly("attendance", lang)], lang),
        " ".join(record.aliases),
        *(session.get(lang, "") for session in record.sessions),
        *(outcome.get(lang, "") for outcome in record.outcomes),
    ]
    ids = [part["organisation"] for part in record.organisations if part.get("organisation")]
    facets = ["type:event", "kind:event", f"event:{record.id}", *(f"organisation:{id_}" for id_ in ids)]
    return passages, [*facets, *_place_facets(record.country, record.city), *_year_facets(record.start)]


def _programme(record: Programme, lang: str, _: Related) -> tuple[list[str], list[str]]:
    names = ("summary", "eligibility", "how_to_join", "cost", "status", "note")
    passages = [record.exactly(name, lang) or "" for name in names]
    facets = ["type:programme", "kind:programme", *_place_facets(record.country, None), *_year_facets(record.start)]
    return [*passages, " ".join(record.aliases)], facets


def _metric(record: Metric, lang: str, related: Related) -> tuple[list[str], list[str]]:
    figures = related.figures.get(record.id, [])
    scopes = dict.fromkeys(scope for figure in figures if (scope := figure.exactly("scope", lang)))
    units = dict.fromkeys(unit for figure in figures if (unit := figure.exactly("unit", lang)))
    asked = record.aliases_zh if lang == "zh" else record.aliases_en
    facets = ["type:metric", "kind:statistic"]
    for figure in figures:
        facets += _year_facets(figure.as_of)
    return [_join([*scopes, record.name(lang), *units], lang), *asked], facets


def _article(record: Article, lang: str, _: Related) -> tuple[list[str], list[str]]:
    asked = record.also_asked_zh if lang == "zh" else record.also_asked_en
    facets = ["type:article", "kind:article", *(f"about:{key}" for key in record.about)]
    return [*asked, record.exactly("answer", lang) or ""], facets


_PARTS_OF: Mapping[str, Callable[[Any, str, Related], tuple[list[str], list[str]]]] = {
    "listing": _listing,
    "organisation": _organisation,
    "person": _person,
    "event": _event,
    "programme": _programme,
    "metric": _metric,
    "article": _article,
}


def _organisation_name(part: Mapping[str, object], lang: str, related: Related) -> str | None:
    known = related.organisations.get(str(part.get("organisation", "")))
    if known:
        return known.name(lang)
    name = part.get("name")
    return str(name.get(lang) or name.get("en") or "") if isinstance(name, Mapping) else None


def _place_facets(country: str | None, city: str | None) -> list[str]:
    named = [f"country:{code}" for code in {country, *load().wider(country)} if code]
    return sorted(named) + ([f"city:{city.replace(' ', '_')}"] if city else [])


def _year_facets(date: str | None) -> list[str]:
    return [f"year:{date[:4]}"] if date else []


def _join(parts: Iterable[str | None], lang: str) -> str:
    return ("，" if lang == "zh" else ", ").join(part for part in parts if part)


def terms(kb: KnowledgeBase) -> Iterator[tuple[str | None, str | None]]:
    """Names and terms as (en, zh) pairs, either possibly missing: what the dictionary of jieba and the glossary are made from."""
    for record in kb.records():
        yield from terms_of(record)
    words = load()
    for vocabulary in (words.sectors, words.stages, words.roles, words.cities):
        for term in vocabulary.values():
            yield term.names.get("en"), term.names.get("zh")
            for lang in LANGUAGES:
                yield from ((None, word) for word in term.words.get(lang, ()) if lang == "zh")


def terms_of(record: Record) -> Iterator[tuple[str | None, str | None]]:
    """The names and terms of one record, as (en, zh) pairs."""
    if record.KIND in ("source", "appearance", "statistic", "article"):
        return
    yield record.exactly("name", "en"), record.exactly("name", "zh")
    if isinstance(record, Listing):
        # The tags of the two languages are lists of their own: their places do not pair them.
        yield from ((word, None) for word in record.tags_en)
        yield from ((None, word) for word in record.tags_zh)
    if isinstance(record, Organisation | Person | Event | Programme):
        yield from ((None, alias) for alias in record.aliases)
