import { resolve } from "node:path";
import { UserError } from "@msec/process";
import type { ChannelTls } from "@msec/rpc-node";
import type { ListenPlace } from "./listen-place.ts";
import { type ProgramConfig, readProgramConfig } from "./program-config.ts";
import { assertServiceName, findServiceName } from "./service-name.ts";
import { type CallTls, callTlsOf } from "./service-tls.ts";
import { programDirectory } from "./working-directory.ts";

/** What the surroundings of a program say: its environment (given by the agent), its directory, its configuration. */
export type Launch = {
  readonly name: string;
  readonly instanceId: string;
  /** Worker processes that the operator wants of this instance; `undefined`: what the program or its configuration says. */
  readonly procnum?: number | undefined;
  /** Where the agent wants it to listen. */
  readonly listen: ListenPlace | undefined;
  /** The agent's unix socket. */
  readonly agentPath: string | undefined;
  readonly config: ProgramConfig;
  readonly onNotice: (text: string) => void;
  readonly callTls: (target: string) => ChannelTls | undefined;
};

/** What a program says itself; comes before its surroundings. */
export type LaunchOptions = {
  /** The service's name, `L1.L2`; default MSEC_SERVICE, else from the directory `<L1>/<L2>/bin` (the working one, or the program's own). */
  readonly name?: string | undefined;
  /** The agent's unix socket; default MSEC_AGENT. `false`: none. */
  readonly agent?: string | false | undefined;
  /** The configuration file; default MSEC_CONFIG, else `../etc/config.ini` if there is one. */
  readonly config?: string | undefined;
  /** Hears, in sentences, what the program says about itself (where it listens, whether the agent is there); default standard error. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /**
   * TLS of the calls that this program makes, or a function that says it for each target (`Flight.mod_flight`, `10.0.0.7:7963`). Services called
   * by name are reached by their instances' addresses: set `serverName` to the name in their certificates. Default: without TLS.
   */
  readonly callTls?: CallTls | undefined;
};

/**
 * Puts together what a program was started with.
 *
 * @throws UserError  no name to be found, a name or port that is none, a configuration that cannot be read
 */
export function readLaunch(
  options: LaunchOptions,
  environment: NodeJS.ProcessEnv,
  cwd: string,
  mainFile: string | undefined = process.argv[1],
): Launch {
  const directory = programDirectory(environment.PWD, cwd, mainFile);
  const configFile = options.config ?? present(environment.MSEC_CONFIG);
  const agentPath = options.agent === false ? undefined : (options.agent ?? present(environment.MSEC_AGENT));
  const name = nameFrom(options.name, environment, directory);
  return {
    name,
    instanceId: environment.MSEC_INSTANCE_ID ?? "",
    procnum: procnumFrom(environment),
    listen: listenFrom(environment),
    agentPath: agentPath === undefined ? undefined : resolve(cwd, agentPath),
    config: readProgramConfig(configFile === undefined ? undefined : resolve(cwd, configFile), directory),
    onNotice: options.onNotice ?? ((text) => void process.stderr.write(`${name}: ${text}\n`)),
    callTls: callTlsOf(options.callTls),
  };
}

function nameFrom(own: string | undefined, environment: NodeJS.ProcessEnv, directory: string): string {
  if (own !== undefined) return assertServiceName(own, "name");
  const given = present(environment.MSEC_SERVICE);
  if (given !== undefined) return assertServiceName(given, "MSEC_SERVICE");
  const found = findServiceName(directory);
  if (found !== undefined) return found;
  throw new UserError(`cannot tell which service this is: ${directory} is not <L1>/<L2>/bin`, {
    hint: "set MSEC_SERVICE, such as MSEC_SERVICE=Flight.mod_flight, or pass { name }",
  });
}

function listenFrom(environment: NodeJS.ProcessEnv): ListenPlace | undefined {
  const text = present(environment.MSEC_PORT);
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UserError(`MSEC_PORT ${JSON.stringify(text)} is not a port`, { hint: "a whole number of 0…65535" });
  }
  return { address: present(environment.MSEC_ADDRESS) ?? "127.0.0.1", port };
}

function procnumFrom(environment: NodeJS.ProcessEnv): number | undefined {
  const text = present(environment.MSEC_PROCNUM);
  if (text === undefined) return undefined;
  const procnum = Number(text);
  if (!Number.isInteger(procnum) || procnum < 1 || procnum > 1024) {
    throw new UserError(`MSEC_PROCNUM ${JSON.stringify(text)} is not a number of processes`, {
      hint: "a whole number of 1…1024",
    });
  }
  return procnum;
}

// A variable that is set to nothing counts as not set.
function present(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
