"""People: who they are, where they spoke and on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from bot.compose.page import Page
from bot.values import Block, Card, Text
from knowledge.records import Appearance, Event, Organisation, Person, Record


def person_card(page: Page, person: Person, *, event: str | None = None, score: float = 0.0) -> Card:
    """The card of a person; with ``event``, only their part in that event."""
    lines: list[tuple[str, str | None]] = [("role", role(page, person))]
    for part in _appearances(page, person, event):
        lines.append(("appearance", _spoken(page, part)))
    lines.append(("note", page.text(person, "note")))
    return page.card(person, lines, kind="person", score=score)


def person_blocks(page: Page, person: Person, aspects: Set[str], *, event: str | None = None, score: float = 0.0) -> list[Block]:
    """One person, the lead shaped by what was asked: how to reach them, what they said, or who they are."""
    name = page.both(person)
    if "contact" in aspects:
        lead = page.say("person_no_contact", name=name, contact=page.contact(person))
    else:
        lead = page.say("person_is", name=name, role=role(page, person))
        said = _appearances(page, person, event) if aspects & {"said", "agenda", "when", "where"} or event else []
        lead = page.speech.names("sentence")["join"].join([lead, *(_spoken(page, part) for part in said[:3])])
    return [Text(lead, "lead"), person_card(page, person, event=event, score=score)]


def people_blocks(
    page: Page, people: Sequence[Person], *, event: Event | None, scores: Mapping[str, float], total: int = 0
) -> list[Block]:
    """Several people, who may be a page of ``total``; of one event, with what each did there."""
    count = max(total, len(people))
    names = page.speech.join([page.both(person) for person in people])
    if event is not None:
        lead = page.say("people_at", event=page.name(event), n=count, names=names)
    else:
        lead = page.say("people_lead_one" if count == 1 else "people_lead", n=count, names=names)
    only = event.id if event else None
    cards = [person_card(page, person, event=only, score=scores.get(person.key, 0.0)) for person in people]
    return [Text(lead, "lead", derived=(str(count),)), *cards]


def role(page: Page, person: Person) -> str:
    """Title and organisation, as of the date of the source."""
    home = page.organisation_name({"organisation": person.organisation}) if person.organisation else None
    home = home or page.text(person, "organisation_name")
    title = page.text(person, "title")
    said = page.say("title_at", title=title, organisation=home) if title and home else title or home or page.say("not_stated")
    return page.say("as_of_role", role=said, date=page.date(person.as_of)) if person.as_of else said


def told_apart(page: Page, record: Record) -> str:
    """A record with what tells it from another of its name: a person's post, a body's place."""
    if isinstance(record, Person):
        return f"{page.both(record)}: {role(page, record)}"
    place = page.place(record.country, record.city) if isinstance(record, Organisation) else ""
    name = page.both(record)
    return page.say("comma").join([name, place]) if place and place not in name else name


def _appearances(page: Page, person: Person, event: str | None) -> list[Appearance]:
    parts = page.kb.all(Appearance, person=person.id)
    if event is not None:
        return [part for part in parts if part.event == event]
    dates = {found.id: found.start or "" for found in page.kb.all(Event)}
    return sorted(parts, key=lambda part: dates.get(part.event, ""), reverse=True)


def _spoken(page: Page, part: Appearance) -> str:
    found = page.kb.fetch([f"event/{part.event}"])
    event = found[0] if found else None
    when = page.date(getattr(event, "start", None)) if event else ""
    name = page.name(event) if event else part.event
    where = page.say("event_on", event=name, date=when) if when else name
    told = page.say("appearance_text", event=where, role=page.text(part, "role") or page.say("took_part"))
    topic = page.text(part, "topic")
    return page.speech.names("sentence")["join"].join([told, topic]) if topic else told
