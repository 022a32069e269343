import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { readAgentConfig } from "./agent-config.ts";
import { agentKeys } from "./agent-keys.ts";

test("without a file the defaults hold; a file is read strictly", () => {
  using directory = temporaryDirectory();
  assert.deepEqual(readAgentConfig(undefined), {
    server: "",
    server_fingerprint: "",
    host_name: "",
    address: "127.0.0.1",
    zone: "",
    root: "",
    spool_bytes: 256 * 1024 ** 2,
    spans_per_second: 1_000,
    local_port: 0,
    local_socket: "",
    local_socket_mode: "0600",
    otlp_listen: "",
    otlp_grpc_listen: "",
    otlp_token_file: "",
    otlp_export: "",
    otlp_export_headers_file: "",
    shared_peers: [],
    connections_per_peer: 0,
    metrics_port: 0,
    log_level: "info",
  });
  const file = join(directory.path, "msec.ini");
  writeFileSync(file, "[server]\nlisten=x\n[agent]\nserver=10.0.0.1:7960, [::1]:7960\nspool_bytes=1G\n");
  assert.equal(readAgentConfig(file).server, "10.0.0.1:7960, [::1]:7960");
  assert.equal(readAgentConfig(file).spool_bytes, 1024 ** 3);
  writeFileSync(file, "[agent]\nservr=10.0.0.1:7960\n");
  assert.throws(() => readAgentConfig(file), /msec\.ini:2: \[agent\] has no key "servr"/);
  writeFileSync(file, "[agent]\nlocal_socket=x.sock\n");
  assert.throws(() => readAgentConfig(file), /local_socket: expected empty, or a path from the root/);
  writeFileSync(file, "[agent]\nspool_bytes=1M\n");
  assert.throws(
    () => readAgentConfig(file),
    /spool_bytes: expected a size of 4M…1024G \(a bare number is bytes\), found "1M"/,
  );
});

test("docs/reference/configuration.md lists the keys of [agent] as they are", () => {
  const text = readFileSync(new URL("../../../../docs/reference/configuration.md", import.meta.url), "utf8");
  const section = /^## \[agent\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text)?.[1] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const expected = Object.entries(agentKeys).map(
    ([name, key]) => `| \`${name}\` | ${key.default === "" ? "" : `\`${key.default}\``} | ${key.summary} |`,
  );
  assert.deepEqual(rows, expected);
});
