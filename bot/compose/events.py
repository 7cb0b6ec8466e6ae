"""Events: when and where, who organised, how many came, what was on and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from bot.compose.page import Page
from bot.compose.people import person_card
from bot.values import Block, Card, Text
from knowledge.records import Appearance, Event, Person, Record

ROLES = ("host", "organiser", "co_organiser", "supporter")


def event_card(page: Page, event: Event, *, score: float = 0.0) -> Card:
    """The card of an event."""
    return page.card(
        event,
        [
            ("when", when(page, event)),
            ("where", where(page, event)),
            ("format", page.text(event, "format")),
            ("organisers", organisers(page, event)),
            ("series", page.text(event, "series")),
            ("theme", page.text(event, "theme")),
            ("attendance", page.text(event, "attendance")),
            ("audience", page.text(event, "audience")),
            ("sessions", _points(page, event.sessions)),
            ("outcomes", _points(page, event.outcomes)),
        ],
        kind="event",
        score=score,
        contact=False,
    )


def event_blocks(page: Page, event: Event, aspects: Set[str], *, score: float = 0.0) -> list[Block]:
    """One event; the lead answers what was asked, or says what it was."""
    answers = [text for aspect in _ASKABLE if aspect in aspects and (text := _aspect(page, event, aspect))]
    name = page.name(event)
    missing = [aspect for aspect in _ASKABLE if aspect in aspects and not _aspect(page, event, aspect)]
    lead = page.say("about_event", name=name, text=_sentences(page, answers)) if answers else page.text(event, "summary") or name
    blocks: list[Block] = [Text(lead, "lead")]
    if missing and not answers:
        labels = [page.speech.names("aspects")[aspect] for aspect in missing]
        blocks.append(Text(page.say("not_on_record", what=page.speech.join(labels)), "note"))
    blocks.append(event_card(page, event, score=score))
    if aspects & {"who", "said"} and "organiser" not in aspects:
        blocks += [person_card(page, person, event=event.id) for person in people_of(page, event)]
    if "contact" in aspects:
        blocks.append(Text(page.say("event_contact", contact=_organiser_contact(page, event)), "note"))
    return blocks


def events_blocks(page: Page, events: Sequence[Event], *, scope: str, scores: Mapping[str, float], total: int = 0) -> list[Block]:
    """Several events under a lead that counts them, each with date and place; they may be a page of ``total``."""
    count = max(total, len(events))
    listed = [
        page.say("event_in_list", name=page.name(event), when=when(page, event), where=where(page, event)) for event in events
    ]
    lead = page.say(
        "events_lead_one" if count == 1 else "events_lead",
        n=count,
        scope=scope,
        names=page.speech.join(listed),
    )
    return [
        Text(lead, "lead", derived=(str(count),)),
        *(event_card(page, event, score=scores.get(event.key, 0.0)) for event in events),
    ]


def people_of(page: Page, event: Event) -> list[Person]:
    """The people who took part, in the order of the records."""
    parts = page.kb.all(Appearance, event=event.id)
    found = page.kb.fetch([f"person/{part.person}" for part in parts])
    return [person for person in found if isinstance(person, Person)]


def when(page: Page, event: Event) -> str:
    """The date or dates, with what is known of an uncertain one."""
    dates = page.date(event.start)
    if event.end and event.end != event.start:
        dates = page.say("from_to", start=dates, end=page.date(event.end))
    note = page.text(event, "date_note")
    return page.say("with_note", text=dates, note=note) if dates and note else dates or note or page.say("not_stated")


def where(page: Page, event: Event) -> str:
    """Venue, city and country."""
    place = page.place(event.country, event.city)
    venue = page.text(event, "venue")
    return page.say("venue_in", venue=venue, place=place) if venue and place else venue or place or page.say("not_stated")


def organisers(page: Page, event: Event) -> str:
    """Hosts, organisers and supporters, each by name."""
    said = []
    for role in ROLES:
        names = [name for part in event.organisations if part.get("role") == role and (name := page.organisation_name(part))]
        if names:
            said.append(page.say("labelled", label=page.speech.names("event_roles")[role], text=page.speech.join(names)))
    return page.say("semicolon").join(said)


_ASKABLE = ("when", "where", "organiser", "attendance", "agenda", "results")


def _aspect(page: Page, event: Event, aspect: str) -> str | None:
    texts = {
        "when": when(page, event) if event.start or event.date_note_en else None,
        "where": where(page, event) if event.city or event.venue_en else page.text(event, "format"),
        "organiser": organisers(page, event) or None,
        "attendance": page.text(event, "attendance"),
        "agenda": _joined(page, [page.text(event, "theme"), _points(page, event.sessions)]),
        "results": _points(page, event.outcomes),
    }
    return texts[aspect]


def _points(page: Page, points: Sequence[Mapping[str, str]]) -> str | None:
    texts = [point.get(page.base) or next(iter(point.values()), "") for point in points]
    return page.say("semicolon").join(text.rstrip("。.；;") for text in texts if text) or None


def _joined(page: Page, parts: Sequence[str | None]) -> str | None:
    return page.say("semicolon").join(part for part in parts if part) or None


def _sentences(page: Page, parts: Sequence[str]) -> str:
    words = page.speech.names("sentence")
    return words["join"].join(part.rstrip("。.") + words["end"] for part in parts)


def _organiser_contact(page: Page, event: Event) -> str:
    ids = [part["organisation"] for part in event.organisations if part.get("organisation")]
    found: list[Record] = page.kb.fetch([f"organisation/{id_}" for id_ in ids])
    known = [
        page.say("labelled", label=page.name(one), text=page.contact(one))
        for one in found
        if page.text(one, "contact") or getattr(one, "website", None)
    ]
    return page.say("semicolon").join(known[:2]) or page.say("contact_by_desk", link=page.desk)
