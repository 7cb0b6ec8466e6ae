"""The results of ``benchmarks.scale`` as a table in Markdown and as a picture of growth.

python -m benchmarks.report benchmarks/results/scale.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_BLANK = "–"
_COLOURS = {
    "greenask": "#0b7a4b",
    "langchain": "#b3541e",
    "haystack": "#5b4db1",
    "haystack-chroma": "#9b59b6",
    "numpy": "grey",
}

Results = Mapping[str, Any]


def write_report(results: Results, folder: Path, plot: Path | None = None) -> None:
    """Write scale.json and scale.md to the folder, and the picture where matplotlib is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "scale.md").write_text(markdown(results), encoding="utf-8")
    if plot is not None:
        try:
            draw(results, plot)
        except ImportError:
            return


def markdown(results: Results) -> str:
    """Every table, each size by itself, the smallest first."""
    machine = results["machine"]
    lines = [
        "# Scale",
        "",
        f"`{results['command']}`",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python "
        f"{machine['python']}; load when it began {machine['load_at_start']}. "
        + ", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        "",
        "What the columns mean stands in the [README](../README.md). Milliseconds are p50 / p95 / p99; where fewer than 100 "
        "questions fitted into the time, their number follows.",
    ]
    for size, prepared in results["prepared"].items():
        found = [each for each in results["results"] if str(each["listings"]) == size]
        lines += ["", f"## {int(size):,} listings, {prepared['documents']:,} documents", "", *_shared(prepared), ""]
        lines += [*_table(_BUILD, found, prepared), "", *_table(_FIND, found, prepared), ""]
        lines += [*_table(_filters(found), found, prepared), "", *_table(_QUALITY, found, prepared), ""]
        lines += [line for each in found if (line := _ended(each))]
    return "\n".join([*lines, "", *_growth(results)]).rstrip() + "\n"


def _shared(prepared: Results) -> Iterator[str]:
    encoding, save = prepared["encoding"], prepared["save"]
    yield (
        f"Shared by all: {save['listings'] / save['seconds']:,.0f} listings a second into the database; "
        + (
            f"{encoding['texts']:,} new texts encoded, {encoding['rate']:,.0f} a second by {encoding['processes']} processes."
            if encoding["texts"]
            else "vectors of an earlier run."
        )
    )


Column = tuple[str, Callable[[Results, Results], str]]


