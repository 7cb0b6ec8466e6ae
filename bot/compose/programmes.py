"""Programmes, platforms and publications: what it is, for whom, how, at what cost."""

from __future__ import annotations

from collections.abc import Set

from bot.compose.page import Page
from bot.values import Block, Card, Text
from knowledge.records import Programme

_FIELDS = {"eligibility": "eligibility", "join": "how_to_join", "cost": "cost", "results": "summary"}


def programme_card(page: Page, record: Programme, *, score: float = 0.0) -> Card:
    """The card of a programme."""
    return page.card(
        record,
        [
            ("about", page.text(record, "summary")),
            ("eligibility", page.text(record, "eligibility")),
            ("how_to_join", page.text(record, "how_to_join")),
            ("cost", page.text(record, "cost")),
            ("status", page.text(record, "status")),
            ("since", page.date(record.start)),
            ("website", record.website),
            ("note", page.text(record, "note")),
        ],
        kind="programme",
        score=score,
    )


def programme_blocks(page: Page, record: Programme, aspects: Set[str], *, score: float = 0.0) -> list[Block]:
    """One programme; the lead answers what was asked, or says what it is, and names what is not on record."""
    name = page.both(record)
    asked = [aspect for aspect in _FIELDS if aspect in aspects]
    known = [text for aspect in asked if (text := page.text(record, _FIELDS[aspect]))]
    missing = [page.speech.names("aspects")[aspect] for aspect in asked if not page.text(record, _FIELDS[aspect])]
    if "contact" in aspects:
        known.append(page.contact(record))
    if "when" in aspects and record.start:
        known.append(page.say("started", date=page.date(record.start)))
    text = page.speech.names("sentence")["join"].join(known) or page.text(record, "summary") or ""
    blocks: list[Block] = [Text(page.say("is_lead", name=name, text=text), "lead")]
    if missing:
        blocks.append(Text(page.say("not_on_record", what=page.speech.join(missing)), "note"))
    return [*blocks, programme_card(page, record, score=score)]
