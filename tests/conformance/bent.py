"""Answers of a good server, bent: each way breaks one rule (for `bend`, which holds the suite to it)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import der
import response


@dataclass
class Tree:
    """An element that can be changed: its parts if constructed, else its contents."""

    tag: int
    parts: list[Tree] = field(default_factory=list)
    content: bytes = b""

    @staticmethod
    def of(node: der.Node) -> Tree:
        return Tree(node.tag, [Tree.of(child) for child in node.children], node.content)

    @staticmethod
    def read(encoded: bytes) -> Tree:
        return Tree.of(der.read_leniently(encoded)[0])

    def encode(self) -> bytes:
        if self.tag & der.CONSTRUCTED:
            return der.tlv(self.tag, *(part.encode() for part in self.parts))
        return der.tlv(self.tag, self.content)

    def find(self, tag: int) -> int:
        """Where the part of that tag is; where the parts end if there is none."""
        return next((at for at, part in enumerate(self.parts) if part.tag == tag), len(self.parts))

    def drop(self, tag: int) -> None:
        del self.parts[self.find(tag) : self.find(tag) + 1]


class Bent:
    """A TimeStampResp taken apart; token parts are there where it was granted."""

    def __init__(self, body: bytes) -> None:
        self.tree = Tree.read(body)
        self.status = self.tree.parts[0]
        self.granted = len(self.tree.parts) == 2
        self.after = b""  # octets that follow the response
        if self.granted:
            self.signed_data = self.tree.parts[1].parts[1].parts[0]
            self.content = self.signed_data.parts[2]
            self.signers = self.signed_data.parts[-1]
            self.signer = self.signers.parts[0]
            self.attributes = self.signer.parts[3]
            self.tst = Tree.read(self.content.parts[1].parts[0].content)

    def encode(self) -> bytes:
        if self.granted:
            self.content.parts[1].parts[0].content = self.tst.encode()
        return self.tree.encode() + self.after

    def set_accuracy(self, *fields: bytes, ordering: bytes = b"") -> None:
        """Replaces accuracy, and ordering after it."""
        self.tst.parts[5:6] = [Tree.read(part) for part in (der.seq(*fields), ordering) if part]

    def add_extension(self, extension: bytes) -> None:
        self.tst.parts.append(Tree.read(der.tlv(0xA1, extension)))

    def signer_hash(self) -> Tree:
        """certHash of the first ESSCertIDv2."""
        wanted = der.oid_content(response.SIGNING_CERTIFICATE_V2)
        attribute = next(part for part in self.attributes.parts if part.parts[0].content == wanted)
        ids = attribute.parts[1].parts[0].parts[0]
        return ids.parts[0].parts[ids.parts[0].find(der.OCTET_STRING)]

    def drop_attribute(self, oid: str) -> None:
        content = der.oid_content(oid)
        self.attributes.parts = [part for part in self.attributes.parts if part.parts[0].content != content]


@dataclass(frozen=True)
class Bend:
    rules: tuple[str, ...]  # the suite has to find it under each of these ("P-05+": under that sign)
    name: str
    apply: Callable[[Bent], None]


BENDS: list[Bend] = []

VERSION, POLICY, IMPRINT, SERIAL, GEN_TIME = range(5)


def bend(name: str, *rules: str, of_refusals: bool = False) -> Callable[[Callable[[Bent], None]], None]:
    """Registers a bend of tokens (or of refusals)."""

    def register(apply: Callable[[Bent], None]) -> None:
        def where_it_applies(bent: Bent) -> None:
            if bent.granted != of_refusals:
                apply(bent)

        BENDS.append(Bend(rules, name, where_it_applies))

    return register


def bend_certificate(name: str, pattern: bytes, by: bytes, *rules: str) -> None:
    """The signer's certificate with octets replaced; the token binds what came of it."""
    changed: dict[bytes, bytes] = {}  # SHA-256 of the certificate: before, after

    @bend(name, *rules)
    def _(bent: Bent) -> None:
        signer = bent.signer_hash()
        at = bent.signed_data.find(0xA0)
        for certificates in bent.signed_data.parts[at : at + 1]:
            for place, certificate in enumerate(certificates.parts):
                raw = certificate.encode()
                if hashlib.sha256(raw).digest() == signer.content:
                    other = re.sub(pattern, by, raw, flags=re.DOTALL)
                    changed[signer.content] = hashlib.sha256(other).digest()
                    certificates.parts[place] = Tree.read(other)
        signer.content = changed.get(signer.content, signer.content)


@bend("an octet follows the response", "P-24", "P-30")
def _(bent: Bent) -> None:
    bent.after = b"\0"


@bend("status 1, grantedWithMods", "P-11")
def _(bent: Bent) -> None:
    bent.status.parts[0].content = b"\1"


@bend("a statusString beside a token", "P-11")
def _(bent: Bent) -> None:
    bent.status.parts.append(Tree.read(der.seq(der.tlv(der.UTF8, b"ok"))))


@bend("failInfo beside a token", "P-11")
def _(bent: Bent) -> None:
    bent.status.parts.append(Tree.read(b"\x03\x02\x07\x80"))


