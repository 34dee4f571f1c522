# SPDX-License-Identifier: Apache-2.0
"""Where the listeners are and are not, who stands at the other end, slow callers, floods, and a log that was touched."""

import concurrent.futures
import json
import os
import random
import shutil
import socket
import subprocess
import time
import unittest

import client
import house as houses
import oracle
from test_attacks_heads import furnished

FOREIGN_USER = 1001
# One connection, one request, and what came back, by another program than the tests' own.
ASK = """
import socket, sys
s = socket.socket()
s.settimeout(20)
s.connect(("127.0.0.1", int(sys.argv[1])))
try:
    s.sendall(b"POST /mcp/trip HTTP/1.1\\r\\nHost: 127.0.0.1:" + sys.argv[1].encode() + b"\\r\\n" + sys.argv[2].encode() + b"Content-Length: 0\\r\\n\\r\\n")
    print(s.recv(4096).split(b"\\r\\n")[0].decode())
except ConnectionError:
    print("")
"""


class Addresses(unittest.TestCase):
    def test_only_the_address_that_was_asked_for_is_bound(self):
        with furnished() as house:
            token = house.token()
            house.serve()
            own = socket.gethostbyname(socket.gethostname())
            addresses = ["127.9.9.9", "127.0.0.2", "127.0.1.1", "::1", "::"]
            if not own.startswith("127."):
                addresses.append(own)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.connect(("192.0.2.1", 9))
                    addresses.append(probe.getsockname()[0])
                except OSError:
                    pass
            for address in addresses:
                if address == "127.0.0.1":
                    continue
                answer = client.exchange((address, house.port), client.post(house.port, token, client.modern("tools/list")))
                self.assertIn(answer.error, ("ConnectionRefusedError", "OSError"), address)

    def test_addresses_that_the_kernel_turns_into_ours(self):
        """A14b: they arrive; the Host that a page would send with them is foreign."""
        with furnished() as house:
            judge = oracle.Judge(house, house.token(client="attacker"))
            house.serve()
            rows = []
            for address, host in (("0.0.0.0", "0.0.0.0"), ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]"), ("::ffff:0.0.0.0", "[::ffff:0.0.0.0]"), ("0.0.0.0", "[::]"), ("::ffff:7f00:1", "[::ffff:7f00:1]"), ("0.0.0.0", "localhost")):
                for carrier in (client.post, None):
                    def build(case, host=host, carrier=carrier):
                        name = f"{host}:{case.port}"
                        if carrier:
                            return client.post(case.port, case.token, client.call("boom", {}), host=name)
                        return client.upgrade(case.port, case.token, host=name, frames=client.frame(json.dumps(client.call("boom", {}))))

                    accepted = host == "localhost"
                    rows.append(oracle.Row("A14b", f"{address} as {host}", build, 421, "authority-foreign", 2, address=lambda case, address=address: (address, case.port)) if not accepted else None)
            judge.judge([row for row in rows if row])
            judge.search()
            self.assertFalse(judge.faults, judge.report())

    def test_a_configuration_cannot_leave_loopback(self):
        with furnished() as house:
            for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "0:0", "*:0", ":0", "8.8.8.8:0", "[fe80::1]:0", "127.0.0.1.example:0", "localhost.example:0", "127.0.0.1", "127.0.0.1:99999", "2130706433:0"):
                process = house.popen("serve", "--listen", address, stdin=-3, stdout=-3, stderr=-1, text=True)
                _, text = process.communicate(timeout=30)
                self.assertNotEqual(process.returncode, 0, address)
                self.assertNotIn("listening", text)


