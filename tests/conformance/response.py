"""TimeStampResp, SignedData and TSTInfo (RFC 3161 2.4.2, RFC 5652): bytes to values.

Takes apart; what a value must be is for the cases.  Only what has no such structure is an error.
"""

from __future__ import annotations

from datetime import datetime

import certificate
import der
from certificate import Certificate

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, ALGORITHM_PROTECTION = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
QC_STATEMENTS, QTST_STATEMENT = "1.3.6.1.5.5.7.1.3", "0.4.0.19422.1.1"


class TstInfo:
    """TSTInfo's fields, in the order in which they may come."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        node, self.faults = der.read_leniently(raw)
        fields = der.Fields(node, "TSTInfo")
        self.version = der.to_int(fields.take(der.INTEGER, "version"))
        self.policy_content = fields.take(der.OID, "policy").content
        self.imprint = fields.take(der.SEQUENCE, "messageImprint").raw
        self.serial = fields.take(der.INTEGER, "serialNumber")
        self.gen_time = fields.take(der.GENERALIZED_TIME, "genTime")
        self.accuracy = fields.maybe(der.SEQUENCE)
        self.ordering = fields.maybe(der.BOOLEAN)
        self.nonce = fields.maybe(der.INTEGER)
        self.tsa = fields.maybe(0xA0)
        self.extensions = fields.maybe(0xA1)
        fields.end()

    @property
    def policy(self) -> str:
        return der.oid_text(self.policy_content)

    @property
    def time(self) -> datetime:
        return certificate.read_time(self.gen_time)

    def accuracy_parts(self) -> dict[str, int]:
        """seconds, millis, micros: those that are encoded."""
        names = {der.INTEGER: "seconds", 0x80: "millis", 0x81: "micros"}
        found: dict[str, int] = {}
        for child in self.accuracy.children if self.accuracy else ():
            name = names.get(child.tag)
            if name is None or name in found:
                raise der.DerError(f"accuracy: a field of tag {child.tag:#04x} has no place")
            found[name] = int.from_bytes(child.content, "big", signed=True)
        return found

    def accuracy_seconds(self) -> float:
        parts = self.accuracy_parts()
        return parts.get("seconds", 0) + parts.get("millis", 0) / 1e3 + parts.get("micros", 0) / 1e6

    def extension_list(self) -> list[tuple[str, bool, bytes]]:
        return [
            (
                der.oid_text(child.children[0].content),
                child.children[1].tag == der.BOOLEAN,
                child.children[-1].content,
            )
            for child in (self.extensions.children if self.extensions else ())
        ]


class SignerInfo:
    """One SignerInfo; attributes by OID, each occurrence with its values."""

    def __init__(self, node: der.Node) -> None:
        fields = der.Fields(node, "SignerInfo")
        self.version = der.to_int(fields.take(der.INTEGER, "version"))
        self.sid = fields.maybe(der.SEQUENCE) or fields.take(0x80, "sid")
        self.digest_algorithm = fields.take(der.SEQUENCE, "digestAlgorithm")
        self.signed = fields.maybe(0xA0)
        self.signature_algorithm = fields.take(der.SEQUENCE, "signatureAlgorithm")
        self.signature = fields.take(der.OCTET_STRING, "signature").content
        self.unsigned = fields.maybe(0xA1)
        fields.end()
        self.attributes: dict[str, list[der.Node]] = {}
        for attribute in self.signed.children if self.signed else ():
            name = der.oid_text(attribute.children[0].content)
            self.attributes.setdefault(name, []).append(attribute.children[1])

    def value(self, name: str) -> der.Node | None:
        """The one value of an attribute that is there once with one value."""
        found = self.attributes.get(name, [])
        return found[0].children[0] if len(found) == 1 and len(found[0].children) == 1 else None

    @property
    def digest(self) -> str:
        return der.oid_text(self.digest_algorithm.children[0].content)

    @property
    def signature_oid(self) -> str:
        return der.oid_text(self.signature_algorithm.children[0].content)


class EssId:
    """ESSCertIDv2 (RFC 5035 4): hashAlgorithm DEFAULT SHA-256, certHash, issuerSerial."""

    def __init__(self, node: der.Node) -> None:
        fields = der.Fields(node, "ESSCertIDv2")
        self.algorithm = fields.maybe(der.SEQUENCE)
        self.hash = fields.take(der.OCTET_STRING, "certHash").content
        self.issuer_serial = fields.maybe(der.SEQUENCE)
        fields.end()


class Token:
    """A TimeStampToken: ContentInfo of SignedData of TSTInfo."""

    def __init__(self, node: der.Node) -> None:
        self.raw = node.raw
        info = der.Fields(node, "ContentInfo")
        self.content_type = der.oid_text(info.take(der.OID, "contentType").content)
        fields = der.Fields(info.take(0xA0, "content").children[0], "SignedData")
        info.end()
        self.version = der.to_int(fields.take(der.INTEGER, "version"))
        self.digest_algorithms = fields.take(der.SET, "digestAlgorithms")
        content = der.Fields(fields.take(der.SEQUENCE, "encapContentInfo"), "encapContentInfo")
        self.certificate_set = fields.maybe(0xA0)
        self.crls = fields.maybe(0xA1)
        self.signers = [SignerInfo(child) for child in fields.take(der.SET, "signerInfos").children]
        fields.end()
        self.content_oid = der.oid_text(content.take(der.OID, "eContentType").content)
        self.content = content.take(0xA0, "eContent").children[0]
        content.end()
        self.tst = TstInfo(self.content.content)
        if not self.signers:
            raise der.DerError("SignedData: has no signer")

    @property
    def signer(self) -> SignerInfo:
        return self.signers[0]

    def certificates(self) -> list[Certificate]:
        return [
            Certificate(child.raw)
            for child in (self.certificate_set.children if self.certificate_set else ())
        ]

    def ess_ids(self) -> list[EssId]:
        """Of SigningCertificateV2; none if the attribute is not there."""
        value = self.signer.value(SIGNING_CERTIFICATE_V2)
        return [EssId(child) for child in value.children[0].children] if value else []


class Reply:
    """A TimeStampResp."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.node, self.faults = der.read_leniently(raw)
        outer = der.Fields(self.node, "TimeStampResp")
        self.info = outer.take(der.SEQUENCE, "PKIStatusInfo")
        token = outer.maybe(der.SEQUENCE)
        outer.end()
        fields = der.Fields(self.info, "PKIStatusInfo")
        self.status = der.to_int(fields.take(der.INTEGER, "status"))
        self.text_node = fields.maybe(der.SEQUENCE)
        self.fail_info = fields.maybe(der.BIT_STRING)
        fields.end()
        self.token = Token(token) if token else None
        if self.token:
            self.faults = self.faults + [f"in TSTInfo: {fault}" for fault in self.token.tst.faults]

    @property
    def text(self) -> str:
        parts = self.text_node.children if self.text_node else ()
        return " ".join(part.content.decode("utf-8", "replace") for part in parts)

    def failures(self) -> list[int]:
        """The bits that are set in failInfo."""
        octets = self.fail_info.content[1:] if self.fail_info else b""
        return [at * 8 + bit for at, octet in enumerate(octets) for bit in range(8) if octet >> (7 - bit) & 1]
