"""Figures: which metric a question asks for, of which place, at what time – and which is nearest when there is none."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from bot.finding.held import Held
from bot.finding.shelf import Finding, Shelf, first
from bot.measures_asked import LATEST, MeasureAsked, Span, read
from bot.understand import Understanding
from knowledge.dates import PartialDate
from knowledge.records import SHARES, Metric, Record, Statistic
from knowledge.shares import whole_of
from retrieval.language import fold
from retrieval.retriever import Hit, Query

SAME_SUBJECT = 0.7  # metrics this close are asked for together: applications and registrations
ELSEWHERE = 6.0  # malus of a metric about another place than the one asked for
UNASKED_PLACE = 2.0  # and of one about a place when none was
_MEANT_DENSE, _MEANT_COVERAGE = 0.48, 0.7  # either shows that a metric is what a question is about
_ALIKE_DENSE, _ALIKE_COVERAGE = 0.4, 0.65  # both show that it differs from one in the place only
_LITTLE = 0.5  # a coverage below which much of a question is not about the metric
_NEAR = 2.5  # metrics this close below the best are named as the nearest
_DOES = 1.5  # bonus of a metric whose figures can do what is asked with them
_FAINT, _FAIR = (
    0.33,
    0.39,
)  # below the first a figure is too unlike a question to answer it, below the second to be named beside it
_CLOSE = 2.5  # how far another kind of record may be ahead of a figure of the time asked for
_BEHIND = 4.5  # how far another kind of record may be ahead when the question is about figures all the same
_CAPITALS = re.compile(r"[A-Za-z]*[A-Z][A-Za-z]*")
_SUBJECTS = ("organisation", "programme", "event")


class Measured:
    """Answers that are figures."""

    def __init__(self, shelf: Shelf, held: Held, clock: Callable[[], datetime.date]) -> None:
        self.shelf = shelf
        self._held = held
        self._clock = clock

    def labelled(self, asked: Understanding) -> Finding | None:
        """A metric that the question names in full, or asks for in the very words that are known for it."""
        plain = _plain(asked.text)
        key = self._asked_as.get(plain)
        words = plain
        if key is None:
            inside = [label for label in self._labels if label in plain]
            if not inside:
                return None
            words = max(inside, key=len)
            key = self._labels[words]
            if not self._says_all(asked, words):
                return None
        # What the name itself says of years is no time that was asked for.
        rest = read(asked.text, self._clock()) if words == plain else self._beside(asked, words)
        measure = replace(rest, span=Span()) if words == plain else rest
        if measure.operation == "comparison":
            return None
        return Finding("metric", self.shelf.fetch([key]), measure=measure, choices=self._beside_it(asked))

    def dated(self, asked: Understanding) -> Finding | None:
        """A figure of a given time: "WIPO GREEN partners in July 2022"."""
        measure = self.measure(asked)
        if measure.span.kind == LATEST or {"event", "person"} & set(asked.facets.values("kind")) or asked.named("event"):
            return None
        if asked.aspects & {"who", "where"} or any(key.startswith("programme/") for key in self.shelf.named_keys(asked)):
            return None
        hits = self._metrics(asked, asked.text)
        hit = first(hits)
        if hit is None or not self.shelf.retriever.index.floor.passes(hit.evidence):
            return None
        metric = self.told(asked, *hits)
        best = first(self.shelf.retriever.find(Query(asked.text, asked.lang), k=1).hits)
        bodies = [key for key in self.shelf.named_keys(asked) if key.startswith(("organisation/", "person/", "listing/"))]
        behind = _BEHIND if hit.evidence.dense >= _MEANT_DENSE and not bodies else _CLOSE
        close = best is not None and hit.score >= best.score - behind and hit.evidence.dense >= _FAINT
        # A metric that is plainly meant answers also when it has no figure of that time, which the reply then says.
        meant = self._meant(hit) and not bodies
        return metric if close and (meant or self._known_in(hit.key, measure.span)) else None

    def worked(self, asked: Understanding) -> Finding | None:
        """A figure to do something with: its history, growth or share, why sources differ, whether it is the number named."""
        measure = self.measure(asked)
        done = measure.operation in ("conflict", "change", "history", "check", "share") or measure.claimed is not None
        if not done or asked.named("event", "person"):
            return None
        if {"event", "person"} & set(asked.facets.values("kind")):
            return None
        text = _as_typed(measure.rest, asked.text)
        hit = first(self._metrics(asked, text))
        if hit is None or not self._meant(hit) or (measure.operation in ("value", "share") and not self._does(hit.key, measure)):
            return None
        best = first(self.shelf.retriever.find(Query(text, asked.lang), k=1).hits)
        return self.told(asked, hit) if best is not None and hit.score >= best.score - _BEHIND else None

    def compared(self, asked: Understanding) -> Finding | None:
        """The figures of several places, bodies or programmes side by side."""
        measure = self.measure(asked)
        if measure.operation != "comparison":
            return None
        subjects = self._subjects(asked)
        if len(subjects) < 2:
            return None
        words = [each for each, _ in subjects]
        candidates = [
            self._of_subject(asked, _without(measure.rest, [other for other in words if other != each]), place, each)
            for each, place in subjects
        ]
        found = self._alike(candidates)
        if not found:
            return None
        missing = [
            self.shelf.vocabulary.place(place, asked.base) if place else each
            for (each, place), hits in zip(subjects, candidates, strict=True)
            if not hits
        ]
        return replace(self.told(asked, *found), route="comparison", scope=tuple(missing))

    def elsewhere(self, asked: Understanding) -> Finding | None:
        """No figure for the place asked for, and those for other places that there are: "clusters of Brazil"."""
        if not asked.facets.places or not asked.wants_figures or "attendance" in asked.aspects or asked.named("event", "person"):
            return None
        words = [mention.words for mention in asked.facets.mentions if mention.facet in ("country", "city")]
        rest = _without(self.measure(asked).rest, words)
        hits = self.shelf.retriever.find(Query(rest, asked.lang, (("type:metric",),)), k=12).hits
        top, best = first(hits), first(self.shelf.retriever.find(Query(rest, asked.lang), k=1).hits)
        if top is None or best is None or top.score < best.score - _NEAR or not self._same_subject(top):
            return None
        near = [hit for hit in hits if hit.score >= top.score - _NEAR]
        if any(self._of_place(asked, hit.key) for hit in near):
            return None
        own = self._held.own(asked)
        places = asked.facets.values("country") or asked.facets.values("city")
        names = tuple(self.shelf.vocabulary.place(place, asked.base) for place in places)
        choices = own.scope if own else ()
        return Finding(
            "no_figure", self.shelf.fetch([hit.key for hit in near[:4]]), scope=names, count=own.count if own else 0, own=choices
        )

    def nearest(self, asked: Understanding) -> Finding | None:
        """When a figure was asked for and nothing was found: the metrics that are nearest, if any is at all near."""
        if not asked.wants_figures or asked.facets.places or not (asked.names or self._of_our_field(asked)):
            return None
        hits = self.shelf.retriever.find(
            Query(_as_typed(self.measure(asked).rest, asked.text), asked.lang, (("type:metric",),)), k=3
        ).hits
        near = [hit.key for hit in hits if hit.evidence.dense >= _FAIR and self.shelf.retriever.index.floor.passes(hit.evidence)]
        return Finding("no_figure", self.shelf.fetch(near)) if near else None

    def _of_our_field(self, asked: Understanding) -> bool:
        return self.shelf.retriever.domain(asked.text, asked.base) > 0

    def measures(self, asked: Understanding, finding: Finding) -> bool:
        """Whether what was found has to do with what is counted: the users of a platform are not its employees."""
        if not asked.topic or not asked.wants_figures or asked.facets.values("kind") != ["statistic"]:
            return True
        top = first(self._metrics(asked, self.measure(asked).rest))
        if top is None or top.evidence.dense >= _MEANT_DENSE or top.evidence.coverage >= _LITTLE:
            return True
        texts = [text for metric in finding.records for text in self._texts(metric)]
        return bool(self.shelf.retriever.matched(" ".join(asked.topic), texts))

    def _texts(self, metric: Record) -> list[str]:
        assert isinstance(metric, Metric)
        figures = self._figures.get(metric.key, ())
        said = [text for one in figures for text in (one.unit_en, one.unit_zh, one.scope_en, one.scope_zh)]
        return [text for text in (metric.name_en, metric.name_zh, *metric.aliases_en, *metric.aliases_zh, *said) if text]

    def measure(self, asked: Understanding) -> MeasureAsked:
        """When the question asks for a figure, and to do what with it."""
        return read(asked.text, self._clock())

    def _says_all(self, asked: Understanding, label: str) -> bool:
        """Whether the name of a metric is all that is asked about: no other thing, place or name stands beside it."""
        places = [mention.words for mention in asked.facets.mentions if mention.facet in ("country", "city")]
        rest = _plain(self._beside(asked, label).rest)
        beside = [*asked.topic, *places, *(name.text for name in asked.names)]
        return all(_plain(words) in label or _plain(words) not in rest for words in beside)

    def _beside(self, asked: Understanding, label: str) -> MeasureAsked:
        """What is asked beside the name of a metric."""
        text = fold(asked.text)
        pattern = r"[\W_]*".join(re.escape(char) for char in label)
        return read(re.sub(pattern, " ", text, count=1), self._clock())

    def _metrics(self, asked: Understanding, text: str) -> list[Hit]:
        """The metrics that fit a text best, if any measures this, of this place."""
        found = self.shelf.retriever.find(Query(text, asked.lang, (("type:metric",),)), k=12)
        measure = self.measure(asked)
        fits = {hit.key: _DOES * self._does(hit.key, measure) - self.misplaced(asked, hit.key) for hit in found.hits}
        placed = [replace(hit, score=hit.score + fits[hit.key]) for hit in found.hits]
        ranked = sorted(placed, key=lambda hit: -hit.score)
        top = ranked[0].score if ranked and self.misplaced(asked, ranked[0].key) < ELSEWHERE else float("inf")
        return [hit for hit in ranked if hit.score >= top - SAME_SUBJECT][:3]

    def _does(self, key: str, measure: MeasureAsked) -> bool:
        """Whether a metric has the figures for what is asked: the number to check, one of the time, two for a change."""
        figures = self._figures.get(key, ())
        if measure.claimed is not None:
            return any(Decimal(str(one.value)) == measure.claimed for one in figures)
        if measure.operation == "share":
            return any(one.unit_en in SHARES or whole_of(self.shelf.kb, one) for one in figures)
        enough = 2 if measure.operation in ("change", "history") else 1
        if measure.span.kind == LATEST:
            return enough > 1 and len(figures) >= enough
        then = [one for one in figures if one.as_of and measure.span.holds(PartialDate.parse(one.as_of))]
        return len(then) >= enough

    def _meant(self, hit: Hit) -> bool:
        strong = hit.evidence.dense >= _MEANT_DENSE or hit.evidence.coverage >= _MEANT_COVERAGE
        return strong and self.shelf.retriever.index.floor.passes(hit.evidence)

    def _same_subject(self, hit: Hit) -> bool:
        """Whether a metric is about the same as a question that differs from it in the place."""
        alike = hit.evidence.dense >= _ALIKE_DENSE and hit.evidence.coverage >= _ALIKE_COVERAGE
        return alike and self.shelf.retriever.index.floor.passes(hit.evidence)

    def _subjects(self, asked: Understanding) -> list[tuple[str, str]]:
        """What is compared: the words of each, and the place it is, if it is one."""
        mentions = [m for m in asked.facets.mentions if m.facet in ("country", "city")]
        places = {m.value: m.words for m in mentions}
        subjects = [(words, place) for place, words in places.items()]
        if len(subjects) > 1:
            return subjects
        inside = [words for words, _ in subjects]
        named = [n.text for n in asked.names if any(key.split("/")[0] in _SUBJECTS for key in n.keys)]
        return subjects + [(fold(text), "") for text in named if not any(words in fold(text) for words in inside)]

    def _of_subject(self, asked: Understanding, text: str, place: str, words: str) -> list[Hit]:
        """The metrics about one of what is compared, best first."""
        found = self.shelf.retriever.find(Query(text, asked.lang, (("type:metric",),)), k=12).hits
        about = [hit for hit in found if (self._is_of(place, hit.key) if place else words in self._measured[hit.key][1])]
        passes = self.shelf.retriever.index.floor.passes
        near = [hit for hit in about if hit.score >= about[0].score - _NEAR and passes(hit.evidence)]
        span = self.measure(asked).span
        then = [hit for hit in near if span.kind != LATEST and self._known_in(hit.key, span)]
        return then or near

    def _known_in(self, key: str, span: Span) -> bool:
        """Whether a metric has a figure of this time."""
        figures = self._figures.get(key, ())
        return any(one.as_of and span.holds(PartialDate.parse(one.as_of)) for one in figures)

    def _alike(self, candidates: Sequence[Sequence[Hit]]) -> list[Hit]:
        """One metric for each subject: of those counted in one way, if there are such, else the best of each."""
        ways: dict[tuple[str, str], list[Hit]] = {}
        for hits in candidates:
            for way in {way for hit in hits for way in self._ways[hit.key]}:
                ways.setdefault(way, []).append(next(hit for hit in hits if way in self._ways[hit.key]))
        shared = [hits for hits in ways.values() if len({hit.key for hit in hits}) > 1]
        best = max(shared, key=lambda hits: (len(hits), sum(hit.score for hit in hits)), default=[])
        taken = {hit.key: hit for hit in best}
        for hits in candidates:
            if hits and not any(hit.key in taken for hit in hits):
                taken[hits[0].key] = hits[0]
        return list(taken.values())

    def told(self, asked: Understanding, *hits: Hit) -> Finding:
        """These metrics as a finding, with the time asked for and what else was named."""
        scores = {hit.key: hit.score for hit in hits}
        return Finding(
            "metric", self.shelf.fetch(list(scores)), scores, measure=self.measure(asked), choices=self._beside_it(asked)
        )

    def _beside_it(self, asked: Understanding) -> tuple[Record, ...]:
        """What else the question names, to be shown beside the figure."""
        named = [key for key in self.shelf.named_keys(asked) if not key.startswith(("metric/", "listing/"))]
        return self.shelf.fetch(named[:1])

    def misplaced(self, asked: Understanding, key: str) -> float:
        """A malus for metrics about another place than the one asked for, or about one when none was."""
        if not self._of_place(asked, key):
            return ELSEWHERE
        return UNASKED_PLACE if self._measured[key][0] and not asked.facets.places else 0.0

    def _of_place(self, asked: Understanding, key: str) -> bool:
        """Whether a metric is about every place the question names (China covers its cities only by name)."""
        wanted = set(asked.facets.values("country")) | set(asked.facets.values("city"))
        return not wanted or any(self._is_of(place, key) for place in wanted)

    def _is_of(self, place: str, key: str) -> bool:
        places, words = self._measured[key]
        return place in places or any(fold(self.shelf.vocabulary.place(place, lang)) in words for lang in ("en", "zh"))

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The names of all metrics, without blanks and marks."""
        return {_plain(name): one.key for one in self.shelf.kb.all(Metric) for name in (one.name_en, one.name_zh) if name}

    @cached_property
    def _asked_as(self) -> dict[str, str]:
        """The ways that metrics are known to be asked for; what is said of two is left to the search."""
        ways: dict[str, set[str]] = {}
        for metric in self.shelf.kb.all(Metric):
            for alias in (*metric.aliases_en, *metric.aliases_zh):
                ways.setdefault(_plain(alias), set()).add(metric.key)
        return {words: keys.pop() for words, keys in ways.items() if len(keys) == 1}

    @cached_property
    def _ways(self) -> dict[str, set[tuple[str, str]]]:
        """For each metric the groups its figures belong to, with their units."""
        ways: dict[str, set[tuple[str, str]]] = {key: set() for key in self._measured}
        for key, figures in self._figures.items():
            ways[key] = {(one.group, one.unit_en or one.unit_zh or "") for one in figures if one.group}
        return ways

    @cached_property
    def _figures(self) -> dict[str, list[Statistic]]:
        """The figures of each metric."""
        figures: dict[str, list[Statistic]] = {}
        for one in self.shelf.kb.all(Statistic):
            figures.setdefault(f"metric/{one.metric}", []).append(one)
        return figures

    @cached_property
    def _measured(self) -> dict[str, tuple[set[str], str]]:
        """The places that each metric has figures of, and the words of its scopes."""
        measured: dict[str, tuple[set[str], str]] = {}
        for key, figures in self._figures.items():
            said = [text for one in figures for text in (one.scope_en, one.scope_zh) if text]
            words = fold(" ".join([*said, figures[0].metric.replace("_", " ")]))
            measured[key] = ({one.place for one in figures if one.place}, words)
        for key in self.shelf.keys((("type:metric",),)):
            measured.setdefault(key, (set(), ""))
        return measured


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))


def _as_typed(folded: str, text: str) -> str:
    """Folded text with the capitals of the text it is from: the encoder tells WIPO GREEN from green."""
    for word in set(_CAPITALS.findall(text)):
        folded = re.sub(rf"(?<![a-z]){word.lower()}(?![a-z])", word, folded)
    return folded


def _without(text: str, words: Sequence[str]) -> str:
    for each in sorted(words, key=len, reverse=True):
        text = text.replace(each, " ")
    return " ".join(text.split())
