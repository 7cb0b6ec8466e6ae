"""Organisations: who they are, their part in the network, how to reach them, what they offer and who speaks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from bot.compose.page import Page
from bot.values import Block, Card, Text
from knowledge.records import Listing, Organisation, Person


def organisation_card(page: Page, record: Organisation, *, score: float = 0.0) -> Card:
    """The card of an organisation."""
    roles = [page.label("roles", role) or role for role in record.roles]
    return page.card(
        record,
        [
            ("about", page.text(record, "summary")),
            ("place", page.place(record.country, record.city)),
            ("roles", page.speech.join(roles)),
            ("partner_since", page.date(record.partner_since)),
            ("website", record.website),
            ("note", page.text(record, "note")),
        ],
        kind="organisation",
        score=score,
    )


def organisation_blocks(page: Page, record: Organisation, aspects: Set[str], *, score: float = 0.0) -> list[Block]:
    """One organisation, its lead shaped by what was asked: contact, place, people, or who it is."""
    blocks: list[Block] = [Text(_lead(page, record, aspects), "lead"), organisation_card(page, record, score=score)]
    people = page.kb.all(Person, organisation=record.id)
    if people:
        said = [
            page.say("person_with_title", name=page.both(person), title=page.text(person, "title") or "") for person in people[:6]
        ]
        blocks.append(Text(page.say("people_there", names=page.speech.join(said)), "body"))
    listings = page.kb.all(Listing, organisation=record.id)
    if listings:
        blocks.append(Text(page.say("listings_there", names=page.speech.join([page.name(one) for one in listings[:5]])), "body"))
    return blocks


def _lead(page: Page, record: Organisation, aspects: Set[str]) -> str:
    name = page.both(record)
    if "contact" in aspects:
        key = "organisation_contact" if page.text(record, "contact") else "organisation_no_contact"
        return page.say(key, name=name, contact=page.contact(record))
    if "website" in aspects:
        return page.say("website_lead" if record.website else "website_missing", name=name, link=record.website or "")
    if "where" in aspects and (record.city or record.country):
        return page.say("where_lead", name=name, place=page.place(record.country, record.city))
    return page.say("is_lead", name=name, text=page.text(record, "summary") or "")


def organisations_blocks(
    page: Page, records: Sequence[Organisation], *, scope: str, scores: Mapping[str, float], total: int = 0
) -> list[Block]:
    """Several organisations under a lead that counts and names them; they may be a page of ``total``."""
    count = max(total, len(records))
    key = "organisations_lead_one" if count == 1 else "organisations_lead"
    names = page.speech.join([page.name(record) for record in records])
    lead = page.say(key, n=count, names=names, scope=scope)
    return [
        Text(lead, "lead", derived=(str(count),)),
        *(organisation_card(page, record, score=scores.get(record.key, 0.0)) for record in records),
    ]
