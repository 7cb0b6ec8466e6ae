"""What the assistant asks of a language model, if there is one: a reply's lead in other words, and a long question in fewer.

Both have the reply and the question as they are without a model for their fallback, so neither ever fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.understand import Understanding
    from bot.values import Answer
    from knowledge.records import Record

Hear = Callable[[str], None]


class Unheard(Exception):
    """Whoever was to hear a reply has gone; nothing more of it need be written."""


@dataclass(frozen=True)
class Draft:
    """A reply as it was composed: what was asked, the records found, best first, and all that it quotes, by key."""

    asked: Understanding
    answer: Answer
    found: tuple[Record, ...] = ()
    used: tuple[Record, ...] = ()


class Writer(Protocol):
    """Writes the lead of a reply anew from the records it rests on."""

    def write(self, draft: Draft, who: str | None, hear: Hear) -> Answer:
        """The reply with a lead of its own, or as it was composed. ``hear`` is told each sentence as soon as it may be said."""
        ...


class Rewriter(Protocol):
    """Makes a question that stands alone of a long one, or of one that leans on what was said before."""

    def rewrite(self, text: str, context: Sequence[str], who: str | None = None) -> str | None:
        """The question in the language of ``text``; None when it is as well asked as it stands."""
        ...


def unheard(_: str) -> None:
    """Nobody listens while it is written."""
