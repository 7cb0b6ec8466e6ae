"""Changes: which records differ from those an index was made from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge.records import Listing, Record
from knowledge.store import KnowledgeBase
from retrieval import documents as texts
from retrieval import names
from retrieval.build import Update
from retrieval.documents import FOUND, Document
from retrieval.index import Index, read_records

_MOST = 0.2  # share of the documents that may have changed, or come since the last build, before building anew is the better way
_FEW = 1_000  # … and how many may in a small collection


def changes_since(folder: Path, kb: KnowledgeBase) -> Update | None:
    """What is to be done to the generation in ``folder`` for it to match the knowledge base; None when too much is."""
    now = kb.states()
    before, after = set(read_records(folder)), set(now)
    there = set(map(_key, after - before))
    differing = there | set(map(_key, before - after))
    index = Index(folder)
    limit = max(_FEW, int(_MOST * len(index.documents)))
    if len(differing) > limit:
        return None
    told = list(_told(differing, kb))
    living = index.documents.living({*differing, *(key for key, _, _ in told)})
    stale: list[str] = []
    fresh: list[tuple[Record, list[Document]]] = []
    for key, record, documents in told:
        said = {document.digest() for document in documents}
        if said != set(living.get(key, {}).values()):
            stale += [key] if key in living else []
            fresh += [(record, documents)] if record and documents else []
    stale += [key for key in living if key in differing and key not in there]
    added = sum(len(documents) for _, documents in fresh)
    if added + len(index.documents.dead) + len(stale) + len(index.documents) - index.manifest.built > limit:
        return None
    return Update(
        list(dict.fromkeys(stale)),
        [document for _, documents in fresh for document in documents],
        kb.fingerprint,
        [pair for record, _ in fresh for pair in texts.terms_of(record)],
        [name for record, _ in fresh for name in names.of(record)],
        now,
    )


def _key(state: str) -> str:
    return state.split("\t", 1)[0]


def _told(differing: set[str], kb: KnowledgeBase) -> Iterator[tuple[str, Record | None, list[Document]]]:
    """The records whose documents may have changed, with their documents as they are now.

    A listing speaks for itself. All others are folded into each other, as a person's document names events; they are few.
    """
    linked = texts.related(kb)
    listings = sorted(key for key in differing if key.startswith("listing/"))
    for record in kb.fetch(listings):
        yield record.key, record, list(texts.of(record, linked))
    if len(listings) < len(differing):
        for table in FOUND:
            if table is not Listing:
                for record in kb.each(table):
                    yield record.key, record, list(texts.of(record, linked))
