# SPDX-License-Identifier: Apache-2.0
"""fastmcp's client: plans of sdk2.py with the steps tools, call, prompts and resources."""
import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport


def transport(plan):
    if "command" in plan:
        command, *arguments = plan["command"]
        return StdioTransport(command, arguments, env=plan.get("env"))
    headers = {"Authorization": "Bearer " + plan["token"]} if plan.get("token") else {}
    return StreamableHttpTransport(plan["url"], headers=headers)


async def step(client, kind, *rest):
    if kind == "tools":
        return {"names": [tool.name for tool in await client.list_tools()]}
    if kind == "prompts":
        return {"names": [prompt.name for prompt in await client.list_prompts()]}
    if kind == "resources":
        return {"names": [str(resource.uri) for resource in await client.list_resources()]}
    result = await client.call_tool(*rest, raise_on_error=False)
    return {"isError": result.is_error, "text": [part.text for part in result.content if part.type == "text"],
            "structured": result.structured_content}


async def run(plan):
    results = []
    try:
        async with Client(transport(plan), timeout=25) as client:
            for one in plan["steps"]:
                try:
                    results.append(await step(client, *one))
                except Exception as error:
                    results.append({"failure": f"{type(error).__name__}: {error}"})
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}", "results": results}
    return {"results": results}


given = json.load(sys.stdin)
found = [asyncio.run(run(plan)) for plan in (given if isinstance(given, list) else [given])]
print(json.dumps(found if isinstance(given, list) else found[0], default=str))
