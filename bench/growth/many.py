#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds servers and rules to a doorward.json until it has COUNT of each. usage: many.py FILE COUNT"""
import json
import sys

path, count = sys.argv[1], int(sys.argv[2])
with open(path, encoding="utf-8") as file:
    configuration = json.load(file)
servers = configuration["mcpServers"]
model = next(iter(servers.values()))
for number in range(len(servers), count):
    servers[f"other{number}"] = model
# None of them is about the server that is measured, so every one has to be looked at, or known not to matter.
configuration["policy"] = [
    {"id": f"other{number}", "servers": [f"other{number % (count - 1) + 1}"], "tools": ["drop*"], "verdict": "deny"}
    for number in range(count)
]
with open(path, "w", encoding="utf-8") as file:
    json.dump(configuration, file, indent=1)
