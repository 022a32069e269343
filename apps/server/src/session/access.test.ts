import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DescMethod } from "@bufbuild/protobuf";
import { AlarmService } from "@msec/api/console/v1/alarms_pb.js";
import { CapacityService } from "@msec/api/console/v1/capacity_pb.js";
import { DyeingService } from "@msec/api/console/v1/dyeing_pb.js";
import { LogService } from "@msec/api/console/v1/logs_pb.js";
import { MetricService } from "@msec/api/console/v1/metrics_pb.js";
import { ProcessesService } from "@msec/api/console/v1/processes_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const methods: DescMethod[] = [
  SessionService,
  RegistryService,
  CapacityService,
  TelemetryService,
  MetricService,
  AlarmService,
  LogService,
  DyeingService,
  ProcessesService,
].flatMap((service) => service.methods);
const withoutCredentials = new Map([
  // The answer to a token that does not exist.
  ["SignIn", 401],
  ["GetSession", 200],
]);
const operatorOnly = new Set(["CreateSignInToken", "CreateEnrollToken"]);

describe("who may call a method", () => {
  let server: TestServer;
  let cookies: Map<string, string>;
  before(async () => {
    server = await startTestServer();
    cookies = new Map();
    await server.browser(SessionService, cookies).signIn({ token: await server.server.createSignInToken() });
  });
  after(() => server[Symbol.asyncDispose]());

  const call = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${server.server.console}/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", ...headers },
      body: "{}",
    });
    return { status: response.status, body: (await response.json()) as { code?: string; message?: string } };
  };
  const pathOf = (method: DescMethod) => `${method.parent.typeName}/${method.name}`;

  for (const method of methods) {
    const expected = withoutCredentials.get(method.name) ?? 401;
    it(`answers ${method.parent.name}.${method.name} without credentials with ${expected}`, async () => {
      const { status, body } = await call(pathOf(method), {});
      assert.equal(status, expected);
      if (method.name !== "SignIn" && expected === 401) {
        assert.match(body.message ?? "", /sign in first/);
      }
    });

    if (!withoutCredentials.has(method.name)) {
      it(`takes neither a wrong key nor a wrong cookie for ${method.parent.name}.${method.name}`, async () => {
        const wrong = "x".repeat(43);
        assert.equal((await call(pathOf(method), { authorization: `Bearer ${wrong}` })).status, 401);
        assert.equal((await call(pathOf(method), { cookie: `msec_session=${wrong}` })).status, 401);
        assert.equal(
          (await call(pathOf(method), { cookie: cookieHeader(cookies), authorization: "Bearer x" })).status,
          401,
        );
      });
    }

    if (operatorOnly.has(method.name)) {
      it(`refuses ${method.parent.name}.${method.name} to a browser's session`, async () => {
        const { status, body } = await call(pathOf(method), { cookie: cookieHeader(cookies) });
        assert.deepEqual([status, body.code], [403, "permission_denied"]);
      });
    }
  }

  it("asks for credentials before it says that a method does not exist", async () => {
    const path = "msec.console.v1.RegistryService/DropEverything";
    assert.equal((await call(path, {})).status, 401);
    assert.equal((await call(path, { authorization: `Bearer ${server.operatorKey}` })).status, 404);
  });

  it("finds no way around by the form of the path", async () => {
    for (const path of [
      "msec.console.v1.RegistryService/ListServices/",
      "msec.console.v1.RegistryService/ListServices?x=SignIn",
      "/msec.console.v1.RegistryService/ListServices",
      "msec.console.v1.SessionService/SignIn/../../msec.console.v1.RegistryService/ListServices",
      "msec.console.v1.SessionService/SignIn%2f..%2f..%2fmsec.console.v1.RegistryService%2fListServices",
    ]) {
      assert.equal((await call(path, {})).status, 401, path);
    }
  });
});

function cookieHeader(cookies: Map<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}
