import { randomBytes } from "node:crypto";
import type { BlockList } from "node:net";
import type { ServiceImpl } from "@connectrpc/connect";
import type { AlarmService } from "@msec/api/console/v1/alarms_pb.js";
import type { Log } from "@msec/process";
import { findDatabaseFailure } from "@msec/store";
import type { AlarmSeries } from "@msec/telemetry-store/alarm-series";
import type { ServerStore } from "../schema.ts";
import { AlarmPast } from "./alarm-past.ts";
import type { Cluster } from "./evaluate/cluster.ts";
import { Evaluator, type EvaluatorTimes, evaluatorTimes } from "./evaluate/evaluator.ts";
import { Lease } from "./evaluate/lease.ts";
import { createAlarmHandler } from "./handler.ts";
import { createAddressGuard } from "./notify/address-guard.ts";
import { Outbox } from "./notify/outbox.ts";
import type { SecretBox } from "./notify/secret-box.ts";
import { AlarmStore } from "./store.ts";

const leaseMs = 60_000;
const forgetEveryMs = 3_600_000;

/** Times of alarms, milliseconds; tests make them short. */
export interface AlarmTimes extends EvaluatorTimes {
  /** How often is looked whether something is due. Default 5_000. */
  readonly tickMs: number;
}

/** What holds unless something else is said. */
export const alarmTimes: AlarmTimes = { ...evaluatorTimes, tickMs: 5_000 };

/** What alarms need. */
export interface AlarmParts {
  readonly store: ServerStore;
  /** Is closed with the alarms. */
  readonly series: AlarmSeries;
  readonly secrets: SecretBox;
  readonly readCluster: () => Promise<Cluster>;
  /** Private addresses that notifications may be sent to. */
  readonly notifyAllow: BlockList;
  /** For links in messages; empty: none. */
  readonly consoleUrl: string;
  readonly log: Log;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** Milliseconds since whenever, of a clock that nobody sets: tells that the other one was. */
  readonly elapsed: () => number;
  readonly times?: Partial<AlarmTimes>;
}

/** Alarms of this server. */
export interface Alarms extends AsyncDisposable {
  readonly handler: ServiceImpl<typeof AlarmService>;
  /** Begin to judge and to send; returns at once. */
  start(): void;
  /** Judge what is due, and send what is due, now. For tests; the timer does the same. */
  runOnce(): Promise<void>;
  /** Wait for what runs, then stop. Harmless when called again. */
  close(): Promise<void>;
}

/** Prepare the alarms. Nothing is judged before `start`. */
export function openAlarms(parts: AlarmParts): Alarms {
  const { store, series, secrets, readCluster, log, now, elapsed } = parts;
  const times = { ...alarmTimes, ...parts.times };
  const lease = new Lease(store, randomBytes(8).toString("hex"), now, elapsed, leaseMs);
  const evaluator = new Evaluator({ store, series, lease, readCluster, log, now, elapsed, times });
  const guard = createAddressGuard(parts.notifyAllow);
  const outbox = new Outbox({ store, lease, secrets, guard, log, now, consoleUrl: parts.consoleUrl });
  const alarms = new AlarmStore(store, secrets, now);

  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let judging: Promise<void> | undefined;
  const sending = new Set<Promise<void>>();
  let forgottenMs = elapsed();
  const failing = { judging: false, sending: false };

  const judgeOnce = async () => {
    try {
      await evaluator.round();
      if (elapsed() >= forgottenMs + forgetEveryMs) {
        forgottenMs = elapsed();
        await alarms.forgetOld();
      }
      failing.judging = false;
    } catch (error) {
      // Said once: the next round tries again in seconds.
      if (!failing.judging) log.error("alarms were not judged; trying again", describe(error));
      failing.judging = true;
    }
  };
  const sendOnce = async () => {
    try {
      await outbox.deliver();
      failing.sending = false;
    } catch (error) {
      if (!failing.sending) log.error("notifications of alarms were not sent; trying again", describe(error));
      failing.sending = true;
    }
  };
  // A slow mail server must not hold up the next minute's verdict, nor other channels, nor a slow query the mail.
  const send = async () => {
    const mine = sendOnce();
    sending.add(mine);
    await mine;
    sending.delete(mine);
  };
  const judge = () => {
    judging ??= judgeOnce().finally(() => {
      judging = undefined;
    });
    return judging;
  };
  const tick = () => void judge().then(send);

  const closeAll = async () => {
    clearInterval(timer);
    await judging;
    await Promise.all(sending);
    // Where the database is gone too the lease runs out by itself.
    await lease.release().catch(() => {});
    await series.close();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    handler: createAlarmHandler({
      alarms,
      past: new AlarmPast(series, readCluster, now),
      outbox,
      secrets,
      changed: () => {
        if (timer !== undefined) tick();
      },
      now,
    }),
    start() {
      timer ??= setInterval(tick, times.tickMs).unref();
    },
    async runOnce() {
      await judge();
      await send();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function describe(error: unknown): { error: unknown; database?: string } {
  const failure = findDatabaseFailure(error);
  return failure === undefined ? { error } : { error, database: failure };
}
