#!/usr/bin/env python3
"""A second reading of RFC 4998: hash trees, links and order of Evidence Records; no signatures.

Shares nothing with tsa/token/evidence.  Standard input has cases, one a line, tab-separated: record,
options ("-", "exact", "rehash"), objects (paths, or digests as sha256:HEX joined by commas; "-" for
none).  Each is printed as it came with a field more: the rules that are broken (ER-01 ... as
tsa/token/evidence/record.h has them), "-" for none of them, "no record".
"""

from __future__ import annotations

import hashlib
import sys

# The digests of the corpus and a few more, by the octets of their OIDs.
DIGESTS = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
    bytes.fromhex("608648016503040204"): "sha224",
}
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
SHA1_ENDS = "20120801000000"  # ETSI TS 119 312
SEQUENCE, INTEGER, OCTETS, OID = 0x30, 0x02, 0x04, 0x06


class Malformed(Exception):
    """It is no Evidence Record."""


class Element:
    """One BER element: tag, all its octets, what is in it."""

    def __init__(self, data: bytes, at: int):
        try:
            self.tag = data[at]
            length = data[at + 1]
        except IndexError as error:
            raise Malformed("cut off") from error
        if self.tag & 0x1F == 0x1F:
            raise Malformed("a long tag")
        begin = at + 2
        self.indefinite = length == 0x80
        if length > 0x80:
            begin += length - 0x80
            length = int.from_bytes(data[at + 2 : begin], "big")
        self.children: list[Element] = []
        if self.indefinite:
            end = begin
            while data[end : end + 2] != b"\0\0":
                self.children.append(Element(data, end))
                end += len(self.children[-1].whole)
            self.content, after = data[begin:end], end + 2
        else:
            end = after = begin + length
            self.content = data[begin:end]
            if end > len(data):
                raise Malformed("cut off")
            if self.tag & 0x20:
                while begin < end:
                    self.children.append(Element(data[:end], begin))
                    begin += len(self.children[-1].whole)
        self.whole = data[at:after]

    def inside(self) -> list[Element]:
        return self.children

    def octets(self) -> bytes:
        if self.tag & 0x20:
            return b"".join(child.octets() for child in self.children)
        return self.content


def header_of(length: int) -> bytes:
    if length < 0x80:
        return bytes([SEQUENCE, length])
    size = (length.bit_length() + 7) // 8
    return bytes([SEQUENCE, 0x80 | size]) + length.to_bytes(size, "big")


def outer_is_der(element: Element) -> bool:
    """The header is as DER has it."""
    return not element.indefinite and element.whole.startswith(
        bytes([element.tag]) + header_of(len(element.content))[1:])


def want(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)


class Stamp:
    """ArchiveTimeStamp, and what its token says."""

    def __init__(self, element: Element):
        fields = element.inside()
        self.whole = element.whole
        want(element.tag == SEQUENCE and outer_is_der(element), "ArchiveTimeStamp")
        self.field = None
        self.lists: list[list[bytes]] = []
        if fields and fields[0].tag == 0xA0:
            self.field = DIGESTS.get(fields.pop(0).inside()[0].content, "unknown")
        if fields and fields[0].tag == 0xA1:
            fields.pop(0)
        if fields and fields[0].tag == 0xA2:
            self.lists = [[hash_.content for hash_ in list_.inside()]
                          for list_ in fields.pop(0).inside()]
            want(all(self.lists), "an empty list")
        want(len(fields) == 1 and fields[0].tag == SEQUENCE, "timeStamp")
        self.token = fields[0].whole
        self.imprint, self.algorithm, self.time = b"", None, ""
        try:
            self.read_token(fields[0])
        except (IndexError, Malformed):
            pass
        self.usable = False

    def read_token(self, token: Element) -> None:
        signed_data = token.inside()[1].inside()[0]
        encapsulated = signed_data.inside()[2].inside()
        want(encapsulated[0].content == TST_INFO, "it is no TSTInfo")
        tst = Element(encapsulated[1].inside()[0].octets(), 0).inside()
        imprint = tst[2].inside()
        self.algorithm = DIGESTS.get(imprint[0].inside()[0].content, "unknown")
        self.imprint = imprint[1].content
        self.time = tst[4].content.decode("ascii").rstrip("Z")

    def digest(self) -> str | None:
        return self.field or self.algorithm

    def hash(self, *parts: bytes) -> bytes:
        return hashlib.new(self.digest() or "", b"".join(parts)).digest()

    def first_list(self) -> list[bytes]:
        return self.lists[0] if self.lists else [self.imprint]

    def root(self, rehash: bool) -> bytes:
        if not self.lists:
            return self.imprint
        value = None
        for number, list_ in enumerate(self.lists):
            values = sorted(list_ if number == 0 else list_ + [value])
            alone = number == 0 and len(values) == 1 and not rehash
            value = values[0] if alone else self.hash(*values)
        return value


