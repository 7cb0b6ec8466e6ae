"""Why a record is shown: the words and conditions of the question that it meets, or that it means something like it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.compose.page import Page
from bot.speech import Speech
from bot.understand import Understanding
from knowledge.records import Record


def reason(page: Page, record: Record, asked: Understanding, words: Sequence[str], *, searched: bool) -> str | None:
    """The reasons in one line; None for a record that was neither searched for nor narrowed to."""
    said = list(_conditions(page, record, asked))
    if words:
        quoted = page.speech.join([page.say("quoted", text=word) for word in words])
        said.insert(0, page.say("why_words", words=quoted))
    elif searched:
        said.insert(0, page.say("why_meaning"))
    return page.say("semicolon").join(said) or None


def _conditions(page: Page, record: Record, asked: Understanding) -> Iterator[str]:
    """The facets of the question that the record has."""
    own, facets = Speech(page.lang, "conversation"), asked.facets
    country, city = getattr(record, "country", None), getattr(record, "city", None)
    within = {country, *page.vocabulary.wider(country)}
    if city in facets.values("city") or within & set(facets.values("country")):
        yield own.say("why_place", place=page.place(country, city))
    stage, sector = getattr(record, "stage", None), getattr(record, "sector", None)
    if stage in facets.values("stage"):
        yield own.say("why_stage", stage=page.label("stages", stage))
    if sector in facets.values("sector"):
        yield own.say("why_sector", sector=page.label("sectors", sector))
    year = (getattr(record, "start", None) or "")[:4]
    if year and year in {value[:4] for value in facets.values("year")}:
        yield own.say("why_year", year=year)
