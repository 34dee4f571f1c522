#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the golden audit log from docs/audit-format.md, sharing no code with the writer or with a checker.

    build.py DIRECTORY

The tests compare the writer's output with it byte for byte. The key is the one of RFC 8032, section 7.1, test 1.
"""

import hashlib
import os
import sys

SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
INSTALLATION = "00112233445566778899aabbccddeeff"

# Each segment: the records after its opening record, as (time, kind, data).
SEGMENTS = [
    [
        ("2026-11-21T15:29:31.123456Z", "daemon.started", '{"version":"0.1.0"}'),
        ("2026-11-21T15:29:31.999999Z", "call.intent", '{"caller":"c1","server":"files","tool":"read"}'),
        ("2026-11-21T15:29:32.000000Z", "call.outcome", '{"bytes":120,"verdict":"answered"}'),
        # An e with an acute accent, a right-to-left override, an emoji, DEL, and an escape character.
        ("2026-12-31T23:59:59.999999Z", "refused",
         '{"path":"/caf\\u00e9\\u202e\\ud83d\\ude00\\u007f\\u001b[2J"}'),
    ],
    [
        ("2028-02-29T00:00:00.000000Z", "call.intent", '{}'),
        # 16,385 bytes of data: one more than is allowed.
        ("2028-03-01T12:34:56.000001Z", "call.outcome",
         '{"oversize":16385,"sha256":"%s"}' % hashlib.sha256(b'{"a":"' + b"x" * 16377 + b'"}').hexdigest()),
    ],
    [],
]
OPENED = ["2026-11-21T15:29:31.000000Z", "2027-01-01T00:00:00.000000Z", "2028-03-02T00:00:00.000000Z"]
CHECKPOINT_TIME = OPENED[2]

PRIME = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493
CURVE = (PRIME - 121665) * pow(121666, PRIME - 2, PRIME) % PRIME


def plus(p, q):
    """The sum of two points in affine coordinates (the curve's own formula, so two divisions each time)."""
    (x1, y1), (x2, y2) = p, q
    t = CURVE * x1 * x2 % PRIME * y1 % PRIME * y2 % PRIME
    x = (x1 * y2 + x2 * y1) * pow(1 + t, PRIME - 2, PRIME) % PRIME
    y = (y1 * y2 + x1 * x2) * pow(1 - t, PRIME - 2, PRIME) % PRIME
    return x, y


def times(n, p):
    q = (0, 1)
    for bit in bin(n)[2:]:
        q = plus(q, q)
        if bit == "1":
            q = plus(q, p)
    return q


GENERATOR = (15112221349535400772501151409588531511454012693041857206046113283949847762202,
             46316835694926478169428394003475163141307993866256225615783033603165251855960)


def pack(p):
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def sign(secret, message):
    expanded = hashlib.sha512(secret).digest()
    a = int.from_bytes(expanded[:32], "little") & ((1 << 254) - 8) | 1 << 254
    public = pack(times(a, GENERATOR))
    r = int.from_bytes(hashlib.sha512(expanded[32:] + message).digest(), "little") % ORDER
    commitment = pack(times(r, GENERATOR))
    k = int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % ORDER
    return public, commitment + ((r + k * a) % ORDER).to_bytes(32, "little")


def main(directory):
    os.makedirs(directory, exist_ok=True)
    sequence, last = 0, bytes(32)
    for number, records in enumerate(SEGMENTS, 1):
        opening = '{"format":1,"installation":"%s","previous_hash":"%s","previous_seq":%d,"segment":%d}' % (
            INSTALLATION, last.hex(), sequence, number)
        lines = b""
        for time, kind, data in [(OPENED[number - 1], "segment.opened", opening)] + records:
            sequence += 1
            line = ('{"seq":%d,"time":"%s","kind":"%s","data":%s' % (sequence, time, kind, data)).encode("ascii")
            last = hashlib.sha256(last + line).digest()
            lines += line + b',"hash":"' + last.hex().encode() + b'"}\n'
        with open(os.path.join(directory, "%08d.jsonl" % number), "wb") as file:
            file.write(lines)
    inner = '{"hash":"%s","installation":"%s","segment":%d,"seq":%d,"size":%d,"time":"%s"}' % (
        last.hex(), INSTALLATION, len(SEGMENTS), sequence, len(lines), CHECKPOINT_TIME)
    public, signature = sign(SECRET, b"doorward-audit-checkpoint-v1\n" + inner.encode())
    with open(os.path.join(directory, "checkpoint.json"), "w") as file:
        file.write('{"checkpoint":%s,"signature":"%s"}\n' % (inner, signature.hex()))
    with open(os.path.join(directory, "key.pub"), "w") as file:
        file.write(public.hex() + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
