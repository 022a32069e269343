import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  AlarmCondition,
  AlarmDelivery,
  AlarmEvent,
  AlarmResolution,
  type AlarmRule,
  AlarmScope,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { alarmLimits } from "./engine/rule.ts";
import type { Cluster } from "./evaluate/cluster.ts";
import { Lease, LeaseLost } from "./evaluate/lease.ts";
import { channelLimits } from "./notify/channel.ts";
import { silencesMax } from "./store.ts";
import { startHook, type TestHook } from "./testing/hook.ts";
import { ruleOf } from "./testing/rules.ts";
import type { TestTelemetry } from "./testing/telemetry.ts";
import { openTestAlarms, settleMs, type TestAlarms } from "./testing/test-alarms.ts";

const program = fileURLToPath(new URL("./testing/evaluate-program.ts", import.meta.url));
const flight = { host: "alpha", service: "Flight.mod_flight", instance: "10.0.0.1:7963" };

/**
 * What alarms must do on every engine; each engine's test file runs all of it.
 *
 * @param createDatabase  gives the URL of an empty database
 * @param telemetry       a telemetry store that runs
 */
export function defineAlarmCases(createDatabase: () => Promise<string>, telemetry: () => TestTelemetry): void {
  let hook: TestHook;
  before(async () => {
    hook = await startHook();
  });
  after(() => hook?.[Symbol.asyncDispose]());

  // Each case has services and minutes of its own in the one telemetry store.
  let cases = 0;
  const open = async (): Promise<TestAlarms & { service: string; start: number }> => {
    const start = Math.floor(Date.now() / 60_000) - 40;
    hook.got.length = 0;
    hook.answer = { status: 200, body: "{}" };
    const service = `Case.service_${++cases}_${Math.floor(Math.random() * 1e9)}`;
    const test = await openTestAlarms(await createDatabase(), telemetry().socket, start);
    return Object.assign(test, { service, start });
  };
  const save = (test: TestAlarms, rule: AlarmRule) => test.people.saveRule(rule, "operator");
  const list = async (test: TestAlarms, history = false) =>
    (
      await test.people.listAlarms({
        history,
        service: "",
        severity: 0,
        ruleId: "",
        unacknowledged: false,
        beforeMs: 0,
        beforeId: "",
        limit: 500,
      })
    ).alarms;

  it("raises one alarm for errors, tells once, takes the acknowledgement, goes on, and ends it", async () => {
    await using test = await open();
    const { service, start, people } = test;
    const channel = await test.channel(hook.url, { secret: "k" });
    await save(test, ruleOf({ service, channelIds: [channel], forMinutes: 2, ofMinutes: 3, note: "call Ada" }));
    const errors = [0, 10, 0, 30, 20, 0, 0];
    for (const [index, bad] of errors.entries()) {
      await telemetry().calls({ ...flight, service }, start + index, { good: 100 - bad, bad });
      await test.judge(start + index);
      const alarms = await list(test);
      if (index < 3) assert.equal(alarms.length, 0, `minute ${index}`);
      if (index === 3) {
        assert.deepEqual(
          alarms.map((one) => [one.service, one.count, one.firstMs, one.lastMs, one.peak]),
          [[service, 2, (start + 1) * 60_000, (start + 3) * 60_000, 30]],
        );
        assert.deepEqual(
          hook.got.map(({ json }) => json.alarms[0].event),
          ["opened"],
        );
        assert.match(hook.got[0]?.text ?? "", /call Ada.*http:\/\/console\.example\/alarms\//s);
        await people.acknowledge([alarms[0]!.id!], "ada", "on it");
      }
      if (index === 4) assert.deepEqual([alarms[0]?.count, alarms[0]?.acknowledgedBy], [3, "ada"]);
    }
    assert.equal((await list(test)).length, 0);
    const [ended] = await list(test, true);
    assert.deepEqual([ended?.resolution, ended?.count, ended?.peak], [AlarmResolution.GOOD, 3, 30]);
    assert.deepEqual(
      hook.got.map(({ json }) => json.alarms[0].event),
      ["opened", "resolved"],
    );
    const comments = await people.listComments(ended!.id!);
    assert.deepEqual(
      comments.map(({ author, text, acknowledges }) => [author, text, acknowledges]),
      [["ada", "on it", 1]],
    );
    const sent = await people.listNotifications(ended!.id!);
    assert.ok(sent.every(({ delivery, outcome }) => delivery === AlarmDelivery.SENT && outcome === "accepted"));
  });

  it("takes minutes that a clock skips for no silence, and goes on judging when it is set back", async () => {
    await using test = await open();
    const { service, start } = test;
    await save(test, ruleOf({ name: "silence", service, condition: AlarmCondition.SILENT }));
    await telemetry().calls({ ...flight, service }, start - 5, { good: 50, bad: 0 });
    await telemetry().calls({ ...flight, service }, start, { good: 50, bad: 0 });
    await test.judge(start);
    assert.equal((await list(test)).length, 0);
    for (const [hours, minute] of [
      [1, start + 60],
      [-1, start + 1],
      [24, start + 24 * 60 + 2],
      [-24, start + 3],
    ] as const) {
      test.setClock(hours * 3_600_000);
      await test.alarms.runOnce();
      // The minute of the step is no whole one.
      await test.judge(minute);
      assert.equal((await list(test)).length, 0, `set by ${hours} h`);
    }
    // What is silent then is told.
    await test.judge(start + 12);
    assert.deepEqual(
      (await list(test)).map(({ service: of }) => of),
      [service],
    );
  });

  it("neither fires nor ends while the telemetry store is dead, says so, and catches up", async () => {
    await using test = await open();
    const { service, start, store } = test;
    const rule = await save(test, ruleOf({ service, resolveMinutes: 3 }));
    await save(test, ruleOf({ name: "silence", service, condition: AlarmCondition.SILENT }));
    await telemetry().calls({ ...flight, service }, start, { good: 50, bad: 50 });
    await test.judge(start);
    assert.deepEqual(
      (await list(test)).map(({ ruleId }) => ruleId),
      [rule.id],
    );
    test.setTelemetryDead(true);
    for (const minute of [1, 2, 3, 4]) {
      await telemetry().calls({ ...flight, service }, start + minute, { good: 100, bad: minute === 2 ? 90 : 0 });
      await test.judge(start + minute);
    }
    const [alarm] = await list(test);
    assert.deepEqual([(await list(test)).length, alarm?.count, alarm?.ruleId], [1, 1, rule.id], "nothing changed");
    const failing = async () =>
      (await test.people.readStatus()).progress.find(({ source }) => source === "calls")?.failing_since_ms;
    assert.equal(await failing(), (start + 2) * 60_000 + settleMs, "shown as not evaluated since the first failure");
    test.setTelemetryDead(false);
    await test.judge(start + 5);
    assert.equal(await failing(), 0);
    const open5 = await list(test);
    assert.deepEqual(
      open5.map(({ ruleId, count, lastMs }) => [ruleId, count, lastMs]).filter(([id]) => id === rule.id),
      [[rule.id, 2, (start + 2) * 60_000]],
      "what happened meanwhile is judged once, later",
    );
    assert.equal(store.dialect === "sqlite" || store.dialect === "postgres", true);
  });

  it("finds silence, also of what never spoke, and not of what was taken out of routing", async () => {
    await using test = await open();
    const { service, start } = test;
    const instance = (number: number, inRouting: boolean): Cluster["instances"][number] => ({
      service,
      instance: `10.0.0.${number}:7963`,
      listens: true,
      host: "",
      inRouting,
      meantToRun: true,
      running: true,
    });
    test.cluster = {
      services: new Set([service]),
      hosts: [],
      instances: [instance(1, true), instance(2, true), instance(3, false)],
    };
    await save(
      test,
      ruleOf({ service, subject: AlarmSubject.CALLS, scope: AlarmScope.INSTANCE, condition: AlarmCondition.SILENT }),
    );
    await telemetry().calls({ ...flight, service }, start, { good: 1 });
    await test.judge(start);
    assert.deepEqual(
      (await list(test)).map((one) => one.instance),
      ["10.0.0.2:7963"],
    );
    test.cluster = { ...test.cluster, instances: [instance(1, true), instance(2, false)] };
    await telemetry().calls({ ...flight, service }, start + 1, { good: 1 });
    await test.judge(start + 1);
    const [ended] = await list(test, true);
    assert.equal(ended?.resolution, AlarmResolution.TARGET_GONE);
  });

  it("judges metrics and log lines, each of all rules by one question", async () => {
    await using test = await open();
    const { service, start } = test;
    const metric = { subject: AlarmSubject.METRIC, metric: `usr.${service}.orders` };
    await save(test, ruleOf({ name: "few", service, ...metric, condition: AlarmCondition.BELOW, threshold: 10 }));
    await save(test, ruleOf({ name: "hosts", service: "", ...metric, scope: AlarmScope.HOST, threshold: 9 }));
    await save(
      test,
      ruleOf({
        name: "log",
        service,
        subject: AlarmSubject.LOG,
        logLevel: "error",
        logText: "DISK full",
        threshold: 0,
      }),
    );
    await save(test, ruleOf({ name: "calm", service, subject: AlarmSubject.LOG, logLevel: "fatal", threshold: 0 }));
    await save(
      test,
      ruleOf({
        name: "where",
        service,
        subject: AlarmSubject.LOG,
        logWhere: 'host = alpha and text ~ "INFO line"',
        threshold: 0,
      }),
    );
    const pattern = { service, subject: AlarmSubject.LOG, threshold: 0 };
    await save(test, ruleOf({ name: "pattern", ...pattern, logWhere: "text =~ '^write \\w+: (?i)DISK'" }));
    await save(test, ruleOf({ name: "no pattern", ...pattern, logWhere: "text =~ '^disk full$'" }));
    await telemetry().sample({ ...flight, service }, start, metric.metric, 1, [4, 5.5]);
    await telemetry().log({ ...flight, service }, start, 17, "write failed: disk Full");
    await telemetry().log({ ...flight, service }, start, 9, "disk full, says an info line");
    await test.judge(start);
    assert.deepEqual((await list(test)).map((one) => [one.rule?.name, one.host, one.lastValue]).sort(), [
      ["few", "", 9.5],
      ["hosts", "alpha", 9.5],
      ["log", "", 1],
      ["pattern", "", 1],
      ["where", "", 1],
    ]);
  });

  it("folds a caller's alarm under its callee's, and tells of it when only the callee got well", async () => {
    await using test = await open();
    const { service, start } = test;
    const login = `${service}_login`;
    const channel = await test.channel(hook.url, { sendResolved: false });
    for (const name of [service, login]) {
      await save(test, ruleOf({ name, service: name, channelIds: [channel], resolveMinutes: 1 }));
    }
    const minute = async (at: number, badOfLogin: number) => {
      await telemetry().calls({ ...flight, service }, at, { good: 10, bad: 10 });
      await telemetry().calls({ ...flight, service: login }, at, { good: 10, bad: badOfLogin, caller: service });
      await test.judge(at);
    };
    await minute(start, 10);
    const alarms = await list(test);
    const cause = alarms.find((one) => one.service === login);
    assert.equal(alarms.find((one) => one.service === service)?.causeId, cause?.id);
    assert.equal(cause?.folded, 1);
    assert.deepEqual(
      hook.got.map(({ json }) => json.alarms[0].service),
      [login],
      "only the cause is told of",
    );
    assert.deepEqual((await test.people.readStatus()).open, 1);
    await minute(start + 1, 0);
    assert.deepEqual(
      hook.got.map(({ json }) => json.alarms[0].service),
      [login, service],
    );
  });

  it("folds what a silent host explains, and does not call silence what it has not seen", async () => {
    await using test = await open();
    const { service, start } = test;
    const host = (seenMinute: number): Cluster["hosts"][number] => ({
      name: "alpha",
      seenMs: seenMinute * 60_000 + 59_000,
    });
    const instances = (running: boolean): Cluster["instances"] => [
      { service, instance: flight.instance, listens: true, host: "alpha", inRouting: true, meantToRun: true, running },
    ];
    const liveness = { subject: AlarmSubject.LIVENESS, condition: AlarmCondition.SILENT };
    await save(test, ruleOf({ name: "host", service: "", scope: AlarmScope.HOST, ...liveness }));
    await save(test, ruleOf({ name: "instance", service: "*", scope: AlarmScope.INSTANCE, ...liveness }));
    test.cluster = { services: new Set([service]), hosts: [host(start)], instances: instances(true) };
    await test.judge(start);
    await test.judge(start + 1);
    assert.equal((await list(test)).length, 0, "that minute was not seen in full");
    await test.judge(start + 2);
    assert.deepEqual(
      (await list(test)).map(({ host, instance }) => [host, instance]),
      [["alpha", ""]],
    );
    test.cluster = { services: new Set([service]), hosts: [host(start)], instances: instances(false) };
    await test.judge(start + 3);
    await test.judge(start + 4);
    const alarms = await list(test);
    const cause = alarms.find((one) => one.host === "alpha");
    assert.equal(alarms.find((one) => one.instance === flight.instance)?.causeId, cause?.id);
  });

  it("is never an avalanche: few alarms of one rule in one message, few messages, the rest as one digest and one number", async () => {
    await using test = await open();
    const { service, start } = test;
    const channel = await test.channel(hook.url, { maxPerTenMinutes: 3 });
    const ofInstances = { service, scope: AlarmScope.INSTANCE, channelIds: [channel] };
    const rule = await save(test, ruleOf(ofInstances));
    const instances = Array.from({ length: 120 }, (_, index) => ({
      ...flight,
      service,
      instance: `10.0.1.${index}:1`,
    }));
    await telemetry().calls(instances, start, { bad: 1 });
    await test.judge(start);
    assert.equal((await list(test)).length, 100);
    const { overflows } = await test.people.readStatus();
    assert.deepEqual(
      overflows.map(({ rule_id, more }) => [rule_id, more]),
      [[rule.id, 20]],
    );
    const sizes = () => hook.got.map(({ json }) => json.alarms.length);
    assert.deepEqual(sizes(), [100], "one message for one rule");
    assert.match(hook.got[0]!.json.text, /100 targets, error ratio.*… and 80 more.*\/alarms\?rule=/s);
    // Three more rules, and two places left.
    for (const name of ["b", "c", "d"]) await save(test, ruleOf({ ...ofInstances, name }));
    await telemetry().calls(instances, start + 1, { bad: 1 });
    await test.judge(start + 1);
    assert.deepEqual(
      sizes().toSorted((a, b) => a - b),
      [100, 100, 200],
    );
    assert.match(
      hook.got.find(({ json }) => json.alarms.length === 200)?.json.text,
      /200 more alarms.*… and 180 more/s,
    );
    test.clock.nowMs += 5_000;
    await test.alarms.runOnce();
    assert.equal(hook.got.length, 3, "nothing more in these ten minutes");
  });

  it("keeps several alarms quiet at once, each by its rule and target, and for the longer of two times", async () => {
    await using test = await open();
    const { service, start, people } = test;
    const channel = await test.channel(hook.url, { sendResolved: false });
    await save(test, ruleOf({ service, scope: AlarmScope.INSTANCE, channelIds: [channel], resolveMinutes: 1 }));
    const instances = [1, 2, 3].map((index) => ({ ...flight, service, instance: `10.0.2.${index}:1` }));
    await telemetry().calls(instances, start, { bad: 1 });
    await test.judge(start);
    const [first, second, third] = await list(test);
    await people.silenceAlarms([first!.id!], "short", "ada", 5);
    const silences = await people.silenceAlarms([first!.id!, second!.id!], "deploy", "bob", 60);
    assert.deepEqual(
      silences.map(({ instance, until_ms, author }) => [instance, until_ms - test.clock.nowMs, author]).toSorted(),
      [first!, second!].map(({ instance }) => [instance, 3_600_000, "bob"]).toSorted(),
    );
    assert.equal((await people.listSilences()).length, 2, "no second one for the same");
    await assert.rejects(people.silenceAlarms([third!.id!, "nobody"], "", "bob", 60), /no alarm "nobody"/);
    assert.equal((await people.listSilences()).length, 2, "all or none");
    // They end, and come again: the one that is not silenced is told of.
    await telemetry().calls(instances, start + 1, { good: 1 });
    await test.judge(start + 1);
    await telemetry().calls(instances, start + 2, { bad: 1 });
    await test.judge(start + 2);
    assert.deepEqual(
      hook.got.map(({ json }) => json.alarms.map(({ instance }: { instance: string }) => instance)).at(-1),
      [third!.instance],
    );
  });

  it("keeps quiet what is silenced, and tells others when nobody acknowledges", async () => {
    await using test = await open();
    const { service, start, people } = test;
    const [first, second] = [await test.channel(hook.url), await test.channel(`${hook.url}/second`)];
    await save(
      test,
      ruleOf({ service, channelIds: [first], escalateMinutes: 2, escalateChannelIds: [second], resolveMinutes: 60 }),
    );
    const silence = { rule_id: "", service: "Case.*", instance: "", host: "", comment: "deploy", author: "ada" };
    test.clock.nowMs = start * 60_000;
    await people.createSilence(silence, 3);
    await telemetry().calls({ ...flight, service }, start, { bad: 9 });
    await test.judge(start);
    assert.deepEqual([(await list(test))[0]?.silenced, hook.got.length], [true, 0]);
    await test.judge(start + 2);
    assert.deepEqual(
      hook.got.map(({ json }) => json.alarms[0].event),
      ["opened"],
      "the silence is over",
    );
    await test.judge(start + 3);
    assert.equal(hook.got.length, 1);
    await test.judge(start + 4);
    assert.deepEqual(
      hook.got.map(({ json, url }) => [json.alarms[0].event, url.endsWith("second")]),
      [
        ["opened", false],
        ["escalated", true],
      ],
    );
    await test.judge(start + 5);
    assert.equal(hook.got.length, 2, "once");
  });

  it("tells others after the time that passed, whatever the clock was set to meanwhile", async () => {
    await using test = await open();
    const { service, start, people } = test;
    const [first, second] = [await test.channel(hook.url), await test.channel(`${hook.url}/second`)];
    await save(
      test,
      ruleOf({
        service,
        channelIds: [first],
        escalateMinutes: 10,
        escalateChannelIds: [second],
        resolveMinutes: 1_440,
      }),
    );
    await telemetry().calls({ ...flight, service }, start, { bad: 9 });
    await test.judge(start);
    const told = () => hook.got.map(({ json }) => json.alarms[0].event);
    assert.deepEqual(told(), ["opened"]);
    const quiet = { rule_id: "another", service: "", instance: "", host: "", comment: "", author: "ada" };
    await people.createSilence(quiet, 60);
    const pass = async (minutes: number) => {
      test.clock.nowMs += minutes * 60_000;
      await test.alarms.runOnce();
    };
    for (const hours of [1, -1, -24, 48]) {
      test.setClock(hours * 3_600_000);
      await pass(2);
      assert.deepEqual(told(), ["opened"], `set by ${hours} h`);
    }
    await pass(1);
    assert.deepEqual(told(), ["opened"], "nine minutes");
    await pass(1);
    assert.deepEqual(told(), ["opened", "escalated"], "ten minutes");
    const [silence] = await people.listSilences();
    assert.equal(silence!.until_ms - test.clock.nowMs, 50 * 60_000, "a silence lasts as long as it was to");
  });

  it("goes on by a clock that was set back while no server ran", async () => {
    const url = await createDatabase();
    const start = Math.floor(Date.now() / 60_000) - 40;
    const service = `Case.back_${Math.floor(Math.random() * 1e9)}`;
    hook.got.length = 0;
    hook.answer = { status: 503, body: "later" };
    const told = () => hook.got.map(({ json, url: path }) => [json.alarms[0].event, path.endsWith("second")]);
    {
      const test = await openTestAlarms(url, telemetry().socket, start);
      const [first, second] = [await test.channel(hook.url), await test.channel(`${hook.url}/second`)];
      await save(
        test,
        ruleOf({
          ...{ service, channelIds: [first], escalateMinutes: 2, escalateChannelIds: [second], resolveMinutes: 1_440 },
        }),
      );
      await telemetry().calls({ ...flight, service }, start, { bad: 9 });
      await test.judge(start);
      assert.deepEqual(told(), [["opened", false]]);
      // It ends without a word: its lease holds for another minute of its own time.
      await test.abandon();
    }
    await using test = await openTestAlarms(url, telemetry().socket, start - 24 * 60);
    hook.answer = { status: 200, body: "{}" };
    await test.alarms.runOnce();
    assert.equal(told().length, 1, "the other may be alive for all that is known");
    test.clock.nowMs += 60_000;
    await test.alarms.runOnce();
    assert.deepEqual(
      told(),
      [
        ["opened", false],
        ["opened", false],
      ],
      "what was to be tried again is",
    );
    test.clock.nowMs += 120_000;
    await test.alarms.runOnce();
    assert.deepEqual(told().at(-1), ["escalated", true]);
  });

  it("tries again with back-off under the same id, and gives up with the reason", async () => {
    await using test = await open();
    const { service, start } = test;
    const channel = await test.channel(hook.url);
    await save(test, ruleOf({ service, channelIds: [channel], resolveMinutes: 60 }));
    await telemetry().calls({ ...flight, service }, start, { bad: 9 });
    hook.answer = { status: 503, body: "busy" };
    await test.judge(start);
    for (const [index, waitS] of [5, 20, 80, 320].entries()) {
      test.clock.nowMs += waitS * 1_000 - 1;
      await test.alarms.runOnce();
      assert.equal(hook.got.length, index + 1, `not before ${waitS} s`);
      test.clock.nowMs += 1;
      await test.alarms.runOnce();
      assert.equal(hook.got.length, index + 2, `after ${waitS} s`);
    }
    test.clock.nowMs += 3_600_000;
    await test.alarms.runOnce();
    assert.equal(hook.got.length, 5);
    assert.equal(new Set(hook.got.map(({ headers }) => headers["msec-delivery"])).size, 1);
    const [alarm] = await list(test);
    const [told] = await test.people.listNotifications(alarm!.id!);
    assert.deepEqual(
      [told?.delivery, told?.event, told?.attempts, told?.outcome],
      [AlarmDelivery.FAILED, AlarmEvent.OPENED, 5, "HTTP 503: busy"],
    );
    assert.deepEqual(
      [(await test.people.getChannel(channel)).last_ok, (await test.people.getChannel(channel)).last_outcome],
      [0, "HTTP 503: busy"],
    );
  });

  it("tells by other channels while one does not answer", async () => {
    await using test = await open();
    const { service, start } = test;
    const channelIds = [await test.channel(`${hook.url}/hangs`), await test.channel(hook.url)];
    await save(test, ruleOf({ service, channelIds, scope: AlarmScope.INSTANCE, resolveMinutes: 60 }));
    const quick = async (count: number) => {
      while (hook.got.filter(({ url }) => !url.endsWith("/hangs")).length < count) await hook.arrival();
    };
    await telemetry().calls({ ...flight, service }, start, { bad: 9 });
    const first = test.judge(start);
    await quick(1);
    await telemetry().calls({ ...flight, service, instance: "10.0.0.2:7963" }, start + 1, { bad: 9 });
    const second = test.judge(start + 1);
    await quick(2);
    hook.letGo();
    await Promise.all([first, second]);
  });

  it("keeps its limits whoever saves at once, and tells each that was too late", async () => {
    await using test = await open();
    const { service, people, store } = test;
    const { db } = store;
    const atOnce = async (room: number, save: (index: number) => Promise<unknown>) => {
      const saved = await Promise.allSettled(Array.from({ length: room + 3 }, (_, index) => save(index)));
      const refused = saved.filter((one) => one.status === "rejected");
      assert.equal(refused.length, 3);
      for (const { reason } of refused) assert.match(String(reason), /at most/);
    };
    /** Copies of a row, but for `room` as many as there may be. */
    const copies = <Row extends object>(row: Row, max: number, room: number) =>
      Array.from({ length: max - room - 1 }, (_, index) => ({ ...row, id: `copy ${index}`, name: `copy ${index}` }));
    await save(test, ruleOf({ name: "first", service }));
    const rule = await db.selectFrom("alarm_rule").selectAll().executeTakeFirstOrThrow();
    await db
      .insertInto("alarm_rule")
      .values(copies(rule, alarmLimits.rulesOfService, 4))
      .execute();
    await atOnce(4, (index) => save(test, ruleOf({ name: `rule ${index}`, service })));
    const matcher = { rule_id: "", service, instance: "", host: "", comment: "", author: "ada" };
    const silence = await people.createSilence(matcher, 5);
    const silences = copies(silence, silencesMax, 3).map(({ name: _, ...row }) => row);
    await db.insertInto("alarm_silence").values(silences).execute();
    await atOnce(3, () => people.createSilence(matcher, 5));
    await test.channel(hook.url);
    const channel = await db.selectFrom("alarm_channel").selectAll().executeTakeFirstOrThrow();
    await db
      .insertInto("alarm_channel")
      .values(copies(channel, channelLimits.channels, 3))
      .execute();
    await atOnce(3, (index) => test.channel(`${hook.url}/${index}`));
    // Of a rule and the end of the channel that it names one comes first, and the other hears of it.
    const changed = (await people.listRules()).find(({ name }) => name === "first");
    const [ruled, removed] = await Promise.allSettled([
      save(test, { ...changed!, channelIds: [channel.id] }),
      people.deleteChannel(channel.id),
    ]);
    assert.deepEqual([ruled.status, removed.status].toSorted(), ["fulfilled", "rejected"]);
  });

  it("ends the alarms of a rule that was disabled, and goes on with one whose threshold changed", async () => {
    await using test = await open();
    const { service, start } = test;
    const rule = await save(test, ruleOf({ service, resolveMinutes: 60 }));
    await telemetry().calls({ ...flight, service }, start, { good: 90, bad: 10 });
    await test.judge(start);
    await save(test, { ...rule, threshold: 50 });
    await test.judge(start + 1);
    assert.equal((await list(test)).length, 1);
    await save(test, { ...rule, enabled: false });
    await test.judge(start + 2);
    assert.equal((await list(test, true))[0]?.resolution, AlarmResolution.RULE_CHANGED);
  });

  it("forgets what ended long ago, however much it is", async () => {
    await using test = await open();
    const { service, start, people, store } = test;
    await save(test, ruleOf({ service, resolveMinutes: 1 }));
    await telemetry().calls({ ...flight, service }, start, { bad: 9 });
    await test.judge(start);
    const current = await store.db.selectFrom("alarm").selectAll().executeTakeFirstOrThrow();
    const old = { ...current, is_open: 0, opened_ms: test.clock.nowMs - 91 * 86_400_000 };
    for (let chunk = 0; chunk < 6; chunk++) {
      const rows = Array.from({ length: 200 }, (_, index) => ({ ...old, id: `old ${chunk} ${index}` }));
      await store.db.insertInto("alarm").values(rows).execute();
    }
    await people.forgetOld();
    const left = await store.db.selectFrom("alarm").select("id").execute();
    assert.deepEqual(
      left.map(({ id }) => id),
      [current.id],
    );
  });

  it("lets a holder whose lease went to another write nothing", async () => {
    await using test = await open();
    const leases = ["a", "b"].map(
      (holder) =>
        new Lease(
          test.store,
          holder,
          () => test.clock.nowMs,
          () => test.clock.nowMs,
          60_000,
        ),
    );
    const [a, b] = leases as [Lease, Lease];
    assert.deepEqual([await a.take(), await b.take()], [true, false]);
    test.clock.nowMs += 60_001;
    assert.equal(await b.take(), true);
    const write = test.store.transaction(async (transaction) => {
      await transaction.insertInto("alarm_overflow").values({ rule_id: "x", more: 1 }).execute();
      await a.fence(transaction);
    });
    await assert.rejects(write, LeaseLost);
    assert.deepEqual((await test.people.readStatus()).overflows, []);
    assert.equal(await a.take(), false);
    await b.release();
    assert.equal(await a.take(), true);
  });

  it("judges each minute once with two servers at work", async () => {
    const url = await createDatabase();
    const start = Math.floor(Date.now() / 60_000) - 40;
    const service = `Case.two_${Math.floor(Math.random() * 1e9)}`;
    {
      await using test = await openTestAlarms(url, telemetry().socket, start);
      const channel = await test.channel(hook.url);
      await save(test, ruleOf({ service, channelIds: [channel], resolveMinutes: 60 }));
      // From here on all is judged: a minute that one of them misses, the other catches up with.
      await test.judge(start - 1);
    }
    hook.got.length = 0;
    hook.answer = { status: 200, body: "{}" };
    const minutes = 8;
    for (let minute = 0; minute < minutes; minute++) {
      await telemetry().calls({ ...flight, service }, start + minute, { bad: 5 });
    }
    const servers = [1, 2].map(() =>
      spawn(process.execPath, [program, url, telemetry().socket, String(start), String(minutes)], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const judged = await Promise.all(
      servers.map(async (server) => {
        let text = "";
        server.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        const [status] = await once(server, "close");
        assert.equal(status, 0);
        return Number(text);
      }),
    );
    // Of each of the five sources. Their clocks leap on their own: what the slower one lost to the other may be left to a third.
    assert.ok(judged[0]! + judged[1]! <= minutes * 5, `no minute twice: ${judged.join(" and ")}`);
    await using test = await openTestAlarms(url, telemetry().socket, start);
    await test.judge(start + minutes - 1);
    assert.deepEqual(
      (await list(test)).map(({ count }) => count),
      [minutes],
    );
    assert.equal(hook.got.length, 1);
  });
}
