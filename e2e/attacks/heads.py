# SPDX-License-Identifier: Apache-2.0
"""Attacks that the head of a request carries: launch parameters, origins, authorities, credentials, framing, routes.

Each is a fault that is put into a carrier: a call of `boom` by POST, or a WebSocket handshake with such a call behind
it. So every fault is tried on both, and a carrier without its fault is the control that must succeed.
"""

import base64
import json
import urllib.parse

import client
from oracle import Row

TOUCH = "/usr/bin/touch"


def post(case, **options):
    """A call that would leave a mark, by POST."""
    message = client.call("boom", {})
    return client.post(case.port, case.token, message, **options).adding(("User-Agent", f"tester/{case.canary}"))


def upgrade(case, **options):
    """The same behind a WebSocket handshake, pipelined."""
    request = client.upgrade(case.port, case.token, **options)
    request = request.adding(("User-Agent", f"tester/{case.canary}"))
    request.frames = client.frame(json.dumps(client.call("boom", {})))
    return request


def aggregate(case, **options):
    """The same call at the endpoint of all servers together."""
    message = client.call("trip__boom", {})
    return client.post(case.port, case.token, message, "/mcp", **options).adding(("User-Agent", f"tester/{case.canary}"))


CARRIERS = {"post": post, "upgrade": upgrade, "aggregate": aggregate}


def rows(id, name, fault, status, reason, step, carriers=("post", "upgrade", "aggregate"), both=False, **options):
    """The rows of one fault: on each carrier, and with and without a token where it says so."""
    made = []
    for carrier in carriers:
        build = CARRIERS[carrier]
        for token in (True, False) if both else (options.get("token", True),):
            extra = {key: value for key, value in options.items() if key != "token"}
            title = f"{name} [{carrier}{'' if token else ', no token'}]"
            made.append(Row(
                id, title, lambda case, build=build: fault(build(case), case), status, reason, step, token=token,
                **extra))
    return made


def headers(*pairs):
    return lambda request, case: request.adding(*pairs_for(pairs, case))


def pairs_for(pairs, case):
    return [(fill(name, case), fill(value, case)) for name, value in pairs]


def fill(text, case):
    if isinstance(text, bytes):
        return (text.replace(b"{port}", str(case.port).encode()).replace(b"{token}", case.token.encode())
                .replace(b"{canary}", case.canary.encode()))
    return text.replace("{port}", str(case.port)).replace("{token}", case.token).replace("{canary}", case.canary)


def replaced(name, value):
    return lambda request, case: request.setting(name, fill(value, case))


def target(text):
    return lambda request, case: request.having(target=fill(text, case))


def query(text):
    """Behind whatever address the carrier has."""
    return lambda request, case: request.having(target=client.to_bytes(request.target) + b"?" + client.to_bytes(fill(text, case)))


# Launch parameters

def server_params(case, command=TOUCH, encode=base64.b64encode):
    params = {"type": "StdioServerParams", "command": command, "args": [case.mark], "env": {"CANARY": case.canary}}
    return urllib.parse.quote(encode(json.dumps(params).encode()).decode(), safe="")


def launch_rows():
    found = []

    def params(request, case, path=None, **options):
        text = f"?server_params={server_params(case, **options)}"
        return request.having(target=(path or request.target) + text)

    def plain(request, case):
        mark = urllib.parse.quote(case.mark, safe="")
        return request.having(target=f"{request.target}?command={TOUCH}&arg={mark}&secret={case.canary}")

    for path in (None, "/ws/files", "/ws/nobody", "/api/mcp/ws/1", "/api/mcp/ws/connect", "/mcp", "/", "/ui"):
        found += rows("A01", f"launch parameters at {path or 'the endpoint'}",
                      lambda request, case, path=path: params(request, case, path), 401, "credential-missing", 4,
                      token=False, twin=True)
    found += rows("A01", "launch parameters, URL-safe alphabet",
                  lambda request, case: params(request, case, encode=base64.urlsafe_b64encode), 401,
                  "credential-missing", 4, token=False)
    found += rows("A02", "launch parameters with a token", params, 400, "query-not-allowed", 7, twin=True)
    found += rows("A03", "plain launch parameters", plain, 400, "query-not-allowed", 7, twin=True)
    found += rows("A03", "plain launch parameters, no token", plain, 401, "credential-missing", 4, token=False, twin=True)
    for text in ("server=files", "", "&", "a", "=", "x=1&y", "session_id={canary}", "%00", "a=%0d%0aHost:evil"):
        for both, status, reason, step in ((True, 400, "query-not-allowed", 7), (False, 401, "credential-missing", 4)):
            found += rows("A03", f"the query ?{text}", query(text), status, reason, step, token=both)
    for text in ("?a=b#c", "#fragment", "?\"", "?<x>", "?a b", "?\u00e9"):
        # What stands behind the question mark is never read: as an address it is wrong, or as a query.
        found += rows("A03", f"malformed {text}",
                      lambda request, case, text=text: request.having(target=request.target + text), 400,
                      ("head-malformed", "query-not-allowed"), (1, 7))
    return found


# Browsers

LOCAL_ORIGINS = (
    "http://localhost", "http://localhost:{port}", "http://127.0.0.1", "http://127.0.0.1:9999",
    "https://127.0.0.1:{port}", "http://[::1]:{port}", "http://127.0.0.2:{port}", "http://0.0.0.0:{port}",
    "ws://127.0.0.1:{port}", "http://127.0.0.1:{port}/", "http://127.0.0.1:0{port}", "HTTP://127.0.0.1:{port}",
    "http://user@127.0.0.1:{port}", "http://127.0.0.1:{port} ", "127.0.0.1:{port}", "//127.0.0.1:{port}",
    "http://127.0.0.1:{port}, http://evil.example", "http://127.0.0.1:{port} http://evil.example",
    "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}@evil.example", "http://127.1:{port}")
