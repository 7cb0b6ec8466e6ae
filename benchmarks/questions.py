"""Questions to a benchmark catalogue whose answers are known: described, in keywords, by name, and with a facet.

Half of them are about listings that speak the question's language, half about listings that exist in the other one only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Formatter

import numpy as np

from benchmarks.catalogue import Catalogue, Sketch
from knowledge.records import LANGUAGES

EACH = 500
# Only some listings have a brand by which they could be named, so names are tried more often than they come out.
_FORMS = (
    "descriptive", "keyword", "name", "descriptive", "faceted", "descriptive", "name", "keyword", "descriptive", "name"
)  # fmt: skip
_FACETS = ("country", "sector", "kind", "stage")
_MOST = 3  # a question that more listings answer is no test of finding
_CANDIDATES = 4  # listings thought of for each question that is kept

Signature = tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A question, what it narrows by (facet, value), the keys that answer it, and whether those speak the other language only."""

    text: str
    lang: str
    form: str
    targets: tuple[str, ...] = ()
    facets: tuple[tuple[str, str], ...] = ()
    cross: bool = False


@dataclass(frozen=True)
class _Idea:
    form: str
    frame: int
    facet: str | None
    slots: tuple[str, ...]
    sketch: Sketch

    def signature(self, sketch: Sketch) -> Signature:
        """What a listing must have in common with the one thought of in order to answer the same question."""
        narrowed = str(sketch.facets()[self.facet]) if self.facet else ""
        return (str(self.frame), self.form, narrowed, *(sketch.says[slot][0] for slot in self.slots))


def questions(catalogue: Catalogue, size: int, each: int = EACH) -> list[Asked]:
    """Up to ``each`` questions in each language to the first ``size`` listings, languages and forms mixed."""
    ideas = list(_ideas(catalogue, size, each))
    answers = _answers(catalogue, size, ideas)
    asked: list[Asked] = []
    seen: set[str] = set()
    room = {(lang, cross): each // 2 for lang in LANGUAGES for cross in (False, True)}
    for idea in ideas:
        for lang in LANGUAGES:
            cross = lang not in idea.sketch.languages
            fitting = [sketch for sketch in answers[idea.signature(idea.sketch)] if (lang in sketch.languages) != cross]
            question = _put(catalogue, idea, lang, fitting, cross)
            if room[lang, cross] and len(fitting) <= _MOST and question.text not in seen:
                room[lang, cross] -= 1
                seen.add(question.text)
                asked.append(question)
    order = np.random.default_rng([catalogue.seed, 1 << 41]).permutation(len(asked))
    return [asked[place] for place in order]


def _ideas(catalogue: Catalogue, size: int, each: int) -> Iterator[_Idea]:
    spoken: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for sketch in catalogue.sketches(size):
        spoken[sketch.languages].append(sketch.number)
    rng = np.random.default_rng([catalogue.seed, 1 << 42])
    # A listing of few may be asked about more than once, in other words.
    chosen = [rng.choice(numbers, size=_CANDIDATES * each).tolist() for numbers in spoken.values()]
    wanted = {number for numbers in chosen for number in numbers}
    sketches = {sketch.number: sketch for sketch in catalogue.sketches(size) if sketch.number in wanted}
    for numbers in chosen:
        for turn, number in enumerate(numbers):
            form = _FORMS[turn % len(_FORMS)]
            sketch = sketches[number]
            if form == "name" and "{brand}" not in catalogue.grammar["titles"][sketch.kind][sketch.title][0]:
                continue
            frames = catalogue.grammar["questions"][form]
            frame = int(rng.integers(len(frames)))
            facet = _FACETS[int(rng.integers(len(_FACETS)))] if form == "faceted" else None
            if facet and not sketch.facets()[facet]:
                continue
            yield _Idea(form, frame, facet, tuple(slot for _, slot, _, _ in Formatter().parse(frames[frame][0]) if slot), sketch)


def _answers(catalogue: Catalogue, size: int, ideas: Sequence[_Idea]) -> dict[Signature, list[Sketch]]:
    wanted = {idea.signature(idea.sketch) for idea in ideas}
    shapes = list({(idea.frame, idea.form, idea.facet): idea for idea in ideas}.values())
    found: dict[Signature, list[Sketch]] = defaultdict(list)
    for sketch in catalogue.sketches(size):
        for shape in shapes:
            if (signature := shape.signature(sketch)) in wanted:
                found[signature].append(sketch)
    return found


def _put(catalogue: Catalogue, idea: _Idea, lang: str, fitting: Sequence[Sketch], cross: bool) -> Asked:
    position = LANGUAGES.index(lang)
    frame = catalogue.grammar["questions"][idea.form][idea.frame][position]
    text = frame.format_map({slot: idea.sketch.says[slot][position] for slot in idea.slots})
    facets = ((idea.facet, str(idea.sketch.facets()[idea.facet])),) if idea.facet else ()
    return Asked(text, lang, idea.form, tuple(sketch.key for sketch in fitting), facets, cross)
