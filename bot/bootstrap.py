"""Wiring: settings in, a working assistant out. Nothing else in the project puts the parts together."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings import Settings
from knowledge import starter
from knowledge.store import Changes, KnowledgeBase
from retrieval import index, names
from retrieval.documents import documents, terms
from retrieval.embed import Embedder, make_embedder
from retrieval.errors import IndexMissing, IndexOutOfDate
from retrieval.index import Contents, Index, Progress
from retrieval.retriever import HybridRetriever

STARTER = "starter"


@dataclass(frozen=True)
class Built:
    """What a build did: the starter records that changed, and whether an index had to be made."""

    changes: Changes
    indexed: bool


def open_kb(settings: Settings) -> KnowledgeBase:
    """The knowledge base, its schema up to date."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return KnowledgeBase.open(settings.database)


def build(settings: Settings, kb: KnowledgeBase, progress: Progress = lambda *_: None, *, force: bool = False) -> Built:
    """Bring the knowledge base and the index up to date with the starter files; a second time there is nothing to do."""
    changes = Changes()
    if kb.note(STARTER) != starter.digest():
        changes = kb.save(starter.records(), origin="starter")
        kb.remember(STARTER, starter.digest())
    embedder = make_embedder(settings.embedder)
    if not force and in_step(settings, kb, embedder):
        return Built(changes, indexed=False)
    contents = Contents(list(documents(kb)), kb.fingerprint, list(terms(kb)), names.build(kb))
    index.build(settings.index_dir, contents, embedder, progress)
    return Built(changes, indexed=True)


def in_step(settings: Settings, kb: KnowledgeBase, embedder: Embedder) -> bool:
    """Whether the index was made from this knowledge base with this encoder."""
    try:
        index.Manifest.read(index.current(settings.index_dir)).check(kb.fingerprint, embedder)
    except (IndexMissing, IndexOutOfDate):
        return False
    return True


def open_retriever(settings: Settings, kb: KnowledgeBase) -> HybridRetriever:
    """The retriever over the current index; refuses one that is out of step with the knowledge base."""
    embedder = make_embedder(settings.embedder)
    opened = Index(index.current(settings.index_dir))
    opened.manifest.check(kb.fingerprint, embedder)
    return HybridRetriever(opened, embedder)
