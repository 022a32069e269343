import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = (target: string) => new URL(`./corpus/${target}/`, import.meta.url).pathname;

/** The kept inputs of a target: hexadecimal, one file each. */
export function readCorpus(target: string): Uint8Array[] {
  return globSync("*.hex", { cwd: folder(target) })
    .sort()
    .map((name) => Buffer.from(readFileSync(folder(target) + name, "utf8").replace(/\s/g, ""), "hex"));
}

/** Keep an input that failed, so that every later run begins with it. @returns the file */
export function keepInput(target: string, input: Uint8Array): string {
  const name = createHash("sha256").update(input).digest("hex").slice(0, 12);
  const path = `${folder(target)}${name}.hex`;
  mkdirSync(folder(target), { recursive: true });
  writeFileSync(
    path,
    `${Buffer.from(input)
      .toString("hex")
      .replace(/(.{120})/g, "$1\n")}\n`,
  );
  return path;
}
