"""HTTP over a socket of our own, so that each byte that goes out and comes back is in our hands."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_S = 30
MAX_HEAD = 64 * 1024
MAX_BODY = 4 * 1024 * 1024
MAX_WAIT_S = 20  # longest Retry-After that is waited for
TRIES = 4


class HttpError(Exception):
    """What came back is no HTTP, or nothing came back."""


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str

    @staticmethod
    def parse(url: str) -> Target:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url}: must be http://HOST[:PORT][/PATH] or https://...")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme, parts.hostname, port, path)

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (80, 443) else f"{host}:{self.port}"


@dataclass
class Answer:
    version: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    to_close: bool = False  # the body ended with the connection

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        return ", ".join(self.all(name))

    @property
    def kept(self) -> bool:
        """The server says that the connection goes on."""
        said = self.one("connection").lower()
        if self.to_close or "close" in said:
            return False
        return self.version == "HTTP/1.1" or "keep-alive" in said

    def __str__(self) -> str:
        start = self.body[:60].decode("ascii", "backslashreplace").replace("\n", "\\n").replace("\r", "\\r")
        return (
            f"HTTP {self.status}, Content-Type '{self.one('content-type')}', {len(self.body)} bytes '{start}'"
        )


def _parse_head(head: bytes) -> Answer:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise HttpError(f"no status line: {lines[0][:80]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise HttpError(f"no header: {line[:80]!r}")
        headers.append((name.strip().lower(), value.strip()))
    return Answer(words[0], int(words[1]), headers)


@dataclass
class Connection:
    """One connection; answers are read in the order of what was sent."""

    target: Target
    buffer: bytes = b""
    sock: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.sock = socket.create_connection((self.target.host, self.target.port), TIMEOUT_S)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.target.scheme == "https":
                # Not who serves but what is signed is judged here.
                context = ssl.create_default_context()
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host)
        except OSError as error:
            raise HttpError(f"connecting to {self.target.host}:{self.target.port}: {error}") from error

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            # An answer may have come before all was sent.
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                raise HttpError(f"sending: {error}") from error

    def _more(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except OSError as error:
            raise HttpError(f"waiting for an answer: {error}") from error
        self.buffer += data
        return bool(data)

    def ended(self) -> bool:
        """Waits until the server closes; False if it sends more instead."""
        return not self.buffer and not self._more()

    def _take(self, size: int) -> bytes:
        if size > MAX_BODY:
            raise HttpError(f"a body of {size} bytes")
        while len(self.buffer) < size:
            if not self._more():
                raise HttpError(f"the body ended after {len(self.buffer)} of {size} bytes")
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _take_until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if len(self.buffer) > MAX_HEAD or not self._more():
                if not self.buffer:
                    raise HttpError("the connection was closed without an answer")
                raise HttpError(f"no end of a head or line in {self.buffer[:80]!r}")
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def _chunked(self) -> bytes:
        body = b""
        while True:
            size = self._take_until(b"\r\n").split(b";")[0].strip()
            try:
                count = int(size, 16)
            except ValueError as error:
                raise HttpError(f"a chunk of length {size[:20]!r}") from error
            if count == 0:
                while self._take_until(b"\r\n"):
                    pass
                return body
            body += self._take(count)
            self._take_until(b"\r\n")
            if len(body) > MAX_BODY:
                raise HttpError("a chunked body without end")

    def receive(self, head_only: bool = False) -> Answer:
        """The next answer; a 1xx one is an answer of its own, without a body."""
        answer = _parse_head(self._take_until(b"\r\n\r\n"))
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return answer
        sizes = answer.all("content-length")
        if "chunked" in answer.one("transfer-encoding").lower():
            answer.body = self._chunked()
        elif sizes:
            if len(set(sizes)) > 1 or not sizes[0].isdigit():
                raise HttpError(f"Content-Length {sizes}")
            answer.body = self._take(int(sizes[0]))
        else:
            answer.to_close = True
            while len(self.buffer) <= MAX_BODY and self._more():
                pass
            answer.body, self.buffer = self.buffer, b""
        return answer


TYPE = ("Content-Type", "application/timestamp-query")


@dataclass
class Client:
    """Requests one after the other, on one connection as long as the server keeps it."""

    target: Target
    connection: Connection | None = None

    def head(self, method: str, headers: list[tuple[str, str]], version: str = "HTTP/1.1") -> bytes:
        lines = [f"{method} {self.target.path} {version}", f"Host: {self.target.host_header}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def open(self) -> Connection:
        return Connection(self.target)

    def _once(self, data: bytes, head_only: bool) -> Answer:
        reused = self.connection is not None
        connection = self.connection or self.open()
        self.connection = None
        try:
            connection.send(data)
            answer = connection.receive(head_only)
            while answer.status < 200:
                answer = connection.receive(head_only)
        except HttpError:
            connection.close()
            if not reused:
                raise
            return self._once(data, head_only)  # closed between two requests: a new one
        if answer.kept:
            self.connection = connection
        else:
            connection.close()
        return answer

    def exchange(
        self, method: str, body: bytes | None = None, headers: list[tuple[str, str]] | None = None
    ) -> Answer:
        """One request, one answer; a server that says when to come again is asked again."""
        fields = [TYPE] if headers is None and body is not None else list(headers or [])
        if body is not None:
            fields.append(("Content-Length", str(len(body))))
        data = self.head(method, fields) + (body or b"")
        for _ in range(TRIES):
            answer = self._once(data, method == "HEAD")
            wait = answer.one("retry-after")
            if answer.status not in (429, 503) or not wait.isdigit() or int(wait) > MAX_WAIT_S:
                break
            time.sleep(int(wait))
        return answer
