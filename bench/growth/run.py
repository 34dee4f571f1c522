#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a call costs when there is more of everything: one thing grown at a time, in interleaved rounds.

    bench/run --growth [--runs 5] [--seconds 4]

    base    one registered server, no rule, no other connection
    many    1,000 registered servers and 1,000 policy rules, none of which is about the server that is called
    idle    980 connections of other clients, each authenticated and with an answered request behind it; with the
            32 callers that is as many as a listener holds
"""
import argparse
import json
import os
import socket
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "yardstick"))
import run as yardstick  # noqa: E402

STATE = HERE.parent / "yardstick" / "state"
PORT = 18120
IDLE = 980
# One client may hold 256 connections, so the idle ones belong to several.
PER_CLIENT = 200


def idle_connections(place):
    """Opens them; each has had its first answer, so the gate knows who is behind it."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    connections = []
    for number in range(IDLE):
        token = (STATE / place / f"idle{number // PER_CLIENT}").read_text().strip()
        connection = socket.create_connection(("127.0.0.1", PORT))
        connection.sendall(
            b"POST /mcp/echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
            b"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (PORT, token.encode(), len(body), body))
        if not connection.recv(65536).startswith(b"HTTP/1.1 "):
            raise RuntimeError("an idle connection was not answered")
        connections.append(connection)
    return connections


def one(place, idle, seconds):
    environment = dict(os.environ)
    command = (f"$DOORWARD_BUILD/doorward serve --config {STATE}/{place}/doorward.json --state {STATE}/{place}/state "
               f"--listen 127.0.0.1:{PORT} $DOORWARD_SERVE")
    options = ["--url", f"http://127.0.0.1:{PORT}/mcp/echo", "--header",
               "Authorization: Bearer " + (STATE / place / "token").read_text().strip()]
    yardstick.LOGS.mkdir(exist_ok=True)
    with open(yardstick.LOGS / "growth.log", "w") as log:
        start = time.monotonic()
        process = yardstick.spawn(command, log, environment, HERE)
        try:
            first = yardstick.load(["http", *options, "--calls", "1", "--wait", "90"], 120)
            if not first.get("ok"):
                raise RuntimeError(f"no call was answered: {first}")
            cold = (time.monotonic() - start) * 1e3
            connections = idle_connections(place) if idle else []
            result = {"cold_ms": cold}
            for callers in (1, 32):
                before = yardstick.measure(process.pid)["cpu"]
                answered = yardstick.load(["http", *options, "-c", str(callers), "-d", str(seconds)], seconds + 90)
                after = yardstick.measure(process.pid)
                result[f"rps c={callers}"] = answered["rps"]
                result[f"p50 us c={callers}"] = answered["p50_us"]
                result[f"cpu us c={callers}"] = (after["cpu"] - before) / max(1, answered["ok"]) * 1e6
                result["rss mb"] = after["rss"]
            for connection in connections:
                connection.close()
            return result
        finally:
            yardstick.stop(process)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    cases = {"base": ("doorward", False), "many": ("many", False), "idle": ("doorward", True)}
    results = {name: [] for name in cases}
    names = list(cases)
    for number in range(arguments.runs):
        # Each case is the first of a round in its turn: a machine that tires would favour whoever always is.
        for name in names[number % len(names):] + names[:number % len(names)]:
            place, idle = cases[name]
            results[name].append(one(place, idle, arguments.seconds))
            print(f"run {number + 1} {name}: {json.dumps({k: round(v, 1) for k, v in results[name][-1].items()})}",
                  file=sys.stderr, flush=True)
    columns = list(results["base"][0])
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians, and the ratio to base\n")
    print("| case | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    base = {column: statistics.median(run[column] for run in results["base"]) for column in columns}
    for name, runs in results.items():
        cells = []
        for column in columns:
            middle = statistics.median(run[column] for run in runs)
            cells.append(f"{middle:.0f} ({middle / base[column]:.2f})" if base[column] else f"{middle:.0f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
