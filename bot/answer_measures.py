"""How good answers are: hits, false answers, missed ones, per language, and how far languages are apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

from bot.answer_cases import SILENT, Case
from bot.values import ANSWERED, Answer, Card, Figure, Question

LANGUAGES = ("en", "zh", "zh-Hant")
_COMPARED = ("hit_1", "hit_3", "mrr", "false_answers", "missed", "forbidden_shown")


@dataclass(frozen=True)
class Outcome:
    """What became of one question: the status of its reply and the ids of what it shows, records and metrics, in their order."""

    case: Case
    form: str
    status: str
    shown: Sequence[str]

    @property
    def rank(self) -> int:
        """The place of the first expected record, from 1; 0 when none is shown."""
        return next((place for place, id_ in enumerate(self.shown, 1) if id_ in self.case.expected), 0)

    @property
    def false_answer(self) -> bool:
        """Whether a question without an answer got one."""
        return self.case.answerable is False and (self.status == ANSWERED or bool(self.shown))

    @property
    def missed(self) -> bool:
        """Whether a question with an answer was met with silence."""
        return self.case.answerable is True and self.status in SILENT

    @property
    def forbidden(self) -> list[str]:
        """The ids that are shown and must not be."""
        return [id_ for id_ in self.shown if id_ in self.case.forbidden]

    @property
    def faults(self) -> list[str]:
        """What went wrong, by the keys of messages; nothing when all is as it should be."""
        found = {
            "false_answer": self.false_answer,
            "missed_answer": self.missed,
            "not_in_3": bool(self.case.expected) and not self.missed and not 1 <= self.rank <= 3,
            "forbidden": bool(self.forbidden),
        }
        return [name for name, true in found.items() if true]


@dataclass(frozen=True)
class Measures:
    """Shares between 0 and 1 over some outcomes; ``None`` where no question of that sort was asked.

    ``hit_1``, ``hit_3`` and ``mrr`` are over the questions with expected records, ``false_answers`` over those without an answer,
    ``missed`` over those with one, ``forbidden_shown`` over those with forbidden records.
    """

    questions: int
    answerable: int
    unanswerable: int
    hit_1: float | None
    hit_3: float | None
    mrr: float | None
    false_answers: float | None
    missed: float | None
    forbidden_shown: float | None

    def as_dict(self) -> dict[str, Any]:
        """The measures as plain data, under the names that JSON has for them."""
        names = {"hit_1": "hit@1", "hit_3": "hit@3"}
        return {names.get(field.name, field.name): getattr(self, field.name) for field in fields(self)}


def ask_all(cases: Iterable[Case], answer: Callable[[Question], Answer]) -> Iterator[Outcome]:
    """Every question of the cases asked, one after another, as a user would ask it."""
    for case in cases:
        for form, text in case.ask.items():
            reply = answer(Question(text, case.lang))
            yield Outcome(case, form, reply.status, _shown(reply))


def _shown(reply: Answer) -> list[str]:
    ids = (block.id if isinstance(block, Card) else block.metric for block in reply.blocks if isinstance(block, Card | Figure))
    return list(dict.fromkeys(ids))


def measure(outcomes: Sequence[Outcome]) -> Measures:
    """The measures of some outcomes."""
    expecting = [outcome for outcome in outcomes if outcome.case.expected]
    answerable = [outcome for outcome in outcomes if outcome.case.answerable is True]
    unanswerable = [outcome for outcome in outcomes if outcome.case.answerable is False]
    guarded = [outcome for outcome in outcomes if outcome.case.forbidden]
    return Measures(
        len(outcomes),
        len(answerable),
        len(unanswerable),
        _mean(outcome.rank == 1 for outcome in expecting),
        _mean(1 <= outcome.rank <= 3 for outcome in expecting),
        _mean(1 / outcome.rank if outcome.rank else 0.0 for outcome in expecting),
        _mean(outcome.false_answer for outcome in unanswerable),
        _mean(outcome.missed for outcome in answerable),
        _mean(bool(outcome.forbidden) for outcome in guarded),
    )


def by_form(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes by language or form, the languages first."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.form, []).append(outcome)
    return {form: found[form] for form in sorted(found, key=lambda form: (form not in LANGUAGES, form))}


def difference(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """For each measure the largest difference between two languages, over the questions that were asked in both of them."""
    forms = {form: found for form, found in by_form(outcomes).items() if form in LANGUAGES}
    largest: dict[str, float] = {}
    for pair in combinations(forms, 2):
        both = {outcome.case.id for outcome in forms[pair[0]]} & {outcome.case.id for outcome in forms[pair[1]]}
        one, other = (measure([outcome for outcome in forms[form] if outcome.case.id in both]) for form in pair)
        for name in _COMPARED:
            here, there = getattr(one, name), getattr(other, name)
            if here is not None and there is not None:
                largest[name] = max(largest.get(name, 0.0), abs(here - there))
    return largest


def as_dict(outcomes: Sequence[Outcome], *, failures: bool = False) -> dict[str, Any]:
    """All that was measured as plain data: over everything, per language, and the largest difference between languages."""
    gaps = {{"hit_1": "hit@1", "hit_3": "hit@3"}.get(name, name): gap for name, gap in difference(outcomes).items()}
    data: dict[str, Any] = {
        "all": measure(outcomes).as_dict(),
        "languages": {form: measure(found).as_dict() for form, found in by_form(outcomes).items()},
        "difference": gaps,
    }
    if failures:
        data["failures"] = [_failure(outcome) for outcome in outcomes if outcome.faults]
    return data


def _failure(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "id": outcome.case.id,
        "lang": outcome.form,
        "text": outcome.case.ask[outcome.form],
        "faults": outcome.faults,
        "status": outcome.status,
        "shown": list(outcome.shown[:5]),
        "expected": list(outcome.case.expected[:5]),
    }


def _mean(values: Iterable[float]) -> float | None:
    found = [float(value) for value in values]
    return sum(found) / len(found) if found else None
