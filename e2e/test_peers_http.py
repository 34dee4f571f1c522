# SPDX-License-Identifier: Apache-2.0
"""HTTP as widely used libraries speak it by themselves: served; what a browser would add to it: refused."""
import json
import shutil
import subprocess
import unittest

import peer

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"_meta": META, "name": "get_current_time", "arguments": {"timezone": "Etc/UTC"}}}
LIST = {"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {"_meta": META}}


class LibrariesTest(peer.PeerCase):
    servers = ("time",)

    def headers(self, message):
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json",
                   "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28",
                   "Mcp-Method": message["method"]}
        if name := message["params"].get("name"):
            headers["Mcp-Name"] = name
        return headers

    def test_every_library_is_served(self):
        for message in (LIST, CALL):
            found = peer.run("http", "raw_http.py", {
                "url": self.house.url + "/mcp/time", "headers": self.headers(message), "message": message})
            self.assertEqual(set(found), {"http_client", "http_client_chunked", "urllib", "curl", "curl_expect",
                                          "aiohttp", "h11"})
            for library, (status, body) in found.items():
                with self.subTest(library=library, method=message["method"]):
                    self.assertEqual(status, 200, body)
                    self.assertEqual(json.loads(body)["id"], message["id"])
                    self.assertIn("get_current_time" if message is LIST else "Etc/UTC", body)

    def node(self, messages, **plan):
        program = shutil.which("node")
        if program is None:
            self.skipTest("there is no Node here")
        done = subprocess.run(
            [program, str(peer.PEERS / "raw.mjs")], capture_output=True, text=True, timeout=60,
            input=json.dumps({"url": self.house.url + "/mcp/time", "messages": messages, **plan}))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["answers"]

    def test_node_s_fetch_says_cors_and_is_served_all_the_same(self):
        listed, called = self.node([LIST, CALL], token=self.token)
        self.assertEqual((listed["status"], called["status"]), (200, 200), (listed, called))
        self.assertIn("Etc/UTC", called["body"])

    def test_node_s_fetch_without_a_token_is_asked_for_one(self):
        before = len(self.house.audit())
        answer, = self.node([LIST])
        self.assertEqual(answer["status"], 401)
        refused = self.outcomes_after(before)["refused"]
        self.assertEqual([entry["reason"] for entry in refused], ["credential-missing"])

    def test_the_listener_s_own_origin_passes_and_every_other_is_refused(self):
        own, = self.node([CALL], token=self.token, origin=self.house.url)
        self.assertEqual(own["status"], 200, own)
        for origin in ("https://evil.example", "http://localhost", "null", f"http://localhost:{self.house.port}"):
            foreign, = self.node([CALL], token=self.token, origin=origin)
            self.assertEqual(foreign["status"], 403, origin)
            self.assertNotIn("evil", foreign["body"])


if __name__ == "__main__":
    unittest.main()
