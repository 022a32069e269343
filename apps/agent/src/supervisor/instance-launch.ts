import { accessSync, constants } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import { type Launch, nodeEnvironment, nodeFlags, nodeProgram, readServiceConfig, UserError } from "@msec/process";
import { limitLaunch } from "./launch-limits.ts";
import { processVariable } from "./process-variable.ts";

/** The environment variable by which an agent that adopts a process knows which order it was started for. */
const GENERATION_VARIABLE = "MSEC_GENERATION";

/** The directories of a service: `<root>/<L1>/<L2>/{bin,etc,log}`. */
export function serviceDirectories(root: string, service: string) {
  const directory = join(root, ...service.split("."));
  return {
    directory,
    bin: join(directory, "bin"),
    config: join(directory, "etc", "config.ini"),
    log: join(directory, "log"),
  };
}

/** `127.0.0.1:7963`; empty where the instance listens on nothing. */
export function listenOf({ address, port }: Pick<Assignment, "address" | "port">): string {
  if (port === 0) return "";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What an instance is called in file names: unique on its host, readable for people. */
export function instanceFileName({ instanceId, address, port }: Assignment): string {
  return port === 0 ? instanceId.slice(0, 16) : `${address.replaceAll(":", "-")}_${port}`;
}

/**
 * How much of an instance's output is kept: `[LOG] FileMax` files of `[LOG] FileSize` bytes, the one that is written among them.
 *
 * @returns `undefined` where its configuration cannot be read, which its start tells
 */
export function outputLimits(root: string, service: string): { maxBytes: number; keep: number } | undefined {
  try {
    const { FileMax, FileSize } = readServiceConfig(serviceDirectories(root, service).config).values.LOG;
    return { maxBytes: FileSize, keep: Math.max(1, FileMax - 1) };
  } catch {
    return undefined;
  }
}

/**
 * How to start an instance: what its own host's `etc/config.ini` names in `[SRPC] module`. TypeScript and JavaScript run with our
 * Node, anything else is executed.
 *
 * The environment is closed: nothing of the agent's own (its keys' paths, a proxy, LD_PRELOAD) reaches a service.
 *
 * @param socket  the agent's unix socket
 * @throws UserError when config.ini or the module cannot be read
 */
export function instanceLaunch(root: string, socket: string, assignment: Assignment): Launch {
  const { directory, bin, config } = serviceDirectories(root, assignment.service);
  const { module, procnum } = readServiceConfig(config).values.SRPC;
  const program = resolve(bin, module);
  const script = /\.(ts|mts|js|mjs|cjs)$/.test(program);
  try {
    accessSync(program, script ? constants.R_OK : constants.X_OK);
  } catch (cause) {
    throw new UserError(`${program} does not exist or cannot be ${script ? "read" : "executed"}`, {
      hint: `put the program there, or name it in [SRPC] module of ${config}`,
      cause,
    });
  }
  const { settings } = assignment;
  const ownProcnum = settings === undefined || settings.procnum === 0 ? procnum : settings.procnum;
  const workers = ownProcnum === "auto" ? availableParallelism() : ownProcnum;
  const launch = {
    command: script ? nodeProgram() : program,
    args: script ? [...nodeFlags, program] : [],
    cwd: bin,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LANG: "C.UTF-8",
      HOME: directory,
      MSEC_SERVICE: assignment.service,
      MSEC_INSTANCE_ID: assignment.instanceId,
      MSEC_ADDRESS: assignment.address,
      MSEC_PORT: String(assignment.port),
      MSEC_AGENT: socket,
      // Beside it, always: both names are as long, so both fit where one does.
      MSEC_LOCAL: join(dirname(socket), "local.sock"),
      MSEC_CONFIG: config,
      [GENERATION_VARIABLE]: String(assignment.generation),
      ...(script ? nodeEnvironment() : {}),
      ...(settings === undefined || settings.procnum === 0 ? {} : { MSEC_PROCNUM: String(settings.procnum) }),
    },
  };
  return limitLaunch(launch, settings, script, workers, assignment.port);
}

/** The generation that a process was started for, as it stands in its environment; 0n where that cannot be read. */
export function readGeneration(pid: number): bigint {
  const value = processVariable(pid, GENERATION_VARIABLE);
  return /^\d{1,19}$/.test(value) ? BigInt(value) : 0n;
}
