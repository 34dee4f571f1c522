# SPDX-License-Identifier: Apache-2.0
"""The laboratory's name server: honest answers, hostile ones, and names that carry any address at all.

`v4-10-9-9-1.by.test` answers 10.9.9.1, `v6-<32 hexadecimal digits>.by.test` that IPv6 address; `a+b` forms are made by
the table below. A name that nobody knows does not exist.
"""

import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
PUBLIC, OTHER, PUBLIC6 = "93.184.216.34", "93.184.216.40", "2606:2800:220:1::34"
# Where a resolver that believed a forged answer would go.
FORGED = "127.0.0.1"
# What clouds and container hosts call their own; answered, so that only a refusal by name or address keeps them away.
INSTANCES = ("metadata.google.internal", "metadata", "instance-data", "instance-data.ec2.internal", "metadata.azure.internal",
             "kubernetes.default.svc", "kubernetes.default", "kubernetes.default.svc.cluster.local",
             "host.docker.internal", "gateway.docker.internal", "host.containers.internal", "wpad", "wpad.test")

# name: addresses of both families, in the order of the answer
PLAIN = {
    "public.test": [PUBLIC],
    "www.public.test": [PUBLIC],
    "deep.down.public.test": [PUBLIC],
    "other.test": [OTHER],
    "public6.test": [PUBLIC6],
    "dual.test": [PUBLIC, PUBLIC6],
    "loop4.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "compatible.test": ["::127.0.0.1"],
    "nat64.test": ["64:ff9b::127.0.0.1"],
    "sixtofour.test": ["2002:7f00:1::1"],
    "mixed.test": [PUBLIC, "127.0.0.1"],
    "mixed-other-order.test": ["127.0.0.1", PUBLIC],
    "split.test": [PUBLIC, "::1"],
    "split-other-way.test": ["127.0.0.1", PUBLIC6],
    "split-private.test": [PUBLIC, "fd00:ec2::254"],
    "private.test": ["10.9.9.1"],
    "credentials.test": ["169.254.169.254"],
    "unspecified.test": ["0.0.0.0"],
    "unspecified6.test": ["::"],
    "own.test": ["93.184.216.33"],
    "own6.test": ["2606:2800:220:1::33"],
    "localhost": ["127.0.0.1", "::1"],
    "foo.localhost": ["127.0.0.1"],
    "slow.test": [PUBLIC],
    "truncated.test": [PUBLIC],
    "truncated-private.test": ["127.0.0.1"],
    "wrong-id.test": [PUBLIC],
    "wrong-question.test": [PUBLIC],
    "wrong-port.test": [PUBLIC],
    "unasked.test": [PUBLIC],
    "looping-pointer.test": [PUBLIC],
    "crowd.test": [PUBLIC] * 40 + ["127.0.0.1"],
    "blackhole.test": ["93.184.216.41"],
    "empty.test": [],
    **{name: ["169.254.169.254"] for name in INSTANCES},
}
ALIASES = {
    "cname-loop.test": "loop4.test",
    "cname-public.test": "public.test",
    "cname-private.test": "cname-private2.test",
    "cname-private2.test": "cname-private3.test",
    "cname-private3.test": "private.test",
    "cname-name.test": "localhost",
    "cname-metadata.test": "metadata.google.internal",
    "cycle.test": "cycle2.test",
    "cycle2.test": "cycle.test",
    "self.test": "self.test",
    **{f"links{number}.test": f"links{number - 1}.test" for number in range(2, 31)},
    "links1.test": "public.test",
}
FAULTS = {"servfail.test": SERVFAIL, "refused.test": REFUSED}
SILENT = ("never.test",)
# TTL 0 and another answer by turns.
TURNS = {
    "rebind.test": ([PUBLIC], ["127.0.0.1"]),
    "rebind-back.test": (["127.0.0.1"], [PUBLIC]),
    "rebind-private.test": ([PUBLIC], ["10.9.9.1"]),
    "rebind6.test": ([PUBLIC6], ["::1"]),
    "rotate.test": ([PUBLIC], [OTHER]),
}


def labels(name):
    return b"".join(bytes([len(part)]) + part for part in name.encode("ascii").split(b".")) + b"\0" if name else b"\0"


