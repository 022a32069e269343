import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readLaunch } from "./launch.ts";
import { listenPlace } from "./listen-place.ts";
import { findConfigValue } from "./program-config.ts";
import { temporaryDirectory } from "./testing-agent.ts";

async function serviceDirectory(config: string) {
  const directory = await temporaryDirectory();
  const service = join(directory.path, "Flight/mod_flight");
  await mkdir(join(service, "etc"), { recursive: true });
  await mkdir(join(service, "bin"));
  await writeFile(join(service, "etc/config.ini"), config);
  return {
    bin: join(service, "bin"),
    path: directory.path,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test("a program in <L1>/<L2>/bin finds its name and its configuration", async () => {
  await using directory = await serviceDirectory("[SRPC]\nlisten=127.0.0.1:7000/tcp\n[Traffic]\nrate = 5\n");
  const launch = readLaunch({}, {}, directory.bin);
  assert.equal(launch.name, "Flight.mod_flight");
  assert.equal(launch.agentPath, undefined);
  assert.deepEqual(listenPlace(launch.config.config.values.SRPC.listen), { address: "127.0.0.1", port: 7000 });
  assert.equal(findConfigValue(launch.config, "Traffic", "rate"), "5");
  assert.equal(findConfigValue(launch.config, "SRPC", "msg_timeout"), "800");
  assert.equal(findConfigValue(launch.config, "Traffic", "none"), undefined);
  assert.equal(findConfigValue(launch.config, "__proto__", "toString"), undefined);
});

test("where bin is a link, name and configuration are beside the link", async () => {
  await using directory = await serviceDirectory("[Mine]\nkey = value\n");
  const elsewhere = join(directory.path, "code");
  await mkdir(elsewhere);
  const linked = join(directory.path, "Login/mod_user");
  await mkdir(join(linked, "etc"), { recursive: true });
  await writeFile(join(linked, "etc/config.ini"), "[Mine]\nkey = other\n");
  await symlink(elsewhere, join(linked, "bin"));
  const launch = readLaunch({}, { PWD: join(linked, "bin") }, elsewhere);
  assert.deepEqual([launch.name, findConfigValue(launch.config, "Mine", "key")], ["Login.mod_user", "other"]);
  // A PWD that leads somewhere else is another program's.
  assert.equal(readLaunch({}, { PWD: join(linked, "bin") }, directory.bin).name, "Flight.mod_flight");
  assert.equal(readLaunch({}, { PWD: "/does/not/exist/bin" }, directory.bin).name, "Flight.mod_flight");
});

test("a program started from elsewhere is in its own directory", async () => {
  await using directory = await serviceDirectory("[Mine]\nkey = value\n");
  const launch = readLaunch({}, {}, "/", join(directory.bin, "flight.ts"));
  assert.deepEqual([launch.name, findConfigValue(launch.config, "Mine", "key")], ["Flight.mod_flight", "value"]);
});

test("what the agent says comes before the directory, and what the program says before both", async () => {
  await using directory = await serviceDirectory("");
  const environment = {
    MSEC_SERVICE: "An.service",
    MSEC_INSTANCE_ID: "i1",
    MSEC_ADDRESS: "10.0.0.7",
    MSEC_PORT: "7964",
    MSEC_AGENT: "/run/agent.sock",
  };
  const launch = readLaunch({}, environment, directory.bin);
  assert.deepEqual(
    [launch.name, launch.instanceId, launch.listen, launch.agentPath],
    ["An.service", "i1", { address: "10.0.0.7", port: 7964 }, "/run/agent.sock"],
  );
  const own = readLaunch({ name: "An.other", agent: false }, environment, directory.bin);
  assert.deepEqual([own.name, own.agentPath], ["An.other", undefined]);
});

const refusals: [what: string, environment: NodeJS.ProcessEnv, message: RegExp][] = [
  ["no name", {}, /cannot tell which service this is: \/ is not <L1>\/<L2>\/bin/],
  ["a name of one part", { MSEC_SERVICE: "flight" }, /MSEC_SERVICE "flight" is not a service name/],
  ["a name with a slash", { MSEC_SERVICE: "Flight.../etc" }, /is not a service name/],
  ["a port that is none", { MSEC_SERVICE: "An.service", MSEC_PORT: "79x" }, /MSEC_PORT "79x" is not a port/],
  ["a configuration that is missing", { MSEC_SERVICE: "An.service", MSEC_CONFIG: "/nowhere.ini" }, /\/nowhere\.ini/],
];
for (const [what, environment, message] of refusals) {
  test(`${what} is refused in one sentence`, () => {
    assert.throws(() => readLaunch({}, environment, "/"), { name: "UserError", message });
  });
}

test("a place without a host is loopback, an interface is looked up", () => {
  assert.deepEqual(listenPlace([{ host: "", port: 7963, protocol: "tcp" }]), { address: "127.0.0.1", port: 7963 });
  assert.deepEqual(listenPlace([{ host: "lo", port: 1, protocol: "tcp" }]), { address: "127.0.0.1", port: 1 });
  assert.throws(() => listenPlace([{ host: "eth99", port: 1, protocol: "tcp" }]), /no network interface "eth99"/);
  assert.throws(() => listenPlace([{ host: "", port: 7963, protocol: "udp" }]), /no tcp place/);
});
