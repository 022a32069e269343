import { setTimeout as delay } from "node:timers/promises";
import { Code, createClient, RpcError } from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { createChannel } from "../channel/create-channel.ts";

/**
 * The program `large-calls-client.ts <port> <method> <calls> <connections> <pause>`: makes all calls at once, with 1 MiB each in the direction of the method
 * (`echo` both, `text` to the server, `slow` back), and rests for `pause` milliseconds at each answer, in which it reads nothing. Sends what
 * came out.
 *
 * Calls that the channel refuses because too much waits to be sent are made again, as a caller would that has them in a queue.
 */
const [port = 0, , calls = 0, connections = 0, pauseMs = 0] = process.argv.slice(2).map(Number);
const method = process.argv[3] as "echo" | "text" | "slow";
const megabyte = 1024 * 1024;
const requests = {
  echo: { message: new Uint8Array(megabyte) },
  text: { text: "x".repeat(megabyte), number: 1 },
  slow: {},
};
const channels = Array.from({ length: connections }, () => createChannel({ address: "127.0.0.1", port }));
const clients = channels.map((channel) => createClient(EchoService, channel.call));
const cell = new Int32Array(new SharedArrayBuffer(4));
const errors = new Map<string, number>();
let answered = 0;
let refused = 0;
const before = process.resourceUsage().maxRSS;

async function call(client: (typeof clients)[number]): Promise<void> {
  for (;;) {
    try {
      await client[method](requests[method] as never, { timeoutMs: 120_000 });
      answered++;
      if (pauseMs > 0) {
        // Asleep, and not only idle: nothing is read meanwhile.
        Atomics.wait(cell, 0, 0, pauseMs);
      }
      return;
    } catch (thrown) {
      if (!(thrown instanceof RpcError && thrown.code === Code.ResourceExhausted && thrown.details.notSent)) {
        const text = String((thrown as Error).message).replace(/\d+/g, "N");
        errors.set(text, (errors.get(text) ?? 0) + 1);
        return;
      }
      refused++;
      await delay(20);
    }
  }
}

await Promise.all(Array.from({ length: calls }, (_, at) => call(clients[at % clients.length]!)));
const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
await Promise.all(channels.map((channel) => channel.close({ graceMs: 0 })));
process.send!({ answered, refused, grownBytes, errors: Object.fromEntries(errors) }, () => process.disconnect());
