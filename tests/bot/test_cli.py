"""The command line: what each command promises, in both languages, and which exit code it leaves with."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bot import bootstrap, shell
from bot.settings import Settings
from bot.shell import EXIT_CODES, language, masked, safe
from bot.speech import LOCALES
from bot.values import STATUSES
from knowledge import starter
from knowledge.forms import build
from knowledge.records import KINDS

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "json-contract.md").read_text(encoding="utf-8")
COMMANDS = [
    (), ("chat",), ("ask",), ("doctor",), ("kb",), ("eval",), ("eval", "retrieval"),
    *(("kb", name) for name in ("build", "status", "validate", "export", "import", "delete", "watch")),
    ("telegram",), ("start",), ("qr",), ("usage",), ("staff",), ("staff", "hash"), ("curate",),
    *(("curate", name) for name in ("list", "answer", "show", "revoke", "history")),
]  # fmt: skip
FAKE_ENCODER = "langchain_core.embeddings:DeterministicFakeEmbedding?size=16"
VOC = {"en": "Which VOC measurement instruments are there?", "zh": "有哪些VOC测量装置？"}


def process(*args: str, home: Path, **options) -> subprocess.CompletedProcess:
    """``greenask`` in a process of its own, with nothing of this one's settings."""
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GREENASK_DATA_DIR": str(home), "LC_ALL": "C",
        "GREENASK_LOG_QUESTIONS": "no",
    }  # fmt: skip
    command = [sys.executable, "-m", "bot.cli", *args]
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False, **options)


