# SPDX-License-Identifier: Apache-2.0
"""Programs of other people that talk to Doorward: each lives in an environment of its own (scripts/venvs)."""
import functools
import json
import pathlib
import subprocess
import unittest

from house import CHECKOUT, HERE, PATIENCE

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
