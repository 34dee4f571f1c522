# SPDX-License-Identifier: Apache-2.0
"""Every attack that a request's head can carry, judged by all five points of the oracle."""

import base64
import os
import unittest

import client
import house as houses
import oracle
import twin
from attacks import heads


class HeadAttacks(unittest.TestCase):
    def test_the_meter_finds_what_it_looks_for(self):
        """An attack that succeeds is found by each point of the oracle that it offends."""
        oracle.self_test()
        with furnished() as house:
            judge = oracle.Judge(house, house.token(client="attacker"))
            house.serve()
            judge.judge([oracle.Row("A02", "an honest call, judged as if it were one", heads.post, 401, "credential-missing", 4)])
            found = "\n".join(judge.faults)
            for words in ("answered 200, not 401", "recorded as call.intent", "left the mark boom-", "left the mark started-", "started ["):
                self.assertIn(words, found)
            if houses.has_own_pid_namespace():
                self.assertIn("processes were started", found)
            # A secret in the log, in the spelling that hides best.
            with open(house.state / "leak", "w") as file:
                file.write(base64.b64encode(b"xy" + judge.token.encode()).decode())
            judge.search()
            self.assertIn("stands in the state directory", judge.faults[-1])

    def test_nothing_that_a_head_can_say_starts_a_process(self):
        rows = selected(heads.all_rows())
        # So many at a time as one minute has room for in the log.
        for start in range(0, len(rows), 1000):
            with furnished() as house:
                judge = oracle.Judge(house, house.token(client="attacker"))
                house.serve()
                judge.judge(rows[start:start + 1000])
                judge.search()
                print(f"{judge.rows_run} attacks")
                self.assertFalse(judge.faults, judge.report())

    def test_what_everybody_may_ask_says_nothing_that_was_asked(self):
        """The metadata of RFC 9728 without a credential: plain, the same for every name, and no attack in the record."""
        with furnished() as house:
            house.serve()
            address = ("127.0.0.1", house.port)

            def get(path, **headers):
                return client.exchange(address, client.Request("GET", path, [("Host", f"127.0.0.1:{house.port}"), *headers.items()]))

            root = "/.well-known/oauth-protected-resource"
            for path, resource in ((root, house.url), (root + "/mcp", house.url + "/mcp"), (root + "/mcp/trip", house.url + "/mcp/trip"), (root + "/mcp/nobody", house.url + "/mcp/nobody")):
                answer = get(path)
                self.assertEqual((answer.status, answer.header("content-type")), (200, "application/json"))
                document = answer.json()
                self.assertTrue(document["resource"].startswith(house.url), document)
                self.assertEqual(document["bearer_methods_supported"], ["header"])
                self.assertNotIn("authorization_servers", document)
                if path != root:
                    self.assertEqual(document["resource"], resource)
            for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/x", root + "/mcp/Trip", root + "/ws/trip", root + "s"):
                answer = get(path)
                self.assertEqual((answer.status, answer.header("content-type")), (404, "application/json"), path)
                answer.json()
            self.assertEqual(house.audit("refused"), [])
            for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Sec-Fetch-Site": "none"}, 403), ({"Host-": "x"}, 200)):
                self.assertEqual(get(root, **headers).status, status)
            self.assertEqual(client.exchange(address, client.Request("GET", root, [("Host", "evil.example")])).status, 421)
            self.assertEqual(get(root + "?a=b").status, 400)

    def test_without_their_fault_the_same_bytes_succeed(self):
        with furnished() as house:
            token = house.token(client="attacker")
            house.serve()
            case = oracle.Case(house.port, token, "control", str(house.trips))
            node = ("Sec-Fetch-Mode", "cors")
            own = ("Origin", house.url)
            for extra in ((), (node,), (own,), (("Host-", "x"),), (("Sec-Fetch-Mode", "cors"), own)):
                answer = client.exchange(("127.0.0.1", house.port), heads.post(case).adding(*extra))
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json()["result"]["content"][0]["text"], "boom")
            for extra in ((), (("Sec-Fetch-Mode", "websocket"),), (own,)):
                request = heads.upgrade(case).adding(*extra)
                frames, request.frames = request.frames, b""
                answer = client.talk(("127.0.0.1", house.port), request, [frames], until=lambda got: bool(got))
                self.assertEqual(answer.status, 101, answer)
                self.assertEqual(answer.message["result"]["content"][0]["text"], "boom")
            self.assertEqual(len([name for name in os.listdir(house.trips) if name.startswith("boom-")]), 8)

    def test_the_attacks_are_real(self):
        rows = [row for row in selected(heads.all_rows()) if row.twin]
        with houses.House() as house:
            server = [houses.PYTHON, str(houses.SERVERS / "tripwire.py"), str(house.trips)]
            with twin.Twin(house.trips, server, denies=False) as victim:
                failed = []
                for row in rows:
                    case = oracle.Case(victim.port, "none", "cnrytwin", str(house.trips))
                    handled, booms = victim.handled, booms_in(house)
                    request = row.build(case)
                    client.exchange(("127.0.0.1", victim.port), request, patience=5)
                    is_launch = row.id in ("A01", "A02", "A03")
                    if is_launch and not os.path.exists(case.mark):
                        failed.append(row.title)
                    elif not is_launch and victim.handled == handled:
                        failed.append(row.title)
                    elif not is_launch and row.id in ("A16", "A17", "A18") and booms_in(house) == booms:
                        failed.append(row.title)
                    if is_launch and os.path.exists(case.mark):
                        os.unlink(case.mark)
                print(f"{len(rows)} attacks against the twin")
                self.assertFalse(failed, failed)


def booms_in(house):
    return len([name for name in os.listdir(house.trips) if name.startswith("boom-")])


def furnished(**options):
    """A house with one reviewed server `trip`."""
    house = houses.House(**options)
    try:
        house.add("trip", houses.PYTHON, houses.SERVERS / "tripwire.py", house.trips, write=[house.trips])
        house.seal()
        house.review("trip")
        # The review itself has started it.
        for name in os.listdir(house.trips):
            os.unlink(house.trips / name)
    except BaseException:
        house.__exit__(ValueError, None, None)
        raise
    return house


def selected(rows):
    """Only those that E2E_ROWS names, for work on one of them."""
    wanted = os.environ.get("E2E_ROWS")
    return [row for row in rows if not wanted or wanted in row.title]


if __name__ == "__main__":
    unittest.main()
