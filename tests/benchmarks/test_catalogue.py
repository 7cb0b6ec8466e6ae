"""The catalogues that speed is measured on: the same each time, in both languages, no text twice, long-tailed."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from benchmarks.catalogue import Catalogue
from benchmarks.questions import questions
from knowledge import rules
from knowledge.records import LANGUAGES

COUNT = 1_500
FIGURE = re.compile(r"(?<![A-Za-z\d])\d+")


@pytest.fixture(scope="module")
def listings(catalogue):
    return list(catalogue.listings(COUNT))


def test_same_seed_same_listings(listings):
    """A seed names one catalogue, and a small catalogue is the beginning of a larger one."""
    again = Catalogue()
    assert [listing.content() for listing in again.listings(5, start=998)] == [each.content() for each in listings[998:1003]]
    assert [listing.content() for listing in again.listings(20)] == [each.content() for each in listings[:20]]


def test_another_seed_other_listings(catalogue, listings):
    """Another seed gives another catalogue."""
    others = Catalogue(seed=7).listings(20)
    assert not {listing.name_en for listing in others} & {listing.name_en for listing in listings[:20]}


@pytest.mark.parametrize(("lang", "shortest", "longest"), [("en", 220, 560), ("zh", 75, 190)])
def test_texts(listings, lang, shortest, longest):
    """No two listings say the same, and a text is as long as those people write."""
    said = [text for listing in listings if (text := listing.exactly("summary", lang))]
    assert len(said) > 0.95 * COUNT
    assert len(set(said)) == len(said)
    assert all(shortest <= len(text) <= longest for text in said)
    assert not [text for text in said if "{" in text or "None" in text]


def test_both_languages_say_the_same(catalogue):
    """Each listing speaks both languages, or one of them; the figures in both are the same."""
    spoken = Counter(sketch.languages for sketch in catalogue.sketches(COUNT))
    assert set(spoken) == {("en", "zh"), ("en",), ("zh",)}
    assert spoken[LANGUAGES] > 0.9 * COUNT
    for sketch in catalogue.sketches(200):
        english, chinese = (FIGURE.findall(text) for text in sketch.says["gain"])
        assert english == chinese != []


@pytest.mark.parametrize(
    ("field", "kinds", "share"), [("sector", 9, 0.2), ("country", 40, 0.1), ("stage", 7, 0.2), ("kind", 3, 0.8)]
)
def test_long_tails(listings, field, kinds, share):
    """A few values are frequent and many are rare."""
    counts = Counter(getattr(listing, field) for listing in listings if getattr(listing, field))
    ranked = [count for _, count in counts.most_common()]
    assert len(counts) >= kinds
    assert ranked[0] > share * COUNT
    assert ranked[0] > 3 * ranked[-1]


def test_providers_are_many_and_uneven(listings):
    """Most providers have a listing or two, some have many, and each is at home in one country."""
    counts = Counter(listing.provider_en for listing in listings if listing.provider_en)
    assert len(counts) > COUNT / 4
    assert counts.most_common(1)[0][1] >= 5
    assert sum(count <= 2 for count in counts.values()) > len(counts) / 2


def test_listings_keep_the_rules(catalogue):
    """What is generated could have been imported, but for its source."""
    for listing in catalogue.listings(100):
        assert [found for found in rules.faults(listing) if found.field != "sources"] == []


def test_questions(catalogue, asked):
    """Questions come in both languages, about listings that speak the language and about listings that do not."""
    sketches = {sketch.key: sketch for sketch in catalogue.sketches(200)}
    assert {(each.lang, each.cross) for each in asked} == {("en", False), ("en", True), ("zh", False), ("zh", True)}
    assert {each.form for each in asked} == {"descriptive", "keyword", "name", "faceted"}
    assert len({each.text for each in asked}) == len(asked)
    for each in asked:
        assert 1 <= len(each.targets) <= 3
        for key in each.targets:
            assert (each.lang not in sketches[key].languages) == each.cross
            assert all(sketches[key].facets()[facet] == value for facet, value in each.facets)


def test_same_seed_same_questions(catalogue, asked):
    """The questions of a seed are the same each time, in the same order."""
    assert questions(Catalogue(), 200, 20) == asked
