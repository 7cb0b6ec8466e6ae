"""The rules: each finds what breaks it, says so in both languages, and lets good records be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from knowledge import starter
from knowledge.forms import flat
from knowledge.records import KINDS, LANGUAGES, Record
from knowledge.rules import LOCALES, Finding, check, country_code, shown
from knowledge.starter import read_yaml

Example = Callable[..., dict[str, Any]]

KNOWN = {f"{kind}/{kind}-1" for kind in KINDS}

# kind, the changed field and its value, the rule it breaks, and the field that is named.
BROKEN: list[tuple[str, str, Any, str, str]] = [
    ("listing", "id", "no blanks", "id", "id"),
    ("listing", "id", "-starts-badly", "id", "id"),
    ("listing", "id", "x" * 121, "id", "id"),
    ("listing", "id", "编号", "id", "id"),
    ("listing", "name", {"en": " "}, "required", "name_en"),
    ("listing", "summary", {"en": ""}, "required", "summary_en"),
    ("listing", "kind", None, "required", "kind"),
    ("listing", "sources", [], "required", "sources"),
    ("appearance", "sources", None, "required", "sources"),
    ("listing", "kind", "gadget", "one_of", "kind"),
    ("listing", "sector", "Energy", "one_of", "sector"),
    ("listing", "stage", "finished", "one_of", "stage"),
    ("statistic", "qualifier", "over", "one_of", "qualifier"),
    ("event", "organisations", [{"role": "guest", "organisation": "organisation-1"}], "one_of", "organisations"),
    ("listing", "country", "Atlantis", "country", "country"),
    ("listing", "country", "China", "country", "country"),
    ("listing", "country", "cn", "country", "country"),
    ("listing", "country", "ZZ", "country", "country"),
    ("listing", "country", "EU", "country", "country"),
    ("listing", "website", "www.example.org", "url", "website"),
    ("listing", "website", "javascript:alert(1)", "url", "website"),
    ("listing", "website", "ftp://example.org", "url", "website"),
    ("listing", "listing_url", "https://", "url", "listing_url"),
    ("listing", "listing_url", "https://exa mple.org", "url", "listing_url"),
    ("source", "url", "http://[::1", "url", "url"),
    ("source", "public_url", "http://example.org:99999", "url", "public_url"),
    ("listing", "listed_date", "27.4.2021", "date", "listed_date"),
    ("source", "date", "2021-13", "date", "date"),
    ("source", "date", " 2021", "date", "date"),
    ("event", "end", "2021-04-26", "date_order", "end"),
    ("event", "end", "2020", "date_order", "end"),
    ("statistic", "value", None, "required", "value"),
    ("statistic", "value", "many", "number", "value"),
    ("statistic", "value", float("nan"), "number", "value"),
    ("statistic", "value", float("inf"), "number", "value"),
    ("statistic", "value", True, "number", "value"),
    ("statistic", "metric", "nowhere", "reference", "metric"),
    ("listing", "organisation", "nowhere", "reference", "organisation"),
    ("listing", "sources", ["source-1", "nowhere"], "reference", "sources"),
    ("event", "organisations", [{"role": "host", "organisation": "nowhere"}], "reference", "organisations"),
    ("programme", "parent", "nowhere", "reference", "parent"),
    ("programme", "organisations", ["nowhere"], "reference", "organisations"),
    ("article", "about", ["listing/nowhere"], "reference", "about"),
    ("article", "about", ["listing-1"], "reference", "about"),
    ("taxon", "parent", "nowhere", "reference", "parent"),
    ("taxon", "level", 1.5, "type", "level"),
    ("source", "restricted", "perhaps", "type", "restricted"),
    ("listing", "city", 7, "type", "city"),
    ("listing", "tags", {"en": "solar"}, "type", "tags_en"),
    ("listing", "classes", [7], "type", "classes"),
    ("event", "sessions", ["morning"], "type", "sessions"),
    ("event", "sessions", [{"fr": "matin"}], "type", "sessions"),
    ("event", "outcomes", [{"en": 7}], "type", "outcomes"),
    ("event", "organisations", [{"role": "host"}], "type", "organisations"),
    ("listing", "summary", {"en": "x" * 20_001}, "too_long", "summary_en"),
    ("listing", "summary", {"en": "bell\x07"}, "control_characters", "summary_en"),
    ("listing", "tags", {"en": ["nul\x00"]}, "control_characters", "tags_en"),
    ("listing", "name", {"en": "half a pair \ud800"}, "control_characters", "name_en"),
    ("event", "sessions", [{"en": "carriage\rreturn"}], "control_characters", "sessions"),
    ("listing", "translated", ["summary"], "language", "translated"),
    ("listing", "translated", ["summary.fr"], "language", "translated"),
    ("listing", "translated", ["title.zh"], "language", "translated"),
    ("listing", "colour", "green", "unknown_field", "colour"),
]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_good_record_breaks_no_rule(kind: str, example: Example, record: Callable[..., Record]) -> None:
    """A good record of each kind has no findings, as a record and as fields."""
    assert check(record(kind), KNOWN) == []
    assert check({"record": kind, **flat(example(kind))}, KNOWN) == []


@pytest.mark.parametrize(("kind", "name", "value", "rule", "named"), BROKEN)
def test_a_broken_rule_is_found(kind: str, name: str, value: Any, rule: str, named: str, example: Example) -> None:
    """Each break of a rule is found once, with the field, the value and the rule."""
    fields = {"record": kind, **flat(example(kind, **{name: value}))}
    found = [(finding.rule, finding.field) for finding in check(fields, KNOWN, line=7)]
    assert found == [(rule, named)]


@pytest.mark.parametrize(("kind", "name", "value", "rule", "named"), BROKEN)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_finding_speaks(lang: str, kind: str, name: str, value: Any, rule: str, named: str, example: Example) -> None:
    """Each finding says in each language where it stands, and what was met, in one line without control characters."""
    (finding,) = check({"record": kind, **flat(example(kind, **{name: value}))}, KNOWN, line=7)
    message = finding.message(lang)
    assert named in message
    assert ("第7行" if lang == "zh" else "line 7") in message
    assert shown(finding.value) in message
    assert message.isprintable()
    assert not re.search(r"[{}]", message.replace(shown(finding.value), ""))


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "HK", "website": "https://例子.中国/路径", "listed_date": "2021"},
        {"name": {"zh": "只有中文"}, "summary": {"zh": "第一行\n\t第二行"}},
        {"translated": ["summary.zh", "tags.en"], "organisation": "organisation-1"},
        {"id": "A.b_c-9", "listing_url": "HTTPS://example.org:8443/a?b=c#d"},
    ],
)
def test_unusual_but_right_values_pass(changes: dict[str, Any], example: Example) -> None:
    """Values that are right though rare are not reported."""
    assert check({"record": "listing", **flat(example("listing", **changes))}, KNOWN) == []


def test_an_event_within_its_month_is_in_order(example: Example) -> None:
    """An end known only to the month does not lie before a day of that month."""
    fields = example("event", end="2021-04", translated=["sessions.zh"], sessions=[{"en": "Morning", "zh": "上午"}])
    assert check({"record": "event", **flat(fields)}, KNOWN) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_kind_is_named(lang: str) -> None:
    """A record of no known kind is told which kinds there are."""
    (finding,) = check({"record": "gadget", "id": "g"}, KNOWN)
    assert finding.rule == "one_of"
    assert "gadget" in finding.message(lang)
    assert "listing" in finding.message(lang)


def test_the_languages_mirror_each_other() -> None:
    """Both locale files have the same keys, and each message the same placeholders."""

    def leaves(words: dict[str, Any], path: str = "") -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, value in words.items():
            below = f"{path}.{key}"
            found |= leaves(value, below) if isinstance(value, dict) else {below: set(re.findall(r"{\w+}", value))}
        return found

    english, chinese = (leaves(read_yaml(LOCALES / f"{lang}.yaml")) for lang in LANGUAGES)
    assert english == chinese


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_value_in_a_message_is_short_and_harmless(lang: str) -> None:
    """A message quotes 80 characters of a value at most, control characters escaped."""
    message = Finding(1, "listing/x", "name_en", "\x1b[31m\u202e" + "长" * 500, "control_characters").message(lang)
    assert "\\x1b[31m\\u202e长" in message
    assert message.isprintable()
    assert len(shown("长" * 500)) == 80
    assert shown(shown("\x00" * 200)) == shown("\x00" * 200)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CN", "CN"), ("cn", "CN"), ("China", "CN"), (" china ", "CN"), ("中国", "CN"), ("中國", "CN"),
        ("Hong Kong", "HK"), ("香港", "HK"), ("中国香港", "HK"), ("美国", "US"), ("德國", "DE"),
        ("United States", "US"), ("Germany", "DE"),
        ("Côte d’Ivoire", "CI"), ("Atlantis", None), ("", None), ("ZZ", None), ("EU", None),
    ],
)  # fmt: skip
def test_a_country_is_known_by_code_and_name(text: str, code: str | None) -> None:
    """A country is understood by its code and by its name in English, simplified and traditional Chinese."""
    assert country_code(text) == code


def test_the_starter_data_breaks_no_rule() -> None:
    """Every record that comes with the product keeps every rule."""
    records = list(starter.records())
    known = {record.key for record in records}
    assert [finding.message("en") for record in records for finding in check(record, known)] == []
