import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { skipWithoutPostgres, startPostgres, type TestPostgres } from "@msec/store/testing/postgres";
import { startTestServer } from "../testing/test-server.ts";
import { defineRegistryCases } from "./registry.case.ts";

describe("the registry on PostgreSQL", { skip: skipWithoutPostgres }, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });

  describe("with an empty database", () => defineRegistryCases(() => postgres.createDatabase()));

  it("refuses a second server on the same database, and takes the next one when the first has gone", async () => {
    const database = await postgres.createDatabase();
    const first = await startTestServer({ database });
    await assert.rejects(startTestServer({ database }), /another msec server uses the same database/);
    await first[Symbol.asyncDispose]();
    await using _next = await startTestServer({ database });
  });

  it("says that the database is not available while it is not, goes on serving, and stops cleanly", async () => {
    const short = await startPostgres();
    const server = await startTestServer({ database: await short.createDatabase() });
    const registry = server.operator(RegistryService);
    await registry.listServices({});
    await short[Symbol.asyncDispose]();
    await assert.rejects(registry.listServices({}), (error) => {
      assert.ok(error instanceof ConnectError);
      assert.equal(Code[error.code], "Unavailable");
      // Where it is and as whom is nothing for the console.
      assert.doesNotMatch(error.message, /postgres:|sock|msec-pg/);
      return true;
    });
    assert.equal((await fetch(`${server.server.console}/healthz`)).status, 200);
    await server[Symbol.asyncDispose]();
  });

  after(() => postgres[Symbol.asyncDispose]());
});
