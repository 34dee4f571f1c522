# SPDX-License-Identifier: Apache-2.0
"""Whoever is killed, at whatever moment: what was promised is in the log, nobody hangs, and no process is left."""
import os
import random
import signal
import sys
import time
import unittest

from house import HERE, PYTHON, House, descendants, is_alive, wait_for
from load import Load, check_promises

TRIPWIRE = str(HERE / "servers" / "tripwire.py")
# A call that was in flight when its process was killed has been answered or refused by then.
LONGEST = 15


def furnished(house):
    house.add("trip", PYTHON, TRIPWIRE, str(house.trips), write=[house.trips])
    house.seal()
    house.review("trip")
    return house.token(client="load")


class KillTest(unittest.TestCase):
    def setUp(self):
        # Told when it fails, so that the same moments can be tried again.
        self.seed = int(os.environ.get("E2E_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.house = House()
        self.addCleanup(self.house.__exit__, None, None, None)
        self.token = furnished(self.house)
        self.house.serve()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            sys.stderr.write(f"E2E_SEED={self.seed}\n")

    def pause(self):
        """Until a random moment: this one waits for nothing, it chooses."""
        time.sleep(self.random.uniform(0.0, 0.3))

    def servers(self):
        return [pid for pid, line in self.house.pids().items() if TRIPWIRE in line]

    def rounds(self, victim, count=4):
        """Kills what `victim()` names under load, `count` times, and sees the service recover each time."""
        with Load(self.house, self.token) as load:
            load.wait_for_answers(20)
            for _ in range(count):
                self.pause()
                pid = victim()
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda: not is_alive(pid), "the victim's end")
                load.wait_for_answers(40, "the service to recover")
        self.assertLess(load.slowest, LONGEST)
        return load

    def finish(self, load):
        self.house.stop()
        self.house.check_audit()
        check_promises(self.house, load.answered)

    def test_the_gate(self):
        load = self.rounds(lambda: self.house.room("gate"))
        self.assertTrue(load.broken)
        self.assertEqual(load.refused, [])
        ended = [record["data"] for record in self.house.audit("room.ended")]
        self.assertEqual({entry["room"] for entry in ended}, {"gate/main"})
        self.assertEqual([entry["status"] for entry in ended if "status" in entry], [int(signal.SIGKILL)] * 4)
        self.finish(load)

    def test_the_watcher(self):
        load = self.rounds(lambda: self.house.room("watcher"))
        # Without eyes there is still a service: nothing here demands a certain peer.
        self.assertEqual((load.refused, load.broken), ([], []))
        self.assertEqual(len(self.house.audit("watch.sensor-lost")), 4)
        self.finish(load)

    def test_a_server(self):
        def victim():
            return wait_for(self.servers, "a server to kill")[-1]

        load = self.rounds(victim)
        # Callers learn that it was the server, and that it may help to ask again.
        self.assertEqual(load.broken, [])
        for _, status, message in load.refused:
            self.assertEqual(status, 200)
            denial = message["result"]["_meta"]["dev.doorward/denial"]
            self.assertIn(denial["reason"], ("server-failed", "launch-limit"))
            self.assertTrue(denial["retry"])
        self.finish(load)

    def death(self, victim):
        """Kills what ends everything, several times, starting again each time."""
        for number in range(3):
            with self.subTest(number=number):
                if self.house.process is None:
                    self.house.serve()
                with Load(self.house, self.token) as load:
                    load.wait_for_answers(20)
                    self.pause()
                    tree = descendants(self.house.process.pid)
                    self.assertGreaterEqual(len(tree), 5)
                    os.kill(victim(), signal.SIGKILL)
                    wait_for(lambda: not any(map(is_alive, tree)), "the end of every process", 10)
                    self.house.process.wait(10)
                self.assertLess(load.slowest, LONGEST)
                self.assertNotEqual(self.house.stop(check=False), 0)
                self.house.check_audit()
                check_promises(self.house, load.answered)
        # And it works again, on the same log.
        self.house.serve()
        with Load(self.house, self.token, callers=1) as load:
            load.wait_for_answers(5)
        self.finish(load)

    def test_the_broker(self):
        self.death(lambda: self.house.room("broker"))

    def test_the_launcher(self):
        self.death(lambda: self.house.room("launcher"))


if __name__ == "__main__":
    unittest.main()
