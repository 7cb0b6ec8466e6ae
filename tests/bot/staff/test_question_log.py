"""The question log: what it keeps, what it does not, and that no answer depends on it."""

from __future__ import annotations

import logging
import sqlite3
import stat
import time

import pytest
from journal_entries import reply
from sqlmodel import select

from bot.settings import Settings
from bot.staff.log import KEY, QuestionLog, storable
from bot.values import NOT_FOUND, Card, Figure
from knowledge.journal import Asker, LoggedQuestion, Wish


def entries(kb):
    with kb.session() as session:
        return list(session.exec(select(LoggedQuestion)))


def test_record(kb, question_log):
    """An entry holds the question, its language, route, status, what was found and the time; who asked is a pseudonym."""
    card = Card("listing/a", "technology", "A")
    figure = Figure("m", "M", 1, "exact", "u", "s", None, "1")
    asked, answer = reply("谁能治理VOC？", "zh", blocks=(card, card, figure), took_ms=12.5, route="listings")
    number = question_log.record(asked, answer, "telegram", "chat-4711")
    (entry,) = entries(kb)
    assert entry.id == number
    assert (entry.text, entry.lang, entry.kind, entry.status) == ("谁能治理VOC？", "zh", "listings", "answered")
    assert entry.found == ["listing/a", "metric/m"]
    assert (entry.took_ms, entry.channel, entry.feedback) == (12.5, "telegram", None)
    assert entry.conversation == question_log.pseudonym("telegram", "chat-4711")
    assert "4711" not in str(entry.model_dump())


def test_pseudonyms(kb, question_log):
    """One conversation has one pseudonym; another channel, conversation or key gives another one."""
    other = QuestionLog(kb, lambda: b"other key", retention_days=30)
    names = [question_log.pseudonym("telegram", "1"), question_log.pseudonym("telegram", "2"),
             question_log.pseudonym("web", "1"), other.pseudonym("telegram", "1")]  # fmt: skip
    assert len(set(names)) == 4
    assert question_log.pseudonym("telegram", "1") == names[0]
    assert question_log.pseudonym("chat", "me") == question_log.pseudonym("ask", "me")


def test_key_file(kb, tmp_path):
    """The key is made once, for its owner only, and stays the same."""
    settings = Settings(data_dir=tmp_path, log_questions="yes")
    first, second = (QuestionLog.open(settings, kb).pseudonym("web", "x") for _ in range(2))
    assert first == second
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert QuestionLog.open(Settings(data_dir=tmp_path, log_key="shared"), kb).pseudonym("web", "x") != first


def test_feedback(kb, question_log):
    """Feedback goes to its entry; another conversation, an unknown number and another word change nothing."""
    number = question_log.record(*reply(), "web", "a")
    assert not question_log.feedback(number, "up", conversation=("web", "b"))
    assert not question_log.feedback(number + 1, "up")
    with pytest.raises(ValueError, match="sideways"):
        question_log.feedback(number, "sideways")
    assert entries(kb)[0].feedback is None
    assert question_log.feedback(number, "down", "no contact", conversation=("web", "a"))
    assert (entries(kb)[0].feedback, entries(kb)[0].feedback_note) == ("down", "no contact")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("write to li.na+x@mail.example.cn please", "write to […] please"),
        ("我的电话是13812345678", "我的电话是[…]"),
        ("call +86 138-1234-5678", "call […]"),
        ("4523000 patents by 2021-04-27, 1,300,000,000 people", "4523000 patents by 2021-04-27, 1,300,000,000 people"),
        ("a\0b\ud800c", "a b?c"),
        ("x" * 9_000, "x" * 2_000),
    ],
)
def test_storable(text, kept):
    """Addresses and telephone numbers are not kept, nor what a database cannot hold; figures and dates are."""
    assert storable(text) == kept


def test_turned_off(kb):
    """GREENASK_LOG_QUESTIONS=no: nothing is written and no key is made."""
    settings = Settings(data_dir=kb.engine.url.database + "-none", log_questions="no")
    log = QuestionLog.open(settings, kb)
    assert log.record(*reply(), "chat", "me") is None
    assert not log.wish(reply(status=NOT_FOUND)[1], "chat", "me")
    assert entries(kb) == []
    assert not settings.data_dir.exists()


def test_opt_out(kb, question_log):
    """Who opts out is forgotten and logged no more, others are; opting in again counts from then on."""
    question_log.record(*reply("mine"), "telegram", "me")
    question_log.record(*reply("yours"), "telegram", "you")
    question_log.wish(reply("mine", status=NOT_FOUND)[1], "telegram", "me")
    assert question_log.opt_out("telegram", "me")
    assert question_log.opt_out("telegram", "me")
    assert question_log.record(*reply("mine again"), "telegram", "me") is None
    assert [entry.text for entry in entries(kb)] == ["yours"]
    assert question_log.wishes("telegram") == []
    assert question_log.opt_in("telegram", "me")
    assert question_log.record(*reply("back"), "telegram", "me")
    with kb.session() as session:
        assert list(session.exec(select(Asker))) == []


