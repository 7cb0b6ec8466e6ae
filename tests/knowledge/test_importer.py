"""Importing files: good rows in, bad rows reported, and nothing half-done."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from knowledge.cells import shapes
from knowledge.errors import ImportRefused
from knowledge.forms import columns
from knowledge.importer import Report, import_file, read_rows
from knowledge.records import KINDS, LANGUAGES, Listing, Record, Source, Statistic
from knowledge.rules import Finding
from knowledge.store import KnowledgeBase

Write = Callable[..., Path]
DOCS = Path(__file__).parents[2] / "docs" / "import-format.md"

LISTING = {
    "name_en": "Solar kiln", "name_zh": "太阳能窑炉", "kind": "technology", "sector": "energy",
    "summary_en": "Fires bricks by sunlight.", "source_url": "https://example.org/kiln",
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of rows, in the form its name asks for."""

    def write_(name: str, *rows: dict[str, Any], encoding: str = "utf-8", delimiter: str = ",") -> Path:
        path = tmp_path / name
        header = list(dict.fromkeys(column for row in rows for column in row))
        if path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding=encoding)
        elif path.suffix == ".xlsx":
            _save_sheets(path, {"Sheet1": [header, *([row.get(column) for column in header] for row in rows)]})
        else:
            with path.open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(file, header, delimiter=delimiter)
                writer.writeheader()
                writer.writerows(rows)
        return path

    return write_


def _save_sheets(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)


def _rules(report: Report) -> list[tuple[int | None, str, str]]:
    return [(finding.line, finding.field, finding.rule) for finding in report.findings]


def _counts(report: Report) -> tuple[int, int, int, int]:
    return report.rows, report.added, report.changed, report.same


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.xlsx"])
def test_a_listing_is_imported_from_each_form(kb: KnowledgeBase, write: Write, name: str) -> None:
    """A row becomes a listing with a source of its own, whichever form the file has."""
    row = {**LISTING, "tags_en": "solar | bricks" if name != "a.jsonl" else ["solar", "bricks"], "country": "中国"}
    report = import_file(kb, write(name, row, delimiter="\t" if name == "a.tsv" else ","))
    assert report.ok, [finding.message("en") for finding in report.findings]
    assert _counts(report) == (1, 1, 0, 0)
    (listing,) = kb.all(Listing)
    (source,) = kb.all(Source)
    assert (listing.tags_en, listing.country, listing.origin) == (["solar", "bricks"], "CN", "import")
    assert listing.sources == [source.id]
    assert source.url == "https://example.org/kiln"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.xlsx"])
def test_importing_twice_changes_nothing(each_kb: KnowledgeBase, write: Write, name: str) -> None:
    """The second import of a file finds each record as it is."""
    path = write(name, LISTING, {**LISTING, "name_en": "Solar oven", "listing_url": "https://example.org/oven"})
    assert _counts(import_file(each_kb, path)) == (2, 2, 0, 0)
    before = each_kb.fingerprint
    assert _counts(import_file(each_kb, path)) == (2, 0, 0, 2)
    assert each_kb.fingerprint == before == each_kb.recount_fingerprint()


def test_a_row_without_id_finds_its_record_again(kb: KnowledgeBase, write: Write) -> None:
    """A row with the listing's address updates that listing, though its name has changed."""
    page = {"listing_url": "https://example.org/kiln"}
    import_file(kb, write("a.csv", {**LISTING, **page}))
    report = import_file(kb, write("b.csv", {**LISTING, **page, "name_en": "Solar kiln 2"}))
    assert _counts(report) == (1, 0, 1, 0)
    assert [listing.name_en for listing in kb.all(Listing)] == ["Solar kiln 2"]


def test_a_source_keeps_the_title_it_has(kb: KnowledgeBase, write: Write) -> None:
    """Rows that give the address of a source alone add to what is known of it; without a title it is its address."""
    import_file(kb, write("a.csv", {**LISTING, "source_title": "阳光报", "source_publisher": "Sun Press"}))
    import_file(kb, write("b.csv", LISTING, {**LISTING, "name_en": "Oven", "source_url": "https://example.org/oven"}))
    sources = {source.url: (source.name_en, source.name_zh, source.publisher_en) for source in kb.all(Source)}
    assert sources == {
        "https://example.org/kiln": (None, "阳光报", "Sun Press"),
        "https://example.org/oven": ("https://example.org/oven", None, None),
    }


