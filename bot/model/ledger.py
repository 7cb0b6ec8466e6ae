"""The ledger of tokens: what may still be used today, by all and by one user, and what was used for what.

It stands in the database, so that a restart or a second process does not start the day anew. A request takes what it may need
before it is sent, in one statement, and settles afterwards for what it did need.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, delete

from bot.side_writer import SideWriter
from knowledge.journal import ModelAllowance, ModelUse
from knowledge.store import KnowledgeBase

T = TypeVar("T")

ALL = ""  # the allowance of everyone together

log = logging.getLogger("greenask")


@dataclass(frozen=True)
class Spent:
    """What one request used up."""

    model: str
    job: str
    tokens_in: int = 0
    tokens_out: int = 0
    failed: bool = False

    @property
    def tokens(self) -> int:
        """Sent and received together."""
        return self.tokens_in + self.tokens_out


class Ledger:
    """Grants tokens and books them. ``a_day`` and ``a_user`` are the limits, 0 for none; ``pseudonym`` hides who asks.

    What cannot be booked is not granted: with a database that takes no writes the model is not asked.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        *,
        a_day: int = 0,
        a_user: int = 0,
        pseudonym: Callable[[str], str] = str,
        today: Callable[[], datetime.date] = datetime.date.today,
    ) -> None:
        self._aside = SideWriter(kb, "the ledger of the model's tokens cannot be written")
        self._limits = {"day": a_day, "user": a_user}
        self._pseudonym = pseudonym
        self._today = today

    def take(self, who: str | None, tokens: int) -> bool:
        """Reserve tokens for one request of this user's; false when a limit would be passed."""

        def write(session: Session) -> bool:
            taken = self._reserve(session, ALL, tokens, self._limits["day"])
            if taken and who:
                taken = self._reserve(session, self._pseudonym(who), tokens, self._limits["user"])
            (session.commit if taken else session.rollback)()
            return taken

        return self._aside.write(write, False)

    def settle(self, who: str | None, taken: int, spent: Spent) -> None:
        """Book what a request used, and give back what it took too much."""

        def write(session: Session) -> None:
            for name in (ALL, self._pseudonym(who)) if who else (ALL,):
                self._add(session, ModelAllowance, self._row(name), tokens=spent.tokens - taken)
            used = {"requests": 1, "failed": int(spent.failed), "tokens_in": spent.tokens_in, "tokens_out": spent.tokens_out}
            self._add(session, ModelUse, {"day": self._day, "model": spent.model, "job": spent.job}, **used)
            session.commit()

        self._aside.write(write, None)

    @property
    def _day(self) -> str:
        return self._today().isoformat()

    def _row(self, name: str) -> dict[str, str]:
        return {"day": self._day, "asker": name}

    def _reserve(self, session: Session, name: str, tokens: int, limit: int) -> bool:
        most = limit - tokens if limit else None
        return self._add(session, ModelAllowance, self._row(name), most=most, tokens=tokens)

    def _add(self, session: Session, table: type[SQLModel], row: dict[str, str], most: int | None = None, **more: int) -> bool:
        """Add to the numbers of a row, made at need; false when the first of them is above ``most`` before."""
        if session.get(table, tuple(row.values())) is None:
            try:
                with session.begin_nested():
                    if table is ModelAllowance:
                        session.exec(delete(ModelAllowance).where(col(ModelAllowance.day) < row["day"]))
                    session.add(table(**row))
            except IntegrityError:
                pass  # another process made it in this moment
        columns: Any = table.__table__.c  # type: ignore[attr-defined]
        statement = update(table).values({name: columns[name] + number for name, number in more.items()})
        for name, value in row.items():
            statement = statement.where(columns[name] == value)
        if most is not None:
            statement = statement.where(columns[next(iter(more))] <= most)
        return bool(session.connection().execute(statement).rowcount)
