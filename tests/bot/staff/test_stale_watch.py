"""The stale watch: what is due for review, unreachable, or in one language only."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bot.staff.links import Checked, LinkChecker
from bot.staff.stale import CAUSES, links, watch
from knowledge.forms import build

TODAY = date(2026, 11, 22)
LISTING = {"kind": "technology", "sector": "water", "name": {"en": "N", "zh": "名"}, "summary": {"en": "S", "zh": "述"}}


def found(kb, days=365):
    return {(each.cause, each.key) for each in watch(kb, TODAY, days)}


def put(kb, table, id_, **fields):
    kb.save([build(table, {"id": id_, "name": {"en": "N", "zh": "名"}, **fields})], origin="import")


def listing(kb, id_, **fields):
    put(kb, "listing", id_, **{**LISTING, "contact": {"en": "a@b.example"}, **fields})


def test_review(kb):
    """A record is due when neither its own date nor any source of it is newer than the days allowed; undated ones are not."""
    put(kb, "source", "old", date="2025-11-21", url="https://o.example")
    put(kb, "source", "new", date="2025-11-22", url="https://n.example")
    put(kb, "source", "undated", url="https://u.example")
    for id_, sources in (("a", ["old"]), ("b", ["old", "new"]), ("c", ["undated"]), ("d", [])):
        listing(kb, id_, sources=sources)
    listing(kb, "e", sources=["old"], listed_date="2026")
    assert found(kb) == {("old_source", "source/old"), ("review", "listing/a")}
    assert ("review", "listing/b") in found(kb, days=10)
    # 2026 may mean its last day, which is not even over.
    assert ("review", "listing/e") not in found(kb, days=10)


def test_contact(kb):
    """A listing without a contact is named, unless its organisation can be reached."""
    put(kb, "organisation", "reachable", contact={"zh": "电话"})
    put(kb, "organisation", "silent")
    listing(kb, "a")
    listing(kb, "b", contact={"en": ""})
    listing(kb, "c", contact={"en": ""}, organisation="reachable")
    listing(kb, "d", contact={"en": ""}, organisation="silent")
    assert found(kb) == {("no_contact", "listing/b"), ("no_contact", "listing/d")}


def test_one_language(kb):
    """A record whose text is in one language only is named with that language."""
    listing(kb, "a", summary={"zh": "述"})
    listing(kb, "b", name={"en": "N"})
    put(kb, "organisation", "o", name={"zh": "名"})
    assert {(each.key, each.detail) for each in watch(kb, TODAY, 365)} == {("listing/a", "zh"), ("organisation/o", "zh")}


def test_links(kb):
    """The links are those that readers see: of a restricted source the public one or none."""
    put(kb, "source", "open", url="https://open.example")
    put(kb, "source", "shut", url="https://inner.example", public_url="https://public.example", restricted=True)
    listing(kb, "a", website="https://open.example", listing_url="https://a.example")
    assert links(kb) == {
        "https://open.example": ["source/open", "listing/a"],
        "https://public.example": ["source/shut"],
        "https://a.example": ["listing/a"],
    }


@pytest.mark.parametrize(("lang", "said"), [("en", "sources are older than 365 days"), ("zh", "个来源早于365天前")])
def test_command(run, desk_home, monkeypatch, lang, said):
    """The command says what is due in the user's language, a few of each and with --all every one; no link is asked for."""
    monkeypatch.setattr(LinkChecker, "check", lambda *_: pytest.fail("a link was asked for"))
    monkeypatch.setenv("GREENASK_STALE_AFTER_DAYS", "365")
    short, full = run("kb", "watch", lang=lang), run("kb", "watch", "--all", lang=lang)
    assert (short.exit_code, full.exit_code) == (0, 0)
    assert said in short.stdout
    assert "--all" in short.stdout
    assert len(full.stdout.splitlines()) > len(short.stdout.splitlines())
    stale = json.loads(run("kb", "watch", "--json", lang=lang).stdout)
    assert {each["cause"] for each in stale["stale"]} <= set(CAUSES)
    assert stale["links"] is None


@pytest.mark.parametrize(("lang", "said"), [("en", "dead (404)"), ("zh", "失效（404）")])
def test_command_links(run, desk_home, monkeypatch, lang, said):
    """With --links each link is asked for, and those that lead nowhere are named with the records that have them."""

    def check(self, url):
        return Checked(url, "dead", "404") if "wipo" in url else Checked(url, "well", "200")

    monkeypatch.setattr(LinkChecker, "check", check)
    shown = run("kb", "watch", "--links", lang=lang).stdout
    assert said.replace("（", " (").replace("）", ")") in shown
    assert "wipo" in shown
    dead = json.loads(run("kb", "watch", "--links", "--json").stdout)["links"]
    assert dead
    assert all(each["records"] and "wipo" in each["url"] for each in dead)
