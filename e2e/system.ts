import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "@msec/process/testing";
import { type CommandResult, type RunningCommand, runMsec, startMsec } from "./command.ts";
import { findFreePorts } from "./free-ports.ts";
import { findLeftovers } from "./leftovers.ts";

/** The ports of one system under test. */
export interface SystemPorts {
  readonly console: number;
  readonly agents: number;
  readonly user: number;
  /** The two instances of Flight.mod_flight. */
  readonly flight: readonly [number, number];
}

/** A whole system under test: `bin/msec.js start` as a real process in a directory of its own. */
export interface TestSystem extends AsyncDisposable {
  /** Where it was started, and its `msec.ini` is. */
  readonly directory: string;
  /** Its state directory. */
  readonly state: string;
  readonly ports: SystemPorts;
  readonly launcher: RunningCommand;
  /** Seconds from start to ready. */
  readonly readySeconds: number;
  /** `http://127.0.0.1:<port>`. */
  readonly consoleUrl: string;
  /** The sign-in link that the launcher printed; it can be used once. */
  readonly signInUrl: string;
  /** Run a command of `msec` on this system. */
  msec(...args: string[]): Promise<CommandResult>;
  /** Run a command that must succeed and print JSON. */
  msecJson<T = unknown>(...args: string[]): Promise<T>;
  /** Stop it as Ctrl-C does. @returns how it ended */
  stop(): Promise<CommandResult>;
}

/** What a test may ask for. */
export interface SystemOptions {
  /** `[example] traffic_per_second`; default 0: no traffic but the test's own. */
  readonly trafficPerSecond?: number;
}

/** Two minutes are promised; a test does not wait longer for a system that will not come. */
const readyTimeoutMs = 240_000;
const stopTimeoutMs = 60_000;

/**
 * Start a system of its own: temporary state, free ports. When it is disposed of, it is stopped, and a process that it left
 * behind is an error.
 *
 * @throws Error with all that the launcher printed when it does not come up
 */
export async function startSystem(options: SystemOptions = {}): Promise<TestSystem> {
  const directory = await mkdtemp(join(tmpdir(), "msec-e2e-"));
  const [console = 0, agents = 0, user = 0, flightA = 0, flightB = 0] = await findFreePorts(5);
  const ports: SystemPorts = { console, agents, user, flight: [flightA, flightB] };
  await writeFile(join(directory, "msec.ini"), settingsText(ports, options));
  const start = performance.now();
  const launcher = startMsec(["start"], directory);
  const system = createSystem(directory, ports, launcher, start);
  try {
    await waitForReady(launcher);
  } catch (error) {
    try {
      await system[Symbol.asyncDispose]();
    } catch {
      // The first error is the one to tell.
    }
    throw error;
  }
  return Object.assign(system, {
    readySeconds: (performance.now() - start) / 1000,
    signInUrl: /http:\S+\/sign-in#\S+/.exec(launcher.stdout())?.[0] ?? "",
  });
}

function createSystem(directory: string, ports: SystemPorts, launcher: RunningCommand, start: number): TestSystem {
  const state = join(directory, ".msec");
  const stop = async (): Promise<CommandResult> => {
    launcher.child.kill("SIGINT");
    return await endOf(launcher);
  };
  return {
    directory,
    state,
    ports,
    launcher,
    readySeconds: (performance.now() - start) / 1000,
    consoleUrl: `http://127.0.0.1:${ports.console}`,
    signInUrl: "",
    msec: (...args) => runMsec(args, directory),
    async msecJson<T>(...args: string[]): Promise<T> {
      const { status, stdout, stderr } = await runMsec(args, directory);
      if (status !== 0) throw new Error(`msec ${args.join(" ")} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    stop,
    async [Symbol.asyncDispose]() {
      if (launcher.child.exitCode === null && launcher.child.signalCode === null) await stop();
      await runMsec(["stop"], directory); // For tests that kill the launcher.
      const left = findLeftovers(directory);
      const logs = left.length === 0 ? "" : await readFile(join(state, "log/agent.log"), "utf8").catch(() => "");
      for (const line of left) process.kill(Number.parseInt(line, 10), "SIGKILL");
      await rm(directory, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}\n${launcher.stdout()}\n${logs}`);
    },
  };
}

async function waitForReady(launcher: RunningCommand): Promise<void> {
  const died = launcher.ended.then(({ status, stdout, stderr }) => {
    throw new Error(`the launcher ended with ${status}:\n${stdout}${stderr}`);
  });
  const ready = waitUntil(
    `the system is up`,
    () => /\/sign-in#\S+[\s\S]*stop server/.test(launcher.stdout()),
    readyTimeoutMs,
  );
  await Promise.race([ready, died]).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}\n${launcher.stdout()}`, { cause: error });
  });
  died.catch(() => {}); // From here on its end is the test's business.
}

async function endOf(launcher: RunningCommand): Promise<CommandResult> {
  const tooLong = setTimeout(() => launcher.child.kill("SIGKILL"), stopTimeoutMs);
  try {
    return await launcher.ended;
  } finally {
    clearTimeout(tooLong);
  }
}

/** The `msec.ini` of a system under test. */
export function settingsText(ports: SystemPorts, options: SystemOptions): string {
  return [
    "[server]",
    `listen = 127.0.0.1:${ports.console}`,
    `agent_listen = 127.0.0.1:${ports.agents}`,
    "[example]",
    `user_port = ${ports.user}`,
    `flight_ports = ${ports.flight.join(" ")}`,
    `traffic_per_second = ${options.trafficPerSecond ?? 0}`,
    "",
  ].join("\n");
}
