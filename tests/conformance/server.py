"""The server under test: asks it, learns from it, remembers everything that it said."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property

import der
import model
from certificate import Certificate
from request import DIGESTS, TRUE, Digest, Request, raw_nonce
from response import Reply, Token
from verify import Openssl
from wire import TYPE, Answer, Client, HttpError, Target

THOUSAND = 1000
SEED = 3161


class Finding(Exception):
    """A rule that does not hold: what was wanted, what was found."""


class NotJudged(Exception):
    """Nothing that this server does shows whether the rule holds: why."""


def want(condition: object, finding: str) -> None:
    if not condition:
        raise Finding(finding)


def equal(what: str, wanted: object, found: object) -> None:
    want(wanted == found, f"{what}: wanted {wanted}, found {found}")


@dataclass
class Granted:
    """A token, what was asked for, when it was asked and answered, its signer's certificate."""

    request: Request
    reply: Reply
    token: Token
    asked: datetime
    answered: datetime


@dataclass(eq=False)
class Server:
    target: Target
    openssl: Openssl
    of_thousand: int = THOUSAND  # how many of the thousand are asked for
    client: Client = field(init=False)
    known: dict[bytes, Certificate] = field(default_factory=dict)  # by their SHA-256
    serials: list[bytes] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    fail_infos: set[bytes] = field(default_factory=set)
    last_no: str = ""  # why a request that was tried was not granted

    def __post_init__(self) -> None:
        self.client = Client(self.target)

    # --- asking -------------------------------------------------------------------------------

    def decode(self, answer: Answer) -> Reply:
        """The TimeStampResp that an answer holds, whatever HTTP says of it; remembers it."""
        try:
            reply = Reply(answer.body)
        except (der.DerError, LookupError, ValueError) as error:
            why = "" if answer.status >= 400 else f": {error}"
            raise Finding(f"wanted a TimeStampResp, found {answer}{why}") from error
        self.statuses.add(reply.status)
        if reply.fail_info:
            self.fail_infos.add(reply.fail_info.raw)
        if reply.token:
            self.serials.append(reply.token.tst.serial.content)
        return reply

    def post(self, body: bytes, *headers: tuple[str, str]) -> Answer:
        return self.client.exchange("POST", body, list(headers) or None)

    def ask(self, body: bytes, *headers: tuple[str, str]) -> Reply:
        return self.decode(self.post(body, *headers))

    def grant(self, request: Request, *headers: tuple[str, str]) -> Granted:
        """A token that answers this request, or a Finding."""
        asked = datetime.now(timezone.utc)
        answer = self.post(request.der(), *(headers or (TYPE,)))
        answered = datetime.now(timezone.utc)
        reply = self.decode(answer)
        if reply.status not in (0, 1) or reply.token is None:
            names = [model.NAMES.get(bit, str(bit)) for bit in reply.failures()]
            raise Finding(f"wanted a token, found status {reply.status} {', '.join(names)} '{reply.text}'")
        for certificate in reply.token.certificates():
            self.known.setdefault(certificate.sha256, certificate)
        return Granted(request, reply, reply.token, asked, answered)

    def try_to_grant(self, request: Request) -> Granted | None:
        try:
            return self.grant(request)
        except (Finding, HttpError) as finding:
            self.last_no = f"{finding}: request {request.der().hex()}"
            return None

    def refuse(self, body: bytes, *failures: int) -> Reply:
        """A refusal of status 2 for one of these reasons without a token, or a Finding."""
        reply = self.ask(body)
        wanted = " or ".join(model.NAMES[failure] for failure in failures)
        names = ", ".join(model.NAMES.get(bit, str(bit)) for bit in reply.failures()) or "no failInfo"
        want(reply.token is None, f"wanted {wanted}, found a token: request {body.hex()[:200]}")
        want(
            reply.status == 2 and len(reply.failures()) == 1 and reply.failures()[0] in failures,
            f"wanted status 2 {wanted}, found status {reply.status} {names} '{reply.text}': "
            f"request {body.hex()[:200]}",
        )
        return reply

    # --- what was learnt ----------------------------------------------------------------------

    @cached_property
    def first(self) -> Granted:
        """The token that a plain request gets: everything else is learnt from it."""
        return self.grant(Request(nonce=der.integer(0x1122334455667788)))

    @property
    def policy(self) -> bytes:
        """Contents of the OID of the policy that is offered without asking."""
        return self.first.token.tst.policy_content

    @cached_property
    def digests(self) -> list[Digest]:
        """Those that are accepted."""
        return [digest for digest in DIGESTS if self.try_to_grant(Request(digest=digest))]

    @cached_property
    def token_of(self) -> dict[Digest, Granted]:
        """A token with certificates for each digest that is accepted."""
        return {digest: self.grant(Request(digest=digest)) for digest in self.digests}

    @cached_property
    def samples(self) -> list[Granted]:
        """A token of each kind: digests, with and without certificates, with and without nonce."""
        bare = [self.grant(Request(digest=digest, cert_req=b"", params=b"")) for digest in self.digests]
        return [self.first, *self.token_of.values(), *bare]

    def signer(self, token: Token) -> Certificate:
        """The certificate that a token's ESSCertIDv2 or signer's identifier names."""
        candidates = {certificate.sha256: certificate for certificate in token.certificates()} or self.known
        for ess in token.ess_ids():
            if ess.algorithm is None and ess.hash in candidates:
                return candidates[ess.hash]
        for certificate in candidates.values():
            if token.signer.sid.raw == der.seq(certificate.issuer, certificate.serial):
                return certificate
        raise Finding("no certificate that was sent is the signer's")

    def signers(self) -> list[Certificate]:
        """Each certificate that signed for some digest."""
        found = {
            self.signer(granted.token).sha256: self.signer(granted.token)
            for granted in self.token_of.values()
        }
        return list(found.values())

    def verify(self, granted: Granted) -> None:
        """OpenSSL's own verifier accepts the token for its request, up to the trust anchor."""
        said = self.openssl.verify(granted.request.der(), granted.reply.raw, self.known.values())
        want(said is None, f"openssl ts -verify: {said}")

    def refused_by_openssl(self, granted: Granted, request: bytes, reply: bytes, why: str) -> None:
        said = self.openssl.verify(request, reply, self.known.values())
        want(said is not None, f"openssl ts -verify accepts {why}")

    # --- a thousand ---------------------------------------------------------------------------

    def _any_request(self, dice: random.Random) -> Request:
        digest = dice.choice(self.digests)
        nonces = [
            b"",
            der.integer(0),
            der.integer(dice.getrandbits(63)),
            raw_nonce(b"\x7f" + dice.randbytes(19)),
        ]
        nonces.append(raw_nonce(b"\x80" + dice.randbytes(15)))
        return Request(
            digest=digest,
            imprint=dice.randbytes(digest.size),
            params=dice.choice([b"", der.NULL_ELEMENT]),
            policy=dice.choice([b"", der.tlv(der.OID, self.policy)]),
            nonce=dice.choice(nonces),
            cert_req=dice.choice([b"", TRUE]),
        )

    @cached_property
    def thousand(self) -> list[Granted]:
        """Tokens for 1,000 valid requests of every kind, one after the other: those that were granted."""
        dice = random.Random(SEED)
        self.first
        tried = [self.try_to_grant(self._any_request(dice)) for _ in range(self.of_thousand)]
        found = [granted for granted in tried if granted]
        want(found, f"not one of {self.of_thousand} was granted: {self.last_no}")
        return found
