import { after, before, describe } from "node:test";
import { skipWithoutPostgres, startPostgres, type TestPostgres } from "@msec/store/testing/postgres";
import { defineRegistryCases } from "./registry.case.ts";

describe("the registry on PostgreSQL", { skip: skipWithoutPostgres }, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });

  describe("with an empty database", () => defineRegistryCases(() => postgres.createDatabase()));

  after(() => postgres[Symbol.asyncDispose]());
});
