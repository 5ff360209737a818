"""TSTInfo, field by field (P-04, P-16, P-18 to P-21, P-23, T-02, T-05)."""

from __future__ import annotations

import re
from datetime import timedelta

import der
import response
from request import Request
from server import Granted, NotJudged, Server, equal, want
from suite import case, each_token
from wire import TYPE

CLOCK_LEEWAY = timedelta(seconds=5)  # between this machine's clock and the server's

# --- P-16: the imprint ------------------------------------------------------------------------


@case("P-16", "+", "messageImprint comes back byte for byte: each digest, NULL and absent parameters")
def _(server: Server) -> None:
    for digest in server.digests:
        for params in (b"", der.NULL_ELEMENT):
            request = Request(digest=digest, params=params)
            found = server.grant(request).token.tst.imprint
            equal("messageImprint", request.message_imprint.hex(), found.hex())


@case("P-16", "+", "messageImprint comes back byte for byte in 1,000 tokens")
def _(server: Server) -> None:
    for granted in server.thousand:
        equal("messageImprint", granted.request.message_imprint.hex(), granted.token.tst.imprint.hex())


@case("P-16", "-", "openssl refuses the token for an imprint of another octet")
def _(server: Server) -> None:
    granted = server.first
    other = granted.request.but(imprint=b"\x77" * 32).der()
    server.refused_by_openssl(granted, other, granted.reply.raw, "a token for another imprint")


# --- P-18 to P-21: the other fields of TSTInfo ------------------------------------------------

GEN_TIME = re.compile(rb"\d{4}(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d|60)(\.\d*[1-9])?Z")


