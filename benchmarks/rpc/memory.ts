import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { nodeEnvironment, nodeFlags } from "@msec/process";
import { createClient } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import { CommandLine } from "../lib/command-line.ts";
import { freePort, startServer } from "../lib/pinned.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { EchoService } from "./gen/echo_pb.js";

const line = new CommandLine(
  "npm run bench -- memory",
  `What idle connections cost. Opens them to ours (everything on, as echo-server.ts starts it) and to a bare node:net server, each
with the options with which the agent starts services and without, makes one call on each, and reads how much memory the
server has (VmRSS of /proc) before and after, each in a fresh process, in turn. The limit of open files (ulimit -n) must
allow for twice as many.`,
  {
    connections: { about: "how many, 1…20000", default: "10000" },
    rounds: { about: "how often, 1…100", default: "3" },
  },
);
const rounds = line.integer("rounds", 1, 100);
const megabyte = 1e6;

// No more than what our server takes (`connections.max`).
await measure(line.integer("connections", 1, 20_000));

async function measure(connections: number): Promise<void> {
  const request = await captureRequest();
  // As the agent starts services (`nodeFlags`), and by hand, both with compiled code kept from the last start.
  const kept = { NODE_COMPILE_CACHE: nodeEnvironment().NODE_COMPILE_CACHE };
  const agent = { flags: nodeFlags, environment: nodeEnvironment() };
  const hand = { flags: [], environment: kept };
  const programs = [
    { name: "msec, as the agent starts it", file: "echo-server.ts", ...agent },
    { name: "msec, `node` by hand", file: "echo-server.ts", ...hand },
    { name: "bare `node:net`, with the agent's options", file: "bare-server.ts", ...agent },
    { name: "bare `node:net`, by hand", file: "bare-server.ts", ...hand },
  ];
  const found = programs.map(() => [] as Sample[]);
  // The first round fills the cache, also with what has changed since the last run, and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const [index, { file, flags, environment }] of programs.entries()) {
      const port = await freePort();
      const program = [process.execPath, ...flags, `${import.meta.dirname}/${file}`, `--port=${port}`];
      const server = await startServer(undefined, program, environment);
      if (round < 0) {
        await server.end();
        continue;
      }
      try {
        found[index]!.push(await sample(server.pid, port, connections, request));
      } finally {
        await server.stop();
      }
    }
  }
  const spread = (samples: Sample[], pick: (sample: Sample) => number) => formatSpread(spreadOf(samples.map(pick)));
  console.log(`| ${connections} idle connections | empty, MB | with them, MB | for each, kB |`);
  console.log("|---|---|---|---|");
  for (const [index, { name }] of programs.entries()) {
    const samples = found[index]!;
    console.log(
      `| ${name} | ${spread(samples, ({ empty }) => empty)} | ${spread(samples, ({ full }) => full)} ` +
        `| ${spread(samples, ({ empty, full }) => ((full - empty) / connections) * 1_000)} |`,
    );
  }
}

type Sample = { readonly empty: number; readonly full: number };

async function sample(pid: number, port: number, connections: number, request: Buffer): Promise<Sample> {
  const sockets: Socket[] = [];
  // The first call, not the first connection, makes a server ready for what follows.
  sockets.push(await callOnce(port, request));
  const empty = await settledMegabytes(pid);
  while (sockets.length < connections) {
    const more = Math.min(100, connections - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: more }, () => callOnce(port, request)))));
  }
  const full = await settledMegabytes(pid);
  for (const socket of sockets) socket.destroy();
  return { empty, full };
}

async function callOnce(port: number, request: Buffer): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => socket.destroy());
  socket.write(request);
  await once(socket, "data");
  return socket;
}

/** Memory when it has not changed by a megabyte for three seconds: ours gives some back when it has been idle for one. */
async function settledMegabytes(pid: number): Promise<number> {
  let last = megabytes(pid);
  for (let settled = 0; settled < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = megabytes(pid);
    settled = Math.abs(now - last) < 1 ? settled + 1 : 0;
    last = now;
  }
  return last;
}

function megabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kilobytes) * 1_024) / megabyte;
}

/** The bytes of one echo call of a hundred bytes, as our own channel sends them. */
async function captureRequest(): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const channel = createChannel({ address: "127.0.0.1", port });
  const call = createClient(EchoService, channel.call, { timeoutMs: 60_000 }).echo({ message: new Uint8Array(100) });
  call.catch(() => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  await channel.close({ graceMs: 0 });
  server.close();
  return bytes;
}
