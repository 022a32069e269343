import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Code, RpcError } from "@msec/rpc";
import { OrderStreams } from "../gen/orders_pb.js";
import { connect } from "./connect.ts";
import { serve } from "./serve.ts";
import { eventually, TestingAgent, temporaryDirectory } from "./testing-agent.ts";

const quiet = { stopOnSignal: false, onNotice: () => {} } as const;

/** An agent, a service of streams under it, and a caller that knows it by name. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const agent = stack.use(await new TestingAgent(join(directory.path, "agent.sock")).start());
  const left = Promise.withResolvers<void>();
  const service = stack.use(
    serve(
      OrderStreams,
      {
        async *follow({ id }, context) {
          if (id === "none") throw new RpcError(Code.NotFound, "there is no such order");
          context.onCancel(() => left.resolve());
          for (let turn = 1; ; turn++) {
            yield { id: `${id} ${turn}`, servedBy: context.metadata.tenant ?? "" };
            if (id === "short" && turn === 2) return;
          }
        },
        async placeAll(orders) {
          const ids: string[] = [];
          for await (const { id } of orders) ids.push(id);
          return { id: ids.join() };
        },
      },
      {
        ...quiet,
        name: "Test.streams",
        agent: agent.path,
        listen: { address: "127.0.0.1", port: 0 },
        queueTargetMs: 0,
      },
    ),
  );
  const { port } = await service.ready;
  const caller = stack.use(connect({ ...quiet, name: "Test.caller", agent: agent.path }));
  const owned = stack.move();
  return { agent, port, caller, left: left.promise, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("streaming methods are called by name like others, over gRPC, and are seen in the request's flow", async () => {
  await using world = await setUp();
  const { agent, port, caller } = world;
  agent.setRoutes("Test.streams", [port]);
  const client = caller.call(OrderStreams, "Test.streams", { metadata: { tenant: "a" } });
  const answers: string[] = [];
  for await (const { id, servedBy } of client.follow({ id: "short" })) answers.push(`${id} ${servedBy}`);
  assert.deepEqual(answers, ["short 1 a", "short 2 a"]);
  assert.equal((await client.placeAll([{ id: "x" }, { id: "y" }])).id, "x,y");
  const spans = () => agent.spans().filter(({ method }) => method === "orders.OrderStreams.Follow");
  await eventually(() => spans().length === 2, "both ends report their span");
  const [made, served] = [spans().find(({ side }) => side === 2), spans().find(({ side }) => side === 1)];
  assert.equal(made?.peerService, "Test.streams");
  assert.equal(served?.peerService, "Test.caller");
  // An instance of which nothing runs any more, and which has done nothing wrong.
  assert.deepEqual(
    caller.explain("Test.streams").map(({ inFlight }) => inFlight),
    [0],
  );
});

test("an address serves streams too, whether it says gRPC or not; who takes no more answers gives the call up", async () => {
  await using world = await setUp();
  for (const target of [`127.0.0.1:${world.port}`, `127.0.0.1:${world.port}@grpc`]) {
    for await (const { id } of world.caller.call(OrderStreams, target).follow({ id: "long" })) {
      assert.equal(id, "long 1");
      break;
    }
  }
  await world.left;
});

test("a stream fails with the code of the handler, and where nobody can serve it with a reason", async () => {
  await using world = await setUp();
  const follow = (target: string, id: string) => world.caller.call(OrderStreams, target).follow({ id }).next();
  const is = (code: Code, says: RegExp) => (error: RpcError) => error.code === code && says.test(error.message);
  await assert.rejects(follow(`127.0.0.1:${world.port}`, "none"), is(Code.NotFound, /no such order/));
  await assert.rejects(follow("unix:/run/x.sock", "x"), is(Code.InvalidArgument, /streams go over gRPC/));
  await assert.rejects(follow("127.0.0.1:1@udp", "x"), is(Code.InvalidArgument, /streams go over gRPC/));
  await assert.rejects(follow("127.0.0.1:1", "x"), is(Code.Unavailable, /127\.0\.0\.1:1/));
});
