"""Files of records, read a row at a time: CSV, JSONL and XLSX, and folders of them.

Nothing here knows what a record is allowed to say; a row is a mapping from column to what stands there.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import warnings as python_warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from knowledge.errors import ImportRefused
from knowledge.forms import columns, flat
from knowledge.records import KINDS
from knowledge.rules import Finding

LARGEST = 200_000_000
LARGEST_UNPACKED = 500_000_000
SOURCE_COLUMNS = ("source_title", "source_url", "source_publisher", "source_date")

_DELIMITERS = {".csv": ",;\t", ".tsv": "\t"}
_MACROS = (".xlsm", ".xltm", ".xlsb", ".xlam", ".xls")
_PACK = 1 << 20
# What openpyxl lets through when a workbook is damaged.
_BROKEN_WORKBOOK = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError, EOFError, OSError,
    ParseError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row: the columns it fills, where it stands, and what is wrong with it when it could not be read."""

    line: int
    cells: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None
    kind: str | None = None
    is_json: bool = False
    fault: Finding | None = None


def read_rows(path: str | Path, warnings: list[Finding] | None = None) -> Iterator[Row]:
    """The rows of a CSV, TSV, JSONL, NDJSON or XLSX file, or of all such files in a folder, read as they are asked for.

    A file that cannot be read at all is :class:`ImportRefused`; what a reader should know goes to ``warnings``.
    """
    path = Path(path)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in _READERS) if path.is_dir() else [path]
    if not files:
        raise ImportRefused(f"{path} has no file to import; put .csv, .jsonl or .xlsx files there")
    for file in files:
        _refuse(file)
    return _rows(files, [] if warnings is None else warnings)


def _rows(files: Sequence[Path], warnings: list[Finding]) -> Iterator[Row]:
    for file in files:
        part = file.name if len(files) > 1 else None
        try:
            yield from _READERS[file.suffix.lower()](file, part, warnings)
        except UnicodeDecodeError as error:
            raise ImportRefused(f"{file} changed while it was read: {error}; import it again") from error


def _refuse(path: Path) -> None:
    suffix = path.suffix.lower()
    if not path.exists():
        raise ImportRefused(f"there is no file {path}; check the path")
    if suffix in _MACROS:
        raise ImportRefused(f"{path}: a {suffix} file is not imported; save it as .xlsx, without macros")
    if suffix not in _READERS:
        raise ImportRefused(f"{path} has no known form; write .csv, .jsonl or .xlsx (see docs/import-format.md)")
    try:
        size = path.stat().st_size
        path.open("rb").close()
    except OSError as error:
        raise ImportRefused(f"{path} cannot be opened: {error.strerror}; check who may read it") from error
    if size == 0:
        raise ImportRefused(f"{path} is empty; write a header row and the records below it")
    if size > LARGEST:
        raise ImportRefused(f"{path} has {_mb(size)}, {_mb(LARGEST)} is the most; split it into several files")


def _read_csv(path: Path, part: str | None, warnings: list[Finding]) -> Iterator[Row]:
    encoding = _encoding(path, part, warnings)
    with path.open(encoding=encoding, newline="") as file:
        first = next((line for line in file if line.strip()), "")
        delimiter = _delimiter(first, _DELIMITERS[path.suffix.lower()])
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        for line, cells, fault in _csv_records(reader, part):
            if header is None:
                header = _header(path, cells)
            elif fault is None and len(cells) > len(header) and any(map(str.strip, cells[len(header) :])):
                detail = {"count": len(cells), "expected": len(header)}
                yield Row(line, part=part, fault=_fault(line, part, cells[len(header)], "columns", detail))
            else:
                yield Row(line, _cells(header, cells), part, fault=fault)
        if header is None:
            raise ImportRefused(f"{path} is empty; write a header row and the records below it")


