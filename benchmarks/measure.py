"""One measurement of one system at one size, in a process of its own. ``benchmarks.scale`` starts these; nobody needs to by hand.

What was measured is written down after each step, so that a measurement that is stopped leaves what it had.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogue import Catalogue
from benchmarks.encoder import CachedEncoder, Encoding, encode
from benchmarks.questions import Asked, questions
from benchmarks.systems import GreenAsk, PeerMissing, Place, System, make_system, text_of
from bot import bootstrap
from knowledge import starter
from knowledge.records import LANGUAGES, Listing
from knowledge.store import KnowledgeBase
from retrieval import dense, index
from retrieval.documents import documents
from retrieval.views import views_of

CONDITIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "country US": (("country", "US"),),
    "country KE": (("country", "KE"),),
    "sector energy": (("sector", "energy"),),
    "sector climate_adaptation": (("sector", "climate_adaptation"),),
    "kind technology": (("kind", "technology"),),
    "kind need": (("kind", "need"),),
    "stage commercial_large": (("stage", "commercial_large"),),
    "country DE, sector water": (("country", "DE"), ("sector", "water")),
}
CHANGED = 100
_WARM, _FEWEST, _FILTERED = 300, 5, 300
_NEW, _OTHER = 20_000_000, 30_000_000  # numbers of listings no catalogue reaches

Note = Callable[[str, Any], None]


def prepare(folder: Path, catalogue: Catalogue, size: int, systems: Sequence[str], each: int, vectors: Path, note: Note) -> None:
    """Make the database, the questions and the vectors of all texts, once for all systems."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "questions.json").open("w", encoding="utf-8") as file:
        json.dump([asdict(asked) for asked in questions(catalogue, size, each)], file, ensure_ascii=False)
    kb = KnowledgeBase.open(f"sqlite:///{folder / 'knowledge.db'}")
    # The starter records stay out: a thousand listings are then a thousand, and every system has the same ones.
    kb.remember(bootstrap.STARTER, starter.digest())
    began = time.perf_counter()
    kb.save(catalogue.listings(size), origin="import")
    note("save", {"listings": size, "seconds": time.perf_counter() - began})
    note("documents", sum(1 for _ in documents(kb)))
    done: Encoding = encode(_texts(kb, systems), vectors, progress=lambda count: note("encoded so far", count))
    note("encoding", {**asdict(done), "rate": done.rate})
    kb.close()


def _texts(kb: KnowledgeBase, systems: Sequence[str]) -> Iterator[str]:
    """What will be encoded: GreenAsk's views, the first of which is the text of the others."""
    for item in documents(kb):
        yield from views_of(item).all if "greenask" in systems else [text_of(item)]


def build(system: System, place: Place, note: Note) -> None:
    """Make the index from the database."""
    began, spent = time.perf_counter(), time.process_time()
    system.build()
    note("seconds", time.perf_counter() - began)
    note("cpu_seconds", time.process_time() - spent)
    note("disk_mb", sum(file.stat().st_size for file in place.folder.rglob("*") if file.is_file()) / 1e6)


def serve(system: System, asked: Sequence[Asked], began: float, budget: float, note: Note) -> None:
    """Open, answer, answer with filters; ``began`` is when the process was started, ``budget`` the seconds for each set."""
    import psutil

    plain = [each for each in asked if not each.facets]
    system.open()
    system.find(plain[0])
    note("restart_seconds", time.time() - began)
    latencies(system, [_anew(each, 0) for each in plain[1:]], _WARM, budget)
    note("latency", {})
    times, found = latencies(system, plain, len(plain), 2 * budget)
    note("latency", {"none": times})
    memory = psutil.Process().memory_info()
    note("steady_mb", memory.rss / 1e6)
    note("steady_mapped_mb", memory.shared / 1e6)
    faceted = [each for each in asked if each.facets]
    _, narrowed = latencies(system, faceted, len(faceted), budget)
    note("quality", quality([*zip(plain, found, strict=False), *zip(faceted, narrowed, strict=False)]))
    measured = {"none": times}
    for turn, (name, facets) in enumerate(CONDITIONS.items()):
        # A different stretch of the questions each time: none is asked again before several hundred others.
        stretch = np.roll(np.arange(len(plain)), -turn * _FILTERED)[:_FILTERED]
        narrowed_by = [replace(_anew(plain[place], turn + 1), facets=facets) for place in stretch]
        measured[name], _ = latencies(system, narrowed_by, _FILTERED, budget)
        note("latency", measured)
    encoder = CachedEncoder("")
    encoder.embed(["warm"])
    spent = [_timed(encoder.embed, [each.text])[0] for each in plain[:100]]
    note("of_which_encoding_ms", float(np.median(spent)) * 1000)


