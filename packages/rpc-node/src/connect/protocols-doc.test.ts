import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { serveEcho } from "../testing/echo-service.ts";

const document = readFileSync(new URL("../../../../docs/reference/protocols.md", import.meta.url), "utf8");
const commands = [...document.matchAll(/```sh\n(.+)\n```/g)].map((match) => match[1]!);

test("the document has examples", () => {
  assert.equal(commands.length, 5);
});

for (const command of commands) {
  const tool = command.split(" ")[0]!;
  const skip = spawnSync(tool, ["--version"]).error ? `not installed: ${tool}` : false;
  test(`the document's example holds: ${command}`, { skip }, async () => {
    await using server = await serveEcho({ reflection: true, health: true });
    const env = { PATH: process.env.PATH, PORT: String(server.listener.port) };
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { env, timeout: 120_000 });
    assert.match(stdout, /"number": ?3|"status": ?"SERVING"/);
  });
}
