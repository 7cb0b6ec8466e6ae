"""The starter data: files under knowledge/data that people read, edit and review, made into records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.errors import StarterBroken
from knowledge.forms import build
from knowledge.records import Record

DATA = Path(__file__).parent / "data"

FILES: dict[str, str] = {
    "sources.yaml": "source",
    "technologies.yaml": "listing",
    "needs.yaml": "listing",
    "experts.yaml": "listing",
    "organisations.yaml": "organisation",
    "people.yaml": "person",
    "events.yaml": "event",
    "programmes.yaml": "programme",
    "statistics.yaml": "metric",
    "articles.yaml": "article",
    "taxonomy.yaml": "taxon",
}
# Files call a name what it is to a reader; the tables call it a name.
NAMED = {"source": "title", "metric": "label", "article": "question"}
# A person's appearances and a metric's figures are written under their owner and become rows of their own.
CHILDREN = {"person": ("appearances", "appearance", "person"), "metric": ("figures", "statistic", "metric")}


def read_yaml(path: Path) -> Any:
    """The contents of a YAML file, by the fast loader where it is built in."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=loader)  # noqa: S506  (both are safe loaders)


def records(folder: Path = DATA) -> Iterator[Record]:
    """Every record of the starter files; the first field that breaks a rule is a :class:`StarterBroken`."""
    for file, kind in FILES.items():
        for fields in read_yaml(folder / file) or []:
            yield from _records(file, kind, dict(fields))


def _records(file: str, kind: str, fields: dict[str, Any]) -> Iterator[Record]:
    many, child, owner = CHILDREN.get(kind, ("", "", ""))
    children = fields.pop(many, []) if many else []
    if kind in NAMED:
        fields = _renamed(fields, NAMED[kind])
    yield _record(file, kind, fields)
    for below in children:
        yield _record(file, child, {**below, owner: fields["id"]})


def _renamed(fields: Mapping[str, Any], called: str) -> dict[str, Any]:
    renamed = {("name" if name == called else name): value for name, value in fields.items()}
    if "translated" in fields:
        renamed["translated"] = [re.sub(rf"^{called}\.", "name.", text) for text in fields["translated"]]
    return renamed


def _record(file: str, kind: str, fields: Mapping[str, Any]) -> Record:
    try:
        return build(kind, fields)
    except (ValidationError, ValueError) as error:
        raise StarterBroken(f"knowledge/data/{file}, record {fields.get('id', '?')}: {error}") from error


@cache
def digest(folder: Path = DATA) -> str:
    """A digest of the starter files as they stand, to tell whether the database was built from them."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:32]
