"""greenask curate: from a question that found nothing to an answer that everybody gets, and back."""

from __future__ import annotations

import json

import pytest

SOURCE = "WIPO Programme and Budget https://wipo.example/budget"
EN, ZH = "what is the annual budget of WIPO?", "WIPO一年预算多少"
ANSWER = ("--en", "About 480 million francs a year.", "--zh", "每年约4.8亿瑞士法郎。", "--source", SOURCE)


@pytest.fixture
def asked(run, desk_home):
    """Both languages asked the same in vain."""
    for text in (EN, ZH):
        assert "480" not in run("ask", text).stdout


def test_whole_way(run, asked):
    """One row for both languages; answered, it is live at once in both and leaves the queue; revised; revoked; all on record."""
    (row,) = json.loads(run("curate", "list", "--json").stdout)
    assert (row["number"], row["count"], row["langs"]) == (1, 2, ["en", "zh"])
    assert EN in run("curate", "show", "1").stdout
    done = run("curate", "answer", row["id"], *ANSWER)
    assert done.exit_code == 0
    assert "a1, version 1, is live" in done.stdout
    shown = run("ask", "What is the annual budget of WIPO").stdout
    assert shown.startswith("About 480 million francs a year.")
    assert "Answer by staff" in shown
    assert "WIPO Programme and Budget, https://wipo.example/budget" in shown
    assert "每年約4.8億瑞士法郎。" in run("ask", "WIPO一年預算多少？").stdout
    assert run("curate", "list").stdout.startswith("The queue is empty")
    assert "480" not in run("ask", "what is the annual budget of WIPO GREEN in 2019?").stdout

    assert "a1, version 2" in run("curate", "answer", "a1", "--en", "Other words.", "--question", "WIPO budget please").stdout
    assert run("ask", "WIPO budget please").stdout.startswith("Other words.")
    assert "每年约4.8亿瑞士法郎。" in run("ask", ZH).stdout

    assert run("curate", "revoke", "a1").exit_code == 0
    assert "Other words." not in run("ask", EN).stdout
    assert run("curate", "revoke", "a1").exit_code == 2
    history = run("curate", "history", "a1").stdout
    assert [line.split(", ")[1] for line in history.splitlines() if line.startswith("a1")] == [
        "version 1",
        "version 2",
        "version 3",
    ]
    assert "revoked" in run("curate", "list", "--answered").stdout
    assert json.loads(run("curate", "list", "--json").stdout)[0]["count"] >= 2


def test_in_chinese(run, asked):
    """The same in Chinese."""
    assert "问过2次" in run("curate", "list", lang="zh").stdout
    assert "a1第1版已生效" in run("curate", "answer", "1", *ANSWER, lang="zh").stdout
    assert "工作人员的回答" in run("ask", ZH, lang="zh").stdout
    assert "已撤回" in run("curate", "revoke", "a1", lang="zh").stdout
    assert "已撤回" in run("curate", "history", lang="zh").stdout


def test_without(run, asked):
    """A wording that does not belong can be left out of the answer."""
    (row,) = json.loads(run("curate", "list", "--json").stdout)
    chinese = next(each["id"] for each in row["wordings"] if each["lang"] == "zh")
    run("curate", "answer", "1", "--en", "About 480.", "--source", SOURCE, "--without", chinese)
    assert "About 480." in run("ask", EN).stdout
    assert "About 480." not in run("ask", ZH).stdout


def test_file(run, desk_home, tmp_path):
    """An answer may come as YAML, with questions nobody asked yet."""
    file = tmp_path / "answer.yaml"
    file.write_text(
        "zh: |\n  第一段。\n\n  第二段。\nsource: {title: 公报, url: 'https://g.example/1'}\nquestions: [丹顶鹤几点开饭？]\n",
        encoding="utf-8",
    )
    assert run("curate", "answer", "--file", str(file)).exit_code == 0
    shown = run("ask", "丹頂鶴幾點開飯").stdout.splitlines()
    assert shown[:2] == ["第一段。", "第二段。"]


@pytest.mark.parametrize(
    ("args", "english", "chinese"),
    [
        (("answer", "9", *ANSWER), "no row '9'", "没有“9”"),
        (("answer", "q9999", *ANSWER), "no row 'q9999'", "没有“q9999”"),
        (("answer", "one", *ANSWER), "no row 'one'", "没有“one”"),
        (("answer", "a9", *ANSWER), "no answer 'a9'", "没有回答“a9”"),
        (("answer", *ANSWER), "which question", "请说明回答哪个问题"),
        (("answer", "--question", "x y", "--source", SOURCE), "--en or --zh", "--en 或 --zh"),
        (("answer", "--question", "x y", "--en", "  ", "--source", SOURCE), "--en or --zh", "--en 或 --zh"),
        (("answer", "--question", "x y", "--en", "a"), "needs a source", "须有来源"),
        (("answer", "--question", "x y", "--en", "a", "--source", "https://only.example"), "is no source", "不是来源"),
        (("answer", "--question", "x y", "--en", "a", "--source", "T javascript:alert(1)"), "is no source", "不是来源"),
        (("answer", "--question", "x y", "--en", "a" * 4001, "--source", SOURCE), "4001 characters", "4001个字符"),
        (("answer", "--file", "gone.yaml"), "gone.yaml cannot be read", "无法读取gone.yaml"),
        (("answer", "--file", "bad.yaml"), "is no answer", "不是回答"),
        (("show", "a9"), "no answer 'a9'", "没有回答“a9”"),
        (("revoke", "1"), "no answer '1'", "没有回答“1”"),
    ],
)
def test_bad_input(run, desk_home, tmp_path, args, english, chinese):
    """What cannot be is refused with the value and what to write instead, in both languages, and nothing is written."""
    (tmp_path / "bad.yaml").write_text("en: [1\n", encoding="utf-8")
    for lang, said in (("en", english), ("zh", chinese)):
        result = run("curate", *args, lang=lang)
        assert result.exit_code == 2
        assert said in result.stderr
    assert run("curate", "history").stdout == ""


@pytest.mark.parametrize(
    ("lang", "text", "ask", "promise", "news"),
    [
        ("en", EN, "/tellme", "You will be told", "You asked to be told"),
        ("zh", ZH, "/告诉我", "会在您以后开始对话时告知", "您要求告知"),
    ],
)
def test_told(run, desk_home, monkeypatch, lang, text, ask, promise, news):
    """Who asked to be told is told once, in a later chat, when staff have answered; before that nobody is."""
    from bot import bootstrap, terminal
    from bot.settings import Settings
    from bot.shell import Shell
    from bot.staff.visit import CHAT, Visit

    assert promise in run("chat", lang=lang, stdin=f"hello\n{ask}\n{text}\n{ask}\n").stdout
    assert run("chat", lang=lang, stdin=f"hello\n{ask}\n").stdout.count(promise) == 0

    def told() -> list[str]:
        from bot import render

        shell = Shell.start()
        assistant = shell.assistant()
        found = [render.text(answer) for answer in Visit.open(shell.settings, assistant, CHAT).news()]
        assistant.kb.close()
        return found

    assert told() == []
    run("curate", "answer", "1", *ANSWER)
    (said,) = told()
    assert news in said
    assert "480" in said or "4.8" in said
    assert told() == []
    assert terminal.CHAT == CHAT
    assert bootstrap.open_kb(Settings()).note("fingerprint")
