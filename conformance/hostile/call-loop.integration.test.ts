import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { Code, MethodTable, type RpcError, type ServiceImplementation } from "@msec/rpc";
import { callHttpJson, createChannel, createUdpChannel, type Listener, listen } from "@msec/rpc-node";
import { Target } from "./target/target-service.ts";

const echo = Target.method.echo as DescMethodUnary;

/** Two services, each of which serves a call by calling the other one, for ever. */
async function circle(callOther: (listener: Listener) => () => Promise<object>) {
  let depth = 0;
  const others: (() => Promise<object>)[] = [];
  const handlersOf = (index: number) => {
    const call = () => {
      depth++;
      return others[1 - index]!();
    };
    return { echo: call, tell: call, hold: call, grow: call } as unknown as ServiceImplementation<typeof Target>;
  };
  const open = (index: number) =>
    listen({ methods: new MethodTable().add(Target, handlersOf(index)), port: 0, udp: true });
  const listeners = [await open(0), await open(1)] as const;
  others.push(...listeners.map(callOther));
  return {
    first: () => others[0]!(),
    depth: () => depth,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(listeners.map((listener) => listener.close({ graceMs: 0 })));
    },
  };
}

// The first call has no hops, so 33 handlers run: with hops 0…32.
for (const [protocol, callOther] of Object.entries({
  "SRPC over TCP": ({ port }: Listener) => {
    const channel = createChannel({ address: "127.0.0.1", port });
    return () => channel.call(echo, {});
  },
  "SRPC over UDP": ({ port }: Listener) => {
    const channel = createUdpChannel({ address: "127.0.0.1", port }, { timeoutMs: 20_000 });
    return () => channel.call(echo, {}).finally(() => (channel.inFlight === 0 ? channel.close() : undefined));
  },
  "HTTP+JSON":
    ({ port }: Listener) =>
    async () =>
      await callHttpJson({ address: "127.0.0.1", port }, { method: "target.Target.Echo", json: {} }),
})) {
  test(`R-25 services that call each other in a circle are stopped after 32 hops, ${protocol}`, async () => {
    await using services = await circle(callOther);
    await assert.rejects(services.first(), (error: RpcError) => {
      assert.equal(error.code, Code.FailedPrecondition, error.message);
      assert.match(error.message, /has been through 33 services, calls.maxHops is 32/);
      return true;
    });
    assert.equal(services.depth(), 33);
  });
}
