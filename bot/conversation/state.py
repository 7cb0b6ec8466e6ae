"""What a conversation is about: the last question that stands alone, and what was shown for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.values import MEANING, Choice

EARLIER = "earlier"  # the kind of a choice that another one was picked before: its name still picks it, its number does not
_MOST = 60  # records of a list that ordinals can reach


@dataclass(frozen=True)
class Pending:
    """A choice that was offered and may be picked by its number, its name or part of it.

    ``key`` is the record that it means, if it means one, and ``said`` what is asked of that, with ``{}`` for its name.
    """

    label: str
    ask: str
    kind: str = MEANING
    key: str = ""
    said: str = ""

    @property
    def earlier(self) -> Pending:
        """The same when another one was picked."""
        return replace(self, kind=EARLIER)

    @classmethod
    def of(cls, choice: Choice, key: str = "", said: str = "") -> Pending:
        """The choice as it is remembered."""
        return cls(choice.label, choice.ask, choice.kind, key, said)


@dataclass(frozen=True)
class Conversation:
    """The state of one conversation, small enough to be written after every reply.

    ``question`` stands alone; its names and facets are read from it again, and so are those of today's records.
    ``listed`` are the keys shown for it so far, in order, after ``skipped`` finds that were not; ``page`` is where the last reply
    began in them, ``more`` wait behind.
    ``focus`` are the records spoken of last; ``said`` is what was asked about them, with ``{}`` for their name.
    """

    question: str
    lang: str
    route: str = ""
    listed: tuple[str, ...] = ()
    page: int = 0
    skipped: int = 0
    more: int = 0
    focus: tuple[str, ...] = ()
    said: str = ""
    choices: tuple[Pending, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The keys of the last page of the list."""
        return self.listed[self.page :]

    def going_on(self, page: int, shown: tuple[str, ...]) -> Conversation:
        """The state with a page of its list behind the first ``page`` keys; of a very long list the first ones are let go."""
        keys = tuple(dict.fromkeys((*self.listed[:page], *shown)))
        gone = max(len(keys) - _MOST, 0)
        return replace(self, listed=keys[gone:], page=max(min(page, len(keys)) - gone, 0), skipped=self.skipped + gone)

    def dump(self) -> str:
        """The state as text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Conversation:
        """The state that :meth:`dump` wrote; ValueError for anything else."""
        said: Any = json.loads(text)
        try:
            return cls(
                str(said["question"]),
                str(said["lang"]),
                str(said["route"]),
                listed=_keys(said["listed"]),
                page=int(said["page"]),
                skipped=int(said["skipped"]),
                more=int(said["more"]),
                focus=_keys(said["focus"]),
                said=str(said["said"]),
                choices=tuple(
                    Pending(*(str(one[name]) for name in ("label", "ask", "kind", "key", "said"))) for one in said["choices"]
                ),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no state of a conversation: {text[:80]}") from error


def listed(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of a list, no more than are kept."""
    return tuple(dict.fromkeys(keys))[:_MOST]


def _keys(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping | str) or not all(isinstance(key, str) and "/" in key for key in value):
        raise TypeError("no keys")
    return tuple(value)