class Peers(unittest.TestCase):
    @unittest.skipUnless(houses.IS_ROOT, "another user's processes can only be started by root")
    def test_another_user_gets_nowhere_and_is_named(self):
        with furnished() as house:
            house.serve()
            house.scratch.chmod(0o755)
            result = subprocess.run(["setpriv", f"--reuid={FOREIGN_USER}", f"--regid={FOREIGN_USER}", "--clear-groups", "/usr/bin/python3", "-c", ASK, str(house.port), ""], capture_output=True, text=True)
            self.assertIn(" 401 ", result.stdout, result.stderr)
            record = houses.wait_for(lambda: house.audit("refused"), "the record")[-1]["data"]
            self.assertEqual((record["peer"]["uid"], record["peer"]["exe"]), (FOREIGN_USER, os.path.realpath("/usr/bin/python3")))
            for name in ("connect.sock", "operator.sock"):
                script = "import socket, sys\ns = socket.socket(socket.AF_UNIX, int(sys.argv[2]))\ns.connect(sys.argv[1])"
                kind = socket.SOCK_STREAM if name == "connect.sock" else socket.SOCK_SEQPACKET
                for readable in (False, True):
                    if readable:
                        # The second lock: directories that somebody has opened by mistake.
                        for directory in (house.home, house.state, house.state / "run"):
                            directory.chmod(0o755)
                        os.chmod(house.state / "run" / name, 0o666)
                    result = subprocess.run(["setpriv", f"--reuid={FOREIGN_USER}", f"--regid={FOREIGN_USER}", "--clear-groups", "/usr/bin/python3", "-c",
                                             script + "\ns.settimeout(10)\ns.sendall(b'GET /ws/trip HTTP/1.1\\r\\n\\r\\n')\nsys.exit(9 if s.recv(1) else 8)", str(house.state / "run" / name), str(int(kind))],
                                            capture_output=True, text=True)
                    if readable:
                        self.assertNotEqual(result.returncode, 9, f"{name} answered another user")
                        os.chmod(house.state / "run" / name, 0o600)
                        for directory in (house.home, house.state, house.state / "run"):
                            directory.chmod(0o700)
                    else:
                        self.assertIn("PermissionError", result.stderr)

    def test_a_browser_is_shown_the_door_before_a_byte(self):
        with furnished() as house:
            token = house.token()
            house.serve()
            for name in ("chrome", "firefox", "headless_shell", "chromium"):
                browser = house.scratch / name
                shutil.copy("/usr/bin/python3.11", browser)
                seen = len(house.audit("refused"))
                result = subprocess.run([str(browser), "-c", ASK, str(house.port), f"Authorization: Bearer {token}\r\n"], capture_output=True, text=True)
                self.assertEqual(result.stdout.strip(), "", name)
                records = houses.wait_for(lambda: house.audit("refused")[seen:], "the record")
                self.assertEqual([(one["data"]["reason"], one["data"]["step"], one["data"]["peer"]["exe"]) for one in records], [("browser-peer", 0, str(browser))])
            # The control: the same program under an innocent name.
            innocent = house.scratch / "client"
            shutil.copy("/usr/bin/python3.11", innocent)
            result = subprocess.run([str(innocent), "-c", ASK, str(house.port), f"Authorization: Bearer {token}\r\n"], capture_output=True, text=True)
            self.assertIn("415", result.stdout)

    def test_a_demanded_caller_is_demanded(self):
        with furnished() as house:
            house.configure(lambda tree: tree.update(clients={"own": {"callers": {"exe": [houses.PYTHON]}}, "foreign": {"callers": {"exe": ["/usr/bin/true"]}}, "user": {"callers": {"uid": 4242}}}))
            house.seal()
            tokens = {name: house.token(client=name) for name in ("own", "foreign", "user")}
            house.serve()
            for name, status in (("own", 200), ("foreign", 403), ("user", 403)):
                answer = client.exchange(("127.0.0.1", house.port), client.post(house.port, tokens[name], client.modern("tools/list")))
                self.assertEqual(answer.status, status, answer)
            self.assertEqual({record["data"]["reason"] for record in house.audit("refused")}, {"peer-not-as-demanded"})

    def test_a_sandboxed_server_reaches_no_listener(self):
        """A55: the server's network is its own; there is nobody on its loopback, and no socket file in its tree."""
        script = """
import json, os, socket, sys
open(os.path.join(sys.argv[1], "started-1"), "w").close()
port = open(os.path.join(sys.argv[1], "port")).read() if os.path.exists(os.path.join(sys.argv[1], "port")) else "1"
found = []
for address in ("127.0.0.1", "0.0.0.0", "::1", "10.0.0.1", "169.254.169.254"):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.settimeout(1)
    try:
        s.connect((address, int(port)))
        found.append(address)
    except OSError:
        pass
for base, _, names in os.walk("/"):
    if base.startswith(("/proc", "/sys", "/usr", "/lib")):
        continue
    for name in names:
        path = os.path.join(base, name)
        if name.endswith(".sock") or (name.endswith(".json") and "sealed" in name) or name == "tokens.json":
            found.append(path)
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    info = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}}
    answers = {"initialize": info, "tools/list": {"tools": [{"name": "look", "inputSchema": {"type": "object"}}]},
               "tools/call": {"content": [{"type": "text", "text": json.dumps(found)}]}}
    answer = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] in answers:
        answer["result"] = answers[message["method"]]
    else:
        answer["error"] = {"code": -32601, "message": "unknown"}
    print(json.dumps(answer), flush=True)
"""
        with houses.House() as house:
            program = house.scratch / "look.py"
            program.write_text(script)
            house.add("look", houses.PYTHON, program, house.trips, write=[house.trips])
            house.seal()
            house.review("look")
            token = house.token()
            house.serve()
            (house.trips / "port").write_text(str(house.port))
            answer = client.exchange(("127.0.0.1", house.port), client.post(house.port, token, client.call("look", {}), "/mcp/look"))
            self.assertEqual(json.loads(answer.json()["result"]["content"][0]["text"]), [])


