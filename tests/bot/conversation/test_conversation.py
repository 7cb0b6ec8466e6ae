"""What an assistant says in a conversation, and what of it any caller may ask for."""

from __future__ import annotations

import pytest

from bot import render
from bot.assistant import Assistant
from bot.conversation.memory import StoredMemory
from bot.guard import Evidence, guarded
from bot.staff.curated import CuratedAnswers, Draft
from bot.values import ANSWERED, MEANING, NARROW, NEEDS_CLARIFICATION, NOT_FOUND, SPELLING, WIDEN, Question, Table
from knowledge.records import Listing

LISTED = {"en": "wastewater technologies from Japan", "zh": "日本有哪些废水处理技术", "zh-Hant": "日本有哪些廢水處理技術"}
LANGS = list(LISTED)


def asked(assistant: Assistant, *texts: str, session: str = "test"):
    """The last of the replies to these, in a conversation of their own."""
    assistant.forget(session)
    return [assistant.answer_now(Question(text, session=session)) for text in texts][-1]


@pytest.mark.parametrize("lang", LANGS)
def test_pages_are_counted_truly(talking, lang):
    """The pages of a list hold as many finds as were announced, none of them twice, and then it says that there are no more."""
    more = {"en": "more", "zh": "还有吗", "zh-Hant": "還有嗎"}[lang]
    answer = asked(talking, LISTED[lang], session=f"pages-{lang}")
    seen, waiting = [card.key for card in answer.cards], answer.more
    while answer.more:
        answer = talking.answer_now(Question(more, session=f"pages-{lang}"))
        seen += [card.key for card in answer.cards]
        assert len(seen) + answer.more == 5 + waiting
    assert waiting > 0
    assert len(set(seen)) == len(seen) == 5 + waiting
    answer = talking.answer_now(Question(more, session=f"pages-{lang}"))
    assert (answer.status, answer.cards) == (ANSWERED, [])
    assert str(len(seen)) in answer.blocks[0].text


@pytest.mark.parametrize("lang", LANGS)
def test_skip_needs_no_conversation(talking, lang):
    """A question may leave out the first finds itself, and names no conversation for it."""
    first = talking.answer_now(Question(LISTED[lang]))
    then = talking.answer_now(Question(LISTED[lang], skip=5))
    assert len(then.cards) == min(first.more, 5)
    assert not {card.key for card in first.cards} & {card.key for card in then.cards}
    assert then.resolved is None


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_of_an_earlier_question(talking, lang):
    """A page may be turned of a question that was left since; more goes on behind that page, and ordinals count on it."""
    session = f"earlier-{lang}"
    more, first = {"en": ("more", "the first one")}.get(lang, ("更多", "第一个"))
    asked(talking, LISTED[lang], {"en": "who is Xie Hongxing?"}.get(lang, "谁是解洪兴"), session=session)
    turned = talking.answer_now(Question(LISTED[lang], session=session, skip=2))
    assert turned.cards[0].key == talking.answer_now(Question(LISTED[lang])).cards[2].key
    assert talking.answer_now(Question(first, session=session)).cards[0].key == turned.cards[0].key
    rest = talking.answer_now(Question(more, session=session))
    assert len(rest.cards) + rest.more == turned.more
    assert not {card.key for card in rest.cards} & {card.key for card in turned.cards}


@pytest.mark.parametrize(("lang", "missing"), [("en", "not stated"), ("zh", "未说明"), ("zh-Hant", "未説明")])
def test_comparison(talking, lang, missing):
    """A comparison says what each does, who offers it, where, at what stage, its IP and contact, or that nobody states it."""
    keys = ("listing/tech-jc-0090", "listing/tech-si-lorentz-solar-water-pumps", "listing/tech-jc-0113")
    answer = talking.compared(keys, lang)
    table = answer.table
    assert table is not None
    assert table.keys == keys
    assert len(table.rows) == 6
    assert all(len(cells) == 3 and all(cells) for _, cells in table.rows)
    said = render.as_json(answer)["table"]
    assert [column["id"] for column in said["columns"]] == [key.split("/")[1] for key in keys]
    assert said["rows"][4]["cells"] == [missing] * 3
    assert all(cell in render.text(answer) for row in said["rows"] for cell in row["cells"])


@pytest.mark.parametrize("lang", LANGS)
def test_at_most_four_are_compared(talking, lang):
    """Of more than four only the first four stand side by side, which is said."""
    listed = talking.kb.all(Listing)[:6]
    answer = talking.compared([listing.key for listing in listed], lang)
    assert len(answer.table.keys) == 4
    assert answer.blocks[0].role == "note"


