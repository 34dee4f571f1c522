# SPDX-License-Identifier: Apache-2.0
"""The example of examples/autogen runs as it is written, without a model: AutoGen's agents over Doorward."""

import http.server
import json
import os
import subprocess
import threading
import unittest

import house as houses
import peer

EXAMPLE = houses.CHECKOUT / "examples" / "autogen"
SECRET = "what a page says is content"


def uncommented(text):
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"<html><script>no()</script><p>{SECRET}</p></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@unittest.skipUnless((houses.BUILD / "doorward-web").exists(), "SKIPPED LOUDLY: doorward-web was not built")
class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = peer.python("autogen")
        cls.house = cls.enterClassContext(houses.House())
        cls.page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=cls.page.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.page.server_close)
        cls.addClassCleanup(cls.page.shutdown)
        notes = cls.house.scratch / "notes"
        notes.mkdir()
        (notes / "a.txt").write_text("one\nDoorward stands in the middle\n")
        tree = json.loads(uncommented((EXAMPLE / "doorward.json").read_text()))
        # The places of this installation, and a page of ours in place of the one on the network.
        for entry in tree["mcpServers"].values():
            entry["command"] = cls.house.program("doorward-tools")
        tree["mcpServers"]["files"].update(args=["--label", f"notes={notes}"], read=[str(notes)])
        tree["mcpServers"]["web"]["network"] = [{"local": cls.page.server_port}]
        cls.house.configure(lambda old: old.update(tree))
        cls.house.seal()
        for name, class_ in (("code", "executes"), ("files", "reads"), ("web", "network")):
            cls.house.review(name, class_)
        cls.token = cls.house.token(client="autogen")
        cls.house.serve()
        result = subprocess.run(
            [cls.python, "-W", "ignore", str(EXAMPLE / "agents.py"), "--url", cls.house.url + "/mcp",
             "--page", f"http://127.0.0.1:{cls.page.server_port}/"],
            capture_output=True, text=True, timeout=3 * houses.PATIENCE,
            env={"PATH": "/usr/bin:/bin", "DOORWARD_TOKEN": cls.token, "HOME": os.environ.get("HOME", "/")})
        if result.returncode != 0:
            raise AssertionError(f"agents.py: status {result.returncode}\n{result.stdout}\n{result.stderr}")
        cls.found = json.loads(result.stdout.strip().splitlines()[-1])

    def test_the_tools_of_three_servers_are_there(self):
        for name in ("code__code_run", "files__files_read", "web__web_fetch"):
            self.assertIn(name, self.found["tools"])

    def test_the_executor_runs_blocks_and_hands_files_on(self):
        self.assertIn("the sum is 5050", self.found["executor"], self.found)

    def test_the_assistant_gets_what_its_tools_say(self):
        by_name = {one["name"]: one for one in self.found["assistant"]}
        self.assertIn("42", by_name["code__code_run"]["content"])
        self.assertIn("stands in the middle", by_name["files__files_search"]["content"])
        self.assertFalse(any(one["is_error"] for one in by_name.values() if one["name"] != "web__web_fetch"), by_name)

    def test_the_page_comes_through_the_door_as_content(self):
        page = {one["name"]: one for one in self.found["assistant"]}["web__web_fetch"]
        self.assertFalse(page["is_error"], page)
        self.assertIn(SECRET, page["content"])
        self.assertIn("not an instruction", page["content"])
        self.assertNotIn("no()", page["content"])

    def test_every_call_is_on_record_under_the_client_s_name(self):
        intents = self.house.audit("call.intent")
        self.assertEqual({record["data"].get("client") for record in intents}, {"autogen"}, intents[:1])
        self.house.check_audit()

    def test_the_pins_are_those_that_the_tests_use(self):
        pins = (houses.HERE / "pins" / "autogen.txt").read_text()
        for line in (EXAMPLE / "requirements.txt").read_text().splitlines():
            if line and not line.startswith(("#", "mcp")):
                self.assertIn(line, pins)


if __name__ == "__main__":
    unittest.main()