class SlowCallers(unittest.TestCase):
    def test_heads_and_bodies_that_trickle_are_dropped(self):
        """A36: 408 five seconds after accept, however it trickles, and everybody else is served."""
        with furnished() as house:
            token = house.token()
            house.serve()
            address = ("127.0.0.1", house.port)
            head = client.post(house.port, token, client.call("boom", {})).encode()

            def trickle(data, pause, count):
                began = time.monotonic()
                wire = client.Wire(address)
                wire.send(data[:-count])
                wire.socket.settimeout(pause)
                for byte in data[-count:]:
                    try:
                        if not wire.receive():
                            break
                    except TimeoutError:
                        if not wire.send(bytes([byte])):
                            break
                wire.socket.settimeout(10)
                answer = wire.answer()
                wire.drain()
                wire.close()
                return time.monotonic() - began, answer

            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                slow = {
                    "nothing at all": pool.submit(trickle, b"x", 20, 1), "a byte a second": pool.submit(trickle, head, 1, len(head) - 1), "a head without its end": pool.submit(trickle, head[: head.index(b"\r\n\r\n")] + b"x", 20, 1),
                    "a byte each tenth": pool.submit(trickle, b"GET /mcp HTTP/1.1\r\nX: " + b"a" * 500, 0.1, 490),
                    "headers for ever": pool.submit(trickle, b"GET /mcp HTTP/1.1\r\n" + b"X: a\r\n" * 200, 0.05, 1190)}
                deadline = time.monotonic() + 4
                while time.monotonic() < deadline:
                    self.assertEqual(client.exchange(address, client.post(house.port, token, client.modern("tools/list"))).status, 200)
                for name, future in slow.items():
                    seconds, answer = future.result()
                    with self.subTest(name):
                        self.assertEqual(answer.status, 408 if name != "nothing at all" else answer.status, answer)
                        self.assertIn(answer.status, (0, 408))
                        self.assertGreater(seconds, 4)
                        self.assertLess(seconds, 7)
            self.assertEqual(house.trip_count(), 0)
            reasons = {record["data"]["reason"] for record in house.audit("refused")}
            self.assertEqual(reasons, {"slow"})

    def test_a_slow_body_does_not_hold_its_place(self):
        with furnished() as house:
            token = house.token()
            house.serve()
            request = client.post(house.port, token, client.call("boom", {}))
            wire = client.Wire(("127.0.0.1", house.port))
            began = time.monotonic()
            wire.send(request.head() + request.body[:10])
            wire.socket.settimeout(40)
            answer = wire.answer()
            self.assertIn(answer.status, (0, 408), answer)
            self.assertLess(time.monotonic() - began, 32)
            self.assertEqual(house.trip_count(), 0)
            wire.close()


