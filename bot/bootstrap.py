"""Wiring: settings in, a working assistant out. Nothing else in the project puts the parts together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.settings import Settings
from knowledge import starter
from knowledge.store import Changes, KnowledgeBase
from retrieval import glossary, index, names
from retrieval.build import Contents, Update, update
from retrieval.build import build as index_build
from retrieval.changes import changes_since
from retrieval.documents import FOUND, documents, terms
from retrieval.embed import Embedder, make_embedder
from retrieval.errors import IndexMissing, IndexOutOfDate
from retrieval.index import Index, Progress
from retrieval.retriever import HybridRetriever

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.model.jobs import Jobs

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
    """Bring the knowledge base and the index up to date with the starter files; a second time there is nothing to do.

    Where few records changed since the index was made, only they are indexed anew.
    """
    changes = Changes()
    if kb.note(STARTER) != starter.digest():
        changes = kb.save(starter.records(), origin="starter")
        kb.remember(STARTER, starter.digest())
    embedder = make_embedder(settings.embedder)
    if not force and in_step(settings, kb, embedder):
        return Built(changes, indexed=False)
    change = None if force else changed(settings, kb, embedder)
    if change is not None:
        update(settings.index_dir, change, embedder, chroma_url=settings.chroma)
        return Built(changes, indexed=True)
    size = 2 * sum(kb.counts()[table.KIND] for table in FOUND)
    contents = Contents(documents(kb), kb.fingerprint, terms(kb), names.build(kb), size, kb.states())
    index_build(settings.index_dir, contents, embedder, progress, chroma_url=settings.chroma)
    return Built(changes, indexed=True)


def changed(settings: Settings, kb: KnowledgeBase, embedder: Embedder) -> Update | None:
    """What changed since the index was made; None when there is no index to go on from, or too much has changed."""
    try:
        folder = index.current(settings.index_dir)
        index.Manifest.read(folder).check_maker(embedder, server=settings.chroma is not None)
        return changes_since(folder, kb)
    except (IndexMissing, IndexOutOfDate):
        return None


def in_step(settings: Settings, kb: KnowledgeBase, embedder: Embedder) -> bool:
    """Whether the index was made from this knowledge base with this encoder."""
    try:
        manifest = index.Manifest.read(index.current(settings.index_dir))
        manifest.check(kb.fingerprint, embedder, server=settings.chroma is not None)
    except (IndexMissing, IndexOutOfDate):
        return False
    return True


def open_retriever(settings: Settings, kb: KnowledgeBase) -> HybridRetriever:
    """The retriever over the current index; refuses one that is out of step with the knowledge base."""
    embedder = make_embedder(settings.embedder)
    own = glossary.read(settings.glossary) if settings.glossary else ()
    opened = Index(index.current(settings.index_dir), settings.chroma, own)
    opened.manifest.check(kb.fingerprint, embedder, server=settings.chroma is not None)
    return HybridRetriever(opened, embedder, home=settings.index_dir)


def open_assistant(settings: Settings, kb: KnowledgeBase) -> Assistant:
    """The assistant over the current index, with the conversations of this database and the language model that is set."""
    from bot.assistant import Assistant
    from bot.conversation.memory import StoredMemory

    retriever = open_retriever(settings, kb)
    model = open_model(settings, kb, retriever)
    memory = StoredMemory.open(settings, kb)
    writer, rewriter = (model.writer, model.rewriter) if model else (None, None)
    return Assistant(kb, retriever, memory=memory, writer=writer, rewriter=rewriter)


def open_model(settings: Settings, kb: KnowledgeBase, retriever: HybridRetriever) -> Jobs | None:
    """The jobs of the language model that is set; none, and nothing of it imported, when there is none."""
    if settings.model is None:
        return None
    from bot.model.jobs import Jobs

    return Jobs.open(settings, kb, retriever)
