"""Building may be broken off at any moment: what is served stays whole, and the next build goes on from there."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import fakes
import numpy as np
import pytest
from encoders import WordEncoder

from retrieval import dense
from retrieval.dense import VectorStore
from retrieval.documents import Document
from retrieval.embed import Embedder
from retrieval.index import Index, Manifest, current, store_name
from retrieval.retriever import HybridRetriever, Query
from retrieval.tables import POOLS

ROOT = Path(__file__).parents[2]
THINGS = ["heat pump", "biogas digester", "membrane filter", "solar dryer", "wind turbine", "compost heater", "LED lamp"]
DINGE = ["热泵", "沼气池", "膜过滤器", "太阳能烘干机", "风力发电机", "堆肥加热器", "节能灯"]
PLACES = ["school", "farm", "paper mill", "hospital", "fish pond", "village", "brewery", "harbour", "greenhouse"]
ORTE = ["学校", "农场", "造纸厂", "医院", "鱼塘", "村庄", "啤酒厂", "港口", "温室"]
QUESTIONS = [
    "a heat pump for a school, number 12",
    "solar dryer on a farm",
    "which lamp does the harbour use?",
    "学校用的热泵",
    "鱼塘的膜过滤器",
    "沼氣池供應造紙廠",
]
# Builds listings with the bundled encoder in two processes, as a big collection does, under the folder that it is told.
SCRIPT = """
    import signal
    import sys
    from pathlib import Path
    from test_build import big
    from retrieval import encodings
    from retrieval.embed import make_embedder
    encodings.MANY = 1
    # Whoever runs the tests in the background may have told them to ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if __name__ == "__main__":
        big(Path(sys.argv[1]), make_embedder("use"))
"""


class Counting:
    """The encoder of another, in one process, with a count of the texts it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dimension, self._embedder, self.count = embedder.name, embedder.dimension, embedder, 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of the other."""
        self.count += len(texts)
        return self._embedder.embed(texts)

    def embed_questions(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of the other."""
        return self.embed(texts)


def listings(count: int) -> list[Document]:
    """Generated listings in both languages, no two alike."""
    found = []
    for number in range(count):
        thing, place = number % len(THINGS), number % len(PLACES)
        en = f"{THINGS[thing]} number {number} that serves a {PLACES[place]} with {number + 3} families at little cost"
        zh = f"第{number}号{DINGE[thing]}以很低的成本服务于一个有{number + 3}户人家的{ORTE[place]}"
        found.append(Document(f"listing/{number}", "en", THINGS[thing], (en,), (f"place:{place}",)))
        found.append(Document(f"listing/{number}", "zh", DINGE[thing], (zh,), (f"place:{place}",)))
    return found


def big(home: Path, embedder: Embedder) -> Path:
    """An index of many listings."""
    return fakes.build(home, listings(500), embedder=embedder, fingerprint="many")


def hits(index: Index, embedder: Embedder, home: Path | None = None) -> list[list[str]]:
    """The five best for each question."""
    retriever = HybridRetriever(index, embedder, home=home)
    return [[hit.key for hit in retriever.find(Query(question), k=5).hits] for question in QUESTIONS]


