# SPDX-License-Identifier: Apache-2.0
"""Hostile JSON, JSON-RPC and MCP messages: the same bytes over HTTP, WebSocket and stdio.

Every message would call `boom`, or smuggle such a call, if anybody took it.
"""

import base64
import json
import random

import client
from oracle import Row

# What a fault is answered with: HTTP status, reason, JSON-RPC code; on a socket the first two close it.
JSON = (400, "json-malformed", -32700)
MESSAGE = (400, "message-malformed", -32600)
PARAMETERS = (400, "parameters-malformed", -32602)
METHOD = (404, "method-unknown", -32601)
TOOL = (400, "tool-unknown", -32602)
ARGUMENTS = (400, "arguments-invalid", -32602)
MISMATCH = (400, "header-mismatch", -32020)
REVISION = (400, "revision-unsupported", -32022)
UNASKED = (400, "answer-unasked", -32600)
SESSION = (400, "session-missing", -32600)
TOO_LARGE = (413, "body-too-large", None)
STEPS = {"tool-unknown": 10, "arguments-invalid": 10, "body-too-large": 7, "session-missing": 8}
CLOSING = ("json-malformed", "message-malformed", "answer-unasked")

META = json.dumps(client.META)


def text(message):
    return json.dumps(message).encode()


def boom():
    return client.call("boom", {})


def envelope(id="1", method='"tools/call"', params=None, more=""):
    """A call of `boom` as text, with parts exchanged as text."""
    if params is None:
        params = '{"name":"boom","arguments":{},"_meta":%s}' % META
    return ('{"jsonrpc":"2.0","id":%s,"method":%s,"params":%s%s}' % (id, method, params, more)).encode()


def with_value(value):
    """A call whose open argument is this text, in the tool that takes anything."""
    value = value if isinstance(value, bytes) else value.encode()
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open","arguments":{"x":%s},"_meta":%s}}' % (
        value, META.encode())


def with_key(key):
    key = key if isinstance(key, bytes) else key.encode()
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open","arguments":{%s:1},"_meta":%s}}' % (
        key, META.encode())


def nested(levels, inside="1", open_="[", close="]"):
    return with_value(open_ * levels + inside + close * levels)


