"""The table of names: every spelling with the record it names, in SQLite.

A file of them is written when an index is built and never changed. What changes later stands in a second, small file beside it:
records whose names there no longer count, and the names they have now.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from retrieval.language import HAN, fold

NAMES, SINCE = "names.db", "names-since.db"

_UNIT = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
_TABLES = """
CREATE TABLE name (spelling TEXT, key TEXT, how TEXT, shown TEXT, UNIQUE (spelling, how, key));
CREATE INDEX name_key ON name (key);
CREATE TABLE reach (unit TEXT PRIMARY KEY, units INTEGER) WITHOUT ROWID;
"""
_GONE = "CREATE TABLE gone (key TEXT PRIMARY KEY) WITHOUT ROWID;"
# What is read: the names of the build alone, or those of them that still count and the ones that came since, in that order.
_WHOLE = """
CREATE TEMP VIEW told AS SELECT rowid AS place, spelling, key, how, shown FROM main.name;
CREATE TEMP VIEW reaching AS SELECT unit, units FROM main.reach;
"""
_AMENDED = """
CREATE TEMP VIEW told AS
  SELECT rowid AS place, spelling, key, how, shown FROM main.name WHERE key NOT IN (SELECT key FROM since.gone)
  UNION ALL SELECT rowid + 1000000000000, spelling, key, how, shown FROM since.name;
CREATE TEMP VIEW reaching AS SELECT unit, units FROM main.reach UNION ALL SELECT unit, units FROM since.reach;
"""


@dataclass(frozen=True)
class Name:
    """A spelling of a record's name, and how it is shown back. ``how`` is plain or pinyin."""

    spelling: str
    key: str
    how: str
    shown: str


@dataclass(frozen=True)
class Unit:
    """A Chinese character or a word, folded, with its place in the text as typed."""

    text: str
    start: int
    end: int
    han: bool


class NameTable:
    """Spellings and the records they name, in memory or in files that are only read."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        self._file = sqlite3.connect(":memory:", check_same_thread=False)
        self._file.executescript(_TABLES + _WHOLE)
        _add(self._file, names)

    @classmethod
    def open(cls, folder: Path) -> NameTable:
        """The names in a folder, with what has changed since they were written."""
        opened = cls.__new__(cls)
        opened._file = sqlite3.connect(_read_only(folder / NAMES), uri=True, check_same_thread=False)
        since = folder / SINCE
        if since.exists():
            opened._file.execute("ATTACH ? AS since", (_read_only(since),))
        opened._file.executescript(_AMENDED if since.exists() else _WHOLE)
        return opened

    def save(self, folder: Path) -> None:
        """Write all names to a folder that has none."""
        self._file.commit()
        with closing(sqlite3.connect(folder / NAMES)) as file:
            self._file.backup(file)

    def keys(self, spelling: str, how: str) -> tuple[str, ...]:
        """The records a spelling names."""
        found = self._file.execute("SELECT key FROM told WHERE spelling = ? AND how = ? ORDER BY place", (spelling, how))
        return tuple(key for (key,) in found)

    def shown(self, spelling: str) -> str | None:
        """How a spelling is shown back."""
        found = self._file.execute("SELECT shown FROM told WHERE spelling = ? ORDER BY place", (spelling,)).fetchone()
        return found[0] if found else None

    def longest(self, spellings: Sequence[str]) -> str | None:
        """The longest of these that is a plain name; asked for at once, as a long text has very many."""
        marks = ",".join("?" * len(spellings))
        asked = f"SELECT DISTINCT spelling FROM told WHERE how = 'plain' AND spelling IN ({marks})"  # noqa: S608
        return max((str(spelling) for (spelling,) in self._file.execute(asked, spellings)), key=len, default=None)

    def reach(self, unit: str) -> int:
        """Of the names that begin with this unit, how many units the longest has; 0 when there is none."""
        return max((units for (units,) in self._file.execute("SELECT units FROM reaching WHERE unit = ?", (unit,))), default=0)

    def spellings(self, *, of: str = "", but: str = "") -> list[str]:
        """Every plain spelling, of one kind of record or of all kinds but one."""
        query, kinds = "SELECT DISTINCT spelling FROM told WHERE how = 'plain'", []
        for kind, condition in ((of, "LIKE"), (but, "NOT LIKE")):
            if kind:
                query += f" AND key {condition} ?"
                kinds.append(f"{kind}/%")
        return [spelling for (spelling,) in self._file.execute(query, kinds)]

    def but(self, *kinds: str) -> Iterator[tuple[str, str]]:
        """Spelling and key of all names, pinyin among them, but those of some kinds of record."""
        conditions = " AND ".join("key NOT LIKE ?" for _ in kinds)
        yield from self._file.execute(f"SELECT spelling, key FROM told WHERE {conditions}", [f"{kind}/%" for kind in kinds])  # noqa: S608

    def fewer(self, than: int) -> bool:
        """Whether there are fewer names than so many."""
        found = self._file.execute("SELECT count(*) FROM (SELECT 1 FROM told WHERE how = 'plain' LIMIT ?)", (than,))
        return int(found.fetchone()[0]) < than


def amend(before: Path, folder: Path, *, stale: Iterable[str], names: Iterable[Name]) -> None:
    """Write beside the names that ``folder`` shares with ``before`` which records' names are stale, and the new ones."""
    if (before / SINCE).exists():
        shutil.copyfile(before / SINCE, folder / SINCE)
    with closing(sqlite3.connect(folder / SINCE)) as file:
        # What is cut short is made anew, so nothing has to be safe against it.
        file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        if not (before / SINCE).exists():
            file.executescript(_TABLES + _GONE)
        fresh = list(names)
        for key in {*stale, *(name.key for name in fresh)}:
            file.execute("INSERT OR IGNORE INTO gone VALUES (?)", (key,))
            file.execute("DELETE FROM name WHERE key = ?", (key,))
        _add(file, fresh)
        file.commit()


def _add(file: sqlite3.Connection, names: Iterable[Name]) -> None:
    """Take in names; one that is there already stays as it is."""
    reach: dict[str, int] = {}

    def rows() -> Iterator[tuple[str, str, str, str]]:
        for name in names:
            if name.how == "plain":
                units = list(units_of(name.spelling))
                start = units[0].text
                reach[start] = max(reach.get(start, 0), len(units))
            yield name.spelling, name.key, name.how, name.shown

    file.executemany("INSERT OR IGNORE INTO name VALUES (?, ?, ?, ?)", rows())
    file.executemany(
        "INSERT INTO reach VALUES (?, ?) ON CONFLICT DO UPDATE SET units = max(units, excluded.units)", reach.items()
    )


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def units_of(text: str) -> Iterator[Unit]:
    """Characters and words with their places in the text as typed; folded one by one, so that places stay true."""
    folded = fold(text)
    if len(folded) != len(text):
        folded = "".join(char if len(char) == 1 else original for char, original in ((fold(c), c) for c in _nfkc(text)))
    for match in _UNIT.finditer(folded):
        yield Unit(match.group(), match.start(), match.end(), bool(HAN.match(match.group())))


def _nfkc(text: str) -> str:
    # Characters that NFKC would make longer stay, so that every position keeps its meaning.
    return "".join(short if len(short := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)


def spell(units: Sequence[Unit]) -> str:
    """Units as they are spelt together: words apart, characters not."""
    spelling = ""
    for unit in units:
        spelling += unit.text if unit.han or not spelling or HAN.match(spelling[-1]) else f" {unit.text}"
    return spelling
