"""Finding what an answer is made of: listed by facets, looked up by name, or searched for – in that order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from bot.understand import FIGURE_ASPECTS, Understanding
from knowledge.records import Event, Record, Statistic, split_key
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import Vocabulary, load
from retrieval.language import fold
from retrieval.retriever import Found, Hit, HybridRetriever, Query

T = TypeVar("T")

SHOWN = 5
NAME_BONUS, ABOUT_BONUS, KIND_BONUS = 4.0, 1.0, 1.5
_DEPTH = 40

# What a question is after, and the kinds of record that can say it.
_LEANS: Mapping[str, Mapping[str, float]] = {
    "how_many": {"metric": 3.0, "article": 0.5},
    "rank": {"metric": 3.0, "article": 0.5},
    "share": {"metric": 3.0},
    "trend": {"metric": 2.5},
    "conflict": {"metric": 2.0, "article": 1.5},
    "attendance": {"metric": 2.0, "event": 2.0},
    "who": {"person": 2.0, "article": 0.5},
    "said": {"person": 1.0, "article": 1.0},
    "when": {"event": 1.0, "article": 1.0, "metric": 0.5},
    "where": {"event": 1.0, "article": 0.5},
    "organiser": {"event": 1.5, "article": 0.5},
    "agenda": {"event": 1.0, "article": 1.0},
    "results": {"event": 0.5, "article": 1.0},
    "cost": {"programme": 1.0, "article": 1.5},
    "join": {"programme": 1.0, "article": 1.5},
    "eligibility": {"programme": 1.0, "article": 1.5},
    "what": {"article": 0.7, "programme": 0.7},
    "contact": {"organisation": 1.5, "person": 0.5, "article": 0.5},
}
_KIND_LEANS = {
    "technology": "listing", "need": "listing", "expert": "listing", "organisation": "organisation", "person": "person",
    "event": "event", "programme": "programme", "statistic": "metric",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What was found. ``route`` says how it is to be told; ``records`` come best first; ``scores`` by key."""

    route: str
    records: tuple[Record, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    scope: tuple[str, ...] = ()
    count: int = 0
    event: Event | None = None
    at: str | None = None
    choices: tuple[Record, ...] = ()
    confidence: float = 1.0


class Finder:
    """Turns an understanding into records, by the first rule that fits."""

    def __init__(self, kb: KnowledgeBase, retriever: HybridRetriever) -> None:
        self.kb = kb
        self.retriever = retriever
        self.vocabulary: Vocabulary = load()

    def find(self, asked: Understanding) -> Finding:
        """The records that answer, and how they are to be told."""
        if asked.talk:
            return Finding(asked.talk)
        for rule in (self._counted, self._listed, self._at_event, self._named):
            finding = rule(asked)
            if finding is not None:
                return finding
        return self._searched(asked)

    # --- listed by facets -------------------------------------------------------------------------------------------

    def _counted(self, asked: Understanding) -> Finding | None:
        """How many records this knowledge base holds of a kind, in a place, sector or stage."""
        if not ({"how_many", "held"} <= asked.aspects) or asked.content:
            return None
        kind = _first(kind for kind in asked.facets.values("kind") if kind in _KIND_LEANS and kind != "statistic")
        listing = any(word in asked.facets.folded for word in ("listing", "条目"))
        if kind is None and not listing:
            return None
        table = "listing" if listing and kind in (None, "technology") else _KIND_LEANS[kind or "technology"]
        groups = [(f"type:{table}",), *self._narrowed(asked, sector=True)]
        if table == "listing" and not listing:
            groups.append((f"kind:{kind}",))
        return Finding("count", count=len(self._keys(groups)), scope=(("listing" if listing else kind or "listing"), *self._scope(asked)))

    def _listed(self, asked: Understanding) -> Finding | None:
        """Everything of a kind that the facets leave, when the question has no other words."""
        kinds = asked.facets.values("kind")
        sector = self._only_sector(asked)
        if (asked.content and not sector) or (asked.wants_figures and "list" not in asked.aspects):
            return None
        narrowed = self._narrowed(asked, sector=bool(sector))
        if self._wants_partners(asked) or "organisation" in kinds:
            return self._organisations(asked, narrowed)
        if "event" in kinds and (narrowed or asked.facets.values("year")) and not asked.named("event"):
            return self._events(asked, narrowed)
        listing_kinds = [kind for kind in kinds if _KIND_LEANS.get(kind) == "listing"]
        if (listing_kinds or sector) and narrowed and not asked.named("organisation", "person", "event", "programme", "metric"):
            return self._listings(asked, narrowed, listing_kinds)
        return None

    def _wants_partners(self, asked: Understanding) -> bool:
        words = asked.facets.folded
        partner = "partner" in words or "伙伴" in words
        return partner and not asked.named("event", "programme") or "wipo_green_partner" in asked.facets.values("role")

    def _organisations(self, asked: Understanding, narrowed: Sequence[tuple[str, ...]]) -> Finding | None:
        named = [key for key in asked.named("organisation") if key not in ("organisation/wipo-green", "organisation/wipo")]
        roles = [role for role in asked.facets.values("role") if role not in ("provider", "network", "partner_other")]
        if self._wants_partners(asked):
            roles = ["wipo_green_partner"]
        if named or not (roles or asked.facets.places):
            return None
        groups = [("type:organisation",), *[group for group in narrowed if not group[0].startswith("stage")]]
        if roles:
            groups.append(tuple(f"role:{role}" for role in roles))
        keys = self._keys(groups)
        if not keys:
            return Finding("silence", scope=self._scope(asked), confidence=0.0)
        return Finding("organisations", self._fetch(keys), scope=self._scope(asked), count=len(keys))

    def _events(self, asked: Understanding, narrowed: Sequence[tuple[str, ...]]) -> Finding | None:
        groups = [("type:event",), *[group for group in narrowed if not group[0].startswith(("stage", "sector"))]]
        for key in asked.named("organisation"):
            groups.append((f"organisation:{split_key(key)[1]}",))
        events = [event for event in self._fetch(self._keys(groups)) if isinstance(event, Event)]
        month = _first(value for value in asked.facets.values("year") if "-" in value)
        if month:
            events = [event for event in events if event.start and event.start.startswith(month)]
        if not events:
            return Finding("silence", scope=self._scope(asked), confidence=0.0)
        events.sort(key=lambda event: event.start or "", reverse=True)
        route = "events" if len(events) > 1 else "event"
        return Finding(route, tuple(events), scope=self._scope(asked), count=len(events))

    def _listings(self, asked: Understanding, narrowed: Sequence[tuple[str, ...]], kinds: Sequence[str]) -> Finding:
        groups = [("type:listing",), *[group for group in narrowed if not group[0].startswith("year")]]
        if kinds and kinds != ["technology"]:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        keys = self._keys(groups)
        if not keys:
            return Finding("silence", scope=self._scope(asked), confidence=0.0)
        found = self.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=SHOWN)
        shown = [hit.key for hit in found.hits] or keys[:SHOWN]
        return Finding("listings", self._fetch(shown), {hit.key: hit.score for hit in found.hits}, self._scope(asked), len(keys))

    def _narrowed(self, asked: Understanding, *, sector: bool = False) -> list[tuple[str, ...]]:
        """Facet groups for the places, stages, years and, if told, sectors of a question."""
        groups: list[tuple[str, ...]] = []
        countries, cities = asked.facets.values("country"), asked.facets.values("city")
        spans = {(m.start, m.end) for m in asked.facets.mentions if m.facet == "country"}
        # A city state is a country and a city under one name: the country is the wider reading.
        cities = [m.value for m in asked.facets.mentions if m.facet == "city" and (m.start, m.end) not in spans and m.value in cities]
        if cities:
            groups.append(tuple(f"city:{city.replace(' ', '_')}" for city in dict.fromkeys(cities)))
        elif countries:
            groups.append(tuple(f"country:{code}" for code in countries))
        for facet in ("stage", "sector") if sector else ("stage",):
            if values := asked.facets.values(facet):
                groups.append(tuple(f"{facet}:{value}" for value in values))
        if years := asked.facets.values("year"):
            groups.append(tuple(f"year:{year[:4]}" for year in years))
        return groups

    def _scope(self, asked: Understanding) -> tuple[str, ...]:
        lang = asked.base
        words = [self.vocabulary.place(place, lang) for place in asked.facets.values("country") or asked.facets.values("city")]
        words += [self.vocabulary.label("sectors", value, lang) or value for value in asked.facets.values("sector") if self._only_sector(asked)]
        stages = asked.facets.values("stage")
        words += [m.words for m in asked.facets.mentions if m.facet == "stage" and m.value == stages[0]]
        return tuple(dict.fromkeys([*words, *asked.facets.values("year")]))

    def _only_sector(self, asked: Understanding) -> str | None:
        """The sector, when its name is all that is left to search for: "water technologies", not "污水处理技术"."""
        for mention in asked.facets.mentions:
            if mention.facet == "sector" and "".join(asked.content) in (mention.words, mention.words.replace(" ", "")):
                return mention.value
        return None

    # --- looked up by name ------------------------------------------------------------------------------------------

    def _at_event(self, asked: Understanding) -> Finding | None:
        """People of a named event: all of them, or those whose part fits the question's other words."""
        event = _first(self._fetch(asked.named("event")[:1]))
        people = asked.aspects & {"who"} or "person" in asked.facets.values("kind")
        if not isinstance(event, Event) or not people or asked.aspects & {"organiser", "eligibility", "contact", "attendance"}:
            return None
        if asked.named("person"):
            return None
        groups = [("type:person",), (f"event:{event.id}",)]
        for key in asked.named("organisation"):
            group = (f"organisation:{split_key(key)[1]}",)
            groups = [*groups, group] if self._keys([*groups, group]) else groups
        keys = self._keys(groups)
        if not keys:
            return Finding("event", (event,))
        found = self.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=len(keys))
        scores = {hit.key: hit.score for hit in found.hits}
        specific = asked.content or asked.aspects & {"said"}
        kept = [hit.key for hit in found.hits if hit.score >= found.hits[0].score - 2.0] if specific else list(scores)
        return Finding("people", self._fetch(kept[: 3 if specific else 12]), scores, event=event)

    def _named(self, asked: Understanding) -> Finding | None:
        """The card of what is named, when nothing else is asked that would need a search."""
        if asked.content or asked.aspects & (FIGURE_ASPECTS - {"attendance"}):
            return None
        people = asked.named("person")
        exact = [match for match in asked.names if len([k for k in match.keys if k.startswith("person/")]) > 1]
        if exact and not asked.named("event"):
            return Finding("choice", choices=self._fetch([k for k in exact[0].keys if k.startswith("person/")]), scope=(exact[0].name,))
        if people:
            event = _first(self._fetch(asked.named("event")[:1]))
            return Finding("person", self._fetch(people[:1]), event=event if isinstance(event, Event) else None)
        kinds = ["organisation", "event", "programme", "metric"]
        if asked.aspects & {"cost", "join", "eligibility", "results"}:
            kinds = ["programme", "event", "organisation", "metric"]
        if asked.aspects & {"when", "where", "organiser", "agenda"} and asked.named("event"):
            kinds = ["event"]
        # A longer name says more precisely what is meant.
        matches = sorted(asked.names, key=lambda match: match.start - match.end)
        for kind in kinds:
            for match in matches:
                keys = [key for key in match.keys if key.startswith(f"{kind}/")]
                if keys and not (kind != "event" and asked.aspects & {"when", "said", "results", "conflict", "organiser"}):
                    return Finding(kind, self._fetch(keys[:1]))
        listings = asked.named("listing")
        if listings and not asked.named("organisation", "programme", "event"):
            return Finding("listings", self._fetch(listings[:SHOWN]), count=len(listings))
        return None

    # --- searched for -----------------------------------------------------------------------------------------------

    def _searched(self, asked: Understanding) -> Finding:
        """The best of all kinds; what the question is after tips the scales between them."""
        found = self.retriever.find(Query(asked.text, asked.lang), k=_DEPTH)
        if asked.wants_figures:
            metric = self._metric(asked)
            if metric is not None:
                return metric
        ranked = self._leaned(asked, found)
        if not ranked:
            return Finding("silence", confidence=found.confidence)
        top = ranked[0]
        if not self._believed(asked, top, found):
            return Finding("silence", scope=(), confidence=found.confidence)
        if top.kind == "listing":
            return self._searched_listings(asked)
        if top.kind == "metric":
            return self._told_metric(asked, top)
        records = self._fetch([hit.key for hit in ranked[:1]])
        scores = {hit.key: hit.score for hit in ranked}
        if top.kind == "person":
            close = [hit.key for hit in ranked if hit.kind == "person" and hit.score >= top.score - 1.0]
            records = self._fetch(close[:3])
            return Finding("person" if len(records) == 1 else "people", records, scores)
        return Finding(top.kind, records, scores, confidence=found.confidence)

    def _leaned(self, asked: Understanding, found: Found) -> list[Hit]:
        """The hits with what the question is after added to their scores; named records that were not among them come too."""
        named = set(asked.named("person", "organisation", "event", "programme", "listing", "metric"))
        about = {key for name in named for key in self._about(name)}
        leans: dict[str, float] = {}
        for aspect in asked.aspects:
            for kind, weight in _LEANS.get(aspect, {}).items():
                leans[kind] = max(leans.get(kind, 0.0), weight)
        for facet in asked.facets.values("kind"):
            kind = _KIND_LEANS.get(facet)
            if kind:
                leans[kind] = max(leans.get(kind, 0.0), KIND_BONUS)
        if not asked.aspects & set(_LEANS) and not named:
            leans["listing"] = max(leans.get("listing", 0.0), KIND_BONUS)
        hits = [
            replace(
                hit,
                score=hit.score
                + leans.get(hit.kind, 0.0)
                + (NAME_BONUS if hit.key in named else 0.0)
                + (ABOUT_BONUS if hit.key in about else 0.0),
            )
            for hit in found.hits
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.key))

    def _believed(self, asked: Understanding, top: Hit, found: Found) -> bool:
        floor = self.retriever.index.floor
        return floor.passes(top.evidence) or (top.key in asked.named(top.kind) and not asked.content)

    def _searched_listings(self, asked: Understanding) -> Finding:
        """Listings for a problem, within the places and stages that were asked for."""
        kinds = [kind for kind in asked.facets.values("kind") if kind in ("need", "expert")]
        groups = [("type:listing",), *[group for group in self._narrowed(asked) if not group[0].startswith("year")]]
        if kinds:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        text = self._without_places(asked)
        found = self.retriever.find(Query(text, asked.base, tuple(groups)), k=12)
        floor = self.retriever.index.floor
        kept = [hit for hit in found.hits if floor.passes(hit.evidence) and hit.score >= found.hits[0].score - 3.5][:SHOWN]
        if kept:
            return Finding("listings", self._fetch([hit.key for hit in kept]), {hit.key: hit.score for hit in kept}, self._scope(asked))
        if len(groups) > 1:
            wide = self.retriever.find(Query(text, asked.base, (("type:listing",),)), k=3)
            near = self._fetch([hit.key for hit in wide.hits if floor.passes(hit.evidence)])
            return Finding("silence", scope=self._scope(asked), choices=near, confidence=found.confidence)
        return Finding("silence", confidence=found.confidence)

    def _without_places(self, asked: Understanding) -> str:
        """The text without the words that already narrow: they would pull towards records that merely name the place."""
        if not asked.facets.places and not asked.facets.values("stage"):
            return asked.text
        return " ".join(asked.facets.without("country", "city", "stage").split()) or asked.text

    # --- figures ----------------------------------------------------------------------------------------------------

    def _metric(self, asked: Understanding) -> Finding | None:
        """The metric a question asks for, if one measures this, of this place."""
        found = self.retriever.find(Query(asked.text, asked.lang, (("type:metric",),)), k=12)
        ranked = [hit for hit in found.hits if self._of_place(asked, hit.key)]
        if not ranked:
            return None
        ranked.sort(key=lambda hit: -(hit.score - self._unasked_place(asked, hit.key)))
        top = ranked[0]
        return self._told_metric(asked, top) if self.retriever.index.floor.passes(top.evidence) else None

    def _told_metric(self, asked: Understanding, hit: Hit) -> Finding:
        at = _first(asked.facets.values("year"))
        event = _first(self._fetch(asked.named("event")[:1]))
        return Finding(
            "metric", self._fetch([hit.key]), {hit.key: hit.score}, at=at, event=event if isinstance(event, Event) else None
        )

    def _of_place(self, asked: Understanding, key: str) -> bool:
        """Whether a metric is about every place the question names (China covers its cities' and regions' metrics only by name)."""
        places, words = self._measured[key]
        wanted = set(asked.facets.values("country")) | set(asked.facets.values("city"))
        if not wanted:
            return True
        return any(place in places or self._named_in(place, words) for place in wanted)

    def _named_in(self, place: str, words: str) -> bool:
        return any(fold(self.vocabulary.place(place, lang)) in words for lang in ("en", "zh"))

    def _unasked_place(self, asked: Understanding, key: str) -> float:
        """A malus for metrics about a place when no place was asked for."""
        places, _ = self._measured[key]
        return 2.0 if places and not asked.facets.places else 0.0

    @cached_property
    def _measured(self) -> dict[str, tuple[set[str], str]]:
        measured: dict[str, tuple[set[str], str]] = {}
        for figure in self.kb.all(Statistic):
            places, words = measured.get(f"metric/{figure.metric}", (set(), ""))
            if figure.place:
                places = places | {figure.place}
            said = [words, figure.scope_en or "", figure.scope_zh or "", figure.metric.replace("_", " ")]
            measured[f"metric/{figure.metric}"] = (places, fold(" ".join(said)))
        for key in self.retriever.index.keys:
            if key.startswith("metric/"):
                measured.setdefault(key, (set(), ""))
        return measured

    # --- helpers over the index and the database --------------------------------------------------------------------

    def _keys(self, groups: Sequence[tuple[str, ...]]) -> list[str]:
        index = self.retriever.index
        return list(dict.fromkeys(index.keys[number] for number in index.allowed(groups).tolist()))

    def _about(self, key: str) -> list[str]:
        index = self.retriever.index
        numbers = index.facets.get(f"about:{key}")
        return [] if numbers is None else [index.keys[number] for number in numbers.tolist()]

    def _fetch(self, keys: Sequence[str]) -> tuple[Record, ...]:
        return tuple(self.kb.fetch(keys))


def _first(items: Iterable[T]) -> T | None:
    return next(iter(items), None)
