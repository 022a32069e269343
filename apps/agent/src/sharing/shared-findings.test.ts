import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { FindingSchema, ServiceFindingsSchema } from "@msec/api/agent/v1/sharing_pb.js";
import { type Finding, InstanceState } from "@msec/balance";
import { checkedFindings } from "./checked-findings.ts";
import { SharedFindings } from "./shared-findings.ts";
import { mergeVoices } from "./voices.ts";

const SERVICE = "Login.mod_user";

function world() {
  const clock = { ms: 1_000_000 };
  const routed = new Set(["10.0.0.1 1", "10.0.0.1 2"]);
  const shared = new SharedFindings({
    now: () => clock.ms,
    isRouted: (service, address, port) => service === SERVICE && routed.has(`${address} ${port}`),
  });
  const tell = (pid: number, what: Partial<Finding> = {}, service = SERVICE) =>
    shared.tell({ service: `Test.p${pid}`, instance: `pid:${pid}`, pid }, service, [finding(what)]);
  return { clock, routed, shared, tell, said: () => shared.hearsayOf(SERVICE)[0] };
}

function finding(what: Partial<Finding> = {}): Finding {
  return {
    instanceId: "",
    address: "10.0.0.1",
    port: 1,
    weight: 0,
    calls: 5,
    ageMs: 0,
    leftOut: false,
    latencyRatio: 1,
    successShare: 1,
    state: InstanceState.serving,
    share: 0.5,
    latencyMs: 3,
    successRatio: 1,
    inFlight: 0,
    failuresInRow: 0,
    retryInMs: 0,
    reason: "3.0 ms, 100 % successful, 0 in flight",
    ...what,
  };
}

test("what one process found reaches the others for ten seconds after its last call", () => {
  const { clock, tell, said, shared } = world();
  tell(1, { leftOut: true, ageMs: 2_000 });
  assert.deepEqual(said(), {
    address: "10.0.0.1",
    port: 1,
    leftOut: true,
    latencyRatio: 1,
    successShare: 1,
    ageMs: 2_000,
    voices: 1,
  });
  clock.ms += 7_999;
  assert.equal(said()?.ageMs, 9_999);
  clock.ms += 1;
  assert.equal(said(), undefined);
  assert.equal(shared.hearsay().size, 0);
});

test("an instance that is as good as the others is not told of", () => {
  const { tell, said } = world();
  tell(1, { latencyRatio: 1.3, successShare: 0.95 });
  assert.equal(said(), undefined);
});

test("one lying process kills no instance that another finds well, and makes none well that two find dead", () => {
  const lie = world();
  lie.tell(1);
  lie.tell(666, { leftOut: true, latencyRatio: 1e6, successShare: 0 });
  assert.equal(lie.said(), undefined);
  const dead = world();
  dead.tell(1, { leftOut: true });
  dead.tell(2, { leftOut: true });
  dead.tell(666);
  assert.equal(dead.said()?.leftOut, true);
});

test("the median of the voices counts, of two middle ones the better", () => {
  const voice = (latencyRatio: number, successShare: number) => ({
    leftOut: false,
    latencyRatio,
    successShare,
    atMs: 0,
  });
  const merge = (...voices: ReturnType<typeof voice>[]) => mergeVoices(voices, -1);
  assert.equal(merge(), undefined);
  const three = merge(voice(2, 0.9), voice(1e6, 0), voice(3, 0.8))!;
  assert.deepEqual([three.latencyRatio, Math.round(three.successShare * 10)], [3, 8]);
  const two = merge(voice(2, 0.9), voice(1e6, 0))!;
  assert.deepEqual([two.latencyRatio, Math.round(two.successShare * 10)], [2, 9]);
  assert.equal(merge(voice(0, 1), voice(9, 1))!.latencyRatio, 9, "who has not measured has no word on it");
  assert.equal(merge(voice(1, 1), voice(9, 0)), undefined);
});

