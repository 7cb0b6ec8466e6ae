"""What a card and a reply hold, for every record there is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.assistant import Assistant
from bot.compose.articles import article_blocks
from bot.compose.events import event_blocks, event_card, events_blocks
from bot.compose.listings import facts, listing_blocks
from bot.compose.organisations import organisation_blocks, organisation_card, organisations_blocks
from bot.compose.page import Page
from bot.compose.people import people_blocks, person_blocks, person_card
from bot.compose.programmes import programme_blocks
from bot.compose.talk import choice_blocks, silence_blocks, talk_blocks
from bot.values import Card, Text
from knowledge.records import Appearance, Article, Event, Listing, Organisation, Person, Programme, Record, Source, Statistic

LANGUAGES = ("en", "zh", "zh-Hant")
NOT_FOR_USERS = re.compile(r"github|gitee|gitlab|mirror|huggingface|raw\.|\.csv|\.txt|^file:|localhost|127\.0\.0\.1", re.I)
PageIn = Callable[[str], Page]


@pytest.fixture
def page(assistant: Assistant) -> PageIn:
    """A reply in the making, in a language, over the starter knowledge base."""
    return lambda lang: Page(assistant.kb, lang)


@pytest.fixture(scope="module")
def shown(assistant: Assistant) -> list[Record]:
    """Every record that may stand on a card or behind a figure."""
    kinds = (Listing, Organisation, Person, Event, Programme, Article, Statistic)
    return [record for kind in kinds for record in assistant.kb.all(kind)]


def _texts(blocks: list) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, Text))


def _card(page: Page, key: str) -> Card:
    record = page.kb.get(key)
    if isinstance(record, Organisation):
        return organisation_card(page, record)
    if isinstance(record, Person):
        return person_card(page, record)
    assert isinstance(record, Event)
    return event_card(page, record)


@pytest.mark.parametrize(
    ("lang", "title", "original"),
    [
        ("en", "Bluetech Clean Air Alliance", "中关村创蓝清洁空气产业联盟"),
        ("zh", "中关村创蓝清洁空气产业联盟", "Bluetech Clean Air Alliance"),
    ],
)
def test_name_with_original(page, lang, title, original):
    """A card is headed by the name in the reader's language, the original beside it."""
    card = _card(page(lang), "organisation/bcaa")
    assert (card.title, card.original) == (title, original)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_names_of_all(page, shown, lang):
    """Every record has a name, the reader's own where there is one, and never the same name twice."""
    here, other = page(lang), "zh" if lang == "en" else "en"
    for record in shown:
        if isinstance(record, Statistic):
            continue
        own = record.exactly("name", lang)
        assert here.name(record) == (own or record.exactly("name", other)), record.key
        assert here.original(record) != here.name(record), record.key
        assert own is None or here.original(record) in (record.exactly("name", other), None), record.key


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_translated_names(page, assistant, lang):
    """A listing known in one language only has a name of ours in the other, with the original still beside it."""
    translated = [listing for listing in assistant.kb.all(Listing) if listing.is_translated("name", lang)]
    assert translated
    for listing in translated:
        card = listing_blocks(page(lang), [listing], why={}, scores={})[1]
        assert isinstance(card, Card)
        assert card.title == listing.exactly("name", lang)
        assert card.original == listing.exactly("name", "zh" if lang == "en" else "en") or card.original is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sources_of_all(page, shown, lang):
    """Everything shown has a source with a title, and no link leads to a file, a mirror or a code host."""
    here = page(lang)
    for record in shown:
        cited = here.cited(record)
        assert cited, f"{record.key} has no source"
        for source in cited:
            assert source.title.strip(), record.key
            said = f"{source.title} {source.publisher} {source.url}"
            assert not NOT_FOR_USERS.search(said), f"{record.key}: {said}"
            assert source.url is None or re.match(r"https?://[\w.-]+\.\w+", source.url), f"{record.key}: {source.url}"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_restricted_sources(page, assistant, shown, lang):
    """A restricted source is shown by a link meant for users, or by its title alone."""
    here = page(lang)
    restricted = {source.id: source for source in assistant.kb.all(Source) if source.restricted}
    assert restricted
    met = 0
    for record in shown:
        for id_, cited in zip(record.sources, here.cited(record), strict=True):
            if id_ in restricted:
                met += 1
                own = [getattr(record, name, None) for name in ("listing_url", "website")]
                assert cited.url in (None, restricted[id_].public_url, *own), record.key
                assert restricted[id_].url is None or cited.url != restricted[id_].url, record.key
    assert met


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "no direct contact on record"), ("zh", "库中没有直接联系方式"), ("zh-Hant", "库中没有直接联系方式")]
)
def test_no_contact(page, assistant, lang, said):
    """Where no contact is on record the card says so and gives a way to reach them."""
    here = page(lang)
    bodies = [text for one in assistant.kb.all(Organisation) if (text := here.text(one, "contact"))]
    for kind in (Listing, Organisation, Person, Programme):
        for record in assistant.kb.all(kind):
            contact = here.contact(record)
            assert contact, record.key
            if said in contact:
                through = any(text in contact for text in bodies)
                assert through or re.search(r"https?://\S+|www\.\S+", contact), record.key


