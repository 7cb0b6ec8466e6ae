"""Posters: a QR code that opens the Telegram bot somewhere, its caption in both languages, as PNG or SVG."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bot import deep_links
from bot.speech import Speech
from knowledge.chats import RememberedReply
from knowledge.records import Event, Organisation
from knowledge.store import KnowledgeBase
from retrieval.language import detect

KINDS = ("event", "org", "question")
FORMS = ("png", "svg")
USERNAME = "telegram_username"
_WIDTH = 1200  # pixels of a PNG
_LINE = 34  # cells of a caption's line
_TALLEST = 3  # lines of a name


@dataclass(frozen=True)
class Poster:
    """What a poster says: the link in its code, and its caption, English and Chinese."""

    link: str
    captions: tuple[tuple[str, str], tuple[str, str]]


def is_username(name: str) -> bool:
    """Whether this can be the name of a bot in Telegram."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", name) is not None


def make(kb: KnowledgeBase, what: str, of: str, bot: str) -> Poster:
    """The poster for an event, an organisation (each by id) or a question in words, which is kept for good."""
    if what == "question":
        payload = deep_links.payload(deep_links.QUESTION, _kept(kb, of))
        names = (of, of)
    else:
        table = Event if what == "event" else Organisation
        record = kb.get(f"{table.KIND}/{of.removeprefix(table.KIND + '/')}")
        payload = deep_links.payload(deep_links.EVENT if what == "event" else deep_links.ORGANISATION, record.id)
        names = (record.name("en"), record.name("zh"))
    said = [Speech(lang, "telegram").say(f"poster_{what}") for lang in ("en", "zh")]
    return Poster(deep_links.url(bot, payload), ((names[0], said[0]), (names[1], said[1])))


def _kept(kb: KnowledgeBase, question: str) -> str:
    lang = detect(question)
    key = deep_links.poster_key(question, lang)
    with kb.session() as session:
        session.merge(RememberedReply(key=key, question=question, lang=lang, kept=True))
        session.commit()
    return key


def draw(poster: Poster, form: str) -> bytes:
    """The poster as a file: the code, and under it what it opens, in English and Chinese."""
    return _svg(poster) if form == "svg" else _png(poster)


def _lines(poster: Poster) -> list[tuple[str, bool]]:
    """The lines of the caption; true for those that are large."""
    (name_en, said_en), (name_zh, said_zh) = poster.captions
    names = [name_zh] if name_en == name_zh else [name_zh, name_en]
    lines = [(line, True) for name in names for line in _wrapped(name)]
    return [*lines, (f"{said_zh} · {said_en}", False), (poster.link, False)]


def _wrapped(text: str) -> list[str]:
    """A name in lines that fit; a Chinese character takes two cells."""
    lines, held, cells = [], "", 0
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", text):
        wide = sum(2 if ord(char) > 0x2E80 else 1 for char in word)
        if held and cells + wide > _LINE:
            lines.append(held.rstrip())
            held, cells = "", 0
        held, cells = held + word, cells + wide
    lines.append(held.rstrip())
    if len(lines) > _TALLEST:
        lines = [*lines[: _TALLEST - 1], lines[_TALLEST - 1] + " …"]
    return lines


def _font(path: Path | None, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)


def _png(poster: Poster) -> bytes:
    import segno
    from PIL import Image, ImageDraw

    from bot.charts import font

    code = io.BytesIO()
    made = segno.make(poster.link, error="q", micro=False)
    made.save(code, kind="png", scale=max(1, _WIDTH // made.symbol_size(border=4)[0]), border=4)
    picture = Image.open(code).convert("RGB")
    path = font()
    lines = _lines(poster)
    large, small = round(picture.width / 20), round(picture.width / 36)
    fonts = {big: _font(path, size) for big, size in ((True, large), (False, small))}
    heights = [round(1.4 * (large if big else small)) for _, big in lines]
    poster_ = Image.new("RGB", (picture.width, picture.height + sum(heights) + large), "white")
    poster_.paste(picture)
    canvas, y = ImageDraw.Draw(poster_), picture.height
    for (text, big), height in zip(lines, heights, strict=True):
        drawn = fonts[big]
        while drawn.getlength(text) > 0.94 * picture.width and drawn.size > 8:
            drawn = drawn.font_variant(size=drawn.size - 1)
        canvas.text((picture.width / 2, y), text, font=drawn, fill="#1b1b1b", anchor="ma")
        y += height
    out = io.BytesIO()
    poster_.save(out, "PNG")
    return out.getvalue()


def _svg(poster: Poster) -> bytes:
    import segno

    made = segno.make(poster.link, error="q", micro=False)
    code = io.BytesIO()
    made.save(code, kind="svg", border=4, xmldecl=False, svgns=True)
    side = 1000
    y, texts = side + 40.0, []
    for text, big in _lines(poster):
        size = 46 if big else 26
        texts.append(
            f'<text x="{side // 2}" y="{y:.0f}" font-size="{size}" text-anchor="middle" fill="#1b1b1b">{escape(text)}</text>'
        )
        y += 1.4 * size
    data = base64.b64encode(code.getvalue()).decode("ascii")
    title = escape(" · ".join(dict.fromkeys(name for name, _ in poster.captions)))
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {y:.0f}" font-family="Noto Sans CJK SC, PingFang SC, '
            'Microsoft YaHei, sans-serif">',
            f"<title>{title}</title>",
            f'<rect width="{side}" height="{y:.0f}" fill="#ffffff"/>',
            f'<image width="{side}" height="{side}" href="data:image/svg+xml;base64,{data}"/>',
            *texts,
            "</svg>\n",
        ]
    ).encode()
