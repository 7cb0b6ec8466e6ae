"""Inside an event: its agenda, who spoke, who was there, its figures, and whom to talk to about something.

Only what is on record of the event is told; what is asked beyond it is left to the assistant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from bot.compose import events, figures, organisations, people
from bot.compose.page import Page
from bot.speech import Speech, cues
from bot.understand import Understander, Understanding
from bot.values import ANSWERED, NOT_FOUND, Answer, Block, Card, Question, Text
from knowledge.records import Appearance, Event, Metric, Organisation, Person, Record, Statistic, split_key
from knowledge.store import KnowledgeBase
from retrieval.language import fold
from retrieval.retriever import HybridRetriever, Query

ROUTE = "event_guide"
AGENDA, SPEAKERS, PARTNERS, FIGURES, INTRODUCTION = "agenda", "speakers", "partners", "figures", "introduction"
PARTS = (AGENDA, SPEAKERS, PARTNERS, FIGURES)
_MOST = 4
_TELLING = ("title", "role", "topic", "organisation_name", "note")
_OF_THE_EVENT = frozenset({"when", "where", "organiser", "attendance", "agenda", "results"})


class EventGuide:
    """Knows one event at a time, from the records."""

    def __init__(self, kb: KnowledgeBase, retriever: HybridRetriever) -> None:
        self._kb = kb
        self._retriever = retriever
        self._understander = Understander(retriever)

    def event(self, id_: str) -> Event | None:
        """The event of this id."""
        found = self._kb.fetch([f"event/{id_}"])
        return found[0] if found and isinstance(found[0], Event) else None

    def part(self, id_: str, name: str, lang: str) -> Answer | None:
        """One part of what is known of an event: PARTS, or the INTRODUCTION; None where there is no such event or part."""
        event, tell = self.event(id_), _TOLD.get(name)
        if event is None or tell is None:
            return None
        page = Page(self._kb, lang)
        return _answer(name, lang, tell(page, event))

    def answer(self, id_: str, question: Question) -> Answer | None:
        """The reply to a question asked inside an event; None where the event has nothing to do with it."""
        event = self.event(id_)
        if event is None:
            return None
        asked = self._understander.read(question)
        elsewhere = set(asked.named("event")) - {event.key}
        if asked.talk or elsewhere or (asked.named("person") and not self._named(event, asked)):
            return None
        page = Page(self._kb, asked.lang)
        topic = [word for word in asked.topic if word not in _hollow()]
        if topic and self._wants_people(asked) and not self._named(event, asked):
            return self._closest(page, event, asked, topic)
        blocks = self._told(page, event, asked, topic)
        return _answer(question.text, asked.lang, blocks) if blocks else None

    def _wants_people(self, asked: Understanding) -> bool:
        people = asked.aspects & {"who", "said"} or "person" in asked.facets.values("kind")
        return bool(people) or _heard("event_people", fold(asked.text))

    def _told(self, page: Page, event: Event, asked: Understanding, topic: Sequence[str]) -> list[Block] | None:
        wanted, wants_people = asked.aspects & _OF_THE_EVENT, self._wants_people(asked)
        text = fold(asked.text)
        if named := self._named(event, asked):
            return _found(page, event, named)
        elsewhere = any(mention.facet in ("country", "city", "sector") for mention in asked.facets.mentions)
        if _heard("event_figures", text) and not topic and not elsewhere:
            return _figures(page, event)
        if bodies := asked.named("organisation"):
            names = page.speech.join([page.name(body) for body in self._kb.fetch(bodies)])
            return [Text(page.say("guide_nobody", event=page.name(event), words=names), "lead")] if wants_people else None
        if wants_people:
            return _speakers(page, event)
        if not topic and _heard("event_when", text):
            return _in_short(events.event_blocks(page, event, frozenset({"when"})))
        if "agenda" in wanted and not topic:
            return _agenda(page, event)
        if wanted and not topic:
            return _in_short(events.event_blocks(page, event, wanted))
        if not topic and ("organisation" in asked.facets.values("kind") or asked.facets.values("role")):
            return _partners(page, event)
        return None

    def _named(self, event: Event, asked: Understanding) -> list[Record]:
        """People of the event who are named, or who came from a body that is named."""
        parts = {part.person: part for part in self._kb.all(Appearance, event=event.id)}
        known = {one.id: one for one in self._kb.fetch([f"person/{id_}" for id_ in parts]) if isinstance(one, Person)}
        chosen = [split_key(key)[1] for key in asked.named("person")]
        named = self._kb.fetch(asked.named("organisation"))
        bodies = {body.id for body in named}
        names = {fold(name) for body in named for name in (body.name("en"), body.name("zh"))}
        for id_, person in known.items():
            own = {parts[id_].organisation, person.organisation}
            if own & bodies or any(name in home for home in self._homes(parts[id_], person) for name in names):
                chosen.append(id_)
        return [known[id_] for id_ in dict.fromkeys(chosen) if id_ in known]

    def _homes(self, part: Appearance, person: Person) -> list[str]:
        """The names of the bodies that someone came from, folded: a centre of a university has the university's in its own."""
        ids = [f"organisation/{id_}" for id_ in (part.organisation, person.organisation) if id_]
        names = [body.name(lang) for body in self._kb.fetch(ids) for lang in ("en", "zh")]
        names += [name for one in (part, person) for lang in ("en", "zh") if (name := one.exactly("organisation_name", lang))]
        return [fold(name) for name in names]

    def _closest(self, page: Page, event: Event, asked: Understanding, topic: Sequence[str]) -> Answer:
        """Who of the event has to do with a topic: people by their part in it, and bodies that were there.

        NOT_FOUND where nobody has; ``resolved`` is the topic then, to be looked up elsewhere.
        """
        text = " ".join(topic)
        found: list[Record] = []
        for kind, most in (("person", _MOST), ("organisation", 2)):
            groups = ((f"type:{kind}",), (f"event:{event.id}",))
            hits = self._retriever.find(Query(text, asked.lang, groups), k=2 * _MOST).hits
            found += [one for one in self._kb.fetch([hit.key for hit in hits]) if self._speaks_of(one, event, text)][:most]
        words = page.speech.join([page.say("quoted", text=word) for word in topic[:3]])
        if not found:
            lead = Text(page.say("guide_nobody", event=page.name(event), words=words), "lead")
            return replace(_answer(asked.text, asked.lang, [lead]), status=NOT_FOUND, resolved=text)
        lead = Text(page.say("guide_closest", event=page.name(event), words=words), "lead")
        note = Text(page.say("guide_closest_note"), "note")
        return _answer(asked.text, asked.lang, [lead, *_cards(page, event, found), note])

    def _speaks_of(self, record: Record, event: Event, text: str) -> bool:
        """Whether what is on record of someone has a word of the topic, in either language."""
        said = [record.text("summary", lang) or "" for lang in ("en", "zh") if hasattr(record, "summary_en")]
        if isinstance(record, Person):
            for one in (record, *self._kb.all(Appearance, person=record.id, event=event.id)):
                said += [one.exactly(name, lang) or "" for name in _TELLING for lang in ("en", "zh")]
        said += [record.name("en"), record.name("zh")]
        return bool(self._retriever.matched(text, said))