def encoded(home: Path) -> int:
    """How many whole rows the file of encodings has."""
    return sum(path.stat().st_size // (16 + 2 * 512) for path in (home / "encodings").glob("*.f16"))


@pytest.fixture(scope="module")
def embedder(retriever: HybridRetriever) -> Embedder:
    """The bundled encoder."""
    return retriever.embedder


@pytest.fixture(scope="module")
def few(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an index of a few listings is served."""
    home = tmp_path_factory.mktemp("few")
    fakes.build(home, listings(20), embedder=embedder, fingerprint="few")
    return home


@pytest.fixture(scope="module")
def undisturbed(embedder: Embedder, few: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[list[str]], int]:
    """What a build that nobody disturbed finds, and how many texts it encodes."""
    home = Path(shutil.copytree(few, tmp_path_factory.mktemp("undisturbed") / "home"))
    counting = Counting(embedder)
    return hits(Index(big(home, counting)), embedder), counting.count


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_stopped_while_encoding(
    embedder: Embedder, few: Path, undisturbed: tuple[list[list[str]], int], tmp_path: Path, sign: signal.Signals
) -> None:
    """However a build is stopped, the index before answers as before, and the next build encodes only what is missing."""
    home = Path(shutil.copytree(few, tmp_path / "home"))
    served = current(home)
    before, kept = hits(Index(served), embedder), encoded(home)
    builder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(home)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{Path(__file__).parent}", "OPENBLAS_NUM_THREADS": "1", "PATH": ""},
        stderr=subprocess.DEVNULL,
    )
    while encoded(home) < kept + 100 and builder.poll() is None:
        time.sleep(0.005)
    builder.send_signal(sign)
    assert builder.wait(20) != 0, "it had finished before it was stopped"
    done = encoded(home) - kept
    assert 100 <= done < undisturbed[1]

    assert current(home) == served
    assert hits(Index(served), embedder) == before

    counting = Counting(embedder)
    folder = big(home, counting)
    assert counting.count == undisturbed[1] - done
    assert current(home) == folder
    assert hits(Index(folder), embedder) == undisturbed[0]


@pytest.mark.parametrize("stage", ["dictionary", "words", "lexicon", "store", "floor"])
def test_stopped_at_any_stage(small_home: Path, tmp_path: Path, stage: str) -> None:
    """Wherever a build stops, the index before stays and the next build comes out as if nothing had been."""
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    served = current(home)

    def stop(at: str, *_: int) -> None:
        if at == stage:
            raise KeyboardInterrupt(at)

    with pytest.raises(KeyboardInterrupt, match=stage):
        fakes.build(home, fakes.technologies(2), fingerprint="records-2", progress=stop)
    assert current(home) == served
    assert hits(Index(served), WordEncoder())[3][0] == "listing/heat-pump"
    folder = fakes.build(home, fakes.technologies(2), fingerprint="records-2")
    fresh = fakes.build(tmp_path / "fresh", fakes.technologies(2), fingerprint="records-2")
    assert hits(Index(folder), WordEncoder()) == hits(Index(fresh), WordEncoder())
    assert Manifest.read(folder).fingerprint == "records-2"
    assert {path.name for path in home.glob("base-*")} == {Manifest.read(each).base for each in (served, folder)}
    assert {path.name for path in home.glob("generation-*")} == {served.name, folder.name}
    assert not (home / "building").exists()


def test_stopped_while_filling_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that was stopped while it filled Chroma adds only the vectors that are missing when it is run again."""
    monkeypatch.setattr(dense, "_BATCH", 8)
    added: list[str] = []

    def stop(at: str, done: int, _: int) -> None:
        if at == "store" and done >= 32:
            raise KeyboardInterrupt

    few_listings = listings(40)
    with pytest.raises(KeyboardInterrupt):
        fakes.build(tmp_path, few_listings, progress=stop)
    (base,) = tmp_path.glob("base-*")
    there = {pool: VectorStore(base / "chroma", store_name(base)).collection(pool, create=True) for pool in POOLS}
    left = [id_ for collection in there.values() for id_ in collection.get(include=[])["ids"]]
    assert 32 <= len(left) < 80

    def note(at: str, done: int, _: int) -> None:
        if at == "store":
            added.append(str(done))

    folder = fakes.build(tmp_path, few_listings, progress=note)
    assert Index(folder).base == base
    assert 1 <= len(added) <= (80 - len(left)) // 8 + 2
    for pool in POOLS:
        collection = VectorStore(base / "chroma", store_name(base)).collection(pool)
        assert sorted(map(int, collection.get(include=[])["ids"])) == [n for n in range(80) if POOLS[n % 2] == pool]
    fresh = fakes.build(tmp_path / "fresh", few_listings)
    assert hits(Index(folder), WordEncoder()) == hits(Index(fresh), WordEncoder())


def test_what_a_build_for_other_records_left(tmp_path: Path) -> None:
    """What a build left that was broken off is not built upon when the records have changed since."""

    def stop(at: str, *_: int) -> None:
        if at == "store":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fakes.build(tmp_path, fakes.technologies(), fingerprint="records-1", progress=stop)
    folder = fakes.build(tmp_path, fakes.technologies(1), fingerprint="records-2")
    index = Index(folder)
    assert [path.name for path in tmp_path.glob("base-*")] == [index.base.name]
    assert sum(index.store.collection(pool).count() for pool in POOLS) == index.manifest.rows == 2


def test_nothing_is_encoded_twice(tmp_path: Path) -> None:
    """A second build encodes what is new since the first, and nothing when nothing is."""
    counting = Counting(WordEncoder())
    counts = []
    for number in (5, 5, 7):
        fakes.build(tmp_path, listings(number), embedder=counting)
        counts.append(counting.count)
    assert counts[0] == counts[1] == counts[2] - 4 > 10
