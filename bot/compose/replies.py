"""Replies: for each way of finding, what its records are told as."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot import measures_asked
from bot.compose import articles, changes, events, figures, listings, organisations, people, programmes, shares, talk
from bot.compose.page import Page
from bot.compose.talk import MOST_CHOICES
from bot.compose.why import reason
from bot.finding.shelf import Finding
from bot.measures_asked import MeasureAsked
from bot.speech import Speech
from bot.understand import Understanding
from bot.values import ANSWERED, NEEDS_CLARIFICATION, NOT_FOUND, Block, Card, Text
from knowledge.records import Article, Event, Listing, Metric, Organisation, Person, Programme, Record, Statistic

Composer = Callable[[Page, Understanding, Finding], list[Block]]


def blocks_of(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    """What is said of a finding; a card that was searched for says why it is there."""
    blocks = _COMPOSERS[finding.route](page, asked, finding)
    if finding.route == "listings":
        return blocks
    blocks += _beside(page, finding, {block.key for block in blocks if isinstance(block, Card)})
    shown = {record.key: record for record in page.used.values() if record.key in finding.why}
    return [_explained(page, asked, finding, block, shown) for block in blocks]


def _beside(page: Page, finding: Finding, told: Collection[str]) -> list[Block]:
    """What may have been meant as well, under a line that says so."""
    found: list[Block] = []
    for record in finding.beside:
        if isinstance(record, Metric):
            found += _figures(page, record)
        elif record.key not in told and (card := _card(page, record, score=finding.scores.get(record.key, 0.0))):
            found.append(card)
    return [Text(page.say("beside"), "note"), *found] if found else []


def _figures(page: Page, metric: Metric) -> list[Block]:
    """The figures of a metric and how they relate, without a lead of their own."""
    blocks = figures.metric_blocks(page, metric, page.kb.all(Statistic, metric=metric.id), MeasureAsked())
    return [block for block in blocks if not (isinstance(block, Text) and block.role == "lead")]


def status_of(finding: Finding) -> str:
    """What became of a question, but for silence."""
    return ANSWERED if finding.own else _STATUS.get(finding.route, ANSWERED)


def _explained(page: Page, asked: Understanding, finding: Finding, block: Block, shown: Mapping[str, Record]) -> Block:
    if not isinstance(block, Card) or block.key not in shown:
        return block
    why = reason(page, shown[block.key], asked, finding.why[block.key], searched=True)
    return replace(block, lines=(*block.lines, (page.say("why"), why))) if why else block


def _reasons(page: Page, asked: Understanding, finding: Finding) -> Mapping[str, str | None]:
    searched = bool(finding.scores)
    return {
        record.key: reason(page, record, asked, finding.why.get(record.key, ()), searched=searched) for record in finding.records
    }


def _listings(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Listing)]
    blocks = listings.listing_blocks(
        page, found, why=_reasons(page, asked, finding), scores=finding.scores, scope=scope_text(page, finding)
    )
    if finding.skip:
        first, last = str(finding.skip + 1), str(finding.skip + len(found))
        names = page.speech.join([page.name(listing) for listing in found])
        lead = Speech(page.lang, "conversation").say(
            "listings_page", first=first, last=last, scope=scope_text(page, finding), names=names
        )
        blocks[0] = Text(lead, "lead", derived=(first, last))
    elif finding.more and not finding.count:
        names = page.speech.join([page.name(listing) for listing in found])
        total, shown = str(len(finding.found)), str(len(found))
        lead = Speech(page.lang, "conversation").say(
            "listings_first", n=total, shown=shown, scope=scope_text(page, finding), names=names
        )
        blocks[0] = Text(lead, "lead", derived=(total, shown))
    elif finding.count > len(found):
        names = page.speech.join([page.name(listing) for listing in found])
        more = page.say(
            "listings_more", n=finding.count, shown=len(found), scope=page.speech.join(list(finding.scope)), names=names
        )
        blocks[0] = Text(more, "lead", derived=(str(finding.count), str(len(found))))
    return blocks


def _organisation(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Organisation)
    return organisations.organisation_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _organisations(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Organisation)]
    blocks = organisations.organisations_blocks(
        page, found, scope=scope_text(page, finding), scores=finding.scores, total=_total(finding)
    )
    return _in_part(page, finding, blocks)


def _in_part(page: Page, finding: Finding, blocks: list[Block]) -> list[Block]:
    """The blocks of a list; where they are a page of it, the lead says which."""
    if not (finding.skip or finding.more):
        return blocks
    own, shown = Speech(page.lang, "conversation"), len(finding.records)
    names = page.speech.join([page.name(record) for record in finding.records])
    scope = own.say("of_event", event=page.name(finding.event)) if finding.event else scope_text(page, finding)
    if finding.skip:
        first, last = str(finding.skip + 1), str(finding.skip + shown)
        said, derived = own.say("listings_page", first=first, last=last, scope=scope, names=names), (first, last)
    else:
        total = str(_total(finding))
        form = own.names("list_first")[finding.route]
        said, derived = form.format(n=total, shown=shown, scope=scope, names=names), (total, str(shown))
    return [Text(said, "lead", derived=derived), *blocks[1:]]


def _person(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Person)
    only = finding.event.id if finding.event else None
    return people.person_blocks(page, record, asked.aspects, event=only, score=finding.scores.get(record.key, 0.0))


def _people(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Person)]
    blocks = people.people_blocks(page, found, event=finding.event, scores=finding.scores, total=_total(finding))
    return _in_part(page, finding, blocks)


def _event(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Event)
    return events.event_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _events(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Event)]
    blocks = events.events_blocks(page, found, scope=scope_text(page, finding), scores=finding.scores, total=_total(finding))
    return _in_part(page, finding, blocks)


def _total(finding: Finding) -> int:
    """How many there are, of which the records may be a page."""
    return len(finding.found) or len(finding.records)


def _programme(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Programme)
    return programmes.programme_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _metric(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    blocks: list[Block] = []
    measure = finding.measure or measures_asked.read(asked.text, page.today)
    for record in finding.records:
        assert isinstance(record, Metric)
        blocks += _told(page, record, measure)
    cards = [_card(page, record) for record in finding.choices]
    return [*blocks, *(card for card in cards if card is not None)]


def _told(page: Page, metric: Metric, asked: MeasureAsked) -> list[Block]:
    """The figures of a metric as they were asked for; what cannot be worked out is told as the latest figure."""
    known = page.kb.all(Statistic, metric=metric.id)
    told = _TOLD.get(asked.operation)
    blocks = told(page, metric, known, asked) if told else None
    if blocks is not None:
        return blocks
    blocks = figures.metric_blocks(page, metric, known, asked)
    if asked.operation == "change" and known and not figures.is_share(known[0]):
        blocks.append(Text(page.say("one_figure_only"), "note"))
    if asked.operation == "share" and known and not figures.is_share(known[0]):
        blocks.insert(1, Text(page.say("no_share"), "note"))
    return blocks


_TOLD: Mapping[str, Callable[[Page, Metric, Sequence[Statistic], MeasureAsked], list[Block] | None]] = {
    "change": changes.change_blocks,
    "history": changes.history_blocks,
    "share": shares.share_blocks,
}


def _comparison(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    return changes.comparison_blocks(page, _with_figures(page, finding), finding.scope, finding.measure or MeasureAsked())


def _no_figure(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    blocks = figures.no_figure_blocks(page, finding.scope, _with_figures(page, finding))
    return [*blocks, _held(page, finding.count, finding.own)] if finding.own else blocks


def _with_figures(page: Page, finding: Finding) -> list[tuple[Metric, list[Statistic]]]:
    return [(metric, page.kb.all(Statistic, metric=metric.id)) for metric in finding.records if isinstance(metric, Metric)]


def _article(page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Article)
    # Whoever asks "who" wants the person first.
    by_fit = sorted(record.about, key=lambda key: -finding.scores.get(key, 0.0))
    about = sorted(by_fit, key=lambda key: "who" in asked.aspects and not key.startswith("person/"))
    # Two cards stand with an article; those beside it have been chosen over what it is about.
    related = [_card(page, found) for found in page.kb.fetch(about[: 2 - len(finding.beside)])]
    cards = [card for card in related if card is not None]
    return articles.article_blocks(page, record, score=finding.scores.get(record.key, 0.0), related=cards)


def _count(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    return [_held(page, finding.count, finding.scope)]


def _held(page: Page, count: int, counted: Sequence[str]) -> Text:
    """How many records of our own there are; what was counted is a kind and what narrows it."""
    kind, *scope = counted
    words = page.speech.names("held_words")[kind]
    where = page.say("scope_of", scope=page.speech.join(scope)) if scope else ""
    return Text(page.say("held_count", n=count, what=words, scope=where), "lead", derived=(str(count), *scope))


def _choice(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    return talk.choice_blocks(
        page, finding.scope[0], [people.told_apart(page, record) for record in finding.choices[:MOST_CHOICES]]
    )


def _broad(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    word, *topics = finding.scope
    return talk.topic_blocks(page, word, topics)


def _talk(page: Page, _: Understanding, finding: Finding) -> list[Block]:
    return talk.talk_blocks(page, finding.route)


def _silence(_: Page, __: Understanding, ___: Finding) -> list[Block]:
    return []


_COMPOSERS: Mapping[str, Composer] = {
    "listings": _listings,
    "organisation": _organisation,
    "organisations": _organisations,
    "person": _person,
    "people": _people,
    "event": _event,
    "events": _events,
    "programme": _programme,
    "metric": _metric,
    "comparison": _comparison,
    "no_figure": _no_figure,
    "article": _article,
    "count": _count,
    "choice": _choice,
    "broad": _broad,
    "silence": _silence,
    **dict.fromkeys(("greeting", "thanks", "goodbye", "capability", "empty"), _talk),
}


_STATUS: Mapping[str, str] = {
    "choice": NEEDS_CLARIFICATION,
    "broad": NEEDS_CLARIFICATION,
    "empty": NEEDS_CLARIFICATION,
    "no_figure": NOT_FOUND,
}


def scope_text(page: Page, finding: Finding) -> str:
    """What a finding was narrowed to, in brackets."""
    return page.say("scope_of", scope=page.speech.join(list(finding.scope))) if finding.scope else ""


def _card(page: Page, record: Record, *, score: float = 0.0) -> Card | None:
    if isinstance(record, Organisation):
        return organisations.organisation_card(page, record, score=score)
    if isinstance(record, Person):
        return people.person_card(page, record, score=score)
    if isinstance(record, Event):
        return events.event_card(page, record, score=score)
    if isinstance(record, Programme):
        return programmes.programme_card(page, record, score=score)
    if isinstance(record, Listing):
        return listings.listing_card(page, record, score=score)
    return articles.article_card(page, record, score=score) if isinstance(record, Article) else None