def _anew(asked: Asked, turn: int) -> Asked:
    """The same question, written so that no vector is remembered for it: its encoding belongs to what it takes."""
    return replace(asked, text=f"{asked.text}?{'!' * turn}")


def latencies(system: System, asked: Sequence[Asked], most: int, budget: float) -> tuple[dict[str, float], list[list[str]]]:
    """Milliseconds a question, and what was found; stops at ``most`` questions, or after the budget and a handful."""
    times: list[float] = []
    found = []
    for each in asked[:most]:
        took, keys = _timed(system.find, each)
        times.append(took * 1000)
        found.append(keys)
        if sum(times) > budget * 1000 and len(times) >= _FEWEST:
            break
    if not times:
        return {}, []
    p50, p95, p99 = np.percentile(times, [50, 95, 99]).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "mean": float(np.mean(times)), "questions": len(times)}, found


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - began, result


def quality(answered: Sequence[tuple[Asked, Sequence[str]]]) -> dict[str, dict[str, float]]:
    """The share of questions with a target among the ten found: by direction and by form."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for asked, keys in answered:
        hit = bool(set(asked.targets) & set(keys))
        other = {"en": "zh", "zh": "en"}[asked.lang]
        hits["cross-language" if asked.cross else "same language"].append(hit)
        hits[f"{asked.lang}→{other if asked.cross else asked.lang}"].append(hit)
        hits[f"{asked.form}, {'cross' if asked.cross else 'same'}"].append(hit)
    return {name: {"hit@10": float(np.mean(each)), "questions": len(each)} for name, each in sorted(hits.items())}


def change(system: System, catalogue: Catalogue, note: Note) -> None:
    """Add, change and delete listings; the time until a search shows it."""
    system.open()
    for lang in LANGUAGES:
        system.find(_asking(next(catalogue.listings(1, _NEW)), lang))
    both = (sketch.number for sketch in catalogue.sketches(10 * CHANGED) if sketch.languages == LANGUAGES)
    numbers = [number for number, _ in zip(both, range(2 * CHANGED), strict=False)]
    half = len(numbers) // 2
    added = [_marked(next(catalogue.listings(1, _NEW + number)), "Addo") for number in range(CHANGED)]
    changed = [_renewed(catalogue, number) for number in numbers[:half]]
    gone = [next(catalogue.listings(1, number)) for number in numbers[half:]]
    for name, saved, out in (("add", added, []), ("change", changed, []), ("delete", [], [listing.key for listing in gone])):
        affected = saved or gone
        reopened_before = _reopened(system)
        began = time.perf_counter()
        system.change(saved, out)
        visible = _await(system, affected[0], shown=bool(saved))
        took = time.perf_counter() - began
        right = [(listing.key in system.find(_asking(listing, "en"))) == bool(saved) for listing in affected]
        reopened = _reopened(system) > reopened_before
        note(name, {"seconds": took, "listings": len(affected), "visible": visible, "right": sum(right), "reopened": reopened})


def _reopened(system: System) -> int:
    return system.reopened if isinstance(system, GreenAsk) else 0


def _await(system: System, listing: Listing, *, shown: bool) -> bool:
    """Whether the next question sees the change; an index that has to be opened anew for it is."""
    for attempt in range(2):
        if all(
            (listing.key in system.find(_asking(listing, lang))) == shown for lang in LANGUAGES if listing.exactly("name", lang)
        ):
            return True
        if attempt == 0 and isinstance(system, GreenAsk):
            system.reopen()
    return False


def _asking(listing: Listing, lang: str) -> Asked:
    return Asked(f"{listing.name(lang)} {(listing.text('summary', lang) or '')[:200]}", lang, "own words")


def _marked(listing: Listing, mark: str) -> Listing:
    for lang in LANGUAGES:
        if name := listing.exactly("name", lang):
            setattr(listing, f"name_{lang}", f"{mark}-{listing.id[-4:]} {name}")
    return listing


def _renewed(catalogue: Catalogue, number: int) -> Listing:
    other = next(sketch for sketch in catalogue.sketches(50, _OTHER + 50 * number) if sketch.languages == LANGUAGES)
    renewed = catalogue.listing(other)
    renewed.id = f"bench-{number:07d}"
    return _marked(renewed, "Neuo")


def recall(place: Place, asked: Sequence[Asked], note: Note) -> None:
    """How many of the ten nearest vectors Chroma's graph finds, against scoring all of them, over all collections."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    home, centres = place.folder, np.zeros((2, 512), dtype=np.float32)
    if place.settings().index_dir.exists():
        home = index.Index(index.current(place.settings().index_dir)).base
        centres = np.load(home / "centres.npy")[1]
    vectors = CachedEncoder("").embed([each.text for each in asked])
    vectors = np.concatenate([dense.centred(vectors[[place]], centres[LANGUAGES.index(a.lang)]) for place, a in enumerate(asked)])
    shares: list[float] = []
    counts: list[int] = []
    for folder in {file.parent for file in home.rglob("chroma.sqlite3")}:
        client = chromadb.PersistentClient(str(folder), ChromaSettings(anonymized_telemetry=False))
        for listed in client.list_collections():
            collection = client.get_collection(listed.name, embedding_function=None)
            counts.append(collection.count())
            if counts[-1] >= 10:
                shares += _recall_of(collection, counts[-1], vectors)
    if shares:
        note("recall@10", {"share": float(np.mean(shares)), "questions": len(asked), "vectors": counts})


