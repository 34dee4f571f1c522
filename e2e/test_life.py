# SPDX-License-Identifier: Apache-2.0
"""What happens to an installation in its life: reloads, revocations, changed programs, full disks, floods, neighbours."""
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import client
from house import HERE, IS_ROOT, PYTHON, House, HouseError, is_alive, resident_kilobytes, wait_for
from load import Load, check_promises, digest

TRIPWIRE = str(HERE / "servers" / "tripwire.py")


class LifeCase(unittest.TestCase):
    def make(self, **options):
        house = House(**options)
        self.addCleanup(house.__exit__, None, None, None)
        house.add("trip", PYTHON, TRIPWIRE, str(house.trips), write=[house.trips])
        house.seal()
        house.review("trip")
        house.token_text = house.token(client="life")
        return house

    def setUp(self):
        self.house = self.prepare()
        self.house.serve()
        self.token = self.house.token_text
        # A caller of its own, and so a server process of its own: one that waits keeps nobody else waiting.
        self.patient = self.house.token(client="patient")

    def prepare(self):
        return self.make()

    def address(self, house=None):
        return ("127.0.0.1", (house or self.house).port)

    def call(self, tool="echo", arguments=None, token=None, house=None, patience=None, server="trip"):
        house = house or self.house
        request = client.post(house.port, token or self.token, client.call(tool, {"text": "hi"} if arguments is None else arguments),
                              f"/mcp/{server}")
        return client.exchange(self.address(house), request, patience)

    def reason(self, answer):
        """The reason word of a refusal of an understood call."""
        return answer.message["result"]["_meta"]["dev.doorward/denial"]["reason"]

    def text(self, answer):
        self.assertEqual(answer.status, 200, answer.raw)
        self.assertFalse(answer.message["result"]["isError"], answer.message)
        return answer.message["result"]["content"][0]["text"]

    def in_thread(self, act):
        """Runs `act` beside the test; the result is in `.value` after `.join()`."""
        thread = threading.Thread(target=lambda: setattr(thread, "value", act()), daemon=True)
        thread.value = None
        thread.start()
        return thread

    def slow_call(self, text, **options):
        """A call that waits in its server until `release()`."""
        options.setdefault("token", self.patient)
        thread = self.in_thread(lambda: self.call("slow", {"text": text}, **options))
        wait_for(lambda: digest({"text": text}) in [
            record["data"]["arguments"]["sha256"] for record in self.house.audit("call.intent")], "the intent")
        wait_for(lambda: any(text.encode() in path.read_bytes() for path in self.house.trips.glob("lines-*")),
                 "the call to reach its server")
        return thread

    def release(self):
        (self.house.trips / "go").touch()


