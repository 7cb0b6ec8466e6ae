"""The harness measures real searches, stops what takes too long, and says why something was not measured."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from importlib.util import find_spec

import pytest
from standins import SIZE

from benchmarks import measure, systems
from benchmarks.measure import CONDITIONS
from benchmarks.questions import Asked
from benchmarks.report import markdown, write_report
from benchmarks.scale import Run, chosen_systems, most_of, start
from benchmarks.systems import PeerMissing, make_system

PEERS = {"langchain": "langchain_classic", "haystack": "haystack", "haystack-chroma": "haystack_integrations"}


def taking_notes():
    """Somewhere to note measurements, and what does it."""
    notes = {}
    return notes, notes.__setitem__


@pytest.fixture(scope="module", params=["greenask", "numpy", *PEERS])
def system(request, place):
    """Each system, built over the small catalogue."""
    # Looked for and not imported: one of them would report its use as soon as it is.
    if request.param in PEERS and find_spec(PEERS[request.param]) is None:
        pytest.skip(f"{PEERS[request.param]} of the bench group is not installed")
    own = replace(place, folder=place.folder / request.param)
    own.copy_database()
    made = make_system(request.param, own)
    notes, note = taking_notes()
    measure.build(made, own, note)
    assert notes["disk_mb"] > 0
    return made


def test_finding_is_measured(system, asked, monkeypatch):
    """A system is asked with and without filters; it finds what it should, and what it took is noted."""
    pytest.importorskip("psutil")
    monkeypatch.setattr(measure, "_FILTERED", 4)
    monkeypatch.setattr(measure, "_WARM", 2)
    notes, note = taking_notes()
    measure.serve(system, asked, time.time(), 60.0, note)
    assert 0 < notes["restart_seconds"] < 60
    assert notes["steady_mb"] > 10
    assert set(notes["latency"]) == {"none", *CONDITIONS}
    assert all(0 < times["p50"] <= times["p95"] <= times["p99"] for times in notes["latency"].values())
    assert notes["quality"]["same language"]["hit@10"] > 0.5


@pytest.mark.parametrize(("text", "lang"), [("membrane water treatment", "en"), ("污水处理膜", "zh")])
def test_filters_are_kept(system, catalogue, text, lang):
    """With a filter every system finds listings of that value only, and finds some."""
    sectors = {sketch.key: sketch.sector for sketch in catalogue.sketches(SIZE)}
    system.open()
    found = system.find(Asked(text, lang, "keyword", facets=(("sector", "water"),)))
    assert found
    assert {sectors[key] for key in found} == {"water"}


def test_changing_is_measured(system, catalogue, monkeypatch):
    """What is added, changed or deleted shows in the next search, and the time that took is noted."""
    monkeypatch.setattr(measure, "CHANGED", 5)
    notes, note = taking_notes()
    measure.change(system, catalogue, note)
    for kind in ("add", "change", "delete"):
        assert notes[kind]["visible"], kind
        assert notes[kind]["right"] == notes[kind]["listings"] == 5
        assert notes[kind]["seconds"] > 0


def test_quality_counts_targets_among_ten():
    """A question is answered when one of its targets is found; directions and forms are counted apart."""
    same = Asked("heat pump", "en", "keyword", ("listing/1",))
    cross = Asked("热泵", "zh", "name", ("listing/2", "listing/3"), cross=True)
    found = measure.quality([(same, ["listing/9"]), (same, ["listing/1"]), (cross, ["listing/3"])])
    assert found["same language"] == {"hit@10": 0.5, "questions": 2}
    assert found["zh→en"] == {"hit@10": 1.0, "questions": 1}
    assert "en→zh" not in found


def test_latencies_stop_at_the_budget():
    """A slow system answers a handful of questions and no more."""

    class Slow:
        def find(self, _):
            """Take a while."""
            time.sleep(0.02)
            return []

    times, found = measure.latencies(Slow(), [Asked(str(number), "en", "keyword") for number in range(50)], 50, 0.01)
    assert times["questions"] == len(found) == 5
    assert times["p50"] >= 20


def test_what_takes_too_long_is_stopped(tmp_path):
    """A process that goes over its time is ended, and the result says so."""
    pytest.importorskip("psutil")
    ended = start(Run((10,), ("numpy",), tmp_path), 10, "prepare", "numpy", seconds=0.2)
    assert ended.stopped == "stopped, its time was up"
    assert ended.seconds < 5


def test_what_fails_says_why(tmp_path):
    """A process that fails leaves its last line as the reason."""
    pytest.importorskip("psutil")
    ended = start(Run((10,), ("numpy",), tmp_path), 10, "build", "numpy", seconds=60)
    assert ended.stopped.startswith("ended with code 1: FileNotFoundError")
    assert ended.peak_mb > 0


@pytest.mark.parametrize(("name", "package"), [("langchain", "langchain_chroma"), ("haystack", "haystack")])
def test_a_missing_peer_is_named(name, package, place, monkeypatch):
    """A peer whose packages are absent is left out with the reason and what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, systems.SYSTEMS[name].split(":")[0], raising=False)
    with pytest.raises(PeerMissing, match=rf"{name}: .*{package}.*install the bench group"):
        make_system(name, place)


