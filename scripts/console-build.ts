import { join } from "node:path";
import { consoleIsStale } from "../apps/cli/src/launcher/console-build.ts";
import { runCommand } from "./command.ts";
import { root } from "./root.ts";
import type { StepResult } from "./step.ts";

/** Build what the server shows of the console, where it is missing or older than its sources: systems that start beside each other would each do so, in one folder. */
export async function buildConsole(): Promise<StepResult> {
  if (!consoleIsStale()) return { ok: true, output: "" };
  const { status, output } = await runCommand("vite", ["build", "--logLevel", "warn"], {
    cwd: join(root, "apps/console"),
  });
  return { ok: status === 0, output };
}
