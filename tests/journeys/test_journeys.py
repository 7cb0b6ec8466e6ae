"""What becomes of the questions people ask: all journeys, asked once, judged, and counted against the bars in bars.yaml.

The table of shares is printed with ``pytest -rA``, and with any bar that is missed. A share that has risen for good is a
reason to raise its bar: one hundredth below the share, rounded down to hundredths.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from judge import HERE, LANGUAGES, BadJourney, Journey, judge, load, spoken

from bot.assistant import Assistant
from bot.values import Question

GROUPS = ("answered", "off_topic", "no_match", "hostile")
COLUMNS = (*LANGUAGES, "other")
BARS: Mapping[str, Any] = yaml.safe_load((HERE / "bars.yaml").read_text(encoding="utf-8"))
SEEN = ("tune", "practice")  # to build with, and to be looked at one by one
REPORTED = ("report", "second")  # to report with
FILES = tuple(name for name in (*SEEN, *REPORTED) if name in BARS)
ALL = (*SEEN, *REPORTED, "described", "wanted", "asked", "spoken", "learning")
APART = [pair for pair in combinations(ALL, 2) if {*pair} & {*REPORTED} or {*pair} <= {*SEEN, "learning"}]
FACTS = (
    "fact-001", "fact-002", "fact-003", "fact-004", "fact-005", "fact-006", "fact-007", "fact-008", "fact-009", "fact-010",
    "fact-011", "fact-012", "fact-013", "fact-014", "fact-015", "fact-016", "fact-017", "fact-018", "fact-019", "fact-020",
    "fact-021", "fact-022", "fact-023", "fact-024", "fact-025", "fact-026", "fact-027", "fact-028", "fact-029", "fact-030",
    "fact-031", "fact-032", "fact-033", "fact-034", "fact-035", "fact-036", "fact-037", "fact-038", "fact-039", "fact-040",
    "fact-041", "fact-042", "fact-043", "fact-044", "fact-045", "fact-046", "fact-047", "fact-048", "fact-049",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What became of one question: what is wrong with the answer, and with the language it is in."""

    journey: Journey
    form: str
    wrong: Sequence[str]
    misspoken: Sequence[str]

    @property
    def right(self) -> bool:
        """Whether the answer is what the journey wants."""
        return not self.wrong

    @property
    def column(self) -> str:
        """The language, or ``other`` for typos, mixed script and pinyin."""
        return self.form if self.form in LANGUAGES else "other"

    def __str__(self) -> str:
        said = "; ".join([*self.wrong, *self.misspoken])
        return f"{self.journey.id} ({self.form}) {self.journey.ask[self.form][:60]!r}: {said}"


Verdicts = Mapping[str, Sequence[Verdict]]


@pytest.fixture(scope="session")
def journeys() -> Mapping[str, Sequence[Journey]]:
    """The journeys of all files."""
    return {name: load(HERE / f"{name}.yaml") for name in ALL}


