"""What the channel remembers in the database, so that buttons, languages and events outlive a restart and are shared by replicas.

Every method waits for the database: in the event loop, hand them to a thread.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from bot.staff.log import QuestionLog
from bot.telegram.flood import drop_full
from knowledge.chats import RememberedReply, SeenUpdate, TelegramPerson, TelegramPlace
from knowledge.journal import Asker, LoggedQuestion, Wish, now
from knowledge.store import KnowledgeBase

CHANNEL = "telegram"
EVENT_LASTS = timedelta(hours=24)
_SEEN_KEPT = timedelta(days=3)  # Telegram gives an update up after a day
_KEY_BYTES = 9  # 12 characters

_VISIT = (
    update(TelegramPlace)
    .where(col(TelegramPlace.place) == bindparam("its_place"))
    .values(event=bindparam("into"), last_at=bindparam("at"))
)


@dataclass(frozen=True)
class Someone:
    """A user in a chat."""

    chat: int
    user: int


@dataclass(frozen=True)
class Known:
    """What is remembered of someone: the language they chose, the event they are inside of."""

    lang: str | None = None
    event: str | None = None


def new_key() -> str:
    """The key of a reply: short enough for a button, and not to be guessed."""
    return secrets.token_urlsafe(_KEY_BYTES)


class Memory:
    """Replies, people, places and updates."""

    def __init__(self, kb: KnowledgeBase, log: QuestionLog, *, retention_days: int) -> None:
        self._kb = kb
        self._log = log
        self._retention = timedelta(days=retention_days)

    def person(self, user: int) -> str:
        """What stands for a user: the same as in the question log."""
        return self._log.pseudonym(CHANNEL, str(user))

    def session(self, someone: Someone) -> str:
        """The name of the conversation that someone has in one chat; whose it is cannot be told from it."""
        return _session(self._place(someone))

    def _place(self, someone: Someone) -> str:
        return self._log.pseudonym(CHANNEL, f"{someone.chat}:{someone.user}")

    def first_time(self, what: str) -> bool:
        """Whether nobody has taken this up before, such as the update ``bot:number``; from now on somebody has."""
        try:
            with self._kb.session() as session:
                session.add(SeenUpdate(update=what))
                session.commit()
        except IntegrityError:
            return False
        return True

    def not_done(self, what: str) -> None:
        """What was taken up came to nothing: it may be taken up again."""
        with self._kb.session() as session:
            session.exec(delete(SeenUpdate).where(col(SeenUpdate.update) == what))
            session.commit()

    def known(self, someone: Someone) -> Known:
        """What is remembered of someone."""
        with self._kb.session() as session:
            chosen = session.get(TelegramPerson, self.person(someone.user))
            place = session.get(TelegramPlace, self._place(someone))
        inside = place is not None and place.event and place.last_at > now() - EVENT_LASTS
        return Known(chosen.lang if chosen else None, place.event if place and inside else None)

    def choose_language(self, user: int, lang: str | None) -> None:
        """Remember the language that someone chose; None goes back to that of their Telegram and their questions."""
        with self._kb.session() as session:
            if lang is None:
                session.exec(delete(TelegramPerson).where(col(TelegramPerson.person) == self.person(user)))
            else:
                session.merge(TelegramPerson(person=self.person(user), lang=lang))
            session.commit()

    def enter(self, someone: Someone, event: str | None) -> None:
        """Someone goes into an event, or out of it."""
        with self._kb.session() as session:
            self._visit(session, someone, event)
            session.commit()

    def _visit(self, session: Session, someone: Someone, event: str | None) -> None:
        place, at = self._place(someone), now()
        there = session.connection().execute(_VISIT, {"its_place": place, "into": event, "at": at})
        if not there.rowcount:
            session.add(TelegramPlace(place=place, person=self.person(someone.user), event=event, last_at=at))

    def keep(self, reply: RememberedReply, someone: Someone) -> None:
        """Remember a new reply, and that its asker was here."""
        with self._kb.session() as session:
            reply.person = self.person(someone.user)
            self._visit(session, someone, reply.event)
            session.add(reply)
            session.commit()

    def change(self, reply: RememberedReply, someone: Someone | None = None) -> None:
        """Remember a reply under the key it had, with what is new about it."""
        with self._kb.session() as session:
            if someone is not None:
                reply.person = self.person(someone.user)
                self._visit(session, someone, reply.event)
            session.merge(reply)
            session.commit()

    def recall(self, key: str) -> RememberedReply | None:
        """The reply under this key; None when it was purged, deleted or never there."""
        with self._kb.session() as session:
            return session.get(RememberedReply, key)

    def message(self, someone: Someone, number: int) -> str:
        """What stands for a message in a chat."""
        return self._log.pseudonym(CHANNEL, f"message:{someone.chat}:{number}")

    def reply_to(self, someone: Someone, number: int) -> RememberedReply | None:
        """The reply to a message of someone; None when there was none, or it is forgotten."""
        asked_in, person = self.message(someone, number), self.person(someone.user)
        statement = select(RememberedReply).where(RememberedReply.asked_in == asked_in, RememberedReply.person == person)
        with self._kb.session() as session:
            return session.exec(statement).first()

    def is_last(self, reply: RememberedReply) -> bool:
        """Whether someone has asked nothing else since."""
        later = select(RememberedReply.key).where(
            RememberedReply.person == reply.person, col(RememberedReply.made_at) > reply.made_at
        )
        with self._kb.session() as session:
            return session.exec(later).first() is None

    def pictured(self, key: str, picture: int) -> None:
        """Remember the picture that goes with a reply."""
        with self._kb.session() as session:
            session.exec(update(RememberedReply).where(col(RememberedReply.key) == key).values(picture=picture))
            session.commit()

    def last(self, user: int) -> RememberedReply | None:
        """The last reply to someone that the question log knows."""
        statement = (
            select(RememberedReply)
            .where(RememberedReply.person == self.person(user), col(RememberedReply.entry).is_not(None))
            .order_by(col(RememberedReply.made_at).desc())
            .limit(1)
        )
        with self._kb.session() as session:
            return session.exec(statement).first()

    def purge(self) -> list[str]:
        """Forget what is older than the retention allows; returns the conversations that go with it."""
        oldest = now() - self._retention
        with self._kb.session() as session:
            old = session.exec(select(TelegramPlace.place).where(col(TelegramPlace.last_at) < oldest)).all()
            session.exec(delete(TelegramPlace).where(col(TelegramPlace.last_at) < oldest))
            session.exec(
                delete(RememberedReply).where(col(RememberedReply.made_at) < oldest, col(RememberedReply.kept).is_(False))
            )
            session.exec(delete(SeenUpdate).where(col(SeenUpdate.seen_at) < now() - _SEEN_KEPT))
            drop_full(session)
            session.commit()
        return [_session(place) for place in old]

    def sessions(self, user: int) -> list[str]:
        """The names of someone's conversations, in all chats."""
        with self._kb.session() as session:
            places = session.exec(select(TelegramPlace.place).where(TelegramPlace.person == self.person(user)))
            return [_session(place) for place in places]

    def everything(self, user: int) -> dict[str, Any]:
        """All that is stored of someone, as plain data."""
        person = self.person(user)
        with self._kb.session() as session:
            return {
                "pseudonym": person,
                "language": [_plain(row) for row in _rows(session, TelegramPerson, person)],
                "chats": [_plain(row) for row in _rows(session, TelegramPlace, person)],
                "replies": [_plain(row) for row in _rows(session, RememberedReply, person)],
                "question_log": [_plain(row) for row in _conversations(session, LoggedQuestion, person)],
                "to_be_told": [_plain(row) for row in _conversations(session, Wish, person)],
                "not_logged_since": [_plain(row) for row in _conversations(session, Asker, person)],
            }

    def forget(self, user: int) -> None:
        """Delete all that is stored of someone, but for the wish not to be logged."""
        person = self.person(user)
        with self._kb.session() as session:
            for table in (TelegramPerson, TelegramPlace, RememberedReply):
                session.exec(delete(table).where(col(table.person) == person))
            for logged in (LoggedQuestion, Wish):
                session.exec(delete(logged).where(col(logged.conversation) == person))
            session.commit()


def _session(place: str) -> str:
    return f"{CHANNEL}:{place}"


def _rows(session: Session, table: type[Any], person: str) -> list[Any]:
    return list(session.exec(select(table).where(table.person == person)))


def _conversations(session: Session, table: type[Any], person: str) -> list[Any]:
    return list(session.exec(select(table).where(table.conversation == person)))


def _plain(row: Any) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.model_dump().items() if value is not None and name != "person"}


def _text(value: Any) -> Any:
    return value.isoformat() + "Z" if isinstance(value, datetime) else value
