import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Client } from "@connectrpc/connect";
import type { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { replaceFile, type StateDirectory } from "@msec/process";
import type { Settings } from "./settings.ts";

/**
 * Leave what the agent needs for its first start in `agent/enroll.json`, readable by this user alone: the server's address and
 * fingerprint, and a one-time token. Not as arguments, which everybody on the host can read.
 */
export async function leaveEnrolment(
  registry: Client<typeof RegistryService>,
  settings: Settings,
  state: StateDirectory,
): Promise<void> {
  // A token for this very name takes over the name, and with it the instances, of a host that lost its identity.
  const { token, server, serverFingerprint } = await registry.createEnrollToken({
    hostName: settings.hostName ?? hostname(),
  });
  mkdirSync(join(state.path, "agent"), { recursive: true, mode: 0o700 });
  const enrolment = { server, fingerprint: serverFingerprint, token };
  await replaceFile(join(state.path, "agent/enroll.json"), JSON.stringify(enrolment));
}
