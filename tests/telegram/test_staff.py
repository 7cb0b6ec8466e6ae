"""What staff can do in Telegram, and nobody else."""

from __future__ import annotations

import pytest

from bot.staff.curated import CuratedAnswers
from tests.telegram.bot_api import Sent
from tests.telegram.people import Person, Running

SOURCE = "Quibble Office https://quibble.example/kiln"


@pytest.mark.parametrize("command", ["usage", "curate"])
@pytest.mark.parametrize(("lang", "refusal"), [("en", "This is for staff."), ("zh", "此功能仅供工作人员使用。")])
def test_others(bot: Running, lang: str, refusal: str, command: str):
    """Anyone else gets a plain refusal."""
    (reply,) = Person(bot, lang).says(f"/{command}")
    assert reply.text == refusal


@pytest.mark.parametrize(("lang", "word"), [("en", "Questions"), ("zh", "问题数")])
def test_usage(bot: Running, lang: str, word: str):
    """Usage is told in text and drawn."""
    Person(bot).says("heat pump")
    text, chart = Person(bot, lang, id=77).says("/usage 7")
    assert "telegram" in text.text.lower()
    assert chart.file.startswith(b"\x89PNG")
    assert chart.text


@pytest.mark.parametrize("days", ["0", "x", "-1", "9999"])
def test_bad_usage(staff: Person, days: str):
    """A number of days that is none is asked for again."""
    (reply,) = staff.says(f"/usage {days}")
    assert "/usage 7" in reply.text


def asked(bot: Running, staff: Person, question: str) -> Sent:
    """The message of the queue with this question, after it was asked in vain."""
    person = Person(bot)
    (reply,) = person.says(question)
    person.presses(reply, "👎")
    for first in range(1, 60, 5):
        found = [one for one in staff.says(f"/curate {first}") if question in one.text]
        if found:
            return found[0]
    raise AssertionError("not in the queue")


def test_curate(bot: Running, staff: Person):
    """Staff answer a question of the queue by replying to it; the next who asks gets that answer, in their language."""
    row = asked(bot, staff, "Who repairs quibble kilns?")
    answer = f"The Quibble Office repairs them.\n\n由奎布尔办公室维修。\n{SOURCE}"
    (done,) = staff.says(answer, reply_to_message=bot.api.message_of(row))
    assert "is live" in done.text
    (reply,) = Person(bot).says("Who repairs quibble kilns?")
    assert "The Quibble Office repairs them." in reply.text
    assert "https://quibble.example/kiln" in reply.links
    stored = CuratedAnswers(bot.assistant.kb).live()[-1]
    assert stored.text_zh == "由奎布尔办公室维修。"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("The Office.", "The last line must be the source"),
        ("The Office.\nOffice", "The last line must be the source"),
        (SOURCE, "The answer is missing"),
        (f"{'x' * 4001}\n{SOURCE}", "at most 4000"),
    ],
)
def test_curate_badly(bot: Running, staff: Person, answer: str, said: str):
    """An answer without text or source is not taken, and what is missing is said."""
    row = asked(bot, staff, "Who polishes wobblesnatch valves?")
    (reply,) = staff.says(answer, reply_to_message=bot.api.message_of(row))
    assert said in reply.text


def test_curate_by_others(bot: Running, staff: Person):
    """A reply of anyone else to such a message is a question like any other."""
    row = asked(bot, staff, "Who sells grumble widgets in Atlantis?")
    count = len(CuratedAnswers(bot.assistant.kb).live())
    Person(bot).says(f"The Office.\n{SOURCE}", reply_to_message=bot.api.message_of(row))
    assert len(CuratedAnswers(bot.assistant.kb).live()) == count
