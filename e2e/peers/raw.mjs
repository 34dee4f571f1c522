// SPDX-License-Identifier: Apache-2.0
// Node's own fetch with the headers that it adds by itself, as every client written in TypeScript sends them.
const { url, token, messages, origin } = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (part) => (text += part)).on("end", () => done(text));
}));
const answers = [];
for (const message of messages) {
  const headers = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": message.method,
  };
  if (message.params.name) headers["Mcp-Name"] = message.params.name;
  if (token) headers.Authorization = `Bearer ${token}`;
  if (origin) headers.Origin = origin;
  try {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(message) });
    answers.push({ status: answer.status, body: await answer.text() });
  } catch (error) {
    answers.push({ failure: String(error) });
  }
}
console.log(JSON.stringify({ version: process.version, answers }));
