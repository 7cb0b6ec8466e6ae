"""Searched for: the best of all kinds of record, tipped by what the question is after, and only if it truly fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from bot.finding.measured import SAME_SUBJECT, Measured
from bot.finding.named import Named
from bot.finding.shelf import GENERIC, SHOWN, TABLES, Finding, Shelf, first
from bot.understand import Understanding
from knowledge.records import LANGUAGES
from retrieval.documents import Related, document, related
from retrieval.floor import Evidence, Line
from retrieval.retriever import Found, Hit, Query

NAME_BONUS, GENERIC_BONUS, ABOUT_BONUS, KIND_BONUS = 3.0, 0.5, 1.0, 1.5
ARTICLE_BONUS = 0.5  # an article was written to answer
FIGURE_MALUS = 3.0  # a figure is seldom what is wanted when none was asked for
_DEPTH = 40
_SCORE_CAP = 15.0
LISTINGS = ("type:listing",)
# Where a listing begins to answer rather than merely lie near: fitted on the tuning journeys by benchmarks/relevance.py, over the
# features of relevance_features(); moved a little towards answering. Other kinds of record may be this much lower.
RELEVANCE = Line([2.93, 5.568, 2.772, 0.376], -11.1)
OTHER_KINDS = 4.5
UNTOLD = 0.0  # … but not when the question does not say that it is after another kind
_FAR_OUTSIDE = -1.0  # log odds below which a question only mentions a name of ours: "can I buy shares of …"
_CLOSE_SCORE = 1.0  # finds this near the best may be told in its place
_SAME_QUESTION = 0.65  # a cosine at which an article was asked for in other words
_CLOSE = 0.5  # a cosine that speaks for itself, whatever the words

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


def relevance_features(hit: Hit, share: float, words: int) -> list[float]:
    """What tells an answer from a near miss: coverage by weight and by count, how many words were to match, and the score."""
    return [hit.evidence.coverage, share, math.log2(1 + words), min(hit.score, _SCORE_CAP)]


class Searched:
    """Answers found by words and meaning."""

    def __init__(self, shelf: Shelf, measured: Measured, named: Named) -> None:
        self.shelf = shelf
        self.measured = measured
        self.named = named

    def searched(self, asked: Understanding) -> Finding:
        """The best of all kinds; what the question is after tips the scales between them."""
        found = self.shelf.retriever.find(Query(asked.text, asked.lang), k=_DEPTH)
        ranked = self._leaned(asked, found)
        close = [hit for hit in ranked[:3] if hit.score >= ranked[0].score - _CLOSE_SCORE]
        # What is named answers at the least when nothing says more.
        top = first(hit for hit in close if self._believed(asked, hit)) or first(
            hit for hit in close if self._is_named(asked, hit) and hit.evidence.domain > _FAR_OUTSIDE
        )
        if top is None:
            return Finding("silence", confidence=found.confidence)
        if top.kind == "listing":
            return self._searched_listings(asked)
        if top.kind == "metric":
            same = [hit for hit in ranked if hit.kind == "metric" and hit.score >= top.score - SAME_SUBJECT]
            return self.measured.told(asked, *same[:3])
        if top.kind == "organisation" and "who" in asked.aspects and "organiser" not in asked.aspects:
            its_people = self.named.people_of(asked, top.key)
            if its_people is not None:
                return its_people
        records = self.shelf.fetch([top.key])
        scores = {hit.key: hit.score for hit in ranked}
        if top.kind == "person":
            people = [hit.key for hit in ranked if hit.kind == "person" and hit.score >= top.score - 1.0]
            records = self.shelf.fetch(people[:3])
            return Finding("person" if len(records) == 1 else "people", records, scores)
        return Finding(top.kind, records, scores, confidence=found.confidence)

    def _leaned(self, asked: Understanding, found: Found) -> list[Hit]:
        """The hits with what the question is after added to their scores."""
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
        return sorted(hits, key=lambda hit: (-hit.score, hit.key))

    def _believed(self, asked: Understanding, top: Hit) -> bool:
        """Whether the best record answers: it must be about what the question's own words are about.

        A record that is named still has to say something on the rest; a record that has every word may sound unlike the field.
        """
        share = self.shared(asked, top)
        if self._is_named(asked, top):
            return share > 0 or top.kind == "person"
        if asked.topic and not share and (top.evidence.dense < _CLOSE or top.evidence.domain < 0):
            return False
        if top.kind == "person" and {"who", "what"} <= asked.aspects and share < 1:
            return False  # "who is Li Wei" is not answered by another Li
        if top.kind == "article" and top.evidence.dense >= _SAME_QUESTION:
            return True
        if asked.topic and share == 1.0 and top.evidence.coverage >= 0.5:
            return True
        told = asked.aspects or asked.names or asked.facets.values("kind")
        slack = 0.0 if top.kind == "listing" else OTHER_KINDS if told else UNTOLD
        return self.shelf.retriever.index.floor.passes(top.evidence) and self._relevance(asked, top, share) >= -slack

    @staticmethod
    def _is_named(asked: Understanding, hit: Hit) -> bool:
        return hit.key in asked.named(hit.kind) and hit.key not in GENERIC

    def shared(self, asked: Understanding, hit: Hit) -> float:
        """The share of the question's own words that a record has, in either language."""
        words = asked.topic or asked.content
        if not words:
            return 1.0
        record = self.shelf.kb.get(hit.key)
        texts = [document(record, lang, self._related).text for lang in LANGUAGES]
        return min(1.0, len(self.shelf.retriever.matched(" ".join(words), texts)) / len(words))

    def _relevance(self, asked: Understanding, hit: Hit, share: float) -> float:
        return RELEVANCE.side(relevance_features(hit, share, len(asked.topic)))

    @cached_property
    def _related(self) -> Related:
        return related(self.shelf.kb)

    def _searched_listings(self, asked: Understanding) -> Finding:
        """Listings for a problem, within the places and stages that were asked for."""
        kinds = [kind for kind in asked.facets.values("kind") if kind in ("need", "expert")]
        groups = [
            ("type:listing",),
            *[group for group in self.shelf.narrowed(asked) if not group[0].startswith("year")],
        ]
        if kinds:
            groups.append(tuple(f"kind:{kind}" for kind in kinds))
        text = self.without_places(asked)
        found = self.shelf.retriever.find(Query(text, asked.base, tuple(groups)), k=12)
        floor = self.shelf.retriever.index.floor
        strict = not groups[1:]
        kept = [
            hit
            for hit in found.hits
            if hit.score >= found.hits[0].score - 3.5
            and floor.passes(hit.evidence)
            and (not strict or self._relevance(asked, hit, self.shared(asked, hit)) >= 0)
        ][:SHOWN]
        if kept:
            return Finding(
                "listings",
                self.shelf.fetch([hit.key for hit in kept]),
                {hit.key: hit.score for hit in kept},
                self.shelf.scope(asked),
            )
        if len(groups) > 1:
            wide = self.shelf.retriever.find(Query(text, asked.base, (LISTINGS,)), k=3)
            near = self.shelf.fetch([hit.key for hit in wide.hits if floor.passes(hit.evidence)])
            return Finding("silence", scope=self.shelf.scope(asked), choices=near, confidence=found.confidence)
        return Finding("silence", confidence=found.confidence)

    def without_places(self, asked: Understanding) -> str:
        """The text without the words that already narrow: they would pull towards records that merely name the place."""
        if not asked.facets.places and not asked.facets.values("stage"):
            return asked.text
        return " ".join(asked.facets.without("country", "city", "stage").split()) or asked.text
