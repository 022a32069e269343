import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { listen } from "@msec/rpc-node";
import { file_interop } from "../gen/interop_pb.js";
import { interopMethods } from "./interop-service.ts";
import { runUnaryCases } from "./unary-cases.ts";

// Debian's own interpreter: its packages are not those of another one that may come first in the PATH.
const python = "/usr/bin/python3";
const isInstalled = spawnSync(python, ["-c", "import grpc, google.protobuf"]).status === 0;
const skip = isInstalled ? false : "not installed: Debian's python3-grpcio and python3-protobuf";
const program = (name: string) => fileURLToPath(new URL(`python/${name}.py`, import.meta.url));
const descriptor = Buffer.from(toBinary(FileDescriptorProtoSchema, file_interop.proto)).toString("base64");
const env = { PATH: process.env.PATH, INTEROP_DESCRIPTOR: descriptor, PYTHONDONTWRITEBYTECODE: "1" };

test("the C++ core's Python client passes the eighteen cases against our port", { skip }, async () => {
  await using listener = await listen({ methods: interopMethods(), port: 0 });
  const { stdout } = await promisify(execFile)(python, [program("interop_client"), String(listener.port)], {
    env,
    timeout: 60_000,
  });
  assert.equal(stdout.match(/^ok /gm)?.length, 18, stdout);
});

test("our client passes the unary cases against the C++ core's Python server", { skip }, async () => {
  const server = spawn(python, [program("interop_server")], { env, stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(server, "exit");
  try {
    const [port] = await once(createInterface({ input: server.stdout }), "line");
    await runUnaryCases(Number(port));
  } finally {
    server.stdin.end();
    await exited;
  }
});
