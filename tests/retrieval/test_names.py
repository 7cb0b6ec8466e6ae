"""Names are looked up: as written, by alias, in either script, in pinyin, one slip away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.forms import build
from knowledge.store import KnowledgeBase
from retrieval.language import HAN, traditional
from retrieval.name_table import NAMES, Name, amend
from retrieval.names import NameIndex, keys_of_kind, normalise
from retrieval.names import build as build_names
from retrieval.retriever import HybridRetriever

RECORDS = [
    ("person", "lyu", {"name": {"en": "Lyu Siyuan", "zh": "吕思远"}, "aliases": ["Steven Lyu"]}),
    ("person", "chen", {"name": {"zh": "陈立恒"}}),
    ("organisation", "river", {"name": {"en": "Bright River Co., Ltd.", "zh": "明河"}, "aliases": ["BRC"]}),
    ("organisation", "river-school", {"name": {"en": "Bright River Academy", "zh": "明河研究院"}}),
    ("organisation", "cloud", {"name": {"en": "Blue Cloud GmbH", "zh": "青云环保股份有限公司"}}),
    ("organisation", "wind", {"name": {"en": "Anemo S.A.", "zh": "风信科技有限责任公司"}}),
    ("organisation", "capital", {"name": {"en": "Beijing", "zh": "北京"}}),
    ("organisation", "water", {"name": {"en": "Water", "zh": "水处理"}}),
    ("event", "camp", {"name": {"en": "Sunrise Camp (spring)", "zh": "朝阳营（春季）"}}),
    ("programme", "cup", {"name": {"en": "Green Cup", "zh": "绿色杯"}}),
    (
        "listing",
        "kiln",
        {
            "kind": "technology",
            "sector": "energy",
            "name": {"en": "SunKiln™ 3", "zh": "阳窑"},
            "provider": {"en": "Tang Kilns Inc. / Kyoto Bricks"},
        },
    ),
]


@pytest.fixture(scope="module")
def names() -> Iterator[NameIndex]:
    """The names of a small knowledge base."""
    kb = KnowledgeBase.open("sqlite://")
    source = build("source", {"id": "s", "name": {"en": "The gazette"}, "date": "2024"})
    kb.save([source, *(build(kind, {"id": id_, "sources": ["s"], **fields}) for kind, id_, fields in RECORDS)], origin="test")
    yield build_names(kb)
    kb.close()


def found(names: NameIndex, text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """What was recognised in a text: how, the words as typed, the records."""
    return [(match.how, match.text, match.keys) for match in names.find(text)]


@pytest.mark.parametrize(
    ("question", "typed", "key"),
    [
        ("who is Lyu Siyuan?", "Lyu Siyuan", "person/lyu"),
        ("吕思远是谁？", "吕思远", "person/lyu"),
        ("呂思遠是誰？", "呂思遠", "person/lyu"),
        ("WHO IS LYU  SIYUAN", "LYU  SIYUAN", "person/lyu"),
        ("ｌｙｕ ｓｉｙｕａｎ", "ｌｙｕ ｓｉｙｕａｎ", "person/lyu"),
        ("does Steven Lyu speak?", "Steven Lyu", "person/lyu"),
        ("brc contact", "brc", "organisation/river"),
        ("when was Sunrise Camp", "Sunrise Camp", "event/camp"),
        ("朝阳营（春季）在哪里", "朝阳营（春季", "event/camp"),
        ("朝陽營在哪裡", "朝陽營", "event/camp"),
        ("what is the green cup?", "green cup", "programme/cup"),
        ("綠色杯怎麼報名", "綠色杯", "programme/cup"),
        ("price of SunKiln 3", "SunKiln 3", "listing/kiln"),
        ("阳窑多少钱", "阳窑", "listing/kiln"),
        ("who is Kyoto Bricks", "Kyoto Bricks", "listing/kiln"),
    ],
)
def test_exact(names: NameIndex, question: str, typed: str, key: str) -> None:
    """A name, an alias or a provider is found in a question, in either language, script, width and case."""
    assert found(names, question) == [("exact", typed, (key,))]


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("who is lv siyuan", "person/lyu"),
        ("who is Lü Siyuan", "person/lyu"),
        ("lvsiyuan", "person/lyu"),
        ("siyuan lv", "person/lyu"),
        ("chen liheng", "person/chen"),
        ("Liheng Chen?", "person/chen"),
        ("mingheyanjiuyuan", "organisation/river-school"),
        ("qingyun huanbao", "organisation/cloud"),
        ("qingyun", "organisation/cloud"),
    ],
)
def test_pinyin(names: NameIndex, question: str, key: str) -> None:
    """A Chinese name is found by its pinyin, a person's also given name first, an organisation's by its first syllables."""
    match = names.find(question)[-1]
    assert (match.how, match.keys) == ("pinyin", (key,))
    assert HAN.match(match.name)


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("吕思元是谁", "person/lyu"),
        ("呂思元是誰", "person/lyu"),
        ("明河研究所在哪", "organisation/river-school"),
        ("who is Lyu Siyaun?", "person/lyu"),
        ("lyu siyan", "person/lyu"),
        ("Brigt River Academy", "organisation/river-school"),
        ("blue clowd", "organisation/cloud"),
    ],
)
def test_one_slip(names: NameIndex, question: str, key: str) -> None:
    """A name one slip away is guessed, in Chinese and in Latin letters."""
    (guess,) = names.guess(question)
    assert (guess.how, guess.keys) == ("fuzzy", (key,))


@pytest.mark.parametrize("question", ["热泵有哪些", "熱泵有哪些", "which heat pumps are there", "思远", "🌱", ""])
def test_no_name(names: NameIndex, question: str) -> None:
    """A question without a name gives none, exact or guessed."""
    assert names.find(question) == names.guess(question) == []


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("明河研究院", "organisation/river-school"),
        ("明河研究院和明河", "organisation/river-school"),
        ("Bright River Academy", "organisation/river-school"),
        ("bright river", "organisation/river"),
    ],
)
def test_the_longest_name_wins(names: NameIndex, question: str, key: str) -> None:
    """Where names overlap the longest is meant."""
    assert names.find(question)[0].keys == (key,)


def test_several_names(names: NameIndex) -> None:
    """Several names are found in the order of the text, each where it stands."""
    question = "吕思远 and brc，liheng chen?"
    matches = names.find(question)
    assert [match.keys[0] for match in matches] == ["person/lyu", "organisation/river", "person/chen"]
    assert [question[match.start : match.end] for match in matches] == [match.text for match in matches]


@pytest.mark.parametrize("question", ["北京有什么公司", "companies in Beijing", "beijing", "水处理技术", "water technology"])
def test_places_and_plain_words_are_no_names(names: NameIndex, question: str) -> None:
    """A place or a word of the vocabulary is no name, whoever is called so."""
    assert names.find(question) == []


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("Bright River", "organisation/river"),
        ("Blue Cloud", "organisation/cloud"),
        ("青云环保", "organisation/cloud"),
        ("青雲環保", "organisation/cloud"),
        ("Anemo", "organisation/wind"),
        ("Tang Kilns", "listing/kiln"),
        ("风信科技", "organisation/wind"),
    ],
)
def test_legal_forms_are_dropped(names: NameIndex, question: str, key: str) -> None:
    """A company is found without its legal form."""
    assert found(names, question) == [("exact", question, (key,))]


def test_stored_and_read_again(names: NameIndex, tmp_path: Path) -> None:
    """Names stored in a file find the same when the file is opened."""
    names.save(tmp_path)
    again = NameIndex.open(tmp_path)
    for text in ("lv siyuan at 明河", "who is Lyu Siyuan?", "呂思遠在明河研究院嗎"):
        assert again.find(text) == names.find(text) != []
    assert again.guess("who is Lyu Siyaun?") == names.guess("who is Lyu Siyaun?") != []


def test_names_come_and_go(names: NameIndex, tmp_path: Path) -> None:
    """A change takes in names and forgets those of a record in every spelling; the folder it was made from stays as it was."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    first.mkdir()
    names.save(first)
    light = [
        Name("harbour light kiln", "listing/light", "plain", "Harbour Light Kiln"),
        Name("灯塔窑", "listing/light", "plain", "灯塔窑"),
    ]
    _amended(first, second, stale=["person/lyu"], names=light)
    _amended(second, third, stale=[], names=[Name("harbour kiln", "listing/light", "plain", "Harbour Kiln")])
    changed = NameIndex.open(second)
    for gone in ("who is Lyu Siyuan?", "吕思远", "lv siyuan", "Steven Lyu"):
        assert changed.find(gone) == []
        assert [match.keys for match in NameIndex.open(first).find(gone)] == [("person/lyu",)]
    for come in ("price of Harbour Light Kiln?", "燈塔窯多少錢"):
        assert [match.keys for match in changed.find(come)] == [("listing/light",)]
        assert NameIndex.open(third).find(come) == []
    assert [match.name for match in NameIndex.open(third).find("price of Harbour Kiln?")] == ["Harbour Kiln"]
    assert changed.find("chen liheng")[0].keys == ("person/chen",)


