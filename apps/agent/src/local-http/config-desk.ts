import { existsSync, statSync } from "node:fs";
import { readServiceConfig, type ServiceConfig } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import { serviceDirectories } from "../supervisor/instance-launch.ts";

const KEPT_MAX = 200;

interface Kept {
  readonly config: ServiceConfig;
  readonly changed: string;
}

/** Reads services' `<root>/<L1>/<L2>/etc/config.ini` for programs without an SDK; anew whenever the file has changed. */
export class ConfigDesk {
  readonly #root: string;
  readonly #kept = new Map<string, Kept>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * All sections with their keys, as they stand in the file; of `[SRPC]` and `[LOG]` the values in force, with defaults and in base units (milliseconds, bytes).
   *
   * @throws RpcError NotFound (no such file), FailedPrecondition (it cannot be used)
   */
  sections(service: string): { readonly file: string; readonly sections: Record<string, Record<string, string>> } {
    const { file, config } = this.#read(service);
    const sections: Record<string, Record<string, string>> = {};
    for (const name of ["SRPC", "LOG"] as const) {
      const values = Object.entries(config.values[name]).filter(([, value]) =>
        ["string", "number"].includes(typeof value),
      );
      sections[name] = Object.fromEntries(values.map(([key, value]) => [key, String(value)]));
    }
    for (const [name, values] of config.others) sections[name] = Object.fromEntries(values);
    return { file, sections };
  }

  /** The value of one key. @throws RpcError as `sections`; NotFound where it is not there */
  value(service: string, section: string, key: string): string {
    const { file, sections } = this.sections(service);
    const found = Object.hasOwn(sections, section) ? sections[section] : undefined;
    if (found !== undefined && Object.hasOwn(found, key)) return found[key]!;
    throw new RpcError(Code.NotFound, `there is no key ${key} in section [${section}] of ${file}`);
  }

  /** The least level of a service's log lines (`[LOG] Level`), in lower case; `undefined` where it has no configuration here that can be read. */
  leastLevel(service: string): string | undefined {
    try {
      return this.#read(service).config.values.LOG.Level.toLowerCase();
    } catch (error) {
      // A program that this host does not run has none; all of its lines are kept, as are those of one whose file is broken.
      if (error instanceof RpcError) return undefined;
      throw error;
    }
  }

  #read(service: string): { readonly file: string; readonly config: ServiceConfig } {
    const { config: file } = serviceDirectories(this.#root, service);
    if (!existsSync(file)) throw new RpcError(Code.NotFound, `there is no ${file} on this host`);
    const { mtimeMs, ino, size } = statSync(file);
    const changed = `${mtimeMs} ${ino} ${size}`;
    let kept = this.#kept.get(service);
    if (kept?.changed !== changed) {
      kept = { config: readConfig(file), changed };
      if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
      this.#kept.set(service, kept);
    }
    return { file, config: kept.config };
  }
}

function readConfig(file: string): ServiceConfig {
  try {
    return readServiceConfig(file);
  } catch (cause) {
    throw new RpcError(Code.FailedPrecondition, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
