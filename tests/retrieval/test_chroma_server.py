"""A Chroma server in the place of the embedded store: the same finds, and plain words when it is not there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import chromadb
import fakes
import pytest
from encoders import WordEncoder

from retrieval.errors import IndexOutOfDate, StoreUnreachable
from retrieval.index import Index, Manifest, current
from retrieval.retriever import Found, HybridRetriever, Query

QUESTIONS = [
    "a heat pump for the school",
    "gas from manure",
    "drink river water",
    "学校的热泵",
    "粪便变成燃气",
    "飲用河水的過濾器",
]


class Server:
    """A Chroma server of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        chroma = Path(sys.executable).with_name("chroma")
        self._process = subprocess.Popen(
            [chroma, "run", "--path", self.folder, "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(self.url)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def collections(self) -> dict[str, int]:
        """The collections it holds, with their sizes."""
        client = chromadb.HttpClient("127.0.0.1", self.port)
        names = [each.name for each in client.list_collections()]
        return {name: client.get_collection(name, embedding_function=None).count() for name in names}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Chroma server that runs."""
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def served(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a small index was built whose vectors are on the server."""
    home = tmp_path_factory.mktemp("served")
    fakes.build(home, fakes.technologies(), pairs=[("Heat pump", "热泵"), ("Biogas digester", "沼气池")], chroma_url=server.url)
    return home


def asked(home: Path, url: str | None, question: str) -> Found:
    """What is found for a question."""
    return HybridRetriever(Index(current(home), url), WordEncoder()).find(Query(question))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_finds(small_home: Path, served: Path, server: Server, question: str) -> None:
    """A server finds what the embedded store finds, with the same scores, in both languages and scripts."""
    assert asked(served, server.url, question) == asked(small_home, None, question)
    assert asked(served, server.url, question).hits


def test_the_vectors_are_on_the_server(served: Path, server: Server) -> None:
    """The vectors are on the server, and none in the folder of the index."""
    assert {size for name, size in server.collections().items() if Index(current(served)).base.name in name} == {3}
    assert not list(served.rglob("chroma.sqlite3"))
    assert Manifest.read(current(served)).server


@pytest.mark.parametrize(
    ("url", "then", "now"),
    [(True, "embedded store", "Chroma server"), (False, "Chroma server", "embedded store")],
)
def test_the_setting_and_the_index_differ(small_home: Path, served: Path, url: bool, then: str, now: str) -> None:
    """An index in the other kind of store is refused with the command that makes it anew, and the setting."""
    manifest = Manifest.read(current(small_home if url else served))
    with pytest.raises(IndexOutOfDate, match=f"{then}.*{now}.*greenask kb build.*GREENASK_CHROMA_URL"):
        manifest.check("records-1", WordEncoder(), server=url)


def test_no_server(tmp_path: Path, served: Path) -> None:
    """Where no server answers, its address is named without its password, before anything is encoded."""
    url = f"http://ada:lovelace@127.0.0.1:{Server(tmp_path).port}"
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:\d+: start it, or unset GREENASK_CHROMA_URL") as caught:
        fakes.build(tmp_path / "home", fakes.technologies(), embedder=fakes.BrokenEncoder(), chroma_url=url)
    assert "lovelace" not in str(caught.value)
    with pytest.raises(StoreUnreachable, match="start it"):
        asked(served, url, "a heat pump for the school")


def test_another_server(tmp_path: Path, served: Path) -> None:
    """A server that does not have the index is told of with the command that puts it there."""
    other = Server(tmp_path)
    other.start()
    try:
        with pytest.raises(StoreUnreachable, match="greenask kb build --force"):
            asked(served, other.url, "学校的热泵")
    finally:
        other.stop()


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    """A server that stops between two questions is told of, and found again when it is back."""
    server = Server(tmp_path / "data")
    server.start()
    fakes.build(tmp_path / "home", fakes.technologies(), chroma_url=server.url)
    retriever = HybridRetriever(Index(current(tmp_path / "home"), server.url), WordEncoder())
    before = retriever.find(Query("学校的热泵"))
    server.stop()
    with pytest.raises(StoreUnreachable, match=f"127.0.0.1:{server.port}"):
        retriever.find(Query("a heat pump for the school"))
    server.start()
    try:
        assert retriever.find(Query("学校的热泵")) == before
    finally:
        server.stop()


def test_old_collections_are_dropped(server: Server, tmp_path: Path) -> None:
    """Of the indexes that were built into a folder, the server keeps the last two; those of other folders stay."""
    others = set(server.collections())
    kept: list[str] = []
    for number in (3, 2, 1):
        folder = fakes.build(tmp_path, fakes.technologies(number), fingerprint=f"records-{number}", chroma_url=server.url)
        kept.append(Index(folder, server.url).base.name)
    mine = {name: size for name, size in server.collections().items() if name not in others}
    assert sorted(mine.values()) == [1, 1, 2, 2]
    assert all(any(base in name for base in kept[-2:]) for name in mine)
    assert others <= set(server.collections())


def test_what_a_broken_off_build_left(server: Server, tmp_path: Path) -> None:
    """The collections of a build that was broken off go with it when the records have changed since."""
    others = set(server.collections())

    def stop(at: str, *_: int) -> None:
        if at == "floor":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fakes.build(tmp_path, fakes.technologies(), fingerprint="records-1", chroma_url=server.url, progress=stop)
    fakes.build(tmp_path, fakes.technologies(1), fingerprint="records-2", chroma_url=server.url)
    assert [size for name, size in server.collections().items() if name not in others] == [1, 1]


def test_taken_up(server: Server, tmp_path: Path) -> None:
    """A build that was broken off after the store was filled is taken up, and puts nothing twice."""

    def stop(at: str, *_: int) -> None:
        if at == "floor":
            raise KeyboardInterrupt

    others = set(server.collections())
    with pytest.raises(KeyboardInterrupt):
        fakes.build(tmp_path, fakes.technologies(), chroma_url=server.url, progress=stop)
    fakes.build(tmp_path, fakes.technologies(), chroma_url=server.url)
    assert [size for name, size in server.collections().items() if name not in others] == [3, 3]


def test_copied_homes_do_not_meet(server: Server, tmp_path: Path) -> None:
    """Two indexes on one server, of folders with the same names in them, keep to themselves."""
    for name, number in (("one", 3), ("other", 1)):
        fakes.build(tmp_path / name, fakes.technologies(number), chroma_url=server.url)
    one, other = (Index(current(tmp_path / name), server.url) for name in ("one", "other"))
    assert one.base.name == other.base.name
    assert (one.store.collection("zh").count(), other.store.collection("zh").count()) == (3, 1)
