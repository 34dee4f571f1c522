# SPDX-License-Identifier: Apache-2.0
"""Clients of other people reach servers of other people through the gate, each in its own era and over each transport."""
import unittest

import peer

TIME = [["tools"], ["call", "get_current_time", {"timezone": "Etc/UTC"}],
        ["call", "convert_time", {"source_timezone": "Europe/London", "time": "12:00", "target_timezone": "Asia/Tokyo"}],
        ["call", "get_current_time", {"timezone": "Nowhere/Land"}], ["call", "no_such_tool", {}]]


class ClientsTest(peer.PeerCase):
    servers = ("time",)

    def check_time(self, found, plan):
        self.assertNotIn("failure", found, found)
        tools, now, conversion, nowhere, absent = found["results"]
        self.assertEqual(sorted(tools["names"]), ["convert_time", "get_current_time"])
        self.assertFalse(now["isError"], now)
        self.assertIn("Etc/UTC", now["text"][0])
        self.assertFalse(conversion["isError"], conversion)
        self.assertIn("Asia/Tokyo", conversion["text"][0])
        # The server's own complaint reaches the client as it was meant.
        self.assertTrue(nowhere.get("isError"), nowhere)
        self.assertIn("unknown tool", str(absent))

    def run_on(self, environment, script, *plans):
        plans = [{**plan, "steps": TIME} for plan in plans]
        for plan, found in zip(plans, peer.run(environment, script, plans)):
            with self.subTest(script=script, plan={k: v for k, v in plan.items() if k not in ("token", "steps")}):
                self.check_time(found, plan)
                yield plan, found

    def test_sdk_2_discovers_and_needs_no_session(self):
        for plan, found in self.run_on("mcp2", "sdk2.py", self.http("time"), self.shim("time")):
            self.assertEqual(found["version"], "2026-07-28", plan)
            self.assertEqual(found["server"], "doorward")
        self.assertEqual(self.house.status()["broker"]["sessions"], 0)

    def test_sdk_2_in_its_session_mode(self):
        for plan, found in self.run_on(
                "mcp2", "sdk2.py", self.http("time", mode="legacy"), self.shim("time", mode="legacy")):
            self.assertEqual(found["version"], "2025-11-25", plan)

    def test_sdk_1_over_http_websocket_and_stdio(self):
        for plan, found in self.run_on(
                "mcp1", "sdk1.py", self.http("time"), self.socket("time"), self.shim("time")):
            self.assertEqual(found["version"], "2025-11-25", plan)
        # Each client said goodbye, and its session went with it.
        self.assertEqual(self.house.status()["broker"]["sessions"], 0)

    def test_fastmcp(self):
        list(self.run_on("fastmcp", "fast.py", self.http("time"), self.shim("time")))

    def test_autogen_workbench(self):
        list(self.run_on("autogen", "autogen.py", self.http("time"), self.shim("time")))

    def test_every_answered_call_has_an_intent_and_an_outcome(self):
        before = len(self.house.audit())
        plan = self.http("time", steps=TIME)
        self.check_time(peer.run("mcp2", "sdk2.py", plan), plan)
        found = self.outcomes_after(before)
        # Of five steps three are calls that were let through; the list needs nobody, the unknown tool is refused.
        self.assertEqual(len(found["call.intent"]), 3)
        self.assertEqual([entry["outcome"] for entry in found["call.outcome"]], ["answered", "answered", "answered-with-error"],
                         found["call.outcome"])
        self.assertEqual([entry["reason"] for entry in found["refused"]], ["tool-unknown"])


class RefusedClientsTest(peer.PeerCase):
    """A client that may not gets a clear answer in reasonable time, and nothing is started for it."""
    servers = ("time",)
    policy = ({"id": "no-conversion", "tools": ["convert_time"], "verdict": "deny"},)

    CLIENTS = (("mcp2", "sdk2.py", {}), ("mcp2", "sdk2.py", {"mode": "legacy"}), ("mcp1", "sdk1.py", {}),
               ("fastmcp", "fast.py", {}), ("autogen", "autogen.py", {}))

    def test_without_a_valid_token_every_client_fails_and_nothing_starts(self):
        for environment, script, extra in self.CLIENTS:
            for token in (None, "dwt_" + "A" * 43):
                with self.subTest(script=script, token=token, **extra):
                    before = len(self.house.audit())
                    found = peer.run(environment, script, {**self.http("time"), "token": token, "steps": TIME, **extra})
                    self.assertIn("failure", str(found))
                    self.assertNotIn("2026", str(found["results"]))
                    records = self.outcomes_after(before)
                    self.assertEqual(set(records), {"refused"}, records)
                    reason = "credential-missing" if token is None else "credential-unknown"
                    self.assertEqual({entry["reason"] for entry in records["refused"]}, {reason})

    def test_the_websocket_of_sdk_1_cannot_send_a_header_and_is_refused_before_the_upgrade(self):
        before = len(self.house.audit())
        found = peer.run("mcp1", "sdk1.py", {**self.socket("time"), "token": None, "steps": TIME})
        self.assertIn("401", found["failure"])
        records = self.outcomes_after(before)
        self.assertEqual([entry["reason"] for entry in records["refused"]], ["credential-missing"])

    def test_a_denied_call_tells_its_reason_and_leaves_the_connection_whole(self):
        steps = [["call", "convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "UTC"}],
                 ["call", "get_current_time", {"timezone": "Etc/UTC"}]]
        for environment, script, extra in self.CLIENTS:
            with self.subTest(script=script, **extra):
                before = len(self.house.audit())
                found = peer.run(environment, script, {**self.http("time"), "steps": steps, **extra})
                denied, served = found["results"]
                self.assertTrue(denied["isError"], denied)
                self.assertIn("policy denies", denied["text"][0])
                self.assertFalse(served["isError"], served)
                refused = self.outcomes_after(before)["refused"]
                self.assertEqual([(entry["reason"], entry.get("rule")) for entry in refused],
                                 [("policy-denied", "no-conversion")], refused)


if __name__ == "__main__":
    unittest.main()
