"""What the standard wants a server to answer: a decoder and judge of requests of our own.

The outcome of any bytes, after the failure map and its fixed order: decode, version, algorithm,
length, policy, extensions.
"""

from __future__ import annotations

import der
from request import BY_OID, Digest

GRANTED = -1
BAD_ALG, BAD_REQUEST, BAD_DATA_FORMAT, TIME_NOT_AVAILABLE = 0, 2, 5, 14
UNACCEPTED_POLICY, UNACCEPTED_EXTENSION, ADD_INFO_NOT_AVAILABLE, SYSTEM_FAILURE = 15, 16, 17, 25

NAMES = {
    GRANTED: "granted",
    BAD_ALG: "badAlg",
    BAD_REQUEST: "badRequest",
    BAD_DATA_FORMAT: "badDataFormat",
    TIME_NOT_AVAILABLE: "timeNotAvailable",
    UNACCEPTED_POLICY: "unacceptedPolicy",
    UNACCEPTED_EXTENSION: "unacceptedExtension",
    ADD_INFO_NOT_AVAILABLE: "addInfoNotAvailable",
    SYSTEM_FAILURE: "systemFailure",
}

MAX_NONCE = 64  # octets
MAX_POLICY = 32


def _list(data: bytes) -> list[tuple[int, bytes]]:
    return [(tag, content) for tag, content, _ in der.elements(data)]


def _one(data: bytes, tag: int) -> bytes:
    """The contents of the one element that data is, with that tag."""
    found = _list(data)
    if len(found) != 1 or found[0][0] != tag:
        raise der.DerError(f"wanted one element of tag {tag:#04x}")
    return found[0][1]


def _well_formed(fault: str | None) -> None:
    if fault is not None:
        raise der.DerError(fault)


def _algorithm(content: bytes) -> tuple[str, bool, bool]:
    """OID; whether parameters are NULL or absent; whether other ones are in doubt."""
    fields = _list(content)
    if not fields or fields[0][0] != der.OID or len(fields) > 2:
        raise der.DerError("hashAlgorithm is no AlgorithmIdentifier")
    _well_formed(der.oid_fault(fields[0][1]))
    name = der.oid_text(fields[0][1])
    if len(fields) == 1:
        return name, True, False
    tag, params = fields[1]
    if tag == der.NULL:
        _well_formed("NULL with contents" if params else None)
        return name, True, False
    # Parameters of another kind are badAlg; malformed inside they may as well be badDataFormat.
    try:
        der.read(der.tlv(tag, params))
    except der.DerError:
        return name, False, True
    return name, False, False


def _extensions(content: bytes) -> None:
    found = _list(content)
    if not found:
        raise der.DerError("extensions is empty")
    for tag, extension in found:
        fields = _list(extension)
        tags = [field[0] for field in fields]
        if tag != der.SEQUENCE or tags not in (
            [der.OID, der.OCTET_STRING],
            [der.OID, der.BOOLEAN, der.OCTET_STRING],
        ):
            raise der.DerError("an extension is none")
        _well_formed(der.oid_fault(fields[0][1]))
        if len(fields) == 3 and (len(fields[1][1]) != 1 or fields[1][1] == b"\0"):
            raise der.DerError("critical is FALSE, the default, or no BOOLEAN")


class Decoded:
    """A request's values; raises DerError where the bytes are none."""

    def __init__(self, data: bytes) -> None:
        fields = _list(_one(data, der.SEQUENCE))
        if len(fields) < 2 or fields[0][0] != der.INTEGER or fields[1][0] != der.SEQUENCE:
            raise der.DerError("version or messageImprint is missing")
        _well_formed(der.integer_fault(fields[0][1]))
        self.version = int.from_bytes(fields[0][1], "big", signed=True)
        imprint = _list(fields[1][1])
        if [tag for tag, _ in imprint] != [der.SEQUENCE, der.OCTET_STRING]:
            raise der.DerError("messageImprint is none")
        self.digest, self.good_params, self.doubtful = _algorithm(imprint[0][1])
        self.hashed = imprint[1][1]
        rest = fields[2:]
        self.policy = self._next(rest, der.OID)
        if self.policy is not None:
            _well_formed(der.oid_fault(self.policy))
        self.nonce = self._next(rest, der.INTEGER)
        if self.nonce is not None:
            _well_formed(der.integer_fault(self.nonce))
        cert_req = self._next(rest, der.BOOLEAN)
        if cert_req is not None and (len(cert_req) != 1 or cert_req == b"\0"):
            raise der.DerError("certReq is FALSE, the default, or no BOOLEAN")
        self.cert_req = cert_req is not None
        extensions = self._next(rest, 0xA0)
        if extensions is not None:
            _extensions(extensions)
        self.has_extensions = extensions is not None
        if rest:
            raise der.DerError("a field has no place")
        if len(self.nonce or b"") > MAX_NONCE or len(self.policy or b"") > MAX_POLICY:
            raise der.DerError("a field is over the limit")

    @staticmethod
    def _next(rest: list[tuple[int, bytes]], tag: int) -> bytes | None:
        return rest.pop(0)[1] if rest and rest[0][0] == tag else None


def expect(data: bytes, digests: set[Digest], policy: bytes) -> set[int]:
    """The answers that are right for these bytes; policy is one (contents of its OID) that is offered."""
    try:
        request = Decoded(data)
    except der.DerError:
        return {BAD_DATA_FORMAT}
    if request.version != 1:
        return {BAD_REQUEST}
    digest = BY_OID.get(request.digest)
    if digest is None or digest not in digests or not request.good_params:
        return {BAD_ALG} | ({BAD_DATA_FORMAT} if request.doubtful else set())
    if len(request.hashed) != digest.size:
        return {BAD_DATA_FORMAT}
    after = UNACCEPTED_EXTENSION if request.has_extensions else GRANTED
    if request.policy in (None, policy):
        return {after}
    return {UNACCEPTED_POLICY, after}  # offered or not: only the server knows
