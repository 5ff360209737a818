#!/usr/bin/python3
"""Signed files with time-stamps in them, for tests of tsa-verify --embedded.

  value CMS OUT             the octets of the signature
  stamp CMS OID VALUE OUT   adds an unsigned attribute with that value
  pe OUT CMS...             a program whose certificate table has these signatures
  jar OUT SF CMS            a JAR whose META-INF has them as A.SF and A.RSA
A reader and writer of DER of its own; each CMS has one SignerInfo without unsigned attributes.
"""
import struct
import sys
import zipfile


def element(data, at):
    """(offset of the content, offset behind it)"""
    length = data[at + 1]
    at += 2
    if length >= 0x80:
        octets = length - 0x80
        length = int.from_bytes(data[at:at + octets], "big")
        at += octets
    return at, at + length


def children(data, at):
    at, end = element(data, at)
    found = []
    while at < end:
        found.append(at)
        at = element(data, at)[1]
    return found


def der(tag, content):
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def oid(dotted):
    numbers = [int(n) for n in dotted.split(".")]
    out = b""
    for n in [numbers[0] * 40 + numbers[1]] + numbers[2:]:
        septets = [n & 0x7f]
        while n := n >> 7:
            septets.append(0x80 | n & 0x7f)
        out += bytes(reversed(septets))
    return der(6, out)


def signer_path(data):
    """Offsets of what the SignerInfo is inside of, and its own, outermost first."""
    wrapper = children(data, 0)[1]
    signed = children(data, wrapper)[0]
    infos = children(data, signed)[-1]
    return [0, wrapper, signed, infos, children(data, infos)[0]]


def value(data):
    signature = children(data, signer_path(data)[-1])[-1]
    if data[signature] != 4:
        raise SystemExit("carrier_files: it has unsigned attributes")
    start, end = element(data, signature)
    return data[start:end]


def stamp(data, dotted, content):
    """The SignerInfo is the last of what it is inside of, and so on outwards."""
    path = signer_path(data)
    start, end = element(data, path[-1])
    attributes = der(0xa1, der(0x30, oid(dotted) + der(0x31, content)))
    inner = der(data[path[-1]], data[start:end] + attributes)
    for at, inside in zip(reversed(path[:-1]), reversed(path[1:])):
        inner = der(data[at], data[element(data, at)[0]:inside] + inner)
    return inner


def pe(signatures):
    table = b""
    for signature in signatures:
        entry = struct.pack("<IHH", 8 + len(signature), 0x200, 2) + signature
        table += entry + b"\0" * (-len(entry) % 8)
    dos = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 0, 0, 0, 0, 240, 0x22)
    optional = bytearray(240)
    struct.pack_into("<H", optional, 0, 0x20b)
    struct.pack_into("<I", optional, 108, 16)
    struct.pack_into("<II", optional, 112 + 4 * 8, 512, len(table))
    head = dos + coff + bytes(optional)
    return head + b"\0" * (512 - len(head)) + table


def jar(out, signed, signature):
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")
        z.writestr("META-INF/A.SF", signed)
        z.writestr("META-INF/A.RSA", signature)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def main(verb, *args):
    if verb == "value":
        write(args[1], value(read(args[0])))
    elif verb == "stamp":
        write(args[3], stamp(read(args[0]), args[1], read(args[2])))
    elif verb == "pe":
        write(args[0], pe([read(a) for a in args[1:]]))
    elif verb == "jar":
        jar(args[0], read(args[1]), read(args[2]))
    else:
        raise SystemExit(__doc__)


main(*sys.argv[1:])
