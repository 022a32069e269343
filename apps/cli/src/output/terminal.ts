/** Where a command writes, and what the other end of it can show. */
export interface Terminal {
  /** Results: what a script reads. */
  out(text: string): void;
  /** What is for people only: progress, request ids, errors. */
  err(text: string): void;
  /** Whether results go to a person at a terminal, not to a pipe or a file. */
  readonly interactive: boolean;
  /** Whether colours may be used in results: a terminal, and NO_COLOR (https://no-color.org) not set. */
  readonly color: boolean;
}

/** The terminal of this process. Colours: NO_COLOR turns them off, FORCE_COLOR on, else a terminal has them. */
export function processTerminal(environment: NodeJS.ProcessEnv): Terminal {
  const interactive = process.stdout.isTTY === true;
  const forced = (environment.FORCE_COLOR ?? "") !== "" && environment.FORCE_COLOR !== "0";
  const forbidden = (environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb";
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    interactive,
    color: !forbidden && (interactive || forced),
  };
}
