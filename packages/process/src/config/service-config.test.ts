import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseIni } from "./read-ini.ts";
import { serviceConfigSchema } from "./service-config.ts";

const parse = (text: string) => parseIni("config.ini", text, serviceConfigSchema);

test("a config.ini of the original is read with the original's units and defaults", () => {
  const config = parse(`
[SRPC]
listen=7963/udp eth1:5000/tcp
module=./flight.ts
shmsize=32
heartbeat=90
msg_timeout=500
procnum=4
reload=1
conf=../etc/plugin.conf
[LOG]
Level=INFO
FileMax=5
FileSize=20
[COLOR]
;FieldName0=uin
FieldName0=uin
FieldValue0=11228491
FieldName1=merchID
FieldValue1=M1234
[database]
host=db1
`);
  assert.deepEqual(config.values.SRPC, {
    listen: [
      { host: "", port: 7963, protocol: "udp" },
      { host: "eth1", port: 5000, protocol: "tcp" },
    ],
    module: "./flight.ts",
    msg_timeout: 500,
    connect_timeout: 1_000,
    heartbeat: 90_000,
    spare: true,
    procnum: 4,
    list_page: "auto",
    udp: "auto",
    shared_peers: [],
    busy_wait: 0.1,
    reload: "1",
    shmsize: 32 * 1024 ** 2,
    conf: "../etc/plugin.conf",
  });
  assert.deepEqual(config.values.LOG, { Level: "INFO", FileMax: 5, FileSize: 20 * 1024 ** 2 });
  assert.deepEqual(config.values.COLOR, [
    { field: "uin", value: "11228491" },
    { field: "merchID", value: "M1234" },
  ]);
  assert.equal(config.others.get("database")?.get("host"), "db1");
});

test("an empty config.ini means the original's defaults", () => {
  const { SRPC, LOG, COLOR } = parse("").values;
  assert.equal(SRPC.msg_timeout, 800);
  assert.equal(SRPC.heartbeat, 10_000);
  assert.equal(SRPC.procnum, 1);
  assert.equal(SRPC.shmsize, 16 * 1024 ** 2);
  assert.equal(SRPC.module, "./msec.so");
  assert.deepEqual(SRPC.listen, [
    { host: "", port: 7963, protocol: "udp" },
    { host: "", port: 7963, protocol: "tcp" },
  ]);
  assert.deepEqual(LOG, { Level: "ERROR", FileMax: 10, FileSize: 10 * 1024 ** 2 });
  assert.deepEqual(COLOR, []);
});

test("what the framework would not understand is refused", () => {
  assert.throws(() => parse("[SRPC]\nlisten=eth1/udp"), /config\.ini:2: \[SRPC\] listen: expected places such as/);
  assert.throws(() => parse("[SRPC]\nlisten=0/udp"), /listen: expected places/);
  assert.throws(() => parse("[SRPC]\nmodul=x"), /\[SRPC\] has no key "modul"/);
  assert.throws(() => parse("[COLOR]\nFieldName0=a"), /config\.ini:2: \[COLOR\] FieldName0: FieldValue0 is missing/);
  assert.throws(() => parse("[COLOR]\nFieldName1=a\nFieldValue1=b"), /numbered from 0 without gaps/);
  assert.throws(() => parse("[COLOR]\nName=a"), /config\.ini:2: \[COLOR\] Name: expected FieldName0/);
});

test("docs/reference/configuration.md lists the keys of [SRPC] with the defaults that they have", () => {
  const text = readFileSync(new URL("../../../../docs/reference/configuration.md", import.meta.url), "utf8");
  const section = /^### \[SRPC\]\n([\s\S]*?)(?=^##|$(?![\s\S]))/m.exec(text)?.[1] ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (?:`(.*?)`)? \|/gm)];
  assert.deepEqual(
    rows.map(([, key]) => key),
    Object.keys(serviceConfigSchema.sections.SRPC.shape),
  );
  const set = rows.filter(([, , value]) => value !== undefined).map(([, key, value]) => `${key}=${value}`);
  assert.deepEqual(parse(`[SRPC]\n${set.join("\n")}`).values.SRPC, parse("").values.SRPC);
});

test("limits are read by their names, with units where they have some", () => {
  const text =
    "[LIMITS]\nframes.maxBytes=8M\nhttp.headMs=5s\nconnections.maxPerPeer=100\ncalls.maxBytesPerConnection=1024";
  assert.deepEqual(
    { ...parse(text).values.LIMITS },
    {
      "frames.maxBytes": 8 * 1024 ** 2,
      "http.headMs": 5_000,
      "connections.maxPerPeer": 100,
      "calls.maxBytesPerConnection": 1_024,
    },
  );
  assert.throws(
    () => parse("[LIMITS]\ncalls.max=many"),
    /config\.ini:2: \[LIMITS\] calls\.max: expected a whole number/,
  );
  assert.deepEqual(parse("[SRPC]\nshared_peers=10.0.0.5, 10.1.0.0/16 fd00::/8").values.SRPC.shared_peers, [
    "10.0.0.5",
    "10.1.0.0/16",
    "fd00::/8",
  ]);
  assert.throws(() => parse("[SRPC]\nshared_peers=proxy.example"), /shared_peers: expected addresses and networks/);
});

test("msg_timeout = 0 is no limit", () => {
  assert.equal(parse("[SRPC]\nmsg_timeout=0").values.SRPC.msg_timeout, 0);
});
