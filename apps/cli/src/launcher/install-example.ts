import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExampleService } from "./flight-example.ts";

/**
 * Put a service of the example into the root of services: `<root>/<L1>/<L2>/{bin,etc,log}`. `bin` and `etc` are links into the
 * checkout, so that an edit there is what runs after a restart; an `etc` with keys of its own is a copy. What is there already
 * is left alone.
 */
export function installExample(root: string, service: ExampleService): void {
  const directory = join(root, ...service.name.split("."));
  mkdirSync(join(directory, "log"), { recursive: true });
  linkOnce(join(service.directory, "bin"), join(directory, "bin"));
  if (service.overrides.length === 0) linkOnce(join(service.directory, "etc"), join(directory, "etc"));
  else writeConfig(join(service.directory, "etc/config.ini"), join(directory, "etc"), service.overrides);
}

function linkOnce(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(target, path);
}

function writeConfig(source: string, directory: string, overrides: ExampleService["overrides"]): void {
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) return;
  const text = overrides.reduce(overrideKey, readFileSync(source, "utf8"));
  mkdirSync(directory);
  writeFileSync(join(directory, "config.ini"), text);
}

function overrideKey(text: string, { section, key, value }: ExampleService["overrides"][number]): string {
  const pattern = new RegExp(`(^\\[${section}\\][^[]*?^${key}[ \\t]*=[ \\t]*)[^\\n]*`, "m");
  if (!pattern.test(text)) throw new Error(`the example's config.ini has no [${section}] ${key}`);
  return text.replace(pattern, (_, start: string) => start + value);
}
