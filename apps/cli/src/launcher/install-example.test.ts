import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { flightExample } from "./flight-example.ts";
import { installExample } from "./install-example.ts";

const settings = { enabled: true, userPort: 7965, flightPorts: [7963, 7964], trafficPerSecond: 17 };

function temporaryRoot(t: { after(fn: () => void): void }): string {
  const root = mkdtempSync(join(tmpdir(), "msec-root-"));
  t.after(() => rmSync(root, { recursive: true }));
  return root;
}

test("each service has its program and its configuration where the agent looks for them", (t) => {
  const root = temporaryRoot(t);
  for (const service of flightExample(settings)) installExample(root, service);
  for (const [path, program] of [
    ["Login/mod_user", "user.ts"],
    ["Flight/mod_flight", "flight.ts"],
    ["Flight/traffic", "traffic.ts"],
  ] as const) {
    assert.match(readFileSync(join(root, path, "etc/config.ini"), "utf8"), new RegExp(`module = \\./${program}`));
    assert.ok(readFileSync(join(root, path, "bin", program), "utf8").length > 0);
  }
});

test("the rate of the traffic is the one of msec.ini, and what is there already stays", (t) => {
  const root = temporaryRoot(t);
  const traffic = flightExample(settings).find(({ name }) => name === "Flight.traffic");
  assert.ok(traffic);
  installExample(root, traffic);
  const file = join(root, "Flight/traffic/etc/config.ini");
  assert.match(readFileSync(file, "utf8"), /^rate = 17$/m);
  writeFileSync(file, "edited");
  installExample(root, traffic);
  assert.equal(readFileSync(file, "utf8"), "edited");
});

test("no traffic source where none is wanted", () => {
  const names = flightExample({ ...settings, trafficPerSecond: 0 }).map(({ name }) => name);
  assert.deepEqual(names, ["Login.mod_user", "Flight.mod_flight"]);
});
