import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAddressPort } from "@msec/process";
import { startTestServer } from "../testing/test-server.ts";

/** An address of this machine that is not loopback: connections to it come from it. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;
const skip = address === undefined ? "this machine has no address but loopback" : false;

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: address!, port });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  // Those that are refused may be reset.
  return socket.on("error", () => {});
}

/** What a door says on the third connection of one address to a plain request, "" where it is closed without a word. */
async function thirdAnswer(port: number): Promise<string> {
  // One after the other, so that they are accepted in this order.
  const held = [await opened(port), await opened(port)];
  const third = await opened(port);
  third.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
  let text = "";
  third.on("data", (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => third.once("close", resolve));
  for (const socket of held) socket.destroy();
  return text;
}

test("each door has one rule for how many connections an address may have, and for whom it does not hold", {
  skip,
}, async () => {
  const tokenFile = join(tmpdir(), `msec-peer-limits-${process.pid}`);
  writeFileSync(tokenFile, "0123456789abcdef\n", { mode: 0o600 });
  const anyPort = `${address}:0`;
  for (const sharedPeers of ["", `10.255.0.0/16, ${address}/32`]) {
    await using open = await startTestServer({
      listen: anyPort,
      agent_listen: anyPort,
      otlp_listen: anyPort,
      otlp_grpc_listen: anyPort,
      otlp_token_file: tokenFile,
      connections_per_peer: "2",
      shared_peers: sharedPeers,
    });
    const { server, log } = open;
    // The port of agents speaks TLS only, so that it can say nothing to one too many.
    const doors: [string, number, RegExp][] = [
      ["console", Number(new URL(server.console).port), /^HTTP\/1\.1 (?!429)/],
      ["agents", parseAddressPort(server.agents)!.port, /^HTTP\/1\.1 400 .*TLS only/s],
      ["OTLP over HTTP", server.otlp.httpPort, /^HTTP\/1\.1 404/],
      ["OTLP over gRPC", server.otlp.grpcPort, /^HTTP\/1\.1 (?!429)/],
    ];
    for (const [name, port, served] of doors) {
      const answer = await thirdAnswer(port);
      if (sharedPeers !== "") assert.match(answer, served, name);
      else if (name === "agents") assert.equal(answer, "");
      else assert.match(answer, /^HTTP\/1\.1 429 .*connections\.maxPerPeer 2/s, name);
      const said = log.filter((line) => line.includes(`${name}: `) && line.includes("name it in shared_peers"));
      assert.equal(said.length, sharedPeers === "" ? 1 : 0, name);
    }
  }
});
