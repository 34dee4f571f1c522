# SPDX-License-Identifier: Apache-2.0
"""An MCP server over stdio that leaves a mark before it does anything else, and writes down every line it is sent.

    tripwire.py DIRECTORY [legacy|modern|both]

Tools: echo, add, boom (leaves a mark), open (open schema), slow (answers when DIRECTORY/go exists), hold.
"""

import os
import sys
import time

DIRECTORY = sys.argv[1]


def mark(name, text=b""):
    # Process numbers are those of the sandbox, so the name needs more than one.
    path = os.path.join(DIRECTORY, f"{name}-{os.getpid()}-{time.monotonic_ns()}")
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(descriptor, text)
    os.close(descriptor)
    return path


LINES = mark("started").replace("started-", "lines-")

import json  # noqa: E402: the mark comes first

ERA = sys.argv[2] if len(sys.argv) > 2 else "both"
MODERN = "2026-07-28"
LEGACY = "2025-11-25"


def schema(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


TOOLS = [
    {"name": "echo", "description": "Gives a text back.", "inputSchema": schema(text={"type": "string"})},
    {"name": "add", "description": "Adds two numbers.",
     "inputSchema": schema(a={"type": "integer"}, b={"type": "integer"})},
    {"name": "boom", "description": "Leaves a mark.", "inputSchema": schema()},
    {"name": "open", "description": "Takes anything and gives it back.", "inputSchema": {"type": "object"}},
    {"name": "slow", "description": "Answers when it is told to.", "inputSchema": schema(text={"type": "string"})},
    {"name": "die", "description": "Ends the server.", "inputSchema": schema()},
]


def call(name, arguments):
    if name == "boom":
        mark("boom")
        return "boom"
    if name == "add":
        return str(arguments["a"] + arguments["b"])
    if name == "slow":
        while not os.path.exists(os.path.join(DIRECTORY, "go")):
            time.sleep(0.01)
        return arguments["text"]
    if name == "die":
        os._exit(3)
    if name == "echo":
        return arguments["text"]
    return json.dumps(arguments, sort_keys=True)


def answer(method, params, modern):
    info = {"name": "tripwire", "version": "1"}
    if method == "initialize":
        return {"protocolVersion": LEGACY, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "server/discover":
        return {"supportedVersions": [MODERN], "capabilities": {"tools": {}}, "serverInfo": info, "ttlMs": 0,
                "cacheScope": "private"}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": TOOLS, **({"ttlMs": 0, "cacheScope": "private"} if modern else {})}
    if method == "tools/call":
        text = call(params["name"], params.get("arguments", {}))
        return {"content": [{"type": "text", "text": text}], "isError": False}
    return None


def main():
    with open(LINES, "ab", buffering=0) as log:
        for line in sys.stdin.buffer:
            log.write(line)
            try:
                message = json.loads(line)
            except ValueError:
                continue
            # Like real servers, it takes what it is sent: whatever reaches it has been judged before.
            for one in message if isinstance(message, list) else [message]:
                if not isinstance(one, dict) or "id" not in one or "method" not in one:
                    continue
                params = one.get("params") or {}
                modern = "io.modelcontextprotocol/protocolVersion" in (params.get("_meta") or {})
                reply = {"jsonrpc": "2.0", "id": one["id"]}
                known = None
                if not (ERA == "legacy" and modern) and not (ERA == "modern" and one["method"] == "initialize"):
                    known = answer(one["method"], params, modern)
                if known is None:
                    reply["error"] = {"code": -32601, "message": "unknown method"}
                else:
                    reply["result"] = {"resultType": "complete", **known} if modern else known
                sys.stdout.write(json.dumps(reply) + "\n")
                sys.stdout.flush()


main()
