import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { root } from "./root.ts";

const state = join(root, ".msec");
if (!existsSync(state)) {
  console.log(`${state} does not exist: nothing to delete.`);
} else {
  const { status, output } = await runCommand(process.execPath, ["bin/msec.js", "ps", "--json", "--state", state]);
  const processes =
    status === 0 ? (JSON.parse(output) as { name: string; pid: number }[]).filter(({ pid }) => pid > 0) : [];
  if (status !== 0) {
    console.error(`Cannot tell whether the system runs on ${state}, so nothing is deleted:\n${output}`);
    process.exitCode = 1;
  } else if (processes.length > 0) {
    const names = processes.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ");
    console.error(`The system runs on ${state}: ${names}. Stop it first: npx msec stop`);
    process.exitCode = 1;
  } else {
    await rm(state, { recursive: true });
    console.log(`${state} is deleted.`);
  }
}