@pytest.mark.parametrize("lang", LANGS)
def test_organisations_compare_too(talking, lang):
    """Bodies are compared by what is on record of bodies."""
    table = talking.compared(["organisation/iipcc", "organisation/ip-nexus"], lang).table
    assert 3 <= len(table.rows) <= 6


@pytest.mark.parametrize("lang", LANGS)
def test_about(talking, lang):
    """Records asked for by their keys come as full cards, in the order asked for; one that is not there is left out."""
    keys = ["person/person-xie-hongxing", "listing/tech-jc-0090", "listing/no-such", "organisation/bcaa", "event/ev-chengdu-2024"]
    answer = talking.about(keys, lang)
    assert [card.key for card in answer.cards] == [key for key in keys if key != "listing/no-such"]
    assert answer.lang == lang
    assert talking.about(["listing/no-such"], lang).status == NEEDS_CLARIFICATION


def test_no_cell_says_what_no_record_says():
    """The number guard looks at tables, too."""
    table = Table(("listing/a",), ("A",), (("What", ("It saves 30% of power.",)), ("Stage", ("In use.",))))
    (kept,), dropped = guarded([table], Evidence())
    assert kept.rows == (("What", ("",)), ("Stage", ("In use.",)))
    assert dropped == ["30%"]


@pytest.mark.parametrize(("lang", "second"), [("en", "the second one"), ("zh", "第二个")])
def test_a_record_that_was_deleted_since(assistant, full_kb, memory, lang, second):
    """Pointing to a record that is no longer there says so; the others of the list can still be pointed to."""
    own = Assistant(full_kb, assistant.retriever, memory=memory)
    listed = own.answer_now(Question(LISTED[lang], session="s")).cards
    full_kb.delete([listed[1].key])
    answer = own.answer_now(Question(second, session="s"))
    assert (answer.status, answer.route, answer.cards) == (NEEDS_CLARIFICATION, "gone", [])
    first = own.answer_now(Question({"en": "the first one", "zh": "第一个"}[lang], session="s"))
    assert first.cards[0].key == listed[0].key


@pytest.mark.parametrize(("lang", "follow"), [("en", "and in Brazil?"), ("zh", "那巴西呢")])
def test_staff_answer_what_was_resolved(assistant, full_kb, memory, lang, follow):
    """What staff answered is given to a follow-up that comes to the same question."""
    question = {"en": "wastewater technologies from Brazil", "zh": "巴西有哪些废水处理技术"}[lang]
    CuratedAnswers(full_kb).add(Draft([question], "Source", "https://example.org", "By staff.", "工作人员答。"))
    own = Assistant(full_kb, assistant.retriever, memory=memory)
    own.answer_now(Question(LISTED[lang], session="s"))
    answer = own.answer_now(Question(follow, session="s"))
    assert answer.route == "curated"
    assert answer.resolved == question


@pytest.mark.parametrize(
    ("text", "label"), [("wastewater treatment", "only already commercialised"), ("污水处理", "只看已商业化的")]
)
def test_narrower(talking, text, label):
    """With more finds than are shown, conditions that some of them meet are offered, with how many; each can be asked for."""
    answer = asked(talking, text)
    offered = {choice.label: choice for choice in answer.choices}
    assert answer.more
    assert 2 <= len(offered) <= 4
    assert {choice.kind for choice in offered.values()} == {NARROW}
    for choice in offered.values():
        count = int(choice.label.rsplit("(", 1)[-1].rsplit("（", 1)[-1].rstrip(")）"))
        narrowed = talking.answer_now(Question(choice.ask))
        assert len(narrowed.cards) + narrowed.more >= min(count, 1)
    assert any(each.startswith(label[:4]) for each in offered)


@pytest.mark.parametrize(
    "text",
    [
        "Our paint shop fails its VOC limit, what can we buy, from whom?",
        "喷漆车间VOC超标，能买什么设备，谁家有？",
        "噴漆車間VOC超標，可以買什麼設備？",
        "our cold store eats power",
        "养猪场粪污怎么处理",
    ],
)
def test_whatever_is_offered_finds_something(talking, text):
    """What answers a question answers it as well with a place or stage that some of the finds have."""
    offered = [choice for choice in asked(talking, text).choices if choice.kind == NARROW]
    for choice in offered:
        narrowed = talking.answer_now(Question(choice.ask))
        assert narrowed.cards, choice.ask


@pytest.mark.parametrize(("text", "label"), [("solar pumps from Mongolia", "any country"), ("蒙古的太阳能水泵", "不限国家")])
def test_wider(talking, text, label):
    """Where a condition leaves nothing, doing without it is offered, and what is offered finds something."""
    answer = asked(talking, text)
    assert answer.status == NOT_FOUND
    (choice,) = answer.choices
    assert (choice.label, choice.kind) == (label, WIDEN)
    assert talking.answer_now(Question(choice.ask)).cards


