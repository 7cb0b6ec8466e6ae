"""Finding what an answer is made of: listed by facets, looked up by name, or searched for – in that order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from bot.understand import Understanding
from knowledge.dates import PartialDate
from knowledge.records import LANGUAGES, Event, Record, Statistic, split_key
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import Vocabulary, load
from retrieval.documents import Related, document, related
from retrieval.language import fold
from retrieval.names import NameMatch
from retrieval.retriever import Found, Hit, HybridRetriever, Query

T = TypeVar("T")

SHOWN = 5
NAME_BONUS, GENERIC_BONUS, ABOUT_BONUS, KIND_BONUS = 3.0, 0.5, 1.0, 1.5
ARTICLE_BONUS = 0.5  # an article was written to answer
FIGURE_MALUS = 3.0  # a figure is seldom what is wanted when none was asked for
_DEPTH = 40
# A record must be this relevant to be shown: its cosine, plus shares of the question's words it has (see _relevance). Chosen on
# the tuning journeys: most questions near the field that nothing answers fall below, hardly any that something answers.
RELEVANT = 0.42
_SAME_SUBJECT = 0.7  # metrics this close are asked for together: applications and registrations
_ELSEWHERE = 6.0
_CLOSE = 0.5  # a cosine that speaks for itself, whatever the words
# Everything here is about these; naming them says little about what is asked.
GENERIC = frozenset({"organisation/wipo", "organisation/wipo-green", "programme/wipo-green", "programme/wipo-green-database"})
_PLAIN = frozenset({"what", "contact", "website", "cost", "join", "eligibility"})
# What a card of a kind can answer by itself; anything else needs a search.
_CARD_ANSWERS = {
    "organisation": frozenset({"what", "who", "contact", "website", "where", "list"}),
    "programme": frozenset({"what", "contact", "website", "cost", "join", "eligibility", "list"}),
    "event": frozenset({"what", "who", "when", "where", "organiser", "attendance", "agenda", "results", "contact", "list", "said"}),
    "metric": frozenset({"what", "how_many", "rank", "share", "trend", "latest", "list", "when"}),
}

# What a question is after, and the kinds of record that can say it.
_LEANS: Mapping[str, Mapping[str, float]] = {
    "how_many": {"metric": 3.0, "article": 0.5},
    "rank": {"metric": 3.0, "article": 0.5},
    "share": {"metric": 3.0},
    "trend": {"metric": 2.5},
    "conflict": {"metric": 2.0, "article": 1.5},
    "attendance": {"metric": 2.0, "event": 2.0},
    "who": {"person": 2.0, "article": 0.5},
    "said": {"person": 1.0, "article": 1.5},
    "when": {"event": 1.0, "article": 1.0, "metric": 1.0},
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
    "listing": "listing", "technology": "listing", "need": "listing", "expert": "listing", "organisation": "organisation", "person": "person",
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
        for rule in (self._counted, self._dated, self._listed, self._people, self._bodies_at_event, self._named, self._place):
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
        listing = "listing" in asked.facets.values("kind")
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
        if (asked.topic and not sector) or (asked.wants_figures and "list" not in asked.aspects):
            return None
        if asked.aspects & {"join", "eligibility", "cost", "results", "said", "conflict", "trend"}:
            return None
        narrowed = self._narrowed(asked, sector=bool(sector))
        if self._wants_partners(asked) or "organisation" in kinds:
            return self._organisations(asked, narrowed)
        if "event" in kinds and (narrowed or asked.facets.values("year")) and not asked.named("event"):
            return self._events(asked, narrowed)
        listing_kinds = [kind for kind in kinds if _KIND_LEANS.get(kind) == "listing"]
        others = [kind for kind in listing_kinds if kind not in ("technology", "listing")]
        if (listing_kinds or sector) and (narrowed or others) and not self._named_keys(asked):
            return self._listings(asked, narrowed, others)
        return None

    def _wants_partners(self, asked: Understanding) -> bool:
        words = asked.facets.folded
        partner = "partner" in words or "伙伴" in words
        return partner or "wipo_green_partner" in asked.facets.values("role")

    def _organisations(self, asked: Understanding, narrowed: Sequence[tuple[str, ...]]) -> Finding | None:
        named = [key for key in self._named_keys(asked) if not key.startswith("listing/")]
        roles = [role for role in asked.facets.values("role") if role not in ("provider", "network", "partner_other")]
        if self._wants_partners(asked):
            roles = ["wipo_green_partner"]
        if named or not (roles or asked.facets.places) or asked.facets.values("year"):
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
        if kinds:
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

    def _dated(self, asked: Understanding) -> Finding | None:
        """A figure of a given time: "WIPO GREEN partners in July 2022"."""
        if not asked.facets.values("year") or {"event", "person"} & set(asked.facets.values("kind")) or asked.named("event"):
            return None
        if "who" in asked.aspects or any(key.startswith("programme/") for key in self._named_keys(asked)):
            return None
        hits = self._metrics(asked)
        hit = _first(hits)
        if hit is None or not self.retriever.index.floor.passes(hit.evidence):
            return None
        metric = self._told_metric(asked, *hits)
        asked_for = PartialDate.parse(metric.at or "")
        figures = self.kb.all(Statistic, metric=metric.records[0].id)
        then = any(one.as_of and asked_for.covers(PartialDate.parse(one.as_of)) for one in figures)
        best = self.retriever.find(Query(asked.text, asked.lang), k=1).hits
        close = bool(best) and hit.score >= best[0].score - 1.5 and hit.evidence.dense >= 0.4
        return metric if then and close else None

    def _people(self, asked: Understanding) -> Finding | None:
        """People of a named event or organisation: all of them, or those whose part fits the question's other words."""
        wanted = "who" in asked.aspects or "person" in asked.facets.values("kind")
        if not wanted or asked.named("person") or asked.aspects & {"organiser", "eligibility", "contact", "attendance"}:
            return None
        event = self._event_meant(asked)
        groups = [("type:person",), *([(f"event:{event.id}",)] if event else [])]
        if set(asked.facets.values("role")) - {"organiser", "host", "supporter", "network"}:
            return None
        # "who is BCAA" asks about the body, "who spoke for BCAA" about its people.
        specific = bool(asked.content) or "what" not in asked.aspects
        titled = any(m.facet == "kind" and m.value == "person" and m.words not in ("who", "谁", "哪位") for m in asked.facets.mentions)
        for key in asked.named("organisation"):
            group = (f"organisation:{split_key(key)[1]}",)
            if (event or titled or (specific and key not in GENERIC)) and self._keys([*groups, group]):
                groups.append(group)
        keys = self._keys(groups) if len(groups) > 1 else []
        if not keys:
            return Finding("event", (event,)) if event and not specific else None
        return self._ranked_people(asked, groups, len(keys), event, specific=specific or titled)

    def _ranked_people(
        self, asked: Understanding, groups: Sequence[tuple[str, ...]], count: int, event: Event | None, *, specific: bool
    ) -> Finding:
        found = self.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=count)
        scores = {hit.key: hit.score for hit in found.hits}
        kept = [hit.key for hit in found.hits if not specific or hit.score >= found.hits[0].score - 2.5]
        records = self._fetch(kept[: 4 if specific else 12])
        return Finding("person" if len(records) == 1 else "people", records, scores, event=event)

    def _bodies_at_event(self, asked: Understanding) -> Finding | None:
        """Organisations that took part in an event: "which court was there?"."""
        roles = [role for role in asked.facets.values("role") if role not in ("organiser", "host", "supporter")]
        if not roles and "organisation" not in asked.facets.values("kind") and not _asks_for_a_body(asked):
            return None
        event = self._event_meant(asked)
        if event is None or asked.aspects & {"organiser", "contact", "eligibility", "results"}:
            return None
        groups = [("type:organisation",), (f"event:{event.id}",)]
        by_role = [*groups, tuple(f"role:{role}" for role in roles)]
        keys = self._keys(by_role) if roles else []
        if keys:
            return Finding("organisations", self._fetch(keys[:8]), scope=(event.name(asked.base),), count=len(keys))
        found = self.retriever.find(Query(asked.text, asked.lang, tuple(groups)), k=8)
        kept = [hit.key for hit in found.hits if not asked.content or hit.score >= found.hits[0].score - 1.5]
        return Finding("organisations", self._fetch(kept), scope=(event.name(asked.base),)) if kept else None

    def _event_meant(self, asked: Understanding) -> Event | None:
        """The event named, or the one of its year and place that fits the words best by far."""
        named = _first(self._fetch(asked.named("event")[:1]))
        if isinstance(named, Event):
            return named
        if "event" not in asked.facets.values("kind") or not (asked.facets.values("year") or asked.facets.values("city")):
            return None
        found = self.retriever.find(Query(asked.text, asked.lang, (("type:event",), *self._narrowed(asked))), k=2).hits
        clear = found and (len(found) == 1 or found[0].score >= found[1].score + 1.0)
        best = _first(self._fetch([found[0].key])) if clear else None
        return best if isinstance(best, Event) else None

    def _named_keys(self, asked: Understanding) -> list[str]:
        """What the question names, apart from what everything here is about."""
        keys = asked.named("person", "organisation", "event", "programme", "metric", "listing")
        return [key for key in keys if key not in GENERIC]

    def _named(self, asked: Understanding) -> Finding | None:
        """The card of what is named, when the card itself can answer and no other words are left."""
        reached = asked.aspects & {"contact", "website"} and self._named_keys(asked)
        if asked.content and not reached:
            return None
        several = [match for match in asked.names if len(_people_keys(match)) > 1]
        if several and not asked.named("event"):
            return Finding("choice", choices=self._fetch(_people_keys(several[0])), scope=(several[0].name,))
        people = asked.named("person")
        if people and not asked.wants_figures:
            event = _first(self._fetch(asked.named("event")[:1]))
            return Finding("person", self._fetch(people[:1]), event=event if isinstance(event, Event) else None)
        only_generic = not self._named_keys(asked)
        # A longer name says more precisely what is meant.
        for match in sorted(asked.names, key=lambda match: match.start - match.end):
            for kind in ("event", "programme", "organisation", "metric"):
                keys = [key for key in match.keys if key.startswith(f"{kind}/") and (only_generic or key not in GENERIC)]
                if keys and kind == "organisation" and {"when", "join"} <= asked.aspects and self._since(keys[0]):
                    return Finding(kind, self._fetch(keys[:1]))
                plain = not only_generic or (asked.aspects <= _PLAIN and not asked.facets.values("kind"))
                if keys and plain and asked.aspects <= _CARD_ANSWERS[kind] | {"latest"}:
                    return Finding(kind, self._fetch(keys[:1]))
        listings = asked.named("listing")
        if listings and not asked.named("organisation", "programme", "event") and not asked.wants_figures:
            return Finding("listings", self._fetch(listings[:SHOWN]), count=len(listings))
        return None

    def _since(self, key: str) -> bool:
        return bool(getattr(self.kb.get(key), "partner_since", None))

    def _place(self, asked: Understanding) -> Finding | None:
        """A bare place name: what there is on it."""
        bare = not (asked.content or self._named_keys(asked) or asked.facets.values("kind"))
        if not bare or not asked.facets.places or asked.aspects - {"results", "what", "list"}:
            return None
        narrowed = self._narrowed(asked)
        for table, route in (("event", "events"), ("listing", "listings"), ("organisation", "organisations")):
            keys = self._keys([(f"type:{table}",), *narrowed])
            if keys:
                route = "event" if route == "events" and len(keys) == 1 else route
                return Finding(route, self._fetch(keys[:SHOWN]), scope=self._scope(asked), count=len(keys))
        return Finding("silence", scope=self._scope(asked), confidence=0.0)

    # --- searched for -----------------------------------------------------------------------------------------------

    def _searched(self, asked: Understanding) -> Finding:
        """The best of all kinds; what the question is after tips the scales between them."""
        found = self.retriever.find(Query(asked.text, asked.lang), k=_DEPTH)
        ranked = self._leaned(asked, found)
        top = _first(hit for hit in ranked[:3] if hit.score >= ranked[0].score - 1.0 and self._believed(asked, hit))
        if top is None:
            return Finding("silence", confidence=found.confidence)
        if top.kind == "listing":
            return self._searched_listings(asked)
        if top.kind == "metric":
            close = [hit for hit in ranked if hit.kind == "metric" and hit.score >= top.score - _SAME_SUBJECT]
            return self._told_metric(asked, *close[:3])
        records = self._fetch([top.key])
        scores = {hit.key: hit.score for hit in ranked}
        if top.kind == "person":
            close = [hit.key for hit in ranked if hit.kind == "person" and hit.score >= top.score - 1.0]
            records = self._fetch(close[:3])
            return Finding("person" if len(records) == 1 else "people", records, scores)
        return Finding(top.kind, records, scores, confidence=found.confidence)

    def _leaned(self, asked: Understanding, found: Found) -> list[Hit]:
        """The hits with what the question is after added to their scores; named records that were not among them come too."""
        named = set(asked.named("person", "organisation", "event", "programme", "listing", "metric"))
        about = {key for name in named - GENERIC for key in self._about(name)}
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
        if not asked.wants_figures and "statistic" not in asked.facets.values("kind"):
            leans.setdefault("metric", -FIGURE_MALUS)
        leans["article"] = leans.get("article", 0.0) + ARTICLE_BONUS
        hits = [
            replace(
                hit,
                score=hit.score
                + leans.get(hit.kind, 0.0)
                + (GENERIC_BONUS if hit.key in GENERIC else NAME_BONUS) * (hit.key in named)
                + (ABOUT_BONUS if hit.key in about else 0.0)
                - (self._misplaced(asked, hit.key) if hit.kind == "metric" else 0.0),
            )
            for hit in found.hits
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.key))

    def _believed(self, asked: Understanding, top: Hit) -> bool:
        """Whether the best record answers: it must be about what the question's own words are about.

        A record that is named still has to say something on the rest; a record that has every word may sound unlike the field.
        """
        share = self._shared(asked, top)
        if asked.topic and not share and top.evidence.dense < _CLOSE:
            return False
        if top.key in asked.named(top.kind) and top.key not in GENERIC:
            return True
        if asked.topic and share == 1.0 and top.evidence.coverage >= 0.5:
            return True
        return self.retriever.index.floor.passes(top.evidence) and self._relevance(top, share) >= RELEVANT

    def _shared(self, asked: Understanding, hit: Hit) -> float:
        """The share of the question's own words that a record has, in either language."""
        words = asked.topic or asked.content
        if not words:
            return 1.0
        record = self.kb.get(hit.key)
        texts = [document(record, lang, self._related).text for lang in LANGUAGES]
        return min(1.0, len(self.retriever.matched(" ".join(words), texts)) / len(words))

    @staticmethod
    def _relevance(hit: Hit, share: float) -> float:
        return hit.evidence.dense + 0.4 * hit.evidence.coverage + 0.3 * share

    @cached_property
    def _related(self) -> Related:
        return related(self.kb)

    def _searched_listings(self, asked: Understanding) -> Finding:
        """Listings for a problem, within the places and stages that were asked for."""
        kinds = [kind for kind in asked.facets.values("kind") if kind in ("need", "expert")]
        groups = [("type:listing",), *[group for group in self._narrowed(asked) if not group[0].startswith("year")]]
        if kinds:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        text = self._without_places(asked)
        found = self.retriever.find(Query(text, asked.base, tuple(groups)), k=12)
        floor = self.retriever.index.floor
        strict = not groups[1:]
        kept = [
            hit
            for hit in found.hits
            if hit.score >= found.hits[0].score - 3.5 and floor.passes(hit.evidence) and (not strict or self._relevance(hit, self._shared(asked, hit)) >= RELEVANT)
        ][:SHOWN]
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

    def _metrics(self, asked: Understanding) -> list[Hit]:
        """The metrics that fit a question best, if any measures this, of this place."""
        found = self.retriever.find(Query(asked.text, asked.lang, (("type:metric",),)), k=12)
        placed = [replace(hit, score=hit.score - self._misplaced(asked, hit.key)) for hit in found.hits]
        ranked = sorted(placed, key=lambda hit: -hit.score)
        top = ranked[0].score if ranked and self._misplaced(asked, ranked[0].key) < _ELSEWHERE else float("inf")
        return [hit for hit in ranked if hit.score >= top - _SAME_SUBJECT][:3]

    def _told_metric(self, asked: Understanding, *hits: Hit) -> Finding:
        at = _first(asked.facets.values("year"))
        named = [key for key in self._named_keys(asked) if not key.startswith(("metric/", "listing/"))]
        scores = {hit.key: hit.score for hit in hits}
        return Finding("metric", self._fetch(list(scores)), scores, at=at, choices=self._fetch(named[:1]))

    def _of_place(self, asked: Understanding, key: str) -> bool:
        """Whether a metric is about every place the question names (China covers its cities' and regions' metrics only by name)."""
        places, words = self._measured[key]
        wanted = set(asked.facets.values("country")) | set(asked.facets.values("city"))
        if not wanted:
            return True
        return any(place in places or self._named_in(place, words) for place in wanted)

    def _named_in(self, place: str, words: str) -> bool:
        return any(fold(self.vocabulary.place(place, lang)) in words for lang in ("en", "zh"))

    def _misplaced(self, asked: Understanding, key: str) -> float:
        """A malus for metrics about another place than the one asked for, or about one when none was."""
        if not self._of_place(asked, key):
            return _ELSEWHERE
        return 2.0 if self._measured[key][0] and not asked.facets.places else 0.0

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


def _people_keys(match: NameMatch) -> list[str]:
    return [key for key in match.keys if key.startswith("person/")]


def _asks_for_a_body(asked: Understanding) -> bool:
    return any(word in asked.facets.folded for word in ("court", "法院", "检察院", "procuratorate"))
