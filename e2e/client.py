# SPDX-License-Identifier: Apache-2.0
"""A client that sends exactly the bytes it is told to: HTTP/1.1 and WebSocket, on TCP and on unix sockets."""

import base64
import dataclasses
import json
import os
import socket
import struct
import time

PATIENCE = float(os.environ.get("E2E_PATIENCE", "30"))
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
META = {VERSION_KEY: MODERN, CAPABILITIES_KEY: {}}
ACCEPT = "application/json, text/event-stream"


@dataclasses.dataclass
class Answer:
    """What came back on one connection."""

    status: int = 0
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b""
    # Everything behind the first answer.
    rest: bytes = b""
    raw: bytes = b""
    closed: bool = False
    seconds: float = 0.0
    # Of a WebSocket: its frames as (opcode, payload), and the close code.
    frames: list = dataclasses.field(default_factory=list)
    close: int = 0
    # A connection that never was.
    error: str = ""

    def header(self, name):
        values = [value for key, value in self.headers if key == name.lower()]
        return values[0] if values else None

    def json(self):
        text = self.body
        if (self.header("content-type") or "").startswith("text/event-stream"):
            lines = [line[5:].strip() for line in text.splitlines() if line.startswith(b"data:")]
            text = lines[-1]
        return json.loads(text)

    @property
    def message(self):
        """The last JSON-RPC message of the answer, by body, stream or frame; None without one."""
        try:
            if self.frames:
                return next(json.loads(payload) for code, payload in reversed(self.frames) if code == 1)
            return self.json()
        except (ValueError, StopIteration, IndexError):
            return None


class Request:
    """One request as it is put on the wire; parts can be exchanged, and bytes are free to be wrong."""

    def __init__(self, method="POST", target="/mcp/trip", headers=(), body=b"", version="HTTP/1.1"):
        self.method = method
        self.target = target
        self.version = version
        self.headers = [(to_bytes(name), to_bytes(value)) for name, value in headers]
        self.body = body
        # None: Content-Length as it belongs.
        self.framing = None
        self.frames = b""

    def copy(self):
        other = Request(self.method, self.target, (), self.body, self.version)
        other.headers = list(self.headers)
        other.framing = self.framing
        other.frames = self.frames
        return other

    def without(self, *names):
        other = self.copy()
        gone = {to_bytes(name).lower() for name in names}
        other.headers = [(name, value) for name, value in other.headers if name.lower() not in gone]
        return other

    def adding(self, *pairs):
        other = self.copy()
        other.headers += [(to_bytes(name), to_bytes(value)) for name, value in pairs]
        return other

    def setting(self, name, value):
        """In the place where the header stood, or at the end."""
        other = self.copy()
        key = to_bytes(name).lower()
        other.headers = [(old, to_bytes(value) if old.lower() == key else kept) for old, kept in other.headers]
        if key not in [old.lower() for old, _ in other.headers]:
            other.headers.append((to_bytes(name), to_bytes(value)))
        return other

    def having(self, **parts):
        other = self.copy()
        for name, value in parts.items():
            setattr(other, name, value)
        return other

    def head(self):
        line = b" ".join(map(to_bytes, (self.method, self.target, self.version)))
        headers = list(self.headers)
        if self.framing is not None:
            headers += [(to_bytes(name), to_bytes(value)) for name, value in self.framing]
        elif self.method in ("POST", "PUT", "PATCH") or self.body:
            headers.append((b"Content-Length", str(len(self.body)).encode()))
        return b"\r\n".join([line, *(name + b": " + value for name, value in headers)]) + b"\r\n\r\n"

    def encode(self):
        return self.head() + self.body + self.frames


def to_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


# Messages

def modern(method, params=None, id=1):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**(params or {}), "_meta": dict(META)}}


def call(tool, arguments, id=1):
    return modern("tools/call", {"name": tool, "arguments": arguments}, id)


