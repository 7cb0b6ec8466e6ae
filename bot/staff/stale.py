"""The stale watch: what is due for review, has no contact, or speaks one language only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.dates import PartialDate
from knowledge.errors import KnowledgeError
from knowledge.records import MACHINE, Listing, Metric, Organisation, Record, Source, Taxon
from knowledge.store import KnowledgeBase

REVIEW, OLD_SOURCE, NO_CONTACT, ONE_LANGUAGE, BY_MACHINE = "review", "old_source", "no_contact", "one_language", "machine"
CAUSES = (REVIEW, OLD_SOURCE, NO_CONTACT, ONE_LANGUAGE, BY_MACHINE)
# The texts a reader needs in both languages; a name alone may well be the same in both.
_TEXTS = ("summary", "answer", "name")
_OWN_DATES = ("as_of", "listed_date", "date", "end", "start")


@dataclass(frozen=True)
class Stale:
    """Something to look at: which record, why, and since when or in which language."""

    cause: str
    key: str
    name_en: str
    name_zh: str
    detail: str = ""


def watch(kb: KnowledgeBase, today: date, after_days: int) -> Iterator[Stale]:
    """Everything to look at.

    A record is due for review so many days after the newest of its own dates and those of its sources; one that has no date
    at all is not judged by it. Events are history and are not reviewed. A listing may be reached through its organisation.
    """
    oldest = today - timedelta(days=after_days)
    dates = {source.id: known for source in kb.all(Source) if (known := _day(source.date))}
    reached = {each.id for each in kb.all(Organisation) if each.text("contact", "en")}
    for record in kb.records():
        if isinstance(record, Source):
            if record.id in dates and dates[record.id] < oldest:
                yield _stale(OLD_SOURCE, record, str(record.date))
            continue
        if record.KIND not in ("event", "appearance", "taxon", "metric"):
            newest = max(_dates(record, dates), default=None)
            if newest and newest < oldest:
                yield _stale(REVIEW, record, newest.isoformat())
        if isinstance(record, Listing) and not record.text("contact", "en") and record.organisation not in reached:
            yield _stale(NO_CONTACT, record, record.website or record.listing_url or "")
        if only := _only_language(record):
            yield _stale(ONE_LANGUAGE, record, only)
        if made := [entry.removesuffix(MACHINE) for entry in record.translated if entry.endswith(MACHINE)]:
            yield _stale(BY_MACHINE, record, " ".join(made))


def _dates(record: Record, sources: Mapping[str, date]) -> Iterator[date]:
    yield from (sources[id_] for id_ in record.sources if id_ in sources)
    for field in _OWN_DATES:
        if known := _day(getattr(record, field, None)):
            yield known


def _day(text: str | None) -> date | None:
    """The last day that a date may mean: 2021 is not over before its end."""
    if not text:
        return None
    try:
        known = PartialDate.parse(text)
    except (ValueError, KnowledgeError):
        return None
    year, month, day = known.year, known.month or 12, known.day
    if day:
        return date(year, month, day)
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _only_language(record: Record) -> str | None:
    """The one language that the record's texts are in, when they are in one."""
    if isinstance(record, Taxon | Metric) or record.KIND in ("appearance", "statistic", "person"):
        return None
    for field in _TEXTS:
        there = [lang for lang in ("en", "zh") if record.exactly(field, lang)]
        if there:
            return there[0] if len(there) == 1 else None
    return None


def _stale(cause: str, record: Record, detail: str) -> Stale:
    return Stale(cause, record.key, record.name("en"), record.name("zh"), detail)


def links(kb: KnowledgeBase) -> dict[str, list[str]]:
    """The links that readers may be shown, with the keys of the records that have them."""
    found: dict[str, list[str]] = {}
    for record in kb.records():
        shown = [getattr(record, field, None) for field in ("website", "listing_url")]
        if isinstance(record, Source):
            shown = [record.public_url if record.restricted else record.url]
        for url in dict.fromkeys(url for url in shown if url):
            found.setdefault(url, []).append(record.key)
    return found
