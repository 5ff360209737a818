"""HTTP (RFC 3161 3.4, P-22; T-04): types, methods, lengths, connections."""

from __future__ import annotations

import base64
import re
import socket
from dataclasses import replace

import der
from request import Request
from server import Finding, NotJudged, Server, equal, want
from suite import case
from wire import TYPE, Answer, Client, HttpError

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
BODY = Request(nonce=der.integer(0x22)).der()
LENGTH = ("Content-Length", str(len(BODY)))
MIB = 1024 * 1024


def good(server: Server, answer: Answer) -> None:
    """HTTP 200, the one Content-Type, its length told, a token."""
    want(answer.status == 200, f"wanted HTTP 200, found {answer}")
    equal("Content-Type", [REPLY], answer.all("content-type"))
    reply = server.decode(answer)
    want(reply.token is not None, f"wanted a token, found status {reply.status} '{reply.text}'")


@case(
    "P-22",
    "+",
    "a token comes as HTTP 200 application/timestamp-reply with Content-Length and Date, unchunked",
)
def _(server: Server) -> None:
    answer = server.post(BODY)
    good(server, answer)
    equal("Content-Length", [str(len(answer.body))], answer.all("content-length"))
    equal("Transfer-Encoding", [], answer.all("transfer-encoding"))
    want(
        re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.one("date")),
        f"Date '{answer.one('date')}'",
    )


@case("P-22", "+", "a refusal comes as HTTP 200 application/timestamp-reply as well")
def _(server: Server) -> None:
    answer = server.post(b"\x30\x00")
    want(answer.status == 200, f"wanted HTTP 200, found {answer}")
    equal("Content-Type", [REPLY], answer.all("content-type"))
    equal("status", 2, server.decode(answer).status)


def typed(name: str, *headers: tuple[str, str]) -> None:
    @case("P-22", "+", f"a request with {name} is served")
    def _(server: Server) -> None:
        good(server, server.client.exchange("POST", BODY, list(headers)))


typed("Content-Type in another case", ("Content-Type", "Application/Timestamp-Query"))
typed("parameters after its Content-Type", ("Content-Type", f"{QUERY}; charset=binary"))
typed("Content-Type application/octet-stream", ("Content-Type", "application/octet-stream"))
typed("Content-Type of a form", ("Content-Type", "application/x-www-form-urlencoded"))
typed("no Content-Type")
typed("header names in lower case", ("content-type", QUERY), ("accept", "*/*"))
typed("Accept of other types", TYPE, ("Accept", "text/html, image/gif, */*; q=.2"))
typed("an Accept-Encoding", TYPE, ("Accept-Encoding", "gzip, deflate"))
typed("40 headers nobody knows", TYPE, *((f"X-Filler-{at}", "x" * 40) for at in range(40)))


def raw(server: Server, *steps: bytes) -> Answer:
    """What a new connection answers to these bytes."""
    with server.client.open() as connection:
        for step in steps:
            connection.send(step)
        return connection.receive()


@case("P-22", "+", "HTTP/1.0 is served, with Content-Length")
def _(server: Server) -> None:
    answer = raw(server, server.client.head("POST", [TYPE, LENGTH], "HTTP/1.0") + BODY)
    good(server, answer)
    equal("Content-Length", [str(len(answer.body))], answer.all("content-length"))


@case("P-22", "+", "keep-alive of HTTP/1.0 is told: kept and said so, or closed")
def _(server: Server) -> None:
    head = server.client.head("POST", [TYPE, LENGTH, ("Connection", "keep-alive")], "HTTP/1.0")
    with server.client.open() as connection:
        connection.send(head + BODY)
        answer = connection.receive()
        good(server, answer)
        if "keep-alive" in answer.one("connection").lower():
            connection.send(head + BODY)
            good(server, connection.receive())
        else:
            want(connection.ended(), "the connection is kept without a word")


