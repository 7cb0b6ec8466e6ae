"""Deep links and the posters that lead to them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from bot import bootstrap, deep_links, posters
from bot.assistant import Assistant
from bot.settings import Settings
from knowledge.chats import RememberedReply
from knowledge.records import Event, Organisation
from tests.bot.conftest import Run

FITS = re.compile(r"[A-Za-z0-9_-]{1,64}")


def test_every_record_has_a_link(assistant: Assistant):
    """The payload of every event and organisation fits into a link and leads back to it."""
    for table, kind in ((Event, deep_links.EVENT), (Organisation, deep_links.ORGANISATION)):
        for record in assistant.kb.all(table):
            payload = deep_links.payload(kind, record.id)
            assert FITS.fullmatch(payload)
            assert deep_links.opened(payload, assistant.kb) == deep_links.Opened(kind, record.id)


@pytest.mark.parametrize("id_", ["x" * 80, "活动-2026", "a.b", "a b"])
def test_awkward_ids(tmp_path: Path, id_: str):
    """An id that no link can hold gets a short one, which leads to it, too."""
    kb = bootstrap.open_kb(Settings(data_dir=tmp_path))
    kb.save([Event(id=id_, name_en="An event")], origin="import")
    payload = deep_links.payload(deep_links.EVENT, id_)
    assert FITS.fullmatch(payload)
    assert deep_links.opened(payload, kb) == deep_links.Opened(deep_links.EVENT, id_)
    kb.close()


@pytest.mark.parametrize("payload", ["", "ev_", "ev_nothing", "x_1", "ev_../../etc", "q_" + "a" * 70, "org_x-0000", "ev_<b>"])
def test_no_link(assistant: Assistant, payload: str):
    """Whatever else a payload says leads nowhere."""
    assert deep_links.opened(payload, assistant.kb) is None


@pytest.mark.parametrize("form", ["png", "svg"])
@pytest.mark.parametrize(("what", "of"), [("event", "ev-ciftis-ip-2024"), ("org", "bcaa"), ("question", "哪些技术能治理VOC？")])
def test_poster(run: Run, own_home: Path, tmp_path: Path, what: str, of: str, form: str):
    """``greenask qr`` writes a code with a caption, and prints the link it holds."""
    out = tmp_path / f"poster.{form}"
    result = run("qr", what, of, str(out), "--bot", "@greenask_bot")
    assert result.exit_code == 0, result.output
    link = re.search(r"https://t\.me/greenask_bot\?start=(\S+)", result.output)
    assert link
    assert FITS.fullmatch(link[1])
    if form == "png":
        picture = Image.open(io.BytesIO(out.read_bytes()))
        assert picture.height > picture.width > 900
    else:
        texts = [text.text or "" for text in ElementTree.parse(out).getroot().iter("{http://www.w3.org/2000/svg}text")]
        assert link[0] in texts
        assert any("扫码" in text and "Ask" in text for text in texts)


def test_both_names():
    """The caption has the name in both languages."""
    poster = posters.Poster("https://t.me/b?start=ev_x", (("A & B forum", "Ask"), ("绿色论坛", "扫码")))
    svg = posters.draw(poster, "svg").decode()
    assert "A &amp; B forum" in svg
    assert "绿色论坛" in svg
    assert posters.draw(poster, "png").startswith(b"\x89PNG")


def test_question_is_kept(own_home: Path, run: Run, tmp_path: Path):
    """A question on a poster is kept for good, under the same key each time."""
    for _ in range(2):
        run("qr", "question", "Who treats VOC?", str(tmp_path / "q.svg"), "--bot", "greenask_bot")
    kb = bootstrap.open_kb(Settings(data_dir=own_home))
    with kb.session() as session:
        found = session.get(RememberedReply, deep_links.poster_key("Who treats VOC?", "en"))
    assert found is not None
    assert found.kept
    kb.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stand", "x", "a.png"], "stand"),
        (["event", "ev-ciftis-ip-2024", "a.gif"], ".png"),
        (["event", "no-such-event", "a.png", "--bot", "greenask_bot"], "no-such-event"),
        (["event", "ev-ciftis-ip-2024", "a.png"], "--bot"),
        (["event", "ev-ciftis-ip-2024", "a.png", "--bot", "no bot"], "--bot"),
    ],
)
def test_wrong(run: Run, own_home: Path, arguments: list[str], said: str):
    """What cannot be made is said with what would do."""
    result = run("qr", *arguments)
    assert result.exit_code == 2
    assert said in result.output
