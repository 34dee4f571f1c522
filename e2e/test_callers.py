# SPDX-License-Identifier: Apache-2.0
"""Credentials that have ended, that are for something else, and callers who reach for what another one owns."""

import concurrent.futures
import json
import os
import time
import unittest

import client
import house as houses
import oracle
from test_attacks_heads import booms_in, furnished


class EndedCredentials(unittest.TestCase):
    def test_what_has_ended_lets_nobody_in(self):
        """A25 and A26, judged like every attack."""
        with furnished() as house, furnished() as elsewhere:
            tokens = {
                "expired": house.token(client="a", ttl="1s"), "revoked": house.token(client="b"), "rotated": house.token(client="c"),
                "of another installation": elsewhere.token(client="d"), "of a client that was revoked": house.token(client="e")}
            issued = time.monotonic()
            alive = house.token(client="f")
            house.serve()
            records = {record["client"]: record for record in json.loads(house.doorward("token", "list", "--json").stdout)["tokens"]}
            house.doorward("token", "revoke", records["b"]["id"])
            house.doorward("token", "revoke", "e")
            fresh = house.doorward("token", "rotate", "c").stdout.strip()
            houses.wait_for(lambda: time.monotonic() > issued + 2, "the end of the short token")
            reasons = {"expired": "credential-expired", "of another installation": "credential-unknown"}
            judge = oracle.Judge(house, alive)
            judge.secrets += [*tokens.values(), fresh]
            rows = []
            for name, token in tokens.items():
                for carrier in ("post", "upgrade"):
                    def build(case, token=token, carrier=carrier):
                        if carrier == "post":
                            return client.post(case.port, token, client.call("boom", {}))
                        return client.upgrade(case.port, token, frames=client.frame(json.dumps(client.call("boom", {}))))

                    rows.append(oracle.Row("A25", f"a token {name} [{carrier}]", build, 401, reasons.get(name, "credential-revoked"), 4,
                                           header=("www-authenticate", 'error="invalid_token"')))
            judge.judge(rows)
            judge.search()
            self.assertFalse(judge.faults, judge.report())
            for token in (alive, fresh):
                answer = client.exchange(("127.0.0.1", house.port), client.post(house.port, token, client.modern("tools/list")))
                self.assertEqual(answer.status, 200)

    def test_revocation_ends_what_is_open(self):
        with furnished() as house:
            house.serve()
            address = ("127.0.0.1", house.port)
            for command in ("revoke", "rotate"):
                with self.subTest(command):
                    name = f"client-{command}"
                    token = house.token(client=name)
                    socket = client.Wire(address)
                    socket.send(client.upgrade(house.port, token).encode())
                    self.assertEqual(socket.answer().status, 101)
                    seen = len(house.audit("call.intent"))
                    socket.send(client.frame(json.dumps(client.call("slow", {"text": "x"}, id=1))))
                    call = client.Wire(address)
                    call.send(client.post(house.port, token, client.call("slow", {"text": "y"}, id=2)).encode())
                    session = self.session(house, token)
                    stream = client.Wire(address)
                    stream.send(client.Request("GET", "/mcp/trip", [
                        ("Host", f"127.0.0.1:{house.port}"), ("Authorization", f"Bearer {token}"), ("Accept", "text/event-stream"),
                        ("Mcp-Session-Id", session), ("MCP-Protocol-Version", client.LEGACY)]).encode())
                    self.assertEqual(stream.answer(head_only=True).status, 200)
                    houses.wait_for(lambda: len(house.audit("call.intent")) >= seen + 2, "both calls")
                    began = time.monotonic()
                    house.doorward("token", command, name)
                    for wire in (socket, call, stream):
                        wire.socket.settimeout(5)
                    opcode, payload = socket.frame()
                    self.assertEqual((opcode, payload[:2]), (8, b"\x11\x31"))
                    answer = call.answer()
                    self.assertIn(answer.status, (0, 200, 401), answer)
                    self.assertNotIn(b'"y"', answer.raw)
                    stream.chunks()
                    self.assertLess(time.monotonic() - began, 1.5)
                    # Behind its answer the connection may stay open, for somebody who shows another credential.
                    call.send(client.post(house.port, token, client.modern("tools/list")).encode())
                    self.assertIn(call.answer().status, (0, 401))
                    for wire in (socket, call, stream):
                        wire.close()
                    houses.wait_for(lambda: len(house.audit("call.intent")) == len(house.audit("call.outcome")), "the end of both calls")
                    self.assertNotIn("answered", [record["data"]["outcome"] for record in house.audit("call.outcome")])
            (house.trips / "go").touch()

    def test_expiry_ends_what_is_open(self):
        with furnished() as house:
            house.serve()
            address = ("127.0.0.1", house.port)
            token = house.token(client="short", ttl="3s")
            issued = time.monotonic()
            socket = client.Wire(address)
            socket.send(client.upgrade(house.port, token).encode())
            self.assertEqual(socket.answer().status, 101)
            kept = client.Wire(address)
            kept.send(client.post(house.port, token, client.modern("tools/list")).encode())
            self.assertEqual(kept.answer().status, 200)
            socket.send(client.frame(json.dumps(client.call("slow", {"text": "x"}, id=1))))
            opcode, payload = socket.frame()
            self.assertEqual((opcode, payload[:2]), (8, b"\x11\x31"))
            # Expiry is told in whole seconds.
            self.assertLess(time.monotonic() - issued, 5.2)
            kept.send(client.post(house.port, token, client.modern("tools/list")).encode())
            self.assertEqual(kept.answer().status, 401)
            for wire in (socket, kept):
                wire.close()
            (house.trips / "go").touch()

    @staticmethod
    def session(house, token, target="/mcp/trip"):
        wire = client.Wire(("127.0.0.1", house.port))
        wire.send(client.legacy_post(house.port, token, client.initialize(), target=target).encode())
        answer = wire.answer()
        wire.close()
        assert answer.status == 200, answer
        return answer.header("mcp-session-id")

    def test_a_token_reaches_its_servers_alone(self):
        """What a caller may not see looks like what is not there, byte for byte."""
        with furnished() as house:
            house.add("second", houses.PYTHON, houses.SERVERS / "tripwire.py", house.trips, write=[house.trips])
            house.seal()
            house.review("second")
            for name in os.listdir(house.trips):
                os.unlink(house.trips / name)
            token = house.token(client="narrow", servers="trip")
            house.serve()
            address = ("127.0.0.1", house.port)

            def bare(answer):
                return answer.status, answer.body, [pair for pair in answer.headers if pair[0] != "date"]

            for message in (client.call("boom", {}), client.modern("tools/list"), client.modern("server/discover")):
                hidden = client.exchange(address, client.post(house.port, token, message, "/mcp/second"))
                absent = client.exchange(address, client.post(house.port, token, message, "/mcp/absent"))
                self.assertEqual(bare(hidden), bare(absent))
                self.assertEqual(hidden.status, 404)
            self.assertEqual(client.exchange(address, client.upgrade(house.port, token, "/ws/second")).status, 404)
            for tool in ("second__boom", "absent__boom"):
                answer = client.exchange(address, client.post(house.port, token, client.call(tool, {}), "/mcp"))
                self.assertEqual((answer.status, answer.message["error"]["code"]), (400, -32602), tool)
            names = [tool["name"] for tool in client.exchange(address, client.post(house.port, token, client.modern("tools/list"), "/mcp")).json()["result"]["tools"]]
            self.assertTrue(names and all(name.startswith("trip__") for name in names), names)
            self.assertEqual(os.listdir(house.trips), [])

    def test_two_uses_of_an_ended_token_at_once(self):
        """G8: at the moment of rotation each of many requests is either before it or after it."""
        with furnished() as house:
            token = house.token(client="busy")
            house.serve()
            address = ("127.0.0.1", house.port)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                def ask(_):
                    return client.exchange(address, client.post(house.port, token, client.modern("tools/list"))).status

                early = pool.map(ask, range(50))
                fresh = house.doorward("token", "rotate", "busy").stdout.strip()
                late = [pool.submit(ask, 0) for _ in range(20)]
                self.assertLessEqual(set(early), {200, 401})
                self.assertEqual({one.result() for one in late}, {401})
            self.assertEqual(client.exchange(address, client.post(house.port, fresh, client.modern("tools/list"))).status, 200)


