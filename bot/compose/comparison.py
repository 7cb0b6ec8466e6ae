"""Records side by side: a table of what is on record of each, with what is not stated said to be so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.compose.about import field_text
from bot.compose.page import Page
from bot.compose.people import role
from bot.speech import Speech
from bot.values import Block, Table, Text
from knowledge.records import Event, Listing, Organisation, Person, Record

MOST = 4  # records that fit side by side
_LISTING = ("what", "provider", "country", "stage", "ip", "contact")
_OTHERS = ("what", "role", "roles", "place", "when", "website", "contact")


def comparison_blocks(page: Page, records: Sequence[Record]) -> list[Block]:
    """Two to four records as a table under a lead that names them."""
    own = Speech(page.lang, "conversation")
    compared = records[:MOST]
    names = page.speech.join([page.name(record) for record in compared])
    listings = all(isinstance(record, Listing) for record in compared)
    lead = own.say("compared_lead" if listings else "compared_other", n=len(compared), names=names)
    rows = _rows(page, own, compared, _LISTING if listings else _OTHERS)
    table = Table(tuple(record.key for record in compared), tuple(page.name(record) for record in compared), rows)
    notes = [Text(own.say("compared_most"), "note", derived=(str(MOST),))] if len(records) > MOST else []
    return [*notes, Text(lead, "lead", derived=(str(len(compared)),)), table]


def _rows(page: Page, own: Speech, records: Sequence[Record], fields: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A row a field; of fields that not every kind of record has, only those that one of these says."""
    rows = []
    for field in fields:
        cells = [_cell(page, record, field) for record in records]
        if any(cells) or fields is _LISTING:
            rows.append((own.names("fields")[field], tuple(cell or own.say("not_stated") for cell in cells)))
    return tuple(rows)


def _cell(page: Page, record: Record, field: str) -> str | None:
    if isinstance(record, Listing):
        return field_text(page, record, {"place": "country"}.get(field, field))
    read = _FIELDS.get(field)
    return read(page, record) if read else None


def _place(page: Page, record: Record) -> str | None:
    if isinstance(record, Organisation | Event):
        return page.place(record.country, record.city) or None
    return None


def _roles(page: Page, record: Record) -> str | None:
    if not isinstance(record, Organisation):
        return None
    return page.speech.join([page.label("roles", role) or role for role in record.roles]) or None


_FIELDS: Mapping[str, Callable[[Page, Record], str | None]] = {
    "what": lambda page, record: page.text(record, "summary") if hasattr(record, "summary_en") else None,
    "role": lambda page, record: role(page, record) if isinstance(record, Person) else None,
    "roles": _roles,
    "place": _place,
    "when": lambda page, record: page.date(record.start) or None if isinstance(record, Event) else None,
    "website": lambda _, record: getattr(record, "website", None),
    "contact": lambda page, record: page.contact(record) if isinstance(record, Organisation | Person) else None,
}
