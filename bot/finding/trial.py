"""On trial: whether what a rule found is what was asked for, by what was learnt of rules from journeys (benchmarks/relevance.py).

A rule sees a name, a year or a place and answers from these. A question may be about something else, which a search finds, or
about something that nothing is known of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.finding.relevance import Relevance
from bot.finding.searched import Searched
from bot.finding.shelf import Finding
from bot.finding.trees import learnt
from bot.finding.weighing import ORDERED
from bot.measures_asked import OPERATIONS
from bot.understand import ASPECTS, Understanding
from retrieval.floor import Evidence
from retrieval.retriever import Hit

RULES = ("worked", "dated", "elsewhere", "listed", "people", "bodies_at_event", "named", "place")
ROUTES = (
    "silence", "metric", "no_figure", "person", "people", "organisation", "organisations", "event", "events", "listings",
    "programme", "article",
)  # fmt: skip
_BY_FACETS = frozenset({"listed", "people", "bodies_at_event", "place"})
_LOOKED_AT = 3  # records of a rule
_NOWHERE = 99.0  # the place of a record that a search does not find among its best
Features = Mapping[str, float]


@dataclass(frozen=True)
class Ruling:
    """What a rule found and what a search finds: keys, best first, and what ``Relevance.features`` says of each."""

    own: Mapping[str, Features]
    found: Mapping[str, Features]
    said: Features

    def features(self, own: Sequence[float], found: Sequence[float], sure: float) -> dict[str, float]:
        """What tells a right finding from a wrong one, by name, given what speaks for the place of each record among all, and how

        sure it is that the best that was searched for answers.
        """
        best = max(found)
        top = [*self.found][found.index(best)]
        ours = max(own, default=best)
        key = [*self.own][own.index(ours)] if own else top
        return {
            **(self.own[key] if own else self.found[top]),
            **self.said,
            "order": ours,
            "ahead": ours - best,
            "best": best,
            "sure": sure,
            "shared": float(top in self.own),
            "place": float(sum(other > ours for other in found)) if key in self.found else _NOWHERE,
        }


def tried(rule: str, finding: Finding) -> bool:
    """Whether what a rule found is put on trial: who or what was named, bodies apart, is what was meant."""
    return rule in RULES and finding.route in ROUTES and (rule != "named" or finding.route == "organisation")


class Trial:
    """Lets a rule's finding stand, or has the question searched for."""

    def __init__(self, relevance: Relevance, searched: Searched) -> None:
        self.relevance = relevance
        self.searched = searched

    def stands(self, asked: Understanding, rule: str, finding: Finding) -> bool:
        """Whether a rule's finding is likelier to be right than wrong."""
        if not tried(rule, finding) or self._plain(asked, rule, finding):
            return True
        hits = self.searched.found(asked)[1][:ORDERED]
        if not hits:
            return True
        ruling, trees = self.ruling(asked, rule, finding, hits), learnt("order")
        own, found = (trees.sides(trees.rows([*finds.values()])).tolist() for finds in (ruling.own, ruling.found))
        return learnt("rules").side(asked.base, ruling.features(own, found, self.relevance.sure(asked, hits[0]))) >= 0

    def _plain(self, asked: Understanding, rule: str, finding: Finding) -> bool:
        """Whether a question has no other words than those that a rule goes by, or a number that is to be checked."""
        topic, measure = set(asked.topic), finding.measure
        if measure is not None:
            return measure.claimed is not None or not any(word in measure.rest for word in topic)
        sectors = {word for mention in asked.facets.mentions if mention.facet == "sector" for word in mention.words.split()}
        return rule in _BY_FACETS and topic <= sectors

    def ruling(self, asked: Understanding, rule: str, finding: Finding, hits: Sequence[Hit]) -> Ruling:
        """A rule's finding beside the best hits of a search."""
        features = self.relevance.features
        said = {
            "rule": RULES.index(rule),
            "route": ROUTES.index(finding.route),
            "records": len(finding.records),
            "operation": OPERATIONS.index(finding.measure.operation) if finding.measure else -1,
            "topic": len(asked.topic),
            "names": len(asked.names),
            **{f"asked_{aspect}": aspect in asked.aspects for aspect in ASPECTS},
        }
        return Ruling(
            {hit.key: features(asked, hit) for hit in self._as_hits(finding, hits)},
            {hit.key: features(asked, hit) for hit in hits},
            {name: float(value) for name, value in said.items()},
        )

    def _as_hits(self, finding: Finding, hits: Sequence[Hit]) -> list[Hit]:
        """The first records of a finding as a search would have found them; what it did not find has no evidence."""
        met = {hit.key: hit for hit in hits}
        least = min((hit.evidence for hit in hits), key=lambda evidence: evidence.score)
        unmet = replace(Evidence(), domain=least.domain, score=least.score, behind=least.behind)
        keys = [record.key for record in finding.records[:_LOOKED_AT]]
        return [met.get(key) or Hit(key, least.score, hits[0].lang, unmet) for key in keys]
