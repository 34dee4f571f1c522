# SPDX-License-Identifier: Apache-2.0
"""`doorward run`: ordinary programs work through the door, and nothing of them gets out or stays behind any other way."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import unittest

import door
import egress_probes as probes
import house as houses
import lab as labs
import peer

SECRET = "a-secret-of-the-developer-3f9a"
URLLIB = """import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode(), end='')
try:
    urllib.request.urlopen(sys.argv[2]); print(' and in')
except OSError as error:
    print(f' and {error}')
"""
LIBRARY = """import sys, LIBRARY as library
print(library.get(sys.argv[1], timeout=20).text, end='')
try:
    print(' and', library.get(sys.argv[2], timeout=20).status_code)
except Exception as error:
    print(f' and {error}')
"""
AIOHTTP = """import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1]) as answer:
            print(await answer.text(), end='')
        async with session.get(sys.argv[2]) as answer:
            print(' and', answer.status)
asyncio.run(main())
"""
NODE = """const http = require("http"), tls = require("tls");
const proxy = new URL(process.env.HTTPS_PROXY);
const [target, bad, authority] = process.argv.slice(1);
function tunnel(name, then) {
  const request = http.request({host: proxy.hostname, port: proxy.port, method: "CONNECT", path: name, headers: {host: name}});
  request.on("connect", (answer, socket) => then(answer.statusCode, socket)).end();
}
tunnel(target, (status, socket) => {
  const secure = tls.connect({socket, servername: target.split(":")[0], ca: require("fs").readFileSync(authority)}, () => {
    secure.write("GET / HTTP/1.1\\r\\nHost: public.test\\r\\nConnection: close\\r\\n\\r\\n");
  });
  let text = "";
  secure.on("data", data => text += data).on("end", () => tunnel(bad, (other, end) => {
    console.log(text.split("\\r\\n\\r\\n")[1] + " and " + other); end.destroy();
  }));
});
"""
# Reached from inside by no means. AF_INET, AF_INET6, AF_PACKET, AF_NETLINK, AF_VSOCK, AF_ALG.
SOCKETS = {"raw": (2, 3, 1), "raw6": (10, 3, 58), "packet": (17, 3, 3), "old packet": (2, 10, 0), "netfilter": (16, 3, 12),
           "vsock": (40, 1, 0), "alg": (38, 5, 0)}


class ProgramsTest(door.DoorCase):
    """What people use works when it is told of a proxy by its environment, and by nothing else."""

    allowed = ("--allow-host", "public.test:80", "--allow-host", "public.test:443")

    def run_in(self, *options, command, **rest):
        return self.house.sandboxed(*self.allowed, "--read", self.house.clients, *options, command=command, **rest)

    def assert_spoke(self, result, *words):
        self.assertEqual(0, result.returncode, result)
        for word in words:
            self.assertIn(word, result.stdout)
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_curl(self):
        authority = self.house.authority
        self.assert_spoke(self.run_in(command=["curl", "-sS", "http://public.test/"]), "PUBLIC public.test")
        self.assert_spoke(self.run_in(command=["curl", "-sS", "--cacert", authority, "https://public.test/"]), "PUBLIC public.test")
        self.assert_spoke(self.run_in(command=[
            "curl", "-sS", "--cacert", authority, "--proxy", "socks5h://127.0.0.1:1080", "https://public.test/"]), "PUBLIC public.test")
        for url in ("http://127.0.0.1:9999/", "http://169.254.169.254/latest/meta-data/", "http://10.9.9.1:9999/", "http://loop4.test:80/"):
            with self.subTest(url=url):
                result = self.run_in(command=["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url], check=False)
                self.assertEqual("403", result.stdout)
        # Told to go around the door, nothing is there.
        for arguments in (["--noproxy", "*", "http://public.test/"], ["--noproxy", "*", f"http://{labs.PUBLIC}/"],
                          ["--noproxy", "*", "http://127.0.0.1:9999/"], ["--noproxy", "*", "http://[::1]:9999/"]):
            with self.subTest(arguments=arguments):
                result = self.run_in(command=["curl", "-sS", "-m", "5", *arguments], check=False)
                self.assertIn(result.returncode, (6, 7), result)
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_python(self):
        good, bad = "http://public.test/", "http://127.0.0.1:9999/"
        self.assert_spoke(self.run_in(command=[houses.PYTHON, "-c", URLLIB, good, bad]), "PUBLIC", "403")
        self.assert_spoke(self.run_in("--env", f"SSL_CERT_FILE={self.house.authority}", command=[
            houses.PYTHON, "-c", URLLIB, "https://public.test/", "https://127.0.0.1:9999/"]), "PUBLIC", "403")
        for library, environment in (("requests", "mcp2"), ("httpx", "mcp1"), ("aiohttp", "http")):
            with self.subTest(library=library):
                python = peer.python(environment)
                if subprocess.run([python, "-c", f"import {library}"], capture_output=True).returncode != 0:
                    self.skipTest(f"{library} is not in the environment {environment}")
                script = AIOHTTP if library == "aiohttp" else LIBRARY.replace("LIBRARY", library)
                self.assert_spoke(self.run_in(
                    "--read", pathlib.Path(python).parent.parent.resolve(), command=[python, "-c", script, good, bad]), "PUBLIC", "403")

    def test_node(self):
        if shutil.which("node") is None:
            self.skipTest("node is not installed")
        self.assert_spoke(self.run_in(command=[
            "node", "-e", NODE, "public.test:443", "127.0.0.1:9999", self.house.authority]), "PUBLIC public.test and 403")

    def test_git(self):
        url = self.lab.serve_repository()
        target = self.house.work / "poems"
        self.assert_spoke(self.run_in("--write", self.house.work, command=["git", "clone", "-q", url, target]))
        self.assertEqual("a door and a word\n", (target / "poem.txt").read_text())
        result = self.run_in(command=["git", "ls-remote", "http://127.0.0.1:9999/x.git"], check=False)
        self.assertNotEqual(0, result.returncode)
        self.assertIn("403", result.stderr)
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_a_host_that_was_not_allowed(self):
        for url in ("http://other.test/", "http://public.test:8080/", "http://www.public.test/"):
            with self.subTest(url=url):
                result = self.run_in(command=["curl", "-sS", "-w", "%{http_code}", url], check=False)
                self.assertTrue(result.stdout.endswith("403"), result)
                self.assertNotIn("PUBLIC", result.stdout)
        result = self.house.sandboxed(check=False, command=["curl", "-sS", "-m", "5", "http://public.test/"])
        self.assertNotEqual("PUBLIC public.test", result.stdout, "the agent profile has a network before any was granted")
        self.assertEqual([], self.lab.web()["hits"])

    def test_every_run_is_recorded(self):
        started, ended = len(self.house.audit("sandbox.started")), len(self.house.audit("sandbox.ended"))
        self.assertEqual(0, self.run_in(command=["curl", "-sS", "http://public.test/"]).returncode)
        houses.wait_for(lambda: len(self.house.audit("sandbox.ended")) > ended, "the end of the run in the log")
        start = self.house.audit("sandbox.started")[started]["data"]
        end = self.house.audit("sandbox.ended")[ended]["data"]
        self.assertEqual("agent", start["profile"])
        self.assertEqual(start["sandbox"], end["sandbox"])
        self.assertEqual(0, end["status"])
        decision = self.decided(1)[0]
        self.assertEqual(("public.test", 80, "allow", "absolute"), tuple(decision[key] for key in ("host", "port", "verdict", "form")))
        numbers = {record["seq"]: record["kind"] for record in self.house.audit() if "seq" in record}
        if numbers:
            kinds = [numbers[key] for key in sorted(numbers)]
            self.assertLess(kinds.index("sandbox.started"), kinds.index("egress.decided"))


@unittest.skipUnless(houses.IS_ROOT, "already an ordinary user: the other tests are this one")
class OrdinaryUserTest(door.DoorCase):
    user = 1001

    def test_the_same_for_an_ordinary_user(self):
        allowed = ("--allow-host", "public.test:80", "--allow-host", "public.test:443", "--read", self.house.clients)
        result = self.house.sandboxed(*allowed, command=["curl", "-sS", "--cacert", self.house.authority, "https://public.test/"])
        self.assertEqual("PUBLIC public.test", result.stdout)
        result = self.house.sandboxed(*allowed, check=False, command=[
            "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9999/"])
        self.assertEqual("403", result.stdout)
        result = self.house.sandboxed(*allowed, check=False, command=["curl", "-sS", "-m", "3", "--noproxy", "*", "http://127.0.0.1:9999/"])
        self.assertEqual(7, result.returncode)
        self.assertEqual({}, self.lab.victims()["connections"])
        self.assertEqual(["allow", "deny"], [decision["verdict"] for decision in self.decided(2)])


class InsideTest(door.DoorCase):
    """What a program sees when it looks around."""

    @classmethod
    def furnish(cls):
        (cls.house.work / ".git" / "hooks").mkdir(parents=True)

    def setUp(self):
        super().setUp()
        self.prober = self.enterContext(self.house.prober("--profile", "wide", "--write", self.house.work))

    def test_there_is_no_other_way_out(self):
        self.assertEqual(["lo"], self.prober.call("interfaces"))
        for name in ("public.test", "example.com", "localhost.localdomain"):
            self.assertIsInstance(self.prober.call("resolve", name), str, name)
        for label, arguments in SOCKETS.items():
            with self.subTest(label):
                self.assertNotEqual("opened", self.prober.call("open_socket", *arguments))
        for host in ("127.0.0.1", "0.0.0.0", "127.9.9.9", "::1", labs.OWN, labs.OWN6, labs.PUBLIC, labs.PUBLIC6, "10.9.9.1",
                     "169.254.169.254", "8.8.8.8"):
            for port in (9999, 5432, 80, 443, 53):
                answer = self.prober.ask({"host": host, "port": port, "steps": [["rest"]], "seconds": 2})[0]
                self.assertEqual("unreachable", answer.end, (host, port, answer))
            for port in (53, 443, 9999):
                answer = self.prober.ask({"host": host, "port": port, "udp": True, "seconds": 0.2,
                                          "steps": [["send", probes.b64(b"hello")], ["read", 1]]})[0]
                self.assertEqual(b"", answer.bytes, (host, port))
        self.assert_untouched()
        self.assertEqual([], self.lab.web()["hits"])

    def test_the_meter_the_same_looks_outside_of_a_sandbox(self):
        process = self.lab.popen([houses.PYTHON, str(probes.PROBER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with probes.Prober(process) as prober:
            self.assertLess(1, len(prober.call("interfaces")))
            self.assertEqual(["93.184.216.34"], prober.call("resolve", "public.test"))
            answer = prober.ask({"host": "127.0.0.1", "port": 9999, "udp": True, "steps": [["send", probes.b64(b"x")], ["read", 6]]})[0]
            self.assertEqual(b"VICTIM", answer.bytes)
            answer = prober.ask({"host": "127.9.9.9", "port": 5432, "steps": [probes.inner_get(), ["rest"]]})[0]
            self.assertTrue(answer.victim)
            self.assertTrue(houses.is_alive(prober.call("daemon")))

    def test_files_environment_and_processes(self):
        secret = self.house.home / ".ssh"
        secret.mkdir(exist_ok=True)
        (secret / "id_ed25519").write_text(SECRET)
        found = self.prober.call("files", str(secret / "id_ed25519"), str(self.house.config), str(self.house.state),
                                 "/root/.ssh", "/root/.bashrc", "/var/run/docker.sock", "/etc/shadow", "/sys/kernel", str(self.lab.scratch))
        for path, seen in found.items():
            self.assertIn("error", seen if isinstance(seen, dict) else {}, f"{path}: {seen}")
        environment = self.prober.call("environment")
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            self.assertEqual("http://127.0.0.1:3128", environment[name])
        for name in ("all_proxy", "ALL_PROXY"):
            self.assertEqual("http://127.0.0.1:3128", environment[name])
        self.assertEqual("", environment["no_proxy"])
        for name in ("DOORWARD_STATE", "DOORWARD_CONFIG", "SSH_AUTH_SOCK"):
            self.assertNotIn(name, environment)
        own = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("user", "mnt", "pid", "net", "ipc", "uts")}
        for kind, link in self.prober.call("namespaces").items():
            self.assertNotEqual(own[kind], link)
        status = self.prober.call("status")
        self.assertEqual((0, "1", "2"), (int(status["CapEff"], 16), status["NoNewPrivs"].strip(), status["Seccomp"].strip()))
        self.assertLessEqual(len(self.prober.call("processes")), 4)
        self.assertFalse(self.prober.call("own_namespace"))
        descriptors = {number: target for number, target in self.prober.call("descriptors").items() if int(number) > 2}
        self.assertLessEqual(set(descriptors.values()), {entry for entry in descriptors.values() if entry.startswith("/proc/")}, descriptors)

    def test_writable_is_what_was_granted_and_no_protected_name(self):
        work = self.house.work
        self.assertEqual("written", self.prober.call("write", str(work / "free.txt")))
        for name in (".mcp.json", ".git/hooks/pre-commit", ".bashrc", ".envrc"):
            with self.subTest(name):
                self.assertNotEqual("written", self.prober.call("write", str(work / name)))
                self.assertFalse((work / name).is_file() and "inside" in (work / name).read_text())
        for path in (self.house.home / "x", self.house.clients / "x", pathlib.Path("/usr/local/bin/x"), pathlib.Path("/etc/x")):
            with self.subTest(path):
                self.assertNotEqual("written", self.prober.call("write", str(path)))
                self.assertFalse(path.exists())


class LifeTest(door.DoorCase):
    def test_one_local_port_is_a_hole_and_no_other(self):
        with self.house.prober("--allow-local", 5432) as prober:
            for host in (b"127.0.0.1", b"localhost"):
                with self.subTest(host=host):
                    answer = prober.ask(probes.order(prober, host, "connect", 5432))[0]
                    self.assertTrue(answer.victim, answer)
            for host, port in ((b"127.0.0.1", 5433), (b"127.0.0.1", 9999), (labs.OWN.encode(), 5432), (b"10.9.9.1", 5432),
                               (b"loop4.test", 5432), (b"[::ffff:127.0.0.1]", 5432), (b"0.0.0.0", 5432)):
                with self.subTest(host=host, port=port):
                    answer = prober.ask(probes.order(prober, host, "connect", port))[0]
                    self.assertEqual(403, answer.status, answer)
                    self.assertFalse(answer.victim)
            self.assertEqual({"5432"}, set(self.lab.victims()["connections"]))
            self.assertIn("5432", self.house.doorward("status").stdout, "the hole is shown nowhere")
            self.assertIn(5432, [hole for sandbox in self.house.status()["broker"]["egress"]["sandboxes"] for hole in sandbox["holes"]])
        explained = self.house.doorward(*self.house.run_line("--allow-local", 5432, "--explain", command=["true"]))
        self.assertIn("5432", explained.stdout + explained.stderr)

    def test_explaining_starts_nothing(self):
        before = len(self.house.audit("sandbox.started"))
        mark = self.house.work / "started"
        result = self.house.doorward(*self.house.run_line(
            "--write", self.house.work, "--allow-host", "public.test:443", "--env", "COLOUR=blue", "--explain",
            command=["touch", mark]))
        text = result.stdout + result.stderr
        for word in ("public.test", str(self.house.work), "COLOUR", "agent"):
            self.assertIn(word, text)
        self.assertFalse(mark.exists())
        self.assertEqual(before, len(self.house.audit("sandbox.started")))

    def test_statuses(self):
        for command, status in ((["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -TERM $$"], 143), (["sh", "-c", "kill -KILL $$"], 137)):
            with self.subTest(command=command):
                self.assertEqual(status, self.house.sandboxed(check=False, command=command).returncode)
        self.assertEqual(127, self.house.sandboxed(check=False, command=["no-such-program-anywhere"]).returncode)
        result = self.house.doorward("run", "--profile", "nobody-made-this", "--", "true", check=False)
        self.assertNotIn(result.returncode, (0, 127))
        self.assertTrue(result.stderr.startswith("doorward: error: "), result.stderr)

    def test_input_and_output_are_the_caller_s(self):
        result = self.house.sandboxed(command=["sh", "-c", "cat; echo to-error >&2"], input="from outside\n")
        self.assertEqual("from outside\n", result.stdout)
        self.assertIn("to-error", result.stderr)

    def started(self, *options, command):
        """A run, its own process and everything below it, once the command says something."""
        process = self.house.start(*options, command=command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        word = process.stdout.readline().decode().strip()
        return process, houses.descendants(process.pid), word

    def test_killed_supervisor_leaves_nothing(self):
        script = "setsid sleep 1000 & (setsid setsid sleep 1000 &) ; echo here; sleep 1000"
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                ended = len(self.house.audit("sandbox.ended"))
                process, below, word = self.started("--allow-host", "public.test:80", "--write", self.house.work, command=["sh", "-c", script])
                self.assertEqual("here", word)
                self.assertGreaterEqual(len(below), 2)
                process.send_signal(number)
                process.wait(houses.PATIENCE)
                process.stdout.close()
                houses.wait_for(lambda: not any(map(houses.is_alive, below)), f"the end of {below}")
                houses.wait_for(lambda: len(self.house.audit("sandbox.ended")) > ended, "the record of the end")
                houses.wait_for(lambda: not self.house.status()["broker"]["egress"]["sandboxes"], "the release of its door")
                houses.wait_for(lambda: self.lab.web()["open"] == 0, "its tunnels to be cut")
        # What was killed could not tidy up; the next run does.
        self.house.sandboxed("--write", self.house.work, command=["true"])
        self.assertEqual([], [entry for entry in os.listdir(self.house.work) if entry.startswith(".")])

    def test_a_tunnel_ends_with_its_run(self):
        prober = self.house.prober("--allow-host", "public.test:80")
        prober.send(host="127.0.0.1", port=prober.http, steps=probes.tunnel_steps(b"public.test:80", [["rest"]]), seconds=600)
        houses.wait_for(lambda: self.lab.web()["open"] == 1, "the tunnel")
        prober.process.kill()
        prober.process.wait()
        houses.wait_for(lambda: self.lab.web()["open"] == 0, "the tunnel's end")

    def test_a_daemon_dies_with_its_run(self):
        before = set(self.lab.inhabitants())
        result = self.house.sandboxed("--read", self.house.clients, command=[
            houses.PYTHON, "-c", f"import sys; sys.path.insert(0, '{self.house.clients}'); import prober; print(prober.daemon())"])
        self.assertTrue(result.stdout.strip().isdigit(), result)
        left = [line for line in map(houses.command_line, map(int, filter(str.isdigit, os.listdir("/proc")))) if "prober.daemon()" in " ".join(line)]
        self.assertEqual([], left)
        self.assertLessEqual(set(self.lab.inhabitants()), before)

    def test_secrets_come_by_descriptor_and_nowhere_else(self):
        secret = self.house.home / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        script = "cat \"$TOKEN_FILE\"; echo; env; cat /proc/self/cmdline | tr '\\0' ' '; echo ready; sleep 1000"
        process = self.house.start("--secret", f"TOKEN=file:{secret}", command=["sh", "-c", script], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = []
        for line in process.stdout:
            if line.strip().endswith("ready"):
                break
            lines.append(line)
        self.assertEqual(SECRET, lines[0].strip())
        self.assertNotIn(SECRET, "".join(lines[1:]))
        for pid in [process.pid, *houses.descendants(process.pid)]:
            for name in ("environ", "cmdline"):
                self.assertNotIn(SECRET.encode(), pathlib.Path(f"/proc/{pid}/{name}").read_bytes())
        process.kill()
        process.wait()
        process.stdout.close()
        for path in self.house.state.rglob("*"):
            if path.is_file():
                self.assertNotIn(SECRET.encode(), path.read_bytes(), path)

    def test_the_caller_s_environment_is_not_the_run_s(self):
        self.house.environment["LEAKED"] = SECRET
        self.house.environment["WANTED"] = "passed"
        try:
            result = self.house.sandboxed("--env", "WANTED", "--env", "GIVEN=word", command=["env"])
        finally:
            del self.house.environment["LEAKED"], self.house.environment["WANTED"]
        self.assertNotIn(SECRET, result.stdout)
        self.assertIn("WANTED=passed\n", result.stdout)
        self.assertIn("GIVEN=word\n", result.stdout)


class AloneTest(unittest.TestCase):
    @unittest.skipIf(labs.unavailable(), labs.unavailable())
    def test_without_a_control_plane_nothing_runs(self):
        with labs.Lab() as lab, door.DoorHouse(lab) as house:
            house.seal()
            mark = house.work / "started"
            result = house.sandboxed("--write", house.work, command=["touch", mark], check=False)
            self.assertNotEqual(0, result.returncode, result)
            self.assertIn("doorward up", result.stderr)
            self.assertFalse(mark.exists())


class ServerTest(door.DoorCase):
    """A server of other people with a network of its own: the fetch server reaches what its entry names."""

    @classmethod
    def furnish(cls):
        house = cls.house
        house.add("fetch", peer.program("mcp2", "mcp-server-fetch"), "--ignore-robots-txt", "--allow-private-ips")
        house.configure(lambda tree: tree["mcpServers"]["fetch"].update(network=["public.test:80", "*.public.test:80"]))
        house.configure(lambda tree: tree.update(policy=[{"servers": ["fetch"], "verdict": "allow"}]))
        house.seal()
        house.review("fetch")

    def fetch(self, *urls):
        plan = {"command": self.house.command("connect", "fetch"),
                "env": {"DOORWARD_STATE": str(self.house.state), "DOORWARD_CONFIG": str(self.house.config), "HOME": str(self.house.home), "PATH": os.environ["PATH"]},
                "steps": [["call", "fetch", {"url": url}] for url in urls]}
        found = peer.run("mcp1", "sdk1.py", plan)
        self.assertNotIn("failure", found, found)
        return found["results"]

    def test_the_fetch_server_reaches_what_its_entry_grants(self):
        answer, = self.fetch("http://public.test/")
        self.assertFalse(answer.get("isError"), answer)
        self.assertIn("PUBLIC", str(answer))
        decision = self.decided(1)[0]
        self.assertEqual(("allow", "public.test"), (decision["verdict"], decision["host"]))

    def test_and_nothing_else(self):
        urls = ["http://127.0.0.1:9999/", "http://localhost:9999/", "http://[::1]:9999/", "http://10.9.9.1:9999/",
                "http://169.254.169.254/latest/meta-data/", "http://metadata.google.internal/", "http://loop4.test:9999/",
                "http://rebind.test:9999/", f"http://{labs.OWN}:9999/", "http://other.test/", "http://public.test:9999/",
                "http://public.test/redirect?to=http://127.0.0.1:9999/", "http://public.test/redirect?to=http://10.9.9.1:9999/",
                "http://public.test/redirect?to=http://169.254.169.254/", "http://public.test/redirect?to=http://loop6.test:9999/"]
        for url, answer in zip(urls, self.fetch(*urls)):
            with self.subTest(url=url):
                self.assertTrue(answer.get("isError") or "error" in answer, answer)
                self.assertNotIn("VICTIM", str(answer))
        self.assertEqual({}, self.lab.victims()["connections"])
        expected = {"127.0.0.1", "localhost", "10.9.9.1", "169.254.169.254", "metadata.google.internal", labs.OWN}

        def crossed():
            return {decision["host"] for decision in self.house.decisions()[self.count:] if decision.get("event") == "boundaryCrossing"}
        with contextlib.suppress(houses.HouseError):
            houses.wait_for(lambda: crossed() >= expected, "a crossing for each target", 5)
        self.assertEqual(set(), expected - crossed(), [(decision["host"], decision.get("reason")) for decision in self.house.decisions()[self.count:]])

    def test_another_policy_holds_from_its_reload(self):
        def grant(*network):
            self.house.configure(lambda tree: tree["mcpServers"]["fetch"].update(network=list(network)))
            self.house.seal()
            self.house.reload()
        self.addCleanup(grant, "public.test:80", "*.public.test:80")
        grant("other.test:80")
        first, second = self.fetch("http://public.test/", "http://other.test/")
        self.assertTrue(first.get("isError") or "error" in first, first)
        self.assertIn("PUBLIC other.test", str(second))


if __name__ == "__main__":
    unittest.main()