FOREIGN_ORIGINS = (
    "https://evil.example", "http://evil.example", "http://evil.example:{port}", "chrome-extension://abcdefghijklmnop",
    "moz-extension://5b8ed06a", "vscode-webview://x", "file://", "capacitor://localhost", "app://.", "https://*")
OPAQUE_ORIGINS = ("null", "Null", "NULL", "about:blank", "blob:null", "undefined")
LOOKALIKE_ORIGINS = (
    "http://localhost@evil.example", "http://localhost.evil.example", "http://127.0.0.1.nip.io", "http://localhost.",
    "HTTP://LOCALHOST", "", "http://127.0.0.1%2eevil.example", "http://xn--localhost-9za", "http://loca\u017fhost",
    "http://2130706433:{port}", "http://0x7f000001:{port}", "http://127.0.0.1:{port}\u200b", "*")


def browser_rows():
    found = []

    def origin(value):
        # Trailing white space around a value is no part of it, so such a spelling is the listener's own.
        return headers(("Origin", value))

    for id, values in (("A04", LOCAL_ORIGINS), ("A05", FOREIGN_ORIGINS), ("A06", OPAQUE_ORIGINS), ("A10", LOOKALIKE_ORIGINS)):
        for value in values:
            if value.endswith(" "):
                continue
            shown = value.encode("ascii", "backslashreplace").decode()
            if any(ord(letter) > 126 for letter in value):
                # No origin is written so: the byte is at fault before the meaning.
                found += rows(id, f"Origin {shown}", origin(value.encode()), 400, "head-malformed", 1, both=True, twin=True)
                continue
            found += rows(id, f"Origin {shown!r}", origin(value), 403, "browser-evidence", 3, both=True, twin=True)
    marks = [(name, value) for name, values in {
        "Sec-Fetch-Site": ("same-origin", "same-site", "cross-site", "none", "", "x"),
        "Sec-Fetch-Dest": ("empty", "document", "iframe", "websocket", ""),
        "Sec-Fetch-User": ("?1", "?0", ""),
        "Sec-Fetch-Mode": ("navigate", "no-cors", "same-origin", "", "CORS", "cors, cors", "cors;a"),
        "sec-fetch-storage-access": ("none", "active"),
        "SEC-FETCH-SITE": ("none",), "Sec-Fetch-Frame-Top": ("x",), "Sec-Fetch-": ("1",),
        "Access-Control-Request-Method": ("POST", ""), "Access-Control-Request-Headers": ("authorization",),
        "Access-Control-Request-Private-Network": ("true",), "Access-Control-Request-Local-Network": ("true",),
        "access-control-request-anything": ("1",)}.items() for value in values]
    for name, value in marks:
        id = "A20" if name.lower().startswith("access") else "A07"
        found += rows(id, f"{name}: {value!r}", headers((name, value)), 403, "browser-evidence", 3, both=True)
    found += rows("A07", "Node's mode beside another mark",
                  headers(("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "cross-site")), 403, "browser-evidence", 3, both=True)
    found += rows("A07", "the other transport's mode", headers(("Sec-Fetch-Mode", "websocket")), 403, "browser-evidence", 3,
                  carriers=("post",), both=True)
    found += rows("A07", "the other transport's mode", headers(("Sec-Fetch-Mode", "cors")), 403, "browser-evidence", 3,
                  carriers=("upgrade",), both=True)
    found += rows("A07", "two modes", headers(("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Mode", "cors")), 400, "head-malformed", 1)
    found += rows("A07", "Node's mode, no token [control]", headers(("Sec-Fetch-Mode", "cors")), 401,
                  "credential-missing", 4, carriers=("post",), token=False)
    found += rows("A07", "Node's mode, no token [control]", headers(("Sec-Fetch-Mode", "websocket")), 401,
                  "credential-missing", 4, carriers=("upgrade",), token=False)
    found += rows("A04", "the listener's own origin, no token", headers(("Origin", "http://127.0.0.1:{port}")), 401,
                  "credential-missing", 4, token=False)
    for names in (("Origin",), ("Origin", "ORIGIN")):
        pairs = [(names[index % len(names)], "http://127.0.0.1:{port}") for index in range(2)]
        found += rows("A10", f"two Origins {names}", headers(*pairs), 400, "head-malformed", 1, both=True)
    # Pages that the browser believes to be somebody else's.
    evil = headers(("Origin", "https://evil.example"))
    for id, type_ in (("A16", "text/plain"), ("A18", "application/x-www-form-urlencoded"), ("A18", "multipart/form-data; boundary=x")):
        found += rows(id, f"a page posts {type_}",
                      lambda request, case, type_=type_: evil(request.setting("Content-Type", type_), case), 403,
                      "browser-evidence", 3, carriers=("post",), both=True, twin=True)
    found += rows("A17", "a page posts without a type", lambda request, case: evil(request.without("Content-Type"), case), 403,
                  "browser-evidence", 3, carriers=("post",), both=True, twin=True)
    form = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"boom","arguments":{"=":"' + b'"}}}'
    found += rows("A19", "a self-submitting form", lambda request, case: request.without("Authorization", "Accept").setting(
        "Content-Type", "text/plain").having(body=form).adding(
            ("Origin", "null"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document"),
            ("Upgrade-Insecure-Requests", "1")), 403, "browser-evidence", 3, carriers=("post",), twin=True)
    preflight = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"),
                 ("Access-Control-Request-Headers", "authorization, content-type")]
    for path in ("/mcp", "/mcp/trip", "/ws/trip", "/ui", "/nothing", "/.well-known/oauth-protected-resource"):
        for extra in ((), (("Access-Control-Request-Private-Network", "true"),), (("Access-Control-Request-Local-Network", "true"),)):
            found += rows("A20", f"preflight of {path} {extra}", lambda request, case, path=path, extra=extra: client.Request(
                "OPTIONS", path, [("Host", case.authority), *preflight, *extra]), 403, "browser-evidence", 3,
                carriers=("post",), token=False)
    found += rows("A20", "preflight without Origin", lambda request, case: client.Request(
        "OPTIONS", "/mcp", [("Host", case.authority), *preflight[1:]]), 403, "browser-evidence", 3, carriers=("post",), token=False)
    return found


# Authority

FOREIGN_HOSTS = (
    "rebind.attacker.example:{port}", "localhost.attacker.example:{port}", "0.0.0.0:{port}", "2130706433:{port}",
    "0x7f.1:{port}", "0177.0.0.1:{port}", "127.1:{port}", "127.0.1:{port}", "127.000.000.001:{port}",
    "[::ffff:127.0.0.1]:{port}", "[::1]:{port}", "[0:0:0:0:0:ffff:7f00:1]:{port}", "localhost.:{port}",
    "localhost6:{port}", "foo.localhost:{port}", "LOCALHOST.evil:{port}", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:1",
    "127.0.0.2:{port}", "127.0.0.1.:{port}", "127.0.0.1.nip.io:{port}", "localhost", "ip6-loopback:{port}",
    "xn--127-0-0-1-x:{port}", "evil.example")
BAD_HOSTS = (
    "user@127.0.0.1:{port}", "127.0.0.1:{port}/x", "127.0.0.1:{port}, evil", "127.0.0.1 :{port}", "127.0.0.1:\t{port}",
    "", "http://127.0.0.1:{port}", "127.0.0.1:{port}#", "127.0.0.1:{port}?", "127.0.0.1:-1", "127.0.0.1:99999999",
    "127.0.0.1:{port}:{port}", "[127.0.0.1:{port}", "127.0.0.1]:{port}", "127.0.0.1:{port}\\x", "a_b%:1", ":{port}",
    "127.0.0.1:+{port}", "[::1", "a b")


def authority_rows():
    found = []
    for value in FOREIGN_HOSTS:
        id = "A11" if "attacker" in value else "A12"
        found += rows(id, f"Host {value}", replaced("Host", value), 421, "authority-foreign", 2, both=True, twin=True)
    for value in BAD_HOSTS:
        found += rows("A12b", f"Host {value!r}", replaced("Host", value), 400, "authority-malformed", 2)
    found += rows("A12b", "no Host", lambda request, case: request.without("Host"), 400, "authority-malformed", 2, both=True)
    for first, second in ((0, 0), (0, 1), (1, 0)):
        values = ("127.0.0.1:{port}", "evil.example")
        found += rows("A12b", f"two Hosts {first}{second}", lambda request, case, pair=(values[first], values[second]): request.without(
            "Host").adding(("Host", fill(pair[0], case)), ("hOST", fill(pair[1], case))), 400, "head-malformed", 1)
    for text in ("http://evil.example{path}", "http://127.0.0.1:{port}{path}", "https://127.0.0.1:{port}{path}",
                 "HTTP://127.0.0.1:{port}{path}", "127.0.0.1:{port}", "*", "mcp/trip", "", "//evil.example/mcp", "ws://127.0.0.1:{port}{path}"):
        found += rows("A13", f"target {text!r}", lambda request, case, text=text: request.having(
            target=fill(text.replace("{path}", request.target), case)), 400, "head-malformed", 1)
    for name, value in (
            ("Forwarded", "for=127.0.0.1;host=127.0.0.1:{port};proto=https"), ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", "127.0.0.1:{port}"), ("X-Forwarded-Proto", "https"), ("X-Real-IP", "127.0.0.1"),
            ("X-Client-IP", "127.0.0.1"), ("X-Original-URL", "/.well-known/oauth-protected-resource"),
            ("X-Rewrite-URL", "/.well-known/oauth-protected-resource"), ("X-Forwarded-User", "root"), ("Via", "1.1 localhost"),
            ("True-Client-IP", "127.0.0.1"), ("CF-Connecting-IP", "::1"), ("X-Remote-User", "operator"),
            ("X-Authenticated-User", "operator"), ("X-Forwarded-Access-Token", "{canary}"), ("X-Api-Key", "{canary}"),
            ("X-Host", "127.0.0.1:{port}"), ("X-HTTP-Host-Override", "127.0.0.1:{port}")):
        found += rows("A15", f"{name}: {value}", headers((name, value)), 401, "credential-missing", 4, token=False, twin=True)
    return found


# Credentials

def jwt(header, payload, signature="c2ln"):
    def part(tree):
        return base64.urlsafe_b64encode(json.dumps(tree).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload)}.{signature}"


