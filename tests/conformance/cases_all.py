"""What holds for everything that was said in this run: registered after what asks the most."""

from __future__ import annotations

import der
import model
from request import Request
from server import Server, equal, want
from suite import case

MAX_SERIAL = 160  # bits


@case("P-11", "-", "no status but 0 and 2 in the whole run")
def _(server: Server) -> None:
    server.first
    want(server.statuses <= {0, 2}, f"statuses {sorted(server.statuses)}")


@case("P-12", "-", "failInfo in the whole run: one known bit, DER without trailing zero bits")
def _(server: Server) -> None:
    server.refuse(b"\x30\x00", model.BAD_DATA_FORMAT)
    for raw in server.fail_infos:
        found = der.read(raw).content
        bits = [at for at in range(8 * (len(found) - 1)) if found[1 + at // 8] >> (7 - at % 8) & 1]
        want(len(bits) == 1 and bits[0] in model.NAMES, f"failInfo {raw.hex()}")
        equal("unused bits", 7 - bits[0] % 8, found[0])
        equal("octets", bits[0] // 8 + 2, len(found))


@case("P-17", "+", "each serial of the run is positive, minimal and at most 160 bits")
def _(server: Server) -> None:
    server.thousand
    for serial in server.serials:
        want(not der.integer_fault(serial), f"serial {serial.hex()}")
        value = int.from_bytes(serial, "big", signed=True)
        want(value > 0 and value.bit_length() <= MAX_SERIAL, f"serial {serial.hex()}")


@case("P-17", "+", "no serial came twice in the whole run")
def _(server: Server) -> None:
    server.thousand
    equal("different serials", len(server.serials), len(set(server.serials)))


@case("P-17", "-", "the same request sent twice gets two tokens with two serials")
def _(server: Server) -> None:
    request = Request(nonce=der.integer(0x44))
    one, other = server.grant(request), server.grant(request)
    want(one.token.tst.serial.content != other.token.tst.serial.content, "one serial for both")
