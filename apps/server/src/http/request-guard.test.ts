import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

describe("requests that a browser was tricked into", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ allowed_hosts: "msec.example.com, console.internal" });
  });
  after(() => server[Symbol.asyncDispose]());

  // fetch() sets Host itself.
  const send = async (method: string, path: string, headers: Record<string, string>) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(`${server.server.console}${path}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end(method === "POST" ? "{}" : undefined);
    return await promise;
  };
  const post = async (headers: Record<string, string>) =>
    await send("POST", "/api/msec.console.v1.SessionService/GetSession", {
      "content-type": "application/json",
      ...headers,
    });
  const port = () => new URL(server.server.console).port;

  for (const host of ["localhost", "127.0.0.1", "[::1]", "msec.example.com", "console.internal", "MSEC.example.com"]) {
    it(`answers for the host ${host}`, async () => {
      assert.equal(await send("GET", "/healthz", { host: `${host}:${port()}` }), 200);
      assert.equal(await send("GET", "/healthz", { host }), 200);
    });
  }

  for (const host of [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example:8080@localhost",
    "x:y",
    "10.0.0.1",
  ]) {
    it(`does not answer for the host ${host}`, async () => {
      for (const path of ["/healthz", "/", "/api/msec.console.v1.SessionService/GetSession"]) {
        assert.equal(await send("GET", path, { host }), 421, path);
      }
    });
  }

  const origin = () => ({ ours: server.server.console, other: "http://evil.example", otherPort: "http://127.0.0.1:9" });

  it("takes a change from the console's own pages", async () => {
    assert.equal(await post({ "sec-fetch-site": "same-origin" }), 200);
    assert.equal(await post({ "sec-fetch-site": "none" }), 200);
    assert.equal(await post({ origin: origin().ours }), 200);
  });

  it("refuses a change from any other page", async () => {
    assert.equal(await post({ "sec-fetch-site": "cross-site" }), 403);
    assert.equal(await post({ "sec-fetch-site": "same-site", origin: origin().ours }), 403);
    assert.equal(await post({ origin: origin().other }), 403);
    assert.equal(await post({ origin: origin().otherPort }), 403);
    assert.equal(await post({ origin: "null" }), 403);
    assert.equal(await post({}), 403);
    assert.equal(await post({ "sec-fetch-site": "cross-site", authorization: `Bearer ${server.operatorKey}` }), 403);
  });

  it("takes a change from a program that has the operator's key", async () => {
    assert.equal(await post({ authorization: `Bearer ${server.operatorKey}` }), 200);
  });

  it("sends the headers that keep a page to itself with every answer", async () => {
    for (const path of ["/", "/healthz", "/nothing.js", "/api/x"]) {
      const { headers } = await fetch(`${server.server.console}${path}`);
      const policy = headers.get("content-security-policy") ?? "";
      assert.match(policy, /script-src 'self';/, path);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
  });

  it("refuses a message that is too large", async () => {
    const response = await fetch(`${server.server.console}/api/msec.console.v1.SessionService/SignIn`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: origin().ours },
      body: JSON.stringify({ token: "x".repeat(1_100_000) }),
    });
    assert.equal(((await response.json()) as { code: string }).code, "resource_exhausted");
  });
});
