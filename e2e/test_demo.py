# SPDX-License-Identifier: Apache-2.0
"""`make demo` does what it says, leaves no token behind, and stops with a clear error where it cannot go on."""
import json
import os
import subprocess
import unittest

import peer
from house import BUILD, CHECKOUT, House


class DemoTest(unittest.TestCase):
    def setUp(self):
        peer.venv("mcp2")
        self.house = House()
        self.addCleanup(self.house.__exit__, None, None, None)

    def run_demo(self):
        environment = {
            **self.house.environment, "DOORWARD_CONFIG": str(self.house.config), "DOORWARD_STATE": str(self.house.state),
            "DOORWARD_BUILD": str(BUILD), "PATH": os.environ["PATH"]}
        return subprocess.run(
            [str(CHECKOUT / "scripts" / "demo")], env=environment, capture_output=True, text=True, timeout=150)

    def test_it_runs_to_its_end_twice(self):
        self.house.seal()
        self.house.serve()
        for _ in range(2):
            done = self.run_demo()
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for line in ("✓ HTTP:", "✓ WebSocket:", "✓ stdio", "✓ 403 from a page on the internet", "query-not-allowed",
                         "browser-evidence", "sound"):
                self.assertIn(line, done.stdout)
        tokens = json.loads(self.house.doorward("token", "list", "--json").stdout)["tokens"]
        self.assertEqual(len(tokens), 2)
        self.assertTrue(all(token.get("revoked") for token in tokens), tokens)
        self.house.stop()
        self.house.check_audit()

    def test_without_a_service_it_says_what_to_do(self):
        done = self.run_demo()
        self.assertEqual(done.returncode, 1)
        self.assertIn("doorward: error: doorward is not serving", done.stderr)
        self.assertIn("make up", done.stderr)

    def test_it_does_not_seal_what_others_have_left_unsealed(self):
        self.house.add("mine", peer.program("mcp2", "mcp-server-time"))
        self.house.seal()
        self.house.serve()
        self.house.add("unfinished", peer.program("mcp2", "mcp-server-time"))
        done = self.run_demo()
        self.assertEqual(done.returncode, 1)
        self.assertIn("not sealed", done.stderr)
        listed = json.loads(self.house.doorward("registry", "list", "--json").stdout)["servers"]
        self.assertEqual({entry["name"] for entry in listed}, {"mine", "unfinished"})


if __name__ == "__main__":
    unittest.main()
