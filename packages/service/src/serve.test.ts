import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { clone, create, createFileRegistry, type DescFile, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { UserError } from "@msec/process";
import { freePort } from "@msec/process/testing";
import { Code, Priority, RpcError, type ServiceImplementation } from "@msec/rpc";
import { admissionOf } from "./admission.ts";
import { connect } from "./connect.ts";
import type { Program } from "./program.ts";
import type { ServiceContext } from "./request-context.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { temporaryDirectory } from "./testing-agent.ts";

// `register` answers with as many letters as `pid` says.
const handlers: ServiceImplementation<typeof LocalService, ServiceContext> = {
  register: ({ pid }) => ({ hostId: "x".repeat(pid) }),
  watchRoutes: () => ({}),
  report: () => ({}),
  getStatus: () => ({}),
};
const local = { agent: false, stopOnSignal: false, name: "Test.callee" } as const;

/** A service by a configuration; what it says and where it listens. */
async function start(srpc: string, options: ServeOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const config = join(directory.path, "config.ini");
  await writeFile(config, `[SRPC]\n${srpc}\n`);
  const words: string[] = [];
  const onNotice = (text: string) => void words.push(text);
  const listen = { address: "127.0.0.1", port: 0 };
  const service = serve(LocalService, handlers, { ...local, config, onNotice, listen, ...options });
  stack.use(service);
  const { port } = await service.ready;
  const caller = stack.use(connect({ name: "Test.caller", agent: false, onNotice: () => {} }));
  const owned = stack.move();
  const callUdp = async (pid: number) =>
    await caller.call(LocalService, `127.0.0.1:${port}@udp`, { timeoutMs: 20_000 }).register({ pid });
  return { port, callUdp, words, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function rejection(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RpcError, `expected an RpcError, found ${String(error)}`);
  return error;
}

test("limits of the configuration hold, those of the program over them, and what is none is refused by its name", async () => {
  await using service = await start("[LIMITS]\nframes.maxBytes=2K\ncalls.max=50", { limits: { calls: { max: 60 } } });
  await using caller = connect({ name: "Test.caller", agent: false, onNotice: () => {} });
  const local = caller.call(LocalService, `127.0.0.1:${service.port}`, { timeoutMs: 20_000 });
  assert.equal((await local.register({ pid: 5 })).hostId, "xxxxx");
  const error = await rejection(local.register({ pid: 1, listen: "x".repeat(4_000) }));
  assert.equal(error.code, Code.ResourceExhausted);
  assert.match(error.message, /frames\.maxBytes 2048/);
  await assert.rejects(start("[LIMITS]\nframes.maxByte=2K"), /\[LIMITS\] frames\.maxByte does not exist; known are/);
  await assert.rejects(start("[LIMITS]\nframes.maxBytes=2"), /\[LIMITS\] frames\.maxBytes 2 must be an integer in/);
});

test("a service answers on its port number over UDP; what is too long for a datagram is refused", async () => {
  await using service = await start("");
  assert.equal((await service.callUdp(60_000)).hostId.length, 60_000);
  const error = await rejection(service.callUdp(66_000));
  assert.equal(error.code, Code.ResourceExhausted);
  assert.match(error.message, /does not fit in a datagram of 65507 bytes; call over TCP/);
});

for (const [srpc, isServed] of [
  ["udp = off", false],
  ["listen = 7963/tcp", false],
  ["listen = 7963/udp 7963/tcp", true],
  ["listen = 7963/tcp\nudp = any", true],
] as const) {
  test(`over UDP ${isServed ? "serves" : "does not serve"}: ${srpc.replace("\n", ", ")}`, async () => {
    await using service = await start(srpc);
    if (isServed) assert.equal((await service.callUdp(1)).hostId, "x");
    else assert.equal((await rejection(service.callUdp(1))).code, Code.Unavailable);
  });
}

async function takeUdp(): Promise<Socket & AsyncDisposable> {
  // A number that nobody has for TCP.
  const socket = createSocket("udp4").bind(await freePort(), "127.0.0.1");
  await once(socket, "listening");
  return Object.assign(socket, {
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  });
}

test("a port number that is taken for UDP is said and does without, unless UDP was asked for", async () => {
  await using taken = await takeUdp();
  const { port } = taken.address();
  const listen = { address: "127.0.0.1", port };
  {
    await using service = await start("", { listen });
    assert.equal(service.port, port);
    assert.match(service.words.join("\n"), new RegExp(`port ${port} of 127\\.0\\.0\\.1 is taken for UDP`));
  }
  await assert.rejects(
    start("udp = private", { listen }),
    (error) => error instanceof UserError && /taken for UDP by another program/.test(error.message),
  );
});

/** The service, as a file would describe it in which its methods have these values of `(msec.rpc.v1.priority)`. */
function withPriorities(service: DescService, values: Readonly<Record<string, number>>): DescService {
  const files = new Map<string, DescFile>();
  const collect = (file: DescFile) => {
    for (const dependency of file.dependencies) collect(dependency);
    files.set(file.name, file);
  };
  collect(service.file);
  const file = Array.from(files.values(), ({ proto }) => clone(FileDescriptorProtoSchema, proto));
  for (const method of file.flatMap((each) => each.service).flatMap((each) => each.method)) {
    const value = values[method.name];
    if (value === undefined) continue;
    method.options = create(MethodOptionsSchema);
    method.options.$unknown = [{ no: 50615, wireType: 0, data: Uint8Array.of(value) }];
  }
  return createFileRegistry({ $typeName: "google.protobuf.FileDescriptorSet", file }).getService(service.typeName)!;
}

test("methods have the priorities of the IDL, and those that `serve` is told before them", () => {
  const service = withPriorities(LocalService, { Register: 1, Report: 3, GetStatus: 4 });
  const program = { messageTimeoutMs: 800 } as Program;
  const name = (method: string) => `${LocalService.typeName}.${method}`;
  const { priorities } = admissionOf(service, { priorities: { report: "normal", watchRoutes: "high" } }, program);
  assert.deepEqual(
    [...priorities!].sort(),
    [
      [name("GetStatus"), Priority.Critical],
      [name("Register"), Priority.Low],
      [name("Report"), Priority.Normal],
      [name("WatchRoutes"), Priority.High],
    ].sort(),
  );
  assert.throws(() => admissionOf(service, { priorities: { report: "urgent" } }, program), UserError);
});
