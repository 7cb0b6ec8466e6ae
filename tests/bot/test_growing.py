"""The index grows with the records: what changed is found at the next question, without a rebuild and as after one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot import bootstrap, render
from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.finding.shelf import TABLES
from bot.settings import Settings
from bot.values import MEANING, NEEDS_CLARIFICATION, Question
from knowledge import starter
from knowledge.forms import build as record
from knowledge.records import Listing, Person, Record
from knowledge.store import KnowledgeBase
from retrieval import build, calibration, changes, lexicon
from retrieval.index import Index, Manifest, current
from retrieval.retriever import HybridRetriever, Query

SOURCE = record("source", {"id": "gazette", "name": {"en": "The gazette", "zh": "公报"}, "date": "2026"})


def made(table: str, id_: str, /, **fields: object) -> Record:
    """A record with a source."""
    return record(table, {"id": id_, "sources": ["gazette"], **fields})


def listing(id_: str, en: str, zh: str, about: str, about_zh: str, **fields: object) -> Record:
    """A technology."""
    said = {"name": {"en": en, "zh": zh}, "summary": {"en": about, "zh": about_zh}}
    return made("listing", id_, **{"kind": "technology", "sector": "water", "country": "KE", **said, **fields})


KELP = listing(
    "kelp",
    "Tidewoven",
    "潮织",
    "Mats woven from kelp take arsenic out of well water.",
    "海带编织垫可以去除井水中的砷。",
    provider={"en": "Mombasa Weavers", "zh": "蒙巴萨织造"},
)
ORCHARD = listing(
    "orchard",
    "Frostnet",
    "霜网",
    "A net of heated threads keeps frost off cherry blossoms.",
    "加热丝网让樱桃花免受霜冻。",
    sector="farming_forestry",
    country="JP",
)
RIVER = made("organisation", "river", name={"en": "Bright River Trust", "zh": "明河信托"}, country="KE", roles=["partner"])
LYU = made(
    "person",
    "lyu",
    name={"en": "Lyu Siyuan", "zh": "吕思远"},
    organisation="river",
    title={"en": "Hydrologist", "zh": "水文学家"},
)
CAMP = made("event", "camp", name={"en": "Sunrise Kelp Camp", "zh": "朝阳海带营"}, start="2026-04-27", country="KE")
TALK = made(
    "appearance",
    "lyu-camp",
    person="lyu",
    event="camp",
    topic={"en": "Arsenic-free wells for islands", "zh": "海岛无砷水井"},
)
LISTINGS = [f"listing/tech-si-{name}" for name in ("solmate", "zbox", "volito", "ecotree", "lavie", "wasteless", "collectix")]
NEW = [SOURCE, KELP, ORCHARD, RIVER, LYU, CAMP, TALK]

# Questions about what changed, with the best record for each.
ABOUT_THE_NEW = {
    "woven kelp that removes arsenic": "listing/kelp",
    "arsenic in wells": "listing/kelp",
    "keep frost off cherry trees": "listing/orchard",
    "who speaks about wells on islands?": "person/lyu",
    "海带编织垫除砷": "listing/kelp",
    "井水里的砷怎么去除": "listing/kelp",
    "樱桃花怎么防霜冻": "listing/orchard",
    "谁讲海岛水井": "person/lyu",
}
QUESTIONS = [
    "treatment of waste water from a paper mill",
    "a heat pump for a school",
    "biogas from manure",
    "removing chlorine from tap water",
    "a kite that tows ships to save fuel",
    "造纸厂废水处理",
    "學校用的熱泵",
    "糞便變沼氣",
    "去除自来水里的氯",
    "用风筝牵引船舶节省燃料",
]


@dataclass
class Shop:
    """A data folder of a test's own, with what was opened before its records changed."""

    settings: Settings
    kb: KnowledgeBase
    retriever: HybridRetriever

    @property
    def index_dir(self) -> Path:
        """Where its index is."""
        return self.settings.index_dir

    def build(self) -> Path:
        """Bring the index up to date."""
        assert bootstrap.build(self.settings, self.kb).indexed
        return current(self.index_dir)

    def hits(self, question: str, *facets: str, k: int = 5) -> list[str]:
        """What the retriever that was opened before finds, whether it reaches the floor or not."""
        found = self.retriever.find(Query(question, facets=tuple((facet,) for facet in facets)), k=k)
        return [hit.key for hit in found.hits]

    def says(self, question: str) -> set[str]:
        """The records that an assistant on that retriever shows."""
        answer = Assistant(self.kb, self.retriever).answer_now(Question(question))
        return {f"{TABLES[card.kind]}/{card.id}" for card in answer.cards}


