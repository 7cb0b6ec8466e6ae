"""Finding over the starter data: the same in every language, narrowed exactly, silent off topic."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import pytest
from encoders import WordEncoder
from fakes import TECHNOLOGIES

from knowledge.records import Listing, Organisation
from knowledge.store import KnowledgeBase
from retrieval import dense
from retrieval import retriever as hybrid
from retrieval.documents import Document, document, related
from retrieval.embed import Embedder
from retrieval.errors import IndexOutOfDate
from retrieval.index import Index, current
from retrieval.language import simplified, traditional
from retrieval.retriever import Found, HybridRetriever, Query

PARALLEL = [
    (
        "tech-si-zbox",
        "a shipping container that folds when it travels back empty",
        "空箱返程时可以折叠的集装箱",
        "空箱返程時可以摺疊的貨櫃",
    ),
    (
        "tech-si-bio-enhancing-concrete-technology-for-marine-con",
        "concrete for sea walls that helps marine life",
        "有利于海洋生物生长的海工混凝土",
        "有利於海洋生物生長的海工混凝土",
    ),
    (
        "tech-si-volito",
        "sensors that monitor insects in the field",
        "田间监测昆虫的传感器",
        "田間監測昆蟲的傳感器",
    ),
    (
        "tech-jc-0111",
        "recovering VOC vapours from exhaust gas",
        "有机废气VOC回收浓缩装置",
        "有機廢氣VOC回收濃縮裝置",
    ),
    (
        "tech-si-mylea-low-impact-leather",
        "leather made of mushrooms",
        "用蘑菇菌丝做的皮革",
        "用蘑菇菌絲做的皮革",
    ),
    (
        "tech-si-ecotree",
        "how can a company own trees in a forest?",
        "企业怎么认购树木？",
        "企業怎麼認購樹木？",
    ),
    (
        "tech-si-joulia-inline-showerdrain-with-heat-recycling",
        "reuse the heat of shower waste water",
        "淋浴废水的余热怎么回收",
        "淋浴廢水的餘熱怎麼回收",
    ),
    (
        "tech-x-icell-pome",
        "animal feed from palm oil mill effluent",
        "棕榈油厂废水制成饲料",
        "棕櫚油廠廢水製成飼料",
    ),
    (
        "tech-si-collectix",
        "a boat that collects plastic waste from rivers",
        "清理河里塑料垃圾的船",
        "清理河裡塑料垃圾的船",
    ),
    (
        "tech-si-solmate",
        "solar panels for a balcony that plug into a socket",
        "插上插座就能用的阳台光伏",
        "插上插座就能用的陽台光伏",
    ),
    (
        "tech-si-solvair-marine",
        "removing sulphur oxides from ship exhaust",
        "船舶尾气脱硫",
        "船舶尾氣脫硫",
    ),
    (
        "tech-si-carboncure-technology",
        "injecting captured CO2 into concrete",
        "把捕集的二氧化碳注入混凝土",
        "把捕集的二氧化碳注入混凝土裡",
    ),
    (
        "tech-si-kite-traction-for-motor-ships",
        "a kite that tows ships to save fuel",
        "用风筝牵引船舶节省燃料",
        "用風箏牽引船舶節省燃料",
    ),
    (
        "tech-si-wind-craneless-system",
        "installing wind turbines without a crane",
        "不用吊车安装风机",
        "不用吊車安裝風機",
    ),
    (
        "tech-si-lavie",
        "removing chlorine from tap water",
        "去除自来水里的氯",
        "去除自來水裡的氯",
    ),
    (
        "tech-si-ather-450x",
        "a connected electric scooter",
        "智能电动踏板车",
        "智能電動踏板車",
    ),
    (
        "tech-si-bamboo-for-life",
        "cleaning wastewater with bamboo",
        "用竹子净化污水",
        "用竹子淨化污水",
    ),
    (
        "tech-si-wasteless",
        "dynamic prices for food close to its expiry date",
        "临期食品动态定价",
        "臨期食品動態定價",
    ),
    (
        "tech-si-fallow-weed-detection",
        "drones that find weeds in fallow fields",
        "无人机识别休耕地里的杂草",
        "無人機識別休耕地裡的雜草",
    ),
    (
        "tech-jc-0018",
        "purifying dilute coal mine methane for use as fuel",
        "低浓度煤矿瓦斯提纯利用",
        "低濃度煤礦瓦斯提純利用",
    ),
]

OFF_TOPIC = [
    ("What is the capital of France?", "法国的首都是哪里？", "法國的首都是哪裡？"),
    ("Write me a love poem", "给我写一首情诗", "給我寫一首情詩"),
    ("Who won the world cup in 2018?", "2018年世界杯谁赢了", "2018年世界盃誰贏了"),
    ("best recipe for chocolate cake", "巧克力蛋糕怎么做", "巧克力蛋糕怎麼做"),
    ("how do I reset my iPhone password", "苹果手机密码忘了怎么办", "蘋果手機密碼忘了怎麼辦"),
    ("should I buy Tesla shares", "现在买股票合适吗", "現在買股票合適嗎"),
    ("what's on television tonight", "今晚电视有什么节目", "今晚電視有什麼節目"),
    ("my back hurts when I sit", "坐久了腰疼怎么办", "坐久了腰疼怎麼辦"),
    ("translate 'good morning' into Spanish", "西班牙语的早上好怎么说", "西班牙語的早上好怎麼說"),
    ("who is Taylor Swift", "周杰伦是谁", "周杰倫是誰"),
]
LANGUAGES = {"en": 0, "zh": 1, "zh-Hant": 2}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("case", PARALLEL, ids=lambda case: case[0])
def test_parallel_questions(retriever: HybridRetriever, case: tuple[str, ...], lang: str) -> None:
    """A listing is among the first five for the same question in each language and script."""
    hits = retriever.search(Query(case[1 + LANGUAGES[lang]]), k=5)
    assert f"listing/{case[0]}" in [hit.key for hit in hits]


@pytest.mark.parametrize("case", PARALLEL, ids=lambda case: case[0])
def test_scripts_are_one_language(retriever: HybridRetriever, case: tuple[str, ...]) -> None:
    """The two scripts of a Chinese question, character by character the same, find the same with the same scores."""
    plain = simplified(case[2])
    assert retriever.find(Query(plain)) == retriever.find(Query(traditional(plain)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("question", OFF_TOPIC, ids=lambda question: question[0])
def test_off_topic(retriever: HybridRetriever, question: tuple[str, ...], lang: str) -> None:
    """A question about anything else has no hits in any language, though something is always nearest."""
    asked = Query(question[LANGUAGES[lang]])
    assert retriever.search(asked) == []
    found = retriever.find(asked)
    assert found.hits
    assert not found.passes
    assert found.confidence < retriever.index.floor.threshold


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00"])
def test_an_empty_question(retriever: HybridRetriever, text: str) -> None:
    """An empty question finds nothing."""
    assert retriever.find(Query(text)) == Found()
    assert retriever.search(Query(text)) == []


@pytest.mark.parametrize("text", ["🌱🌱🌱", "！？。", "' OR 1=1 --", "a:b AND (c", "热" * 3000, "x" * 10_000, "\u202e热泵"])
def test_any_question(retriever: HybridRetriever, text: str) -> None:
    """Whatever is asked, hits are sorted, each record once."""
    found = retriever.find(Query(text), k=20)
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.key for hit in found.hits}) == len(found.hits) <= 20


@pytest.mark.parametrize("text", ["treatment of waste water", "污水处理", "汙水處理"])
@pytest.mark.parametrize(
    ("facets", "wanted"),
    [
        ((("country:JP",),), lambda row: row.country == "JP"),
        ((("kind:need",),), lambda row: isinstance(row, Listing) and row.kind == "need"),
        ((("sector:water",),), lambda row: isinstance(row, Listing) and row.sector == "water"),
        (
            (("country:JP",), ("sector:water", "sector:energy")),
            lambda row: isinstance(row, Listing) and row.country == "JP" and row.sector in ("water", "energy"),
        ),
        (
            (("country:FR",), ("stage:commercial_large",)),
            lambda row: isinstance(row, Listing) and (row.country, row.stage) == ("FR", "commercial_large"),
        ),
    ],
)
def test_facets(retriever: HybridRetriever, starter_kb: KnowledgeBase, text: str, facets: tuple, wanted) -> None:
    """Among listings and organisations, facets let through exactly the records that have them, in every language."""
    found = retriever.find(Query(text, facets=(*facets, ("type:listing", "type:organisation"))), k=10_000)
    expected = {row.key for row in (*starter_kb.all(Listing), *starter_kb.all(Organisation)) if wanted(row)}
    assert {hit.key for hit in found.hits} == expected


def test_an_unknown_facet(retriever: HybridRetriever) -> None:
    """A facet that no record has finds nothing."""
    assert retriever.find(Query("heat pump", facets=(("country:XX",),))) == Found()


def test_k(retriever: HybridRetriever) -> None:
    """Fewer hits are the first of more, and the same question finds the same again."""
    more = retriever.find(Query("太阳能"), k=20).hits
    assert len(more) == 20
    assert retriever.find(Query("太阳能"), k=5).hits == more[:5]
    assert retriever.find(Query("太阳能"), k=20).hits == more


@pytest.mark.parametrize("question", ["wave power for a harbour", "港口用波浪发电"])
def test_standing_out(retriever: HybridRetriever, question: str) -> None:
    """How far a hit stands out is its score above those behind the first few, however many are asked for."""
    hits = retriever.find(Query(question), k=30).hits
    level = sum(hit.score for hit in hits[5:20]) / 15
    assert [hit.evidence.standout for hit in hits] == pytest.approx([hit.score - level for hit in hits])
    few = retriever.find(Query(question), k=3).hits
    assert [hit.evidence.standout for hit in few] == pytest.approx([hit.evidence.standout for hit in hits[:3]])


def test_many_at_once(retriever: HybridRetriever) -> None:
    """Questions asked at the same time get the answers they get one by one."""
    questions = [Query(case[1 + number % 3], facets=()) for number, case in enumerate(PARALLEL)]
    alone = [retriever.find(question) for question in questions]
    fresh = HybridRetriever(retriever.index, retriever.embedder)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(fresh.find, questions)) == alone


def test_a_vector_in_hand(retriever: HybridRetriever) -> None:
    """A caller who has the question's vector already gets the same finds without the encoder."""

    class Asleep:
        name, dimension = retriever.embedder.name, retriever.embedder.dimension

        def embed(self, texts):
            raise AssertionError(texts)

    embedder: Embedder = Asleep()
    vector = dense.centred(retriever.embedder.embed(["heat pump"]), retriever.index.centres["en"])[0]
    found = HybridRetriever(retriever.index, embedder).find(Query("heat pump"), vector=vector)
    assert found == retriever.find(Query("heat pump"))


