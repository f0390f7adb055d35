// Drives a server through the TypeScript SDK 1.x and prints what it saw: see client.py for the shapes.
// Run with the folder that holds node_modules as the working directory.
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const types = require("@modelcontextprotocol/sdk/types.js");

const scenario = JSON.parse(process.argv[2]);
const seen = { progress: [], asked: [], results: [] };
const client = new Client(
  { name: "peer-v1", version: "1.0.0" },
  { capabilities: { sampling: {}, elicitation: {}, roots: {} } },
);
client.setRequestHandler(types.CreateMessageRequestSchema, async () => {
  seen.asked.push("sampling");
  return { role: "assistant", content: { type: "text", text: "a sampled word" }, model: "none" };
});
client.setRequestHandler(types.ElicitRequestSchema, async () => {
  seen.asked.push("elicitation");
  return { action: "decline" };
});
client.setRequestHandler(types.ListRootsRequestSchema, async () => {
  seen.asked.push("roots");
  return { roots: [{ uri: `file://${scenario.folder}`, name: "demo" }] };
});

const [command, ...args] = scenario.command;
await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
seen.protocol = "legacy";
seen.tools = (await client.listTools()).tools;
for (const { tool, arguments: given } of scenario.calls) {
  try {
    const onprogress = ({ progress, total }) => seen.progress.push([progress, total]);
    seen.results.push(await client.callTool({ name: tool, arguments: given }, undefined, { onprogress }));
  } catch (error) {
    if (typeof error.code !== "number") throw error;
    seen.results.push({ failure: error.code });
  }
}
await client.close();
console.log(JSON.stringify(seen));
