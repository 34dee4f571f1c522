# SPDX-License-Identifier: Apache-2.0
"""Requests with two and three faults: the earliest step answers, and later ones leave no trace."""

import dataclasses
import itertools
import json
import random

import client
from oracle import Row

META = json.dumps(client.META).encode()


@dataclasses.dataclass
class Fault:
    step: int
    name: str
    status: int
    reason: str
    # What it changes: two faults of one part cannot be put together.
    part: str
    apply: object
    code: object = None


def add(*pairs):
    return lambda request, case: request.adding(*pairs)


def put(name, value):
    return lambda request, case: request.setting(name, value)


def body(data):
    return lambda request, case: request.having(body=data)


def common():
    return [
        Fault(1, "Cookie twice", 400, "head-malformed", "cookie", add(("Cookie", "a=b"), ("cookie", "a=b"))),
        Fault(1, "a space before a colon", 400, "head-malformed", "space", add(("X-A ", "b"))),
        Fault(1, "a NUL", 400, "head-malformed", "nul", add(("X-B", "a\0b"))),
        Fault(1, "HTTP/1.0", 505, "version-unsupported", "version", lambda request, case: request.having(version="HTTP/1.0")),
        Fault(1, "a header of 64 KiB", 431, "head-too-large", "large", add(("X-C", "a" * 65_536))),
        Fault(1, "a long target", 414, "target-too-long", "target", lambda request, case: request.having(target="/mcp/" + "a" * 9000)),
        Fault(1, "a dot segment", 400, "head-malformed", "target", lambda request, case: request.having(target="/mcp/../ui")),
        Fault(2, "another Host", 421, "authority-foreign", "host", put("Host", "evil.example")),
        Fault(2, "Host without a port", 421, "authority-foreign", "host", put("Host", "127.0.0.1")),
        Fault(3, "a foreign Origin", 403, "browser-evidence", "origin", add(("Origin", "https://evil.example"))),
        Fault(3, "the origin null", 403, "browser-evidence", "origin", add(("Origin", "null"))),
        Fault(3, "Sec-Fetch-Site", 403, "browser-evidence", "site", add(("Sec-Fetch-Site", "none"))),
        Fault(3, "a preflight's header", 403, "browser-evidence", "preflight", add(("Access-Control-Request-Method", "POST"))),
        Fault(4, "no credential", 401, "credential-missing", "credential", lambda request, case: request.without("Authorization")),
        Fault(4, "another credential", 401, "credential-unknown", "credential", put("Authorization", "Bearer dwt_" + "A" * 43)),
        Fault(4, "a Basic credential", 401, "credential-malformed", "credential", put("Authorization", "Basic QTpC")),
        Fault(5, "a credential of another listener", 403, "scope-insufficient", "credential",
              lambda request, case: request.setting("Authorization", f"Bearer {case.other}")),
        Fault(6, "an address that is not there", 404, "route-unknown", "target", lambda request, case: request.having(target="/nothing")),
        Fault(7, "a query", 400, "query-not-allowed", "query", lambda request, case: request.having(target=request.target + "?a=b")),
        Fault(10, "a server that is not there", 404, "server-unknown", "target",
              lambda request, case: request.having(target=("/ws" if request.method == "GET" else "/mcp") + "/nobody")),
    ]


