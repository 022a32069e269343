import { type ChildProcess, spawn } from "node:child_process";
import net from "node:net";
import { createInterface } from "node:readline";

/** A started server of one peer. */
export interface StartedServer {
  pid: number;
  /** End it at once. */
  stop(): Promise<void>;
  /** Let it end by itself, with its compiled code kept and what it started ended; after 20 s it is ended at once. */
  end(): Promise<void>;
}

/** A started program that answers lines with lines. */
export interface StartedProgram {
  /** Write a line, and wait for one; one after the other. */
  ask(line: string): Promise<string>;
  /** End it at once. */
  stop(): Promise<void>;
}

/** A port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function spawnPinned(
  cpu: number | undefined,
  command: readonly string[],
  environment = {},
  input: "ignore" | "pipe" = "ignore",
): ChildProcess {
  const words = cpu === undefined ? command : ["taskset", "-c", String(cpu), ...command];
  return spawn(words[0] as string, words.slice(1), {
    stdio: [input, "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
}

/**
 * Start a server pinned to one processor and wait until it prints a line that begins with `ready`.
 *
 * @param environment  beside this process's own
 *
 * @throws Error with its output when it ends or stays silent for 20 s.
 */
export async function startServer(
  cpu: number | undefined,
  command: string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<StartedServer> {
  const child = spawnPinned(cpu, command, environment);
  let output = "";
  child.stderr?.on("data", (chunk) => {
    output += chunk;
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after 20 s: ${command.join(" ")}\n${output}`)), 20_000);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      output += `${line}\n`;
      if (!line.startsWith("ready")) return;
      clearTimeout(timer);
      resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it was ready: ${command.join(" ")}\n${output}`));
    });
  });
  return {
    pid: child.pid as number,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
    async end() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await exited;
      clearTimeout(late);
    },
  };
}

/**
 * Start a program pinned to one processor that answers lines on its standard input, and wait until it prints a line that begins with `ready`.
 *
 * @throws Error with what it said on standard error when it ends, or stays silent for 20 s.
 */
export async function startProgram(cpu: number, command: readonly string[]): Promise<StartedProgram> {
  const child = spawnPinned(cpu, command, {}, "pipe");
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  async function nextLine(): Promise<string> {
    const silent = setTimeout(() => child.kill("SIGKILL"), 20_000);
    const { done, value } = await lines.next();
    clearTimeout(silent);
    if (done) throw new Error(`ended, or said nothing for 20 s: ${command.join(" ")}\n${errors}`);
    return value;
  }
  while (!(await nextLine()).startsWith("ready"));
  return {
    ask(line) {
      child.stdin?.write(`${line}\n`);
      return nextLine();
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * Run a client pinned to one processor to its end.
 *
 * @returns the JSON of the last line that it printed.
 */
export async function runClient<T>(cpu: number | undefined, command: string[], timeoutMs = 60_000): Promise<T> {
  const child = spawnPinned(cpu, command);
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  const last = output.trim().split("\n").at(-1);
  if (code !== 0 || last === undefined) throw new Error(`${command.join(" ")} ended with ${code}\n${output}${errors}`);
  return JSON.parse(last) as T;
}
