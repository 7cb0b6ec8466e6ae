"""Knowledge bases to test on, and records to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.forms import build
from knowledge.records import Record
from knowledge.store import KnowledgeBase


@pytest.fixture
def kb() -> Iterator[KnowledgeBase]:
    """A knowledge base in memory, empty."""
    kb = KnowledgeBase.open("sqlite://")
    yield kb
    kb.close()


@pytest.fixture
def kb_file(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A knowledge base in a file, empty."""
    kb = KnowledgeBase.open(f"sqlite:///{tmp_path / 'knowledge.db'}")
    yield kb
    kb.close()


@pytest.fixture
def kb_postgres(postgres_url: str) -> Iterator[KnowledgeBase]:
    """A knowledge base in PostgreSQL, empty."""
    kb = KnowledgeBase.open(postgres_url)
    yield kb
    kb.close()


@pytest.fixture(params=["kb", "kb_file", "kb_postgres"])
def each_kb(request: pytest.FixtureRequest) -> KnowledgeBase:
    """Each kind of database in turn."""
    found: KnowledgeBase = request.getfixturevalue(request.param)
    return found


EXAMPLES: dict[str, dict[str, Any]] = {
    "source": {"name": {"en": "The solar gazette"}, "url": "https://example.org/gazette", "date": "2024-05"},
    "organisation": {"name": {"en": "Sun Works", "zh": "阳光工厂"}, "country": "CN", "website": "https://sun.example"},
    "listing": {
        "kind": "technology",
        "name": {"en": "Solar kiln", "zh": "太阳能窑炉"},
        "sector": "energy",
        "summary": {"en": "Fires bricks by sunlight.", "zh": "用阳光烧砖。"},
        "tags": {"en": ["solar", "bricks"], "zh": ["太阳能", "砖"]},
        "country": "CN",
        "stage": "demonstration",
    },
    "person": {"name": {"en": "Li Yang", "zh": "李阳"}},
    "event": {"name": {"en": "Sun camp", "zh": "阳光营"}, "start": "2021-04-27", "end": "2021-04-28"},
    "appearance": {"person": "person-1", "event": "event-1", "role": {"en": "Speaker"}},
    "programme": {"name": {"en": "Sun for all"}, "start": "2013"},
    "metric": {"name": {"en": "Kilns sold", "zh": "窑炉销量"}},
    "statistic": {"metric": "metric-1", "value": 130000, "qualifier": "nearly", "as_of": "2024-05-30"},
    "article": {"name": {"en": "What is a kiln?"}, "answer": {"en": "An oven."}, "about": ["listing/listing-1"]},
    "taxon": {"name": {"en": "Solar heat"}, "scheme": "IPC Green Inventory", "level": 1},
}


def _example(kind: str, id_: str = "", /, **fields: Any) -> dict[str, Any]:
    sources = {} if kind in ("source", "metric") else {"sources": ["source-1"]}
    return {"id": id_ or f"{kind}-1", **EXAMPLES[kind], **sources, **fields}


@pytest.fixture
def example() -> Callable[..., dict[str, Any]]:
    """The fields of a good record of a kind, with changes."""
    return _example


@pytest.fixture
def record() -> Callable[..., Record]:
    """A good record of a kind, with changes."""
    return lambda kind, id_="", /, **fields: build(kind, _example(kind, id_, **fields))


@pytest.fixture
def one_of_each(record: Callable[..., Record]) -> list[Record]:
    """A good record of every kind; each reference leads to another of them."""
    return [record(kind) for kind in EXAMPLES]
