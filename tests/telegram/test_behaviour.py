"""How the bot behaves when Telegram, people or the machine do not."""

from __future__ import annotations

import asyncio
import logging
import time

import httpx
import pytest
from telegram.error import NetworkError, TimedOut

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram.flood import Flood, OwnFlood, Verdict
from bot.telegram.post import TRIES, Post
from bot.telegram.trouble import drop_log, keep_log
from bot.writing import unheard
from tests.telegram.bot_api import TOKEN, BotApi, Refused
from tests.telegram.people import Group, Person, Running, running

PAINT = "Our paint shop has VOC fumes, what can we buy?"


def test_typing(en: Person):
    """That an answer is coming is shown before it comes."""
    before = len(en.api.calls)
    en.says(PAINT)
    methods = [method for method, _ in en.api.calls[before:] if method != "getUpdates"]
    assert methods[0] == "sendChatAction"
    assert "sendMessage" in methods


def test_once(en: Person):
    """An update that is delivered again is not answered again."""
    update = {"message": en.message(text="/help")}
    number = en.api.put(update)
    en.running.settled()
    before = len(en.api.sent)
    en.api.put(update, id_=number)
    en.running.settled()
    assert len(en.api.sent) == before


def test_once_across_restarts(settings: Settings, own: Assistant, api: BotApi):
    """The same after a restart."""
    with running(settings, own, api) as bot:
        person = Person(bot)
        number = api.put(update := {"message": person.message(text="/help")})
        bot.settled()
    assert len(api.sent) == 1
    with running(settings, own, api) as bot:
        api.put(update, id_=number)
        api.put({"message": person.message(text="/privacy")})
        bot.settled()
    assert len(api.sent) == 2


def test_order(en: Person):
    """Messages of one chat are answered in their order, however long each takes."""
    texts = ["Which partners are in Hong Kong?", "/help", "heat pump", "/privacy", "hello"]
    before = len(en.api.sent)
    for text in texts:
        en.api.put({"message": en.message(text=text)})
    en.running.settled()
    replies = [sent.text for sent in en.api.sent[before:] if sent.chat == en.id]
    assert len(replies) == 5
    assert [
        marker in reply for marker, reply in zip(["Hong Kong", "/start", "pump", "stored", "Hello"], replies, strict=True)
    ] == [True] * 5


@pytest.mark.parametrize(
    ("method", "status", "parameters"),
    [("sendMessage", 429, {"retry_after": 1}), ("sendMessage", 502, {}), ("sendMessage", 500, {}), ("sendChatAction", 500, {})],
)
def test_moody(en: Person, method: str, status: int, parameters: dict[str, int]):
    """A reply that Telegram would not take at once is sent later, and once."""
    en.api.fail(method, status, **parameters)
    assert len(en.says("/help")) == 1


def test_fetching(en: Person, caplog: pytest.LogCaptureFixture):
    """When updates cannot be fetched the bot tries until it can; it says so once, and once more when it is over."""
    caplog.set_level(logging.WARNING, "greenask.telegram")
    en.api.fail("getUpdates", 409)
    en.api.fail("getUpdates", 502)
    replies = en.says("/help")
    until = time.monotonic() + 15
    while not any("again" in line.message for line in caplog.records[1:]) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(replies) <= 1
    said = [line.message for line in caplog.records if line.name == "greenask.telegram"]
    assert len([line for line in said if "cannot be reached" in line]) == 1
    assert said[-1] == "Telegram can be reached again"


def test_formatting(bot: Running, en: Person):
    """A message whose formatting Telegram refuses goes out plain rather than not at all."""
    bot.api.fail("sendMessage", 400, description="x")
    bot.api.moods["sendMessage"][0] = _refuse_entities
    (reply,) = en.says("/privacy")
    bot.api.faults.clear()
    assert "parse_mode" not in reply.data
    assert "<b>" not in reply.text
    assert "What is stored" in reply.text


def _refuse_entities(_: object) -> None:
    raise Refused("Bad Request: can't parse entities: something new")


def test_trouble(settings: Settings, own: Assistant, api: BotApi, tmp_path):
    """What nobody foresaw is told in a line with a reference; the log has the details under it, and never the token."""

    class Broken(Assistant):
        def answer_now(self, question, hear=unheard):
            if "trouble" in question.text:
                raise RuntimeError(f"cannot reach https://api.telegram.org/bot{TOKEN}/sendMessage")
            return super().answer_now(question, hear)

    broken = Broken(own.kb, own.retriever)
    mine = settings.model_copy(update={"data_dir": tmp_path})
    handlers = keep_log(mine, shown=False)
    try:
        with running(mine, broken, api) as bot:
            (reply,) = Person(bot, "zh-hans").says("trouble 出问题了")
            reference = reply.text.split("编号")[1][:8]
            api.fail("sendMessage", 403)
            assert Person(bot).says("/help") == []
            assert Person(bot).says("/help")
    finally:
        drop_log(handlers)
    log = (tmp_path / "greenask.log").read_text()
    assert f"reference {reference}" in log
    assert "RuntimeError: cannot reach https://api.telegram.org/bot***" in log
    assert TOKEN.split(":")[1] not in log
    assert TOKEN.split(":")[1] not in reply.text


