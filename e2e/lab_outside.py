# SPDX-License-Identifier: Apache-2.0
"""The laboratory's outer half: the internet, with good servers, bad servers, and pages that attack their reader."""

import asyncio
import base64
import collections
import ctypes
import hashlib
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse

PLAIN_PORTS = (80, 8080, 9999, 7777, 22, 25, 3306, 6379, 9222)
TLS_PORTS = (443, 8443)
ADDRESSES = ("93.184.216.34/24", "93.184.216.40/24")
ADDRESSES6 = ("2606:2800:220:1::34/64",)
PAGES = pathlib.Path(__file__).resolve().parent / "pages"
KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".png": "image/png", ".txt": "text/plain"}
LONGEST_BODY = 1 << 24


def die_with_parent():
    """SIGKILL when the parent ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Web:
    """One program on every port. What it was asked is kept; what it answers is said by the path."""

    def __init__(self, scratch):
        self.scratch = pathlib.Path(scratch)
        self.lock = threading.Lock()
        self.connections = collections.Counter()
        self.hits = []
        self.names = []
        self.posted = []
        self.open = 0

    def note_server_name(self, _, name, __):
        with self.lock:
            self.names.append(name)

    async def start(self):
        for port in PLAIN_PORTS:
            await asyncio.start_server(self._handle, None, port, backlog=4096, limit=1 << 20)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.scratch / "server.pem", self.scratch / "server.key")
        context.sni_callback = self.note_server_name
        for port in TLS_PORTS:
            await asyncio.start_server(self._handle, None, port, ssl=context, backlog=4096, limit=1 << 20)

    async def _handle(self, reader, writer):
        at, port = writer.get_extra_info("sockname")[:2]
        with self.lock:
            self.connections[port] += 1
            self.open += 1
        try:
            while await self._request(reader, writer, at, port):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            with self.lock:
                self.open -= 1
            writer.close()

    async def _request(self, reader, writer, at, port):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, version = line.split(" ", 2)
        fields = [[name, value.strip()] for name, _, value in (text.partition(":") for text in lines)]
        values = {name.lower(): value for name, value in fields}
        body = b""
        if "content-length" in values:
            body = await reader.readexactly(min(int(values["content-length"]), LONGEST_BODY))
        elif "chunked" in values.get("transfer-encoding", ""):
            while size := int((await reader.readline()).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readline()
        with self.lock:
            self.hits.append({"at": at, "port": port, "method": method, "target": target, "version": version,
                              "fields": fields, "body": len(body)})
        parts = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(parts.query))
        route = getattr(self, "do_" + parts.path.strip("/").split("/")[0].replace("-", "_"), None)
        if values.get("upgrade", "").lower() == "websocket":
            await self._socket(reader, writer, values)
            return False
        if route is None:
            self.say(writer, 200, b"PUBLIC " + values.get("host", "?").encode("latin-1"))
        else:
            await route(writer, query, parts.path, {"line": line, "fields": fields, "values": values, "body": body})
        await writer.drain()
        return values.get("connection", "").lower() != "close" and not writer.is_closing()

    @staticmethod
    def say(writer, status, body, kind="text/plain", fields=()):
        extra = "".join(f"{name}: {value}\r\n" for name, value in fields)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def _socket(self, reader, writer, values):
        key = values.get("sec-websocket-key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode() + b"\x81\x06PUBLIC")
        await writer.drain()
        await reader.read(4096)

    # What a path does

    async def do_echo(self, writer, query, path, request):
        body = request["body"]
        self.say(writer, 200, json.dumps({
            "line": request["line"], "fields": request["fields"], "body": len(body),
            "digest": hashlib.sha256(body).hexdigest()}).encode(), "application/json")

    async def do_page(self, writer, query, path, request):
        file = PAGES / pathlib.PurePosixPath(path).name
        self.say(writer, 200, file.read_bytes(), KINDS.get(file.suffix, "text/plain"))

    async def do_git(self, writer, query, path, request):
        file = (self.scratch / "git" / path.removeprefix("/git/")).resolve()
        if file.is_file() and file.is_relative_to(self.scratch):
            self.say(writer, 200, file.read_bytes())
        else:
            self.say(writer, 404, b"")

    async def do_report(self, writer, query, path, request):
        with self.lock:
            self.posted.append(json.loads(request["body"]))
        self.say(writer, 204, b"", fields=[("Access-Control-Allow-Origin", "*")])

    async def do_redirect(self, writer, query, path, request):
        self.say(writer, int(query.get("code", 302)), b"elsewhere", fields=[("Location", query["to"])])

    async def do_redirects(self, writer, query, path, request):
        """/redirects?left=30: so many in a row, then the page."""
        left = int(query["left"])
        if left == 0:
            self.say(writer, 200, b"PUBLIC at last")
        else:
            self.say(writer, 302, b"", fields=[("Location", f"/redirects?left={left - 1}")])

    async def do_huge(self, writer, query, path, request):
        size = int(query.get("bytes", 1 << 26))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        piece = b"0123456789abcdef" * 4096
        while size > 0:
            writer.write(piece[:size])
            size -= len(piece)
            await writer.drain()

    async def do_slow(self, writer, query, path, request):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for byte in b"PUBLIC":
            await asyncio.sleep(float(query.get("pause", 0.2)))
            writer.write(bytes([byte]))
            await writer.drain()

    async def do_chunked(self, writer, query, path, request):
        """/chunked?extra=1: with extensions and a trailer, which are allowed and seldom."""
        extension, trailer = (b";note=1", b"X-After: 1\r\n") if "extra" in query else (b"", b"")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for word in (b"PUB", b"LIC", b" in ", b"pieces"):
            writer.write(b"%x%s\r\n%s\r\n" % (len(word), extension, word))
            await writer.drain()
        writer.write(b"0\r\n" + trailer + b"\r\n")

    async def do_until_close(self, writer, query, path, request):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nPUBLIC until the end")
        await writer.drain()
        writer.close()

    async def do_early(self, writer, query, path, request):
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.say(writer, 200, b"PUBLIC after hints")

    async def do_bad(self, writer, query, path, request):
        """/bad?how=…: answers that smuggle, lie or never were HTTP."""
        body = b"PUBLIC"
        writer.write({
            "both": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nPUBLIC\r\n0\r\n\r\n",
            "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\n" + body,
            "not-http": b"SSH-2.0-OpenSSH_9\r\n\r\n",
            "folded": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 6\r\n\r\n" + body,
            "bare-line": b"HTTP/1.1 200 OK\nContent-Length: 6\n\n" + body,
            "split": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + body + b"HTTP/1.1 200 OK\r\nX-Second: 1\r\n\r\n",
            "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nPUBLIC\r\n0\r\n\r\n",
            "huge-head": b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * 200_000 + b"\r\n\r\n",
            "hop": b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: secret\r\n"
                   b"Proxy-Authenticate: Basic\r\nContent-Length: 6\r\n\r\n" + body,
            "close": b"",
        }[query["how"]])
        await writer.drain()
        writer.close()


def main():
    control, scratch = int(sys.argv[1]), sys.argv[2]
    die_with_parent()
    from lab_inside import ip, serve_control

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    print("here", flush=True)
    signal.sigwait([signal.SIGUSR1])
    ip("link", "set", "lo", "up")
    for address in ADDRESSES:
        ip("address", "add", address, "dev", "outer")
    for address in ADDRESSES6:
        ip("address", "add", address, "dev", "outer", "nodad")
    ip("link", "set", "outer", "up")
    web = Web(scratch)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(web.start())
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def count():
        with web.lock:
            return {"connections": dict(web.connections), "hits": web.hits, "names": web.names, "posted": web.posted,
                    "open": web.open}

    def reset():
        with web.lock:
            for kept in (web.connections, web.hits, web.names, web.posted):
                kept.clear()
        return None

    serve_control(socket.socket(fileno=control), {"count": count, "reset": reset})


if __name__ == "__main__":
    main()
