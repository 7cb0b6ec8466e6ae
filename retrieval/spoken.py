"""Spoken words: what people say for a title, a part in an event or a kind of event that a record calls otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from knowledge.starter import read_yaml
from retrieval.language import HAN, fold
from retrieval.segment import DATA

Rule = tuple[re.Pattern[str], re.Pattern[str] | None, Mapping[str, str]]


def also(table: str, texts: Iterable[str | None], lang: str) -> list[str]:
    """What people also say in ``lang`` for what these texts name; ``table`` is ``titles``, ``parts`` or ``events``."""
    folded = [fold(text) for text in texts if text]
    return [
        words[lang]
        for said, unless, words in _rules()[table]
        if any(said.search(text) and not (unless and unless.search(text)) for text in folded)
    ]


@cache
def _rules() -> Mapping[str, list[Rule]]:
    tables: Mapping[str, Any] = read_yaml(DATA / "spoken.yaml")
    return {
        name: [(_any(rule["said"]), _any(rule["not"]) if "not" in rule else None, rule["also"]) for rule in rules]
        for name, rules in tables.items()
    }


def _any(words: Collection[str]) -> re.Pattern[str]:
    """Any of these words: of English at the beginning of a word, of Chinese anywhere."""
    return re.compile("|".join(re.escape(word) if HAN.search(word) else rf"\b{re.escape(word)}" for word in words))