def test_contacts_are_on_record(page, assistant):
    """Every telephone number, address and e-mail on a card stands in a record, letter for letter."""
    known = {organisation.contact_en for organisation in assistant.kb.all(Organisation) if organisation.contact_en}
    here = page("en")
    given = {here.contact(record) for kind in (Listing, Organisation, Person, Programme) for record in assistant.kb.all(kind)}
    direct = {contact for contact in given if not contact.startswith("no direct contact on record; ")}
    records = [*assistant.kb.all(Listing), *assistant.kb.all(Programme)]
    known |= {record.contact_en for record in records if record.contact_en}
    assert direct == known


@pytest.mark.parametrize(("lang", "said"), [("en", "no direct contact on record"), ("zh", "没有直接联系方式")])
def test_person_contact(page, lang, said):
    """Asked for a person's contact, the reply says there is none and gives their organisation's."""
    here = page(lang)
    person = here.kb.get("person/person-xie-hongxing")
    blocks = person_blocks(here, person, frozenset({"contact"}))
    assert blocks[0].text.startswith(said) or said in blocks[0].text
    assert "010-65155838" in blocks[0].text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_person_contacts_are_not_invented(page, assistant, lang):
    """No person's card holds an e-mail address or a number that is not their organisation's."""
    here = page(lang)
    for person in assistant.kb.all(Person):
        home = here.kb.fetch([f"organisation/{person.organisation}"]) if person.organisation else []
        direct = here.text(home[0], "contact") if home else None
        blocks = person_blocks(here, person, frozenset({"contact"}))
        said = _texts(blocks) + "".join(block.contact or "" for block in blocks if isinstance(block, Card))
        left = re.sub(r"https?://\S+", "", said.replace(direct, "") if direct else said)
        assert "@" not in left, person.key
        assert not re.search(r"\+?\d[\d -]{6,}\d", left), person.key


@pytest.mark.parametrize(
    ("lang", "figures"), [("en", ["over 300", "about 200", "nearly 100"]), ("zh", ["300余名", "约200人", "近100人"])]
)
def test_attendance(page, lang, figures):
    """Where sources count differently, all their figures stand side by side, each with who counted."""
    here = page(lang)
    event = here.kb.get("event/ev-ip-camp-2021")
    lead = event_blocks(here, event, frozenset({"attendance"}))[0].text
    assert [figure for figure in figures if figure not in lead] == []
    assert ("Bluetech Clean Air Alliance" if lang == "en" else "创蓝联盟") in lead


@pytest.mark.parametrize(("lang", "said"), [("en", "Not on record: the attendance"), ("zh", "库中未载：参加人数")])
def test_event_without_attendance(page, assistant, lang, said):
    """Where nobody counted, the reply says that it is not on record."""
    event = next(event for event in assistant.kb.all(Event) if not event.attendance_en and not event.attendance_zh)
    assert said in _texts(event_blocks(page(lang), event, frozenset({"attendance"})))


@pytest.mark.parametrize(
    ("lang", "date", "place"), [("en", "27 April 2021", "Beijing, China"), ("zh", "2021年4月27日", "中国北京")]
)
def test_event_when_and_where(page, lang, date, place):
    """An event says when and where, in the words and the order of the language."""
    here = page(lang)
    event = here.kb.get("event/ev-ip-camp-2021")
    lead = event_blocks(here, event, frozenset({"when", "where"}))[0].text
    assert date in lead
    assert place in lead


