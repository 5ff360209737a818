"""The signer's certificate under the rules of ETSI and CSBR (T-03, T-15, C-05, C-06, C-08, C-13, C-14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import certificate as x509
from cases_token import DIGEST_NAMES
from certificate import Certificate
from server import NotJudged, Server, equal, want
from suite import case

CSBR_POLICY = "2.23.140.1.4.2"
ANY_PURPOSE, SERVER_AUTH = "2.5.29.37.0", "1.3.6.1.5.5.7.3.1"
DIGITAL_SIGNATURE = 0x80


def months_later(start: datetime, months: int) -> datetime:
    """The same day and time; the month's last day if it has no such day."""
    total = start.year * 12 + start.month - 1 + months
    for day in range(start.day, 27, -1):
        try:
            return start.replace(year=total // 12, month=total % 12 + 1, day=day)
        except ValueError:
            continue
    return start.replace(year=total // 12, month=total % 12 + 1)


CheckOne = Callable[[Certificate], None]


def each(id: str, sign: str, name: str) -> Callable[[CheckOne], CheckOne]:
    """A case that holds for each certificate that signs."""

    def register(check: CheckOne) -> CheckOne:
        @case(id, sign, name)
        def _(server: Server) -> None:
            for signer in server.signers():
                check(signer)

        return check

    return register


@each("T-03", "+", "subject has countryName, organizationName and commonName")
def _(signer: Certificate) -> None:
    for name, attribute in (
        ("countryName", x509.COUNTRY),
        ("organizationName", x509.ORGANIZATION),
        ("commonName", x509.COMMON_NAME),
    ):
        equal(name, 1, len(signer.names(attribute)))


@each("T-03", "-", "none of them is empty, a country has two letters")
def _(signer: Certificate) -> None:
    for attribute in (x509.COUNTRY, x509.ORGANIZATION, x509.COMMON_NAME):
        want(all(name.strip() for name in signer.names(attribute)), f"attribute {attribute} is empty")
    want(all(len(name) == 2 and name.isalpha() for name in signer.names(x509.COUNTRY)), "countryName")


@case("T-15", "+", "privateKeyUsagePeriod is within the validity and shorter")
def _(server: Server) -> None:
    for signer in server.signers():
        start, end = signer.key_period()
        if end is None:
            raise NotJudged("the certificate has no privateKeyUsagePeriod")
        want((start or signer.not_before) >= signer.not_before, "it starts before the certificate")
        want(end < signer.not_after, f"the key's end {end} is not before {signer.not_after}")


@case("T-15", "-", "no token is from after the key's end")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        _start, end = server.signer(granted.token).key_period()
        if end is None:
            raise NotJudged("the certificate has no privateKeyUsagePeriod")
        want(granted.token.tst.time <= end, f"genTime {granted.token.tst.time}, the key ended {end}")


@case("C-05", "+", "the token's digest is the one its certificate is signed with")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        wanted = server.signer(granted.token).digest
        equal("digest", wanted, DIGEST_NAMES.get(granted.token.signer.digest, "unknown"))


@case("C-05", "-", "no token of 1,000 has another digest than its certificate")
def _(server: Server) -> None:
    for granted in server.thousand:
        wanted = server.signer(granted.token).digest
        equal("digest", wanted, DIGEST_NAMES.get(granted.token.signer.digest, "unknown"))


@each("C-06", "+", "the key is RSA of 3072 bits or more, P-256, P-384 or P-521")
def _(signer: Certificate) -> None:
    want(signer.key_bits >= 3072 or signer.curve in x509.CURVES.values(), f"the key is {signer.key_text}")


@case("C-06", "-", "no certificate authority in the token has RSA below 4096 bits")
def _(server: Server) -> None:
    authorities = [one for one in server.known.values() if one.is_authority()]
    if not authorities:
        raise NotJudged("the tokens have no certificate of an authority")
    for one in authorities:
        want(one.key_type != x509.RSA or one.key_bits >= 4096, f"an authority's key is {one.key_text}")


@each("C-08", "+", "the certificate is valid for at most 135 months")
def _(signer: Certificate) -> None:
    want(
        signer.not_after <= months_later(signer.not_before, 135), f"{signer.not_before} to {signer.not_after}"
    )


@case("C-08", "-", "no token is from more than 15 months after notBefore")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        start = server.signer(granted.token).not_before
        want(granted.token.tst.time <= months_later(start, 15), f"genTime {granted.token.tst.time}, {start}")


@each("C-13", "+", "policies, CRL and caIssuers over HTTP, keyUsage and EKU critical, AKI")
def _(signer: Certificate) -> None:
    want(signer.policies(), "no certificatePolicies")
    crls = signer.uris(x509.CRL_DISTRIBUTION_POINTS)
    want(any(uri.startswith("http://") for uri in crls), f"cRLDistributionPoints {crls}")
    issuers = signer.uris(x509.AUTHORITY_INFO_ACCESS, x509.CA_ISSUERS)
    want(any(uri.startswith("http://") for uri in issuers), f"caIssuers {issuers}")
    want(signer.critical(x509.KEY_USAGE), "keyUsage is missing or not critical")
    want(signer.key_usage() & DIGITAL_SIGNATURE, "keyUsage has no digitalSignature")
    want(signer.critical(x509.EXTENDED_KEY_USAGE), "extendedKeyUsage is missing or not critical")
    want(x509.AUTHORITY_KEY_ID in signer.extensions, "no authorityKeyIdentifier")


@each("C-13", "-", "no cA, no anyExtendedKeyUsage, no serverAuth")
def _(signer: Certificate) -> None:
    want(not signer.is_authority(), "cA is TRUE")
    want(not {ANY_PURPOSE, SERVER_AUTH} & set(signer.purposes()), f"purposes {signer.purposes()}")


def claims_csbr(server: Server) -> list[Certificate]:
    found = [signer for signer in server.signers() if CSBR_POLICY in signer.policies()]
    if not found:
        raise NotJudged(f"no certificate claims {CSBR_POLICY}")
    return found


@case("C-14", "+", "a certificate of a CSBR authority has policy 2.23.140.1.4.2")
def _(server: Server) -> None:
    claims_csbr(server)


@case("C-14", "-", "a TSU without that policy in its certificate does not claim it in tokens")
def _(server: Server) -> None:
    for granted in server.token_of.values():
        claimed = granted.token.tst.policy == CSBR_POLICY
        want(
            not claimed or CSBR_POLICY in server.signer(granted.token).policies(),
            "claimed in the token alone",
        )
