import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { freePort, TestingAgent, temporaryDirectory } from "@msec/service/testing";

const PAGE = `<html><body><h1>Words and their stories</h1>
<a class="mp3" href="/audio/apple.mp3">The apple of your eye</a>
<a href="/about.html">About</a>
<a href="audio/moon.mp3"> Once in a blue moon </a></body></html>`;

/** Two systems on this machine, each with an agent (the one for tests, which needs no server), and what they call beside them. */
export type World = AsyncDisposable & {
  /** The agent of system A. */
  readonly agent: TestingAgent;
  /** `127.0.0.1:…` of main-logic. */
  readonly mainLogic: string;
  /** `127.0.0.1:…` of the crawler of system B. */
  readonly mirror: string;
  /** A web page with two recordings. */
  readonly page: string;
  /** Runs a program of this directory to its end. @returns what it wrote */
  runProgram(file: string, ...programArguments: string[]): Promise<string>;
};

/** Starts all of it: six processes. */
export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const [agent, agentOfB] = await Promise.all(
    ["a.sock", "b.sock"].map((name) => new TestingAgent(join(directory.path, name)).start()),
  );
  if (agent === undefined || agentOfB === undefined) throw new Error("no agents");
  stack.use(agent);
  stack.use(agentOfB);
  const page = await servePage(stack);

  const jsoup = await freePort();
  const redis = await freePort();
  await Promise.all([startNode(stack, "jsoup/server.ts", jsoup), startRedis(stack, directory.path, redis)]);

  const start = async (name: string, file: string, of: TestingAgent) => {
    const port = await freePort();
    const environment = { MSEC_SERVICE: name, MSEC_AGENT: of.path, MSEC_ADDRESS: "127.0.0.1", MSEC_PORT: String(port) };
    const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "pipe"],
    });
    own(stack, child);
    await says(child, /: serving /);
    return port;
  };
  const [mainLogic, crawl, mirror] = await Promise.all([
    start("Voa.main_logic", "main-logic.ts", agent),
    start("Voa.crawl", "crawl.ts", agent),
    start("Mirror.crawl", "crawl.ts", agentOfB),
  ]);

  // What an operator registers in the console: standard services by themselves, external ones with their addresses.
  agent.setRoutes("Voa.main_logic", [mainLogic]);
  agent.setRoutes("Voa.crawl", [crawl]);
  agent.setRoutes("Voa.jsoup", [jsoup]);
  agent.setRoutes("Voa.redis", [redis]);
  agent.setRoutes("Mirror.crawl", [mirror]);
  agentOfB.setRoutes("Voa.jsoup", [jsoup]);

  const owned = stack.move();
  return {
    agent,
    mainLogic: `127.0.0.1:${mainLogic}`,
    mirror: `127.0.0.1:${mirror}`,
    page,
    runProgram,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function servePage(stack: AsyncDisposableStack): Promise<string> {
  const server: Server = createServer((_, response) => response.end(PAGE)).listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

async function startRedis(stack: AsyncDisposableStack, directory: string, port: number): Promise<void> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    await startNode(stack, "redis/server.ts", port);
    return;
  }
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory];
  const child = spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] });
  own(stack, child);
  await says(child, /Ready to accept connections/);
}

async function startNode(stack: AsyncDisposableStack, file: string, port: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  own(stack, child);
  await says(child, /ready/);
}

function own(stack: AsyncDisposableStack, child: ChildProcess): void {
  stack.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
}

// Waits until a process says that it is there; what it says afterwards is read and forgotten.
async function says(child: ChildProcess, what: RegExp): Promise<void> {
  const output = child.stdout ?? child.stderr;
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  output?.on("data", (chunk) => {
    text += String(chunk);
    if (what.test(text)) resolve();
  });
  child.once("exit", () => reject(new Error(`${child.spawnargs.join(" ")} ended: ${text}`)));
  await promise;
}

async function runProgram(file: string, ...programArguments: string[]): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...programArguments], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`${file} ended with status ${status}`);
  return text;
}
