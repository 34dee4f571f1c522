# SPDX-License-Identifier: Apache-2.0
"""Servers of other people behind the gate: what they offer arrives, and what their entry does not grant stays shut."""
import http.server
import pathlib
import subprocess
import threading
import unittest

import peer

# Both versions of the SDK, in every era that they know.
CLIENTS = (("mcp2", "sdk2.py", {}), ("mcp2", "sdk2.py", {"mode": "legacy"}), ("mcp1", "sdk1.py", {}))


class ServersTest(peer.PeerCase):
    servers = ("time", "git", "sqlite", "fetch", "everything")

    def results(self, client, plan, steps):
        environment, script, extra = client
        found = peer.run(environment, script, {**plan, **extra, "steps": steps})
        self.assertNotIn("failure", found, found)
        return found["results"]

    def test_git_reads_and_writes_the_repository_that_it_was_granted(self):
        repository = str(self.house.repository)
        for number, client in enumerate(CLIENTS):
            with self.subTest(client=client):
                (self.house.repository / "poem.txt").write_text(f"a door and a word {number}\n")
                tools, log, before, added, after = self.results(client, self.http("git"), [
                    ["tools"], ["call", "git_log", {"repo_path": repository}],
                    ["call", "git_status", {"repo_path": repository}],
                    ["call", "git_add", {"repo_path": repository, "files": ["poem.txt"]}],
                    ["call", "git_status", {"repo_path": repository}]])
                self.assertEqual(len(tools["names"]), 12)
                self.assertIn("Write the poem", log["text"][0])
                self.assertIn("poem.txt", before["text"][0])
                self.assertFalse(added["isError"], added)
                self.assertIn("Changes to be committed", after["text"][0])

    def test_git_sees_no_other_repository(self):
        other = self.house.scratch / "other"
        other.mkdir(exist_ok=True)
        found = self.results(CLIENTS[0], self.http("git"), [["call", "git_status", {"repo_path": str(other)}],
                                                            ["call", "git_init", {"repo_path": str(other)}]])
        self.assertTrue(all(one.get("isError") or "error" in one for one in found), found)
        self.assertEqual(list(other.iterdir()), [])

    def test_sqlite_keeps_its_data_where_it_may_write(self):
        for number, client in enumerate(CLIENTS):
            with self.subTest(client=client):
                table = f"words{number}"
                tools, created, written, read, tables, prompts, resources = self.results(client, self.http("sqlite"), [
                    ["tools"], ["call", "create_table", {"query": f"CREATE TABLE {table} (word TEXT)"}],
                    ["call", "write_query", {"query": f"INSERT INTO {table} VALUES ('door')"}],
                    ["call", "read_query", {"query": f"SELECT word FROM {table}"}], ["call", "list_tables"],
                    ["prompts"], ["resources"]])
                self.assertEqual(len(tools["names"]), 6)
                self.assertFalse(created["isError"] or written["isError"], (created, written))
                self.assertIn("door", read["text"][0])
                self.assertIn(table, tables["text"][0])
                self.assertEqual(prompts["names"], ["mcp-demo"])
                self.assertEqual(resources["names"], ["memo://insights"])
        self.assertTrue((self.house.database / "data.db").exists())

    def test_sqlite_prompt_and_resource(self):
        for client in CLIENTS:
            with self.subTest(client=client):
                appended, memo, prompt = self.results(client, self.http("sqlite"), [
                    ["call", "append_insight", {"insight": "doors matter"}], ["read", "memo://insights"],
                    ["prompt", "mcp-demo", {"topic": "doors"}]])
                self.assertFalse(appended["isError"], appended)
                self.assertIn("doors matter", memo["contents"][0]["text"])
                self.assertIn("doors", prompt["messages"][0]["content"]["text"])

    def test_one_caller_s_server_is_not_another_s(self):
        """A legacy server may keep state for its connection, so two callers never share a process."""
        secret = {"insight": "only the first caller said this"}
        other = self.house.token(client="stranger")
        memo = ["read", "memo://insights"]
        _, mine = self.results(CLIENTS[2], self.http("sqlite"), [["call", "append_insight", secret], memo])
        theirs, = self.results(CLIENTS[2], {**self.http("sqlite"), "token": other}, [memo])
        self.assertIn(secret["insight"], mine["contents"][0]["text"])
        self.assertNotIn(secret["insight"], theirs["contents"][0]["text"])

    def test_fetch_starts_and_its_network_is_refused(self):
        hits = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hits.append(self.path)
                self.send_response(200)
                # Plain: for pages of HTML the server would look for a Node of its own.
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        address = f"http://127.0.0.1:{server.server_port}/"
        # The meter first: outside of the sandbox the same program reaches the address.
        script = ("import asyncio, sys\nfrom mcp import Client\nfrom mcp.client.stdio import StdioServerParameters\n"
                  "async def main():\n"
                  " async with Client(StdioServerParameters(command=sys.argv[1], args=['--ignore-robots-txt', "
                  "'--allow-private-ips'])) as client:\n"
                  "  print((await client.call_tool('fetch', {'url': sys.argv[2]})).is_error)\n"
                  "asyncio.run(main())\n")
        outside = subprocess.run(
            [peer.python("mcp2"), "-c", script, peer.program("mcp2", "mcp-server-fetch"), address],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(outside.stdout.strip(), "False", outside.stderr)
        self.assertEqual(len(hits), 1)
        for client in CLIENTS[:1] + CLIENTS[2:]:
            with self.subTest(client=client):
                tools, inside, name = self.results(client, self.http("fetch"), [
                    ["tools"], ["call", "fetch", {"url": address}], ["call", "fetch", {"url": "http://example.com/"}]])
                self.assertEqual(tools["names"], ["fetch"])
                for answer in (inside, name):
                    self.assertTrue(answer.get("isError") or "error" in answer, answer)
        self.assertEqual(len(hits), 1, "the sandbox let a connection out")

    def test_the_aggregate_names_every_server_s_tools_on_one_page(self):
        for client in CLIENTS:
            with self.subTest(client=client):
                tools, prompts, resources, now, rows, memo = self.results(client, self.http(), [
                    ["tools"], ["prompts"], ["resources"],
                    ["call", "time__get_current_time", {"timezone": "Etc/UTC"}],
                    ["call", "sqlite__list_tables"], ["call", "get_current_time", {"timezone": "Etc/UTC"}]])
                names = tools["names"]
                self.assertEqual(len(names), 2 + 12 + 6 + 1 + 28)
                self.assertEqual(names, sorted(names, key=lambda name: name.partition("__")[0]))
                self.assertTrue(all(len(name) <= 64 for name in names))
                self.assertLessEqual({"fetch__fetch", "sqlite__mcp-demo", "everything__test_simple_prompt"},
                                     set(prompts["names"]))
                self.assertEqual(len(resources["names"]), 1 + 3)
                # A server's resources are a page of their own, and every page is reached.
                self.assertGreaterEqual(resources["pages"], 2)
                self.assertFalse(now["isError"], now)
                self.assertFalse(rows["isError"], rows)
                self.assertIn("unknown tool", str(memo))
                wrapped = next(name for name in resources["names"] if "memo" in name)
                self.assertNotEqual(wrapped, "memo://insights")
                text, = self.results(client, self.http(), [["read", wrapped]])
                self.assertEqual(text["contents"][0]["uri"], wrapped)

    def test_a_token_for_one_server_shows_nothing_of_the_others(self):
        token = self.house.token(client="narrow", servers=["time"])
        for client in CLIENTS:
            with self.subTest(client=client):
                tools, hidden = self.results(client, {**self.http(), "token": token}, [
                    ["tools"], ["call", "git__git_log", {"repo_path": str(self.house.repository)}]])
                self.assertEqual(sorted(tools["names"]), ["time__convert_time", "time__get_current_time"])
                self.assertIn("unknown tool", str(hidden))
                environment, script, extra = client
                found = peer.run(environment, script, {**self.http("git"), "token": token, "steps": [["tools"]], **extra})
                self.assertNotIn("git_log", str(found))

    def test_no_server_process_has_anything_but_its_own_sandbox(self):
        """Looked at from outside: own namespaces, no capability, no new privileges, a filter, no descriptor to spare."""
        self.results(CLIENTS[0], self.http("time"), [["call", "get_current_time", {"timezone": "Etc/UTC"}]])
        own = {kind: pathlib.Path(f"/proc/self/ns/{kind}").readlink() for kind in
               ("user", "mnt", "pid", "net", "ipc", "uts")}
        servers = [pid for pid, line in self.house.pids().items() if any("mcp-server-time" in word for word in line)]
        self.assertTrue(servers)
        for pid in servers:
            for kind, link in own.items():
                self.assertNotEqual(pathlib.Path(f"/proc/{pid}/ns/{kind}").readlink(), link, kind)
            status = dict(line.split(":\t", 1) for line in
                          pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            self.assertEqual(int(status["CapEff"], 16), 0)
            self.assertEqual(int(status["CapBnd"], 16), 0)
            self.assertEqual(status["NoNewPrivs"].strip(), "1")
            self.assertEqual(status["Seccomp"].strip(), "2")
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            self.assertNotIn(self.token.encode(), environment)
            kinds = [pathlib.Path(f"/proc/{pid}/fd/{fd.name}").readlink() for fd in
                     pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            self.assertFalse([str(kind) for kind in kinds if str(kind).startswith("/") and "dev/null" not in str(kind)],
                             kinds)


if __name__ == "__main__":
    unittest.main()