@each_token("P-18", "+", "genTime is YYYYMMDDhhmmss[.s...]Z in UTC", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    content = granted.token.tst.gen_time.content
    want(GEN_TIME.fullmatch(content), f"genTime {content!r}")
    want(len(content) <= 22, f"genTime {content!r}: more than 6 digits")


@case("P-18", "+", "genTime lies between asking and answering, give or take accuracy and 5 s")
def _(server: Server) -> None:
    for granted in server.thousand[::50]:
        leeway = CLOCK_LEEWAY + timedelta(seconds=granted.token.tst.accuracy_seconds())
        time = granted.token.tst.time
        want(
            granted.asked - leeway <= time <= granted.answered + leeway,
            f"genTime {time}, asked {granted.asked}, answered {granted.answered}",
        )


@case("P-18", "+", "genTime never goes back over 1,000 tokens")
def _(server: Server) -> None:
    times = [granted.token.tst.time for granted in server.thousand]
    for before, after in zip(times, times[1:]):
        want(before <= after, f"{after} follows {before}")


@each_token("P-18", "-", "no zero ends a fraction, no comma, no offset, over 1,000 tokens", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    content = granted.token.tst.gen_time.content
    want(not re.search(rb"0Z$", content.partition(b".")[2]), f"genTime {content!r}")
    want(not set(content) & set(b",+-") and content.endswith(b"Z"), f"genTime {content!r}")


@each_token(
    "P-19", "+", "accuracy is there; millis and micros, where encoded, are 1 to 999", of_thousand=True
)
def _(_server: Server, granted: Granted) -> None:
    want(granted.token.tst.accuracy is not None, "there is no accuracy")
    parts = granted.token.tst.accuracy_parts()
    for name in ("millis", "micros"):
        want(1 <= parts.get(name, 1) <= 999, f"accuracy {parts}")


@each_token("P-19", "-", "accuracy encodes no zero and is not empty", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    parts = granted.token.tst.accuracy_parts()
    want(parts and all(value > 0 for value in parts.values()), f"accuracy {parts}")


@each_token("P-20", "+", "ordering is absent", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    want(granted.token.tst.ordering is None, "ordering is encoded")


@each_token("P-20", "-", "ordering is never TRUE, nor is its DEFAULT encoded", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    found = granted.token.tst.ordering
    want(found is None, f"ordering {found.content.hex() if found else ''}")


def tsa_name(granted: Granted) -> der.Node:
    if granted.token.tst.tsa is None:
        raise NotJudged("the tokens have no tsa")
    return granted.token.tst.tsa


@each_token("P-21", "+", "tsa is the subject of the signer's certificate, byte for byte", of_thousand=True)
def _(server: Server, granted: Granted) -> None:
    wanted = der.tlv(0xA0, der.tlv(0xA4, server.signer(granted.token).subject))
    equal("tsa", wanted.hex(), tsa_name(granted).raw.hex())


@each_token("P-21", "-", "tsa is one directoryName and not the issuer's")
def _(server: Server, granted: Granted) -> None:
    name = tsa_name(granted)
    equal("tags in tsa", [0xA4], [child.tag for child in name.children])
    want(server.signer(granted.token).issuer not in name.raw, "tsa is the issuer")


# --- profiles: ETSI's rules for tokens ---


@each_token(
    "T-02", "+", "policy and accuracy are there, genTime is as fine as the accuracy", of_thousand=True
)
def _(_server: Server, granted: Granted) -> None:
    tst = granted.token.tst
    want(tst.policy_content and tst.accuracy is not None, "policy or accuracy is missing")
    # Trailing zeros are cut, so that a single token may look coarser than it is.
    want(tst.accuracy_seconds() >= 1e-6, f"accuracy {tst.accuracy_parts()}")


@case("T-02", "+", "the digits of genTime over 1,000 tokens resolve the declared accuracy")
def _(server: Server) -> None:
    digits = max(len(granted.token.tst.gen_time.content) - 16 for granted in server.thousand)
    accuracy = server.first.token.tst.accuracy_seconds()
    resolution = 10 ** -max(digits, 0)
    want(resolution <= accuracy, f"genTime resolves {resolution} s, accuracy is {accuracy} s")


@each_token("T-02", "-", "no ordering, no critical extension", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    want(granted.token.tst.ordering is None, "ordering")
    for name, critical, _value in granted.token.tst.extension_list():
        want(not critical, f"extension {name} is critical")


def qc_statements(granted: Granted) -> list[tuple[bool, bytes]]:
    found = [
        (critical, value)
        for name, critical, value in granted.token.tst.extension_list()
        if name == response.QC_STATEMENTS
    ]
    if not found:
        raise NotJudged("the tokens claim nothing qualified")
    return found


@each_token("T-05", "+", "a qualified token has esi4-qtstStatement-1 in one qcStatements extension")
def _(_server: Server, granted: Granted) -> None:
    found = qc_statements(granted)
    equal("qcStatements extensions", 1, len(found))
    names = [der.oid_text(statement.children[0].content) for statement in der.read(found[0][1]).children]
    want(response.QTST_STATEMENT in names, f"statements {names}")


@each_token("T-05", "-", "qcStatements is not critical")
def _(_server: Server, granted: Granted) -> None:
    want(not any(critical for critical, _value in qc_statements(granted)), "qcStatements is critical")


# --- the requester, the certificate's validity ---


def without_moment(granted: Granted) -> bytes:
    """TSTInfo with serial and genTime taken out."""
    tst = granted.token.tst
    return tst.raw.replace(tst.serial.raw, b"", 1).replace(tst.gen_time.raw, b"", 1)[4:]


MARK = "conformance-marker-4711"


@case("P-04", "+", "two requesters get TSTInfos that differ in serial and genTime only")
def _(server: Server) -> None:
    request = Request(nonce=der.integer(0x4711))
    one = server.grant(request)
    other = server.grant(
        request, TYPE, ("User-Agent", MARK), ("X-Forwarded-For", "192.0.2.77"), ("Cookie", MARK)
    )
    equal("the rest of TSTInfo", without_moment(one).hex(), without_moment(other).hex())


@case("P-04", "-", "nothing that a requester says of itself is in the token")
def _(server: Server) -> None:
    raw = server.grant(
        Request(), TYPE, ("User-Agent", MARK), ("X-Forwarded-For", "192.0.2.77"), ("From", MARK)
    ).reply.raw
    for part in (MARK.encode(), b"192.0.2.77", bytes([192, 0, 2, 77])):
        want(part not in raw, f"{part!r} is in the token")


@case("P-23", "+", "genTime is within the validity of the signer's certificate")
def _(server: Server) -> None:
    for granted in [*server.samples, server.thousand[-1]]:
        signer = server.signer(granted.token)
        want(
            signer.not_before <= granted.token.tst.time <= signer.not_after,
            f"genTime {granted.token.tst.time}, certificate {signer.not_before} to {signer.not_after}",
        )


@case("P-23", "-", "openssl refuses the token at a time after its certificate's end")
def _(server: Server) -> None:
    granted = server.first
    signer = server.signer(granted.token)
    server.openssl.write("query", granted.request.der())
    server.openssl.write("reply", granted.reply.raw)
    late = int(signer.not_after.timestamp()) + 86400
    good, _said = server.openssl.run(
        "ts",
        "-verify",
        "-queryfile",
        "query",
        "-in",
        "reply",
        "-CAfile",
        str(server.openssl.anchor),
        "-attime",
        str(late),
    )
    want(not good, "openssl takes the token a day after the certificate's end")
