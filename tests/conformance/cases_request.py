"""Requests: what is granted, what is refused, and with which failInfo (P-01 to P-09)."""

from __future__ import annotations

import der
from model import BAD_ALG, BAD_DATA_FORMAT, BAD_REQUEST, UNACCEPTED_EXTENSION, UNACCEPTED_POLICY
from request import (
    REFUSED_DIGESTS,
    SHA1,
    SHA2,
    SHA256,
    TRUE,
    Digest,
    Request,
    extension,
    extensions,
    raw_nonce,
)
from server import NotJudged, Server, equal, want
from suite import case
from wire import TYPE

FOREIGN_POLICY = der.oid("1.3.6.1.4.1.32473.99.42")
NONCE = der.integer(0x0123456789ABCDEF)
FULL = Request(nonce=NONCE)

# --- P-01, P-02: of the form of RFC 3161 2.4 ---------------------------------------------------


@case("P-01", "+", "every combination of the optional fields is granted")
def _(server: Server) -> None:
    for policy in (b"", der.tlv(der.OID, server.policy)):
        for nonce in (b"", NONCE):
            for cert_req in (b"", TRUE):
                for params in (b"", der.NULL_ELEMENT):
                    server.grant(Request(policy=policy, nonce=nonce, cert_req=cert_req, params=params))


def malformed(name: str, body: bytes) -> None:
    @case("P-01", "-", f"{name} is badDataFormat")
    def _(server: Server) -> None:
        server.refuse(body, BAD_DATA_FORMAT)


GOOD = FULL.der()
malformed("an empty body", b"")
malformed("text", b"hello, what time is it?")
malformed("one NUL octet after the request", GOOD + b"\0")
malformed("CR LF after the request", GOOD + b"\r\n")
malformed("a second request after the request", GOOD + GOOD)
malformed("indefinite length (BER)", b"\x30\x80" + GOOD[2:] + b"\0\0")
malformed("an outer length in long form", b"\x30\x81" + GOOD[1:])
malformed("an outer length with a leading zero", b"\x30\x82\x00" + GOOD[1:])
malformed("a length of 4 GiB", b"\x30\x84\xff\xff\xff\xff" + GOOD[2:])
malformed("a length of 127 octets", b"\x30\xff" + b"\xff" * 127 + GOOD[2:])
malformed("a reserved length octet", b"\x30\xff")
malformed("an outer SET", b"\x31" + GOOD[1:])
malformed("an outer primitive SEQUENCE", b"\x10" + GOOD[1:])
malformed("an outer tag in high form", b"\x3f\x10" + GOOD[1:])
malformed("a TimeStampReq inside an OCTET STRING", der.octets(GOOD))
malformed("a TimeStampReq inside a SEQUENCE", der.seq(GOOD))
malformed("a thousand nested SEQUENCEs", b"\x30\x80" * 1000)
malformed("a SEQUENCE without fields", der.seq())
malformed("a version alone", der.seq(der.integer(1)))
malformed("a version that is missing", der.seq(FULL.message_imprint, NONCE, TRUE))
malformed("a version 1 that is not minimal", FULL.but(version=b"\x02\x02\x00\x01").der())
malformed("a version without octets", FULL.but(version=b"\x02\x00").der())
malformed("a version that is an ENUMERATED", FULL.but(version=b"\x0a\x01\x01").der())
malformed("a messageImprint that is missing", der.seq(der.integer(1), NONCE, TRUE))
malformed("certReq before nonce", der.seq(FULL.version, FULL.message_imprint, TRUE, NONCE))
malformed("nonce before reqPolicy", FULL.but(nonce=b"", policy=NONCE + FOREIGN_POLICY).der())
malformed("two nonces", FULL.but(nonce=NONCE + NONCE).der())
malformed("two certReq", FULL.but(cert_req=TRUE + TRUE).der())
malformed("a field [1] after certReq", FULL.but(extensions=b"\xa1\x02\x05\x00").der())
malformed("a NULL after certReq", FULL.but(extensions=der.NULL_ELEMENT).der())
malformed("extensions that are empty", FULL.but(extensions=extensions()).der())
malformed("extensions that are primitive", FULL.but(extensions=b"\x80\x00").der())
malformed("an extension without a value", FULL.but(extensions=extensions(der.seq(der.oid("1.2.3")))).der())


