"""What is indexed: one record in one language, with what others say about it folded in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from knowledge.forms import build
from knowledge.store import KnowledgeBase
from retrieval.documents import Document, Related, document, documents, related, terms
from retrieval.spoken import also
from retrieval.views import views_of

RECORDS = {
    "source/s": {"name": {"en": "The gazette"}, "date": "2024"},
    "organisation/river": {
        "name": {"en": "Bright River", "zh": "明河"},
        "aliases": ["BRC"],
        "roles": ["partner"],
        "country": "HK",
        "summary": {"en": "Cleans rivers.", "zh": "清洁河流。"},
    },
    "listing/kiln": {
        "kind": "technology",
        "sector": "energy",
        "stage": "prototype_lab",
        "name": {"en": "Solar kiln", "zh": "太阳能窑炉"},
        "summary": {"en": "Fires bricks.", "zh": "烧砖。"},
        "tags": {"en": ["bricks"], "zh": ["砖"]},
        "problems": {"en": ["coal got too dear"], "zh": ["烧煤太贵"]},
        "ip": {"en": "Two patents."},
        "organisation": "river",
        "country": "HK",
        "city": "Hong Kong",
        "listed_date": "2021-04",
    },
    "person/lyu": {"name": {"en": "Lyu Siyuan", "zh": "吕思远"}, "organisation": "river"},
    "event/camp": {
        "name": {"en": "Sun camp", "zh": "阳光营"},
        "start": "2021-04-27",
        "country": "CN",
        "organisations": [{"organisation": "river"}, {"name": {"en": "The host", "zh": "主办方"}}],
        "sessions": [{"en": "Bricks by sunlight", "zh": "阳光烧砖"}],
    },
    "appearance/lyu-camp": {"person": "lyu", "event": "camp", "topic": {"en": "Cheap kilns", "zh": "廉价窑炉"}},
    "programme/cup": {"name": {"en": "Green cup"}, "start": "2013", "cost": {"en": "Free.", "zh": "免费。"}},
    "metric/kilns": {"name": {"en": "Kilns sold", "zh": "窑炉销量"}},
    "statistic/kilns-2023": {
        "metric": "kilns",
        "value": 130,
        "as_of": "2023-12",
        "scope": {"en": "Pearl river delta", "zh": "珠三角"},
        "unit": {"en": "kilns", "zh": "座"},
    },
    "article/what": {
        "name": {"en": "What is a kiln?", "zh": "什么是窑炉？"},
        "also_asked": {"en": ["Kilns, explained"], "zh": ["窑炉是什么"]},
        "answer": {"en": "An oven.", "zh": "一种炉子。"},
        "about": ["listing/kiln"],
    },
    "taxon/heat": {"name": {"en": "Solar heat"}, "scheme": "IPC Green Inventory", "level": 1},
}
INDEXED = ("listing", "organisation", "person", "event", "programme", "metric", "article")


@pytest.fixture(scope="module")
def kb() -> Iterator[KnowledgeBase]:
    """A knowledge base with a record of every kind."""
    kb = KnowledgeBase.open("sqlite://")
    records = []
    for key, fields in RECORDS.items():
        kind, id_ = key.split("/")
        sources = {} if kind in ("source", "metric") else {"sources": ["s"]}
        records.append(build(kind, {"id": id_, **sources, **fields}))
    kb.save(records, origin="test")
    yield kb
    kb.close()


@pytest.fixture(scope="module")
def made(kb: KnowledgeBase) -> dict[tuple[str, str], Document]:
    """The documents by record and language."""
    return {(made.key, made.lang): made for made in documents(kb)}


def test_one_document_per_record_and_language(kb: KnowledgeBase, made: dict[tuple[str, str], Document]) -> None:
    """Every record a question can lead to has one document in each language, and nothing else has any."""
    expected = {(key, lang) for key in RECORDS if key.split("/")[0] in INDEXED for lang in ("en", "zh")}
    assert set(made) == expected
    assert len(list(documents(kb))) == len(expected)


@pytest.mark.parametrize(("lang", "title", "said"), [("en", "Solar kiln", "Fires bricks."), ("zh", "太阳能窑炉", "烧砖。")])
def test_a_document_speaks_one_language(made: dict, lang: str, title: str, said: str) -> None:
    """A document says what its record says in its language; its text begins with its title."""
    listing = made["listing/kiln", lang]
    assert listing.title == title
    assert listing.text.startswith(f"{title}\n")
    assert said in listing.text
    assert ("bricks" in listing.text) == (lang == "en")


@pytest.mark.parametrize(("lang", "problem", "other"), [("en", "coal got too dear", "烧煤太贵"), ("zh", "烧煤太贵", "coal")])
def test_problems_are_found_by_and_not_said(made: dict, lang: str, problem: str, other: str) -> None:
    """The problems a listing helps with are what its document of that language is found by, and no part of what it says."""
    listing = made["listing/kiln", lang]
    assert problem in listing.findable
    assert listing.findable.startswith(listing.text)
    assert problem not in listing.text
    assert other not in listing.findable
    assert problem in views_of(listing).heads


@pytest.mark.parametrize("kind", ["organisation", "person", "event", "programme"])
@pytest.mark.parametrize(
    ("lang", "sought", "other"), [("en", "somewhere to dry mangoes", "烘芒果"), ("zh", "烘芒果的地方", "mangoes")]
)
def test_what_is_sought_is_found_by_and_not_said(kind: str, lang: str, sought: str, other: str) -> None:
    """What people say who look for a body, a person, an event or a programme is found by like the problems of listings."""
    words = {"en": ["somewhere to dry mangoes"], "zh": ["烘芒果的地方"]}
    record = build(kind, {"id": "x", "name": {"en": "Solar Hall", "zh": "日光厅"}, "sought": words, "sources": ["s"]})
    found = document(record, lang, Related())
    assert sought in views_of(found).heads
    assert sought in found.findable
    assert sought not in found.text
    assert other not in found.findable


def test_a_text_missing_in_a_language(made: dict) -> None:
    """A text that a record has in one language only is left to the document of that language."""
    assert "Two patents." in made["listing/kiln", "en"].text
    assert "Two patents." not in made["listing/kiln", "zh"].text


def test_a_name_missing_in_a_language(made: dict) -> None:
    """A record without a name in a language is called as in the other."""
    assert made["programme/cup", "zh"].title == made["programme/cup", "en"].title == "Green cup"
    assert "免费。" in made["programme/cup", "zh"].passages


@pytest.mark.parametrize(
    ("key", "facets"),
    [
        (
            "listing/kiln",
            {
                "type:listing", "kind:technology", "sector:energy", "stage:prototype_lab", "organisation:river",
                "country:HK", "country:CN", "city:Hong_Kong", "year:2021",
            },
        ),
        ("organisation/river", {"type:organisation", "role:partner", "country:HK", "country:CN", "event:camp"}),
        ("person/lyu", {"type:person", "organisation:river", "country:HK", "event:camp"}),
        ("event/camp", {"type:event", "event:camp", "organisation:river", "country:CN", "year:2021"}),
        ("programme/cup", {"type:programme", "year:2013"}),
        ("metric/kilns", {"type:metric", "kind:statistic", "year:2023"}),
        ("article/what", {"type:article", "about:listing/kiln"}),
    ],
)  # fmt: skip
def test_facets(made: dict, key: str, facets: set[str]) -> None:
    """A search can be narrowed by what is known of a record, and by what follows from it; both languages alike."""
    assert facets <= set(made[key, "en"].facets)
    assert made[key, "en"].facets == made[key, "zh"].facets


def test_facets_are_single_tokens(made: dict) -> None:
    """No facet has white space in it, and none comes twice."""
    for document_ in made.values():
        assert not any(set(facet) & set(" \t\n") for facet in document_.facets)
        assert len(set(document_.facets)) == len(document_.facets)


@pytest.mark.parametrize(
    ("key", "lang", "said"),
    [
        ("person/lyu", "en", "Cheap kilns"),
        ("person/lyu", "zh", "廉价窑炉"),
        ("person/lyu", "en", "Sun camp"),
        ("person/lyu", "zh", "明河"),
        ("event/camp", "en", "Bright River"),
        ("event/camp", "zh", "主办方"),
        ("event/camp", "en", "Bricks by sunlight"),
        ("event/camp", "zh", "2021年4月27日"),
        ("metric/kilns", "en", "Pearl river delta"),
        ("metric/kilns", "zh", "珠三角"),
        ("article/what", "en", "Kilns, explained"),
        ("organisation/river", "en", "BRC"),
        ("listing/kiln", "zh", "能源"),
    ],
)
def test_folded_in(made: dict, key: str, lang: str, said: str) -> None:
    """What other rows say about a record is in its document: talks, hosts, scopes, places, names of values."""
    assert said in made[key, lang].text


def test_no_passage_twice(made: dict) -> None:
    """Passages are texts, each once."""
    for document_ in made.values():
        assert all(document_.passages)
        assert len(set(document_.passages)) == len(document_.passages)


def test_one_by_one(kb: KnowledgeBase, made: dict) -> None:
    """A single record's document is the same as among all."""
    assert document(kb.get("person/lyu"), "zh", related(kb)) == made["person/lyu", "zh"]


