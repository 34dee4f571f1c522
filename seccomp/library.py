# SPDX-License-Identifier: Apache-2.0
"""libseccomp 2.5 by ctypes: names of system calls, and rules compiled to BPF. Used when building, never at run time."""

import ctypes
import ctypes.util
import os
import struct
import tempfile

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

RET_KILL, RET_ERRNO, RET_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NATIVE = 0
_BAD_ARCHITECTURE, _OPTIMIZE = 2, 8
_COMPARE = {"differs": 1, "equals": 4, "above": 6, "masked": 7}
_NO_SUCH_CALL = -1


class _Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operation", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class _Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]


def _open():
    name = ctypes.util.find_library("seccomp")
    if not name:
        raise SystemExit("seccomp: error: libseccomp is not installed\nseccomp: hint: apt install libseccomp2")
    library = ctypes.CDLL(name, use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_version.restype = ctypes.POINTER(_Version)
    for call, arguments in {
        "seccomp_release": [ctypes.c_void_p],
        "seccomp_arch_add": [ctypes.c_void_p, ctypes.c_uint32],
        "seccomp_arch_remove": [ctypes.c_void_p, ctypes.c_uint32],
        "seccomp_arch_exist": [ctypes.c_void_p, ctypes.c_uint32],
        "seccomp_attr_set": [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32],
        "seccomp_rule_add_array": [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p],
        "seccomp_syscall_resolve_name_arch": [ctypes.c_uint32, ctypes.c_char_p],
        "seccomp_syscall_resolve_name": [ctypes.c_char_p],
        "seccomp_export_bpf": [ctypes.c_void_p, ctypes.c_int],
        "seccomp_api_set": [ctypes.c_uint],
    }.items():
        getattr(library, call).argtypes = arguments
    # What this machine's kernel can do does not matter: the programs run elsewhere.
    if library.seccomp_api_set(5) != 0:
        raise SystemExit("seccomp: error: libseccomp is older than 2.5")
    return library


_library = _open()


def version():
    found = _library.seccomp_version().contents
    return f"{found.major}.{found.minor}.{found.micro}"


def number(architecture, call):
    """The number of a system call, or None where the architecture has no such call."""
    found = _library.seccomp_syscall_resolve_name_arch(ARCHITECTURES[architecture], call.encode())
    return found if found >= 0 else None


def result(action, errno):
    return {"allow": RET_ALLOW, "kill": RET_KILL}.get(action, RET_ERRNO | errno.get(action, 0))


def compile_rules(architecture, default, rules, errno):
    """BPF for `rules` (action, call, tests) as a list of (code, jt, jf, k)."""
    context = _library.seccomp_init(result(default, errno))
    token = ARCHITECTURES[architecture]
    try:
        if _library.seccomp_arch_exist(context, token) != 0:
            _must(_library.seccomp_arch_add(context, token), "seccomp_arch_add")
            _must(_library.seccomp_arch_remove(context, _NATIVE), "seccomp_arch_remove")
        _must(_library.seccomp_attr_set(context, _BAD_ARCHITECTURE, RET_KILL), "seccomp_attr_set(bad architecture)")
        _must(_library.seccomp_attr_set(context, _OPTIMIZE, 2), "seccomp_attr_set(optimize)")
        for action, call, tests in rules:
            _add(context, result(action, errno), call, tests)
        return _export(context)
    finally:
        _library.seccomp_release(context)


def _add(context, action, call, tests):
    array = (_Comparison * max(len(tests), 1))()
    for index, test in enumerate(tests):
        masked = test.kind == "masked"
        array[index] = _Comparison(
            test.argument, _COMPARE[test.kind], test.mask if masked else test.value, test.value if masked else 0)
    native = _library.seccomp_syscall_resolve_name(call.encode())
    _must(_library.seccomp_rule_add_array(context, action, native, len(tests), ctypes.byref(array)), f"rule {call}")


def _export(context):
    with tempfile.TemporaryFile() as file:
        _must(_library.seccomp_export_bpf(context, file.fileno()), "seccomp_export_bpf")
        file.seek(0)
        data = file.read()
    return [struct.unpack_from("=HBBI", data, offset) for offset in range(0, len(data), 8)]


def _must(code, what):
    if code != 0:
        raise SystemExit(f"seccomp: error: {what}: {os.strerror(-code)}")
