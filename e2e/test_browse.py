# SPDX-License-Identifier: Apache-2.0
"""A real browser in the browser profile: pages load, and what a page tries at the machine of its reader reaches nothing."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import door
import egress_probes as probes
import house as houses
import lab as labs

CHROMIUM = pathlib.Path("/usr/lib/chromium/chromium")
USER = 1001
PORT = 7777
# The machine by every name and address that a page could know of it.
TARGETS = [f"{host}:{PORT}" for host in (
    "127.0.0.1", "localhost", "[::1]", "0.0.0.0", labs.OWN, "10.9.9.1", "169.254.169.254", "127.9.9.9")]
# On a port that the profile grants: of others a name is not even resolved.
TARGETS += ["loop4.test:80", "rebind-private.test:80"]
SETTINGS = ["--headless=new", "--disable-gpu", "--no-first-run", "--mute-audio"]


def page(targets=TARGETS):
    return "http://public.test/page/crossing.html#" + urllib.parse.quote(json.dumps(targets))


def settle(report):
    """A beacon leaves when it pleases, which nothing tells: until there was no news for a while."""
    last, quiet = None, 0
    while quiet < 5:
        now = report()
        quiet = quiet + 1 if now == last else 0
        last = now
        time.sleep(0.1)


def wait_for_report(lab, process, errors):
    def posted():
        if process.poll() is not None:
            raise houses.HouseError(f"the browser ended with status {process.returncode}\n{errors()}")
        return lab.web()["posted"]
    try:
        return houses.wait_for(posted, "the page's report", 4 * houses.PATIENCE)[-1]
    except houses.HouseError as error:
        raise houses.HouseError(f"{error}\n{errors()}") from None


@unittest.skipUnless(CHROMIUM.exists(), "no page is rendered by a real browser: chromium is not installed")
@unittest.skipIf(labs.unavailable(), labs.unavailable())
class MeterTest(unittest.TestCase):
    @unittest.skipIf(shutil.which("tinyproxy") is None, "tinyproxy is not installed")
    def test_without_a_sandbox_the_page_reaches_the_machine(self):
        """Behind a proxy on loopback every page counts as local, so the browser's own checks do not apply."""
        with labs.Lab() as lab, probes.peer_proxy(lab, "tinyproxy", lab.scratch), tempfile.TemporaryDirectory() as scratch:
            errors = open(f"{scratch}/errors", "w+")
            process = lab.popen([CHROMIUM, *SETTINGS, "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={scratch}/data",
                                 "--proxy-server=http://127.0.0.1:8888", page()],
                                env={"HOME": scratch, "XDG_CONFIG_HOME": scratch, "XDG_CACHE_HOME": scratch},
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
            try:
                outcomes = wait_for_report(lab, process, lambda: errors.seek(0) and "" or errors.read()[-3000:])
                # A beacon and a datagram leave when they please: the browser lives until each way has arrived.
                houses.wait_for(lambda: self.arrived(lab.victims()["hits"]), "a hit by every way")
            finally:
                houses.kill_tree(process.pid)
                process.wait()
                errors.close()
            hits = lab.victims()["hits"]
        self.assertEqual("open", outcomes[f"127.0.0.1:{PORT}"]["socket"], outcomes)
        self.assertTrue(self.arrived(hits), outcomes)

    @staticmethod
    def arrived(hits):
        """Whether every way of the page has led here: by request, often, and by datagram."""
        reached = {hit["line"].split(" ")[1] for hit in hits if "line" in hit and hit["line"]}
        return ({"/ws/x", "/fetch", "/picture", "/form", "/redirected", "/beacon"} <= reached and len(hits) > 100
                and any(hit.get("udp") for hit in hits))


class BrowseCase(door.DoorCase):
    browser = (CHROMIUM,)
    options = ()

    @classmethod
    def setUpClass(cls):
        if not CHROMIUM.exists():
            raise unittest.SkipTest("no page is rendered by a real browser: chromium is not installed")
        super().setUpClass()

    def visit(self, *options, profile="browser", look=lambda process: None):
        """Lets the browser render the page; the page's own account of what it reached."""
        errors = open(self.house.scratch / "errors", "w+")
        process = self.house.start("--profile", profile, command=[*self.browser, *SETTINGS, *self.options, *options, page()],
                                   stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        below = []
        try:
            outcomes = wait_for_report(self.lab, process, lambda: errors.seek(0) and "" or errors.read()[-4000:])
            settle(lambda: len(self.house.decisions()))
            below = houses.descendants(process.pid)
            look(below)
        finally:
            process.terminate()
            try:
                process.wait(houses.PATIENCE)
            except subprocess.TimeoutExpired:
                houses.kill_tree(process.pid)
                process.wait()
            errors.close()
        houses.wait_for(lambda: not any(map(houses.is_alive, below)), "the end of every part of the browser")
        return outcomes

    def judge(self, outcomes):
        """Nothing of this side was reached, and every attempt is in the log."""
        self.assert_untouched([("tcp", labs.PUBLIC, 80)])
        for host in TARGETS:
            for way, outcome in outcomes[host].items():
                # A refusal by the door is an answer that a page without rights to read it may see as one.
                self.assertNotIn(outcome, ("open", "answered 200"), (host, way))
        for way in ("file frame", "file picture", "file fetch", "file redirect"):
            self.assertNotIn("answered 200", outcomes[way])
        decisions = self.house.decisions()[self.count:]
        loaded = [decision for decision in decisions if decision["host"] == "public.test"]
        self.assertTrue(loaded and all(decision["verdict"] == "allow" for decision in loaded), loaded)
        crossings = [decision for decision in decisions if decision.get("event") == "boundaryCrossing"]
        self.assertEqual({"high"}, {decision["severity"] for decision in crossings})
        crossed = {decision["host"].strip("[]") for decision in crossings}
        expected = {target.rpartition(":")[0].strip("[]") for target in TARGETS} - {"rebind-private.test"}
        self.assertLessEqual(expected, crossed)
        # Of every target more than one way is in the log: sockets too, not only what pages fetch.
        forms = {decision["form"] for decision in crossings}
        self.assertIn("connect", forms, "no WebSocket arrived at the door")
        self.assertIn("absolute", forms)
        self.assertGreaterEqual(len(crossings), 10 * len(expected))


class OwnSandboxTest(BrowseCase):
    """As people run it: not as root, and the browser's own sandbox inside ours."""

    user = USER if houses.IS_ROOT else None

    def test_the_page_loads_and_reaches_nothing(self):
        levels = []

        def look(below):
            for pid in below:
                line = houses.command_line(pid)
                if any("--type=renderer" in word for word in line):
                    status = dict(entry.split(":\t", 1) for entry in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in entry)
                    levels.append((len(status["NSpid"].split()), int(status["Seccomp_filters"])))
                    self.assertFalse(any("--no-sandbox" in word for word in line))
        self.judge(self.visit(look=look))
        self.assertTrue(levels, "no renderer was seen")
        own = len(pathlib.Path("/proc/self/status").read_text().split("NSpid:")[1].split("\n")[0].split())
        for depth, filters in levels:
            self.assertGreaterEqual(depth, own + 2, "the renderer is in no namespace of the browser's own")
            self.assertGreaterEqual(filters, 2)


class WithoutItsSandboxTest(BrowseCase):
    user = USER if houses.IS_ROOT else None
    options = ("--no-sandbox",)

    def test_the_page_loads_and_reaches_nothing(self):
        self.judge(self.visit())


class WrapperTest(BrowseCase):
    """By the name that people type: a script on Debian."""

    user = USER if houses.IS_ROOT else None
    browser = ("chromium",)

    def test_the_page_loads_and_reaches_nothing(self):
        self.judge(self.visit())


class FlagsTest(BrowseCase):
    user = USER if houses.IS_ROOT else None

    def test_flags_that_undo_protection_are_refused(self):
        for flag in ("--no-proxy-server", "--proxy-server=direct://", "--proxy-bypass-list=*", "--proxy-pac-url=http://public.test/x.pac",
                     "--disable-web-security", "-disable-web-security", "--remote-debugging-port=9222", "--remote-debugging-port",
                     "--remote-debugging-address=0.0.0.0", "--disable-features=LocalNetworkAccessChecks",
                     "--disable-features=Foo,LocalNetworkAccessChecks,Bar", "--host-resolver-rules=MAP * 127.0.0.1"):
            with self.subTest(flag=flag):
                started = len(self.house.audit("sandbox.started"))
                result = self.house.sandboxed("--profile", "browser", check=False, timeout=20, command=[
                    CHROMIUM, *SETTINGS, flag, "--dump-dom", "about:blank"])
                self.assertEqual(125, result.returncode, result.stderr[-500:])
                self.assertIn(flag.lstrip("-").partition("=")[0], result.stderr)
                self.assertEqual(started, len(self.house.audit("sandbox.started")))


if __name__ == "__main__":
    unittest.main()
