# SPDX-License-Identifier: Apache-2.0
"""Everything that the protocol knows passes the gate: questions to the client, progress, logs, completion, subscriptions.

The SDK's everything-server stands behind it, in both eras of clients and over every transport; what its entry grants
decides which questions it may ask.
"""
import unittest

import peer

ALL = ["sampling", "elicitation", "roots"]

# Content of every kind, errors, prompts, resources: the same in both eras.
COMMON = [
    (["call", "test_simple_text"], lambda found: found["text"] == ["This is a simple text response for testing."]),
    (["call", "test_image_content"], lambda found: found["kinds"] == ["image"]),
    (["call", "test_audio_content"], lambda found: found["kinds"] == ["audio"]),
    (["call", "test_embedded_resource"], lambda found: found["kinds"] == ["resource"]),
    (["call", "test_multiple_content_types"], lambda found: found["kinds"] == ["text", "image", "resource"]),
    (["call", "test_error_handling"], lambda found: found["isError"] and "intentionally" in found["text"][0]),
    (["call", "test_tool_with_progress"], lambda found: [done for done, _ in found["progress"]] == [0, 50, 100]),
    (["call", "test_x_mcp_header", {"region": "eu-west"}], lambda found: found["text"] == ["region=eu-west"]),
    (["call", "test_x_mcp_header", {"region": "ünïcode \u2603"}], lambda found: found["text"] == ["region=ünïcode \u2603"]),
    (["call", "test_x_mcp_header", {}], lambda found: found["text"] == ["region=<none>"]),
    (["call", "json_schema_2020_12_tool", {"email": "a@b.example"}], lambda found: not found["isError"]),
    (["call", "json_schema_2020_12_tool", {"contactMethod": "phone", "email": "a@b.example"}],
     lambda found: found["error"]["code"] == -32602 and found["error"]["data"]["reason"] == "arguments-invalid"),
    (["prompts"], lambda found: len(found["names"]) == 5),
    (["prompt", "test_prompt_with_arguments", {"arg1": "one", "arg2": "two"}],
     lambda found: "arg1='one', arg2='two'" in found["messages"][0]["content"]["text"]),
    (["prompt", "no_such_prompt", {}], lambda found: found["error"]["code"] == -32602),
    (["resources"], lambda found: "test://static-text" in found["names"] and len(found["names"]) == 3),
    (["templates"], lambda found: len(found["names"]) == 1),
    (["read", "test://static-text"], lambda found: "static text resource" in found["contents"][0]["text"]),
    (["read", "test://static-binary"], lambda found: found["contents"][0]["blob"].startswith("iVBOR")),
    (["read", "test://template/7/data"], lambda found: '"id": "7"' in found["contents"][0]["text"]),
    (["read", "test://nothing-there"], lambda found: found["error"]["code"] == -32602),
    (["complete", "prompt", "test_prompt_with_arguments", "arg1", "o"], lambda found: found == {"values": []}),
    (["complete", "template", "test://template/{id}/data", "id", "7"], lambda found: found == {"values": []}),
]

# Questions inside of results; a legacy client is asked them one by one on the call's stream.
QUESTIONS = [
    (["call", "test_input_required_result_elicitation"],
     lambda found: found["text"] == ["Hello, Ada!"]
     and found["questions"] == [["elicitation", "everything: What is your name?"]]),
    (["call", "test_input_required_result_sampling"],
     lambda found: found["text"] == ["Model said: Paris"] and found["questions"][0][0] == "sampling"),
    (["call", "test_input_required_result_list_roots"], lambda found: found["text"] == ["Client exposed 1 root(s)."]),
    (["call", "test_input_required_result_request_state"], lambda found: "state-ok" in found["text"][0]),
    (["call", "test_input_required_result_multiple_inputs"],
     lambda found: found["text"] == ["All inputs received."] and len(found["questions"]) == 3),
    (["call", "test_input_required_result_multi_round"],
     lambda found: found["text"] == ["Ada likes Ada."] and len(found["questions"]) == 2),
    (["call", "test_streaming_elicitation"], lambda found: found["text"] == ["elicitation accept"]),
    (["call", "test_missing_capability"], lambda found: not found["isError"]),
]

# The same client without an answer to anything: the server is told so and does not ask.
SILENT = [
    (["call", "test_missing_capability"], lambda found: "error" in found),
    (["call", "test_input_required_result_elicitation"], lambda found: "Hello" not in str(found)),
    (["call", "test_simple_text"], lambda found: not found["isError"]),
]

MODERN_ONLY = [
    (["call", "test_tool_with_logging"], lambda found: len(found["logs"]) == 3 and found["logs"][0][0] == "info"),
    (["ping"], lambda found: found["error"]["code"] == -32601),
    (["level", "info"], lambda found: found["error"]["code"] == -32601),
    (["subscribe", "test://watched-resource"], lambda found: found["error"]["code"] == -32601),
    # Nothing that this caller may see has changed, so nothing is heard.
    (["listen", "test_trigger_tool_change"],
     lambda found: found["honoured"] == {"tools_list_changed": True} and found["heard"] is None),
]