def of_posts():
    return [
        Fault(6, "PUT", 405, "method-not-allowed", "method", lambda request, case: request.having(method="PUT")),
        Fault(7, "text/plain", 415, "media-type-unsupported", "type", put("Content-Type", "text/plain")),
        Fault(7, "no Content-Type", 415, "media-type-unsupported", "type", lambda request, case: request.without("Content-Type")),
        Fault(7, "no Accept", 406, "not-acceptable", "accept", put("Accept", "text/html")),
        Fault(7, "5 MiB declared", 413, "body-too-large", "body", lambda request, case: request.having(
            framing=[("Content-Length", str(5 << 20))], body=b"")),
        Fault(9, "broken JSON", 400, "json-malformed", "body", body(b'{"jsonrpc":"2.0",}'), -32700),
        Fault(9, "a key twice", 400, "json-malformed", "body", body(b'{"jsonrpc":"2.0","jsonrpc":"2.0","id":1}'), -32700),
        Fault(9, "a batch", 400, "message-malformed", "body", body(b"[]"), -32600),
        Fault(9, "a member too many", 400, "message-malformed", "body", body(
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","command":"x","params":{"name":"boom","_meta":%s}}' % META), -32600),
    ]


def of_modern():
    def call(tool, arguments):
        def fault(request, case):
            return request.having(body=json.dumps(client.call(tool, arguments)).encode()).setting("Mcp-Name", tool)

        return fault

    return [
        Fault(9, "a header that contradicts", 400, "header-mismatch", "mirror", put("Mcp-Method", "tools/list"), -32020),
        Fault(9, "an unknown member", 400, "parameters-malformed", "body", body(
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"boom","arguments":{},"env":{},"_meta":%s}}' % META), -32602),
        Fault(9, "an unknown method", 404, "method-unknown", "body", lambda request, case: request.having(
            body=json.dumps(client.modern("tools/run")).encode()).setting("Mcp-Method", "tools/run"), -32601),
        Fault(10, "an unknown tool", 400, "tool-unknown", "body", call("unknown", {}), -32602),
        Fault(10, "wrong arguments", 400, "arguments-invalid", "body", call("echo", {"text": 1}), -32602),
        Fault(11, "a tool that policy denies", 200, "policy-denied", "body", call("die", {})),
        Fault(12, "a tool that asks", 200, "approval-unavailable", "body", call("add", {"a": 1, "b": 2})),
    ]


def of_legacy():
    return [
        Fault(8, "a session that is not there", 404, "session-unknown", "session", put("Mcp-Session-Id", "A" * 43)),
        Fault(8, "another revision", 400, "version-not-agreed", "body", put("MCP-Protocol-Version", "2025-06-18")),
    ]


def of_upgrades():
    return [
        Fault(6, "POST", 405, "method-not-allowed", "method", lambda request, case: request.having(method="POST", framing=[])),
        Fault(7, "no subprotocol", 400, "handshake-malformed", "protocol", lambda request, case: request.without("Sec-WebSocket-Protocol")),
        Fault(7, "a short key", 400, "handshake-malformed", "key", put("Sec-WebSocket-Key", "AAAA")),
        Fault(7, "version 8", 426, "upgrade-required", "wsversion", put("Sec-WebSocket-Version", "8")),
        Fault(7, "no upgrade", 426, "upgrade-required", "upgrade", lambda request, case: request.without("Upgrade").having(frames=b"")),
        Fault(7, "no connection", 400, "handshake-malformed", "connection", lambda request, case: request.without("Connection")),
    ]


def build_modern(case):
    return client.post(case.port, case.token, client.call("boom", {}))


def build_legacy(case):
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "boom", "arguments": {}}}
    return client.legacy_post(case.port, case.token, message, case.session)


def build_upgrade(case):
    request = client.upgrade(case.port, case.token)
    request.frames = client.frame(json.dumps(client.call("boom", {})))
    return request


CARRIERS = (
    ("modern", build_modern, common() + of_posts() + of_modern()),
    # A session belongs to its endpoint, so that another server is another session; and a batch is refused first of all
    # that a message can be (mcp.md, P1).
    ("legacy", build_legacy, [fault for fault in common() + of_posts() if fault.step != 10 and fault.name != "a batch"] + of_legacy()),
    ("upgrade", build_upgrade, common() + of_upgrades()),
)


def combined(carrier, build, faults):
    """A row for faults of different steps and parts, or None where they cannot be put together."""
    steps = [fault.step for fault in faults]
    parts = [fault.part for fault in faults]
    if len(set(steps)) < len(steps) or len(set(parts)) < len(parts):
        return None
    first = min(faults, key=lambda fault: fault.step)
    # A query is appended to whatever address there is: an address that ends step 1 takes it along.
    names = " + ".join(fault.name for fault in faults)

    def made(case):
        request = build(case)
        # What replaces a part goes before what is put on top of it.
        for fault in sorted(faults, key=lambda fault: fault.part == "query"):
            request = fault.apply(request, case)
        return request

    return Row(f"{first.step}", f"{names} [{carrier}]", made, first.status, first.reason, first.step, code=first.code)


def rows(seed=2026, triples=400):
    found = []
    for carrier, build, faults in CARRIERS:
        for fault in faults:
            found.append(combined(carrier, build, [fault]))
        for pair in itertools.combinations(faults, 2):
            found.append(combined(carrier, build, list(pair)))
    chance = random.Random(seed)
    while triples:
        carrier, build, faults = chance.choice(CARRIERS)
        row = combined(carrier, build, chance.sample(faults, 3))
        if row:
            found.append(row)
            triples -= 1
    return [row for row in found if row]
