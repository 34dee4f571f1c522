# SPDX-License-Identifier: Apache-2.0
"""A code executor for AutoGen that runs code through Doorward, in place of LocalCommandLineCodeExecutor."""

import json
import urllib.parse

from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock, CodeExecutor, CodeResult
from autogen_ext.tools.mcp import McpWorkbench
from pydantic import BaseModel

# What models write behind the three backticks, and what Doorward calls it.
LANGUAGES = {"python": "python", "py": "python", "sh": "shell", "shell": "shell", "bash": "shell"}


class DoorwardCodeExecutor(CodeExecutor):
    """Each block runs in a fresh sandbox. Nothing stays between blocks but the files that it made, if `keeps_files`."""

    component_type = "code_executor"
    component_config_schema = BaseModel

    def __init__(self, workbench: McpWorkbench, tool: str = "code__code_run", keeps_files: bool = True):
        self._workbench = workbench
        self._tool = tool
        self._keeps_files = keeps_files
        self._files: dict[str, dict[str, str]] = {}

    async def execute_code_blocks(
        self, code_blocks: list[CodeBlock], cancellation_token: CancellationToken
    ) -> CodeResult:
        output, status = "", 0
        for block in code_blocks:
            language = LANGUAGES.get(block.language.lower())
            if language is None:
                return CodeResult(exit_code=1, output=f"{output}unknown language {block.language}\n")
            arguments = {"language": language, "code": block.code, "files": list(self._files.values())}
            result = await self._workbench.call_tool(self._tool, arguments, cancellation_token)
            parts = [part.content for part in result.result]
            output += str(parts[0]) if parts else ""
            if self._keeps_files:
                self._remember(parts[1:])
            if result.is_error:
                status = 1
                break
        return CodeResult(exit_code=status, output=output)

    def _remember(self, parts) -> None:
        """Files that a block has made are given to the next one, as a work directory would hold them."""
        for part in parts:
            try:
                resource = json.loads(part)["resource"]
            except (TypeError, ValueError, KeyError):
                continue
            # On the address of all servers the name of the server stands before it.
            path = urllib.parse.unquote(resource["uri"].partition("result:///")[2])
            content = {"text": resource["text"]} if "text" in resource else {"base64": resource["blob"]}
            self._files[path] = {"path": path, **content}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def restart(self) -> None:
        self._files = {}
