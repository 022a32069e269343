import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AlarmChannelKind, AlarmChannelSchema } from "@msec/api/console/v1/alarms_pb.js";
import { createLog } from "@msec/process";
import { type AlarmSeries, openAlarmSeries } from "@msec/telemetry-store/alarm-series";
import { openServerStore, type ServerStore } from "../../schema.ts";
import { type Alarms, openAlarms } from "../alarms.ts";
import type { Cluster } from "../evaluate/cluster.ts";
import { parseNetworks } from "../notify/address-guard.ts";
import { createSecretBox } from "../notify/secret-box.ts";
import { AlarmStore } from "../store.ts";

/** Alarms of a test's own over a real database and a real telemetry store, with a clock that the test moves. */
export interface TestAlarms extends AsyncDisposable {
  readonly store: ServerStore;
  readonly alarms: Alarms;
  readonly people: AlarmStore;
  readonly clock: { nowMs: number };
  /** Set the clock by so many milliseconds, in which no time passes. */
  setClock(byMs: number): void;
  cluster: Cluster;
  /** Let the telemetry store be dead, or come back. */
  setTelemetryDead(isDead: boolean): void;
  /** Set the clock to when a minute is settled, judge it and send. */
  judge(minute: number): Promise<void>;
  /** Let go of everything as a server that is killed: the lease stays its own. */
  abandon(): Promise<void>;
  /** Save a channel that posts to a URL. @returns its id */
  channel(url: string, changes?: MessageInitShape<typeof AlarmChannelSchema>): Promise<string>;
}

/** How long after its end the minutes of tests are settled. */
export const settleMs = 30_000;

/** With it channels of tests are kept. */
export const secrets = createSecretBox(new Uint8Array(32).fill(7));

/**
 * Open alarms.
 *
 * @param url     database, empty or migrated
 * @param socket  of the telemetry store
 * @param minute  when it begins
 */
export async function openTestAlarms(url: string, socket: string, minute: number): Promise<TestAlarms> {
  const store = await openServerStore(url);
  await store.migrate();
  const clock = { nowMs: minute * 60_000 };
  const now = () => clock.nowMs;
  let setByMs = 0;
  const alive = openAlarmSeries({ socket });
  const dead = openAlarmSeries({ socket: `${socket}.nobody` });
  let current: AlarmSeries = alive;
  const series: AlarmSeries = {
    queryCalls: (query) => current.queryCalls(query),
    querySamples: (query) => current.querySamples(query),
    queryLogs: (query) => current.queryLogs(query),
    assertPatterns: (where) => current.assertPatterns(where),
    queryEdges: (range) => current.queryEdges(range),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const people = new AlarmStore(store, secrets, now);
  const test: TestAlarms = {
    store,
    people,
    clock,
    cluster: { services: new Set(), instances: [], hosts: [] },
    alarms: openAlarms({
      store,
      series,
      secrets,
      readCluster: async () => test.cluster,
      notifyAllow: parseNetworks("127.0.0.1")!,
      consoleUrl: "http://console.example",
      log: createLog({ name: "test", level: "fatal" }),
      now,
      elapsed: () => clock.nowMs - setByMs,
      // Tests of what happens after a start or a failure set the time themselves.
      times: { recoverMs: 0, settleMs, edgesMs: 0 },
    }),
    setTelemetryDead(isDead) {
      current = isDead ? dead : alive;
    },
    setClock(byMs) {
      clock.nowMs += byMs;
      setByMs += byMs;
    },
    async judge(at) {
      clock.nowMs = (at + 1) * 60_000 + settleMs;
      await test.alarms.runOnce();
    },
    async channel(hookUrl, changes = {}) {
      const row = await people.saveChannel(
        create(AlarmChannelSchema, {
          name: `channel ${hookUrl} ${Math.random()}`,
          enabled: true,
          kind: AlarmChannelKind.WEBHOOK,
          url: hookUrl,
          sendResolved: true,
          ...changes,
        }),
      );
      return row.id;
    },
    async abandon() {
      await alive.close();
      await dead.close();
      await store.close();
    },
    async [Symbol.asyncDispose]() {
      await test.alarms.close();
      await alive.close();
      await dead.close();
      await store.close();
    },
  };
  return test;
}