@contextmanager
def opened(home: Path, to: Path) -> Iterator[Shop]:
    """A copy of a data folder, opened."""
    settings = Settings(data_dir=Path(shutil.copytree(home, to)))
    with closing(bootstrap.open_kb(settings)) as kb:
        yield Shop(settings, kb, bootstrap.open_retriever(settings, kb))


@pytest.fixture(scope="module", autouse=True)
def quick(assistant: Assistant) -> Iterator[None]:
    """The encoder is loaded once for all tests, no dictionary but our own terms, and the floor is learnt from a few questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "make_embedder", lambda _: assistant.retriever.embedder)
        patch.setattr(lexicon, "dictionary", lambda: iter(()))
        patch.setattr(calibration, "_FINDS", 10)
        yield


@pytest.fixture(scope="module")
def corner(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with some of the starter records, whose updates take half a second."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("corner"))
    # What was encoded for all records need not be encoded for some.
    shutil.copytree(home / "index" / "encodings", settings.index_dir / "encodings")
    kinds = ("source", "organisation", "programme")
    rows = enumerate(starter.records())
    some = [row for n, row in rows if row.KIND in kinds or row.key in LISTINGS or (row.KIND == "listing" and n % 4 == 0)]
    with closing(bootstrap.open_kb(settings)) as kb:
        kb.save(some, origin="starter")
        kb.remember(bootstrap.STARTER, starter.digest())
        bootstrap.build(settings, kb)
    return settings.data_dir


@pytest.fixture
def shop(corner: Path, tmp_path: Path) -> Iterator[Shop]:
    """A copy of that data folder, opened."""
    with opened(corner, tmp_path / "shop") as shop_:
        yield shop_


@pytest.fixture(scope="module")
def grown(corner: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The data folder to which records were added, of which one was changed and one deleted, in three updates."""
    with opened(corner, tmp_path_factory.mktemp("grown") / "shop") as shop_:
        shop_.kb.save(
            [SOURCE, ORCHARD.model_copy(update={"summary_en": "To be written.", "summary_zh": "待写。"})], origin="test"
        )
        shop_.build()
        shop_.kb.save(NEW, origin="test")
        shop_.build()
        shop_.kb.delete(["listing/tech-si-solmate"])
        shop_.build()
        yield shop_


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_a_rebuild(grown: Shop, corner: Path) -> None:
    """Records that come, change and go make new generations over the same base; the last two are kept."""
    before, now = Manifest.read(current(corner / "index")), Manifest.read(current(grown.index_dir))
    assert (now.base, now.built, now.based) == (before.base, before.built, before.based)
    assert now.fingerprint == grown.kb.fingerprint != before.fingerprint
    assert now.documents == before.documents + 2 * 5 - 2
    assert now.rows > before.rows
    assert len(list(grown.index_dir.glob("generation-*"))) == 2
    assert not bootstrap.build(grown.settings, grown.kb).indexed


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("mats that take arsenic out of well water", "listing/kelp"),
        ("海带编织垫除砷", "listing/kelp"),
        ("海帶編織墊除砷", "listing/kelp"),
        ("keep frost off cherry blossoms", "listing/orchard"),
        ("樱桃花防霜冻", "listing/orchard"),
        ("Arsenic-free wells for islands", "person/lyu"),
        ("海岛无砷水井", "person/lyu"),
    ],
)
def test_what_is_new_is_found(grown: Shop, question: str, key: str) -> None:
    """A retriever that was opened before finds what is new by its words and its meaning, in both languages and scripts."""
    assert key in grown.hits(question)[:2]


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("Who is Lyu Siyuan?", "person/lyu"),
        ("吕思远是谁？", "person/lyu"),
        ("呂思遠是誰？", "person/lyu"),
        ("who is lv siyuan", "person/lyu"),
        ("minghe xintuo", "organisation/river"),
        ("Bright River Trust", "organisation/river"),
        ("What is Tidewoven?", "listing/kelp"),
        ("潮织是什么？", "listing/kelp"),
    ],
)
def test_new_names(grown: Shop, question: str, key: str) -> None:
    """A new record's name, in either language or in pinyin, is known to who was there before."""
    assert key in grown.says(question)


