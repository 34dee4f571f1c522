# SPDX-License-Identifier: Apache-2.0
"""Runs a compiled program over questions made from its rules, and compares with what the rules say by themselves.

The interpreter and the judge share nothing with the compiler except the names of system calls.
"""

import library
from program import ERRNO

_WORD = 0xFFFFFFFF


def run(code, architecture, number, arguments):
    """The value that the program returns for one system call."""
    data = [number & _WORD, architecture, 0, 0]
    for argument in arguments:
        data += [argument & _WORD, argument >> 32]
    accumulator, scratch, at = 0, 0, 0
    while True:
        op, true, false, k = code[at]
        at += 1
        if op == 0x20:
            accumulator = data[k // 4]
        elif op == 0x54:
            accumulator &= k
        elif op == 0x06:
            return k
        elif op == 0x05:
            at += k
        elif op in (0x15, 0x25, 0x35, 0x45):
            holds = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k, 0x45: accumulator & k != 0}[op]
            at += true if holds else false
        elif op == 0x02:
            scratch = accumulator
        elif op == 0x60:
            accumulator = scratch
        else:
            raise SystemExit(f"an instruction that seccomp has no use for: {op:#x}")


def expected(program, call, number, arguments):
    """The first matching rule decides; rules for one call and one question must not disagree."""
    if program.newest and number > program.newest:
        return "ENOSYS"
    matching = {rule.action for rule in program.rules
                if rule.call == call and all(test.holds(arguments) for test in rule.tests)}
    if len(matching) > 1:
        raise SystemExit(f"{program.name}: rules disagree about {call}{tuple(arguments)}: {sorted(matching)}")
    return matching.pop() if matching else program.default


def questions(program, call):
    """Arguments that lie on, beside, and far from every border that the rules of this call draw."""
    values = {index: {0, 1, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF} for index in range(6)}
    for rule in program.rules:
        if rule.call == call:
            for test in rule.tests:
                low = {test.value, max(test.value - 1, 0), test.value + 1, test.value | ~test.mask & 0xFFFFFFFFFFFFFFFF}
                # The same low half under a high half that the kernel ignores for 32-bit arguments.
                values[test.argument] |= low | {value | 1 << 32 for value in low}
    tested = {test.argument for rule in program.rules if rule.call == call for test in rule.tests}

    def walk(index, so_far):
        if index == 6:
            yield so_far
            return
        for value in sorted(values[index]) if index in tested else [0]:
            yield from walk(index + 1, so_far + [value])

    yield from walk(0, [])


def prove(program, architecture, code):
    """Raises SystemExit at the first wrong answer; returns how many questions were asked."""
    token = library.ARCHITECTURES[architecture]
    asked = 0
    named = {}
    for rule in program.rules:
        number = library.number(architecture, rule.call)
        if number is not None:
            named[number] = rule.call
    for number in range(0, 700):
        call = named.get(number)
        for arguments in questions(program, call) if call else [[0] * 6, [_WORD] * 6]:
            asked += 1
            want = library.result(expected(program, call, number, arguments), ERRNO)
            got = run(code, token, number, arguments)
            if got != want:
                raise SystemExit(
                    f"{program.name} on {architecture}: {call or number}{tuple(map(hex, arguments))} "
                    f"gives {got:#x}, the rules say {want:#x}")
    foreign = [(0x40000003, 4), (0xC00000B7 if architecture == "x86_64" else 0xC000003E, 0)]
    if architecture == "x86_64":
        foreign += [(token, library.X32_BIT), (token, library.X32_BIT | 59)]
    for other, number in foreign:
        asked += 1
        if run(code, other, number, [0] * 6) != library.RET_KILL:
            raise SystemExit(f"{program.name} on {architecture}: {other:#x}, call {number:#x} is not killed")
    return asked
