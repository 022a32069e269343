import { globSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
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

/** Whether what is in every `gen/` is what its .proto files give, no file more or less. */
export async function checkGenerated(): Promise<StepResult> {
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
