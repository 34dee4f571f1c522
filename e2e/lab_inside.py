# SPDX-License-Identifier: Apache-2.0
"""The laboratory's inner half: names, victims on every address, and a record of every packet that left.

Started by lab.py as the first process of the namespaces in which programs under test run.
"""

import base64
import collections
import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading

import lab_names
import lab_outside

# 9999 is the port of the probes, 7777 a control plane that somebody runs, the others what a host has open.
VICTIM_PORTS = (9999, 7777, 22, 25, 80, 443, 3306, 5432, 5433, 6379, 8080, 9222)
SPECIAL = ("10.9.9.1/32", "172.16.9.1/32", "192.168.9.1/32", "169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32",
           "100.64.0.1/32", "fd00:ec2::254/128", "fe80::1/128")
PEER_MAC = "02:00:00:00:00:22"
OWN, OWN6 = "93.184.216.33", "2606:2800:220:1::33"


def ip(*words):
    result = subprocess.run(["ip", *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {result.stderr.strip()}")


def build_network(outside):
    """Every address there is leads to this namespace's own loopback, but for the few that the other one has."""
    ip("link", "set", "lo", "up")
    for address in SPECIAL:
        ip("address", "add", address, "dev", "lo")
    ip("link", "add", "inner", "type", "veth", "peer", "name", "outer", "address", PEER_MAC, "netns", str(outside))
    ip("address", "add", f"{OWN}/24", "dev", "inner")
    ip("address", "add", f"{OWN6}/64", "dev", "inner", "nodad")
    ip("link", "set", "inner", "up")
    # Packets to it arrive, and nobody answers.
    ip("neighbour", "add", lab_names.PLAIN["blackhole.test"][0], "lladdr", PEER_MAC, "dev", "inner", "nud", "permanent")
    # Local by the main table: more specific routes, the pair's networks, come first.
    ip("route", "add", "local", "default", "dev", "lo", "table", "main")
    ip("-6", "route", "add", "local", "default", "dev", "lo", "table", "main")


class Victim:
    """Says VICTIM to whoever connects, on every address, as HTTP and as a WebSocket that anybody may open."""

    def __init__(self):
        self.connections = collections.Counter()
        self.hits = []
        self.lock = threading.Lock()

    def serve(self, port):
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((host, port))
            listener.listen(512)
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            datagrams.bind((host, port))
            threading.Thread(target=self._echo, args=(datagrams, port), daemon=True).start()

    def _echo(self, datagrams, port):
        while True:
            _, peer = datagrams.recvfrom(65536)
            with self.lock:
                self.hits.append({"port": port, "udp": True})
            datagrams.sendto(b"VICTIM", peer)

    def _accept(self, listener, port):
        while True:
            connection, _ = listener.accept()
            with self.lock:
                self.connections[port] += 1
            threading.Thread(target=self._speak, args=(connection, port), daemon=True).start()

    def _speak(self, connection, port):
        with connection:
            connection.settimeout(5)
            data = b""
            try:
                local = connection.getsockname()[0]
                while b"\r\n\r\n" not in data and len(data) < 65536:
                    chunk = connection.recv(65536)
                    if not chunk:
                        break
                    data += chunk
            except OSError:
                pass
            head = data.decode("latin-1").split("\r\n\r\n")[0]
            line, *fields = head.split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            with self.lock:
                self.hits.append({"port": port, "at": local, "line": line, "upgrade": fields.get("upgrade", ""),
                                  "origin": fields.get("origin", "")})
            try:
                if fields.get("upgrade", "").lower() == "websocket":
                    key = fields.get("sec-websocket-key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
                    protocol = "".join(f"Sec-WebSocket-Protocol: {name}\r\n" for name in filter(None, [fields.get("sec-websocket-protocol")]))
                    connection.sendall(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n".encode() + b"\x81\x06VICTIM")
                    connection.recv(65536)
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"
                                       b"Access-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *\r\n"
                                       b"Access-Control-Allow-Private-Network: true\r\nContent-Type: text/plain\r\n"
                                       b"Connection: close\r\nContent-Length: 6\r\n\r\nVICTIM")
            except OSError:
                pass


class Sniffer:
    """Counts what this namespace sent, on every interface: first packets of connections, and datagrams."""

    OUTGOING = 4

    def __init__(self):
        self.seen = collections.Counter()
        self.lock = threading.Lock()
        # ETH_P_ALL
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            frame, address = self.socket.recvfrom(256)
            if address[2] == self.OUTGOING:
                self._note(frame)

    def _note(self, frame):
        kind = frame[12:14]
        if kind == b"\x08\x00":
            size = (frame[14] & 15) * 4
            protocol, target, rest = frame[23], socket.inet_ntop(socket.AF_INET, frame[30:34]), frame[14 + size:]
        elif kind == b"\x86\xdd":
            protocol, target, rest = frame[20], socket.inet_ntop(socket.AF_INET6, frame[38:54]), frame[54:]
        else:
            return
        if protocol == 6 and len(rest) >= 14 and rest[13] & 0x12 == 0x02:
            word = "tcp"
        elif protocol == 17 and len(rest) >= 8:
            # What the name server of this namespace says is no attempt.
            if rest[:2] == b"\0\x35":
                return
            word = "udp"
        elif protocol in (1, 58):
            # Errors that the kernel itself sends are no attempt.
            if rest[:1] not in (b"\x08", b"\x80"):
                return
            word = "ping"
        else:
            return
        port = struct.unpack("!H", rest[2:4])[0] if word != "ping" else 0
        with self.lock:
            self.seen[(word, target, port)] += 1


def serve_control(channel, commands):
    """Answers one JSON line with one JSON line, until the other end is gone: then all of this ends."""
    with channel.makefile("rw") as file:
        file.write('"ready"\n')
        file.flush()
        for line in file:
            order = json.loads(line)
            try:
                answer = commands[order.pop("do")](**order)
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            file.write(json.dumps(answer) + "\n")
            file.flush()


def clear_out():
    """Whoever was started here and has outlived its tests ends with the laboratory."""
    own = os.stat("/proc/self/ns/net").st_ino
    for _ in range(1000):
        left = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if int(entry) != os.getpid() and os.stat(f"/proc/{entry}/ns/net").st_ino == own:
                    os.kill(int(entry), signal.SIGKILL)
                    left.append(entry)
        if not left:
            return


def main():
    control, outside = int(sys.argv[1]), int(sys.argv[2])
    scratch = sys.argv[3]
    subprocess.run(["mount", "--bind", f"{scratch}/resolv.conf", "/etc/resolv.conf"], check=True)
    subprocess.run(["mount", "--bind", f"{scratch}/hosts", "/etc/hosts"], check=True)
    other = subprocess.Popen(
        ["unshare", "--net", "--", sys.executable, str(lab_outside.__file__), str(outside), scratch], pass_fds=[outside],
        stdout=subprocess.PIPE)
    other.stdout.readline()  # It is in its namespace now.
    socket.socket(fileno=outside).close()
    build_network(other.pid)
    subprocess.run(["kill", "-USR1", str(other.pid)], check=True)
    names, victim, sniffer = lab_names.Names(), Victim(), Sniffer()
    for port in VICTIM_PORTS:
        victim.serve(port)

    def count():
        with victim.lock, sniffer.lock, names.lock:
            return {"connections": dict(victim.connections), "hits": victim.hits,
                    "packets": [[*key, number] for key, number in sniffer.seen.items()], "asked": names.asked}

    def reset():
        with victim.lock, sniffer.lock, names.lock:
            victim.connections.clear()
            victim.hits.clear()
            sniffer.seen.clear()
            names.asked.clear()
        return None

    def change(name, addresses, ttl=300):
        with names.lock:
            names.changed[name], names.ttl[name] = addresses, ttl
        return None

    serve_control(socket.socket(fileno=control), {
        "count": count, "reset": reset, "change": change, "outside": lambda: other.pid})
    clear_out()


if __name__ == "__main__":
    main()
