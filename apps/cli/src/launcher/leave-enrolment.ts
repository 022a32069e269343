import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Client } from "@connectrpc/connect";
import type { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { replaceFile, type StateDirectory } from "@msec/process";
import { createEnrolment } from "../api/enrolment.ts";
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
  const { enrolment } = await createEnrolment(registry, settings.hostName ?? hostname());
  mkdirSync(join(state.path, "agent"), { recursive: true, mode: 0o700 });
  await replaceFile(join(state.path, "agent/enroll.json"), JSON.stringify(enrolment));
}
