"""greenask eval answers: the file is read, the shares are right, and faults are told in the user's language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answer_cases import BadCases, Case, load
from bot.answer_measures import Outcome, as_dict, difference, measure

YES = Case("yes", {"en": "sun?", "zh": "太阳？"}, ("a", "b"), ("x",))
NO = Case("no", {"en": "moon?", "zh": "月亮？"}, answerable=False)


def test_measures():
    """Hits, their mean reciprocal rank, false, missed and forbidden answers are shares of the questions they concern."""
    found = measure(
        [
            Outcome(YES, "en", "answered", ["b"]),
            Outcome(YES, "zh", "answered", ["x", "c", "a"]),
            Outcome(YES, "zh-Hant", "not_found", []),
            Outcome(NO, "en", "answered", []),
            Outcome(NO, "zh", "not_found", []),
            Outcome(NO, "zh-Hant", "not_found", ["a"]),
        ]
    )
    assert (found.hit_1, found.hit_3) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found.mrr == pytest.approx((1 + 1 / 3) / 3)
    assert (found.false_answers, found.missed, found.forbidden_shown) == (pytest.approx(2 / 3), pytest.approx(1 / 3), 1 / 3)


def test_difference_is_over_what_both_were_asked():
    """A question that one language alone was asked does not set the languages apart."""
    only = Case("only", {"en": "?"}, ("a",))
    outcomes = [
        Outcome(YES, "en", "answered", ["a"]),
        Outcome(YES, "zh", "answered", ["a"]),
        Outcome(only, "en", "not_found", []),
    ]
    assert difference(outcomes)["hit_3"] == 0
    assert difference([*outcomes, Outcome(only, "zh", "answered", ["a"])])["hit_3"] == 0.5


def test_nothing_asked_is_no_share():
    """Where no question of a sort was asked there is no share, and JSON says null."""
    data = as_dict([Outcome(NO, "en", "not_found", [])])
    assert data["all"]["hit@1"] is None
    assert data["all"]["false_answers"] == 0


def test_forms(tmp_path: Path):
    """A line of JSON and a journey in YAML say the same thing."""
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"id": "a", "ask": {"en": "sun?"}, "expected": ["b"], "forbidden": ["c"]}\n', encoding="utf-8")
    journeys = tmp_path / "a.yaml"
    journeys.write_text(
        "- {id: a, kind: need, ask: {en: 'sun?'}, status: answered, items: [b], not_items: [c]}\n", encoding="utf-8"
    )
    assert load(lines) == load(journeys)
    journeys.write_text("- {id: a, ask: {en: moon?}, status: [not_found, out_of_scope]}\n", encoding="utf-8")
    assert load(journeys)[0].answerable is False
    lines.write_text('{"id": 1, "text": "月亮？", "lang": "zh", "answerable": false}', encoding="utf-8")
    assert load(lines) == [Case("1", {"zh": "月亮？"}, answerable=False, lang="zh")]


BAD = {
    "cases_none": "",
    "case_not_json": "{",
    "case_no_mapping": "[]",
    "case_no_id": '{"text": "a"}',
    "case_asks": '{"id": "a"}',
    "case_fields": '{"id": "a", "text": "a", "expect": []}',
    "case_ids": '{"id": "a", "text": "a", "expected": "b"}',
    "case_lang": '{"id": "a", "text": "a", "lang": "tlh"}',
    "case_answerable": '{"id": "a", "text": "a", "answerable": "no"}',
    "case_status": '{"id": "a", "text": "a", "status": "found"}',
    "case_contradicts": '{"id": "a", "text": "a", "expected": ["b"], "answerable": false}',
    "case_twice": '{"id": "a", "text": "a"}\n{"id": "a", "text": "b"}',
}


@pytest.mark.parametrize(("fault", "text"), BAD.items(), ids=list(BAD))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_faults(run, tmp_path: Path, lang: str, fault: str, text: str):
    """A file that does not follow the form is refused, exit code 2, by a line in the user's language."""
    file = tmp_path / "a.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadCases) as error:
        load(file)
    assert error.value.fault == fault
    result = run("eval", "answers", str(file), lang=lang)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error:" if lang == "en" else "错误")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_command(run, warm, tmp_path: Path, lang: str):
    """The table, the list of failures and the JSON are of the same questions."""
    file = tmp_path / "a.yaml"
    file.write_text(
        "- {id: who, ask: {en: 'who is Xie Hongxing?', zh: '解洪兴是谁'}, expected: [person-xie-hongxing]}\n"
        "- {id: wrong, ask: {en: 'who is Xie Hongxing?', zh: '解洪兴是谁'}, answerable: false}\n",
        encoding="utf-8",
    )
    said = json.loads(run("eval", "answers", str(file), "--json", "--failures", lang=lang).stdout)
    assert said["all"]["hit@1"] == 1
    assert said["languages"]["zh"]["false_answers"] == 1
    assert [failure["id"] for failure in said["failures"]] == ["wrong", "wrong"]
    table = run("eval", "answers", str(file), "--failures", lang=lang).stdout
    assert ("误答率" if lang == "zh" else "false answers") in table
    assert "wrong" in table
