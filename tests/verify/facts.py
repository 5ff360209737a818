"""What a certificate, CRL, OCSP response or token says, as far as the written rules ask for it.

Reads DER with the reader of tests/conformance and shares no code with the service: signatures are
not checked here (the corpus's index has that), names and key identifiers join issuer and subject.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
import der  # noqa: E402

DIGESTS = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
SIGNATURES = {
    "1.2.840.113549.1.1.4": ("rsa", "md5"),
    "1.2.840.113549.1.1.5": ("rsa", "sha1"),
    "1.2.840.113549.1.1.14": ("rsa", "sha224"),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "1.3.101.112": ("ed25519", None),
}
PSS = "1.2.840.113549.1.1.10"
CURVES = {
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
    "1.3.36.3.3.2.8.1.1.7": 256,
    "1.3.36.3.3.2.8.1.1.11": 384,
    "1.3.36.3.3.2.8.1.1.13": 512,
}
TIME_STAMPING, ANY_PURPOSE = "1.3.6.1.5.5.7.3.8", "2.5.29.37.0"


def moment(node: der.Node) -> datetime:
    text = node.content.decode("ascii")
    if node.tag == der.UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    head, _, fraction = text.rstrip("Z").partition(".")
    found = datetime.strptime(head, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    return found.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else found


def signature_of(algorithm: der.Node) -> tuple[str, str | None]:
    """(scheme, digest) of an AlgorithmIdentifier."""
    name = der.oid_text(algorithm.children[0].content)
    if name != PSS:
        return SIGNATURES.get(name, (name, None))
    digest = "sha1"
    for part in algorithm.children[1].children if len(algorithm.children) > 1 else ():
        if part.tag == 0xA0:
            digest = DIGESTS[der.oid_text(part.children[0].children[0].content)]
    return "pss", digest


def extensions(node: der.Node | None) -> dict[str, tuple[bool, bytes]]:
    found: dict[str, tuple[bool, bytes]] = {}
    for extension in node.children if node is not None else ():
        parts = list(extension.children)
        critical = len(parts) == 3 and parts[1].content != b"\0"
        found[der.oid_text(parts[0].content)] = (critical, parts[-1].content)
    return found


@dataclass(eq=False)
class Certificate:
    raw: bytes
    subject: bytes = b""
    issuer: bytes = b""
    serial: int = 0
    not_before: datetime = field(default_factory=lambda: datetime.max)
    not_after: datetime = field(default_factory=lambda: datetime.min)
    scheme: str = ""
    digest: str | None = None
    key: tuple[str, int] = ("", 0)
    key_octets: bytes = b""
    extensions: dict[str, tuple[bool, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        node, _ = der.read_leniently(self.raw)
        tbs, algorithm, _signature = node.children
        fields = der.Fields(tbs, "certificate")
        fields.maybe(0xA0)
        self.serial = der.to_int(fields.take(der.INTEGER, "serial"))
        fields.take(der.SEQUENCE, "signature")
        self.issuer = fields.take(der.SEQUENCE, "issuer").raw
        self.not_before, self.not_after = map(
            moment, fields.take(der.SEQUENCE, "validity").children)
        self.subject = fields.take(der.SEQUENCE, "subject").raw
        self.key, self.key_octets = public_key(fields.take(der.SEQUENCE, "key"))
        fields.maybe(0x81), fields.maybe(0x82)
        last = fields.maybe(0xA3)
        self.extensions = extensions(last.children[0] if last is not None else None)
        self.scheme, self.digest = signature_of(algorithm)

    def key_id(self) -> bytes | None:
        found = self.extensions.get("2.5.29.14")
        return der.read_leniently(found[1])[0].content if found else None

    def issuer_key_id(self) -> bytes | None:
        found = self.extensions.get("2.5.29.35")
        if not found:
            return None
        parts = [p for p in der.read_leniently(found[1])[0].children if p.tag == 0x80]
        return parts[0].content if parts else None

    def issued(self, other: Certificate) -> bool:
        wanted, mine = other.issuer_key_id(), self.key_id()
        return self.subject == other.issuer and (wanted is None or mine is None or wanted == mine)

    def purposes(self) -> tuple[bool, list[str]] | None:
        found = self.extensions.get("2.5.29.37")
        if not found:
            return None
        return found[0], [der.oid_text(p.content) for p in der.read_leniently(found[1])[0].children]


def public_key(node: der.Node) -> tuple[tuple[str, int], bytes]:
    algorithm, bits = node.children
    name = der.oid_text(algorithm.children[0].content)
    if name in ("1.2.840.113549.1.1.1", PSS):
        modulus = der.read_leniently(bits.content[1:])[0].children[0]
        return ("rsa", der.to_int(modulus).bit_length()), bits.content[1:]
    if name == "1.2.840.10045.2.1":
        curve = der.oid_text(algorithm.children[1].content)
        return ("ecdsa", CURVES[curve]), bits.content[1:]
    return ("ed25519" if name == "1.3.101.112" else name, 0), bits.content[1:]


def certificates_in(octets: bytes) -> list[Certificate]:
    """Every certificate that stands in the bytes, wherever: tokens may be BER around them."""
    found: dict[bytes, Certificate] = {}
    for at in (m.start() for m in re.finditer(rb"\x30\x82..\x30\x82", octets, re.DOTALL)):
        end = at + 4 + int.from_bytes(octets[at + 2:at + 4], "big")
        try:
            certificate = Certificate(octets[at:end])
        except (der.DerError, ValueError, IndexError, KeyError):
            continue
        found.setdefault(certificate.raw, certificate)
    return list(found.values())


def pem_blocks(octets: bytes) -> list[bytes]:
    blocks = re.findall(rb"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END", octets, re.DOTALL)
    return [base64.b64decode(block) for block in blocks] or [octets]


@dataclass(eq=False)
class Revocations:
    """A CRL or OCSP response: who signed, when, what it lists and how far back."""

    issuer: bytes | None  # name; None: OCSP
    responder_key: bytes | None
    this_update: datetime
    next_update: datetime | None
    scheme: str
    digest: str | None
    keeps: datetime | None  # expiredCertsOnCRL, archiveCutoff
    cert_hash: bytes | None
    serials: dict[int, str]  # OCSP: serial -> status; CRL: revoked ones
    name_hash: bytes | None
    certificates: list[Certificate]
    responder_name: bytes | None = None


def read_crl(raw: bytes) -> Revocations:
    node, _ = der.read_leniently(raw)
    fields = der.Fields(node.children[0], "crl")
    fields.maybe(der.INTEGER)
    fields.take(der.SEQUENCE, "signature")
    issuer = fields.take(der.SEQUENCE, "issuer").raw
    this = fields.left.pop(0)
    following = None
    if fields.left and fields.left[0].tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        following = moment(fields.left.pop(0))
    entries = fields.maybe(der.SEQUENCE)
    last = fields.maybe(0xA0)
    found = extensions(last.children[0] if last is not None else None)
    keeps = found.get("2.5.29.60")
    scheme, digest = signature_of(node.children[1])
    return Revocations(
        issuer, None, moment(this), following, scheme, digest,
        moment(der.read_leniently(keeps[1])[0]) if keeps else None, None,
        {der.to_int(e.children[0]): "revoked" for e in (entries.children if entries else ())},
        None, [])


def read_ocsp(raw: bytes) -> Revocations | None:
    node, _ = der.read_leniently(raw)
    if node.children[0].tag == 0x0A:  # OCSPResponse; else BasicOCSPResponse
        if node.children[0].content != b"\0":
            return None
        node, _ = der.read_leniently(node.children[1].children[0].children[1].content)
    data, algorithm = node.children[0], node.children[1]
    fields = der.Fields(data, "response")
    fields.maybe(0xA0)
    by_name, by_key = fields.maybe(0xA1), fields.maybe(0xA2)
    fields.left.pop(0)  # producedAt
    single = fields.take(der.SEQUENCE, "responses").children[0]
    parts = list(single.children)
    status = {0x80: "good", 0xA1: "revoked"}.get(parts[1].tag, "unknown")
    following = [p for p in parts[3:] if p.tag == 0xA0]
    more = [p for p in parts[3:] if p.tag == 0xA1]
    own = extensions(more[0].children[0] if more else None)
    cutoff, hashed = own.get("1.3.6.1.5.5.7.48.1.6"), own.get("1.3.36.8.3.13")
    scheme, digest = signature_of(algorithm)
    return Revocations(
        None, by_key.children[0].content if by_key else None, moment(parts[2]),
        moment(following[0].children[0]) if following else None, scheme, digest,
        moment(der.read_leniently(cutoff[1])[0]) if cutoff else None,
        der.read_leniently(hashed[1])[0].children[1].content if hashed else None,
        {der.to_int(parts[0].children[3]): status}, parts[0].children[1].content,
        certificates_in(node.raw), by_name.children[0].raw if by_name else None)


def signer_of(token: bytes, known: list[Certificate]) -> Certificate | None:
    """The one whose hash the signed attributes have, and that is no CA."""
    for certificate in known:
        for name in ("sha1", "sha224", "sha256", "sha384", "sha512"):
            wanted = b"\x04" + bytes([hashlib.new(name).digest_size]) + hashlib.new(
                name, certificate.raw).digest()
            purposes = certificate.purposes()
            if wanted in token and purposes is not None and TIME_STAMPING in purposes[1]:
                return certificate
    return None
