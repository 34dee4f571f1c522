#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the documents that the readers are timed on, the same ones every time, into the directory named."""
import json
import pathlib
import random
import sys

target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
draw = random.Random(20261121)
WORDS = ("file path content query limit cursor name value result error message timeout "
         "server client token region address workspace branch commit issue review").split()


def sentence(count):
    return " ".join(draw.choice(WORDS) for _ in range(count))


def code(lines):
    return "".join("    %s = \"%s\"\n\tif %s {\n" % (draw.choice(WORDS), draw.choice(WORDS), sentence(3))
                   for _ in range(lines))


def request(size):
    body = {"jsonrpc": "2.0", "id": 1234, "method": "tools/call",
            "params": {"name": "search_files",
                       "arguments": {"path": "/srv/projects/site", "pattern": "*.md", "limit": 50, "recursive": True},
                       "_meta": {"progressToken": "p-81", "traceId": ""}}}
    missing = size - len(json.dumps(body, separators=(",", ":")))
    body["params"]["_meta"]["traceId"] = "x" * missing
    return body


def tool(number):
    return {"name": "%s_%s_%d" % (draw.choice(WORDS), draw.choice(WORDS), number), "description": sentence(18),
            "inputSchema": {"type": "object", "additionalProperties": False, "required": ["path"],
                            "properties": {word: {"type": draw.choice(["string", "integer", "boolean"]),
                                                  "description": sentence(7)}
                                           for word in ["path"] + draw.sample(WORDS[2:], 4)}},
            "annotations": {"readOnlyHint": draw.random() < 0.5, "openWorldHint": False}}


def record(number):
    return {"id": number, "title": sentence(6), "score": round(draw.random() * 100, 4), "done": draw.random() < 0.5,
            "owner": {"login": draw.choice(WORDS), "id": draw.randrange(1 << 31), "email": None},
            "labels": [draw.choice(WORDS) for _ in range(3)], "body": sentence(12) + "\n" + sentence(5),
            "where": [round(draw.uniform(-180, 180), 6), round(draw.uniform(-90, 90), 6)]}


def until(size, make):
    """As many elements as fit `size` bytes."""
    rows, length = [], 2
    while length < size:
        row = make(len(rows))
        rows.append(row)
        length += len(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()) + 1
    return rows


def write(name, value, **options):
    options.setdefault("separators", (",", ":"))
    (target / (name + ".json")).write_bytes(json.dumps(value, ensure_ascii=False, **options).encode())


MB = 1_000_000
write("call-308", request(308))
write("tools-list-20k", {"jsonrpc": "2.0", "id": 7, "result": {"tools": until(20_000, tool)}})
write("mixed-1M", until(MB, record))
write("pretty-1M", until(MB // 2, record), indent=2, separators=(", ", ": "))
write("code-1M", {"jsonrpc": "2.0", "id": 7, "result": {"content": [{"type": "text", "text": code(MB // 52)}]}})
write("plain-1M", {"text": sentence(MB // 7)})
write("cjk-1M", until(MB, lambda _: "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(40))))
write("numbers-1M", until(MB, lambda _: round(draw.uniform(-1e4, 1e4), draw.randrange(3, 12))))
write("keys-1M", {("%s_%s_%06d" % (draw.choice(WORDS), draw.choice(WORDS), n)): sentence(12) for n in range(9_900)})
