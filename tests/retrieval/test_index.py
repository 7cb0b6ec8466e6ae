"""The index is whole or not there, and knows what it was made from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fakes
import numpy as np
import pytest
from encoders import WordEncoder
from fakes import BrokenEncoder

from retrieval.documents import Document
from retrieval.errors import IndexMissing, IndexOutOfDate
from retrieval.index import Index, Manifest, current
from retrieval.retriever import HybridRetriever, Query


def copy(home: Path, to: Path) -> Path:
    """The generation that is read, in a copy of all of the index, to be spoilt."""
    return current(Path(shutil.copytree(home, to / "index")))


def listings(folder: Path, text: str) -> list[str]:
    """The records an index finds, whether they reach its floor or not."""
    return [hit.key for hit in HybridRetriever(Index(folder), WordEncoder()).find(Query(text)).hits]


@pytest.mark.parametrize("question", ["a heat pump for the school", "学校的热泵", "學校的熱泵"])
def test_a_small_index_finds(small_home: Path, question: str) -> None:
    """A built index finds a record in each language."""
    assert listings(current(small_home), question)[0] == "listing/heat-pump"


def test_manifest(small_index: Index) -> None:
    """The manifest says what the index was made from, and what was learnt."""
    manifest = Manifest.read(small_index.folder)
    assert (manifest.fingerprint, manifest.embedder, manifest.dimension) == ("records-1", "words/1", 64)
    assert (manifest.documents, manifest.built, manifest.rows, manifest.based) == (6, 6, 6, len(small_index.dense))
    assert set(manifest.spread) == {"en-en", "en-zh", "zh-en", "zh-zh"}
    assert all(deviation > 0 for _, deviation in manifest.spread.values())
    assert 0 <= small_index.floor.threshold <= 1


def test_the_right_index(small_index: Index) -> None:
    """An index made from these records with this encoder is accepted."""
    small_index.manifest.check("records-1", WordEncoder())


def test_stale(small_index: Index) -> None:
    """An index made from other records is refused with the command that rebuilds it."""
    with pytest.raises(IndexOutOfDate, match="greenask kb build"):
        small_index.manifest.check("records-2", WordEncoder())


@pytest.mark.parametrize("encoder", [WordEncoder(name="words/2"), WordEncoder(dimension=32)])
def test_another_encoder(small_index: Index, encoder: WordEncoder) -> None:
    """An index made with another encoder is refused with both names, the command and the setting."""
    with pytest.raises(IndexOutOfDate, match=r"words/1.*words/\d.*greenask kb build.*GREENASK_EMBEDDER"):
        small_index.manifest.check("records-1", encoder)


def test_missing(tmp_path: Path) -> None:
    """Where no index is, the command that makes one is named."""
    for look in (current, Manifest.read, Index):
        with pytest.raises(IndexMissing, match="greenask kb build"):
            look(tmp_path)


@pytest.mark.parametrize("change", [{"format": 0}, {"format": 99}])
def test_another_release(small_home: Path, tmp_path: Path, change: dict) -> None:
    """An index in the format of another release is refused with the command that rebuilds it."""
    folder = copy(small_home, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(IndexOutOfDate, match="greenask kb build"):
        Manifest.read(folder).check("records-1", WordEncoder())


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"colour": "green"}', '{"fingerprint": "records-1"}'])
def test_a_spoilt_manifest(tmp_path: Path, text: str) -> None:
    """A manifest that cannot be read is an index to rebuild, not a crash."""
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(IndexOutOfDate, match="greenask kb build"):
        Manifest.read(tmp_path)


def test_allowed(small_index: Index) -> None:
    """Facets allow the documents with one token of each group; no facets allow all, unknown ones none."""

    def keys(*groups: tuple[str, ...]) -> set[str]:
        return {small_index.documents.keys[number].removeprefix("listing/") for number in small_index.allowed(groups)}

    assert len(small_index.allowed(())) == 6
    assert keys(("country:JP",)) == {"heat-pump", "filter"}
    assert keys(("country:JP", "country:CN"), ("only:digester", "only:filter")) == {"digester", "filter"}
    assert keys(("country:CN",), ("only:filter",)) == keys(("country:XX",)) == set()


def test_what_is_kept(small_index: Index) -> None:
    """An index keeps keys, languages, names and words, in the order of the documents."""
    assert small_index.documents.keys[:2] == ["listing/heat-pump"] * 2
    assert small_index.documents.pool_of.tolist() == [0, 1] * 3
    assert [match.keys for match in small_index.names.find("a heat pump")] == [("listing/heat-pump",)]
    assert {"manure", "membrane", "electricity"} <= set(small_index.words)
    assert small_index.lexicon.chinese["热泵"] == [["heat", "pump"]]


def test_built_again(tmp_path: Path) -> None:
    """A new build is what is opened from then on; the one before stays for whoever has it open, and goes with the next."""
    folders = []
    for number in (3, 2, 1):
        folders.append(fakes.build(tmp_path, fakes.technologies(number), fingerprint=f"records-{number}"))
        assert current(tmp_path) == folders[-1]
        assert Manifest.read(folders[-1]).fingerprint == f"records-{number}"
        assert len(listings(folders[-1], "沼气池")) == number
        assert [len(listings(folder, "沼气池")) for folder in folders[-2:-1]] == [number + 1][: len(folders) - 1]
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_a_failing_build(small_home: Path, tmp_path: Path) -> None:
    """A build that fails leaves the index before it in place and working, and says why."""
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    before = current(home)
    with pytest.raises(ConnectionError, match="could not embed"):
        fakes.build(home, [Document("listing/new", "en", "Something new")], embedder=BrokenEncoder())
    assert current(home) == before
    assert listings(before, "沼气池")[0] == "listing/digester"


def test_a_broken_off_build(tmp_path: Path) -> None:
    """What a build leaves that was broken off is cleared away by the next."""

    def stop(step: str, *_: int) -> None:
        raise KeyboardInterrupt(step)

    with pytest.raises(KeyboardInterrupt):
        fakes.build(tmp_path, fakes.technologies(), progress=stop)
    with pytest.raises(IndexMissing):
        current(tmp_path)
    folder = fakes.build(tmp_path, fakes.technologies(1))
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {folder.name, Manifest.read(folder).base, "encodings"}


def test_two_builders(tmp_path: Path) -> None:
    """While one builds, another is refused and told to wait."""
    refused = []

    def also_build(step: str, *_: int) -> None:
        with pytest.raises(IndexOutOfDate, match="wait") as caught:
            fakes.build(tmp_path, fakes.technologies())
        refused.append(str(caught.value))
        raise InterruptedError(step)

    with pytest.raises(InterruptedError):
        fakes.build(tmp_path, fakes.technologies(), progress=also_build)
    assert len(refused) == 1
    assert str(tmp_path) in refused[0]


def test_an_empty_knowledge_base(tmp_path: Path) -> None:
    """An index of nothing can be built, and finds nothing."""
    folder = fakes.build(tmp_path, [])
    assert listings(folder, "热泵") == []
    assert Manifest.read(folder).documents == 0


def test_vectors_are_centred(small_index: Index) -> None:
    """Stored vectors have length one and no mean of their language."""
    vectors = small_index.dense.sample(1000)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=2e-3)
    assert all(np.linalg.norm(centre) > 0.1 for centre in small_index.centres.values())
