"""Listed by facets: everything of a kind in a place, sector, stage or year, when no other words are left to search for."""

from __future__ import annotations

from collections.abc import Sequence

from bot.finding.shelf import GENERIC, SHOWN, TABLES, Finding, Groups, Shelf, first
from bot.understand import Understanding
from knowledge.records import Event, split_key
from retrieval.language import fold
from retrieval.retriever import Query

_OF_EVENTS = frozenset(
    {"organiser", "host", "supporter", "network", "provider", "wipo_green_partner"}
)  # roles that bodies have in events


class Listed:
    """Answers that are lists or bare places."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def listed(self, asked: Understanding) -> Finding | None:
        """Everything of a kind that the facets leave, when the question has no other words."""
        kinds = asked.facets.values("kind")
        sector = self.shelf.only_sector(asked)
        if "event" in kinds and "list" in asked.aspects and self._hosts(asked):
            return self._events_of(asked)
        if asked.topic and self._wants_partners(asked) and "event" not in kinds:
            return self._fitting_partner(asked)
        if (asked.topic and not sector) or asked.wants_figures:
            return None
        if asked.aspects & {"join", "eligibility", "cost", "results", "said", "conflict", "trend"}:
            return None
        narrowed = self.shelf.narrowed(asked, sector=bool(sector))
        if (self._wants_partners(asked) or "organisation" in kinds) and "event" not in kinds:
            return self._organisations(asked, narrowed)
        people = "person" in kinds or "who" in asked.aspects or set(asked.facets.values("role")) - _OF_EVENTS
        listed = "event" in kinds and not people and not asked.named("event")
        if listed and (narrowed or asked.facets.values("year")):
            return self._events(asked, narrowed)
        listing_kinds = [kind for kind in kinds if TABLES.get(kind) == "listing"]
        others = [kind for kind in listing_kinds if kind not in ("technology", "listing")]
        if set(kinds) - set(listing_kinds):
            return None  # a project in farming is no technology
        if (listing_kinds or sector) and (narrowed or others) and not self.shelf.named_keys(asked):
            return self._listings(asked, narrowed, others)
        return None

    def _wants_partners(self, asked: Understanding) -> bool:
        words = asked.facets.folded
        partner = "partner" in words or "伙伴" in words
        return partner or "wipo_green_partner" in asked.facets.values("role")

    def _fitting_partner(self, asked: Understanding) -> Finding | None:
        """The partner that a description fits: "the home appliance brand among the partners"."""
        if asked.aspects & {"join", "eligibility", "cost", "results", "how_many", "when"} or self.shelf.named_keys(asked):
            return None
        if not all(self.shelf.retriever.knows(word) for word in asked.topic):
            return Finding("silence", confidence=0.0)  # "is … a partner?" of somebody nothing here speaks of
        groups = (("type:organisation",), ("role:wipo_green_partner",), *self.shelf.narrowed(asked))
        hits = self.shelf.retriever.find(Query(asked.text, asked.lang, groups), k=2).hits
        clear = len(hits) == 1 or (len(hits) == 2 and hits[0].score >= hits[1].score + 1.0)
        return Finding("organisation", self.shelf.fetch([hits[0].key])) if clear else None

    def _organisations(self, asked: Understanding, narrowed: Groups) -> Finding | None:
        named = [key for key in self.shelf.named_keys(asked) if not key.startswith("listing/")]
        roles = [role for role in asked.facets.values("role") if role not in ("provider", "network", "partner_other")]
        if self._wants_partners(asked):
            roles = ["wipo_green_partner"]
        if named or not (roles or asked.facets.places) or asked.facets.values("year"):
            return None
        groups = [("type:organisation",), *[group for group in narrowed if not group[0].startswith("stage")]]
        if roles:
            groups.append(tuple(f"role:{role}" for role in roles))
        keys = self.shelf.keys(groups)
        if not keys:
            return Finding("silence", scope=self.shelf.scope(asked), confidence=0.0)
        return Finding("organisations", self.shelf.fetch(keys), scope=self.shelf.scope(asked), count=len(keys))

    def _events(self, asked: Understanding, narrowed: Groups) -> Finding | None:
        groups = [("type:event",), *[group for group in narrowed if not group[0].startswith(("stage", "sector"))]]
        bodies = [key for key in asked.named("organisation") if key not in GENERIC]
        groups += [(f"organisation:{split_key(key)[1]}",) for key in bodies]
        events = [event for event in self.shelf.fetch(self.shelf.keys(groups)) if isinstance(event, Event)]
        month = first(value for value in asked.facets.values("year") if "-" in value)
        if month:
            events = [event for event in events if event.start and event.start.startswith(month)]
        if not events:
            # A region is also what an event may be about, wherever it was held, and a body may have been there as a guest.
            about = self.shelf.vocabulary.regions.keys() & set(asked.facets.values("country"))
            return None if about or bodies else Finding("silence", scope=self.shelf.scope(asked), confidence=0.0)
        events.sort(key=lambda event: event.start or "", reverse=True)
        # A roundtable is an event; one that is called so is what was asked for.
        plain = {fold(name) for name in self.shelf.vocabulary.kinds["event"].names.values()}
        words = [m.words.removesuffix("s") for m in asked.facets.mentions if (m.facet, m.value) == ("kind", "event")]
        called = [word for word in words if word not in plain]
        names = {event.id: fold(f"{event.name_en} {event.name_zh}") for event in events}
        events.sort(key=lambda event: not any(word in names[event.id] for word in called))
        route = "events" if len(events) > 1 else "event"
        return Finding(route, tuple(events), scope=self.shelf.scope(asked), count=len(events))

    def _hosts(self, asked: Understanding) -> list[str]:
        named = asked.named("organisation", "programme")
        return [] if asked.named("event") else [key for key in named if key not in GENERIC]

    def _events_of(self, asked: Understanding) -> Finding | None:
        """Events of a named programme or body: those that say so, and those that speak of it."""
        found = self.shelf.retriever.find(Query(asked.text, asked.lang, (("type:event",), *self.shelf.narrowed(asked))), k=8)
        kept = [hit for hit in found.hits if hit.score >= found.hits[0].score - 2.5]
        events = self.shelf.fetch([hit.key for hit in kept])
        scores = {hit.key: hit.score for hit in kept}
        return Finding("events" if len(events) > 1 else "event", events, scores, self.shelf.scope(asked)) if events else None

    def _listings(self, asked: Understanding, narrowed: Groups, kinds: Sequence[str]) -> Finding:
        groups = [("type:listing",), *[group for group in narrowed if not group[0].startswith("year")]]
        if kinds:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        keys = self.shelf.keys(groups)
        if not keys:
            return Finding("silence", scope=self.shelf.scope(asked), confidence=0.0)
        # Nothing but facets was said, so every one fits alike: the order is the same in each language.
        page = keys[asked.skip : asked.skip + SHOWN]
        return Finding(
            "listings",
            self.shelf.fetch(page),
            scope=self.shelf.scope(asked),
            count=len(keys),
            found=tuple(keys),
            skip=asked.skip,
        )

    def place(self, asked: Understanding) -> Finding | None:
        """A bare place name: what there is on it."""
        bare = not (asked.content or self.shelf.named_keys(asked) or asked.facets.values("kind"))
        if asked.singles and self.shelf.vocabulary.regions.keys() & set(asked.facets.values("country")):
            return None  # 亚洲杯 is no place
        some = asked.facets.places or asked.facets.values("year")
        if not bare or not some or asked.aspects - {"results", "what", "list"}:
            return None
        narrowed = self.shelf.narrowed(asked)
        if asked.facets.values("year"):
            return self._events(asked, narrowed)
        for table, route in (("event", "events"), ("listing", "listings"), ("organisation", "organisations")):
            keys = self.shelf.keys([(f"type:{table}",), *narrowed])
            if keys:
                route = "event" if route == "events" and len(keys) == 1 else route
                page = self.shelf.fetch(keys[asked.skip : asked.skip + SHOWN])
                found = tuple(keys) if len(keys) > 1 else ()
                return Finding(
                    route, page, scope=self.shelf.scope(asked), count=len(keys), found=found, skip=asked.skip if found else 0
                )
        return Finding("silence", scope=self.shelf.scope(asked), confidence=0.0)
