"""The journal beside the records: questions asked, answers by staff, who wants to be told, and what is being talked about.

Nothing here is a record: it is in no index, no export and no fingerprint. Times are UTC without a zone, since SQLite keeps
none. A ``conversation`` is a pseudonym, never a name or an id of a channel.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from knowledge.records import Words, json_column, text_column


def _time(**kwargs: Any) -> Any:
    return Field(default_factory=now, sa_type=DateTime, **kwargs)


def now() -> datetime:
    """The present time as the journal keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


class LoggedQuestion(SQLModel, table=True):
    """One question, and what became of it. ``found`` holds record keys, best first; ``feedback`` is up, down or nothing."""

    __tablename__ = "question_log"

    id: int | None = Field(default=None, primary_key=True)
    asked_at: datetime = _time(index=True)
    channel: str
    conversation: str = Field(index=True)
    lang: str
    text: str = Field(sa_type=Text)
    kind: str = ""
    status: str
    found: Words = json_column()
    took_ms: float = 0.0
    feedback: str | None = None
    feedback_note: str | None = text_column()


class Asker(SQLModel, table=True):
    """A conversation that does not want its questions logged."""

    conversation: str = Field(primary_key=True)
    opted_out_at: datetime = _time()


class Wish(SQLModel, table=True):
    """Someone wants to be told when staff have answered a question. ``address`` is how a channel reaches them, if it must."""

    id: int | None = Field(default=None, primary_key=True)
    made_at: datetime = _time(index=True)
    channel: str
    conversation: str = Field(index=True)
    address: str | None = text_column()
    lang: str
    text: str = Field(sa_type=Text)


class CuratedAnswer(SQLModel, table=True):
    """The questions that staff answered together, and since when. What was answered is in its versions."""

    __tablename__ = "curated_answer"

    id: int | None = Field(default=None, primary_key=True)
    made_at: datetime = _time()


class CuratedVersion(SQLModel, table=True):
    """One version of a curated answer; the latest counts. A revocation is a version, too: it is ``live`` no more."""

    __tablename__ = "curated_version"
    __table_args__ = (UniqueConstraint("answer", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    answer: int = Field(foreign_key="curated_answer.id", index=True)
    number: int
    made_at: datetime = _time()
    live: bool = True
    questions: Words = json_column()
    text_en: str | None = text_column()
    text_zh: str | None = text_column()
    source_title: str = Field(sa_type=Text)
    source_url: str = Field(sa_type=Text)


class OpenConversation(SQLModel, table=True):
    """What a conversation is about at present, so that a follow-up is understood. It is forgotten after a while."""

    __tablename__ = "conversation"

    conversation: str = Field(primary_key=True)
    touched_at: datetime = _time(index=True)
    state: str = Field(sa_type=Text)


class ModelUse(SQLModel, table=True):
    """What a language model was used for on one day: requests, those of them that failed, tokens sent and received."""

    __tablename__ = "model_use"

    day: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    job: str = Field(primary_key=True)
    requests: int = 0
    failed: int = 0
    tokens_in: int = Field(default=0, sa_type=BigInteger)
    tokens_out: int = Field(default=0, sa_type=BigInteger)


class ModelAllowance(SQLModel, table=True):
    """Tokens taken on one day by whoever asks (a keyed hash), or by all together, where it is empty. Older days are not kept."""

    __tablename__ = "model_allowance"

    day: str = Field(primary_key=True)
    asker: str = Field(primary_key=True)
    tokens: int = Field(default=0, sa_type=BigInteger)
