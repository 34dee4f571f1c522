# SPDX-License-Identifier: Apache-2.0
"""The spellings of attacks/egress.txt and generated ones, as raw bytes, against any forward proxy in the laboratory.

    python3 e2e/egress_probes.py tinyproxy|denylist     what a peer lets through
"""

import base64
import contextlib
import dataclasses
import ipaddress
import itertools
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import threading

import house as houses
import lab as labs

HERE = pathlib.Path(__file__).resolve().parent
PROBER = HERE / "clients" / "prober.py"
PORT = 9999
# The ports on which the door stands inside of every sandbox.
HTTP_PORT, SOCKS_PORT = 3128, 1080
CONTROLS = (b"public.test", labs.PUBLIC.encode(), b"[" + labs.PUBLIC6.encode() + b"]")


class Prober(contextlib.AbstractContextManager):
    """Talks to clients/prober.py, wherever that was started."""

    def __init__(self, process, http=HTTP_PORT, socks=SOCKS_PORT):
        self.process = process
        self.http, self.socks = http, socks
        self.numbers = itertools.count()
        self.waiting = {}
        self.changed = threading.Condition()
        self.ended = False
        self.errors = []
        if process.stderr is not None:
            threading.Thread(target=self._listen, daemon=True).start()
        line = process.stdout.readline()
        if b"ready" not in line:
            process.kill()
            process.wait()
            raise houses.HouseError(f"the prober did not start: {line!r}\n{self.error()}")
        threading.Thread(target=self._read, daemon=True).start()

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(houses.PATIENCE)
        except subprocess.TimeoutExpired:
            houses.kill_tree(self.process.pid)
            self.process.wait()
        return None

    def _listen(self):
        for line in self.process.stderr:
            self.errors.append(line.decode("utf-8", "backslashreplace"))

    def error(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        return "".join(self.errors)

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.changed:
                self.waiting[answer["id"]] = answer
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def send(self, **order):
        number = next(self.numbers)
        self.process.stdin.write(json.dumps({"id": number, **order}).encode() + b"\n")
        self.process.stdin.flush()
        return number

    def result(self, number, patience=None):
        with self.changed:
            done = self.changed.wait_for(lambda: number in self.waiting or self.ended, patience or 3 * houses.PATIENCE)
            if number not in self.waiting:
                raise houses.HouseError(f"no answer from inside ({'it ended' if done else 'it hangs'})\n{self.error()}")
            return self.waiting.pop(number)

    def ask(self, *orders):
        """Makes all exchanges, as many at once as the prober likes, and returns their answers in order."""
        results = []
        # Not so many lines at once that both sides wait for each other's reading.
        for start in range(0, len(orders), 256):
            numbers = [self.send(**order) for order in orders[start:start + 256]]
            results += [self.result(number) for number in numbers]
        return [Answer(result) for result in results]

    def call(self, name, *arguments):
        answer = self.result(self.send(call=[name, *arguments]))
        if "value" not in answer:
            raise houses.HouseError(f"{name}: {answer}")
        return answer["value"]

    # Exchanges with the door

    def exchange(self, *steps, port=None, **order):
        return self.ask({"host": "127.0.0.1", "port": port or self.http, "steps": list(steps), **order})[0]

    def connect(self, authority, *after, fields=None, version=b"HTTP/1.1"):
        """CONNECT, and the steps after it where it was granted."""
        return self.exchange(*tunnel_steps(authority, after, fields, version))

    def get(self, target, fields=(), host=None):
        return self.exchange(*plain_steps(target, fields, host))


class Answer:
    """What came back: `reads` of each step, how it ended, and what a probe wants to know of it."""

    def __init__(self, result):
        self.reads = [base64.b64decode(read) for read in result["reads"]]
        self.end = result["end"]
        self.error = result.get("error")
        self.bytes = b"".join(self.reads)

    @property
    def status(self):
        head = self.bytes[:12]
        return int(head[9:12]) if head[:7] == b"HTTP/1." and head[9:12].isdigit() else None

    @property
    def reply(self):
        """The reply code of SOCKS, where there is one behind the choice of method."""
        return self.bytes[3] if len(self.bytes) >= 4 and self.bytes[:3] == b"\5\0\5" else None

    @property
    def head(self):
        return self.bytes.partition(b"\r\n\r\n")[0]

    @property
    def body(self):
        return self.bytes.partition(b"\r\n\r\n")[2]

    @property
    def victim(self):
        return b"VICTIM" in self.bytes

    @property
    def public(self):
        return b"PUBLIC" in self.bytes

    def __repr__(self):
        return f"<{self.end} {self.bytes[:300]!r}{'' if len(self.bytes) <= 300 else '…'} {self.error or ''}>"


def b64(data):
    return base64.b64encode(data).decode()


def send(data):
    return ["send", b64(data)]


HEAD = ["until", b64(b"\r\n\r\n")]


def inner_get(host=b"public.test", path=b"/"):
    return send(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")


def tunnel_steps(authority, after=(), fields=None, version=b"HTTP/1.1"):
    head = b"CONNECT " + authority + b" " + version + b"\r\n"
    for field in [b"Host: " + authority] if fields is None else fields:
        head += field + b"\r\n"
    return [send(head + b"\r\n"), HEAD, ["tunnel"], *(after or [inner_get(), ["rest"]])]


def plain_steps(target, fields=(), host=None):
    authority = target.partition(b"//")[2].partition(b"/")[0].partition(b"?")[0]
    head = b"GET " + target + b" HTTP/1.1\r\nHost: " + (authority if host is None else host) + b"\r\n"
    return [send(head + b"".join(field + b"\r\n" for field in fields) + b"\r\n"), ["rest"]]


def socks_steps(host, port, after=()):
    """A name as a name; an address in brackets or of four numbers as the address that it is."""
    try:
        # What has a zone cannot be said as an address.
        address = ipaddress.ip_address(host.strip(b"[]").decode("ascii").replace("%", "zone"))
        kind = (b"\1" if address.version == 4 else b"\4") + address.packed
    except ValueError:
        kind = b"\3" + bytes([len(host)]) + host
    return [send(b"\5\1\0"), ["read", 2], send(b"\5\1\0" + kind + port.to_bytes(2, "big")), ["read", 10], ["tunnel"],
            *(after or [inner_get(), ["rest"]])]


FORMS = ("connect", "absolute", "socks")


def order(prober, host, form, port=PORT):
    authority = host + b":%d" % port
    if form == "connect":
        return {"host": "127.0.0.1", "port": prober.http, "steps": tunnel_steps(authority)}
    if form == "absolute":
        return {"host": "127.0.0.1", "port": prober.http, "steps": plain_steps(b"http://" + authority + b"/")}
    return {"host": "127.0.0.1", "port": prober.socks, "steps": socks_steps(host, port)}


@dataclasses.dataclass(frozen=True)
class Probe:
    host: bytes
    word: str
    statuses: tuple


def listed():
    """The probes of the list, in its order."""
    found = []
    for line in (HERE / "attacks" / "egress.txt").read_bytes().splitlines():
        if line and not line.startswith(b"#"):
            host, word, expected = line.split(b"\t")
            numbers = expected.decode().replace(",", " ").replace("or", " ").split()
            found.append(Probe(host, word.decode(), tuple(map(int, numbers))))
    return found


# What nobody may be sent to. Written from the registries' texts, not from the product's tables.
REFUSED4 = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4")
REFUSED6 = ("::/128", "::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
            "100:0:0:1::/64", "200::/7", "400::/6", "800::/5", "1000::/4", "2001::/32", "2001:2::/48", "2001:10::/28",
            "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20", "4000::/3", "5f00::/16", "6000::/3", "8000::/3",
            "a000::/3", "c000::/3", "e000::/4", "f000::/5", "f800::/6", "fc00::/7", "fe00::/9", "fe80::/10", "fec0::/10",
            "ff00::/8")


def members(network, chance):
    network = ipaddress.ip_network(network)
    first, last = int(network[0]), int(network[-1])
    return sorted({first, last, chance.randint(first, last)})


def embeddings(value):
    """Every IPv6 address in which a transition mechanism sees this IPv4 address."""
    inverted = value ^ 0xFFFFFFFF
    public = 0x2606280002210001 << 64
    yield 0xFFFF << 32 | value                                                # mapped
    yield value                                                               # compatible
    yield 0xFFFF << 48 | value                                                # translated
    yield 0x64FF9B << 96 | value                                              # NAT64, well known
    yield 0x64FF9B0001 << 80 | value                                          # NAT64, local
    yield 0x2002 << 112 | value << 80 | 1                                     # 6to4
    yield 0x20010000 << 96 | value << 64 | 0xFFFF << 32 | (~0x5DB8D822 & 0xFFFFFFFF)  # Teredo, server
    yield 0x20010000 << 96 | 0x5DB8D822 << 64 | 0xFFFF << 16 << 16 | inverted  # Teredo, client
    yield public | 0x5EFE << 32 | value                                       # ISATAP, private inside
    yield public | 0x2005EFE << 32 | value                                    # ISATAP, the universal bit set


def spellings6(value):
    address = ipaddress.IPv6Address(value)
    dotted = str(ipaddress.IPv4Address(value & 0xFFFFFFFF))
    head = ipaddress.IPv6Address(value >> 32 << 32).exploded.split(":")[:6]
    yield address.compressed
    yield address.exploded
    yield address.exploded.upper()
    yield ":".join(f"{int(part, 16):x}" for part in head) + ":" + dotted


def generated(seed=1):
    """First, last and a random address of each refused block, in every embedding and spelling: all must be 403."""
    chance = random.Random(seed)
    hosts = {}
    for block in REFUSED4:
        for value in members(block, chance):
            hosts[str(ipaddress.IPv4Address(value)).encode()] = block
            for outer in embeddings(value):
                for text in spellings6(outer):
                    hosts.setdefault(f"[{text}]".encode(), f"{block} in {ipaddress.IPv6Address(outer).compressed}")
    for block in REFUSED6:
        for value in members(block, chance):
            for text in spellings6(value):
                hosts.setdefault(f"[{text}]".encode(), block)
    return hosts


# Peers: proxies that are no door

@contextlib.contextmanager
def peer_proxy(lab, name, scratch):
    """A peer on a port of namespace A, and a prober beside it that talks to that port."""
    port = 8888
    if name == "tinyproxy":
        configuration = pathlib.Path(scratch) / "tinyproxy.conf"
        configuration.write_text(
            f"Port {port}\nListen 127.0.0.1\nTimeout 20\nMaxClients 200\nLogLevel Critical\nDisableViaHeader Yes\n"
            f"LogFile \"{scratch}/tinyproxy.log\"\n")
        line = ["tinyproxy", "-d", "-c", str(configuration)]
    else:
        line = [houses.PYTHON, str(HERE / "clients" / "denylist_proxy.py"), str(port)]
    process = lab.popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        houses.wait_for(
            lambda: lab.run([houses.PYTHON, "-c", "import socket, sys; sys.exit(socket.socket().connect_ex(('127.0.0.1', 8888)))"]).returncode == 0,
            f"{name} to listen")
        with Prober(lab.popen([houses.PYTHON, str(PROBER), "16"], stdin=subprocess.PIPE, stdout=subprocess.PIPE), port, port) as prober:
            yield prober
    finally:
        houses.kill_tree(process.pid)
        process.wait()


def census(prober, hosts, forms=("connect", "absolute"), times=1):
    """Which hosts, in any form, led to the victim; and what the controls said."""
    lost = []
    for form in forms:
        for _ in range(times):
            answers = prober.ask(*(order(prober, host, form) for host in hosts))
            lost += [host for host, answer in zip(hosts, answers) if answer.victim]
    controls = {(host, form): prober.ask(order(prober, host, form))[0].public for host in CONTROLS for form in forms}
    return list(dict.fromkeys(lost)), controls


def main():
    if reason := labs.unavailable():
        raise SystemExit(reason)
    if shutil.which("tinyproxy") is None and sys.argv[1:] == ["tinyproxy"]:
        raise SystemExit("tinyproxy is not installed")
    with labs.Lab() as lab, peer_proxy(lab, sys.argv[1], lab.scratch) as prober:
        hosts = [probe.host for probe in listed()]
        lost, controls = census(prober, hosts, times=2)
        print(f"{sys.argv[1]}: {len(lost)} of {len(hosts)} spellings of the list reach the victim")
        for host in lost:
            print("  ", host.decode())
        many = list(generated())
        lost, _ = census(prober, many)
        print(f"{sys.argv[1]}: {len(lost)} of {len(many)} generated spellings reach the victim")
        print("controls:", controls)


if __name__ == "__main__":
    main()
