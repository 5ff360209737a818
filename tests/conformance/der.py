"""Strict DER (X.690): reading whole encodings into nodes, taking elements apart, writing.

Written from X.690 alone and shares no code with the service.  Knows nothing of time-stamps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

CONSTRUCTED = 0x20
MAX_DEPTH = 32


class DerError(Exception):
    """Bytes that are no DER; says where and which rule."""


@dataclass(frozen=True)
class Node:
    """One element: its identifier octet, contents, children if constructed, all of its bytes."""

    tag: int
    content: bytes
    children: tuple[Node, ...]
    raw: bytes
    offset: int


# --- writing ----------------------------------------------------------------------------------


def length(n: int) -> bytes:
    """A length in its shortest form (X.690 10.1)."""
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def seq(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, *parts)


def integer(value: int) -> bytes:
    size = max(1, (value if value >= 0 else ~value).bit_length() // 8 + 1)
    return tlv(INTEGER, value.to_bytes(size, "big", signed=True))


def oid_content(text: str) -> bytes:
    arcs = [int(arc) for arc in text.split(".")]
    out = bytearray()
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        out += bytes(reversed(septets))
    return bytes(out)


def oid(text: str) -> bytes:
    return tlv(OID, oid_content(text))


def octets(content: bytes) -> bytes:
    return tlv(OCTET_STRING, content)


NULL_ELEMENT = tlv(NULL)


def encode(node: Node) -> bytes:
    """The node written again from tag and values: equal to what was read, if that was DER."""
    if node.tag & CONSTRUCTED:
        return tlv(node.tag, *(encode(child) for child in node.children))
    return tlv(node.tag, node.content)


# --- reading ----------------------------------------------------------------------------------


def split(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Of the element at that place: identifier octet, where its contents begin, where they end."""
    if at + 2 > len(data):
        raise DerError(f"offset {at}: X.690 8.1: an element needs 2 octets, {len(data) - at} are left")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError(f"offset {at}: tag numbers above 30 have no place here")
    start, size = at + 2, first
    if first == 0x80:
        raise DerError(f"offset {at}: X.690 10.1: indefinite length")
    if first > 0x80:
        start += first & 0x7F
        if start > len(data):
            raise DerError(f"offset {at}: X.690 8.1.3: the length runs past the end")
        size = int.from_bytes(data[at + 2 : start], "big")
        if data[at + 2] == 0 or size < 0x80:
            raise DerError(f"offset {at}: X.690 10.1: the length is not in its shortest form")
    if start + size > len(data):
        raise DerError(f"offset {at}: X.690 8.1.3: {size} octets of contents, {len(data) - start} are left")
    return tag, start, start + size


def elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(tag, contents, whole element) one after the other, to the end; inner form is not looked at."""
    at = 0
    while at < len(data):
        tag, start, end = split(data, at)
        yield tag, data[start:end], data[at:end]
        at = end


def integer_fault(content: bytes) -> str | None:
    if not content:
        return "X.690 8.3.1: INTEGER without octets"
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0, 0), (0xFF, 1)):
        return "X.690 8.3.2: INTEGER is not in its shortest form"
    return None


def oid_fault(content: bytes) -> str | None:
    if not content or content[-1] & 0x80:
        return "X.690 8.19: OBJECT IDENTIFIER is empty or cut off"
    first = True
    for octet in content:
        if first and octet == 0x80:
            return "X.690 8.19.2: OBJECT IDENTIFIER with a padded arc"
        first = not octet & 0x80
    return None


def _boolean_fault(content: bytes) -> str | None:
    return None if content in (b"\x00", b"\xff") else "X.690 11.1: BOOLEAN is neither 00 nor FF"


def _bit_string_fault(content: bytes) -> str | None:
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        return "X.690 8.6.2: BIT STRING with a wrong count of unused bits"
    if len(content) > 1 and content[-1] & ((1 << content[0]) - 1):
        return "X.690 11.2.1: BIT STRING whose unused bits are not zero"
    return None


def _null_fault(content: bytes) -> str | None:
    return "X.690 8.8.2: NULL with contents" if content else None


def _utf8_fault(content: bytes) -> str | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "X.690 8.23.10: UTF8String is no UTF-8"
    return None


def _ascii_fault(content: bytes) -> str | None:
    return None if content.isascii() else "X.690 8.23: a string of ASCII has other octets"


def _time_fault(digits: int) -> Callable[[bytes], str | None]:
    def fault(content: bytes) -> str | None:
        head, tail = content[:digits], content[digits:]
        if not head.isdigit() or not tail.endswith(b"Z") or len(head) != digits:
            return f"X.690 11.7: time {content!r} has no {digits} digits, or no Z"
        fraction = tail[:-1]
        if fraction and (digits == 12 or fraction[:1] != b"." or not fraction[1:].isdigit()):
            return f"X.690 11.7.2: time {content!r} has something else after its seconds"
        if fraction.endswith(b"0"):
            return f"X.690 11.7.3: time {content!r} has a fraction that ends in 0"
        return None

    return fault


_FAULTS: dict[int, Callable[[bytes], str | None]] = {
    BOOLEAN: _boolean_fault,
    INTEGER: integer_fault,
    BIT_STRING: _bit_string_fault,
    NULL: _null_fault,
    OID: oid_fault,
    UTF8: _utf8_fault,
    PRINTABLE: _ascii_fault,
    IA5: _ascii_fault,
    UTC_TIME: _time_fault(12),
    GENERALIZED_TIME: _time_fault(14),
}


def _form_fault(tag: int) -> str | None:
    """SEQUENCE and SET are constructed, all other universal types are primitive (X.690 10.2)."""
    if tag & 0xC0:
        return None
    number, constructed = tag & 0x1F, bool(tag & CONSTRUCTED)
    if number == 0:
        return "X.690 8.1.5: end-of-contents octets, which DER never has"
    if (number in (16, 17)) != constructed:
        return f"X.690 10.2: tag {tag:#04x} has the wrong form, primitive or constructed"
    return None


def _read(data: bytes, at: int, depth: int, faults: list[str]) -> Node:
    tag, start, end = split(data, at)
    fault = _form_fault(tag)
    if fault is None and depth > MAX_DEPTH:
        fault = f"more than {MAX_DEPTH} levels"
    if fault is not None:
        raise DerError(f"offset {at}: {fault}")
    children: list[Node] = []
    if tag & CONSTRUCTED:
        place = start
        while place < end:
            child = _read(data[:end], place, depth + 1, faults)
            children.append(child)
            place = child.offset + len(child.raw)
        raws = [child.raw for child in children]
        if tag == SET and raws != sorted(raws):
            fault = "X.690 11.6: SET OF is not sorted"
    elif tag in _FAULTS:
        fault = _FAULTS[tag](data[start:end])
    if fault is not None:
        faults.append(f"offset {at}: {fault}")
    return Node(tag, data[start:end], tuple(children), data[at:end], at)


def read_leniently(data: bytes) -> tuple[Node, list[str]]:
    """The one element that data is, and what is wrong with values in it.

    Raises DerError only where the bytes have no structure that could be gone on with.
    """
    faults: list[str] = []
    node = _read(data, 0, 0, faults)
    if len(node.raw) != len(data):
        faults.append(f"offset {len(node.raw)}: {len(data) - len(node.raw)} octets follow the element")
    return node, faults


def read(data: bytes) -> Node:
    """The one element that data is; every octet of it is checked.  Raises DerError."""
    node, faults = read_leniently(data)
    if faults:
        raise DerError(faults[0])
    return node


# --- values -----------------------------------------------------------------------------------


def to_int(node: Node) -> int:
    return int.from_bytes(node.content, "big", signed=True)


def oid_text(content: bytes) -> str:
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [top, arcs[0] - 40 * top, *arcs[1:]])


class Fields:
    """The children of a node, taken in order; what a structure says of itself in an error."""

    def __init__(self, node: Node, what: str) -> None:
        self.what = what
        self.left = list(node.children)

    def maybe(self, tag: int) -> Node | None:
        if self.left and self.left[0].tag == tag:
            return self.left.pop(0)
        return None

    def take(self, tag: int, name: str) -> Node:
        node = self.maybe(tag)
        if node is None:
            found = f"tag {self.left[0].tag:#04x}" if self.left else "the end"
            raise DerError(f"{self.what}: wanted {name} (tag {tag:#04x}), found {found}")
        return node

    def end(self) -> None:
        if self.left:
            raise DerError(f"{self.what}: has one more field, tag {self.left[0].tag:#04x}")
