import type { ServiceImpl } from "@connectrpc/connect";
import { HealthProblemKind, type HealthService } from "@msec/api/console/v1/health_pb.js";
import type { HostDirectory } from "../agents/host-directory.ts";
import { AGENT_IS_FULL } from "../agents/route-state.ts";
import { clockText, type HostClocks } from "../telemetry/host-clocks.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { STORE_IS_FULL } from "../telemetry/telemetry-error.ts";

/** An engine starts within this on a busy machine; before that nothing is wrong. */
const STORE_START_MS = 60_000;

const STORE_IS_AWAY =
  "the telemetry store has not answered since the server started: curves, logs and requests wait in the agents' spools; its reason is in the server's log";

const CLOCK_IS_WRONG =
  "its curves, logs and requests are at wrong times and alarms miss them; what is more than an hour ahead is not kept. Set it, by NTP for example";

/** Where it is looked whether all is well. */
export interface HealthParts {
  readonly telemetry: Pick<Telemetry, "isOpen" | "full" | "directory">;
  readonly hosts: Pick<HostDirectory, "list">;
  readonly clocks: Pick<HostClocks, "wrong">;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
}

/** `msec.console.v1.HealthService`: what the parts already know of themselves, in one place. */
export function createHealthHandler({ telemetry, hosts, clocks, now }: HealthParts): ServiceImpl<typeof HealthService> {
  const startedMs = now();
  return {
    getHealth() {
      const { full, isOpen, directory: subject } = telemetry;
      const problems = [];
      if (full !== undefined) {
        problems.push({
          ...{ kind: HealthProblemKind.STORE_FULL, subject, text: STORE_IS_FULL },
          sinceMs: now() - (performance.now() - full.sinceMs),
          refused: BigInt(full.refused),
        });
      }
      if (!isOpen && now() - startedMs > STORE_START_MS) {
        problems.push({ kind: HealthProblemKind.STORE_AWAY, subject, sinceMs: startedMs, text: STORE_IS_AWAY });
      }
      for (const { name, routes } of hosts.list()) {
        if (routes === undefined || routes.unsavedS === 0) continue;
        const sinceMs = now() - routes.unsavedS * 1000;
        problems.push({ kind: HealthProblemKind.AGENT_FULL, subject: name, sinceMs, text: AGENT_IS_FULL });
      }
      for (const { name, sinceMs, aheadMs, leftOutRows } of clocks.wrong(hosts.list())) {
        const text = `the host's clock is ${clockText(aheadMs)} the server's: ${CLOCK_IS_WRONG}`;
        const refused = BigInt(leftOutRows);
        problems.push({ kind: HealthProblemKind.HOST_CLOCK, subject: name, sinceMs, aheadMs, refused, text });
      }
      return { problems };
    },
  };
}