def imprint(content: bytes) -> bytes:
    return der.seq(der.integer(1), der.tlv(der.SEQUENCE, content), NONCE, TRUE)


ALGORITHM = der.seq(der.oid(SHA256.oid), der.NULL_ELEMENT)
HASHED = der.octets(FULL.hashed)
malformed(
    "a hashedMessage in constructed form (BER)",
    imprint(ALGORITHM + der.tlv(0x24, der.octets(FULL.hashed[:16]), der.octets(FULL.hashed[16:]))),
)
malformed(
    "a hashedMessage that is a BIT STRING", imprint(ALGORITHM + der.tlv(der.BIT_STRING, b"\0", FULL.hashed))
)
malformed("a hashedMessage that is missing", imprint(ALGORITHM))
malformed("a field after hashedMessage", imprint(ALGORITHM + HASHED + der.NULL_ELEMENT))
malformed("an algorithm without an OID", imprint(der.seq() + HASHED))
malformed("an algorithm OID with a padded arc", imprint(der.seq(b"\x06\x03\x60\x80\x01") + HASHED))
malformed("an algorithm OID that is cut off", imprint(der.seq(b"\x06\x02\x60\x86") + HASHED))
malformed("an algorithm OID without octets", imprint(der.seq(b"\x06\x00") + HASHED))
malformed("NULL parameters with contents", imprint(der.seq(der.oid(SHA256.oid), b"\x05\x01\x00") + HASHED))
malformed(
    "two parameters of the algorithm",
    imprint(der.seq(der.oid(SHA256.oid), der.NULL_ELEMENT, der.NULL_ELEMENT) + HASHED),
)
malformed(
    "an algorithm length in long form",
    imprint(b"\x30\x81\x0d" + der.oid(SHA256.oid) + der.NULL_ELEMENT + HASHED),
)


@case("P-01", "-", "a request cut off anywhere is badDataFormat")
def _(server: Server) -> None:
    for size in range(1, len(GOOD)):
        server.refuse(GOOD[:size], BAD_DATA_FORMAT)


@case("P-01", "-", "version 0, 2, 3, -1 and 2^64+1 are badRequest")
def _(server: Server) -> None:
    for version in (0, 2, 3, 127, 128, -1, -(2**63), 2**64 + 1):
        server.refuse(FULL.but(version=der.integer(version)).der(), BAD_REQUEST)


@case("P-02", "+", "1,000 valid requests of every kind get 1,000 tokens")
def _(server: Server) -> None:
    found = len(server.thousand)
    want(found == server.of_thousand, f"{found} were granted; the last that was not: {server.last_no}")


@case("P-02", "+", "a token of each digest passes openssl ts -verify")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        server.verify(granted)


@case("P-02", "+", "every twentieth of 1,000 tokens passes openssl ts -verify")
def _(server: Server) -> None:
    for granted in server.thousand[::20]:
        server.verify(granted)


@case("P-02", "-", "a refusal does not stand in the way of the next request")
def _(server: Server) -> None:
    for body in (b"", b"\x30", FULL.but(version=der.integer(2)).der(), Request(digest=SHA1).der()):
        server.post(body)
        server.grant(FULL)


# --- P-03, P-07: the imprint ------------------------------------------------------------------


@case("P-03", "+", "an imprint of zeros and one of ones is granted, for each digest")
def _(server: Server) -> None:
    for digest in server.digests:
        for octet in (b"\0", b"\xff"):
            server.grant(Request(digest=digest, imprint=octet * digest.size))


@case("P-03", "-", "a hashedMessage one octet longer or shorter is badDataFormat, for each digest")
def _(server: Server) -> None:
    for digest in server.digests:
        for size in (digest.size - 1, digest.size + 1):
            server.refuse(Request(digest=digest, imprint=b"\x55" * size).der(), BAD_DATA_FORMAT)


