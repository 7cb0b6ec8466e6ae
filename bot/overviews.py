"""Overviews: what the knowledge base holds of a kind, as answers that nobody had to find the words for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from bot.compose import events, figures, listings, organisations
from bot.compose.page import Page
from bot.values import ANSWERED, Answer, Block, Text
from knowledge.records import Event, Listing, Metric, Organisation, Source, Statistic
from knowledge.store import KnowledgeBase

EVENTS, PARTNERS, SOURCES, FIGURES, SECTOR = "events", "partners", "sources", "figures", "sector"
KIND = "overview"
PARTNER = "wipo_green_partner"
_PUBLISHERS = 12
# The figures that staff and visitors ask for first.
HEADLINES = ("wipo_green_listings", "wipo_green_technologies_from_china", "wipo_green_partners", "wipo_green_users",
             "wipo_green_connections", "wipo_green_countries")  # fmt: skip


def overview(kb: KnowledgeBase, name: str, lang: str) -> Answer:
    """The overview of this name, whole."""
    page = Page(kb, lang)
    what, _, sector = name.partition(".")
    blocks = _sector(page, sector) if what == SECTOR else _MADE[what](page)
    return Answer(f"{KIND}/{name}", lang, ANSWERED, tuple(blocks), route=KIND)


def sectors(kb: KnowledgeBase) -> list[tuple[str, int]]:
    """The sectors with the number of technologies in each, the fullest first."""
    counted = Counter(listing.sector for listing in kb.all(Listing, kind="technology"))
    return counted.most_common()


def headline_metrics(kb: KnowledgeBase) -> list[Metric]:
    """The metrics that are asked for most and have a figure."""
    found = kb.fetch([f"metric/{id_}" for id_ in HEADLINES])
    return [metric for metric in found if isinstance(metric, Metric)]


def _events(page: Page) -> list[Block]:
    """All events, the newest first."""
    every = sorted(page.kb.all(Event), key=lambda event: event.start or "", reverse=True)
    lead = Text(page.say("overview_events", n=len(every)), "lead", derived=(str(len(every)),))
    return [lead, *(events.event_card(page, event) for event in every)]


def _partners(page: Page) -> list[Block]:
    every = [one for one in page.kb.all(Organisation) if PARTNER in one.roles]
    lead = Text(page.say("overview_partners", n=len(every)), "lead", derived=(str(len(every)),))
    return [lead, *(organisations.organisation_card(page, one) for one in every)]


def _sector(page: Page, sector: str) -> list[Block]:
    """The technologies of a sector."""
    every = page.kb.all(Listing, kind="technology", sector=sector)
    lead = page.say("overview_sector", n=len(every), sector=page.label("sectors", sector) or sector)
    return [Text(lead, "lead", derived=(str(len(every)),)), *(listings.listing_card(page, one) for one in every)]


def _sources(page: Page) -> list[Block]:
    """Who published what the records rest on."""
    every = page.kb.all(Source)
    publishers = Counter(page.text(source, "publisher") or page.name(source) for source in every)
    counted = [
        Text(page.say("overview_source", name=name, n=number), "step") for name, number in publishers.most_common(_PUBLISHERS)
    ]
    newest = max((source.date for source in every if source.date), default=None)
    lead = page.say("overview_sources", n=len(every), publishers=len(publishers), date=page.date(newest))
    return [Text(lead, "lead"), *counted, Text(page.say("overview_sources_note"), "note")]


def _figures(page: Page) -> list[Block]:
    """The latest figure of each headline metric."""
    blocks: list[Block] = [Text(page.say("overview_figures"), "lead")]
    for metric in headline_metrics(page.kb):
        known = sorted(page.kb.all(Statistic, metric=metric.id), key=lambda one: one.as_of or "")
        if known:
            shown = figures.figure(page, metric, known[-1])
            blocks.append(
                Text(page.say("labelled", label=page.name(metric), text=_dated(page, shown.shown, shown.as_of)), "step")
            )
    return blocks


def _dated(page: Page, value: str, as_of: str | None) -> str:
    return page.say("figure_earlier_unsourced", value=value, date=page.date(as_of) or page.say("undated"))


_MADE: Mapping[str, Callable[[Page], list[Block]]] = {
    EVENTS: _events,
    PARTNERS: _partners,
    SOURCES: _sources,
    FIGURES: _figures,
}
