# SPDX-License-Identifier: Apache-2.0
"""Programs of other people that talk to Doorward: each lives in an environment of its own (scripts/venvs)."""
import functools
import json
import pathlib
import subprocess
import unittest

from house import CHECKOUT, HERE, PATIENCE, House, wait_for  # noqa: F401

VENVS = CHECKOUT / ".venvs"
PEERS = HERE / "peers"


@functools.cache
def venv(name):
    """The environment's directory, made if it is not there; a test that needs it is skipped where that is impossible."""
    result = subprocess.run([str(CHECKOUT / "scripts" / "venvs"), name], capture_output=True, text=True)
    if result.returncode == 77:
        raise unittest.SkipTest(f"no environment {name}: the package index cannot be reached")
    if result.returncode != 0:
        raise AssertionError(f"scripts/venvs {name}: {result.stderr}")
    return VENVS / name


def python(name):
    return str(venv(name) / "bin" / "python")


def program(name, command):
    """A command that a package of the environment installed."""
    return str(venv(name) / "bin" / command)


def run(environment, script, plan=None, arguments=(), timeout=None, env=None):
    """Runs `peers/SCRIPT` in an environment and returns the one JSON document that it prints."""
    process = subprocess.run(
        [python(environment), "-W", "ignore", str(PEERS / script), *map(str, arguments)],
        input=json.dumps(plan) if plan is not None else "", capture_output=True, text=True,
        timeout=timeout or 3 * PATIENCE, env=env)
    try:
        return json.loads(process.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise AssertionError(f"{script}: status {process.returncode}\n{process.stdout}\n{process.stderr}") from None


def stand(path):
    """The interpreter and script of a server of our own in `servers/`."""
    return str(pathlib.Path(HERE / "servers" / path))


# Servers of other people, as an operator would register them

def add_time(house):
    house.add("time", program("mcp2", "mcp-server-time"))


def add_git(house):
    """A repository with one commit, which the server may read and write."""
    repository = house.scratch / "repository"
    repository.mkdir()
    (repository / "poem.txt").write_text("a door and a word\n")
    git = ["git", "-C", str(repository), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(house.home), "GIT_CONFIG_NOSYSTEM": "1"}
    for line in (["init", "-q", "-b", "main"], ["add", "poem.txt"], ["commit", "-q", "-m", "Write the poem"]):
        subprocess.run([*git, *line], check=True, env=environment, stdin=subprocess.DEVNULL)
    house.repository = repository
    house.add("git", program("mcp2", "mcp-server-git"), "--repository", str(repository), write=[repository])


def add_fetch(house):
    house.add("fetch", program("mcp2", "mcp-server-fetch"), "--ignore-robots-txt", "--allow-private-ips")


def add_sqlite(house):
    house.database = house.scratch / "database"
    house.database.mkdir()
    house.add("sqlite", program("mcp1", "mcp-server-sqlite"), "--db-path", str(house.database / "data.db"),
              write=[house.database])


def add_everything(house):
    house.add("everything", python("everything"), stand("everything.py"))


def add_slow(house):
    house.add("slow", python("mcp2"), stand("slow.py"), str(house.trips), write=[house.trips])


ADDERS = {"time": add_time, "git": add_git, "fetch": add_fetch, "sqlite": add_sqlite, "everything": add_everything,
          "slow": add_slow}


class PeerCase(unittest.TestCase):
    """One installation for all tests of a class, with the servers that it names, reviewed as reading and serving."""

    servers = ()
    policy = ()
    # What the servers may ask of their callers.
    grants = ("sampling", "elicitation", "roots")

    @classmethod
    def setUpClass(cls):
        house = cls.house = House()
        cls.addClassCleanup(lambda: house.__exit__(None, None, None))
        for name in cls.servers:
            ADDERS[name](house)
        house.configure(lambda tree: [entry.update(grants=list(cls.grants)) for entry in tree["mcpServers"].values()])
        if cls.policy:
            house.configure(lambda tree: tree.update(policy=list(cls.policy)))
        house.seal()
        for name in cls.servers:
            house.review(name)
        cls.token = house.token(client="peer")
        house.serve()

    @classmethod
    def tearDownClass(cls):
        """Whatever was done here, the log of it must be whole."""
        cls.house.check_audit()

    def http(self, server=None, **plan):
        return {"url": self.house.url + ("/mcp/" + server if server else "/mcp"), "token": self.token, **plan}

    def shim(self, server, **plan):
        return {"command": [self.house.program(), "connect", server],
                "env": {"DOORWARD_STATE": str(self.house.state), "HOME": str(self.house.home)}, **plan}

    def socket(self, server, **plan):
        return {"ws": f"ws://127.0.0.1:{self.house.port}/ws/{server}", "token": self.token, **plan}

    def outcomes_after(self, count):
        """Records since there were `count` of them, by kind."""
        found = {}
        for record in self.house.audit()[count:]:
            found.setdefault(record["kind"], []).append(record["data"])
        return found