def _recall_of(collection: Any, count: int, vectors: Any) -> list[float]:
    ids: list[str] = []
    parts = []
    for start in range(0, count, 5_000):
        page = collection.get(limit=5_000, offset=start, include=["embeddings"])
        ids += page["ids"]
        parts.append(np.asarray(page["embeddings"], dtype=np.float32))
    stored = np.concatenate(parts)
    stored /= np.maximum(np.linalg.norm(stored, axis=1, keepdims=True), 1e-9)
    shares = []
    for vector in vectors:
        scores = stored @ vector
        tenth = np.partition(scores, -10)[-10]
        # Equal vectors are as good as each other: whatever scores like the tenth counts.
        right = {ids[place] for place in np.flatnonzero(scores >= tenth - 1e-5)}
        found = collection.query(query_embeddings=[vector], n_results=10, include=[])["ids"][0]
        shares.append(len(right.intersection(found)) / 10)
    return shares


def main() -> None:
    """Measure one phase and write what was found as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("phase", choices=("prepare", "build", "serve", "change", "recall"))
    parser.add_argument("--system", default="")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--began", type=float, default=0.0)
    chosen = parser.parse_args()
    found: dict[str, Any] = {"load_before": os.getloadavg()[0]}

    def note(name: str, value: Any) -> None:
        found[name] = value
        new = chosen.out.with_suffix(".new")
        new.write_text(json.dumps(found), encoding="utf-8")
        new.replace(chosen.out)

    home, catalogue = chosen.work / str(chosen.size), Catalogue(chosen.seed, chosen.words)
    vectors = chosen.work / "vectors"
    if chosen.phase == "prepare":
        prepare(home, catalogue, chosen.size, chosen.system.split(","), chosen.questions, vectors, note)
        return
    place = Place(home / chosen.system, home / "knowledge.db", vectors)
    asked = asked_of(home / "questions.json")
    try:
        if chosen.phase == "recall":
            recall(place, asked[:200], note)
        else:
            if chosen.phase == "build":
                place.copy_database()
            system = make_system(chosen.system, place)
            if chosen.phase == "build":
                build(system, place, note)
            elif chosen.phase == "serve":
                serve(system, asked, chosen.began, chosen.budget, note)
            else:
                change(system, catalogue, note)
    except PeerMissing as error:
        note("skipped", str(error))
    note("load_after", os.getloadavg()[0])


def asked_of(path: Path) -> list[Asked]:
    """The questions that were written down when the catalogue was made."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    pairs = [tuple((facet, value) for facet, value in row.pop("facets")) for row in rows]
    return [Asked(**{**row, "targets": tuple(row["targets"])}, facets=facets) for row, facets in zip(rows, pairs, strict=True)]


if __name__ == "__main__":
    main()
