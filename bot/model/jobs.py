"""The jobs of a language model, wired by the settings: which are on, within which limits."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from bot.model import naming, providers
from bot.model.chat import Chat
from bot.model.grounding import Grounding
from bot.model.ledger import Ledger
from bot.model.rewriter import QuestionRewriter
from bot.model.translator import Translator
from bot.model.writer import LeadWriter
from bot.settings import Settings
from bot.speech import Speech
from bot.staff.log import QuestionLog
from knowledge.store import KnowledgeBase
from retrieval.retriever import HybridRetriever

CHANNEL = "model"  # in which conversations have their pseudonyms


@dataclass(frozen=True)
class Jobs:
    """What a model does here; a job that is off is None."""

    chat: Chat
    writer: LeadWriter | None = None
    rewriter: QuestionRewriter | None = None
    translator: Translator | None = None

    @classmethod
    def open(cls, settings: Settings, kb: KnowledgeBase, retriever: HybridRetriever) -> Jobs:
        """The jobs that the settings want; :class:`ModelMissing` when the provider's package is not there.

        What takes long to load begins to load at once, in threads of their own.
        """
        assert settings.model is not None
        providers.check(settings.model, Speech(settings.lang or "en", "model"))
        chat = chat_of(settings, kb)
        chat.warm()
        threading.Thread(target=naming.warm, name="greenask-names", daemon=True).start()
        grounding = Grounding(retriever)
        jobs = settings.model_jobs
        return cls(
            chat,
            LeadWriter(chat, kb, grounding) if "write" in jobs else None,
            QuestionRewriter(chat, grounding) if "rewrite" in jobs else None,
            Translator(chat) if "translate" in jobs else None,
        )


def chat_of(settings: Settings, kb: KnowledgeBase) -> Chat:
    """The chat model that is set, within its limits."""
    assert settings.model is not None
    log = QuestionLog.open(settings, kb)
    ledger = Ledger(
        kb,
        a_day=settings.model_tokens_a_day,
        a_user=settings.model_tokens_a_user,
        pseudonym=lambda who: log.pseudonym(CHANNEL, who),
    )
    return Chat(
        settings.model,
        lambda: providers.make(settings),
        ledger,
        timeout=settings.model_timeout,
        concurrency=settings.model_concurrency,
        leave=providers.leave,
        forms=providers.forms(settings.model.partition(":")[0]),
    )