def test_a_problem_leads_to_a_listing(shop: Shop) -> None:
    """A problem that a listing helps with finds it in both languages and scripts; the reply does not say it as the record's."""
    said = {"en": ["our kettles scale up with brown crust"], "zh": ["水壶里结满褐色的垢"]}
    shop.kb.save([SOURCE, KELP.model_copy(update={"problems_en": said["en"], "problems_zh": said["zh"]})], origin="test")
    shop.build()
    for question in ("kettles that scale up with a brown crust", "水壶里结满褐色水垢怎么办", "水壺裡結滿褐色水垢怎麼辦"):
        assert shop.hits(question)[0] == "listing/kelp"
        answer = Assistant(shop.kb, shop.retriever).answer_now(Question(question))
        cards = [card for card in answer.cards if card.id == "kelp"]
        assert not cards or not any(word in render.text(replace(answer, blocks=tuple(cards))) for word in ("crust", "褐色"))


def test_at_the_very_next_question(shop: Shop) -> None:
    """An assistant that is open answers by name from the first question after an update."""
    assert "person/lyu" not in shop.says("吕思远是谁？")
    shop.kb.save(NEW, origin="test")
    shop.build()
    assert shop.says("吕思远是谁？") == {"person/lyu"}
    shop.kb.delete(["appearance/lyu-camp", "person/lyu"])
    shop.build()
    assert "person/lyu" not in shop.says("吕思远是谁？")


@pytest.mark.parametrize("question", ["how many kelp mats were woven?", "海带垫编织了多少张？", "海帶墊編織了多少張？"])
def test_what_was_remembered_goes(shop: Shop, question: str) -> None:
    """An assistant that has told a figure tells one that came since, of a metric that was not there before."""

    def counted(id_: str, en: str, zh: str, value: int) -> list[Record]:
        metric = made("metric", id_, name={"en": en, "zh": zh})
        scope = {"en": "Kenya", "zh": "肯尼亚"}
        return [metric, made("statistic", f"{id_}-2025", metric=id_, value=value, as_of="2025-12-31", scope=scope, place="KE")]

    def told(text: str) -> list[float]:
        return [figure.value for figure in assistant.answer_now(Question(text)).figures]

    assistant = Assistant(shop.kb, shop.retriever)
    shop.kb.save([SOURCE, *counted("reed_boats", "Reed boats built", "芦苇船建造数量", 77)], origin="test")
    shop.build()
    assert told("how many reed boats has Kenya built?") == [77]
    shop.kb.save(counted("kelp_mats", "Kelp mats woven", "海带垫编织数量", 4210), origin="test")
    shop.build()
    assert told(question) == [4210]


@pytest.mark.parametrize("question", ["solar panels for a balcony that plug into a socket", "插上插座就能用的阳台光伏"])
def test_what_is_gone_is_not_found(shop: Shop, question: str) -> None:
    """A deleted record is among no hits, however many are asked for, narrowed or not, nor under its name or a facet."""
    assert shop.hits(question)[0] == "listing/tech-si-solmate"
    shop.kb.delete(["listing/tech-si-solmate"])
    shop.build()
    assert len(shop.hits(question, k=2000)) > 20
    assert "listing/tech-si-solmate" not in shop.hits(question, k=2000)
    assert "listing/tech-si-solmate" not in shop.hits(question, "sector:energy", k=2000)
    assert "listing/tech-si-solmate" not in shop.retriever.index.keys((("kind:technology",),))
    assert not shop.retriever.index.names.find("SolMate")