def test_wrong_token(settings: Settings, own: Assistant, api: BotApi):
    """A token that Telegram does not know ends the command with what to do, without the token."""
    from bot.telegram.run import TokenRefused

    wrong = settings.model_copy(update={"telegram_token": type(settings.telegram_token)("123456:AAAAAAAAAAAAAAAAAAAAAAAAAAA")})
    with pytest.raises(TokenRefused) as caught, running(wrong, own, api):
        pass
    assert "AAAA" not in str(caught.value)


def test_telegram_down_at_start(settings: Settings, own: Assistant, api: BotApi):
    """When Telegram is down at the start, the bot waits for it."""
    api.fail("getMe", 502, 1)
    with running(settings, own, api) as bot:
        assert Person(bot).says("/help")


def test_stop(settings: Settings, own: Assistant, api: BotApi):
    """Told to stop, the bot sends what it is writing, all of it, and what it had fetched."""
    with running(settings, own, api) as bot:
        people = [Person(bot) for _ in range(4)]
        api.delay["sendMessage"] = 0.3
        for person in people:
            api.put({"message": person.message(text=PAINT)})
        until = time.monotonic() + 10
        while api.waiting and time.monotonic() < until:
            time.sleep(0.005)
    assert sorted(sent.chat for sent in api.sent) == [person.id for person in people]


def test_flood(settings: Settings, own: Assistant, api: BotApi):
    """Who sends too much is told so once, then nothing; others and staff are answered."""
    with running(settings.model_copy(update={"telegram_per_minute": 3}), own, api) as bot:
        hasty, other, staff = Person(bot, "zh-hans"), Person(bot), Person(bot, id=77)
        replies = [sent for _ in range(8) for sent in hasty.says("/new")]
        assert len(replies) == 4
        assert "一下子问得太多了" in replies[-1].text
        assert other.says("/new")
        assert len([sent for _ in range(8) for sent in staff.says("/new")]) == 8


def test_flood_again():
    """After a quiet while one may go on, and is told once more when it is too much again."""
    now = [0.0]
    flood = OwnFlood(6, lambda: now[0])
    assert verdicts(flood, *[(1, 1)] * 8) == [Verdict.FINE] * 6 + [Verdict.NOTE, Verdict.SILENCE]
    now[0] = 60.0
    assert verdicts(flood, *[(1, 1)] * 7) == [Verdict.FINE] * 6 + [Verdict.NOTE]
    assert verdicts(flood, (2, 2)) == [Verdict.FINE]


def test_flood_of_a_group():
    """A group may send more than one person, but not without end."""
    said = verdicts(OwnFlood(6, lambda: 0.0), *[(user, -5) for user in range(25)])
    assert said.count(Verdict.FINE) == 18
    assert said.count(Verdict.NOTE) == 1


def verdicts(flood: Flood, *sent: tuple[int, int]) -> list[Verdict]:
    """What is said to messages of users in chats, one after another."""

    async def each() -> list[Verdict]:
        return [await flood.take(user, chat) for user, chat in sent]

    return asyncio.run(each())


MEDIA = [
    {"photo": [{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}]},
    {"voice": {"file_id": "x", "file_unique_id": "x", "duration": 1}},
    {
        "sticker": {
            "file_id": "x", "file_unique_id": "x", "type": "regular", "width": 1, "height": 1, "is_animated": False,
            "is_video": False,
        }
    },
    {"document": {"file_id": "x", "file_unique_id": "x"}},
    {"location": {"longitude": 1.0, "latitude": 1.0}},
]  # fmt: skip


@pytest.mark.parametrize("content", MEDIA, ids=lambda content: next(iter(content)))
@pytest.mark.parametrize(("lang", "line"), [("en", "I read text only"), ("zh", "我只能读文字"), ("zh-hant", "我只能讀文字")])
def test_media(bot: Running, lang: str, line: str, content: dict):
    """A picture, voice note, sticker or file gets a friendly line on what the bot can take."""
    (reply,) = Person(bot, lang).sends(**content)
    assert line in reply.text


def test_album(en: Person):
    """The pictures of an album get one line, not one each."""
    album = str(time.time())
    sent = [one for _ in range(3) for one in en.sends(**MEDIA[0], media_group_id=album)]
    assert len(sent) == 1


def test_chart_lost(bot: Running, en: Person):
    """When a chart cannot be sent, the figures are there all the same, and their buttons work."""
    bot.api.fail("sendPhoto", 403)
    (reply,) = en.says("How many technologies from China?")
    (sources,), _ = en.presses(reply, "Sources")
    assert sources.links


def test_caption(en: Person):
    """A question under a picture is answered."""
    (reply,) = en.sends(**MEDIA[0], caption="Which partners are in Hong Kong?")
    assert "IP Nexus" in reply.text


def test_joining(en: Person, group: Group):
    """Taken into a group, the bot says how it is used there, once."""
    member = group.member("zh-hans")
    bot = {"user": {"id": 4242424242, "is_bot": True, "first_name": "GreenAsk"}}
    change = {"chat": member.chat, "from": member.user, "date": 1, "old_chat_member": {**bot, "status": "left"},
              "new_chat_member": {**bot, "status": "member"}}  # fmt: skip
    (hello,) = member.does({"my_chat_member": change})
    assert "提到我" in hello.text


