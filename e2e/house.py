# SPDX-License-Identifier: Apache-2.0
"""Starts an installation of Doorward in a scratch directory, through its public commands alone.

    with House() as house:
        house.add("echo", sys.executable, str(SERVERS / "tripwire.py"), str(house.trips), write=[house.trips])
        house.seal()
        house.review("echo", class_="reads")
        token = house.token(client="editor")
        house.serve()
        ...
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent
SERVERS = HERE / "servers"
BUILD = pathlib.Path(os.environ.get("DOORWARD_BUILD", CHECKOUT / ".build" / "release")).resolve()
# The interpreter itself, not a wrapper of it: what is sealed is what runs.
PYTHON = os.path.realpath(sys.executable)
# Generous, since builders may share the machine; reached only where something is wrong.
PATIENCE = float(os.environ.get("E2E_PATIENCE", "30"))
IS_ROOT = os.geteuid() == 0


class HouseError(AssertionError):
    """The installation did not do what it was told."""


class CommandFailed(HouseError):
    def __init__(self, arguments, result):
        super().__init__(f"doorward {' '.join(arguments)}: status {result.returncode}\n{result.stdout}{result.stderr}")
        self.status = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr


def wait_for(condition, what, patience=None):
    """Waits until `condition()` is true and returns its value; no fixed pause stands for an event."""
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HouseError(f"waited in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class House(contextlib.AbstractContextManager):
    """One installation: its configuration, its state, and its processes while it serves.

    - `url`, `port`: of the main listener, while serving. `ports`: by name, where there are several.
    - `state`, `config`: where state and configuration lie.
    - `trips`: a directory for what test servers leave behind; grant it with `write=[house.trips]`.
    - `user`: run everything as this uid (needs root).
    - `lab`: run everything in this laboratory's network (lab.py).
    """

    def __init__(self, build=None, user=None, scratch=None, environment=None, lab=None):
        self.build = pathlib.Path(build or BUILD)
        self.user = user
        self.lab = lab
        self.scratch = pathlib.Path(scratch or tempfile.mkdtemp(prefix="doorward-e2e-"))
        self.home = self.scratch / "home"
        self.config = self.home / "doorward.json"
        self.state = self.home / "state"
        self.trips = self.scratch / "trips"
        for directory in (self.home, self.trips):
            directory.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            for directory in (self.scratch, self.home, self.trips):
                os.chown(directory, user, user)
        self.environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **(environment or {})}
        self.process = None
        self.port = None
        self.ports = {}
        self.url = None
        self.stderr = ""
        self._offsets = {}
        self._records = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.stop(check=kind is None)
        finally:
            if kind is not None:
                sys.stderr.write(f"--- doorward's standard error\n{self.stderr}---\n")
            if os.environ.get("E2E_KEEP"):
                sys.stderr.write(f"kept {self.scratch}\n")
            else:
                shutil.rmtree(self.scratch, ignore_errors=True)

    # Commands

    def program(self, name="doorward"):
        return str(self.build / name)

    def command(self, *arguments):
        """The whole command line, with the places of this installation where the command takes them."""
        line = [self.program(), *map(str, arguments)]
        if self.user is not None:
            prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--inh-caps=-all"]
            line = [*prefix, *line]
        if self.lab is not None:
            line = [*self.lab.prefix(self.home), *line]
        return line

    def popen(self, *arguments, **options):
        # Places come by environment, so that every command takes them alike.
        environment = {**self.environment, "DOORWARD_CONFIG": str(self.config), "DOORWARD_STATE": str(self.state)}
        return subprocess.Popen(self.command(*arguments), env=environment, cwd=self.home, **options)

    def doorward(self, *arguments, check=True, input=None, timeout=None):
        """Runs one command to its end; the result has `returncode`, `stdout` and `stderr` as text."""
        process = self.popen(
            *arguments, stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(input, timeout or 2 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise HouseError(f"doorward {' '.join(map(str, arguments))} does not end")
        result = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        if check and result.returncode != 0:
            raise CommandFailed([str(argument) for argument in arguments], result)
        return result

    def add(self, name, command, *arguments, read=(), write=(), env=None, env_file=None, cwd=None, shared=False,
            accept=(), check=True):
        line = ["registry", "add", name, "--yes"]
        for path in read:
            line += ["--read", str(path)]
        for path in write:
            line += ["--write", str(path)]
        for key, value in (env or {}).items():
            line += ["--env", f"{key}={value}"]
        for key, value in (env_file or {}).items():
            line += ["--env-file", f"{key}={value}"]
        if cwd:
            line += ["--cwd", str(cwd)]
        if shared:
            line.append("--shared")
        for danger in accept:
            line += ["--accept", danger]
        return self.doorward(*line, "--", command, *map(str, arguments), check=check)

    def configure(self, change):
        """Changes the configuration: `change` gets its tree and edits it in place. Comments would be lost."""
        tree = json.loads(self.config.read_text()) if self.config.exists() else {}
        change(tree)
        self.config.write_text(json.dumps(tree, indent=2))
        self.config.chmod(0o600)
        if self.user is not None:
            os.chown(self.config, self.user, self.user)

    def seal(self, check=True):
        return self.doorward("registry", "seal", check=check)

    def review(self, name, class_="reads", check=True):
        return self.doorward("registry", "review", name, "--yes", "--class", class_, check=check)

    def token(self, client="tester", servers=None, ttl=None, listener=None):
        line = ["token", "issue", "--client", client]
        if servers:
            line += ["--servers", servers if isinstance(servers, str) else ",".join(servers)]
        if ttl:
            line += ["--ttl", ttl]
        if listener:
            line += ["--listener", listener]
        return self.doorward(*line).stdout.strip()

    def status(self):
        result = self.doorward("status", "--json", check=False)
        return json.loads(result.stdout)

    # Serving

    def serve(self, *arguments, listen=("127.0.0.1:0",), wait=True):
        """Starts `doorward serve` and waits until every listener is open."""
        if self.process is not None:
            raise HouseError("it serves already")
        line = ["serve", *arguments]
        for address in listen:
            line += ["--listen", address]
        self.stderr = ""
        self.ports = {}
        self._ready = threading.Event()
        self.process = self.popen(
            *line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="backslashreplace", start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(self.process, len(listen)), daemon=True)
        self._reader.start()
        if wait:
            if not self._ready.wait(PATIENCE) or not self.ports:
                raise HouseError(f"doorward serve did not come up\n{self.stderr}")
            self.port = next(iter(self.ports.values()))
            if len(listen) > 1:
                # The lines come in the order in which the gates are ready.
                listeners = self.status()["broker"]["listeners"]
                self.ports = {one["name"]: int(one["address"].rsplit(":", 1)[1]) for one in listeners if ":" in one["address"]}
                self.port = self.ports["main"]
            self.url = f"http://127.0.0.1:{self.port}"
        return self

    def _read(self, process, count):
        for line in process.stderr:
            self.stderr += line
            words = line.split()
            if "listening on http" in line:
                address = next(word for word in words if word.startswith("http://"))
                self.ports[address] = int(address.rstrip("/").rsplit(":", 1)[1])
                if len(self.ports) == count:
                    self._ready.set()
        self._ready.set()

    def reload(self):
        return self.doorward("reload")

    def stop(self, check=True):
        """Ends what serves, in good order, and makes sure that nothing of it is left."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        left = descendants(process.pid)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()
            raise HouseError(f"SIGTERM did not end doorward\n{self.stderr}")
        self._reader.join(PATIENCE)
        process.stderr.close()
        if check:
            wait_for(lambda: not any(map(is_alive, left)), f"the end of every process below {process.pid}: {left}")
            if status != 0:
                raise HouseError(f"doorward ended with status {status}\n{self.stderr}")
        return status

    def pids(self):
        """Every process below the launcher: rooms, sandboxes' first processes and servers, as {pid: command line}."""
        return {pid: command_line(pid) for pid in descendants(self.process.pid)} if self.process else {}

    def room(self, name):
        """The pid of one room: `gate`, `broker`, `watcher`, `egress` or `launcher`."""
        if name == "launcher":
            return self.process.pid
        wanted = {"broker": "doorwardd", "gate": "doorward-gate", "watcher": "doorward-watch", "egress": "doorward-egress"}[name]
        found = [pid for pid, line in self.pids().items() if line and os.path.basename(line[0]) == wanted]
        if not found:
            raise HouseError(f"no {wanted} among {self.pids()}")
        return found[0]

    # The log

    @property
    def audit_directory(self):
        return self.state / "audit"

    def audit(self, kind=None):
        """All records of the log so far, oldest first; of one kind if it is named."""
        for segment in sorted(self.audit_directory.glob("*.jsonl")):
            with open(segment, "rb") as file:
                file.seek(self._offsets.get(segment.name, 0))
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._offsets[segment.name] = self._offsets.get(segment.name, 0) + len(whole)
            self._records += [json.loads(line) for line in whole.splitlines()]
        return [record for record in self._records if kind in (None, record["kind"])]

    def check_audit(self):
        """Both checkers must call the log sound."""
        own = self.doorward("audit", "verify", "--json", check=False)
        if own.returncode != 0:
            raise HouseError(f"audit verify: status {own.returncode}\n{own.stdout}{own.stderr}")
        other = subprocess.run(
            [PYTHON, str(HERE / "audit_check.py"), str(self.audit_directory)], capture_output=True, text=True)
        if other.returncode != 0:
            raise HouseError(f"audit_check.py: status {other.returncode}\n{other.stdout}{other.stderr}")

    def trip_count(self):
        """How many processes of test servers were ever started here."""
        return len(list(self.trips.glob("started-*")))


# The process table

def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "backslashreplace").rstrip("\0").split("\0")
    except OSError:
        return []


def is_alive(pid):
    """Whether the process runs: one that only waits to be reaped does not."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def descendants(pid):
    """Every process below `pid`, it itself left out."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def kill_tree(pid):
    for victim in [pid, *descendants(pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def last_pid():
    """The last process number that this pid namespace gave out."""
    return int(pathlib.Path("/proc/loadavg").read_text().split()[4])


def has_own_pid_namespace():
    """Whether this test was started as the first process of a namespace of its own, so that numbers can be counted."""
    return os.environ.get("E2E_PID_NAMESPACE") == "1"


def resident_kilobytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
