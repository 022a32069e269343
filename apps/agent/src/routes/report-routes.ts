import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ReportRoutesRequestSchema } from "@msec/api/agent/v1/control_pb.js";
import type { ControlLink } from "../control/control-link.ts";
import { sleepUnless } from "../control/retry.ts";
import type { RouteTables } from "./route-tables.ts";
import type { RouteUsers } from "./route-users.ts";

/** Said again after this also where nothing changed: the server may be another one by now. */
const REPEAT_MS = 10_000;
/** How long processes that are about to take over new tables are waited for, so that one report says it all; and how often they are looked at. */
const GATHER_MS = 100;
const BEHIND_CHECK_MS = 200;
const ANSWER_MS = 5_000;
const REFUSED_MAX = 20;
const REASON_MAX = 300;

/** Tells the server which tables this host has and which version its processes use: at each change, and every ten seconds. */
export class RouteReporter {
  readonly #tables: RouteTables;
  readonly #users: RouteUsers;
  #changed = Promise.withResolvers<void>();

  constructor(tables: RouteTables, users: RouteUsers) {
    this.#tables = tables;
    this.#users = users;
  }

  /** Something changed: report soon. */
  notify(): void {
    this.#changed.resolve();
  }

  /** Report until the signal aborts. */
  async run(link: ControlLink, signal: AbortSignal): Promise<void> {
    void this.#followTables(signal);
    await link.repeat("reporting routes", signal, async (client) => {
      this.#changed = Promise.withResolvers<void>();
      const request = this.#request();
      await client.reportRoutes(request, { timeoutMs: ANSWER_MS, signal });
      await this.#untilNext(request, signal);
    });
  }

  async #followTables(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#tables.untilChanged(signal);
      this.notify();
    }
  }

  async #untilNext(said: ReportFields, signal: AbortSignal): Promise<void> {
    const repeatMs = performance.now() + REPEAT_MS;
    while (!signal.aborted && performance.now() < repeatMs) {
      // A process that is behind may end, and nothing tells us so.
      const waitMs = (said.processesBehind ?? 0) > 0 ? BEHIND_CHECK_MS : repeatMs - performance.now();
      await sleepUnless(this.#changed.promise, waitMs, signal);
      this.#changed = Promise.withResolvers<void>();
      if (isSame(this.#request(), said)) continue;
      const gatheredMs = performance.now() + GATHER_MS;
      while ((this.#request().processesBehind ?? 0) > 0 && performance.now() < gatheredMs && !signal.aborted) {
        await sleepUnless(this.#changed.promise, gatheredMs - performance.now(), signal);
        this.#changed = Promise.withResolvers<void>();
      }
      return;
    }
  }

  #request(): ReportFields {
    const { version, generation, digest, refused, lateS } = this.#tables;
    const { used, all, behind } = this.#users.lowest(version, generation);
    return {
      appliedVersion: version,
      usedVersion: used,
      digest,
      refused: refused.slice(0, REFUSED_MAX).map(({ service, version: sent, reason }) => ({
        service: service.slice(0, 80),
        version: sent,
        reason: reason.slice(0, REASON_MAX),
      })),
      processes: all,
      processesBehind: behind,
      unsavedS: lateS,
    };
  }
}

type ReportFields = MessageInitShape<typeof ReportRoutesRequestSchema>;

function isSame(a: ReportFields, b: ReportFields): boolean {
  return (
    a.appliedVersion === b.appliedVersion &&
    a.usedVersion === b.usedVersion &&
    a.digest === b.digest &&
    a.processesBehind === b.processesBehind &&
    (a.unsavedS === 0) === (b.unsavedS === 0) &&
    a.refused?.length === b.refused?.length
  );
}
