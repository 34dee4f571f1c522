# SPDX-License-Identifier: Apache-2.0
"""`doorward run`: what a command gets and what it does not, how it ends, and what is written down about it."""

import fcntl
import http.server
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

import house as houses

PYTHON = "/usr/bin/python3"


def serving():
    house = houses.House()
    try:
        house.configure(lambda tree: tree.setdefault("mcpServers", {}))
        house.seal()
        house.serve()
    except BaseException:
        house.__exit__(AssertionError, None, None)
        raise
    return house


class Hits(http.server.ThreadingHTTPServer):
    """A service on the host's loopback that counts who reaches it."""

    daemon_threads = True

    def __init__(self, page=b"<h1>loaded</h1>"):
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                self.count += 1
                handler.send_response(200)
                handler.send_header("Content-Type", "text/html")
                handler.send_header("Content-Length", str(len(page)))
                handler.end_headers()
                handler.wfile.write(page)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Terminal:
    """A command at a terminal that the test plays."""

    def __init__(self, house, *arguments, size=(33, 77)):
        self.screen = b""
        near, far = pty.openpty()
        self.near = near
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.before = termios.tcgetattr(far)
        self.far = far
        self.process = house.popen(*arguments, stdin=far, stdout=far, stderr=far, start_new_session=True)

    def see(self, text, patience=None):
        def look():
            while select.select([self.near], [], [], 0)[0]:
                self.screen += os.read(self.near, 65536)
            return text in self.screen

        houses.wait_for(look, f"{text!r} on the screen", patience)

    def type(self, keys):
        os.write(self.near, keys)

    def end(self):
        status = self.process.wait(houses.PATIENCE)
        after = termios.tcgetattr(self.far)
        os.close(self.near)
        os.close(self.far)
        return status, after == self.before


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = serving()

    @classmethod
    def tearDownClass(cls):
        cls.house.check_audit()
        cls.house.__exit__(None, None, None)

    def run_it(self, *arguments, **options):
        return self.house.doorward("run", *arguments, check=False, **options)

    def last(self, kind):
        return houses.wait_for(lambda: self.house.audit(kind), kind)[-1]["data"]

    def test_statuses_are_those_of_the_command(self):
        self.assertEqual(self.run_it("--", "sh", "-c", "echo out; echo err >&2; exit 7").returncode, 7)
        self.assertEqual(self.last("sandbox.ended")["status"], 7)
        self.assertEqual(self.run_it("sh", "-c", "kill -9 $$").returncode, 137)
        self.assertEqual(self.run_it("no-such-command").returncode, 127)
        self.assertEqual(self.run_it("/etc/passwd").returncode, 126)
        self.assertEqual(self.run_it("--limit", "bananas=1", "true").returncode, 125)

    def test_input_and_output_are_passed_on(self):
        result = self.run_it("--", "sh", "-c", "cat; echo err >&2", input="line\n")
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("line\n", "err\n", 0))

    def test_it_is_recorded_before_it_runs_and_nothing_of_its_words_is(self):
        self.run_it("--", "sh", "-c", "true hunter2", "--flag=hunter2")
        record = self.last("sandbox.started")
        self.assertEqual(record["words"], ["dash" if os.path.realpath("/bin/sh").endswith("dash") else "bash", "-c", "...", "--flag=..."])
        self.assertNotIn("hunter2", json.dumps(record))
        self.assertEqual(record["confinement"]["seccomp"], "enforced")

    def test_nothing_of_the_caller_is_there(self):
        self.house.environment["LEAK"] = "hunter2"
        try:
            result = self.run_it("--", "sh", "-c", "env; ls -A /home /root; ls /proc/self/fd; cat /proc/net/tcp | wc -l")
        finally:
            del self.house.environment["LEAK"]
        self.assertNotIn("hunter2", result.stdout)
        self.assertNotIn(str(self.house.scratch), result.stdout)
        # The directory that ls reads has the fourth.
        self.assertIn("0\n1\n2\n3\n1\n", result.stdout)

    def test_grants_are_what_it_sees_and_protected_names_stay(self):
        project = self.house.scratch / "project"
        data = self.house.scratch / "data"
        for directory in (project, data):
            directory.mkdir(mode=0o700, exist_ok=True)
        (data / "a").write_text("readable")
        (data / ".env").write_text("SECRET=1")
        script = f"cat {data}/a; echo x > {project}/made; echo x > {project}/.mcp.json; echo x > {data}/b; cat {data}/.env"
        result = self.run_it("--write", str(project), "--read", str(data), "--", "sh", "-c", script)
        self.assertIn("readable", result.stdout)
        self.assertNotIn("SECRET", result.stdout)
        self.assertEqual(sorted(os.listdir(project)), ["made"])
        self.assertEqual(sorted(os.listdir(data)), [".env", "a"])
        self.assertIn(f"write {project}", self.last("sandbox.started")["grants"])

    def test_a_secret_is_behind_a_descriptor_alone(self):
        secret = self.house.scratch / "secret"
        secret.write_text("hunter2\n")
        secret.chmod(0o600)
        script = 'env | grep -c hunter2; cat "$TOKEN_FILE"; echo; cat "$TOKEN_FILE"; echo; echo x > "$TOKEN_FILE" || echo sealed'
        result = self.run_it("--secret", f"TOKEN=file:{secret}", "--", "sh", "-c", script)
        self.assertEqual(result.stdout.split(), ["0", "hunter2", "hunter2", "sealed"])
        secret.chmod(0o644)
        self.assertEqual(self.run_it("--secret", f"TOKEN=file:{secret}", "true").returncode, 125)

    def test_a_wide_grant_needs_its_word(self):
        self.assertEqual(self.run_it("--read", str(self.house.home), "true").returncode, 125)
        self.assertEqual(self.run_it("--read", str(self.house.home), "--accept", "wide-grant", "true").returncode, 0)
        self.assertEqual(self.last("sandbox.started")["accepted"], ["wide-grant"])

    def test_the_time_limit_ends_it_and_all_that_it_started(self):
        begun = time.monotonic()
        result = self.run_it("--limit", "time=1s", "--", "sh", "-c", "trap '' TERM; setsid sleep 3607 & sleep 3607")
        self.assertEqual(result.returncode, 124)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertEqual(self.last("sandbox.ended")["cause"], "time-limit")
        self.assertEqual(subprocess.run(["pgrep", "-f", "^sleep 3607"]).returncode, 1)

    def test_signals_are_passed_on(self):
        process = self.house.popen(
            "run", "--", "sh", "-c", "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.communicate(timeout=houses.PATIENCE)[0], "caught\n")
        self.assertEqual(process.returncode, 9)

    def test_it_dies_with_its_supervisor(self):
        process = self.house.popen(
            "run", "--", "sh", "-c", "setsid sleep 3608 & echo ready; sleep 3608", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.kill()
        process.wait()
        process.stdout.close()
        houses.wait_for(lambda: subprocess.run(["pgrep", "-f", "^sleep 3608"]).returncode == 1, "the end of it all")
        houses.wait_for(lambda: self.last("sandbox.ended")["cause"] == "supervisor-gone", "its record")

    def test_without_a_network_nothing_is_reached(self):
        with Hits() as hits:
            code = f"import socket; socket.create_connection(('127.0.0.1', {hits.port}), 3)"
            self.assertNotEqual(self.run_it("--", PYTHON, "-c", code).returncode, 0)
            hits.shutdown()
        self.assertEqual(hits.count, 0)

    def test_a_local_port_is_a_hole_by_name_and_shown(self):
        with Hits() as hits, Hits() as other:
            script = f"curl -sS http://localhost:{hits.port}/; curl -sS http://127.0.0.1:{other.port}/ >&2; curl -sS --noproxy '*' http://127.0.0.1:{other.port}/"
            process = self.house.popen(
                "run", "--allow-local", str(hits.port), "--", "sh", "-c", script + "; echo done; read x",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "<h1>loaded</h1>done\n")
            sandboxes = self.house.status()["broker"]["sandboxes"]
            self.assertEqual([one["local"] for one in sandboxes if one["local"]], [[hits.port]])
            self.assertIn("loopback", process.communicate("\n", timeout=houses.PATIENCE)[1])
            self.assertEqual((hits.count, other.count), (1, 0))
            hits.shutdown()
            other.shutdown()
        denied = [one["data"] for one in self.house.audit("egress.decided") if one["data"].get("verdict") == "deny"]
        self.assertTrue(any(one.get("event") == "boundaryCrossing" for one in denied), denied)

    def test_explained_and_not_started(self):
        count = len(self.house.audit("sandbox.started"))
        result = self.run_it("--explain", "--allow-host", "example.com:443", "--", "sh", "-c", "echo hi")
        self.assertEqual(result.returncode, 0)
        self.assertIn("reach example.com:443", result.stdout)
        document = json.loads(self.run_it("--explain", "--json", "--", "true").stdout)
        self.assertEqual((document["profile"], document["network"]), ("agent", []))
        self.assertEqual(len(self.house.audit("sandbox.started")), count)


class AtATerminal(unittest.TestCase):
    def setUp(self):
        self.house = serving()

    def tearDown(self):
        self.house.__exit__(None, None, None)

    def test_the_terminal_is_the_sandboxes_own(self):
        terminal = Terminal(self.house, "run", "--", "bash", "--norc", "-i")
        terminal.type(b"stty size; stty size </dev/tty\r")
        terminal.see(b"33 77\r\n33 77")
        # Keys that mean signals do so inside.
        terminal.type(b"echo wait''ing; sleep 3609\r")
        terminal.see(b"waiting")
        terminal.type(b"\x03")
        terminal.type(b"echo status=$?\r")
        terminal.see(b"status=130")
        # Another screen is told.
        fcntl.ioctl(terminal.near, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 50, 0, 0))
        os.killpg(terminal.process.pid, signal.SIGWINCH)
        terminal.type(b"stty size\r")
        terminal.see(b"20 50")
        # What is pushed back would be typed at the caller's prompt later.
        code = "import fcntl,termios\\ntry:\\n fcntl.ioctl(0,termios.TIOCSTI,b\\'x\\');print(\\'push\\'+\\'ed\\')\\nexcept OSError:print(\\'refu\\'+\\'sed\\')"
        terminal.type(f"{PYTHON} -c $'{code}'\r".encode())
        terminal.see(b"refused")
        terminal.type(b"exit 3\r")
        self.assertEqual(terminal.end(), (3, True))

    def test_a_terminal_is_given_back_when_the_broker_goes(self):
        terminal = Terminal(self.house, "run", "--", "sh", "-c", "echo ready; sleep 3610")
        terminal.see(b"ready")
        self.house.stop()
        status, isBack = terminal.end()
        self.assertEqual((status, isBack), (125, True))


@unittest.skipUnless(shutil.which("chromium"), "chromium is not installed")
class Browser(unittest.TestCase):
    def setUp(self):
        self.house = serving()

    def tearDown(self):
        self.house.check_audit()
        self.house.__exit__(None, None, None)

    def load(self, *flags):
        with Hits() as forbidden:
            page = (
                f"<h1>page</h1><script>new WebSocket('ws://127.0.0.1:{forbidden.port}/');"
                f"fetch('http://127.0.0.1:{forbidden.port}/x',{{mode:'no-cors'}}).catch(()=>0)</script>"
            )
            with Hits(page.encode()) as host:
                result = self.house.doorward(
                    "run", "--profile", "browser", "--allow-local", host.port, "--", "chromium", "--headless", *flags,
                    "--virtual-time-budget=2000", "--dump-dom", f"http://localhost:{host.port}/", check=False)
                host.shutdown()
            forbidden.shutdown()
        return result, forbidden.count

    def test_a_page_loads_and_reaches_nothing_of_the_host(self):
        for flags in ([], ["--no-sandbox"]):
            with self.subTest(flags=flags):
                result, hits = self.load(*flags)
                self.assertIn("<h1>page</h1>", result.stdout, result.stderr)
                self.assertEqual(hits, 0)
        crossings = [one["data"] for one in self.house.audit("egress.decided") if one["data"].get("event") == "boundaryCrossing"]
        self.assertTrue(crossings and all(one["severity"] == "high" for one in crossings), crossings)

    def test_flags_that_undo_protection_are_refused(self):
        for flag in ("--no-proxy-server", "-disable-web-security", "--remote-debugging-port=0", "--disable-features=A,LocalNetworkAccessChecks"):
            result = self.house.doorward("run", "--profile", "browser", "--", "chromium", "--headless", flag, check=False)
            self.assertEqual(result.returncode, 125)
            self.assertIn("is refused", result.stderr)
        self.assertEqual(self.house.audit("sandbox.started"), [])

    def test_it_is_driven_through_a_pipe(self):
        there, back = os.pipe(), os.pipe()

        def place():
            # Out of the way first: one of them may have the other's number.
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 50) for end in (there[0], back[1])]
            for number, end in zip((3, 4), ends):
                os.dup2(end, number)
            os.closerange(5, 256)

        process = self.house.popen(
            "run", "--profile", "browser", "--", "chromium", "--headless", "--remote-debugging-pipe",
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=place, close_fds=False)
        os.close(there[0])
        os.close(back[1])
        os.write(there[1], b'{"id":1,"method":"Browser.getVersion"}\0')
        self.assertTrue(select.select([back[0]], [], [], houses.PATIENCE)[0])
        self.assertIn(b"protocolVersion", os.read(back[0], 65536))
        os.write(there[1], b'{"id":2,"method":"Browser.close"}\0')
        self.assertEqual(process.wait(houses.PATIENCE), 0)
        os.close(there[1])
        os.close(back[0])


if __name__ == "__main__":
    unittest.main()
