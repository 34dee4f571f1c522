# SPDX-License-Identifier: Apache-2.0
"""Every attack that a request's head can carry, judged by all five points of the oracle."""

import os
import unittest

import client
import house as houses
import oracle
import twin
from attacks import heads


class HeadAttacks(unittest.TestCase):
    def test_the_meter_finds_what_it_looks_for(self):
        oracle.self_test()

    def test_nothing_that_a_head_can_say_starts_a_process(self):
        rows = selected(heads.all_rows())
        with furnished() as house:
            judge = oracle.Judge(house, house.token(client="attacker"))
            house.serve()
            judge.judge(rows)
            judge.search()
            print(f"{judge.rows_run} attacks")
            self.assertFalse(judge.faults, judge.report())

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