def record(owner, kind, ttl, data):
    return labels(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def address_records(owner, addresses, kind, ttl):
    found = []
    for text in addresses:
        address = ipaddress.ip_address(text)
        if (address.version == 4) == (kind == A) and kind in (A, AAAA):
            found.append(record(owner, kind, ttl, address.packed))
    return found


class Names:
    """Answers on UDP and TCP port 53 of one address until the process ends."""

    def __init__(self, host="127.0.0.1", port=53):
        self.lock = threading.Lock()
        self.turns = {}
        self.asked = []
        # Set from outside: name -> addresses, over the table above.
        self.changed = {}
        self.ttl = {}
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, port))
        self.liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.liar.bind((host, port + 1))
        self.tcp = socket.create_server((host, port))
        threading.Thread(target=self._datagrams, daemon=True).start()
        threading.Thread(target=self._streams, daemon=True).start()

    def _datagrams(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            threading.Thread(target=self._datagram, args=(query, peer), daemon=True).start()

    def _datagram(self, query, peer):
        name, kind, question = self._read(query)
        if name is None or name in SILENT:
            return
        honest = self.answer(name, kind, question, query[:2], "udp")
        if name == "slow.test":
            threading.Event().wait(1.5)
        if name.startswith("truncated"):
            self.udp.sendto(query[:2] + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0) + question, peer)
            return
        forged = self._pack(query[:2], question, 0, [record(name, A, 300, socket.inet_aton(FORGED))])
        if name == "wrong-id.test":
            self.udp.sendto(bytes([query[0] ^ 0x55, query[1]]) + forged[2:], peer)
        if name == "wrong-question.test":
            other = labels("some-other.test") + question[-4:]
            self.udp.sendto(self._pack(query[:2], other, 0, [record(name, A, 300, socket.inet_aton(FORGED))]), peer)
        if name == "wrong-port.test":
            self.liar.sendto(forged, peer)
        self.udp.sendto(honest, peer)

    def _streams(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self._stream, args=(connection,), daemon=True).start()

    def _stream(self, connection):
        with connection, connection.makefile("rb") as file:
            connection.settimeout(10)
            try:
                while size := file.read(2):
                    query = file.read(struct.unpack("!H", size)[0])
                    name, kind, question = self._read(query)
                    if name is None or name in SILENT:
                        return
                    answer = self.answer(name, kind, question, query[:2], "tcp")
                    connection.sendall(struct.pack("!H", len(answer)) + answer)
            except OSError:
                return

    @staticmethod
    def _read(query):
        """The one question of a query: its name in lower case, its type, its bytes."""
        try:
            place, parts = 12, []
            while size := query[place]:
                parts.append(query[place + 1:place + 1 + size].decode("ascii").lower())
                place += 1 + size
            question = query[12:place + 5]
            return ".".join(parts), struct.unpack("!H", query[place + 1:place + 3])[0], question
        except (IndexError, UnicodeDecodeError, struct.error):
            return None, None, None

    def answer(self, name, kind, question, identity, carrier):
        with self.lock:
            self.asked.append((name, kind, carrier))
            code, records = self._look_up(name, kind)
        if name == "looping-pointer.test":
            # The owner is a pointer to itself.
            place = 12 + len(question)
            bad = struct.pack("!H", 0xC000 | place) + struct.pack("!HHIH", A, 1, 60, 4) + socket.inet_aton(PUBLIC)
            return self._pack(identity, question, 0, [bad])
        if name == "unasked.test":
            # An address for another name beside the one that was asked for.
            records = [record("elsewhere.test", A, 300, socket.inet_aton(FORGED)), *records]
        return self._pack(identity, question, code, records)

    @staticmethod
    def _pack(identity, question, code, records):
        return identity + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0) + question + b"".join(records)

    def _look_up(self, name, kind):
        if name in FAULTS:
            return FAULTS[name], []
        chain, records = name, []
        for _ in range(32):
            if chain in self.changed or chain not in ALIASES:
                break
            records.append(record(chain, CNAME, 300, labels(ALIASES[chain])))
            chain = ALIASES[chain]
        ttl = self.ttl.get(chain, 300)
        if chain in self.changed:
            return 0, records + address_records(chain, self.changed[chain], kind, ttl)
        if chain in TURNS:
            # A client that asks for both families sees one turn of each.
            turn = self.turns.get((chain, kind), 0)
            self.turns[(chain, kind)] = turn + 1
            return 0, records + address_records(chain, TURNS[chain][turn % 2], kind, 0)
        if chain.endswith(".by.test"):
            form, _, digits = chain.removesuffix(".by.test").partition("-")
            address = digits.replace("-", ".") if form == "v4" else ipaddress.IPv6Address(bytes.fromhex(digits)).compressed
            return 0, records + address_records(chain, [address], kind, ttl)
        if chain in PLAIN:
            return 0, records + address_records(chain, PLAIN[chain], kind, ttl)
        if chain in ALIASES:
            return 0, records
        return NXDOMAIN, records