def test_group_replies(group: Group):
    """In a group a reply to the bot is meant for it; commands for other bots and talk among people are not."""
    member, other = group.member(), group.member()
    (reply,) = member.mentions("Which partners are in Hong Kong?")
    assert member.replies(reply, "the second one's contact")[0].reply_to
    assert other.says("what a nice day") == []
    assert other.says("/help@another_bot") == []
    assert other.says("/help@greenask_test_bot")
    assert other.sends(**MEDIA[0]) == []
    assert "after the mention" in other.mentions("")[0].text


def test_group_members(group: Group):
    """Conversations in a group are apart: what one asked is nothing to what another follows up."""
    one, other = group.member(), group.member()
    one.mentions("Which partners are in Hong Kong?")
    (reply,) = other.mentions("the second one's contact")
    assert "Commercialization" not in reply.text
    (reply,) = one.mentions("the second one's contact")
    assert "Commercialization" in reply.text


def test_mention_under_a_question(group: Group):
    """A mention in reply to somebody's question asks it."""
    asker, helper = group.member(), group.member()
    question = asker.message(text="Which partners are in Hong Kong?")
    (reply,) = helper.says("@greenask_test_bot", reply_to_message=question)
    assert "IP Nexus" in reply.text


def test_topic(group: Group):
    """In a forum the reply stays in its topic."""
    member = group.member()
    (reply,) = member.says("@greenask_test_bot heat pump", message_thread_id=9, is_topic_message=True)
    assert reply.data["message_thread_id"] == 9


def test_inline_pages(en: Person):
    """Inline results go on where the first ones ended, and end."""
    first = en.looks_up("technologies in energy")
    assert len(first["results"]) == 5
    assert first["next_offset"] == "5"
    second = en.looks_up("technologies in energy", first["next_offset"])
    assert not {one["id"] for one in first["results"]} & {one["id"] for one in second["results"]}
    last = en.looks_up("technologies in energy", "90")
    assert not last.get("next_offset")


def test_inline_nothing(en: Person):
    """Nothing typed says how to ask, in both languages; nothing found offers the chat."""
    how = en.looks_up("")
    assert "怎么问" in how["results"][0]["title"]
    none = en.looks_up("who certifies zorgon glorps")
    assert none["results"] == []
    assert none["button"]["start_parameter"]
    assert len(en.looks_up("How many technologies from China?")["results"]) == 1


def test_too_late(bot: Running, en: Person):
    """A press that Telegram has given up waiting for does what it should, and nobody reads of trouble."""
    (reply,) = en.says(PAINT)
    bot.api.moods["answerCallbackQuery"] = [_too_late]
    query = {"id": "late", "from": en.user, "chat_instance": "1", "data": reply.button("Sources")["callback_data"]}
    (sources,) = en.does({"callback_query": {**query, "message": bot.api.message_of(reply)}})
    assert sources.links
    bot.api.moods["answerInlineQuery"] = [_too_late]
    assert en.does({"inline_query": {"id": "late", "from": en.user, "query": "heat pump", "offset": ""}}) == []
    bot.api.faults.clear()


def _too_late(_: object) -> None:
    raise Refused("Bad Request: query is too old and response timeout expired or query ID is invalid")


@pytest.mark.parametrize(
    ("cause", "repeatable", "tries"),
    [
        (httpx.ReadTimeout("x"), False, 1),
        (httpx.ReadError("x"), False, 1),
        (httpx.ConnectTimeout("x"), False, TRIES),
        (httpx.ConnectError("x"), False, TRIES),
        (httpx.ReadTimeout("x"), True, TRIES),
        (httpx.ReadError("x"), True, TRIES),
    ],
)
def test_nobody_knows(bot: Running, cause: httpx.TransportError, repeatable: bool, tries: int):
    """When nobody knows whether a message arrived it is not sent again; an edit is, since twice is once."""
    tried = []

    async def send() -> None:
        tried.append(1)
        raise (TimedOut() if isinstance(cause, httpx.TimeoutException) else NetworkError("x")) from cause

    with pytest.raises(NetworkError):
        asyncio.run(Post(bot.channel.post.bot, 0).persistently(send, repeatable=repeatable))
    assert len(tried) == tries


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_a_group_becomes_a_supergroup(bot: Running, lang: str) -> None:
    """The reply goes to what the group has become; the number that Telegram gives it is the new one."""
    member, grown = Group(bot).member(lang), -1_002_000_000_000 - len(lang)
    bot.api.fail("sendMessage", 400, migrate_to_chat_id=grown)
    assert member.mentions("Who is Liu Hua?" if lang == "en" else "刘华是谁？") == []
    assert bot.api.faults.pop().startswith("sendMessage")
    (reply,) = [sent for sent in bot.api.sent if sent.chat == grown]
    assert ("Liu Hua" if lang == "en" else "刘华") in reply.text
    assert reply.reply_to is None
