"""One record that was pointed to: what was asked of it, then its card."""

from __future__ import annotations

from collections.abc import Sequence

from bot import render
from bot.compose.listings import listing_card
from bot.compose.page import Page
from bot.speech import Speech
from bot.values import Block, Text
from knowledge.records import Listing, Record


def listing_about(page: Page, listing: Listing, fields: Sequence[str]) -> list[Block]:
    """A listing with the fields that were asked for in the lead; what is not on record is said to be missing."""
    return [Text(_lead(page, listing, fields), "lead"), listing_card(page, listing)]


def source_lead(page: Page, record: Record) -> Text:
    """Where what is known of a record comes from."""
    return Text(_field(page, record, "source", _sources(page, record)), "lead")


def _lead(page: Page, listing: Listing, fields: Sequence[str]) -> str:
    own = Speech(page.lang, "conversation")
    if not fields:
        provider = page.text(listing, "provider")
        key = "single_provided" if provider else "single_lead"
        return own.say(key, name=page.both(listing), provider=provider or "")
    joint = page.speech.names("sentence")["join"]
    return joint.join(_field(page, listing, field, field_text(page, listing, field)) for field in fields)


def field_text(page: Page, listing: Listing, field: str) -> str | None:
    """What a listing says in one field, if it does."""
    if field == "source":
        return _sources(page, listing)
    if field == "country":
        return page.place(listing.country, listing.city) if listing.country else None
    if field == "stage":
        stage = page.text(listing, "stage_note") or page.label("stages", listing.stage)
        return " · ".join(part for part in (stage, f"TRL {listing.trl}" if listing.trl else None) if part) or None
    if field == "contact":
        return page.contact(listing)
    if field == "website":
        return listing.website or listing.listing_url
    return page.text(listing, {"what": "summary"}.get(field, field)) if field in ("what", "provider", "ip") else None


def _sources(page: Page, record: Record) -> str | None:
    return (";" if page.base == "en" else "；").join(render.source_text(page.speech, one) for one in page.cited(record)) or None


def _field(page: Page, record: Record, field: str, text: str | None) -> str:
    own = Speech(page.lang, "conversation")
    said = {"name": page.name(record), "field": own.names("fields")[field], "text": text or ""}
    return _ended(page, own.say("field_of", **said)) if text else own.say("field_missing", **said)


def _ended(page: Page, text: str) -> str:
    # A link that ends a sentence stays one that can be clicked on.
    end = page.speech.names("sentence")["end"]
    return text if text.endswith(end) or "http" in text.split()[-1] else text + end