def _answer(question: str, lang: str, blocks: Sequence[Block]) -> Answer:
    return Answer(question, lang, ANSWERED, tuple(blocks), route=ROUTE)


def _heard(cue: str, text: str) -> bool:
    return any(cues(lang)[cue].search(text) for lang in ("en", "zh"))


@cache
def _hollow() -> frozenset[str]:
    """Words that say nothing of a topic where everything is about one event."""
    return frozenset(word for lang in ("en", "zh") for word in Speech(lang).say("guide_hollow").split())


def _in_short(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with no more of the event's card than when and where: what was asked is told above it."""
    return [replace(block, lines=block.lines[:2]) if isinstance(block, Card) else block for block in blocks]


def _cards(page: Page, event: Event, found: Sequence[Record]) -> list[Block]:
    cards: list[Block] = []
    for record in found:
        if isinstance(record, Person):
            cards.append(people.person_card(page, record, event=event.id))
        elif isinstance(record, Organisation):
            cards.append(organisations.organisation_card(page, record))
    return cards


def _found(page: Page, event: Event, named: Sequence[Record]) -> list[Block]:
    persons = [record for record in named if isinstance(record, Person)]
    if len(persons) == 1:
        return people.person_blocks(page, persons[0], frozenset(), event=event.id)
    return people.people_blocks(page, persons, event=event, scores={})


def _agenda(page: Page, event: Event) -> list[Block]:
    sessions = [point.get(page.base) or next(iter(point.values()), "") for point in event.sessions]
    if not sessions:
        return events.event_blocks(page, event, frozenset({"agenda"}))
    lead = Text(page.say("guide_agenda", event=page.name(event), when=events.when(page, event)), "lead")
    return [lead, *(Text(each, "step") for each in sessions if each)]


def _speakers(page: Page, event: Event) -> list[Block]:
    there = events.people_of(page, event)
    if not there:
        return [Text(page.say("guide_no_speakers", event=page.name(event)), "lead")]
    return people.people_blocks(page, there, event=event, scores={})


def _partners(page: Page, event: Event) -> list[Block]:
    """Who organised or supported the event, and the bodies its speakers came from."""
    ids = [part["organisation"] for part in event.organisations if part.get("organisation")]
    for part, person in zip(page.kb.all(Appearance, event=event.id), events.people_of(page, event), strict=False):
        ids += [id_ for id_ in (part.organisation, person.organisation) if id_]
    found = page.kb.fetch([f"organisation/{id_}" for id_ in dict.fromkeys(ids)])
    bodies = [one for one in found if isinstance(one, Organisation)]
    said = events.organisers(page, event)
    lead = Text(page.say("guide_partners", event=page.name(event), n=len(bodies)), "lead", derived=(str(len(bodies)),))
    by_role = [Text(said, "body")] if said else []
    return [lead, *by_role, *(organisations.organisation_card(page, body) for body in bodies)]


def _figures(page: Page, event: Event) -> list[Block]:
    """The figures that come from the event's own sources, and its attendance."""
    own = set(event.sources)
    known = [one for one in page.kb.all(Statistic) if own & set(one.sources)]
    metrics = {one.key: one for one in page.kb.fetch([f"metric/{id_}" for id_ in dict.fromkeys(one.metric for one in known)])}
    blocks: list[Block] = [Text(page.say("guide_figures", event=page.name(event)), "lead")]
    if attendance := page.text(event, "attendance"):
        blocks.append(Text(attendance, "body"))
    for one in known:
        metric = metrics.get(f"metric/{one.metric}")
        if isinstance(metric, Metric):
            blocks.append(Text(figures.lead_text(page, metric, one), "step"))
    return blocks if len(blocks) > 1 else [Text(page.say("guide_no_figures", event=page.name(event)), "lead")]


def _introduction(page: Page, event: Event) -> list[Block]:
    blocks: list[Block] = [Text(page.say("guide_welcome", event=page.name(event)), "lead")]
    where = page.say("guide_when_where", when=events.when(page, event), where=events.where(page, event))
    blocks.append(Text(where, "body"))
    if summary := page.text(event, "summary"):
        blocks.append(Text(summary, "body"))
    return [*blocks, Text(page.say("guide_ask"), "note")]


_TOLD: Mapping[str, Callable[[Page, Event], list[Block]]] = {
    AGENDA: _agenda,
    SPEAKERS: _speakers,
    PARTNERS: _partners,
    FIGURES: _figures,
    INTRODUCTION: _introduction,
}