def test_a_slow_system_is_left_out_of_large_sizes(tmp_path):
    """A system with a largest size is measured up to it, and the command that is written down says so."""
    run = Run((10, 1000), ("greenask", "haystack"), tmp_path, most=most_of("haystack=10"))
    assert [run.systems_at(size) for size in run.sizes] == [["greenask", "haystack"], ["greenask"]]
    assert "--most haystack=10" in run.command
    for wrong in ("haystack", "elastic=10", "haystack=ten"):
        with pytest.raises(argparse.ArgumentTypeError, match="haystack=10000"):
            most_of(wrong)


def test_choosing_peers():
    """GreenAsk is always measured; a name that is no peer is refused with those there are."""
    assert chosen_systems("none") == ("greenask",)
    assert chosen_systems("numpy,langchain") == ("greenask", "numpy", "langchain")
    assert set(chosen_systems("all")) == set(systems.SYSTEMS)
    with pytest.raises(Exception, match="no peer elastic; there are langchain"):
        chosen_systems("numpy,elastic")


RESULTS = {
    "command": "python -m benchmarks.scale --sizes 100,1000",
    "machine": {"processor": "x", "cores": 2, "memory_gb": 8, "system": "Linux", "python": "3.11", "load_at_start": 0.1},
    "versions": {"chromadb": "1.5.9"},
    "prepared": {
        size: {
            "documents": 2 * int(size),
            "save": {"listings": int(size), "seconds": 2.0},
            "encoding": {"texts": 400, "seconds": 4.0, "rate": 100.0, "processes": 2},
        }
        for size in ("100", "1000")
    },
    "results": [
        {
            "system": system,
            "listings": size,
            "build": {"seconds": 4.0, "disk_mb": 12.0, "peak_mb": 300.0},
            "serve": {"latency": {"none": {"p50": base, "p95": 2 * base, "p99": 3 * base, "questions": 900}}, "steady_mb": 250.0},
            "change": {"add": {"seconds": 1.5, "listings": 100, "visible": True, "right": 98, "reopened": True}},
        }
        for system, base in (("greenask", 10.0), ("langchain", 300.0))
        for size in (100, 1000)
    ]
    + [{"system": "haystack", "listings": 1000, "build": {"peak_mb": 900.0}, "stopped": "build: stopped, its time was up"}],
}


def test_the_table():
    """The table has what was measured, what was not, how far peers are behind, and how latency grows."""
    table = markdown(RESULTS)
    assert "| greenask | 500 | 4.0 | 300 | 12 | 1.5 s, reopened (98 of 100 right) |" in table
    assert "| langchain | 300 / 600 / 900 |" in table
    assert "haystack: build: stopped, its time was up." in table
    assert "| langchain | 30.0 × | 30.0 × |" in table
    assert "p95 grows 1.00 × from 100 to 1,000 listings" in table
    assert "400 new texts encoded, 100 a second by 2 processes" in table


def test_report_files(tmp_path):
    """JSON, table and, where matplotlib is there, a picture."""
    pytest.importorskip("matplotlib")
    write_report(RESULTS, tmp_path, tmp_path / "images" / "scale.png")
    assert json.loads((tmp_path / "scale.json").read_text("utf-8")) == RESULTS
    assert (tmp_path / "images" / "scale.png").read_bytes().startswith(b"\x89PNG")
