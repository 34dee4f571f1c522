# SPDX-License-Identifier: Apache-2.0
"""The life of server processes: idle ones stop, crashing ones are not started for ever, and none outlives its sandbox.

And the life of commands: whoever is killed in the middle leaves nothing half done.
"""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from house import PYTHON, SERVERS, House, descendants, is_alive, wait_for
from load import Load, check_promises
from test_life import TRIPWIRE, LifeCase


class OrphanTest(LifeCase):
    def prepare(self):
        house = House()
        self.addCleanup(house.__exit__, None, None, None)
        house.add("trip", PYTHON, str(SERVERS / "forker.py"), TRIPWIRE, str(house.trips), write=[house.trips],
                  read=[SERVERS])
        house.seal()
        house.review("trip")
        house.token_text = house.token(client="life")
        return house

    def processes(self):
        return [pid for pid, line in self.house.pids().items() if str(SERVERS / "forker.py") in line]

    def test_processes_that_hide_from_their_server_end_with_it(self):
        # The review has left nothing behind either.
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.text(self.call()), "hi")
        running = wait_for(lambda: len(self.processes()) >= 4 and self.processes(), "the hidden processes")
        self.house.doorward("token", "revoke", "life")
        self.house.doorward("registry", "remove", "trip", "--yes")
        self.house.seal()
        wait_for(lambda: not any(map(is_alive, running)), "the end of all of them")

    def test_they_end_with_the_broker(self):
        self.assertEqual(self.text(self.call()), "hi")
        running = wait_for(lambda: len(self.processes()) >= 4 and self.processes(), "the hidden processes")
        os.kill(self.house.room("broker"), signal.SIGKILL)
        wait_for(lambda: not any(map(is_alive, running)), "the end of all of them")
        self.house.process.wait(10)
        self.house.stop(check=False)
        self.house.check_audit()


class CrashTest(LifeCase):
    def test_a_server_that_keeps_crashing_is_not_started_for_ever(self):
        other = self.house.token(client="other")
        self.assertEqual(self.text(self.call(token=other)), "hi")
        before = self.house.trip_count()
        began = time.monotonic()
        reasons = []
        while time.monotonic() - began < 3:
            reasons.append(self.reason(self.call("die", {})))
            self.assertEqual(self.text(self.call(token=other)), "hi")
        self.assertIn("server-failed", reasons)
        self.assertIn("launch-limit", reasons)
        # A quarter of a second, then twice as long each time: three seconds have room for few.
        self.assertLessEqual(self.house.trip_count() - before, 6)
        wait_for(lambda: not self.call().message["result"]["isError"], "the pause to end", 60)


class IdleTest(LifeCase):
    def prepare(self):
        house = House()
        self.addCleanup(house.__exit__, None, None, None)
        house.add("trip", PYTHON, TRIPWIRE, str(house.trips), write=[house.trips])
        house.configure(lambda tree: tree["mcpServers"]["trip"].update(idle="1s", timeout="2s"))
        house.seal()
        house.review("trip")
        house.token_text = house.token(client="life")
        return house

    def servers(self):
        return [pid for pid, line in self.house.pids().items() if TRIPWIRE in line]

    def test_an_idle_server_stops_and_starts_again_when_it_is_called(self):
        self.assertEqual(self.text(self.call()), "hi")
        first = self.servers()
        self.assertEqual(len(first), 1)
        wait_for(lambda: not self.servers(), "the idle server to stop")
        self.assertEqual(self.text(self.call()), "hi")
        self.assertNotEqual(self.servers(), first)

    def test_a_server_that_hangs_costs_its_caller_the_time_limit_and_nobody_else_anything(self):
        other = self.house.token(client="other")
        self.assertEqual(self.text(self.call(token=other)), "hi")
        began = time.monotonic()
        slow = self.in_thread(lambda: self.call("slow", {"text": "never"}))
        self.assertEqual(self.text(self.call(token=other)), "hi")
        slow.join()
        self.assertEqual(self.reason(slow.value), "server-slow")
        self.assertLess(time.monotonic() - began, 8)

    def test_a_stopped_process_is_a_slow_one(self):
        """SIGSTOP: it neither answers nor ends, and it is ended all the same."""
        self.assertEqual(self.text(self.call()), "hi")
        pid, = self.servers()
        os.kill(pid, signal.SIGSTOP)
        self.assertEqual(self.reason(self.call()), "server-slow")
        wait_for(lambda: not is_alive(pid), "its end", 30)
        wait_for(lambda: not self.call().message["result"]["isError"], "another one")


class CommandTest(LifeCase):
    """Commands that are killed in the middle: what they printed holds, and what they did not finish is not there."""

    def setUp(self):
        self.seed = int(os.environ.get("E2E_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.house = self.prepare()
        self.token = self.house.token_text

    def interrupted(self, *words):
        """Runs a command and kills it with everything that it started, at a random moment."""
        process = self.house.popen(
            *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(self.random.uniform(0.0, 0.2))
        # Either the command alone, or the broker that it started for itself.
        below = descendants(process.pid)
        for pid in [process.pid] if self.random.random() < 0.5 else below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        out = process.communicate(timeout=30)[0]
        wait_for(lambda: not any(map(is_alive, below)), f"the end of what it started (E2E_SEED={self.seed})")
        return out

    def test_tokens(self):
        printed = []
        for number in range(12):
            text = self.interrupted("token", "issue", "--client", f"cut-{number}").strip()
            if text:
                printed.append(text)
        known = json.loads(self.house.doorward("token", "list", "--json").stdout)["tokens"]
        self.assertGreaterEqual(len(known), len(printed) + 1)
        self.house.check_audit()
        self.house.serve()
        for text in printed:
            self.assertEqual(self.call(token=text, tool="echo").status, 200)

    def test_seals_and_reviews(self):
        for number in range(6):
            self.house.add(f"more-{number}", PYTHON, TRIPWIRE, str(self.house.trips), write=[self.house.trips])
            self.interrupted("registry", "seal")
            self.interrupted("registry", "review", "trip", "--yes", "--class", "reads")
            # Whatever came of it, the registry on the disk is a whole one.
            self.house.doorward("registry", "list", "--json")
        self.house.seal()
        self.house.review("trip")
        self.house.serve()
        with Load(self.house, self.token, callers=2) as load:
            load.wait_for_answers(10)
        self.assertEqual((load.refused, load.broken), ([], []))
        self.house.stop()
        self.house.check_audit()
        check_promises(self.house, load.answered)


if __name__ == "__main__":
    unittest.main()
