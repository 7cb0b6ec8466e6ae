"""Workers: encoding in processes of their own.

A worker reads batches of texts from its standard input and writes their vectors to its standard output. When its parent goes,
however suddenly, its input ends and it goes too.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from retrieval.errors import EmbedderFailed
from retrieval.vectors import Vectors

_ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """A process with the encoder of a setting in it, started by the first batch."""

    def __init__(self, spec: str) -> None:
        self._spec = spec
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def _start(self) -> subprocess.Popen[bytes]:
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        return subprocess.Popen(  # noqa: S603 - this Python, this module, a spec from our own settings
            [sys.executable, "-m", "retrieval.workers", self._spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is for the parent: it ends the worker by closing its input.
            start_new_session=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts, shape (len(texts), dimension)."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _send(process.stdin, list(texts))
            answer = _receive(process.stdout)
        except (BrokenPipeError, EOFError) as error:
            raise EmbedderFailed(f"the encoding process ended with exit code {process.wait()}") from error
        if isinstance(answer, str):
            raise EmbedderFailed(answer)
        vectors: Vectors = answer
        return vectors


def _send(pipe: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value)
    pipe.write(len(data).to_bytes(8, "big") + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    size = pipe.read(8)
    if len(size) < 8:
        raise EOFError
    data = pipe.read(int.from_bytes(size, "big"))
    return pickle.loads(data)  # noqa: S301 - written by our own process at the other end of a pipe nobody else holds


def main(spec: str) -> None:
    """Encode batches until the input ends."""
    from retrieval.embed import embed_whole, make_embedder

    embedder = None
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing printed by a library may get between the vectors
    while True:
        try:
            texts = _receive(source)
        except EOFError:
            return
        try:
            embedder = embedder or make_embedder(spec, threads=1)
            _send(target, embed_whole(embedder, texts))
        except EmbedderFailed as error:
            _send(target, str(error))
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main(sys.argv[1])
