"""A catalogue of two hundred listings, and stand-ins that make building over it take seconds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import jieba
import pytest
from standins import SIZE, WideEncoder

from benchmarks import measure
from benchmarks.catalogue import Catalogue
from benchmarks.measure import asked_of
from benchmarks.questions import Asked
from benchmarks.systems import Place
from retrieval import calibration, lexicon
from retrieval.calibration import Questions


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue under the seed that is used for measuring."""
    return Catalogue()


@pytest.fixture(scope="session")
def prepared(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the database and the questions of a small catalogue."""
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "encode", lambda *_, **__: measure.Encoding(0, 0.0, 0))
        measure.prepare(folder / str(SIZE), catalogue, SIZE, ("greenask", "numpy"), 20, folder / "vectors", lambda *_: None)
    return folder


@pytest.fixture
def asked(prepared: Path) -> list[Asked]:
    """The questions to it."""
    return asked_of(prepared / str(SIZE) / "questions.json")


@pytest.fixture(scope="module")
def place(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A folder for a system, with an encoder, a dictionary and a lexicon that cost nothing."""
    folder = tmp_path_factory.mktemp("system")
    questions = Questions({"en": ["pump for a school"], "zh": ["学校供暖"]}, {"en": ["love poem"], "zh": ["情诗"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.encoder.UniversalSentenceEncoder", WideEncoder)
        patch.setattr(jieba, "get_module_res", lambda *_: io.BytesIO("污水 100 n\n处理 100 n\n".encode()))
        patch.setattr(lexicon, "dictionary", lambda: iter(()))
        patch.setattr(calibration, "questions", lambda: questions)
        yield Place(folder, prepared / str(SIZE) / "knowledge.db", folder / "vectors")