def test_listings_of_one_website_stay_apart(kb: KnowledgeBase, write: Write) -> None:
    """Two listings of a provider that share its website are two records."""
    rows = [{**LISTING, "name_en": name, "website": "https://sun.example"} for name in ("Kiln", "Oven")]
    assert _counts(import_file(kb, write("a.csv", *rows))) == (2, 2, 0, 0)


def test_an_empty_cell_clears_and_a_missing_column_keeps(kb: KnowledgeBase, write: Write) -> None:
    """An update empties the fields whose cells are empty, and leaves alone those the file has no column for."""
    import_file(kb, write("a.csv", {"id": "kiln", **LISTING, "city": "Beijing", "stage": "operating"}))
    report = import_file(kb, write("b.csv", {"id": "kiln", **LISTING, "city": ""}))
    assert _counts(report) == (1, 0, 1, 0)
    (listing,) = kb.all(Listing)
    assert (listing.city, listing.stage) == (None, "operating")


def test_bad_rows_are_reported_and_good_ones_kept(kb: KnowledgeBase, write: Write) -> None:
    """Each bad row is named by line, field, value and rule, and the rows beside it are imported."""
    path = write(
        "a.csv",
        {"id": "good", **LISTING},
        {"id": "bad-sector", **LISTING, "sector": "magic"},
        {"id": "bad-many", **LISTING, "name_en": "", "name_zh": "", "country": "Atlantis"},
        {"id": "bad-source", **LISTING, "source_url": "nowhere"},
        {"id": "unsourced", **LISTING, "source_url": ""},
    )
    report = import_file(kb, path)
    assert not report.ok
    assert _rules(report) == [
        (3, "sector", "one_of"),
        (4, "name_en", "required"),
        (4, "country", "country"),
        (5, "source_url", "url"),
        (6, "sources", "required"),
    ]
    assert report.findings[0].value == "magic"
    assert _counts(report) == (5, 1, 0, 0)
    assert [source.url for source in kb.all(Source)] == ["https://example.org/kiln"]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "line 2, listing/kiln, sector: 'magic' is not a value of this field. Write one of: energy, "),
        ("zh", "第2行，listing/kiln，sector：“magic”不是该字段的可选值。请填写以下之一：energy、"),
    ],
)
def test_a_bad_row_is_explained(kb: KnowledgeBase, write: Write, lang: str, expected: str) -> None:
    """The report says in either language where the fault is, what was met and what to write."""
    report = import_file(kb, write("a.csv", {"id": "kiln", **LISTING, "sector": "magic"}))
    assert report.findings[0].message(lang).startswith(expected)


def test_a_second_row_with_an_id_is_refused(kb: KnowledgeBase, write: Write) -> None:
    """Of two rows with one id the first is kept, and the second is told where the first is."""
    path = write("a.csv", {"id": "kiln", **LISTING}, {"id": "kiln", **LISTING, "name_en": "Other"})
    report = import_file(kb, path)
    assert _rules(report) == [(3, "id", "duplicate_id")]
    assert "line 2" in report.findings[0].message("en")
    assert "第2行" in report.findings[0].message("zh")
    assert [listing.name_en for listing in kb.all(Listing)] == ["Solar kiln"]


def test_references_within_a_file_may_point_forward(each_kb: KnowledgeBase, write: Write) -> None:
    """A record may name one that comes later in the same file, of whatever kind."""
    path = write(
        "a.jsonl",
        {"record": "statistic", "metric": "m", "value": 7, "sources": ["s"]},
        {"record": "appearance", "person": "p", "event": "e", "sources": ["s"]},
        {"record": "person", "id": "p", "name": {"zh": "李阳"}, "organisation": "o", "sources": ["s"]},
        {"record": "event", "id": "e", "name": {"en": "Camp"}, "sources": ["s"]},
        {"record": "organisation", "id": "o", "name": {"en": "Sun Works"}, "sources": ["s"]},
        {"record": "metric", "id": "m", "name": {"en": "Kilns"}},
        {"record": "source", "id": "s", "name": {"en": "Gazette"}},
    )
    report = import_file(each_kb, path)
    assert report.ok, [finding.message("en") for finding in report.findings]
    assert report.added == 7
    assert each_kb.fingerprint == each_kb.recount_fingerprint()


