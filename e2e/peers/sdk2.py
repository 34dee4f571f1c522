# SPDX-License-Identifier: Apache-2.0
"""A client on the SDK's version 2: reads one plan from standard input, prints what came of each step.

    {"url": "http://…/mcp/time", "token": "…"}      Streamable HTTP
    {"command": ["doorward", "connect", "time"]}     stdio
    "mode": "auto" | "legacy", "offers": ["sampling", "elicitation", "roots"], "logLevel": "info"
    "steps": [["tools"], ["call", "name", {…}], …]
"""
import asyncio
import json
import pathlib
import sys

import httpx2
import mcp_types as types
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

PATIENCE = 25


class Peer:
    def __init__(self, plan):
        self.plan = plan
        self.logs = []
        self.questions = []
        self.messages = []

    async def on_log(self, params):
        self.logs.append([params.level, params.data])

    async def on_message(self, message):
        self.messages.append(getattr(message, "method", type(message).__name__))

    async def on_sampling(self, context, params):
        self.questions.append(["sampling", params.messages[0].content.text])
        return types.CreateMessageResult(
            role="assistant", model="none", content=types.TextContent(type="text", text="Paris"))

    async def on_elicitation(self, context, params):
        self.questions.append(["elicitation", params.message])
        names = list((params.requested_schema or {}).get("properties", {}))
        return types.ElicitResult(action="accept", content={name: "Ada" for name in names})

    async def on_roots(self, context):
        self.questions.append(["roots", ""])
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/here", name="here")])

    def client(self):
        plan = self.plan
        offers = plan.get("offers", [])
        options = {
            "mode": plan.get("mode", "auto"), "read_timeout_seconds": PATIENCE, "logging_callback": self.on_log,
            "message_handler": self.on_message, "log_level": plan.get("logLevel"),
            "sampling_callback": self.on_sampling if "sampling" in offers else None,
            "elicitation_callback": self.on_elicitation if "elicitation" in offers else None,
            "list_roots_callback": self.on_roots if "roots" in offers else None,
        }
        if "command" in plan:
            command, *arguments = plan["command"]
            return Client(StdioServerParameters(command=command, args=arguments, env=plan.get("env")), **options)
        headers = {"Authorization": "Bearer " + plan["token"]} if plan.get("token") else {}
        http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE)
        return Client(streamable_http_client(plan["url"], http_client=http), **options)

    async def pages(self, ask, field):
        names, cursor, count = [], None, 0
        while True:
            page = await ask(cursor=cursor)
            count += 1
            names += [item.name if field != "resources" else str(item.uri) for item in getattr(page, field)]
            cursor = page.next_cursor
            if not cursor:
                return {"names": names, "pages": count}

    async def step(self, client, kind, *rest):
        if kind == "tools":
            return await self.pages(client.list_tools, "tools")
        if kind == "prompts":
            return await self.pages(client.list_prompts, "prompts")
        if kind == "templates":
            return await self.pages(client.list_resource_templates, "resource_templates")
        if kind == "resources":
            return await self.pages(client.list_resources, "resources")
        if kind == "call":
            return await self.call(client, *rest)
        if kind == "cancel":
            return await self.cancel(client, *rest)
        if kind == "prompt":
            return json.loads((await client.get_prompt(*rest)).model_dump_json(by_alias=True, exclude_none=True))
        if kind == "read":
            return json.loads((await client.read_resource(*rest)).model_dump_json(by_alias=True, exclude_none=True))
        if kind == "complete":
            reference = {"prompt": types.PromptReference, "template": types.ResourceTemplateReference}[rest[0]]
            key = {"prompt": "name", "template": "uri"}[rest[0]]
            result = await client.complete(reference(**{"type": f"ref/{'prompt' if key == 'name' else 'resource'}",
                                                        key: rest[1]}), {"name": rest[2], "value": rest[3]})
            return {"values": result.completion.values}
        if kind == "level":
            await client.set_logging_level(rest[0])
            return {}
        if kind == "ping":
            await client.send_ping()
            return {}
        if kind == "subscribe":
            await client.subscribe_resource(rest[0])
            return {}
        if kind == "unsubscribe":
            await client.unsubscribe_resource(rest[0])
            return {}
        if kind == "listen":
            return await self.listen(client, *rest)
        raise ValueError(kind)

    async def call(self, client, name, arguments=None, timeout=None):
        progress = []

        async def on_progress(done, total, message):
            progress.append([done, total])

        self.logs.clear()
        self.questions.clear()
        result = await client.call_tool(name, arguments or {}, progress_callback=on_progress,
                                        read_timeout_seconds=timeout)
        return {
            "isError": bool(result.is_error), "text": [part.text for part in result.content if part.type == "text"],
            "kinds": [part.type for part in result.content], "structured": result.structured_content,
            "meta": {k: v for k, v in (result.meta or {}).items()}, "progress": progress, "logs": list(self.logs),
            "questions": list(self.questions),
        }

    async def cancel(self, client, name, arguments, began):
        """Gives the call up while it runs; what comes next on the same connection must work."""
        call = asyncio.ensure_future(client.call_tool(name, arguments))
        while not pathlib.Path(began).exists():
            await asyncio.sleep(0.02)
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            return {"cancelled": True}
        return {"cancelled": False}

    async def listen(self, client, trigger, **_):
        """Subscribes to changes of the tool list, lets a tool change it, and tells what was heard."""
        async with client.listen(tools_list_changed=True) as subscription:
            honoured = subscription.honored.model_dump(exclude_none=True)
            await client.call_tool(trigger, {})
            heard = None
            try:
                async with asyncio.timeout(2):
                    async for event in subscription:
                        heard = type(event).__name__
                        break
            except TimeoutError:
                heard = None
            return {"honoured": honoured, "heard": heard}

    async def run(self):
        results = []
        try:
            async with self.client() as client:
                about = {"version": client.protocol_version, "capabilities": json.loads(
                    client.server_capabilities.model_dump_json(by_alias=True, exclude_none=True)),
                    "server": client.server_info.name if client.server_info else None,
                    "instructions": client.instructions}
                for step in self.plan["steps"]:
                    try:
                        results.append(await asyncio.wait_for(self.step(client, *step), PATIENCE))
                    except MCPError as error:
                        results.append({"error": {"code": error.code, "message": error.message, "data": error.data}})
                    except Exception as error:
                        results.append({"failure": f"{type(error).__name__}: {error}"})
        except BaseException as error:
            return {"failure": describe(error), "results": results}
        return {**about, "results": results, "messages": self.messages}


def describe(error):
    inner = error
    while getattr(inner, "exceptions", None):
        inner = inner.exceptions[0]
    return f"{type(inner).__name__}: {inner}"


def main():
    """One plan or several, each with a connection of its own."""
    given = json.load(sys.stdin)
    found = [asyncio.run(Peer(plan).run()) for plan in (given if isinstance(given, list) else [given])]
    print(json.dumps(found if isinstance(given, list) else found[0], default=str))


main()