def _amended(before: Path, folder: Path, *, stale: list[str], names: list[Name]) -> None:
    folder.mkdir()
    os.link(before / NAMES, folder / NAMES)
    amend(before, folder, stale=stale, names=names)


def test_normalise() -> None:
    """The stored spelling has neither case nor script nor punctuation."""
    assert normalise("ＷＩＰＯ—Green®（綠色）") == normalise("wipo green 绿色")


def test_keys_of_kind() -> None:
    """Record keys are sorted out by their kind."""
    assert keys_of_kind(["person/a", "event/b", "person/c"], "person") == ["person/a", "person/c"]


@pytest.mark.parametrize("script", ["zh", "zh-Hant", "en"])
def test_every_name_of_the_starter_data(retriever: HybridRetriever, script: str) -> None:
    """Every name of the starter knowledge base of ordinary length, written out, finds its records and nothing else."""
    names = retriever.index.names
    asked = [name for name in names.spellings() if len(name) <= 20 and bool(HAN.search(name)) == (script != "en")]
    assert len(asked) > 300
    for name in asked:
        (match,) = names.find(traditional(name) if script == "zh-Hant" else name)
        assert match.keys == names.keys(name)


def test_every_long_name_of_the_starter_data(retriever: HybridRetriever) -> None:
    """Names of events and technologies are found however long they are."""
    names = retriever.index.names
    long = [name for name in names.spellings() if len(name) > 20]
    assert len(long) > 50
    assert [name for name in long if [match.keys for match in names.find(name)] != [names.keys(name)]] == []