LEGACY_ONLY = [
    (["call", "test_tool_with_logging"], lambda found: found["logs"] == []),
    (["level", "info"], lambda found: found == {}),
    (["call", "test_tool_with_logging"], lambda found: len(found["logs"]) == 3),
    (["level", "error"], lambda found: found == {}),
    (["call", "test_tool_with_logging"], lambda found: found["logs"] == []),
    (["ping"], lambda found: found == {}),
    (["subscribe", "test://watched-resource"], lambda found: found == {}),
    (["unsubscribe", "test://watched-resource"], lambda found: found == {}),
]


class EverythingTest(peer.PeerCase):
    servers = ("everything",)

    def check(self, environment, script, plan, rows):
        found = peer.run(environment, script, {**plan, "steps": [step for step, _ in rows]}, timeout=120)
        self.assertNotIn("failure", found, found)
        for (step, holds), result in zip(rows, found["results"], strict=True):
            with self.subTest(step=step, script=script, **{k: v for k, v in plan.items() if k == "mode"}):
                try:
                    isMet = holds(result)
                except (KeyError, IndexError, TypeError):
                    isMet = False
                self.assertTrue(isMet, result)
        return found

    def test_modern_client_over_http(self):
        self.check("mcp2", "sdk2.py", self.http("everything", offers=ALL, logLevel="info"),
                   COMMON + QUESTIONS + MODERN_ONLY)

    def test_modern_client_over_stdio(self):
        self.check("mcp2", "sdk2.py", self.shim("everything", offers=ALL, logLevel="info"),
                   COMMON + QUESTIONS + MODERN_ONLY)

    def test_session_client_of_the_new_sdk(self):
        self.check("mcp2", "sdk2.py", self.http("everything", offers=ALL, mode="legacy"),
                   COMMON + QUESTIONS + LEGACY_ONLY)

    def test_old_sdk_over_http(self):
        self.check("mcp1", "sdk1.py", self.http("everything", offers=ALL), COMMON + QUESTIONS + LEGACY_ONLY)

    def test_old_sdk_over_websocket(self):
        self.check("mcp1", "sdk1.py", self.socket("everything", offers=ALL), COMMON + QUESTIONS + LEGACY_ONLY)

    def test_old_sdk_over_stdio(self):
        self.check("mcp1", "sdk1.py", self.shim("everything", offers=ALL), COMMON + QUESTIONS + LEGACY_ONLY)

    def test_a_client_that_answers_nothing_is_asked_nothing(self):
        for environment, script, plan in (
            ("mcp2", "sdk2.py", self.http("everything")), ("mcp2", "sdk2.py", self.http("everything", mode="legacy")),
            ("mcp1", "sdk1.py", self.http("everything")), ("mcp1", "sdk1.py", self.shim("everything")),
        ):
            self.check(environment, script, plan, SILENT)


class UngrantedTest(peer.PeerCase):
    """What the entry does not grant is not even offered to the server, whatever the client declares."""
    servers = ("everything",)
    grants = ()

    def test_no_question_arrives(self):
        steps = [step for step, _ in QUESTIONS] + [["call", "test_simple_text"]]
        for environment, script in (("mcp2", "sdk2.py"), ("mcp1", "sdk1.py")):
            with self.subTest(script=script):
                found = peer.run(environment, script, self.http("everything", offers=ALL, steps=steps))
                for step, result in zip(steps[:-1], found["results"]):
                    self.assertFalse(result.get("questions"), (step, result))
                self.assertFalse(found["results"][-1]["isError"], found["results"][-1])
                self.assertNotIn("Ada", str(found))
                self.assertNotIn("Paris", str(found))


class CancellationTest(peer.PeerCase):
    """A call that its client gives up ends at the server too, and the connection goes on."""
    servers = ("slow",)

    def given_up(self):
        return sorted(path.name for path in self.house.trips.glob("cancelled-*"))

    def test_every_client_can_give_up(self):
        for number, (environment, script, plan) in enumerate((
            ("mcp2", "sdk2.py", self.http("slow")), ("mcp2", "sdk2.py", self.shim("slow")),
            ("mcp2", "sdk2.py", self.http("slow", mode="legacy")), ("mcp1", "sdk1.py", self.http("slow")),
            ("mcp1", "sdk1.py", self.socket("slow")), ("mcp1", "sdk1.py", self.shim("slow")),
        )):
            with self.subTest(script=script, number=number):
                name = f"given-up-{number}"
                before = len(self.house.audit())
                found = peer.run(environment, script, {**plan, "steps": [
                    ["cancel", "wait", {"name": name}, str(self.house.trips / f"began-{name}")], ["call", "quick"]]})
                self.assertEqual(found["results"][0], {"cancelled": True}, found)
                self.assertEqual(found["results"][1].get("text"), ["quick"], found)
                peer.wait_for(lambda: f"cancelled-{name}" in self.given_up(), "the server to hear of it")
                outcomes = peer.wait_for(
                    lambda: [entry["outcome"] for entry in self.outcomes_after(before).get("call.outcome", [])
                             if entry["outcome"] == "cancelled"], "the outcome")
                self.assertEqual(outcomes, ["cancelled"])


if __name__ == "__main__":
    unittest.main()