class _Lines(logging.Handler):
    """The warnings that are logged while questions are asked."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture(scope="session")
def warnings() -> Iterator[Sequence[str]]:
    """What is logged as a warning while the journeys are asked."""
    log, lines = logging.getLogger("greenask"), _Lines()
    log.addHandler(lines)
    yield lines.said
    log.removeHandler(lines)


@pytest.fixture(scope="session")
def verdicts(assistant: Assistant, journeys: Mapping[str, Sequence[Journey]], warnings: Sequence[str]) -> Verdicts:
    """Every question of the files with bars, asked once."""
    return {name: [_verdict(assistant, one, form) for one in journeys[name] for form in one.ask] for name in FILES}


def test_the_guard_leaves_right_replies_alone(verdicts: Verdicts, warnings: Sequence[str]):
    """No reply to a journey says a number that its records do not have, and the guard takes none for one."""
    assert verdicts
    assert [line for line in warnings if line.startswith("guard")] == []


def _verdict(assistant: Assistant, journey: Journey, form: str) -> Verdict:
    try:
        answer = assistant.answer_now(Question(journey.ask[form]))
        return Verdict(journey, form, judge(journey, form, answer), spoken(journey, form, answer))
    except Exception as error:  # noqa: BLE001  (whatever it is, it is this question's verdict)
        raised = f"raised {error!r}"
        return Verdict(journey, form, [raised], [raised])


@pytest.mark.parametrize("file", FILES)
def test_language(verdicts: Verdicts, file: str):
    """No question raises, and every one is replied to in its own language and script."""
    misspoken = [str(verdict) for verdict in verdicts[file] if verdict.misspoken]
    assert not misspoken, "\n".join(misspoken)


def test_table(verdicts: Verdicts):
    """The shares of right answers can be read in one table, with every file and group of kinds in it."""
    table = _table(verdicts)
    print(table)
    assert all(f"{file} {group}" in table for file in FILES for group in BARS[file] if group != "parity")


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("file", FILES)
def test_shares(verdicts: Verdicts, file: str, group: str):
    """In every language and form, the share of right answers is no lower than its bar."""
    shares, bars = _shares(verdicts[file])[group], BARS[file].get(group, {})
    assert set(bars) == set(shares)
    low = [f"{form}: {shares[form][0]:.3f}, bar {bars[form]}" for form in bars if shares[form][0] < bars[form]]
    wrong = [str(v) for v in verdicts[file] if v.wrong and v.journey.group == group] if file in SEEN else []
    assert not low, "\n".join([_table(verdicts), "", f"Below the bar in {file}/{group}:", *low, *wrong])


@pytest.mark.parametrize("file", FILES)
def test_parity(verdicts: Verdicts, file: str):
    """A question that is answered rightly in one language is answered rightly in the others."""
    same = _parity(verdicts[file])
    share = sum(same.values()) / len(same)
    unequal = [journey for journey, equal in same.items() if not equal] if file in SEEN else []
    assert share >= BARS[file]["parity"], "\n".join([_table(verdicts), "", "Not the same in all languages:", *unequal])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_facts(verdicts: Verdicts, lang: str):
    """Each of the facts the project began with is asked for, and answered, in every language."""
    asked = [verdict for verdict in verdicts["tune"] if verdict.journey.kind == "fact"]
    assert {verdict.journey.id for verdict in asked} == set(FACTS)
    here = [verdict for verdict in asked if verdict.form == lang]
    wrong = [str(verdict) for verdict in here if verdict.wrong]
    assert 1 - len(wrong) / len(here) >= BARS["facts"][lang], "\n".join(wrong)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_facts_in_both(journeys: Mapping[str, Sequence[Journey]], lang: str):
    """No fact is left out of the questions in English or in Chinese."""
    assert {journey.id for journey in journeys["tune"] if journey.kind == "fact" and lang in journey.ask} == set(FACTS)


@pytest.mark.parametrize(("one", "other"), APART)
def test_files_are_apart(journeys: Mapping[str, Sequence[Journey]], one: str, other: str):
    """No question of one file is in another: what is reported with was never there to build with."""
    asked, also = ({text.casefold() for journey in journeys[name] for text in journey.ask.values()} for name in (one, other))
    assert not asked & also
    assert not {journey.id for journey in journeys[one]} & {journey.id for journey in journeys[other]}


GOOD = "- {id: a, kind: technology, ask: {en: sun?, zh: 太阳？}, status: answered, items: [bcaa]}\n"
BAD = {
    "no list": "",
    "not a mapping": "- sun?",
    "two journeys 'a'": GOOD + GOOD,
    "unknown fields: item": GOOD.replace("items", "item"),
    "unknown records in items: bcaaa": GOOD.replace("bcaa", "bcaaa"),
    "unknown kinds: tech": GOOD.replace("technology", "tech"),
    "unknown languages: fr": GOOD.replace("zh:", "fr:"),
    "unknown statuses: found": GOOD.replace("answered", "[answered, found]"),
    "lacks status": GOOD.replace("status: answered, ", ""),
    "asks nothing": GOOD.replace("{en: sun?, zh: 太阳？}", "{}"),
    "unknown languages in says: fr": GOOD.replace("items: [bcaa]", "says: {fr: [soleil]}"),
    "a phrase in never": GOOD.replace("items: [bcaa]", "never: {any: ['sun|']}"),
}


@pytest.mark.parametrize(("said", "text"), BAD.items(), ids=list(BAD))
def test_format(tmp_path: Path, said: str, text: str):
    """A file that does not follow the format is refused, with the journey and what is the matter."""
    file = tmp_path / "journeys.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadJourney, match=said):
        load(file)


def test_judge(assistant: Assistant):
    """The judge finds each way in which an answer can be wrong, and nothing in a right one."""
    answer = assistant.answer_now(Question("who is Xie Hongxing?"))
    ask = {"en": "who is Xie Hongxing?"}
    right = Journey("a", "person", ask, ["answered"], ["person-xie-hongxing"], says={"en": ["nobody|hongxing"], "zh": ["无"]})
    assert not judge(right, "en", answer)
    assert not spoken(right, "en", answer)
    assert judge(Journey("b", "person", ask, ["not_found"]), "en", answer) == ["status answered"]
    assert len(judge(Journey("c", "person", ask, ["answered"], ["bcaa"], ["person-xie-hongxing"]), "en", answer)) == 2
    never = Journey("d", "person", ask, ["answered"], says={"any": ["nobody"]}, never={"en": ["nobody|hongxing"]})
    assert len(judge(never, "en", answer)) == 2
    assert spoken(Journey("e", "person", {"zh": "解洪兴是谁"}, ["answered"]), "zh", answer)


Share = tuple[float, int]


def _shares(verdicts: Iterable[Verdict]) -> Mapping[str, Mapping[str, Share]]:
    """For each group and column, the share of right answers and how many questions it is of."""
    counted: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for verdict in verdicts:
        counted[verdict.journey.group][verdict.column].append(verdict.right)
    return {
        group: {column: (sum(right) / len(right), len(right)) for column, right in counted[group].items()} for group in GROUPS
    }


def _parity(verdicts: Iterable[Verdict]) -> Mapping[str, bool]:
    """For each journey asked in several languages, whether it fares the same in all of them."""
    by_journey: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.form in LANGUAGES:
            by_journey[verdict.journey.id].append(verdict.right)
    return {id_: len(set(right)) == 1 for id_, right in by_journey.items() if len(right) > 1}


def _table(verdicts: Verdicts) -> str:
    lines = ["right answers (of how many)  " + "".join(f"{column:>14}" for column in COLUMNS)]
    for file in FILES:
        shares = _shares(verdicts[file])
        for group in GROUPS:
            cells = [f"{shares[group][c][0]:.3f} ({shares[group][c][1]})" if c in shares[group] else "-" for c in COLUMNS]
            lines.append(f"{file + ' ' + group:<29}" + "".join(f"{cell:>14}" for cell in cells))
        same = _parity(verdicts[file])
        lines.append(f"{file + ' parity':<29}{f'{sum(same.values()) / len(same):.3f} ({len(same)})':>14}")
    facts = [verdict for verdict in verdicts["tune"] if verdict.journey.kind == "fact"]
    shares = {lang: [v.right for v in facts if v.form == lang] for lang in LANGUAGES}
    cells = [f"{sum(right) / len(right):.3f} ({len(right)})" for right in shares.values()]
    lines.append(f"{'facts':<29}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)
