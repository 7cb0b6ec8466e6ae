"""How the model fares: what goes wrong is logged once an hour, and a model that keeps failing is left alone for a bit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from threading import Lock

log = logging.getLogger("greenask")

AGAIN = 3600.0  # seconds before the same thing is told again
PATIENCE, REST = 3, 30.0  # failures in a row, and seconds of rest after them

# What can go wrong, and how the log says it. A line tells neither what was asked nor what was replied.
REASONS: Mapping[str, str] = {
    "unreachable": "cannot be reached; look at GREENASK_MODEL_URL and the network",
    "refused": "refuses our requests; look at GREENASK_MODEL, GREENASK_MODEL_KEY and GREENASK_MODEL_URL",
    "busy": "is busy or its quota is used up",
    "broken": "reports a fault of its own",
    "slow": "did not finish within GREENASK_MODEL_TIMEOUT",
    "budget": "may use no more tokens today; GREENASK_MODEL_TOKENS_A_DAY and GREENASK_MODEL_TOKENS_A_USER set how many",
    "occupied": "has as many requests as GREENASK_MODEL_CONCURRENCY lets it have",
    "long": "sent far more than was asked for",
    "empty": "sent nothing that can be read",
    "garbled": "sent what cannot be read",
    "ungrounded": "began with what the records do not say",
    "resting": "failed several times in a row and is left alone for half a minute",
}
# Kinds after which asking again at once would be in vain.
_DOWN = frozenset({"unreachable", "refused", "busy", "broken", "slow"})


class ModelFailed(Exception):
    """The model is of no use for this request; ``kind`` is one of REASONS. It never reaches a person."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


class Health:
    """Counts failures in a row and writes the log. May be used from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._failures = 0
        self._until = 0.0
        self._lock = Lock()

    @property
    def resting(self) -> bool:
        """Whether the model is left alone for the moment."""
        return self._clock() < self._until

    def well(self) -> None:
        """A request went well."""
        self._failures = 0

    def failed(self, kind: str, detail: str = "") -> None:
        """A request failed. ``detail`` is a class of error or a status, never a text that came from outside."""
        with self._lock:
            now = self._clock()
            if kind in _DOWN:
                self._failures += 1
                if self._failures >= PATIENCE:
                    self._failures, self._until = 0, now + REST
            if kind in self._told and now - self._told[kind] < AGAIN:
                return
            self._told[kind] = now
        shown = f" ({detail})" if detail else ""
        log.warning("the language model %s%s; questions are answered without it", REASONS[kind], shown)
