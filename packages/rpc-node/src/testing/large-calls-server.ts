import { setTimeout as delay } from "node:timers/promises";
import { MethodTable } from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { listen } from "../listen.ts";

/**
 * The program `large-calls-server.ts <wait>`: serves `echo.EchoService` with default limits; a handler takes `wait` milliseconds, or with `quiet` until
 * none has begun for 300. Sends its port, then its memory when asked.
 */
const waitMs = process.argv[2] === "quiet" ? undefined : Number(process.argv[2]);
const quietMs = 300;
const answer = "x".repeat(1024 * 1024);
let running = 0;
let mostRunning = 0;

const held: (() => void)[] = [];
let quiet: NodeJS.Timeout | undefined;

/** Everybody goes on when nobody has come for a while: as many run at once as ever may. */
function untilQuiet(): Promise<void> {
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    for (const resolve of held.splice(0)) {
      resolve();
    }
  }, quietMs);
  return new Promise((resolve) => held.push(resolve));
}

async function wait(): Promise<void> {
  running++;
  mostRunning = Math.max(mostRunning, running);
  await (waitMs === undefined ? untilQuiet() : delay(waitMs));
  running--;
}

const methods = new MethodTable().add(EchoService, {
  async echo(request) {
    await wait();
    return request;
  },
  async slow() {
    await wait();
    return { text: answer, number: 1 };
  },
  async text(request) {
    await wait();
    return { number: request.number };
  },
});
const listener = await listen({ methods, port: 0 });
const before = process.resourceUsage().maxRSS;
process.on("message", () => {
  // In KiB, the most that there ever was: nothing is missed between two looks.
  process.send!({ grownBytes: (process.resourceUsage().maxRSS - before) * 1024, mostRunning });
});
process.on("disconnect", () => process.exit());
process.send!({ port: listener.port });
