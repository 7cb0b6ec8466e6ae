"""The webhook: a secret that is checked, a path that nobody guesses, health, and several replicas."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bot.assistant import Assistant
from bot.settings import Settings
from bot.telegram import webhook
from tests.telegram.bot_api import TOKEN, BotApi
from tests.telegram.people import Person, Running, running
from tests.telegram.test_emulator import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@pytest.fixture(scope="module")
def hooked(settings: Settings, own: Assistant) -> Iterator[Running]:
    """A bot that updates are posted to."""
    api = BotApi()
    with running(listening(settings, free_port()), own, api) as bot:
        yield bot
    api.close()


def listening(settings: Settings, port: int) -> Settings:
    """Settings for a webhook on a port of this machine."""
    return settings.model_copy(
        update={"telegram_webhook_url": f"http://127.0.0.1:{port}/", "telegram_listen": f"127.0.0.1:{port}"}
    )


@pytest.fixture
def web(hooked: Running) -> Iterator[httpx.Client]:
    """Someone who knows the address."""
    with httpx.Client(base_url=hooked.settings.telegram_webhook_url or "", trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("lang", "question", "answer"),
    [("en", "Which partners are in Hong Kong?", "IP Nexus"), ("zh", "香港有哪些合作伙伴？", "香港")],
)
def test_answers(hooked: Running, lang: str, question: str, answer: str):
    """An update that Telegram posts is answered."""
    (reply,) = Person(hooked, lang).says(question)
    assert answer in reply.text
    assert hooked.api.polls == 0


def test_set(hooked: Running):
    """The webhook is set with a secret and the kinds of updates that are wanted."""
    hook = hooked.api.webhook or {}
    assert hook["url"].endswith(webhook.path(TOKEN))
    assert hook["secret_token"] == webhook.secret(TOKEN)
    assert "edited_message" in hook["allowed_updates"]
    assert "chat_join_request" not in hook["allowed_updates"]


@pytest.mark.parametrize("secret", ["", "wrong", webhook.secret("1234:another-token-altogether")])
def test_secret(hooked: Running, web: httpx.Client, secret: str):
    """What comes without the secret is refused and not answered."""
    update = {"update_id": 1, "message": Person(hooked).message(text="/help")}
    before = len(hooked.api.sent)
    answer = web.post(webhook.path(TOKEN), json=update, headers={"X-Telegram-Bot-Api-Secret-Token": secret})
    assert answer.status_code == 403
    hooked.settled()
    assert len(hooked.api.sent) == before


def test_path(web: httpx.Client):
    """There is nothing anywhere else, and neither path nor secret holds the token."""
    assert web.post("/", json={}).status_code == 404
    assert web.post("/telegram", json={}).status_code == 404
    assert web.get(webhook.path(TOKEN)).status_code == 405
    assert len(webhook.path(TOKEN)) > 60
    assert not any(part in webhook.path(TOKEN) + webhook.secret(TOKEN) for part in TOKEN.split(":"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b"1" * (webhook.LARGEST + 1)])
def test_nonsense(hooked: Running, web: httpx.Client, body: bytes):
    """What is no update is refused, and the bot goes on."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret(TOKEN)}
    assert web.post(webhook.path(TOKEN), content=body, headers=headers).status_code in (400, 413)
    assert Person(hooked).says("/help")


def test_health(web: httpx.Client):
    """The health endpoint says that the bot runs, and nothing about it."""
    answer = web.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@contextmanager
def nginx(folder: Path, port: int, behind: int) -> Iterator[None]:
    """A real nginx, set up as docs/telegram.md says."""
    places = [f"location {place} {{ proxy_pass http://127.0.0.1:{behind}; }}" for place in ("/telegram/", "/health")]
    server = f"server {{ listen 127.0.0.1:{port}; {' '.join(places)} }}"
    kept = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    web = f"http {{ access_log {folder}/access.log; {kept} {server} }}"
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} {web}")
    process = subprocess.Popen([NGINX or "", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        until = time.monotonic() + 20
        while not _answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < until, "nginx does not answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return bool(httpx.get(url, trust_env=False).status_code)
    except httpx.TransportError:
        return False


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize(("lang", "question"), [("en", "Which partners are in Hong Kong?"), ("zh", "香港有哪些合作伙伴？")])
def test_behind_a_proxy(settings: Settings, own: Assistant, api: BotApi, tmp_path: Path, lang: str, question: str):
    """Behind a web server that passes on what is meant for the bot, updates are answered, and nothing else is reached."""
    port, behind = free_port(), free_port()
    proxied = settings.model_copy(
        update={"telegram_webhook_url": f"http://127.0.0.1:{port}/", "telegram_listen": f"127.0.0.1:{behind}"}
    )
    with nginx(tmp_path, port, behind), running(proxied, own, api) as bot:
        (reply,) = Person(bot, lang).says(question)
        assert "IP Nexus" in reply.text
        assert httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).json() == {"ok": True}
        refused = httpx.post(f"http://127.0.0.1:{port}{webhook.path(TOKEN)}", json={"update_id": 1}, trust_env=False)
        assert refused.status_code == 403
    assert "/telegram/" in (tmp_path / "access.log").read_text()


def test_replicas(settings: Settings, own: Assistant, api: BotApi):
    """Of several replicas on one database, one answers an update that reaches them all."""
    with (
        running(listening(settings, free_port()), own, api) as one,
        running(listening(settings, free_port()), own, api) as other,
    ):
        update = {"update_id": 900_001, "message": Person(one).message(text="/help")}
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret(TOKEN)}
        for bot in (one, other):
            url = (bot.settings.telegram_webhook_url or "").rstrip("/") + webhook.path(TOKEN)
            httpx.post(url, json=update, headers=headers, trust_env=False).raise_for_status()
        one.settled()
        other.settled()
    assert len(api.sent) == 1
