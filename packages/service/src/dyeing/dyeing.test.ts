import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { DescMessage } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import { OrderService } from "../../gen/orders_pb.js";
import { eventually } from "../testing-agent.ts";
import { type OrderHandler, OrderWorld } from "../testing-orders.ts";
import { DyeRules } from "./dye-rules.ts";
import { hasFieldValue } from "./message-field.ts";

const Level = { debug: 5, error: 17 };

describe("a dye rule", () => {
  const rulesOf = (rules: object[], service = "Order.one", nowMs = { value: 0 }) => {
    const held = new DyeRules({ service, pairs: [], onDyed: () => {}, now: () => nowMs.value });
    const full = rules.map((rule) => ({
      id: "",
      field: "",
      value: "",
      service: "",
      caller: "",
      remainingMs: 1_000,
      ...rule,
    }));
    held.apply({ version: "1", rules: full as never });
    return held;
  };
  const request = { caller: "Web.front", metadata: { "x-user": "7" } };

  test("holds for what it names, and for nothing else", () => {
    const cases: [object, unknown, boolean][] = [
      [{ field: "uid", value: "7" }, { uid: 7 }, true],
      [{ field: "uid", value: "7" }, { uid: 70n }, false],
      [{ field: "user_id", value: "7" }, { userId: 7n }, true],
      [{ field: "user.name", value: "bison" }, { user: { name: "bison" } }, true],
      [{ field: "phone", value: "1" }, { contact: { case: "phone", value: "1" } }, true],
      [{ field: "X-User", value: "7" }, {}, true],
      [{ field: "uid", value: "7", caller: "Other.one" }, { uid: 7 }, false],
      [{ caller: "Web.front" }, undefined, true],
      [{ field: "uid", value: "7", service: "Other.one" }, { uid: 7 }, false],
      [{ field: "__proto__", value: "[object Object]" }, {}, false],
      [{ field: "uid", value: "" }, {}, false],
    ];
    for (const [rule, message, expected] of cases) {
      assert.equal(rulesOf([rule]).matchesArrival(request, message), expected, JSON.stringify(rule));
    }
  });

  test("ends by this process's own clock", () => {
    const nowMs = { value: 0 };
    const rules = rulesOf([{ caller: "Web.front" }], "Order.one", nowMs);
    nowMs.value = 999;
    assert.equal(rules.matchesArrival(request, undefined), true);
    nowMs.value = 1_000;
    assert.equal(rules.matchesArrival(request, undefined), false);
    assert.equal(rules.hasRules, false);
  });

  test("reads no field deeper than four names", () => {
    assert.equal(hasFieldValue({ a: { a: { a: { a: { a: 1 } } } } }, "a.a.a.a.a", "1"), false);
    assert.equal(hasFieldValue({ a: { a: { a: { a: 1 } } } }, "a.a.a.a", "1"), true);
  });

  test("reads fields of every type: repeated, maps, enumerations by name, 64 bits, bytes, Chinese", () => {
    // A descriptor has nearly all of it: a field that refers to its own type, repeated messages, an enumeration.
    const field = { name: "价格", number: 2, type: 9, label: 3, jsonName: "" };
    const file = { name: "a.proto", messageType: [{ name: "One", field: [{ ...field, name: "b" }, field] }] };
    const cases: [unknown, string, string, boolean, DescMessage?][] = [
      [file, "message_type.field.name", "价格", true, FileDescriptorProtoSchema],
      [file, "messageType.field.name", "价", false, FileDescriptorProtoSchema],
      [file, "message_type.field.type", "TYPE_STRING", true, FileDescriptorProtoSchema],
      [file, "message_type.field.type", "9", true, FileDescriptorProtoSchema],
      [file, "message_type.field.type", "TYPE_INT32", false, FileDescriptorProtoSchema],
      [{ big: -9_223_372_036_854_775_808n }, "big", "-9223372036854775808", true],
      [{ flags: [false, true] }, "flags", "true", true],
      [{ ratio: 0.1 }, "ratio", "0.1", true],
      [{ raw: Uint8Array.of(0xff, 0, 1) }, "raw", "/wAB", true],
      [{ raw: new Uint8Array(100_000) }, "raw", "/wAB", false],
      [{ labels: { user_id: "7" } }, "labels.user_id", "7", true],
      [{ labels: { a: "7" } }, "labels", "[object Object]", false],
      [{ numbers: Array.from({ length: 2_000 }, (_, index) => index) }, "numbers", "999", true],
      [{ numbers: Array.from({ length: 2_000 }, (_, index) => index) }, "numbers", "1999", false],
      [
        { fields: { big: { kind: { case: "numberValue", value: 1 } } } },
        "fields.big.number_value",
        "1",
        true,
        StructSchema,
      ],
      [
        { fields: { a: { kind: { case: "nullValue", value: 0 } } } },
        "fields.a.null_value",
        "NULL_VALUE",
        true,
        StructSchema,
      ],
      [undefined, "a", "undefined", false],
    ];
    for (const [message, path, text, expected, desc] of cases) {
      assert.equal(hasFieldValue(message, path, text, desc), expected, `${path} = ${text}`);
    }
  });
});