class ReloadTest(LifeCase):
    def test_nothing_breaks_when_a_new_seal_is_adopted_under_load(self):
        slow = self.slow_call("before-and-after")
        with Load(self.house, self.token, callers=4) as load:
            load.wait_for_answers(20)
            for number in range(4):
                self.house.add(f"more-{number}", PYTHON, TRIPWIRE, str(self.house.trips), write=[self.house.trips])
                # Sealing makes a running doorward adopt it; a signal and a command do the same again.
                self.house.seal()
                if number % 2:
                    self.house.process.send_signal(signal.SIGHUP)
                else:
                    self.house.reload()
                load.wait_for_answers(20)
        self.assertEqual((load.refused, load.broken), ([], []))
        self.release()
        slow.join()
        self.assertEqual(self.text(slow.value), "before-and-after")
        names = {server["name"] for server in self.house.status()["broker"]["servers"]}
        self.assertEqual(names, {"trip", "more-0", "more-1", "more-2", "more-3"})
        self.house.stop()
        self.house.check_audit()
        check_promises(self.house, load.answered)

    def test_a_broken_configuration_changes_nothing(self):
        before = self.house.status()["broker"]["seal"]["digest"]
        good = self.house.config.read_text()
        for bad in ("{", good.replace('"command"', '"comand"'), good.replace(PYTHON, "python3"), '{"mcpServers": 7}'):
            self.house.config.write_text(bad)
            self.assertNotEqual(self.house.seal(check=False).returncode, 0, bad)
            self.assertEqual(self.text(self.call()), "hi")
            self.assertEqual(self.house.status()["broker"]["seal"]["digest"], before)
        self.house.config.write_text(good)

    def test_a_damaged_seal_is_refused_and_the_last_good_one_stays(self):
        sealed = self.house.state / "registry" / "sealed.json"
        good = sealed.read_bytes()
        before = self.house.status()["broker"]["seal"]["digest"]
        damaged = {
            "changed": good.replace(b"tripwire.py", b"tripwirf.py"), "cut": good[: len(good) // 2], "empty": b"",
            "other text": b"{}\n"}
        for name, data in damaged.items():
            with self.subTest(name):
                sealed.write_bytes(data)
                self.assertNotEqual(self.house.doorward("reload", check=False).returncode, 0)
                self.assertEqual(self.text(self.call()), "hi")
                self.assertEqual(self.house.status()["broker"]["seal"]["digest"], before)
        sealed.write_bytes(good)
        sealed.chmod(0o666)
        self.assertNotEqual(self.house.doorward("reload", check=False).returncode, 0)
        sealed.chmod(0o600)
        self.house.reload()
        refused = self.house.audit("registry.refused")
        self.assertGreaterEqual(len(refused), 4)

    def test_a_removed_server_ends_and_is_unknown(self):
        self.text(self.call())
        running = [pid for pid, line in self.house.pids().items() if TRIPWIRE in line]
        self.assertEqual(len(running), 1)
        self.house.doorward("registry", "remove", "trip", "--yes")
        self.house.seal()
        wait_for(lambda: not any(map(is_alive, running)), "the end of the removed server")
        self.assertEqual(self.call().status, 404)


class ChangedProgramTest(LifeCase):
    """What was hashed is what runs: a program that changed since is not started, and one that runs is not touched."""

    def prepare(self):
        house = House()
        self.addCleanup(house.__exit__, None, None, None)
        self.script = house.scratch / "server.py"
        shutil.copy(TRIPWIRE, self.script)
        house.add("trip", PYTHON, str(self.script), str(house.trips), write=[house.trips], read=[])
        house.seal()
        house.review("trip")
        house.token_text = house.token(client="life")
        return house

    def test_in_every_way_a_file_can_change(self):
        good = self.script.read_bytes()
        self.assertEqual(self.text(self.call()), "hi")

        def in_place():
            self.script.write_bytes(good + b"# changed\n")

        def one_byte():
            self.script.write_bytes(good.replace(b"tripwire", b"tripwirE", 1))

        def replaced():
            other = self.script.with_name("other.py")
            other.write_bytes(good.replace(b"import time", b"import time, socket", 1))
            other.rename(self.script)

        def linked():
            elsewhere = self.script.with_name("elsewhere.py")
            elsewhere.write_bytes(good + b"# elsewhere\n")
            self.script.unlink()
            self.script.symlink_to(elsewhere)

        def gone():
            self.script.unlink()

        for number, change in enumerate((in_place, one_byte, replaced, linked, gone)):
            with self.subTest(change=change.__name__):
                change()
                # Whoever has a running process keeps it; a new caller would need a new one.
                self.assertEqual(self.text(self.call()), "hi")
                other = self.house.token(client=f"other-{number}")
                started = self.house.trip_count()
                answer = self.call(token=other)
                self.assertIn(self.reason(answer), ("executable-changed", "launch-failed"))
                if change is not gone:
                    self.assertEqual(self.reason(answer), "executable-changed")
                self.assertEqual(self.house.trip_count(), started)
                refused = [record["data"] for record in self.house.audit("call.outcome")][-1]
                self.assertIn(self.reason(answer), json.dumps(refused))
                if self.script.is_symlink() or not self.script.exists():
                    self.script.unlink(missing_ok=True)
                self.script.write_bytes(good)

        def served():
            return self.reason_or_text(self.call(token=self.house.token(client="last"))) == "hi"

        wait_for(served, "the good program to be started again")

    def reason_or_text(self, answer):
        result = answer.message["result"]
        return self.reason(answer) if result["isError"] else result["content"][0]["text"]


class RevocationTest(LifeCase):
    """A credential that ends ends everything that was opened with it, within a second."""

    def live(self, token):
        """A WebSocket with a running call, and a session's event stream."""
        self.wire = client.Wire(self.address(), 10)
        self.addCleanup(self.wire.close)
        self.wire.send(client.upgrade(self.house.port, token, "/ws/trip").encode())
        self.assertEqual(self.wire.answer().status, 101)
        self.wire.send(client.frame(json.dumps(client.call("slow", {"text": "never"}))))
        opened = client.exchange(self.address(), client.legacy_post(self.house.port, token, client.initialize()))
        session = opened.header("mcp-session-id")
        self.stream = client.Wire(self.address(), 10)
        self.addCleanup(self.stream.close)
        headers = [("Host", f"127.0.0.1:{self.house.port}"), ("Authorization", f"Bearer {token}"),
                   ("Accept", "text/event-stream"), ("Mcp-Session-Id", session)]
        self.stream.send(client.Request("GET", "/mcp/trip", headers).encode())
        self.assertEqual(self.stream.answer(head_only=True).status, 200)
        wait_for(lambda: any(b"never" in path.read_bytes() for path in self.house.trips.glob("lines-*")),
                 "the call to reach its server")

    def check_stream_end(self):
        """The stream ends as it should: with its last chunk, or with the connection."""
        self.stream.chunks()

    def check_end(self, act, reason):
        token = self.house.token(client="brief")
        self.live(token)
        before = len(self.house.audit("call.outcome"))
        act()
        began = time.monotonic()
        close = None
        while (got := self.wire.frame()) is not None:
            if got[0] == 8:
                close = struct.unpack("!H", got[1][:2])[0]
                break
        self.assertEqual(close, 4401)
        self.check_stream_end()
        self.assertLess(time.monotonic() - began, 1)
        wait_for(lambda: len(self.house.audit("call.outcome")) > before, "the outcome of the call that was cut off")
        answer = self.call(token=token)
        self.assertEqual(answer.status, 401)
        self.assertIn("invalid_token", answer.header("www-authenticate"))
        refused = wait_for(lambda: self.house.audit("refused"), "the record of the refusal")
        self.assertEqual([record["data"]["reason"] for record in refused], [reason])
        # Nobody else noticed.
        self.assertEqual(self.text(self.call()), "hi")

    def test_revoked(self):
        self.check_end(lambda: self.house.doorward("token", "revoke", "brief"), "credential-revoked")

    def test_rotated(self):
        self.check_end(lambda: self.house.doorward("token", "rotate", "brief"), "credential-revoked")

    def test_expired(self):
        token = self.house.token(client="short", ttl="2s")
        self.live(token)
        began = time.monotonic()
        got = self.wire.frame()
        while got is not None and got[0] != 8:
            got = self.wire.frame()
        self.assertEqual(struct.unpack("!H", got[1][:2])[0], 4401)
        self.check_stream_end()
        self.assertLess(time.monotonic() - began, 4)
        self.assertEqual(self.call(token=token).status, 401)


class NeighboursTest(LifeCase):
    def test_two_installations_know_nothing_of_each_other(self):
        other = self.make()
        other.serve()
        self.assertNotEqual(other.port, self.house.port)
        self.assertEqual(self.text(self.call()), "hi")
        self.assertEqual(self.text(self.call(token=other.token_text, house=other)), "hi")
        # A token is good for its own installation alone.
        self.assertEqual(self.call(token=other.token_text).status, 401)
        self.assertEqual(self.call(house=other).status, 401)
        other.doorward("token", "revoke", "life")
        self.assertEqual(self.text(self.call()), "hi")
        other.stop()
        other.check_audit()
        self.assertEqual(self.text(self.call()), "hi")

    def test_one_state_directory_is_served_once(self):
        with self.assertRaises(HouseError):
            second = House(scratch=self.house.scratch)
            try:
                second.serve()
            finally:
                self.assertEqual(second.process.wait(10), 4)
                second.process.stderr.close()
        self.assertEqual(self.text(self.call()), "hi")


class DrainTest(LifeCase):
    def test_sigterm_lets_what_is_in_flight_be_answered(self):
        slow = self.slow_call("last words")
        self.house.process.send_signal(signal.SIGTERM)
        # Whoever comes now learns at once that nobody will answer.
        wait_for(self.is_refused, "new connections to be refused")
        self.release()
        slow.join()
        self.assertEqual(self.text(slow.value), "last words")
        self.assertEqual(self.house.process.wait(10), 0)
        self.house.stop()
        self.house.check_audit()

    def is_refused(self):
        try:
            socket.create_connection(self.address(), 2).close()
        except ConnectionError:
            return True
        return False

    def test_a_second_signal_ends_at_once(self):
        slow = self.slow_call("never said")
        self.house.process.send_signal(signal.SIGTERM)
        wait_for(self.is_refused, "the drain to begin")
        began = time.monotonic()
        self.house.process.send_signal(signal.SIGTERM)
        self.house.process.wait(10)
        self.assertLess(time.monotonic() - began, 5)
        slow.join()
        self.house.stop(check=False)
        self.house.check_audit()


@unittest.skipUnless(IS_ROOT, "a small file system can be mounted by root alone")
class FullDiskTest(LifeCase):
    def prepare(self):
        house = House()
        # Last in, first out: the file system has to be unmounted before the directory can go.
        self.addCleanup(house.__exit__, None, None, None)
        house.state.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "doorward-e2e", str(house.state)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(house.state)], check=True)
        self.addCleanup(house.stop, check=False)
        house.add("trip", PYTHON, TRIPWIRE, str(house.trips), write=[house.trips])
        house.seal()
        house.review("trip")
        house.token_text = house.token(client="life")
        return house

    def fill(self):
        """Takes all the space there is, and keeps taking what becomes free."""
        ballast = self.house.state / "ballast"
        with open(ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass
        return ballast

    def executed(self, text):
        return any(text.encode() in path.read_bytes() for path in self.house.trips.glob("lines-*"))

    def test_no_room_for_the_log_means_no_new_effect_and_no_lost_promise(self):
        with Load(self.house, self.token, callers=2) as load:
            load.wait_for_answers(50)
        slow = self.slow_call("promised before")
        newcomer = self.house.token(client="newcomer")
        ballast = self.fill()

        # What is still let through was promised room before; then calls come to be refused.
        with Load(self.house, self.token, callers=4) as full:
            wait_for(lambda: full.refused, "the log to be full", 60)
        self.assertEqual(full.broken, [])
        for text, status, message in full.refused:
            self.assertEqual(status, 200)
            denial = message["result"]["_meta"]["dev.doorward/denial"]
            self.assertEqual((denial["reason"], denial["class"]), ("audit-unavailable", 503))
            self.assertFalse(self.executed(text), "refused, and done all the same")
        load.answered += full.answered
        status = self.house.status()
        self.assertTrue(status["broker"]["audit"]["isFull"], status["broker"]["audit"])
        # A new caller's server is not started either.
        started = self.house.trip_count()
        self.assertEqual(self.reason(self.call(token=newcomer)), "audit-unavailable")
        # The outcome of what was promised still fits.
        self.release()
        slow.join()
        self.assertEqual(self.text(slow.value), "promised before")
        load.answered.append("promised before")
        self.assertEqual(self.house.trip_count(), started)
        ballast.unlink()
        wait_for(lambda: not self.call("echo", {"text": "after"}).message["result"]["isError"], "the service to recover")
        wait_for(lambda: self.house.audit("journal.resumed"), "the log to tell")
        self.house.stop()
        self.house.check_audit()
        check_promises(self.house, load.answered)


class PressureTest(LifeCase):
    """Limits on what a caller may use up, and nobody else notices."""

    def rooms(self):
        return {name: resident_kilobytes(self.house.room(name)) for name in ("gate", "broker")}

    def post(self, body, **changes):
        request = client.post(self.house.port, self.token, body, "/mcp/trip", mirror=[
            ("MCP-Protocol-Version", client.MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", "echo")])
        return request.having(**changes) if changes else request

    def test_memory_is_flat_over_a_thousand_oversized_messages(self):
        # Once through everything first: what is allocated once may stay.
        def attack(repeats):
            deep = b"[" * 200 + b"]" * 200
            for number in range(repeats):
                kind = number % 5
                if kind == 0:
                    request = self.post(b"", framing=[("Content-Length", str(5 << 20))])
                    self.assertEqual(client.exchange(self.address(), request).status, 413)
                elif kind == 1:
                    self.assertEqual(client.exchange(self.address(), self.post(deep)).status, 400)
                elif kind == 2:
                    huge = client.frame(b"", length=(64, 1 << 40))
                    answer = client.talk(self.address(), client.upgrade(self.house.port, self.token), [huge])
                    self.assertEqual(answer.close, 1009)
                elif kind == 3:
                    chunk = b"%x\r\n" % (5 << 20)
                    request = self.post(chunk, framing=[("Transfer-Encoding", "chunked")])
                    self.assertEqual(client.exchange(self.address(), request).status, 413)
                else:
                    # As large as it may be, and then refused for what it says.
                    text = json.dumps(client.call("no-such-tool", {"text": "x" * (256 << 10)})).encode()
                    self.assertEqual(client.exchange(self.address(), self.post(text)).status, 400)

        attack(100)
        self.assertEqual(self.text(self.call()), "hi")
        before = self.rooms()
        attack(1000)
        after = self.rooms()
        for name in before:
            self.assertLess(after[name], before[name] * 1.1 + 1024, (before, after))
        self.assertEqual(self.text(self.call()), "hi")

    def test_the_largest_messages_leave_nothing_behind(self):
        text = "x" * ((4 << 20) - 4096)
        self.assertEqual(self.text(self.call("echo", {"text": text})), text)
        before = self.rooms()
        for _ in range(40):
            self.assertEqual(len(self.text(self.call("echo", {"text": text}))), len(text))
        after = self.rooms()
        for name in before:
            self.assertLess(after[name], before[name] * 1.1 + 8192, (before, after))

    def test_a_thousand_idle_connections(self):
        tokens = [self.house.token(client=f"idle-{number}") for number in range(4)]
        before = self.rooms()
        wires = []
        self.addCleanup(lambda: [wire.close() for wire in wires])
        for number in range(1000):
            wire = client.Wire(self.address())
            wires.append(wire)
            message = client.modern("tools/list", id=number)
            wire.send(client.post(self.house.port, tokens[number // 250], message).encode())
            self.assertEqual(wire.answer().status, 200)
        self.assertEqual(self.house.status()["broker"]["connections"], 1000)
        after = self.rooms()
        # 1,000 connections that do nothing: at most 16 KiB each in both rooms together.
        growth = sum(after.values()) - sum(before.values())
        self.assertLess(growth, 16_000, (before, after))
        began = time.monotonic()
        self.assertEqual(self.text(self.call()), "hi")
        self.assertLess(time.monotonic() - began, 5)
        # Each of them still works.
        for number in (0, 499, 999):
            wires[number].send(client.post(
                self.house.port, tokens[number // 250], client.modern("tools/list", id=number)).encode())
            self.assertEqual(wires[number].answer().status, 200)
        for wire in wires:
            wire.close()
        wait_for(lambda: self.house.status()["broker"]["connections"] == 0, "the end of the connections")

    def test_one_caller_cannot_take_all_connections(self):
        wires = []
        self.addCleanup(lambda: [wire.close() for wire in wires])
        other = self.house.token(client="other")
        statuses = []
        for number in range(300):
            wire = client.Wire(self.address())
            wires.append(wire)
            wire.send(client.post(self.house.port, self.token, client.modern("tools/list", id=number)).encode())
            statuses.append(wire.answer().status)
        self.assertEqual(statuses.count(200), 256)
        self.assertEqual(statuses.count(429), 44)
        self.assertEqual(self.text(self.call(token=other)), "hi")

    def test_a_flood_is_told_singly_at_first_and_then_as_a_count(self):
        request = client.post(self.house.port, "dwt_" + "A" * 43, client.call("echo", {"text": "hi"})).encode()
        for _ in range(400):
            self.assertEqual(client.exchange(self.address(), request).status, 401)
        self.house.stop()
        singles = self.house.audit("refused")
        closing = [record["data"] for record in self.house.audit("refused.more")]
        self.assertLessEqual(len(singles), 20)
        self.assertEqual(len(singles) + sum(entry["count"] for entry in closing), 400, closing)
        self.house.check_audit()


if __name__ == "__main__":
    unittest.main()
