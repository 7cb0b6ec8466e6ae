"""BEIR folders: documents, questions and judgements that others have made, in the layout of the BEIR benchmark.

``corpus.jsonl`` has a document a line (``_id``, ``title``, ``text``), ``queries.jsonl`` a question (``_id``, ``text``), each with
its language in ``metadata.lang``; the files under ``qrels`` say which document answers which question, and how well.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import DataSetBroken
from retrieval.language import base, detect, parse

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Item:
    """A document or a question of a data set. ``lang`` is ``en`` or ``zh``, whichever script it is written in."""

    id: str
    lang: str
    text: str
    title: str = ""


@dataclass(frozen=True)
class DataSet:
    """Documents, the questions that one of them answers, and for each question the gains of the documents judged for it."""

    name: str
    documents: tuple[Item, ...]
    questions: tuple[Item, ...]
    judgements: Mapping[str, Mapping[str, float]]


def read(folder: Path, split: str | None = None) -> DataSet:
    """The data set in a folder, with the judgements of all its qrels files joined, or of ``split`` alone.

    :class:`DataSetBroken` names the first thing that is wrong, with file and line. Questions without a relevant document are left
    out: there is nothing to find for them.
    """
    if not folder.is_dir():
        raise DataSetBroken("no_folder", path=folder)
    documents = _items(folder / CORPUS)
    questions = _items(folder / QUERIES)
    judgements = _judgements(_qrels(folder, split), documents, questions)
    asked = tuple(item for id_, item in questions.items() if any(gain > 0 for gain in judgements.get(id_, {}).values()))
    if not asked:
        raise DataSetBroken("nothing_relevant", path=folder / QRELS)
    return DataSet(folder.resolve().name, tuple(documents.values()), asked, judgements)


def _items(path: Path) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for where, line in _lines(path):
        item = _item(where, line)
        if item.id in items:
            raise DataSetBroken("twice", where=where, id=item.id)
        items[item.id] = item
    if not items:
        raise DataSetBroken("empty", path=path)
    return items


def _item(where: str, line: str) -> Item:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataSetBroken("not_json", where=where, reason=error) from error
    if not isinstance(row, dict):
        raise DataSetBroken("not_object", where=where)
    id_, text, title = row.get("_id"), row.get("text"), row.get("title") or ""
    # Some sets number their texts; qrels have the number as text.
    if isinstance(id_, bool) or not isinstance(id_, str | int) or id_ == "":
        raise DataSetBroken("no_id", where=where)
    if not isinstance(text, str) or not isinstance(title, str):
        raise DataSetBroken("no_text", where=where)
    return Item(str(id_), _language(where, row, f"{title} {text}"), text, title)


def _language(where: str, row: Mapping[str, Any], text: str) -> str:
    metadata = row.get("metadata")
    told = metadata.get("lang") if isinstance(metadata, dict) else None
    if not told:
        return base(detect(text))
    lang = parse(told) if isinstance(told, str) else None
    if lang is None:
        raise DataSetBroken("unknown_lang", where=where, lang=told)
    return base(lang)


def _qrels(folder: Path, split: str | None) -> Sequence[Path]:
    found = sorted((folder / QRELS).glob("*.tsv"))
    if not found:
        raise DataSetBroken("no_qrels", path=folder / QRELS)
    if split is None:
        return found
    chosen = [path for path in found if path.stem == split]
    if not chosen:
        raise DataSetBroken("no_split", path=folder / QRELS, split=split, splits=", ".join(path.stem for path in found))
    return chosen


def _judgements(
    files: Sequence[Path], documents: Mapping[str, Item], questions: Mapping[str, Item]
) -> dict[str, dict[str, float]]:
    judgements: dict[str, dict[str, float]] = defaultdict(dict)
    for path in files:
        for number, (where, line) in enumerate(_lines(path)):
            cells = [cell.strip() for cell in line.split("\t")]
            if len(cells) != 3:
                raise DataSetBroken("not_a_judgement", where=where)
            question, document, score = cells
            gain = _gain(score)
            if gain is None:
                if number == 0:  # the heading
                    continue
                raise DataSetBroken("no_score", where=where, value=score)
            if question not in questions:
                raise DataSetBroken("unknown_question", where=where, id=question)
            if document not in documents:
                raise DataSetBroken("unknown_document", where=where, id=document)
            # Judged in two files, the better judgement holds.
            judgements[question][document] = max(gain, judgements[question].get(document, gain))
    return dict(judgements)


def _gain(score: str) -> float | None:
    try:
        gain = float(score)
    except ValueError:
        return None
    return gain if math.isfinite(gain) else None


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line that is not blank, after where it stands: ``corpus.jsonl:12``, with the folder before it."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                where = f"{path}:{number}"
                try:
                    line = (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8")
                except UnicodeDecodeError as error:
                    raise DataSetBroken("not_utf8", where=where) from error
                if line.strip():
                    yield where, line.rstrip("\r\n")
    except FileNotFoundError as error:
        raise DataSetBroken("no_file", path=path) from error
    except OSError as error:
        raise DataSetBroken("unreadable", path=path, reason=error.strerror or error) from error
