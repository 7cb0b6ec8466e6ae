"""Usage: what was asked in a period, how it was answered, and by how many; worked out from the question log.

Times in the log are UTC; a day here is a day of the machine's own time zone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from bot.staff.curated import ROUTE, local
from bot.staff.log import DOWN, UP
from bot.values import STATUSES
from knowledge.journal import LoggedQuestion, ModelUse
from knowledge.records import Listing, Record
from knowledge.store import KnowledgeBase
from retrieval.facets import FacetReader

TOP = 10
SECTOR, KIND = "sector", "kind"
_AT_A_TIME = 1_000


@dataclass(frozen=True)
class Period:
    """Days from ``since`` to ``until``, both included, in the machine's own time zone."""

    since: date
    until: date

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days + 1)]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Its beginning, and the end it does not reach, as the journal keeps times."""
        first, last = (datetime.combine(day, time()) for day in (self.since, self.until + timedelta(days=1)))
        return _utc(first), _utc(last)


@dataclass(frozen=True)
class Day:
    """The questions of one day in one channel and language."""

    day: date
    channel: str
    lang: str
    questions: int


@dataclass(frozen=True)
class Topic:
    """What was asked about: a sector, or a kind of record where no sector was meant."""

    table: str  # sector | kind
    value: str
    questions: int


@dataclass(frozen=True)
class Shown:
    """A listing, and the number of answers that showed it."""

    key: str
    name_en: str
    name_zh: str
    answers: int


@dataclass(frozen=True)
class ModelJob:
    """What a language model was used for: requests, tokens, and their price where prices are set."""

    model: str
    job: str  # write | rewrite | translate
    requests: int
    failed: int
    tokens_in: int
    tokens_out: int
    cost: float | None = None


@dataclass(frozen=True)
class Prices:
    """Prices of a million tokens, sent and received; None where they are not set."""

    sent: float | None = None
    received: float | None = None
    currency: str = "USD"

    def of(self, tokens_in: int, tokens_out: int) -> float | None:
        """What so many tokens cost; None when a price is missing."""
        if self.sent is None or self.received is None:
            return None
        return round((tokens_in * self.sent + tokens_out * self.received) / 1_000_000, 4)


@dataclass(frozen=True)
class Usage:
    """The figures of a period. Rates are shares of 1, None where there is nothing to take a share of."""

    period: Period
    questions: int = 0
    conversations: int = 0
    returning: int = 0
    days: Sequence[Day] = ()
    statuses: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    topics: Sequence[Topic] = ()
    listings: Sequence[Shown] = ()
    liked: int = 0
    disliked: int = 0
    curated: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    models: Sequence[ModelJob] = ()
    currency: str | None = None

    def share(self, status: str) -> float | None:
        """The share of questions with this status."""
        return self.statuses.get(status, 0) / self.questions if self.questions else None

    @property
    def dislike_rate(self) -> float | None:
        """The share of rated answers that were marked as bad."""
        rated = self.liked + self.disliked
        return self.disliked / rated if rated else None

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        said = asdict(self)
        said["period"] = {"since": self.period.since.isoformat(), "until": self.period.until.isoformat()}
        said["days"] = [{**day, "day": day["day"].isoformat()} for day in said["days"]]
        said["rates"] = {**{status: self.share(status) for status in STATUSES}, "dislike": self.dislike_rate}
        return said


def read(kb: KnowledgeBase, period: Period, prices: Prices | None = None) -> Usage:
    """The usage in a period; what a model cost, at these prices."""
    prices = prices or Prices()
    models = _models(kb, period, prices)
    priced = any(each.cost is not None for each in models)
    return replace(count(kb, _entries(kb, period), period), models=models, currency=prices.currency if priced else None)


def count(kb: KnowledgeBase, entries: Iterable[LoggedQuestion], period: Period) -> Usage:
    """The figures over these entries of the log."""
    tally = _Tally()
    for entry in entries:
        tally.take(entry)
    statuses = {status: tally.statuses[status] for status in STATUSES}
    return Usage(
        period,
        questions=sum(tally.days.values()),
        conversations=len(tally.seen),
        returning=sum(len(days) > 1 for days in tally.seen.values()),
        days=[Day(*key, number) for key, number in sorted(tally.days.items())],
        statuses=statuses,
        kinds=dict(tally.kinds.most_common()),
        topics=_topics(kb, tally),
        listings=_listings(kb, tally),
        liked=tally.feedback[UP],
        disliked=tally.feedback[DOWN],
        curated=tally.kinds[ROUTE],
        median_ms=percentile(tally.took, 0.5),
        p95_ms=percentile(tally.took, 0.95),
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of all values does not exceed (nearest rank); None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class _Tally:
    """Counts taken entry by entry, so that a log of any length is read once."""

    def __init__(self) -> None:
        self.days: Counter[tuple[date, str, str]] = Counter()
        self.statuses: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.feedback: Counter[str | None] = Counter()
        self.listings: Counter[str] = Counter()
        self.sectors: Counter[str] = Counter()  # said in the question
        self.first: Counter[str] = Counter()  # first record found, where the question said no sector
        self.seen: dict[str, set[date]] = defaultdict(set)
        self.took: list[float] = []
        self._facets = FacetReader()

    def take(self, entry: LoggedQuestion) -> None:
        """Count one entry."""
        day = local(entry.asked_at).date()
        self.days[day, entry.channel, entry.lang] += 1
        self.statuses[entry.status] += 1
        self.kinds[entry.kind] += 1
        self.feedback[entry.feedback] += 1
        self.seen[entry.conversation].add(day)
        self.took.append(entry.took_ms)
        self.listings.update({key for key in entry.found if key.startswith("listing/")})
        sectors = self._facets.read(entry.text).values("sector")
        self.sectors.update(sectors)
        if not sectors and entry.found:
            self.first[entry.found[0]] += 1


def _topics(kb: KnowledgeBase, tally: _Tally) -> list[Topic]:
    records = _fetched(kb, tally.first)
    topics = Counter({(SECTOR, sector): number for sector, number in tally.sectors.items()})
    for key, number in tally.first.items():
        record = records.get(key)
        topics[(SECTOR, record.sector) if isinstance(record, Listing) else (KIND, key.split("/", 1)[0])] += number
    ranked = sorted(topics.items(), key=lambda item: (-item[1], item[0]))
    return [Topic(*key, number) for key, number in ranked[:TOP]]


def _listings(kb: KnowledgeBase, tally: _Tally) -> list[Shown]:
    ranked = sorted(tally.listings.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    records = _fetched(kb, [key for key, _ in ranked])
    names = {key: (record.name("en"), record.name("zh")) for key, record in records.items()}
    return [Shown(key, *names.get(key, (key, key)), answers=number) for key, number in ranked]


def _fetched(kb: KnowledgeBase, keys: Iterable[str]) -> dict[str, Record]:
    return {record.key: record for record in kb.fetch(list(keys))}


def _entries(kb: KnowledgeBase, period: Period) -> Iterator[LoggedQuestion]:
    first, last = period.bounds
    asked = col(LoggedQuestion.asked_at)
    statement = select(LoggedQuestion).where(asked >= first, asked < last).execution_options(yield_per=_AT_A_TIME)
    with kb.session() as session:
        yield from session.exec(statement)


def _models(kb: KnowledgeBase, period: Period, prices: Prices) -> list[ModelJob]:
    """What each model did in a period, by job."""
    sums: list[Any] = [func.sum(getattr(ModelUse, name)) for name in ("requests", "failed", "tokens_in", "tokens_out")]
    days = col(ModelUse.day).between(period.since.isoformat(), period.until.isoformat())
    statement = select(ModelUse.model, ModelUse.job, *sums).where(days).group_by(col(ModelUse.model), col(ModelUse.job))
    with kb.session() as session:
        rows: Sequence[Any] = session.exec(statement.order_by(col(ModelUse.model), col(ModelUse.job))).all()
    found = []
    for model, job, *numbers in rows:
        requests, failed, tokens_in, tokens_out = map(int, numbers)
        found.append(ModelJob(model, job, requests, failed, tokens_in, tokens_out, prices.of(tokens_in, tokens_out)))
    return found


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