def reader_cases():
    whole = text(boom()).decode()
    yield "J01", "byte order mark", b"\xef\xbb\xbf" + whole.encode(), JSON
    for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield "J02", coding, whole.encode(coding), JSON
    yield "J02", "UTF-7", whole.replace('"', "+ACI-").encode(), JSON
    for value in ('{"a":1,}', "[1,]", "{,}", '{"a":1,,"b":2}', '{"a" 1}', "{a:1}", "{'a':1}", "[,1]", "[1 2]", "[1,,2]", '{"a":}', '{:1}',
                  '{"a":1 "b":2}', "[", "{", '{"a"', '{1:2}', '{null:1}', '["a]', "[1", '{"a":1', "(1)", "<x/>", "undefined", "True", "None",
                  "nul", "tru", "fals", "nulll", "TRUE", "truefalse", "\\u0031", "=1", "1;", "`x`", "/x/", "function(){}", "new Date()", "b'x'", "@"):
        yield "J03", f"the value {value}", with_value(value), JSON
    for tail in (" {}", " " + whole, "\0", "]", "}", "//c", "/*c*/", "#c", ",", "\x1a", "null", "\ufeff", "\u00a0", ";", "\x00\x00"):
        yield "J04", f"behind the message: {tail[:10]!r}", (whole + tail).encode(), JSON
    for value in ('{"a":1/*c*/}', "1//c", "/**/1", "1 #c", "<!--1-->"):
        yield "J04", f"a comment in {value}", with_value(value), JSON
    for value in ("01", "+1", ".5", "1.", "-", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "nan", "inf", "-NaN", "--1", "- 1", "1.e1",
                  "1.2.3", "00", "-01", "0b1", "0o7", "1f", "1d", "1L", "1n", "\u0661", "\uff11", "1,000", "1e1.5", "1 000", "\u22121", "0e", "1E", "-.5", "1.-4", "\u00bd"):
        yield "J05", f"the number {value}", with_value(value), JSON
    for value in (b'"a\x01b"', b'"a\x09b"', b'"a\x00b"', b'"a\x1fb"', b'"a\x0bb"', b'"a\rb"', rb'"\q"', rb'"\u12"', rb'"\x41"', rb'"\u{41}"', rb'"\U00000041"', rb'"\101"', rb'"\'"',
                  rb'"\a"', rb'"\v"', rb'"\0"', rb'"\ "', rb'"\u123g"', rb'"\uD83D\u12"', rb'"\u+123"', rb'"\u 123"', b'"\\\n"', b'"\\', b'"abc', b"'abc'", rb'"\N{BULLET}"', rb'"\u00e"'):
        yield "J06", f"the string {value!r}", with_value(value), JSON
        if b"\n" not in value:
            yield "J06", f"the key {value!r}", with_key(value), JSON
    yield "J06", "a raw line feed in a string", with_value(b'"a\nb"'), JSON
    for value in (rb'"\ud800"', rb'"\udc00"', rb'"\udc00\ud800"', rb'"\ud800\ud800"', rb'"\ud800x"', rb'"\ud800\n"', rb'"\udbff\udbff"', rb'"x\uDFFF"', rb'"\ud83d \ude00"', rb'"\ud800\u0041"'):
        yield "J07", f"the string {value!r}", with_value(value), JSON
        yield "J07", f"the key {value!r}", with_key(value), JSON
    for value in (b"\xff", b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
                  b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc3\x28", b"a\xbf", b"\xfe\xff", b"\xed\xa0\xbd\xed\xb8\x80", b"\xe9", b"\xc0\xaf"):
        yield "J08", f"the bytes {value!r}", with_value(b'"' + value + b'"'), JSON
        yield "J08", f"a key of the bytes {value!r}", with_key(b'"' + value + b'"'), JSON
    for value, name in ((b"", "nothing"), (b" ", "a space"), (b"\t \t", "white space"), (b"\r", "a CR")):
        yield "J09", f"{name} alone", value, JSON
    for space in ("\x0b", "\x0c", "\u00a0", "\u2028", "\u2003", "\ufeff", "\x00", "\x1c", "\x85", "\u3000", "\u180e", "\x08"):
        yield "J09", f"{space!r} between tokens", whole.replace(": ", ":" + space, 1).encode(), JSON
        yield "J09", f"{space!r} at the front", (space + whole).encode(), JSON
    for value in ("1.2.3-4", "01", "tru", '"\\q"', "[1,]", "1e", '"\x01"', "NaN", "1-"):
        yield "J10", f"unread {value!r}", envelope(params='{"name":"boom","arguments":{},"_meta":%s,"unread":%s}' % (META, value)), JSON
        yield "J10", f"unread deep {value!r}", envelope(params='{"name":"boom","arguments":{},"_meta":{"a":[{"b":%s}],%s}' % (value, META[1:])), JSON
    whole_bytes = whole.encode()
    for cut in range(1, len(whole_bytes) - 1, 7):
        yield "J03", f"cut behind {cut} bytes", whole_bytes[:cut], JSON


def key_cases():
    call = '"name":"echo","arguments":{"text":"x"},"_meta":%s' % META
    yield "J11", "method twice", envelope(more=',"method":"tools/list"'), JSON
    yield "J11", "method twice, other first", b'{"method":"tools/list",' + envelope()[1:], JSON
    for other in ('"name":"boom"', '"n\\u0061me":"boom"', '"\\u006e\\u0061\\u006d\\u0065":"boom"', '"name":"echo"', '"arguments":{}', '"argument\\u0073":{}', '"_meta":{}', '"\\u005fmeta":{}'):
        yield "J12", f"{other} behind its like", envelope(params="{%s,%s}" % (call, other)), JSON
        yield "J12", f"{other} before its like", envelope(params="{%s,%s}" % (other, call)), JSON
    for more in (',"params":{}', ',"id":1', ',"id":2', ',"jsonrpc":"2.0"', ',"par\\u0061ms":{}', ',"\\u0069d":2', ',"json\\u0072pc":"2.0"'):
        yield "J13", f"{more} twice", envelope(more=more), JSON
    for pairs in ('"path":"/srv/a","path":"/etc/shadow"', '"path":1,"p\\u0061th":2', '"a":{},"a":{}', '"":1,"":2', '"\\u0000":1,"\\u0000":2', '"\\/":1,"/":2', '"\u00e9":1,"\\u00e9":2',
                  '"\U0001f600":1,"\\ud83d\\ude00":2'):
        yield "J14", f"arguments {pairs}", envelope(params='{"name":"open","arguments":{%s},"_meta":%s}' % (pairs, META)), JSON
    deep = '{"a":' * 20 + '{"x":1,"x":2}' + "}" * 20
    yield "J15", "twice, 20 levels down", with_value(deep), JSON
    yield "J15", "twice in an array of arrays", with_value("[[[[{\"x\":1,\"x\":1}]]]]"), JSON
    many = ",".join('"k%d":0' % number for number in range(9998))
    yield "J15", "twice, 9,999 members apart", with_value('{"z":1,%s,"z":2}' % many), JSON
    yield "J15", "twice among escapes", with_value('{"\\u0061b":1,%s,"ab":2}' % ",".join('"k%d":0' % number for number in range(500))), JSON
    for key in ("Method", "ID", "Params", "JSONRPC", "Id", "METHOD", "paramS", "mETHOD", "param\u017f", "Result", "Error", "j\u017fonrpc"):
        for value in ('"x"', "1"):
            yield "J16", f"{key} in the envelope", envelope(more=',"%s":%s' % (key, value)), JSON
    for key in ("Name", "ARGUMENTS", "_Meta", "_META", "nAme", "argument\u017f", "URI", "Cursor", "Arguments", "inputresponses", "RequestState"):
        yield "J16", f"{key} beside the right ones", envelope(params='{%s,"%s":1}' % (call, key)), JSON
        yield "J16", f"{key} first", envelope(params='{"%s":1,%s}' % (key, call)), JSON
    yield "J16", "Name alone", envelope(params='{"Name":"boom","arguments":{},"_meta":%s}' % META), JSON
    for key in ("ProgressToken", "PROGRESSTOKEN", "progresstoken", "io.modelcontextprotocol/ProtocolVersion", "IO.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientcapabilities",
                "progre\u017f\u017fToken", "progressTo\u212aen", "io.modelcontextprotocol/loglevel"):
        for pair in ('"%s":1' % key, '"progressToken":2,"%s":1' % key):
            yield "J16", f"{pair} in _meta", envelope(params='{"name":"boom","arguments":{},"_meta":{%s,%s}' % (pair, META[1:])), JSON
    for key in ("__proto__", "constructor", "prototype", "\\u005f_proto__", "__pro\\u0074o__"):
        for value in ("{}", '{"x":1}', "null"):
            yield "J17", f"{key} in the envelope", envelope(more=',"%s":%s' % (key, value)), JSON
            yield "J17", f"{key} in params", envelope(params='{%s,"%s":%s}' % (call, key, value)), JSON
            yield "J17", f"{key} in _meta", envelope(params='{"name":"boom","arguments":{},"_meta":{"%s":%s,%s}' % (key, value, META[1:])), JSON


def limit_cases():
    yield "J20", "65 levels", nested(62), JSON
    yield "J20", "100,000 [", with_value("[" * 100_000), JSON
    yield "J20", '100,000 {"a":', with_value('{"a":' * 100_000), JSON
    yield "J20", "100,000 [ alone", b"[" * 100_000, JSON
    yield "J20", "100,000 closed levels", nested(100_000), JSON
    yield "J21", "10,001 members", with_value("{%s}" % ",".join('"k%d":0' % number for number in range(10_001))), JSON
    yield "J21", "1,000,000 elements", with_value("[%s]" % ",".join(["0"] * 1_000_000)), JSON
    yield "J21", "100,001 values in small arrays", with_value("[%s]" % ",".join(["[0,0,0,0,0,0,0,0,0]"] * 10_001)), JSON
    yield "J21", "a key of 257 bytes", with_key('"%s"' % ("k" * 257)), JSON
    yield "J21", "a key of 257 bytes by escapes", with_key('"%s"' % ("\\u006b" * 257)), JSON
    yield "J21", "a key of 129 two-byte letters", with_key('"%s"' % ("\u00e9" * 129)), JSON
    for value in ("9007199254740992", "-9007199254740992", "18446744073709551616", "1e400", "-1e400", "1e309", "123456789012345678901234567890", "9" * 400, "1" + "0" * 309 + ".0",
                  "[9007199254740993]", "-9223372036854775808", "1e999999999999", "1E+400"):
        yield "J22", f"the number {value[:24]}", with_value(value), JSON
    for id in ("null", "true", "false", "1.5", "[]", "{}", '""', '"%s"' % ("i" * 129), str(2**70), "1.0", "1e0", "-0", "9007199254740992", "[1]", '{"id":1}', '"%s"' % ("\u00e9" * 65), "1E1", "0.0", "-0.0"):
        yield "J23", f"id {id[:20]}", envelope(id=id), JSON


def shape_cases():
    whole = text(boom())
    for value in (b"[]", b"[%s]" % whole, b"[%s,%s]" % (whole, whole), b"[[%s]]" % whole, b"[{}]", b"[1,2]", b"[null]"):
        yield "J24", f"{value[:20]!r}", value, MESSAGE
    for value in (b'"x"', b"1", b"null", b"true", b"false", b"-1.5", b'""'):
        yield "J25", f"{value!r}", value, MESSAGE
    yield "J25", "{}", b"{}", MESSAGE
    for key in ("command", "args", "env", "cwd", "url", "image", "shell", "Content-Length", "server", "token", "extensions", "x", "", "sessionId", "auth", "batch", "method ", " id", "params\\u0000", "id\\u0000"):
        for value in ('"/bin/sh"', "[]", "null"):
            yield ("A40" if key in ("command", "args", "env", "cwd", "url", "image", "shell") else "J26"), f"{key!r} in the envelope", envelope(more=',"%s":%s' % (key, value)), MESSAGE
    for key in ("command", "args", "env", "cwd", "url", "image", "shell", "server_params", "Command", "transport", "executable", "task", "timeout", "name\\u0000", "arguments2"):
        yield "A40", f"{key!r} in params", envelope(params='{"name":"boom","arguments":{},"_meta":%s,"%s":"/bin/sh"}' % (META, key)), PARAMETERS
    for version in (None, '"1.0"', "2.0", '"2.0 "', '" 2.0"', '"2"', "2", "null", '["2.0"]', '"2.00"', '"\\u0032.1"', '"2.0\\u0000"', "true", '""', '"JSON-RPC 2.0"'):
        head = "" if version is None else '"jsonrpc":%s,' % version
        yield "J27", f"jsonrpc {version}", ('{%s"id":1,"method":"tools/list","params":{"_meta":%s}}' % (head, META)).encode(), MESSAGE
    for method in ('""', "7", "null", "{}", "[]", "true", '["tools/call"]', '"%s"' % ("m" * 129)):
        yield "J28", f"method {method[:20]}", envelope(method=method), MESSAGE
    yield "J28", "no method", ('{"jsonrpc":"2.0","id":1,"params":{"_meta":%s}}' % META).encode(), MESSAGE
    for params in ("[]", "null", '"x"', "1", "true", '["boom",{}]', '[{"name":"boom"}]', '"{}"'):
        yield "J28", f"params {params}", envelope(params=params), MESSAGE
    for answer in ('"result":{}', '"result":{"content":[]}', '"error":{"code":1,"message":"x"}', '"result":{"action":"accept"}'):
        yield "J29", f"an answer {answer[:20]}", ('{"jsonrpc":"2.0","id":7,%s}' % answer).encode(), UNASKED
    for parts in ('"result":{},"error":{"code":1,"message":"x"}', '"method":"tools/list","result":{}', '"result":7', '"result":null', '"error":{}', '"error":"x"', '"params":{},"result":{}', '"error":null',
                  '"method":"tools/call","params":{"name":"boom"},"result":{}', '"error":{"code":"1","message":"x"}', '"error":{"code":1.5,"message":"x"}'):
        yield "J29", f"both at once {parts[:30]}", ('{"jsonrpc":"2.0","id":7,%s}' % parts).encode(), MESSAGE


def name_cases():
    for method in ("Tools/Call", "tools/call ", " tools/call", "tools/call\\u0000", "sampling/createMessage", "roots/list", "elicitation/create", "rpc.discover", "unknown", "tools/Call", "TOOLS/CALL",
                   "tools\\\\call", "tools//call", "tools.call", "tool/call", "tools/calls", "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list", "tasks/get",
                   "notifications/initialized", "server/discover/", "rpc.listMethods", "system.listMethods", "__proto__", "constructor", "toString", "*", "tools/*", "../tools/call", "tools/call?x", "completion",
                   "tools\\u2215call", "t\\u043eols/call", "\\uff54ools/call"):
        yield "J34", f"method {method}", envelope(method='"%s"' % method), METHOD
    for name in ("e\\u0301cho", "\\uff45cho", "\\u0435cho", "echo ", " echo", "Echo", "ECHO", "n" * 129, "e\\u0000cho", "echo\\u0000", "echo\\n", "trip.echo", "trip__echo", "../echo", "ech\\u043e", "echo\\u200b", "ec\\u200dho", "",
                 "__proto__", "constructor", "toString", "*", "echo,boom", "unknown", "0", "e\\u0063ho2", "\\u212acho", "ech\\u00f8"):
        yield "J35", f"tool {name[:24]}", envelope(params='{"name":"%s","arguments":{},"_meta":%s}' % (name, META)), TOOL
    for name in ("null", "1", "[]", "{}", "true", '["echo"]'):
        yield "J35", f"tool {name}", envelope(params='{"name":%s,"arguments":{},"_meta":%s}' % (name, META)), PARAMETERS
    for arguments in ('{"text":1}', "{}", '{"text":"x","more":1}', '{"text":null}', '{"text":["x"]}', '{"text":{"x":1}}', '{"Text":"x"}', '{"text":"x","__proto__":{}}', '{"text":"x","constructor":1}', '{"text\\u0000":"x"}',
                      '{"te\\u200bxt":"x"}', '{"text":true}', '{"command":"/bin/sh"}', '{"text":"x","env":{}}'):
        yield "J36", f"arguments {arguments}", envelope(params='{"name":"echo","arguments":%s,"_meta":%s}' % (arguments, META)), ARGUMENTS
    for arguments in ('{"a":"1","b":2}', '{"a":1.5,"b":2}', '{"a":1}', '{"a":1,"b":2,"c":3}', '{"a":true,"b":2}', '{"a":null,"b":2}', '{"a":[1],"b":2}'):
        yield "J36", f"arguments {arguments} of add", envelope(params='{"name":"add","arguments":%s,"_meta":%s}' % (arguments, META)), ARGUMENTS
    for arguments in ("[]", "null", '"x"', "1", "true", "[{}]"):
        yield "J36", f"arguments {arguments}", envelope(params='{"name":"echo","arguments":%s,"_meta":%s}' % (arguments, META)), PARAMETERS
    for meta in ("null", "[]", '"x"', "1"):
        yield "J36", f"_meta {meta}", ('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":%s}}' % meta).encode(), PARAMETERS
    for token in ("null", "1.5", "{}", "[]", "true", '""', "1e3"):
        yield "J36", f"progressToken {token}", envelope(params='{"name":"boom","arguments":{},"_meta":{"progressToken":%s,%s}' % (token, META[1:])), PARAMETERS
    for version in ('"2025-11-25"', '"2024-11-05"', '"2026-07-29"', '"9999-01-01"', '""', '"2026-07-28 "', '"draft"'):
        yield "J32", f"revision {version}", ('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"%s":%s,"%s":{}}}}' % (
            client.VERSION_KEY, version, client.CAPABILITIES_KEY)).encode(), REVISION


def mirrored(payload):
    """The headers that an honest client would send with this body, as far as it can be read."""
    try:
        message = json.loads(payload)
        params = message["params"]
        version = params["_meta"].get(client.VERSION_KEY)
        headers = [("MCP-Protocol-Version", version if isinstance(version, str) and version.strip() == version and version else client.MODERN)]
        method = message["method"]
        headers.append(("Mcp-Method", method if method.isprintable() and method.isascii() else "tools/call"))
        name = params.get("name")
        if method == "tools/call" and isinstance(name, str):
            headers.append(("Mcp-Name", encoded(name)))
        elif method == "tools/call":
            headers.append(("Mcp-Name", "echo"))
        return headers
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [("MCP-Protocol-Version", client.MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", "boom")]


def encoded(name):
    if name.isascii() and name.isprintable() and name.strip() == name and name:
        return name
    return "=?base64?%s?=" % base64.b64encode(name.encode()).decode()


def all_cases():
    for cases in (reader_cases, key_cases, limit_cases, shape_cases, name_cases):
        yield from cases()


def is_utf8(payload):
    try:
        payload.decode()
        return True
    except UnicodeDecodeError:
        return False


def http_rows():
    for id, name, payload, (status, reason, code) in all_cases():
        # Nothing at all has no body to be judged.
        if payload == b"":
            yield Row(id, f"{name} [http]", build_http(payload), 400, ("json-malformed", "body-missing"), (7, 9))
            continue
        step = STEPS.get(reason, 9)
        # A name that no header can say exactly, or a version that says another era, may be caught as a difference first.
        loose = differs(payload, reason)
        yield Row(
            id, f"{name} [http]", build_http(payload), (status, 400) if loose else status, (reason, "header-mismatch") if loose else reason,
            step, code=(code, -32020) if loose else code)


def differs(payload, reason):
    if reason == "revision-unsupported":
        return True
    if reason == "method-unknown":
        method = json.loads(payload)["method"]
        return not (method.isascii() and method.isprintable() and method.strip() == method)
    if reason == "parameters-malformed":
        try:
            params = json.loads(payload)["params"]
            return not isinstance(params.get("name", ""), str)
        except (ValueError, AttributeError):
            return False
    if reason == "tool-unknown":
        return json.loads(payload)["params"]["name"] == ""
    return False


# Legacy clients lose the reason behind any status but 200: of these faults they are told so.
TOLD_POLITELY = ("parameters-malformed", "method-unknown", "tool-unknown", "arguments-invalid")
ONLY_LEGACY = ("initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "notifications/initialized")


def legacy_rows():
    """The same faults inside a session of the older era, without the envelope that it does not know."""
    plain = (',"_meta":%s' % META).encode()
    for id, name, payload, (status, reason, code) in all_cases():
        if plain not in payload or reason == "revision-unsupported" or any(name == f"method {method}" for method in ONLY_LEGACY):
            continue
        if id == "J12" and "meta" in name:
            # Without the envelope it stands there once.
            continue
        payload = payload.replace(plain, b"")
        yield Row(
            id, f"{name} [legacy]", build_legacy(payload), 200 if reason in TOLD_POLITELY else status, reason, STEPS.get(reason, 9), code=code)


def build_legacy(payload):
    return lambda case: client.legacy_post(case.port, case.token, payload, case.session).adding(("X-Canary", case.canary))


def build_http(payload):
    return lambda case: client.post(case.port, case.token, payload, mirror=mirrored(payload)).adding(("X-Canary", case.canary))


def socket_rows():
    for id, name, payload, (status, reason, code) in all_cases():
        if len(payload) > 600_000 and reason != "json-malformed":
            continue
        if name.startswith("_meta "):
            # No envelope and no handshake: a socket has no header that would say which era was meant.
            reason, code = SESSION[1:]
        closes = reason in CLOSING
        utf8 = is_utf8(payload)
        yield Row(
            id, f"{name} [socket]", build_socket(payload), 101,
            reason if utf8 else (reason, "frame-malformed"), STEPS.get(reason, 9) if not closes else 9,
            close=(4400 if utf8 else (4400, 1007)) if closes else 0, code=None if closes else code, transport="socket" if closes else "message")


def build_socket(payload):
    def build(case):
        request = client.upgrade(case.port, case.token).adding(("X-Canary", case.canary))
        request.frames = [client.frame(payload)]
        return request

    return build


def mutants(seed, count):
    """One valid message of each method with one byte changed, and prefixes of it."""
    random_ = random.Random(seed)
    bases = [text(message) for message in (
        client.call("echo", {"text": "x"}), client.modern("tools/list"), client.modern("server/discover"), client.initialize(),
        client.modern("prompts/get", {"name": "x", "arguments": {}}), client.modern("resources/read", {"uri": "file:///x"}),
        client.modern("completion/complete", {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "x", "value": ""}}))]
    for number in range(count):
        base = bytearray(random_.choice(bases))
        place = random_.randrange(len(base))
        kind = random_.randrange(4)
        if kind == 0:
            base[place] = random_.randrange(256)
        elif kind == 1:
            del base[place]
        elif kind == 2:
            base.insert(place, random_.choice(b'"{}[],:\\0eE+-.\n\r\t u\x00\xff\xef/'))
        else:
            base = base[:place]
        yield number, bytes(base)
