"""Tokens: each octet of what is granted around TSTInfo (P-05, P-10 to P-15, P-24, P-25, P-30, C-07)."""

from __future__ import annotations

import hashlib

import der
import response
from cases_request import FOREIGN_POLICY, UNKNOWN
from certificate import SIGNED_WITH, TIME_STAMPING, read_time
from request import MD5, SHA256, Request, extension, extensions
from server import Granted, NotJudged, Server, equal, want
from suite import case, each_token

DIGEST_NAMES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.3.14.3.2.26": "sha1",
}
RSA_ENCRYPTION, RSA_PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"


# --- P-10: certificates -----------------------------------------------------------------------


@case("P-10", "+", "certReq TRUE brings the signer's certificate and its intermediates")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        signer = server.signer(granted.token)
        found = granted.token.certificates()
        want(signer.sha256 in [one.sha256 for one in found], "the signer's certificate is not there")
        # Up to the anchor with nothing but what the token brings.
        said = server.openssl.verify(granted.request.der(), granted.reply.raw, [])
        want(said is None, f"openssl ts -verify with the token's own certificates: {said}")


def true_octet(octet: int) -> None:
    @case("P-10", "+", f"certReq TRUE sent as 01 01 {octet:02x} is honoured")
    def _(server: Server) -> None:
        granted = server.grant(Request(cert_req=bytes([1, 1, octet])))
        want(granted.token.certificates(), "the token has no certificates")


for _octet in (0xFF, 0x01, 0x31, 0x80):
    true_octet(_octet)


@case("P-10", "-", "without certReq there is no certificates field")
def _(server: Server) -> None:
    for digest in server.digests:
        granted = server.grant(Request(digest=digest, cert_req=b""))
        want(granted.token.certificate_set is None, "there is a certificates field")
        server.verify(granted)


@case(
    "P-10",
    "-",
    "certReq FALSE encoded (01 01 00, a DEFAULT) and a BOOLEAN of 0 or 2 octets are badDataFormat",
)
def _(server: Server) -> None:
    for element in (b"\x01\x01\x00", b"\x01\x00", b"\x01\x02\xff\xff"):
        server.refuse(Request(cert_req=element).der(), 5)


@case("P-10", "-", "no root certificate, none twice, none that is of no use")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        found = granted.token.certificates()
        want(not any(one.is_self_signed for one in found), "a self-signed certificate is sent")
        equal("different certificates", len(found), len({one.sha256 for one in found}))
        needed = {server.signer(granted.token).issuer} | {one.issuer for one in found}
        for one in found:
            useful = one.subject in needed or one.sha256 == server.signer(granted.token).sha256
            want(useful, "a certificate that issued none of the others")


# --- P-11, P-12: status -----------------------------------------------------------------------


