"""Usage: figures checked by hand, over a thousand lines of a log made up by rule."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta
from random import Random

import openpyxl
import pytest
from sqlmodel import Session

from bot.speech import Speech
from bot.staff import usage_chart
from bot.staff.usage import Day, Period, Shown, Topic, Usage, percentile, read
from bot.staff.usage_files import write
from knowledge.forms import build
from knowledge.journal import LoggedQuestion

FIRST = date(2026, 10, 1)
PERIOD = Period(FIRST, FIRST + timedelta(days=9))


@pytest.fixture
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def lines():
    """1,000 lines over ten days, in no order. Line i is of day i % 10, so each day has 100.

    channel: chat where i % 4 is 0 (250), telegram where it is 1 or 2 (500), web where it is 3 (250).
    language: zh where i % 5 < 2 (400), zh-Hant where it is 2 (200), en where it is 3 or 4 (400).
    status: not_found where i % 20 is 0 (50), out_of_scope where it is 1 (50), needs_clarification where it is 2 (50), else
    answered (850): of these, listings where i is even, figures where it is odd.
    feedback: down where i % 50 is 3 (20), up where i % 25 is 4 (40).
    conversation: 100 of them, i // 10: lines 10c to 10c + 9, one on each day, so all return; and of the lines whose i is
    990 or more, each has one of its own (10), seen on one day: 99 + 10 conversations, 99 of them returning.
    time: i ms, so the 950th of 0 … 999 is 949 and the 500th is 499.
    """
    made = []
    for i in range(1000):
        special = {0: "not_found", 1: "out_of_scope", 2: "needs_clarification"}.get(i % 20)
        kind = {"not_found": "silence", "out_of_scope": "silence", "needs_clarification": "choice"}.get(
            special, "listings" if i % 2 == 0 else "metric"
        )
        made.append(
            LoggedQuestion(
                asked_at=datetime(2026, 10, 1 + i % 10, 12, i % 60),
                channel=("chat", "telegram", "telegram", "web")[i % 4],
                lang=("zh", "zh", "zh-Hant", "en", "en")[i % 5],
                text=f"line {i}",
                status=special or "answered",
                kind=kind,
                found=[] if special else ["listing/kiln"] if i % 2 == 0 else ["metric/m"],
                feedback="down" if i % 50 == 3 else "up" if i % 25 == 4 else None,
                conversation=f"c{i // 10}" if i < 990 else f"once{i}",
                took_ms=float(i),
            )
        )
    Random(7).shuffle(made)
    return made


@pytest.fixture
def thousand(kb, utc):
    fields = {"kind": "technology", "sector": "water", "summary": {"en": "x", "zh": "x"}}
    kb.save([build("listing", {"id": "kiln", "name": {"en": "Kiln", "zh": "窑"}, **fields})], origin="import")
    with Session(kb.engine) as session:
        session.add_all(lines())
        # Not of the period: a minute before it and a minute after.
        for moment in (datetime(2026, 9, 30, 23, 59), datetime(2026, 10, 11, 0, 0)):
            session.add(LoggedQuestion(asked_at=moment, channel="x", lang="en", text="x", status="answered", conversation="x"))
        session.commit()
    return kb


def test_by_hand(thousand):
    """Every figure of the report is the one that was worked out by hand from the rule of the lines."""
    usage = read(thousand, PERIOD)
    assert usage.questions == 1000
    assert usage.statuses == {"answered": 850, "not_found": 50, "out_of_scope": 50, "needs_clarification": 50}
    assert usage.share("not_found") == 0.05
    # Of 20 lines 17 are answered: 3, 5, … 19 are odd (9 of them), 4, 6, … 18 even (8).
    assert usage.kinds == {"metric": 450, "listings": 400, "silence": 100, "choice": 50}
    assert (usage.liked, usage.disliked) == (40, 20)
    assert usage.dislike_rate == pytest.approx(20 / 60)
    assert (usage.conversations, usage.returning) == (109, 99)
    assert (usage.median_ms, usage.p95_ms) == (499.0, 949.0)
    assert usage.topics == [Topic("kind", "metric", 450), Topic("sector", "water", 400)]
    assert usage.listings == [Shown("listing/kiln", "Kiln", "窑", 400)]
    assert sum(day.questions for day in usage.days) == 1000
    by_day = {day: sum(each.questions for each in usage.days if each.day == day) for day in PERIOD.days}
    assert set(by_day.values()) == {100}
    for attribute, wanted in (
        ("channel", {"chat": 250, "telegram": 500, "web": 250}),
        ("lang", {"zh": 400, "zh-Hant": 200, "en": 400}),
    ):
        found = {value: sum(e.questions for e in usage.days if getattr(e, attribute) == value) for value in wanted}
        assert found == wanted
    # Day 1 has the lines that end in 0: of 20 lines 0 (chat, zh) and 10 (telegram, zh) again and again.
    assert [each for each in usage.days if each.day == FIRST] == [Day(FIRST, "chat", "zh", 50), Day(FIRST, "telegram", "zh", 50)]


def test_shorter_period(thousand):
    """A period of one day holds that day only: 100 questions, and nobody returned within it."""
    usage = read(thousand, Period(FIRST, FIRST))
    assert (usage.questions, usage.conversations, usage.returning) == (100, 100, 0)


def test_local_days(kb, put, monkeypatch):
    """A day is one of the machine's own time zone: 20:00 UTC is the next day in Shanghai."""
    import time

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        put(at=datetime(2026, 10, 1, 15, 59))
        put(at=datetime(2026, 10, 1, 16, 0))
        assert [each.day.day for each in read(kb, PERIOD).days] == [1, 2]
        assert read(kb, Period(date(2026, 10, 2), date(2026, 10, 2))).questions == 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing(kb):
    """Of nothing there are no shares and no percentiles."""
    usage = read(kb, PERIOD)
    assert (usage.questions, usage.share("answered"), usage.dislike_rate, usage.p95_ms) == (0, None, None, None)


