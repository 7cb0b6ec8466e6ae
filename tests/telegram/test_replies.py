"""Replies and their buttons."""

from __future__ import annotations

import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram import buttons, page
from bot.values import MEANING, NARROW, Answer, Card, Choice, Cited, Text
from retrieval.language import HAN, traditional
from tests.telegram.bot_api import BotApi
from tests.telegram.people import Group, Person, Running, running

PAINT = "Our paint shop fails its VOC limit, what can we buy?"


def test_in_place(en: Person):
    """Paging changes the message where it is, there and back."""
    (reply,) = en.says(PAINT)
    first = reply.text
    en.presses(reply, "More")
    en.presses(reply, "Back")
    assert reply.text == first
    assert reply.edits == 2


def test_details(en: Person):
    """Details show everything on record of one card, by the number it has in the list."""
    (reply,) = en.says(PAINT)
    en.presses(reply, "More")
    name = reply.text.split("5. ")[1].split("\n")[0]
    (details,), _ = en.presses(reply, "ℹ️ 5")
    assert name in details.text
    assert "What it does" in details.text


def test_sources(en: Person):
    """Sources lead to where they were published."""
    (reply,) = en.says(PAINT)
    (sources,), _ = en.presses(reply, "Sources")
    assert len(sources.links) >= 3


@pytest.mark.parametrize(
    ("language", "question", "label", "there"),
    [("en", PAINT, "中文", "来源|用途|项技术|条目"), ("zh", "喷漆车间有VOC废气，能用什么设备？", "English", "fit")],
)
def test_other_language(bot: Running, language: str, question: str, label: str, there: str):
    """One button asks the same in the other language."""
    person = Person(bot, language)
    (reply,) = person.says(question)
    (other,), _ = person.presses(reply, label)
    assert any(word in other.text for word in there.split("|"))


def test_traditional_reader(hant: Person):
    """Who reads traditional characters gets them also for words that are written alike in both scripts."""
    (reply,) = hant.says("水")
    assert traditional(reply.text) == reply.text
    assert "內容" in reply.text


def test_feedback(en: Person):
    """A thumb under a reply is noted with its question, and a comment after it, too."""
    log = en.running.channel.log
    (reply,) = en.says("Which partners are in Hong Kong?")
    _, toast = en.presses(reply, "👎")
    assert "/feedback" in (toast or "")
    (which,) = en.says("/feedback one is missing")
    en.presses(which, "👎")
    stored = en.running.channel.memory.everything(en.id)["question_log"][0]
    assert (stored["feedback"], stored["feedback_note"]) == ("down", "one is missing")
    assert log.enabled


def test_feedback_of_others(group: Group):
    """Only who asked can rate a reply."""
    asker, other = group.member(), group.member()
    (reply,) = asker.mentions("partners in Hong Kong")
    _, toast = other.presses(reply, "👍")
    assert toast == "This is for whoever asked."


def test_tell_me(bot: Running, en: Person):
    """Who wants to be told gets a message when staff have answered, once."""
    import asyncio

    from bot.staff.curated import CuratedAnswers, Draft
    from bot.telegram.rounds import Rounds

    question = "Who certifies zorblax reactors?"
    (reply,) = en.says(question)
    _, toast = en.presses(reply, "Tell me")
    assert "message here" in (toast or "")
    CuratedAnswers(bot.assistant.kb).add(
        Draft([question], "Zorblax Institute", "https://zorblax.example/", "The Zorblax Institute.")
    )
    before = len(bot.api.sent)
    for _ in range(2):
        asyncio.run_coroutine_threadsafe(Rounds(bot.channel).tell(), bot._loop).result(20)
    (news,) = [sent for sent in bot.api.sent[before:] if sent.chat == en.id]
    assert question in news.text
    assert "The Zorblax Institute." in news.text


def test_news_again(bot: Running, en: Person):
    """News that could not be delivered is delivered in the next round."""
    import asyncio

    from telegram.error import TelegramError

    from bot.staff.curated import CuratedAnswers, Draft
    from bot.telegram.rounds import Rounds

    question = "Who certifies flumboid dryers?"
    (reply,) = en.says(question)
    en.presses(reply, "Tell me")
    CuratedAnswers(bot.assistant.kb).add(Draft([question], "Flumboid", "https://flumboid.example/", "The Flumboid Board."))
    before = len(bot.api.sent)
    bot.api.fail("sendMessage", 500, 4)
    with pytest.raises(TelegramError):
        asyncio.run_coroutine_threadsafe(Rounds(bot.channel).tell(), bot._loop).result(30)
    asyncio.run_coroutine_threadsafe(Rounds(bot.channel).tell(), bot._loop).result(20)
    assert [sent.chat for sent in bot.api.sent[before:]] == [en.id]