@bend("failInfo with trailing zero bits", "P-12", of_refusals=True)
def _(bent: Bent) -> None:
    bent.status.parts[-1].content = b"\0" + bent.status.parts[-1].content[1:] + b"\0"


@bend("failInfo of a bit nobody knows", "P-12", of_refusals=True)
def _(bent: Bent) -> None:
    bent.status.parts[-1].content = b"\x04\x10"


@bend("a refusal without failInfo", "P-11", "P-12", of_refusals=True)
def _(bent: Bent) -> None:
    bent.status.parts.pop()


@bend("TSTInfo version 2", "P-13")
def _(bent: Bent) -> None:
    bent.tst.parts[VERSION].content = b"\2"


@bend("eContentType id-data", "P-13")
def _(bent: Bent) -> None:
    bent.content.parts[0].content = der.oid_content("1.2.840.113549.1.7.1")


@bend("another policy in the token", "P-08", "T-01")
def _(bent: Bent) -> None:
    bent.tst.parts[POLICY].content = der.oid_content("1.2.3.4")


@bend("parameters of the imprint's algorithm are left out", "P-16")
def _(bent: Bent) -> None:
    del bent.tst.parts[IMPRINT].parts[0].parts[1:]


@bend("another imprint", "P-16")
def _(bent: Bent) -> None:
    bent.tst.parts[IMPRINT].parts[1].content = b"\5" * 32


@bend("a nonce nobody asked for, or none", "P-09", "P-26")
def _(bent: Bent) -> None:
    at = next(
        (at for at, part in enumerate(bent.tst.parts) if at > GEN_TIME and part.tag == der.INTEGER), None
    )
    if at is None:
        bent.tst.parts.insert(6, Tree(der.INTEGER, content=b"\7"))
    else:
        del bent.tst.parts[at]


@bend("one serial for all tokens", "P-17")
def _(bent: Bent) -> None:
    bent.tst.parts[SERIAL].content = b"\7"


@bend("a serial of 21 octets", "P-17")
def _(bent: Bent) -> None:
    bent.tst.parts[SERIAL].content = b"\1" * (21 - 12) + bent.tst.parts[SERIAL].content[-12:]


@bend("a negative serial", "P-17")
def _(bent: Bent) -> None:
    bent.tst.parts[SERIAL].content = b"\x80" + bent.tst.parts[SERIAL].content


@bend("a zero ends the fraction of genTime", "P-18", "P-24")
def _(bent: Bent) -> None:
    bent.tst.parts[GEN_TIME].content = bent.tst.parts[GEN_TIME].content[:14] + b".120Z"


@bend("genTime without Z", "P-18")
def _(bent: Bent) -> None:
    bent.tst.parts[GEN_TIME].content = bent.tst.parts[GEN_TIME].content[:14]


@bend("genTime is an hour late", "P-18")
def _(bent: Bent) -> None:
    content = bent.tst.parts[GEN_TIME].content
    bent.tst.parts[GEN_TIME].content = content[:8] + b"%02d" % ((int(content[8:10]) + 1) % 24) + content[10:]


@bend("genTime is thirty years late", "P-18+", "P-23+", "T-15-", "C-08-")
def _(bent: Bent) -> None:
    content = bent.tst.parts[GEN_TIME].content
    bent.tst.parts[GEN_TIME].content = b"%04d" % (int(content[:4]) + 30) + content[4:]


@bend("no accuracy", "P-19", "T-02")
def _(bent: Bent) -> None:
    bent.tst.parts[5:6] = []


@bend("accuracy with millis 0", "P-19")
def _(bent: Bent) -> None:
    bent.set_accuracy(der.integer(1), b"\x80\x01\x00")


@bend("accuracy with micros 1000", "P-19")
def _(bent: Bent) -> None:
    bent.set_accuracy(der.integer(1), b"\x81\x02\x03\xe8")


@bend("ordering TRUE", "P-20", "T-02")
def _(bent: Bent) -> None:
    bent.set_accuracy(der.integer(1), ordering=b"\x01\x01\xff")


@bend("ordering FALSE, encoded", "P-20")
def _(bent: Bent) -> None:
    bent.set_accuracy(der.integer(1), ordering=b"\x01\x01\x00")


@bend("a critical extension in TSTInfo", "T-02")
def _(bent: Bent) -> None:
    bent.add_extension(der.seq(der.oid("1.2.3"), b"\x01\x01\xff", der.octets(b"")))


@bend("critical qcStatements without a statement", "T-05+", "T-05-")
def _(bent: Bent) -> None:
    value = der.octets(der.seq())
    bent.add_extension(der.seq(der.oid(response.QC_STATEMENTS), b"\x01\x01\xff", value))


@bend("an extension that is another in each token", "P-04+")
def _(bent: Bent) -> None:
    bent.add_extension(der.seq(der.oid("1.2.3"), der.octets(bent.tst.parts[SERIAL].content)))


@bend("policy anyPolicy", "T-06+")
def _(bent: Bent) -> None:
    bent.tst.parts[POLICY].content = der.oid_content("2.5.29.32.0")


