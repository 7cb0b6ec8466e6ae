"""The unanswered queue: questions that found nothing or were answered badly, each once, whichever language it was asked in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from sqlmodel import col, or_, select

from bot.staff.curated import ROUTE
from bot.staff.likeness import Likeness, Meant, spelling
from bot.staff.log import DOWN
from bot.values import NOT_FOUND
from knowledge.journal import CuratedVersion, LoggedQuestion
from knowledge.store import KnowledgeBase
from retrieval.language import base

DEEPEST = 3_000  # different questions that are looked at, the newest of them


@dataclass(frozen=True)
class Asked:
    """One wording of a question: how often it was asked, how often in vain and with what feedback."""

    entry: int
    text: str
    lang: str
    count: int
    disliked: int
    last: datetime


@dataclass(frozen=True)
class Row:
    """One question of the queue, in all its wordings, the most frequent first."""

    wordings: tuple[Asked, ...] = field(default_factory=tuple)

    @property
    def id(self) -> str:
        """What names the row: the number of its first entry in the log."""
        return f"q{min(each.entry for each in self.wordings)}"

    @property
    def count(self) -> int:
        """How often it was asked."""
        return sum(each.count for each in self.wordings)

    @property
    def disliked(self) -> int:
        """How often an answer to it was marked as bad."""
        return sum(each.disliked for each in self.wordings)

    @property
    def last(self) -> datetime:
        """When it was asked last."""
        return max(each.last for each in self.wordings)

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages it was asked in."""
        return tuple(sorted({base(each.lang) for each in self.wordings}))


Match = Callable[[str], CuratedVersion | None]


class Unanswered:
    """Reads the queue from the log. ``match`` gives the curated answer that a question has by now, if any."""

    def __init__(self, kb: KnowledgeBase, likeness: Likeness, match: Match) -> None:
        self._kb = kb
        self._likeness = likeness
        self._match = match

    def rows(self) -> list[Row]:
        """The queue, what was asked most and last first."""
        open_ = self._open(self._entries())
        rows = cluster(self._likeness, list(open_)[:DEEPEST])
        return sorted(rows, key=lambda row: (-row.count, -row.last.timestamp(), row.id))

    def _entries(self) -> list[LoggedQuestion]:
        statement = (
            select(LoggedQuestion)
            .where(or_(col(LoggedQuestion.status) == NOT_FOUND, col(LoggedQuestion.feedback) == DOWN))
            .order_by(col(LoggedQuestion.id).desc())
        )
        with self._kb.session() as session:
            return list(session.exec(statement))

    def _open(self, entries: Sequence[LoggedQuestion]) -> Iterable[Asked]:
        """The wordings that no curated answer has settled; one that was disliked for its curated answer is open again."""
        for same in _by_spelling(entries):
            settled = self._match(same[0].text)
            if settled:
                same = [each for each in same if each.kind == ROUTE and each.asked_at > settled.made_at]
            if same:
                yield _wording(same)


def _by_spelling(entries: Sequence[LoggedQuestion]) -> list[list[LoggedQuestion]]:
    spelt: dict[str, list[LoggedQuestion]] = {}
    for entry in entries:
        if text := spelling(entry.text):
            spelt.setdefault(text, []).append(entry)
    return list(spelt.values())


def _wording(entries: Sequence[LoggedQuestion]) -> Asked:
    first = min(entries, key=lambda entry: entry.id or 0)
    disliked = sum(entry.feedback == DOWN for entry in entries)
    last = max(entry.asked_at for entry in entries)
    return Asked(first.id or 0, first.text, first.lang, len(entries), disliked, last)


def cluster(likeness: Likeness, wordings: Sequence[Asked]) -> list[Row]:
    """The wordings in rows: each joins the row that is nearest to it on average, if it is near to every wording there.

    The most frequent come first, so the same log always gives the same rows. A wording that says nothing without the question
    before it ("and in Japan?") is left out.
    """
    ordered = sorted(wordings, key=lambda each: (-each.count, each.entry))
    if not ordered:
        return []
    read = likeness.read([each.text for each in ordered])
    vectors = np.vstack([meant.vector for meant in read])
    rows: list[Row] = []
    members: list[list[int]] = []
    centres: list[np.ndarray] = []
    for number, (asked, meant) in enumerate(zip(ordered, read, strict=True)):
        place = _nearest(likeness, read, members, centres, number)
        if place is not None:
            rows[place] = replace(rows[place], wordings=(*rows[place].wordings, asked))
            members[place].append(number)
            centres[place] = vectors[members[place]].mean(axis=0)
        elif meant.stands_alone:
            rows.append(Row((asked,)))
            members.append([number])
            centres.append(vectors[number])
    return rows


def _nearest(
    likeness: Likeness, read: Sequence[Meant], members: Sequence[Sequence[int]], centres: Sequence[np.ndarray], number: int
) -> int | None:
    """The row that a wording joins, if any."""
    if not centres:
        return None
    nearness = np.vstack(centres) @ read[number].vector
    for place in np.argsort(-nearness)[:5].tolist():
        if all(likeness.near(read[number], read[member]) for member in members[place]):
            return int(place)
    return None
