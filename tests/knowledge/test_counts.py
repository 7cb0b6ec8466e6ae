"""Counting records by what they say, in the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from knowledge.counts import count
from knowledge.records import Event, Listing, Organisation, Person
from knowledge.store import KnowledgeBase


@pytest.fixture(scope="module")
def kb() -> Iterator[KnowledgeBase]:
    """A few records that differ in what is counted by."""
    kb = KnowledgeBase.open("sqlite://")
    kb.save(
        [
            Organisation(id="a", name_en="Alpha", country="JP", city="Tokyo", roles=["wipo_green_partner"]),
            Organisation(id="b", name_en="Beta", country="CN", roles=["provider"]),
            Listing(id="1", kind="technology", sector="water", name_en="Kiln", summary_en="Air-cleaning kiln", country="JP"),
            Listing(
                id="2", kind="technology", sector="water", name_en="Pump", summary_zh="污水处理泵", country="JP", organisation="a"
            ),
            Listing(id="3", kind="need", sector="energy", name_en="Dairy repair", tags_zh=["污水"], country="CN"),
            Listing(id="4", kind="need", sector="energy", name_en="100% kiln_x", country="CN"),
            Person(id="p", name_en="Pat", organisation="a"),
            Event(id="e", name_en="Fair", start="2021-04-27", organisations=[{"organisation": "a", "role": "host"}]),
        ],
        origin="import",
    )
    yield kb
    kb.close()


@pytest.mark.parametrize(
    ("kind", "equals", "about", "number"),
    [
        ("listing", {}, [], 4),
        ("listing", {"country": ["JP"]}, [], 2),
        ("listing", {"country": ["JP", "CN"], "kind": ["need"]}, [], 2),
        ("listing", {}, [[["kiln"]]], 2),
        ("listing", {}, [[["air"]]], 1),  # not "Dairy", not "repair"
        ("listing", {}, [[["污水"]]], 2),  # in a summary and in a list of tags
        ("listing", {}, [[["污水"], ["air"]]], 3),  # ways of saying one thing
        ("listing", {}, [[["污水"]], [["pump"]]], 1),  # two things
        ("listing", {}, [[["污水", "泵"]]], 1),  # one thing in two words
        ("listing", {}, [[["%"]]], 0),  # no wildcard
        ("listing", {}, [[["100%"]]], 1),
        ("listing", {}, [[["' OR 1=1 --"]]], 0),
        ("organisation", {"roles": ["wipo_green_partner"]}, [], 1),
        ("person", {"country": ["JP"]}, [], 1),
        ("person", {"country": ["CN"]}, [], 0),
        ("event", {"start": ["2021"], "organisations": ["a"]}, [], 1),
        ("event", {"start": ["2022"]}, [], 0),
        ("event", {"sector": ["water"]}, [], None),
    ],
)
def test_count(kb, kind, equals, about, number):
    """A record counts when its fields have the values and its own words speak of everything asked for."""
    assert count(kb, kind, equals=equals, about=about) == number