class BrokenHeads(unittest.TestCase):
    """Of thousands of heads that were changed at random, without a credential, none gets anywhere."""

    REFUSALS = {400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 417, 421, 426, 431, 501, 505}

    def test_changed_heads(self):
        chance = random.Random(2026)
        with furnished() as house:
            house.serve()
            address = ("127.0.0.1", house.port)
            gate = house.room("gate")
            alphabet = [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b"/", b"\xff", b"%", b"a", b"Host: x\r\n", b"Upgrade: websocket\r\n", b"Content-Length: 5\r\n", b"chunked", b"HTTP/1.1",
                        b"Transfer-Encoding: chunked\r\n", b"Authorization: Bearer x\r\n", b"\x16\x03\x01", b"GET ", b"0", b"-"]
            seen = {}
            for _ in range(1500):
                data = bytearray(chance.choice((client.post(house.port, None, client.call("boom", {})), client.upgrade(
                    house.port, None, frames=client.frame(json.dumps(client.call("boom", {})))))).encode())
                for _ in range(chance.randrange(1, 5)):
                    place = chance.randrange(len(data))
                    kind = chance.randrange(4)
                    if kind == 0:
                        data[place] = chance.randrange(256)
                    elif kind == 1:
                        del data[place:place + chance.randrange(1, 8)]
                    elif kind == 2:
                        data[place:place] = chance.choice(alphabet)
                    else:
                        other = chance.randrange(len(data))
                        data[place:place] = data[other:other + chance.randrange(1, 40)]
                wire = client.Wire(address, 10)
                wire.send(bytes(data))
                # What is cut short is not waited for: our end is its end.
                wire.finish()
                answer = wire.answer()
                wire.drain()
                wire.close()
                seen[answer.status] = seen.get(answer.status, 0) + 1
                self.assertIn(answer.status, self.REFUSALS | {0}, bytes(data))
                self.assertNotIn(b" 101 ", answer.raw[:20])
            print(f"changed heads: {seen}")
            for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"SSH-2.0-x\r\n", b"\x00" * 500, b"EHLO x\r\n", b"\xff" * 9000, b"GET\r\n\r\n", b"\r\n" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
                answer = client.exchange(address, noise, 10)
                self.assertIn(answer.status, self.REFUSALS | {0}, noise[:20])
            self.assertEqual(house.room("gate"), gate)
            self.assertEqual(house.trip_count(), 0)
            self.assertEqual(house.audit("call.intent"), [])
            house.check_audit()

    def test_names_that_would_move_a_cursor(self):
        with furnished() as house:
            for name in ("\x1b[31mx", "a\nb", "\u202ex", "", "a b", "a" * 200, "../x", "x\u200b", "local", "a/b", "\u00e9"):
                result = house.doorward("token", "issue", "--client", name, check=False)
                self.assertNotEqual(result.returncode, 0, repr(name))
                for letter in result.stderr:
                    self.assertTrue(letter == "\n" or letter.isprintable(), repr(result.stderr))
                self.assertEqual(result.stdout, "")


