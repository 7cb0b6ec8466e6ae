"""Several processes behind one webhook: once, in order within a chat, and so many messages a minute, whichever they reach."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.settings import Settings
from bot.telegram import webhook
from bot.telegram.turns import LEASE, Ticket, Turns
from bot.values import Answer, Question
from bot.writing import Hear, unheard
from knowledge import starter
from knowledge.chats import TelegramTurn
from knowledge.store import KnowledgeBase
from tests.telegram.bot_api import TOKEN, BotApi
from tests.telegram.people import Person, Running, running
from tests.telegram.test_emulator import free_port
from tests.telegram.test_webhook import listening

SLOW = 0.5  # seconds
STARTS = datetime(2026, 1, 1)


class Unhurried(Assistant):
    """Takes its time with questions."""

    def answer_now(self, question: Question, hear: Hear = unheard) -> Answer:
        time.sleep(SLOW)
        return super().answer_now(question, hear)


@dataclass
class Replicas:
    """Two applications with connections of their own to one database, and the Bot API that posts to them."""

    api: BotApi
    bots: list[Running]

    def post(self, to: int, person: Person, text: str, number: int) -> None:
        """Hand an update to one of them; like Telegram, wait until it is accepted."""
        bot = self.bots[to]
        url = (bot.settings.telegram_webhook_url or "").rstrip("/") + webhook.path(TOKEN)
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret(TOKEN)}
        update = {"update_id": number, "message": person.message(text=text)}
        httpx.post(url, json=update, headers=headers, trust_env=False).raise_for_status()

    def settled(self) -> None:
        for _ in range(2):
            for bot in self.bots:
                bot.settled()

    def said_to(self, person: Person) -> list[str]:
        return [sent.text for sent in self.api.sent if sent.chat == person.id]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, settings: Settings) -> str:
    """The database that they share."""
    if request.param == "sqlite":
        return settings.database
    url: str = request.getfixturevalue("postgres_for_all")
    with closing(KnowledgeBase.open(url)) as kb:
        kb.save(starter.records(), origin="starter")
    return url


@pytest.fixture
def replicas(database: str, settings: Settings, own: Assistant, api: BotApi) -> Iterator[Replicas]:
    """Two of them, where five messages a minute are enough for a person, unless they are staff."""
    with ExitStack() as stack:
        bots = []
        for _ in range(2):
            kb = stack.enter_context(closing(KnowledgeBase.open(database)))
            mine = listening(settings, free_port()).model_copy(update={"telegram_per_minute": 5})
            assistant = Unhurried(kb, own.retriever, memory=StoredMemory.open(mine, kb))
            bots.append(stack.enter_context(running(mine, assistant, api)))
        yield Replicas(api, bots)


def test_once(replicas: Replicas) -> None:
    """An update that reaches both is answered by one."""
    person = Person(replicas.bots[0])
    for to in (0, 1, 0):
        replicas.post(to, person, "/help", number=unused())
    replicas.settled()
    assert len(replicas.said_to(person)) == 3
    number = unused()
    for to in (0, 1, 1):
        replicas.post(to, person, "/privacy", number)
    replicas.settled()
    assert len(replicas.said_to(person)) == 4


def test_order(replicas: Replicas) -> None:
    """What was sent first is answered first, though another one could have answered the second sooner; chats do not wait for
    each other."""
    one, other = Person(replicas.bots[0]), Person(replicas.bots[0])
    replicas.post(0, one, "heat pump", unused())
    for to, text in ((1, "/help"), (0, "/privacy"), (1, "/new")):
        replicas.post(to, one, text, unused())
    replicas.post(1, other, "/help", unused())
    replicas.settled()
    chats = [sent.chat for sent in replicas.api.sent]
    assert chats.index(other.id) == 0
    said = replicas.said_to(one)
    assert ["pump" in said[0], "/start" in said[1], "stored" in said[2], len(said)] == [True, True, True, 4]


def test_conversation(replicas: Replicas) -> None:
    """A conversation goes on wherever its next message arrives."""
    person = Person(replicas.bots[0])
    replicas.post(0, person, "Which partners are in Hong Kong?", unused())
    replicas.post(1, person, "the second one's contact", unused())
    replicas.settled()
    assert "Commercialization" in replicas.said_to(person)[1]


def test_flood(replicas: Replicas) -> None:
    """How much somebody sends is counted over both: five answers, one note, then silence."""
    hasty, staff = Person(replicas.bots[0]), Person(replicas.bots[0], id=77)
    for number in range(10):
        replicas.post(number % 2, hasty, "/new", unused())
        replicas.post(number % 2, staff, "/new", unused())
    replicas.settled()
    said = replicas.said_to(hasty)
    assert len(said) == 6
    assert "a lot at once" in said[-1]
    assert len(replicas.said_to(staff)) == 10


def test_stop(replicas: Replicas) -> None:
    """A replica that is told to stop answers what it has accepted; the chat goes on with the other."""
    person = Person(replicas.bots[0])
    replicas.post(0, person, "heat pump", unused())
    replicas.post(0, person, "/help", unused())
    replicas.bots[0].stop()
    replicas.post(1, person, "/privacy", unused())
    replicas.bots[1].settled()
    said = replicas.said_to(person)
    assert ["pump" in said[0], "/start" in said[1], "stored" in said[2]] == [True, True, True]


def test_nothing_left(replicas: Replicas, database: str) -> None:
    """When all is answered, nobody holds a turn."""
    person = Person(replicas.bots[0])
    replicas.post(0, person, "/help", unused())
    replicas.settled()
    with closing(KnowledgeBase.open(database)) as kb, kb.session() as session:
        assert session.exec(select(TelegramTurn)).all() == []


def test_a_process_that_died(database: str) -> None:
    """What a process had begun when it died holds its chat up for the length of a lease, and no longer."""
    at = STARTS
    with closing(KnowledgeBase.open(database)) as kb:
        dead, alive = (Turns(kb, clock=lambda: at) for _ in range(2))
        first, second = (Ticket(f"died:{unused()}", number, "a-chat") for number in (1, 2))
        assert dead.arrive(first)
        assert dead.begin(first)
        assert alive.arrive(second)
        assert not alive.begin(second)
        at += LEASE / 2
        alive.renew()
        assert not alive.begin(second)
        at += LEASE / 2 + timedelta(seconds=1)
        assert alive.begin(second)
        alive.end(second)
        at += LEASE
        alive.renew()
        with kb.session() as session:
            assert session.exec(select(TelegramTurn)).all() == []


def test_an_earlier_one_that_comes_late(database: str) -> None:
    """An update that began is not interrupted by an earlier one; that one waits for it."""
    with closing(KnowledgeBase.open(database)) as kb:
        here, there = Turns(kb), Turns(kb)
        earlier, later = (Ticket(f"late:{unused()}", number, "a-chat") for number in (1, 2))
        assert here.arrive(later)
        assert here.begin(later)
        assert there.arrive(earlier)
        assert not there.begin(earlier)
        here.end(later)
        assert there.begin(earlier)
        there.end(earlier)


def unused() -> int:
    """A number that no update had before; later ones are higher."""
    return time.time_ns() // 1000
