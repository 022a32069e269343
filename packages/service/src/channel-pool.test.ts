import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { createClient, MethodTable } from "@msec/rpc";
import { listen } from "@msec/rpc-node";
import { ChannelPool } from "./channel-pool.ts";
import { eventually } from "./testing-agent.ts";

test("a channel is kept between calls and closed when its route is gone and its last call has ended", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const methods = new MethodTable().add(LocalService, {
    register: () => ({}),
    watchRoutes: () => ({}),
    report: () => ({}),
    getStatus: async () => {
      await held;
      return { hostId: "done" };
    },
  });
  await using listener = await listen({ methods, port: 0 });
  const place = { address: "127.0.0.1", port: listener.port };
  const pool = new ChannelPool({
    caller: "A.b",
    observer: { onServerCall() {}, onClientCall() {} },
    connectTimeoutMs: 20_000,
  });
  const channel = pool.channelTo(place, "A.c");
  assert.equal(pool.channelTo(place, "A.c"), channel);
  const running = createClient(LocalService, channel.call).getStatus({});
  await eventually(() => listener.connections === 1, "the connection");
  pool.routesChanged("A.other", [], 3);
  pool.routesChanged("A.c", [place], 4);
  assert.equal(pool.channelTo(place, "A.c"), channel);
  assert.equal(channel.routeVersion, 4);
  pool.routesChanged("A.c", [], 5);
  assert.equal(pool.size, 1, "it waits for its call");
  release();
  assert.equal((await running).hostId, "done");
  pool.sweep();
  assert.equal(pool.size, 0);
  await eventually(() => listener.connections === 0, "the end of the connection");
  await pool.close(0);
});
