"""X.509 certificates (RFC 5280): what the rules for a time-stamping unit's certificate look at."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

import der

KEY_USAGE, PRIVATE_KEY_USAGE_PERIOD, BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.16", "2.5.29.19"
CRL_DISTRIBUTION_POINTS, POLICIES, AUTHORITY_KEY_ID = "2.5.29.31", "2.5.29.32", "2.5.29.35"
EXTENDED_KEY_USAGE, AUTHORITY_INFO_ACCESS = "2.5.29.37", "1.3.6.1.5.5.7.1.1"
TIME_STAMPING, CA_ISSUERS = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.48.2"
COUNTRY, ORGANIZATION, COMMON_NAME = "2.5.4.6", "2.5.4.10", "2.5.4.3"
URI = 0x86  # [6] of GeneralName

RSA, EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
CURVES = {"1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384", "1.3.132.0.35": "P-521"}
# Digests that a signature algorithm's OID names.
SIGNED_WITH = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}


def read_time(node: der.Node) -> datetime:
    """UTCTime, or GeneralizedTime with or without a fraction."""
    text = node.content.decode("ascii")
    if node.tag == der.UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    head, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(head, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else moment


def _is_true(node: der.Node) -> bool:
    """A BOOLEAN that is TRUE: some encode FALSE, the default."""
    return node.tag == der.BOOLEAN and node.content != b"\0"


class Certificate:
    """A decoded certificate.  Raises DerError (or ValueError) if it cannot be read."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        node, self.faults = der.read_leniently(raw)
        outer = der.Fields(node, "certificate")
        fields = der.Fields(outer.take(der.SEQUENCE, "tbsCertificate"), "tbsCertificate")
        self.algorithm = der.oid_text(outer.take(der.SEQUENCE, "signatureAlgorithm").children[0].content)
        fields.maybe(0xA0)  # version
        self.serial = fields.take(der.INTEGER, "serialNumber").raw
        fields.take(der.SEQUENCE, "signature")
        self.issuer = fields.take(der.SEQUENCE, "issuer").raw
        self.not_before, self.not_after = map(read_time, fields.take(der.SEQUENCE, "validity").children)
        self.subject_node = fields.take(der.SEQUENCE, "subject")
        self.subject = self.subject_node.raw
        self._take_key(fields.take(der.SEQUENCE, "subjectPublicKeyInfo"))
        fields.maybe(0xA1), fields.maybe(0xA2)  # unique identifiers
        self._take_extensions(fields.maybe(0xA3))

    def _take_key(self, info: der.Node) -> None:
        algorithm, key = info.children
        self.key_type = der.oid_text(algorithm.children[0].content)
        self.key_bits, self.curve = 0, ""
        if self.key_type == RSA:
            self.key_bits = der.to_int(der.read(key.content[1:]).children[0]).bit_length()
        elif self.key_type == EC:
            curve = der.oid_text(algorithm.children[1].content)
            self.curve = CURVES.get(curve, curve)

    def _take_extensions(self, wrapped: der.Node | None) -> None:
        self.extensions: dict[str, list[tuple[bool, bytes]]] = {}
        for extension in wrapped.children[0].children if wrapped else ():
            name = der.oid_text(extension.children[0].content)
            critical = _is_true(extension.children[1])
            self.extensions.setdefault(name, []).append((critical, extension.children[-1].content))

    @property
    def digest(self) -> str:
        """Of its own signature; its OID where it names none of ours."""
        return SIGNED_WITH.get(self.algorithm, self.algorithm)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.raw).digest()

    @property
    def is_self_signed(self) -> bool:
        return self.issuer == self.subject

    @property
    def key_text(self) -> str:
        return f"RSA {self.key_bits}" if self.key_type == RSA else self.curve or self.key_type

    def critical(self, name: str) -> bool:
        return any(critical for critical, _ in self.extensions.get(name, []))

    def value(self, name: str) -> der.Node | None:
        found = self.extensions.get(name)
        return der.read(found[0][1]) if found else None

    def purposes(self) -> list[str]:
        node = self.value(EXTENDED_KEY_USAGE)
        return [der.oid_text(child.content) for child in node.children] if node else []

    def policies(self) -> list[str]:
        node = self.value(POLICIES)
        return [der.oid_text(child.children[0].content) for child in node.children] if node else []

    def is_authority(self) -> bool:
        node = self.value(BASIC_CONSTRAINTS)
        return bool(node and node.children and _is_true(node.children[0]))

    def key_usage(self) -> int:
        """Bits as in RFC 5280 4.2.1.3, digitalSignature first in the highest bit of an octet."""
        node = self.value(KEY_USAGE)
        return node.content[1] if node and len(node.content) > 1 else 0

    def names(self, attribute: str) -> list[str]:
        """The values of an attribute in the subject."""
        return [
            pair.children[1].content.decode("utf-8", "replace")
            for part in self.subject_node.children
            for pair in part.children
            if der.oid_text(pair.children[0].content) == attribute
        ]

    def uris(self, name: str, method: str | None = None) -> list[str]:
        """The URIs in cRLDistributionPoints, or those of one access method."""
        node = self.value(name)
        found: list[str] = []
        for child in node.children if node else ():
            if method is None or der.oid_text(child.children[0].content) == method:
                found += [uri.content.decode("ascii", "replace") for uri in _all_of(child, URI)]
        return found

    def key_period(self) -> tuple[datetime | None, datetime | None]:
        """privateKeyUsagePeriod: [0] notBefore, [1] notAfter, each a GeneralizedTime."""
        node = self.value(PRIVATE_KEY_USAGE_PERIOD)
        bounds = {child.tag: read_time(child) for child in node.children} if node else {}
        return bounds.get(0x80), bounds.get(0x81)


def _all_of(node: der.Node, tag: int) -> list[der.Node]:
    if node.tag == tag:
        return [node]
    return [found for child in node.children for found in _all_of(child, tag)]
