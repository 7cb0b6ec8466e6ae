"""The tables of an index: which documents it holds, and which of them have a facet. Small enough to be read and written whole."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.vectors import Numbers

POOLS = ("en", "zh")
Mask = npt.NDArray[np.bool_]

_KEYS, _COLUMNS = "documents.txt", "documents.npz"
_TOKENS, _POSTINGS = "facets.txt", "facets.npz"


@dataclass
class Documents:
    """The documents by their number.

    Of each: key of the record, pool, digest of what it says, first vector row, how many of its rows are heads, and whether it
    still counts. Numbers are never given twice: a document that changes gets a new one, and its old one is dead.
    """

    keys: list[str] = field(default_factory=list)
    pools: array[int] = field(default_factory=lambda: array("b"))
    digests: array[int] = field(default_factory=lambda: array("Q"))
    first: array[int] = field(default_factory=lambda: array("q", [0]))
    heads: array[int] = field(default_factory=lambda: array("i"))
    dead: set[int] = field(default_factory=set)

    def add(self, key: str, pool: str, digest: int, heads: int, rows: int) -> int:
        """Take in a document with this many vector rows, ``heads`` of them first; returns its number."""
        self.keys.append(key)
        self.pools.append(POOLS.index(pool))
        self.digests.append(digest)
        self.first.append(self.first[-1] + rows)
        self.heads.append(heads)
        return len(self.keys) - 1

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def rows(self) -> int:
        """How many vector rows there are."""
        return int(self.first[-1])

    @cached_property
    def alive(self) -> Mask:
        """Which documents still count."""
        alive = np.ones(len(self), bool)
        alive[list(self.dead)] = False
        return alive

    @cached_property
    def of(self) -> dict[str, list[int]]:
        """The documents of each record that still count, by its key."""
        found: dict[str, list[int]] = {}
        for number, key in enumerate(self.keys):
            if number not in self.dead:
                found.setdefault(key, []).append(number)
        return found

    @cached_property
    def pool_of(self) -> npt.NDArray[np.int8]:
        """The number of each document's pool in POOLS."""
        return np.frombuffer(self.pools, np.int8) if len(self) else np.zeros(0, np.int8)

    @cached_property
    def starts(self) -> Numbers:
        """The first vector row of each document, and the end of the last."""
        return np.frombuffer(self.first, np.int64)

    @cached_property
    def owners(self) -> Numbers:
        """The document of each vector row."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def head_rows(self, pool: str) -> Numbers:
        """The vector rows of a pool's heads, ascending."""
        row_in_document = np.arange(self.rows) - self.starts[self.owners]
        mine = self.pool_of[self.owners] == POOLS.index(pool)
        return np.flatnonzero(mine & (row_in_document < np.frombuffer(self.heads, np.int32)[self.owners]))

    def living(self, keys: Collection[str]) -> dict[str, dict[int, int]]:
        """For each of these keys that has any, the numbers of its living documents with their digests."""
        wanted, found = set(keys), defaultdict[str, dict[int, int]](dict)
        for number, key in enumerate(self.keys):
            if key in wanted and number not in self.dead:
                found[key][number] = self.digests[number]
        return dict(found)

    def save(self, folder: Path) -> None:
        """Write the table."""
        (folder / _KEYS).write_text("\n".join(self.keys), encoding="utf-8")
        np.savez(
            folder / _COLUMNS,
            pools=np.asarray(self.pools, np.int8),
            digests=np.asarray(self.digests, np.uint64),
            first=np.asarray(self.first, np.int64),
            heads=np.asarray(self.heads, np.int32),
            dead=np.asarray(sorted(self.dead), np.int64),
        )

    @classmethod
    def load(cls, folder: Path) -> Documents:
        """Read the table of an index."""
        text = (folder / _KEYS).read_text(encoding="utf-8")
        with np.load(folder / _COLUMNS) as columns:
            return cls(
                text.split("\n") if text else [],
                array("b", columns["pools"].tobytes()),
                array("Q", columns["digests"].tobytes()),
                array("q", columns["first"].tobytes()),
                array("i", columns["heads"].tobytes()),
                set(columns["dead"].tolist()),
            )


@dataclass
class Facets:
    """For each facet token the numbers of its documents, ascending."""

    postings: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("i")))

    def add(self, number: int, tokens: Iterable[str]) -> None:
        """Note the facets of a document whose number is above all before it."""
        for token in tokens:
            self.postings[token].append(number)

    def __contains__(self, token: object) -> bool:
        return token in self.postings

    def get(self, token: str) -> Numbers:
        """The documents with this token."""
        found = self.postings.get(token)
        return np.frombuffer(found, np.int32).astype(np.int64) if found else np.zeros(0, np.int64)

    def mask(self, groups: Sequence[Sequence[str]], size: int) -> Mask:
        """Which of ``size`` documents have one token of each group."""
        mask = np.ones(size, bool)
        for group in groups:
            some = np.zeros(size, bool)
            for token in group:
                found = self.postings.get(token)
                if found:
                    some[np.frombuffer(found, np.int32)] = True
            mask &= some
        return mask

    def save(self, folder: Path) -> None:
        """Write the postings."""
        (folder / _TOKENS).write_text("\n".join(self.postings), encoding="utf-8")
        parts = [np.frombuffer(numbers, np.int32) for numbers in self.postings.values()]
        np.savez(
            folder / _POSTINGS,
            ends=np.cumsum([len(part) for part in parts], dtype=np.int64),
            numbers=np.concatenate(parts) if parts else np.zeros(0, np.int32),
        )

    @classmethod
    def load(cls, folder: Path) -> Facets:
        """Read the postings of an index."""
        text = (folder / _TOKENS).read_text(encoding="utf-8")
        with np.load(folder / _POSTINGS) as stored:
            parts = np.split(stored["numbers"], stored["ends"][:-1]) if text else []
        postings: Mapping[str, array[int]] = {
            token: array("i", part.tobytes()) for token, part in zip(text.split("\n") if text else [], parts, strict=True)
        }
        facets = cls()
        facets.postings.update(postings)
        return facets
