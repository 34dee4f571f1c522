# SPDX-License-Identifier: Apache-2.0
"""Callers that keep calling, whatever happens around them, and what the log must hold of what they were answered."""
import hashlib
import json
import secrets
import threading
import time

import client
from house import wait_for


class Load:
    """Threads that call `echo` with texts of their own. A failed connection is opened anew, a failed call is counted."""

    def __init__(self, house, token, server="trip", callers=6):
        self.house = house
        self.token = token
        self.server = server
        self.answered = []
        self.refused = []
        self.broken = []
        self.slowest = 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(callers)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                raise AssertionError("a caller hangs")

    def _run(self, number):
        wire = None
        count = 0
        while not self._stop.is_set():
            text = f"{number}-{count}-{secrets.token_hex(4)}"
            count += 1
            began = time.monotonic()
            try:
                if wire is None:
                    wire = client.Wire(("127.0.0.1", self.house.port), 30)
                request = client.post(
                    self.house.port, self.token, client.call("echo", {"text": text}), f"/mcp/{self.server}")
                if not wire.send(request.encode()):
                    raise OSError("not sent")
                answer = wire.answer()
                if answer.status == 0:
                    raise OSError("no answer")
                result = answer.message.get("result", {})
                if answer.status == 200 and not result.get("isError") and result.get("content", [{}])[0].get("text") == text:
                    self.answered.append(text)
                else:
                    self.refused.append((text, answer.status, answer.message))
            except OSError as error:
                self.broken.append((text, repr(error)))
                if wire is not None:
                    wire.close()
                wire = None
                # Nobody listens: as real clients do, a moment passes before the next attempt.
                self._stop.wait(0.05)
            self.slowest = max(self.slowest, time.monotonic() - began)
        if wire is not None:
            wire.close()

    def wait_for_answers(self, count, what="more answers"):
        """Until so many more calls have been answered than by now."""
        target = len(self.answered) + count
        wait_for(lambda: len(self.answered) >= target, what)


def digest(arguments):
    return hashlib.sha256(json.dumps(arguments, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def check_promises(house, answered):
    """Every answered call stands in the log, once, with the outcome that its caller saw."""
    intents, outcomes = {}, {}
    for record in house.audit():
        data = record["data"]
        if record["kind"] == "call.intent":
            intents.setdefault(data["arguments"]["sha256"], []).append(record["seq"])
        elif record["kind"] == "call.outcome":
            outcomes.setdefault(data["intent"], []).append(data["outcome"])
    for text in answered:
        found = intents.get(digest({"text": text}), [])
        if len(found) != 1:
            raise AssertionError(f"{text} was answered and has {len(found)} intents")
        if outcomes.get(found[0]) != ["answered"]:
            raise AssertionError(f"{text} was answered and has the outcomes {outcomes.get(found[0])}")
    return len(intents)