@case("P-03", "-", "a hashedMessage of 0, 1, 20, 65 and 1,000 octets is badDataFormat")
def _(server: Server) -> None:
    for size in (0, 1, 16, 20, 65, 128, 1000):
        server.refuse(Request(imprint=b"\x55" * size).der(), BAD_DATA_FORMAT)


@case("P-03", "-", "the length of another digest is badDataFormat")
def _(server: Server) -> None:
    for digest in server.digests:
        for other in SHA2:
            if other.size != digest.size:
                server.refuse(Request(digest=digest, imprint=b"\x55" * other.size).der(), BAD_DATA_FORMAT)


@case("P-07", "+", "SHA-256 is granted, parameters NULL or absent")
def _(server: Server) -> None:
    server.grant(Request(params=b""))
    server.grant(Request())


@case("P-07", "+", "SHA-384 and SHA-512 are granted, or badAlg where not offered")
def _(server: Server) -> None:
    for digest in SHA2[1:]:
        if digest in server.digests:
            server.grant(Request(digest=digest, params=b""))
        else:
            server.refuse(Request(digest=digest).der(), BAD_ALG)


def weak(digest: Digest) -> None:
    @case("P-07", "-", f"{digest.name} is badAlg")
    def _(server: Server) -> None:
        server.refuse(Request(digest=digest, imprint=b"\x55" * digest.size).der(), BAD_ALG)


for _digest in REFUSED_DIGESTS:
    weak(_digest)


@case("P-07", "-", "parameters that are neither NULL nor absent are badAlg")
def _(server: Server) -> None:
    for params in (der.seq(), der.octets(b""), der.integer(1), der.oid("1.2.3"), TRUE, der.tlv(0xA0)):
        server.refuse(Request(params=params).der(), BAD_ALG)


@case("C-01", "-", "a SHA-1 imprint is badAlg, parameters NULL or absent")
def _(server: Server) -> None:
    for params in (b"", der.NULL_ELEMENT):
        server.refuse(Request(digest=SHA1, params=params).der(), BAD_ALG)


@case("C-01", "+", "a SHA-256 imprint is granted")
def _(server: Server) -> None:
    server.grant(Request())


# --- P-06, P-08: extensions and policies ------------------------------------------------------

UNKNOWN = "1.3.6.1.4.1.32473.1.99"


@case("P-06", "+", "the same request without an extension is granted")
def _(server: Server) -> None:
    server.grant(FULL)


@case("P-06", "-", "an unknown extension that is not critical is unacceptedExtension")
def _(server: Server) -> None:
    server.refuse(
        FULL.but(extensions=extensions(extension(UNKNOWN, b"\x05\x00"))).der(), UNACCEPTED_EXTENSION
    )


@case("P-06", "-", "an unknown critical extension is unacceptedExtension")
def _(server: Server) -> None:
    body = FULL.but(extensions=extensions(extension(UNKNOWN, b"\x05\x00", TRUE))).der()
    server.refuse(body, UNACCEPTED_EXTENSION)


@case("P-06", "-", "an extension of a certificate, an empty one and two of them are unacceptedExtension")
def _(server: Server) -> None:
    for parts in (
        [extension("2.5.29.37", der.seq(der.oid("1.3.6.1.5.5.7.3.8")), TRUE)],
        [extension("1.3.6.1.5.5.7.1.3", der.seq())],
        [extension(UNKNOWN, b"")],
        [extension(UNKNOWN, b"\x01"), extension(UNKNOWN + ".1", b"\x02", TRUE)],
    ):
        server.refuse(FULL.but(extensions=extensions(*parts)).der(), UNACCEPTED_EXTENSION)


@case("P-08", "+", "a requested policy is the token's policy")
def _(server: Server) -> None:
    granted = server.grant(Request(policy=der.tlv(der.OID, server.policy)))
    equal("policy", server.policy.hex(), granted.token.tst.policy_content.hex())


@case("P-08", "-", "a policy that is not offered is unacceptedPolicy")
def _(server: Server) -> None:
    longer = der.tlv(der.OID, server.policy + b"\x01")
    for policy in (FOREIGN_POLICY, longer, der.oid("2.999.1"), der.oid("1.2"), der.oid("0.0")):
        server.refuse(FULL.but(policy=policy).der(), UNACCEPTED_POLICY)


