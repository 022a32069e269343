import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { isAlive, readRunRecords, waitGone } from "@msec/process";
import { type Client, createClient } from "@msec/rpc";
import { type Channel, createChannel } from "@msec/rpc-node";

/** The agent as a process of its own. */
export class AgentProcess {
  readonly child: ChildProcess;
  readonly socket: string;

  private constructor(child: ChildProcess, socket: string) {
    this.child = child;
    this.socket = socket;
  }

  /** Start one and wait until it is ready. @throws what it said on standard error when it ends instead */
  static start(state: string, ...flags: string[]): Promise<AgentProcess> {
    return AgentProcess.startBehind([], state, ...flags);
  }

  /** Start one behind a command that leads elsewhere, a file system of its own for one. */
  static async startBehind(enter: readonly string[], state: string, ...flags: string[]): Promise<AgentProcess> {
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    const [command, ...args] = [...enter, process.execPath, main, "--state", state, "--ready-json", ...flags];
    const child = spawn(command!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // What another process compiled this one need not, where the run keeps it.
      env: { PATH: process.env.PATH ?? "", NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const ended = once(child, "exit").then(() => undefined);
    const line = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
    if (line === undefined) throw new Error(errors);
    return new AgentProcess(child, JSON.parse(line[0]).listen);
  }

  /** A client of its local service, on a connection of its own. @param path  of its socket, where this process sees it elsewhere */
  connect(path = this.socket): { readonly client: Client<typeof LocalService>; readonly channel: Channel } {
    const channel = createChannel({ path });
    return { client: createClient(LocalService, channel.call), channel };
  }

  /** @returns its exit status, `null` when the signal killed it */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    this.child.kill(signal);
    const [code] = await once(this.child, "exit");
    return code;
  }
}

/** End whatever a test's agents and their instances left running. */
export async function endEverything(state: string): Promise<void> {
  for (const record of readRunRecords(state)) {
    if (!isAlive(record)) continue;
    process.kill(record.role === "instance" ? -record.pid : record.pid, "SIGKILL");
    await waitGone(record);
  }
}

/** The module of a service that registers with its agent and reports a batch a tenth of a second: one process, or a controller with so many workers. */
export function registeringService(workers = 0): string {
  const from = (name: string) => JSON.stringify(import.meta.resolve(name));
  return `
import cluster from "node:cluster";
import { createServer } from "node:net";
import { LocalService } from ${from("@msec/api/agent/v1/local_pb.js")};
import { createClient } from ${from("@msec/rpc")};
import { createChannel } from ${from("@msec/rpc-node")};
const { MSEC_AGENT, MSEC_SERVICE, MSEC_ADDRESS, MSEC_PORT, MSEC_INSTANCE_ID } = process.env;
const agent = createClient(LocalService, createChannel({ path: MSEC_AGENT }).call);
const server = createServer((socket) => socket.end(String(process.pid)));
const register = () => agent.register({ service: MSEC_SERVICE, listen: MSEC_ADDRESS + ":" + MSEC_PORT, pid: process.pid, instanceId: MSEC_INSTANCE_ID, methods: [] });
let registered = false;
const isController = ${workers} > 0 && cluster.isPrimary;
if (isController) for (let worker = 0; worker < ${workers}; worker++) cluster.fork();
else server.listen(Number(MSEC_PORT), MSEC_ADDRESS, () => setInterval(async () => {
  try {
    if (!registered) await register();
    registered = true;
    await agent.report({ batch: new TextEncoder().encode(process.pid + " " + Date.now()) });
  } catch {
    registered = false;
  }
}, 100));
`;
}

/** Where a test's services live when its configuration names no other. */
export function rootOf(state: string): string {
  return join(state, "root");
}