describe("a dyed request", () => {
  // One calls two; both would keep errors only.
  async function chain(first: OrderHandler = () => ({})) {
    const world = await OrderWorld.create();
    await world.serveAll("Order.two", [
      (_request, context) => {
        context.log.debug("in two");
        return { servedBy: "two" };
      },
    ]);
    await world.serveAll("Order.one", [
      async (request, context) => {
        await first(request, context);
        context.log.debug("in one", { n: 1 });
        return await context.call(OrderService, "Order.two").find({ id: request.id });
      },
    ]);
    return world;
  }

  test("is recorded in full in every service that it passes; another one is not", async () => {
    await using world = await chain();
    const caller = world.connect({ name: "Order.caller" });
    const client = caller.call(OrderService, "Order.one");
    await client.find({ id: "7" });
    world.agent.setDyeRules([{ field: "id", value: "7", service: "Order.one" }]);
    await eventually(() => {
      client.find({ id: "7" }).catch(() => {});
      return ["in one", "in two", 'answer: {"servedBy":"two"}'].every((text) => world.agent.logTexts().includes(text));
    }, "the rule reaches the service and the mark the next one");
    const lines = world.agent.logLines();
    assert.ok(lines.every(({ level, dyed }) => level === Level.debug && dyed));
    const texts = new Set(lines.map(({ text }) => text));
    for (const text of ["in one", 'request: {"id":"7"}', 'answer: {"servedBy":"two"}'])
      assert.ok(texts.has(text), text);
    const own = lines.find(({ text }) => text === "in one")!;
    assert.match(own.source ?? "", /^dyeing\.test\.ts:\d+$/);
    assert.equal(lines.find(({ text }) => text === "in two")?.caller, "Order.one");
    const before = world.agent.logLines().length;
    await client.find({ id: "8" });
    await caller.close();
    assert.equal(world.agent.logLines().filter(({ text }) => text.includes('"8"')).length, 0);
    assert.ok(before > 0);
  });

  test("becomes one by a field that a handler binds, and its later lines have the field", async () => {
    await using world = await chain((request, context) => {
      context.log.debug("before");
      context.log.set("uid", Number(request.id));
      return {};
    });
    const client = world.connect({ name: "Order.caller" }).call(OrderService, "Order.one");
    world.agent.setDyeRules([{ field: "uid", value: "7", service: "Order.one" }]);
    await eventually(() => {
      client.find({ id: "7" }).catch(() => {});
      return ["in one", "in two"].every((text) => world.agent.logTexts().includes(text));
    }, "the rule takes effect");
    const one = world.agent.logLines().find(({ text }) => text === "in one")!;
    assert.deepEqual(one.fields, { uid: "7", n: "1" });
    assert.equal(world.agent.logTexts().includes("before"), false);
  });

  test("is one by a pair of [COLOR], as in the original", async () => {
    await using world = await OrderWorld.create();
    const config = join(world.directory, "config.ini");
    writeFileSync(config, "[LOG]\nLevel = ERROR\n[COLOR]\nFieldName0 = QQ\nFieldValue0 = 112345\n");
    const handler: OrderHandler = (request, context) => {
      context.log.set("QQ", request.id);
      context.log.info("seen");
      return {};
    };
    const { port } = await world.serve("Order.one", handler, { config });
    const client = world.connect({ name: "Order.caller" }).call(OrderService, `127.0.0.1:${port}`);
    await client.find({ id: "1" });
    await client.find({ id: "112345" });
    await eventually(() => world.agent.logTexts().includes("seen"), "the line arrives");
    const seen = world.agent.logLines().filter(({ text }) => text === "seen");
    assert.deepEqual(
      seen.map(({ fields, dyed }) => [fields, dyed]),
      [[{ QQ: "112345" }, true]],
    );
  });

  test("keeps the span of the caller that dyed it, whatever the rate leaves out", async () => {
    await using world = await OrderWorld.create();
    const dyed = new Set<string>();
    const handler: OrderHandler = (_request, context) => {
      if (context.dyed) dyed.add(context.requestId);
      return {};
    };
    await world.serveAll("Order.one", [handler]);
    const caller = world.connect({ name: "Order.caller" });
    const client = caller.call(OrderService, "Order.one");
    // One of a million: of what is not dyed nothing is kept once it is told.
    world.agent.spanAllowance = { spansPerSecond: 1, keptShare: 1e-6 };
    const made = () => world.agent.spans().filter(({ side }) => side === 2);
    const counted = () =>
      world.agent.batches.reduce(
        (sum, { calls }) =>
          sum + (calls?.count ?? []).reduce((all, count, row) => all + (calls!.side[row] === 2 ? count : 0), 0),
        0,
      );
    for (const endMs = performance.now() + 90_000; counted() - made().length < 10 && performance.now() < endMs; ) {
      await client.find({});
      await client.find({}, { dyed: true });
      await caller.callJson("Order.one", "orders.OrderService.Find", {}, { dyed: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await caller.close();
    assert.ok(counted() - made().length >= 10, "calls are left out");
    const roots = new Set(
      made()
        .filter(({ parentSpanId }) => /^0+$/.test(parentSpanId))
        .map(({ traceId }) => traceId),
    );
    assert.deepEqual(
      [...dyed].filter((id) => !roots.has(id)),
      [],
    );
  });

  test("is one because its caller says so, also over HTTP", async () => {
    await using world = await chain();
    const caller = world.connect({ name: "Order.caller" });
    await caller.call(OrderService, "Order.one").find({ id: "1" }, { dyed: true });
    await caller.callJson("Order.one", "orders.OrderService.Find", { id: "2" }, { dyed: true });
    const texts = () => world.agent.logTexts();
    const wanted = ['request: {"id":"1"}', 'request: {"id":"2"}'];
    await eventually(
      () => texts().filter((text) => text === "in two").length === 2 && wanted.every((text) => texts().includes(text)),
      "both are recorded in each service, whose lines come in batches of their own",
    );
  });
});

describe("log lines", () => {
  test("go to the file, the store or both, and know their request where the program's own log is used", async () => {
    await using world = await OrderWorld.create();
    const config = join(world.directory, "config.ini");
    writeFileSync(config, "[LOG]\nLevel = INFO\n");
    const holder: { info?: (text: string) => void } = {};
    const handler: OrderHandler = (_request, context) => {
      context.log.local.info("file only");
      context.log.remote.info("store only");
      context.log.set("uid", 7);
      holder.info?.("by the program");
      context.log.info("secret", { password: "hunter2" });
      return {};
    };
    const service = await world.serve("Order.one", handler, { config });
    holder.info = (text) => service.log.info(text);
    service.log.set("nothing", 1);
    service.log.info("outside");
    await world.connect({ name: "Order.caller" }).call(OrderService, `127.0.0.1:${service.port}`).find({});
    await eventually(() => world.agent.logTexts().includes("secret"), "the lines arrive");
    const byText = new Map(world.agent.logLines().map((line) => [line.text, line]));
    assert.equal(byText.has("file only"), false);
    assert.equal(byText.has("store only"), true);
    assert.deepEqual(byText.get("by the program")?.fields, { uid: "7" });
    assert.equal(byText.get("by the program")?.caller, "Order.caller");
    assert.deepEqual(byText.get("outside")?.fields, {});
    assert.deepEqual(byText.get("secret")?.fields, { uid: "7", password: "[secret]" });
    assert.equal(byText.get("store only")?.function !== undefined, true);
  });
});
