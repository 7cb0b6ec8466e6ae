"""Curated answers: live at once, for their own questions only, by version, with staff and source named."""

from __future__ import annotations

from datetime import date

import pytest

from bot import render
from bot.assistant import Assistant
from bot.staff.curated import CuratedAnswers, CuratedReplies, Draft
from bot.values import Question
from knowledge.store import KnowledgeBase

SOURCE = ("FAO Locust Watch", "https://fao.example/locusts")
ASKED = {"en": "Who can help us stop locust swarms in our fields?", "zh": "我们田里闹蝗虫，谁能帮忙防治？"}
SAID = {"en": "Ask the locust desk at FAO.", "zh": "请联系粮农组织蝗虫事务处。"}


@pytest.fixture
def answers(kb: KnowledgeBase) -> CuratedAnswers:
    return CuratedAnswers(kb)


@pytest.fixture
def replies(kb: KnowledgeBase, assistant: Assistant) -> CuratedReplies:
    return CuratedReplies(kb, assistant.retriever)


def draft(*questions: str, en: str | None = SAID["en"], zh: str | None = SAID["zh"]) -> Draft:
    return Draft(questions or tuple(ASKED.values()), *SOURCE, en, zh)


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        (ASKED["en"], "en", SAID["en"]),
        (ASKED["zh"], "zh", SAID["zh"]),
        ("who can help us STOP locust swarms, in our fields", "en", SAID["en"]),
        ("我們田裡鬧蝗蟲，誰能幫忙防治", "zh-Hant", "請聯繫糧農組織蝗蟲事務處。"),
        ("Who can help us to stop the locust swarms in our fields?", "en", SAID["en"]),
    ],
)
def test_reply(full_kb, assistant, text, lang, said):
    """A question that was answered by staff gets their words, in its language and script, with who said it and the source."""
    own = Assistant(full_kb, assistant.retriever)
    before = own.answer_now(Question(text))
    CuratedAnswers(full_kb).add(draft())
    answer = own.answer_now(Question(text))
    shown = render.text(answer)
    assert before.route != "curated"
    assert (answer.route, answer.status, answer.lang, answer.question) == ("curated", "answered", lang, text)
    assert shown.splitlines()[0] == said
    for part in (
        {"en": "Answer by staff", "zh": "工作人员的回答", "zh-Hant": "工作人員的回答"}[lang],
        SOURCE[0],
        SOURCE[1],
        str(date.today().year),
    ):
        assert part in shown
    (item,) = render.as_json(answer)["items"]
    assert (item["kind"], item["sources"][0]["url"]) == ("curated", SOURCE[1])


@pytest.mark.parametrize(
    "other",
    [
        "Who can help us stop locust swarms in our fields in Kenya?",
        "Who stopped the locust swarms in 2019?",
        "How much does it cost to stop locust swarms in our fields?",
        "Who can help us stop noise in our fields?",
        "我们田里闹蝗虫，2019年谁来防治过？",
        "我们田里闹老鼠，谁能帮忙防治？",
        "and in our fields?",
        "hello",
        "蝗虫",
    ],
)
def test_nothing_else(answers, replies, other):
    """Another place, year, number, aim or thing is another question."""
    answers.add(draft())
    assert replies.match(other) is None


@pytest.mark.parametrize(
    ("question", "other"),
    [
        (
            "What was the first panel of the IP acceleration camp about?",
            "What was the second panel of the IP acceleration camp about?",
        ),
        ("加速营第一场圆桌谈什么", "加速营第二场圆桌谈什么"),
        ("Which partners are in Hong Kong?", "Which partners are in Shanghai?"),
        ("谁是解洪兴的助理？", "谁是Edward Kwakwa的助理？"),
        ("Can 300 households share one biogas plant?", "Can 3,000 households share one biogas plant?"),
        ("北京市知识产权局的地址", "北京市知识产权局的电话"),
        ("绿色技术银行", "绿色技术银行电话"),
    ],
)
def test_facts_must_agree(answers, replies, question, other):
    """Questions that read alike but name another rank, place, person, number or aim do not share an answer."""
    answers.add(draft(question))
    assert replies.match(question) is not None
    assert replies.match(other) is None


@pytest.mark.parametrize(
    ("written", "lang", "note"),
    [({"en": SAID["en"], "zh": None}, "zh", "目前只有英文"), ({"en": None, "zh": SAID["zh"]}, "en", "only in Chinese")],
)
def test_one_language(answers, kb, assistant, written, lang, note):
    """An answer in one language is given to readers of the other as it is, and they are told so; its own readers are not."""
    answers.add(draft(**written))
    own = Assistant(kb, assistant.retriever)
    shown = render.text(own.answer_now(Question(ASKED[lang])))
    assert note in shown.splitlines()[0]
    assert shown.splitlines()[1] == (written["en"] or written["zh"])
    other = "en" if lang == "zh" else "zh"
    assert note not in render.text(own.answer_now(Question(ASKED[other])))


def test_versions(answers, replies):
    """Each change is a version that counts at once, a revoked answer is given no more, and its history stays."""
    first = answers.add(draft())
    assert replies.match(ASKED["en"]).text_en == SAID["en"]
    second = answers.revise(first, draft(en="Better words."))
    assert replies.match(ASKED["en"]).text_en == "Better words."
    third = answers.revoke(second)
    assert replies.match(ASKED["en"]) is None
    answers.revise(third, draft(en="Back."))
    assert replies.match(ASKED["en"]).number == 4
    assert [(v.number, v.live, v.text_en) for v in answers.history(first.answer)] == [
        (1, True, SAID["en"]), (2, True, "Better words."), (3, False, "Better words."), (4, True, "Back."),
    ]  # fmt: skip


def test_other_process(answers, kb, replies):
    """What another process changed counts from the next question on."""
    assert replies.match(ASKED["en"]) is None
    again = KnowledgeBase.open(str(kb.engine.url))
    version = CuratedAnswers(again).add(draft())
    assert replies.match(ASKED["en"])
    CuratedAnswers(again).revoke(version)
    again.close()
    assert replies.match(ASKED["en"]) is None


def test_untrusted(answers, kb, assistant):
    """What staff wrote is text: nothing in it steers a terminal or breaks out of the JSON."""
    from bot.shell import json_line, safe

    answers.add(draft("odd one out here?", en="\x1b[31mred\x1b[0m {x} <b>bold</b>\n\nsecond part", zh=None))
    answer = Assistant(kb, assistant.retriever).answer_now(Question("odd one out here?"))
    assert [block.text for block in answer.blocks[:2]] == ["[31mred [0m {x} <b>bold</b>", "second part"]
    assert "\x1b" not in safe(render.text(answer)) + json_line(render.as_json(answer))


def test_fingerprint_stays(answers, kb):
    """Curating is no change of the knowledge base: no index has to be made."""
    before = kb.fingerprint, kb.recount_fingerprint()
    answers.revoke(answers.add(draft()))
    assert (kb.fingerprint, kb.recount_fingerprint()) == before
