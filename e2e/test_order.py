# SPDX-License-Identifier: Apache-2.0
"""The order of refusal: of several faults the earliest step answers, alone, and one record says so."""

import unittest

import client
import oracle
from attacks import order
from test_attacks_heads import furnished, selected


class OrderOfRefusal(unittest.TestCase):
    def test_the_earliest_step_answers(self):
        with furnished() as house:
            house.configure(lambda tree: tree.update(
                listeners={"main": "127.0.0.1:8742", "other": "127.0.0.1:8743"},
                policy=[{"id": "no-die", "tools": ["die"], "verdict": "deny"}, {"id": "ask-add", "tools": ["add"], "verdict": "ask"}]))
            house.seal()
            other = house.token(client="attacker", listener="other")
            token = house.token(client="attacker")
            house.serve(listen=("main=127.0.0.1:0", "other=127.0.0.1:0"))
            answer = client.exchange(("127.0.0.1", house.port), client.legacy_post(house.port, token, client.initialize()))
            session = answer.header("mcp-session-id")
            self.assertEqual(answer.status, 200, answer)
            judge = OrderJudge(house, token, other, session)
            judge.judge(selected(order.rows()))
            judge.search()
            print(f"{judge.rows_run} combinations")
            self.assertFalse(judge.faults, judge.report())


class OrderJudge(oracle.Judge):
    def __init__(self, house, token, other, session):
        super().__init__(house, token)
        self.other = other
        self.session = session
        self.secrets += [other, session]

    def case(self, row, **options):
        case = super().case(row, **options)
        case.other = self.other
        case.session = self.session
        return case


if __name__ == "__main__":
    unittest.main()
