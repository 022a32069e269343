import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import type { UserError } from "@msec/process";
import { freePort } from "@msec/process/testing";
import { en } from "../messages/en.ts";
import { findPortHolder } from "./port-holder.ts";
import { checkPorts } from "./ports.ts";

async function listenSomewhere() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))) };
}

test("a taken port is named with the process that holds it, and the key that sets another", async () => {
  await using taken = await listenSomewhere();
  const place = { address: "127.0.0.1", port: taken.port, purpose: "console", key: "[server] listen" };
  await assert.rejects(checkPorts([place], en), (error: UserError) => {
    assert.match(
      error.message,
      new RegExp(`port 127.0.0.1:${taken.port} \\(console\\) is taken by process ${process.pid} `),
    );
    assert.match(error.hint, /\[server\] listen in msec\.ini/);
    return true;
  });
});

test("free ports pass, and are free again afterwards", async () => {
  const port = await freePort();
  const place = { address: "127.0.0.1", port, purpose: "console", key: "[server] listen" };
  await checkPorts([place], en);
  await checkPorts([place], en);
});

test("one port for two purposes is refused before anything listens", async () => {
  const place = { address: "127.0.0.1", port: 1, purpose: "console", key: "[server] listen" };
  await assert.rejects(
    checkPorts(
      [
        { ...place, port: 65_000 },
        { ...place, port: 65_000 },
      ],
      en,
    ),
    /port 65000 is asked for twice/,
  );
});

test("nobody holds a port on which nobody listens", async () => {
  const port = await freePort();
  assert.equal(findPortHolder(port), undefined);
});