@pytest.mark.parametrize(("question", "lang"), [("heat pump", "zh"), ("热泵", "en"), ("熱泵", "zh-Hant"), ("biogas 牛粪", None)])
def test_the_language_may_be_given(retriever: HybridRetriever, question: str, lang: str | None) -> None:
    """A question may be asked in another language than it is written in, and still finds."""
    assert retriever.search(Query(question, lang))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("photovoltiac panels", "photovoltaic panels"),
        ("bioges digester for a farm", "biogas digester for a farm"),
        ("Is there tretment for wastewater?", "Is there treatment for wastewater?"),
        ("沼气 bioges", "沼气 biogas"),
        ("solor pannels", "solar panels"),
        ("biogasses", "biogasses"),
        ("watre pump", "water pump"),
        ("solar panels", "solar panels"),
        ("who is Xie Hongxing", "who is Xie Hongxing"),
        ("光伏组建", "光伏组建"),
        ("光伏組件", "光伏組件"),
        ("", ""),
    ],
)
def test_mend(retriever: HybridRetriever, typed: str, meant: str) -> None:
    """English words that no document has are replaced by the nearest that one has; all other words stay as typed."""
    assert retriever.mend(typed) == meant


def test_mend_leaves_names_alone(retriever: HybridRetriever) -> None:
    """Words of a name that was recognised are not mended."""
    assert retriever.mend("Hongxingg Xie on bioges", skip=["Hongxingg Xie"]) == "Hongxingg Xie on biogas"


