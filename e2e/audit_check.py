#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks Doorward audit logs: the second checker, written from docs/audit-format.md alone.

    audit_check.py DIRECTORY... [--pub KEYFILE] [--head SEQ:HASH]

Needs nothing but Python's standard library. Prints one line of JSON for each directory. Exit status: 0 all logs are
sound, 1 one of them is not, 2 one of them could not be read.
"""

import argparse
import hashlib
import json
import os
import re
import sys

# ---------------------------------------------------------------------------------------------------------------------
# Ed25519 verification (RFC 8032, 5.1.7) on plain integers. Slow and not constant in time: it handles no secrets.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def x_from_y(y, odd):
    """The x coordinate of the point with this y whose lowest bit is `odd`, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    if x == 0 and odd:
        return None
    return P - x if x % 2 != odd else x


def decode_point(text):
    number = int.from_bytes(text, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    x = x_from_y(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    """Sum of two points in extended coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, xy = T/Z."""
    left = (a[1] - a[0]) * (b[1] - b[0]) % P
    right = (a[1] + a[0]) * (b[1] + b[0]) % P
    cross = 2 * D * a[3] * b[3] % P
    depth = 2 * a[2] * b[2] % P
    e, f, g, h = right - left, depth - cross, depth + cross, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def same_point(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE_Y = 4 * pow(5, -1, P) % P
BASE = (x_from_y(BASE_Y, 0), BASE_Y, 1, x_from_y(BASE_Y, 0) * BASE_Y % P)


def signature_is_valid(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    public, commitment = decode_point(key), decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return same_point(multiply(scalar, BASE), add(commitment, multiply(challenge, public)))


# ---------------------------------------------------------------------------------------------------------------------
# The log.

NUMBER = rb"(0|[1-9][0-9]{0,15})"
TIME = rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"
HEX64 = rb"([0-9a-f]{64})"
ID = rb"([0-9a-f]{32})"

RECORD = re.compile(
    rb'\{"seq":' + NUMBER + rb',"time":"' + TIME + rb'","kind":"([a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*)"'
    rb',"data":(\{[ -~]*\}),"hash":"' + HEX64 + rb'"\}')
OPENING = re.compile(
    rb'\{"format":' + NUMBER + rb',"installation":"' + ID + rb'","previous_hash":"' + HEX64
    + rb'","previous_seq":' + NUMBER + rb',"segment":' + NUMBER + rb'\}')
CHECKPOINT = re.compile(
    rb'\{"checkpoint":(\{"hash":"' + HEX64 + rb'","installation":"' + ID + rb'","segment":' + NUMBER + rb',"seq":'
    + NUMBER + rb',"size":' + NUMBER + rb',"time":"' + TIME + rb'"\}),"signature":"([0-9a-f]{128})"\}\n')
SEGMENT = re.compile(r"([0-9]{8})\.jsonl")
MAX_LINE, MAX_DATA, MAX_KIND, MAX_NUMBER = 16640, 16384, 40, 2**53
PREFIX = b"doorward-audit-checkpoint-v1\n"


class Bad(Exception):
    def __init__(self, what, segment=None, line=None, offset=None):
        self.what, self.segment, self.line, self.offset = what, segment, line, offset


def number(text):
    value = int(text)
    return value if value < MAX_NUMBER else None


def unique_members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("duplicate name")
    # Canonical order is that of UTF-16 code units.
    if sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass")) != names:
        raise ValueError("unsorted")
    return dict(pairs)


def data_is_well_formed(data):
    """Canonical in the parts that matter to a reader: parses, sorted, no name twice, no white space between tokens."""
    try:
        json.loads(data, object_pairs_hook=unique_members)
    except (ValueError, RecursionError):
        return False
    outside_strings = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", data)
    return b" " not in outside_strings


def read(path, limit=None):
    with open(path, "rb") as file:
        return file.read() if limit is None else file.read(limit + 1)


def lines_of(path):
    """Each line without its line feed, its offset, and whether a line feed ended it."""
    offset = 0
    with open(path, "rb") as file:
        for line in file:
            whole = line.endswith(b"\n")
            yield line[:-1] if whole else line, offset, whole
            offset += len(line)


class Log:
    def __init__(self, directory, key=None, head=None):
        self.directory, self.key, self.noted = directory, key, head
        self.checkpoint = None
        self.installation = None
        self.first = 0
        self.sequence = 0
        self.hash = None
        self.records = 0
        self.unfinished = 0

    def check(self):
        """The list of what is wrong, first thing first."""
        wrong = []
        try:
            try:
                self.read_checkpoint()
            except Bad:
                # It may have been written while it was read.
                self.read_checkpoint()
        except Bad as bad:
            wrong.append(bad)
        try:
            self.read_segments()
        except Bad as bad:
            wrong.insert(0, bad)
        return wrong

    def path(self, name):
        return os.path.join(self.directory, name)

    def read_checkpoint(self):
        key = self.key
        if key is None:
            try:
                key = parse_key(read(self.path("key.pub"), 65))
            except FileNotFoundError:
                raise Bad("key-missing")
        if key is None:
            raise Bad("key-form")
        try:
            text = read(self.path("checkpoint.json"), 1024)
        except FileNotFoundError:
            raise Bad("checkpoint-missing")
        match = CHECKPOINT.fullmatch(text)
        if not match:
            raise Bad("checkpoint-form")
        inner, digest, installation, segment, sequence, size, time, signature = match.groups()
        numbers = [number(text) for text in (segment, sequence, size)]
        if None in numbers or not time_exists(time) or not 0 < numbers[0] <= 99999999 or numbers[1] == 0:
            raise Bad("checkpoint-form")
        if not signature_is_valid(key, PREFIX + inner, bytes.fromhex(signature.decode())):
            raise Bad("checkpoint-signature")
        self.checkpoint = dict(zip(("segment", "sequence", "size"), numbers), hash=bytes.fromhex(digest.decode()))
        self.installation = installation

    def read_segments(self):
        numbers = sorted(int(match.group(1)) for match in map(SEGMENT.fullmatch, os.listdir(self.directory)) if match)
        numbers = [value for value in numbers if value > 0]
        if not numbers:
            raise Bad("no-segments")
        for expected, segment in enumerate(numbers, numbers[0]):
            if segment != expected:
                raise Bad("segment-missing", expected)
            self.read_segment(segment, segment == numbers[-1])
        if self.checkpoint:
            if self.checkpoint["sequence"] > self.sequence:
                raise Bad("records-missing", numbers[-1])
            if self.checkpoint["sequence"] < self.first:
                raise Bad("records-removed", numbers[0])
        if self.noted and not self.first <= self.noted[0] <= self.sequence:
            raise Bad("head-missing", numbers[-1])

    def read_segment(self, segment, is_last):
        count = 0
        for line, offset, whole in lines_of(self.path("%08d.jsonl" % segment)):
            count += 1
            place = (segment, count, offset)
            if not whole:
                if count == 1:
                    raise Bad("opening-missing", *place)
                if not is_last:
                    raise Bad("incomplete-line", *place)
                self.unfinished = len(line)
                return
            self.read_line(line, place)
        if count == 0:
            raise Bad("segment-empty", segment)

    def read_line(self, line, place):
        if len(line) >= MAX_LINE:
            raise Bad("line-too-long", *place)
        match = RECORD.fullmatch(line)
        if not match:
            raise Bad("line-form", *place)
        sequence, time, kind, data, digest = match.groups()
        sequence = number(sequence)
        if sequence is None or len(kind) > MAX_KIND or len(data) > MAX_DATA or not time_exists(time):
            raise Bad("line-form", *place)
        if place[1] == 1:
            self.read_opening(kind, data, place)
        elif kind == b"segment.opened":
            raise Bad("opening-inside", *place)
        if sequence != self.sequence + 1:
            raise Bad("sequence", *place)
        computed = hashlib.sha256(self.hash + line[: line.rindex(b',"hash":"')]).digest()
        if computed.hex().encode() != digest:
            raise Bad("hash", *place)
        if not data_is_well_formed(data):
            # The writer's own fault: nobody else could have given it this hash. The other checker does not look.
            raise Bad("data", *place)
        self.sequence, self.hash = sequence, computed
        self.records += 1
        if self.records == 1:
            self.first = sequence
        self.compare(line, place)

    def compare(self, line, place):
        point = self.checkpoint
        if point and point["sequence"] == self.sequence:
            size = place[2] + len(line) + 1
            if (point["hash"], point["segment"], point["size"]) != (self.hash, place[0], size):
                raise Bad("checkpoint-mismatch", *place)
        if self.noted and self.noted[0] == self.sequence and self.noted[1] != self.hash:
            raise Bad("head-mismatch", *place)

    def read_opening(self, kind, data, place):
        if kind != b"segment.opened":
            raise Bad("opening-missing", *place)
        match = OPENING.fullmatch(data)
        numbers = match and [number(match.group(index)) for index in (1, 4, 5)]
        if not match or None in numbers:
            raise Bad("opening-form", *place)
        version, previous_sequence, segment = numbers
        previous_hash = bytes.fromhex(match.group(3).decode())
        if version != 1:
            raise Bad("format-version", *place)
        if segment != place[0]:
            raise Bad("opening-segment", *place)
        if self.installation is not None and self.installation != match.group(2):
            raise Bad("installation", *place)
        self.installation = match.group(2)
        if self.hash is None:
            if segment == 1 and (previous_sequence, previous_hash) != (0, bytes(32)):
                raise Bad("opening-previous", *place)
            self.sequence, self.hash = previous_sequence, previous_hash
        elif (previous_sequence, previous_hash) != (self.sequence, self.hash):
            raise Bad("opening-previous", *place)


def time_exists(text):
    year, month, day, hour, minute, second = (int(part) for part in re.split(rb"[-T:.]", text[:19]))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return year >= 1970 and 1 <= month <= 12 and 1 <= day <= days[month - 1] and hour < 24 and minute < 60 and second < 60


def parse_key(text):
    match = re.fullmatch(rb"([0-9a-f]{64})\n", text)
    return bytes.fromhex(match.group(1).decode()) if match else None


def parse_head(text):
    match = re.fullmatch(r"([1-9][0-9]{0,15}):([0-9a-f]{64})", text)
    if not match:
        raise argparse.ArgumentTypeError("give SEQ:HASH")
    return int(match.group(1)), bytes.fromhex(match.group(2))


def main():
    parser = argparse.ArgumentParser(description="check Doorward audit logs")
    parser.add_argument("directory", nargs="+")
    parser.add_argument("--pub", help="file with the public key, got from elsewhere than the log")
    parser.add_argument("--head", type=parse_head, help="a head noted earlier, as SEQ:HASH")
    arguments = parser.parse_args()
    status = 0
    key = None
    if arguments.pub:
        try:
            key = parse_key(read(arguments.pub, 65))
        except OSError as error:
            sys.exit("audit_check.py: %s" % error)
        if key is None:
            print("audit_check.py: %s is not a public key" % arguments.pub, file=sys.stderr)
            return 2
    for directory in arguments.directory:
        log = Log(directory, key, arguments.head)
        result = {"directory": directory}
        try:
            wrong = log.check()
        except OSError as error:
            result.update(verdict="unreadable", error=str(error))
            status = 2
        else:
            result["verdict"] = "broken" if wrong else "sound"
            if wrong:
                first = wrong[0]
                result.update(what=first.what, segment=first.segment, line=first.line, offset=first.offset)
                status = max(status, 1)
            result.update(records=log.records, first=log.first, last=log.sequence, unfinished=log.unfinished,
                          hash=log.hash.hex() if log.hash else None)
        print(json.dumps(result), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