def test_event_people(page):
    """Asked who was there, everyone on record for the event has a card with what they did there, and only there."""
    here = page("en")
    event = here.kb.get("event/ev-ip-camp-2021")
    cards = [b for b in event_blocks(here, event, frozenset({"who"})) if isinstance(b, Card) and b.kind == "person"]
    assert {card.id for card in cards} == {part.person for part in here.kb.all(Appearance, event=event.id)}
    for card in cards:
        assert sum(label == here.say("appearance") for label, _ in card.lines) == 1, card.id


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_leads_count_and_name(page, assistant, lang):
    """A list is led by how many there are and what they are called."""
    here = page(lang)
    organisations = assistant.kb.all(Organisation, country="HK")
    events = assistant.kb.all(Event)[:3]
    people = assistant.kb.all(Person)[:4]
    for found, blocks in (
        (organisations, organisations_blocks(here, organisations, scope="", scores={})),
        (events, events_blocks(here, events, scope="", scores={})),
        (people, people_blocks(here, people, event=None, scores={})),
    ):
        assert str(len(found)) in blocks[0].text
        assert [record.key for record in found if here.name(record) not in blocks[0].text] == []
        assert [block.key for block in blocks[1:]] == [record.key for record in found]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_listing(page, lang):
    """A listing says what it does, who provides it, from where, at which stage, and why it fits."""
    here = page(lang)
    listing = here.kb.get("listing/tech-si-lorentz-solar-water-pumps")
    lead, card = listing_blocks(here, [listing], why={listing.key: ["solar"]}, scores={listing.key: 2.5})
    assert here.name(listing) in lead.text
    lines = dict(card.lines)
    assert lines[here.say("what_it_does")] == listing.exactly("summary", lang)
    assert lines[here.say("facts")] == facts(here, listing)
    assert here.place(listing.country) in facts(here, listing)
    assert here.text(listing, "provider") in facts(here, listing)
    assert "solar" in lines[here.say("why")]
    assert card.score == 2.5


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_organisation(page, lang):
    """The lead on an organisation answers what was asked of it: its contact, its site, its place, or what it is."""
    here = page(lang)
    bcaa = here.kb.get("organisation/bcaa")
    leads = {
        aspect: organisation_blocks(here, bcaa, frozenset({aspect} if aspect else ()))[0].text
        for aspect in ("contact", "website", "where", "")
    }
    assert "010-65155838" in leads["contact"]
    assert bcaa.website in leads["website"]
    assert here.place(bcaa.country, bcaa.city) in leads["where"]
    assert here.text(bcaa, "summary") in leads[""]
    assert len(set(leads.values())) == 4


@pytest.mark.parametrize(("lang", "said"), [("en", "Not on record: the cost"), ("zh", "库中未载：费用")])
def test_programme_without_cost(page, assistant, lang, said):
    """What is not on record about a programme is named, not made up."""
    programme = next(one for one in assistant.kb.all(Programme) if not one.cost_en and not one.cost_zh)
    assert said in _texts(programme_blocks(page(lang), programme, frozenset({"cost"})))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_article(page, assistant, lang):
    """An article answers in its first sentence and shows its sources."""
    for article in assistant.kb.all(Article):
        blocks = article_blocks(page(lang), article)
        assert blocks[0].text == article.exactly("answer", lang), article.key
        assert blocks[1].sources, article.key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_silence(page, lang):
    """Nothing found is said in one line, with what can be done instead and without any record thrown in."""
    for blocks in (silence_blocks(page(lang), outside=True), silence_blocks(page(lang), outside=False)):
        assert [block.role for block in blocks] == ["lead", "step"]
        assert not any(isinstance(block, Card) for block in blocks)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("about", ["greeting", "thanks", "goodbye", "capability", "empty"])
def test_talk(page, lang, about):
    """A greeting and its like are answered in kind, with questions to try where that helps."""
    blocks = talk_blocks(page(lang), about)
    assert blocks[0].role == "lead"
    assert (len(blocks) > 1) == (about in ("greeting", "capability", "empty"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_choice(page, lang):
    """A name that may mean several is asked back with the choices numbered."""
    lead, *steps = choice_blocks(page(lang), "Li", ["Li Zhong", "Li Haiyan"])
    assert "Li" in lead.text
    assert [step.text for step in steps] == ["1. Li Zhong", "2. Li Haiyan"]
