import { parseArgs } from "node:util";
import { type Connection, closedLoop } from "./closed-loop.ts";
import { openLoop } from "./open-loop.ts";

/** The 100-byte string that every peer echoes. */
export const PAYLOAD = "0123456789".repeat(10);

/** Throws unless `length` is that of the payload: a peer that answers something else measures nothing. */
export function assertEcho(length: number | undefined): void {
  if (length !== PAYLOAD.length) throw new Error(`echo of ${length} bytes, expected ${PAYLOAD.length}`);
}

/**
 * The main program of a peer's client: reads --port, --connections, --outstanding, --warmup and --measure (milliseconds), --server-pid, runs the
 * closed loop (with --rate calls a second: the open loop) and prints its result as one JSON line.
 */
export async function clientMain<Answer>(connect: (port: number) => Promise<Connection<Answer>>): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      connections: { type: "string", default: "1" },
      outstanding: { type: "string", default: "1" },
      rate: { type: "string", default: "0" },
      warmup: { type: "string", default: "700" },
      measure: { type: "string", default: "1500" },
      "server-pid": { type: "string" },
    },
  });
  const port = Number(values.port);
  const shared = {
    connect: () => connect(port),
    connections: Number(values.connections),
    warmupMs: Number(values.warmup),
    measureMs: Number(values.measure),
  };
  const rate = Number(values.rate);
  const result =
    rate > 0
      ? await openLoop({ ...shared, ratePerSecond: rate })
      : await closedLoop({
          ...shared,
          outstanding: Number(values.outstanding),
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
