#!/usr/bin/env python3
"""Writes an Evidence Record (RFC 4998) of one archive time-stamp in SHA-256.

make_record.py RESPONSE OUT [HASHED-FILE...]: RESPONSE is the TimeStampResp whose token is taken; with
files their digests are the one list of the hash tree.  "--root FILE..." prints the hexadecimal root
of such a list instead.
"""

from __future__ import annotations

import hashlib
import sys

SHA256 = bytes.fromhex("300b0609608648016503040201")


def element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def after_header(data: bytes) -> int:
    return 2 + (data[1] - 0x80 if data[1] > 0x80 else 0)


def token_of(response: bytes) -> bytes:
    inside = response[after_header(response):]
    status = after_header(inside) + inside[1]  # PKIStatusInfo is short
    return inside[status:]


def digest_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


def main() -> None:
    if sys.argv[1] == "--root":
        digests = sorted(digest_of(path) for path in sys.argv[2:])
        print(hashlib.sha256(b"".join(digests)).hexdigest())
        return
    with open(sys.argv[1], "rb") as file:
        token = token_of(file.read())
    tree = b""
    if len(sys.argv) > 3:
        hashes = b"".join(element(0x04, digest_of(path)) for path in sys.argv[3:])
        tree = element(0xA2, element(0x30, hashes))
    stamp = element(0x30, tree + token)
    sequence = element(0x30, element(0x30, stamp))
    with open(sys.argv[2], "wb") as out:
        out.write(element(0x30, b"\x02\x01\x01" + element(0x30, SHA256) + sequence))


if __name__ == "__main__":
    main()