@pytest.mark.parametrize("word", ["air", "heat", "水", "空气", "空氣"])
def test_a_word_that_says_too_little(talking, word):
    """A word that spans sectors is answered by topics that have it; each of them finds something."""
    answer = asked(talking, word)
    assert answer.status == NEEDS_CLARIFICATION
    assert 3 <= len(answer.choices) <= 4
    assert {choice.kind for choice in answer.choices} == {MEANING}
    assert all(talking.answer_now(Question(choice.ask)).cards for choice in answer.choices)


@pytest.mark.parametrize("word", ["biogas", "hydrogen", "toilet", "coral", "沼气", "氢能", "厕所", "照明", "asphalt", "沥青"])
def test_a_word_that_says_enough(talking, word):
    """A word that finds something, or that nothing here has, is not answered by a question."""
    assert asked(talking, word).status != NEEDS_CLARIFICATION


@pytest.mark.parametrize(
    ("text", "name"), [("谁是谢洪星", "解洪兴"), ("誰是謝洪星", "解洪兴"), ("who is Hsieh Hongxing", "Xie Hongxing")]
)
def test_a_name_that_is_nearly_spelt(talking, text, name):
    """A name that is not sure to be one here is never taken for it silently: it is offered."""
    answer = asked(talking, text)
    assert answer.cards == []
    assert name in [choice.label for choice in answer.choices]
    assert {choice.kind for choice in answer.choices} == {SPELLING}
    assert talking.answer_now(Question("1", session="test")).cards[0].key == "person/person-xie-hongxing"


@pytest.mark.parametrize("text", ["who is Elon Musk", "周杰伦是谁", "马云是谁", "what is the capital of France", "红烧肉怎么做"])
def test_other_names_are_not_offered_for(talking, text):
    """Nobody is offered for a name that is like none."""
    assert asked(talking, text).choices == ()


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("wastewater treatment from Japan", ["“wastewater”", "from Japan"]),
        ("日本的污水处理技术", ["“污水处理”", "位于日本"]),
        ("日本的污水處理技術", ["“污水處理”", "位於日本"]),
        ("who spoke about patent strategy in Chengdu", ["it speaks of"]),
        ("哪个机构管绿色专利", ["内容提到"]),
    ],
)
def test_every_card_says_why(talking, text, reasons):
    """A card that was searched for says which words and conditions of the question it meets."""
    answer = asked(talking, text)
    said = render.text(answer)
    assert all(reason in said for reason in reasons)
    label = {"en": "Why it fits", "zh": "匹配理由", "zh-Hant": "匹配理由"}[answer.lang]
    assert label in said


@pytest.mark.parametrize("lang", LANGS)
def test_how_to_go_on_is_said_in_a_conversation_only(talking, lang):
    """In a conversation the text tells how many finds wait and what can be said next; outside of one it does not."""
    hint = {"en": 'type "more"', "zh": "输入“更多”", "zh-Hant": "輸入“更多”"}[lang]
    assert hint in render.text(asked(talking, LISTED[lang]))
    assert hint not in render.text(talking.answer_now(Question(LISTED[lang])))


def test_the_guard_takes_the_resolved_question(talking, caplog):
    """Numbers of the question that was resolved may be said, and nothing is left out of such a reply."""
    asked(talking, "events in Beijing in 2024", "and in 2012?", "the first one")
    assert not [record for record in caplog.records if record.getMessage().startswith("guard")]


def test_sessions_without_a_memory_are_first_questions(assistant):
    """An assistant that has no memory answers every question as the first."""
    assert assistant.answer_now(Question("more", session="s")).resolved is None


def test_forgetting_begins_anew(assistant, memory):
    """After a conversation was forgotten, a follow-up leans on nothing."""
    own = Assistant(assistant.kb, assistant.retriever, memory=memory)
    own.answer_now(Question("who is Xie Hongxing?", session="s"))
    own.forget("s")
    assert own.answer_now(Question("his contact", session="s")).route == "nothing_before"


def test_a_memory_is_wired(own_home):
    """The assistant of the commands remembers conversations in its own database."""
    from bot.shell import Shell

    assert isinstance(Shell.start().assistant()._memory, StoredMemory)


@pytest.mark.parametrize("text", ["only from China", "just the ones in Japan", "只看中国的", "只要上海的", "只看中國的"])
def test_only_of_nothing(assistant, memory, text):
    """A condition with nothing before it is no question: what it is to narrow is asked for."""
    own = Assistant(assistant.kb, assistant.retriever, memory=memory)
    answer = own.answer_now(Question(text, session="fresh"))
    assert (answer.route, answer.status) == ("nothing_before", NEEDS_CLARIFICATION)
    assert own.answer_now(Question("only technologies from China", session="another")).cards
