import { type Log, readChecked, writeChecked } from "@msec/process";
import { z } from "zod";

const identitySchema = z.object({
  hostId: z.string().min(1),
  hostName: z.string().min(1),
  privateKey: z.string().min(1),
  certificate: z.string().min(1),
  /** `address:port`. */
  server: z.string().min(1),
  serverFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Who this agent is, and which server it belongs to: what enrolment gave it. */
export type Identity = z.output<typeof identitySchema>;

/** Read the identity. A damaged file is set aside, which is logged, and counts as none: the host has to enrol again. */
export async function readIdentity(file: string, log: Log): Promise<Identity | undefined> {
  const found = await readChecked(file);
  if (found.status === "absent") return undefined;
  const parsed = found.status === "intact" ? identitySchema.safeParse(found.value) : undefined;
  if (parsed?.success === true) return parsed.data;
  const reason = found.status === "damaged" ? `${found.reason}; set aside as ${found.movedTo}` : "it is no identity";
  log.error(`the agent's identity cannot be used: ${reason}`, { file });
  return undefined;
}

/** Keep the identity, readable by this user alone. */
export async function writeIdentity(file: string, identity: Identity): Promise<void> {
  await writeChecked(file, identity, 0o600);
}
