"""P-01 by the thousand: good requests bent, cut and extended everywhere, held against the model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import der
import model
from request import Request, extension, extensions
from server import SEED, Finding, Server, want
from suite import case
from wire import HttpError

EXAMPLES = 3
RANDOM_MUTANTS = 1500


def mutants(server: Server) -> Iterator[bytes]:
    """Every bit flipped, every octet taken out, doubled, every cut; then several at once."""
    dice = random.Random(SEED)
    full = Request(policy=der.tlv(der.OID, server.policy), nonce=der.integer(0x0123456789ABCDEF)).der()
    extended = Request(params=b"", extensions=extensions(extension("1.3.6.1.4.1.32473.1", b"\1"))).der()
    for good in (full, extended):
        for at in range(len(good)):
            for bit in range(8):
                yield good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]
            yield good[:at] + good[at + 1 :]
            yield good[:at] + good[at : at + 1] + good[at:]
            yield good[:at]
    for size in (1, 2, 7, 100, 1000):
        yield full + dice.randbytes(size)
    for _ in range(RANDOM_MUTANTS):
        bent = bytearray(dice.choice([full, extended]))
        for _ in range(dice.randint(2, 4)):
            bent[dice.randrange(len(bent))] = dice.randrange(256)
        yield bytes(bent)


@dataclass
class Outcome:
    """What a request got: GRANTED or the bit of failInfo; None for an HTTP error; trouble for neither."""

    body: bytes
    found: int | None = None
    trouble: str = ""


def ask(server: Server, body: bytes) -> Outcome:
    try:
        answer = server.post(body)
        if answer.status >= 400:
            return Outcome(body)
        reply = server.decode(answer)
    except (HttpError, Finding) as error:
        return Outcome(body, trouble=str(error))
    if reply.token:
        return Outcome(body, model.GRANTED)
    return Outcome(body, next(iter(reply.failures()), None))


@cache
def outcomes(server: Server) -> list[Outcome]:
    return [ask(server, body) for body in mutants(server)]


def report(bad: list[str], total: int) -> None:
    want(not bad, f"{len(bad)} of {total}: {'; '.join(bad[:EXAMPLES])}")


@case("P-01", "+", "thousands of requests bent, cut and extended are each answered in form")
def _(server: Server) -> None:
    found = outcomes(server)
    report([f"{one.body.hex()}: {one.trouble}" for one in found if one.trouble], len(found))


def name(found: int | None) -> str:
    return "no TimeStampResp" if found is None else model.NAMES.get(found, str(found))


def differing(server: Server) -> Iterator[tuple[Outcome, str]]:
    """Outcomes that are not the model's, and what was wanted and found."""
    for one in outcomes(server):
        wanted = model.expect(one.body, set(server.digests), server.policy)
        if one.found not in wanted:
            text = " or ".join(name(number) for number in sorted(wanted))
            yield one, f"{one.body.hex()}: wanted {text}, found {name(one.found)}"


@case("P-01", "-", "none of thousands of bent requests is granted that the model refuses")
def _(server: Server) -> None:
    bad = [text for one, text in differing(server) if one.found == model.GRANTED]
    report(bad, len(outcomes(server)))


@case("P-01", "-", "each of thousands of bent requests gets the failInfo of the failure map")
def _(server: Server) -> None:
    report([text for _one, text in differing(server)], len(outcomes(server)))


@case("P-02", "-", "a plain request is granted after thousands of bad ones")
def _(server: Server) -> None:
    outcomes(server)
    server.verify(server.grant(Request(nonce=der.integer(0x33))))
