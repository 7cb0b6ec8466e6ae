"""What is said when there is nothing to look up, or nothing was found."""

from __future__ import annotations

from collections.abc import Sequence

from bot.compose.page import Page
from bot.speech import Speech
from bot.values import Block, Text

MOST_CHOICES = 4
_FEW = {
    ("exhausted", 0): "exhausted_none", ("out_of_range", 1): "out_of_range_one", ("out_of_range", 0): "out_of_range_none",
}  # fmt: skip


def talk_blocks(page: Page, about: str) -> list[Block]:
    """A greeting, thanks, a goodbye, or what the assistant can do, with questions to try."""
    blocks: list[Block] = [Text(page.say(about), "lead")]
    if about in ("greeting", "capability", "empty"):
        blocks += [Text(step, "step") for step in page.speech.lines("examples")]
    return blocks


def silence_blocks(
    page: Page, *, outside: bool, scope: str = "", near: Sequence[str] = (), lacking: Sequence[str] = ()
) -> list[Block]:
    """Nothing fits: one line that says so, and what can be done instead. ``near`` are finds of a wider question, or ones that

    do not speak of what is ``lacking``.
    """
    if outside:
        return [Text(page.say("out_of_scope"), "lead"), Text(page.speech.lines("examples")[0], "step")]
    lead = page.say("not_found_in", scope=scope) if scope else page.say("not_found")
    names = page.speech.join(list(near))
    if lacking:
        words = page.speech.join([page.say("quoted", text=word) for word in lacking])
        return [Text(lead, "lead"), Text(page.say("nearest_lacks", words=words, names=names), "step")]
    step = page.say("wider", names=names) if near else page.say("not_found_next", link=page.desk)
    return [Text(lead, "lead"), Text(step, "step")]


def unresolved_blocks(page: Page, why: str, number: int, choices: Sequence[str]) -> list[Block]:
    """Why a follow-up cannot be answered: nothing was said before, or what it points to is not there."""
    own = Speech(page.lang, "conversation")
    said = own.say(_FEW.get((why, number), why), n=number)
    return [Text(said, "lead", derived=(str(number),)), *_numbered(choices)]


def topic_blocks(page: Page, word: str, topics: Sequence[str]) -> list[Block]:
    """A word that covers many things: some of them, numbered."""
    lead = Speech(page.lang, "conversation").say("which_topic", word=word)
    return [Text(lead, "lead"), *_numbered(topics)]


def spelling_blocks(page: Page, names: Sequence[str]) -> list[Block]:
    """Names that may have been meant, numbered."""
    return [Text(Speech(page.lang, "conversation").say("spelling"), "body"), *_numbered(names)]


def choice_blocks(page: Page, name: str, choices: Sequence[str]) -> list[Block]:
    """A name that may mean several: the choices, numbered."""
    lead = page.say("which_one", name=name)
    return [Text(lead, "lead"), *_numbered(choices)]


def _numbered(choices: Sequence[str]) -> list[Block]:
    return [Text(f"{number}. {choice}", "step", derived=(str(number),)) for number, choice in enumerate(choices, 1)]