@pytest.mark.parametrize(
    ("values", "share", "found"), [([5], 0.95, 5), ([1, 2], 0.5, 1), (list(range(100, 0, -1)), 0.95, 95), ([], 0.5, None)]
)
def test_percentile(values, share, found):
    """The nearest rank, which is always one of the values."""
    assert percentile(values, share) == found


HOSTILE = '=HYPERLINK("https://evil.example")'
HOSTILE_USAGE = Usage(
    PERIOD, 1, days=[Day(FIRST, "+cmd", "@en", 1)], kinds={"-1+1": 1}, listings=[Shown("listing/x", HOSTILE, "\t" + HOSTILE, 1)]
)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_formula(tmp_path, lang):
    """No cell of a CSV or XLSX file begins as a formula does."""
    write(HOSTILE_USAGE, tmp_path / "u.csv", Speech(lang, "staff"))
    write(HOSTILE_USAGE, tmp_path / "u.xlsx", Speech(lang, "staff"))
    with (tmp_path / "u.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    book = openpyxl.load_workbook(tmp_path / "u.xlsx")
    cells += [cell.value for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert sum("HYPERLINK" in cell for cell in cells) == 2
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    assert sum("+cmd" in cell for cell in cells) == 2


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_files(thousand, tmp_path, lang):
    """CSV and XLSX have the figures of the report under headings in the reader's language."""
    usage, speech = read(thousand, PERIOD), Speech(lang, "staff")
    write(usage, tmp_path / "u.csv", speech)
    write(usage, tmp_path / "u.xlsx", speech)
    said = (tmp_path / "u.csv").read_text(encoding="utf-8-sig")
    words = {
        "en": ["Not found,50", "listing/kiln,Kiln,400"],
        "zh": ["未找到,50", "listing/kiln,窑,400"],
        "zh-Hant": ["未找到,50", "listing/kiln,窯,400"],
    }
    for part in (*words[lang], "949"):
        assert part in said
    book = openpyxl.load_workbook(tmp_path / "u.xlsx")
    assert len(book.sheetnames) == 5
    assert book.worksheets[4]["C2"].value == 400


@pytest.mark.parametrize("font", [True, False])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_chart(thousand, tmp_path, monkeypatch, lang, font):
    """A PNG and an SVG are drawn; without a font for Chinese the labels are English, and whoever asked is told."""
    if not font:
        monkeypatch.setattr(usage_chart, "CHINESE_FONTS", ())
    elif usage_chart.chinese_font() is None:
        pytest.skip("no font with Chinese characters on this machine")
    usage = read(thousand, PERIOD)
    for name, head in (("u.png", b"\x89PNG"), ("u.svg", b"<?xml")):
        speaks = usage_chart.draw(usage, tmp_path / name, Speech(lang, "staff"))
        assert speaks.base == (lang if font else "en")
        assert (tmp_path / name).read_bytes().startswith(head)
    assert (tmp_path / "u.png").stat().st_size > 10_000


def test_command(run, desk_home, utc, tmp_path):
    """The command counts what was just asked, prints it as text and JSON, writes files, and refuses what it cannot read."""
    run("ask", "Who is Xie Hongxing?")
    run("ask", "谁是解洪兴？")
    for lang, said in (("en", "Answered "), ("zh", "已回答 ")):
        shown = run("usage", lang=lang)
        assert shown.exit_code == 0
        assert any(line.startswith(said) and line.endswith(" 2") for line in shown.stdout.splitlines())
    figures = json.loads(run("usage", "--json", "--days", "1").stdout)
    assert (figures["questions"], figures["kinds"], figures["rates"]["answered"]) == (2, {"person": 2}, 1.0)
    files = ["--csv", str(tmp_path / "u.csv"), "--xlsx", str(tmp_path / "u.xlsx"), "--chart", str(tmp_path / "u.svg")]
    assert run("usage", *files).exit_code == 0
    assert all((tmp_path / f"u.{form}").stat().st_size for form in ("csv", "xlsx", "svg"))
    assert "No question" in run("usage", "--until", "2020-01-01").stdout


@pytest.mark.parametrize(
    ("args", "english", "chinese"),
    [
        (("--since", "yesterday"), "'yesterday' is no date", "“yesterday”不是日期"),
        (("--since", "2026-02-30"), "is no date", "不是日期"),
        (("--since", "2026-02-02", "--until", "2026-02-01"), "is after", "晚于"),
        (("--since", "2026-02-02", "--days", "3"), "not both", "二者选一"),
        (("--days", "0"), "--days is 0", "--days 的值为0"),
        (("--csv", "u.pdf"), ".csv", ".csv"),
        (("--chart", "u.gif"), ".png .svg", ".png .svg"),
    ],
)
def test_bad_input(run, desk_home, args, english, chinese):
    """What cannot be is said in the user's language with what to write instead."""
    for lang, said in (("en", english), ("zh", chinese)):
        result = run("usage", *args, lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
