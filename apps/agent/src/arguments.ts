import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nearestName, UserError } from "@msec/process";

/** What the agent's command line says. */
export interface AgentArguments {
  /** `msec.ini`; `undefined`: defaults hold. */
  readonly config: string | undefined;
  /** The state directory, absolute. */
  readonly state: string;
  readonly enrollTokenFile: string | undefined;
  /** Stop the instances too when the agent is stopped. */
  readonly stopInstances: boolean;
  /** Say on standard output, as one line of JSON, when the agent is ready. */
  readonly readyJson: boolean;
  /** Print `usage` and end. */
  readonly help: boolean;
}

const options = {
  config: { type: "string" },
  state: { type: "string" },
  "enroll-token-file": { type: "string" },
  "stop-instances": { type: "boolean", default: false },
  "ready-json": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** What `--help` prints. */
export const usage = `Usage: node apps/agent/src/main.ts --state <directory> [--config <msec.ini>] [--enroll-token-file <file>] [--stop-instances] [--ready-json]

  --state <directory>         where the agent keeps what it has: identity, routes, spool
  --config <file>             msec.ini, of which it reads [agent]; default: none
  --enroll-token-file <file>  what the host enrols with, once: msec token --host <name> on the server's machine prints it
  --stop-instances            stop the host's instances with the agent; otherwise they go on and the next agent takes them over
  --ready-json                print {"ready":true,"name":"agent","pid":…,"listen":"<socket>"} when it serves

docs/reference/configuration.md lists the keys of [agent].
`;

/** @throws UserError naming what is wrong and what there is, with exit status 2 */
export function parseArguments(argv: readonly string[]): AgentArguments {
  const { values } = parse(argv);
  if (values.state === undefined && !values.help) {
    throw new UserError("--state is missing", { hint: "name the state directory: --state ./.msec", exitStatus: 2 });
  }
  return {
    config: values.config === undefined ? undefined : resolve(values.config),
    state: resolve(values.state ?? ""),
    enrollTokenFile: values["enroll-token-file"] === undefined ? undefined : resolve(values["enroll-token-file"]),
    stopInstances: values["stop-instances"],
    readyJson: values["ready-json"],
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
  } catch (cause) {
    const unknown = /Unknown option '(--?[^']*)'/.exec(cause instanceof Error ? cause.message : "")?.[1];
    const known = Object.keys(options).map((name) => `--${name}`);
    const nearest = unknown === undefined ? undefined : nearestName(unknown, known);
    const what =
      unknown === undefined ? String(cause instanceof Error ? cause.message : cause) : `there is no option ${unknown}`;
    throw new UserError(what, {
      hint: `${nearest === undefined ? "" : `did you mean ${nearest}? `}options: ${known.join(", ")}`,
      exitStatus: 2,
      cause,
    });
  }
}