def test_a_row_that_names_a_bad_row_is_bad(kb: KnowledgeBase, write: Write) -> None:
    """A fault travels along references, however long the chain, and nothing that depends on it is saved."""
    path = write(
        "a.jsonl",
        {"record": "article", "id": "a", "name": {"en": "?"}, "about": ["programme/child"], "sources": ["s"]},
        {"record": "programme", "id": "child", "name": {"en": "Child"}, "parent": "top", "sources": ["s"]},
        {"record": "programme", "id": "top", "name": {"en": "Top"}, "website": "no address", "sources": ["s"]},
        {"record": "programme", "id": "free", "name": {"en": "Free"}, "sources": ["s"]},
        {"record": "source", "id": "s", "name": {"en": "Gazette"}},
    )
    report = import_file(kb, path)
    assert _rules(report) == [
        (1, "about", "reference_row"),
        (2, "parent", "reference_row"),
        (3, "website", "url"),
    ]
    assert "line 3" in report.findings[1].message("en")
    assert sorted(record.key for record in kb.records()) == ["programme/free", "source/s"]


def test_a_reference_to_a_known_record_holds(kb: KnowledgeBase, write: Write, record: Callable[..., Record]) -> None:
    """A record of the knowledge base may be named, even when the file has a bad row for it."""
    kb.save([record("source"), record("organisation")], origin="starter")
    path = write(
        "a.jsonl",
        {"record": "organisation", "id": "organisation-1", "website": "no address"},
        {"record": "person", "name_en": "Li", "organisation": "organisation-1", "sources": ["source-1"]},
    )
    report = import_file(kb, path)
    assert _rules(report) == [(1, "website", "url")]
    assert report.added == 1


def test_a_dry_run_reports_and_writes_nothing(kb: KnowledgeBase, write: Write) -> None:
    """A dry run gives the report of the import and leaves the knowledge base as it is."""
    path = write("a.csv", {"id": "kiln", **LISTING}, {"id": "bad", **LISTING, "kind": "gadget"})
    rehearsal = import_file(kb, path, dry_run=True)
    assert rehearsal.dry_run
    assert kb.fingerprint == ""
    assert set(kb.counts().values()) == {0}
    report = import_file(kb, path)
    assert (_counts(rehearsal), rehearsal.findings) == (_counts(report), report.findings)


def test_an_unknown_column_is_a_warning(kb: KnowledgeBase, write: Write) -> None:
    """A column the kind does not have is warned of once; its rows are imported."""
    rows = [{**LISTING, "name_en": name, "colour": "green", "venue_en": ""} for name in ("Kiln", "Oven")]
    report = import_file(kb, write("a.csv", *rows))
    assert report.ok
    assert report.added == 2
    assert [(finding.field, finding.rule) for finding in report.warnings] == [("colour", "unknown_field")]
    assert "colour" in report.warnings[0].message("en")
    assert "colour" in report.warnings[0].message("zh")


def test_headers_are_read_generously(kb: KnowledgeBase, write: Write) -> None:
    """Blanks around a column's name and capital letters do not matter."""
    assert import_file(kb, write("a.csv", {f" {name.upper()} ": cell for name, cell in LISTING.items()})).added == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_every_office_program_are_read(kb: KnowledgeBase, write: Write, encoding: str, delimiter: str) -> None:
    """Chinese survives each usual encoding, and each usual separator is recognised."""
    row = {**LISTING, "summary_zh": "先干燥；再烧制，最后冷却。", "note_en": 'A "quoted", two-line;\nnote'}
    report = import_file(kb, write("a.csv", row, encoding=encoding, delimiter=delimiter))
    assert report.added == 1
    (listing,) = kb.all(Listing)
    assert (listing.summary_zh, listing.note_en) == (row["summary_zh"], row["note_en"])
    assert [finding.rule for finding in report.warnings] == (["encoding"] if encoding == "gb18030" else [])


def test_an_open_quotation_mark_costs_its_own_row(kb: KnowledgeBase, write: Write, tmp_path: Path) -> None:
    """A row whose quotation marks do not close is reported with its line, and so is a row with too many cells."""
    path = write("a.csv", {**LISTING, "city": "Beijing"})
    good = path.read_text(encoding="utf-8").splitlines()
    bad_quote = good[1].replace("Solar kiln", 'x"').replace("太阳能窑炉", '"y"z')
    lines = [*good, bad_quote, good[1] + ",too,many", good[1].replace("Solar kiln", "Oven"), '"open', "to the end"]
    path.write_text("\n".join(lines), encoding="utf-8")
    report = import_file(kb, path)
    assert _rules(report) == [(3, "", "quoting"), (4, "", "columns"), (6, "", "quoting")]
    assert report.added == 2
    for lang in LANGUAGES:
        assert "7" in report.findings[2].message(lang)