def credential_rows():
    found = []

    def bare(request, case):
        return request.without("Authorization")

    for text in ("token={token}", "access_token={token}", "bearer={token}", "auth={token}&x={canary}"):
        # The token itself goes along, so the row has one; without the header it counts for nothing.
        found += rows("A21", f"?{text}", lambda request, case, text=text: query(text)(bare(request, case), case), 401,
                      "credential-missing", 4)
        found += rows("A21", f"?{text} beside the header", query(text), 400, "query-not-allowed", 7)
    for text in ("token={token}", "__Host-token={token}", "doorward={token}", "session={canary}; token={token}",
                 "Authorization=Bearer {token}"):
        found += rows("A22", f"Cookie: {text}", lambda request, case, text=text: bare(request, case).adding(
            ("Cookie", fill(text, case))), 401, "credential-missing", 4)
    for name, value in (
            ("Proxy-Authorization", "Bearer {token}"), ("X-Authorization", "Bearer {token}"), ("Authentication", "Bearer {token}"),
            ("X-Token", "{token}"), ("Mcp-Authorization", "Bearer {token}"), ("Authorization-", "Bearer {token}")):
        found += rows("A21", f"{name} instead", lambda request, case, name=name, value=value: bare(request, case).adding(
            (name, fill(value, case))), 401, "credential-missing", 4)
    found += rows("A21", "the token in the subprotocol", lambda request, case: bare(request, case).setting(
        "Sec-WebSocket-Protocol", f"mcp, {case.token}"), 401, "credential-missing", 4, carriers=("upgrade",))
    found += rows("A21", "the token in the path", lambda request, case: bare(request, case).having(
        target=f"{request.target}/{case.token}"), 401, "credential-missing", 4)

    malformed = (
        "Basic {token}", "Bearer", "Bearer ", "Bearer  {token}", "Bearer\t{token}", "Bearer {token}, Bearer x", "Bearer {token},x",
        "Bearer \"{token}\"", "Bearer {token} x", "{token}", "Token {token}", "Bearer={token}", "Bearer: {token}", "Digest {token}",
        "Bearer {token};", "Bearer *", "Negotiate", "bearer{token}", "Bearer {token}\u00e9", "Bearer <{token}>", "Bearer {token}%20", "BearerX {token}")
    for value in malformed:
        shown = value.encode("ascii", "backslashreplace").decode()
        found += rows("A24", f"Authorization {shown!r}", lambda request, case, value=value: request.setting(
            "Authorization", fill(value, case).encode()), (400, 401), ("credential-malformed", "head-malformed"), (1, 4))
    for value in ("dwt_" + "A" * 43, "x", "dwt_", "{token}x", "x{token}", "0", "null", "true", "undefined", "admin",
                  "-", "~", "a" * 256, "{canary}"):
        found += rows("A24", f"the token {value[:20]!r}", replaced("Authorization", "Bearer " + value), 401,
                      "credential-unknown", 4)
    found += rows("A24", "the token in other case", lambda request, case: request.setting(
        "Authorization", f"Bearer {case.token.swapcase()}"), 401, "credential-unknown", 4)
    found += rows("A24", "the token, last letter off", lambda request, case: request.setting(
        "Authorization", f"Bearer {case.token[:-1]}{'A' if case.token[-1] != 'A' else 'B'}"), 401, "credential-unknown", 4)
    found += rows("A24", "the token cut short", lambda request, case: request.setting(
        "Authorization", f"Bearer {case.token[:-1]}"), 401, "credential-unknown", 4)
    for pair in (("Bearer {token}", "Bearer {token}"), ("Bearer x", "Bearer {token}"), ("Bearer {token}", "Bearer x"), ("Basic x", "Bearer {token}")):
        found += rows("A24", f"two Authorization {pair}", lambda request, case, pair=pair: bare(request, case).adding(
            ("Authorization", fill(pair[0], case)), ("AUTHORIZATION", fill(pair[1], case))), 400, "head-malformed", 1)
    found += rows("A24", "a token of 1 MB", replaced("Authorization", "Bearer " + "a" * 1_000_000), 431, "head-too-large", 1)
    for header, note in ((({"alg": "none"}), "alg none"), ({"alg": "None"}, "alg None"), ({"alg": "HS256", "kid": "../../dev/null"}, "kid path"),
                         ({"alg": "RS256", "jku": "http://127.0.0.1/"}, "jku"), ({"alg": "HS256"}, "HS for RS")):
        for signature in ("", "c2ln", "x" * 8):
            value = jwt(header, {"sub": "operator", "aud": "doorward", "exp": 4102444800}, signature)
            found += rows("A27", f"JWT {note}, signature {signature!r}", replaced("Authorization", f"Bearer {value}"), 401,
                          "credential-unknown", 4)
    found += rows("A27", "JWT of dots", replaced("Authorization", "Bearer .."), 401, "credential-unknown", 4)
    # Whatever the address, nobody unknown learns more than that he is unknown.
    for path in ("/", "/mcp", "/mcp/trip", "/mcp/nobody", "/ws/nobody", "/ui", "/ui/login", "/admin", "/api/ws/1", "/favicon.ico",
                 "/static/app.js", "/health", "/metrics", "/mcp/trip.js", "/ws/trip.css", "/.env", "/api/version", "/docs", "/login"):
        for method in ("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"):
            found.append(Row("A31", f"{method} {path} by nobody", lambda case, path=path, method=method: client.Request(
                method, path, [("Host", case.authority), ("User-Agent", case.canary)]), 401, "credential-missing", 4, token=False))
    found.append(Row("A31", "frames pipelined behind a handshake without a token", lambda case: upgrade(case), 401,
                     "credential-missing", 4, token=False, twin=False))
    return found