@each_token("P-11", "+", "granted: status 0, a token, neither statusString nor failInfo", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    equal("status", 0, granted.reply.status)
    want(granted.reply.text_node is None, f"statusString '{granted.reply.text}'")
    want(granted.reply.fail_info is None, "failInfo beside a token")


@case("P-11", "-", "refused: status 2, a failInfo, a text for a person, no token")
def _(server: Server) -> None:
    reply = server.refuse(b"\x30\x00", 5)
    want(reply.text.strip(), "there is no statusString")
    want(
        reply.text_node is not None and all(part.tag == der.UTF8 for part in reply.text_node.children),
        "no UTF8String",
    )


FAIL_INFO = {
    "badAlg": (0, "03020780"),
    "badRequest": (2, "03020520"),
    "badDataFormat": (5, "03020204"),
    "unacceptedPolicy": (15, "030300" + "0001"),
    "unacceptedExtension": (16, "030407" + "000080"),
}


def fail_info(name: str, bit: int, encoding: str) -> None:
    bodies = {
        "badAlg": Request(digest=MD5),
        "badRequest": Request(version=der.integer(2)),
        "badDataFormat": Request(imprint=b""),
        "unacceptedPolicy": Request(policy=FOREIGN_POLICY),
        "unacceptedExtension": Request(extensions=extensions(extension(UNKNOWN, b""))),
    }

    @case("P-12", "+", f"failInfo {name} is the BIT STRING {encoding}")
    def _(server: Server) -> None:
        reply = server.refuse(bodies[name].der(), bit)
        equal("failInfo", encoding, reply.fail_info.raw.hex() if reply.fail_info else "none")


for _name, (_bit, _encoding) in FAIL_INFO.items():
    fail_info(_name, _bit, _encoding)

# --- P-13, P-14: content and signer -----------------------------------------------------------


@each_token(
    "P-13", "+", "eContentType id-ct-TSTInfo, a primitive OCTET STRING, TSTInfo version 1", of_thousand=True
)
def _(_server: Server, granted: Granted) -> None:
    equal("contentType", response.SIGNED_DATA, granted.token.content_type)
    equal("eContentType", response.TST_INFO, granted.token.content_oid)
    equal("eContent", der.OCTET_STRING, granted.token.content.tag)
    equal("TSTInfo version", 1, granted.token.tst.version)
    equal("faults of TSTInfo", [], granted.token.tst.faults)


@case("P-13", "-", "a token whose content was changed in one octet is refused by openssl")
def _(server: Server) -> None:
    granted = server.first
    at = granted.reply.raw.index(granted.token.tst.gen_time.raw) + 5
    bent = bytearray(granted.reply.raw)
    bent[at] ^= 1
    server.refused_by_openssl(granted, granted.request.der(), bytes(bent), "a token with another year")


@each_token("P-14", "+", "one SignerInfo, one digest algorithm", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    equal("SignerInfos", 1, len(granted.token.signers))
    equal("digestAlgorithms", 1, len(granted.token.digest_algorithms.children))


@each_token("P-14", "-", "no unsigned attribute, so no signature of anybody else")
def _(_server: Server, granted: Granted) -> None:
    want(granted.token.signer.unsigned is None, "there are unsigned attributes")


# --- P-15: the signer's certificate is bound --------------------------------------------------


@each_token(
    "P-15", "+", "SigningCertificateV2 names the signer's certificate first, by SHA-256", of_thousand=True
)
def _(server: Server, granted: Granted) -> None:
    ids = granted.token.ess_ids()
    want(ids, "no SigningCertificateV2 with one value")
    want(ids[0].algorithm is None, "hashAlgorithm is not the default, SHA-256")
    equal("certHash", server.signer(granted.token).sha256.hex(), ids[0].hash.hex())


@each_token("P-15", "+", "issuerSerial has issuer and serial of the certificate's own bytes")
def _(server: Server, granted: Granted) -> None:
    signer = server.signer(granted.token)
    ids = granted.token.ess_ids()
    want(ids, "no SigningCertificateV2 with one value")
    found = ids[0].issuer_serial
    wanted = der.seq(der.seq(der.tlv(0xA4, signer.issuer)), signer.serial)
    equal("issuerSerial", wanted.hex(), found.raw.hex() if found else "none")


@each_token("P-15", "-", "one id only, no SigningCertificate of version 1 beside it")
def _(_server: Server, granted: Granted) -> None:
    equal("ESSCertIDv2", 1, len(granted.token.ess_ids()))
    want(response.SIGNING_CERTIFICATE not in granted.token.signer.attributes, "SHA-1 SigningCertificate")


@each_token("P-15", "-", "the default hashAlgorithm is not encoded")
def _(_server: Server, granted: Granted) -> None:
    for ess in granted.token.ess_ids():
        if ess.algorithm is not None:
            found = der.oid_text(ess.algorithm.children[0].content)
            want(found != SHA256.oid, "SHA-256 is encoded though it is the DEFAULT (X.690 11.5)")


# --- P-24, P-25, C-07: SignedData -------------------------------------------------


@each_token(
    "P-24", "+", "SignedData version 3, SignerInfo version 1 by issuerAndSerialNumber", of_thousand=True
)
def _(server: Server, granted: Granted) -> None:
    equal("SignedData version", 3, granted.token.version)
    equal("SignerInfo version", 1, granted.token.signer.version)
    signer = server.signer(granted.token)
    equal("sid", der.seq(signer.issuer, signer.serial).hex(), granted.token.signer.sid.raw.hex())


@each_token("P-24", "+", "contentType and messageDigest are signed and right", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    signer = granted.token.signer
    kind, digest = signer.value(response.CONTENT_TYPE), signer.value(response.MESSAGE_DIGEST)
    want(kind is not None and digest is not None, "contentType or messageDigest is missing or has two values")
    assert kind and digest
    equal("contentType", response.TST_INFO, der.oid_text(kind.content))
    name = DIGEST_NAMES.get(signer.digest, signer.digest)
    want(name in hashlib.algorithms_available, f"digestAlgorithm {name}")
    equal("messageDigest", hashlib.new(name, granted.token.tst.raw).hexdigest(), digest.content.hex())


@each_token("P-24", "+", "one digest algorithm throughout, the signature's too", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    signer = granted.token.signer
    equal(
        "digestAlgorithms",
        [signer.digest_algorithm.raw],
        [n.raw for n in granted.token.digest_algorithms.children],
    )
    if signer.signature_oid not in (RSA_ENCRYPTION, RSA_PSS):
        equal(
            "digest of the signature", DIGEST_NAMES.get(signer.digest), SIGNED_WITH.get(signer.signature_oid)
        )


@each_token("P-24", "-", "signed attributes are sorted (SET OF), none is there twice", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    signed = granted.token.signer.signed
    want(signed is not None, "there are no signed attributes")
    raws = [child.raw for child in signed.children] if signed else []
    want(raws == sorted(raws), "signed attributes are not sorted")
    for name, found in granted.token.signer.attributes.items():
        want(len(found) == 1 and len(found[0].children) == 1, f"attribute {name} is there {len(found)} times")


@each_token("P-24", "-", "certificates are sorted (SET OF); no CRL, no attribute certificate")
def _(_server: Server, granted: Granted) -> None:
    found = granted.token.certificate_set.children if granted.token.certificate_set else ()
    raws = [child.raw for child in found]
    want(raws == sorted(raws), "certificates are not sorted")
    want(all(child.tag == der.SEQUENCE for child in found), "a certificate that is none of X.509")
    want(granted.token.crls is None, "CRLs or OCSP responses in the token")


@each_token(
    "P-24", "-", "the response has no octet that is not DER and comes back byte for byte", of_thousand=True
)
def _(_server: Server, granted: Granted) -> None:
    equal("faults", [], granted.reply.faults)
    equal("encoded again", granted.reply.raw.hex(), der.encode(granted.reply.node).hex())


@each_token("P-25", "+", "CMSAlgorithmProtection repeats both algorithms", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    signer = granted.token.signer
    value = signer.value(response.ALGORITHM_PROTECTION)
    if value is None:
        raise NotJudged("the tokens have no CMSAlgorithmProtection")
    wanted = signer.digest_algorithm.raw + der.tlv(0xA1, signer.signature_algorithm.content)
    equal("CMSAlgorithmProtection", wanted.hex(), value.content.hex())


@each_token("P-25", "-", "CMSAlgorithmProtection names no MAC and is not there twice")
def _(_server: Server, granted: Granted) -> None:
    found = granted.token.signer.attributes.get(response.ALGORITHM_PROTECTION, [])
    if not found:
        raise NotJudged("the tokens have no CMSAlgorithmProtection")
    equal("values", [1], [len(one.children) for one in found])
    want(all(child.tag != 0xA2 for child in found[0].children[0].children), "macAlgorithm")


@each_token("P-24", "+", "signingTime, if signed, is genTime to the second", of_thousand=True)
def _(_server: Server, granted: Granted) -> None:
    value = granted.token.signer.value(response.SIGNING_TIME)
    if value is not None:
        equal("signingTime", granted.token.tst.time.replace(microsecond=0), read_time(value))


@each_token(
    "C-07", "+", "signature by RSA PKCS#1 v1.5, PSS or ECDSA with SHA-256, 384 or 512", of_thousand=True
)
def _(_server: Server, granted: Granted) -> None:
    signer = granted.token.signer
    known = signer.signature_oid in (RSA_ENCRYPTION, RSA_PSS) or signer.signature_oid in SIGNED_WITH
    want(known, f"signatureAlgorithm {signer.signature_oid}")
    want(DIGEST_NAMES.get(signer.digest) in ("sha256", "sha384", "sha512"), f"digest {signer.digest}")


@each_token("C-07", "-", "no SHA-1 in digest, signature or certificate identifier")
def _(server: Server, granted: Granted) -> None:
    signer = granted.token.signer
    want(DIGEST_NAMES.get(signer.digest) != "sha1", "digestAlgorithm SHA-1")
    want(SIGNED_WITH.get(signer.signature_oid) != "sha1", "signature with SHA-1")
    want(server.signer(granted.token).digest != "sha1", "certificate signed with SHA-1")


# --- P-30, P-05 -------------------------------------------------------------------


@case("P-30", "+", "the body is the DER of a TimeStampResp that openssl ts -reply reads")
def _(server: Server) -> None:
    granted = server.first
    server.openssl.write("reply", granted.reply.raw)
    good, said = server.openssl.run("ts", "-reply", "-in", "reply", "-text")
    want(good and "Status: Granted." in said, f"openssl ts -reply: {said[-200:]}")
    equal("octets beyond the DER", len(granted.reply.node.raw), len(granted.reply.raw))


@case("P-30", "-", "the body is not a bare token")
def _(server: Server) -> None:
    server.openssl.write("reply", server.first.reply.raw)
    good, _said = server.openssl.run("ts", "-reply", "-in", "reply", "-token_in", "-text")
    want(not good, "openssl reads the body as a bare token")
    server.openssl.write("reply", server.first.token.raw)
    good, said = server.openssl.run("ts", "-reply", "-in", "reply", "-token_in", "-text")
    want(good, f"openssl does not read the token inside as one: {said[-200:]}")


@case("P-05", "+", "the signer's certificate has extendedKeyUsage once, critical, timeStamping alone")
def _(server: Server) -> None:
    for signer in server.signers():
        found = signer.extensions.get("2.5.29.37", [])
        equal("extendedKeyUsage extensions", 1, len(found))
        want(found[0][0], "extendedKeyUsage is not critical")
        equal("purposes", [TIME_STAMPING], signer.purposes())


@case("P-05", "-", "openssl refuses the signer's certificate for TLS and e-mail")
def _(server: Server) -> None:
    for signer in server.signers():
        chain = list(server.known.values())
        want(server.openssl.accepts_for("timestampsign", signer, chain), "it is refused for time-stamping")
        for purpose in ("sslclient", "sslserver", "smimesign"):
            want(not server.openssl.accepts_for(purpose, signer, chain), f"it is accepted for {purpose}")
