"""``greenask stats`` and the files that figures go to."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest

from bot import charts, figure_files
from bot.values import ANSWERED, Answer, Cited, Figure
from retrieval.language import simplified

EVIL = '=HYPERLINK("http://x")'


@pytest.mark.parametrize(("lang", "name"), [("en", "WIPO GREEN partners"), ("zh", "合作伙伴"), ("zh-Hant", "合作夥伴")])
def test_list(run, warm, lang, name):
    """Without a metric, all of them are listed with their ids, in the reader's language."""
    result = run("stats", lang=lang)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) >= 107
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("wipo_green_partners ")]
    assert name.replace("夥", "伙") in line.replace("夥", "伙")


@pytest.mark.parametrize(("lang", "said"), [("en", "more than 150 partners"), ("zh", "超过150家合作伙伴")])
def test_by_id(run, warm, lang, said):
    """By id the figures are told in the language of messages, or in the one asked for."""
    assert said in run("stats", "wipo_green_partners", lang=lang).stdout
    assert said in run("stats", "wipo_green_partners", "--lang", lang).stdout


@pytest.mark.parametrize("words", ["how many partners does WIPO GREEN have?", "WIPO GREEN有多少合作伙伴？"])
def test_in_words(run, warm, words):
    """In words the reply is the one that asking gives."""
    assert run("stats", *words.split()).stdout == run("ask", words).stdout


def test_json(run, warm):
    """As JSON it is the contract of any answer, with the comparable group of each figure."""
    said = json.loads(run("stats", "wipo_green_listings", "--json").stdout)
    assert {figure["group"] for figure in said["figures"]} == {"curated_listings", "all_collections"}


@pytest.mark.parametrize("form", ["png", "svg"])
def test_chart(run, warm, tmp_path, form):
    """A chart is written where it is wanted, and told in words on standard error."""
    file = tmp_path / f"out.{form}"
    result = run("stats", "wipo_green_partners", "--chart", str(file))
    assert result.exit_code == 0
    assert file.read_bytes().startswith(b"\x89PNG" if form == "png" else b"<?xml")
    assert "53 partners, 18 December 2014" in " ".join(result.stderr.split())


def test_chart_without_font(run, warm, tmp_path, monkeypatch):
    """Without a font for Chinese the chart is drawn in English, and the command says so."""
    monkeypatch.setattr(charts, "font", lambda: None)
    result = run("stats", "wipo_green_partners", "--chart", str(tmp_path / "out.svg"), lang="zh")
    assert "<title>WIPO GREEN partners</title>" in (tmp_path / "out.svg").read_text(encoding="utf-8")
    assert "英文标注" in result.stderr


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_tables(run, warm, tmp_path, lang):
    """CSV and XLSX hold every figure of the reply with its source, in the reader's script."""
    names = [str(tmp_path / "out.csv"), str(tmp_path / "out.xlsx")]
    assert run("stats", "wipo_green_partners", "--csv", names[0], "--xlsx", names[1], lang=lang).exit_code == 0
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode("utf-8-sig"))))
    sheet = [list(row) for row in openpyxl.load_workbook(names[1]).active.iter_rows(values_only=True)]
    assert rows[0] == sheet[0] == list(figure_files.COLUMNS)
    assert len(rows) == len(sheet) == 7
    first = dict(zip(sheet[0], sheet[1], strict=True))
    assert (first["value"], first["qualifier"], first["as_of"]) == (150, "more_than", "2024-11-12")
    assert all(dict(zip(rows[0], row, strict=True))["link"].startswith("http") for row in rows[1:])
    assert (simplified(first["label"]) != first["label"]) is (lang == "zh-Hant")


def test_export_of_a_question(run, warm, tmp_path):
    """The figures of any answer go to a file with the question they answer."""
    file = tmp_path / "out.csv"
    assert run("ask", "Compare the clusters of China and the US", "--export", str(file)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    assert {row["metric"] for row in rows} == {"gii_clusters_china", "gii_clusters_us"}
    assert {row["question"] for row in rows} == {"Compare the clusters of China and the US"}


@pytest.mark.parametrize("form", figure_files.FORMS)
def test_no_formula_gets_out(form):
    """Text of a question or a record that a spreadsheet would run is disarmed; numbers stay numbers."""
    figure = Figure("m", EVIL, -7, "exact", EVIL, "+1", "2024", "-7", note="@x", source=Cited("-1+2", EVIL, None, "\t=1"))
    data = figure_files.table(Answer(EVIL, "en", ANSWERED, (figure,)), form)
    if form == ".csv":
        cells = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[1]
    else:
        cells = [cell.value for cell in list(openpyxl.load_workbook(io.BytesIO(data)).active.rows)[1]]
        assert cells[3] == -7
    assert not [cell for cell in cells if isinstance(cell, str) and cell[:1] in ("=", "+", "@", "\t")]


@pytest.mark.parametrize(
    ("args", "english", "chinese"),
    [
        (["stats", "wipo_green_partners", "--chart", "out.gif"], ".png, .svg", ".png"),
        (["stats", "wipo_green_partners", "--csv", "out.txt"], ".csv, .xlsx", ".csv"),
        (["ask", "how many partners?", "--export", "out.doc"], ".csv, .xlsx", ".xlsx"),
        (["ask", "hello", "--export", "out.csv"], "no figures to write", "没有可写入的数字"),
        (["stats", "wipo_green_founded", "--chart", "out.png"], "no figures to draw", "没有可作图的数字"),
        (["stats", "wipo_green_partners", "--csv", "no/such/folder/out.csv"], "cannot be written", "无法写入"),
        (["ask", "--file", "x.jsonl", "--export", "out.csv"], "not with --file", "不能与 --file"),
        (["stats", "wipo_green_partners", "--lang", "fr"], "no language", "fr"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_bad_input(run, warm, tmp_path, lang, args, english, chinese):
    """What cannot be done is said with what to do instead, in the reader's language, and nothing is written."""
    result = run(*args, lang=lang)
    assert result.exit_code == 2
    assert (english if lang == "en" else chinese) in " ".join(result.stderr.split())
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".gif", ".png", ".txt", ".doc")]
