"""The retriever as LangChain knows retrievers, for chains and graphs of one's own."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from knowledge.records import Record
from knowledge.store import KnowledgeBase
from retrieval.documents import Related, document, related
from retrieval.language import base, detect
from retrieval.retriever import HybridRetriever, Query


class GreenAskRetriever(BaseRetriever):
    """Finds records for a question in either language; a document's text is in the question's language.

    ``invoke("热泵")`` gives at most ``k`` documents, none when nothing fits; metadata: key, kind, names, score, sources.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: HybridRetriever
    kb: KnowledgeBase
    k: int = 5

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        hits = self.retriever.search(Query(query), k=self.k)
        records = {record.key: record for record in self.kb.fetch([hit.key for hit in hits])}
        linked, lang = related(self.kb), base(detect(query))
        return [_document(records[hit.key], lang, linked, hit.score) for hit in hits if hit.key in records]


def _document(record: Record, lang: str, linked: Related, score: float) -> Document:
    metadata: dict[str, Any] = {
        "key": record.key,
        "kind": record.KIND,
        "name_en": record.exactly("name", "en"),
        "name_zh": record.exactly("name", "zh"),
        "score": round(score, 3),
        "sources": list(record.sources),
    }
    return Document(id=record.key, page_content=document(record, lang, linked).text, metadata=metadata)
