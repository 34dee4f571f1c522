# SPDX-License-Identifier: Apache-2.0
"""Checkers that other people wrote: conformance of the protocol, of authorization, of patience with slow clients."""
import json
import shutil
import subprocess
import time
import unittest
import urllib.request

import peer
import test_peers_http
from test_peers_http import CALL


class McpcheckTest(peer.PeerCase):
    servers = ("time", "git", "everything")

    def scan(self, path, *options):
        done = subprocess.run(
            [peer.program("mcpcheck", "jbt-mcpcheck"), "--json", "--legacy-probes", "--timeout", "20", *options,
             self.house.url + path], capture_output=True, text=True, timeout=120,
            env={"HOME": str(self.house.home), "MCPCHECK_TOKEN": self.token, "PATH": "/usr/bin:/bin"})
        return done.returncode, done.stdout

    def test_every_check_passes_and_warns_of_nothing(self):
        status, report = self.scan("/mcp/time", "--strict")
        self.assertEqual(status, 0, report)
        checks = json.loads(report)["checks"]
        self.assertEqual(len(checks), 8)
        self.assertEqual({check["status"] for check in checks}, {"pass"}, report)

    def test_every_check_passes_on_the_aggregate_and_on_the_largest_server(self):
        # Without --strict: what it would like better is about the servers' own tools, which are shown as they are.
        for path in ("/mcp", "/mcp/git", "/mcp/everything"):
            with self.subTest(path=path):
                status, report = self.scan(path)
                self.assertEqual(status, 0, report)


class AuthlabTest(peer.PeerCase):
    servers = ("time",)

    # TLS-01, PRM-03, ASM and ASF belong to a listener with an issuer of its own, which plain loopback has not.
    EXPECTED = {
        "CHAL-01", "CHAL-02", "CHAL-03", "PRM-01", "PRM-02", "PRM-04", "PRM-05", "PRM-06", "TOK-01", "TOK-02", "TOK-04",
        "TOK-05", "TOK-06", "SCOPE-01", "SESS-01", "SESS-02", "ORIG-01", "VER-01"}

    def test_what_concerns_own_tokens_passes(self):
        done = subprocess.run(
            [peer.program("authlab", "mcp-authlab"), "scan", "--no-login", "--format", "json",
             self.house.url + "/mcp/time"], capture_output=True, text=True, timeout=120,
            env={"HOME": str(self.house.home), "MCP_AUTHLAB_TOKEN": self.token, "PATH": "/usr/bin:/bin"})
        report = json.loads(done.stdout)
        found = {entry["id"]: entry["status"] for entry in report["results"]}
        passed = {identifier for identifier, status in found.items() if status == "pass"}
        self.assertEqual(self.EXPECTED - passed, set(), found)
        self.assertEqual({i for i, status in found.items() if status == "fail"}, {"PRM-03"}, found)


class SlowClientsTest(peer.PeerCase):
    """Slow heads, bodies and readers are dropped in their time, and everybody else keeps being served meanwhile."""
    servers = ("time",)
    headers = test_peers_http.LibrariesTest.headers
    # The attacker also looks now and then, without a token, whether the service still answers.
    REASONS = {"slow", "credential-missing", "caller-cap", "connection-cap"}

    def call(self):
        request = urllib.request.Request(self.house.url + "/mcp/time", json.dumps(CALL).encode(), self.headers(CALL))
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.assertIn(b"Etc/UTC", answer.read())
        return time.monotonic() - began

    def attack(self, *options, least, seconds=8):
        program = shutil.which("slowhttptest")
        if program is None:
            self.skipTest("slowhttptest is not installed: scripts/packages test")
        attacker = subprocess.Popen(
            [program, "-c", "200", "-r", "200", "-l", str(seconds), "-i", "2", "-u", self.house.url + "/mcp/time",
             *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(attacker.stdout.close)
        slowest = 0
        try:
            peer.wait_for(lambda: self.open_connections() > least, "the attack to begin")
            while attacker.poll() is None:
                slowest = max(slowest, self.call())
        finally:
            attacker.kill()
            text = attacker.communicate()[0]
        return slowest, text

    def open_connections(self):
        return self.house.status()["broker"]["connections"]

    def check(self, reasons, *options, least=20):
        before = len(self.house.audit())
        self.call()
        slowest, text = self.attack(*options, least=least)
        self.assertLess(slowest, 3, "others were not served: " + text)
        # Every one of them is gone without our ending them, whether or not the attacker noticed.
        peer.wait_for(lambda: self.open_connections() <= 2, "the end of the slow connections")
        refused = self.outcomes_after(before).get("refused", [])
        found = {entry["reason"] for entry in refused}
        self.assertTrue(found)
        self.assertLessEqual(found, reasons, refused)
        # A flood is told singly at first, then as a count: the log cannot be filled with it.
        self.assertLessEqual(len(refused), 60)
        return found

    def test_slow_heads(self):
        self.assertIn("slow", self.check(self.REASONS, "-H"))

    def test_slow_bodies_of_strangers_are_not_even_waited_for(self):
        self.check({"credential-missing"}, "-B", "-s", "8192", least=0)

    def test_slow_bodies_of_a_known_caller(self):
        # The tool knows no header for this, but it does not look at what it is given for another.
        header = "application/json\r\nAuthorization: Bearer " + self.token
        found = self.check(self.REASONS, "-B", "-s", "8192", "-f", header,
                           "-m", "application/json, text/event-stream")
        self.assertIn("slow", found)

    def test_slow_readers(self):
        self.check(self.REASONS,
                   "-X", "-w", "1", "-y", "2", "-n", "5", "-z", "1", "-k", "5", least=0)


if __name__ == "__main__":
    unittest.main()
