"""LangChain's EnsembleRetriever: BM25Retriever (with jieba) and Chroma, joined by reciprocal rank fusion."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from langchain_chroma import Chroma
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_core.documents import Document as Text
from langchain_core.runnables import RunnableLambda

from benchmarks.encoder import CachedEncoder
from benchmarks.questions import Asked
from benchmarks.systems import DEPTH, Place, distinct, documents_of, facets_of, in_batches, text_of, values_of
from knowledge.records import LANGUAGES, Listing
from retrieval.documents import Document, documents

_BATCH = 5_000
_OVERFETCH = 4  # BM25Retriever cannot filter: it brings this many times as many, and what does not fit is dropped


def words(text: str) -> list[str]:
    """The words of a text in any language, as jieba cuts them for search."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return [word for word in jieba.lcut_for_search(text.lower()) if word.strip()]


class LangChainEnsemble:
    """As LangChain's documentation puts it together. BM25Retriever lives in memory: a new process makes it anew."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._texts: dict[str, Text] = {}
        self._chroma = Chroma(
            "documents",
            CachedEncoder(str(place.vectors)),
            persist_directory=str(place.folder / "chroma"),
            collection_configuration={"hnsw": {"space": "cosine"}},
        )
        self._bm25: Any = None

    def build(self) -> None:
        """Add all documents to Chroma."""
        texts = [_text(item) for item in documents(self.place.open_kb())]
        in_batches(texts, _BATCH, lambda batch: self._chroma.add_documents(list(batch), ids=[text.id for text in batch]))
        self._index(texts)

    def open(self) -> None:
        """Read the documents and make the BM25 index."""
        self._index([_text(item) for item in documents(self.place.open_kb())])

    def find(self, asked: Asked) -> list[str]:
        """Ask both and fuse."""
        allowed = {facet: values_of(facet, value) for facet, value in asked.facets}
        wheres: list[dict[str, Any]] = [{facet: {"$in": values}} for facet, values in allowed.items()]
        search: dict[str, Any] = {"k": DEPTH}
        lexical: Any = self._bm25
        if wheres:
            search["filter"] = wheres[0] if len(wheres) == 1 else {"$and": wheres}
            wide = self._bm25.model_copy(update={"k": DEPTH * _OVERFETCH})
            lexical = wide | RunnableLambda(lambda texts: [text for text in texts if _fits(text, allowed)][:DEPTH])
        dense = self._chroma.as_retriever(search_kwargs=search)
        ensemble = EnsembleRetriever(retrievers=[lexical, dense], weights=[0.5, 0.5], id_key="id")
        return distinct(text.metadata["key"] for text in ensemble.invoke(asked.text))

    def change(self, saved: Sequence[Listing], gone: Sequence[str]) -> None:
        """Change Chroma; make the BM25 index anew."""
        out = [f"{key}#{lang}" for key in gone for lang in LANGUAGES if f"{key}#{lang}" in self._texts]
        if out:
            self._chroma.delete(ids=out)
        with_new = {id_: text for id_, text in self._texts.items() if id_ not in set(out)}
        if saved:
            new = [_text(item) for item in documents_of(self.place.open_kb(), saved)]
            self._chroma.add_documents(new, ids=[text.id for text in new])
            with_new.update((str(text.id), text) for text in new)
        self._index(list(with_new.values()))

    def _index(self, texts: list[Text]) -> None:
        self._texts = {str(text.id): text for text in texts}
        self._bm25 = BM25Retriever.from_documents(texts, preprocess_func=words, k=DEPTH)


def _text(item: Document) -> Text:
    id_ = f"{item.key}#{item.lang}"
    return Text(id=id_, page_content=text_of(item), metadata={"id": id_, "key": item.key, "lang": item.lang, **facets_of(item)})


def _fits(text: Text, allowed: dict[str, list[str]]) -> bool:
    return all(text.metadata.get(facet) in values for facet, values in allowed.items())