class Record:
    """EvidenceRecord."""

    def __init__(self, data: bytes):
        whole = Element(data, 0)
        want(whole.whole == data and whole.tag == SEQUENCE, "one SEQUENCE")
        fields = whole.inside()
        want(len(fields) >= 3 and fields[0].whole == b"\x02\x01\x01", "version")
        want(fields[1].tag == SEQUENCE and fields[-1].tag == SEQUENCE, "sequences")
        self.declared = {DIGESTS.get(each.inside()[0].content) for each in fields[1].inside()}
        self.encrypted = any(field.tag == 0xA1 for field in fields[2:-1])
        chains = fields[-1].inside()
        for element in (whole, fields[-1], *chains):
            want(outer_is_der(element), "DER")
        want(bool(chains) and all(chain.inside() for chain in chains), "an empty chain")
        self.chains = [[Stamp(stamp) for stamp in chain.inside()] for chain in chains]
        self.chain_octets = [chain.whole for chain in chains]

    def before(self, chain: int) -> bytes:
        octets = b"".join(self.chain_octets[:chain])
        return header_of(len(octets)) + octets


def seconds(time: str) -> str:
    """Digits that sort as the times do."""
    whole, _, fraction = time.partition(".")
    return whole + "." + fraction.ljust(9, "0")


def check_form(record: Record, broken: set[str]) -> None:
    if record.encrypted:
        broken.add("ER-01")
    for chain in record.chains:
        for stamp in chain:
            digest = stamp.digest()
            good = (stamp.algorithm is not None and digest == stamp.algorithm
                    and digest == chain[0].digest() and digest in DIGESTS.values())
            if good:
                size = hashlib.new(digest).digest_size
                good = all(len(value) == size for list_ in stamp.lists for value in list_)
                good = good and len(stamp.imprint) == size
            stamp.usable = good
            if not good or digest not in record.declared:
                broken.add("ER-01")


def check_objects(record: Record, objects: list[dict[str, bytes]], exact: bool,
                  broken: set[str]) -> None:
    if not objects:
        broken.add("ER-02")
        return
    for number, chain in enumerate(record.chains):
        stamp, rule = chain[0], "ER-05" if number else "ER-02"
        if not stamp.usable:
            continue
        wanted = set()
        for digests in objects:
            plain = digests.get(stamp.digest() or "")
            if plain is None:
                broken.add(rule)
                continue
            if number:
                plain = stamp.hash(plain, stamp.hash(record.before(number)))
            wanted.add(plain)
            if plain not in stamp.first_list():
                broken.add(rule)
        if exact and len(wanted) == len(objects) and set(stamp.first_list()) - wanted:
            broken.add("ER-06")


def check_links(record: Record, rehash: bool, broken: set[str]) -> None:
    stamps = [stamp for chain in record.chains for stamp in chain]
    for stamp in stamps:
        if stamp.usable and stamp.root(rehash) != stamp.imprint:
            broken.add("ER-03")
    for chain in record.chains:
        for earlier, later in zip(chain, chain[1:]):
            if later.usable and later.hash(earlier.token) not in later.first_list():
                broken.add("ER-04")
    times = [seconds(stamp.time) for stamp in stamps if stamp.time]
    if times != sorted(times):
        broken.add("ER-07")
    for chain, following in zip(record.chains, record.chains[1:]):
        if chain[0].usable and chain[0].digest() == "sha1" and (
                seconds(following[0].time) >= seconds(SHA1_ENDS)):
            broken.add("ER-07")


def read_object(text: str) -> dict[str, bytes]:
    if ":" in text:
        pairs = (pair.split(":") for pair in text.split(","))
        return {name: bytes.fromhex(value) for name, value in pairs}
    with open(text, "rb") as file:
        data = file.read()
    return {name: hashlib.new(name, data).digest() for name in DIGESTS.values()}


def judge(path: str, options: str, objects: str) -> str:
    broken: set[str] = set()
    try:
        with open(path, "rb") as file:
            record = Record(file.read())
    except (Malformed, IndexError, RecursionError):
        return "no record"
    wanted = [] if objects == "-" else [read_object(text) for text in objects.split(" ")]
    check_form(record, broken)
    check_objects(record, wanted, options == "exact", broken)
    check_links(record, options == "rehash", broken)
    return ",".join(sorted(broken)) or "-"


def main() -> None:
    for line in sys.stdin:
        case = line.rstrip("\n").split("\t")
        print("\t".join([*case[:3], judge(*case[:3])]))


if __name__ == "__main__":
    main()
