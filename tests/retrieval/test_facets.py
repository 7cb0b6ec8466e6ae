"""What a question narrows by, read by the words of the vocabularies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.vocabulary import load
from retrieval.facets import FacetReader
from retrieval.language import traditional


@pytest.fixture(scope="module")
def reader() -> FacetReader:
    """A reader with the vocabularies of the project."""
    return FacetReader()


PARALLEL = [
    ({"zh": "日本的技术", "en": "technologies from Japan"}, {"country": ["JP"], "kind": ["technology"]}),
    ({"zh": "香港有哪些合作伙伴", "en": "partners from Hong Kong"}, {"country": ["HK"], "city": ["Hong Kong"]}),
    ({"zh": "深圳的活动", "en": "events in Shenzhen"}, {"kind": ["event"]}),
    ({"zh": "韩国的水处理技术", "en": "water technologies from South Korea"}, {"country": ["KR"], "sector": ["water"]}),
    ({"zh": "印度尼西亚的需求", "en": "needs in Indonesia"}, {"country": ["ID"], "kind": ["need"]}),
    ({"zh": "2021年4月的活动", "en": "events in April 2021"}, {"year": ["2021-04"], "kind": ["event"]}),
    ({"zh": "2021年和2022年", "en": "in 2021 and 2022"}, {"year": ["2021", "2022"]}),
    ({"zh": "样机", "en": "a prototype"}, {"stage": ["prototype_lab", "prototype_field"]}),
    ({"zh": "建筑领域", "en": "the building sector"}, {"sector": ["buildings"]}),
    ({"zh": "法国和德国", "en": "France and Germany"}, {"country": ["FR", "DE"]}),
    ({"zh": "拉丁美洲的需求", "en": "needs in Latin America"}, {"country": ["latin-america"], "kind": ["need"]}),
    ({"zh": "非洲的技术", "en": "technologies from Africa"}, {"country": ["africa"]}),
]


@pytest.mark.parametrize("lang", ["zh", "zh-Hant", "en"])
@pytest.mark.parametrize(("question", "facets"), PARALLEL)
def test_read(reader: FacetReader, question: dict[str, str], facets: dict[str, list[str]], lang: str) -> None:
    """The same question narrows by the same values in each language and script."""
    text = traditional(question["zh"]) if lang == "zh-Hant" else question[lang]
    found = reader.read(text)
    assert {facet: found.values(facet) for facet in facets} == facets


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("vocabulary", ["sectors", "stages", "roles", "cities", "countries"])
def test_every_value_by_its_name(reader: FacetReader, vocabulary: str, lang: str) -> None:
    """Every value of a vocabulary is read from its own name in both languages."""
    facet = {"cities": "city", "countries": "country"}.get(vocabulary, vocabulary.removesuffix("s"))
    names = {id_: term.name(lang) for id_, term in getattr(load(), vocabulary).items()}
    assert [name for id_, name in names.items() if len(name) > 1 and id_ not in reader.read(name).values(facet)] == []


@pytest.mark.parametrize("lang", ["zh", "zh-Hant", "en"])
def test_every_kind_by_its_words(reader: FacetReader, lang: str) -> None:
    """Every kind of record is read from each word listed for it, in each language and script."""
    missed = []
    for id_, term in load().kinds.items():
        for word in term.words["en" if lang == "en" else "zh"]:
            asked = traditional(word) if lang == "zh-Hant" else word
            if len(word) > 1 and id_ not in reader.read(asked).values("kind"):
                missed.append((id_, asked))
    assert missed == []


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("Papua New Guinea", ["PG"]),
        ("Guinea-Bissau", ["GW"]),
        ("Niger", ["NE"]),
        ("Nigeria", ["NG"]),
        ("South Sudan", ["SS"]),
        ("中国香港", ["HK"]),
        ("中國香港", ["HK"]),
        ("Hong Kong, China", ["HK"]),
        ("日企有哪些", ["JP"]),
        ("近日企业动态", []),
        ("中小企业在日企业务", []),
        ("tell us about heat pumps", []),
        ("Chinatown lighting", []),
        ("ＪＡＰＡＮ", ["JP"]),
    ],
)
def test_whole_words_and_the_longest(reader: FacetReader, text: str, countries: list[str]) -> None:
    """Of overlapping places the longest is meant, and a part of another word is none."""
    assert reader.read(text).values("country") == countries


@pytest.mark.parametrize(
    ("text", "country"), [("Turkey", "TR"), ("Viet Nam", "VN"), ("Myanmar", "MM"), ("UAE", "AE"), ("阿联酋", "AE")]
)
def test_names_in_daily_use(reader: FacetReader, text: str, country: str) -> None:
    """A country is understood by the names in daily use and by the one the United Nations use."""
    assert reader.read(f"technologies from {text}").values("country") == [country]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2021年", ["2021"]),
        ("2021 年 4 月", ["2021-04"]),
        ("２０２１年", ["2021"]),
        ("by 2030", ["2030"]),
        ("May 2024", ["2024-05"]),
        ("March 3, 2022", ["2022-03"]),
        ("2022年3月15日", ["2022-03"]),
        ("2021-2022", ["2021", "2022"]),
        ("2,024 units", []),
        ("12024", []),
        ("3.2021", []),
        ("130,000", []),
        ("20世纪", []),
    ],
)
def test_years(reader: FacetReader, text: str, years: list[str]) -> None:
    """Years, and months with a year, are read as dates; other numbers are not."""
    assert reader.read(text).values("year") == years


@pytest.mark.parametrize(
    ("text", "rest"),
    [("日本的水处理", "  的水处理"), ("日本的水處理", "  的水处理"), ("pumps from Japan, please", "pumps from      , please")],
)
def test_without(reader: FacetReader, text: str, rest: str) -> None:
    """The words of a facet can be blanked out, and everything else keeps its place."""
    assert reader.read(text).without("country") == rest


def test_places_and_first(reader: FacetReader) -> None:
    """Places are countries and cities, each once; the first value of a facet is the one named first."""
    found = reader.read("Japan, Beijing, 日本, Germany")
    assert found.places == ["JP", "DE", "Beijing"]
    assert found.first("country") == "JP"
    assert found.first("stage") is None


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(reader: FacetReader, text: str) -> None:
    """Any text can be read, and each mention stands where it says."""
    found = reader.read(text)
    assert all(found.folded[m.start : m.end].lower() == m.words.lower() for m in found.mentions)
