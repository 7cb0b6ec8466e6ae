"""The unanswered queue: each question once, in whatever language and words it was asked."""

from __future__ import annotations

import pytest

from bot.staff.curated import CuratedAnswers, CuratedReplies, Draft
from bot.staff.likeness import Likeness
from bot.staff.unanswered import Unanswered

# The same question in both languages, as people ask.
PAIRS = [
    ("Who can help us stop locust swarms?", "谁能帮我们防治蝗灾？"),
    ("How do we recycle worn-out lithium batteries?", "废旧锂电池怎么回收？"),
    ("What is the annual budget of WIPO?", "WIPO的年度预算是多少？"),
    ("Is there a machine to dye fabric without water?", "有没有无水染布的机器？"),
    ("How to melt snow on roads without salt?", "不撒盐怎么融化道路上的积雪？"),
    ("Where can I buy black soldier fly larvae for animal feed?", "哪里能买到做饲料的黑水虻幼虫？"),
]


@pytest.fixture
def queue(kb, assistant):
    replies = CuratedReplies(kb, assistant.retriever)
    return Unanswered(kb, Likeness(assistant.retriever), replies.match)


def texts(rows):
    return [{each.text for each in row.wordings} for row in rows]


def test_languages_share_a_row(queue, put):
    """The same question in Chinese and English is one row, and no row has two questions."""
    for en, zh in PAIRS:
        put(en, lang="en")
        put(zh, lang="zh")
    rows = queue.rows()
    assert sorted(map(sorted, texts(rows))) == sorted(map(sorted, PAIRS))
    assert all(row.langs == ("en", "zh") for row in rows)


def test_wordings(queue, put):
    """Spelling, script and a little rewording make no new row; counts add up and the most frequent come first."""
    first = put("What is the annual budget of WIPO?")
    put("what is the annual BUDGET of WIPO")
    put("What's the annual budget of WIPO?", feedback="down", status="answered")
    put("廢舊鋰電池怎麼回收？", lang="zh-Hant")
    put("废旧锂电池怎么回收", lang="zh")
    rows = queue.rows()
    assert [(row.count, row.disliked) for row in rows] == [(3, 1), (2, 0)]
    assert rows[0].id == f"q{first}"
    assert rows[0].wordings[0].text == "What is the annual budget of WIPO?"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the annual budget of WIPO?", "What was the annual budget of WIPO in 2019?"),
        ("加速营第一场圆桌谈什么", "加速营第二场圆桌谈什么"),
        ("listings from Vietnam", "挪威有哪些条目"),
        ("Which listings come from Russia?", "Which listings come from Norway?"),
        ("who is the CEO of BYD?", "海尔的老板是谁"),
    ],
)
def test_facts_keep_rows_apart(queue, put, one, other):
    """Another year, rank, place or name is another row."""
    put(one)
    put(other)
    assert len(queue.rows()) == 2


def test_what_belongs_there(queue, put):
    """Not found and 👎 belong in the queue; what was answered, liked, out of scope or says nothing by itself does not."""
    put("found nothing about locusts")
    put("bad answer about wool", status="answered", kind="listings", feedback="down")
    put("good answer", status="answered", feedback="up")
    put("plain answer", status="answered")
    put("capital of France", status="out_of_scope")
    put("and in Japan?")
    put("那日本呢？", lang="zh")
    assert sorted(map(sorted, texts(queue.rows()))) == [["bad answer about wool"], ["found nothing about locusts"]]


def test_settled(queue, put, kb):
    """An answered question leaves the queue, comes back when its answer is disliked, and when it is revoked."""
    en, zh = PAIRS[0]
    put(en, days_ago=1)
    put(zh, days_ago=1)
    answers = CuratedAnswers(kb)
    version = answers.add(Draft([en, zh], "T", "https://t.example", "Yes."))
    assert queue.rows() == []
    put(en, status="answered", kind="curated", feedback="down", days_ago=-0.01)
    assert [(row.count, row.disliked) for row in queue.rows()] == [(1, 1)]
    answers.revoke(version)
    assert [row.count for row in queue.rows()] == [3]
