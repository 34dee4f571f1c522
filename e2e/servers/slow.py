# SPDX-License-Identifier: Apache-2.0
"""A server with a call that lasts until it is given up, and that then leaves a file to tell so."""
import asyncio
import pathlib
import sys

from mcp.server.mcpserver import MCPServer

mcp = MCPServer(name="slow", version="1")
trips = pathlib.Path(sys.argv[1])


@mcp.tool()
async def wait(name: str) -> str:
    """Waits for a minute."""
    (trips / f"began-{name}").touch()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        (trips / f"cancelled-{name}").touch()
        raise
    return "waited"


@mcp.tool()
def quick() -> str:
    """Answers at once."""
    return "quick"


mcp.run("stdio")
