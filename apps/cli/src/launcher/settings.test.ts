import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UserError } from "@msec/process";
import { readSettings, settingsSchema } from "./settings.ts";

function settingsFrom(t: { after(fn: () => void): void }, text: string) {
  const directory = mkdtempSync(join(tmpdir(), "msec-settings-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "msec.ini");
  writeFileSync(file, text);
  return { directory, read: () => readSettings(file) };
}

test("without a file every default applies, and the state is beside where it would be", () => {
  const settings = readSettings("/nowhere/msec.ini");
  assert.equal(settings.state, "/nowhere/.msec");
  assert.deepEqual(settings.listen, { address: "127.0.0.1", port: 8080 });
  assert.deepEqual(settings.agentListen, { address: "127.0.0.1", port: 7960 });
  assert.deepEqual(settings.example, {
    enabled: true,
    userPort: 7965,
    flightPorts: [7963, 7964],
    trafficPerSecond: undefined,
  });
});

test("a file that the user named must exist", () => {
  assert.throws(() => readSettings("/nowhere/msec.ini", true), UserError);
});

test("directories are relative to the file, and keys of other programs are left to them", (t) => {
  const { directory, read } = settingsFrom(
    t,
    "[system]\nstate = state\n[server]\nlisten = 127.0.0.1:18080\nlog_level = debug\n[agent]\nroot = services\n[example]\nflight_ports = 9001 9002, 9003\n",
  );
  const settings = read();
  assert.equal(settings.state, join(directory, "state"));
  assert.equal(settings.root, join(directory, "services"));
  assert.equal(settings.listen.port, 18080);
  assert.deepEqual(settings.example.flightPorts, [9001, 9002, 9003]);
});

test("an unknown key, a port given twice and a port that is none are refused with line and key", (t) => {
  assert.throws(
    settingsFrom(t, "[example]\nflightports = 1\n").read,
    /msec\.ini:2: \[example\] has no key "flightports"/,
  );
  assert.throws(settingsFrom(t, "[example]\nflight_ports = 7963 7963\n").read, /msec\.ini:2: \[example\] flight_ports/);
  assert.throws(settingsFrom(t, "[example]\nuser_port = 70000\n").read, /user_port.*1…65535/);
});

test("docs/reference/configuration.md lists the keys of [system] and [example] with their defaults", () => {
  const text = readFileSync(new URL("../../../../docs/reference/configuration.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `\[(system|example)\]` \| `(\w+)` \| (?:`([^`]*)`)? \|/gm)];
  const { system, example } = settingsSchema.sections;
  const keys = [
    ...Object.keys(system.shape).map((key) => `system ${key}`),
    ...Object.keys(example.shape).map((key) => `example ${key}`),
  ];
  assert.deepEqual(
    rows.map(([, section, key]) => `${section} ${key}`),
    keys,
  );
  const defaults: Record<string, unknown> = example.parse({});
  for (const [, section, key = "", value = ""] of rows) {
    if (section === "example") assert.equal(value, String([defaults[key] ?? ""].flat().join(" ")), key);
  }
});