@case("P-08", "-", "a policy whose OID is malformed is badDataFormat")
def _(server: Server) -> None:
    for content in (b"", b"\x80\x01", server.policy + b"\x81"):
        server.refuse(FULL.but(policy=der.tlv(der.OID, content)).der(), BAD_DATA_FORMAT)


# --- P-09, P-26: the nonce --------------------------------------------------------------------


def nonce_echoed(name: str, content: bytes) -> None:
    @case("P-09", "+", f"nonce {name} is echoed octet for octet")
    def _(server: Server) -> None:
        found = server.grant(Request(nonce=raw_nonce(content))).token.tst.nonce
        want(found is not None, "the token has no nonce")
        assert found is not None
        equal("nonce", content.hex(), found.content.hex())


nonce_echoed("0", b"\x00")
nonce_echoed("1", b"\x01")
nonce_echoed("127", b"\x7f")
nonce_echoed("128 (with sign octet)", b"\x00\x80")
nonce_echoed("of 31 bits", bytes.fromhex("7edcba98"))
nonce_echoed("of 64 bits", bytes.fromhex("0123456789abcdef"))
nonce_echoed("of 64 bits with sign octet", bytes.fromhex("00fedcba9876543210"))
nonce_echoed("of 80 bits", bytes.fromhex("0123456789abcdef0123"))
nonce_echoed("of 128 bits", bytes(range(1, 17)))
nonce_echoed("of 160 bits", bytes(range(1, 21)))
nonce_echoed("of 160 bits with sign octet", b"\x00" + bytes(range(0xF0, 0xDC, -1)))
nonce_echoed("of 512 bits", bytes(range(1, 65)))
nonce_echoed("-1 (negative)", b"\xff")
nonce_echoed("-128 (negative)", b"\x80")
nonce_echoed("-129 (negative)", b"\xff\x7f")
nonce_echoed("-2^63 (negative)", b"\x80" + b"\0" * 7)
nonce_echoed("of 128 bits, negative", b"\xfe" + bytes(range(15)))


def bad_nonce(name: str, element: bytes) -> None:
    @case("P-09", "-", f"nonce {name} is badDataFormat")
    def _(server: Server) -> None:
        server.refuse(Request(nonce=element).der(), BAD_DATA_FORMAT)


bad_nonce("empty INTEGER", raw_nonce(b""))
bad_nonce("1 that is not minimal", raw_nonce(b"\x00\x01"))
bad_nonce("0 in two octets", raw_nonce(b"\x00\x00"))
bad_nonce("-1 in two octets", raw_nonce(b"\xff\xff"))
bad_nonce("-128 in two octets", raw_nonce(b"\xff\x80"))
bad_nonce("with a length in long form", b"\x02\x81\x01\x05")
bad_nonce("in constructed form", b"\x22\x03\x02\x01\x05")
bad_nonce("that is an OCTET STRING", der.octets(b"\x01\x02"))
bad_nonce("of 65 octets, over the cap of 64,", raw_nonce(bytes(range(1, 66))))


@case("P-09", "-", "no nonce asked, none in the token")
def _(server: Server) -> None:
    want(server.grant(Request()).token.tst.nonce is None, "the token has a nonce")


@case("P-26", "+", "nonce is supported beside every other field")
def _(server: Server) -> None:
    policy = der.tlv(der.OID, server.policy)
    found = server.grant(Request(policy=policy, nonce=NONCE, params=b"")).token.tst
    equal("nonce", NONCE.hex(), found.nonce.raw.hex() if found.nonce else "none")
    equal("policy", server.policy.hex(), found.policy_content.hex())


@case("P-26", "-", "a nonce is only for its own token: openssl refuses the token for another nonce")
def _(server: Server) -> None:
    granted = server.grant(FULL)
    other = FULL.but(nonce=der.integer(0x0123456789ABCDEE)).der()
    server.refused_by_openssl(granted, other, granted.reply.raw, "a token with another nonce")