def initialize(id=1, version=LEGACY):
    return {"jsonrpc": "2.0", "id": id, "method": "initialize",
            "params": {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}


def post(port, token, message, target="/mcp/trip", mirror=None, host=None):
    """A request of the modern era with the headers that repeat its body."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    if mirror is None and isinstance(message, dict):
        params = message.get("params") or {}
        mirror = [("MCP-Protocol-Version", MODERN), ("Mcp-Method", message.get("method", ""))]
        if message.get("method") in ("tools/call", "prompts/get"):
            mirror.append(("Mcp-Name", params.get("name", "")))
        if message.get("method") == "resources/read":
            mirror.append(("Mcp-Name", params.get("uri", "")))
    headers = [("Host", host or f"127.0.0.1:{port}")]
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    headers += [("Content-Type", "application/json"), ("Accept", ACCEPT), *(mirror or [])]
    return Request("POST", target, headers, body)


def legacy_post(port, token, message, session=None, target="/mcp/trip"):
    mirror = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", LEGACY)] if session else []
    return post(port, token, message, target, mirror)


def upgrade(port, token, target="/ws/trip", frames=b"", host=None):
    headers = [("Host", host or f"127.0.0.1:{port}")]
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    headers += [
        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16))), ("Sec-WebSocket-Protocol", "mcp")]
    request = Request("GET", target, headers)
    request.frames = frames
    return request


def frame(payload, opcode=1, fin=True, mask=True, reserved=0, length=None, key=b"\x21\x43\x65\x87"):
    """One WebSocket frame; `length` is (bits, value) where it is not to be the right one."""
    payload = to_bytes(payload)
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    flag = 0x80 if mask else 0
    size = len(payload)
    if length is not None:
        bits, size = length
    else:
        bits = 7 if size < 126 else 16 if size < 65536 else 64
    if bits == 7:
        head = struct.pack("!BB", first, flag | size)
    elif bits == 16:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    if not mask:
        return head + payload
    if len(payload) > 4096:
        whole = int.from_bytes(payload, "big")
        mask_text = (key * (len(payload) // 4 + 1))[: len(payload)]
        return head + key + (whole ^ int.from_bytes(mask_text, "big")).to_bytes(len(payload), "big")
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


# Connections

class Wire:
    """One connection with a buffer."""

    def __init__(self, address, patience=None):
        self.patience = PATIENCE if patience is None else patience
        family = socket.AF_UNIX if isinstance(address, (str, bytes, os.PathLike)) else (
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(self.patience)
        self.socket.connect(str(address) if family == socket.AF_UNIX else address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.ended = False
        self.raw = b""

    def send(self, data):
        """Sends all of it, or as much as the other side wants: a refusal may come before the end."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def receive(self):
        """More bytes in the buffer; False at the end."""
        if self.ended:
            return False
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, BrokenPipeError):
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        self.raw += data
        return True

    def finish(self):
        """No more from us."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def drain(self):
        while self.receive():
            pass

    def take(self, count):
        while len(self.buffer) < count:
            if not self.receive():
                return None
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self, head_only=False):
        """The next HTTP answer; status 0 where none came."""
        answer = Answer()
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                answer.closed = True
                answer.raw = self.raw
                return answer
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        answer.status = int(lines[0].split()[1])
        for line in lines[1:]:
            name, _, value = line.partition(":")
            answer.headers.append((name.lower(), value.strip()))
        if answer.status == 101 or answer.status in (202, 204) or head_only:
            pass
        elif (answer.header("transfer-encoding") or "") == "chunked":
            answer.body = self.chunks()
        elif answer.header("content-length") is not None:
            answer.body = self.take(int(answer.header("content-length"))) or b""
        elif answer.status >= 200:
            self.drain()
            answer.body, self.buffer = self.buffer, b""
        answer.raw = self.raw
        return answer

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self.receive():
                    return body
            size, _, self.buffer = self.buffer.partition(b"\r\n")
            chunk = self.take(int(size, 16) + 2)
            if chunk is None:
                return body
            if len(chunk) == 2:
                return body
            body += chunk[:-2]

    def frame(self):
        """The next frame as (opcode, payload), None at the end."""
        head = self.take(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.take(8))[0]
        payload = self.take(size)
        return None if payload is None else (head[0] & 0x0F, payload)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def exchange(address, request, patience=None, half_close=True):
    """Sends a request, reads its answer, and what comes behind it until the other side has said all."""
    data = request.encode() if isinstance(request, Request) else request
    start = time.monotonic()
    try:
        wire = Wire(address, patience)
    except OSError as error:
        return Answer(error=type(error).__name__, closed=True)
    with wire:
        wire.send(data)
        answer = wire.answer(head_only=data.startswith(b"HEAD "))
        # Each answer ends by itself; what would follow it must not be cut off by us, so only our side is closed.
        if half_close:
            wire.finish()
        try:
            wire.drain()
        except TimeoutError:
            answer.error = "open"
        answer.rest = wire.buffer
        answer.raw = wire.raw
        answer.closed = wire.ended
        answer.seconds = time.monotonic() - start
        return answer


def talk(address, request, frames=(), until=None, patience=None):
    """Opens a WebSocket, sends raw frames, and reads until it is closed, or until `until(frames)`."""
    start = time.monotonic()
    try:
        wire = Wire(address, patience)
    except OSError as error:
        return Answer(error=type(error).__name__, closed=True)
    with wire:
        wire.send(request.encode())
        answer = wire.answer()
        if answer.status == 101:
            for data in frames:
                if not wire.send(data):
                    break
            try:
                while not (until and until(answer.frames)):
                    got = wire.frame()
                    if got is None:
                        break
                    answer.frames.append(got)
                    if got[0] == 8:
                        answer.close = struct.unpack("!H", got[1][:2])[0] if len(got[1]) >= 2 else 1005
                        wire.finish()
                        wire.drain()
                        break
            except TimeoutError:
                answer.error = "open"
        else:
            wire.finish()
            wire.drain()
            answer.rest = wire.buffer
        answer.raw = wire.raw
        answer.closed = wire.ended
        answer.seconds = time.monotonic() - start
        return answer


def speak(port, token, message, target="/ws/trip", address=None):
    """One message by WebSocket, and its answer."""
    return talk(
        address or ("127.0.0.1", port), upgrade(port, token, target), [frame(json.dumps(message))],
        until=lambda frames: any(code == 1 for code, _ in frames))
