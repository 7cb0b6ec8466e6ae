"""Searched for: the best of all kinds of record, tipped by what the question is after, and only if it truly fits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.finding.measured import SAME_SUBJECT, Measured
from bot.finding.named import Named
from bot.finding.relevance import Relevance
from bot.finding.shelf import GENERIC, SHOWN, TABLES, Finding, Groups, Shelf, first
from bot.finding.weighing import ORDERED, in_order, weighed
from bot.speech import cues
from bot.understand import NARROWING, Understanding
from knowledge.records import LANGUAGES, Listing
from retrieval.floor import Evidence
from retrieval.language import fold
from retrieval.retriever import Found, Hit, Query

NAME_BONUS, GENERIC_BONUS, ABOUT_BONUS, KIND_BONUS = 3.0, 0.5, 1.0, 1.5
ARTICLE_BONUS = 0.5  # an article was written to answer
FIGURE_MALUS = 3.0  # a figure is seldom what is wanted when none was asked for
_DEPTH = 40
_LOOKED_AT = 3  # the best finds, of which any may be what was meant
LISTINGS = ("type:listing",)
_KINDS = frozenset({("kind", "need"), ("kind", "expert")})
_NUMBERS = frozenset({"how_many", "attendance", "rank"})
_HARDLY, _SURER = -2.5, 1.0  # log odds from which a figure is believed that lacks no word, and one that lacks the only one
SAME_LISTINGS = 5.0  # listings this near the best are shown with it; one may have been asked for in the words of its problem
_LIKELY = -2.0  # log odds from which listings answer of which one says all that is asked
_FURTHER = -0.5  # log odds from which a listing stands behind those that answer
_NEARLY = 3.5  # those this near need not answer by themselves to stand on the first page
_MOST_LISTINGS = 40  # listings looked at, those of further pages included
_PARTLY = 0.35  # share of a question's words, by weight, from which a listing is named as being near
CLOSE_SCORE = 1.0  # finds this near the best may be told in its place

# What a question is after, and the kinds of record that can say it.
_LEANS: Mapping[str, Mapping[str, float]] = {
    "how_many": {"metric": 3.0, "article": 0.5},
    "rank": {"metric": 3.0, "article": 0.5},
    "share": {"metric": 3.0},
    "trend": {"metric": 2.5},
    "conflict": {"metric": 2.0, "article": 1.5},
    "attendance": {"metric": 2.0, "event": 2.0},
    "who": {"person": 2.5, "article": 0.5},
    "said": {"person": 1.0, "article": 1.5},
    "when": {"event": 1.0, "article": 1.0, "metric": 1.0},
    "where": {"event": 1.0, "article": 0.5},
    "organiser": {"event": 1.5, "article": 0.5},
    "agenda": {"event": 1.0, "article": 1.0},
    "results": {"event": 0.5, "article": 1.0},
    "cost": {"programme": 1.0, "article": 2.5},
    "join": {"programme": 1.0, "article": 2.5},
    "eligibility": {"programme": 1.0, "article": 2.5},
    "what": {"article": 0.7, "programme": 0.7},
    "contact": {"organisation": 1.5, "person": 0.5, "article": 0.5},
}


class Searched:
    """Answers found by words and meaning."""

    def __init__(self, shelf: Shelf, relevance: Relevance, measured: Measured, named: Named) -> None:
        self.shelf = shelf
        self.relevance = relevance
        self.measured = measured
        self.named = named

    def searched(self, asked: Understanding) -> Finding:
        """The best of all kinds; what the question is after tips the scales between them."""
        if self._nowhere(asked) or any(cues(lang)["insides"].search(fold(asked.text)) for lang in LANGUAGES):
            return Finding("silence", scope=self.shelf.scope(asked), confidence=0.0)
        found, ranked = self.found(asked)
        barred = bool(ranked) and self._barred(asked, ranked[0]) and self.relevance.sure(asked, ranked[0]) >= 0
        close = [hit for hit in ranked[:_LOOKED_AT] if barred or hit.score >= ranked[0].score - CLOSE_SCORE]
        told = (self._told(asked, found, ranked, hit) for hit in close if self._believed(asked, hit))
        silences: list[Finding] = []
        for finding in told:
            if finding.route != "silence":
                return replace(finding, sure=self._sure_behind(asked, ranked, finding))
            silences.append(finding)  # listings that do not answer, where the next may
        return first(silences) or Finding("silence", confidence=found.confidence)

    def _sure_behind(self, asked: Understanding, ranked: Sequence[Hit], finding: Finding) -> tuple[str, ...]:
        """The best finds beside those of a finding that would be answers themselves; figures only where they were asked for."""
        shown = [record.key for record in finding.records]
        # Whose name is in the question is who is meant; what an article is about stands with it.
        if finding.route in ("listings", "article") or set(shown) & set(asked.named("person")):
            return ()
        others = (hit for hit in ranked[:_LOOKED_AT] if hit.key not in shown and (hit.kind != "metric" or asked.wants_figures))
        return tuple(hit.key for hit in others if self._believed(asked, hit) and self.relevance.sure(asked, hit) >= 0)

    def _told(self, asked: Understanding, found: Found, ranked: Sequence[Hit], top: Hit) -> Finding:
        """What a hit is told as: itself, with those of its kind that are as near."""
        if top.kind == "listing":
            return self._searched_listings(asked)
        if top.kind == "metric":
            same = [hit for hit in ranked if hit.kind == "metric" and hit.score >= top.score - SAME_SUBJECT]
            return self.measured.told(asked, *same[:3])
        if top.kind == "organisation" and "who" in asked.aspects and "organiser" not in asked.aspects:
            # Nobody is a body: whoever is nearly as near is meant, or one of its people.
            near = (hit for hit in ranked if hit.kind == "person" and hit.score >= top.score - NAME_BONUS)
            person = first(hit for hit in near if self._believed(asked, hit))
            its_people = None if person else self.named.people_of(asked, top.key)
            if its_people is not None:
                return replace(its_people, beside=self.shelf.fetch([top.key]))
            top = person or top
        records = self.shelf.fetch([top.key])
        scores = {hit.key: hit.score for hit in ranked}
        if top.kind == "person":
            people = [hit.key for hit in ranked if hit.kind == "person" and hit.score >= top.score - 1.0]
            records = self.shelf.fetch(people[:3])
            return Finding("person" if len(records) == 1 else "people", records, scores)
        return Finding(top.kind, records, scores, confidence=found.confidence)

    def found(self, asked: Understanding) -> tuple[Found, list[Hit]]:
        """What the search finds, and the same ranked by what the question is after."""
        found = self.anything(asked)
        return found, in_order(self.relevance, asked, self.leaned(asked, found))

    def anything(self, asked: Understanding) -> Found:
        """The records of all kinds that are nearest."""
        return self.shelf.retriever.find(Query(asked.text, asked.lang), k=_DEPTH)

    def _believed(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a record answers. Listings are believed together, once they are narrowed."""
        if self._barred(asked, hit):
            return False
        return hit.kind == "listing" or self.relevance.sure(asked, hit) >= self._needed(asked, hit)

    def _needed(self, asked: Understanding, hit: Hit) -> float:
        """How sure it has to be that a record answers: a figure that lacks no word of a question for a number is believed more

        easily, one that lacks the only word less.
        """
        if hit.kind != "metric" or not asked.aspects & _NUMBERS:
            return 0.0
        cover = self.relevance.cover(asked, hit.key)
        # Of words of one character many only count: 家, 张.
        met = [met for word, met in zip(cover.words, cover.met, strict=True) if word not in asked.singles]
        return _HARDLY if all(each == 1 for each in met) else _SURER if len(met) == 1 else 0.0

    def _barred(self, asked: Understanding, hit: Hit) -> bool:
        """Whether a number is asked for, and this is a body: what is nearly as near may have it."""
        return hit.kind == "organisation" and bool(asked.aspects & _NUMBERS) and "held" not in asked.aspects

    def _nowhere(self, asked: Understanding) -> bool:
        """Whether the question is about countries that nothing here is from or speaks of."""
        index, countries = self.shelf.retriever.index, asked.facets.values("country")
        told = {language: [self.shelf.vocabulary.place(code, language) for code in countries] for language in LANGUAGES}
        spoken = any(self.shelf.retriever.knows(fold(place)) for places in told.values() for place in places)
        return bool(countries) and not spoken and not any(f"country:{code}" in index.facets for code in countries)

    def leaned(self, asked: Understanding, found: Found) -> list[Hit]:
        """The hits weighed, with what the question is after added to their scores."""
        named = set(asked.named("person", "organisation", "event", "programme", "listing", "metric"))
        about = {key for name in named - GENERIC for key in self.shelf.about(name)}
        leans: dict[str, float] = {}
        for aspect in asked.aspects:
            for kind, weight in _LEANS.get(aspect, {}).items():
                leans[kind] = max(leans.get(kind, 0.0), weight)
        for facet in asked.facets.values("kind"):
            table = TABLES.get(facet)
            if table:
                leans[table] = max(leans.get(table, 0.0), KIND_BONUS)
        if not asked.aspects & set(_LEANS) and not named:
            leans["listing"] = max(leans.get("listing", 0.0), KIND_BONUS)
        if not asked.wants_figures and "statistic" not in asked.facets.values("kind"):
            leans.setdefault("metric", -FIGURE_MALUS)
        leans["article"] = leans.get("article", 0.0) + ARTICLE_BONUS
        met = {hit.key for hit in found.hits}
        missed = [key for key in named - GENERIC if key not in met]
        # A record that is named takes part whatever the words say.
        least = [
            Hit(key, found.hits[0].score - 1.0, asked.base, replace(Evidence(), domain=found.evidence.domain))
            for key in missed
            if found.hits
        ]
        hits = [
            replace(
                hit,
                score=hit.score
                + leans.get(hit.kind, 0.0)
                + (GENERIC_BONUS if hit.key in GENERIC else NAME_BONUS) * (hit.key in named)
                + (ABOUT_BONUS if hit.key in about else 0.0)
                - (self.measured.misplaced(asked, hit.key) if hit.kind == "metric" else 0.0),
            )
            for hit in [*found.hits, *least]
        ]
        return weighed(self.relevance, asked, sorted(hits, key=lambda hit: (-hit.score, hit.key)))

    def listings(self, asked: Understanding) -> tuple[Found, Groups]:
        """The listings nearest to a question within the places and stages it asks for, and what they were narrowed to."""
        found, narrowed = self.within(asked)
        # They come in the order that was learnt; how near they are is another matter, by which a list ends.
        near = {hit.key: hit.score for hit in found.hits}
        placed = in_order(self.relevance, asked, weighed(self.relevance, asked, found.hits))
        return replace(found, hits=[replace(hit, score=near[hit.key]) for hit in placed]), narrowed

    def within(self, asked: Understanding) -> tuple[Found, Groups]:
        """The listings within the places and stages of a question as the search has them, and these."""
        kinds = [kind for kind in asked.facets.values("kind") if kind in ("need", "expert")]
        groups = [LISTINGS, *[group for group in self.shelf.narrowed(asked) if not group[0].startswith("year")]]
        if kinds:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        return self.shelf.retriever.find(Query(asked.unplaced, asked.base, tuple(groups)), k=_MOST_LISTINGS), groups[1:]

    def _searched_listings(self, asked: Understanding) -> Finding:
        """Listings for a problem, within the places and stages that were asked for."""
        found, narrowed = self.listings(asked)
        kept, scope = self._answering(asked, found.hits), self.shelf.scope(asked)
        others: Sequence[Hit] = ()
        if narrowed:
            kept, others = self._within(asked, found.hits, kept)
            if not kept and self._speaks_of_itself(asked):
                wide = self._anywhere(asked, any_kind=True)
                kept, scope = self._answering(wide, self.listings(wide)[0].hits), ()
        if kept:
            return Finding(
                "listings",
                self.shelf.fetch([hit.key for hit in kept[asked.skip : asked.skip + SHOWN]]),
                {hit.key: hit.score for hit in kept},
                scope,
                found=tuple(hit.key for hit in kept),
                skip=asked.skip,
            )
        if narrowed:
            choices = self.shelf.fetch([hit.key for hit in others[:SHOWN]])
            return Finding("silence", scope=scope, choices=choices, confidence=found.confidence)
        best = max((hit.score for hit in found.hits), default=0.0)
        near = [hit for hit in found.hits if hit.score >= best - SAME_LISTINGS]
        return self._near_miss(asked, near, found.confidence)

    def _speaks_of_itself(self, asked: Understanding) -> bool:
        """Whether places, stages and kinds say who asks, or are one of several things that would do: "we have a need for …"."""
        kinds = asked.facets.values("kind")
        narrowing = {"need", "expert"} & set(kinds)
        theirs = asked.here or not asked.facets.places
        return theirs and not asked.facets.values("stage") and (not narrowing or asked.ours or len(kinds) > 1)

    def _within(self, asked: Understanding, hits: Sequence[Hit], kept: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
        """Those of the narrowed listings that answer, with others that speak of the place; and those that answer anywhere."""
        # What answers anywhere answers where it comes from, though it may not be sure by itself.
        wide = self._anywhere(asked)
        anywhere = self._answering(wide, self.listings(wide)[0].hits)
        keys, best = {hit.key for hit in (*kept, *anywhere)}, max((hit.score for hit in anywhere), default=math.inf)
        nearly = [hit.key for hit in hits if hit.score >= best - _NEARLY and self.relevance.partakes(wide, hit)][:SHOWN]
        inside = [hit for hit in hits if hit.key in keys or hit.key in nearly]
        have = {hit.key for hit in inside}
        # Made elsewhere, and made for the place: its own text says so.
        staged = bool(asked.facets.values("stage"))
        made_for = [hit for hit in anywhere if not (staged or hit.key in have or self.relevance.elsewhere(asked, hit.key))]
        return [*made_for, *inside], anywhere

    def _answering(self, asked: Understanding, hits: Sequence[Hit]) -> list[Hit]:
        """Those of the nearest that answer: the best are believed together, those behind have to answer by themselves."""
        best = max((hit.score for hit in hits), default=0.0)
        near = [hit for hit in hits if hit.score >= best - SAME_LISTINGS]
        if not near or not self._answered_by(asked, near):
            return []
        part = [hit for hit in near if self.relevance.partakes(asked, hit)]
        first_page = {hit.key for hit in [hit for hit in part if hit.score >= best - _NEARLY][:SHOWN] or near[:SHOWN]}
        ordered = {hit.key for hit in near[:ORDERED]}  # how sure it is of others was not learnt
        further = (hit for hit in part if self._alone(asked, hit, learnt=hit.key in ordered))
        kept = {*first_page, *(hit.key for hit in further)}
        return [hit for hit in near if hit.key in kept]

    def _answered_by(self, asked: Understanding, near: Sequence[Hit]) -> bool:
        """Whether the nearest listings answer: the best surely, or likely enough where one says all that is asked itself."""
        sure = self.relevance.sure(asked, near[0])
        told = sure >= _LIKELY and any(self.relevance.told(asked, hit) for hit in near[:3])
        return sure >= 0 or told or self._tagged(asked, near[:3])

    def _alone(self, asked: Understanding, hit: Hit, *, learnt: bool) -> bool:
        """Whether a listing answers by itself, where others do already: it need not be quite as sure."""
        return self.relevance.told(asked, hit) or (learnt and self.relevance.sure(asked, hit) >= _FURTHER)

    def _anywhere(self, asked: Understanding, *, any_kind: bool = False) -> Understanding:
        """The question without its places and stages, and, if told, without the kind of listing that it names."""
        mentions = tuple(
            mention
            for mention in asked.facets.mentions
            if mention.facet not in NARROWING and not (any_kind and (mention.facet, mention.value) in _KINDS)
        )
        text = asked.unplaced
        return replace(asked, text=text, facets=replace(asked.facets, mentions=mentions, folded=fold(text)), skip=0)

    def _tagged(self, asked: Understanding, near: Sequence[Hit]) -> bool:
        """Whether what was typed is a tag of one of these listings, to the letter: nothing could answer it better."""
        typed = fold(asked.unplaced).strip("?？。.! ！")
        listings = [one for one in self.shelf.fetch([hit.key for hit in near]) if isinstance(one, Listing)]
        return any(fold(tag) == typed for one in listings for tag in (*one.tags_en, *one.tags_zh))

    def _near_miss(self, asked: Understanding, near: Sequence[Hit], confidence: float) -> Finding:
        """Nothing answers; listings for part of the problem are named with what they lack, if it is one of our field."""
        covers = [(hit, self.relevance.cover(asked, hit.key, said=True)) for hit in near if hit.evidence.domain > 0]
        partly = sorted(((hit, cover) for hit, cover in covers if cover.weight >= _PARTLY), key=lambda one: -one[1].weight)[:3]
        met = {word for _, cover in partly for word, met in zip(cover.words, cover.met, strict=True) if met}
        lacking = tuple(word for word in (partly[0][1].words if partly else ()) if word not in met)
        if not lacking:
            return Finding("silence", confidence=confidence)
        choices = self.shelf.fetch([hit.key for hit, _ in partly])
        return Finding("silence", choices=choices, lacking=lacking, confidence=confidence)
