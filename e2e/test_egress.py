# SPDX-License-Identifier: Apache-2.0
"""The egress door from inside a sandbox: every spelling, every trick with names, every malformed request."""

import json
import os
import shutil
import socket
import subprocess
import unittest

import door
import egress_probes as probes
import house as houses
import lab as labs
from egress_probes import HEAD, b64, inner_get, send

# Fewer than a sandbox may have recorded singly in a minute.
ONE_SANDBOX = 1000
PUBLIC = ("tcp", labs.PUBLIC, 9999)
PUBLIC6 = ("tcp", labs.PUBLIC6, 9999)


class MeterTest(unittest.TestCase):
    """What the probes show of proxies that are no door; without it, a miss would not be seen."""

    @unittest.skipIf(labs.unavailable(), labs.unavailable())
    def test_other_proxies_lead_to_the_victim(self):
        hosts = [probe.host for probe in probes.listed()]
        many = list(probes.generated())
        for name, least, least_generated in (("tinyproxy", 30, 2000), ("denylist", 6, 1900)):
            with self.subTest(name):
                if name == "tinyproxy" and shutil.which("tinyproxy") is None:
                    self.skipTest("tinyproxy is not installed")
                with labs.Lab() as lab, probes.peer_proxy(lab, name, lab.scratch) as prober:
                    lost, controls = probes.census(prober, hosts, times=2)
                    self.assertGreaterEqual(len(lost), least)
                    self.assertTrue(all(controls.values()), controls)
                    lost, _ = probes.census(prober, many, ("connect",))
                    self.assertGreaterEqual(len(lost), least_generated)
                    self.assertGreaterEqual(lab.victims()["connections"]["9999"], least_generated)


    @unittest.skipIf(labs.unavailable(), labs.unavailable())
    def test_a_killed_laboratory_leaves_nothing(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1]); import lab; room = lab.Lab().__enter__()\n"
                  "stray = room.popen(['sleep', '1000'], start_new_session=True, stdout=-3)\n"
                  "print(*room._pids, stray.pid, room.scratch, flush=True); sys.stdin.read()")
        process = subprocess.Popen([houses.PYTHON, "-c", script, str(houses.HERE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        *pids, scratch = process.stdout.readline().split()
        self.addCleanup(shutil.rmtree, scratch, True)
        self.assertTrue(all(houses.is_alive(int(pid)) for pid in pids))
        process.kill()
        process.communicate()
        houses.wait_for(lambda: not any(houses.is_alive(int(pid)) for pid in pids), f"the end of {pids}")


class SpellingsTest(door.DoorCase):
    def setUp(self):
        super().setUp()
        self.prober = self.enterContext(self.house.prober("--profile", "wide"))

    def judge(self, hosts, form):
        """Each host once in a form: the answers, and exactly as many decisions, in no matter what order."""
        count = len(self.house.decisions())
        answers = self.prober.ask(*(probes.order(self.prober, host, form) for host in hosts))
        return answers, self.house.decisions_after(count, len(hosts))

    def test_every_spelling_of_the_list_in_every_form(self):
        for form in probes.FORMS:
            for probe in probes.listed():
                for attempt in range(2 if b"rebind" in probe.host else 1):
                    with self.subTest(host=probe.host.decode(), form=form, attempt=attempt):
                        answers, found = self.judge([probe.host], form)
                        answer, decision = answers[0], found[0]
                        self.assertFalse(answer.victim, answer)
                        if form == "socks":
                            self.assertTrue(answer.reply or answer.end in ("closed", "reset"), answer)
                        else:
                            self.assertIn(answer.status, probe.statuses, answer)
                            self.assertIn(b"connection: close", answer.head.lower())
                            self.assertEqual(decision["status"], answer.status)
                        self.assertIn(probe.word, door.word_of(decision), decision)
                        self.assertEqual("deny", decision["verdict"], decision)
        self.assert_untouched([PUBLIC])
        rebinding = [key for key in self.lab.packets() if key == PUBLIC]
        self.assertEqual([], rebinding, "the first answer of a rebinding name was dialled")

    def test_the_controls_are_answered(self):
        for host in probes.CONTROLS:
            for form in probes.FORMS:
                with self.subTest(host=host, form=form):
                    answers, found = self.judge([host], form)
                    self.assertTrue(answers[0].public, answers)
                    decision = found[0]
                    self.assertEqual(("allow", 9999), (decision["verdict"], decision["port"]), decision)
                    self.assertIn(decision["address"], (labs.PUBLIC, labs.PUBLIC6))
                    self.assertTrue(decision["rule"])
                    self.assertEqual(form, decision["form"])

    def test_generated_spellings(self):
        every = list(probes.generated())
        for form in probes.FORMS:
            for start in range(0, len(every), ONE_SANDBOX):
                hosts = every[start:start + ONE_SANDBOX]
                # A sandbox has so many single records a minute.
                with self.house.prober("--profile", "wide") as self.prober:
                    answers, found = self.judge(hosts, form)
                self.assertEqual([], [host for host, answer in zip(hosts, answers) if answer.victim])
                if form == "socks":
                    wrong = [(host, answer) for host, answer in zip(hosts, answers) if not answer.reply]
                else:
                    wrong = [(host, answer) for host, answer in zip(hosts, answers) if answer.status != 403]
                self.assertEqual([], wrong[:10], f"{form}: {len(wrong)} of {len(hosts)}")
                self.assertEqual({"deny"}, {decision["verdict"] for decision in found})
                self.assertEqual(sorted(host.strip(b"[]").decode() for host in hosts),
                                 sorted(decision["host"].strip("[]") for decision in found) if form != "socks" else
                                 sorted(host.strip(b"[]").decode() for host in hosts))
        self.assert_untouched()

    def test_a_flood_of_refusals_is_counted_to_the_last(self):
        size = ONE_SANDBOX * 2
        with self.house.prober("--profile", "wide", threads=16) as prober:
            order = {"host": "127.0.0.1", "port": prober.http, "steps": [
                send(b"CONNECT 127.0.0.1:9999 HTTP/1.1\r\nHost: 127.0.0.1:9999\r\n\r\n"), ["rest"]]}
            answers = prober.ask(*[order] * size)
        self.assertEqual({403}, {answer.status for answer in answers})

        def counted():
            more = sum(record["data"]["count"] for record in self.house.audit("refused.more")[before:]
                       if record["data"]["reason"] == "egress")
            return len(self.house.decisions()) - self.count + more
        before = 0
        houses.wait_for(lambda: counted() >= size, "every refusal in the log")
        self.assertEqual(size, counted())


class OrdinaryUserTest(SpellingsTest):
    """The list once more, with everything run by an ordinary user."""

    user = 1001
    test_generated_spellings = test_a_flood_of_refusals_is_counted_to_the_last = None


# name, statuses, words of which the record has one (none: allowed)
NAMES = (
    ("loop4.test", (403,), ("name-to-loopback",)),
    ("loop6.test", (403,), ("name-to-loopback",)),
    ("mapped.test", (403,), ("name-to-loopback", "embedded-ipv4")),
    ("compatible.test", (403,), ("name-to-loopback", "embedded-ipv4")),
    ("nat64.test", (403,), ("name-to-loopback", "embedded-ipv4")),
    ("sixtofour.test", (403,), ("name-to-loopback", "embedded-ipv4")),
    ("mixed.test", (403,), ("name-to-loopback",)),
    ("mixed-other-order.test", (403,), ("name-to-loopback",)),
    ("split.test", (403,), ("name-to-loopback",)),
    ("split-other-way.test", (403,), ("name-to-loopback",)),
    ("split-private.test", (403,), ("unique-local",)),
    ("crowd.test", (403, 502), ("name-to-loopback", "dns-failed")),
    ("private.test", (403,), ("private",)),
    ("credentials.test", (403,), ("link-local",)),
    ("unspecified.test", (403,), ("unspecified",)),
    ("unspecified6.test", (403,), ("unspecified",)),
    ("own.test", (403,), ("own-address",)),
    ("own6.test", (403,), ("own-address",)),
    ("v4-198-51-100-7.by.test", (403,), None),
    ("v4-240-0-0-1.by.test", (403,), None),
    ("v4-224-0-0-1.by.test", (403,), ("multicast",)),
    ("v6-20020a0909010000000000000000000a.by.test", (403,), None),
    ("v6-fec00000000000000000000000000001.by.test", (403,), None),
    ("v6-40000000000000000000000000000001.by.test", (403,), None),
    ("cname-private.test", (403,), ("private",)),
    ("cname-loop.test", (403,), ("name-to-loopback",)),
    ("rebind.test", (403, 502, 504), ("rebinding",)),
    ("rebind-back.test", (403,), ("rebinding", "name-to-loopback")),
    ("rebind-private.test", (403, 502, 504), ("rebinding",)),
    ("rebind6.test", (403, 502, 504), ("rebinding",)),
    ("links20.test", (502,), ("dns-failed",)),
    ("links30.test", (502,), ("dns-failed",)),
    ("cycle.test", (502,), ("dns-failed",)),
    ("self.test", (502,), ("dns-failed",)),
    ("nowhere.test", (502,), ("dns-failed",)),
    ("servfail.test", (502,), ("dns-failed",)),
    ("refused.test", (502,), ("dns-failed",)),
    ("empty.test", (502,), ("dns-failed",)),
    ("looping-pointer.test", (502, 504), ("dns-failed", "dns-timeout")),
    ("never.test", (504,), ("dns-timeout",)),
    ("truncated-private.test", (403,), ("name-to-loopback",)),
    ("metadata.google.internal", (403,), ("metadata-name",)),
    ("metadata.google.internal.", (403,), ("metadata-name",)),
    ("METADATA.Google.Internal", (403,), ("metadata-name",)),
    ("instance-data", (403,), ("metadata-name",)),
    ("kubernetes.default.svc", (403,), ("metadata-name",)),
    ("host.docker.internal", (403,), ("metadata-name",)),
    ("wpad", (403,), None),
)
HONEST = ("public.test", "PUBLIC.test", "public.test.", "www.public.test", "dual.test", "public6.test", "cname-public.test",
          "links3.test", "slow.test", "truncated.test", "wrong-id.test", "wrong-question.test", "wrong-port.test",
          "unasked.test", "rotate.test", "v4-93-184-216-34.by.test")


class NamesTest(door.DoorCase):
    def setUp(self):
        super().setUp()
        self.prober = self.enterContext(self.house.prober("--profile", "wide"))

    def test_tricks_with_names(self):
        for name, statuses, words in NAMES:
            for form in probes.FORMS:
                with self.subTest(name=name, form=form):
                    count = len(self.house.decisions())
                    answer = self.prober.ask(probes.order(self.prober, name.encode(), form))[0]
                    decision = self.house.decisions_after(count, 1)[0]
                    self.assertFalse(answer.victim, answer)
                    self.assertFalse(answer.public, answer)
                    if form != "socks":
                        self.assertIn(answer.status, statuses, answer)
                    self.assertIn(decision["status"], statuses, decision)
                    self.assertNotEqual("allow", decision["verdict"], decision) if 403 in statuses else None
                    if words:
                        self.assertTrue(door.word_of(decision) & set(words), decision)
        self.assert_untouched([])

    def test_honest_names_and_answers_beside_forged_ones(self):
        for name in HONEST:
            for form in probes.FORMS:
                with self.subTest(name=name, form=form):
                    answer = self.prober.ask(probes.order(self.prober, name.encode(), form))[0]
                    self.assertTrue(answer.public, answer)
        seen = self.lab.victims()
        self.assertEqual({}, seen["connections"])
        # No question left for anywhere but the name server, and none came from a sandbox.
        self.assertEqual(set(), {key for key in self.lab.packets() if key[0] == "udp"})

    def test_a_name_that_was_public_and_turns_private(self):
        self.lab.change("later.test", labs.PUBLIC, ttl=1)
        answer = self.prober.ask(probes.order(self.prober, b"later.test", "connect"))[0]
        self.assertTrue(answer.public, answer)
        self.lab.change("later.test", "127.0.0.1", ttl=1)

        def asked_again():
            answer = self.prober.ask(probes.order(self.prober, b"later.test", "connect"))[0]
            self.assertFalse(answer.victim)
            return answer.status == 403
        houses.wait_for(asked_again, "the end of the cached answer", 10)
        houses.wait_for(lambda: "rebinding" in door.word_of(self.house.decisions()[-1]), "the record of the rebinding")
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_one_resolution_serves_a_decision(self):
        """What was checked is what is dialled: no name is asked again between the two."""
        self.lab.reset()
        answer = self.prober.ask(probes.order(self.prober, b"www.public.test", "connect"))[0]
        self.assertTrue(answer.public)
        asked = [tuple(entry[:2]) for entry in self.lab.victims()["asked"] if entry[0] == "www.public.test"]
        self.assertLessEqual(len(asked), 2, asked)
        self.lab.reset()
        answer = self.prober.ask(probes.order(self.prober, b"rotate.test", "connect"))[0]
        self.assertTrue(answer.public)
        asked = [entry for entry in self.lab.victims()["asked"] if entry[0] == "rotate.test"]
        self.assertLessEqual(len(asked), 4, asked)
        self.assertEqual(1, sum(number for key, number in self.lab.packets().items() if key[0] == "tcp" and key[2] == 9999))

    def test_the_host_s_own_names_and_addresses(self):
        name = socket.gethostname()
        for host in (name, f"{name}.local"):
            self.lab.change(host, labs.OWN)
        for host in (labs.OWN, f"[{labs.OWN6}]", f"[{labs.OWN6.upper()}]", name, f"{name}.local", "own.test"):
            with self.subTest(host=host):
                count = len(self.house.decisions())
                answer = self.prober.ask(probes.order(self.prober, host.encode(), "connect"))[0]
                self.assertEqual(403, answer.status, answer)
                self.assertIn("own-address", door.word_of(self.house.decisions_after(count, 1)[0]))
        self.assert_untouched()


class RequestsTest(door.DoorCase):
    profiles = {"strict": {"base": "agent", "network": [{"host": "*", "port": 443, "sni": "strict"}]},
                "lines": {"base": "agent", "network": [
                    {"host": "*", "port": 80, "address": "93.184.216.40/32"},
                    {"host": "public.test", "port": 8080, "verdict": "ask"},
                    {"host": "public.test", "port": 9999, "verdict": "deny"}, {"host": "public.test", "port": [9999, 8080]}]}}

    @classmethod
    def furnish(cls):
        cls.house.configure(lambda tree: tree.update(egress={"deny": ["denied.public.test:80"]}))

    def prober(self, profile="wide"):
        return self.enterContext(self.house.prober("--profile", profile))

    def one(self, answer, statuses, *words):
        """The answer has a status, and there was one decision with that status and one of the words."""
        decision = self.decided(1)[0]
        self.assertIn(answer.status, statuses, answer)
        if answer.status is not None:
            self.assertEqual(answer.status, decision["status"])
        if words:
            self.assertTrue(door.word_of(decision) & set(words), decision)
        return decision

    def raw(self, prober, data, *after, **order):
        return prober.exchange(send(data), *(after or [["rest"]]), **order)

    def test_row_51_the_host_differs_from_the_authority(self):
        prober = self.prober()
        for label, data in {
            "connect": b"CONNECT public.test:80 HTTP/1.1\r\nHost: other.test:80\r\n\r\n",
            "connect, another port": b"CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:9999\r\n\r\n",
            "absolute": b"GET http://public.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
            "absolute, another port": b"GET http://public.test/ HTTP/1.1\r\nHost: public.test:9999\r\n\r\n",
            "two": b"GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\nHost: public.test\r\n\r\n",
            "two different": b"GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\nHost: 127.0.0.1\r\n\r\n",
            "two in connect": b"CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:80\r\nHost: public.test:80\r\n\r\n",
            "folded": b"GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\n other\r\n\r\n",
            "none": b"GET http://public.test/ HTTP/1.1\r\n\r\n",
            "empty": b"GET http://public.test/ HTTP/1.1\r\nHost:\r\n\r\n",
            "space before the colon": b"GET http://public.test/ HTTP/1.1\r\nHost : public.test\r\n\r\n",
        }.items():
            with self.subTest(label):
                self.one(self.raw(prober, data), (400,))
        self.assert_untouched()

    def test_row_53_ports(self):
        prober = self.prober()
        for port in (22, 25, 3306, 6379, 9222):
            for form in probes.FORMS[:2]:
                with self.subTest(port=port, form=form):
                    answer = prober.ask(probes.order(prober, b"public.test", form, port))[0]
                    self.one(answer, (403,), "port", "host-not-allowed")
        for port in (b"0", b"65536", b"080", b"+80", b"-1", b"80a", b"", b"99999999999999999999"):
            with self.subTest(port=port):
                answer = prober.connect(b"public.test:" + port)
                self.one(answer, (400,), "port-malformed", "port", "not-a-host", "malformed", "head")
        self.assert_untouched()

    def test_row_58_old_empty_and_oversized(self):
        prober = self.prober()
        absolute = b"GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\n"
        for label, data, statuses in (
            ("0.9", b"GET http://public.test/\r\n\r\n", (400,)),
            ("1.0", b"GET http://public.test/ HTTP/1.0\r\nHost: public.test\r\n\r\n", (505,)),
            # Python's http.client asks for tunnels so: permitted for them alone, and decided like every other.
            ("connect 1.0", b"CONNECT 127.0.0.1:9999 HTTP/1.0\r\n\r\n", (403,)),
            ("2.0", b"GET http://public.test/ HTTP/2.0\r\nHost: public.test\r\n\r\n", (505, 400)),
            ("preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
            ("a field of 64 KiB", absolute + b"X: " + b"a" * 65536 + b"\r\n\r\n", (431,)),
            ("1,000 fields", absolute + b"X: a\r\n" * 1000 + b"\r\n", (431,)),
            ("origin form", b"GET / HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("asterisk", b"OPTIONS * HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("bare line feeds", b"GET http://public.test/ HTTP/1.1\nHost: public.test\n\n", (400,)),
            ("nul in a field", absolute + b"X: a\0b\r\n\r\n", (400,)),
            ("both framings", absolute.replace(b"GET", b"POST") + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
            ("two lengths", absolute.replace(b"GET", b"POST") + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", (400,)),
            ("a length with a sign", absolute.replace(b"GET", b"POST") + b"Content-Length: +3\r\n\r\nabc", (400,)),
            ("a body with connect", b"CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:80\r\nContent-Length: 5\r\n\r\nabcde", (400,)),
            ("connect without a port", b"CONNECT public.test HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("connect with a path", b"CONNECT public.test:80/x HTTP/1.1\r\nHost: public.test:80\r\n\r\n", (400,)),
            ("userinfo", b"GET http://a:b@public.test/ HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("a fragment", b"GET http://public.test/#x HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("a backslash", b"GET http://public.test\\@127.0.0.1/ HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
            ("two spaces", b"GET  http://public.test/ HTTP/1.1\r\nHost: public.test\r\n\r\n", (400,)),
        ):
            with self.subTest(label):
                self.one(self.raw(prober, data), statuses)
        self.assert_untouched()

    def test_row_59_another_grammar_on_the_listener(self):
        prober = self.prober()
        hello = bytes.fromhex("16030100500100004c0303") + bytes(69)
        for label, port, data in (
            ("socks 4 on http", probes.HTTP_PORT, b"\4\1\x00\x50\x7f\0\0\1user\0"),
            ("socks 5 on http", probes.HTTP_PORT, b"\5\1\0"),
            ("tls on http", probes.HTTP_PORT, hello),
            ("socks 4 on socks", probes.SOCKS_PORT, b"\4\1\x00\x50\x7f\0\0\1user\0"),
            ("http on socks", probes.SOCKS_PORT, b"CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:80\r\n\r\n"),
            ("tls on socks", probes.SOCKS_PORT, hello),
        ):
            with self.subTest(label):
                answer = self.raw(prober, data, port=port)
                self.assertTrue(answer.status == 400 or answer.status == 408 or answer.end in ("closed", "reset"), answer)
                self.assertLess(len(answer.bytes), 2000)
                decision = self.decided(1)[0]
                self.assertEqual("deny", decision["verdict"])
        self.assert_untouched()

    def test_socks_beyond_connect(self):
        prober = self.prober()
        greeting = send(b"\5\1\0")
        target = b"\3\x0bpublic.test" + (80).to_bytes(2, "big")
        for label, steps in {
            "bind": [greeting, ["read", 2], send(b"\5\2\0" + target), ["rest"]],
            "udp associate": [greeting, ["read", 2], send(b"\5\3\0" + target), ["rest"]],
            "password only": [send(b"\5\1\2"), ["rest"]],
            "unknown address type": [greeting, ["read", 2], send(b"\5\1\0\2abcd\0\x50"), ["rest"]],
            "empty name": [greeting, ["read", 2], send(b"\5\1\0\3\0\0\x50"), ["rest"]],
            "port zero": [greeting, ["read", 2], send(b"\5\1\0\3\x0bpublic.test\0\0"), ["rest"]],
            "a literal as a name": [greeting, ["read", 2], send(b"\5\1\0\3\x09127.0.0.1\x27\x0f"), ["rest"]],
            "nul in a name": [greeting, ["read", 2], send(b"\5\1\0\3\x0dpublic.test\0a\0\x50"), ["rest"]],
        }.items():
            with self.subTest(label):
                answer = prober.exchange(*steps, port=probes.SOCKS_PORT)
                self.assertTrue(answer.reply or answer.bytes == b"\5\xff" or answer.end in ("closed", "reset"), answer)
                self.assertFalse(answer.bytes[3:4] == b"\0", answer)
                self.assertEqual("deny", self.decided(1)[0]["verdict"])
        self.assert_untouched()

    def test_row_60_slow_heads_and_readers_that_stop(self):
        prober = self.prober()
        slow = prober.exchange(send(b"CONNECT public.test:80 HTTP/1.1\r\n"), ["rest"], seconds=14)
        self.one(slow, (408,))
        silent = prober.exchange(["rest"], seconds=14)
        self.assertIn(silent.end, ("closed", "reset"), silent)
        before = houses.resident_kilobytes(self.house.room("egress"))
        # Twenty that read no more, while B would send 64 MiB to each.
        waiting = [prober.send(host="127.0.0.1", port=prober.http, steps=[
            *probes.tunnel_steps(b"public.test:80", [send(b"GET /huge HTTP/1.1\r\nHost: public.test\r\n\r\n"), ["hold", 1000], ["sleep", 3]])])
            for _ in range(7)]
        answer = prober.ask(probes.order(prober, b"public.test", "connect", 80))[0]
        self.assertTrue(answer.public, "another exchange waits for a reader that stopped")
        houses.wait_for(lambda: self.lab.web()["connections"].get("80", 0) >= 8, "the tunnels")
        self.assertLess(houses.resident_kilobytes(self.house.room("egress")) - before, 8192)
        for number in waiting:
            prober.result(number)

    def test_row_60_half_closed_both_ways(self):
        prober = self.prober()
        answer = prober.connect(b"public.test:80", inner_get(path=b"/slow?pause=0.1"), ["shut"], ["rest"])
        self.assertTrue(answer.public, answer)
        answer = prober.connect(b"public.test:80", inner_get(path=b"/until-close"), HEAD, ["rest"])
        self.assertTrue(answer.public, answer)
        houses.wait_for(lambda: self.lab.web()["open"] == 0, "both ends to be closed")

    def test_row_60_too_many_connections(self):
        prober = self.prober()
        other = self.prober("narrow")
        found = prober.call("crowd", probes.HTTP_PORT, 1100)
        self.assertEqual({"503"}, set(found) - {"200"}, found)
        self.assertLessEqual(found["200"], 1024)
        self.assertGreaterEqual(found["200"], 1000)
        # Another sandbox notices nothing.
        answer = other.ask(probes.order(other, b"public.test", "connect", 80))[0]
        self.assertTrue(answer.public, answer)
        prober.call("disperse")
        houses.wait_for(lambda: self.lab.web()["open"] == 0, "the tunnels to be closed")
        answer = houses.wait_for(
            lambda: (found := prober.ask(probes.order(prober, b"public.test", "connect", 80))[0]).public and found, "room again")

    def test_row_61_schemes(self):
        prober = self.prober()
        for target in (b"ftp://public.test/", b"file:///etc/passwd", b"gopher://public.test/", b"ws://public.test/",
                       b"wss://public.test/", b"data:text/plain,x", b"https://public.test/", b"javascript:1", b"HTTPX://public.test/"):
            with self.subTest(target=target):
                self.one(prober.get(target, host=b"public.test"), (400,), "scheme", "malformed", "head", "not-a-host")
        self.assert_untouched()

    def test_row_62_discovery_and_resolvers_of_others(self):
        prober = self.prober("narrow")
        for host in ("dns.google", "cloudflare-dns.com", "one.one.one.one", "1.1.1.1", "8.8.8.8", "dns.quad9.net"):
            with self.subTest(host=host):
                # In the laboratory every address but the internet's few leads to the host itself.
                self.one(prober.connect(f"{host}:443".encode()), (403,), "host-not-allowed", "own-address")
        for target in (b"http://wpad/wpad.dat", b"http://wpad.test/wpad.dat"):
            with self.subTest(target=target):
                self.one(prober.get(target), (403,))
        self.assert_untouched()

    def test_policy_by_host_suffix_method_address_and_order(self):
        narrow = self.prober("narrow")
        for host, port, allowed in (
            ("public.test", 80, True), ("PUBLIC.TEST.", 80, True), ("www.public.test", 80, True), ("deep.down.public.test", 80, True),
            ("public.test", 9999, False), ("notpublic.test", 80, False), ("public.test.evil.test", 80, False),
            (labs.PUBLIC, 80, False), ("denied.public.test", 80, False),
        ):
            with self.subTest(host=host, port=port):
                answer = narrow.ask(probes.order(narrow, host.encode(), "absolute", port))[0]
                decision = self.decided(1)[0]
                self.assertEqual(allowed, answer.public, answer)
                self.assertEqual("allow" if allowed else "deny", decision["verdict"], decision)
                if not allowed:
                    self.assertEqual(403, answer.status)
        get = narrow.get(b"http://other.test/")
        self.assertTrue(get.public, get)
        self.decided(1)
        post = self.raw(narrow, b"POST http://other.test/ HTTP/1.1\r\nHost: other.test\r\nContent-Length: 1\r\n\r\nx")
        self.one(post, (403,))
        lines = self.prober("lines")
        self.assertTrue(lines.get(b"http://other.test/").public)
        self.decided(1)
        self.one(lines.get(b"http://public.test/"), (403,))
        # The first rule that speaks of a target has the word.
        self.one(lines.get(b"http://public.test:8080/"), (403,), "approval-unavailable")
        self.one(lines.get(b"http://public.test:9999/"), (403,))

    def test_what_the_internet_sees_of_a_forwarded_request(self):
        prober = self.prober()
        answer = self.raw(prober, (
            b"POST http://public.test/echo?a=%20b HTTP/1.1\r\nHost: public.test\r\nProxy-Authorization: Basic c2VjcmV0\r\n"
            b"Proxy-Connection: keep-alive\r\nConnection: X-Hop, keep-alive\r\nX-Hop: gone\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
            b"X-Stays: here\r\nContent-Length: 5\r\n\r\nhello"))
        self.assertEqual(200, answer.status, answer)
        seen = json.loads(answer.body)
        fields = {name.lower(): value for name, value in seen["fields"]}
        self.assertEqual("POST /echo?a=%20b HTTP/1.1", seen["line"])
        self.assertEqual("public.test", fields["host"])
        self.assertEqual("here", fields["x-stays"])
        self.assertEqual("close", fields["connection"].lower())
        for name in ("proxy-authorization", "proxy-connection", "x-hop", "keep-alive", "te", "via", "forwarded", "x-forwarded-for"):
            self.assertNotIn(name, fields)
        self.assertEqual(5, seen["body"])
        chunked = self.raw(prober, (
            b"POST http://public.test/echo HTTP/1.1\r\nHost: public.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"))
        self.assertEqual(7, json.loads(chunked.body)["body"] if chunked.status == 200 else chunked)

    def test_each_request_is_a_decision_of_its_own(self):
        """Two requests in one write: the second never rides on the first one's permission."""
        prober = self.prober()
        first = b"GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\n\r\n"
        second = b"GET http://127.0.0.1:9999/ HTTP/1.1\r\nHost: 127.0.0.1:9999\r\n\r\n"
        answer = self.raw(prober, first + second)
        self.assertTrue(answer.public and not answer.victim, answer)
        answer = self.raw(prober, first, HEAD, send(second), ["rest"])
        self.assertTrue(answer.public and not answer.victim, answer)
        hits = self.lab.web()["hits"]
        self.assertEqual(["/", "/"], [hit["target"] for hit in hits])
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_answers_of_every_framing(self):
        prober = self.prober()
        for path, ends in ((b"/chunked", b""), (b"/until-close", b"PUBLIC until the end"), (b"/early", b"PUBLIC after hints"),
                           (b"/slow?pause=0.05", b"PUBLIC"), (b"/bad?how=split", b"PUBLIC"), (b"/bad?how=hop", b"PUBLIC")):
            with self.subTest(path=path):
                answer = prober.get(b"http://public.test" + path)
                self.assertEqual(200, answer.status if path != b"/early" else 200, answer)
                self.assertTrue(answer.bytes.endswith(ends), answer)
                self.assertEqual("closed", answer.end)
                self.assertNotIn(b"X-Second", answer.bytes)
                self.assertNotIn(b"x-hop", answer.head.lower())
                self.assertNotIn(b"proxy-authenticate", answer.head.lower())
        for how in ("both", "two-lengths", "not-http", "folded", "bare-line", "huge-head", "close"):
            with self.subTest(how=how):
                answer = prober.get(f"http://public.test/bad?how={how}".encode())
                self.assertEqual(502, answer.status, answer)
        answer = prober.get(b"http://public.test/bad?how=chunk")
        self.assertTrue(answer.status == 502 or not answer.bytes.endswith(b"0\r\n\r\n"), answer)

    def test_a_body_whose_framing_is_refused_has_an_answer(self):
        """Extensions of chunks and trailers need not pass, but whoever asked is told."""
        prober = self.prober()
        answer = prober.get(b"http://public.test/chunked?extra=1")
        self.assertIn(answer.status, (200, 502), answer)
        answer = self.raw(prober, (
            b"POST http://public.test/echo HTTP/1.1\r\nHost: public.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nabc\r\n0\r\n\r\n"))
        self.assertIn(answer.status, (200, 400), answer)

    def test_bodies_of_size_arrive_whole(self):
        prober = self.prober()
        answer = prober.connect(b"public.test:80", inner_get(path=b"/huge?bytes=20000000"), ["rest"])
        self.assertEqual(20_000_000, len(answer.bytes.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[2]))
        answer = prober.get(b"http://public.test/huge?bytes=20000000")
        self.assertEqual(20_000_000, len(answer.body))
        ended = houses.wait_for(lambda: [record["data"] for record in self.house.audit("egress.ended")][-2:], "the ends")
        self.assertTrue(any(record.get("down", 0) >= 20_000_000 for record in ended), ended)

    def test_upstreams_that_fail(self):
        prober = self.prober()
        self.one(prober.ask(probes.order(prober, b"public.test", "connect", 81))[0], (502,), "connect-failed")
        self.one(prober.ask({**probes.order(prober, b"blackhole.test", "connect", 80), "seconds": 25})[0], (504,), "connect-timeout")

    def test_redirects_are_decided_anew(self):
        prober = self.prober()
        for target in ("http://127.0.0.1:9999/", "http://loop4.test:9999/", "http://169.254.169.254:9999/latest", "file:///etc/passwd", "http://[::1]:9999/"):
            with self.subTest(target=target):
                answer = prober.get(f"http://public.test/redirect?to={target}".encode())
                self.assertEqual(302, answer.status, answer)
        self.assertEqual({}, self.lab.victims()["connections"])
        result = self.house.sandboxed("--profile", "wide", check=False, command=[
            "curl", "-sSL", "--max-redirs", "50", "-o", "/dev/null", "-w", "%{http_code}", "http://public.test/redirect?to=http://127.0.0.1:9999/"])
        self.assertEqual("403", result.stdout, result)
        self.assertEqual({}, self.lab.victims()["connections"])

    def test_row_52_server_names(self):
        authority = str(self.house.authority)
        wide, strict = self.prober(), self.prober("strict")

        before = len(self.house.audit("egress.ended"))

        def visit(prober, name, host=b"public.test"):
            return prober.connect(host + b":443", ["tls", name, authority], inner_get(), ["rest"])
        for prober in (wide, strict):
            answer = visit(prober, "public.test")
            self.assertTrue(answer.public, answer)
        self.assertTrue(visit(wide, "other.test").public, "a record is all that this profile asks for")
        other = visit(strict, "other.test")
        self.assertFalse(other.public, other)
        plain = strict.connect(b"public.test:443", inner_get(), ["rest"])
        self.assertFalse(plain.public, plain)
        names = self.lab.web()["names"]
        self.assertEqual(["public.test", "public.test", "other.test"], names, "a name that is refused is not sent on")
        ended = houses.wait_for(
            lambda: len(found := [record["data"] for record in self.house.audit("egress.ended")][before:]) == 5 and found, "five ends")
        self.assertEqual([("finished", "same"), ("finished", "same"), ("finished", "different"), ("server-name", "different"),
                          ("server-name", "not-tls")], [(record["cause"], record["serverNameIs"]) for record in ended])
        self.assertEqual(["public.test", "public.test", "other.test", "other.test", ""], [record["serverName"] for record in ended])

    def test_sandboxes_are_told_apart_by_their_listeners(self):
        wide, narrow = self.prober(), self.prober("narrow")
        self.assertTrue(wide.ask(probes.order(wide, b"public.test", "connect", 9999))[0].public)
        self.assertEqual(403, narrow.ask(probes.order(narrow, b"public.test", "connect", 9999))[0].status)
        found = self.decided(2)
        self.assertNotEqual(found[0]["sandbox"], found[1]["sandbox"])
        started = {record["data"]["sandbox"]: record["data"]["profile"] for record in self.house.audit("sandbox.started")}
        self.assertEqual(["wide", "narrow"], [started.get(decision["sandbox"]) for decision in found])
        self.assertEqual(["wide", "narrow"], [decision.get("profile") for decision in found])

    def test_the_room_dies_and_nothing_passes(self):
        prober = self.prober()
        self.assertTrue(prober.ask(probes.order(prober, b"public.test", "connect", 80))[0].public)
        open_one = prober.send(host="127.0.0.1", port=prober.http, steps=[*probes.tunnel_steps(b"public.test:80", [["rest"]])], seconds=30)
        houses.wait_for(lambda: self.lab.web()["open"] >= 1, "the tunnel")
        os.kill(self.house.room("egress"), 9)
        answer = probes.Answer(prober.result(open_one))
        self.assertIn(answer.end, ("closed", "reset"), "a tunnel outlives the room")
        houses.wait_for(lambda: "room-lost" in [record["data"]["cause"] for record in self.house.audit("egress.ended")],
                        "the record of the tunnel's end")
        # Another room takes the same listeners over; until then who connects waits.
        houses.wait_for(lambda: prober.ask({**probes.order(prober, b"public.test", "connect", 80), "seconds": 3})[0].public,
                        "the next room")
        refused = prober.ask(probes.order(prober, b"127.0.0.1", "connect"))[0]
        self.assertEqual(403, refused.status)


if __name__ == "__main__":
    unittest.main()
