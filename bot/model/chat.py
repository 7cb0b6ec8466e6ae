"""One LangChain chat model, asked with a time limit, a budget, retries and a bound on what is read.

LangChain's clients belong to one event loop, and only an event loop can give up on a server in the middle of a line. So every
request runs in a loop of its own thread, and whoever asks reads from a queue.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot.model.health import Health, ModelFailed
from bot.model.ledger import Spent
from retrieval.language import HAN

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

MOST_READ = 20_000  # characters of one reply; the longest that is of use has a tenth
TRIES = 3
_PAUSE, _LONGEST_PAUSE = 0.3, 3.0  # seconds; what is waited between tries is random below a bound that doubles
_QUEUE_FOR = 1.0  # seconds that a request waits for a free place
_BUSY, _REFUSED = frozenset({408, 409, 429}), frozenset({400, 401, 403, 404, 405, 422})
_MESSAGE = 8  # tokens around a message, about


@dataclass(frozen=True)
class Request:
    """What is asked of the model: instructions of ours, material to work on, who it is for and how much may come back.

    ``schema`` is the JSON schema of the reply, for servers that keep to one.
    """

    job: str
    system: str
    text: str
    who: str | None = None
    most: int = 900  # tokens
    schema: Mapping[str, Any] | None = None

    @property
    def tokens(self) -> int:
        """The tokens it has, about: for budgets before a request, and after one whose server does not count."""
        return tokens(self.system) + tokens(self.text) + 2 * _MESSAGE


def tokens(text: str) -> int:
    """How many tokens a text has, about and rather too many: one a Chinese character, one for four of other characters."""
    han = len(HAN.findall(text))
    return han + (len(text) - han + 3) // 4


@dataclass
class _Count:
    """What one request has read so far."""

    characters: int = 0
    text: list[str] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0

    def take(self, chunk: Any) -> str:
        """The text of a chunk, counted; calls of tools and other parts of a message are not text."""
        usage = getattr(chunk, "usage_metadata", None) or {}
        self.tokens_in += int(usage.get("input_tokens") or 0)
        self.tokens_out += int(usage.get("output_tokens") or 0)
        content = chunk.content
        if not isinstance(content, str):
            parts = [part for part in content if isinstance(part, str | dict)]
            content = "".join(part if isinstance(part, str) else str(part.get("text") or "") for part in parts)
        self.characters += len(content)
        if self.characters > MOST_READ:
            raise ModelFailed("long")
        self.text.append(content)
        return content


class Books(Protocol):
    """Grants tokens before a request and books them after it."""

    def take(self, who: str | None, tokens: int) -> bool:
        """Whether this request may be made."""
        ...

    def settle(self, who: str | None, taken: int, spent: Spent) -> None:
        """It was made, and used so many."""
        ...


class Chat:
    """A chat model behind a budget. ``make`` makes the model, which takes seconds; it is called once, in the loop's thread.

    ``forms`` turns a schema into the argument that the provider knows it by; ``leave`` closes the model's connections.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], BaseChatModel],
        ledger: Books,
        *,
        timeout: float = 20.0,
        concurrency: int = 4,
        health: Health | None = None,
        forms: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _: {},
        leave: Callable[[BaseChatModel], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.health = health or Health()
        self._make, self._leave = make, leave
        self._ledger = ledger
        self._places = threading.BoundedSemaphore(concurrency)
        self._forms: Callable[[Mapping[str, Any]], dict[str, Any]] = forms
        self._model: BaseChatModel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def deadline(self) -> float:
        """The moment (of :func:`time.monotonic`) by which a question that is asked now has its answer."""
        return time.monotonic() + self.timeout

    def warm(self) -> None:
        """Begin to load the model's library, so that the first question need not wait for it."""
        asyncio.run_coroutine_threadsafe(self._opened(), self._running())

    def loaded(self) -> None:
        """Load the model's library now; whatever is wrong with that is raised as :class:`ModelFailed`."""
        try:
            asyncio.run_coroutine_threadsafe(self._opened(), self._running()).result()
        except Exception as error:  # noqa: BLE001  (client libraries share no base for their errors)
            raise ModelFailed(_kind(error), _detail(error)) from None

    def whole(self, request: Request, until: float) -> str:
        """The reply in one piece; :class:`ModelFailed` when there is none."""
        return "".join(self.stream(request, until))

    def stream(self, request: Request, until: float) -> Generator[str, None, None]:
        """The reply as it comes; :class:`ModelFailed` when it breaks off, at the latest at ``until``.

        A reader that stops early ends the request. Whatever happens is booked and, once in a while, logged.
        """
        count = _Count()
        try:
            yield from self._asked(request, until, count)
        except ModelFailed as error:
            self.health.failed(error.kind, error.detail)
            raise

    def _asked(self, request: Request, until: float, count: _Count) -> Iterator[str]:
        if self.health.resting:
            raise ModelFailed("resting")
        if not self._places.acquire(timeout=max(0.0, min(_QUEUE_FOR, until - time.monotonic()))):
            raise ModelFailed("occupied")
        try:
            taken = request.tokens + request.most
            if not self._ledger.take(request.who, taken):
                raise ModelFailed("budget")
            failed = "unread"
            try:
                yield from self._read(request, until, count)
                failed = ""
                self.health.well()
            except ModelFailed as error:
                failed = error.kind
                raise
            finally:
                self._ledger.settle(request.who, taken, self._spent(request, count, failed))
        finally:
            self._places.release()

    def _spent(self, request: Request, count: _Count, failed: str) -> Spent:
        # A server that gave up or was given up on has read the request all the same.
        sent = count.tokens_in or (request.tokens if count.characters or failed in ("", "slow", "unread") else 0)
        return Spent(self.name, request.job, sent, count.tokens_out or tokens("".join(count.text)), bool(failed))

    def _read(self, request: Request, until: float, count: _Count) -> Iterator[str]:
        pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        running = asyncio.run_coroutine_threadsafe(self._feed(request, until, count, pieces.put), self._running())
        try:
            while True:
                try:
                    piece = pieces.get(timeout=max(0.0, until - time.monotonic()) + 0.2)
                except queue.Empty:
                    raise ModelFailed("slow") from None
                if piece is None:
                    return
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            running.cancel()

    async def _feed(
        self, request: Request, until: float, count: _Count, put: Callable[[str | BaseException | None], None]
    ) -> None:
        """Read the reply and hand on its pieces, then an ending: None when all is well."""
        ending: ModelFailed | None = None
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                async for chunk in self._tried(request, count):
                    if piece := count.take(chunk):
                        put(piece)
        except TimeoutError:
            ending = ModelFailed("slow")
        except ModelFailed as error:
            ending = error
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (client libraries share no base for their errors)
            ending = ModelFailed(_kind(error), _detail(error))
        put(ending)

    async def _tried(self, request: Request, count: _Count) -> AsyncIterator[Any]:
        """The chunks of the first try that gives any; only what passes is tried again, after a pause of random length."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        model = await self._opened()
        forms = self._forms(request.schema) if request.schema else {}
        passing = retry_if_exception(lambda error: not count.characters and _kind(error) in ("busy", "broken", "unreachable"))
        pause = wait_random_exponential(multiplier=_PAUSE, max=_LONGEST_PAUSE)
        async for attempt in AsyncRetrying(stop=stop_after_attempt(TRIES), wait=pause, retry=passing, reraise=True):
            with attempt:
                try:
                    async for chunk in model.astream(_messages(request), **forms):
                        yield chunk
                except Exception as error:
                    if not (forms and not count.characters and _status(error) in (400, 422)):
                        raise
                    # This server knows no schemas: we ask without one from now on.
                    self._forms = lambda _: {}
                    async for chunk in model.astream(_messages(request)):
                        yield chunk

    async def _opened(self) -> BaseChatModel:
        # Nothing awaits in between, so the loop makes it once.
        if self._model is None:
            self._model = self._make()
        return self._model

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="greenask-model", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        """End the thread; requests that run are given up."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(_LONGEST_PAUSE)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the loop until it is stopped, then clear up after what it did."""
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(self._cleared(tasks))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    async def _cleared(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._leave is not None and self._model is not None:
            await self._leave(self._model)
        self._model = None


def _messages(request: Request) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(request.system), HumanMessage(request.text)]


def _status(error: BaseException) -> int:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else 0


def _kind(error: BaseException) -> str:
    """Which kind of failure an error of a client library is, by its status or, where it has none, its name."""
    if isinstance(error, ModelFailed):
        return error.kind
    status, name = _status(error), type(error).__name__
    if status in _BUSY:
        return "busy"
    if status in _REFUSED:
        return "refused"
    if status >= 500:
        return "broken"
    if "Timeout" in name:
        return "slow"
    if (
        isinstance(error, OSError)
        or "Connect" in name
        or "Protocol" in name
        or "ReadError" in name
        or name == "APIConnectionError"
    ):
        return "unreachable"
    if status or name.endswith(("APIError", "ResponseError")):
        return "broken"
    return "garbled"


def _detail(error: BaseException) -> str:
    status = _status(error)
    return f"{type(error).__name__}, {status}" if status else type(error).__name__
