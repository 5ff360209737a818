"""TimeStampReq (RFC 3161 2.4.1), put together from parts of which each can be made wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import der


@dataclass(frozen=True)
class Digest:
    name: str
    oid: str
    size: int


SHA256 = Digest("sha256", "2.16.840.1.101.3.4.2.1", 32)
SHA384 = Digest("sha384", "2.16.840.1.101.3.4.2.2", 48)
SHA512 = Digest("sha512", "2.16.840.1.101.3.4.2.3", 64)
SHA3 = (
    Digest("sha3-256", "2.16.840.1.101.3.4.2.8", 32),
    Digest("sha3-384", "2.16.840.1.101.3.4.2.9", 48),
    Digest("sha3-512", "2.16.840.1.101.3.4.2.10", 64),
)
SHA2 = (SHA256, SHA384, SHA512)
DIGESTS = SHA2 + SHA3
BY_OID = {digest.oid: digest for digest in DIGESTS}

# What nobody may answer with a token today.
SHA1 = Digest("sha1", "1.3.14.3.2.26", 20)
MD5 = Digest("md5", "1.2.840.113549.2.5", 16)
REFUSED_DIGESTS = (
    SHA1,
    MD5,
    Digest("md2", "1.2.840.113549.2.2", 16),
    Digest("md4", "1.2.840.113549.2.4", 16),
    Digest("ripemd160", "1.3.36.3.2.1", 20),
    Digest("sha224", "2.16.840.1.101.3.4.2.4", 28),
    Digest("sha512-224", "2.16.840.1.101.3.4.2.5", 28),
    Digest("sha256WithRSAEncryption", "1.2.840.113549.1.1.11", 32),
    Digest("an arc below sha256", "2.16.840.1.101.3.4.2.1.1", 32),
    Digest("nobody's", "1.3.6.1.4.1.32473.99.1", 32),
)

TRUE = b"\x01\x01\xff"


@dataclass(frozen=True)
class Request:
    """Every field is the encoded element that is sent, b"" if none."""

    digest: Digest = SHA256
    imprint: bytes | None = None  # contents of hashedMessage; None: a digest of its own
    params: bytes = der.NULL_ELEMENT
    version: bytes = field(default_factory=lambda: der.integer(1))
    policy: bytes = b""
    nonce: bytes = b""
    cert_req: bytes = TRUE
    extensions: bytes = b""

    @property
    def hashed(self) -> bytes:
        if self.imprint is not None:
            return self.imprint
        return (b"time-stamp conformance " * 3)[: self.digest.size]

    @property
    def message_imprint(self) -> bytes:
        return der.seq(der.seq(der.oid(self.digest.oid), self.params), der.octets(self.hashed))

    def but(self, **changes: Any) -> Request:
        return replace(self, **changes)

    def der(self) -> bytes:
        return der.seq(
            self.version, self.message_imprint, self.policy, self.nonce, self.cert_req, self.extensions
        )


def raw_nonce(content: bytes) -> bytes:
    """A nonce with these octets of contents, well-formed or not."""
    return der.tlv(der.INTEGER, content)


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    return der.seq(der.oid(oid), critical, der.octets(value))


def extensions(*parts: bytes) -> bytes:
    """[0] IMPLICIT Extensions"""
    return der.tlv(0xA0, *parts)
