"""The tables of an index: what is written is read, masks say what sets would, the dead do not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.tables import POOLS, Documents, Facets

_keys = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8).map("listing/".__add__)
_rows = st.lists(st.tuples(_keys, st.sampled_from(POOLS), st.integers(0, 2**64 - 1), st.integers(1, 5)), max_size=30)
_tokens = st.sampled_from(["country:JP", "country:CN", "kind:need", "city:香港", "year:2021", "sector:water"])
_tagged = st.lists(st.sets(_tokens), max_size=40)
_on_disk = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table(rows: list) -> Documents:
    """A table with these documents."""
    documents = Documents()
    for row in rows:
        documents.add(*row[:3], 1, row[3])
    return documents


@_on_disk
@given(_rows, st.data())
def test_round_trip(tmp_path: Path, rows: list, data: st.DataObject) -> None:
    """A table that is written and read again says the same of every document, also after more are added."""
    documents = table(rows)
    if rows:
        documents.dead = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    documents.save(tmp_path)
    again = Documents.load(tmp_path)
    assert again == documents
    assert len(again) == len(rows)
    assert again.rows == sum(row[3] for row in rows)
    assert again.living(again.keys) == documents.living(documents.keys)
    assert again.add("listing/熱泵", "zh", 7, 1, 2) == len(rows)
    assert again.starts.tolist() == [0, *np.cumsum([*(row[3] for row in rows), 2]).tolist()]
    assert [POOLS[number] for number in again.pool_of] == [*(row[1] for row in rows), "zh"]
    assert again.owners.tolist() == [n for n, size in enumerate([*(row[3] for row in rows), 2]) for _ in range(size)]


@given(_rows, st.data())
def test_the_dead(rows: list, data: st.DataObject) -> None:
    """A dead document is no longer among the living nor allowed; its number is not given again."""
    documents = table(rows)
    dead = data.draw(st.sets(st.integers(0, len(rows) - 1))) if rows else set()
    documents.dead = set(dead)
    assert documents.alive.tolist() == [number not in dead for number in range(len(rows))]
    living = {number: digest for found in documents.living(documents.keys).values() for number, digest in found.items()}
    assert living == {number: row[2] for number, row in enumerate(rows) if number not in dead}
    assert all(documents.keys[number] == key for key, found in documents.living(documents.keys).items() for number in found)
    assert documents.of == {key: sorted(found) for key, found in documents.living(documents.keys).items()}
    assert documents.add("listing/new", "en", 1, 1, 1) == len(rows)


@_on_disk
@given(_tagged, st.lists(st.lists(_tokens | st.just("country:XX"), min_size=1, max_size=3), max_size=3))
def test_masks_are_sets(tmp_path: Path, tagged: list[set[str]], groups: list[list[str]]) -> None:
    """A mask marks exactly the documents that have one token of each group, before and after the table was stored."""
    facets = Facets()
    for number, tokens in enumerate(tagged):
        facets.add(number, tokens)
    expected = [all(tokens & set(group) for group in groups) for tokens in tagged]
    facets.save(tmp_path)
    for each in (facets, Facets.load(tmp_path)):
        assert each.mask(groups, len(tagged)).tolist() == expected
        for token in ("country:JP", "country:XX"):
            assert each.get(token).tolist() == [number for number, tokens in enumerate(tagged) if token in tokens]


def test_facets_grow(tmp_path: Path) -> None:
    """Postings that were read take in further documents, with tokens old and new."""
    facets = Facets()
    facets.add(0, ["country:JP"])
    facets.save(tmp_path)
    again = Facets.load(tmp_path)
    again.add(3, ["country:JP", "city:香港"])
    again.save(tmp_path)
    final = Facets.load(tmp_path)
    assert (final.get("country:JP").tolist(), final.get("city:香港").tolist()) == ([0, 3], [3])
