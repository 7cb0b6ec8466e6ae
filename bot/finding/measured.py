"""Figures: which metric a question asks for, of which place, at what time."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from bot.finding.shelf import Finding, Shelf, first
from bot.understand import Understanding
from knowledge.dates import PartialDate
from knowledge.records import Statistic
from retrieval.language import fold
from retrieval.retriever import Hit, Query

SAME_SUBJECT = 0.7  # metrics this close are asked for together: applications and registrations
ELSEWHERE = 6.0  # malus of a metric about another place than the one asked for
UNASKED_PLACE = 2.0  # and of one about a place when none was


class Measured:
    """Answers that are figures."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def dated(self, asked: Understanding) -> Finding | None:
        """A figure of a given time: "WIPO GREEN partners in July 2022"."""
        if not asked.facets.values("year") or {"event", "person"} & set(asked.facets.values("kind")) or asked.named("event"):
            return None
        if "who" in asked.aspects or any(key.startswith("programme/") for key in self.shelf.named_keys(asked)):
            return None
        hits = self._metrics(asked)
        hit = first(hits)
        if hit is None or not self.shelf.retriever.index.floor.passes(hit.evidence):
            return None
        metric = self.told(asked, *hits)
        asked_for = PartialDate.parse(metric.at or "")
        figures = self.shelf.kb.all(Statistic, metric=metric.records[0].id)
        then = any(one.as_of and asked_for.covers(PartialDate.parse(one.as_of)) for one in figures)
        best = self.shelf.retriever.find(Query(asked.text, asked.lang), k=1).hits
        close = bool(best) and hit.score >= best[0].score - 1.5 and hit.evidence.dense >= 0.4
        return metric if then and close else None

    def _metrics(self, asked: Understanding) -> list[Hit]:
        """The metrics that fit a question best, if any measures this, of this place."""
        found = self.shelf.retriever.find(Query(asked.text, asked.lang, (("type:metric",),)), k=12)
        placed = [replace(hit, score=hit.score - self.misplaced(asked, hit.key)) for hit in found.hits]
        ranked = sorted(placed, key=lambda hit: -hit.score)
        top = ranked[0].score if ranked and self.misplaced(asked, ranked[0].key) < ELSEWHERE else float("inf")
        return [hit for hit in ranked if hit.score >= top - SAME_SUBJECT][:3]

    def told(self, asked: Understanding, *hits: Hit) -> Finding:
        """These metrics as a finding, with the time asked for and what else was named."""
        at = first(asked.facets.values("year"))
        named = [key for key in self.shelf.named_keys(asked) if not key.startswith(("metric/", "listing/"))]
        scores = {hit.key: hit.score for hit in hits}
        return Finding("metric", self.shelf.fetch(list(scores)), scores, at=at, choices=self.shelf.fetch(named[:1]))

    def misplaced(self, asked: Understanding, key: str) -> float:
        """A malus for metrics about another place than the one asked for, or about one when none was."""
        if not self._of_place(asked, key):
            return ELSEWHERE
        return UNASKED_PLACE if self._measured[key][0] and not asked.facets.places else 0.0

    def _of_place(self, asked: Understanding, key: str) -> bool:
        """Whether a metric is about every place the question names (China covers its cities only by name)."""
        places, words = self._measured[key]
        wanted = set(asked.facets.values("country")) | set(asked.facets.values("city"))
        if not wanted:
            return True
        return any(place in places or self._named_in(place, words) for place in wanted)

    def _named_in(self, place: str, words: str) -> bool:
        return any(fold(self.shelf.vocabulary.place(place, lang)) in words for lang in ("en", "zh"))

    @cached_property
    def _measured(self) -> dict[str, tuple[set[str], str]]:
        measured: dict[str, tuple[set[str], str]] = {}
        for figure in self.shelf.kb.all(Statistic):
            places, words = measured.get(f"metric/{figure.metric}", (set(), ""))
            if figure.place:
                places = places | {figure.place}
            said = [words, figure.scope_en or "", figure.scope_zh or "", figure.metric.replace("_", " ")]
            measured[f"metric/{figure.metric}"] = (places, fold(" ".join(said)))
        for key in self.shelf.keys((("type:metric",),)):
            measured.setdefault(key, (set(), ""))
        return measured
