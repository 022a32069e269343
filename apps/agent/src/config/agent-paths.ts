import { join } from "node:path";
import { socketPath } from "@msec/process";

/** Where an agent keeps what; see docs/decisions/0001-the-house.md. */
export interface AgentPaths {
  readonly state: string;
  /** `<state>/agent`. */
  readonly directory: string;
  readonly identity: string;
  /** What the launcher leaves for the first start: server, fingerprint and a one-time token. */
  readonly enroll: string;
  readonly routes: string;
  readonly assignment: string;
  readonly spool: string;
  /** The unix socket for the services of this host. */
  readonly socket: string;
  /** The unix socket of the local API, for programs without an SDK. */
  readonly localSocket: string;
  /** The token of the local API's loopback port. */
  readonly localToken: string;
  /** `<root>/<L1>/<L2>/{bin,etc,log}` are under it. */
  readonly root: string;
}

/** @param root  `""`: `<state>/root` */
export function agentPaths(state: string, root: string): AgentPaths {
  const directory = join(state, "agent");
  return {
    state,
    directory,
    identity: join(directory, "identity.json"),
    enroll: join(directory, "enroll.json"),
    routes: join(directory, "routes.json"),
    assignment: join(directory, "assignment.json"),
    spool: join(directory, "spool"),
    socket: socketPath(state, "agent"),
    localSocket: socketPath(state, "local"),
    localToken: join(directory, "local.token"),
    root: root === "" ? join(state, "root") : root,
  };
}