def test_cells_missing_at_the_end_are_empty(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A short row counts as one with empty cells, and blank rows do not count at all."""
    header = "id,kind,sector,name_en,summary_en,source_title,city"
    (tmp_path / "a.csv").write_text(f"\n{header}\n,,,,,,\nkiln,need,water,Pump,Wanted.,Gazette\n\n", encoding="utf-8")
    report = import_file(kb, tmp_path / "a.csv")
    assert _counts(report) == (1, 1, 0, 0)


def test_each_line_of_jsonl_is_judged_by_itself(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A line that is no JSON object, or holds wrong types, is reported by its number."""
    good = json.dumps({**LISTING, "name": {"zh": "窑"}, "listed_date": 2021, "trl": 5})
    deep = "[" * 100_000
    lines = [good, "{not json", "[1]", "", '{"record": "statistic", "value": NaN}', '{"record": "gadget"}', deep]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    report = import_file(kb, tmp_path / "a.jsonl")
    assert [(line, rule) for line, _, rule in _rules(report)] == [
        (2, "row"), (3, "row"), (5, "required"), (5, "required"), (5, "number"), (6, "one_of"), (7, "row"),
    ]  # fmt: skip
    (listing,) = kb.all(Listing)
    assert (listing.listed_date, listing.trl) == ("2021", "5")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1300", 1300.0),
        (" 0.5 ", 0.5),
        ("-2e3", -2000.0),
        ("1,300", None),
        ("1_300", None),
        ("nan", None),
        ("１３", None),
    ],
)
def test_numbers_are_plain_numbers(kb: KnowledgeBase, write: Write, cell: str, value: float | None) -> None:
    """Digits are read as a number; separators, words and other notations are reported, not guessed at."""
    path = write(
        "a.csv",
        {"record": "source", "id": "s", "name_en": "Gazette"},
        {"record": "metric", "id": "m", "name_en": "Kilns"},
        {"record": "statistic", "metric": "m", "value": cell, "sources": "s"},
    )
    report = import_file(kb, path)
    assert [figure.value for figure in kb.all(Statistic)] == ([] if value is None else [value])
    assert [rule for _, _, rule in _rules(report)] == ([] if value is not None else ["number"])


def test_text_no_database_takes_is_reported(each_kb: KnowledgeBase, write: Write) -> None:
    """Half characters and null characters are findings of their row, in ids and references too."""
    good = {**LISTING, "name_en": "Oven"}
    path = write(
        "a.jsonl",
        {**LISTING, "id": "\ud800"},
        {**LISTING, "id": "a\x00b"},
        {**LISTING, "organisation": "\x00"},
        {**LISTING, "name_en": "\udfff"},
        {**LISTING, "record": "\x00"},
        good,
    )
    report = import_file(each_kb, path)
    assert {finding.line for finding in report.findings} == {1, 2, 3, 4, 5}
    assert {finding.rule for finding in report.findings} == {"id", "control_characters", "one_of"}
    assert report.added == 1


def test_structured_cells_are_json(kb: KnowledgeBase, write: Write) -> None:
    """Sessions and outcomes stand in a cell as JSON; what is no JSON is reported."""
    event = {"record": "event", "name_en": "Camp", "sources": "s", "start": "2021/04"}
    path = write(
        "a.csv",
        {"record": "source", "id": "s", "name_en": "Gazette"},
        {**event, "id": "good", "start": "2021-04", "sessions": '[{"en": "Morning", "zh": "上午"}]'},
        {**event, "id": "bad", "sessions": "[{morning}]"},
    )
    report = import_file(kb, path)
    assert _rules(report) == [(4, "sessions", "type"), (4, "start", "date")]
    assert kb.get("event/good").content()["sessions"] == [{"en": "Morning", "zh": "上午"}]


def test_lists_may_be_written_either_way(kb: KnowledgeBase, write: Write) -> None:
    """A list stands in a cell separated by bars, or as a JSON list where an item has a bar in it."""
    import_file(kb, write("a.csv", {**LISTING, "tags_en": "solar|  bricks | ", "tags_zh": '["窑|炉", " 砖"]'}))
    (listing,) = kb.all(Listing)
    assert (listing.tags_en, listing.tags_zh) == (["solar", "bricks"], ["窑|炉", " 砖"])