# Framing

def framing_rows():
    found = []
    body = json.dumps(client.call("boom", {})).encode()

    def framed(*pairs, body=body):
        def fault(request, case):
            return request.having(framing=list(pairs), body=body)

        return fault

    size = str(len(body))
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for name, pairs in (
            ("CL and TE", (("Content-Length", size), ("Transfer-Encoding", "chunked"))),
            ("TE and CL", (("Transfer-Encoding", "chunked"), ("Content-Length", size))),
            ("TE and CL 0", (("Transfer-Encoding", "chunked"), ("Content-Length", "0"))),
            ("two equal CL", (("Content-Length", size), ("Content-Length", size))),
            ("two other CL", (("Content-Length", size), ("content-length", "5"))),
            ("a CL list", (("Content-Length", f"{size}, {size}"),)),
            ("a CL list of others", (("Content-Length", f"{size},5"),)),
            ("signed CL", (("Content-Length", "+" + size),)), ("negative CL", (("Content-Length", "-1"),)),
            ("hex CL", (("Content-Length", hex(len(body))),)), ("spaced CL", (("Content-Length", f"{size[0]} {size[1:]}"),)),
            ("CL with a fraction", (("Content-Length", size + ".0"),)), ("empty CL", (("Content-Length", ""),)),
            ("CL in other digits", (("Content-Length", "\u0661\u0662"),)), ("CL with an exponent", (("Content-Length", "1e2"),)),
            ("CL underscore", (("Content-Length", "1_0"),)), ("CL quoted", (("Content-Length", f'"{size}"'),)),
            ("two TE", (("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked"))),
            ("two TE, identity", (("Transfer-Encoding", "identity"), ("Transfer-Encoding", "chunked"))),
            ("TE, then CL in other case", (("transfer-encoding", "chunked"), ("CONTENT-LENGTH", size)))):
        text = chunked if "TE" in name else body
        found += rows("A35", name, framed(*pairs, body=text), 400, "head-malformed", 1, carriers=("post",))
    for value in ("chunked, identity", "identity, chunked", "chunked,chunked", "xchunked", "chunked;q=1", "chunked, ", "gzip, chunked",
                  "identity", "\"chunked\"", "chunke\u0064\u00a0", "\x0bchunked", "chunked\x00"):
        # Known and wrong, or not known at all: both are the end of it, and neither is read as a body.
        found += [Row("A35", f"Transfer-Encoding {value!r}", lambda case, value=value: post(case).having(
            framing=[("Transfer-Encoding", value)], body=chunked), (400, 501), ("head-malformed", "coding-unsupported"), 1)]
    bad_chunks = (
        ("extension", b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(body), body)), ("extension without a value", b"%x;\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        ("trailer", b"%x\r\n%s\r\n0\r\nX-A: b\r\n\r\n" % (len(body), body)), ("Host as a trailer", b"%x\r\n%s\r\n0\r\nHost: evil\r\n\r\n" % (len(body), body)),
        ("bare LF behind the size", b"%x\n%s\r\n0\r\n\r\n" % (len(body), body)), ("bare LF behind the data", b"%x\r\n%s\n0\r\n\r\n" % (len(body), body)),
        ("0x size", b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)), ("signed size", b"+%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        ("negative size", b"-1\r\n%s\r\n0\r\n\r\n" % body), ("spaced size", b" %x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        ("size with a space behind", b"%x \r\n%s\r\n0\r\n\r\n" % (len(body), body)), ("size too small", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - 2, body)),
        ("no size", b"\r\n%s\r\n0\r\n\r\n" % body), ("size of many digits", b"0000000000000000%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        ("overflowing size", b"ffffffffffffffff1\r\n%s\r\n0\r\n\r\n" % body), ("bare CR", b"%x\r%s\r\n0\r\n\r\n" % (len(body), body)))
    for name, text in bad_chunks:
        # A size of too many digits is no size, or one beyond every limit.
        found += rows("A35", f"chunked, {name}", framed(("Transfer-Encoding", "chunked"), body=text), (400, 413), ("body-malformed", "body-too-large"),
                      7, carriers=("post",)) if "digits" in name or "overflow" in name else rows(
                          "A35", f"chunked, {name}", framed(("Transfer-Encoding", "chunked"), body=text), 400, "body-malformed", 7, carriers=("post",))

    def raw(change):
        return lambda request, case: change(request.encode(), case)

    def lines(change):
        """`change` gets the header lines and gives them back."""
        def fault(request, case):
            head, _, rest = request.encode().partition(b"\r\n\r\n")
            return b"\r\n".join(change(head.split(b"\r\n"))) + b"\r\n\r\n" + rest

        return fault

    found_raw = [
        ("obs-fold", lines(lambda text: [*text, b"X-A: b", b" folded"])),
        ("obs-fold with a tab", lines(lambda text: [*text, b"X-A: b", b"\tfolded"])),
        ("obs-fold as the first line", lines(lambda text: [text[0], b" folded: x", *text[1:]])),
        ("bare LF behind the request line", raw(lambda text, case: text.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\n", 1))),
        ("bare LF behind a header", raw(lambda text, case: text.replace(b"\r\nAuth", b"\nAuth", 1))),
        ("bare LF everywhere", raw(lambda text, case: text.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n\n" + text.partition(b"\r\n\r\n")[2])),
        ("bare CR in a value", lines(lambda text: [*text, b"X-A: b\rX-B: c"])),
        ("CR CR LF", lines(lambda text: [*text, b"X-A: b\r"])),
        ("NUL in a value", lines(lambda text: [*text, b"X-A: b\0c"])),
        ("NUL in a name", lines(lambda text: [*text, b"X\0A: b"])),
        ("DEL in a value", lines(lambda text: [*text, b"X-A: b\x7f"])),
        ("ESC in a value", lines(lambda text: [*text, b"X-A: \x1b[31m"])),
        ("BEL in User-Agent", lines(lambda text: [*text, b"User-Agent: \x07"])),
        ("vertical tab in a value", lines(lambda text: [*text, b"X-A: a\x0bb"])),
        ("space before the colon", lines(lambda text: [*text, b"X-A : b"])),
        ("tab before the colon", lines(lambda text: [*text, b"X-A\t: b"])),
        ("space before the colon of Content-Length", raw(lambda text, case: text.replace(b"Host:", b"Host :", 1))),
        ("no colon", lines(lambda text: [*text, b"X-A"])),
        ("empty name", lines(lambda text: [*text, b": b"])),
        ("a separator in a name", lines(lambda text: [*text, b"X(A): b"])),
        ("a non-ASCII name", lines(lambda text: [*text, "X\u00e9: b".encode()])),
        ("a leading empty line of spaces", raw(lambda text, case: b" \r\n" + text)),
        ("two spaces in the request line", raw(lambda text, case: text.replace(b" HTTP", b"  HTTP", 1))),
        ("a tab in the request line", raw(lambda text, case: text.replace(b" HTTP", b"\tHTTP", 1))),
        ("no version", raw(lambda text, case: text.replace(b" HTTP/1.1", b"", 1))),
        ("lower-case version", raw(lambda text, case: text.replace(b"HTTP/1.1", b"http/1.1", 1))),
        ("three words behind the target", raw(lambda text, case: text.replace(b" HTTP/1.1", b" x HTTP/1.1", 1))),
        ("a method with a separator", raw(lambda text, case: text.replace(text.split(b" ")[0], b"PO(ST", 1))),
        ("an empty method", raw(lambda text, case: b" " + text.split(b" ", 1)[1])),
        ("Upgrade h2c", lines(lambda text: [line for line in text if not line.lower().startswith((b"upgrade:", b"connection:"))] + [
            b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", b"Connection: Upgrade, HTTP2-Settings"])),
        ("Upgrade websocket and h2c", lines(lambda text: [line for line in text if not line.lower().startswith(b"upgrade:")] + [b"Upgrade: websocket, h2c"])),
        ("Upgrade TLS/1.0", lines(lambda text: [line for line in text if not line.lower().startswith(b"upgrade:")] + [b"Upgrade: TLS/1.0", b"Connection: Upgrade"])),
    ]
    for name, fault in found_raw:
        found += rows("A35", name, fault, 400, "head-malformed", 1)
    for singleton in ("Content-Type", "Mcp-Method", "Mcp-Name", "MCP-Protocol-Version", "Mcp-Session-Id", "Upgrade", "Cookie",
                      "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
                      "Content-Length", "Transfer-Encoding", "Authorization", "Host", "Origin"):
        def twice(request, case, name=singleton):
            value = {"Host": case.authority, "Authorization": f"Bearer {case.token}", "Content-Length": "0", "Transfer-Encoding": "chunked",
                     "Upgrade": "websocket"}.get(name, "mcp")
            other = request.without(name)
            return other.having(framing=[]).adding((name, value), (name.upper(), value))

        found += rows("A35", f"{singleton} twice", twice, 400, "head-malformed", 1)
    versions = [("HTTP/1.0", 505), ("HTTP/1.2", 505), ("HTTP/2.0", 505), ("HTTP/0.9", 505), ("HTTP/3.0", 505)]
    for version, status in versions:
        found += rows("A35b", version, lambda request, case, version=version: request.having(version=version), status, "version-unsupported", 1)
    found.append(Row("A35b", "the HTTP/2 preface", lambda case: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version-unsupported", 1))
    for version in ("HTTP/1.10", "HTTP/11", "HTTP/1", "HTTP/1.1.1", "HTTP/ 1.1", "HTTPS/1.1", "HTTP/1.x", "ICY/1.1", "HTTP/1,1"):
        found += [Row("A35b", version, lambda case, version=version: post(case).having(version=version), (400, 505),
                      ("head-malformed", "version-unsupported"), 1)]
    # Sizes, at the limit and beyond it.
    found += rows("A36", "a request line over 8 KiB", lambda request, case: request.having(target="/" + "a" * 8200), 414, "target-too-long", 1)
    found += rows("A36", "100 KB of query", query("a" * 100_000), 414, "target-too-long", 1)
    found += rows("A39", "a key of 64 KB", lambda request, case: request.having(target="/mcp/" + "a" * 65_536), 414, "target-too-long", 1)
    found += rows("A36", "a header of 64 KiB", headers(("X-A", "b" * 65_536)), 431, "head-too-large", 1)
    found += rows("A36", "1,000 headers", lambda request, case: request.adding(*[(f"X-{n}", "a") for n in range(1000)]), 431, "head-too-large", 1)
    found += rows("A36", "a header name of 64 KiB", headers(("X" * 65_536, "b")), 431, "head-too-large", 1)
    found += rows("A29", "a session id of 64 KiB", headers(("Mcp-Session-Id", "a" * 65_536)), 431, "head-too-large", 1)
    return found


# Routes and forms

def route_rows():
    found = []
    for path in ("/mcp/..", "/mcp/a b", "/mcp/caf\u00e9", "/mcp/tr\u0131p", "/mcp/", "/mcp//trip", "/mcp/./trip", "/mcp/trip/..", "//mcp/trip",
                 "/mcp/%74rip", "/mcp/trip%00", "/mcp/trip%2f..", "/mcp\\trip", "/mcp/trip;a=b", "/mcp/trip~", "/mcp/tr:ip", "/mcp/trip@x",
                 "/mcp/trip/", "/ws/", "/ws/..", "/mcp/{trip}", "/mcp/trip\"", "/mcp/$(id)", "/mcp/`id`", "/mcp/*", "/mcp/a,b", "/mcp/a+b", "/mcp/a=b",
                 "/mcp/a'b", "/mcp/a|b", "/mcp/../ui", "/ui/../mcp/trip", "/mcp/...//trip"):
        if path.endswith("...//trip"):
            continue
        found += rows("A39", f"path {path!r}", lambda request, case, path=path: request.having(target=path.encode()), 400, "head-malformed", 1)
    for path in ("/mcp/Trip", "/mcp/TRIP", "/mcp/__proto__", "/mcp/constructor", "/mcp/nobody", "/mcp/trip.", "/mcp/trip-", "/mcp/-trip",
                 "/mcp/trip_", "/mcp/tripp", "/mcp/tri", "/mcp/hasOwnProperty", "/mcp/0", "/mcp/" + "a" * 33, "/mcp/" + "a" * 300, "/mcp/.git", "/mcp/null"):
        # A name that no server has, and one that none could have, look alike.
        found.append(Row("A39", f"key {path[:40]}", lambda case, path=path: client.post(
            case.port, case.token, client.call("boom", {}), path), 404, "server-unknown", 10))
        found.append(Row("A39", f"key {path[:40]} by WebSocket", lambda case, path=path: upgrade(case, target=path.replace("/mcp", "/ws")), 404,
                         "server-unknown", 10))
    for path in ("/", "/mcp/trip/x", "/MCP/trip", "/mcps", "/mcp.json", "/ws", "/Ws/trip", "/ws/trip/x", "/wss/trip", "/api/mcp/ws/1", "/health", "/mcp-trip"):
        found += rows("A39", f"address {path}", lambda request, case, path=path: request.having(target=path), 404, "route-unknown", 6)
    for path in ("/ui", "/ui/login", "/ui/approvals"):
        found += rows("A26", f"a tools token at {path}", lambda request, case, path=path: request.having(target=path), 403, "scope-insufficient", 5,
                      carriers=("post",))
    for method in ("PUT", "PATCH", "HEAD", "TRACE", "OPTIONS", "QUERY", "PROPFIND", "post", "Post", "FOO"):
        for path, allow in (("/mcp/trip", "POST"), ("/mcp", "POST"), ("/ws/trip", "GET")):
            found.append(Row("A34", f"{method} {path}", lambda case, method=method, path=path: client.Request(
                method, path, [("Host", case.authority), ("Authorization", f"Bearer {case.token}"), ("X-Canary", case.canary)]), 405,
                "method-not-allowed", 6, header=("allow", allow)))
    for name, value in (("X-HTTP-Method-Override", "GET"), ("X-HTTP-Method", "DELETE"), ("X-Method-Override", "PUT")):
        found += rows("A34", f"{name} on a wrong method", lambda request, case, name=name, value=value: client.Request(
            "PUT", "/mcp/trip", [("Host", case.authority), ("Authorization", f"Bearer {case.token}"), (name, "POST")]), 405, "method-not-allowed", 6,
            carriers=("post",))
    for text in ("CONNECT 127.0.0.1:{port} HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1", "CONNECT [::1]:22 HTTP/1.1"):
        found.append(Row("A34", text, lambda case, text=text: fill(
            text + "\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n", case).encode(), 400, "head-malformed", 1))
    found.append(Row("A34", "POST with Upgrade", lambda case: upgrade(case).having(method="POST", framing=[("Content-Length", "0")], frames=b""),
                     405, "method-not-allowed", 6))
    found.append(Row("A34", "POST /mcp with Upgrade", lambda case: post(case).adding(("Upgrade", "websocket"), ("Connection", "Upgrade")),
                     405, "method-not-allowed", 6))
    found.append(Row("A34", "GET /ws without Upgrade", lambda case: client.Request(
        "GET", "/ws/trip", [("Host", case.authority), ("Authorization", f"Bearer {case.token}")]), 426, "upgrade-required", 7))
    found.append(Row("A34", "GET /mcp without a session", lambda case: client.Request(
        "GET", "/mcp/trip", [("Host", case.authority), ("Authorization", f"Bearer {case.token}"), ("Accept", "text/event-stream")]), 405,
        "method-not-allowed", 6, header=("allow", "POST")))
    found.append(Row("A34", "DELETE /mcp without a session", lambda case: client.Request(
        "DELETE", "/mcp/trip", [("Host", case.authority), ("Authorization", f"Bearer {case.token}")]), 405, "method-not-allowed", 6))
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "application/jsonx",
                  "application/vnd.api+json", "application/json; charset=utf-16", "application/json; charset=latin1", "", "json", "application/json5",
                  "application/json, text/plain", "text/plain, application/json", "application/json; charset", "*/*", "application/*",
                  "application/json-rpc", "application/jsonrequest", "application/ld+json", "application/json;charset=utf-8;charset=utf-16",
                  "application/ json", "application /json", "text/plain; application/json", "application/ndjson", "image/svg+xml"):
        found += rows("A18" if "plain" not in type_ else "A16", f"Content-Type {type_!r}", replaced("Content-Type", type_), 415,
                      "media-type-unsupported", 7, carriers=("post",))
    found += rows("A17", "no Content-Type", lambda request, case: request.without("Content-Type"), 415, "media-type-unsupported", 7, carriers=("post",))
    found += rows("A18", "two Content-Types", lambda request, case: request.adding(("Content-Type", "application/json")), 400, "head-malformed", 1,
                  carriers=("post",))
    for accept in ("application/json", "text/event-stream", "", "text/html", "application/xml", "application/json;q=0, text/event-stream"):
        found += rows("A34", f"Accept {accept!r}", replaced("Accept", accept), 406, "not-acceptable", 7, carriers=("post",))
    # Handshakes, refused as a whole before there is anything to talk to.
    shakes = (
        ("no version", lambda request: request.without("Sec-WebSocket-Version"), 426, "upgrade-required"),
        ("version 8", lambda request: request.setting("Sec-WebSocket-Version", "8"), 426, "upgrade-required"),
        ("versions 13, 8", lambda request: request.setting("Sec-WebSocket-Version", "13, 8"), 426, "upgrade-required"),
        ("no key", lambda request: request.without("Sec-WebSocket-Key"), 400, "handshake-malformed"),
        ("a short key", lambda request: request.setting("Sec-WebSocket-Key", base64.b64encode(b"x" * 15)), 400, "handshake-malformed"),
        ("a long key", lambda request: request.setting("Sec-WebSocket-Key", base64.b64encode(b"x" * 17)), 400, "handshake-malformed"),
        ("a key that is not base64", lambda request: request.setting("Sec-WebSocket-Key", "!" * 24), 400, "handshake-malformed"),
        ("a key with stray bits", lambda request: request.setting("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAB=="), 400, "handshake-malformed"),
        ("an empty key", lambda request: request.setting("Sec-WebSocket-Key", ""), 400, "handshake-malformed"),
        ("no subprotocol", lambda request: request.without("Sec-WebSocket-Protocol"), 400, "handshake-malformed"),
        ("another subprotocol", lambda request: request.setting("Sec-WebSocket-Protocol", "chat"), 400, "handshake-malformed"),
        ("two subprotocols", lambda request: request.setting("Sec-WebSocket-Protocol", "mcp, chat"), 400, "handshake-malformed"),
        ("the subprotocol twice", lambda request: request.setting("Sec-WebSocket-Protocol", "mcp, mcp"), 400, "handshake-malformed"),
        ("the subprotocol in other case", lambda request: request.setting("Sec-WebSocket-Protocol", "MCP"), 400, "handshake-malformed"),
        ("a token as subprotocol", lambda request: request.setting("Sec-WebSocket-Protocol", "bearer.x"), 400, "handshake-malformed"),
        ("no Connection", lambda request: request.without("Connection"), 400, "handshake-malformed"),
        ("Connection close", lambda request: request.setting("Connection", "close"), 400, "handshake-malformed"),
        ("Connection keep-alive", lambda request: request.setting("Connection", "keep-alive"), 400, "handshake-malformed"),
        ("a body", lambda request: request.having(framing=[("Content-Length", "4")], body=b"abcd"), 400, "handshake-malformed"))
    for name, change, status, reason in shakes:
        found += rows("A34", f"handshake with {name}", lambda request, case, change=change: change(request), status, reason, 7, carriers=("upgrade",))
    for path in ("/mcp", "/mcp/trip"):
        found.append(Row("A34", f"a handshake at {path}", lambda case, path=path: upgrade(case, target=path), 405, "method-not-allowed", 6))
    for value in ("1", "2", "a" * 43, "-" * 43, "{canary}", "../../x", "A" * 44, "0", "null"):
        found.append(Row("A29", f"a guessed session {value[:10]}", lambda case, value=value: client.legacy_post(
            case.port, case.token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, fill(value, case)), 404, "session-unknown", 8))
        found.append(Row("A29", f"initialize into the session {value[:10]}", lambda case, value=value: client.legacy_post(
            case.port, case.token, client.initialize(), fill(value, case)), 400, "session-not-allowed", 8))
        for method in ("GET", "DELETE"):
            found.append(Row("A29", f"{method} of a guessed session {value[:10]}", lambda case, value=value, method=method: client.Request(
                method, "/mcp/trip", [("Host", case.authority), ("Authorization", f"Bearer {case.token}"), ("Accept", "text/event-stream"),
                                      ("Mcp-Session-Id", fill(value, case))]), 404, "session-unknown", 8))
    found.append(Row("A29", "no session", lambda case: client.legacy_post(
        case.port, case.token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}), 400, "session-missing", 8))
    for letter in "\u00e9\u4e2d":
        found.append(Row("A29", f"a session id of {letter!r}", lambda case, letter=letter: client.legacy_post(
            case.port, case.token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, letter * 5), 400, "head-malformed", 1))
    # What would move a cursor or a record: control bytes anywhere in the head.
    for code in list(range(0, 9)) + list(range(11, 13)) + list(range(14, 32)) + [127]:
        for where in ("target", "User-Agent", "Mcp-Name", "Referer"):
            def control(request, case, code=code, where=where):
                if where == "target":
                    return request.having(target=request.target.encode() + bytes([code]))
                return request.setting(where, b"a" + bytes([code]) + b"b")

            if code in (0, 1, 8, 11, 12, 27, 31, 127):
                found += rows("A51", f"the byte {code:#04x} in {where}", control, 400, "head-malformed", 1, carriers=("post",))
    found += rows("A51", "the token in Referer", headers(("Referer", "http://x/?t={token}"), ("Origin", "https://evil.example")), 403,
                  "browser-evidence", 3)
    return found


def smuggled_rows():
    """A whole request behind, or inside the body of, one that is refused: it is never parsed."""
    found = []
    evil = {"a foreign Origin": (lambda request, case: request.adding(("Origin", "https://evil.example")), 403, "browser-evidence", 3),
            "another Host": (lambda request, case: request.setting("Host", "evil.example"), 421, "authority-foreign", 2),
            "a bad header": (lambda request, case: request.adding(("X-A ", "b")), 400, "head-malformed", 1),
            "HTTP/1.0": (lambda request, case: request.having(version="HTTP/1.0"), 505, "version-unsupported", 1),
            "CL and TE": (lambda request, case: request.having(framing=[("Content-Length", "6"), ("Transfer-Encoding", "chunked")], body=b"0\r\n\r\n"), 400, "head-malformed", 1)}
    for name, (fault, status, reason, step) in evil.items():
        for carrier in ("post", "upgrade", "aggregate"):
            def behind(case, fault=fault, carrier=carrier):
                request = fault(CARRIERS[carrier](case), case)
                request.frames = b""
                return request.encode() + post(case).encode()

            found.append(Row("A35", f"a request behind {name} [{carrier}]", behind, status, reason, step))

    def inside(case, **framing):
        hidden = post(case).encode()
        outer = client.post(case.port, None, hidden).adding(("X-Canary", case.canary))
        if framing:
            outer.framing = [("Transfer-Encoding", "chunked")]
            outer.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
        return outer

    # The refused one has no credential; the hidden one has.
    found.append(Row("A35", "a request in the body of one without a credential", inside, 401, "credential-missing", 4))
    found.append(Row("A35", "the same, chunked", lambda case: inside(case, chunked=True), 401, "credential-missing", 4))
    for method, status, reason in (("PUT", 405, "method-not-allowed"), ("DELETE", 405, "method-not-allowed"), ("GET", 405, "method-not-allowed")):
        found.append(Row("A35", f"a request in the body of {method}", lambda case, method=method: client.post(
            case.port, case.token, post(case).encode()).having(method=method), status, reason, 6))
    found.append(Row("A35", "a request in the body of an address that is not there", lambda case: client.post(
        case.port, case.token, post(case).encode(), "/nothing"), 404, "route-unknown", 6))
    found.append(Row("A35", "a request in the body of text/plain", lambda case: client.post(
        case.port, case.token, post(case).encode()).setting("Content-Type", "text/plain"), 415, "media-type-unsupported", 7))
    found.append(Row("A35", "a request in a body of 5 MiB that never comes", lambda case: client.post(
        case.port, case.token, b"").having(framing=[("Content-Length", str(5 << 20))], body=post(case).encode()), 413, "body-too-large", 7))
    for reason, status, change in (("credential-missing", 401, lambda request: request.without("Authorization")), ("media-type-unsupported", 415, lambda request: request.setting("Content-Type", "text/plain"))):
        # Refused without a word of encouragement: 100 would ask for the body.
        found.append(Row("A35", f"Expect before {status}", lambda case, change=change: change(post(case)).adding(("Expect", "100-continue")), status, reason, None))
    return found


def all_rows():
    return launch_rows() + browser_rows() + authority_rows() + credential_rows() + framing_rows() + route_rows() + smuggled_rows()
