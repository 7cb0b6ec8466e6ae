"""The doctor looks at the language model: it asks it only when told to, and shows no key."""

from __future__ import annotations

import json

import pytest

KEY = "sk-very-secret-key"
LANGUAGES = ["en", "zh", "zh-Hant"]


@pytest.fixture
def examined(run, at_home):
    """What the doctor says of the model, and whether that is well."""

    def examined_(*options: str, lang: str = "en", **settings: object) -> dict:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
                patch.delenv(name, raising=False)
            for name, value in settings.items():
                patch.setenv(name if name.isupper() else f"GREENASK_{name.upper()}", str(value))
            result = run("doctor", "--json", *options, lang=lang)
        assert KEY not in result.output
        return next(check for check in json.loads(result.stdout)["checks"] if check["name"] == "model")

    return examined_


@pytest.mark.parametrize(("lang", "said"), [("en", "complete without one"), ("zh", "回答同样完整"), ("zh-Hant", "回答同樣完整")])
def test_none(examined, lang, said):
    """Without a model all is well, and it says that answers are complete."""
    check = examined(lang=lang)
    assert check["ok"]
    assert said in check["text"]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ["key set;", "7 s a question", "3 requests at a time", "9,000 a day", "no limit a user", "write leads"]),
        ("zh", ["已设置密钥；", "最多等7秒", "最多3个请求", "每日9,000", "每个用户不限", "撰写回答开头"]),
    ],
)
def test_limits(examined, lang, said, llmock):
    """It names the model, its jobs, time limit, places and budget; nothing is asked of the model."""
    check = examined(
        lang=lang, model="openai:mock-model", model_url=llmock.base_url(), model_key=KEY, model_jobs="write", model_timeout=7,
        model_concurrency=3, model_tokens_a_day=9000, model_tokens_a_user=0,
    )  # fmt: skip
    assert check["ok"]
    assert check["text"].startswith("openai:mock-model")
    assert all(each in check["text"] for each in said), check["text"]
    assert llmock.requests == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_key(examined, lang):
    """A hosted model without a key is a problem; the provider's own variable will do, and a server of one's own needs none."""
    check = examined(lang=lang, model="openai:gpt-5-mini")
    assert not check["ok"]
    assert "GREENASK_MODEL_KEY" in check["text"]
    assert examined(lang=lang, model="anthropic:claude-haiku-4-5", ANTHROPIC_API_KEY=KEY)["ok"]
    assert examined(lang=lang, model="openai:qwen", model_url="http://127.0.0.1:1/v1")["ok"]
    assert examined(lang=lang, model="ollama:qwen3:8b")["ok"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_package(examined, lang):
    """A provider whose package is missing is a problem, with the command that installs it."""
    check = examined(lang=lang, model="mistralai:small", model_key=KEY)
    assert not check["ok"]
    assert "langchain-mistralai" in check["text"]
    assert check["run"] == 'pip install "langchain-mistralai"'


@pytest.mark.parametrize(("lang", "said"), [("en", "it answered in"), ("zh", "秒后作答")])
def test_asked(examined, lang, said, llmock):
    """Told to look deep, it asks one short question."""
    llmock.reply("Yes", times=None)
    check = examined("--deep", lang=lang, model="openai:mock-model", model_url=llmock.base_url(), model_key=KEY)
    assert check["ok"]
    assert said in check["text"]
    assert len(llmock.requests) == 1


FAULTS = {
    "wrong key": (lambda mock: mock.fail(401, times=None), "refused", "被拒绝"),
    "quota": (lambda mock: mock.rate_limit(times=None, retry_after=0.1), "quota", "额度"),
    "fault": (lambda mock: mock.outage(status=500), "fault", "故障"),
    "hangs": (lambda mock: mock.delay(4, times=None), "nothing came within 1 s", "1秒内没有回应"),
    "silent": (lambda mock: mock.reply("", times=None), "nothing that can be read", "没有发来"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("fault", FAULTS)
def test_it_does_not_answer(examined, lang, fault, llmock):
    """A model that does not answer is a problem, told by its kind within the time limit."""
    do, *said = FAULTS[fault]
    do(llmock)
    check = examined("--deep", lang=lang, model="openai:mock-model", model_url=llmock.base_url(), model_key=KEY, model_timeout=1)
    assert not check["ok"]
    assert said[lang == "zh"] in check["text"]
