"""Looked up by name: the card of what is named, the people of a body, and who was at an event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from bot.finding.relevance import Relevance
from bot.finding.shelf import GENERIC, SHOWN, Finding, Groups, Shelf, first
from bot.finding.weighing import in_order, weighed
from bot.speech import LANGUAGES, cues
from bot.understand import Understanding
from knowledge.records import Article, Event, Organisation, Person, Record, split_key
from retrieval.language import fold
from retrieval.names import NameMatch, keys_of_kind, romanised
from retrieval.retriever import Hit, Query

_FITTING = 4  # people of one reply whose part fits the question's words, best first
_AS_FIT = 2.5  # people this near the best may be meant as well
_MOST_NEAR = 4  # names offered for one that is not known
_AROUND = re.compile(r"^[\W是的请问找]+|[\W是的吗呢啊呀]+$")  # what stands around a name in a Chinese question
_PLAIN = frozenset({"what", "contact", "website"})
# What a card of a kind can answer by itself; anything else needs a search.
_CARD_ANSWERS = {
    "organisation": frozenset({"what", "who", "contact", "website", "where", "list"}),
    "programme": frozenset({"what", "contact", "website", "cost", "join", "eligibility", "list"}),
    "event": frozenset(
        {"what", "who", "when", "where", "organiser", "attendance", "agenda", "results", "contact", "list", "said"}
    ),
    "metric": frozenset({"what", "how_many", "rank", "share", "trend", "latest", "list", "when"}),
}


class Named:
    """Answers that start from a name in the question."""

    def __init__(self, shelf: Shelf, relevance: Relevance) -> None:
        self.shelf = shelf
        self.relevance = relevance

    def worded(self, asked: Understanding) -> Finding | None:
        """The article whose question is asked in its very words, unless a figure or something with a name says more."""
        if asked.wants_figures or self.shelf.named_keys(asked):
            return None
        key = self._worded.get(_letters(asked.text))
        return Finding("article", self.shelf.fetch([key])) if key else None

    @cached_property
    def _worded(self) -> dict[str, str]:
        """The articles by all their questions, without blanks and signs."""
        return {
            _letters(question): article.key
            for article in self.shelf.kb.all(Article)
            for question in (article.name_en, article.name_zh, *article.also_asked_en, *article.also_asked_zh)
            if question
        }

    def people(self, asked: Understanding) -> Finding | None:
        """People of a named event or organisation: all of them, or those whose part fits the question's other words."""
        wanted = "who" in asked.aspects or "person" in asked.facets.values("kind")
        if (
            not wanted
            or asked.named("person")
            or asked.aspects & {"organiser", "eligibility", "contact", "website", "attendance"}
        ):
            return None
        if asked.topic and {*asked.named("programme")} - GENERIC and not asked.named("event"):
            return None  # who did something for a programme is not told by the bodies that are named beside it
        event = self._event_meant(asked)
        groups = [("type:person",), *([(f"event:{event.id}",)] if event else [])]
        if set(asked.facets.values("role")) - {"organiser", "host", "supporter", "network"}:
            return None
        # "who is BCAA" asks about the body, "who spoke for BCAA" about its people.
        specific = bool(asked.content) or "what" not in asked.aspects
        titled = any(
            m.facet == "kind" and m.value == "person" and m.words not in ("who", "谁", "哪位") for m in asked.facets.mentions
        )
        for key in asked.named("organisation"):
            group = (f"organisation:{split_key(key)[1]}",)
            if (event or titled or (specific and key not in GENERIC)) and self.shelf.keys([*groups, group]):
                groups.append(group)
        keys = self.shelf.keys(groups) if len(groups) > 1 else []
        if titled and not event and len(groups) == 1 and set(asked.named("organisation")) - GENERIC and not asked.topic:
            return Finding("silence", confidence=0.0)  # the head of a body none of whose people is known
        if not keys:
            return Finding("event", (event,)) if event and not specific else None
        hits = weighed(self.relevance, asked, self._people_in(asked, groups, len(keys)))
        return self._fitting_people(asked, hits, event, specific=specific or titled)

    def people_of(self, asked: Understanding, organisation: str) -> Finding | None:
        """The people of a body that the question led to without naming it as we do; those who fit its words best."""
        groups = [("type:person",), (f"organisation:{split_key(organisation)[1]}",)]
        found = weighed(self.relevance, asked, self._people_in(asked, groups, len(self.shelf.keys(groups))))
        hits = in_order(self.relevance, asked, found)
        if not hits or self.relevance.strangers(asked, hits[:3]):
            return None
        return self._fitting_people(asked, hits, None, specific=True)

    def _people_in(self, asked: Understanding, groups: Groups, count: int) -> list[Hit]:
        return self.shelf.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=count).hits

    def _fitting_people(self, asked: Understanding, hits: Sequence[Hit], event: Event | None, *, specific: bool) -> Finding:
        scores = {hit.key: hit.score for hit in hits}
        kept = [hit.key for hit in hits if not specific or hit.score >= hits[0].score - _AS_FIT]
        if not specific or len(kept) == 1:
            return Finding("person" if len(kept) == 1 else "people", self.shelf.fetch(kept), scores, event=event)
        page = self.shelf.fetch(kept[asked.skip : asked.skip + _FITTING])
        return Finding("people", page, scores, event=event, found=tuple(kept), skip=asked.skip)

    def bodies_at_event(self, asked: Understanding) -> Finding | None:
        """Organisations that took part in an event: "which court was there?"."""
        roles = [role for role in asked.facets.values("role") if role not in ("organiser", "host", "supporter")]
        if not roles and "organisation" not in asked.facets.values("kind"):
            return None
        event = self._event_meant(asked)
        if "event" in asked.facets.values("kind") and asked.aspects & {"when", "where"}:
            return None  # the time and place of an event, whoever was there
        if event is None or asked.aspects & {"organiser", "contact", "eligibility", "results"}:
            return None
        groups = [("type:organisation",), (f"event:{event.id}",)]
        by_role = [*groups, tuple(f"role:{role}" for role in roles)]
        keys = self.shelf.keys(by_role) if roles else []
        if keys:
            return Finding("organisations", self.shelf.fetch(keys), scope=(event.name(asked.base),), count=len(keys))
        found = self.shelf.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=8)
        kept = [hit.key for hit in found.hits if not asked.content or hit.score >= found.hits[0].score - 1.5]
        return Finding("organisations", self.shelf.fetch(kept), scope=(event.name(asked.base),)) if kept else None

    def _event_meant(self, asked: Understanding) -> Event | None:
        """The event named, or the one of its year and place that fits the words best by far."""
        named = first(self.shelf.fetch(asked.named("event")[:1]))
        if isinstance(named, Event):
            return named
        if "event" not in asked.facets.values("kind") or not (asked.facets.values("year") or asked.facets.values("city")):
            return None
        groups = (("type:event",), *self.shelf.narrowed(asked))
        found = self._in_month(asked, self.shelf.retriever.find(Query(asked.text, asked.lang, groups), k=_MOST_NEAR).hits)
        clear = found and (len(found) == 1 or found[0].score >= found[1].score + 1.0)
        best = first(self.shelf.fetch([found[0].key])) if clear else None
        return best if isinstance(best, Event) else None

    def _in_month(self, asked: Understanding, hits: list[Hit]) -> list[Hit]:
        """The events among these that were in the month asked for, if one was and any of them is."""
        months = tuple(value for value in asked.facets.values("year") if "-" in value)
        within = [hit for hit in hits if months and str(getattr(self.shelf.kb.get(hit.key), "start", "")).startswith(months)]
        return within or hits

    def named(self, asked: Understanding) -> Finding | None:
        """The card of what is named, when the card itself can answer and no other words are left."""
        reached = asked.aspects & {"contact", "website"} and self.shelf.named_keys(asked)
        # What is asked of a person may be said in one character: 住, 吃.
        if (asked.topic or (asked.singles and asked.named("person"))) and not reached:
            return None
        for match in () if asked.named("event") else asked.names:
            meant = self._meant(asked, match)
            if len(meant) > 1:
                return Finding("choice", choices=tuple(meant), scope=(match.text,))
        people = [record.key for match in asked.names for record in self._meant(asked, match) if record.KIND == "person"]
        people = people or asked.named("person")
        if people and not asked.wants_figures:
            named = first(self.shelf.fetch(asked.named("event")[:1]))
            event = named if isinstance(named, Event) else None
            route = "person" if len(people) == 1 else "people"
            return Finding(route, self.shelf.fetch(people[:4]), event=event)
        only_generic = not self.shelf.named_keys(asked)
        # A longer name says more precisely what is meant.
        for match in sorted(asked.names, key=lambda match: match.start - match.end):
            for kind in ("event", "programme", "organisation", "metric"):
                keys = [key for key in match.keys if key.startswith(f"{kind}/") and (only_generic or key not in GENERIC)]
                if kind == "event":
                    keys = [key for key in keys if not self.relevance.otherwise_dated(asked, key)]
                if keys and kind == "organisation" and {"when", "join"} <= asked.aspects and self._since(keys[0]):
                    return Finding(kind, self.shelf.fetch(keys[:1]))
                plain = not only_generic or (asked.aspects <= _PLAIN and not asked.facets.values("kind"))
                narrower = asked.facets.places or asked.facets.values("year") or "event" in asked.facets.values("kind")
                if kind == "programme" and narrower:
                    continue  # what there is of it in a place or year, and a meeting of it, is another record
                if keys and plain and asked.aspects <= _CARD_ANSWERS[kind] | {"latest"}:
                    return Finding(kind, self.shelf.fetch(keys[:1]))
        listings = asked.named("listing")
        if listings and not asked.named("organisation", "programme", "event") and not asked.wants_figures:
            return Finding("listings", self.shelf.fetch(listings[:SHOWN]), count=len(listings))
        return None

    def _meant(self, asked: Understanding, match: NameMatch) -> list[Record]:
        """The people or bodies that a name may mean, as far as the rest of the question does not tell them apart."""
        keys = keys_of_kind(match.keys, "person") or [
            key for key in keys_of_kind(match.keys, "organisation") if key not in GENERIC
        ]
        found = list(self.shelf.fetch(keys))
        if len(found) < 2:
            return found
        bodies = {split_key(key)[1] for key in asked.named("organisation")}
        places, text = set(asked.facets.places), fold(asked.text)
        told = [
            record
            for record in found
            if (isinstance(record, Person) and (record.organisation in bodies or _said(record, text)))
            or (isinstance(record, Organisation) and {record.country, record.city} & places)
            or romanised(record.name("zh")) == match.text.replace(" ", "").lower()
        ]
        return told or found

    def spelt_alike(self, asked: Understanding) -> tuple[Record, ...]:
        """Who or what may have been meant by a name that is nearly spelt like one here, when nothing was found."""
        if asked.names or asked.facets.places or asked.aspects - {"who", "what", "contact", "website", "said", "where"}:
            return ()
        name = fold(asked.text)
        for lang in LANGUAGES:
            for aspect in ("what", "who", "contact", "website", "where"):
                name = cues(lang)[aspect].sub(" ", name)
        name = _AROUND.sub("", cues("en")["frame"].sub(" ", name))
        return self.shelf.fetch(self.shelf.retriever.index.names.near(name)[:_MOST_NEAR])

    def _since(self, key: str) -> bool:
        return bool(getattr(self.shelf.kb.get(key), "partner_since", None))


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())


def _said(person: Person, text: str) -> bool:
    """Whether a text has the post or the house of a person."""
    said = (person.title_en, person.title_zh, person.organisation_name_en, person.organisation_name_zh)
    return any(fold(words) in text for words in said if words)
