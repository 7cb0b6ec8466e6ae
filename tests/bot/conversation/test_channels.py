"""Conversations at the command line: the chat, files of questions, and how an answer came about."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from sqlmodel import func, select

from bot import render, terminal
from bot.shell import Shell
from bot.staff.log import QuestionLog
from bot.staff.visit import CHAT, Visit
from bot.values import Question
from knowledge.journal import LoggedQuestion, OpenConversation

WHO = {"en": "who is Xie Hongxing?", "zh": "谁是解洪兴"}
CONTACT = {"en": "his contact", "zh": "他的联系方式"}


@pytest.fixture
def chatty(monkeypatch, at_home, talking):
    """Commands find an assistant that remembers conversations already open."""
    monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: talking)
    return talking


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lines_are_a_conversation(run, chatty, lang):
    """Without a terminal, the lines of one input follow up on each other."""
    said = run("chat", lang=lang, stdin=f"{WHO[lang]}\n{CONTACT[lang]}\n").stdout
    assert said.count("010-65155838") == 3  # on both cards, and in the lead of the second reply
    assert chatty.answer_now(Question(CONTACT[lang], session="another")).route == "nothing_before"


@pytest.mark.parametrize(("lang", "new"), [("en", "/new"), ("zh", "/新对话"), ("zh-Hant", "/新對話")])
def test_new(run, chatty, lang, new):
    """/new begins a conversation anew, in each language's words."""
    who, contact = (WHO["en"], CONTACT["en"]) if lang == "en" else (WHO["zh"], CONTACT["zh"])
    said = run("chat", lang=lang, stdin=f"{who}\n{new}\n{contact}\n").stdout
    assert {"en": "A new conversation", "zh": "已开始新对话", "zh-Hant": "已開始新對話"}[lang] in said
    assert {"en": "leans on something said before", "zh": "需要接着前面的内容"}[lang[:2]] in said


def test_nothing_of_a_chat_is_left_behind(run, chatty, conversations):
    """What a chat was about is forgotten when it ends."""

    def count() -> int:
        with conversations.session() as session:
            return session.exec(select(func.count()).select_from(OpenConversation)).one()

    before = count()
    run("chat", lang="en", stdin=f"{WHO['en']}\n")
    assert count() == before


@pytest.mark.parametrize(
    ("lang", "explain", "said"),
    [
        ("en", "/explain", ["Question answered: Xie Hongxing's contact", "Language of the reply: English", "Asked for: contact"]),
        ("zh", "/解释", ["实际回答的问题：解洪兴的联系方式", "回答语言：简体中文", "所问：联系方式"]),
    ],
)
def test_explain_in_the_chat(run, chatty, lang, explain, said):
    """/explain tells what was made of the last question; before any there is nothing to explain."""
    shown = run("chat", lang=lang, stdin=f"{explain}\n{WHO[lang]}\n{CONTACT[lang]}\n{explain}\n").stdout
    assert {"en": "no answer to explain yet", "zh": "还没有可说明的回答"}[lang] in shown
    assert all(line in shown for line in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wastewater treatment from Japan", ["Language of the reply: English", "Japan (place)", "Searched for: wastewater"]),
        ("日本的污水处理技术", ["回答语言：简体中文", "日本（地点）", "检索词：污水处理", "查找途径：条目", "得分：listing/"]),
        ("日本的污水處理技術", ["回答語言：繁體中文", "日本（地點）", "查找途徑：條目"]),
    ],
)
def test_ask_explain(run, chatty, text, said):
    """``ask --explain`` adds language, question, names, conditions, way and scores to the reply, in the reader's words."""
    shown = run("ask", "--explain", text, lang="en").stdout
    assert all(part in shown for part in said)
    assert said[0] not in run("ask", text, lang="en").stdout


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_file_is_a_conversation(run, chatty, lang):
    """Lines of one session follow up on each other, also over two runs; lines without one do not."""
    first = json.dumps({"text": WHO[lang], "session": f"visitor-{lang}"}, ensure_ascii=False)
    then = json.dumps({"text": CONTACT[lang], "session": f"visitor-{lang}"}, ensure_ascii=False)
    alone = json.dumps({"text": CONTACT[lang]}, ensure_ascii=False)
    run("ask", "--file", "-", stdin=f"{first}\n{alone}\n")
    (said,) = map(json.loads, run("ask", "--explain", "--file", "-", stdin=f"{then}\n").stdout.splitlines())
    assert said["items"][0]["id"] == "person-xie-hongxing"
    assert said["session"] == f"visitor-{lang}"
    assert said["explain"]["how"] in ("record", "named")
    assert said["explain"]["resolved"] == said["resolved"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_log_has_what_was_resolved(chatty, kb, lang):
    """Staff see the question that was answered, not the follow-up that says nothing by itself."""
    log = QuestionLog(kb, lambda: b"key", retention_days=30)
    chatty.forget("logged")
    for text in (WHO[lang], CONTACT[lang]):
        asked = Question(text, session="logged")
        Visit(log, CHAT, "somebody").answered(asked, chatty.answer_now(asked))
    with kb.session() as session:
        logged = [session.get(LoggedQuestion, number).text for number in (1, 2)]
    assert logged == [WHO[lang], {"en": "Xie Hongxing's contact", "zh": "解洪兴的联系方式"}[lang]]


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_a_comparison_on_a_terminal(talking, lang):
    """On a terminal a comparison is one table that says all that the plain text says."""
    answer = talking.compared(["listing/tech-jc-0090", "listing/tech-jc-0113"], lang)
    console = Console(file=io.StringIO(), force_terminal=True, width=2000, color_system=None)
    for part in terminal.pretty(answer):
        console.print(part)
    shown = console.file.getvalue()
    for row in render.as_json(answer)["table"]["rows"]:
        assert row["label"] in shown
        assert all(cell in shown for cell in row["cells"])
