import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { listen } from "@msec/rpc-node";
import { assertServerCompresses } from "./assert-server-compresses.ts";
import { clientCases } from "./client-cases.ts";
import { startGrpcJsServer } from "./grpc-js-server.ts";
import { interopMethods } from "./interop-service.ts";
import { startPythonServer, whyNoPython } from "./python-programs.ts";

/**
 * Our client in the eighteen cases. What a server's library cannot do is left out at that server only:
 *
 * | case | where not | why |
 * |---|---|---|
 * | the probes of client_compressed_unary and client_compressed_streaming | grpc-js, Python | handlers there cannot tell whether a request came compressed; ours can |
 * | server_compressed_unary, server_compressed_streaming: that it *is* compressed | grpc-js | its servers never compress; ours and Python's do |
 */
const servers = [
  {
    name: "our own port",
    skip: false as const,
    tellsCompression: true,
    compresses: true,
    start: async () => {
      const listener = await listen({ methods: interopMethods(), port: 0 });
      return { port: listener.port, close: () => listener.close({ graceMs: 0 }) };
    },
  },
  {
    name: "grpc-js",
    skip: false as const,
    tellsCompression: false,
    compresses: false,
    start: async () => {
      const server = await startGrpcJsServer();
      return { port: server.port, close: async () => server[Symbol.dispose]() };
    },
  },
  {
    name: "the C++ core's Python",
    skip: whyNoPython,
    tellsCompression: false,
    compresses: true,
    start: startPythonServer,
  },
];

test("there are eighteen cases", () => {
  assert.equal(clientCases.length, 18);
});

for (const { name, skip, tellsCompression, compresses, start } of servers) {
  describe(`our client against ${name}`, { skip }, () => {
    let server: Awaited<ReturnType<typeof start>>;
    before(async () => {
      server = await start();
    });
    after(() => server.close());
    for (const { name: title, run } of clientCases) {
      test(title, { timeout: 30_000 }, () => run({ port: server.port, tellsCompression }));
    }
    test("what is to come compressed does, and nothing else", { skip: !compresses && "it never compresses" }, () =>
      assertServerCompresses(server.port),
    );
  });
}
