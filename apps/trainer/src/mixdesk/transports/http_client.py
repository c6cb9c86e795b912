"""One kept-alive connection to the server."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import ssl
from typing import Any, Dict, Mapping, NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from .._checks import show
from .._errors import ArgumentError
from .secrets import address as without_secrets

LARGEST_ANSWER = 32 << 20
_LOOPBACK = ("localhost", "::1")
_REDIRECTS = (301, 302, 303, 307, 308)


class Unreachable(Exception):
    """No answer came. The sentence says what happened."""


class Silent(Unreachable):
    """The other side took the request and said nothing for too long."""


class Answer(NamedTuple):
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def detail(self) -> str:
        """The sentence of a problem document, or what else there is."""
        document = self.json()
        told = document.get("detail") if isinstance(document, dict) else None
        return told if isinstance(told, str) and told else f"status {self.status} without a reason"

    @property
    def retry_after(self) -> Optional[float]:
        """Seconds to wait before the next request, where the server says so."""
        told = self.headers.get("retry-after", "")
        return float(told) if told.isdigit() else None


class HttpAddress:
    """Where the server is and what goes with every request. Its text holds no secret."""

    def __init__(self, url: str, headers: Optional[Mapping[str, str]] = None) -> None:
        if not isinstance(url, str):
            raise ArgumentError("url", f"should be a text such as http://127.0.0.1:8777, got {show(url)}.")
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment and parts.port != 0
        except ValueError:  # the port is none
            sound = False
        if not sound:
            raise ArgumentError("url", f"should look like http://127.0.0.1:8777, got {show(without_secrets(url))}.")
        assert parts.hostname is not None
        self.host: str = parts.hostname
        self.tls: bool = parts.scheme == "https"
        self.port: int = parts.port or (443 if self.tls else 80)
        self.base: str = parts.path.rstrip("/")
        self.headers = _checked(headers)
        if parts.username is not None and "authorization" not in {key.lower() for key in self.headers}:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self._text = without_secrets(parts.geturl()).rstrip("/")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"HttpAddress({self._text!r})"

    @property
    def loopback(self) -> bool:
        return self.host in _LOOPBACK or self.host.startswith("127.")

    def proxy(self) -> Optional[SplitResult]:
        """The proxy that the environment names for it. This machine itself needs none."""
        if self.loopback or proxy_bypass(self.host):
            return None
        told = getproxies().get("https" if self.tls else "http")
        return urlsplit(told if "://" in told else f"http://{told}") if told else None


def _checked(headers: Optional[Mapping[str, str]]) -> Dict[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise ArgumentError("headers", f"should be a mapping from names to texts, got a {type(headers).__name__}.")
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str) or not key.isascii() or any(c in key + value for c in "\r\n\0"):
            raise ArgumentError("headers", f"should hold texts of one line; that of {show(key)} is none.")
    return dict(headers)


class HttpClient:
    """A connection that is opened when needed and kept. One thread uses it; any may `interrupt` it."""

    def __init__(self, address: HttpAddress) -> None:
        self.address = address
        self._connection: Optional[http.client.HTTPConnection] = None
        self._through_proxy = False
        self._interrupted = False

    def ask(self, method: str, path: str, timeout: float, body: Optional[bytes] = None, content_type: str = "application/json") -> Answer:
        """The answer to a request. Raises `Unreachable` where none comes. A redirect to the same host is followed, once."""
        answer = self._ask(method, path, timeout, body, content_type)
        if answer.status not in _REDIRECTS:
            return answer
        target = answer.headers.get("location", "")
        here = f"{'https' if self.address.tls else 'http'}://{self.address.host}:{self.address.port}"
        there = urlsplit(urljoin(here + path, target))
        same = there.hostname == self.address.host and (there.port or (443 if there.scheme == "https" else 80)) == self.address.port
        if not (same and (there.scheme == "https") == self.address.tls and (method == "GET" or answer.status in (307, 308))):
            self.close()
            raise Unreachable(f"{self.address} redirects to {without_secrets(there.geturl())}; give that address, if it is the right one")
        return self._ask(method, there.path + (f"?{there.query}" if there.query else ""), timeout, body, content_type)

    def path(self, path: str) -> str:
        """A path of the server, below the address."""
        return self.address.base + path

    def _ask(self, method: str, path: str, timeout: float, body: Optional[bytes], content_type: str) -> Answer:
        headers = {"accept": "application/json", "user-agent": "mixdesk-python", **self.address.headers}
        if body is not None:
            headers["content-type"] = content_type
        while True:
            kept = self._connection is not None
            try:
                connection = self._connection or self._connect(timeout)
                if self._interrupted:
                    raise Unreachable(f"nobody waits for {self.address} any more")
                if connection.sock is not None:
                    connection.sock.settimeout(timeout)
                target = f"http://{self.address.host}:{self.address.port}{path}" if self._through_proxy else path
                connection.request(method, target, body, headers)
                response = connection.getresponse()
                answer = Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read(LARGEST_ANSWER))
                if response.will_close or not response.isclosed():
                    self.close()
                return answer
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # A kept connection may have been closed by the other side while nobody looked: that is no news.
                if kept and not self._interrupted and isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
                    continue
                raise _unreachable(self.address, error) from None

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        proxy = self.address.proxy()
        self._through_proxy = proxy is not None and not self.address.tls
        host, port = (self.address.host, self.address.port) if proxy is None else (str(proxy.hostname), proxy.port or 3128)
        patience = min(timeout, 5.0)
        if self.address.tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=patience, context=ssl.create_default_context())
            if proxy is not None:
                connection.set_tunnel(self.address.host, self.address.port, _proxy_headers(proxy))
        else:
            connection = http.client.HTTPConnection(host, port, timeout=patience)
        self._connection = connection
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(timeout)
        return connection

    def interrupt(self) -> None:
        """Ends a wait for an answer; nothing is asked any more. May be called by another thread."""
        self._interrupted = True
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _proxy_headers(proxy: SplitResult) -> Dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _unreachable(address: HttpAddress, error: Exception) -> Unreachable:
    if isinstance(error, socket.timeout):
        return Silent(f"Mixdesk at {address} did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(f"the certificate of {address} is not to be trusted ({error.verify_message})")
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return Unreachable(f"Mixdesk at {address} cannot be reached ({said})")
