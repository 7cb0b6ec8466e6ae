"""A lead while it is written: drafts in private chats, and a reply that is whole, wherever drafts are not to be had."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.values import Answer, Text
from bot.writing import Draft, Hear
from tests.telegram.bot_api import BotApi
from tests.telegram.people import Group, Person, Running, running

QUESTIONS = {"en": "Which partners are in Hong Kong?", "zh": "香港有哪些合作伙伴？"}
SENTENCES = {
    "en": ("First <there> is one.", "Then & there are more.", "That is all."),
    "zh": ("先有一家。", "还有几家。", "就这些。"),
}
SECOND = 0.05  # as long as a second is here


class Slow:
    """Writes three sentences, with a while between them."""

    def __init__(self, pause: float = 3 * SECOND) -> None:
        self.pause = pause

    def write(self, draft: Draft, who: str | None, hear: Hear) -> Answer:
        said = SENTENCES[draft.answer.lang[:2]]
        for sentence in said:
            hear(sentence)
            time.sleep(self.pause)
        joint = " " if draft.answer.lang == "en" else ""
        return replace(draft.answer, blocks=(Text(joint.join(said), "lead"), *draft.answer.blocks[1:]))


@pytest.fixture
def writer() -> Slow:
    return Slow()


@pytest.fixture
def writing(settings: Settings, own: Assistant, api: BotApi, writer: Slow) -> Iterator[Running]:
    """A bot with a model, for which time passes quickly."""
    with running(settings, Assistant(own.kb, own.retriever, writer=writer), api) as bot:
        bot.channel.post.draft_pause = SECOND
        yield bot


@pytest.mark.parametrize(("lang", "code"), [("en", "en"), ("zh", "zh-hans")])
def test_drafts(writing: Running, api: BotApi, lang: str, code: str) -> None:
    """Sentences are shown as they come, in one draft that grows; the reply begins with them and comes after them, once."""
    (reply,) = Person(writing, code).says(QUESTIONS[lang])
    assert len(api.drafts) == 3
    assert len({draft.number for draft in api.drafts}) == 1
    for draft, longer in zip(api.drafts, [*api.drafts[1:], reply], strict=True):
        assert longer.text.startswith(draft.text)
        assert longer.at > draft.at
    assert api.drafts[-1].text == (" " if lang == "en" else "").join(SENTENCES[lang])


def test_apart(writing: Running, api: BotApi, writer: Slow) -> None:
    """Sentences that come quickly are shown together."""
    writer.pause = SECOND / 5
    Person(writing).says(QUESTIONS["en"])
    assert len(api.drafts) < 3
    assert all(later.at - earlier.at > SECOND * 0.9 for earlier, later in zip(api.drafts, api.drafts[1:], strict=False))


def test_group(writing: Running, api: BotApi) -> None:
    """In a group there are no drafts, only the reply."""
    (reply,) = Group(writing).member().mentions(QUESTIONS["en"])
    assert reply.text.startswith(SENTENCES["en"][0])
    assert api.drafts == []


@pytest.mark.parametrize("status", [400, 404])
def test_no_drafts(writing: Running, api: BotApi, status: int) -> None:
    """A server that knows no drafts is asked once; replies come all the same."""
    for _ in range(2):
        api.fail("sendMessageDraft", status)
    person = Person(writing)
    for _ in range(2):
        (reply,) = person.says(QUESTIONS["en"])
        assert reply.text.startswith(SENTENCES["en"][0])
    assert [method for method, _ in api.calls].count("sendMessageDraft") == 1
    api.faults.clear()


def test_too_many(writing: Running, api: BotApi) -> None:
    """When Telegram has had too many drafts it gets none until the time that it said; replies are sent."""
    api.fail("sendMessageDraft", 429, retry_after=1)
    person = Person(writing)
    person.says(QUESTIONS["en"])
    assert api.drafts == []
    time.sleep(1)
    person.says(QUESTIONS["en"])
    assert api.drafts


def test_slow_line(writing: Running, api: BotApi) -> None:
    """A draft that is not taken does not keep the reply waiting for long."""
    api.delay["sendMessageDraft"] = 10
    began = time.monotonic()
    assert Person(writing).says(QUESTIONS["en"])
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("status", [403, 502])
def test_moody(writing: Running, api: BotApi, status: int) -> None:
    """A draft that fails costs nobody the reply, and the next reply has drafts again."""
    api.fail("sendMessageDraft", status)
    person = Person(writing)
    assert person.says(QUESTIONS["en"])
    assert api.drafts == []
    assert person.says(QUESTIONS["en"])
    assert len(api.drafts) == 3


def test_stop(settings: Settings, own: Assistant, api: BotApi) -> None:
    """Told to stop while a lead is being written, the bot sends the whole reply and nothing that is half."""
    with running(settings, Assistant(own.kb, own.retriever, writer=Slow(0.3)), api) as bot:
        person = Person(bot)
        api.put({"message": person.message(text=QUESTIONS["en"])})
        until = time.monotonic() + 10
        while not api.drafts and time.monotonic() < until:
            time.sleep(0.005)
        assert api.sent == []
    (reply,) = api.sent
    assert reply.text.startswith(" ".join(SENTENCES["en"]))


def test_the_model_keeps_nobody_waiting(settings: Settings, own: Assistant, api: BotApi) -> None:
    """While more people wait for the model than there are processors, a command is answered at once."""
    mine = settings.model_copy(update={"model": "openai:some"})
    with running(mine, Assistant(own.kb, own.retriever, writer=Slow(0.7)), api) as bot:
        for _ in range(12):
            api.put({"message": Person(bot).message(text=QUESTIONS["en"])})
        until = time.monotonic() + 10
        while len(api.drafts) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        person = Person(bot)
        api.put({"message": person.message(text="/help")})
        while not api.sent and time.monotonic() < until:
            time.sleep(0.005)
        assert api.sent[0].chat == person.id
    assert len(api.sent) == 13


def test_without_a_model(en: Person) -> None:
    """Without a model nothing is shown before the reply."""
    before = len(en.api.drafts)
    assert en.says(QUESTIONS["en"])
    assert len(en.api.drafts) == before