@pytest.mark.parametrize(("old", "new"), [("To be written.", "heated threads on blossoms"), ("待写", "加热丝网")])
def test_a_change_stands_in_for_what_was(grown: Shop, old: str, new: str) -> None:
    """A changed record is found by what it says now, and what it said before is in no pool."""
    assert grown.hits(new)[0] == "listing/orchard"
    index = grown.retriever.index
    orchard = [number for number, key in enumerate(index.documents.keys) if key == "listing/orchard"]
    assert [index.documents.alive[number] for number in orchard] == [False, False, True, True]
    assert {pool: len(index.pools[pool]) for pool in ("en", "zh")} == {
        pool: int((index.documents.alive & (index.documents.pool_of == number)).sum()) for number, pool in enumerate(("en", "zh"))
    }


@pytest.mark.parametrize("question", ["arsenic in water", "水中的砷"])
def test_facets(grown: Shop, question: str) -> None:
    """Facets let through exactly the records that have them, new ones, changed ones and old ones."""
    expected = {row.key for row in grown.kb.all(Listing, country="JP", sector="farming_forestry")}
    assert "listing/orchard" in expected
    assert set(grown.hits(question, "type:listing", "country:JP", "sector:farming_forestry", k=2000)) == expected
    kenyan = grown.hits(question, "country:KE", k=2000)
    assert {"listing/kelp", "organisation/river", "person/lyu", "event/camp"} <= set(kenyan)
    assert "listing/orchard" not in kenyan


def test_as_after_a_rebuild(grown: Shop, tmp_path: Path) -> None:
    """What is found in a grown index is what is found in one that was built anew from the same records."""
    with opened(grown.settings.data_dir, tmp_path / "anew") as anew:
        assert bootstrap.build(anew.settings, anew.kb, force=True).indexed
        manifest = Manifest.read(current(anew.index_dir))
        assert manifest.base != Manifest.read(current(grown.index_dir)).base
        assert manifest.built == manifest.documents
        # The centres of a new build are a hair off those that grew: behind the first three, ties fall otherwise.
        assert {question: set(grown.hits(question, k=3)) for question in QUESTIONS} == {
            question: set(anew.hits(question, k=3)) for question in QUESTIONS
        }
        for shop_ in (anew, grown):
            assert {question: shop_.hits(question)[0] for question in ABOUT_THE_NEW} == ABOUT_THE_NEW


@pytest.mark.parametrize(
    ("change", "question", "said"),
    [
        (
            TALK.model_copy(update={"topic_en": "Glacier goats of the north", "topic_zh": "北方冰川山羊"}),
            ("glacier goats", "冰川山羊"),
            "organisation:river",
        ),
        (
            RIVER.model_copy(update={"name_en": "Velvet Anvil Society", "name_zh": "丝绒铁砧学会", "country": "FR"}),
            ("hydrologist of the Velvet Anvil Society", "丝绒铁砧学会的水文学家"),
            "country:FR",
        ),
    ],
    ids=["an appearance", "an organisation"],
)
def test_what_others_say(shop: Shop, change: Record, question: tuple[str, str], said: str) -> None:
    """A person's document follows when what an appearance or an organisation says of the person changes."""
    shop.kb.save(NEW, origin="test")
    shop.build()
    assert shop.kb.save([change], origin="test").changed == [change.key]
    folder = shop.build()
    assert Manifest.read(folder).base == Manifest.read(current(shop.index_dir)).base
    for text in question:
        assert "person/lyu" in shop.hits(text)[:2]
        assert shop.hits(text, "type:person", said)[0] == "person/lyu"


