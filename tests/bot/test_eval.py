"""greenask eval: measures for people and for programs, and errors that say what to do."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jieba
import pytest
import yaml

from bot import eval_commands
from bot.eval_commands import OURS
from bot.shell import Shell
from bot.speech import LOCALES
from retrieval import calibration, lexicon
from retrieval.baselines import NAMES
from retrieval.calibration import Questions
from retrieval.evaluation import DIRECTIONS

TEXTS = {
    "pump": ("A heat pump warms the school", "热泵为学校供暖"),
    "gas": ("Manure becomes cooking gas", "粪便变成炊事燃气"),
    "water": ("River water becomes fit to drink", "河水变得可以饮用"),
}
HAN = re.compile(r"[\u4e00-\u9fff]")


def jsonl(rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A BEIR folder of three texts in two languages, each asked for in both."""
    folder = tmp_path / "toy"
    (folder / "qrels").mkdir(parents=True)
    both = [(f"{lang}-{id_}", text) for id_, pair in TEXTS.items() for lang, text in zip(("en", "zh"), pair, strict=True)]
    (folder / "corpus.jsonl").write_text(jsonl({"_id": id_, "title": "", "text": text} for id_, text in both), "utf-8")
    (folder / "queries.jsonl").write_text(jsonl({"_id": f"q{id_}", "text": text} for id_, text in both), "utf-8")
    rows = [f"q{lang}-{id_}\t{pool}-{id_}\t1" for id_ in TEXTS for lang in ("en", "zh") for pool in ("en", "zh")]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(rows), "utf-8")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nqen-gas\tzh-gas\t1\n", "utf-8")
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index takes a second: a dictionary of a few words, an encoder that knows a text only when it is the same."""
    asked = Questions({"en": ["pump", "gas"], "zh": ["供暖", "燃气"]}, {"en": ["love", "football"], "zh": ["情诗", "球赛"]})
    monkeypatch.setattr(jieba, "get_module_res", lambda *_: io.BytesIO("学校 100 n\n供暖 100 n\n河水 50 n\n".encode()))
    monkeypatch.setattr(lexicon, "dictionary", lambda: iter(()))
    monkeypatch.setattr(calibration, "questions", lambda: asked)
    monkeypatch.setenv("GREENASK_EMBEDDER", "langchain_core.embeddings:DeterministicFakeEmbedding?size=16")


def test_json(run, toy: Path) -> None:
    """One JSON object with each set's directions, mixed pool and parity gap, and nothing else on standard output."""
    result = run("eval", "retrieval", str(toy), "--json", "--split", "test")
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["datasets"]
    assert list(found) == ["name", "directions", "mixed", "parity_gap"]
    assert found["name"] == "toy"
    assert list(found["directions"]) == [f"{lang}-{pool}" for lang, pool in DIRECTIONS]
    assert all(list(values) == ["recall@1", "mrr@10", "ndcg@10"] for values in found["directions"].values())
    assert found["directions"]["en-en"] == found["directions"]["zh-zh"] == {"recall@1": 1, "mrr@10": 1, "ndcg@10": 1}
    assert {lang: list(values) for lang, values in found["mixed"].items()} == {
        lang: ["map", "recall@10"] for lang in ("en", "zh")
    }
    assert found["parity_gap"] == abs(found["mixed"]["en"]["map"] - found["mixed"]["zh"]["map"])


def test_baselines(run, toy: Path) -> None:
    """With --compare each baseline stands beside it in the same form."""
    (found,) = json.loads(run("eval", "retrieval", str(toy), "--json", "--compare").stdout)["datasets"]
    assert list(found["baselines"]) == list(NAMES)
    for baseline in found["baselines"].values():
        assert list(baseline) == ["directions", "mixed", "parity_gap"]
        assert list(baseline["directions"]) == list(found["directions"])
        assert baseline["directions"]["en-en"]["mrr@10"] == 1


def test_several_sets(run, toy: Path, tmp_path: Path) -> None:
    """Several folders are measured in their order; a split narrows the judgements of each."""
    other = toy.rename(tmp_path / "other")
    result = run("eval", "retrieval", str(other), f"{other}/", "--json", "--split", "dev")
    found = json.loads(result.stdout)["datasets"]
    assert [each["name"] for each in found] == ["other", "other"]
    assert all(list(each["directions"]) == ["en-zh"] for each in found)
    assert all(list(each["mixed"]) == ["en"] and each["parity_gap"] is None for each in found)


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_for_people(run, toy: Path, lang: str) -> None:
    """The tables name directions, rankers and measures in the user's language, and show every number."""
    result = run("eval", "retrieval", str(toy), "--compare", lang=lang)
    assert result.exit_code == 0
    assert len(re.findall(r"\b[01]\.\d{3}\b", result.stdout)) == 4 * 4 * 3 + 4 * 2 * 2 + 4
    assert result.stdout.startswith("toy")
    for word in ("Recall@1", "MRR@10", "nDCG@10", "mAP", "Recall@10"):
        assert word in result.stdout
    words = {"en": "Chinese → English", "zh": "单用向量", "zh-Hant": "單用向量"}
    assert words[lang] in result.stdout
    assert bool(HAN.search(result.stdout)) is (lang != "en")