def test_retention(kb, question_log, put):
    """What is older than the retention is forgotten by the next question logged, without anybody asking for it."""
    put("old", days_ago=30.1)
    put("new", days_ago=29.9)
    with kb.session() as session:
        session.add(Wish(channel="chat", conversation="c", lang="en", text="old", made_at=entries(kb)[0].asked_at))
        session.commit()
    question_log.record(*reply("now"), "chat", "me")
    assert [entry.text for entry in entries(kb)] == ["new", "now"]
    assert question_log.wishes("chat") == []
    put("older", days_ago=400)
    question_log.purge()
    assert [entry.text for entry in entries(kb)] == ["new", "now"]


def test_never_fails(kb, question_log, caplog):
    """A log that cannot be written costs no answer; it is said once, without the question."""
    with sqlite3.connect(kb.engine.url.database) as connection:
        connection.execute("DROP TABLE question_log")
    connection.close()
    with caplog.at_level(logging.WARNING, "greenask"):
        assert question_log.record(*reply("secret"), "chat", "me") is None
        assert question_log.record(*reply("secret"), "chat", "me") is None
        assert not question_log.feedback(1, "up")
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


def test_impatient(kb, question_log):
    """While another process writes, logging gives up within a second, and other writers still wait as long as before."""
    question_log.record(*reply(), "chat", "me")
    other = sqlite3.connect(kb.engine.url.database)
    other.execute("BEGIN IMMEDIATE")
    start = time.perf_counter()
    assert question_log.record(*reply(), "chat", "me") is None
    assert time.perf_counter() - start < 2
    other.rollback()
    other.close()
    assert question_log.record(*reply(), "chat", "me")
    with kb.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


def test_fingerprint_stays(kb, question_log):
    """Logging is no change of the knowledge base."""
    before = kb.fingerprint, kb.recount_fingerprint(), kb.counts()
    question_log.record(*reply(), "chat", "me")
    assert (kb.fingerprint, kb.recount_fingerprint(), kb.counts()) == before


def logged(folder):
    with sqlite3.connect(folder / "knowledge.db") as connection:
        found = connection.execute(
            "SELECT channel, lang, status, kind, text, feedback, feedback_note FROM question_log"
        ).fetchall()
    connection.close()
    return found


@pytest.mark.parametrize(("lang", "text"), [("en", "Who is Xie Hongxing?"), ("zh", "谁是解洪兴？")])
def test_ask_is_logged(run, desk_home, lang, text):
    """`greenask ask` logs its question after the answer, with one line in the log for each line of a file."""
    assert run("ask", text, lang=lang).exit_code == 0
    run("ask", "--file", "-", stdin='{"text": "hello", "session": "a"}\nno json\n{"text": "hello", "session": "b"}\n')
    assert [row[:5] for row in logged(desk_home)] == [
        ("ask", lang, "answered", "person", text), ("file", "en", "answered", "greeting", "hello"),
        ("file", "en", "answered", "greeting", "hello"),
    ]  # fmt: skip
    with sqlite3.connect(desk_home / "knowledge.db") as connection:
        assert connection.execute("SELECT count(DISTINCT conversation) FROM question_log").fetchone() == (3,)
    connection.close()


@pytest.mark.parametrize(
    ("lang", "bad", "thanks"),
    [("en", "/bad too short", "was not good"), ("zh", "/没用 太短", "没用"), ("zh-Hant", "/沒用 太短", "沒用")],
)
def test_chat_feedback(run, desk_home, lang, bad, thanks):
    """In a chat /bad and /good rate the last answer; before any answer there is nothing to rate."""
    result = run("chat", lang=lang, stdin=f"/good\nhello\n{bad}\nhello\n/good\n")
    assert thanks in result.stdout
    note = bad.partition(" ")[2]
    assert [(row[5], row[6]) for row in logged(desk_home)] == [("down", note), ("up", None)]
    assert "/tellme" in run("chat", lang=lang, stdin="/help\n").stdout


def test_chat_opt_out(run, desk_home):
    """After /nolog nothing is kept, /good has nothing to note, and a later command keeps to it; /log turns it on again."""
    result = run("chat", stdin="hello\n/nolog\nhello\n/good\n")
    assert "no longer logged" in result.stdout
    assert "nothing to note" in result.stdout
    run("ask", "hello")
    assert logged(desk_home) == []
    run("chat", stdin="/log\nhello\n")
    assert len(logged(desk_home)) == 1


def test_chat_without_log(run, warm):
    """Where nothing is logged, the commands say so."""
    result = run("chat", lang="zh", stdin="hello\n/good\n")
    assert "不记录问题" in result.stdout
