import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { DyeingService } from "@msec/api/console/v1/dyeing_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe("sessions", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const signIn = async () => {
    const cookies = new Map<string, string>();
    const { token } = await server.operator(SessionService).createSignInToken({});
    await server.browser(SessionService, cookies).signIn({ token });
    return {
      cookies,
      session: server.browser(SessionService, cookies),
      registry: server.browser(RegistryService, cookies),
    };
  };

  it("lets a browser in with a token, and out again", async () => {
    const { cookies, session, registry } = await signIn();
    const { signedIn, version } = await session.getSession({});
    assert.deepEqual([signedIn, version], [true, "0.1.0"]);
    await registry.listServices({});
    const before = new Map(cookies);
    await session.signOut({});
    assert.equal(cookies.get("msec_session"), "");
    // Not only forgotten by the browser.
    await rejectsWith(server.browser(RegistryService, before).listServices({}), Code.Unauthenticated);
    assert.equal((await session.getSession({})).signedIn, false);
  });

  it("gives a cookie that scripts and other sites cannot use", async () => {
    const { token } = await server.operator(SessionService).createSignInToken({});
    const response = await fetch(`${server.server.console}/api/msec.console.v1.SessionService/SignIn`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.server.console },
      body: JSON.stringify({ token }),
    });
    assert.match(
      response.headers.get("set-cookie") ?? "",
      /^msec_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
  });

  it("takes a token once, also when two try at the same time", async () => {
    const { token } = await server.operator(SessionService).createSignInToken({});
    const tries = await Promise.allSettled([1, 2, 3].map(() => server.browser(SessionService).signIn({ token })));
    assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
  });

  it("refuses a token after thirty minutes", async () => {
    const { token, expiresMs } = await server.operator(SessionService).createSignInToken({});
    assert.ok(Math.abs(expiresMs - Date.now() - server.clock.offsetMs - 30 * minuteMs) < 60_000);
    server.clock.offsetMs += 30 * minuteMs;
    await rejectsWith(server.browser(SessionService).signIn({ token }), Code.Unauthenticated, /msec token/);
  });

  it("ends a session that nobody used for thirty minutes", async () => {
    const { registry } = await signIn();
    server.clock.offsetMs += 29 * minuteMs;
    await registry.listServices({});
    server.clock.offsetMs += 29 * minuteMs;
    await registry.listServices({});
    server.clock.offsetMs += 31 * minuteMs;
    await rejectsWith(registry.listServices({}), Code.Unauthenticated);
  });

  it("ends a session after twelve hours, however much it is used", async () => {
    const { registry, session } = await signIn();
    for (let elapsed = 0; elapsed < 12 * hourMs - 20 * minuteMs; elapsed += 20 * minuteMs) {
      await registry.listServices({});
      server.clock.offsetMs += 20 * minuteMs;
    }
    const { expiresMs } = await session.getSession({});
    assert.ok(expiresMs - Date.now() - server.clock.offsetMs <= 20 * minuteMs + 5_000);
    server.clock.offsetMs += 20 * minuteMs;
    await rejectsWith(registry.listServices({}), Code.Unauthenticated);
  });

  it("names who acts: the token's maker says who signs in, and the key's holder who they are", async () => {
    const cookies = new Map<string, string>();
    const { token } = await server.operator(SessionService).createSignInToken({ name: " 李 Alice " });
    const session = server.browser(SessionService, cookies);
    await session.signIn({ token });
    assert.equal((await session.getSession({})).name, "李 Alice");
    const { rule } = await server.browser(DyeingService, cookies).createDyeRule({ caller: "Case.a", durationS: 60 });
    assert.equal(rule?.createdBy, "李 Alice");

    const named = { headers: { "msec-author": encodeURIComponent("bob") } };
    const operator = server.operator(SessionService);
    assert.equal((await operator.getSession({}, named)).name, "bob");
    assert.equal((await operator.getSession({})).name, "operator");
    assert.equal((await operator.getSession({}, { headers: { "msec-author": "%" } })).name, "operator");
    // Who asks for a token without a name gets one of their own; a browser cannot take a name.
    const own = new Map<string, string>();
    const another = server.browser(SessionService, own);
    await another.signIn({ token: (await operator.createSignInToken({}, named)).token });
    assert.equal((await another.getSession({}, { headers: { "msec-author": "eve" } })).name, "bob");
    await rejectsWith(operator.createSignInToken({ name: "<b>" }), Code.InvalidArgument, /must be 1…64 letters/);
  });

  it("keeps a session over a restart of the server", async () => {
    const { cookies } = await signIn();
    await server.restart();
    await server.browser(RegistryService, cookies).listServices({});
  });

  it("keeps no secret in the database, and no secret readable by others", async () => {
    const { cookies } = await signIn();
    const { token } = await server.operator(SessionService).createSignInToken({});
    const directory = join(server.state, "server");
    const files = ["control.db", "control.db-wal"].map((file) => readFileSync(join(directory, file)));
    for (const secret of [cookies.get("msec_session") ?? "", token, server.operatorKey]) {
      assert.equal(secret.length, 43);
      assert.ok(files.every((content) => !content.includes(secret)));
      assert.ok(!server.log.some((line) => line.includes(secret)));
    }
    for (const file of ["operator.key", "identity.json"]) {
      assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
    }
  });

  it("stops counting guesses after ten in a minute", async () => {
    const guess = () => server.browser(SessionService).signIn({ token: "guess" });
    server.clock.offsetMs += hourMs;
    for (let count = 0; count < 10; count++) {
      await rejectsWith(guess(), Code.Unauthenticated);
    }
    await rejectsWith(guess(), Code.ResourceExhausted, /too many failed sign-ins from 127\.0\.0\.1/);
    const { token } = await server.operator(SessionService).createSignInToken({});
    await rejectsWith(server.browser(SessionService).signIn({ token }), Code.ResourceExhausted);
    server.clock.offsetMs += minuteMs;
    await server.browser(SessionService).signIn({ token });
  });
});

async function rejectsWith(work: Promise<unknown>, code: Code, message = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code]);
    assert.match(error.message, message);
    return true;
  });
}
