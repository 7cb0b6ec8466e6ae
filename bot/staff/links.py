"""Links, looked at from here: whether they still lead anywhere. Only public web servers are ever asked.

A link comes from a record, so it is not trusted: it might name this machine, its network or a cloud's metadata service. The
host is resolved once, every address it has must be public, and the connection is made to that very address, so that a name
cannot point elsewhere a moment later. Each redirect goes through the same gate.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
Allowed = Callable[[Address, int], bool]

WELL, DEAD, UNSURE, REFUSED = "well", "dead", "unsure", "refused"
AT_ONCE = 8
SECONDS = 10.0  # for connecting and for each read
DEADLINE = 20.0  # for one request, however slowly its answer drips in
REDIRECTS = 5

_AGENT = "greenask-link-check"
_MOVED = (301, 302, 303, 307, 308)
# Servers that refuse a robot say nothing about what a person would see.
_UNSURE_STATUS = frozenset({401, 403, 405, 406, 408, 425, 429, 451})
_PORTS = {"http": 80, "https": 443}
_SIXTO4, _TEREDO = ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class Refused(Exception):
    """A link that is not followed, and why: scheme, address, port, redirects."""


@dataclass(frozen=True)
class Checked:
    """What became of a link. ``reason`` is a status code or a word for what went wrong."""

    url: str
    verdict: str
    reason: str


def public(address: Address, port: int) -> bool:
    """Whether an address is one that anybody on the internet may ask, on a port of the web."""
    if isinstance(address, ipaddress.IPv6Address):
        # Addresses that carry another one inside lead to that one.
        if address.ipv4_mapped:
            return public(address.ipv4_mapped, port)
        if address in _SIXTO4 or address in _TEREDO or any(address in network for network in _NAT64):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and port in _PORTS.values()


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    return list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class LinkChecker:
    """Asks web servers for the head of a page. ``allowed`` says which addresses may be asked; tests hand in another."""

    def __init__(
        self, *, allowed: Allowed = public, resolver: Resolver = resolve, seconds: float = SECONDS, deadline: float = DEADLINE
    ):
        self._allowed = allowed
        self._resolve = resolver
        self._seconds = seconds
        self._deadline = deadline
        self._one_at_a_time: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def check_all(self, urls: Iterable[str]) -> Iterator[Checked]:
        """Each link's state, in the order of the links; a few at once, of one host one after another."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links") as pool:
            yield from pool.map(self.check, urls)

    def check(self, url: str) -> Checked:
        """Whether a link leads anywhere."""
        try:
            host = (urlsplit(url).hostname or "").lower()
            with self._one_at_a_time[host]:
                status = self._ask("HEAD", url)
                # Many servers answer a HEAD wrongly.
                if status >= 400:
                    status = self._ask("GET", url)
        except Refused as error:
            return Checked(url, REFUSED, str(error))
        except ssl.SSLCertVerificationError:
            return Checked(url, DEAD, "certificate")
        except TimeoutError:
            return Checked(url, UNSURE, "timeout")
        except socket.gaierror:
            return Checked(url, DEAD, "no_host")
        except (OSError, http.client.HTTPException) as error:
            return Checked(url, DEAD, "refused" if isinstance(error, ConnectionRefusedError) else "no_answer")
        except ValueError:
            return Checked(url, REFUSED, "no_link")
        return Checked(url, _verdict(status), str(status))

    def _ask(self, method: str, url: str) -> int:
        """The status at the end of the redirects. The page itself is not read."""
        for _ in range(REDIRECTS + 1):
            status, onwards = self._once(method, url)
            if status not in _MOVED or not onwards:
                return status
            url = urljoin(url, onwards)
        raise Refused("redirects")

    def _once(self, method: str, url: str) -> tuple[int, str | None]:
        parts = urlsplit(url)
        host, port, address = self._gate(parts)
        connection = _Pinned(parts.scheme, host, port, address, self._seconds)
        # A timeout of the socket starts anew with each byte; this one does not.
        alarm = threading.Timer(self._deadline, connection.cut)
        alarm.daemon = True
        alarm.start()
        try:
            path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
                "?" + quote(parts.query, safe="=&%/:?@!$'()*+,;~-._") if parts.query else ""
            )
            connection.request(method, path, headers={"User-Agent": _AGENT, "Accept": "*/*", "Connection": "close"})
            answer = connection.getresponse()
            if connection.was_cut:  # what was read so far passes for a whole head
                raise TimeoutError
            return answer.status, answer.headers.get("Location")
        except (OSError, http.client.HTTPException) as error:
            if connection.was_cut:
                raise TimeoutError from error
            raise
        finally:
            alarm.cancel()
            connection.close()

    def _gate(self, parts: SplitResult) -> tuple[str, int, str]:
        """Host, port and the address to connect to; Refused for all that is no public web server."""
        if parts.scheme not in _PORTS:
            raise Refused("scheme")
        if not parts.hostname:
            raise Refused("no_link")
        if parts.username is not None or parts.password is not None:
            raise Refused("credentials")
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode("ascii")
        port = parts.port or _PORTS[parts.scheme]
        addresses = self._resolve(host, port)
        # One private address among public ones is a trap, not a choice.
        if not addresses or not all(self._allowed(ipaddress.ip_address(each.partition("%")[0]), port) for each in addresses):
            raise Refused("address")
        return host, port, addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the host's name may resolve to by now; the name still goes into the request."""

    def __init__(self, scheme: str, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = _PORTS[scheme]
        self.was_cut = False
        self._scheme = scheme
        self._address = address

    def connect(self) -> None:
        """Connect to the address that was looked at."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = plain
        if self._scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """End it from another thread."""
        self.was_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _verdict(status: int) -> str:
    if status < 400:
        return WELL
    return UNSURE if status in _UNSURE_STATUS or status >= 500 else DEAD
