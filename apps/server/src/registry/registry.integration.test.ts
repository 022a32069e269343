import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { openCuttableWay } from "@msec/store/testing/cuttable-way";
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

  it("ends its use of a database that another server took while the connection was broken", async () => {
    const database = await postgres.createDatabase();
    await using way = await openCuttableWay(database);
    await using first = await startTestServer({ database: way.url });
    const startNext = () => startTestServer({ database }).catch(() => undefined);
    way.cut();
    let next = await startNext();
    while (next === undefined) next = await startNext();
    await using _next = next;
    const registry = first.operator(RegistryService);
    way.mend();
    await first.server.replaced;
    await assert.rejects(registry.createService({ name: "Flight.late", kind: ServiceKind.STANDARD, defaultPort: 1 }), {
      code: Code.Unavailable,
    });
    assert.deepEqual((await next.operator(RegistryService).listServices({})).services, []);
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
