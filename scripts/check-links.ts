import { existsSync, globSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findAnchors, findReferences, type Reference } from "./links.ts";
import { root } from "./root.ts";
import type { StepResult } from "./step.ts";

/** What commands make and a fresh clone has not. */
const isMade = /(^|\/)(node_modules|dist)(\/|$)/;

/** Check that every path and every link (with its heading) named in the repository's Markdown files exists. */
export async function checkLinks(): Promise<StepResult> {
  const files = globSync("**/*.md", {
    cwd: root,
    exclude: ["**/node_modules/**", "**/.msec/**", "**/dist/**", "tmp/**"],
  });
  const problems: string[] = [];
  for (const file of files.sort()) {
    for (const reference of findReferences(await readFile(join(root, file), "utf8"))) {
      const problem = await problemWith(reference, file);
      if (problem !== undefined) {
        problems.push(`${file}:${reference.line}: ${problem}`);
      }
    }
  }
  return { ok: problems.length === 0, output: problems.join("\n") };
}

async function problemWith(reference: Reference, file: string): Promise<string | undefined> {
  const [path = "", anchor] = decodeURI(reference.target).split("#");
  const base = reference.kind === "path" || path.startsWith("/") ? root : join(root, dirname(file));
  const target = path === "" ? join(root, file) : join(base, path);
  if (isMade.test(path)) {
    return undefined;
  }
  if (!existsSync(target)) {
    return `${reference.target} does not exist`;
  }
  if (anchor === undefined || !target.endsWith(".md") || statSync(target).isDirectory()) {
    return undefined;
  }
  return findAnchors(await readFile(target, "utf8")).has(anchor) ? undefined : `${reference.target}: no such heading`;
}