class WhatAnotherOwns(unittest.TestCase):
    """G9: sessions, requests and streams are of use to their owner alone."""

    def setUp(self):
        self.house = self.enterContext(furnished())
        self.owner = self.house.token(client="owner")
        self.other = self.house.token(client="other")
        self.house.serve()
        self.address = ("127.0.0.1", self.house.port)

    def post(self, token, message, session):
        return client.exchange(self.address, client.legacy_post(self.house.port, token, message, session))

    def plain(self, token, method, session):
        return client.exchange(self.address, client.Request(method, "/mcp/trip", [
            ("Host", f"127.0.0.1:{self.house.port}"), ("Authorization", f"Bearer {token}"), ("Accept", "text/event-stream"), ("Mcp-Session-Id", session)]))

    def test_a_session_of_another_caller_does_not_exist(self):
        session = EndedCredentials.session(self.house, self.owner)
        self.assertGreaterEqual(len(session), 22)
        self.assertNotEqual(session, EndedCredentials.session(self.house, self.owner))
        list_ = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        foreign = self.post(self.other, list_, session)
        unknown = self.post(self.other, list_, "A" * len(session))
        self.assertEqual((foreign.status, foreign.body), (404, unknown.body))
        for method in ("GET", "DELETE"):
            self.assertEqual(self.plain(self.other, method, session).status, 404)
        self.assertEqual(self.post(None, list_, session).status, 401)
        self.assertEqual(client.exchange(self.address, client.legacy_post(self.house.port, self.owner, list_, session, "/mcp")).status, 404)
        self.assertEqual(self.post(self.owner, list_, session).status, 200)
        self.assertEqual(self.plain(self.owner, "DELETE", session).status, 204)
        for token in (self.owner, self.other):
            self.assertEqual(self.post(token, list_, session).status, 404)

    def test_nobody_cancels_the_call_of_another(self):
        sessions = {token: EndedCredentials.session(self.house, token) for token in (self.owner, self.other)}
        call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "slow", "arguments": {"text": "mine"}}}
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: client.exchange(self.address, client.legacy_post(self.house.port, self.owner, call, sessions[self.owner]), half_close=False))
            houses.wait_for(lambda: self.house.audit("call.intent"), "the call")
            self.assertEqual(self.post(self.other, cancel, sessions[self.other]).status, 202)
            self.assertEqual(self.post(self.other, cancel, sessions[self.owner]).status, 404)
            # In the modern era a notification over HTTP is told to the record and to nobody else.
            answer = client.exchange(self.address, client.post(self.house.port, self.other, {
                **cancel, "params": {"requestId": 5, "_meta": client.META}}, mirror=[("MCP-Protocol-Version", client.MODERN)]))
            self.assertEqual(answer.status, 202)
            answer = client.exchange(self.address, client.post(self.house.port, self.owner, cancel, mirror=[("MCP-Protocol-Version", client.MODERN)]))
            self.assertEqual(answer.status, 202)
            (self.house.trips / "go").touch()
            self.assertEqual(waiting.result().json()["result"]["content"][0]["text"], "mine")

    def test_an_answer_to_a_question_of_another_is_unasked(self):
        session = EndedCredentials.session(self.house, self.owner)
        for id in (1, 2, "1", 0):
            self.assertEqual(self.post(self.owner, {"jsonrpc": "2.0", "id": id, "result": {}}, session).status, 400)

    def test_states_of_other_answers_are_refused(self):
        for state in ("", "x", "A" * 300, json.dumps({"caller": "owner"})):
            message = client.call("boom", {})
            message["params"].update(requestState=state, inputResponses={"a": {"action": "accept"}})
            answer = client.exchange(self.address, client.post(self.house.port, self.other, message))
            # A state that nobody gave out is a server's business or an error, and never an approval.
            self.assertIn(answer.status, (200, 400), answer)
        self.assertLessEqual(booms_in(self.house), 4)


if __name__ == "__main__":
    unittest.main()
