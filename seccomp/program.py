# SPDX-License-Identifier: Apache-2.0
"""What the rule files mean: read them strictly, resolve names, and spell out every alternative."""

import itertools
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))

# The order is the order of the C table and of Sources/Linux/Confine/Seccomp.swift.
PROGRAMS = ["gate", "broker", "watch", "reaper", "server", "reduced", "browser", "egress"]

ERRNO = {"EPERM": 1, "ENOSYS": 38, "EPROTONOSUPPORT": 93, "EAFNOSUPPORT": 97}

# The same numbers on x86-64 and on ARM64.
CONSTANTS = {
    "PROT_EXEC": 4,
    "F_GETFL": 3, "F_SETFL": 4, "F_SETFD": 2, "F_DUPFD_CLOEXEC": 1030, "F_SETPIPE_SZ": 1031,
    "O_ACCMODE": 3, "O_WRONLY": 1, "O_RDWR": 2,
    # O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | the bit of O_TMPFILE
    "O_WRITING": 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000,
    "AF_UNIX": 1, "AF_PACKET": 17, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "NETLINK_ROUTE": 0,
    "SOL_SOCKET": 1, "SO_ERROR": 4,
    "SOCK_TYPE_MASK": 0xF, "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_PACKET": 10,
    "IPPROTO_ICMP": 1, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "TCP_NODELAY": 1,
    "CLONE_NEWNS": 0x20000, "CLONE_NEWCGROUP": 0x2000000, "CLONE_NEWUTS": 0x4000000, "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000, "CLONE_NEWNET": 0x40000000, "CLONE_NEWTIME": 0x80,
    "LOW_HALF": 0xFFFFFFFF, "TIOCSTI": 0x5412, "TIOCLINUX": 0x541C,
    "MFD_NOEXEC_SEAL": 8, "PER_QUERY": 0xFFFFFFFF,
}


class Test:
    """One comparison of one argument: `equals`, `differs`, `above`, or `masked` (argument & mask == value)."""

    def __init__(self, argument, kind, value, mask=0xFFFFFFFFFFFFFFFF):
        self.argument, self.kind, self.value, self.mask = argument, kind, value, mask

    def holds(self, arguments):
        value = arguments[self.argument]
        if self.kind == "masked":
            return value & self.mask == self.value
        return {"equals": value == self.value, "differs": value != self.value, "above": value > self.value}[self.kind]


class Rule:
    def __init__(self, action, call, tests, because):
        self.action, self.call, self.tests, self.because = action, call, tests, because


class Program:
    def __init__(self, name):
        self.name = name
        document = _load(os.path.join(HERE, name + ".json"), {"about", "default", "newest", "include", "rules"})
        self.about, self.default, self.newest = document["about"], _action(document["default"]), document.get("newest")
        self.rules = []
        for part in document["include"]:
            self.rules += _rules(_load(os.path.join(HERE, "parts", part + ".json"), {"rules"}))
        self.rules += _rules(document)


def _load(path, keys):
    def pairs(items):
        found = dict(items)
        if len(found) != len(items):
            raise SystemExit(f"{path}: a key stands twice")
        return found

    with open(path, encoding="utf-8") as file:
        document = json.load(file, object_pairs_hook=pairs)
    unknown = set(document) - keys
    if unknown:
        raise SystemExit(f"{path}: unknown key {sorted(unknown)}")
    return document


def _action(word):
    if word in ("allow", "kill") or word in ERRNO:
        return word
    raise SystemExit(f"unknown action {word}")


def _number(value):
    return CONSTANTS[value] if isinstance(value, str) else value


def _rules(document):
    rules = []
    for entry in document["rules"]:
        unknown = set(entry) - {"action", "calls", "when", "because"}
        if unknown or not entry.get("because"):
            raise SystemExit(f"rule {entry.get('calls')}: unknown key {sorted(unknown)} or no reason")
        alternatives = list(itertools.product(*[_tests(test) for test in entry.get("when", [])]))
        for call in entry["calls"]:
            for tests in alternatives:
                rules.append(Rule(_action(entry["action"]), call, list(tests), entry["because"]))
    return rules


def _tests(entry):
    kinds = set(entry) & {"equals", "differs", "above", "bit"}
    if len(kinds) != 1 or set(entry) - kinds - {"argument", "mask"}:
        raise SystemExit(f"condition {entry}: one comparison, please")
    kind = kinds.pop()
    values = entry[kind] if isinstance(entry[kind], list) else [entry[kind]]
    if kind == "bit":
        return [Test(entry["argument"], "masked", _number(value), _number(value)) for value in values]
    if "mask" in entry:
        if kind != "equals":
            raise SystemExit(f"condition {entry}: a mask goes with equals")
        return [Test(entry["argument"], "masked", _number(value), _number(entry["mask"])) for value in values]
    return [Test(entry["argument"], kind, _number(value)) for value in values]
