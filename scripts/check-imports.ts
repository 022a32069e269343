import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { findImports, type Import, isForTests, mayImport, testsMayImport } from "./imports.ts";
import { root } from "./root.ts";
import type { StepResult } from "./step.ts";

/** One workspace: its directory, its name and the doors through which others enter it. */
interface Workspace {
  readonly directory: string;
  readonly name: string;
  readonly exports: readonly string[];
}

/**
 * Check every import of every workspace: directions (`mayImport`), packages entered only through their `exports`, no path
 * that leaves the own package, and inside a package no import of its own `index.ts`.
 */
export async function checkImports(): Promise<StepResult> {
  const workspaces = await readWorkspaces();
  const problems: string[] = [];
  for (const workspace of workspaces) {
    const files = globSync("**/*.{ts,tsx}", {
      cwd: join(root, workspace.directory),
      exclude: ["**/node_modules/**", "gen/**", "dist/**"],
    });
    for (const file of files) {
      const path = join(workspace.directory, file);
      for (const found of findImports(await readFile(join(root, path), "utf8"))) {
        const problem = problemWith(found, path, workspace, workspaces);
        if (problem !== undefined) {
          problems.push(`${path}:${found.line}: ${problem}`);
        }
      }
    }
  }
  return { ok: problems.length === 0, output: problems.join("\n") };
}

/** The workspaces of the root package.json. */
export async function readWorkspaces(): Promise<Workspace[]> {
  const { workspaces } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { workspaces: string[] };
  const files = workspaces.flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root })).sort();
  return await Promise.all(
    files.map(async (file) => {
      const { name, exports } = JSON.parse(await readFile(join(root, file), "utf8")) as {
        name: string;
        exports?: object;
      };
      return { directory: dirname(file), name, exports: Object.keys(exports ?? {}) };
    }),
  );
}

function problemWith(found: Import, path: string, own: Workspace, all: readonly Workspace[]): string | undefined {
  const { specifier } = found;
  if (specifier.startsWith(".")) {
    const target = join(dirname(path), specifier);
    if (relative(own.directory, target).startsWith("..")) {
      return `${specifier} leaves ${own.directory}; enter another package by its name`;
    }
    if (target === join(own.directory, "src/index.ts") && !path.endsWith("index.test.ts")) {
      return "a file imports its own package's index.ts; import the file that has what it needs";
    }
    return undefined;
  }
  const name = specifier.split("/").slice(0, 2).join("/");
  const target = all.find((workspace) => workspace.name === name);
  if (target === undefined) {
    return undefined;
  }
  if (target === own) {
    return `${specifier} is the own package; import the file`;
  }
  const allowed = [...(mayImport[own.name] ?? []), ...(isForTests(path) ? (testsMayImport[own.name] ?? []) : [])];
  if (!allowed.includes(name)) {
    return `${own.name} may not import ${name} (scripts/imports.ts says who may import whom, and the style guide why)`;
  }
  return isExported(`.${specifier.slice(name.length)}`, target.exports)
    ? undefined
    : `${specifier} is not among the exports of ${target.directory}/package.json`;
}

function isExported(subpath: string, exports: readonly string[]): boolean {
  return exports.some((key) => {
    const [start = "", end] = key.split("*");
    return end === undefined ? subpath === key : subpath.startsWith(start) && subpath.endsWith(end);
  });
}
