import { parseArgs } from "node:util";
import { type Connection, closedLoop } from "./closed-loop.ts";
import { serveWindows } from "./windows.ts";

/** The 100-byte string that every peer echoes. */
export const PAYLOAD = "0123456789".repeat(10);

/** Throws unless `length` is that of the payload: a peer that answers something else measures nothing. */
export function assertEcho(length: number | undefined): void {
  if (length !== PAYLOAD.length) throw new Error(`echo of ${length} bytes, expected ${PAYLOAD.length}`);
}

/**
 * The main program of a peer's client: reads --port, --connections, --outstanding, --warmup and --measure (milliseconds), --server-pid, runs the
 * closed loop and prints its result as one JSON line. With `--windows on` it measures what it is asked to on standard input instead.
 */
export async function clientMain<Answer>(connect: (port: number) => Promise<Connection<Answer>>): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      connections: { type: "string", default: "1" },
      outstanding: { type: "string", default: "1" },
      windows: { type: "string", default: "off" },
      warmup: { type: "string", default: "700" },
      measure: { type: "string", default: "1500" },
      "server-pid": { type: "string" },
    },
  });
  const port = Number(values.port);
  const connections = Number(values.connections);
  if (values.windows === "on") {
    await serveWindows(await Promise.all(Array.from({ length: connections }, () => connect(port))));
    process.exit(0);
  }
  const result = await closedLoop({
    connect: () => connect(port),
    connections,
    outstanding: Number(values.outstanding),
    warmupMs: Number(values.warmup),
    measureMs: Number(values.measure),
    serverPid: values["server-pid"] === undefined ? undefined : Number(values["server-pid"]),
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

/** The port that a peer's server was given with --port. */
export function serverPort(): number {
  const { values } = parseArgs({ options: { port: { type: "string", default: "0" } }, strict: false });
  return Number(values.port);
}
