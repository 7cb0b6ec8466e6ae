"""What the Telegram channel must remember beside the journal: replies whose buttons stay valid, choices of people, updates.

``person`` and ``place`` are pseudonyms of a user and of a user in a chat, keyed hashes as in the journal; times are UTC without
a zone. None of it is a record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Text
from sqlmodel import Field, SQLModel

from knowledge.journal import now
from knowledge.records import text_column


def _time(**kwargs: Any) -> Any:
    return Field(default_factory=now, sa_type=DateTime, **kwargs)


class RememberedReply(SQLModel, table=True):
    """A reply under its key, by which its buttons and its link find it. ``kept`` ones are on posters and never purged.

    ``about`` are the keys of records or overviews it shows where no question was asked, ``choices`` the ways of going on that it
    offered, ``entry`` is its number in the question log. ``asked_in`` stands for the message that asked; the reply is made of
    ``messages`` and perhaps a ``picture``, by Telegram's numbers: when the question is edited, so are they.
    """

    __tablename__ = "telegram_reply"

    key: str = Field(primary_key=True)
    made_at: datetime = _time(index=True)
    person: str = Field(default="", index=True)
    question: str = Field(sa_type=Text)
    resolved: str | None = text_column()
    lang: str
    status: str = ""
    event: str | None = None
    entry: int | None = None
    about: list[str] = Field(default_factory=list, sa_type=JSON)
    choices: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    note: str | None = text_column()
    kept: bool = False
    asked_in: str | None = Field(default=None, index=True)
    messages: list[int] = Field(default_factory=list, sa_type=JSON)
    picture: int | None = None


class TelegramPerson(SQLModel, table=True):
    """The language that someone has chosen with /language."""

    __tablename__ = "telegram_person"

    person: str = Field(primary_key=True)
    lang: str
    chosen_at: datetime = _time()


class TelegramPlace(SQLModel, table=True):
    """Someone in one chat: when they were last there, and the event they are inside of."""

    __tablename__ = "telegram_place"

    place: str = Field(primary_key=True)
    person: str = Field(index=True)
    event: str | None = None
    last_at: datetime = _time(index=True)


class SeenUpdate(SQLModel, table=True):
    """An update that was taken up: ``bot:update_id``. Whoever writes the row answers it, and nobody else."""

    __tablename__ = "telegram_seen"

    update: str = Field(primary_key=True)
    seen_at: datetime = _time(index=True)


class TelegramTurn(SQLModel, table=True):
    """An update that waits or is being answered, where several processes share a database; gone when it is answered.

    ``chat`` is a pseudonym. The process named ``holder`` renews ``until``; a row past it is nobody's.
    """

    __tablename__ = "telegram_turn"

    update: str = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
    chat: str = Field(index=True)
    holder: str
    until: datetime = _time()
    begun: bool = False


class TelegramBucket(SQLModel, table=True):
    """How many messages a person or a chat has left at a time (seconds of the epoch), under a pseudonym."""

    __tablename__ = "telegram_bucket"

    name: str = Field(primary_key=True)
    rest: float
    at: float
    noted: bool = False
