"""Workers: encoding in processes of their own, which say what went wrong and go when their parent goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from encoders import WordEncoder

from retrieval import encodings
from retrieval.encodings import Encoder, Encodings, digest
from retrieval.errors import EmbedderFailed
from retrieval.retriever import HybridRetriever
from retrieval.workers import Worker

ROOT = Path(__file__).parents[2]
FAKE = "langchain_core.embeddings:DeterministicFakeEmbedding?size=8"
SPOILT = """
from langchain_core.embeddings import DeterministicFakeEmbedding

class Spoilt(DeterministicFakeEmbedding):
    def embed_documents(self, texts):
        if any("沼气" in text for text in texts):
            raise RuntimeError("quota exceeded 配额用尽")
        return super().embed_documents(texts)

class Dying(DeterministicFakeEmbedding):
    def embed_documents(self, texts):
        if texts != ["dimension"]:
            import os
            os._exit(7)
        return super().embed_documents(texts)
"""


class Spoken(WordEncoder):
    """An encoder that another process makes from its spec."""

    def __init__(self, spec: str) -> None:
        super().__init__(name=spec, dimension=8)
        self.spec = spec


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders that fail can be imported, in whichever process."""
    (tmp_path / "spoilt.py").write_text(SPOILT, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    # One that nobody has waited for yet is a name without a process.
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_two_processes(retriever: HybridRetriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes give the vectors that one gives, for Chinese and English, short texts and long ones."""
    monkeypatch.setattr(encodings, "MANY", 1)
    texts = [f"{number} {text}" for number in range(40) for text in ("heat pump", "热泵", "biogas 沼气 " * (number * 4))]
    kept = Encodings(tmp_path, retriever.embedder)
    with Encoder(kept, processes=2, expected=len(texts)) as encoder:
        encoder.want(texts)
    alone = Encodings(tmp_path / "alone", retriever.embedder)
    assert len(kept) == len(set(texts))
    one, other = (each.vectors(each.rows(map(digest, texts))) for each in (kept, alone) if alone.of(texts) is not None)
    assert np.abs(one - other).max() < 2e-3


@pytest.mark.usefixtures("spoilt")
def test_a_message_reaches_the_caller(tmp_path: Path) -> None:
    """What an encoder complains about in another process is what the caller is told; the worker goes on with other texts."""
    with Worker("spoilt:Spoilt?size=8") as worker:
        assert worker.embed(["热泵", "pump"]).shape == (2, 8)
        with pytest.raises(EmbedderFailed, match="quota exceeded 配额用尽"):
            worker.embed(["沼气"])
        assert worker.embed(["热泵"]).shape == (1, 8)


def test_an_encoder_that_cannot_be_made() -> None:
    """An encoder that another process cannot make is named to the caller, with what to write instead."""
    with Worker("no_such_package:Class") as worker, pytest.raises(EmbedderFailed, match=r"no_such_package.*package.module:Class"):
        worker.embed(["热泵"])


@pytest.mark.usefixtures("spoilt")
def test_a_worker_that_dies() -> None:
    """A worker that is suddenly gone is told of with its exit code."""
    with Worker("spoilt:Dying?size=8") as worker, pytest.raises(EmbedderFailed, match="exit code 7"):
        worker.embed(["热泵"])


@pytest.mark.usefixtures("spoilt")
@pytest.mark.parametrize("count", [70, 1000])
def test_one_of_two_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """When an encoder fails on some texts the caller hears of it and no process is left, however many texts were to come."""
    monkeypatch.setattr(encodings, "MANY", 1)
    started: list[int] = []
    start = Worker._start

    def noted(self: Worker) -> subprocess.Popen[bytes]:
        process = start(self)
        started.append(process.pid)
        return process

    monkeypatch.setattr(Worker, "_start", noted)
    kept = Encodings(tmp_path / "kept", Spoken("spoilt:Spoilt?size=8"))
    with pytest.raises(EmbedderFailed, match="quota exceeded"), Encoder(kept, processes=2, expected=count) as encoder:
        encoder.want(["沼气", *(f"text {number}" for number in range(count))])
    assert started
    assert all(map(gone, started))
    assert digest("沼气") not in kept


def test_the_parent_is_killed() -> None:
    """A worker ends when its parent is killed without a chance to say so."""
    script = (
        "import sys, time\n"
        "from retrieval.workers import Worker\n"
        f"worker = Worker({FAKE!r})\n"
        "worker.embed(['热泵'])\n"
        "print(worker._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone(pid)
