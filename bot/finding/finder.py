"""The finder: the rules of finding in their order."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace

from bot.finding.beside import Beside
from bot.finding.broad import Broad
from bot.finding.held import Held
from bot.finding.listed import Listed
from bot.finding.measured import Measured
from bot.finding.named import Named
from bot.finding.relevance import Relevance
from bot.finding.searched import Searched
from bot.finding.shelf import Finding, Shelf
from bot.understand import Understanding
from knowledge.store import KnowledgeBase
from retrieval.documents import Related
from retrieval.retriever import HybridRetriever

_BY_FACETS = frozenset({"metric", "organisation", "organisations", "people", "events", "listings", "silence"})
_LONG = 2  # words beside names and facets, from which a question is about more than these
_MUCH, _MORE = 0.6, 0.25  # shares of a question's words, by weight
_SURELY, _CERTAINLY = 1.0, 3.0  # in log odds
_LOOKED_AT = 4  # hits among which there is none of what a rule found


class Finder:
    """Turns an understanding into records, by the first rule that fits; what no rule fits is searched for."""

    def __init__(self, kb: KnowledgeBase, retriever: HybridRetriever, clock: Callable[[], datetime.date]) -> None:
        shelf = Shelf(kb, retriever)
        self._relevance = relevance = Relevance(shelf)
        held, listed, named = Held(shelf), Listed(shelf), Named(shelf, relevance)
        measured = Measured(shelf, held, clock)
        self._nearest, self._measures = measured.nearest, measured.measures
        self.rules = (
            named.worded, held.counted, measured.labelled, measured.compared, measured.worked, measured.dated, measured.elsewhere,
            listed.listed, named.people, named.bodies_at_event, named.named, listed.place,
        )  # fmt: skip
        self.searched = Searched(shelf, relevance, measured, named)
        self._topics, self._spelt_alike = Broad(shelf).topics, named.spelt_alike
        self._beside = Beside(shelf, self.searched.relevance)

    def ruled(self, asked: Understanding) -> Finding | None:
        """What the first rule that fits finds; None where none does, or where a search finds what says far more of it."""
        for rule in self.rules:
            finding = rule(asked)
            if finding is not None and (finding.route != "metric" or self._relevance.counts(asked, finding.records)):
                return None if self._outdone(asked, finding) else finding
        return None

    def _outdone(self, asked: Understanding, finding: Finding) -> bool:
        """Whether a rule saw a place or a year, and not what is asked: a long question is about more than its facets.

        So it is when what was found has few of the question's words, and something else has many more and surely answers.
        """
        if finding.route not in _BY_FACETS or len(asked.topic) < _LONG or asked.named("person", "metric"):
            return False
        own = max((self._relevance.cover(asked, record.key).weight for record in finding.records), default=0.0)
        if own >= _MUCH:
            return False
        found = {record.key for record in finding.records}
        best = self.searched.found(asked)[1][:_LOOKED_AT]
        if not best or any(hit.key in found for hit in best):
            return False
        more = self._relevance.cover(asked, best[0].key).weight - own
        return more > 0 and self._relevance.sure(asked, best[:1]) >= (_SURELY if more >= _MORE else _CERTAINLY)

    @property
    def related(self) -> Related:
        """What is folded into the documents of others."""
        return self._relevance.related

    def find(self, asked: Understanding) -> Finding:
        """The records that answer, and how they are to be told."""
        if asked.talk:
            return Finding(asked.talk)
        ruled = self.ruled(asked)
        if ruled is not None:
            return ruled
        finding = self.searched.searched(asked)
        if finding.route == "silence" or (finding.route == "metric" and not self._measures(asked, finding)):
            finding = self._nearest(asked) or self._topics(asked, found=False) or finding
        elif finding.route == "listings":
            finding = self._topics(asked, found=True) or finding
        if finding.route == "silence":
            return replace(finding, near=self._spelt_alike(asked))
        return self._beside.set(asked, finding)
