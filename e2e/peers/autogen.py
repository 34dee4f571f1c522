# SPDX-License-Identifier: Apache-2.0
"""AutoGen's workbench: plans of sdk2.py with the steps tools and call."""
import asyncio
import json
import sys

from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams, StreamableHttpServerParams


def parameters(plan):
    if "command" in plan:
        command, *arguments = plan["command"]
        return StdioServerParams(command=command, args=arguments, env=plan.get("env"), read_timeout_seconds=25)
    headers = {"Authorization": "Bearer " + plan["token"]} if plan.get("token") else {}
    return StreamableHttpServerParams(url=plan["url"], headers=headers, timeout=25)


async def step(workbench, kind, *rest):
    if kind == "tools":
        return {"names": [tool["name"] for tool in await workbench.list_tools()]}
    result = await workbench.call_tool(*rest)
    return {"isError": result.is_error, "text": [part.content for part in result.result]}


async def run(plan):
    results = []
    try:
        async with McpWorkbench(parameters(plan)) as workbench:
            for one in plan["steps"]:
                try:
                    results.append(await asyncio.wait_for(step(workbench, *one), 25))
                except Exception as error:
                    results.append({"failure": f"{type(error).__name__}: {error}"})
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}", "results": results}
    return {"results": results}


given = json.load(sys.stdin)
found = [asyncio.run(run(plan)) for plan in (given if isinstance(given, list) else [given])]
print(json.dumps(found if isinstance(given, list) else found[0], default=str))
