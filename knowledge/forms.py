"""Records as people write them: nested by language in files, flat in tables.

``{"name": {"en": "…", "zh": "…"}}`` and ``{"name_en": "…", "name_zh": "…"}`` are the same record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.records import KINDS, LANGUAGES, Record


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Bilingual fields taken apart into ``…_en`` and ``…_zh``; everything else as it was."""
    result: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and value and set(value) <= set(LANGUAGES):
            result.update({f"{name}_{lang}": text for lang, text in value.items()})
        else:
            result[name] = value
    return result


def nested(record: Record) -> dict[str, Any]:
    """The record as a person would write it in a file: bilingual fields together, empty fields left out."""
    content = record.content()
    result: dict[str, Any] = {}
    for name, value in content.items():
        stem, _, lang = name.rpartition("_")
        if lang in LANGUAGES and stem:
            result.setdefault(stem, {})[lang] = value
        else:
            result[name] = value
    return result


def columns(kind: str) -> list[str]:
    """The columns of a kind that a file may fill, in the order of the table."""
    return [name for name in KINDS[kind].model_fields if name not in ("origin", "digest")]


def build(kind: str, fields: Mapping[str, Any]) -> Record:
    """A record of ``kind`` from nested or flat fields; unknown fields and wrong types raise ``ValidationError``."""
    table = KINDS[kind]
    values = flat(fields)
    unknown = sorted(set(values) - set(columns(kind)))
    if unknown:
        raise ValueError(f"{kind} has no field {', '.join(unknown)}; it has {', '.join(columns(kind))}")
    # Table models skip validation when constructed, so ask for it.
    return table.model_validate(values)