def test_many_changes_are_a_rebuild(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When more has changed than is worth adding, the index is built anew, and finds the same."""
    base = Manifest.read(current(shop.index_dir)).base
    shop.kb.save(NEW, origin="test")
    monkeypatch.setattr(changes, "_FEW", 2)
    monkeypatch.setattr(changes, "_MOST", 0.001)
    shop.build()
    assert Manifest.read(current(shop.index_dir)).base != base
    assert shop.hits("海带编织垫除砷")[0] == shop.hits("woven kelp against arsenic")[0] == "listing/kelp"


@pytest.mark.parametrize("step", ["amend", "_save_lexicon", "make_current"])
def test_an_update_that_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """An update that fails leaves the generation before as it was, to the byte; the next update is right."""
    served = current(shop.index_dir)
    before, base = contents(served), shop.hits("woven kelp against arsenic")
    shop.kb.save(NEW, origin="test")

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(build, step, fail)
        with pytest.raises(OSError, match="no space"):
            bootstrap.build(shop.settings, shop.kb)
    assert current(shop.index_dir) == served
    rows = Manifest.read(served).rows
    ends = {"codes.i8": rows * 512, "scales.f32": rows * 4, "sketches.i8": rows * 64}
    assert {name: data[: ends.get(name)] for name, data in contents(served).items()} == before
    assert shop.hits("woven kelp against arsenic") == base

    shop.kb.delete(["listing/orchard"])
    shop.build()
    assert shop.hits("woven kelp against arsenic")[0] == shop.hits("海带编织垫除砷")[0] == "listing/kelp"
    assert "listing/orchard" not in shop.hits("frost on cherry blossoms", k=2000)


def test_links_are_not_written_through(shop: Shop) -> None:
    """An update shares files with the generation before and changes none of them but by adding vectors at their end."""
    served = current(shop.index_dir)
    before = contents(served)
    shop.kb.save(NEW, origin="test")
    shop.kb.delete(["listing/tech-si-solmate"])
    folder = shop.build()
    shared = {path.stat().st_ino for path in served.rglob("*")} & {path.stat().st_ino for path in folder.rglob("*")}
    assert shared
    for name, data in contents(served).items():
        assert data.startswith(before[name]) if name.endswith((".i8", ".f32")) else data == before[name], name
    # The generation before still answers whoever has it open.
    old = HybridRetriever(Index(served), shop.retriever.embedder)
    assert old.find(Query("solar panels for a balcony")).hits[0].key == "listing/tech-si-solmate"
    assert all(hit.key != "listing/kelp" for hit in old.find(Query("woven kelp against arsenic")).hits)


@pytest.mark.parametrize(
    ("question", "picks"),
    [
        (
            "who is Li Ming?",
            {"the second one": "li-ming-2", "1": "li-ming-1", "the Hong Kong one": "li-ming-2", "auditor": "li-ming-1"},
        ),
        ("李明是谁", {"第二个": "li-ming-2", "1": "li-ming-1", "审计师": "li-ming-1"}),
        ("liming", {"2": "li-ming-2"}),
    ],
)
def test_two_people_of_one_name(shop: Shop, question: str, picks: dict[str, str]):
    """A name that two people have is asked about; number, place, post or the question with the post tell them apart."""
    one = Person(
        id="li-ming-1", name_en="Li Ming", name_zh="李明", title_en="Auditor", title_zh="审计师", organisation="bcaa", sources=[]
    )
    two = Person(
        id="li-ming-2", name_en="Li Ming", name_zh="李明", title_en="Judge", title_zh="法官",
        organisation_name_en="High Court of Hong Kong", organisation_name_zh="香港高等法院", sources=[],
    )  # fmt: skip
    shop.kb.save([one, two], origin="import")
    shop.build()
    talking = Assistant(shop.kb, shop.retriever, memory=StoredMemory(shop.kb, lambda: b"key", minutes=60))
    for typed, id_ in picks.items():
        asked = talking.answer_now(Question(question, session=typed))
        assert asked.status == NEEDS_CLARIFICATION
        assert {choice.kind for choice in asked.choices} == {MEANING}
        assert [card.id for card in talking.answer_now(Question(typed, session=typed)).cards] == [id_]
    alone = [talking.answer_now(Question(choice.ask)).cards[0].id for choice in asked.choices]
    assert alone == ["li-ming-1", "li-ming-2"]
