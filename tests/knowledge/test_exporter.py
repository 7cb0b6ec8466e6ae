"""Exporting: what is written imports back to the same records, and does no harm in a spreadsheet."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.cells import guard, unguard
from knowledge.errors import ExportRefused
from knowledge.exporter import export
from knowledge.forms import build
from knowledge.importer import import_file
from knowledge.records import KINDS, QUALIFIERS, Listing, Record
from knowledge.store import KnowledgeBase

Make = Callable[..., Record]
FORMS = ("all.jsonl", "all.xlsx", "folder")


@pytest.mark.parametrize("name", FORMS)
def test_an_export_imports_to_the_same_fingerprint(
    kb: KnowledgeBase, kb_file: KnowledgeBase, one_of_each: list[Record], tmp_path: Path, name: str
) -> None:
    """Each form carries every kind over to another knowledge base without a difference."""
    kb.save(one_of_each, origin="import")
    assert export(kb, tmp_path / name) == dict.fromkeys(KINDS, 1)
    report = import_file(kb_file, tmp_path / name)
    assert [finding.message("en") for finding in [*report.findings, *report.warnings]] == []
    assert kb_file.fingerprint == kb.fingerprint
    assert kb_file.recount_fingerprint() == kb.fingerprint


# Texts that the rules let in: anything but control characters, line breaks and tabs excepted.
_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff", include_characters="\n\t'=+-@|[\"；, "),
    min_size=1,
)
_NAME = _TEXT.filter(lambda text: bool(text.strip()))
_WORDS = st.lists(_TEXT, max_size=3)
# SQLite keeps no minus on a zero.
_NUMBER = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)


@st.composite
def _knowledge(draw: st.DrawFn) -> list[Record]:
    def bilingual(texts: st.SearchStrategy[Any]) -> dict[str, Any]:
        return {lang: draw(texts) for lang in ("en", "zh")}

    return [
        build("source", {"id": "s", "name": bilingual(_NAME), "restricted": draw(st.booleans())}),
        build("listing", {
            "id": "l", "kind": "need", "sector": "water", "name": bilingual(_NAME), "summary": bilingual(_NAME),
            "tags": bilingual(_WORDS), "classes": draw(_WORDS), "city": draw(st.none() | _TEXT), "sources": ["s"],
        }),
        build("event", {
            "id": "e", "name": bilingual(_NAME), "sources": ["s"], "sessions": [bilingual(_TEXT)],
            "organisations": [{"role": "host", "name": bilingual(_TEXT)}],
        }),
        build("metric", {"id": "m", "name": bilingual(_NAME), "aliases": bilingual(_WORDS)}),
        build("statistic", {
            "id": "f", "metric": "m", "value": draw(_NUMBER), "sources": ["s"], "group": draw(st.none() | _TEXT),
            "qualifier": draw(st.sampled_from(QUALIFIERS)),
        }),
        build("taxon", {
            "id": "t", "scheme": draw(_NAME), "name": bilingual(_NAME), "sources": ["s"],
            "level": draw(st.none() | st.integers(-9, 10**6)),
        }),
    ]  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@given(records=_knowledge())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_text_makes_the_round_trip(kb: KnowledgeBase, kb_file: KnowledgeBase, name: str, records: list[Record]) -> None:
    """Whatever the rules let in is exported and imported back to the letter, in each form."""
    for each in (kb, kb_file):
        each.delete([record.key for record in records])
    kb.save(records, origin="import")
    with tempfile.TemporaryDirectory() as folder:
        export(kb, Path(folder) / name)
        report = import_file(kb_file, Path(folder) / name)
    assert [finding.message("en") for finding in report.findings] == []
    assert [record.content() for record in kb_file.records()] == [record.content() for record in kb.records()]
    assert kb_file.fingerprint == kb.fingerprint


@given(st.text())
def test_guarding_is_undone_by_reading(text: str) -> None:
    """A guarded text never starts as a formula, and reading it gives the text back."""
    cell = guard(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguard(cell) == text.replace("\r\n", "\n")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_formulas_are_disarmed(kb: KnowledgeBase, record: Make, tmp_path: Path, form: str) -> None:
    """A text that a spreadsheet would run as a formula gets an apostrophe; a negative number stays a number."""
    bad = '=HYPERLINK("http://evil.example")'
    records = [record("listing", name={"en": bad, "zh": "@SUM(A1)"}, tags={"en": ["-1", "b"]}, city="+86")]
    records += [record("source"), record("metric"), record("statistic", value=-12.5)]
    kb.save(records, origin="import")
    export(kb, tmp_path / f"listing.{form}", kinds=["listing"])
    export(kb, tmp_path / f"statistic.{form}", kinds=["statistic"])
    listing, figure = (_first(tmp_path / f"{kind}.{form}") for kind in ("listing", "statistic"))
    assert listing["name_en"] == f"'{bad}"
    assert (listing["name_zh"], listing["tags_en"], listing["city"]) == ("'@SUM(A1)", "'-1 | b", "'+86")
    assert figure["value"] == ("-12.5" if form == "csv" else -12.5)


def _first(path: Path) -> dict[str, Any]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return dict(next(csv.DictReader(file)))
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.active
    assert sheet is not None
    header, first = list(sheet.iter_rows(values_only=True))[:2]
    assert all(cell.data_type != "f" for cell in sheet[2])
    workbook.close()
    return dict(zip(map(str, header), first, strict=True))


def test_jsonl_is_written_as_people_read_it(kb: KnowledgeBase, record: Make, tmp_path: Path) -> None:
    """A line of JSONL has the kind first, languages together, Chinese as characters and no empty fields."""
    kb.save([record("source"), record("listing")], origin="import")
    export(kb, tmp_path / "a.jsonl", kinds=["listing"])
    line = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert line.startswith('{"record": "listing", "id": "listing-1", "name": {"en": "Solar kiln", "zh": "太阳能窑炉"}')
    assert "city" not in json.loads(line)


def test_a_csv_takes_the_kind_it_is_named_after(kb: KnowledgeBase, record: Make, tmp_path: Path) -> None:
    """A CSV file holds one kind: the one asked for, else the one in its name, else none."""
    kb.save([record("source")], origin="import")
    assert export(kb, tmp_path / "source.csv") == {"source": 1}
    assert export(kb, tmp_path / "a.csv", kinds=["source"]) == {"source": 1}
    with pytest.raises(ExportRefused, match=r"a\.csv takes one kind"):
        export(kb, tmp_path / "a.csv")


def test_what_has_no_form_is_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    """An unknown ending, an unknown kind and a place that cannot be written to are refused with the next step."""
    with pytest.raises(ExportRefused, match=r"a\.pdf has no known form; name a \.jsonl"):
        export(kb, tmp_path / "a.pdf")
    with pytest.raises(ExportRefused, match="no kind gadget; there are source"):
        export(kb, tmp_path / "a.jsonl", kinds=["gadget"])
    (tmp_path / "file").touch()
    with pytest.raises(ExportRefused, match=r"cannot be written.*choose another place"):
        export(kb, tmp_path / "file" / "a.jsonl")


def test_a_failed_export_leaves_the_old_file(kb: KnowledgeBase, record: Make, tmp_path: Path) -> None:
    """When a text does not fit into a cell, the file that was there stays, and nothing else does."""
    kb.save([record("source"), record("event", sessions=[{"en": "x" * 20_000}] * 2)], origin="import")
    (tmp_path / "a.xlsx").write_text("before")
    with pytest.raises(ExportRefused, match=r"event/event-1 has a text that no XLSX cell can hold; write \.jsonl"):
        export(kb, tmp_path / "a.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
    assert (tmp_path / "a.xlsx").read_text() == "before"


def test_an_empty_knowledge_base_is_exported(kb: KnowledgeBase, tmp_path: Path) -> None:
    """An export of nothing is a file with headers only, which imports as nothing."""
    assert export(kb, tmp_path / "a.xlsx", kinds=["listing"]) == {"listing": 0}
    assert import_file(kb, tmp_path / "a.xlsx").rows == 0
    assert kb.all(Listing) == []
