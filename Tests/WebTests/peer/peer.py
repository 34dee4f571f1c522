# SPDX-License-Identifier: Apache-2.0
"""An HTTPS server with scripted answers, and a forward proxy on 127.0.0.1 that leads every name to it.

Prints one JSON line {"proxy": PORT, "http": PORT}, then one line for each thing that happened: what the proxy was asked
for, each request that arrived with its headers and body, and each connection whose client left before the answer ended.
Ends when standard input does.
"""
import json
import os
import pathlib
import socket
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
LOCK = threading.Lock()
SESSIONS = {}
COUNTS = {}
RELEASE = threading.Event()


def tell(**fact):
    with LOCK:
        print(json.dumps(fact), flush=True)


def count(name):
    with LOCK:
        COUNTS[name] = COUNTS.get(name, 0) + 1
        return COUNTS[name]


class Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # What is written.

    def whole(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def message(self, message, status=200, **headers):
        self.whole(status, json.dumps(message).encode(), **headers)

    def stream(self, **headers):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, message=None, identifier=None, retry=None, kind=None):
        text = ""
        if kind is not None:
            text += f"event: {kind}\n"
        if identifier is not None:
            text += f"id: {identifier}\n"
        if retry is not None:
            text += f"retry: {retry}\n"
        if message is not None:
            text += f"data: {json.dumps(message) if not isinstance(message, str) else message}\n"
        self.chunk(text + "\n")

    def done(self):
        self.wfile.write(b"0\r\n\r\n")

    def cut(self):
        self.close_connection = True
        self.connection.close() if not isinstance(self.connection, ssl.SSLSocket) else self.connection.shutdown(2)

    def until_left(self):
        """Waits until the client closes its end."""
        try:
            self.connection.settimeout(30)
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        tell(left=self.path)
        self.close_connection = True

    # What arrives.

    def take(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length).decode()
        tell(request=self.command, path=self.path, host=self.headers.get("Host"), body=self.body,
             headers={name.lower(): value for name, value in self.headers.items()})
        try:
            self.asked = json.loads(self.body) if self.body else {}
        except ValueError:
            self.asked = {}

    def answer(self, result):
        return {"jsonrpc": "2.0", "id": self.asked.get("id"), "result": result}

    def do_POST(self):
        self.take()
        getattr(self, "post_" + self.path.strip("/").split("/")[0].replace("-", "_"), self.missing)()

    def do_GET(self):
        self.take()
        getattr(self, "get_" + self.path.strip("/").split("/")[0].split("?")[0].replace("-", "_"), self.missing)()

    def do_DELETE(self):
        self.take()
        self.whole(204, kind=None)

    def missing(self):
        self.whole(404, b"nothing here", "text/plain")

    # A server of the modern era.

    def post_modern(self):
        method = self.asked.get("method")
        if method == "tools/list":
            return self.message(self.answer({"resultType": "complete", "tools": [
                {"name": "echo", "inputSchema": {"type": "object", "properties": {
                    "region": {"type": "string", "x-mcp-header": "Region"},
                    "count": {"type": "integer", "x-mcp-header": "Count"},
                    "deep": {"type": "object", "properties": {"flag": {"type": "boolean", "x-mcp-header": "Flag"}}}}}}]}))
        name = self.asked.get("params", {}).get("name")
        if name == "stream":
            self.stream()
            self.chunk(": here I am\n\n")
            self.event({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"progressToken": 7, "progress": 1}})
            self.event({"jsonrpc": "2.0", "method": "notifications/message", "params": {}}, kind="other")
            self.event(self.answer({"via": "stream"}))
            return self.done()
        if name == "hang":
            self.stream()
            self.event({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"progressToken": 7, "progress": 1}})
            return self.until_left()
        if name == "halfway":
            self.stream()
            self.event({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"progressToken": 7, "progress": 1}}, identifier="e1")
            return self.cut()
        if name == "drop":
            return self.cut()
        if name == "foreign":
            return self.message({"jsonrpc": "2.0", "id": 9999, "result": {}})
        if name == "lines":
            inner = json.dumps(self.answer({"via": "lines"}), indent=2)
            return self.whole(200, inner.encode())
        if name == "twice":
            return self.whole(200, b'{"jsonrpc":"2.0","id":%d,"result":{"a":1,"a":2}}' % self.asked["id"])
        if name == "huge":
            return self.whole(200, json.dumps(self.answer({"text": "x" * (5 << 20)})).encode())
        if name == "endless":
            self.stream()
            try:
                self.chunk("data: ")
                for _ in range(200):
                    self.chunk("x" * 65536)
            except OSError:
                tell(left=self.path)
            self.close_connection = True
            return None
        if name == "html":
            return self.whole(200, b"<html>", "text/html")
        if name == "refuse":
            return self.message({"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": "no such thing"}},
                                400)
        if name == "status":
            return self.whole(int(self.asked["params"]["arguments"]["status"]), b"go away", "text/plain")
        if name == "elsewhere":
            return self.whole(307, kind=None, Location="https://second.test/modern")
        if name == "slash" and not self.path.endswith("/"):
            return self.whole(307, kind=None, Location=self.path + "/")
        return self.message(self.answer({"via": "json", "path": self.path}))

    # A server of the legacy era, with sessions.

    def post_legacy(self):
        method = self.asked.get("method")
        session = self.headers.get("Mcp-Session-Id")
        if method == "initialize":
            name = f"session-{count('session')}"
            return self.message(self.answer({"protocolVersion": "2025-11-25", "capabilities": {},
                                             "serverInfo": {"name": "peer", "version": "1"}}), Mcp_Session_Id=name)
        if not session:
            return self.whole(400, b"{}")
        if method == "notifications/initialized":
            time.sleep(0.2)
            return self.whole(202, kind=None)
        if "id" not in self.asked or "result" in self.asked:
            return self.whole(202, kind=None)
        name = self.asked.get("params", {}).get("name")
        if name == "ended":
            return self.whole(404, b"{}")
        if name == "poll":
            SESSIONS[session] = self.asked["id"]
            self.stream()
            self.event("", identifier="first", retry=50)
            return self.done()
        if name == "ask":
            self.stream()
            self.event({"jsonrpc": "2.0", "id": 41, "method": "ping"})
            time.sleep(0.3)
            self.event(self.answer({"via": "ask"}))
            return self.done()
        return self.message(self.answer({"via": "legacy"}))

    def get_legacy(self):
        if self.headers.get("Last-Event-ID") == "first":
            if count("resume") == 1:
                return self.cut()
            self.stream()
            self.event({"jsonrpc": "2.0", "id": SESSIONS[self.headers["Mcp-Session-Id"]], "result": {"via": "poll"}},
                       identifier="second")
            return self.done()
        if self.path.endswith("/deaf"):
            return self.whole(405, kind=None, Allow="POST")
        self.stream()
        self.event({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}, identifier="s1")
        return self.until_left()

    # Pages.

    def get_page(self):
        self.whole(200, "Grüße".encode(), "text/html; charset=utf-8")

    def get_latin(self):
        self.whole(200, "Grüße €".encode("cp1252"), "text/plain; charset=ISO-8859-1")

    def get_image(self):
        self.whole(200, b"\x89PNG\r\n", "image/png")

    def get_gzip(self):
        self.whole(200, b"\x1f\x8b", "text/html", Content_Encoding="gzip")

    def get_long(self):
        body = ("ä" * 3000).encode()
        self.whole(200, body, "text/plain; charset=utf-8")

    def get_endless(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.chunk("y" * 65536)
        except OSError:
            tell(left=self.path)
        self.close_connection = True

    def get_slow(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"x")
        self.wfile.flush()
        self.until_left()

    def get_nothing(self):
        self.whole(204, kind=None)

    def get_hop(self):
        """/hop/STATUS/TARGET leads to TARGET, which is escaped once."""
        import urllib.parse
        _, _, status, target = self.path.split("/", 3)
        self.whole(int(status), b"elsewhere", "text/html", Location=urllib.parse.unquote(target))

    def get_loop(self):
        number = int(self.path.rsplit("/", 1)[1])
        self.whole(302, kind=None, Location=f"/loop/{number - 1}") if number else self.get_page()

    def get_two(self):
        self.send_response(302)
        self.send_header("Location", "/page")
        self.send_header("Location", "/image")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Proxy(socketserver.StreamRequestHandler):
    """CONNECT to any name leads to the TLS port; *.refused.test is refused as the egress room does it."""

    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.rfile.read(1)
            if not byte:
                return
            head += byte
        line = head.split(b"\r\n", 1)[0].decode()
        tell(proxy=line, head=head.decode())
        method, target, _ = line.split(" ")
        if "refused.test" in target:
            body = b"address: the address is not a public one\n"
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nX-Doorward-Reason: address\r\nConnection: close\r\n"
                             b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        if "dead.test" in target:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nX-Doorward-Reason: connect-failed\r\nConnection: close\r\n"
                             b"Content-Length: 0\r\n\r\n")
            return
        if method == "CONNECT":
            upstream = socket.create_connection(("127.0.0.1", TLS_PORT))
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            upstream = socket.create_connection(("127.0.0.1", PLAIN_PORT))
            path = "/" + target.split("/", 3)[3]
            # One request for each connection, as the egress room has it.
            head = head.replace(target.encode(), path.encode(), 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            upstream.sendall(head)
        back = threading.Thread(target=self.move, args=(upstream, self.connection), daemon=True)
        back.start()
        self.move(self.connection, upstream)
        back.join()
        upstream.close()

    @staticmethod
    def move(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class TLSServer(Server):
    context = None

    def finish_request(self, request, client_address):
        # In the thread of the connection: a handshake that fails must not hold up others.
        try:
            wrapped = self.context.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            tell(handshake="failed")
            return
        self.RequestHandlerClass(wrapped, client_address, self)


class ProxyServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(HERE / "server.pem", HERE / "server.key")
TLSServer.context = context
tls = TLSServer(("127.0.0.1", 0), Peer)
plain = Server(("127.0.0.1", 0), Peer)
proxy = ProxyServer(("127.0.0.1", 0), Proxy)
TLS_PORT, PLAIN_PORT = tls.server_address[1], plain.server_address[1]
for server in (tls, plain, proxy):
    threading.Thread(target=server.serve_forever, daemon=True).start()
tell(proxy=proxy.server_address[1], http=PLAIN_PORT)
sys.stdin.read()
os._exit(0)
