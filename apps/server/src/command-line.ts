import { parseArgs } from "node:util";
import { UserError } from "@msec/process";
import { type ServerKeyName, serverKeys } from "./config/server-keys.ts";

/** What the command line says. */
export interface CommandLine {
  /** The state directory; default `.msec`. */
  readonly state: string;
  /** `msec.ini`, where one is named. */
  readonly config: string | undefined;
  /** Keys of `[server]` that the command line overrides. */
  readonly overrides: Partial<Record<ServerKeyName, string>>;
  /** Print one line of JSON when it serves, instead of text for people. */
  readonly readyJson: boolean;
  /** See `ServerOptions`. */
  readonly replaceRoutes: boolean;
  readonly help: boolean;
}

const keyNames = Object.keys(serverKeys) as ServerKeyName[];
const flagOf = (name: string) => name.replaceAll("_", "-");

/** What `--help` prints. */
export const usage = `Usage: msec server [--state <directory>] [--config <msec.ini>] [--ready-json] [--replace-routes] [--<key> <value>]…

  --state <directory>    where the server keeps what it has; default .msec
  --config <file>        configuration file; default: none
  --ready-json           print {"ready":true,"console":"…","agents":"…"} when it serves
  --replace-routes       order agents to take the database's routes even where theirs are newer (after a restore)

Keys of [server] in msec.ini can be given as flags:
${keyNames.map((name) => `  --${flagOf(name).padEnd(20)} ${serverKeys[name].summary.replaceAll("`", "")}`).join("\n")}
`;

/**
 * Read the command line.
 *
 * @param args  without the program's name
 * @throws UserError naming what is not understood, with exit status 2
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const keyOptions = Object.fromEntries(keyNames.map((name) => [flagOf(name), { type: "string" as const }]));
  const options = {
    state: { type: "string", default: ".msec" },
    config: { type: "string" },
    "ready-json": { type: "boolean", default: false },
    "replace-routes": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { ...keyOptions, ...options } });
    const texts = values as Record<string, unknown> as Record<string, string | undefined>;
    const overrides = keyNames.flatMap((name) => {
      const text = texts[flagOf(name)];
      return text === undefined ? [] : [[name, text] as const];
    });
    return {
      state: values.state,
      config: values.config,
      overrides: Object.fromEntries(overrides),
      readyJson: values["ready-json"],
      replaceRoutes: values["replace-routes"],
      help: values.help,
    };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split("\n", 1)[0] as string) : String(error);
    throw new UserError(message.replace(/\.$/, ""), {
      hint: "msec server --help lists the flags",
      exitStatus: 2,
      cause: error,
    });
  }
}
