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
}

const options = {
  config: { type: "string" },
  state: { type: "string" },
  "enroll-token-file": { type: "string" },
  "stop-instances": { type: "boolean", default: false },
  "ready-json": { type: "boolean", default: false },
} as const;

/** @throws UserError naming what is wrong and what there is */
export function parseArguments(argv: readonly string[]): AgentArguments {
  const { values } = parse(argv);
  if (values.state === undefined) {
    throw new UserError("--state is missing", { hint: "name the state directory: --state ./.msec" });
  }
  return {
    config: values.config === undefined ? undefined : resolve(values.config),
    state: resolve(values.state),
    enrollTokenFile: values["enroll-token-file"] === undefined ? undefined : resolve(values["enroll-token-file"]),
    stopInstances: values["stop-instances"],
    readyJson: values["ready-json"],
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
      cause,
    });
  }
}
