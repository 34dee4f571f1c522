# SPDX-License-Identifier: Apache-2.0
"""Sends bytes as it is told and says what came back: the program that stands in the sandbox while probes are made.

One JSON object a line on standard input, `{"id": n, "host": …, "port": …, "steps": [[verb, argument]…]}`, one a line on
standard output. Verbs: `send` (base64), `read` (so many bytes), `until` (base64 of the mark), `rest` (until the end, or
for so many seconds), `tunnel` (go on only if the last read granted one), `tls` ([name, file of the authority]), `shut`,
`sleep`, `udp` (a datagram, base64), `hold` (no more than so many bytes, slowly). Or `"call": [function of this file, arguments…]`.
"""

import base64
import concurrent.futures
import ctypes
import json
import os
import socket
import ssl
import sys
import threading

SECONDS = 15


class Ended(Exception):
    pass


class Exchange:
    def __init__(self, order):
        self.order = order
        self.reads = []
        self.kept = b""
        self.end = "open"

    def run(self):
        self.socket = None
        try:
            kind = socket.SOCK_DGRAM if self.order.get("udp") else socket.SOCK_STREAM
            family = socket.AF_INET6 if ":" in self.order["host"] else socket.AF_INET
            self.socket = socket.socket(family, kind)
            self.socket.settimeout(self.order.get("seconds", SECONDS))
            self.socket.connect((self.order["host"], self.order["port"]))
        except OSError as error:
            return {"reads": [], "end": "unreachable", "error": f"{type(error).__name__}: {error}"}
        error = None
        try:
            with self.socket:
                for verb, *arguments in self.order["steps"]:
                    getattr(self, "do_" + verb)(*arguments)
        except Ended:
            pass
        except TimeoutError:
            self.end = "silent"
        except ssl.SSLError as fault:
            self.end, error = "tls", str(fault)
        except ConnectionError as fault:
            self.end, error = "reset", str(fault)
        except OSError as fault:
            self.end, error = "broken", str(fault)
        if self.kept:
            self.reads.append(self.kept)
        return {"reads": [base64.b64encode(read).decode() for read in self.reads], "end": self.end, "error": error}

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            self.end = "closed"
            raise Ended
        self.kept += data

    def take(self, size):
        read, self.kept = self.kept[:size], self.kept[size:]
        self.reads.append(read)

    def do_send(self, data):
        self.socket.sendall(base64.b64decode(data))

    def do_read(self, size):
        while len(self.kept) < size:
            self.receive()
        self.take(size)

    def do_until(self, mark):
        mark = base64.b64decode(mark)
        while mark not in self.kept:
            self.receive()
        self.take(self.kept.index(mark) + len(mark))

    def do_rest(self, seconds=None):
        if seconds is not None:
            self.socket.settimeout(seconds)
        while True:
            self.receive()

    def do_tunnel(self):
        last = self.reads[-1]
        if not (last[:9] in (b"HTTP/1.1 ", b"HTTP/1.0 ") and last[9:10] == b"2" or last[:2] == b"\5\0"):
            self.do_rest()

    def do_tls(self, name, authority):
        context = ssl.create_default_context(cafile=authority)
        self.socket = context.wrap_socket(self.socket, server_hostname=name)

    def do_shut(self):
        self.socket.shutdown(socket.SHUT_WR)

    def do_sleep(self, seconds):
        threading.Event().wait(seconds)

    def do_hold(self, size):
        """Reads no more than so much and then nothing, until told otherwise."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while len(self.kept) < size:
            self.receive()


# What is looked at from inside, by name

def interfaces():
    return [name for _, name in socket.if_nameindex()]


def environment():
    return dict(os.environ)


def open_socket(family, kind, protocol):
    try:
        socket.socket(family, kind, protocol).close()
        return "opened"
    except OSError as error:
        return os.strerror(error.errno)


def resolve(name):
    try:
        return sorted({entry[4][0] for entry in socket.getaddrinfo(name, 80)})
    except OSError as error:
        return f"{type(error).__name__}"


def files(*paths):
    """What can be read of each path: `absent`, the errno's text, or the first bytes."""
    found = {}
    for path in paths:
        try:
            if os.path.isdir(path):
                found[path] = sorted(os.listdir(path))[:20]
            else:
                with open(path, "rb") as file:
                    found[path] = file.read(200).decode("latin-1")
        except OSError as error:
            found[path] = {"error": error.strerror}
    return found


def write(path):
    try:
        with open(path, "w") as file:
            file.write("written from inside\n")
        return "written"
    except OSError as error:
        return error.strerror


def descriptors():
    return {entry: os.readlink(f"/proc/self/fd/{entry}") for entry in os.listdir("/proc/self/fd")
            if os.path.lexists(f"/proc/self/fd/{entry}")}


def processes():
    return sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def namespaces():
    return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("user", "mnt", "pid", "net", "ipc", "uts")}


def status():
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def daemon():
    """A process that has left its parents, its session and its terminal; its number."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, b"%d" % os.getpid())
            os.close(writer)
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            while True:
                threading.Event().wait(60)
        os._exit(0)
    os.close(writer)
    return int(os.read(reader, 20))


def own_namespace():
    """Whether a user namespace can be made here."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(0x10000000) == 0 else 1)
    return os.waitpid(pid, 0)[1] == 0


crowds = []


def crowd(port, size, authority="public.test:80"):
    """Opens so many tunnels and keeps them; how many were given which status."""
    found = {}
    for _ in range(size):
        connection = socket.create_connection(("127.0.0.1", port), SECONDS)
        crowds.append(connection)
        try:
            connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            word = connection.recv(4096)[9:12].decode("latin-1")
        except OSError as error:
            word = type(error).__name__
        found[word] = found.get(word, 0) + 1
    return found


def disperse():
    while crowds:
        crowds.pop().close()


def perform(order):
    try:
        if "call" in order:
            name, *arguments = order["call"]
            return {"value": globals()[name](*arguments)}
        return Exchange(order).run()
    except Exception as error:
        return {"reads": [], "end": "broken", "error": f"{type(error).__name__}: {error}"}


def main():
    lock = threading.Lock()
    print('{"ready": true}', flush=True)

    def work(order):
        answer = {"id": order["id"], **perform(order)}
        with lock:
            print(json.dumps(answer), flush=True)

    with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1]) if len(sys.argv) > 1 else 8) as pool:
        for line in sys.stdin:
            pool.submit(work, json.loads(line))


if __name__ == "__main__":
    main()
