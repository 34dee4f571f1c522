# SPDX-License-Identifier: Apache-2.0
"""A client on the SDK's version 1, which knows the session era alone; plans and answers as in sdk2.py.

    {"ws": "ws://…/ws/time", "token": "…"}      its own WebSocket transport, handed the header that it cannot be given
"""
import asyncio
import contextlib
import functools
import json
import pathlib
import sys

import httpx
import mcp.client.websocket
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

PATIENCE = 25


@contextlib.asynccontextmanager
async def streams(plan):
    headers = {"Authorization": "Bearer " + plan["token"]} if plan.get("token") else {}
    if "command" in plan:
        command, *arguments = plan["command"]
        async with stdio_client(StdioServerParameters(command=command, args=arguments, env=plan.get("env"))) as pair:
            yield pair
    elif "ws" in plan:
        module = mcp.client.websocket
        module.ws_connect = functools.partial(module.ws_connect, additional_headers=headers)
        async with module.websocket_client(plan["ws"]) as pair:
            yield pair
    else:
        async with httpx.AsyncClient(headers=headers, timeout=PATIENCE) as http:
            async with streamable_http_client(plan["url"], http_client=http) as (reading, writing, _):
                yield reading, writing


class Peer:
    def __init__(self, plan):
        self.plan = plan
        self.logs = []
        self.questions = []
        self.messages = []
        self.session = None

    async def on_log(self, params):
        self.logs.append([params.level, params.data])

    async def on_message(self, message):
        self.messages.append(getattr(getattr(message, "root", message), "method", type(message).__name__))

    async def on_sampling(self, context, params):
        self.questions.append(["sampling", params.messages[0].content.text])
        return types.CreateMessageResult(
            role="assistant", model="none", content=types.TextContent(type="text", text="Paris"))

    async def on_elicitation(self, context, params):
        self.questions.append(["elicitation", params.message])
        names = list((params.requestedSchema or {}).get("properties", {}))
        return types.ElicitResult(action="accept", content={name: "Ada" for name in names})

    async def on_roots(self, context):
        self.questions.append(["roots", ""])
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/here", name="here")])

    async def pages(self, ask, field):
        names, cursor, count = [], None, 0
        while True:
            page = await ask(params=types.PaginatedRequestParams(cursor=cursor))
            count += 1
            names += [item.name if field != "resources" else str(item.uri) for item in getattr(page, field)]
            cursor = page.nextCursor
            if not cursor:
                return {"names": names, "pages": count}

    async def step(self, kind, *rest):
        session = self.session
        lists = {"tools": (session.list_tools, "tools"), "prompts": (session.list_prompts, "prompts"),
                 "resources": (session.list_resources, "resources"),
                 "templates": (session.list_resource_templates, "resourceTemplates")}
        if kind in lists:
            return await self.pages(*lists[kind])
        if kind == "call":
            return await self.call(*rest)
        if kind == "cancel":
            return await self.cancel(*rest)
        if kind == "prompt":
            return json.loads((await session.get_prompt(*rest)).model_dump_json(by_alias=True, exclude_none=True))
        if kind == "read":
            return json.loads((await session.read_resource(*rest)).model_dump_json(by_alias=True, exclude_none=True))
        if kind == "complete":
            reference = (types.PromptReference(type="ref/prompt", name=rest[1]) if rest[0] == "prompt"
                         else types.ResourceTemplateReference(type="ref/resource", uri=rest[1]))
            result = await session.complete(reference, {"name": rest[2], "value": rest[3]})
            return {"values": result.completion.values}
        if kind == "level":
            await session.set_logging_level(rest[0])
        elif kind == "ping":
            await session.send_ping()
        elif kind == "subscribe":
            await session.subscribe_resource(rest[0])
        elif kind == "unsubscribe":
            await session.unsubscribe_resource(rest[0])
        else:
            raise ValueError(kind)
        return {}

    async def call(self, name, arguments=None):
        progress = []

        async def on_progress(done, total, message):
            progress.append([done, total])

        self.logs.clear()
        self.questions.clear()
        result = await self.session.call_tool(name, arguments or {}, progress_callback=on_progress)
        return {
            "isError": bool(result.isError), "text": [part.text for part in result.content if part.type == "text"],
            "kinds": [part.type for part in result.content], "structured": result.structuredContent,
            "meta": result.meta or {}, "progress": progress, "logs": list(self.logs),
            "questions": list(self.questions),
        }

    async def cancel(self, name, arguments, began):
        """Gives a call up with a notification, as this version leaves it to its user to do."""
        identifier = self.session._request_id
        call = asyncio.ensure_future(self.session.call_tool(name, arguments))
        while not pathlib.Path(began).exists():
            await asyncio.sleep(0.02)
        await self.session.send_notification(types.ClientNotification(types.CancelledNotification(
            method="notifications/cancelled", params=types.CancelledNotificationParams(requestId=identifier))))
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            return {"cancelled": True}
        return {"cancelled": False}

    async def run(self):
        offers = self.plan.get("offers", [])
        results = []
        about = {}
        try:
            async with streams(self.plan) as (reading, writing):
                async with ClientSession(
                    reading, writing, logging_callback=self.on_log, message_handler=self.on_message,
                    sampling_callback=self.on_sampling if "sampling" in offers else None,
                    elicitation_callback=self.on_elicitation if "elicitation" in offers else None,
                    list_roots_callback=self.on_roots if "roots" in offers else None,
                ) as session:
                    self.session = session
                    hello = await asyncio.wait_for(session.initialize(), PATIENCE)
                    about = {"version": hello.protocolVersion, "server": hello.serverInfo.name,
                             "instructions": hello.instructions,
                             "capabilities": json.loads(hello.capabilities.model_dump_json(exclude_none=True))}
                    for step in self.plan["steps"]:
                        try:
                            results.append(await asyncio.wait_for(self.step(*step), PATIENCE))
                        except McpError as error:
                            results.append({"error": {"code": error.error.code, "message": error.error.message,
                                                      "data": error.error.data}})
                        except Exception as error:
                            results.append({"failure": f"{type(error).__name__}: {error}"})
        except BaseException as error:
            if len(results) < len(self.plan["steps"]):
                return {**about, "failure": describe(error), "results": results}
            # This version's WebSocket transport complains about the end of a connection that it ends itself.
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