def test_the_name_shown_is_the_one_typed() -> None:
    """A name typed in Latin letters is shown as its English name, not as the Chinese one that sounds the same."""
    pairs = [("Qingyun", "青云"), ("Minghe", "明河"), ("Chaoyang", "朝阳"), ("Fengxin", "风信"), ("Lantian", "蓝天")]
    pairs += [("Haotian", "昊天"), ("Xinghe", "星河"), ("Yunhai", "云海"), ("Baishan", "白杉"), ("Luyuan", "绿源")]
    kb = KnowledgeBase.open("sqlite://")
    kb.save(
        [
            build("source", {"id": "s", "name": {"en": "The gazette"}, "date": "2024"}),
            *(
                build("organisation", {"id": en.lower(), "name": {"en": f"{en} Ltd.", "zh": f"{zh}有限公司"}, "sources": ["s"]})
                for en, zh in pairs
            ),
        ],
        origin="test",
    )
    names = build_names(kb)
    kb.close()
    assert [names.find(en)[0].name for en, _ in pairs] == [en for en, _ in pairs]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("吕思圆", ["person/lyu"]),
        ("呂絲源", ["person/lyu"]),
        ("陈利恒", ["person/chen"]),
        ("Lyu Seeyuan", ["person/lyu"]),
        ("Brigt Rivr Acadmy", ["organisation/river-school"]),
        ("太阳能水泵", []),
        ("windows", []),
        ("Elon Musk", []),
        ("陈", []),
        ("", []),
        ("吕 Siyuan", []),
    ],
)
def test_near(names: NameIndex, name: str, keys: list[str]) -> None:
    """A name that is like one in sound or letters finds it; products are never meant, and neither is what is like nothing."""
    assert names.near(name) == keys
