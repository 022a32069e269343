import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const script = `console.log(${JSON.stringify("msec ".repeat(1_000))})`;

describe("the console's files", () => {
  let directory = "";
  let server: TestServer;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "msec-console-"));
    mkdirSync(join(directory, "dist", "assets"), { recursive: true });
    writeFileSync(join(directory, "secret.txt"), "secret");
    writeFileSync(join(directory, "dist", "index.html"), "<!doctype html><title>page</title>");
    writeFileSync(join(directory, "dist", "assets", "index-a1b2c3.js"), script);
    symlinkSync(join(directory, "secret.txt"), join(directory, "dist", "link.txt"));
    server = await startTestServer({ console_files: join(directory, "dist") });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const get = async (path: string, headers: Record<string, string> = {}) =>
    await fetch(`${server.server.console}${path}`, { headers });

  it("gives the page for its own paths, never kept without asking again", async () => {
    for (const path of ["/", "/index.html", "/services/Flight.mod_flight/", "/flow/0123abc"]) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.match(await response.text(), /<title>page/);
      assert.equal(response.headers.get("cache-control"), "no-cache");
    }
  });

  it("gives the page for a service whose name looks like a file's", async () => {
    const response = await get("/services/Web.js", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    assert.match(await response.text(), /<title>page/);
  });

  it("gives a file with a hash in its name for ever, compressed where the browser can", async () => {
    for (const encoding of ["br", "gzip"]) {
      const response = await get("/assets/index-a1b2c3.js", { "accept-encoding": encoding });
      assert.equal(response.headers.get("content-encoding"), encoding);
      assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.match(response.headers.get("content-type") ?? "", /^text\/javascript/);
      assert.ok(Number(response.headers.get("content-length")) < script.length / 10);
      assert.equal(await response.text(), script);
    }
    const plain = await get("/assets/index-a1b2c3.js", { "accept-encoding": "identity, br;q=0" });
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal(await plain.text(), script);
  });

  it("does not send again what the browser has", async () => {
    const first = await get("/");
    const again = await get("/", { "if-none-match": first.headers.get("etag") ?? "" });
    assert.equal(again.status, 304);
    writeFileSync(join(directory, "dist", "index.html"), "<!doctype html><title>page two</title>");
    const changed = await get("/", { "if-none-match": first.headers.get("etag") ?? "" });
    assert.match(await changed.text(), /page two/);
  });

  it("says that a file is missing instead of giving the page for it", async () => {
    for (const path of ["/assets/index-000000.js", "/favicon.ico", "/assets/nothing"]) {
      assert.equal((await get(path)).status, 404, path);
    }
  });

  it("gives nothing from outside of its directory", async () => {
    // fetch() would tidy the path up first.
    const raw = async (path: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const { hostname, port } = new URL(server.server.console);
      request({ hostname, port, path }, async (response) => resolve((await response.toArray()).join("")))
        .on("error", reject)
        .end();
      return await promise;
    };
    for (const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets/../../secret.txt",
      "/link.txt",
      "/%00",
      "/..%5csecret.txt",
      "/%zz",
      "//etc/passwd",
    ]) {
      assert.doesNotMatch(await raw(path), /secret|root:/, path);
    }
  });

  it("answers other methods than GET and HEAD with 405", async () => {
    const response = await fetch(`${server.server.console}/`, {
      method: "DELETE",
      headers: { origin: server.server.console },
    });
    assert.equal(response.status, 405);
    const head = await fetch(`${server.server.console}/`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });
});

describe("a console that is not built", () => {
  it("says so and how to build it", async () => {
    await using server = await startTestServer({ console_files: "/nonexistent" });
    const response = await fetch(`${server.server.console}/`);
    assert.equal(response.status, 503);
    assert.match(await response.text(), /The console is not built/);
    assert.equal(await (await fetch(`${server.server.console}/healthz`)).text(), "ok\n");
  });
});
