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
from bot.finding.trial import Trial
from bot.understand import Understanding
from knowledge.store import KnowledgeBase
from retrieval.documents import Related
from retrieval.retriever import HybridRetriever


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
        self.trial = Trial(relevance, self.searched)
        self._topics, self._spelt_alike = Broad(shelf).topics, named.spelt_alike
        self._beside = Beside(shelf, self.searched.relevance)

    def ruled(self, asked: Understanding) -> Finding | None:
        """What the first rule that fits finds; None where none does, or where that is hardly what was asked for."""
        for rule in self.rules:
            finding = rule(asked)
            if finding is not None and (finding.route != "metric" or self._relevance.counts(asked, finding.records)):
                first = rule(replace(asked, skip=0)) if asked.skip else finding
                return finding if first is None or self.trial.stands(asked, rule.__name__, first) else None
        return None

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