def test_one_language(run, toy: Path) -> None:
    """A set in one language shows what it has, without a parity gap or a baseline nobody asked for."""
    for name in ("corpus", "queries"):
        lines = (toy / f"{name}.jsonl").read_text("utf-8").splitlines()
        (toy / f"{name}.jsonl").write_text("\n".join(line for line in lines if not HAN.search(line)), "utf-8")
    (toy / "qrels" / "dev.tsv").unlink()
    (toy / "qrels" / "test.tsv").write_text("".join(f"qen-{id_}\ten-{id_}\t1\n" for id_ in TEXTS), "utf-8")
    result = run("eval", "retrieval", str(toy))
    assert result.exit_code == 0
    assert len(re.findall(r"\b[01]\.\d{3}\b", result.stdout)) == 3 + 2
    assert "Parity gap" not in result.stdout
    assert "BM25" not in result.stdout


@pytest.mark.parametrize(
    ("file", "text", "english", "chinese"),
    [
        (
            "corpus.jsonl",
            '{"_id": "a", "text": "b"}\n{',
            "corpus.jsonl:2: the line is not JSON",
            "corpus.jsonl:2：这一行不是JSON",
        ),
        ("corpus.jsonl", "", "put in one JSON object a line", "没有内容"),
        (
            "queries.jsonl",
            '{"_id": "a", "text": "b", "metadata": {"lang": "fr"}}',
            "write en, zh or zh-Hant",
            "请写 en、zh 或 zh-Hant",
        ),
        ("qrels/test.tsv", "qen-gas\tnone\t1\n", "test.tsv:1: there is no document 'none'", "没有文档“none”"),
        ("qrels/test.tsv", "none\ten-gas\t1\n", "test.tsv:1: there is no question 'none'", "没有问题“none”"),
    ],
)
def test_faults(run, toy: Path, file: str, text: str, english: str, chinese: str) -> None:
    """What is wrong with a folder is said in the user's language, with exit code 2 and nothing on standard output."""
    (toy / file).write_text(text, "utf-8")
    for lang, said in (("en", english), ("zh", chinese)):
        result = run("eval", "retrieval", str(toy), "--json", lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


def test_missing_folder(run, toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there is named before any other is measured."""
    monkeypatch.setattr(eval_commands, "_measure", lambda *_, **__: pytest.fail("measured too early"))
    for lang, said in (("en", "nowhere is no folder"), ("zh", "nowhere不是文件夹")):
        result = run("eval", "retrieval", str(toy), "nowhere", lang=lang)
        assert result.exit_code == 2
        assert said in result.stderr
    result = run("eval", "retrieval", str(toy), "--split", "train")
    assert result.exit_code == 2
    assert "--split: dev, test" in result.stderr


def test_an_encoder_that_does_not_work(run, toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that cannot be loaded is named, with the exit code of other commands."""
    monkeypatch.setenv("GREENASK_EMBEDDER", "nowhere")
    result = run("eval", "retrieval", str(toy))
    assert result.exit_code == 3
    assert "GREENASK_EMBEDDER" in result.stderr


def test_no_knowledge_base_is_touched(run, toy: Path, tmp_path: Path) -> None:
    """Measuring makes no data folder and leaves none of its index behind."""
    assert run("eval", "retrieval", str(toy)).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy"]


def test_every_stage_has_words() -> None:
    """What the progress bars and tables show has a word in both languages."""
    for lang in ("en", "zh"):
        messages = yaml.safe_load((LOCALES / lang / "cli.yaml").read_text(encoding="utf-8"))
        rankers = {OURS, *NAMES}
        assert set(messages["rankers"]) == rankers
        assert {f"asked_{name}" for name in rankers} | {"baseline_vectors"} <= set(messages["stages"])
        assert set(messages["directions"]) == {f"{lang}-{pool}" for lang, pool in DIRECTIONS}


def test_progress(toy: Path, monkeypatch: pytest.MonkeyPatch, run) -> None:
    """Indexing, asking and the baselines all say how far they are."""
    stages: list[str] = []

    class Told:
        def __enter__(self):
            return lambda stage, done, total: stages.append(stage)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(Shell, "progress", lambda self: Told())
    assert run("eval", "retrieval", str(toy), "--compare").exit_code == 0
    order = list(dict.fromkeys(stages))
    assert order[-5:] == ["asked_greenask", "baseline_vectors", "asked_bm25", "asked_dense", "asked_rrf"]
    assert "vectors" in order
