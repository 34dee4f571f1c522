# SPDX-License-Identifier: Apache-2.0
"""Doorward in the laboratory: programs in sandboxes of their own, whose only way out is the egress door."""

import contextlib
import os
import shutil
import subprocess
import unittest

import egress_probes
import house as houses
import lab as labs

PATH = "/usr/local/bin:/usr/bin:/bin"
# Every host there is, on the ports of the probes and a few more: what stays out is kept out by its address alone.
WIDE = [{"host": "*", "port": [80, 81, 443, 8080, 9999]}]
NARROW = ["public.test:80", "*.public.test:80", {"host": "other.test", "port": 80, "methods": ["GET"]}]


class DoorHouse(houses.House):
    """A house in a laboratory, with profiles for tests: `wide` and `narrow` over `agent`."""

    def __init__(self, lab, profiles=None, **options):
        super().__init__(lab=lab, **options)
        if self.user is not None:
            self.build = self._readable(self.build)
        # Another user may not be shown where this interpreter lies.
        self.python = houses.PYTHON if self.user is None else "/usr/bin/python3"
        self.clients = self.scratch / "clients"
        shutil.copytree(egress_probes.PROBER.parent, self.clients, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(lab.authority, self.clients / "authority.pem")
        self.authority = self.clients / "authority.pem"
        self.work = self.scratch / "work"
        self.work.mkdir()
        if self.user is not None:
            for path in (self.clients, self.work, *self.clients.iterdir()):
                os.chown(path, self.user, self.user)
        agents = {"wide": {"base": "agent", "network": WIDE}, "narrow": {"base": "agent", "network": NARROW}}
        self.configure(lambda tree: tree.update(profiles={**agents, **(profiles or {})}))

    def _readable(self, build):
        """Where that user can execute the programs: a copy, unless he can where they lie."""
        reach = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "test", "-x", str(build / "doorward")]
        if subprocess.run(reach, capture_output=True).returncode == 0:
            return build
        copy = self.scratch / "build"
        copy.mkdir(mode=0o755)
        for path in build.glob("doorward*"):
            if path.is_file() and os.access(path, os.X_OK):
                shutil.copy(path, copy)
        return copy

    def open(self):
        self.seal()
        return self.serve()

    def run_line(self, *options, command):
        return ["run", *map(str, options), "--", *map(str, command)]

    def start(self, *options, command, **popen):
        """Starts a program in a sandbox."""
        return self.popen(*self.run_line(*options, command=command), **popen)

    def sandboxed(self, *options, command, input=None, check=True, timeout=None):
        """Runs a program in a sandbox to its end."""
        return self.doorward(*self.run_line(*options, command=command), input=input, check=check, timeout=timeout)

    def prober(self, *options, threads=8):
        """The prober in a sandbox of its own."""
        return egress_probes.Prober(self.start(
            "--read", self.clients, *options, command=[self.python, self.clients / "prober.py", threads],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE))

    def decisions(self):
        return [record["data"] for record in self.audit("egress.decided")]

    def decisions_after(self, count, expected, patience=None):
        """The decisions since there were `count`, once there are as many as expected: no fewer, and no more."""
        houses.wait_for(lambda: len(self.decisions()) - count >= expected, f"{expected} decisions", patience)
        found = self.decisions()[count:]
        if len(found) != expected:
            raise houses.HouseError(f"{len(found)} decisions instead of {expected}: {found[:5]} …")
        return found


class DoorCase(unittest.TestCase):
    """One laboratory and one house for all tests of a class, which serves."""

    profiles = {}
    user = None

    @classmethod
    def setUpClass(cls):
        if reason := labs.unavailable():
            raise unittest.SkipTest(reason)
        if not houses.IS_ROOT:
            # Root is nobody in a user namespace of one's own, so there is no directory that Doorward would trust.
            raise unittest.SkipTest("Doorward in a laboratory needs root; ordinary users are played by root's tests")
        with contextlib.ExitStack() as stack:
            cls.lab = stack.enter_context(labs.Lab())
            cls.house = stack.enter_context(DoorHouse(cls.lab, cls.profiles, user=cls.user))
            cls.furnish()
            cls.house.open()
            cls.stack = stack.pop_all()
        cls.addClassCleanup(cls.stack.close)

    @classmethod
    def furnish(cls):
        """What has to be there before sealing."""

    @classmethod
    def tearDownClass(cls):
        cls.house.check_audit()

    def setUp(self):
        self.lab.reset()
        self.count = len(self.house.decisions())

    def decided(self, expected):
        """The decisions since the last look, which are as many as expected."""
        try:
            return self.house.decisions_after(self.count, expected)
        finally:
            self.count = len(self.house.decisions())

    def assert_untouched(self, allowed=()):
        """No victim was spoken to, and no packet left but to what is allowed."""
        seen = self.lab.victims()
        self.assertEqual({}, seen["connections"], seen["hits"][:5])
        self.assertEqual([], seen["hits"])
        strange = {key: number for key, number in self.lab.packets().items() if key not in allowed}
        gate = {("tcp", "127.0.0.1", port) for port in self.house.ports.values()}
        self.assertEqual({}, {key: number for key, number in strange.items() if key not in gate})


def word_of(decision):
    """What a record says why: the class of the address where there is one, else the reason."""
    return {decision.get("class"), decision.get("reason")} - {None, ""}
