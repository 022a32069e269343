import { unlinkSync } from "node:fs";
import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import { type Log, systemErrorCode, UserError } from "@msec/process";
import { Code, createClient, RpcError } from "@msec/rpc";
import { dialServer } from "../control/control-link.ts";
import { RetryPause } from "../control/retry.ts";
import { createKeyAndCertificate } from "./create-identity.ts";
import type { Enrolment } from "./enrolment-file.ts";
import type { Identity } from "./identity-file.ts";

/** How this host presents itself. */
export interface EnrollingHost {
  readonly hostName: string;
  /** The address under which other hosts reach the services of this one. */
  readonly address: string;
}

/**
 * Trade a one-time token for an identity, with a key made for it. Waits for a server that cannot be reached yet.
 *
 * @param read  gives the token, asked anew before each attempt: it may be replaced while the server is away
 * @throws UserError when there is no token, or the server refuses it; `signal.reason` when the signal aborts
 */
export async function enrol(
  host: EnrollingHost,
  read: () => Enrolment | undefined,
  log: Log,
  signal: AbortSignal,
  onWaiting: (why: string) => void,
): Promise<Identity> {
  const keys = createKeyAndCertificate(host.hostName);
  const pause = new RetryPause();
  for (let turn = 0; ; turn++) {
    signal.throwIfAborted();
    const enrolment = read();
    if (enrolment === undefined) throw noToken();
    const channel = dialServer({ ...keys, server: enrolment.server, serverFingerprint: enrolment.fingerprint }, turn);
    try {
      const client = createClient(ControlService, channel.call);
      const request = { token: enrolment.token, hostName: host.hostName, address: host.address };
      const { hostId } = await client.enroll(request, { timeoutMs: 10_000, signal });
      log.info("enrolled", { hostId, server: enrolment.server });
      const server = { server: enrolment.server, serverFingerprint: enrolment.fingerprint };
      return { hostId, hostName: host.hostName, ...keys, ...server };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RpcError) || !isTransient(error.code)) throw refused(error, enrolment.server);
      onWaiting(`not enrolled yet: ${error.message}`);
      await pause.wait(signal);
    } finally {
      await channel.close({ graceMs: 0 });
    }
  }
}

/** Nothing is there to enrol this host with. */
export function noToken(): UserError {
  return new UserError("this host is not enrolled and there is no enrolment token", {
    hint: "get one on the server's machine (msec token --host <name>) and start the agent with --enroll-token-file <file>",
  });
}

/** Delete a token that is used up. */
export function forgetToken(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

function isTransient(code: Code): boolean {
  return code === Code.Unavailable || code === Code.DeadlineExceeded || code === Code.ResourceExhausted;
}

function refused(error: unknown, server: string): unknown {
  if (!(error instanceof RpcError)) return error;
  return new UserError(`the server ${server} refused to enrol this host: ${error.message}`, {
    hint: "get a new one on the server's machine (msec token --host <name>)",
    cause: error,
  });
}
