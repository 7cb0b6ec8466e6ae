"""Haystack's hybrid pipeline: BM25 in memory and vectors, in memory or in Chroma, joined by reciprocal rank fusion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

# It would report its use to its makers otherwise.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

from haystack import Document as Text
from haystack import Pipeline, component
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy

from benchmarks.encoder import CachedEncoder
from benchmarks.questions import Asked
from benchmarks.systems import DEPTH, Place, distinct, documents_of, facets_of, in_batches, text_of, values_of
from knowledge.records import LANGUAGES, Listing
from retrieval.documents import Document, documents

_BATCH = 5_000


@component
class QuestionEmbedder:
    """The shared encoder as a component."""

    def __init__(self, encoder: CachedEncoder) -> None:
        self.encoder = encoder

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        """Embed the question."""
        return {"embedding": self.encoder.embed_query(text)}


class HaystackInMemory:
    """As Haystack's documentation puts it together, in memory: a new process fills the store anew, vectors from the disk."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.encoder = CachedEncoder(str(place.vectors))
        self.words = InMemoryDocumentStore(shared=False)

    def build(self) -> None:
        """Fill the stores."""
        self._write(list(documents(self.place.open_kb())))

    def open(self) -> None:
        """Fill what lives in memory, and make the pipeline."""
        self._remember(list(documents(self.place.open_kb())))
        self._connect()

    def find(self, asked: Asked) -> list[str]:
        """Run the pipeline."""
        conditions = [
            {"field": f"meta.{facet}", "operator": "in", "value": values_of(facet, value)} for facet, value in asked.facets
        ]
        filters = (
            None if not conditions else conditions[0] if len(conditions) == 1 else {"operator": "AND", "conditions": conditions}
        )
        found = self._pipeline.run(
            {
                "embedder": {"text": asked.text},
                "bm25": {"query": asked.text, "filters": filters, "top_k": DEPTH},
                "dense": {"filters": filters, "top_k": DEPTH},
            }
        )
        return distinct(text.meta["key"] for text in found["joiner"]["documents"])

    def change(self, saved: Sequence[Listing], gone: Sequence[str]) -> None:
        """Write over, write new, delete."""
        out = [f"{key}#{lang}" for key in gone for lang in LANGUAGES]
        if out:
            self._delete(out)
        if saved:
            self._write(documents_of(self.place.open_kb(), saved))

    def _connect(self) -> None:
        self._pipeline = Pipeline()
        self._pipeline.add_component("embedder", QuestionEmbedder(self.encoder))
        self._pipeline.add_component("bm25", InMemoryBM25Retriever(self.words))
        self._pipeline.add_component("dense", self._dense())
        self._pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self._pipeline.connect("embedder.embedding", "dense.query_embedding")
        self._pipeline.connect("bm25", "joiner")
        self._pipeline.connect("dense", "joiner")

    def _write(self, items: Sequence[Document]) -> None:
        self._remember(items)

    def _remember(self, items: Sequence[Document]) -> None:
        in_batches(items, _BATCH, lambda batch: self.words.write_documents(self._texts(batch), DuplicatePolicy.OVERWRITE))

    def _delete(self, ids: list[str]) -> None:
        self.words.delete_documents(ids)

    def _dense(self) -> Any:
        return InMemoryEmbeddingRetriever(self.words)

    def _texts(self, items: Iterable[Document], *, vectors: bool = True) -> list[Text]:
        items = list(items)
        embeddings = self.encoder.embed_documents([text_of(item) for item in items]) if vectors else [None] * len(items)
        return [
            Text(
                id=f"{item.key}#{item.lang}",
                content=text_of(item),
                meta={"key": item.key, "lang": item.lang, **facets_of(item)},
                embedding=embedding,
            )
            for item, embedding in zip(items, embeddings, strict=True)
        ]


class HaystackChroma(HaystackInMemory):
    """The same with vectors in Chroma; BM25 stays in memory, as Haystack's Chroma store has none."""

    def __init__(self, place: Place) -> None:
        from haystack_integrations.document_stores.chroma import ChromaDocumentStore

        super().__init__(place)
        self.vectors = ChromaDocumentStore(
            "documents",
            persist_path=str(place.folder / "chroma"),
            distance_function="cosine",
            client_settings={"anonymized_telemetry": False},
        )

    def _write(self, items: Sequence[Document]) -> None:
        self._remember(items)
        in_batches(items, _BATCH, lambda batch: self.vectors.write_documents(self._texts(batch), DuplicatePolicy.OVERWRITE))

    def _remember(self, items: Sequence[Document]) -> None:
        in_batches(
            items,
            _BATCH,
            lambda batch: self.words.write_documents(self._texts(batch, vectors=False), DuplicatePolicy.OVERWRITE),
        )

    def _delete(self, ids: list[str]) -> None:
        super()._delete(ids)
        self.vectors.delete_documents(ids)

    def _dense(self) -> Any:
        from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever

        return ChromaEmbeddingRetriever(self.vectors)
