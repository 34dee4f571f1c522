# SPDX-License-Identifier: Apache-2.0
"""A forward proxy as many write it: the usual private ranges are refused, everything else is dialled by name.

Only for tests, in the laboratory: what gets through here shows what the probes measure.
"""

import contextlib
import ipaddress
import socket
import socketserver
import sys
import threading
import urllib.parse

USUAL = [ipaddress.ip_network(text) for text in (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10")]


def may_go(host, port):
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    addresses = [ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found]
    return not any(address in network for address in addresses for network in USUAL)


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(65536)
            if not piece:
                return
            head += piece
        method, target, _ = head.split(b"\r\n")[0].decode("utf-8", "replace").split(" ", 2)
        try:
            parts = urllib.parse.urlsplit(target if method != "CONNECT" else "//" + target)
            host, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return self.answer(400)
        verdict = may_go(host, port)
        if not verdict:
            return self.answer(403 if verdict is False else 502)
        try:
            upstream = socket.create_connection((host, port), 5)
        except (OSError, UnicodeError):
            return self.answer(502)
        with upstream:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                line = f"{method} {parts.path or '/'} HTTP/1.1\r\n".encode()
                upstream.sendall(line + head.partition(b"\r\n")[2].replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            thread = threading.Thread(target=pump, args=(self.request, upstream), daemon=True)
            thread.start()
            pump(upstream, self.request)

    def answer(self, status):
        self.request.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()
