# SPDX-License-Identifier: Apache-2.0
"""Hostile WebSocket frames behind a handshake that is in order (RFC 6455)."""

import json
import struct

import client
from oracle import Row

CALL = json.dumps(client.call("boom", {})).encode()


def rows():
    frame = client.frame
    cases = []

    def case(id, name, frames, close, reason="frame-malformed"):
        cases.append((id, name, frames if isinstance(frames, list) else [frames], close, reason))

    case("A37", "unmasked", frame(CALL, mask=False), 1002)
    case("A37", "unmasked ping", frame(b"", 9, mask=False), 1002)
    case("A37", "unmasked close", frame(b"\x03\xe8", 8, mask=False), 1002)
    for bits in range(1, 8):
        case("A37", f"reserved bits {bits:03b}", frame(CALL, reserved=bits), 1002)
        case("A37", f"reserved bits {bits:03b} on a ping", frame(b"", 9, reserved=bits), 1002)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        case("A37", f"opcode {opcode}", frame(b"", opcode), 1002)
        case("A37", f"opcode {opcode} with a message", frame(CALL, opcode), 1002)
    for opcode, name in ((8, "close"), (9, "ping"), (10, "pong")):
        case("A37", f"{name} over 125 bytes", frame(b"\x03\xe8" + b"x" * 124, opcode), 1002)
        case("A37", f"{name} of 64 KiB", frame(b"\x03\xe8" + b"x" * 65_536, opcode), 1002)
        case("A37", f"fragmented {name}", frame(b"", opcode, fin=False), 1002)
        case("A37", f"{name} in the 16-bit form", frame(b"", opcode, length=(16, 0)), 1002)
        case("A37", f"{name} in the 64-bit form", frame(b"", opcode, length=(64, 0)), 1002)
    case("A37", "length with the top bit", frame(b"", length=(64, 1 << 63)), 1002)
    case("A37", "length of all ones", frame(b"", length=(64, (1 << 64) - 1)), 1002)
    for bits, value in ((16, 0), (16, 5), (16, 125), (64, 0), (64, 125), (64, 126), (64, 65_535)):
        case("A37", f"length {value} in {bits} bits", frame(b"x" * min(value, 200), length=(bits, value)), 1002)
    case("A37", "close of one byte", frame(b"\x03", 8), 1002)
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        case("A37", f"close with the code {code}", frame(struct.pack("!H", code), 8), 1002)
    case("A37", "a new message inside one", [frame(b"{", fin=False), frame(CALL)], 1002)
    case("A37", "a continuation of nothing", frame(CALL, 0), 1002)
    case("A37", "an unfinished continuation of nothing", frame(b"", 0, fin=False), 1002)
    limit = 4 << 20
    case("A37b", "one byte over the limit, declared", frame(b"", length=(64, limit + 1)), 1009)
    case("A37b", "2^40, declared", frame(b"", length=(64, 1 << 40)), 1009)
    case("A37b", "2^62, declared", frame(b"", length=(64, 1 << 62)), 1009)
    case("A37b", "over the limit in two", [frame(b" " * limit, fin=False), frame(b"", 0, fin=False, length=(16, 200))], 1009)
    case("A37b", "endless empty fragments", [frame(b" ", fin=False), frame(b"", 0, fin=False) * 200_000], 1009)
    case("A37b", "endless small fragments", [frame(b" ", fin=False), frame(b" ", 0, fin=False) * 200_000], 1009)
    case("A37b", "endless empty fragments and pings", [frame(b" ", fin=False), (frame(b"", 0, fin=False) + frame(b"", 9)) * 100_000], 1009)
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3\x28", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80"):
        case("A37c", f"not UTF-8: {bad!r}", frame(b'"' + bad + b'"'), 1007)
        case("A37c", f"not UTF-8, cut off: {bad!r}", frame(b'"' + bad), 1007)
        case("A37c", f"not UTF-8, in fragments: {bad!r}", [frame(b'"', fin=False), frame(bad[:1], 0, fin=False), frame(bad[1:] + b'"', 0)], 1007)
        case("A37c", f"a close that is not UTF-8: {bad!r}", frame(b"\x03\xe8" + bad, 8), (1002, 1007))
    case("A37c", "a letter split and never ended", [frame(b'"\xe2\x82', fin=False), frame(b'"', 0)], 1007)
    case("A37c", "binary", frame(CALL, 2), 1003, "frame-not-text")
    case("A37c", "binary, empty", frame(b"", 2), 1003, "frame-not-text")
    case("A37c", "binary, unfinished", frame(CALL, 2, fin=False), 1003, "frame-not-text")
    case("A37c", "two messages in one frame", frame(CALL + CALL), 4400, "json-malformed")
    case("A37c", "a message and a line feed and a message", frame(CALL + b"\n" + CALL), 4400, "json-malformed")
    case("A37c", "an empty message", frame(b""), 4400, "json-malformed")
    for id, name, frames, close, reason in cases:
        yield Row(id, name, builder(frames), 101, reason, 9, close=close, transport="socket")


def builder(frames):
    def build(case):
        request = client.upgrade(case.port, case.token).adding(("X-Canary", case.canary))
        request.frames = frames
        return request

    return build
