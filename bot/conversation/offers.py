"""Ways of going on that a reply offers: which of several was meant, the same with a condition more or less, another spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.compose.page import Page
from bot.compose.people import told_apart
from bot.compose.talk import MOST_CHOICES
from bot.conversation.restate import Restater, stage_group, typeset
from bot.finding.shelf import Finding
from bot.speech import Speech, table
from bot.understand import Understanding
from bot.values import MEANING, NARROW, SPELLING, WIDEN, Choice
from knowledge.records import Listing
from knowledge.vocabulary import PARTS
from retrieval.language import base, detect

_COUNTED = 120  # finds whose facets are counted
_LITTLE = 1  # so few finds that it is worth asking for less


class Offers:
    """Makes the choices of a reply. What is picked is asked as a question that stands alone."""

    def __init__(self) -> None:
        self._restater = Restater()

    def of(self, page: Page, asked: Understanding, finding: Finding) -> tuple[Choice, ...]:
        """The choices for a finding, the most useful first."""
        if finding.route == "choice":
            return tuple(self._meant(page, asked, finding))[:MOST_CHOICES]
        if finding.route == "broad":
            return tuple(Choice(topic, topic, MEANING) for topic in finding.scope[1:])
        if finding.route == "silence" and finding.near:
            return tuple(Choice(page.name(record), page.name(record), SPELLING) for record in finding.near)[:MOST_CHOICES]
        if finding.lacking:
            return tuple(Choice(page.name(record), page.name(record)) for record in finding.choices)
        if finding.route == "listings" and finding.more:
            return tuple(self._narrower(page, asked, finding))[:MOST_CHOICES]
        if finding.route in ("listings", "organisations", "events", "silence") and len(finding.records) <= _LITTLE:
            return tuple(self._wider(page, asked))
        return ()

    def _meant(self, page: Page, asked: Understanding, finding: Finding) -> Iterator[Choice]:
        """The question with each of those that a name may mean."""
        name = next((match for match in asked.names if {record.key for record in finding.choices} & set(match.keys)), None)
        for record in finding.choices:
            said = told_apart(page, record)
            ask = f"{asked.text[: name.start]}{said}{asked.text[name.end :]}" if name else said
            yield Choice(said, ask, MEANING)

    def _narrower(self, page: Page, asked: Understanding, finding: Finding) -> Iterator[Choice]:
        """Places, stages and kinds that some of the finds have, with how many."""
        own, lang = Speech(page.lang, "conversation"), base(detect(asked.text))
        found = [record for record in page.kb.fetch(finding.found[:_COUNTED]) if isinstance(record, Listing)]
        words = table(page.base, "followups")["stage_chips"], table(lang, "followups")["stages"]
        if not asked.facets.places:
            whole = {part: whole for whole, parts in PARTS.items() for part in parts}
            for code, count in _most(whole.get(one.country or "", one.country) for one in found)[:2]:
                label = own.say("narrow_place", place=page.place(code))
                place = self._restater.place(code, lang)
                yield self._counted(own, label, count, self._restater.changed(asked, "place", place))
        if not asked.facets.values("stage"):
            for stage, count in _most(stage_group(one.stage) if one.stage else None for one in found)[:1]:
                label = own.say("narrow_stage", stage=words[0][stage])
                yield self._counted(own, label, count, self._restater.changed(asked, "stage", words[1][stage]))
        kinds = _most(one.kind for one in found)
        if not asked.facets.values("kind") and len(kinds) > 1:
            kind, count = kinds[-1]
            label = own.say("narrow_kind", kind=own.names("kinds")[kind])
            yield self._counted(
                own, label, count, self._restater.changed(asked, "kind", table(lang, "conversation")["kinds"][kind])
            )

    def _counted(self, own: Speech, label: str, count: int, ask: str) -> Choice:
        return Choice(own.say("counted_offer", label=label, n=count), typeset(ask), NARROW)

    def _wider(self, page: Page, asked: Understanding) -> Iterator[Choice]:
        """The question without what narrows it."""
        own = Speech(page.lang, "conversation")
        for kind in ("place", "stage", "year"):
            wider = self._restater.without(asked, (kind,))
            if wider is not None and not asked.names:
                yield Choice(own.say(f"wider_{kind}"), typeset(wider), WIDEN)


def _most(values: Iterator[str | None]) -> list[tuple[str, int]]:
    """The values with how often they occur, most often first; not one that all have."""
    every = list(values)
    counts = Counter(value for value in every if value)
    return [(value, count) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if count < len(every)]