test("a process that tells again does not have two voices, and instances of no table are not kept", () => {
  const { clock, tell, said, shared, routed } = world();
  assert.equal(shared.hearsay().size, 0);
  tell(1, { leftOut: true });
  tell(1, { leftOut: true });
  assert.equal(said()?.voices, 1);
  clock.ms += 250;
  tell(1, { leftOut: true, port: 77 });
  tell(1, { leftOut: true }, "Other.service");
  assert.equal(shared.hearsay().get(SERVICE)?.length, 1);
  assert.equal(shared.hearsay().size, 1);
  routed.clear();
  assert.equal(shared.callersOf(SERVICE)[0]?.instances.length, 1);
});

test("callers are listed with what they think, until they are silent or the instance has left", () => {
  const { clock, tell, shared, routed } = world();
  tell(2, { port: 2, share: 0.25 });
  tell(1);
  assert.deepEqual(
    shared
      .callersOf(SERVICE)
      .map(({ pid, service, instances }) => [pid, service, instances[0]?.port, instances[0]?.share]),
    [
      [1, "Test.p1", 1, 0.5],
      [2, "Test.p2", 2, 0.25],
    ],
  );
  routed.delete("10.0.0.1 2");
  clock.ms += 10_000;
  shared.touch({ service: "Test.p1", instance: "pid:1", pid: 1 });
  assert.deepEqual(
    shared.callersOf(SERVICE).map(({ pid }) => pid),
    [1],
  );
  clock.ms += 15_000;
  assert.deepEqual(shared.callersOf(SERVICE), []);
});

test("of a million instances of one process a bounded number is kept", () => {
  const clock = { ms: 0 };
  const shared = new SharedFindings({ now: () => clock.ms, isRouted: () => true });
  for (let batch = 0; batch < 100; batch++) {
    const findings = Array.from({ length: 256 }, (_, row) =>
      finding({ address: `10.0.${batch}.1`, port: row + 1, leftOut: true }),
    );
    shared.tell({ service: "Test.liar", instance: "pid:9", pid: 9 }, SERVICE, findings);
  }
  assert.equal(shared.callersOf(SERVICE)[0]?.instances.length, 2_000);
  assert.equal(shared.hearsay().get(SERVICE)?.length, 1_000);
});

test("numbers that are none, out of range or too many are refused with the name of the field", () => {
  const good = {
    address: "10.0.0.1",
    port: 1,
    calls: 1,
    ageMs: 0,
    latencyRatio: 1,
    successShare: 1,
    state: "serving",
    share: 1,
    latencyMs: 1,
    successRatio: 1,
    reason: "x\u001b[2J\n",
  };
  const check = (what: object, rows = 1, service = SERVICE) =>
    checkedFindings([
      create(ServiceFindingsSchema, {
        service,
        findings: Array.from({ length: rows }, () => create(FindingSchema, { ...good, ...what })),
      }),
    ]);
  assert.equal(check({})[0]?.findings[0]?.reason, "x [2J ");
  const cases: [object, RegExp][] = [
    [{ latencyRatio: Number.NaN }, /latency_ratio NaN must be 0…1000000/],
    [{ latencyMs: 1e308 }, /latency_ms 1e\+308/],
    [{ latencyMs: Number.POSITIVE_INFINITY }, /latency_ms Infinity/],
    [{ successShare: 1.01 }, /success_share 1.01 must be 0…1/],
    [{ successRatio: -0.1 }, /success_ratio/],
    [{ ageMs: -1 }, /age_ms/],
    [{ calls: 0 }, /calls 0/],
    [{ port: 0 }, /port 0/],
    [{ port: 65_536 }, /port 65536/],
    [{ state: "dead" }, /state "dead"/],
    [{ share: Number.NaN }, /share NaN/],
    [{ retryInMs: Number.NaN }, /retry_in_ms/],
  ];
  for (const [what, message] of cases) assert.throws(() => check(what), message);
  assert.throws(() => check({}, 257), /257 findings in one exchange; at most 256/);
  assert.throws(() => check({}, 1, "no service"), /is not L1.L2/);
});
