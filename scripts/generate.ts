import { createHash } from "node:crypto";
import { globSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCommand } from "./command.ts";
import { root } from "./root.ts";
import type { StepResult } from "./step.ts";

/** The directories whose `gen/` is made from their .proto files: each has a `buf.gen.yaml`. */
export function findGenerated(): string[] {
  return globSync("{packages,examples,conformance}/*/buf.gen.yaml", { cwd: root, exclude: ["**/node_modules/**"] })
    .map(dirname)
    .sort();
}

/** Make the `gen/` of one directory anew, there or (to compare) under another one. */
export async function generate(directory: string, outputDirectory = "."): Promise<StepResult> {
  const cwd = join(root, directory);
  const lintFiles = directory.startsWith("packages/")
    ? await runCommand("buf", ["lint"], { cwd })
    : { status: 0, output: "" };
  const made = await runCommand("buf", ["generate", "-o", outputDirectory], { cwd });
  return { ok: lintFiles.status === 0 && made.status === 0, output: `${directory}: ${lintFiles.output}${made.output}` };
}

/** Which inputs and outputs were found good last: a hash. */
const goodFile = join(root, "node_modules/.cache/msec-generated-good");

/** Whether what is in every `gen/` is what its .proto files give, no file more or less. What was found good with all the same files and tools is not made again. */
export async function checkGenerated(): Promise<StepResult> {
  const hash = await hashGenerated();
  if ((await readFile(goodFile, "utf8").catch(() => "")) === hash) {
    return { ok: true, output: "", note: "all as when it was checked last" };
  }
  const result = await makeAndCompare();
  if (result.ok) {
    await mkdir(dirname(goodFile), { recursive: true });
    await writeFile(goodFile, hash);
  }
  return result;
}

/** A hash of all that the result depends on: what is generated from, what was generated, the versions of the tools, and how they are run. */
async function hashGenerated(): Promise<string> {
  const files = [
    "package-lock.json",
    "scripts/generate.ts",
    ...findGenerated().flatMap((directory) =>
      globSync(`${directory}/{buf*.yaml,**/*.proto,gen/**}`, { cwd: root, exclude: ["**/node_modules/**"] })
        .filter((file) => statSync(join(root, file)).isFile())
        .sort(),
    ),
  ];
  const hash = createHash("sha256");
  for (const file of files) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

async function makeAndCompare(): Promise<StepResult> {
  const problems: string[] = [];
  for (const directory of findGenerated()) {
    const temporary = await mkdtemp(join(tmpdir(), "msec-generate-"));
    try {
      const made = await generate(directory, temporary);
      const [want, have] = [await readTree(join(temporary, "gen")), await readTree(join(root, directory, "gen"))];
      const stale = [...new Set([...want.keys(), ...have.keys()])].filter((file) => want.get(file) !== have.get(file));
      problems.push(
        ...stale.map((file) => `${directory}/gen/${file} is not what the .proto files give: run \`npm run generate\``),
      );
      if (!made.ok) {
        problems.push(made.output);
      }
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  return { ok: problems.length === 0, output: problems.join("\n") };
}

async function readTree(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(async (file) => [file.slice(directory.length + 1), await readFile(file, "utf8")] as const),
    ),
  );
}

if (import.meta.main) {
  for (const directory of findGenerated()) {
    const result = await generate(directory);
    console.log(result.ok ? `generated ${directory}/gen` : result.output);
    process.exitCode ||= result.ok ? 0 : 1;
  }
}
