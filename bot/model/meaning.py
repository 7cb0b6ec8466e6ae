"""Meaning, as far as words tell it: what a sentence denies, leaves no exception to, or turns round, against what its records do.

A sentence can be made of its record's own words and say the opposite. So words are looked at in their clause: with what denies
them, with an absolute before them, with the direction they are given. Where the records leave it open, so do we.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from retrieval.language import HAN, fold

Words = Callable[[str], Sequence[str]]
Same = Callable[[str, str], bool]  # whether a word stands in a text, in either language

Way = re.Pattern[str]
Look = Callable[["Clause", Sequence["Clause"]], "str | None"]

_CLAUSE = re.compile(r"[,;:!?\n，；：。！？]|\.(?=\s|$)|\b(?:but|whereas|while)\b|而(?!非|成)|但")
_SCOPE = {"en": 4, "zh": 3}  # telling words that a denial or an absolute is about
_AROUND = 3  # telling words on each side that a direction is about


@cache
def _tables() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "meaning.yaml").read_text(encoding="utf-8"))
    return found


@cache
def _pattern(*path: str) -> re.Pattern[str]:
    found: Any = _tables()
    for key in path:
        found = found[int(key) if isinstance(found, list) else key]
    return re.compile(re.sub(r"\s*\n?\s+(?=\|)", "", found.strip()))


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, folded, with what tells its meaning."""

    text: str

    @cached_property
    def denials(self) -> tuple[str, ...]:
        """What is denied in it: the text behind each word that denies, or before where it stands behind."""
        behind = [self.text[found.end() :] for found in _pattern("denies").finditer(self.text)]
        before = [self.text[: found.start()].split()[-1:] for found in _pattern("denies_before").finditer(self.text)]
        return (*behind, *(word for words in before for word in words))

    @cached_property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """The text before and behind each word that denies or leaves open."""
        found = [match for name in ("denies", "denies_before", "open") for match in _pattern(name).finditer(self.text)]
        return tuple((self.text[: match.end()], self.text[match.end() :]) for match in found)

    def after(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """The text behind each place where the pattern is met."""
        for found in pattern.finditer(self.text):
            yield self.text[found.end() :]


def clauses(text: str) -> list[Clause]:
    """The clauses of a folded text."""
    return [Clause(part.strip()) for part in _CLAUSE.split(text) if part and part.strip()]


class Meaning:
    """Holds sentences against records. ``telling`` gives the words of a text that say something; ``same`` meets one there."""

    def __init__(self, telling: Words, same: Same) -> None:
        self._telling = telling
        self._same = same
        self._known: dict[str, list[Clause]] = {}

    def turned(self, sentence: str, said: str, stated: str | None = None) -> str | None:
        """What a sentence says otherwise than the records: denial, absolute or direction; None when nothing is seen.

        ``stated`` is the sentence without what it says that the records do not state.
        """
        records, own = self._clauses(said), clauses(fold(sentence))
        looks: tuple[tuple[Look, Sequence[Clause]], ...] = (
            (self._denied, own if stated is None else clauses(fold(stated))),
            (self._affirmed, own),
            (self._absolute, own),
            (self._directed, own),
        )
        return next((what for look, parts in looks for part in parts if (what := look(part, records)) is not None), None)

    def _clauses(self, said: str) -> list[Clause]:
        if said not in self._known:
            if len(self._known) > 256:
                self._known.clear()
            self._known[said] = clauses(said)
        return self._known[said]

    def _denied(self, clause: Clause, records: Sequence[Clause]) -> str | None:
        """A denial of something that no record denies."""
        for scope in clause.denials:
            words = self._scope(scope)
            if words and not any(self._mostly(words, near) for each in records for near in self._turned_in(each)):
                return f"denied {words[0]}"
        return None

    def _affirmed(self, clause: Clause, records: Sequence[Clause]) -> str | None:
        """Something as if it were so, of which the records only say that it is not."""
        denying = [each for each in records if each.denials]
        turned = " ".join(self._turned_in(clause))
        for word in self._telling(clause.text) if denying and not clause.denials else ():
            if self._same(word, turned):
                continue
            met = [each for each in records if self._same(word, each.text)]
            if met and all(each.denials and self._is_denied(word, each) for each in met):
                return f"not {word}"
        return None

    def _turned_in(self, clause: Clause) -> Iterator[str]:
        """What stands next to each word of a clause that denies or leaves open."""
        for before, behind in clause.turns:
            yield " ".join([*self._telling(before)[-2:], *self._scope(behind)])

    def _is_denied(self, word: str, clause: Clause) -> bool:
        """Whether each time that a clause has a word, it is near behind a denial."""
        near = " ".join(" ".join(self._scope(scope)) for scope in clause.denials)
        rest = clause.text
        for scope in clause.denials:
            for each in self._scope(scope):
                rest = rest.replace(each, " ")
        return self._same(word, near) and not self._same(word, rest)

    def _absolute(self, clause: Clause, records: Sequence[Clause]) -> str | None:
        """Something without exception, where no record speaks so of it."""
        names: Iterable[str] = _tables()["absolutes"]
        for name in names:
            pattern = _pattern("absolutes", name)
            for scope in clause.after(pattern):
                words = self._scope(scope) or self._scope(clause.text)
                if not any(pattern.search(each.text) and self._meets(words, each.text) for each in records):
                    return name
        return None

    def _directed(self, clause: Clause, records: Sequence[Clause]) -> str | None:
        """A direction that the records give the other way round."""
        directions: Mapping[str, Sequence[str]] = _tables()["directions"]
        for name, pair in directions.items():
            ways = [_pattern("directions", name, str(number)) for number in range(len(pair))]
            for way, other in (ways, ways[::-1]):
                for found in way.finditer(clause.text):
                    about = self._around(clause.text, found, (way, other))
                    if about and self._given(other, about, records, ways) and not self._given(way, about, records, ways):
                        return f"{name} {about[0]}"
        return None

    def _given(self, way: Way, about: Sequence[str], records: Iterable[Clause], ways: Sequence[Way]) -> bool:
        """Whether a record gives this direction to what is spoken about."""
        return any(
            self._meets(about, " ".join(self._around(each.text, found, ways)))
            for each in records
            for found in way.finditer(each.text)
        )

    def _around(self, text: str, found: re.Match[str], ways: Iterable[re.Pattern[str]]) -> list[str]:
        """The telling words next to a direction, without directions."""
        before, behind = text[: found.start()], text[found.end() :]
        for way in ways:
            before, behind = way.sub(" ", before), way.sub(" ", behind)
        return [*self._telling(behind)[:_AROUND], *self._telling(before)[-_AROUND:]]

    def _scope(self, text: str) -> list[str]:
        most = _SCOPE["zh" if HAN.search(text) else "en"]
        return list(self._telling(text)[:most])

    def _mostly(self, words: Sequence[str], text: str) -> bool:
        return 2 * sum(self._same(word, text) for word in words) > len(words)

    def _meets(self, words: Iterable[str], text: str) -> bool:
        return any(self._same(word, text) for word in words)
