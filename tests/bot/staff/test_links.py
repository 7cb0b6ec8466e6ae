"""Links are asked for without letting anybody reach a private address through us."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.staff import links
from bot.staff.links import DEAD, REFUSED, UNSURE, WELL, Checked, LinkChecker, public


class Site(BaseHTTPRequestHandler):
    """A site with pages that are there, gone, moved, slow and endless. It notes what it was asked."""

    asked: list[tuple[str, str]]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        self.server.asked.append((self.command, self.path))
        at = f"http://site.example:{self.server.server_port}"
        moves = {
            "/moved": "/well",
            "/loop": "/loop",
            "/to-loopback": "http://127.0.0.1:1/x",
            "/to-metadata": "http://169.254.169.254/latest",
            "/to-file": "file:///etc/passwd",
            "/to-name": f"http://inside.example:{self.server.server_port}/well",
            "/absolute": f"{at}/well",
        }
        if self.path in moves:
            self.send_response(302)
            self.send_header("Location", moves[self.path])
        elif self.path == "/no-head":
            self.send_response(501 if self.command == "HEAD" else 200)
        elif self.path == "/drip":
            # A header a little at a time, for ever.
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            try:
                for _ in range(200):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass
            return
        elif self.path == "/huge":
            self.send_response(200 if self.command == "GET" else 404)
            self.send_header("Content-Length", "1000000000")
        else:
            self.send_response({"/gone": 404, "/robots": 403, "/broken": 500}.get(self.path, 200))
        self.end_headers()

    do_HEAD = do_GET = answer  # noqa: N815


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def checker(site) -> LinkChecker:
    """A checker that, for this test only, may ask the site in this process, under the name site.example."""

    def resolver(host: str, port: int) -> list[str]:
        return {"site.example": ["127.0.0.1"], "inside.example": ["127.0.0.1"]}.get(host) or [host.strip("[]")]

    def allowed(address: object, port: int) -> bool:
        return port == site.server_port and str(address) == "127.0.0.1" and not allowed.shut

    allowed.shut = False
    made = LinkChecker(allowed=allowed, resolver=resolver, seconds=5, deadline=1)
    made.gate = allowed
    return made


@pytest.mark.parametrize(
    ("path", "verdict", "reason"),
    [
        ("/well", WELL, "200"),
        ("/moved", WELL, "200"),
        ("/absolute", WELL, "200"),
        ("/no-head", WELL, "200"),
        ("/gone", DEAD, "404"),
        ("/robots", UNSURE, "403"),
        ("/broken", UNSURE, "500"),
        ("/huge", WELL, "200"),
        ("/loop", REFUSED, "redirects"),
        ("/to-loopback", REFUSED, "address"),
        ("/to-metadata", REFUSED, "address"),
        ("/to-file", REFUSED, "scheme"),
        ("/中文 path?a=中&b=%20", WELL, "200"),
    ],
)
def test_verdicts(site, checker, path, verdict, reason):
    """What is there is well, what is gone is dead, what a robot cannot tell is unsure; redirects keep to the same rules."""
    url = f"http://site.example:{site.server_port}{path}"
    assert checker.check(url) == Checked(url, verdict, reason)


def test_order_and_limits(site, checker):
    """Many links are answered in their order; of a page only the head is asked when that will do."""
    urls = [f"http://site.example:{site.server_port}{path}" for path in ("/well", "/gone", "/a", "/b")]
    assert [each.url for each in checker.check_all(urls)] == urls
    assert ("HEAD", "/well") in site.asked
    assert ("GET", "/well") not in site.asked
    assert ("GET", "/gone") in site.asked


def test_slow(site, checker):
    """An answer that drips in for ever is cut off."""
    start = time.monotonic()
    assert checker.check(f"http://site.example:{site.server_port}/drip").reason == "timeout"
    assert time.monotonic() - start < 8


NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    """No loopback, private, link-local, metadata, multicast, reserved or wrapped address is public."""
    assert not public(ipaddress.ip_address(address), 80)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public(address):
    """Addresses of the internet are public, on the ports of the web and on no other."""
    assert public(ipaddress.ip_address(address), 80)
    assert public(ipaddress.ip_address(address), 443)
    assert not public(ipaddress.ip_address(address), 22)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://example.com/", "scheme"),
        ("gopher://example.com/", "scheme"),
        ("javascript:1", "scheme"),
        ("http://127.0.0.1/", "address"),
        ("http://127.0.0.1:6379/", "address"),
        ("http://169.254.169.254/latest/meta-data", "address"),
        ("http://[::1]/", "address"),
        ("http://[::ffff:127.0.0.1]/", "address"),
        ("http://10.0.0.1/", "address"),
        ("http://0x7f000001/", "address"),
        ("http://2130706433/", "address"),
        ("http://localhost/", "address"),
        ("http://me:secret@8.8.8.8/", "credentials"),
        ("http:///nohost", "no_link"),
        ("http://[::1", "no_link"),
        ("http://8.8.8.8:99999/", "no_link"),
        ("http://8.8.8.8:22/", "address"),
    ],
)
def test_refused(monkeypatch, url, reason):
    """As users run it, nothing but a public web server is asked: no connection is even tried."""

    def connect(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", connect)
    found = LinkChecker().check(url)
    assert (found.verdict, found.reason) == (REFUSED, reason)


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["fe80::1%eth0"], []])
def test_names_that_lead_inside(monkeypatch, addresses):
    """A name with any address that is not public is refused, whatever its others are."""
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was tried"))
    assert LinkChecker(resolver=lambda *_: addresses).check("http://trap.example/").reason == "address"


def test_pinned(site, checker, monkeypatch):
    """The connection goes to the address that was looked at, though the name leads elsewhere a moment later."""
    looked_up = []

    def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]

    monkeypatch.setattr(checker, "_resolve", resolver)
    monkeypatch.setattr(socket, "getaddrinfo", fixed(socket.getaddrinfo))
    assert checker.check(f"http://site.example:{site.server_port}/well").verdict == WELL
    assert looked_up == ["site.example"]


def fixed(original):
    """Name look-up that only takes addresses."""

    def look_up(host, *args, **kwargs):
        ipaddress.ip_address(host)
        return original(host, *args, **kwargs)

    return look_up


def test_no_host():
    """A name nobody has is dead, and so is a port where nobody listens."""

    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert LinkChecker(resolver=nobody).check("http://gone.example/") == Checked("http://gone.example/", DEAD, "no_host")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = LinkChecker(allowed=lambda *_: True, resolver=lambda *_: ["127.0.0.1"]).check(f"http://gone.example:{port}/")
    assert found.reason == "refused"


def test_reasons_have_words():
    """Every reason a link may be given has its words in both languages."""
    from bot.speech import Speech

    reasons = {
        "scheme",
        "address",
        "credentials",
        "no_link",
        "redirects",
        "certificate",
        "timeout",
        "no_host",
        "refused",
        "no_answer",
    }
    for lang in ("en", "zh"):
        assert reasons == set(Speech(lang, "staff").names("reasons"))
        assert {DEAD, UNSURE, REFUSED} == set(Speech(lang, "staff").names("verdicts"))
    assert links.REDIRECTS == 5
