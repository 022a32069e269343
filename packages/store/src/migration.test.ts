import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { pathToFileURL } from "node:url";
import { readMigrations } from "./migration.ts";

function readFrom(...files: string[]) {
  const directory = mkdtempSync(join(tmpdir(), "msec-migrations-"));
  try {
    for (const file of files) {
      writeFileSync(join(directory, file), `-- ${file}`);
    }
    return readMigrations("registry", pathToFileURL(directory));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it("reads steps in the order of their numbers", () => {
  const steps = readFrom("0002-hosts.sql", "0001-services.sql");
  assert.deepEqual(
    steps.map(({ capability, number, name, script }) => [capability, number, name, script]),
    [
      ["registry", 1, "0001-services", "-- 0001-services.sql"],
      ["registry", 2, "0002-hosts", "-- 0002-hosts.sql"],
    ],
  );
  assert.match(steps[0]!.sha256, /^[0-9a-f]{64}$/);
});

it("names the file after a gap, and one that is no step", () => {
  assert.throws(() => readFrom("0001-a.sql", "0003-b.sql"), /0003-b\.sql of registry: expected a name like 0002-/);
  assert.throws(() => readFrom("0001-a.sql", "notes.txt"), /notes\.txt of registry/);
});
