"""Beside an answer: records that fit nearly as well, and may be what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.finding.relevance import Relevance
from bot.finding.searched import NAME_BONUS
from bot.finding.shelf import Finding, Shelf
from bot.understand import Understanding
from knowledge.records import Article, Record

_NEARLY = 3.0  # how far below the answer's score
_CLOSE = 2.0  # how far above that its words are no matter
_HALF = 0.5  # share of the question's words, by weight, that a record has
_MOST = 2  # records
_SINGLE = frozenset({"organisation", "person", "event", "programme", "article"})


class Beside:
    """Sets records beside the one record of an answer that was searched for."""

    def __init__(self, shelf: Shelf, relevance: Relevance) -> None:
        self.shelf = shelf
        self.relevance = relevance

    def set(self, asked: Understanding, finding: Finding) -> Finding:
        """The finding with the next best of the search beside its record: those that would be answers themselves, and others

        that have most of what was said; and with the event beside those who were there.
        """
        if finding.event and finding.route in ("person", "people"):
            return replace(finding, beside=(finding.event,))  # where they were
        if finding.route not in _SINGLE or not finding.records:
            return finding
        near = self._near(asked, finding, finding.records[0]) if finding.scores else []
        shown = {record.key for record in finding.beside}
        kept = [key for key in dict.fromkeys([*finding.sure, *near]) if key not in shown]
        return replace(finding, beside=(*finding.beside, *self.shelf.fetch(kept[: _MOST - len(shown)])))

    def _near(self, asked: Understanding, finding: Finding, shown: Record) -> list[str]:
        """The keys of those that fit nearly as well as a record, and have most of what was said."""
        scores = finding.scores
        # A name lifts a record whatever else was asked, so it is no reason to keep silent about the others.
        least = scores.get(shown.key, 0.0) - _NEARLY - NAME_BONUS * (shown.key in asked.named(shown.KIND))
        near = (key for key, score in scores.items() if score >= least and key != shown.key)
        told = (key for key in near if not key.startswith("metric/"))  # a figure without its question says nothing
        kept = [key for key in told if scores[key] >= least + _CLOSE or self.relevance.cover(asked, key).weight >= _HALF]
        if isinstance(shown, Article):
            kept = self._fitter(asked, kept, finding, shown)
        return sorted(kept, key=lambda key: self._place(asked, finding, key))

    def _fitter(self, asked: Understanding, keys: Sequence[str], finding: Finding, article: Article) -> list[str]:
        """Those that fit better than what the article is about, which is shown with it; no second article takes its place."""
        records = {key for key in keys if not key.startswith("article/")}
        best = sorted(records.union(article.about), key=lambda key: self._place(asked, finding, key))[:_MOST]
        return [key for key in best if key not in article.about]

    def _place(self, asked: Understanding, finding: Finding, key: str) -> tuple[bool, bool, float]:
        """People first for whoever asks "who", articles last, and among alike what fits best."""
        person = key.startswith("person/") or "who" not in asked.aspects
        return not person, key.startswith("article/"), -finding.scores.get(key, 0.0)
