import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Code, connect, RpcError } from "@msec/service";
import { eventually } from "@msec/service/testing";
import { Crawl, MainLogic } from "./gen/voa_pb.js";
import { startWorld } from "./world.ts";

const titles = ["The apple of your eye", "Once in a blue moon"];

// One world for all five: it is seven processes.
const world = await startWorld();
const caller = connect({ name: "Voa.test", agent: world.agent.path, onNotice: () => {} });
after(async () => {
  await caller.close();
  await world[Symbol.asyncDispose]();
});
const mainLogic = caller.call(MainLogic, "Voa.main_logic", { timeoutMs: 30_000 });
const spansOf = (method: string) => world.agent.spans().filter((span) => span.method === method && span.side === 2);

test("1: a program outside of the system calls a standard service at its address, over SRPC and over HTTP", async () => {
  const output = await world.runProgram("outside.ts", world.mainLogic, world.page);
  assert.deepEqual(JSON.parse(output), { srpc: titles, http: titles });
});

test("2: a standard service calls another one by its name, within one request", async () => {
  const answer = await mainLogic.getTitles({ url: world.page });
  assert.equal(answer.crawledBy, "Voa.crawl");
  const find = () => spansOf("voa.Crawl.GetMp3List").find(({ peerService }) => peerService === "Voa.crawl");
  await eventually(() => find() !== undefined, "its span");
  assert.ok(world.agent.spans().some((span) => span.side === 1 && span.traceId === find()?.traceId));
});

test("3: a standard service calls one with a protocol of its own, whose refusal is an error of the call", async () => {
  const crawl = caller.call(Crawl, "Voa.crawl", { timeoutMs: 30_000 });
  const { mp3s } = await crawl.getMp3List({ url: world.page });
  assert.deepEqual(
    mp3s.map(({ title, url }) => [title, url]),
    [
      [titles[0], `${world.page}audio/apple.mp3`],
      [titles[1], `${world.page}audio/moon.mp3`],
    ],
  );
  await assert.rejects(crawl.getMp3List({ url: "no url" }), (error) => {
    assert.ok(error instanceof RpcError);
    assert.equal(error.code, Code.FailedPrecondition);
    return /the crawler refused: .*no url/.test(error.message);
  });
  await eventually(() => spansOf("Jsoup.Crawl").some(({ code }) => code === Code.FailedPrecondition), "its record");
  assert.ok(spansOf("Jsoup.Crawl").every(({ peerService }) => peerService === "Voa.jsoup"));
});

test("4: a standard service asks for a route, goes there with a client of its own, and says how it went", async () => {
  const first = await mainLogic.getTitles({ url: world.page });
  const second = await mainLogic.getTitles({ url: world.page });
  assert.equal(second.timesAsked, first.timesAsked + 1);
  await eventually(() => spansOf("redis.INCR").length >= 2, "its records");
  assert.ok(spansOf("redis.INCR").every(({ peerService, code }) => peerService === "Voa.redis" && code === 0));
});

test("5: a standard service calls a standard service of another system, registered here as an external one", async () => {
  const answer = await mainLogic.getTitles({ url: world.page, fromMirror: true });
  assert.equal(answer.crawledBy, "Mirror.crawl");
  assert.deepEqual(answer.titles, titles);
  await eventually(
    () => spansOf("voa.Crawl.GetMp3List").some(({ peerService }) => peerService === "Mirror.crawl"),
    "its span",
  );
  const span = spansOf("voa.Crawl.GetMp3List").find(({ peerService }) => peerService === "Mirror.crawl");
  assert.equal(span?.peerInstance, world.mirror);
});
