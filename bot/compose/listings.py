"""Technologies, needs and experts: a lead that names them, then a card each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.compose.page import Page
from bot.values import Block, Card, Text
from knowledge.records import Listing


def listing_blocks(
    page: Page,
    listings: Sequence[Listing],
    *,
    why: Mapping[str, str | None],
    scores: Mapping[str, float],
    scope: str = "",
) -> list[Block]:
    """The listings as cards under a lead. ``why`` says, for each key, why it is there."""
    blocks: list[Block] = [Text(_lead(page, listings, scope), "lead", derived=(str(len(listings)),))]
    for listing in listings:
        blocks.append(listing_card(page, listing, why=why.get(listing.key), score=scores.get(listing.key, 0.0)))
    return blocks


def listing_card(page: Page, listing: Listing, *, why: str | None = None, score: float = 0.0) -> Card:
    """The card of a listing, with why it was found if it was searched for."""
    lines = [
        ("what_it_does", page.text(listing, "summary")),
        ("facts", facts(page, listing)),
        ("ip", page.text(listing, "ip")),
        ("why", why),
        ("note", page.text(listing, "note")),
    ]
    return page.card(listing, lines, kind=listing.kind, score=score)


def facts(page: Page, listing: Listing) -> str:
    """Provider, country, stage and readiness in one line; what is not stated is left out."""
    stage = page.text(listing, "stage_note") or page.label("stages", listing.stage)
    parts = [
        page.text(listing, "provider"),
        page.place(listing.country, listing.city) if listing.country else None,
        stage,
        f"TRL {listing.trl}" if listing.trl else None,
    ]
    return " · ".join(part for part in parts if part)


def _lead(page: Page, listings: Sequence[Listing], scope: str) -> str:
    kinds = {listing.kind for listing in listings}
    kind = kinds.pop() if len(kinds) == 1 else "listing"
    counted = page.speech.names("counted_one" if len(listings) == 1 else "counted")[kind].format(n=len(listings))
    names = page.speech.join([page.name(listing) for listing in listings])
    return page.say("listings_lead", counted=counted, names=names, scope=scope)