def test_a_text_that_looks_like_a_formula_stays_text(kb: KnowledgeBase, write: Write) -> None:
    """A cell that starts with a formula sign is text, and a guarding apostrophe before one goes."""
    row = {"id": "a", **LISTING, "name_en": "=1+1", "note_en": "'+86 10", "note_zh": "'twas"}
    import_file(kb, write("a.csv", row))
    (listing,) = kb.all(Listing)
    assert (listing.name_en, listing.note_en, listing.note_zh) == ("=1+1", "+86 10", "'twas")


def test_sheets_named_after_kinds_are_read_together(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A workbook with a sheet a kind is imported as one; faults name their sheet, and other sheets are warned of."""
    path = tmp_path / "a.xlsx"
    person = ["id", "name_en", "sources"]
    sheets = {
        "Notes": [["anything"]],
        "Person": [person, ["p", "Li Yang", "s"], ["q", "Wang Wei", "nowhere"]],
        "source": [["id", "name_en"], ["s", "Gazette"]],
    }
    _save_sheets(path, sheets)
    report = import_file(kb, path)
    assert report.added == 2
    assert _rules(report) == [(3, "sources", "reference")]
    assert report.findings[0].message("en").startswith("Person, line 3, person/q, sources: ")
    assert report.findings[0].message("zh").startswith("Person，第3行，person/q，sources：")
    assert [(finding.rule, finding.value) for finding in report.warnings] == [("sheet", "Notes")]


def test_a_date_cell_is_as_precise_as_it_looks(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A date typed into a spreadsheet keeps the precision the cell shows."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append([*LISTING, "listed_date"])
    for number, shows in enumerate(["yyyy-mm-dd", "mmm-yy", "yyyy", "[$-409]d\\-mmm\\-yyyy;@"], 2):
        sheet.append([*{**LISTING, "name_en": f"Kiln {number}"}.values(), datetime(2021, 4, 27)])
        sheet.cell(number, len(LISTING) + 1).number_format = shows
    workbook.save(tmp_path / "a.xlsx")
    assert import_file(kb, tmp_path / "a.xlsx").added == 4
    dates = sorted((str(listing.name_en), listing.listed_date) for listing in kb.all(Listing))
    assert [date for _, date in dates] == ["2021-04-27", "2021-04", "2021", "2021-04-27"]


def test_a_folder_is_one_import(kb: KnowledgeBase, write: Write, tmp_path: Path) -> None:
    """The files of a folder are imported together, and may refer to each other."""
    write("person.csv", {"record": "person", "name_en": "Li", "sources": "s"}, {"record": "person", "sources": "s"})
    write("source.csv", {"record": "source", "id": "s", "name_en": "Gazette"})
    report = import_file(kb, tmp_path)
    assert report.added == 2
    assert report.findings[0].message("en").startswith("person.csv, line 3, ")


def test_the_kind_may_be_given_once_for_all(kb: KnowledgeBase, write: Write) -> None:
    """Rows that name no kind are of the kind asked for; a kind that is not known is refused."""
    path = write("a.csv", {"name_en": "Gazette", "url": "https://example.org"})
    assert import_file(kb, path, kind="source").changes.added == [kb.all(Source)[0].key]
    with pytest.raises(ImportRefused, match=r"no kind 'gadget'; there are source, listing"):
        import_file(kb, path, kind="gadget")


def test_progress_is_told(kb: KnowledgeBase, write: Write) -> None:
    """A long import says how far it is, a thousand rows at a time."""
    told: list[int] = []
    rows = [{"name_en": f"Source {number}"} for number in range(2300)]
    import_file(kb, write("a.csv", *rows), kind="source", progress=told.append)
    assert told == [1000, 2000, 2300]


def _refused(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    yield "a.pdf", b"%PDF", r"no known form; write \.csv"
    yield "a.csv", b"", r"is empty"
    yield "b.csv", b"\xef\xbb\xbf\n\n", r"is empty"
    yield "c.csv", b"name_en\nna\xefve,\xff\xff", r"neither UTF-8 nor GB18030"
    yield "d.csv", b"apples,pears\n1,2", r"no known column, it has 'apples, pears'"
    yield "e.csv", b"name_en,NAME_EN\na,b", r"name_en twice"
    yield "a.jsonl", b" \n", r"is empty"
    yield "a.xlsx", b"not a zip", r"no XLSX file, or has a password"
    yield "a.xlsm", b"PK", r"\.xlsm file is not imported; save it as \.xlsx"


@pytest.mark.parametrize("case", list(_refused(Path())), ids=lambda case: str(case[0]))
def test_a_file_that_cannot_be_read_is_refused(kb: KnowledgeBase, tmp_path: Path, case: tuple[str, bytes, str]) -> None:
    """A file that cannot be imported at all is refused with its name, the reason and the next step."""
    name, contents, says = case
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(ImportRefused, match=rf"{name}.*{says}"):
        import_file(kb, tmp_path / name)


def test_a_missing_file_is_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A path that leads nowhere is refused, and so is a folder with nothing to import."""
    with pytest.raises(ImportRefused, match=r"no file .*nowhere\.csv"):
        import_file(kb, tmp_path / "nowhere.csv")
    with pytest.raises(ImportRefused, match="has no file to import"):
        import_file(kb, tmp_path)


def test_a_file_too_large_is_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A file over 200 MB is refused before it is read."""
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(200_000_001)
    with pytest.raises(ImportRefused, match="200 MB is the most; split it"):
        import_file(kb, tmp_path / "a.csv")


def test_a_workbook_that_unpacks_too_far_is_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    """A small XLSX file that would unpack to more than 500 MB is refused before it is unpacked."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as sheet:
        for _ in range(51):
            sheet.write(bytes(10_000_000))
    with pytest.raises(ImportRefused, match="unpacks to 510 MB, 500 MB is the most"):
        import_file(kb, tmp_path / "a.xlsx")


def test_a_workbook_with_macros_is_refused(kb: KnowledgeBase, write: Write) -> None:
    """Macros are refused whatever the file is called, and a damaged workbook is no crash."""
    path = write("a.xlsx", LISTING)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    with pytest.raises(ImportRefused, match="has macros"):
        import_file(kb, path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(ImportRefused, match="cannot be read as XLSX"):
        import_file(kb, path)


def test_a_refused_file_leaves_nothing_behind(kb: KnowledgeBase, write: Write) -> None:
    """When reading a workbook fails half-way, none of its rows is saved."""
    path = write("a.xlsx", *({**LISTING, "name_en": f"Kiln {number}"} for number in range(3)))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-60]
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in parts.items():
            archive.writestr(name, contents)
    with pytest.raises(ImportRefused, match="cannot be read as XLSX"):
        import_file(kb, path)
    assert set(kb.counts().values()) == {0}


def test_rows_are_read_as_they_are_asked_for(write: Write) -> None:
    """Reading rows gives each with its line and cells, and does not read ahead."""
    rows = read_rows(write("a.csv", {"id": "a", "name_en": "A"}, {"id": "b", "name_en": "B"}))
    first = next(rows)
    assert (first.line, dict(first.cells)) == (2, {"id": "a", "name_en": "A"})
    assert [row.line for row in rows] == [3]


def _table(kind: str) -> str:
    after = DOCS.read_text(encoding="utf-8").partition(f"\n### {kind}\n")[2]
    return after.partition("\n### ")[0].partition("\n## ")[0]


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_column_is_documented(kind: str) -> None:
    """The page on the form of files lists exactly the columns of each kind, in their order."""
    listed = [line.split("`")[1] for line in _table(kind).splitlines() if line.startswith("| `")]
    assert listed == columns(kind) == list(shapes(kind))


def test_the_examples_of_the_page_import(kb: KnowledgeBase, tmp_path: Path) -> None:
    """The CSV and JSONL shown on the page are imported without a finding or a warning."""
    page = DOCS.read_text(encoding="utf-8")
    for form in ("csv", "jsonl"):
        path = tmp_path / f"example.{form}"
        path.write_text(page.partition(f"```{form}\n")[2].partition("```")[0], encoding="utf-8")
        report = import_file(kb, path)
        assert report.added > 0
        assert [finding.message("en") for finding in [*report.findings, *report.warnings]] == []


def test_a_finding_is_a_value() -> None:
    """Findings compare and hash by what they say."""
    one, other = (Finding(1, "listing/x", "city", "y", "type", {"shape": "text"}) for _ in range(2))
    assert len({one, other}) == 1
