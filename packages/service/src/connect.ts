import { reportUserError, stopSignal, UserError } from "@msec/process";
import { callingOf } from "./calling-of.ts";
import { type LaunchOptions, readLaunch } from "./launch.ts";
import { type Calling, Program } from "./program.ts";

/** How to connect. */
export type ConnectOptions = LaunchOptions & {
  /**
   * End the program gracefully at SIGTERM and SIGINT (`signal` aborts, calls are finished, telemetry handed over, exit 0), and in one line with
   * status 1 when it cannot begin. Default false: the program calls `close`, without which it does not end.
   */
  readonly stopOnSignal?: boolean;
};

/** A program that calls services and serves none. */
export type Connection = Calling &
  AsyncDisposable & {
    readonly name: string;
    /** Aborts when the program is to end. */
    readonly signal: AbortSignal;
    /**
     * Waits for calls being made, hands over the last telemetry, and lets go of everything.
     *
     * @param options.graceMs  at most so long for each of the two; default 5_000
     */
    close(options?: { readonly graceMs?: number }): Promise<void>;
  };

/**
 * Makes a program part of the system without serving anything: it calls services by name, counts and logs under its own name.
 *
 * Connects in the background; the first call by name waits for routes as long as its deadline allows.
 *
 * @throws UserError  no name, or a configuration that cannot be read
 */
export function connect(options: ConnectOptions = {}): Connection {
  try {
    return begin(options);
  } catch (error) {
    if (options.stopOnSignal !== true || !(error instanceof UserError)) throw error;
    process.exit(reportUserError(error, options.name ?? "program"));
  }
}

function begin(options: ConnectOptions): Connection {
  const launch = readLaunch(options, process.env, process.cwd());
  const program = new Program(launch);
  program.start({ service: launch.name, listen: "", instanceId: launch.instanceId, methods: [] });
  const ending = new AbortController();
  let closed: Promise<void> | undefined;
  const close = (graceMs: number) => {
    ending.abort();
    closed ??= program.close(graceMs);
    return closed;
  };
  if (options.stopOnSignal === true) {
    const { signal } = stopSignal(() => process.exit(1));
    signal.addEventListener("abort", () => void close(5_000).finally(() => process.exit(0)));
  }
  return {
    name: launch.name,
    signal: ending.signal,
    ...callingOf(program),
    close: (closeOptions) => close(closeOptions?.graceMs ?? 5_000),
    [Symbol.asyncDispose]: () => close(5_000),
  };
}
