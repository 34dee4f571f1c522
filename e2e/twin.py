# SPDX-License-Identifier: Apache-2.0
"""A deliberately vulnerable control plane for tests: what attacks succeed against, so that they are known to be real.

It has the three flaws of the family: no caller is authenticated, origins are not looked at, and the command line of a
new server comes from the address. Beside that, a lax proxy hands bodies raw to a stdio server, after a look at them
with a parser that takes the first of two equal keys. It is never installed, binds to loopback alone, and runs nothing
but `touch` in its own scratch directory, and the test server that it was given.
"""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import socket
import struct
import threading
import urllib.parse


class Twin:
    """Serves on a free loopback port until its `with` block ends."""

    def __init__(self, scratch, server=None, denies=True, host="127.0.0.1"):
        if host not in ("127.0.0.1", "::1"):
            raise ValueError("this program is dangerous anywhere but on loopback")
        self.scratch = os.path.realpath(scratch)
        self.server = server
        self.denies = denies
        self.host = host
        self.touch = os.path.realpath(shutil.which("touch"))
        self.started = []
        self.handled = 0
        self.answers = []

    def __enter__(self):
        self.socket = socket.create_server((self.host, 0))
        self.port = self.socket.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    def _serve(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._main())
        self.loop.close()

    async def _main(self):
        self.stop = asyncio.Event()
        self.child = None
        self.lock = asyncio.Lock()
        server = await asyncio.start_server(self._connection, sock=self.socket, limit=1 << 24)
        await self.stop.wait()
        server.close()
        if self.child:
            self.child.kill()
            await self.child.wait()

    async def _connection(self, reader, writer):
        try:
            await self._request(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {}
        for text in lines:
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.handled += 1
        # First flaw: nobody is asked who he is. Second: Origin and Host are not looked at.
        parts = urllib.parse.urlsplit(target)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        await self._launch(query)
        if headers.get("upgrade", "").lower() == "websocket":
            await self._socket(reader, writer, headers)
            return
        body = b""
        if "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        answer = await self._proxy(body) if body else b"{}"
        writer.write(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: %d\r\n\r\n" % len(answer))
        writer.write(answer)
        await writer.drain()

    async def _launch(self, query):
        # Third flaw: the command line comes from the address, in both shapes that were seen.
        argv = None
        if "server_params" in query:
            params = json.loads(base64.b64decode(query["server_params"][0]))
            argv = [params.get("command", ""), *params.get("args", [])]
        elif "command" in query:
            argv = [query["command"][0], *query.get("arg", [])]
        if not argv:
            return
        if os.path.realpath(argv[0]) != self.touch:
            return
        if not all(os.path.realpath(word).startswith(self.scratch + os.sep) for word in argv[1:]):
            return
        self.started.append(argv)
        process = await asyncio.create_subprocess_exec(*argv)
        await process.wait()

    async def _socket(self, reader, writer, headers):
        key = headers.get("sec-websocket-key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mcp\r\n\r\n".encode())
        await writer.drain()
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack("!H", await reader.readexactly(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", await reader.readexactly(8))[0]
            mask = await reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(await reader.readexactly(size)))
            if first & 0x0F == 8:
                writer.write(b"\x88\x02\x03\xe8")
                return
            if first & 0x0F in (1, 2):
                answer = await self._proxy(data)
                writer.write(struct.pack("!BBH", 0x81, 126, len(answer)) + answer)
                await writer.drain()

    async def _proxy(self, body):
        """Hands a body on as it came, after a policy that another parser decided."""
        if self.server is None:
            return b"{}"
        if self.denies and self._is_denied(body):
            return b'{"error":"denied"}'
        async with self.lock:
            if self.child is None or self.child.returncode is not None:
                self.child = await asyncio.create_subprocess_exec(
                    *self.server, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24)
            self.child.stdin.write(body + b"\n")
            await self.child.stdin.drain()
            answers = b""
            # As many lines as come; a body that is one message to a parser may be several to the server.
            while True:
                try:
                    answers += await asyncio.wait_for(self.child.stdout.readline(), 0.3 if not answers else 0.02)
                except asyncio.TimeoutError:
                    break
            self.answers.append(answers)
            return answers[:60000]

    @staticmethod
    def _is_denied(body):
        """The policy: `boom` must not be called. It reads the first of two equal keys, and trusts what it cannot read."""
        def first(pairs):
            tree = {}
            for key, value in pairs:
                tree.setdefault(key, value)
            return tree

        try:
            message = json.loads(body, object_pairs_hook=first)
        except (ValueError, RecursionError):
            return False
        params = message.get("params") if isinstance(message, dict) else None
        return isinstance(params, dict) and params.get("name") == "boom"
