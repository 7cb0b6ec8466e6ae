"""BEIR folders are read as they come, and what is wrong with one is named with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.beir import Item, read
from retrieval.errors import DataSetBroken

CORPUS = [
    {"_id": "zh-1", "title": "", "text": "A heat pump warms the school.", "metadata": {"lang": "en"}},
    {"_id": "en/2 b", "title": "热泵", "text": "用很少的电为学校供暖", "metadata": {"lang": "zh-CN"}},
    {"_id": 3, "title": None, "text": "讓河水可以飲用", "metadata": {"lang": "zh-TW", "source": "x"}},
]
QUERIES = [
    {"_id": "en-1", "text": "学校供暖", "metadata": {"lang": "zh"}},
    {"_id": "q2", "text": "How is a school heated?"},
    {"_id": "q3", "text": "如何淨化河水？", "metadata": {}},
    {"_id": "q4", "text": "nobody judged this"},
]
QRELS = "query-id\tcorpus-id\tscore\nen-1\tzh-1\t1\nen-1\ten/2 b\t2\nen-1\t3\t0\nq2\tzh-1\t1\nq3\t3\t1\n"


def write(folder: Path, *, corpus=CORPUS, queries=QUERIES, **qrels: str) -> Path:
    """A BEIR folder; lists are written a row a line, bytes as they are, None not at all."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        if isinstance(rows, list):
            rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        if rows is not None:
            (folder / name).write_bytes(rows)
    for name, text in (qrels or {"test": QRELS}).items():
        (folder / "qrels" / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder


def test_read(tmp_path: Path) -> None:
    """Ids, titles and texts are those of the files; the language is that of the metadata, otherwise that of the text."""
    data = read(write(tmp_path / "toy"))
    assert data.name == "toy"
    assert data.documents == (
        Item("zh-1", "en", "A heat pump warms the school."),
        Item("en/2 b", "zh", "用很少的电为学校供暖", "热泵"),
        Item("3", "zh", "讓河水可以飲用"),
    )
    assert [(question.id, question.lang) for question in data.questions] == [("en-1", "zh"), ("q2", "en"), ("q3", "zh")]
    assert data.judgements["en-1"] == {"zh-1": 1, "en/2 b": 2, "3": 0}


def test_name_of_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set is named for its folder, however the folder is written."""
    monkeypatch.chdir(write(tmp_path / "toy"))
    assert read(Path(".")).name == "toy"


def test_several_judgement_files(tmp_path: Path) -> None:
    """All files of judgements are joined, the better of two judgements holding; a split reads one alone."""
    folder = write(tmp_path, dev="en-1\tzh-1\t0\nq2\tzh-1\t3\n", test="en-1\tzh-1\t2\nq2\tzh-1\t1\n")
    assert read(folder).judgements == {"en-1": {"zh-1": 2}, "q2": {"zh-1": 3}}
    assert read(folder, "dev").judgements == {"en-1": {"zh-1": 0}, "q2": {"zh-1": 3}}
    assert [question.id for question in read(folder, "dev").questions] == ["q2"]


def test_files_of_other_systems(tmp_path: Path) -> None:
    """A byte order mark, line ends of Windows, blank lines and a file without a heading are no obstacle."""
    corpus = b"\xef\xbb\xbf" + b'{"_id": "1", "text": "wind"}\r\n\r\n{"_id": "2", "text": "sun"}\r\n'
    folder = write(tmp_path, corpus=corpus, queries=[{"_id": "q", "text": "wind?"}], test="\ufeffq\t1\t1\r\n\r\nq\t2\t0.5\r\n")
    data = read(folder)
    assert [item.id for item in data.documents] == ["1", "2"]
    assert data.judgements == {"q": {"1": 1, "2": 0.5}}


@pytest.mark.parametrize(
    ("files", "fault", "detail"),
    [
        ({"corpus": None}, "no_file", {"path": "corpus.jsonl"}),
        ({"queries": None}, "no_file", {"path": "queries.jsonl"}),
        ({"corpus": b"\n"}, "empty", {"path": "corpus.jsonl"}),
        ({"queries": []}, "empty", {"path": "queries.jsonl"}),
        ({"corpus": b'{"_id": "1", "text": "a"}\n{"_id": '}, "not_json", {"where": "corpus.jsonl:2"}),
        ({"corpus": b"[" * 100_000}, "not_json", {"where": "corpus.jsonl:1"}),
        ({"corpus": b'\n"text"\n'}, "not_object", {"where": "corpus.jsonl:2"}),
        ({"queries": b'{"_id": "q", "text": "\xff"}'}, "not_utf8", {"where": "queries.jsonl:1"}),
        ({"corpus": [{"text": "a"}]}, "no_id", {"where": "corpus.jsonl:1"}),
        ({"corpus": [{"_id": "", "text": "a"}]}, "no_id", {"where": "corpus.jsonl:1"}),
        ({"corpus": [{"_id": True, "text": "a"}]}, "no_id", {"where": "corpus.jsonl:1"}),
        ({"corpus": [{"_id": "1"}]}, "no_text", {"where": "corpus.jsonl:1"}),
        ({"corpus": [{"_id": "1", "title": 5, "text": "a"}]}, "no_text", {"where": "corpus.jsonl:1"}),
        ({"corpus": [*CORPUS, CORPUS[0]]}, "twice", {"where": "corpus.jsonl:4", "id": "zh-1"}),
        ({"queries": [{"_id": "q", "text": "a", "metadata": {"lang": "fr"}}]}, "unknown_lang", {"lang": "fr"}),
        ({"queries": [{"_id": "q", "text": "a", "metadata": {"lang": ["en"]}}]}, "unknown_lang", {"lang": ["en"]}),
        ({"test": "a b c\n"}, "not_a_judgement", {"where": "test.tsv:1"}),
        ({"test": QRELS + "q2\tzh-1\tyes\n"}, "no_score", {"where": "test.tsv:7", "value": "yes"}),
        ({"test": QRELS + "q2\tzh-1\tnan\n"}, "no_score", {"where": "test.tsv:7", "value": "nan"}),
        ({"test": QRELS + "q9\tzh-1\t1\n"}, "unknown_question", {"where": "test.tsv:7", "id": "q9"}),
        ({"test": QRELS + "q2\tzh-9\t1\n"}, "unknown_document", {"where": "test.tsv:7", "id": "zh-9"}),
        ({"test": "query-id\tcorpus-id\tscore\n"}, "nothing_relevant", {"path": "qrels"}),
        ({"test": "q2\tzh-1\t0\n"}, "nothing_relevant", {"path": "qrels"}),
    ],
)
def test_faults(tmp_path: Path, files: dict, fault: str, detail: dict) -> None:
    """What is wrong is named, with the file, the line and the value."""
    with pytest.raises(DataSetBroken) as caught:
        read(write(tmp_path, **files))
    assert caught.value.fault == fault
    for name, value in detail.items():
        met = caught.value.detail[name]
        assert Path(str(met)).name == value if name in ("where", "path") else met == value


def test_missing_parts(tmp_path: Path) -> None:
    """A folder that is not there, one without judgements, and a split that is not there are named."""
    with pytest.raises(DataSetBroken, match="no_folder"):
        read(tmp_path / "nowhere")
    folder = write(tmp_path)
    with pytest.raises(DataSetBroken, match=r"no_split.*split dev.*splits test"):
        read(folder, "dev")
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(DataSetBroken, match="no_qrels"):
        read(folder)