@case("P-22", "-", "HTTP/1.0 without keep-alive, and Connection: close, end the connection")
def _(server: Server) -> None:
    for version, headers in (("HTTP/1.0", []), ("HTTP/1.1", [("Connection", "close")])):
        with server.client.open() as connection:
            connection.send(server.client.head("POST", [TYPE, LENGTH, *headers], version) + BODY)
            good(server, connection.receive())
            want(connection.ended(), f"{version} {headers}: the connection goes on")


@case("P-22", "+", "five requests are served on one connection")
def _(server: Server) -> None:
    with server.client.open() as connection:
        for number in range(5):
            connection.send(server.client.head("POST", [TYPE, LENGTH]) + BODY)
            answer = connection.receive()
            good(server, answer)
            want(answer.kept, f"the connection is closed after {number + 1}")


@case("P-22", "+", "two requests sent at once get two answers in order")
def _(server: Server) -> None:
    bodies = [Request(nonce=der.integer(value)).der() for value in (0x31, 0x32)]
    with server.client.open() as connection:
        connection.send(
            b"".join(
                server.client.head("POST", [TYPE, ("Content-Length", str(len(body)))]) + body
                for body in bodies
            )
        )
        for value in (0x31, 0x32):
            reply = server.decode(connection.receive())
            nonce = reply.token.tst.nonce if reply.token else None
            equal("nonce", value, der.to_int(nonce) if nonce else None)


@case("P-22", "+", "a refused request leaves the connection to the next")
def _(server: Server) -> None:
    with server.client.open() as connection:
        for body in (b"\x30\x00", BODY):
            connection.send(server.client.head("POST", [TYPE, ("Content-Length", str(len(body)))]) + body)
            answer = connection.receive()
            equal("HTTP", 200, answer.status)
        good(server, answer)


