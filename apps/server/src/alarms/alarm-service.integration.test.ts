import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  AlarmChannelKind,
  AlarmDelivery,
  AlarmEvent,
  AlarmResolution,
  AlarmService,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { enrollAgent, startTestServer, type TestAgent, type TestServer } from "../testing/test-server.ts";
import { startHook, type TestHook } from "./testing/hook.ts";
import { ruleOf } from "./testing/rules.ts";

const service = "Flight.mod_flight";

describe("alarms through the server, its API and an agent's reports", () => {
  let server: TestServer;
  let agent: TestAgent;
  let hook: TestHook;
  before(async () => {
    hook = await startHook();
    const config = { telemetry: "embedded", notify_allow: "127.0.0.1", console_url: "https://console.example/" };
    // The test says when a minute is judged.
    server = await startTestServer(config, { tickMs: 3_600_000, settleMs: 0, recoverMs: 0 });
    agent = await enrollAgent(server, "alpha");
  });
  after(async () => {
    await agent?.channel.close({ graceMs: 0 });
    await server?.[Symbol.asyncDispose]();
    await hook?.[Symbol.asyncDispose]();
  });

  const api = () => server.operator(AlarmService);
  let sequence = 0n;
  /** Report calls of a minute as a host's agent does. */
  const report = async (minute: number, good: number, bad: number) => {
    const rows = [
      [good, 0],
      [bad, 14],
    ].filter(([count]) => count! > 0) as [number, number][];
    const calls = {
      timeS: rows.map(() => minute * 60 + 1),
      side: rows.map(() => 1),
      methodRef: rows.map(() => 1),
      peerServiceRef: rows.map(() => 0),
      peerInstanceRef: rows.map(() => 0),
      code: rows.map(([, code]) => code),
      count: rows.map(([count]) => count),
      durationUsSum: rows.map(([count]) => count * 1_000),
      bucketLength: rows.map(() => 1),
      bucketIndex: rows.map(() => 79),
      bucketCount: rows.map(([count]) => count),
    };
    const batch = toBinary(
      BatchSchema,
      create(BatchSchema, { strings: ["", "flight.flight_service.queryFlight"], calls }),
    );
    const envelopes = [{ service, instance: "127.0.0.1:7963", batch }];
    sequence++;
    for (;;) {
      try {
        await agent.client.reportTelemetry({ sequence, envelopes }, { timeoutMs: 60_000 });
        return;
      } catch (error) {
        // The engine is still starting; agents repeat too.
        if (!/telemetry store does not answer/.test(String(error))) throw error;
        await delay(50);
      }
    }
  };
  /** Let the server's clock be right after a minute, and judge it. */
  const judge = async (minute: number) => {
    server.clock.offsetMs = (minute + 1) * 60_000 + 1_000 - Date.now();
    await server.server.judgeAlarms();
  };
  const refuses = async (work: Promise<unknown>, code: Code, text: RegExp) => {
    await assert.rejects(
      work,
      (error) => error instanceof ConnectError && error.code === code && text.test(error.message),
    );
  };

  it("raises one alarm for a service with errors in the expected minute, tells of it once, and ends it", {
    timeout: 300_000,
  }, async () => {
    const start = Math.floor(Date.now() / 60_000) - 10;
    const { channel } = await api().saveAlarmChannel({
      channel: {
        name: "hook",
        enabled: true,
        kind: AlarmChannelKind.WEBHOOK,
        url: hook.url,
        secret: "hunter2",
        sendResolved: true,
      },
    });
    assert.ok(channel);
    assert.deepEqual([channel.url, channel.secret, channel.hasSecret], ["", "", true]);
    assert.equal(channel.urlHint, `${new URL(hook.url).origin}/…`);
    assert.deepEqual(
      await api()
        .testAlarmChannel({ id: channel.id })
        .then(({ ok, outcome }) => [ok, outcome]),
      [true, "accepted"],
    );
    const rule = ruleOf({
      service,
      forMinutes: 2,
      ofMinutes: 2,
      resolveMinutes: 2,
      channelIds: [channel.id],
      note: "call Ada",
    });
    const saved = (await api().saveAlarmRule({ rule })).rule;
    assert.equal(saved?.updatedBy, "operator");

    for (const [minute, bad] of [0, 20, 40, 0, 0].entries()) {
      await report(start + minute, 100 - bad, bad);
      await judge(start + minute);
      // Again, as the timer would: changes nothing.
      await server.server.judgeAlarms();
      const { open, unacknowledged } = await api().getAlarmStatus({});
      assert.deepEqual([minute, open], [minute, minute === 2 || minute === 3 ? 1 : 0]);
      if (minute !== 2) continue;
      assert.equal(unacknowledged, 1);
      const [alarm] = (await api().listAlarms({})).alarms;
      const { alarms } = await api().acknowledgeAlarms({ ids: [alarm!.id], comment: "looking" });
      assert.equal(alarms[0]?.acknowledgedBy, "operator");
      assert.equal((await api().getAlarmStatus({})).unacknowledged, 0);
    }
    assert.deepEqual(
      hook.got.slice(1).map(({ json }) => json.alarms[0].event),
      ["opened", "resolved"],
    );
    const [ended] = (await api().listAlarms({ history: true, service: "Flight.*" })).alarms;
    assert.deepEqual(
      [ended?.resolution, ended?.count, ended?.peak, ended?.lastMs],
      [AlarmResolution.GOOD, 2, 40, (start + 2) * 60_000],
    );
    await api().commentAlarm({ id: ended!.id, text: "it was the database" });
    const { notifications, comments, curve, curveFailure } = await api().getAlarm({ id: ended!.id });
    assert.deepEqual(
      notifications.map(({ event, delivery, channelName }) => [event, delivery, channelName]),
      [
        [AlarmEvent.RESOLVED, AlarmDelivery.SENT, "hook"],
        [AlarmEvent.OPENED, AlarmDelivery.SENT, "hook"],
      ],
    );
    assert.deepEqual(
      comments.map(({ text }) => text),
      ["looking", "it was the database"],
    );
    assert.equal(curveFailure, "");
    const at = curve!.timeMs.indexOf((start + 2) * 60_000);
    assert.deepEqual([curve?.values[at], curve?.upper[at], curve?.bad[at]], [40, 5, true]);

    const preview = await api().previewAlarmRule({ rule, hours: 1 });
    assert.deepEqual([preview.fired, preview.targets, preview.seen], [1, 1, 1]);
    await refuses(
      api().deleteAlarmChannel({ id: channel.id }),
      Code.FailedPrecondition,
      /the rule "errors" tells the channel "hook"/,
    );
    await api().deleteAlarmRule({ id: saved!.id });
    await api().deleteAlarmChannel({ id: channel.id });
    assert.doesNotMatch(server.log.join(""), /hunter2|secret-path/, "nothing secret is in the log");
  });

  it("names what is wrong with what people ask", async () => {
    const pattern = ruleOf({
      name: "pattern",
      service,
      subject: AlarmSubject.LOG,
      logWhere: "uid = 7 and text =~ 'a(?=b)'",
    });
    const place = /log_where: the expression cannot be read at character 21: "a\(\?=b\)" is no regular expression/;
    await refuses(api().saveAlarmRule({ rule: pattern }), Code.InvalidArgument, place);
    await refuses(api().previewAlarmRule({ rule: pattern }), Code.InvalidArgument, place);
    const readable = { ...pattern, logWhere: "uid = 7 and text =~ 'a|b'" };
    assert.equal((await api().saveAlarmRule({ rule: readable })).rule?.logWhere, readable.logWhere);
    await refuses(
      api().saveAlarmRule({ rule: ruleOf({ threshold: Number.NaN }) }),
      Code.InvalidArgument,
      /threshold is NaN/,
    );
    await refuses(api().saveAlarmRule({}), Code.InvalidArgument, /rule is missing/);
    await refuses(api().saveAlarmRule({ rule: ruleOf({ channelIds: ["x"] }) }), Code.NotFound, /no channel "x"/);
    await refuses(api().saveAlarmRule({ rule: ruleOf({ id: "x" }) }), Code.NotFound, /no rule "x"/);
    await api().saveAlarmRule({ rule: ruleOf({ name: "twice" }) });
    await refuses(
      api().saveAlarmRule({ rule: ruleOf({ name: "twice" }) }),
      Code.AlreadyExists,
      /a rule named "twice" exists/,
    );
    await refuses(api().getAlarm({ id: "x" }), Code.NotFound, /no alarm "x"/);
    await refuses(api().acknowledgeAlarms({ ids: [] }), Code.InvalidArgument, /ids has 0 entries/);
    await refuses(api().acknowledgeAlarms({ ids: ["x"] }), Code.NotFound, /no alarm "x"/);
    await refuses(api().commentAlarm({ id: "x", text: " " }), Code.InvalidArgument, /text has 0 characters/);
    await refuses(api().listAlarms({ limit: 501 }), Code.InvalidArgument, /limit 501/);
    await refuses(api().previewAlarmRule({ rule: ruleOf(), hours: 25 }), Code.InvalidArgument, /hours 25/);
    await refuses(api().createAlarmSilence({ silence: {}, minutes: 5 }), Code.InvalidArgument, /keep everything quiet/);
    await refuses(api().silenceAlarms({ ids: [], minutes: 5 }), Code.InvalidArgument, /ids has 0 entries/);
    await refuses(api().silenceAlarms({ ids: ["nobody"], minutes: 5 }), Code.NotFound, /no alarm "nobody"/);
    await refuses(api().silenceAlarms({ ids: ["nobody"], minutes: 43_201 }), Code.InvalidArgument, /minutes 43201/);
    await refuses(api().createAlarmSilence({ silence: { service }, minutes: 0 }), Code.InvalidArgument, /minutes 0/);
    await refuses(api().endAlarmSilence({ id: "x" }), Code.NotFound, /no silence/);
    await refuses(api().testAlarmChannel({ id: "x" }), Code.NotFound, /no channel "x"/);
  });

  it("takes fifty rules for a service, where the original took five, and no more", async () => {
    const rules = Array.from({ length: 50 }, (_, index) => ruleOf({ name: `crowd ${index}`, service: "Crowd.one" }));
    const ids: string[] = [];
    for (const rule of rules) ids.push((await api().saveAlarmRule({ rule })).rule?.id ?? "");
    const more = ruleOf({ name: "one more", service: "Crowd.one" });
    await refuses(api().saveAlarmRule({ rule: more }), Code.ResourceExhausted, /50 rules of Crowd\.one: at most 50/);
    // Another service has room of its own, and one that goes makes room.
    ids.push((await api().saveAlarmRule({ rule: { ...more, service: "Crowd.two" } })).rule?.id ?? "");
    await api().deleteAlarmRule({ id: ids.shift() ?? "" });
    ids.push((await api().saveAlarmRule({ rule: { ...more, name: "in its place" } })).rule?.id ?? "");
    for (const id of ids) await api().deleteAlarmRule({ id });
  });

  it("silences by matcher, for a time, and ends that at once", async () => {
    const { silence } = await api().createAlarmSilence({
      silence: { service: "Order.*", comment: "deploy" },
      minutes: 5,
    });
    assert.equal(silence!.untilMs - silence!.fromMs, 300_000);
    assert.deepEqual(
      (await api().listAlarmSilences({})).silences.map(({ id }) => id),
      [silence!.id],
    );
    await api().endAlarmSilence({ id: silence!.id });
    assert.deepEqual((await api().listAlarmSilences({})).silences, []);
  });
});