class Floods(unittest.TestCase):
    def test_a_thousand_idle_strangers_keep_nobody_out(self):
        with furnished() as house:
            token = house.token()
            house.serve()
            address = ("127.0.0.1", house.port)
            before = {name: houses.resident_kilobytes(house.room(name)) for name in ("gate", "broker")}
            idle = []
            for number in range(1000):
                try:
                    idle.append(socket.create_connection(address, 5))
                except OSError:
                    break
                if number % 100 == 99:
                    self.assertEqual(client.exchange(address, client.post(house.port, token, client.modern("tools/list"))).status, 200, number)
            for name, size in before.items():
                self.assertLess(houses.resident_kilobytes(house.room(name)), size + 16_000, name)
            for one in idle:
                one.close()
            self.assertEqual(client.exchange(address, client.post(house.port, token, client.call("echo", {"text": "x"}))).status, 200)

    def test_caps_of_connections_sessions_and_calls(self):
        with furnished() as house:
            house.configure(lambda tree: tree.update(limits={"connections": 30, "connectionsPerCaller": 10, "sessionsPerCaller": 5, "callsPerCaller": 4}))
            house.seal()
            greedy, modest = house.token(client="greedy"), house.token(client="modest")
            house.serve()
            address = ("127.0.0.1", house.port)
            # Connections of one caller.
            wires, statuses = [], []
            for _ in range(14):
                wire = client.Wire(address)
                wire.send(client.upgrade(house.port, greedy).encode())
                answer = wire.answer()
                statuses.append(answer.status)
                if answer.status == 429:
                    self.assertTrue(answer.header("retry-after"), answer)
                wires.append(wire)
            self.assertEqual(statuses[:10], [101] * 10)
            self.assertEqual(set(statuses[10:]), {429})
            self.assertEqual(client.exchange(address, client.post(house.port, modest, client.modern("tools/list"))).status, 200)
            # Calls in flight of one caller.
            seen = len(house.audit("call.intent"))
            for number in range(4):
                wires[number].send(client.frame(json.dumps(client.call("slow", {"text": "x"}, id=number))))
            houses.wait_for(lambda: len(house.audit("call.intent")) == seen + 4, "four calls")
            wires[5].send(client.frame(json.dumps(client.call("slow", {"text": "x"}, id=99))))
            _, payload = wires[5].frame()
            self.assertIn("calls-in-flight-cap", payload.decode())
            (house.trips / "go").touch()
            for wire in wires:
                wire.close()
            # Connections in all, by nobody in particular.
            strangers = [socket.create_connection(address, 5) for _ in range(60)]
            houses.wait_for(lambda: any(record["data"]["reason"] == "connection-cap" for record in house.audit("refused")), "the record of the cap")
            for one in strangers:
                one.close()
            houses.wait_for(lambda: client.exchange(address, client.post(house.port, modest, client.modern("tools/list"))).status == 200, "room again")
            # Sessions: the caller's own oldest makes room, or the next one is refused; nobody else's is touched.
            statuses = [client.exchange(address, client.legacy_post(house.port, greedy, client.initialize())).status for _ in range(9)]
            self.assertLessEqual(set(statuses), {200, 429})
            self.assertEqual(client.exchange(address, client.legacy_post(house.port, modest, client.initialize())).status, 200)
            self.assertLessEqual(house.status()["broker"]["sessions"], 6)

    def test_messages_too_fast(self):
        with furnished() as house:
            house.configure(lambda tree: tree.update(limits={"messagesPerSecond": 5}))
            house.seal()
            token, other = house.token(client="fast"), house.token(client="other")
            house.serve()
            address = ("127.0.0.1", house.port)
            statuses = [client.exchange(address, client.post(house.port, token, client.modern("tools/list"))).status for _ in range(80)]
            self.assertEqual(statuses[0], 200)
            self.assertIn(429, statuses)
            answer = client.talk(address, client.upgrade(house.port, house.token(client="socket")), [
                client.frame(json.dumps(client.modern("tools/list", id=number))) for number in range(200)], until=lambda got: len(got) == 200)
            # This release tells each message (docs/protocol.md), and keeps the socket.
            refused = [json.loads(payload)["error"]["data"]["reason"] for _, payload in answer.frames if b'"error"' in payload]
            self.assertGreater(len(refused), 100)
            self.assertEqual(set(refused), {"too-fast"})
            self.assertEqual(client.exchange(address, client.post(house.port, other, client.modern("tools/list"))).status, 200)

    def test_refusals_coalesce(self):
        """The first twenty of one peer and reason singly, the rest as a count: nothing is lost, and no disk is filled."""
        with furnished() as house:
            house.serve()
            for _ in range(500):
                client.exchange(("127.0.0.1", house.port), client.post(house.port, None, client.modern("tools/list")))
            house.stop()
            singles = [record for record in house.audit("refused")]
            more = house.audit("refused.more")
            self.assertEqual(len(singles), 20)
            self.assertEqual([(one["data"]["count"], one["data"]["reason"]) for one in more], [(480, "credential-missing")])
            house.check_audit()