def _csv_records(reader: Any, part: str | None) -> Iterator[tuple[int, list[str], Finding | None]]:
    """Line, cells and fault of each record; after a quotation mark that does not close, the next line is read on."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, [], _fault(line, part, "", "quoting", {"last": reader.line_num})
            continue
        if any(map(str.strip, cells)):
            yield line, cells, None


def _read_jsonl(path: Path, part: str | None, warnings: list[Finding]) -> Iterator[Row]:
    met = False
    with path.open(encoding=_encoding(path, part, warnings), newline="\n") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            met = True
            try:
                fields = json.loads(text)
            except (ValueError, RecursionError):
                fields = None
            if isinstance(fields, dict):
                cells = flat({name.strip().lower(): value for name, value in fields.items()})
                yield Row(line, cells, part, is_json=True)
            else:
                yield Row(line, part=part, fault=_fault(line, part, text.strip(), "row"))
    if not met:
        raise ImportRefused(f"{path} is empty; write one JSON object a line")


def _read_xlsx(path: Path, part: str | None, warnings: list[Finding]) -> Iterator[Row]:
    _refuse_archive(path)
    import openpyxl

    try:
        with python_warnings.catch_warnings():
            # openpyxl warns of drawings and styles it leaves out; there are no records in those.
            python_warnings.simplefilter("ignore", UserWarning)
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            names = [sheet.title for sheet in workbook.worksheets]
            named = [name for name in names if name.strip().lower() in KINDS]
            for name in named or names[:1]:
                where = name if len(named) > 1 else part
                yield from _sheet(path, workbook[name], where, name.strip().lower() if named else None)
            for name in names if named else names[1:]:
                if name not in named:
                    warnings.append(_fault(None, part, name, "sheet", {"allowed": list(KINDS)}))
        finally:
            workbook.close()
    except _BROKEN_WORKBOOK as error:
        raise ImportRefused(f"{path} cannot be read as XLSX ({error}); open it, save it as .xlsx again") from error


def _sheet(path: Path, sheet: Any, part: str | None, kind: str | None) -> Iterator[Row]:
    # The size a sheet claims may be far beyond what it holds.
    sheet.reset_dimensions()
    header: list[str] | None = None
    for line, row in enumerate(sheet.iter_rows(), 1):
        cells = [_cell_value(cell) for cell in row]
        if not any(cell is not None and str(cell).strip() for cell in cells):
            continue
        if header is None:
            header = _header(path, [str(cell or "") for cell in cells])
        else:
            yield Row(line, _cells(header, cells), part, kind)
    if header is None:
        raise ImportRefused(f"{path} is empty; write a header row and the records below it")


def _cell_value(cell: Any) -> Any:
    """What a cell holds; a date only as precise as the cell shows it."""
    if not isinstance(cell.value, datetime):
        return cell.value
    shows = re.sub(r'\[[^]]*]|"[^"]*"|\\.', "", cell.number_format or "").lower()
    if "d" in shows or "y" not in shows:
        return cell.value
    return f"{cell.value:%Y-%m}" if "m" in shows else f"{cell.value:%Y}"


def _refuse_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise ImportRefused(f"{path} is no XLSX file, or has a password; save it as .xlsx without one") from error
    if any(item.filename.lower().endswith("vbaproject.bin") for item in inside):
        raise ImportRefused(f"{path} has macros; save it as .xlsx, without macros")
    unpacked = sum(item.file_size for item in inside)
    if unpacked > LARGEST_UNPACKED:
        raise ImportRefused(f"{path} unpacks to {_mb(unpacked)}, {_mb(LARGEST_UNPACKED)} is the most; save it as .csv")


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() or f"column {number}" for number, cell in enumerate(cells, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportRefused(f"{path}: the header has {', '.join(twice)} twice; name each column once")
    if not _COLUMNS.intersection(names):
        raise ImportRefused(
            f"{path}: the first row names no known column, it has {', '.join(names)[:80]!r}; "
            "write a header row such as id,name_en,name_zh (see docs/import-format.md)"
        )
    return names


def _cells(header: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    return {name: cells[number] if number < len(cells) else None for number, name in enumerate(header)}


def _delimiter(header: str, choices: str) -> str:
    """The delimiter that makes the most known columns of a header."""
    return max(choices, key=lambda char: len(_COLUMNS.intersection(_names(header, char))))


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in header.split(delimiter)]


def _encoding(path: Path, part: str | None, warnings: list[Finding]) -> str:
    with path.open("rb") as file:
        start = file.read(2)
    marked = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            if encoding == "gb18030":
                warnings.append(_fault(None, part, "GB18030", "encoding"))
            return encoding
    raise ImportRefused(f"{path} is neither UTF-8 nor GB18030; save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while pack := file.read(_PACK):
                decoder.decode(pack)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _fault(line: int | None, part: str | None, value: str, rule: str, detail: dict[str, Any] | None = None) -> Finding:
    return Finding(line, "", "", value[:160], rule, {**(detail or {}), **({"part": part} if part else {})})


_COLUMNS = {"record", *SOURCE_COLUMNS, *(column for kind in KINDS for column in columns(kind))}
_READERS = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".xlsx": _read_xlsx,
}
