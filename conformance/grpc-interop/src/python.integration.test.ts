import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { listen } from "@msec/rpc-node";
import { interopMethods } from "./interop-service.ts";
import { python, pythonEnvironment, pythonProgram, whyNoPython } from "./python-programs.ts";

test("the C++ core's Python client passes the eighteen cases against our port", { skip: whyNoPython }, async () => {
  await using listener = await listen({ methods: interopMethods(), port: 0 });
  const { stdout } = await promisify(execFile)(python, [pythonProgram("interop_client"), String(listener.port)], {
    env: pythonEnvironment,
    timeout: 60_000,
  });
  assert.equal(stdout.match(/^ok /gm)?.length, 18, stdout);
});