class TouchedLogs(unittest.TestCase):
    """A52: whatever is done to a copy of the log, both checkers say so."""

    def test_every_touch_shows(self):
        with furnished() as house:
            token = house.token()
            house.serve()
            for number in range(30):
                client.exchange(("127.0.0.1", house.port), client.post(house.port, token, client.call("echo", {"text": str(number)})))
            house.stop()
            house.check_audit()
            log = house.audit_directory
            lines = (log / "00000001.jsonl").read_bytes().splitlines(keepends=True)
            middle = len(lines) // 2

            def changed(make):
                def apply(directory):
                    (directory / "00000001.jsonl").write_bytes(b"".join(make(list(lines))))

                return apply

            def edit(lines):
                lines[middle] = lines[middle].replace(b'"kind":"', b'"kind":"x', 1)
                return lines

            def digit(lines):
                text = bytearray(lines[middle])
                text[20] ^= 1
                lines[middle] = bytes(text)
                return lines

            def swap(lines):
                lines[middle], lines[middle + 1] = lines[middle + 1], lines[middle]
                return lines

            touches = {
                "edited": changed(edit), "one bit": changed(digit), "swapped": changed(swap), "removed": changed(lambda l: l[:middle] + l[middle + 1:]), "doubled": changed(lambda l: l[:middle] + [l[middle]] + l[middle:]),
                "cut": changed(lambda l: l[:-3]), "the last cut": changed(lambda l: l[:-1]), "the first cut": changed(lambda l: l[1:]), "emptied": changed(lambda l: []), "half a line": changed(lambda l: l[:middle] + [l[middle][:50]]),
                "a blank line": changed(lambda l: l[:middle] + [b"\n"] + l[middle:]), "CR LF": changed(lambda l: [line.replace(b"\n", b"\r\n") for line in l]), "a space": changed(lambda l: l[:middle] + [l[middle].replace(b"{", b"{ ", 1)] + l[middle + 1:]),
                "gone": lambda directory: (directory / "00000001.jsonl").unlink(), "no checkpoint": lambda directory: (directory / "checkpoint.json").unlink(),
                "another checkpoint": lambda directory: (directory / "checkpoint.json").write_bytes((log / "checkpoint.json").read_bytes().replace(b'"seq":', b'"seq":1', 1)),
                "another key": lambda directory: (directory / "key.pub").write_text("00" * 32 + "\n"),
            }
            for name, touch in touches.items():
                with self.subTest(name):
                    copy = house.scratch / "copy"
                    shutil.copytree(log, copy)
                    try:
                        self.assertEqual(house.doorward("audit", "verify", str(copy), check=False).returncode, 0)
                        touch(copy)
                        own = house.doorward("audit", "verify", str(copy), check=False)
                        other = subprocess.run([houses.PYTHON, str(houses.HERE / "audit_check.py"), str(copy)], capture_output=True, text=True)
                        self.assertIn(own.returncode, (1, 2), own.stdout)
                        self.assertEqual(own.returncode != 0, other.returncode != 0, other.stdout)
                        self.assertTrue(own.stdout + own.stderr)
                    finally:
                        shutil.rmtree(copy)
            # A rolled-back whole shows only against a head that was noted elsewhere.
            head = json.loads(house.doorward("audit", "verify", "--json").stdout)["head"]
            copy = house.scratch / "old"
            shutil.copytree(log, copy)
            house.serve()
            house.stop()
            newer = json.loads(house.doorward("audit", "verify", "--json").stdout)["head"]
            noted = f"{newer['seq']}:{newer['hash']}"
            self.assertEqual(house.doorward("audit", "verify", str(copy), check=False).returncode, 0)
            self.assertEqual(house.doorward("audit", "verify", "--head", noted, str(copy), check=False).returncode, 1)
            self.assertEqual(house.doorward("audit", "verify", "--head", f"{head['seq']}:{head['hash']}", check=False).returncode, 0)




if __name__ == "__main__":
    unittest.main()
