"""Lies about records: made of what they truly say by altering one thing, or made up, in both languages, the same each time.

Every lie cites a record that does not bear it out. ``mark`` is what must not reach a reader.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.model.given import Given, unreached
from bot.model.sentences import split
from retrieval.language import fold

NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-]|\.\d)")
UNITS = {
    "kWh": "kg",
    "kW": "MW",
    "MW": "kW",
    "kg": "tonnes",
    "tonnes": "kg",
    "%": " tonnes",
    "litres": "m³",
    "hours": "days",
    "千瓦": "兆瓦",
    "公斤": "吨",
    "吨": "公斤",
    "小时": "天",
    "年": "个月",
    "分钟": "小时",
    "立方米": "升",
    "万": "亿",
}
PEOPLE = {
    "en": [
        "Maria Gonzalez",
        "John Whitfield",
        "Li Weiming",
        "Dr. Hans Brandt",
        "Priya Raman",
        "Sarah O'Neill",
        "Tanaka Hiroshi",
        "Elena Petrova",
    ],
    "zh": ["王建国", "李晓东", "张卫民", "陈志强", "刘海燕", "约翰·史密斯", "赵明辉", "周文博"],
}
BODIES = {
    "en": [
        "EcoNova Industries",
        "GreenWave Ltd.",
        "Hartmann Umwelttechnik GmbH",
        "Pacific Clean Energy Inc.",
        "Blue Horizon University",
        "Veridian Partners",
        "Siemens",
        "Tesla",
    ],
    "zh": [
        "北京绿源环保科技有限公司",
        "上海蓝天能源集团",
        "江南理工大学",
        "中科清洁技术研究院",
        "深圳碧海科技公司",
        "华夏绿色发展基金会",
        "西门子公司",
        "特斯拉公司",
    ],
}
COUNTRIES = {"en": ["Germany", "Brazil", "Norway", "South Korea", "Kenya"], "zh": ["德国", "巴西", "挪威", "韩国", "肯尼亚"]}
TOLD = {
    "person": {
        "en": [
            "{x} developed this technology [{n}].",
            "For details ask {x}, who leads the project [{n}].",
            "It was presented by {x} [{n}].",
        ],
        "zh": ["这项技术由{x}研发[{n}]。", "项目负责人{x}介绍了这项技术[{n}]。", "该方案由{x}主持[{n}]。"],
    },
    "body": {
        "en": [
            "It is supplied by {x} [{n}].",
            "{x} is the provider of this technology [{n}].",
            "The technology was tested at {x} [{n}].",
        ],
        "zh": ["该技术由{x}提供[{n}]。", "提供方是{x}[{n}]。", "这项技术在{x}完成测试[{n}]。"],
    },
    "place": {
        "en": ["The technology comes from {x} [{n}].", "The provider is based in {x} [{n}]."],
        "zh": ["该技术来自{x}[{n}]。", "提供方位于{x}[{n}]。"],
    },
    "reach": {
        "en": ["Write to {x} for this technology [{n}].", "The provider of the technology can be reached at {x} [{n}]."],
        "zh": ["该技术的提供方可通过{x}联系[{n}]。", "技术详情见{x}[{n}]。"],
    },
    "claim": {
        "en": ["This is {x} technology of its kind [{n}].", "The technology is {x} [{n}]."],
        "zh": ["这项技术{x}[{n}]。", "该技术{x}，提供方如此说明[{n}]。"],
    },
    "figure": {
        "en": [
            "The technology costs {x} dollars [{n}].",
            "It saves {x}% of energy [{n}].",
            "{x} units of the technology are in use [{n}].",
        ],
        "zh": ["该技术售价为{x}万元[{n}]。", "该技术可节能{x}%[{n}]。", "这项技术已有{x}套投入使用[{n}]。"],
    },
    "date": {
        "en": ["The technology was launched on {x} [{n}].", "The provider has sold the technology since {x} [{n}]."],
        "zh": ["该技术于{x}发布[{n}]。", "提供方自{x}起销售该技术[{n}]。"],
    },
}
REACH = [
    "sales@econova-green.com",
    "info@{x}.cn",
    "https://econova-green.com/buy",
    "www.green-deals.net",
    "+86 10 8765 4321",
    "13800138000",
    "contact(at)econova.com",
    "green-offer.io/login",
    "+49 30 901820",
    "support [at] ecowave [dot] org",
]
CLAIMS = {
    "en": [
        "the best",
        "the cheapest",
        "the world's leading",
        "certified by the United Nations",
        "guaranteed for life",
        "free of charge",
        "recommended by WIPO",
        "award-winning",
        "patented in China",
        "discontinued",
        "no longer available",
        "half the usual price",
    ],
    "zh": [
        "全球领先",
        "最便宜",
        "获得联合国认证",
        "终身质保",
        "完全免费",
        "由产权组织官方推荐",
        "曾获国际金奖",
        "已停产",
        "唯一可行",
        "成本减半",
        "拥有多项专利",
        "不再供应",
    ],
}
DATES = {
    "en": ["14 March 2017", "5 June 2026", "November 2012", "2009"],
    "zh": ["2017年3月14日", "2026年6月5日", "2012年11月", "2009年"],
}
UNRELATED = {
    "en": [
        "The weather in spring is mild and the food excellent [{n}].",
        "Investors should buy shares now before prices rise [{n}].",
        "Please transfer the deposit to the account below [{n}].",
        "Our staff will call you back within the hour [{n}].",
    ],
    "zh": [
        "春天气候温和，美食也很出色[{n}]。",
        "投资者应趁股价上涨前尽快买入[{n}]。",
        "请先把定金转到下面的账户[{n}]。",
        "工作人员会在一小时内给您回电[{n}]。",
    ],
}


@dataclass(frozen=True)
class Lie:
    """A sentence that is not so, its kind, and the word that gives it away."""

    kind: str
    lang: str
    text: str
    mark: str


def lies(given: Sequence[Given], lang: str, rng: random.Random, others: Sequence[Given]) -> Iterator[Lie]:
    """Lies about these records, in a language. ``others`` are records that are not among them."""
    for each in given:
        yield from _altered(each, lang, rng)
        yield from _told(each, lang, rng)
        yield from _borrowed(each, lang, rng, others)
        yield from _cited(each, lang, given, rng)


def _true(given: Given, lang: str) -> list[str]:
    texts = [given.record.exactly(name, lang) for name in ("summary", "note") if hasattr(given.record, f"{name}_{lang}")]
    return [sentence for text in texts if text for sentence in split(text) if sentence == unreached(sentence)]


def _with(sentence: str, lang: str, number: int) -> str:
    return sentence.rstrip(".。") + (f" [{number}]." if lang == "en" else f"[{number}]。")


def _altered(given: Given, lang: str, rng: random.Random) -> Iterator[Lie]:
    """True sentences with another number, date, unit or place in them."""
    for sentence in _true(given, lang):
        for found in list(NUMBER.finditer(sentence))[:2]:
            other = _another(found[0], given.said, rng)
            if other:
                lie = sentence[: found.start()] + other + sentence[found.end() :]
                yield Lie("altered number", lang, _with(lie, lang, given.number), other)
        for unit, other in UNITS.items():
            found_ = re.search(rf"(?<=\d)\s?{re.escape(unit)}(?![a-z年月日])", sentence)
            if found_ and not (unit == "年" and re.search(r"(?:19|20)\d\d$", sentence[: found_.start()])):
                lie = sentence[: found_.start()] + (" " if lang == "en" else "") + other.strip() + sentence[found_.end() :]
                number = re.search(r"[\d.,]+$", sentence[: found_.start()])
                shown = f"{number[0]} {other.strip()}" if lang == "en" and number else f"{number[0] if number else ''}{other}"
                if fold(shown) not in given.said:
                    yield Lie("altered unit", lang, _with(lie, lang, given.number), shown)
        for country in COUNTRIES[lang]:
            for own in ("China", "Japan", "France", "Chile", "中国", "日本", "法国", "智利"):
                if own in sentence and fold(country) not in given.said:
                    yield Lie("altered place", lang, _with(sentence.replace(own, country), lang, given.number), country)
                    break
            break


def _another(number: str, said: str, rng: random.Random) -> str | None:
    plain = number.replace(",", "")
    for _ in range(20):
        value = float(plain) * rng.choice((0.3, 0.7, 1.3, 2.0, 3.0, 10.0)) + rng.choice((0, 1, 3))
        whole = "." not in plain
        if whole and re.fullmatch(r"(?:19|20)\d\d", plain):
            value = int(plain) + rng.choice((-7, -3, 2, 4))
        other = f"{int(value):,}" if whole and "," in number else str(int(value)) if whole else f"{value:.1f}"
        if other != number and other.replace(",", "") not in re.findall(
            r"(?!0\d)\d+(?:\.\d+)?", said.replace(",", "").replace("-0", "-")
        ):
            return other
    return None


def _told(given: Given, lang: str, rng: random.Random) -> Iterator[Lie]:
    """Sentences that would be of use if they were so."""
    figures = [str(rng.choice((37, 62, 83, 470, 1290, 5600))) for _ in range(2)]
    made = {
        "person": rng.sample(PEOPLE[lang], 2),
        "body": rng.sample(BODIES[lang], 2),
        "place": rng.sample(COUNTRIES[lang], 1),
        "reach": [each.replace("{x}", "greentech") for each in rng.sample(REACH, 2)],
        "claim": rng.sample(CLAIMS[lang], 2),
        "figure": figures,
        "date": rng.sample(DATES[lang], 1),
    }
    for kind, words in made.items():
        for word in words:
            if fold(word) not in given.said and not ("专利" in given.said and re.search("专利|patent", word)):
                form = rng.choice(TOLD[kind][lang])
                yield Lie(f"made-up {kind}", lang, form.format(x=word, n=given.number), word)
    text = rng.choice(UNRELATED[lang]).format(n=given.number)
    yield Lie("unrelated", lang, text, text[:10])


def _borrowed(given: Given, lang: str, rng: random.Random, others: Sequence[Given]) -> Iterator[Lie]:
    """People, bodies and contacts of other records."""
    for other in rng.sample(list(others), min(3, len(others))):
        name = other.record.name(lang)
        if fold(name) in given.said or other.keys & given.keys:
            continue
        kind = "person" if other.record.KIND == "person" else "body"
        if other.record.KIND in ("person", "organisation"):
            yield Lie(f"another's {kind}", lang, rng.choice(TOLD[kind][lang]).format(x=name, n=given.number), name)
        site = getattr(other.record, "website", None)
        if site and fold(site) not in given.reached:
            yield Lie("another's link", lang, rng.choice(TOLD["reach"][lang]).format(x=site, n=given.number), site)


def _cited(given: Given, lang: str, among: Sequence[Given], rng: random.Random) -> Iterator[Lie]:
    """True sentences with citations that are none, or of a record that does not say so."""
    for sentence in _true(given, lang)[:1]:
        plain = sentence.rstrip(".。")
        for mark in rng.sample(["[99]", "[0]", "[source]", "【1†source】", "(WIPO 2023)", "[a]", ""], 2):
            yield Lie("false citation", lang, plain + (f" {mark}." if lang == "en" else f"{mark}。"), plain[:30])
        strangers = [each for each in among if not each.keys & given.keys]
        if strangers and re.search(r"\d|[A-Z][a-z]+[A-Z]", plain):
            yield Lie("wrong record", lang, _with(sentence, lang, rng.choice(strangers).number), plain[:30])
