# SPDX-License-Identifier: Apache-2.0
"""Hostile WebSocket frames, memory under thousands of them, and what a socket may still do behind its close."""

import json
import os
import unittest

import client
import house as houses
import oracle
from attacks import frames
from test_attacks_heads import booms_in, furnished, selected


class HostileFrames(unittest.TestCase):
    def test_each_closes_with_its_code(self):
        with furnished() as house:
            judge = oracle.Judge(house, house.token(client="attacker"))
            house.serve()
            judge.judge(selected(list(frames.rows())))
            judge.search()
            print(f"{judge.rows_run} frames")
            self.assertFalse(judge.faults, judge.report())

    def test_bytes_behind_a_close_are_ignored(self):
        with furnished() as house:
            token = house.token(client="attacker")
            house.serve()
            call = client.frame(json.dumps(client.call("boom", {})))
            for first in (client.frame(b"\x03\xe8", 8), client.frame(b"", 8), client.frame(b"\x0b\xb8bye", 8)):
                answer = client.talk(("127.0.0.1", house.port), client.upgrade(house.port, token), [first + call + call])
                self.assertEqual([code for code, _ in answer.frames], [8], answer)
            self.assertEqual(booms_in(house), 0)
            self.assertEqual(house.trip_count(), 0)

    def test_memory_stays_flat(self):
        """1,000 repeats of each oversize attack leave gate and broker as large as the first hundred did."""
        limit = 4 << 20
        with furnished() as house:
            token = house.token(client="attacker")
            house.serve()
            address = ("127.0.0.1", house.port)

            def message():
                client.talk(address, client.upgrade(house.port, token), [client.frame(b"", length=(64, 1 << 40))])

            def body():
                client.exchange(address, client.post(house.port, token, b"").having(framing=[("Content-Length", str(limit + 1))]))

            def depth():
                client.exchange(address, client.post(house.port, token, b"[" * 100_000))

            def head():
                client.exchange(address, client.post(house.port, token, b"").adding(("X-A", "b" * 65_536)))

            def sizes():
                return {name: houses.resident_kilobytes(house.room(name)) for name in ("gate", "broker", "watcher", "launcher")}

            for attack in (message, body, depth, head):
                for _ in range(100):
                    attack()
                before = sizes()
                for _ in range(900):
                    attack()
                after = sizes()
                for name, size in after.items():
                    self.assertLess(size, before[name] * 1.1 + 1024, f"{attack.__name__}: {before} {after}")
            house.check_audit()

    def test_one_socket_uses_no_more_than_its_message(self):
        """Many sockets that each announce the largest message, and send little of it, hold little."""
        with furnished() as house:
            token = house.token(client="attacker")
            house.serve()
            before = houses.resident_kilobytes(house.room("gate"))
            wires = []
            for _ in range(60):
                wire = client.Wire(("127.0.0.1", house.port))
                wire.send(client.upgrade(house.port, token).encode())
                self.assertEqual(wire.answer().status, 101)
                wire.send(client.frame(b" " * 1000, length=(64, 4 << 20)))
                wires.append(wire)
            self.assertEqual(client.speak(house.port, token, client.modern("tools/list")).status, 101)
            self.assertLess(houses.resident_kilobytes(house.room("gate")), before + 20_000)
            for wire in wires:
                wire.close()


if __name__ == "__main__":
    unittest.main()