@pytest.mark.parametrize("word", ["biogas", "the", "photovoltaic", "沼气", "污水", "的"])
def test_knows(retriever: HybridRetriever, word: str) -> None:
    """A word of the documents, of the lexicon or of grammar is known."""
    assert retriever.knows(word)


@pytest.mark.parametrize("word", ["photovoltiac", "qwertyuiop", "魑魅魍魉"])
def test_does_not_know(retriever: HybridRetriever, word: str) -> None:
    """A word that nothing has is not known."""
    assert not retriever.knows(word)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("which bamboo plantation cleans wastewater?", {"bamboo", "plantation", "cleans", "wastewater"}),
        ("竹林净化污水吗", {"竹林", "净化", "污水"}),
        ("竹林淨化污水嗎", {"竹林", "净化", "污水"}),
        ("竹林想就地净化污水", {"竹林", "净化", "污水"}),
        ("football scores", set()),
        ("足球比分", set()),
    ],
)
def test_matched(retriever: HybridRetriever, starter_kb: KnowledgeBase, question: str, words: set[str]) -> None:
    """The words of a question that a record has are named, and no others."""
    linked = related(starter_kb)
    row = starter_kb.get("listing/tech-si-bamboo-for-life")
    texts = [document(row, lang, linked).text for lang in ("en", "zh")]
    assert set(retriever.matched(question, texts)) == words


