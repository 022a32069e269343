import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { UserError } from "@msec/process";
import { readCommandLine } from "../command-line.ts";
import { readServerConfig } from "./server-config.ts";
import { serverKeys } from "./server-keys.ts";

describe("[server] of msec.ini", () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "msec-config-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  const read = (text: string) => {
    const file = join(directory, "msec.ini");
    writeFileSync(file, text);
    return readServerConfig(file);
  };

  it("has defaults for everything, bound to the loopback interface", () => {
    assert.deepEqual(read(""), readServerConfig(undefined));
    const { notify_allow, ...rest } = read("");
    assert.deepEqual(notify_allow.rules, []);
    assert.deepEqual(rest, {
      listen: { address: "127.0.0.1", port: 8080 },
      allowed_hosts: [],
      agent_listen: { address: "127.0.0.1", port: 7960 },
      agent_address: "",
      database: "",
      standby: false,
      telemetry: "embedded",
      telemetry_cluster: "",
      only: "everything",
      otlp_listen: "",
      otlp_grpc_listen: "",
      otlp_token_file: "",
      shared_peers: [],
      connections_per_peer: 0,
      metrics_loopback: false,
      silence_grace: 60_000,
      console_url: "",
      console_files: "",
      log_level: "info",
    });
  });

  it("takes what each key says, and leaves other programs' sections to them", () => {
    const config = read(
      "[agent]\nanything = 1\n[server]\nlisten = [::1]:9000\nallowed_hosts = Msec.example.com, [fd00::1]\n" +
        "database = postgres://msec@db/msec\ntelemetry = https://clickhouse:8443\nlog_level = debug\n",
    );
    assert.deepEqual(config.listen, { address: "::1", port: 9000 });
    assert.deepEqual(config.allowed_hosts, ["msec.example.com", "[fd00::1]"]);
    assert.equal(config.database, "postgres://msec@db/msec");
    assert.equal(config.telemetry, "https://clickhouse:8443");
    assert.equal(config.log_level, "debug");
  });

  for (const [text, message] of [
    ["[server]\nlissten = 1.2.3.4:1", /msec\.ini:2: \[server\] has no key "lissten"/],
    ["[sever]\nlisten = 1.2.3.4:1", /msec\.ini:1: there is no section \[sever\]/],
    ["[server]\nlisten = 8080", /msec\.ini:2: \[server\] listen: expected address:port/],
    ["[server]\nlisten = 127.0.0.1:65536", /listen: expected/],
    ["[server]\ndatabase = mysql://x", /database: expected empty, sqlite:/],
    ["[server]\ntelemetry = clickhouse:9000", /telemetry: expected embedded/],
    ["[server]\nallowed_hosts = http://a", /allowed_hosts: expected/],
    ["[server]\nnotify_allow = 10.0.0.0/33", /notify_allow: expected addresses or networks/],
    ["[server]\nconsole_url = ftp://x", /console_url: expected empty, or the http/],
    ["[server]\nlog_level = loud", /log_level: expected one of trace, debug/],
    ["[server]\nagent_listen = 0.0.0.0:7960", /agent_listen is the wildcard 0\.0\.0\.0/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof UserError && message.test(error.message),
      );
    });
  }

  it("lets the command line override each key", () => {
    const { overrides, state } = readCommandLine(["--state", "/s", "--listen", "127.0.0.1:1", "--agent-address=h:2"]);
    assert.equal(state, "/s");
    const config = readServerConfig(undefined, overrides);
    assert.deepEqual([config.listen.port, config.agent_address], [1, "h:2"]);
    assert.throws(() => readServerConfig(undefined, { listen: "x" }), /--listen: expected address:port/);
    assert.throws(() => readCommandLine(["--lissten", "x"]), /--lissten/);
    assert.throws(() => readCommandLine(["stray"]), UserError);
  });

  it("is listed in docs/reference/configuration.md as it is", () => {
    const text = readFileSync(new URL("../../../../docs/reference/configuration.md", import.meta.url), "utf8");
    const section = /^## \[server\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text)?.[1] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    const expected = Object.entries(serverKeys).map(
      ([name, key]) => `| \`${name}\` | ${key.default === "" ? "" : `\`${key.default}\``} | ${key.summary} |`,
    );
    assert.deepEqual(rows, expected);
  });
});
