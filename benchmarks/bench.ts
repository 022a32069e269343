import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Subject {
  /** The program of its own that it is. */
  readonly file: string;
  readonly about: string;
}

/** The subjects of `npm run bench -- [subject] [options]`. */
const SUBJECTS: Record<string, Subject> = {
  rpc: { file: "rpc/run.ts", about: "echo of a 100-byte string, beside other frameworks" },
  logs: { file: "logs/run.ts", about: "a day of log lines, beside SQLite and DuckDB" },
  distribution: { file: "distribution/run.ts", about: "a route change to 500 simulated agents" },
  routing: { file: "routing/run.ts", about: "what choosing an instance costs" },
  overload: { file: "rpc/overload.ts", about: "a service that is asked for more than it can do" },
  memory: { file: "rpc/memory.ts", about: "what idle connections cost" },
  store: { file: "store/run.ts", about: "the telemetry store: curves, calls, flows" },
  telemetry: { file: "telemetry/run.ts", about: "what recording each call costs" },
  console: { file: "console/run.ts", about: "frames while the monitor page is scrolled" },
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const [first, ...options] = process.argv.slice(2);
const asksForHelp = (word: string | undefined) => word === "--help" || word === "-h";
if (asksForHelp(first)) {
  const rows = Object.entries(SUBJECTS).map(([name, { about }]) => `  ${name.padEnd(14)}${about}`);
  console.log(
    `Usage: npm run bench [-- <subject> [options]]\n\nWithout a subject: all, which takes hours. Options of one: npm run bench -- rpc --help\n\n${rows.join("\n")}`,
  );
  process.exit(0);
}
const subject = first;
if (subject !== undefined && SUBJECTS[subject] === undefined) {
  console.error(`There is no benchmark "${subject}"; there are: ${Object.keys(SUBJECTS).join(", ")}`);
  process.exit(2);
}
/** Subjects that are measured against nobody else. */
const ALONE = ["distribution", "telemetry", "console"];
// What npm installed, and when; older than the list of peers where one has been added since.
const timeOf = (path: string) => statSync(here(path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (
  !options.some(asksForHelp) &&
  !ALONE.includes(subject ?? "") &&
  timeOf("node_modules/.package-lock.json") < timeOf("package-lock.json")
) {
  console.error("Installing what msec is measured against (once) …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: here("."), stdio: "inherit" });
}
for (const name of subject === undefined ? Object.keys(SUBJECTS) : [subject]) {
  const run = spawnSync(process.execPath, [here((SUBJECTS[name] as Subject).file), ...options], { stdio: "inherit" });
  if (run.status !== 0) process.exit(run.status ?? 1);
}
