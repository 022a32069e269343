import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { DyeingService as AgentDyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { DyeingService } from "@msec/api/console/v1/dyeing_pb.js";
import { createClient, RpcError } from "@msec/rpc";
import { dialAgent, enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

describe("dye rules", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server?.[Symbol.asyncDispose]());
  const operator = () => server.operator(DyeingService);

  it("reach an agent that waits, with the time that is left to them, and leave it when somebody ends them", async () => {
    await using agent = await enrollAgent(server, "dye-host");
    const client = createClient(AgentDyeingService, agent.channel.call);
    const first = await client.watchDyeing({ appliedVersion: "", waitMs: 0 });
    assert.deepEqual(first.rules, []);
    const waiting = client.watchDyeing({ appliedVersion: first.version, waitMs: 30_000 }, { timeoutMs: 40_000 });
    const { rule } = await operator().createDyeRule({
      field: "uid",
      value: "7",
      service: "Flight.mod_flight",
      durationS: 60,
    });
    const second = await waiting;
    assert.notEqual(second.version, first.version);
    assert.deepEqual(
      second.rules.map(({ id, field, value, service, caller }) => ({ id, field, value, service, caller })),
      [{ id: rule?.id, field: "uid", value: "7", service: "Flight.mod_flight", caller: "" }],
    );
    assert.ok(second.rules[0]!.remainingMs > 50_000 && second.rules[0]!.remainingMs <= 60_000);
    const ending = client.watchDyeing({ appliedVersion: second.version, waitMs: 30_000 }, { timeoutMs: 40_000 });
    await operator().endDyeRule({ id: rule!.id });
    assert.deepEqual((await ending).rules, []);
    const { rules } = await operator().listDyeRules({});
    assert.deepEqual(
      rules.map(({ id, active, createdBy }) => [id, active, createdBy]),
      [[rule?.id, false, "operator"]],
    );
  });

  it("end by themselves", async () => {
    await operator().createDyeRule({ caller: "Web.front", durationS: 10 });
    const isActive = async () => (await operator().listDyeRules({})).rules[0]?.active;
    assert.equal(await isActive(), true);
    server.clock.offsetMs += 11_000;
    assert.equal(await isActive(), false);
    server.clock.offsetMs += 2 * 86_400_000;
    assert.equal((await operator().listDyeRules({})).rules.length, 0);
  });

  it("are told only to agents that the server knows", async () => {
    await using stranger = dialAgent(server);
    const client = createClient(AgentDyeingService, stranger.channel.call);
    await assert.rejects(client.watchDyeing({ appliedVersion: "", waitMs: 0 }), (error) => {
      return error instanceof RpcError && error.code === Code.Unauthenticated;
    });
  });

  it("survive a restart of the server", async () => {
    const { rule } = await operator().createDyeRule({ field: "uid", value: "9" });
    await server.restart();
    const { rules } = await operator().listDyeRules({});
    assert.ok(rules.some(({ id, active, field }) => id === rule?.id && active && field === "uid"));
    await operator().endDyeRule({ id: rule!.id });
  });

  it("are refused when they would dye everything, are no rules, or are too many", async () => {
    for (const rule of [
      {},
      { value: "7" },
      { field: "a b", value: "7" },
      { field: "uid", value: "x".repeat(257) },
      { field: "uid", service: "no-name" },
      { field: "uid", durationS: 5 },
      { field: "uid", durationS: 86_401 },
      { field: "uid", note: "x".repeat(201) },
    ]) {
      await assert.rejects(
        operator().createDyeRule(rule),
        (error) => error instanceof ConnectError && error.code === Code.InvalidArgument,
        JSON.stringify(rule).slice(0, 60),
      );
    }
    const several = Array.from({ length: 25 }, (_, index) =>
      operator().createDyeRule({ field: "uid", value: String(index) }),
    );
    const results = await Promise.allSettled(several);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 20);
    await assert.rejects(operator().endDyeRule({ id: "nobody" }), /no dye rule/);
  });
});