def test_guessed_words(retriever: HybridRetriever) -> None:
    """Words that are in no dictionary are guessed, unless a reader is to be told that they stand somewhere."""
    assert "厨余想" in retriever.index.segmenter.words("餐厅厨余想就地处理")
    assert "厨余想" not in retriever.index.segmenter.words("餐厅厨余想就地处理", guessed=False)


@pytest.mark.parametrize(("question", "other"), [("wastewater", "zh"), ("污水", "en")])
def test_matched_across_languages(retriever: HybridRetriever, starter_kb: KnowledgeBase, question: str, other: str) -> None:
    """A word counts as matched also where only its translation stands."""
    row = starter_kb.get("listing/tech-si-bamboo-for-life")
    summary = row.text("summary", other)
    assert retriever.matched(question, [summary]) == [question]


def test_domain(retriever: HybridRetriever) -> None:
    """Questions of the field sound more like the collection than others, in every language."""
    for number, lang in enumerate(("en", "zh", "zh")):
        inside = min(retriever.domain(case[1 + number], lang) for case in PARALLEL)
        outside = sum(retriever.domain(question[number], lang) for question in OFF_TOPIC) / len(OFF_TOPIC)
        assert inside > outside


@pytest.fixture(scope="module")
def one_voice_each(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    """A retriever over records that speak one language each."""
    rows = [
        (f"{id_}-{lang}", lang, *said)
        for id_, en, zh, *about, _ in TECHNOLOGIES
        for lang, said in (("en", (en, about[0])), ("zh", (zh, about[1])))
    ]
    documents = [Document(f"listing/{id_}", lang, title, (text,)) for id_, lang, title, text in rows]
    return HybridRetriever(Index(fakes.build(tmp_path_factory.mktemp("voices"), documents)), WordEncoder())


def tops(retriever: HybridRetriever, question: str) -> dict[str, float]:
    """The best score of each language's documents."""
    hits = retriever.find(Query(question)).hits
    return {lang: max(hit.score for hit in hits if hit.lang == lang) for lang in ("en", "zh")}


@pytest.mark.parametrize(
    "question", ["a heat pump that warms a school", "manure into cooking gas", "热泵为学校供暖", "糞便變成燃氣"]
)
def test_levelling(one_voice_each: HybridRetriever, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    """The best of the weaker language comes most of the way up to the best of the stronger, and never above it."""
    levelled = tops(one_voice_each, question)
    order = [hit.key for hit in one_voice_each.find(Query(question)).hits]
    monkeypatch.setattr(hybrid, "LEVELLING", 0.0)
    plain = tops(one_voice_each, question)
    plain_order = [hit.key for hit in one_voice_each.find(Query(question)).hits]
    weaker, stronger = sorted(plain, key=plain.__getitem__)
    assert plain[weaker] < plain[stronger]
    assert levelled[stronger] == plain[stronger]
    assert levelled[weaker] == pytest.approx(plain[weaker] + 0.8 * (plain[stronger] - plain[weaker]))
    assert levelled[weaker] < levelled[stronger]
    # Within a language nothing changes places.
    for lang in ("en", "zh"):
        assert [key for key in order if key.endswith(lang)] == [key for key in plain_order if key.endswith(lang)]


@pytest.mark.parametrize("case", PARALLEL[:8], ids=lambda case: case[0])
def test_levelling_leaves_the_best(retriever: HybridRetriever, monkeypatch: pytest.MonkeyPatch, case: tuple[str, ...]) -> None:
    """The record that is best without levelling is best with it."""
    for question in case[1:]:
        with monkeypatch.context() as patch:
            best = retriever.find(Query(question)).hits[0]
            patch.setattr(hybrid, "LEVELLING", 0.0)
            plain = retriever.find(Query(question)).hits[0]
        assert (best.key, best.score) == (plain.key, plain.score)


@pytest.mark.parametrize("question", ["biogas from manure", "粪便变燃气", "糞便變燃氣"])
def test_follow(small_home: Path, tmp_path: Path, question: str) -> None:
    """A retriever that knows where its index is goes over to a new one at the next question; one that does not stays."""
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    follows = HybridRetriever(Index(current(home)), WordEncoder(), home=home)
    stays = HybridRetriever(Index(current(home)), WordEncoder())
    before = [hit.key for hit in follows.find(Query(question)).hits]
    assert len(before) == 3
    fakes.build(home, fakes.technologies(2), fingerprint="records-2")
    assert {hit.key for hit in follows.find(Query(question)).hits} == {"listing/heat-pump", "listing/digester"}
    assert follows.index.folder == current(home)
    assert follows.index.manifest.fingerprint == "records-2"
    assert [hit.key for hit in stays.find(Query(question)).hits] == before


def test_follow_refuses_another_encoder(small_home: Path, tmp_path: Path) -> None:
    """A new index that was made with another encoder is refused with the command, every time, and not mixed up with the old."""
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    retriever = HybridRetriever(Index(current(home)), WordEncoder(), home=home)
    fakes.build(home, fakes.technologies(), embedder=WordEncoder(name="words/2"))
    for _ in range(2):
        with pytest.raises(IndexOutOfDate, match=r"words/2.*words/1.*greenask kb build"):
            retriever.find(Query("学校的热泵"))


def test_follow_while_asked(small_home: Path, tmp_path: Path) -> None:
    """Questions asked while an index is replaced are answered from the one or the other."""
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    retriever = HybridRetriever(Index(current(home)), WordEncoder(), home=home)

    def ask(number: int) -> int:
        if number == 10:
            fakes.build(home, fakes.technologies(2), fingerprint="records-2")
        return len(retriever.find(Query(f"{number} heat pumps 热泵")).hits)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(200))) <= {2, 3}
    assert len(retriever.find(Query("热泵")).hits) == 2
