import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { TestSystem } from "./system.ts";

/** A client of one of the services of the console's API, with the operator's key. */
export function operatorClient<S extends DescService>(system: TestSystem, service: S): Client<S> {
  const key = readFileSync(join(system.state, "server/operator.key"), "utf8").trim();
  const transport = createConnectTransport({
    baseUrl: `${system.consoleUrl}/api`,
    httpVersion: "1.1",
    defaultTimeoutMs: 60_000,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${key}`);
        return next(request);
      },
    ],
  });
  return createClient(service, transport);
}
