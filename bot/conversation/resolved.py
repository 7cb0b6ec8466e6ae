"""What became of a follow-up: a question that stands alone, and how it came to be."""

from __future__ import annotations

from dataclasses import dataclass

from bot.values import Choice

ITSELF, PAGE, RECORD, COMPARED, NARROWED, MOVED = "itself", "page", "record", "compared", "narrowed", "moved"
WIDENED, TOPIC, NAMED, CHOSEN, REWRITTEN = "widened", "topic", "named", "chosen", "rewritten"
# What cannot be resolved, and is said instead of an answer.
EXHAUSTED, NOTHING, BEYOND, WHICH, GONE = "exhausted", "nothing_before", "out_of_range", "which_record", "gone"
UNRESOLVED = (EXHAUSTED, NOTHING, BEYOND, WHICH, GONE)

SINGLE = frozenset({"organisation", "person", "event", "programme"})  # ways of answering with one record


@dataclass(frozen=True)
class Resolved:
    """A question that stands alone, and how it came to be.

    ``skip`` finds were shown before; ``keys`` are the records meant, ``about`` what is asked of them, ``said`` the same with
    ``{}`` for their name. Where it is not ``sure``, the rules did not understand what seems to lean on something.
    """

    question: str
    lang: str
    how: str = ITSELF
    sure: bool = True
    skip: int = 0
    keys: tuple[str, ...] = ()
    about: str = ""
    said: str = ""
    choices: tuple[Choice, ...] = ()
    number: int = 0
