"""What is a follow-up, and what is a question of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
import yaml

from bot.conversation.resolve import Resolver
from bot.conversation.resolved import ITSELF, REWRITTEN
from bot.conversation.state import Conversation, Pending
from bot.understand import Understander
from bot.values import Question

TUNE = Path(__file__).parents[2] / "journeys" / "tune.yaml"
EVERY = 9  # of the questions to build with one in so many is enough here
LISTED = ("listing/tech-jc-0090", "listing/tech-jc-0113", "listing/tech-jc-0114")
ENGLISH = Conversation(
    "Which wastewater technologies come from Japan?", "en", "listings", LISTED, 0, 0, 4, LISTED[1:2], "{}'s contact",
    (Pending("only from Belgium (2)", "wastewater technologies in Belgium", "narrow"),),
)  # fmt: skip
CHINESE = Conversation("日本有哪些污水处理技术？", "zh", "listings", LISTED, 0, 0, 4)
PERSON = Conversation(
    "谁是解洪兴", "zh", "person", ("person/person-xie-hongxing",), focus=("person/person-xie-hongxing",)
)  # fmt: skip
CHOICE = Conversation(
    "Tsinghua", "en", "choice",
    choices=(Pending("Tsinghua University, Beijing, China", "Tsinghua University"), Pending("Air in Shanghai", "Air")),
)  # fmt: skip
STATES = {"english": ENGLISH, "chinese": CHINESE, "person": PERSON, "choice": CHOICE}


def standalone() -> list[str]:
    """Questions of the journeys to build with, which all stand alone."""
    journeys = yaml.safe_load(TUNE.read_text(encoding="utf-8"))
    asked = dict.fromkeys(text for journey in journeys for text in journey["ask"].values())
    return list(islice(asked, 0, None, EVERY))


@pytest.fixture(scope="module")
def resolver(assistant) -> Resolver:
    """The rules over the starter knowledge base."""
    return Resolver(assistant.kb, Understander(assistant.retriever))


@pytest.mark.parametrize("state", STATES)
def test_a_question_of_its_own_is_never_touched(resolver, state):
    """A hundred questions and more that stand alone stay as they were typed, whatever was talked about before."""
    asked = standalone()
    assert len(asked) > 100
    found = {text: resolver.resolve(Question(text), STATES[state]) for text in asked}
    assert {text: one for text, one in found.items() if (one.how, one.question) != (ITSELF, text)} == {}


@pytest.mark.parametrize(
    "text",
    [
        "is it possible to recycle batteries?", "what time is it?", "will it rain tomorrow?", "is it raining?",
        "what was the first panel of the camp about?", "the first patent office in Asia-Pacific to come on board",
        "who was the second speaker at the Chengdu forum?", "solar panels that pay for themselves", "Japan", "2019 events",
        "technologies from Japan", "what about a heat pump for a hotel in Paris with 40 rooms and a sauna",
        "compare patents of China and Japan", "how does China compare with Japan in patents?", "only a few people know solar",
        "第一届创蓝清洁空气技术论坛", "加速营第二场圆桌谈什么", "第一个加入WIPO GREEN的专利局是谁", "上海", "日本的污水处理技术",
        "比较中国和日本的专利申请量", "哪种电池比较好", "只有样机的技术能上架吗", "周五成都到重庆的高铁票还有吗",
        "我们厂的废气，它能不能回收利用热量", "最后一届亚运会在哪里开", "更多企业加入了WIPO GREEN吗", "還有哪些合作夥伴在香港",
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", ["english", "chinese"])
def test_words_that_only_look_like_pointing(resolver, text, state):
    """It, that, first, only, compare, 第一, 只, 还有 in a question that says what it is about make no follow-up."""
    found = resolver.resolve(Question(text), STATES[state])
    assert (found.how, found.question) == (ITSELF, text)


FOLLOW_UPS = {
    "page": [
        "more", "show me more please", "any others?", "next page", "what else?",
        "还有吗", "再来几个", "下一页", "還有嗎", "换一批", "继续",
    ],
    "record": [
        "the second one", "number 2", "2", "the last one's contact", "who makes it?", "its source",
        "does it work in cold climates?",
        "第二个", "最后一个", "倒数第二个",
        "前两个的联系方式", "第三個呢", "它的来源", "这个技术的专利情况", "這家公司在哪", "谁做的",
    ],
    "compared": [
        "compare 1 and 3", "compare them", "compare it with the first", "what is the difference between the first two?",
        "比较前三个", "和第一个比一下", "第一个和第二个有什么区别", "比較前兩個",
    ],
    "moved": [
        "and in China?", "what about China?", "only from China", "just the Chinese ones", "which of them are from China?",
        "那中国呢", "换成中国", "那中國呢", "只看中国的", "有没有中国的", "只看中國的",
    ],
    "narrowed": [
        "already commercialised ones only", "any from 2024?", "only technology needs", "at pilot scale only",
        "只要已经商业化的", "只看2024年的",
        "只看需求", "只要已經商業化的",
    ],
    "widened": ["anywhere", "any country", "not only from Japan", "不限国家", "哪个国家都行", "不限條件", "不限國家"],
    "topic": ["what about batteries?", "那电池呢", "電池呢"],
    "named": ["what about Xie Hongxing?", "那解洪兴呢", "解洪興呢"],
    "chosen": ["only from Belgium (2)"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "how"), [(text, how) for how, texts in FOLLOW_UPS.items() for text in texts])
def test_follow_ups(resolver, text, how):
    """What leans on the list that was shown is resolved from it."""
    assert resolver.resolve(Question(text), ENGLISH).how == how


@pytest.mark.parametrize(
    ("before", "text", "question"),
    [
        ("Which wastewater technologies come from Japan?", "and in China?", "Which wastewater technologies come from China?"),
        ("Danish farming technology", "what about Japan?", "farming technology in Japan"),
        ("wastewater treatment", "only from Japan", "wastewater treatment in Japan"),
        ("events in Beijing in 2024", "and 2023?", "events in Beijing in 2023"),
        ("events in Beijing in 2024", "any year", "events in Beijing"),
        ("how many patents does China have?", "last year?", "how many patents does China have last year?"),
        ("Which partners are in Japan?", "anywhere", "Which partners are there?"),
        ("日本有哪些污水处理技术？", "那中国呢", "中国有哪些污水处理技术？"),
        ("日本有哪些污水处理技术？", "不限国家", "有哪些污水处理技术？"),
        ("污水处理技术", "只看日本的", "日本的污水处理技术"),
        ("车间有VOC废气怎么办？", "只看中国的", "在中国，车间有VOC废气怎么办？"),
        ("车间有VOC废气怎么办？", "只要已经商业化的", "车间有VOC废气怎么办（商业化）？"),
        ("2024年在北京举办的活动", "那上海呢", "2024年在上海举办的活动"),
        ("日本有哪些污水處理技術？", "那中國呢", "中國有哪些污水處理技術？"),
        ("Which wastewater technologies come from Japan?", "那中国呢", "Which wastewater technologies come from China?"),
    ],
)
def test_the_standing_question_reads_well(resolver, before, text, question):
    """A follow-up becomes a question as somebody would ask it who starts with it."""
    lang = "zh-Hant" if "處" in before else "en" if before.isascii() else "zh"
    assert resolver.resolve(Question(text), Conversation(before, lang, "listings")).question == question


def test_what_the_rules_do_not_understand_goes_to_the_rewriter(assistant):
    """A follow-up that no rule is sure of is handed on with its conversation; one that a rule knows, or a question, is not."""
    handed = []

    class OneTrick:
        """Rewrites what speaks of chemicals."""

        def rewrite(self, text: str, context: Sequence[str], who: str | None = None) -> str | None:
            handed.append((text, context[0], who))
            return "wastewater technologies from Japan without chemicals" if "chemicals" in text else None

    resolver = Resolver(assistant.kb, Understander(assistant.retriever), OneTrick())
    found = resolver.resolve(Question("those that need no chemicals at all", session="chat"), CHINESE)
    assert (found.how, found.question) == (REWRITTEN, "wastewater technologies from Japan without chemicals")
    assert handed == [("those that need no chemicals at all", CHINESE.question, "chat")]
    assert resolver.resolve(Question("those with a warranty"), CHINESE).question == "those with a warranty"
    for text in ("more", "the second one", "who is Xie Hongxing?", "solar pumps for irrigation"):
        resolver.resolve(Question(text), CHINESE)
    assert len(handed) == 2
    assert resolver.resolve(Question("those that need no chemicals at all"), None).how == ITSELF
