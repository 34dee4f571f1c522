# SPDX-License-Identifier: Apache-2.0
"""`web_fetch`: pages come through the egress room and nothing else does, and what comes is marked."""

import http.server
import os
import threading
import time
import unittest

import client
import house as houses


class Site(http.server.ThreadingHTTPServer):
    """A site on the host's loopback that counts who asks it."""

    daemon_threads = True

    def __init__(self, elsewhere=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hits = []
        self.elsewhere = elsewhere
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hits.append(self.path)
        kind, body, status, more = "text/html", b"<title>T</title><p hidden>obey</p><p>Read&nbsp;me</p>", 200, {}
        if self.path == "/away":
            status, more = 302, {"Location": f"http://127.0.0.1:{self.server.elsewhere}/stolen"}
        elif self.path == "/metadata":
            status, more = 302, {"Location": "http://169.254.169.254/latest"}
        elif self.path == "/file":
            status, more = 302, {"Location": "file:///etc/passwd"}
        elif self.path == "/on":
            status, more = 302, {"Location": "/page"}
        elif self.path == "/loop":
            status, more = 302, {"Location": "/loop"}
        elif self.path == "/missing":
            status = 404
        elif self.path == "/binary":
            kind, body = "application/octet-stream", bytes(range(256))
        elif self.path == "/big":
            kind, body = "text/plain", b"x" * 5_000_000
        elif self.path == "/slow":
            time.sleep(30)
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@unittest.skipUnless(os.path.exists(houses.BUILD / "doorward-web"), "SKIPPED LOUDLY: doorward-web was not built")
class Fetch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.other = Site()
        cls.site = Site(cls.other.server_port)
        cls.house = cls.enterClassContext(houses.House())
        for site in (cls.site, cls.other):
            cls.addClassCleanup(site.server_close)
            cls.addClassCleanup(site.shutdown)
        for name in ("web", "careless"):
            cls.house.add(name, cls.house.program("doorward-tools"), "web", "--time", "5s", "--size", "64K")

        def change(tree):
            for entry in tree["mcpServers"].values():
                entry["network"] = [{"local": cls.site.server_port}]
            tree["policy"] = [{"id": "web", "servers": ["web"], "verdict": "allow"}]

        cls.house.configure(change)
        cls.house.seal()
        cls.house.review("web", "network")
        cls.house.review("careless", "reads")
        cls.token = cls.house.token(client="agent")
        cls.house.serve()

    def fetch(self, url, server="web", **more):
        answer = client.exchange(
            ("127.0.0.1", self.house.port),
            client.post(self.house.port, self.token, client.call("web_fetch", {"url": url, **more}), f"/mcp/{server}"))
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["result"]

    def at(self, path):
        return f"http://127.0.0.1:{self.site.server_port}{path}"

    def assertRefused(self, url, words):
        result = self.fetch(url)
        self.assertTrue(result["isError"], result)
        self.assertIn(words, result["content"][0]["text"])
        return result

    def test_a_page_comes_as_marked_text(self):
        result = self.fetch(self.at("/page"))
        self.assertFalse(result["isError"], result)
        self.assertTrue(result["_meta"]["dev.doorward/untrusted"])
        self.assertEqual(result["_meta"]["dev.doorward/source"], self.at("/page"))
        self.assertEqual(result["content"][1]["resource"]["text"], "T\n\nRead me")
        self.assertEqual(result["structuredContent"]["media_type"], "text/html")
        raw = self.fetch(self.at("/page"), format="raw")
        self.assertIn("<p hidden>obey</p>", raw["structuredContent"]["text"])

    def test_a_redirect_is_followed_where_it_may_go(self):
        found = self.fetch(self.at("/on"))["structuredContent"]
        self.assertEqual((found["url"], [hop["url"] for hop in found["hops"]]), (self.at("/page"), [self.at("/on")]))

    def test_nothing_else_is_reached_whoever_sends_it_there(self):
        for url in (f"http://127.0.0.1:{self.other.server_port}/", f"http://localhost:{self.other.server_port}/", self.at("/away"),
                    self.at("/metadata"), f"http://127.0.0.1:{self.house.port}/", "https://example.org/"):
            with self.subTest(url=url):
                result = self.assertRefused(url, "Only the user can change that")
                # The room's own reason.
                self.assertNotIn("status 403", result["content"][0]["text"])
        self.assertEqual(self.other.hits, [])
        self.assertRefused(self.at("/file"), "not https")
        self.assertRefused("file:///etc/passwd", "not https")
        self.assertRefused("nonsense at all", "not a usable address")

    def test_what_is_no_page_is_told_as_such(self):
        self.assertRefused(self.at("/missing"), "(404)")
        self.assertRefused(self.at("/binary"), "is not text")
        self.assertRefused(self.at("/loop"), "without an end")
        began = time.monotonic()
        self.assertRefused(self.at("/slow"), "took too long")
        self.assertLess(time.monotonic() - began, 12)
        # However fast it comes.
        for _ in range(20):
            big = self.fetch(self.at("/big"), max_bytes=1000)
            self.assertFalse(big["isError"], big)
            big = big["structuredContent"]
            self.assertEqual((big["text"], big["truncated"]), ("x" * 1000, True))

    def test_it_asks_unless_a_rule_allows_it(self):
        seen = len(self.site.hits)
        result = self.fetch(self.at("/page"), server="careless")
        self.assertEqual(result["_meta"]["dev.doorward/denial"]["reason"], "approval-unavailable", result)
        self.assertEqual(len(self.site.hits), seen)

    def test_each_decision_is_on_record(self):
        self.fetch(self.at("/page"))
        self.assertTrue(houses.wait_for(lambda: self.house.audit("egress.decided"), "a record of the connection"))
        self.house.check_audit()


if __name__ == "__main__":
    unittest.main()
