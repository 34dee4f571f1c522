# SPDX-License-Identifier: Apache-2.0
"""The SDK's everything-server on standard input and output; as published it speaks HTTP only."""
from mcp_everything_server.server import mcp

mcp.run("stdio")