def test_expired(en: Person):
    """A button of a reply that is not remembered any more says so."""
    (reply,) = en.says(PAINT)
    _, toast = en.presses_data(reply, "m:no-such-key:3")
    assert toast == "This reply is too old for its buttons. Ask again, and they work."


@pytest.mark.parametrize(
    "data", ["", "?", "m", "m:::::", "d:k:99999999999999", "c:k:-1", "g:xx", "a:nothing", "z:yes:1", "x:en:x", "e:agenda"]
)
def test_nonsense(en: Person, data: str):
    """Whatever a button's data say, it is acknowledged and nothing breaks."""
    (reply,) = en.says("hello")
    en.presses_data(reply, data)


def test_examples(zh: Person):
    """The welcome has questions to try, and a press asks one."""
    (welcome,) = zh.says("/start")
    (reply,), _ = zh.presses(welcome, "香港")
    assert "IP Nexus" in reply.text
    assert "› 香港有哪些WIPO GREEN合作伙伴？" in reply.text


def test_choices_as_buttons(en: Person):
    """What a reply offers to go on with stands under it as buttons: meanings a row each, narrowings two in a row."""
    answer = Answer(
        "q", "en", "answered", (Text("lead", "lead"),),
        choices=(Choice("A", "a?", MEANING), Choice("B", "b?", NARROW), Choice("C", "c?", NARROW)),
    )  # fmt: skip
    rows = buttons.under(answer, "k" * 12, share=None, logged=True).inline_keyboard
    assert [[one.text for one in row] for row in rows[:2]] == [["A"], ["B", "C"]]


def test_a_choice(en: Person):
    """Pressing a choice asks what it stands for."""
    en.says(PAINT)
    (which,) = en.says("compare it with the first")
    name = which.labels[1].rstrip(" …")
    (chosen,), _ = en.presses(which, name)
    assert f"› {name}" in chosen.text
    assert chosen.text.count(name) > 1


def test_shared(bot: Running, en: Person, zh: Person):
    """A reply can be passed on by a link; whoever opens it sees the same reply."""
    (reply,) = en.says(PAINT)
    url = reply.button("Share")["url"]
    assert url.startswith("https://t.me/share/url?url=")
    key = url.split("start%3D")[1].split("&")[0]
    (opened,) = zh.says(f"/start {key}")
    assert PAINT in opened.text
    assert reply.text.split("\n")[0] in opened.text


def test_unknown_link(en: Person):
    """A link that leads nowhere says so and goes on with the welcome."""
    missing, welcome = en.says("/start ev_no-such-event")
    assert "nothing I know" in missing.text
    assert "GreenAsk" in welcome.text
    assert "expired" in en.says("/start q_nosuchkey")[0].text


def test_language(bot: Running):
    """/language overrides the language of Telegram, of questions too, until it is set back."""
    person = Person(bot, "en")
    (which,) = person.says("/language")
    (done,), _ = person.presses(which, "繁體中文")
    assert "中文" in done.text
    (reply,) = person.says("partners in Hong Kong")
    assert "機構" in reply.text
    person.presses(which, "As I ask")
    (reply,) = person.says("partners in Hong Kong")
    assert "organisations" in reply.text


def test_escaped(en: Person):
    """What looks like HTML in a question stays what was typed."""
    (reply,) = en.says("<b>solar</b> & <script>alert(1)</script> 'pumps'?")
    assert reply.text
    reply = en.says("/feedback <i>x</i> & y")[-1]
    assert "<i>" not in reply.html or "&lt;i&gt;" in reply.html or "logged" in reply.html


@pytest.mark.parametrize("name", ["technologies", "partners", "events", "stats", "sources", "help", "privacy", "new", "feedback"])
@pytest.mark.parametrize("lang", ["en", "zh", "zh-hant"])
def test_commands(bot: Running, lang: str, name: str):
    """Every command answers in the reader's language and script."""
    (reply,) = Person(bot, lang).says(f"/{name}")
    assert bool(HAN.search(reply.text)) == (lang != "en") or name in ("partners", "events", "help")
    if lang == "zh-hant":
        words = reply.text.replace("简体", "")
        assert traditional(words) == words