@bend("the policy of CSBR, which the certificate has not", "C-14-")
def _(bent: Bent) -> None:
    bent.tst.parts[POLICY].content = der.oid_content("2.23.140.1.4.2")


@bend("tsa is a name of its own", "P-21")
def _(bent: Bent) -> None:
    bent.tst.drop(0xA0)
    name = der.seq(der.tlv(der.SET, der.seq(der.oid("2.5.4.3"), der.tlv(der.UTF8, b"other"))))
    bent.tst.parts.append(Tree.read(der.tlv(0xA0, der.tlv(0xA4, name))))


@bend("no certificates", "P-10", "T-01")
def _(bent: Bent) -> None:
    bent.signed_data.drop(0xA0)


@bend("certificates without being asked, out of order", "P-10", "P-24")
def _(bent: Bent) -> None:
    at = bent.signed_data.find(0xA0)
    if at < len(bent.signed_data.parts):
        bent.signed_data.parts[at].parts.reverse()
    else:
        bent.signed_data.parts.insert(3, Tree.read(der.tlv(0xA0)))


@bend("two SignerInfos", "P-14")
def _(bent: Bent) -> None:
    bent.signers.parts.append(bent.signer)


@bend("an unsigned attribute", "P-14")
def _(bent: Bent) -> None:
    attribute = der.seq(der.oid("1.2.3"), der.tlv(der.SET, der.NULL_ELEMENT))
    bent.signer.parts.append(Tree.read(der.tlv(0xA1, attribute)))


@bend("no SigningCertificateV2", "P-15")
def _(bent: Bent) -> None:
    bent.drop_attribute(response.SIGNING_CERTIFICATE_V2)


@bend("SignedData version 1", "P-24")
def _(bent: Bent) -> None:
    bent.signed_data.parts[0].content = b"\1"


@bend("signed attributes out of order", "P-24")
def _(bent: Bent) -> None:
    bent.attributes.parts.reverse()


@bend("a signed attribute twice", "P-24")
def _(bent: Bent) -> None:
    bent.attributes.parts.insert(0, bent.attributes.parts[0])


@bend("no messageDigest", "P-24")
def _(bent: Bent) -> None:
    bent.drop_attribute(response.MESSAGE_DIGEST)


@bend("another digest algorithm than the certificate's", "C-05", "P-24")
def _(bent: Bent) -> None:
    bent.signer.parts[2].parts[0].content = der.oid_content("2.16.840.1.101.3.4.2.3")


@bend("SHA-1 as digest algorithm", "C-07")
def _(bent: Bent) -> None:
    bent.signer.parts[2].parts[0].content = der.oid_content("1.3.14.3.2.26")


@bend("another signature", "P-02", "P-29")
def _(bent: Bent) -> None:
    signature = bent.signer.parts[5].content
    bent.signer.parts[5].content = signature[:-1] + bytes([signature[-1] ^ 1])


@bend("CMSAlgorithmProtection of other algorithms", "P-25+")
def _(bent: Bent) -> None:
    bent.drop_attribute(response.ALGORITHM_PROTECTION)
    value = der.seq(der.seq(der.oid("1.2.3")), der.tlv(0xA1, der.oid("1.2.3")))
    attribute = der.seq(der.oid(response.ALGORITHM_PROTECTION), der.tlv(der.SET, value))
    bent.attributes.parts.append(Tree.read(attribute))


@bend("CMSAlgorithmProtection twice", "P-25-")
def _(bent: Bent) -> None:
    value = der.seq()
    attribute = der.seq(der.oid(response.ALGORITHM_PROTECTION), der.tlv(der.SET, value, value))
    bent.attributes.parts.append(Tree.read(attribute))


PURPOSES = "1.3.6.1.5.5.7.3."
STAMPING = re.escape(der.oid_content(PURPOSES + "8"))
bend_certificate("a certificate for code signing", STAMPING, der.oid_content(PURPOSES + "3"), "P-05+")
bend_certificate("a certificate for servers", STAMPING, der.oid_content(PURPOSES + "1"), "P-05+", "C-13-")
bend_certificate("a purpose that is not critical", rb"(\x55\x1d\x25\x01\x01).", b"\\1\0", "P-05+", "C-13+")
bend_certificate("a certificate without CRL", rb"\x55\x1d\x1f", b"\x55\x1d\x63", "C-13+")
bend_certificate("a subject without organization", rb"\x55\x04\x0a", b"\x55\x04\x63", "T-03+")
bend_certificate("a country of digits", rb"(\x55\x04\x06.\x02)..", b"\\g<1>49", "T-03-")
bend_certificate("a curve of 192 bits", rb"(\x2a\x86\x48\xce\x3d\x03\x01)\x07", b"\\1\1", "C-06+")
bend_certificate("notBefore in 2000", rb"(\x30.\x17\x0d)..", b"\\g<1>00", "C-08+", "C-08-")
bend_certificate("a key that ends in 2049", rb"(\x81\x0f)....", b"\\g<1>2049", "T-15+")
bend_certificate("a key that ended in 2001", rb"(\x81\x0f)....", b"\\g<1>2001", "T-15-")
