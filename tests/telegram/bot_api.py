"""A small Bot API over HTTP for tests: as strict as Telegram about formatting, lengths and buttons, and moody when told to be."""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
import itertools
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TOKEN = "4242424242:AAH-the-token-that-nobody-may-see-anywhere"
BOT = {"id": 4242424242, "is_bot": True, "first_name": "GreenAsk", "username": "greenask_test_bot", "can_join_groups": True}
NAME = BOT["username"]
TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"}


# Telegram never gives a number twice, and the bot remembers those it has seen.
_NUMBERS = itertools.count(100_000)


class Refused(Exception):
    """What Telegram would not take."""

    def __init__(self, description: str, status: int = 400, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


class Markup(HTMLParser):
    """HTML as Telegram reads it: few tags, all closed in their order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            raise Refused(f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise Refused(f'Bad Request: can\'t parse entities: Unmatched end tag "{tag}"')

    def handle_data(self, data):
        self.text += data

    @classmethod
    def read(cls, html: str) -> Markup:
        if re.search(r"<(?![/a-zA-Z])|&(?!(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);)", html):
            raise Refused("Bad Request: can't parse entities: unescaped sign")
        found = cls()
        found.feed(html)
        found.close()
        if found.open:
            raise Refused("Bad Request: can't parse entities: Can't find end tag")
        return found


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Sent:
    """A message of the bot, as it is now."""

    id: int
    chat: int
    method: str
    text: str
    html: str
    buttons: list[list[dict[str, Any]]]
    data: dict[str, Any]
    at: float
    edits: int = 0
    links: list[str] = field(default_factory=list)
    file: bytes = b""

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]

    def button(self, label: str) -> dict[str, Any]:
        return next(button for row in self.buttons for button in row if label in button["text"])

    @property
    def reply_to(self) -> int | None:
        parameters = self.data.get("reply_parameters")
        return parameters["message_id"] if parameters else None


@dataclass(frozen=True)
class Draft:
    """A message as it is being written."""

    chat: int
    number: int
    text: str
    at: float


class BotApi:
    """The server. Tests put updates in with :meth:`put`, and read what the bot sent from ``sent``."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.drafts: list[Draft] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: list[str] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.webhook: dict[str, Any] | None = None
        self.moods: dict[str, list[Callable[[dict[str, Any]], None]]] = defaultdict(list)
        self.delay: dict[str, float] = {}
        self._updates: list[dict[str, Any]] = []
        self.waiting = 0  # updates that the bot has not confirmed
        self._messages = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._news: asyncio.Event
        self._ready = threading.Event()
        self._server: uvicorn.Server
        self.polls = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._news = asyncio.Event()
        app = Starlette(routes=[Route("/bot{token}/{method}", self._receive, methods=["POST", "GET"])])
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")

        self._server = uvicorn.Server(config)
        self._loop.create_task(self._open())
        self._loop.run_until_complete(self._server.serve())
        self._loop.close()

    async def _open(self) -> None:
        while not self._server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.005)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self._ready.set()

    def close(self) -> None:
        self._server.should_exit = True
        self._loop.call_soon_threadsafe(self._news.set)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Updates

    def put(self, update: dict[str, Any], *, id_: int | None = None) -> int:
        """Hand an update to the bot, by webhook if it has set one; returns its number."""
        number = next(_NUMBERS) if id_ is None else id_
        update = {"update_id": number, **update}
        if self.webhook:
            headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
            httpx.post(self.webhook["url"], json=update, headers=headers, trust_env=False).raise_for_status()
            return number
        self.waiting += 1
        self._loop.call_soon_threadsafe(self._add, update)
        return number

    def _add(self, update: dict[str, Any]) -> None:
        self._updates.append(update)
        self._news.set()

    def next_message(self) -> int:
        return next(self._messages)

    def fail(self, method: str, status: int, times: int = 1, *, after: bool = False, **parameters: Any) -> None:
        """The next calls of a method fail so."""

        def mood(_: dict[str, Any]) -> None:
            raise Refused(f"status {status}", status, **parameters)

        self.moods[method] += [mood] * times

    # The API

    async def _receive(self, request: Request) -> JSONResponse:
        method = request.path_params["method"]
        if request.path_params["token"] != TOKEN:
            return JSONResponse({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        data = await _form(request)
        self.calls.append((method, data))
        try:
            if self.delay.get(method):
                await asyncio.sleep(self.delay[method])
            if self.moods[method]:
                self.moods[method].pop(0)(data)
            do = getattr(self, "_" + re.sub("[A-Z]", lambda found: "_" + found[0].lower(), method), None)
            result = (await do(data) if asyncio.iscoroutinefunction(do) else do(data)) if do else True
        except Refused as refused:
            if refused.status == 400:
                self.faults.append(f"{method}: {refused.description}")
            said = {"ok": False, "error_code": refused.status, "description": refused.description}
            return JSONResponse({**said, **({"parameters": refused.parameters} if refused.parameters else {})}, refused.status)
        return JSONResponse({"ok": True, "result": result})

    def _get_me(self, _: dict[str, Any]) -> dict[str, Any]:
        return BOT

    async def _get_updates(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        self.polls += 1
        offset = data.get("offset", 0)
        left = [update for update in self._updates if update["update_id"] >= offset]
        self.waiting -= len(self._updates) - len(left)
        self._updates = left
        if not self._updates and data.get("timeout"):
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(data["timeout"], 1))
            except TimeoutError:
                return []
        return self._updates[:100]

    def _set_webhook(self, data: dict[str, Any]) -> bool:
        self.webhook = data if data.get("url") else None
        return True

    def _delete_webhook(self, _: dict[str, Any]) -> bool:
        self.webhook = None
        return True

    def _send_message(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._keep("sendMessage", data, data.get("text", ""), 4096)

    def _send_message_draft(self, data: dict[str, Any]) -> bool:
        if int(data["chat_id"]) < 0 or not int(data["draft_id"]):
            raise Refused("Bad Request: TEXTDRAFT_PEER_INVALID")
        text, _ = _checked(data, data.get("text", ""), 4096)
        self.drafts.append(Draft(int(data["chat_id"]), int(data["draft_id"]), text, time.monotonic()))
        return True

    def _send_photo(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._keep("sendPhoto", data, data.get("caption", ""), 1024, file=data["photo"])

    def _send_document(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._keep("sendDocument", data, data.get("caption", ""), 1024, file=data["document"])

    def _keep(self, method: str, data: dict[str, Any], html: str, limit: int, file: Any = b"") -> dict[str, Any]:
        text, links = _checked(data, html, limit, empty=method != "sendMessage")
        buttons = _buttons(data)
        sent = Sent(self.next_message(), int(data["chat_id"]), method, text, html, buttons, data, time.monotonic(), links=links)
        sent.file = file if isinstance(file, bytes) else b""
        self.sent.append(sent)
        return self.message_of(sent)

    def _edit_message_text(self, data: dict[str, Any]) -> dict[str, Any]:
        found = next((one for one in self.sent if one.id == int(data["message_id"]) and one.chat == int(data["chat_id"])), None)
        if found is None:
            raise Refused("Bad Request: message to edit not found")
        text, links = _checked(data, data["text"], 4096)
        if (text, _buttons(data)) == (found.text, found.buttons):
            raise Refused("Bad Request: message is not modified: specified new message content is the same")
        found.text, found.html, found.links, found.buttons = text, data["text"], links, _buttons(data)
        found.edits += 1
        return self.message_of(found)

    def _delete_message(self, data: dict[str, Any]) -> bool:
        found = [one for one in self.sent if one.id == int(data["message_id"]) and one.chat == int(data["chat_id"])]
        if not found:
            raise Refused("Bad Request: message to delete not found")
        self.sent.remove(found[0])
        return True

    def _answer_callback_query(self, data: dict[str, Any]) -> bool:
        if units(data.get("text", "")) > 200:
            raise Refused("Bad Request: MESSAGE_TOO_LONG")
        self.answers[data["callback_query_id"]] = data
        return True

    def _answer_inline_query(self, data: dict[str, Any]) -> bool:
        results = data["results"]
        if len(results) > 50 or len({one["id"] for one in results}) != len(results):
            raise Refused("Bad Request: RESULT_ID_DUPLICATE")
        for one in results:
            if not 1 <= len(one["id"].encode()) <= 64:
                raise Refused("Bad Request: RESULT_ID_INVALID")
            content = one["input_message_content"]
            _checked(content, content["message_text"], 4096)
        if len(data.get("next_offset", "").encode()) > 64:
            raise Refused("Bad Request: NEXT_OFFSET_INVALID")
        self.answers[data["inline_query_id"]] = data
        return True

    def _set_my_commands(self, data: dict[str, Any]) -> bool:
        for command in data["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise Refused("Bad Request: BOT_COMMAND_INVALID")
        return True

    def _set_my_description(self, data: dict[str, Any]) -> bool:
        if len(data.get("description", "")) > 512:
            raise Refused("Bad Request: description is too long")
        return True

    def _set_my_short_description(self, data: dict[str, Any]) -> bool:
        if len(data.get("short_description", "")) > 120:
            raise Refused("Bad Request: short description is too long")
        return True

    def message_of(self, sent: Sent) -> dict[str, Any]:
        """A message of the bot as updates have it."""
        chat = {"id": sent.chat, "type": "private" if sent.chat > 0 else "supergroup"}
        if sent.chat < 0:
            chat["title"] = "Group"
        said = {"message_id": sent.id, "date": 1_790_000_000, "chat": chat, "from": BOT}
        said["caption" if sent.method != "sendMessage" else "text"] = sent.text or " "
        if sent.buttons:
            said["reply_markup"] = {"inline_keyboard": sent.buttons}
        return said


def _checked(data: dict[str, Any], html: str, limit: int, *, empty: bool = False) -> tuple[str, list[str]]:
    markup = Markup.read(html) if data.get("parse_mode") == "HTML" else None
    text = markup.text if markup else html
    if units(text) > limit:
        raise Refused("Bad Request: message is too long")
    if not text.strip() and not empty:
        raise Refused("Bad Request: message text is empty")
    return text, markup.links if markup else []


def _buttons(data: dict[str, Any]) -> list[list[dict[str, Any]]]:
    rows = data.get("reply_markup", {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button["text"] or ("callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64):
            raise Refused("Bad Request: BUTTON_DATA_INVALID")
    return rows


async def _form(request: Request) -> dict[str, Any]:
    """The parameters of a call, JSON among them read."""
    body = await request.body()
    kind = request.headers.get("content-type", "")
    fields: list[tuple[str, Any]] = []
    if kind.startswith("multipart/"):
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        for part in parser.parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            filed = part.get_filename() is not None
            content = part.get_payload(decode=True)
            fields.append((str(name), content if filed else content.decode()))
    else:
        fields = list(parse_qsl(body.decode(), keep_blank_values=True))
    data = {name: _value(name, value) for name, value in fields}
    for name, value in data.items():
        if isinstance(value, str) and value.startswith("attach://"):
            data[name] = data[value.removeprefix("attach://")]
    return data


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bytes) or name in (
        "text",
        "caption",
        "description",
        "short_description",
        "callback_query_id",
        "next_offset",
        "inline_query_id",
    ):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