@case("P-22", "+", "a chunked body is served, in one chunk and octet by octet")
def _(server: Server) -> None:
    head = server.client.head("POST", [TYPE, ("Transfer-Encoding", "chunked")])
    for size in (len(BODY), 1):
        parts = [BODY[at : at + size] for at in range(0, len(BODY), size)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        good(server, raw(server, head + chunks + b"0\r\n\r\n"))


@case("P-22", "+", "a request in pieces is served, cut at each octet of its end")
def _(server: Server) -> None:
    data = server.client.head("POST", [TYPE, LENGTH]) + BODY
    for at in range(1, len(data), 9):
        good(server, raw(server, data[:at], data[at:]))


@case("P-22", "+", "Expect: 100-continue is answered before the body is sent")
def _(server: Server) -> None:
    with server.client.open() as connection:
        connection.send(server.client.head("POST", [TYPE, LENGTH, ("Expect", "100-continue")]))
        equal("interim status", 100, connection.receive().status)
        connection.send(BODY)
        good(server, connection.receive())


# --- refused ----------------------------------------------------------------------------------


@case("P-22", "-", "GET brings a page for a person, or 405 with Allow: POST")
def _(server: Server) -> None:
    answer = server.client.exchange("GET")
    if answer.status == 200:
        want(re.match(r"text/(html|plain)\b", answer.one("content-type")), f"found {answer}")
        return
    want(answer.status == 405, f"wanted 200 or 405, found {answer}")
    want("POST" in answer.one("allow"), f"Allow '{answer.one('allow')}'")


def not_allowed(method: str) -> None:
    @case("P-22", "-", f"{method} is 405 with an Allow that has POST")
    def _(server: Server) -> None:
        answer = server.client.exchange(method, BODY, [TYPE])
        want(answer.status == 405, f"wanted HTTP 405, found {answer}")
        want("POST" in answer.one("allow"), f"Allow '{answer.one('allow')}'")


for _method in ("PUT", "DELETE", "PATCH"):
    not_allowed(_method)


@case("P-22", "-", "HEAD has no body, whatever it answers")
def _(server: Server) -> None:
    with server.client.open() as connection:
        connection.send(server.client.head("HEAD", [("Connection", "close")]))
        answer = connection.receive(head_only=True)
        want(answer.status in (200, 405), f"wanted 200 or 405, found {answer}")
        want(connection.ended(), f"there are octets after the head: {connection.buffer[:40]!r}")


@case("P-22", "-", "a body of 1 MiB is 413")
def _(server: Server) -> None:
    answer = server.client.exchange("POST", b"\x30\x83\x0f\xff\xfb" + b"\0" * (MIB - 5), [TYPE])
    want(answer.status == 413, f"wanted HTTP 413, found {answer}")


@case("P-22", "-", "a chunked body of 1 MiB is 413")
def _(server: Server) -> None:
    head = server.client.head("POST", [TYPE, ("Transfer-Encoding", "chunked")])
    answer = raw(server, head + b"100000\r\n" + b"\0" * MIB + b"\r\n0\r\n\r\n")
    want(answer.status == 413, f"wanted HTTP 413, found {answer}")


def bad_head(name: str, wanted: tuple[int, ...], *headers: tuple[str, str]) -> None:
    @case("P-22", "-", f"{name} is {' or '.join(str(status) for status in wanted)}")
    def _(server: Server) -> None:
        answer = raw(server, server.client.head("POST", [TYPE, *headers]) + BODY)
        want(answer.status in wanted, f"found {answer}")


bad_head("a POST without a length", (411, 400))
bad_head("two different Content-Length", (400,), LENGTH, ("Content-Length", "4"))
bad_head("a Content-Length that is no number", (400, 411), ("Content-Length", "4x"))
bad_head("a negative Content-Length", (400, 411), ("Content-Length", "-1"))
bad_head("a Content-Length beside chunked", (400,), ("Transfer-Encoding", "chunked"), LENGTH)


@case("P-22", "-", "what is not HTTP gets no token and no 200")
def _(server: Server) -> None:
    for noise in (
        b"\r\n\r\n\r\nnothing here is HTTP\r\n\r\n",
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03\r\n\r\n",
    ):
        with server.client.open() as connection:
            connection.send(noise)
            try:
                answer = connection.receive()
            except HttpError:
                continue  # closed without an answer
            want(answer.status >= 400, f"found {answer}")


@case("P-22", "-", "no POST gets a page with 200")
def _(server: Server) -> None:
    for headers in (
        [("Content-Type", "text/html")],
        [("Content-Type", "multipart/form-data; boundary=x")],
        [],
    ):
        answer = server.client.exchange("POST", b"a=b&c=d", headers)
        want(answer.status != 200 or answer.one("content-type") == REPLY, f"found {answer}")


@case("P-22", "-", "a path that is not there is no 200")
def _(server: Server) -> None:
    elsewhere = replace(server.target, path=server.target.path.rstrip("/") + "/no/such/path")
    answer = Client(elsewhere).exchange("POST", BODY)
    want(answer.status in (404, 405), f"found {answer}")


@case("P-22", "-", "half a request, then silence on our side, gets no token")
def _(server: Server) -> None:
    data = server.client.head("POST", [TYPE, LENGTH]) + BODY
    with server.client.open() as connection:
        connection.send(data[:-10])
        connection.sock.shutdown(socket.SHUT_WR)
        try:
            answer = connection.receive()
        except HttpError:
            return
        want(answer.status >= 400, f"found {answer}")


def legacy(server: Server) -> Answer:
    data = der.seq(der.oid("1.2.840.113549.1.7.1"), der.tlv(0xA0, der.octets(b"\x55" * 256)))
    body = base64.b64encode(der.seq(der.oid("1.3.6.1.4.1.311.3.2.1"), data))
    return server.client.exchange("POST", body, [("Content-Type", "application/octet-stream")])


@case("P-01", "-", "a legacy Authenticode request is HTTP 400 whose text names the RFC 3161 switch")
def _(server: Server) -> None:
    answer = legacy(server)
    if answer.status == 200 and answer.body[:1] == b"M":
        raise NotJudged("this server answers legacy requests as well")
    want(answer.status == 400 and b"/tr" in answer.body, f"found {answer}")


@case("T-04", "+", "the service is reached by HTTP or HTTPS")
def _(server: Server) -> None:
    if server.target.scheme not in ("http", "https"):
        raise Finding(server.target.scheme)
    good(server, server.post(BODY))