def leaves(tree: object, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(tree, dict):
        return {key: text for name, below in tree.items() for key, text in leaves(below, (*path, name)).items()}
    return {path: str(tree)}


def test_messages_are_mirrored():
    """Both languages have the same messages, with the same values in them."""
    english, chinese = (
        leaves(yaml.safe_load((LOCALES / lang / "cli.yaml").read_text(encoding="utf-8"))) for lang in ("en", "zh")
    )
    assert set(english) == set(chinese)
    named = re.compile(r"(?<!{){(\w+)}(?!})")
    for key in set(english) - {key for key in english if key[0] == "usage" or key == ("error_of",)}:
        assert set(named.findall(english[key])) == set(named.findall(chinese[key])), key


def test_kinds_have_words(run):
    """Every kind of record has its word in both languages."""
    for lang in ("en", "zh"):
        messages = yaml.safe_load((LOCALES / lang / "cli.yaml").read_text(encoding="utf-8"))
        assert set(messages["kinds"]) == set(KINDS)


def test_light_start():
    """The version and the help come without loading the database, the index or the segmenter."""
    code = (
        "import sys, bot.cli\n"
        "for args in (['--version'], ['--help'], ['kb', '--help'], ['ask', '--help']):\n"
        "    try: bot.cli.main(args)\n"
        "    except SystemExit as leaving: assert leaving.code == 0\n"
        "print(sorted({'sqlmodel', 'sqlalchemy', 'chromadb', 'jieba', 'numpy', 'langchain'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version(run):
    """The version is that of the project."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert run("--version").stdout == f"greenask {version}\n"


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(run, command, lang):
    """Every command and option has its help in the user's language."""
    result = run(*command, "--help", lang=lang)
    assert result.exit_code == 0
    assert not re.search(r"\b(help|opt|arg|exit)_\w+", result.stdout)
    assert bool(re.search(r"[\u4e00-\u9fff]", result.stdout)) is (lang != "en")
    if not command:
        assert all(re.search(rf"^ {code}  \S", result.stdout, re.MULTILINE) for code in EXIT_CODES)


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_CN", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_SG@x"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_language_of_the_system(monkeypatch, environment, lang):
    """Without GREENASK_LANG messages are in the system's language, if that is Chinese or English."""
    monkeypatch.delenv("LANG")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == lang
    assert language("zh") == "zh"


@pytest.mark.parametrize(
    ("args", "english", "chinese"),
    [
        (("ask", "--loud"), "--loud", "没有选项 --loud"),
        (("aks",), "Did you mean 'ask'", "没有这个命令"),
        (("kb", "delete"), "Missing argument", "缺少参数"),
        (("ask",), "give one question", "请给出一个问题"),
        (("ask", "hi", "--file", "x"), "not both", "二者选一"),
        (("ask", "hi", "--lang", "fr"), "'fr' is no language", "不支持语言“fr”"),
        (("ask", "--file", "gone.jsonl"), "gone.jsonl cannot be read", "无法读取gone.jsonl"),
    ],
)
def test_bad_usage(run, args, english, chinese):
    """What cannot be understood is said in the user's language, and the exit code is 2."""
    for lang, said in (("en", english), ("zh", chinese)):
        result = run(*args, lang=lang)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stdout == ""


def test_wrong_setting(run, monkeypatch):
    """A setting that cannot be is one line with the variable, the value and what is possible."""
    monkeypatch.setenv("GREENASK_LOG_LEVEL", "loud")
    result = run("ask", "hi", lang="fr")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for part in ("GREENASK_LANG", "'fr'", "'zh-Hant'", "GREENASK_LOG_LEVEL", "'WARNING'"):
        assert part in result.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_ask(run, warm, lang):
    """A question is answered in its own language, whatever the messages are in, and the exit code is 0."""
    result = run("ask", *VOC[lang].split(), lang="zh" if lang == "en" else "en")
    assert result.exit_code == 0
    assert {"en": "VOC source measurement instruments (", "zh": "■ 污染源VOCs测量装置（"}[lang] in result.stdout
    assert "https://" in result.stdout


def test_ask_nothing(run, warm):
    """An empty question is answered in the language of the messages."""
    assert "您可以这样问" in run("ask", "", lang="zh").stdout
    assert "You could ask" in run("ask", "?!", lang="en").stdout


def test_ask_lang(run, warm):
    """The reply is in the language asked for with --lang, in its script."""
    assert "測量裝置" in run("ask", VOC["en"], "--lang", "zh-HK").stdout


def documented(heading: str) -> list[str]:
    """The fields in the table under a heading of the contract."""
    part = CONTRACT.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_json_contract(run, warm, tmp_path, lang):
    """Answers have the fields that docs/json-contract.md lists, in its order, and so has its example."""
    example = json.loads(CONTRACT.split("```json\n")[1].split("```")[0])
    asked = [
        VOC[lang],
        {"en": "How many technologies are in the Green Technology Book?", "zh": "绿色技术手册收录多少项技术？"}[lang],
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps({"text": text, "session": "s"}) + "\n" for text in asked), encoding="utf-8")
    answers = [json.loads(line) for line in run("ask", "--file", str(file)).stdout.splitlines()]
    for answer in (example, *answers):
        assert list(answer) == documented("## Fields")
        assert answer["status"] in STATUSES
    items = [item for answer in (example, *answers) for item in answer["items"]]
    figures = [figure for answer in (example, *answers) for figure in answer["figures"]]
    sources = [source for item in items for source in item["sources"]] + [figure["source"] for figure in figures]
    assert len(items) > 1
    assert len(figures) > 1
    assert all(list(item) == documented("### An item") for item in items)
    assert all(list(figure) == documented("### A figure") for figure in figures)
    assert all(list(source) == documented("### A source") for source in sources)


def test_json_of_one(run, warm):
    """One question gives one line of JSON, Chinese readable in it, without a session that nobody named."""
    result = run("ask", "--json", VOC["zh"])
    answer = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert "测量" in result.stdout
    assert answer["question"] == VOC["zh"]
    assert "session" not in answer


def test_file(run, warm, tmp_path):
    """Each line is answered in its place; one that cannot be read gives its error and number, and exit code 2 at the end."""
    lines = [
        '\ufeff{"text": "hello"}', "", "not json", "[1]", '{"txt": "x"}', '{"text": 7}', '{"text": "hi", "lang": "fr"}',
        '{"text": "hi", "session": 7}', '{"text": "你好", "lang": "zh-TW", "session": "a", "more": 1}', "[" * 100_000,
        '{"text": "\\ud800 \\u001b[31m hello"}',
    ]  # fmt: skip
    data = "\n".join(lines).encode() + b'\n{"text": "\xff"}\r\n{"text": "thanks"}'
    (tmp_path / "q.jsonl").write_bytes(data)
    for result in (run("ask", "--file", str(tmp_path / "q.jsonl")), run("ask", "--file", "-", stdin=data)):
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        assert result.exit_code == 2
        assert [answer.get("line", answer.get("lang")) for answer in answers] == [
            "en", 3, 4, 5, 6, 7, 8, "zh-Hant", 10, "en", 12, "en",
        ]  # fmt: skip
        assert all(list(answer) == documented("## Many questions: `--file`")[4:] for answer in answers if "line" in answer)
        assert "\x1b" not in result.stdout


def test_file_in_chinese(run, warm):
    """What is wrong with a line is said in the user's language; blank input is answered by nothing."""
    assert "不是JSON" in json.loads(run("ask", "--file", "-", stdin="{", lang="zh").stdout)["error"]
    assert run("ask", "--file", "-", stdin="\n\n").output == ""
    for wrong in ('{"question": "heat pump"}', '["heat pump"]'):
        for lang in ("en", "zh"):
            # The line is shown as it should be written, ready to be copied.
            assert ' {"text": "…"}' in json.loads(run("ask", "--file", "-", stdin=wrong, lang=lang).stdout)["error"]


def test_unforeseen(run, monkeypatch, tmp_path):
    """What nobody foresaw is one line with a reference into the log, never a traceback, and no secret is in either."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("GREENASK_DATABASE_URL", "postgresql://ada:lovelace@db/kb")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("at postgresql://ada:lovelace@db/kb with lovelace")

    monkeypatch.setattr(shell.Shell, "assistant", fail)
    for lang, said in (("en", "Reference"), ("zh", "编号")):
        result = run("ask", "hi", lang=lang)
        log = (tmp_path / "data" / shell.LOG).read_text(encoding="utf-8")
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        reference = re.search(rf"{said} ?([0-9a-f]{{8}})", result.stderr)[1]
        assert f"reference {reference}" in log
        assert "Traceback" in log
        assert "lovelace" not in result.output + log


def test_masked():
    """A password is put out of sight alone and within its URL."""
    settings = Settings(database_url="postgresql://ada:p%40ss@db/kb")
    assert masked("x postgresql://ada:p%40ss@db/kb, p%40ss", settings) == "x ***, ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07x\x9b2Jy", "xy"),
        ("one\r\ntwo\tthree\x00\x7f\x85", "one\ntwo\tthree"),
        ("\u202eabc\u2069 \ud800", "abc \ufffd"),
        ("\x1bc绿问\x1b", "绿问"),
        ("[bold]x[/bold] 100%", "[bold]x[/bold] 100%"),
    ],
)
def test_safe(text, shown):
    """Nothing that a terminal would obey gets through, and nothing else is lost."""
    assert safe(text) == shown


@pytest.mark.parametrize(("lang", "said"), [("en", "greenask kb build"), ("zh", "尚无索引，请运行“greenask kb build”")])
def test_no_build(run, lang, said):
    """With --no-build a missing index is refused with exit code 3 and the command to run."""
    for result in (run("ask", "hi", "--no-build", lang=lang), run("chat", "--no-build", lang=lang, stdin="hi\n")):
        assert result.exit_code == 3
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""


def test_index_is_built_when_missing(run, monkeypatch):
    """A missing index is named on standard error and built right there, and then the question is answered."""
    monkeypatch.setenv("GREENASK_EMBEDDER", FAKE_ENCODER)
    kb = bootstrap.open_kb(Settings())
    kb.remember(bootstrap.STARTER, starter.digest())
    fields = {"kind": "technology", "sector": "energy", "summary": {"en": "Fires bricks by sunlight.", "zh": "用阳光烧砖。"}}
    kb.save([build("listing", {"id": "kiln", "name": {"en": "Solar kiln", "zh": "太阳能窑炉"}, **fields})], origin="import")
    kb.close()
    result = run("ask", "solar kiln", "--json", lang="zh")
    assert "尚无索引" in result.stderr
    assert result.exit_code == 0
    assert [item["id"] for item in json.loads(result.stdout)["items"]] == ["kiln"]
    assert "与知识库一致" in run("kb", "status", lang="zh").stdout


@pytest.mark.parametrize(("lang", "said"), [("en", "Nothing to do"), ("zh", "无需操作")])
def test_build_again(run, at_home, lang, said):
    """Building a second time finds nothing to do, and says how many records there are."""
    result = run("kb", "build", lang=lang)
    assert result.exit_code == 0
    assert said in result.stdout
    assert re.search(r" 311$", result.stdout, re.MULTILINE)


def test_validate(run, at_home):
    """The whole starter knowledge base keeps every rule."""
    for lang, said in (("en", "every rule is kept"), ("zh", "全部符合规则")):
        result = run("kb", "validate", lang=lang)
        assert said in result.stdout
        assert result.exit_code == 0


ROWS = """id,name_en,name_zh,kind,sector,summary_en,summary_zh,source_title
kiln-1,Solar kiln,太阳能窑炉,technology,energy,Fires bricks by sunlight.,用阳光烧砖。,The gazette
kiln-2,Bad kiln,坏窑炉,teapot,energy,Fires bricks.,烧砖。,The gazette
"""


def test_import(run, own_home, tmp_path):
    """Good rows come in, bad ones are named by line, field, value and rule with exit code 2, and a dry run writes nothing."""
    file = tmp_path / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    tried = run("kb", "import", str(file), "--dry-run", lang="zh")
    checked = run("kb", "validate", str(file))
    assert "将新增1" in tried.stdout
    assert (tried.exit_code, checked.exit_code) == (2, 2)
    assert run("kb", "status").exit_code == 0

    imported = run("kb", "import", str(file), "--no-build")
    assert imported.exit_code == 2
    assert "2 rows: 1 added, 0 changed, 0 the same, 1 refused" in imported.stdout
    for part in ("line 3", "kind", "'teapot'", "[one_of]"):
        assert part in imported.stdout
        assert part in checked.stdout
    status = run("kb", "status", lang="zh")
    assert status.exit_code == 3
    assert "greenask kb build" in status.stdout
    assert "1 the same" in run("kb", "import", str(file), "--no-build").stdout


def test_import_refused(run, own_home):
    """A file that cannot be imported at all is one line and exit code 2."""
    result = run("kb", "import", "gone.csv", lang="zh")
    assert result.exit_code == 2
    assert result.stderr.startswith("错误：该文件无法导入（")


def test_export_imports_back(run, own_home, tmp_path):
    """What is exported imports back to the same records: the second time there is nothing to change."""
    exported = run("kb", "export", str(tmp_path / "all.jsonl"), "--kind", "organisation", "--kind", "person", lang="zh")
    assert exported.exit_code == 0
    assert "机构" in exported.stdout
    assert run("kb", "import", str(tmp_path / "all.jsonl"), "--no-build").exit_code == 0
    again = run("kb", "import", str(tmp_path / "all.jsonl"), "--dry-run")
    assert re.search(r" 0 would be added, 0 changed, [1-9]\d+ the same, 0 refused", again.stdout)
    assert run("kb", "export", str(tmp_path / "all.pdf")).exit_code == 2


def test_delete(run, own_home):
    """Deleting names the records and asks first; without a yes nothing goes."""
    key = "article/" + next(line for line in _ids(own_home, "article"))
    refused = run("kb", "delete", key, stdin="n\n")
    assert "Nothing deleted." in refused.stdout
    assert key in refused.stdout
    assert run("kb", "delete", key, lang="zh", stdin="").stdout.endswith("未删除任何记录。\n")
    gone = run("kb", "delete", key, "--yes", "--no-build", lang="zh")
    assert gone.exit_code == 0
    assert "初始记录会恢复" in gone.stdout
    assert "已删除1条" in gone.stdout
    again = run("kb", "delete", key, "--yes", "--no-build")
    assert again.exit_code == 2
    assert key in again.stderr


def test_delete_of_an_owner(run, own_home):
    """A record that others belong to does not go without them."""
    metric = next(iter(_ids(own_home, "statistic", "metric")))
    result = run("kb", "delete", f"metric/{metric}", "--yes", "--no-build")
    assert result.exit_code == 2
    assert "statistic/" in result.stderr


def _ids(home: Path, table: str, column: str = "id") -> list[str]:
    kb = bootstrap.open_kb(Settings())
    found = [str(getattr(record, column)) for record in kb.all(KINDS[table])]
    kb.close()
    return found


def test_forced_build_takes_edits(own_home, monkeypatch):
    """Edits made straight in the database are taken for what the records say now."""
    import sqlite3

    from bot.kb_commands import _adopt

    with sqlite3.connect(own_home / "knowledge.db") as connection:
        connection.execute("UPDATE organisation SET city = 'Atlantis' WHERE id = (SELECT min(id) FROM organisation)")
    connection.close()
    kb = bootstrap.open_kb(Settings())
    before = kb.fingerprint
    _adopt(kb)
    assert kb.fingerprint == kb.recount_fingerprint() != before
    kb.close()


def test_process(home, tmp_path):
    """In a process of its own, where the system knows no language, a Chinese question is answered in UTF-8."""
    done = process("ask", VOC["zh"], home=home, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert "污染源VOCs测量装置" in done.stdout.decode("utf-8")
    assert done.stderr == b""


def test_broken_pipe(home, tmp_path):
    """When whoever reads the output has had enough, the command ends without a word."""
    command = f"{sys.executable} -m bot.cli kb status | true; echo ${{PIPESTATUS[0]}}"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GREENASK_DATA_DIR": str(home)}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "0\n"
    assert done.stderr == ""


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "no Chroma server answers at"), ("zh", "Chroma存储没有应答"), ("zh-Hant", "Chroma存儲沒有應答")],
)
def test_no_chroma_server(run, own_home, monkeypatch, lang, said):
    """When the Chroma server of an index is down, that is said in the user's language, with its address and what to do."""
    url = f"http://127.0.0.1:{_closed_port()}"
    monkeypatch.setenv("GREENASK_CHROMA_URL", url)
    for manifest in (own_home / "index").glob("generation-*/manifest.json"):
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "server": True}))
    result = run("ask", "a heat pump for a school" if lang == "en" else "学校用的热泵", lang=lang)
    assert result.exit_code == 3
    assert said in result.stderr
    assert "GREENASK_CHROMA_URL" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_index_in_another_store(run, at_home, monkeypatch, lang):
    """An index that is not where the setting says is refused with the command that makes it anew."""
    monkeypatch.setenv("GREENASK_CHROMA_URL", f"http://127.0.0.1:{_closed_port()}")
    result = run("ask", "--no-build", "heat pump", lang=lang)
    assert result.exit_code == 3
    assert "greenask kb build" in result.stderr
    assert "GREENASK_CHROMA_URL" in result.stderr
