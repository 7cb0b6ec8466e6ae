"""What is read out of a question before anything is looked up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.assistant import Assistant
from bot.understand import ASPECTS, TALK, Understander, Understanding
from bot.values import Question

Read = Callable[..., Understanding]


@pytest.fixture(scope="module")
def read(assistant: Assistant) -> Read:
    """Reads a question with the names and words of the starter knowledge base."""
    understander = Understander(assistant.retriever)
    return lambda text, lang=None: understander.read(Question(text, lang))


@pytest.mark.parametrize("text", ["heat pump for a school, write to anna@example.com", "学校用热泵 anna@example.com"])
def test_addresses_are_not_looked_for(read, text):
    """Where the asker can be reached is no word of the question; a question that is nothing else stays as it is."""
    assert not any("anna" in word or "example" in word for word in read(text).content)
    assert "@" not in read(text).text
    assert read("anna@example.com").text == "anna@example.com"


@pytest.mark.parametrize("text", ["pump 10 m3/h@2.5bar", "electrolyser 1.8V@2.0A/cm2", "a@b"])
def test_figures_are_no_addresses(read, text):
    """What is written with an @ and is no address stays in the question."""
    assert "@" in read(text).text


@pytest.mark.parametrize(
    ("talk", "texts"),
    [
        ("greeting", ["hello", "Hi there!", "Good evening", "你好", "您好！", "晚上好呀", "哈囉", "HELLO"]),
        ("thanks", ["thanks", "Thank you very much!", "谢谢", "多謝", "好的，谢谢你"]),
        ("goodbye", ["bye", "Good bye!", "再见", "再見", "拜拜"]),
        ("capability", ["what can you do?", "who are you", "help", "你能做什么", "你能做什麼？", "你是谁", "怎么用"]),
        ("empty", ["", "   ", "?!", "。。。", "🌱", "\u200b\u202e"]),
    ],
)
def test_talk(read, talk, texts):
    """Greetings, thanks, goodbyes, questions about the assistant and silence are known for what they are."""
    assert {text: read(text).talk for text in texts} == dict.fromkeys(texts, talk)


@pytest.mark.parametrize(
    "text",
    [
        "hello, who is Xie Hongxing?",
        "thanks to whom did the pilot in Beijing succeed, and what did it deliver?",
        pytest.param("what can you do about VOC in a paint shop?"),
        "help me find a biogas plant",
        "你好，请问创蓝联盟怎么联系？",
        "你能帮我找VOC治理技术吗",
        "谢谢，那么2024年的活动有哪些？",
    ],
)
def test_politeness_is_no_talk(read, text):
    """A question that begins politely is still a question."""
    assert read(text).talk is None


@pytest.mark.parametrize(
    ("aspect", "texts"),
    [
        ("contact", ["how do I contact BCAA?", "BCAA phone number", "怎么联系创蓝联盟", "創藍聯盟的電話"]),
        ("when", ["when was the camp?", "which year did it start", "加速营是什么时候办的", "哪一天開幕"]),
        ("where", ["where was the forum held?", "which city hosted it", "论坛在哪里举办", "地點是哪"]),
        ("who", ["who spoke at the camp?", "speakers of the forum", "加速营有哪些嘉宾", "誰主講"]),
        ("organiser", ["who organised the camp?", "hosts of the forum", "加速营的主办方", "誰主辦的"]),
        ("attendance", ["how many people came?", "attendance of the camp", "有多少人参加", "參會人數"]),
        ("how_many", ["how many technologies are there?", "number of partners", "有多少项技术", "合作夥伴數量"]),
        ("rank", ["rank of Beijing among clusters", "北京排名第几", "北京排第幾"]),
        ("share", ["what percentage of patents?", "占比是多少", "佔百分之幾"]),
        ("trend", ["growth over time", "how did it change?", "历年变化", "增長趨勢"]),
        ("cost", ["what does it cost?", "is it free?", "要多少钱", "收費嗎"]),
        ("join", ["how can we join?", "sign up", "怎么加入", "如何報名"]),
        ("eligibility", ["who can apply?", "are SMEs eligible?", "什么条件", "哪些企業可以申請"]),
        ("results", ["what were the results?", "what did it achieve", "取得了什么成果", "有什麼成果"]),
        ("agenda", ["what was on the agenda?", "theme of the camp", "主题是什么", "議程"]),
        ("said", ["what did Zhao Lijie say?", "赵礼杰讲了什么", "趙禮傑的演講"]),
        ("website", ["website of BCAA", "创蓝联盟的官网", "網址"]),
        ("latest", ["the latest figure", "最新的数字", "目前有幾個"]),
        ("conflict", ["why do the figures differ?", "哪个数字才对", "為什麼數字不一樣"]),
        ("held", ["how many technologies do you hold?", "你们库里有多少", "知識庫收錄"]),
    ],
)  # fmt: skip
def test_aspects(read, aspect, texts):
    """What is asked of a thing is recognised in English, simplified and traditional Chinese."""
    assert [text for text in texts if aspect not in read(text).aspects] == []


def test_aspects_are_known(read):
    """Nothing is recognised that no answer knows about."""
    for text in ("who organised the camp, when, where and what did it cost?", "谁主办的，什么时候，在哪，要多少钱"):
        assert {"when", "where", "cost", "organiser"} <= read(text).aspects <= set(ASPECTS)
    assert set(TALK) == {"greeting", "thanks", "goodbye", "capability"}


@pytest.mark.parametrize(
    ("facet", "value", "texts"),
    [
        ("country", "HK", ["partners in Hong Kong", "香港的合作伙伴", "香港的合作夥伴"]),
        ("country", "JP", ["technologies from Japan for wastewater", "日本的废水处理技术", "日本的廢水處理技術"]),
        ("country", "DE", ["anything from Germany?", "德国的技术", "德國的技術"]),
        ("city", "Beijing", ["events in Beijing", "北京的活动", "北京的活動"]),
        ("year", "2024", ["events in 2024", "2024年的活动", "2024年的活動"]),
        ("year", "2021-04", ["events in April 2021", "2021年4月的活动", "2021年4月的活動"]),
        ("kind", "technology", ["which technologies treat VOC?", "VOC治理技术", "VOC治理技術"]),
        ("kind", "need", ["which needs are on biogas?", "沼气方面的需求", "沼氣方面的需求"]),
        ("kind", "expert", ["experts on water", "水处理专家", "水處理專家"]),
        ("kind", "event", ["events in Beijing", "北京的活动", "北京的活動"]),
        ("kind", "organisation", ["partners in Hong Kong", "香港的合作伙伴", "香港的合作夥伴"]),
    ],
)  # fmt: skip
def test_facets(read, facet, value, texts):
    """Place, kind and date are understood the same in English, simplified and traditional Chinese."""
    assert [text for text in texts if value not in read(text).facets.values(facet)] == []


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("person/person-xie-hongxing", ["who is Xie Hongxing", "解洪兴是谁", "解洪興是誰", "hongxing xie", "XIE HONGXING?"]),
        ("organisation/bcaa", ["BCAA", "Bluetech Clean Air Alliance", "创蓝联盟", "創藍聯盟", "chuanglan lianmeng"]),
        ("person/person-daren-tang", ["Daren Tang", "邓鸿森", "鄧鴻森", "deng hongsen"]),
        ("organisation/huawei", ["Huawei", "华为", "華為", "huawei的专利"]),
    ],
)
def test_names(read, key, texts):
    """A name is recognised in either language and script, by alias and in pinyin."""
    kind = key.split("/")[0]
    assert {text: read(text).named(kind) for text in texts} == {text: [key] for text in texts}


def test_names_in_order(read):
    """Several names are all recognised, in the order of the question, and only of the kinds asked for."""
    asked = read("did 解洪兴 meet Daren Tang at BCAA?")
    assert asked.named("person") == ["person/person-xie-hongxing", "person/person-daren-tang"]
    assert asked.named("organisation") == ["organisation/bcaa"]
    assert asked.named("event") == []


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("who is 解洪兴", "en"),
        ("VOC治理", "zh"),
        ("biogas 牛粪", "zh"),
        ("香港的合作夥伴", "zh-Hant"),
        ("香港的合作伙伴", "zh"),
        ("solar pumps", "en"),
        ("xie hongxing", "en"),
    ],
)
def test_language(read, text, lang):
    """The reply is to be in the language of the question, unless another is asked for."""
    assert read(text).lang == lang
    assert [read(text, hint).lang for hint in ("en", "zh-CN", "zh-HK")] == ["en", "zh", "zh-Hant"]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Please show me technologies from Japan for wastewater", ["wastewater"]),
        ("请帮我找日本的沼气技术", ["沼气"]),
        ("請幫我找日本的沼氣技術", ["沼气"]),
        ("how do I contact BCAA?", []),
        ("怎么联系创蓝联盟？", []),
        ("Events in 2024", []),
        ("2024年的活动有哪些？", []),
        ("biogas 牛粪", ["biogas", "牛粪"]),
    ],
)
def test_content(read, text, content):
    """What is left to search for is the matter itself, without names, places, dates, kinds and courtesies."""
    assert list(read(text).content) == content


def test_topic(read):
    """Words that are true of everything here are no topic."""
    assert read("green technologies").topic == ()
    assert read("绿色技术").topic == ()
    assert read("green biochar").topic == ("biochar",)


@pytest.mark.parametrize(
    ("text", "typed", "meant"),
    [
        ("treatmant of wastewater", "treatmant", "treatment"),
        ("pumps for irigation", "irigation", "irrigation"),
        ("who is Xie Hongxin", "hongxin", "hongxing"),
        ("创篮联盟怎么联系", "创篮联盟", "创蓝联盟"),
    ],
)
def test_typos_are_mended_and_said(read, text, typed, meant):
    """A slip is mended, and what was read for it is told."""
    assert (typed, meant) in [(one.lower(), other.lower()) for one, other in read(text).mended]


def test_mended_names_are_names(read):
    """A misspelt name finds its bearer."""
    assert read("who is Xie Hongxin").named("person") == ["person/person-xie-hongxing"]
    assert read("创篮联盟怎么联系").named("organisation") == ["organisation/bcaa"]


@pytest.mark.parametrize("text", ["treatment of wastewater", "who is Xie Hongxing", "创蓝联盟怎么联系", "VOC治理", "Daren Tang"])
def test_right_spelling_is_left_alone(read, text):
    """What is spelt right is not mended."""
    assert read(text).mended == ()


@pytest.mark.parametrize(
    ("text", "wants"), [("how many partners?", True), ("有多少合作伙伴", True), ("solar pumps", False), ("太阳能水泵", False)]
)
def test_figures_wanted(read, text, wants):
    """Whether a number is asked for is known."""
    assert read(text).wants_figures is wants


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("batteries from Japan", "batteries"),
        ("heat pumps in Germany for schools", "heat pumps for schools"),
        ("来自日本的电池", "电池"),
        ("來自日本的電池", "电池"),
        ("heat from an oven", "heat from an oven"),
    ],
)
def test_unplaced(assistant, text, left):
    """What is left without a place has nothing that led to it; what leads to no place stays."""
    assert Understander(assistant.retriever).read(Question(text)).unplaced == left