@pytest.mark.parametrize(("lang", "more"), [("en", "more"), ("zh", "还有吗")])
@pytest.mark.parametrize("name", ["partners", "events"])
def test_more_of_an_overview(bot: Running, lang: str, more: str, name: str):
    """A list that a command showed is gone on with like any other: more of it, and one of it by its number."""
    person = Person(bot, lang)
    person.says(f"/{name}")
    (reply,) = person.says(more)
    assert "5. " in reply.text
    fifth = reply.text.split("5. ")[1].split("\n")[0].split(" (")[0].split("（")[0]
    (detail,), _ = person.presses(reply, "ℹ️ 5")
    assert fifth in detail.text
    assert fifth in person.says("the fifth one" if lang == "en" else "第五个")[0].text


def test_sector(en: Person):
    """A sector chosen from /technologies lists its technologies."""
    (sectors,) = en.says("/technologies")
    for label in sectors.labels:
        (reply,), _ = en.presses(sectors, label)
        assert "☎" in reply.text, label


def test_metric(en: Person):
    """A figure chosen from /stats is told with date and source."""
    (stats,) = en.says("/stats")
    sent, _ = en.presses(stats, stats.labels[0])
    assert "as of" in sent[0].text


def test_the_face(settings: Settings, own: Assistant, api: BotApi):
    """The command menu and the descriptions are set for English and Chinese readers, and again only when they have changed."""
    own.kb.remember("telegram_face", "another")
    with running(settings, own, api):
        menus = [(data.get("language_code") or "", data) for method, data in api.calls if method == "setMyCommands"]
        assert {code for code, data in menus if "scope" not in data} == {"", "en", "zh"}
        staff = next(data for code, data in menus if data.get("scope", {}).get("chat_id") == 77)
        assert {"usage", "curate"} <= {command["command"] for command in staff["commands"]}
        for method in ("setMyDescription", "setMyShortDescription"):
            assert len([1 for called, _ in api.calls if called == method]) == 3
    api.calls.clear()
    with running(settings, own, api):
        assert not [method for method, _ in api.calls if method.startswith("setMy")]


def test_long_contact():
    """A card whose every field is long still makes messages that Telegram takes."""
    card = Card("listing/x", "technology", "T" * 300, lines=(("What it does", "word " * 2000),), contact="c" * 900,
                sources=(Cited("S & T" * 100, "P", "2024", "https://example.org/?a=1&b=2"),))  # fmt: skip
    for sheet in page.screen(Answer("q", "en", "answered", (Text("lead", "lead"), card))):
        assert page.units(sheet) <= page.LIMIT


@pytest.mark.parametrize(
    ("lang", "question", "everything"),
    [("en", "tell me about Liu Hua", "Everything on record"), ("zh-hans", "刘华是谁？", "库中全部内容")],
)
def test_a_screenful(bot: Running, lang: str, question: str, everything: str):
    """Of somebody with much on record, a screenful is shown; the rest is a press away."""
    person = Person(bot, lang)
    (reply,) = person.says(question)
    assert "\n…\n" in reply.text
    (details,), _ = person.presses(reply, everything)
    assert len(details.text) > len(reply.text) * 1.1
    (short,) = person.says("Who is Edward Kwakwa?")
    assert "…" not in short.text
    assert everything not in " ".join(short.labels)


def test_chips_on_every_page(en: Person):
    """What narrows a list does so on its later pages, too."""
    (reply,) = en.says("wastewater treatment")
    chips = [label for label in reply.labels if label.startswith("only")]
    assert chips
    en.presses(reply, "More")
    assert [label for label in reply.labels if label.startswith("only")] == chips
    (narrowed,), _ = en.presses(reply, chips[0])
    assert chips[0] in narrowed.text


def test_no_contacts_to_show(en: Person):
    """Where no card has a contact there is no button for contacts."""
    (reply,) = en.says("/events")
    assert not any("Contacts" in label for label in reply.labels)
    assert any("Sources" in label for label in reply.labels)


def test_examples_once(en: Person):
    """Small talk shows its questions to try as buttons, not as lines as well."""
    (reply,) = en.says("hello")
    assert "Try" not in reply.text
    assert len(reply.labels) == 3
