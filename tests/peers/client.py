"""Drives a server through the official Python SDK and prints what it saw as one JSON document.

usage: client.py SCENARIO, with the JSON {"command": [...], "mode": "auto" | "legacy", "folder": "/...",
"calls": [{"tool": "...", "arguments": {...}}]}. The three drivers beside each other print the same shape, so that a
test can compare a direct session with one through the gateway.
"""

import asyncio
import json
import sys

from mcp import types
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

CALL_SECONDS = 60


async def drive(scenario: dict) -> dict:
    seen = {"progress": [], "asked": []}

    async def sample(context, params):
        seen["asked"].append("sampling")
        content = types.TextContent(type="text", text="a sampled word")
        return types.CreateMessageResult(role="assistant", content=content, model="none")

    async def elicit(context, params):
        seen["asked"].append("elicitation")
        return types.ElicitResult(action="decline")

    async def list_roots(context):
        seen["asked"].append("roots")
        return types.ListRootsResult(roots=[types.Root(uri=f"file://{scenario['folder']}", name="demo")])

    async def progress(done, total, message):
        seen["progress"].append([done, total])

    command, *arguments = scenario["command"]
    client = Client(
        StdioServerParameters(command=command, args=arguments),
        mode=scenario["mode"],
        read_timeout_seconds=CALL_SECONDS,
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=list_roots,
    )
    async with client:
        seen["protocol"] = client.protocol_version
        listed = await client.list_tools()
        seen["tools"] = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]
        seen["results"] = []
        for call in scenario["calls"]:
            try:
                result = await client.call_tool(call["tool"], call["arguments"], progress_callback=progress)
                seen["results"].append(result.model_dump(mode="json", by_alias=True, exclude_none=True))
            except MCPError as error:
                seen["results"].append({"failure": error.error.code})
    return seen


print(json.dumps(asyncio.run(drive(json.loads(sys.argv[1])))))
