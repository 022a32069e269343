import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The subjects of `npm run bench [subject] [options]`, each a program of its own. */
const SUBJECTS: Record<string, string> = {
  rpc: "rpc/run.ts",
  logs: "logs/run.ts",
  distribution: "distribution/run.ts",
  routing: "routing/run.ts",
  overload: "rpc/overload.ts",
  memory: "rpc/memory.ts",
  store: "store/run.ts",
  telemetry: "telemetry/run.ts",
  console: "console/run.ts",
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const [subject, ...options] = process.argv.slice(2);
if (subject !== undefined && SUBJECTS[subject] === undefined) {
  console.error(`There is no benchmark "${subject}"; there are: ${Object.keys(SUBJECTS).join(", ")}`);
  process.exit(2);
}
/** Subjects that are measured against nobody else. */
const ALONE = ["distribution", "telemetry", "console"];
// What npm installed, and when; older than the list of peers where one has been added since.
const timeOf = (path: string) => statSync(here(path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (!ALONE.includes(subject ?? "") && timeOf("node_modules/.package-lock.json") < timeOf("package-lock.json")) {
  console.error("Installing what msec is measured against (once) …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: here("."), stdio: "inherit" });
}
for (const name of subject === undefined ? Object.keys(SUBJECTS) : [subject]) {
  const run = spawnSync(process.execPath, [here(SUBJECTS[name] as string), ...options], { stdio: "inherit" });
  if (run.status !== 0) process.exit(run.status ?? 1);
}
