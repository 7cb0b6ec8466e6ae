"""Dialogues as data: reading them, and judging a reply by what its turn wants.

A dialogue has an ``id`` and ``turns``; a turn has ``ask``, its words by language. Beside it may stand

- ``status``, ``route``, ``lang``: those of the reply (``lang`` is that of the dialogue unless told),
- ``first``: id of the first record shown; ``items``: ids that are shown; ``none``: ids that are not; ``count``: how many are,
- ``fresh``: no record was shown before in this dialogue,
- ``more``: how many finds wait, or ``some``,
- ``resolved``: what the question that was answered contains, by language, or null where it is the one that was typed,
- ``choices``: the kind of all choices offered (``narrow`` and so on), of which there is at least one,
- ``table``: how many records stand side by side,
- ``says``: what the text contains, by language,
- ``session``: another conversation than the dialogue's own; ``expired``: the time of all conversations is over before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FIELDS = frozenset(
    {
        "ask", "status", "route", "lang", "first", "items", "none", "count", "fresh", "more", "resolved", "choices", "table",
        "says", "session", "expired",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Dialogue:
    """One dialogue in one language."""

    id: str
    lang: str
    turns: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.id}-{self.lang}"

    def said(self, turn: Mapping[str, Any]) -> str:
        """What is typed at a turn."""
        return str(turn["ask"][self.lang])


def load(path: Path = HERE / "dialogues.yaml") -> list[Dialogue]:
    """Every dialogue in every language that all of its turns are asked in."""
    found = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        unknown = {field for turn in entry["turns"] for field in turn} - FIELDS
        assert not unknown, f"{entry['id']}: {unknown}"
        for lang in entry["turns"][0]["ask"]:
            found.append(Dialogue(entry["id"], lang, tuple(entry["turns"])))
    return found


def judge(dialogue: Dialogue, turn: Mapping[str, Any], reply: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """What is wrong with a reply in the JSON contract, with its explanation; ``seen`` are the ids shown before."""
    ids = [item["id"] for item in reply["items"]]
    if reply["lang"] != turn.get("lang", dialogue.lang):
        yield f"lang {reply['lang']}"
    for field, is_ in (("status", reply["status"]), ("route", reply["explain"]["route"]), ("count", len(ids))):
        if field in turn and turn[field] != is_:
            yield f"{field} {is_}, not {turn[field]}"
    if "first" in turn and ids[:1] != [turn["first"]]:
        yield f"first {ids[:1]}, not {turn['first']}"
    if missing := set(turn.get("items", ())) - set(ids):
        yield f"lacks {missing} among {ids}"
    if wrong := set(turn.get("none", ())) & set(ids):
        yield f"shows {wrong}"
    if turn.get("fresh") and (not ids or set(ids) & seen):
        yield f"not fresh: {ids}"
    if "more" in turn and (reply["more"] == 0 if turn["more"] == "some" else reply["more"] != turn["more"]):
        yield f"more {reply['more']}"
    if "choices" in turn and {choice["kind"] for choice in reply["choices"]} != {turn["choices"]}:
        yield f"choices {reply['choices']}"
    if "table" in turn and len(reply.get("table", {}).get("columns", ())) != turn["table"]:
        yield f"table {reply.get('table')}"
    wanted = turn["says"][dialogue.lang] if "says" in turn else ""
    if wanted not in reply["text"]:
        yield f"does not say {wanted!r}"
    yield from _resolved(dialogue, turn, reply)


def misses(dialogue: Dialogue, turn: Mapping[str, Any], text: str, name: Callable[[str], str]) -> Iterator[str]:
    """What a reply lacks that is only text; ``name`` gives the name of a record by its id, as the reader sees it."""
    for id_ in dict.fromkeys([*turn.get("items", ()), *([turn["first"]] if "first" in turn else ())]):
        if name(id_) not in text:
            yield f"does not show {name(id_)!r}"
    wanted = turn["says"][dialogue.lang] if "says" in turn else ""
    if wanted not in text:
        yield f"does not say {wanted!r}"


def _resolved(dialogue: Dialogue, turn: Mapping[str, Any], reply: Mapping[str, Any]) -> Iterator[str]:
    if "resolved" not in turn:
        return
    wanted, is_ = turn["resolved"], reply["resolved"]
    if wanted is None:
        if is_ is not None:
            yield f"resolved to {is_!r}"
    elif is_ is None or wanted[dialogue.lang] not in is_:
        yield f"resolved to {is_!r}, not {wanted[dialogue.lang]!r}"
