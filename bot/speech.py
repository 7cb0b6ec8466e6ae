"""What the bot says and the phrases it listens for, in files per language under bot/locales."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from retrieval.language import HANT, base, traditional

LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "zh")


@cache
def _read(lang: str, name: str) -> Mapping[str, Any]:
    # Not by knowledge.starter: the tables come along with it, and a command that prints its help has no need of them.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (LOCALES / lang / f"{name}.yaml").open(encoding="utf-8") as file:
        return dict(yaml.load(file, Loader=loader))  # noqa: S506  (both are safe loaders)


class Speech:
    """The messages of one language; traditional Chinese is the simplified text in traditional characters.

    ``file`` is the file of messages under the language's folder.
    """

    def __init__(self, lang: str, file: str = "messages") -> None:
        self.lang = lang
        self.base = base(lang)
        self._messages = _read(self.base, file)

    def say(self, key: str, **values: object) -> str:
        """The message ``key`` with its values filled in."""
        text: str = self._messages[key]
        return text.format(**values) if values else text

    def names(self, key: str) -> Mapping[str, str]:
        """A table of labels, such as the words for qualifiers."""
        table: Mapping[str, str] = self._messages[key]
        return table

    def lines(self, key: str) -> list[str]:
        """A list of sentences."""
        return list(self._messages[key])

    def join(self, parts: list[str]) -> str:
        """Parts as an enumeration: a, b and c / 甲、乙和丙."""
        if len(parts) < 2:
            return "".join(parts)
        comma, last = self.say("comma"), self.say("and")
        return comma.join(parts[:-1]) + last + parts[-1]

    def script(self, text: str) -> str:
        """The text in the reader's script."""
        return traditional(text) if self.lang == HANT else text


def table(lang: str, name: str) -> Mapping[str, Any]:
    """A file of phrases of a language, as it stands."""
    return _read(lang, name)


@cache
def cues(lang: str) -> Mapping[str, re.Pattern[str]]:
    """For each thing a question may be after, the phrases of a language that say so."""
    return {name: re.compile("|".join(f"(?:{p})" for p in patterns)) for name, patterns in _read(lang, "cues").items()}
