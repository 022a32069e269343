import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { skipWithoutPostgres, startPostgres, type TestPostgres } from "@msec/store/testing/postgres";
import { defineAlarmCases } from "./alarms.case.ts";
import { startTestTelemetry, type TestTelemetry } from "./testing/telemetry.ts";

describe("alarms", () => {
  let telemetry: TestTelemetry;
  before(async () => {
    telemetry = await startTestTelemetry();
  });
  after(() => telemetry?.[Symbol.asyncDispose]());

  describe("on SQLite", () => {
    let directory = "";
    let databases = 0;
    before(() => {
      directory = mkdtempSync(join(tmpdir(), "msec-alarms-"));
    });
    after(() => rmSync(directory, { recursive: true, force: true }));
    defineAlarmCases(
      async () => `sqlite:${join(directory, `${++databases}.db`)}`,
      () => telemetry,
    );
  });

  describe("on PostgreSQL", { skip: skipWithoutPostgres }, () => {
    let postgres: TestPostgres;
    before(async () => {
      postgres = await startPostgres();
    });
    after(() => postgres?.[Symbol.asyncDispose]());
    defineAlarmCases(
      () => postgres.createDatabase(),
      () => telemetry,
    );
  });
});