# --- several at once: one fixed order ---------------------------------------------------------


@case("P-12", "-", "of several faults the first in the fixed order is told")
def _(server: Server) -> None:
    extension_part = extensions(extension(UNKNOWN, b""))
    all_wrong = Request(
        version=der.integer(2),
        digest=SHA1,
        imprint=b"\x55" * 19,
        policy=FOREIGN_POLICY,
        extensions=extension_part,
    )
    server.refuse(all_wrong.der() + b"\0", BAD_DATA_FORMAT)
    server.refuse(all_wrong.but(nonce=raw_nonce(b"\0\1")).der(), BAD_DATA_FORMAT)
    server.refuse(all_wrong.der(), BAD_REQUEST)
    server.refuse(all_wrong.but(version=der.integer(1)).der(), BAD_ALG)
    right = all_wrong.but(version=der.integer(1), digest=SHA256)
    server.refuse(right.but(params=der.seq()).der(), BAD_ALG)
    server.refuse(right.der(), BAD_DATA_FORMAT)
    server.refuse(right.but(imprint=None).der(), UNACCEPTED_POLICY)
    server.refuse(right.but(imprint=None, policy=b"").der(), UNACCEPTED_EXTENSION)
    server.grant(right.but(imprint=None, policy=b"", extensions=b""))


# --- P-29: who asks is told outside the request -----------------------------------------------


@case("P-29", "+", "an Authorization header does not change what is answered")
def _(server: Server) -> None:
    granted = server.grant(FULL, TYPE, ("Authorization", "Basic dXNlcjpwYXNzd29yZA=="))
    server.verify(granted)


@case("P-29", "-", "a request wrapped in CMS SignedData is no TimeStampReq: badDataFormat")
def _(server: Server) -> None:
    content = der.seq(der.oid("1.2.840.113549.1.7.1"), der.tlv(0xA0, der.octets(GOOD)))
    signed = der.seq(der.integer(1), der.tlv(der.SET), content, der.tlv(der.SET))
    server.refuse(der.seq(der.oid("1.2.840.113549.1.7.2"), der.tlv(0xA0, signed)), BAD_DATA_FORMAT)


# --- T-01, T-06 -------------------------------------------------------------------------------


@case("T-01", "+", "reqPolicy, nonce and certReq are all honoured in one request")
def _(server: Server) -> None:
    granted = server.grant(Request(policy=der.tlv(der.OID, server.policy), nonce=NONCE))
    equal("policy", server.policy.hex(), granted.token.tst.policy_content.hex())
    equal("nonce", NONCE.hex(), granted.token.tst.nonce.raw.hex() if granted.token.tst.nonce else "none")
    want(granted.token.certificate_set, "certReq: no certificates")


@case("T-01", "-", "a wrong reqPolicy, nonce or certReq is refused, the others being right")
def _(server: Server) -> None:
    right = Request(policy=der.tlv(der.OID, server.policy), nonce=NONCE)
    server.refuse(right.but(policy=FOREIGN_POLICY).der(), UNACCEPTED_POLICY)
    server.refuse(right.but(nonce=raw_nonce(b"")).der(), BAD_DATA_FORMAT)
    server.refuse(right.but(cert_req=b"\x01\x00").der(), BAD_DATA_FORMAT)


BTSP = "0.4.0.2023.1.1"


@case("T-06", "+", "the token's policy is BTSP's or an own one, never anyPolicy")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        want(granted.token.tst.policy != "2.5.29.32.0", "anyPolicy in a token")


@case("T-06", "-", "BTSP is not claimed by a TSU whose certificate says nothing of it")
def _(server: Server) -> None:
    if server.first.token.tst.policy != BTSP:
        reply = server.ask(Request(policy=der.oid(BTSP)).der())
        if reply.token is None:
            equal("failInfo", [UNACCEPTED_POLICY], reply.failures())
            return
    claimed = server.signer(server.first.token).policies()
    if not claimed:
        raise NotJudged("the certificate has no policies to compare with")
    want(BTSP in claimed, f"BTSP is granted, the certificate has {claimed}")
