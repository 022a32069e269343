import assert from "node:assert/strict";
import { test } from "node:test";
import { FlightService, UserService, WatchService } from "../gen/flight_pb.js";
import type { CallContext } from "./call-context.ts";
import { MethodTable } from "./method-table.ts";

test("methods are found by full name, and only by it", () => {
  const methods = new MethodTable().add(UserService, { checkPassword: () => ({ valid: true }) });
  assert.equal(methods.find("flight.UserService.checkPassword")?.desc.input.typeName, "flight.CheckPasswordRequest");
  for (const name of [
    "checkPassword",
    "__proto__",
    "toString",
    "constructor",
    "",
    "flight.UserService.CheckPassword",
  ]) {
    assert.equal(methods.find(name), undefined, name);
  }
  assert.deepEqual(methods.names(), ["flight.UserService.checkPassword"]);
});

test("a service without all its handlers, or served twice, is refused, and nothing of it is added", () => {
  const methods = new MethodTable();
  assert.throws(
    () => methods.add(UserService, {} as never),
    /handlers.checkPassword of flight.UserService must be a function/,
  );
  assert.throws(() => methods.add(WatchService, {} as never), /handlers.watch of flight.WatchService must be/);
  methods.add(UserService, { checkPassword: () => ({ valid: true }) });
  assert.throws(() => methods.add(UserService, { checkPassword: () => ({ valid: true }) }), /served already/);
  assert.deepEqual(methods.names(), ["flight.UserService.checkPassword"]);
});

test("handlers keep their `this` and get the extended context", () => {
  interface Extended extends CallContext {
    readonly extra: string;
  }
  const methods = new MethodTable<Extended>((context) => ({ ...context, extra: `for ${context.method}` }) as Extended);
  const handlers = {
    seen: "",
    queryFlight(_request: unknown, context: Extended) {
      this.seen = context.extra;
      return { errcode: 0 };
    },
  };
  methods.add(FlightService, handlers);
  void methods
    .find("flight.FlightService.queryFlight")
    ?.handle({ name: "x", password: "y", departureCity: "a" }, { method: "m" } as CallContext);
  assert.equal(handlers.seen, "for m");
});

test("streaming methods are found apart from unary ones, so that a protocol without streams cannot call them", () => {
  const methods = new MethodTable().add(WatchService, {
    async *watch() {
      yield { valid: true };
    },
  });
  assert.equal(methods.find("flight.WatchService.watch"), undefined);
  assert.equal(methods.findStream("flight.WatchService.watch")?.desc.methodKind, "server_streaming");
  assert.deepEqual(methods.names(), ["flight.WatchService.watch"]);
  assert.deepEqual(methods.services(), [WatchService]);
});
