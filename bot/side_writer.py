"""Writing beside an answer: the question log, the state of a conversation, the tokens of a model. None may cost an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlmodel import Session

from knowledge.store import KnowledgeBase

log = logging.getLogger("greenask")
T = TypeVar("T")
_PATIENCE = 250  # milliseconds to wait for a database that another process is writing


class SideWriter:
    """Does short writes without waiting long for others. A failure is logged once, as ``complaint``, and goes no further."""

    def __init__(self, kb: KnowledgeBase, complaint: str) -> None:
        self._kb = kb
        self._complaint = complaint
        self._complained = False

    def write(self, do: Callable[[Session], T], otherwise: T) -> T:
        """What a short write returns, or ``otherwise``."""
        try:
            with (
                self._kb.engine.connect() as connection,
                _impatient(connection),
                Session(connection, expire_on_commit=False) as session,
            ):
                return do(session)
        except Exception as error:  # noqa: BLE001  (whatever it is, the person has their answer)
            self.complain(error)
            return otherwise

    def complain(self, error: Exception) -> None:
        """Log the first failure."""
        if not self._complained:
            self._complained = True
            log.warning("%s (%s)", self._complaint, type(error).__name__)


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """On SQLite, wait a quarter of a second for other writers rather than ten seconds."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_PATIENCE}")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(before or 0)}")