def test_terms(kb: KnowledgeBase) -> None:
    """Names, tags and aliases are terms, names in pairs; tags stand alone, and sources and articles give none."""
    found = set(terms(kb))
    assert {
        ("Solar kiln", "太阳能窑炉"),
        ("bricks", None),
        (None, "砖"),
        ("Lyu Siyuan", "吕思远"),
        (None, "BRC"),
        ("Green cup", None),
    } <= found
    assert not any("gazette" in (en or "") or "What is" in (en or "") for en, _ in found)


@pytest.mark.parametrize(
    ("lang", "top", "second", "host"),
    [("en", "highest boss", "second in command", "compere"), ("zh", "一把手", "副手", "司仪")],
)
def test_people_are_found_by_what_their_titles_are_called(lang: str, top: str, second: str, host: str) -> None:
    """A director general is a boss, a deputy is not, and who moderated was the host; so it is in both languages."""
    for title in ("Director General", "总干事"):
        said = " ".join(also("titles", [title], lang))
        assert top in said
        assert second not in said
    for title in ("Deputy Director General", "副总干事"):
        said = " ".join(also("titles", [title], lang))
        assert top not in said
        assert second in said
    assert host in " ".join(also("parts", ["Moderator of the launch"], lang))
    assert host in " ".join(also("parts", ["主持成果发布活动"], lang))
    assert also("titles", ["Level crossing keeper", None], lang) == []


@pytest.mark.parametrize(("lang", "word"), [("en", "lessons"), ("zh", "研习营")])
def test_events_are_found_by_what_their_kind_is_called(made: dict, lang: str, word: str) -> None:
    """A camp is a course to those who do not know its name, and its document does not say so itself."""
    camp = made["event/camp", lang]
    assert word in camp.findable
    assert word not in camp.text
