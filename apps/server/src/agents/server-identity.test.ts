import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { UserError } from "@msec/process";
import { openOperatorKey } from "../session/operator-key.ts";
import { openServerIdentity } from "./server-identity.ts";

let directory = "";
before(() => {
  directory = mkdtempSync(join(tmpdir(), "msec-identity-"));
});
after(() => rmSync(directory, { recursive: true }));

it("makes an identity at first start, for its user alone, and has the same one ever after", async () => {
  const file = join(directory, "identity.json");
  const made = await openServerIdentity(file);
  assert.match(made.fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(await openServerIdentity(file), made);
});

for (const damage of ["", "{}", '{"key":"-----BEGIN PRIVATE KEY-----","certificate":"-----BEGIN CERTIFICATE-----"}']) {
  it(`never replaces a damaged identity (${JSON.stringify(damage)})`, async () => {
    const file = join(directory, "damaged.json");
    writeFileSync(file, damage);
    await assert.rejects(
      openServerIdentity(file),
      (error) => error instanceof UserError && error.message.includes(file),
    );
    assert.equal(readFileSync(file, "utf8"), damage);
  });
}

it("names an operator's key that is none", async () => {
  const file = join(directory, "operator.key");
  writeFileSync(file, "short\n");
  await assert.rejects(openOperatorKey(file), /operator\.key is not an operator's key/);
});