def _table(columns: Sequence[Column], found: Sequence[Results], prepared: Results) -> Iterator[str]:
    yield "| system | " + " | ".join(name for name, _ in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for each in found:
        yield f"| {each['system']} | " + " | ".join(show(each, prepared) for _, show in columns) + " |"


def _number(*path: str, form: str = "{:,.0f}") -> Callable[[Results, Results], str]:
    def show(each: Results, _: Results) -> str:
        value = _at(each, *path)
        return _BLANK if value is None else form.format(value)

    return show


def _at(found: Any, *path: str) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _rate(each: Results, prepared: Results) -> str:
    seconds = _at(each, "build", "seconds")
    return f"{prepared['documents'] / seconds:,.0f}" if seconds else _BLANK


def _peak(each: Results, _: Results) -> str:
    peaks = [_at(each, phase, "peak_mb") for phase in ("build", "serve", "change")]
    return f"{max(peak or 0 for peak in peaks):,.0f}" if any(peaks) else _BLANK


def _times(condition: str) -> Callable[[Results, Results], str]:
    def show(each: Results, _: Results) -> str:
        times = _at(each, "serve", "latency", condition)
        if not times:
            return _BLANK
        few = f" ({times['questions']})" if times["questions"] < 100 else ""
        return " / ".join(f"{times[p]:,.1f}" if times[p] < 100 else f"{times[p]:,.0f}" for p in ("p50", "p95", "p99")) + few

    return show


def _change(kind: str) -> Callable[[Results, Results], str]:
    def show(each: Results, _: Results) -> str:
        done = _at(each, "change", kind)
        if not done:
            return _BLANK
        right = "" if done["right"] == done["listings"] else f" ({done['right']} of {done['listings']} right)"
        return f"{done['seconds']:.1f} s" + (", reopened" if done["reopened"] else "") + right

    return show


def _hits(direction: str) -> Callable[[Results, Results], str]:
    return _number("serve", "quality", direction, "hit@10", form="{:.3f}")


_BUILD: Sequence[Column] = (
    ("documents/s", _rate),
    ("build s", _number("build", "seconds", form="{:,.1f}")),
    ("peak MB building", _number("build", "peak_mb")),
    ("disk MB", _number("build", "disk_mb")),
    ("add 100", _change("add")),
    ("change 100", _change("change")),
    ("delete 100", _change("delete")),
)
_FIND: Sequence[Column] = (
    ("ms, no filter", _times("none")),
    ("of which encoding ms", _number("serve", "of_which_encoding_ms", form="{:.1f}")),
    ("restart to first answer s", _number("serve", "restart_seconds", form="{:,.1f}")),
    ("steady MB", _number("serve", "steady_mb")),
    ("of it mapped files MB", _number("serve", "steady_mapped_mb")),
    ("peak MB", _peak),
    ("HNSW recall@10", _number("recall", "recall@10", "share", form="{:.4f}")),
)
_QUALITY: Sequence[Column] = tuple(
    (f"hit@10 {name}", _hits(name)) for name in ("same language", "cross-language", "en→en", "zh→zh", "en→zh", "zh→en")
)


def _filters(found: Sequence[Results]) -> Sequence[Column]:
    names = dict.fromkeys(name for each in found for name in _at(each, "serve", "latency") or {} if name != "none")
    return [(f"ms, {name}", _times(name)) for name in names]


def _ended(each: Results) -> str | None:
    reason = each.get("skipped") or each.get("stopped")
    return f"{each['system']}: {reason}." if reason else None


def _growth(results: Results) -> Iterator[str]:
    """How many times slower than GreenAsk each peer is, and how latency grows from each size to the next."""
    sizes = sorted(results["prepared"], key=int)
    yield "## Against GreenAsk, p95 without filters"
    yield ""
    yield "| system | " + " | ".join(f"{int(size):,}" for size in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    own = {size: _latency(results, "greenask", size) for size in sizes}
    for name in dict.fromkeys(each["system"] for each in results["results"]):
        cells = []
        for size in sizes:
            taken, mine = _latency(results, name, size), own[size]
            cells.append(f"{taken / mine:,.1f} ×" if taken and mine else _BLANK)
        yield f"| {name} | " + " | ".join(cells) + " |"
    first, last = own[sizes[0]], own[sizes[-1]]
    if len(sizes) > 1 and first and last:
        yield ""
        yield f"GreenAsk's p95 grows {last / first:.2f} × from {int(sizes[0]):,} to {int(sizes[-1]):,} listings."


def _latency(results: Results, system: str, size: str, share: str = "p95") -> float | None:
    for each in results["results"]:
        if each["system"] == system and str(each["listings"]) == size:
            value: float | None = _at(each, "serve", "latency", "none", share)
            return value
    return None


def draw(results: Results, path: Path) -> None:
    """Growth in four panels, both axes logarithmic."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = {
        "finding, no filter: p95, ms": lambda each: _at(each, "serve", "latency", "none", "p95"),
        "finding, slowest filter: p95, ms": _slowest,
        "memory when serving, MB": lambda each: _at(each, "serve", "steady_mb"),
        "restart to first answer, s": lambda each: _at(each, "serve", "restart_seconds"),
    }
    for axes, (title, value) in zip(figure.subplots(2, 2).flat, panels.items(), strict=True):
        for name in dict.fromkeys(each["system"] for each in results["results"]):
            points = [
                (each["listings"], value(each))
                for each in results["results"]
                if each["system"] == name and value(each) is not None
            ]
            if points:
                axes.plot(*zip(*sorted(points), strict=True), marker="o", label=name, color=_COLOURS.get(name))
        axes.set(title=title, xlabel="listings", xscale="log", yscale="log")
        axes.grid(visible=True, which="both", alpha=0.2)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _slowest(each: Results) -> float | None:
    times = [times["p95"] for name, times in (_at(each, "serve", "latency") or {}).items() if name != "none" and times]
    return max(times, default=None)


def main() -> None:
    """Write table and picture again from the JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args()
    write_report(json.loads(chosen.results.read_text(encoding="utf-8")), chosen.results.parent, chosen.plot)


if __name__ == "__main__":
    main()
