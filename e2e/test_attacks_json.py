# SPDX-License-Identifier: Apache-2.0
"""Hostile messages over HTTP, WebSocket and stdio, and what reaches a server of those that are let through."""

import json
import os
import pathlib
import subprocess
import unittest

import client
import house as houses
import oracle
import twin
from attacks import messages
from test_attacks_heads import booms_in, furnished, selected


class HostileMessages(unittest.TestCase):
    def judge(self, rows):
        with furnished() as house:
            judge = oracle.Judge(house, house.token(client="attacker"))
            house.serve()
            memory = {name: houses.resident_kilobytes(house.room(name)) for name in ("gate", "broker")}
            judge.judge(selected(rows))
            judge.search()
            print(f"{judge.rows_run} messages")
            self.assertFalse(judge.faults, judge.report())
            for name, before in memory.items():
                self.assertLess(houses.resident_kilobytes(house.room(name)), before + 40_000, f"resident memory of the {name}")

    def test_by_post(self):
        self.judge(list(messages.http_rows()))

    def test_in_a_session(self):
        with furnished() as house:
            token = house.token(client="attacker")
            house.serve()
            answer = client.exchange(("127.0.0.1", house.port), client.legacy_post(house.port, token, client.initialize()))
            judge = SessionJudge(house, token, answer.header("mcp-session-id"))
            judge.judge(selected(list(messages.legacy_rows())))
            judge.search()
            print(f"{judge.rows_run} messages")
            self.assertFalse(judge.faults, judge.report())

    def test_by_websocket(self):
        self.judge(list(messages.socket_rows()))

    def test_by_stdio(self):
        """One error line or none, then the end; the record names the bridge as the peer."""
        cases = [case for case in messages.all_cases() if b"\n" not in case[2] and case[2].strip(b" \t\r") and len(case[2]) < 5000]
        # Every third of them, and all that close the channel in another way than the one before.
        cases = cases[::3]
        faults = []
        with furnished() as house:
            house.serve()
            before = judge_standing(house)
            for id, name, payload, (_, reason, code) in cases:
                seen = len(house.audit())
                process = house.popen("connect", "trip", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                closes = reason in messages.CLOSING
                if closes:
                    out, err = process.communicate(payload + b"\n", 30)
                else:
                    process.stdin.write(payload + b"\n")
                    process.stdin.flush()
                    out = process.stdout.readline()
                    rest, err = process.communicate(None, 30)
                    out += rest
                lines = out.splitlines()
                if name.startswith("_meta "):
                    reason, code = messages.SESSION[1:]
                reasons = (reason,) if messages.is_utf8(payload) else (reason, "frame-malformed")

                def refused():
                    found = [record["data"] for record in house.audit()[seen:] if record["kind"] == "refused"]
                    return [data for data in found if data["peer"].get("pid") == process.pid]

                try:
                    houses.wait_for(refused, "a record", 2)
                except houses.HouseError:
                    pass
                records = refused()
                if [record["reason"] for record in records] not in [[one] for one in reasons]:
                    faults.append(f"{id} {name}: recorded {records}")
                elif records[0]["listener"] != "local" or os.path.basename(records[0]["peer"].get("exe", "")) != "doorward":
                    faults.append(f"{id} {name}: recorded {records}")
                if closes and (len(lines) > 1 or any("error" not in json.loads(line) for line in lines)):
                    faults.append(f"{id} {name}: said {lines}")
                if closes and process.returncode == 0:
                    faults.append(f"{id} {name}: status 0, {err}")
                if not closes and [json.loads(line)["error"]["code"] for line in lines] != [code]:
                    faults.append(f"{id} {name}: said {lines}")
            print(f"{len(cases)} messages")
            self.assertFalse(faults, "\n".join(faults[:40]))
            self.assertEqual(judge_standing(house), before)

    def test_headers_that_contradict_the_body(self):
        def mirror(*pairs):
            return [("MCP-Protocol-Version", client.MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", "boom"), *pairs]

        def changed(**values):
            names = {"version": "MCP-Protocol-Version", "method": "Mcp-Method", "name": "Mcp-Name"}
            pairs = dict(mirror())
            for name, value in values.items():
                if value is None:
                    del pairs[names[name]]
                else:
                    pairs[names[name]] = value
            return list(pairs.items())

        bodies = messages.text(messages.boom())
        rows = []
        for title, pairs in {
                "Mcp-Name of another tool": changed(name="add"), "Mcp-Name of other case": changed(name="Boom"), "no Mcp-Name": changed(name=None),
                "an empty Mcp-Name": changed(name=""), "Mcp-Name with more": changed(name="boom x"), "Mcp-Name quoted": changed(name='"boom"'),
                "Mcp-Name as a list": changed(name="boom, add"), "Mcp-Name percent-encoded": changed(name="%62oom"),
                "Mcp-Name in base64 of another": changed(name="=?base64?YWRk?="), "Mcp-Name in loose base64": changed(name="=?base64?Ym9vbQ?="),
                "Mcp-Name in base64 with white space": changed(name="=?base64?Ym9v bQ==?="), "Mcp-Name with other markers": changed(name="=?BASE64?Ym9vbQ==?="),
                "Mcp-Name in base64 with stray bits": changed(name="=?base64?Ym9vbR==?="), "Mcp-Name as an encoded word": changed(name="=?utf-8?b?Ym9vbQ==?="),
                "no Mcp-Method": changed(method=None), "Mcp-Method of other case": changed(method="Tools/Call"), "another Mcp-Method": changed(method="tools/list"),
                "Mcp-Method with more": changed(method="tools/call, x"), "Mcp-Method in base64": changed(method="=?base64?dG9vbHMvY2FsbA==?="),
                "no version": changed(version=None), "a legacy version": changed(version=client.LEGACY), "another version": changed(version="2026-07-29"),
                "an empty version": changed(version=""), "a version with more": changed(version=client.MODERN + ", x")}.items():
            rows.append(oracle.Row("J32", title, lambda case, pairs=pairs: client.post(case.port, case.token, bodies, mirror=pairs), 400,
                                   "header-mismatch", 9, code=-32020))
        for name in ("Mcp-Name", "Mcp-Method", "MCP-Protocol-Version"):
            value = dict(mirror())[name]
            rows.append(oracle.Row("J32", f"{name} twice", lambda case, name=name, value=value: client.post(
                case.port, case.token, bodies, mirror=mirror((name.upper(), value))), 400, "head-malformed", 1))
        for first, second, header in (("echo", "boom", "echo"), ("echo", "boom", "boom"), ("echo", "boom", None), ("boom", "echo", "echo"), ("boom", "echo", None)):
            body = messages.envelope(params='{"name":"%s","name":"%s","arguments":{},"_meta":%s}' % (first, second, messages.META))
            pairs = [("MCP-Protocol-Version", client.MODERN), ("Mcp-Method", "tools/call"), *([("Mcp-Name", header)] if header else [])]
            rows.append(oracle.Row("J12", f"{first}, {second}, header {header}", lambda case, body=body, pairs=pairs: client.post(
                case.port, case.token, body, mirror=pairs), 400, "json-malformed", 9, code=-32700))
        self.judge(rows)

    def test_bodies_beyond_the_limit_are_refused_by_their_size(self):
        limit = 4 << 20
        rows = []

        def sized(length, **parts):
            return lambda case: client.post(case.port, case.token, b"").having(framing=[("Content-Length", str(length))], **parts)

        rows.append(oracle.Row("J19", "one byte more, nothing behind", sized(limit + 1), 413, "body-too-large", 7))
        rows.append(oracle.Row("J19", "2^40", sized(2**40), 413, "body-too-large", 7))
        rows.append(oracle.Row("J19", "2^62", sized(2**62), 413, "body-too-large", 7))
        rows.append(oracle.Row("J19", "2^64", sized(2**64), 413, "body-too-large", (1, 7)))
        rows.append(oracle.Row("J19", "one byte more, all of it", sized(limit + 1, body=b" " * (limit + 1)), 413, "body-too-large", 7))
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        rows.append(oracle.Row("J19", "chunked past it", lambda case: client.post(case.port, case.token, b"").having(
            framing=[("Transfer-Encoding", "chunked")], body=chunk * 65), 413, "body-too-large", 7))
        rows.append(oracle.Row("J19", "one chunk past it", lambda case: client.post(case.port, case.token, b"").having(
            framing=[("Transfer-Encoding", "chunked")], body=b"400001\r\n"), 413, "body-too-large", 7))
        rows.append(oracle.Row("J19", "many small chunks past it", lambda case: client.post(case.port, case.token, b"").having(
            framing=[("Transfer-Encoding", "chunked")], body=(b"400\r\n" + b" " * 1024 + b"\r\n") * 4097), 413, "body-too-large", 7))
        self.judge(rows)


class SessionJudge(oracle.Judge):
    def __init__(self, house, token, session):
        super().__init__(house, token)
        self.session = session
        self.secrets.append(session)

    def case(self, row, **options):
        case = super().case(row, **options)
        case.session = self.session
        return case


class LetThrough(unittest.TestCase):
    """What is accepted is what reaches the server, and it is one line."""

    def setUp(self):
        self.house = self.enterContext(furnished())
        self.token = self.house.token(client="honest")
        self.house.serve()

    def post(self, payload, **options):
        return client.exchange(("127.0.0.1", self.house.port), client.post(self.house.port, self.token, payload, **options))

    def lines(self):
        """Every line that any process of the test server was ever sent."""
        text = b"".join(path.read_bytes() for path in sorted(pathlib.Path(self.house.trips).glob("lines-*")))
        return text.splitlines()

    def sent(self):
        calls = [json.loads(line) for line in self.lines()]
        return [call["params"]["arguments"] for call in calls if call["method"] == "tools/call"]

    def opened(self, payload):
        answer = self.post(payload, mirror=messages.mirrored(payload))
        self.assertEqual(answer.status, 200, answer)
        return json.loads(answer.json()["result"]["content"][0]["text"])

    def test_values_at_their_limits(self):
        for value in ("9007199254740991", "-9007199254740991", "1e-400", "1.5", "-0", "0.1", "1e3", '"%s"' % ("x" * 100_000), "[" * 60 + "]" * 60, "[" + ",".join(["0"] * 90_000) + "]",
                      "{%s}" % ",".join('"k%d":0' % number for number in range(10_000)), '{"%s":1}' % ("k" * 256), '{"":1}', '"\\ud83d\\ude00"', '"\u2028"', '"\\u0000"', '"\x7f"'):
            got = self.opened(messages.with_value(value))
            self.assertEqual(got["x"], json.loads(value), value[:60])
        for id in ('"%s"' % ("i" * 128), "0", "-1", "9007199254740991", '"1"', '"\u00e9"'):
            body = messages.envelope(id=id, params='{"name":"echo","arguments":{"text":"x"},"_meta":%s}' % messages.META)
            answer = self.post(body, mirror=messages.mirrored(body))
            self.assertEqual((answer.status, answer.json()["id"]), (200, json.loads(id)))

    def test_a_body_of_exactly_the_limit(self):
        body = messages.text(client.call("open", {"x": "y"}))
        body += b" " * ((4 << 20) - len(body))
        self.assertEqual(self.post(body, mirror=messages.mirrored(body)).status, 200)

    def test_look_alike_keys_stay_two(self):
        got = self.opened(messages.with_value('{"caf\\u00e9":1,"cafe\\u0301":2}'))
        self.assertEqual(got["x"], {"caf\u00e9": 1, "cafe\u0301": 2})
        for key in ("__proto__", "constructor", "Name", "ARGUMENTS"):
            self.assertEqual(self.opened(messages.with_value('{"%s":1}' % key))["x"], {key: 1})

    def test_one_line_in_canonical_order(self):
        body = messages.with_value('{ "b":1 ,\n\r\n\t"a":"\\u0041\\/\u2028\x7f\u0085" }')
        self.assertEqual(self.opened(body)["x"], {"a": "A/\u2028\x7f\u0085", "b": 1})
        line = next(line for line in self.lines() if b'"tools/call"' in line)
        self.assertIn(b'"x":{"a":"A/\\u2028\\u007f\\u0085","b":1}', line)
        self.assertTrue(all(0x20 <= byte < 0x7F for byte in line), line)

    def test_a_message_hidden_between_line_feeds_stays_hidden(self):
        for feed in ("\n", "\r\n", "\r", "\n\n", "\n \t\n"):
            inner = json.dumps(client.call("boom", {}, id=666))
            for place in ('{"name":"open","arguments":{"x":%s%s%s},"_meta":%s}', '{"name":"open","arguments":{},"_meta":{"x":%s%s%s,%s}'):
                meta = messages.META if place.endswith("%s}") and "arguments\":{}," not in place else messages.META[1:]
                params = place % (feed, inner, feed, meta)
                body = messages.envelope(params=params)
                for answer in (self.post(body, mirror=messages.mirrored(body)), client.talk(
                        ("127.0.0.1", self.house.port), client.upgrade(self.house.port, self.token), [client.frame(body)],
                        until=lambda got: bool(got))):
                    self.assertEqual(answer.message["id"], 1)
                    self.assertLessEqual(len(answer.frames), 1)
                    self.assertEqual(answer.rest, b"")
        self.assertEqual(booms_in(self.house), 0)
        for line in self.lines():
            message = json.loads(line)
            self.assertNotEqual(message.get("id"), 666)

    def test_the_smuggled_message_is_real(self):
        inner = json.dumps(client.call("boom", {}, id=666))
        with twin.Twin(self.house.trips, [houses.PYTHON, str(houses.SERVERS / "tripwire.py"), str(self.house.trips)]) as victim:
            real = []
            cases = [("J30", "line feeds", messages.envelope(params='{"name":"open","arguments":{"x":\n%s\n},"_meta":%s}' % (inner, messages.META)))]
            cases += [(id, name, payload) for id, name, payload, _ in messages.key_cases() if id == "J12" and '"boom"' in name and "behind" in name]
            cases += [("J24", "a batch", b"[%s]" % messages.text(messages.boom())),
                      ("J05", "NaN", messages.envelope(params='{"name":"echo","arguments":{"text":NaN},"_meta":%s,"name":"boom"}' % messages.META))]
            for id, name, payload in cases:
                count = booms_in(self.house)
                client.exchange(("127.0.0.1", victim.port), client.post(victim.port, None, payload), patience=5)
                real.append((id, name, booms_in(self.house) > count))
            self.assertEqual([row for row in real if not row[2]], [])

    def test_what_was_read_is_what_is_sent(self):
        """Of changed messages: if one is let through, our reading of it is the server's."""
        accepted = 0
        for number, payload in messages.mutants(2026, 1500):
            answer = self.post(payload, mirror=messages.mirrored(payload))
            self.assertIn(answer.status, (200, 202, 400, 404), payload)
            if answer.status != 200:
                continue
            accepted += 1
            message = json.loads(payload, object_pairs_hook=unique, parse_constant=refuse)
            self.assertEqual(answer.message["id"], message["id"], payload)
            if message["method"] == "tools/call" and "result" in answer.message and not answer.message["result"].get("isError"):
                self.assertEqual(self.sent()[-1], message["params"]["arguments"], payload)
        print(f"{accepted} of 1500 changed messages were let through")
        self.assertGreater(accepted, 20)

    def test_two_callers_with_one_id(self):
        other = self.house.token(client="other")
        import concurrent.futures

        def ask(token, text):
            message = client.call("slow", {"text": text}, id=1)
            return client.exchange(("127.0.0.1", self.house.port), client.post(self.house.port, token, message), half_close=False)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            waiting = [(text, pool.submit(ask, token, text)) for text, token in (
                ("first", self.token), ("second", other))]
            houses.wait_for(lambda: len([r for r in self.house.audit("call.intent")]) >= 2, "both calls")
            (self.house.trips / "go").touch()
            for text, answer in waiting:
                self.assertEqual(answer.result().json()["result"]["content"][0]["text"], text)


def unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), pairs
    return dict(pairs)


def refuse(text):
    raise AssertionError(text)


def judge_standing(house):
    return set(os.listdir(house.trips)), set(house.pids()) - gates_of(house)


def gates_of(house):
    """The gate of the unix socket starts with its first caller."""
    return {pid for pid, line in house.pids().items() if line and line[0].endswith("doorward-gate")}


if __name__ == "__main__":
    unittest.main()
