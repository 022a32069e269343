import assert from "node:assert/strict";
import { test } from "node:test";
import { messagesIn } from "../messages/messages.ts";
import { styleOf } from "../output/style.ts";
import type { RouteTableAnswer, Thought } from "./ask-agent.ts";
import { routeLines } from "./route-lines.ts";

const style = styleOf({ color: false });

function thought(port: number, what: Partial<Thought> = {}): Thought {
  return {
    address: "10.0.0.1",
    port,
    state: "serving",
    share: 0.5,
    latencyMs: 1.25,
    successRatio: 0.98,
    inFlight: 2,
    failuresInRow: 0,
    retryInMs: 0,
    reason: "1.3 ms, 98 % successful, 2 in flight",
    ...what,
  };
}

const dead = {
  state: "ejected",
  share: 0,
  failuresInRow: 3,
  retryInMs: 180.4,
  reason: "3 transport failures in a row",
} as const;
const table: RouteTableAnswer = {
  service: "Login.mod_user",
  version: 12,
  policy: "adaptive",
  instances: [1, 2, 3].map((port) => ({ address: "10.0.0.1", port, weight: 100, zone: port === 1 ? "az1" : "" })),
  callers: [
    {
      service: "Flight.mod_flight",
      instance: "127.0.0.1:7963",
      pid: 42,
      silentMs: 100,
      instances: [thought(1), thought(2, dead)],
    },
    { service: "Flight.traffic", instance: "pid:43", pid: 43, silentMs: 100, instances: [thought(3, { share: 1 })] },
    { service: "msec.agent", instance: "local-api", pid: 44, silentMs: 100, instances: [] },
  ],
  local: [1, 2, 3].map((port) => thought(port, { latencyMs: 0, share: 1 / 3, reason: "not measured yet" })),
};

test("each caller has a table of all instances, with what it thinks of those that it has called", () => {
  const lines = routeLines(table, { messages: messagesIn("en"), style });
  assert.equal(lines[0], "Login.mod_user  version 12, adaptive, 3 instances in routing");
  assert.equal(lines[2], "called by Flight.mod_flight 127.0.0.1:7963 (pid 42)");
  assert.match(lines[3]!, /^INSTANCE +ZONE +STATE +WEIGHT +SHARE +LATENCY +SUCCESS +IN FLIGHT +WHY$/);
  assert.match(lines[4]!, /^10\.0\.0\.1:1 +az1 +serving +100 +50\.0 % +1\.25 ms +98 % +2 {2}1\.3 ms, 98 %/);
  assert.match(lines[5]!, /^10\.0\.0\.1:2 +left out +100 +0\.0 % .* 3 transport failures in a row$/);
  assert.match(lines[6]!, /^10\.0\.0\.1:3 +– +100 .* not called yet$/);
  assert.equal(lines[8], "called by Flight.traffic (pid 43)");
  assert.equal(
    lines.some((line) => line.includes("msec.agent")),
    false,
  );
  assert.match(lines.at(-1)!, /33\.3 % +– .*not measured yet$/);
});

test("in Chinese, reasons too; without zones there is no column of them", () => {
  const instances = table.instances.map((instance) => ({ ...instance, zone: "" }));
  const lines = routeLines({ ...table, instances }, { messages: messagesIn("zh"), style });
  assert.match(lines[3]!, /^实例\/IP +状态 +权重 +占比 +时延 +成功率 +进行中 +原因$/);
  assert.match(lines[4]!, /正常 .* 1\.3 ms，成功率 98 %，进行中 2$/);
  assert.match(lines[5]!, /摘除 .* 连续失败 3 次；181 ms 后重试$/);
  assert.match(lines.at(-1)!, /尚无测量$/);
});
